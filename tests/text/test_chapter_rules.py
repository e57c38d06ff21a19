# SPDX-License-Identifier: MIT
"""tools/chapter_rules.py fails on what it forbids."""
import unittest

from support import TreeTest
import chapter_rules
from chapter_rules import markers

BEGIN, END = markers("coroutine macros")
BLOCK = f"{BEGIN}\n#define CO_BEGIN(c) switch (c) {{\n{END}\n"


class ChapterRules(TreeTest):
    def setUp(self):
        super().setUp()
        self.write("chapter-1/a.c", "#include <stdio.h>\n" + BLOCK)
        self.write("chapter-2/b.c", BLOCK)
        self.write("chapter-2/c.c", "int main(void) { return 0; }\n")

    def assert_wrong(self, words):
        self.assertIn(words, "\n".join(chapter_rules.check(self.root)))

    def test_good_tree(self):
        self.assertEqual(chapter_rules.check(self.root), [])

    def test_a_block_that_differs_in_a_space(self):
        self.write("chapter-2/b.c", BLOCK.replace("switch (c)", "switch  (c)"))
        self.assert_wrong("other coroutine macros than chapter-1/a.c")

    def test_a_block_that_is_too_long(self):
        long = BLOCK.replace(END, "#define X\n" * 25 + END)
        self.write("chapter-1/a.c", long)
        self.write("chapter-2/b.c", long)
        self.assert_wrong("26 lines of coroutine macros: at most 25")

    def test_a_block_without_end(self):
        self.write("chapter-2/b.c", BEGIN + "\n")
        self.assert_wrong("needs one")

    def test_an_idiom_that_differs(self):
        begin, end = markers("bounded queue")
        self.write("chapter-2/c.c", f"{begin}\nint n;\n{end}\n")
        self.write("chapter-2/d.c", f"{begin}\nint m;\n{end}\n")
        self.assert_wrong("other bounded queue than chapter-2/c.c")

    def test_a_header_of_ours(self):
        self.write("chapter-2/c.c", 'int x;\n # include "coro.h"\n')
        self.assert_wrong("chapter-2/c.c:2: a chapter program includes no header of ours")


if __name__ == "__main__":
    unittest.main()
