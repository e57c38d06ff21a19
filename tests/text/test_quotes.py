# SPDX-License-Identifier: MIT
"""Each check of tools/quotes.py passes a good tree and fails on a bad one."""
import contextlib
import io
import unittest

from support import TreeTest
import quotes

PROGRAM = """int main(void)
{
    return 0;
}
"""
TRANSCRIPT = "$ ./hello\n 0.000  Hello\n\n$ ./hello twice\n 0.000  Hello\n 0.000  Hello\n"
LESSON = """# {title}

<!-- code: chapter-1/hello.c main -->
```c
int main(void)
{{
    return 0;
}}
```

See [the exercise](../exercises/1/README.md#{anchor}) and <https://example.org/x>.

<!-- output: chapter-1/hello.out ./hello -->
```text
$ ./hello
 0.000  Hello
```
"""
HINTS = "# Exercises\n\n## 01_hello\n\nDo it.\n\n### {hint} 1\n\na\n\n### {hint} 2\n\nb\n"


class Quotes(TreeTest):
    def setUp(self):
        super().setUp()
        self.write("chapter-1/hello.c", PROGRAM)
        self.write("chapter-1/hello.out", TRANSCRIPT)
        self.write("chapter-1/README.md", LESSON.format(title="Hello", anchor="hint-1"))
        self.write("chapter-1/README.ko.md", LESSON.format(title="안녕", anchor="01_hello"))
        self.write("exercises/1/01_hello.c", "")
        self.write("exercises/1/README.md", HINTS.format(hint="Hint"))
        self.write("exercises/1/README.ko.md", HINTS.format(hint="힌트"))

    def edit(self, name, old, new):
        text = self.read(name)
        self.assertIn(old, text)
        self.write(name, text.replace(old, new))

    def assert_wrong(self, *words):
        problems = "\n".join(quotes.check(self.root))
        for word in words:
            self.assertIn(word, problems)

    def assert_right(self):
        self.assertEqual(quotes.check(self.root), [])

    def fill(self):
        with contextlib.redirect_stdout(io.StringIO()):
            return quotes.check(self.root, fill=True)

    def test_good_tree(self):
        self.assert_right()

    def test_code_that_changed(self):
        self.edit("chapter-1/hello.c", "return 0", "return 1")
        self.assert_wrong("-    return 0;", "+    return 1;", quotes.FILL)

    def test_output_that_changed(self):
        self.edit("chapter-1/hello.out", "$ ./hello\n 0.000  Hello", "$ ./hello\n 0.000  Bye")
        self.assert_wrong("- 0.000  Hello", "+ 0.000  Bye")

    def test_fill_mends_both_pages(self):
        self.edit("chapter-1/hello.c", "return 0", "return 1")
        self.edit("chapter-1/README.md", "```text\n$ ./hello\n 0.000  Hello\n```\n", "")
        self.assertEqual(self.fill(), [])
        self.assertIn("return 1", self.read("chapter-1/README.ko.md"))
        self.assert_right()

    def test_fill_of_a_good_tree_changes_nothing(self):
        before = self.read("chapter-1/README.md")
        self.fill()
        self.assertEqual(self.read("chapter-1/README.md"), before)

    def test_one_run_of_a_transcript_or_all(self):
        for argument, lines in (("hello.out ./hello twice", 3), ("hello.out", 6)):
            _, quoted = quotes.quote_output(self.root, f"chapter-1/{argument}")
            self.assertEqual(len(quoted), lines)

    def test_markers_inside_a_block_are_text(self):
        for name in ("README.md", "README.ko.md"):
            self.write(name, "# T\n\n````md\n<!-- code: nowhere.c x -->\n```c\n```\n````\n")
        self.assert_right()

    def test_bad_markers(self):
        for marker, words in (("code: chapter-1/hello.c nothing", "does not define nothing"),
                              ("code: chapter-1/none.c main", "no file chapter-1/none.c"),
                              ("code: chapter-1/hello.c", "FILE NAME"),
                              ("output: chapter-1/hello.out ./bye", "has no `$ ./bye`")):
            self.setUp()
            self.edit("chapter-1/README.md", "code: chapter-1/hello.c main", marker)
            self.assert_wrong("chapter-1/README.md:3", words)

    def test_marker_in_the_middle_of_a_line(self):
        self.edit("chapter-1/README.md", "See ", "<!-- code: chapter-1/hello.c main --> See ")
        self.assert_wrong("stands alone")

    def test_heading_that_the_twin_lacks(self):
        self.edit("chapter-1/README.md", "See ", "## More\n\nSee ")
        self.assert_wrong("README.md:11 has a heading of level 2, where")

    def test_block_that_the_twin_lacks(self):
        page = self.read("chapter-1/README.ko.md")
        self.write("chapter-1/README.ko.md", page + "\n```sh\nls\n```\n")
        self.assert_wrong("README.ko.md:19 has a block of sh, which its twin lacks")

    def test_quotes_in_another_order(self):
        self.edit("chapter-1/README.ko.md", "hello.out ./hello -->", "hello.out ./hello twice -->")
        self.assert_wrong("./hello twice -->")

    def test_page_without_twin(self):
        (self.root / "chapter-1/README.ko.md").unlink()
        self.assert_wrong("chapter-1/README.md: has no README.ko.md")

    def test_links(self):
        target = "../exercises/1/README.md#hint-1"
        self.edit("chapter-1/README.md", target, "../exercises/2/none.md")
        self.assert_wrong("chapter-1/README.md:11", "leads nowhere")
        self.edit("chapter-1/README.md", "../exercises/2/none.md", "../exercises/1/README.md#none")
        self.assert_wrong("no heading of that name")

    def test_emphasis_before_a_particle(self):
        self.edit("chapter-1/README.md", "See ", "*Stream* (stream)s, `*a)*b`, 2 * (3)*4. See ")
        self.edit("chapter-1/README.md", "See ", "*스트림(stream)*은 See ")
        self.assert_wrong("chapter-1/README.md:11: the emphasis *스트림(stream)*은 does not end")

    def test_pictures_are_links(self):
        self.edit("chapter-1/README.md", "See ", '<img src="none.svg" alt="a"> See ')
        self.assert_wrong("none.svg leads nowhere")

    def test_exercise_without_section(self):
        self.edit("exercises/1/README.md", "## 01_hello", "## 01_other")
        self.assert_wrong("exercises/1/README.md: has no section ## 01_hello")

    def test_too_few_hints_and_wrong_numbers(self):
        self.edit("exercises/1/README.ko.md", "### 힌트 2", "### 힌트 3")
        self.assert_wrong("exercises/1/README.ko.md: ## 01_hello needs hints")
        self.edit("exercises/1/README.md", "### Hint 2", "### Remark")
        self.assert_wrong("exercises/1/README.md: ## 01_hello needs hints")


if __name__ == "__main__":
    unittest.main()
