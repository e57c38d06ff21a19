# SPDX-License-Identifier: MIT
""".ci/count.py against the logs that this version of meson writes, for each way a test can end."""
import subprocess
import sys
import unittest

from support import ROOT, TreeTest

MESON = r"""project('a.b-c')
sh = find_program('sh')
test('good', sh, args: ['-c', 'true'], suite: 'x')
test('bad', sh, args: ['-c', 'false'], suite: ['x', 'y'])
test('slow', sh, args: ['-c', 'sleep 30'], timeout: 1, suite: 'x')
test('skip', sh, args: ['-c', 'exit 77'], suite: 'x')
test('unexpected', sh, args: ['-c', 'true'], should_fail: true, suite: 'x')
test('tap', sh, protocol: 'tap', suite: 'x',
  args: ['-c', 'printf "1..3\\nok 1 - a\\nnot ok 2 - b\\nok 3 - c # SKIP\\n"'])
test('crash', sh, protocol: 'tap', suite: 'x',
  args: ['-c', 'printf "1..2\\nok 1 - a\\nok 2 - b\\n"; exit 3'])
test('short', sh, protocol: 'tap', suite: 'x', args: ['-c', 'printf "1..2\\nok 1 - a\\n"'])
"""


class Count(TreeTest):
    def counted(self, folder):
        return subprocess.run([sys.executable, ROOT / ".ci/count.py", folder], text=True,
                              capture_output=True, check=False)

    def test_every_way_to_end(self):
        self.write("meson.build", MESON)
        build = self.root / "build"
        subprocess.run(["meson", "setup", build, self.root], check=True, capture_output=True)
        subprocess.run(["meson", "test", "-C", build], check=False, capture_output=True)
        # passed: good, tap 1, crash 1 and 2, short 1; failed: bad, slow, unexpected, tap 2,
        # crash, short; skipped: skip, tap 3
        counted = self.counted(build / "meson-logs")
        self.assertEqual(counted.stdout, "5 6 2\n")
        self.assertIn("not ok 2 - b", counted.stderr)
        self.assertNotIn("ok 1 - a", counted.stderr)

    def test_no_log_is_an_error(self):
        self.assertNotEqual(self.counted(self.root).returncode, 0)


if __name__ == "__main__":
    unittest.main()
