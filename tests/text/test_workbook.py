# SPDX-License-Identifier: MIT
"""The script ./workbook, tried on a small stand-in tree: what it does when all is there, when
packages are missing, when the set-up or the build fails, and when it is called twice at once.

Commands are taken from a folder of links, in which any can be missing or be replaced."""
import os
import pty
import shutil
import subprocess
import unittest

from support import ROOT, TreeTest

TOOL = '#!/bin/sh\necho "tool: $*"\nexit 7\n'
MESON = """project('stand-in')
custom_target('workbook', input: 'tool.sh', output: 'workbook', build_by_default: true,
  command: ['sh', '-c', 'mkdir -p tools && cp "$0" tools/workbook && cp "$0" "$1"',
            '@INPUT@', '@OUTPUT@'])
"""
COMMANDS = """as cat cc clang cp env flock gcc grep ld ln meson mkdir mktemp ninja ninja-build patch
pkg-config pkgconf python3 readlink rm rmdir samu sed sh tail""".split()


class Workbook(TreeTest):
    def setUp(self):
        super().setUp()
        self.tree = self.root / "a tree"
        self.write("a tree/meson.build", MESON)
        self.write("a tree/tool.sh", TOOL, 0o755)
        shutil.copy(ROOT / "workbook", self.tree / "workbook")
        self.bin = self.root / "bin"
        self.bin.mkdir()
        for name in COMMANDS:
            if found := shutil.which(name):
                (self.bin / name).symlink_to(found)
        self.command("apt-get", 'echo "apt-get called: $*"; exit 9')
        self.command("id", "echo 0")
        self.command("cc", "exit 0")

    def lacks(self, *names):
        for name in names:
            (self.bin / name).unlink(missing_ok=True)

    def command(self, name, body):
        """Puts a command of this name in place that does `body`."""
        self.lacks(name)
        self.write(f"bin/{name}", f"#!/bin/sh\n{body}\n", 0o755)

    def environment(self, **extra):
        kept = {name: value for name, value in os.environ.items() if name not in ("CI", "CC")}
        return {**kept, "PATH": str(self.bin), **extra}

    def run_workbook(self, *arguments, **extra):
        return subprocess.run([self.tree / "workbook", *arguments], cwd=self.root, text=True,
                              env=self.environment(**extra), stdin=subprocess.DEVNULL,
                              capture_output=True, timeout=60, check=False)

    def assert_handed_over(self, result, arguments=""):
        self.assertEqual((result.stdout, result.returncode), (f"tool: {arguments}\n", 7),
                         result.stderr)

    def assert_refused(self, result, *words):
        self.assertEqual((result.stdout, result.returncode), ("", 2), result.stderr)
        for word in words:
            self.assertIn(word, result.stderr)

    def install_patch(self, condition="true"):
        """apt-get as a command that installs patch, and notes how it was called."""
        self.lacks("patch")
        target = shutil.which("patch")
        self.command("apt-get", f'echo "$*" >>"{self.root}/calls"\ncase " $* " in *" install "*) '
                     f'{condition} && ln -s "{target}" "{self.bin}/patch" ;; esac')


class WhenAllIsThere(Workbook):
    def test_sets_up_builds_and_hands_over_from_any_folder(self):
        self.assert_handed_over(self.run_workbook("test", "a  b"), "test a  b")

    def test_the_real_compiler_is_found_good(self):
        self.lacks("cc", "clang")
        self.assert_handed_over(self.run_workbook())

    def test_yes_is_not_handed_over(self):
        self.assert_handed_over(self.run_workbook("--yes", "list"), "list")

    def test_the_second_call_is_silent_and_looks_for_nothing(self):
        self.run_workbook()
        self.lacks("cc", "gcc", "clang", "meson", "pkg-config", "patch")
        result = self.run_workbook()
        self.assert_handed_over(result)
        self.assertEqual(result.stderr, "")

    def test_a_change_is_built(self):
        self.run_workbook()
        self.write("a tree/tool.sh", TOOL.replace("tool:", "new tool:"), 0o755)
        self.assertEqual(self.run_workbook().stdout, "new tool: \n")

    def test_calls_at_the_same_time(self):
        calls = [subprocess.Popen([self.tree / "workbook", str(n)], stdin=subprocess.DEVNULL,
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                  env=self.environment()) for n in range(4)]
        for number, call in enumerate(calls):
            out, err = call.communicate(timeout=60)
            self.assertEqual(out, f"tool: {number}\n", err)


