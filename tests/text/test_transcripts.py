# SPDX-License-Identifier: MIT
"""tools/transcripts.py, tried on scripts that stand in for the chapter programs."""
import contextlib
import io
import unittest

from support import TreeTest
import transcripts

PROGRAM = """#!/bin/sh
echo " 0.000  Hello $*"
[ "$1" != fail ] || exit 3
[ "$1" != die ] || kill -KILL $$
[ "$1" != hang ] || sleep 60
"""


class Transcripts(TreeTest):
    def setUp(self):
        super().setUp()
        self.source = self.write("chapter-1/hello.c", "")
        self.write("build/chapter-1/hello", PROGRAM, 0o755)
        self.write("build/tests/support/libvirtual_time.so", "")
        self.runs = transcripts.Runs(self.root / "build", seconds=1)

    def compare(self, fill=False):
        with contextlib.redirect_stdout(io.StringIO()):
            return transcripts.compare(self.source, self.runs, fill)

    def test_fill_makes_the_first_transcript(self):
        self.assertIn("is missing", self.compare())
        self.assertIsNone(self.compare(fill=True))
        self.assertEqual(self.read("chapter-1/hello.out"), "$ ./hello\n 0.000  Hello \n")
        self.assertIsNone(self.compare())

    def test_fill_keeps_the_command_lines(self):
        self.write("chapter-1/hello.out", "$ ./hello 'a b'\n\n$ ./hello fail\nold\n")
        self.assertIsNone(self.compare(fill=True))
        self.assertEqual(self.read("chapter-1/hello.out"),
                         "$ ./hello 'a b'\n 0.000  Hello a b\n\n"
                         "$ ./hello fail\n 0.000  Hello fail\n[exit status 3]\n")

    def test_a_difference_of_one_digit(self):
        self.write("chapter-1/hello.out", "$ ./hello\n 0.001  Hello \n")
        problem = self.compare()
        self.assertIn("- 0.001  Hello", problem)
        self.assertIn("+ 0.000  Hello", problem)
        self.assertIn(transcripts.FILL, problem)

    def test_exit_status_that_is_not_noted(self):
        self.write("chapter-1/hello.out", "$ ./hello fail\n 0.000  Hello fail\n")
        self.assertIn("+[exit status 3]", self.compare())

    def test_signal(self):
        self.write("chapter-1/hello.out", "$ ./hello die\n 0.000  Hello die\n")
        self.assertIn("+[killed by SIGKILL]", self.compare())

    def test_a_program_that_hangs(self):
        self.write("chapter-1/hello.out", "$ ./hello hang\n")
        self.assertIn("still runs after 1 s", self.compare())

    def test_a_command_that_runs_something_else(self):
        self.write("chapter-1/hello.out", "$ ls\n")
        self.assertIn("does not run ./hello", self.compare())

    def test_a_program_that_is_not_built(self):
        (self.root / "build/chapter-1/hello").unlink()
        self.assertIn("is not built", self.compare())

    def test_a_transcript_without_program(self):
        self.write("chapter-1/gone.out", "")
        self.assertEqual(len(transcripts.orphans(self.root)), 1)

    def test_tap(self):
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            transcripts.report_tap([("a", None), ("b", "is wrong\nhere")])
        self.assertEqual(out.getvalue(), "1..2\nok 1 - a\nnot ok 2 - b\n# is wrong\n# here\n")


if __name__ == "__main__":
    unittest.main()
