# SPDX-License-Identifier: MIT
"""tools/timeline_svg.py draws each line at its time and speaker, no text on another, and --check
fails when a picture is not what its transcript shows."""
import contextlib
import io
import unittest
import xml.dom.minidom

from support import TreeTest
import timeline_svg

TWO = "$ ./x\n 0.000  A: 0\n 0.000  B: 0\n 1.000  A done\n 2.000  gather\n"
CLOSE = ("$ ./x y\n 0.000  하나: 시작합니다\n 0.000  하나: 다시\n 0.001  하나: a < b & c\n"
         " 0.002  하나: and so on\n 0.002  하나: to the end\n 9.999  하나: 끝\n[exit status 3]\n")


def drawn(transcript, **options):
    """[(text, x, y, anchor)] of the texts of a picture."""
    picture = xml.dom.minidom.parseString(timeline_svg.svg(transcript, "x.out", **options).encode())
    return [(node.firstChild.data, float(node.getAttribute("x")), float(node.getAttribute("y")),
             node.getAttribute("text-anchor")) for node in picture.getElementsByTagName("text")]


def boxes(transcript):
    """[(left, right, top, bottom)] of the texts that stand centred at their time."""
    return [(x - timeline_svg.width(text) / 2, x + timeline_svg.width(text) / 2, y - 12, y + 3)
            for text, x, y, anchor in drawn(transcript) if anchor == "middle"]


class Lanes(unittest.TestCase):
    def lanes(self, *lines):
        run, = timeline_svg.read_runs("$ ./x\n" + "".join(f" 0.000  {line}\n" for line in lines),
                                      "x.out")
        return {speaker: [text for _, text in said] for speaker, said in run.lanes.items()}

    def test_colon_or_two_spaces_name_the_speaker(self):
        self.assertEqual(self.lanes("A: 0", "state machine  start", "callbacks      start"),
                         {"A": ["0"], "state machine": ["start"], "callbacks": ["start"]})

    def test_a_known_speaker_needs_no_colon(self):
        self.assertEqual(self.lanes("B done", "B: 1", "Both"), {"B": ["done", "1"], "": ["Both"]})

    def test_lines_of_nobody_share_a_lane(self):
        self.assertEqual(self.lanes("Hello", "at 12:30", "World"),
                         {"": ["Hello", "at 12:30", "World"]})


class Picture(unittest.TestCase):
    def test_same_time_same_place_and_later_is_further_right(self):
        x = {text: left for text, left, _, _ in drawn(TWO)}
        self.assertAlmostEqual(x["done"] * 2, x["0 s"] + x["gather"], delta=0.3)
        self.assertEqual(x["2 s"], x["gather"])

    def test_no_text_on_another_and_all_inside(self):
        for transcript in (TWO, CLOSE, TWO + "\n" + CLOSE):
            found = boxes(transcript)
            for number, (left, right, top, bottom) in enumerate(found):
                self.assertGreaterEqual(left, 0)
                self.assertLessEqual(right, timeline_svg.WIDTH)
                for other in found[:number]:
                    self.assertTrue(right <= other[0] or other[1] <= left or
                                    bottom <= other[2] or other[3] <= top, transcript)

    def test_two_runs_share_one_scale(self):
        x = [left for text, left, _, _ in drawn(TWO + "\n$ ./x y\n 1.000  late\n")
             if text in ("done", "late")]
        self.assertEqual(x[0], x[1])

    def test_the_end_is_told_and_markup_escaped(self):
        texts = [text for text, _, _, _ in drawn(CLOSE)]
        self.assertIn("$ ./x y   [exit status 3]", texts)
        self.assertIn("a < b & c", texts)

    def test_legend(self):
        self.assertIn("waits", [text for text, _, _, _ in drawn(TWO)])

    def test_what_blocks_is_from_a_begin_to_the_next_line(self):
        mixed = "$ ./x\n 0.000  a: begins\n 1.000  a: ends\n 2.000  a: again\n"
        texts = [text for text, _, _, _ in drawn(mixed, blocks=True)]
        self.assertIn("blocks the thread", texts)
        self.assertIn("waits", texts)
        self.assertNotIn("blocks the thread", [text for text, _, _, _ in drawn(mixed)])
        self.assertNotIn("blocks the thread", [text for text, _, _, _ in drawn(TWO, blocks=True)])

    def test_a_moment_has_no_legend(self):
        self.assertNotIn("waits", [text for text, _, _, _ in drawn("$ ./x\n 0.000  once\n")])

    def test_no_transcript(self):
        with self.assertRaisesRegex(timeline_svg.BadTranscript, "x.out:2: no line"):
            timeline_svg.svg("$ ./x\nHello\n", "x.out")


class Check(TreeTest):
    def setUp(self):
        super().setUp()
        self.write("chapter-1/a.out", TWO)
        self.fill()

    def fill(self):
        with contextlib.redirect_stdout(io.StringIO()):
            self.assertEqual(timeline_svg.check(self.root, fill=True), [])

    def assert_wrong(self, words):
        self.assertIn(words, "\n".join(timeline_svg.check(self.root)))

    def test_good_tree(self):
        self.assertEqual(timeline_svg.check(self.root), [])

    def test_a_transcript_that_changed(self):
        self.write("chapter-1/a.out", TWO.replace("1.000", "1.500"))
        self.assert_wrong("chapter-1/a.svg is not what its transcript shows")
        self.fill()
        self.assertEqual(timeline_svg.check(self.root), [])

    def test_a_picture_that_was_edited_or_is_missing(self):
        path = self.write("chapter-1/a.svg", self.read("chapter-1/a.svg") + " ")
        self.assert_wrong("a.svg is not what")
        path.unlink()
        self.assert_wrong("chapter-1/a.svg is missing; to draw it")

    def test_a_picture_of_nothing(self):
        self.write("chapter-1/b.svg", "<svg/>")
        self.assert_wrong("chapter-1/b.svg is of no transcript")

    def test_a_call_of_sleep_in_the_program_and_not_in_a_comment(self):
        self.write("chapter-1/a.out", "$ ./a\n 0.000  x: begin\n 1.000  x: end\n")
        self.fill()
        self.write("chapter-1/a.c", "/* twin: await asyncio.sleep(1) */\nint x;\n")
        self.assertEqual(timeline_svg.check(self.root), [])
        self.write("chapter-1/a.c", "int main(void) { sleep(1); }\n")
        self.assert_wrong("a.svg is not what")


if __name__ == "__main__":
    unittest.main()
