# SPDX-License-Identifier: MIT
"""tools/verdict_svg.py draws well-formed pictures with the colours of a verdict."""
import unittest
import xml.dom.minidom

import support  # noqa: F401  (puts tools/ on the path)
import verdict_svg

GREEN, RED = verdict_svg.COLOURS[32], verdict_svg.COLOURS[31]


def texts(source, **options):
    """[(text, colour)] of what is drawn."""
    picture = xml.dom.minidom.parseString(verdict_svg.svg(source, **options).encode())
    return [(node.firstChild.data, node.getAttribute("fill"))
            for node in picture.getElementsByTagName("text")]


class Svg(unittest.TestCase):
    def test_escape_sequences_give_colours(self):
        self.assertEqual(texts("\x1b[32m[3/3]\x1b[0m waits\n\x1b[1;31m[0/3]\x1b[m no\n"),
                         [("[3/3]", GREEN), ("waits", verdict_svg.PLAIN),
                          ("[0/3]", RED), ("no", verdict_svg.PLAIN)])

    def test_points_give_colours_where_there_are_no_sequences(self):
        self.assertEqual(texts("[3/3] waits\n[0/3] no\n"),
                         [("[3/3] waits", GREEN), ("[0/3] no", RED)])

    def test_other_sequences_are_dropped(self):
        self.assertEqual(texts("\x1b[2J\x1b[Hab\r\n\x1b[32mc\x1b[0m"),
                         [("ab", verdict_svg.PLAIN), ("c", GREEN)])

    def test_markup_is_escaped_and_the_command_is_shown(self):
        drawn = texts("a < b & <c>\n", command="./workbook test x")
        self.assertEqual([text for text, _ in drawn], ["$", "./workbook test x", "a < b & <c>"])

    def test_wide_characters_take_two_columns(self):
        self.assertEqual(verdict_svg.width("a한글"), 5)


if __name__ == "__main__":
    unittest.main()
