# SPDX-License-Identifier: MIT
"""tests/benchmarks/ladder.py makes the table that the lesson quotes, and stops at a wrong total."""
import contextlib
import io
import sys
import unittest

from support import ROOT, TreeTest

sys.path.insert(0, str(ROOT / "tests/benchmarks"))
import ladder

RUN = '{"compiler": "gcc 1.2", "ops": 1000, "cpu": 0.002, "place": 8, "memory": 31, "ok": true}'


class Ladder(TreeTest):
    def bench(self, line, status):
        """The command of a benchmark that prints a line and ends with a status."""
        script = self.write("bench", f"#!/bin/sh\necho '{line}'\nexit {status}\n", 0o755)
        return [str(script)]

    def test_right_result(self):
        rows = ladder.medians({"macros": self.bench(RUN, 0)}, 1)
        self.assertEqual(rows, {"macros": {"ns": 2000.0, "place": 8, "memory": 31}})

    def test_wrong_result(self):
        with self.assertRaisesRegex(SystemExit, "wrong result.*bench 1 10"):
            ladder.measure(self.bench(RUN.replace("true", "false"), 1), 1, 10)

    def test_table(self):
        fast, slow = ({"ns": ns, "place": place, "memory": 5120} for ns, place in
                      ((2.0, 4), (400.0, None)))
        results = {count: {"macros": fast, "await": slow} for count in ladder.COUNTS}
        lines = ladder.table(results, {"macros": 0, "await": None})
        self.assertEqual(lines[-2][22:].split(), ["2.0"] * 3 + ["1.0", "0", "4", "5,120"])
        self.assertEqual(lines[-1][22:].split(), ["400.0"] * 3 + ["200.0", "-", "-", "5,120"])

    def test_peer_that_is_not_installed(self):
        with contextlib.redirect_stderr(io.StringIO()):
            jobs, missing = ladder.commands("ladder_bench")
        self.assertIn("await", jobs)
        self.assertEqual(set(jobs) | set(missing), set(ladder.NAMES))

    def test_quoted_table_is_one_of_this_benchmark(self):
        lines = ladder.TABLE.read_text(encoding="utf-8").split("\n")
        row = {job: {"ns": 1.0, "place": 4, "memory": 1} for job in ladder.RUNGS}
        made = ladder.table({count: row for count in ladder.COUNTS}, dict.fromkeys(row, 0))
        self.assertEqual(lines[1:5], made[:4])
        self.assertEqual([line[:22] for line in lines[5:10]], [line[:22] for line in made[4:]])


if __name__ == "__main__":
    unittest.main()
