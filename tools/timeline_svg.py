#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Draws the timelines of the lessons: chapter-*/NAME.svg, from the transcripts chapter-*/NAME.out.

    tools/timeline_svg.py --check [NAME ...]   says which pictures are not what would be drawn
    tools/timeline_svg.py --fill [NAME ...]    draws them

A run of a transcript (see transcripts.py) becomes a panel: a time axis with 0 and the virtual
times that occur, and a lane for each speaker. The speaker of a line stands in front of a colon, or
of two spaces; a line that begins with the name of a known speaker belongs to that speaker; all
other lines share a lane without a name. A bar joins two lines of a speaker, who waits in between;
in a program that calls sleep(), it blocks the thread if a line at its start has the word "begin" or
"begins". The panels of a picture share one scale.
"""
import argparse
import pathlib
import re
import sys
import unicodedata
from xml.sax.saxutils import escape

import c_source

FILL = "tools/timeline_svg.py --fill"
STAMPED = re.compile(r"^ *(\d+\.\d{3})  (.*)$")
ENDING = re.compile(r"^\[(.*)\]$")
TAG = re.compile(r"^(\S[^:]{0,19}?)(?::\s+|\s{2,})(\S.*)$")
BEGIN = re.compile(r"\bbegins?\b")
BLOCKING_CALL = re.compile(r"\b(?:sleep|usleep|nanosleep)\s*\(")

FONT = "system-ui, 'Segoe UI', Roboto, 'Noto Sans KR', 'Malgun Gothic', sans-serif"
MONO = "ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace"
FONT_SIZE, SMALL_SIZE = 13, 12
WIDTH, MARGIN, GAP, LEAST_PLOT = 720, 16, 8, 320
ROW, MARK, TITLE_ROW, PANEL_GAP = 17, 5, 26, 14
BACKGROUND, BORDER, GUIDE = "#fbfcfd", "#c9d1d9", "#e3e8ee"
INK, DIM, MARK_INK = "#1f2933", "#5b6875", "#1257b0"
WAITS, BLOCKS = ("#a9c8ee", "waits"), ("#d9534f", "blocks the thread")


class BadTranscript(Exception):
    """Text that is no transcript; says where."""


class Run:
    """A `$` line, what was printed as [(time, text)], and how it ended where that is worth saying.

    `lanes` is {speaker: [(time, text)]} in the order of their first lines.
    """

    def __init__(self, command):
        self.command, self.ending, self.said = command, "", []

    def split(self):
        found = [TAG.match(text) for _, text in self.said]
        tags = {match.group(1) for match in found if match}
        self.lanes = {}
        for (time, text), match in zip(self.said, found):
            speaker, words = match.groups() if match else ("", text)
            if not match:
                known = [tag for tag in tags if text.startswith(tag + " ")]
                speaker = max(known, key=len, default="")
                words = text[len(speaker):].lstrip() if speaker else text
            self.lanes.setdefault(speaker, []).append((time, words))


def read_runs(text, name):
    """The runs of a transcript."""
    runs = []
    for number, line in enumerate(text.split("\n"), 1):
        stamped, ending = STAMPED.match(line), ENDING.match(line)
        if line.startswith("$ "):
            runs.append(Run(line[2:]))
        elif stamped and runs:
            runs[-1].said.append((float(stamped.group(1)), stamped.group(2)))
        elif ending and runs:
            runs[-1].ending = ending.group(1)
        elif line:
            raise BadTranscript(f"{name}:{number}: no line of a transcript: {line}")
    for run in runs:
        run.split()
    return runs


def width(text, size=FONT_SIZE):
    """An upper estimate in pixels: letters differ, and so do the fonts of the readers."""
    wide = sum(unicodedata.east_asian_width(char) in "WF" for char in text)
    return size * (wide * 1.05 + (len(text) - wide) * 0.6)


def tick(time):
    """0.5 s for 0.500, 2 s for 2.000."""
    return f"{time:.3f}".rstrip("0").rstrip(".") + " s"


def stagger(spans):
    """A row for each (left, right): the first one in which it touches none before it."""
    rows, chosen = [], []
    for left, right in spans:
        row = next((n for n, taken in enumerate(rows)
                    if all(right + GAP <= a or b + GAP <= left for a, b in taken)), len(rows))
        if row == len(rows):
            rows.append([])
        rows[row].append((left, right))
        chosen.append(row)
    return chosen


def reading_order(items, rows):
    """The same rows, but the texts of one moment stand in them from top to bottom."""
    moments = {}
    for (time, _), row in zip(items, rows):
        moments.setdefault(time, []).append(row)
    for taken in moments.values():
        taken.sort(key=lambda row: row if row % 2 else -row)
    return [moments[time].pop(0) for time, _ in items]


class Scale:
    """Where a time stands; the same for all panels of a picture."""

    def __init__(self, runs):
        said = [item for run in runs for lane in run.lanes.values() for item in lane]
        names = [speaker for run in runs for speaker in run.lanes]
        self.last = max((time for time, _ in said), default=0)
        self.width = WIDTH
        name_column = max((width(name) + 2 * GAP for name in names if name), default=0)
        self.left, self.right = MARGIN + name_column, WIDTH - MARGIN
        self.fit(said + [(time, tick(time)) for time, _ in said] + [(0, tick(0))])

    def fit(self, items):
        """Moves the two ends inwards until every text has its place, or makes the picture wider."""
        least, most = self.left, self.right
        for _ in range(8):  # each end moves what the other one has settled
            spans = self.spans(items)
            self.left += max(0, max(least - left for left, _ in spans))
            self.right -= max(0, max(right - most for _, right in spans))
        if self.right - self.left < LEAST_PLOT:
            wider = LEAST_PLOT - (self.right - self.left)
            self.right, self.width = self.right + wider, self.width + wider

    def x(self, time):
        share = time / self.last if self.last else 0
        return self.left + share * (self.right - self.left)

    def spans(self, items, size=FONT_SIZE):
        """(left, right) of each text, centred at its time."""
        return [(self.x(time) - width(text, size) / 2, self.x(time) + width(text, size) / 2)
                for time, text in items]


class Drawing:
    """SVG elements in three layers, so that a text is never under a line."""

    def __init__(self):
        self.back, self.middle, self.front = [], [], []

    def line(self, x1, y1, x2, y2, colour):
        self.back.append(f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" '
                         f'stroke="{colour}"/>')

    def text(self, x, y, text, colour=INK, **attributes):
        more = "".join(f' {key.replace("_", "-")}="{value}"' for key, value in attributes.items())
        self.front.append(f'<text x="{x:.1f}" y="{y:.1f}" fill="{colour}"{more}>'
                          f'{escape(text)}</text>')


def bars(items, blocks):
    """A bar for each pause between two lines of a speaker: from, to, and which of WAITS, BLOCKS."""
    times = sorted({time for time, _ in items})
    begun = {time for time, text in items if BEGIN.search(text)}
    return [(start, end, BLOCKS if blocks and start in begun else WAITS)
            for start, end in zip(times, times[1:])]


def draw_lane(drawing, scale, y, speaker, items, blocks):
    """The lines of a speaker; odd rows of texts stand below the marks. Returns the lane's end."""
    rows = reading_order(items, stagger(scale.spans(items)))
    above, below = max(rows) // 2 + 1, (max(rows) + 1) // 2
    middle = y + above * ROW + MARK
    if speaker:
        drawing.text(MARGIN, middle + 4, speaker, font_weight="600")
    for start, end, (colour, what) in bars(items, blocks):
        x, length = scale.x(start), scale.x(end) - scale.x(start)
        drawing.middle.append(f'<rect x="{x:.1f}" y="{middle - 2}" width="{length:.1f}" height="4" '
                              f'fill="{colour}"><title>{what}</title></rect>')
    for time in sorted({time for time, _ in items}):
        drawing.middle.append(f'<circle cx="{scale.x(time):.1f}" cy="{middle}" r="{MARK}" '
                              f'fill="{MARK_INK}"/>')
    for (time, text), row in zip(items, rows):
        x, level = scale.x(time), row // 2
        baseline = middle + MARK + 13 + level * ROW if row % 2 else middle - MARK - 5 - level * ROW
        if level:
            drawing.line(x, middle, x, baseline, BORDER)
        drawing.text(x, baseline, text, text_anchor="middle", stroke=BACKGROUND, stroke_width=4,
                     paint_order="stroke")
    return middle + MARK + below * ROW + GAP


