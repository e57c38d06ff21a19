#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Turns what a command printed into a picture of a terminal.

    COMMAND | tools/verdict_svg.py [--command TEXT] > docs/verdict.svg

Colours come from the escape sequences in the input. Where it has none, the lines of a verdict are
coloured by their points: [3/3] is green, [0/3] is red. `--command` shows a prompt line above.
"""
import argparse
import re
import sys
import unicodedata
from xml.sax.saxutils import escape

CELL_WIDTH, LINE_HEIGHT, FONT_SIZE, MARGIN = 8.4, 19, 14, 18
BACKGROUND, PLAIN, DIM = "#16181d", "#d7dae0", "#8b919c"
COLOURS = {30: "#5c6370", 31: "#ff6b6b", 32: "#5fd38d", 33: "#e5c07b",
           34: "#6cb2ff", 35: "#d58fe6", 36: "#56c8d8", 37: PLAIN}
SEQUENCE = re.compile(r"\x1b\[([0-9;]*)m")
OTHER_SEQUENCE = re.compile(r"\x1b\[[0-9;?]*[A-Za-ln-z]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\r")
POINTS = re.compile(r"\[\s*(\d+)/(\d+)\]")


class Style:
    """The colour and weight of the text that follows, as escape sequences change them."""

    def __init__(self):
        self.colour, self.bold, self.dim = None, False, False

    def apply(self, parameters):
        for code in [int(part or 0) for part in parameters.split(";")]:
            if code == 0:
                self.__init__()
            elif code == 1:
                self.bold = True
            elif code == 2:
                self.dim = True
            elif code == 22:
                self.bold = self.dim = False
            elif code == 39:
                self.colour = None
            elif code in COLOURS or code - 60 in COLOURS:
                self.colour = COLOURS.get(code) or COLOURS[code - 60]

    def attributes(self):
        colour = self.colour or (DIM if self.dim else PLAIN)
        return f'fill="{colour}"' + (' font-weight="bold"' if self.bold else "")


def width(text):
    """Columns on a terminal: wide characters, such as Hangul, take two."""
    return sum(0 if unicodedata.combining(char) else
               2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)


def styled_runs(lines):
    """For each line a list of (text, attributes), by its escape sequences."""
    style = Style()
    for line in lines:
        runs = []
        for number, part in enumerate(SEQUENCE.split(line)):
            if number % 2:
                style.apply(part)
            elif part:
                runs.append((part, style.attributes()))
        yield runs


def runs_by_points(lines):
    """The same for lines without escape sequences, by the points of the verdict."""
    idea = False
    for line in lines:
        points = POINTS.search(line)
        style = Style()
        idea = "the idea:" in line or (idea and line.startswith(" " * 10))
        if points:
            style.bold = True
            style.colour = COLOURS[32 if points.group(1) == points.group(2) else 31]
        elif "<-" in line:
            style.colour = COLOURS[31]
        elif idea or re.match(r"\s*see it:", line):
            style.dim = True
        yield [(line, style.attributes())] if line else []


def svg(text, command=None):
    lines = OTHER_SEQUENCE.sub("", text).expandtabs(8).rstrip("\n").split("\n")
    rows = list(styled_runs(lines) if SEQUENCE.search(text) else runs_by_points(lines))
    if command:
        rows.insert(0, [("$ ", f'fill="{DIM}"'), (command, f'fill="{PLAIN}" font-weight="bold"')])
    columns = max((sum(width(part) for part, _ in row) for row in rows), default=0)
    total_width = columns * CELL_WIDTH + 2 * MARGIN
    total_height = len(rows) * LINE_HEIGHT + 2 * MARGIN
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{total_width:.0f}" '
           f'height="{total_height}" viewBox="0 0 {total_width:.0f} {total_height}" '
           f'font-family="ui-monospace, Menlo, Consolas, \'DejaVu Sans Mono\', monospace" '
           f'font-size="{FONT_SIZE}">',
           f'<rect width="100%" height="100%" rx="8" fill="{BACKGROUND}"/>']
    for number, row in enumerate(rows):
        column, baseline = 0, MARGIN + number * LINE_HEIGHT + FONT_SIZE
        for part, attributes in row:
            indent = len(part) - len(part.lstrip(" "))
            shown, left = part.strip(" "), MARGIN + (column + indent) * CELL_WIDTH
            if shown:
                out.append(f'<text x="{left:.1f}" y="{baseline}" {attributes} xml:space="preserve" '
                           f'textLength="{width(shown) * CELL_WIDTH:.1f}" '
                           f'lengthAdjust="spacingAndGlyphs">{escape(shown)}</text>')
            column += width(part)
    return "\n".join(out + ["</svg>", ""])


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--command", help="the command line to show above its output")
    options = parser.parse_args()
    sys.stdout.write(svg(sys.stdin.read(), options.command))


if __name__ == "__main__":
    main()