class WhenItFails(Workbook):
    def test_a_failed_set_up_leaves_nothing_to_trip_over(self):
        kept = self.write("a tree/build/verdicts/hello.json", "{}")
        self.write("a tree/meson.build", MESON + "error('no luck')\n")
        self.assert_refused(self.run_workbook(), "no luck", "the set-up failed")
        self.assertFalse((self.tree / "build/meson-private").exists())
        self.assertTrue(kept.exists())
        self.write("a tree/meson.build", MESON)
        self.assert_handed_over(self.run_workbook())
        self.assertTrue(kept.exists())

    def test_a_failed_build_shows_its_errors(self):
        self.run_workbook()
        self.write("a tree/meson.build", MESON.replace("mkdir", "echo broken >&2; false; mkdir -x"))
        self.assert_refused(self.run_workbook(), "broken", "the build failed")

    def test_a_set_up_that_was_killed_is_done_again(self):
        self.write("a tree/build/.half-made", "")
        self.write("a tree/build/meson-private/coredata.dat", "garbage")
        self.write("a tree/build/build.ninja", "garbage")
        self.assert_handed_over(self.run_workbook())

    def test_a_set_up_that_meson_cannot_renew_is_done_again(self):
        self.run_workbook()
        self.write("a tree/build/meson-private/coredata.dat", "garbage")
        self.write("a tree/meson.build", MESON + "# changed\n")
        self.assert_handed_over(self.run_workbook())

    def test_a_tree_that_was_moved(self):
        self.run_workbook()
        verdict = self.write("a tree/build/verdicts/hello.json", "{}").relative_to(self.tree)
        shutil.copytree(self.tree, self.root / "copy", symlinks=True)
        self.tree = self.root / "copy"
        self.write("copy/tool.sh", TOOL.replace("tool:", "copied tool:"), 0o755)
        self.assertEqual(self.run_workbook().stdout, "copied tool: \n")
        self.assertTrue((self.tree / verdict).exists())


class WhenPackagesAreMissing(Workbook):
    def test_without_terminal_the_command_is_shown_and_nothing_done(self):
        self.lacks("cc", "gcc", "clang", "meson", "ninja", "ninja-build", "samu", "pkg-config",
                   "pkgconf", "patch")
        result = self.run_workbook()
        self.assert_refused(result, "apt-get install -y --no-install-recommends gcc libc6-dev meson "
                            "ninja-build patch pkg-config libevent-dev libjson-c-dev libssl-dev "
                            "check libsubunit-dev\n", "not on a terminal")
        self.assertNotIn("apt-get called", result.stderr)
        self.assertFalse((self.tree / "build").exists())

    def test_a_compiler_that_cannot_link_with_sanitizers(self):
        self.command("cc", 'case $* in *-fsanitize*) exit 1 ;; esac')
        self.assert_refused(self.run_workbook(), "missing: the sanitizers of cc")

    def test_yes_and_ci_install(self):
        for arguments, extra in ((["--yes"], {}), ([], {"CI": "true"})):
            self.install_patch()
            self.assert_handed_over(self.run_workbook(*arguments, **extra))
            self.assertIn("--no-install-recommends patch", self.read("calls"))
            shutil.rmtree(self.tree / "build")

    def test_old_lists_are_renewed_and_the_installation_tried_again(self):
        self.install_patch(condition=f'grep -q " update" "{self.root}/calls"')
        self.assert_handed_over(self.run_workbook("--yes"))
        self.assertRegex(self.read("calls"), r"(?s) update\n.* install [^\n]* patch\n$")

    def test_a_failed_installation_ends_with_the_reason(self):
        self.lacks("patch")
        self.assert_refused(self.run_workbook("--yes"), "apt-get called", "apt-get")
        self.assertFalse((self.tree / "build").exists())

    def test_an_installation_that_did_not_help(self):
        self.lacks("patch")
        self.command("apt-get", "exit 0")
        self.assert_refused(self.run_workbook("--yes"), "still missing after the installation: patch")

    def test_without_root_by_sudo_or_with_an_error(self):
        self.command("id", "echo 1000")
        self.install_patch()
        self.lacks("sudo")
        self.assert_refused(self.run_workbook("--yes"), "not root and there is no sudo")
        self.command("sudo", 'exec "$@"')
        result = self.run_workbook("--yes")
        self.assert_handed_over(result)
        self.assertIn("sudo apt-get install", result.stderr)

    def test_other_systems_get_the_names(self):
        self.lacks("apt-get", "patch")
        self.assert_refused(self.run_workbook("--yes"), "missing: patch", "dnf install",
                            "pacman -S", "apk add", "brew install")

    def ask(self, answer):
        """Runs ./workbook on a terminal that answers; (exit status, what was shown)."""
        terminal, other_end = pty.openpty()
        process = subprocess.Popen([self.tree / "workbook"], env=self.environment(),
                                   stdin=other_end, stdout=subprocess.DEVNULL, stderr=other_end)
        os.close(other_end)
        shown = b""
        try:
            while piece := os.read(terminal, 4096):
                shown += piece
                if b"[Y/n]" in shown and answer:
                    os.write(terminal, answer)
                    answer = b""
        except OSError:  # the other end is closed
            pass
        os.close(terminal)
        return process.wait(timeout=60), shown.decode()

    def test_on_a_terminal_it_asks(self):
        self.install_patch()
        status, shown = self.ask(b"n\n")
        self.assertEqual(status, 2, shown)
        self.assertIn("nothing was installed", shown)
        self.assertFalse((self.root / "calls").exists())
        status, shown = self.ask(b"\n")
        self.assertEqual(status, 7, shown)


if __name__ == "__main__":
    unittest.main()