def draw_axis(drawing, scale, top, y, times):
    """The times that occur, in rows where they stand close. Returns where the axis ends."""
    drawing.line(scale.left, y, scale.right, y, BORDER)
    ticks = [(time, tick(time)) for time in times]
    rows = stagger(scale.spans(ticks, SMALL_SIZE))
    for (time, text), row in zip(ticks, rows):
        drawing.line(scale.x(time), top, scale.x(time), y + 4, GUIDE)
        drawing.text(scale.x(time), y + 16 + row * ROW, text, DIM, text_anchor="middle",
                     font_size=SMALL_SIZE)
    return y + (max(rows, default=0) + 1) * ROW + GAP


def draw_run(drawing, scale, y, run, blocks):
    """One panel. Returns where it ends."""
    title = f"$ {run.command}" + (f"   [{run.ending}]" if run.ending else "")
    drawing.text(MARGIN, y + 14, title, DIM, font_family=MONO, font_size=SMALL_SIZE)
    top = y + TITLE_ROW
    y = top
    for speaker, items in run.lanes.items():
        y = draw_lane(drawing, scale, y, speaker, items, blocks)
    times = sorted({0.0} | {time for lane in run.lanes.values() for time, _ in lane})
    return draw_axis(drawing, scale, top, y, times)


def draw_legend(drawing, scale, kinds):
    """What the kinds of bars mean, from right to left."""
    x, y = scale.width - MARGIN - 24, MARGIN + 14
    for colour, what in kinds:
        drawing.middle.append(f'<rect x="{x:.1f}" y="{y - 6}" width="24" height="4" '
                              f'fill="{colour}"/>')
        drawing.text(x - GAP, y, what, DIM, text_anchor="end", font_size=SMALL_SIZE)
        x -= width(what, SMALL_SIZE) + 24 + 3 * GAP


def svg(transcript, name, blocks=False):
    """The picture of a transcript."""
    runs = read_runs(transcript, name)
    scale, drawing = Scale(runs), Drawing()
    kinds = {kind for run in runs for lane in run.lanes.values() for _, _, kind in bars(lane, blocks)}
    draw_legend(drawing, scale, [kind for kind in (WAITS, BLOCKS) if kind in kinds])
    y = MARGIN
    for run in runs:
        y = draw_run(drawing, scale, y, run, blocks) + PANEL_GAP
    height = y - PANEL_GAP + MARGIN - GAP
    size = f"{scale.width:.0f} {height:.0f}"
    head = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{size.split()[0]}" '
            f'height="{size.split()[1]}" viewBox="0 0 {size}" role="img" font-family="{FONT}" '
            f'font-size="{FONT_SIZE}">',
            f"<title>{escape(' and '.join(run.command for run in runs))}: timeline</title>",
            f"<desc>{escape(transcript.strip())}</desc>",
            f'<rect x="0.5" y="0.5" width="{scale.width - 1:.0f}" height="{height - 1:.0f}" '
            f'rx="8" fill="{BACKGROUND}" stroke="{BORDER}"/>']
    return "\n".join(head + drawing.back + drawing.middle + drawing.front + ["</svg>", ""])


def compare(out, root, fill):
    """What is wrong with the picture of a transcript, or None. Draws it if asked to."""
    path, source = out.with_suffix(".svg"), out.with_suffix(".c")
    name = str(path.relative_to(root))
    code = c_source.mask(source.read_text(encoding="utf-8")) if source.is_file() else ""
    blocks = bool(BLOCKING_CALL.search(code))
    try:
        made = svg(out.read_text(encoding="utf-8"), str(out.relative_to(root)), blocks)
    except BadTranscript as error:
        return str(error)
    if path.is_file() and path.read_text(encoding="utf-8") == made:
        return None
    if fill:
        path.write_text(made, encoding="utf-8")
        print(f"filled {name}")
        return None
    what = "is not what its transcript shows" if path.is_file() else "is missing"
    return f"{name} {what}; to draw it: {FILL} {out.stem}"


def check(root, fill=False, names=()):
    """All that is wrong with the pictures under `root`, as messages."""
    outs = [out for out in sorted(root.glob("chapter-*/*.out")) if not names or out.stem in names]
    problems = [compare(out, root, fill) for out in outs]
    problems += [f"{name}: there is no transcript of that name"
                 for name in sorted(set(names) - {out.stem for out in outs})]
    problems += [f"{path.relative_to(root)} is of no transcript: there is no {path.stem}.out"
                 for path in sorted(root.glob("chapter-*/*.svg"))
                 if not names and not path.with_suffix(".out").is_file()]
    return [problem for problem in problems if problem]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--check", action="store_true", help="compare only")
    what.add_argument("--fill", action="store_true", help="draw the pictures")
    parser.add_argument("--root", type=pathlib.Path,
                        default=pathlib.Path(__file__).resolve().parent.parent)
    parser.add_argument("names", nargs="*", metavar="NAME")
    options = parser.parse_args()
    problems = check(options.root.resolve(), options.fill, options.names)
    for problem in problems:
        print(problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
