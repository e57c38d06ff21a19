# SPDX-License-Identifier: MIT
"""What the text checks need to know of a Markdown page: headings, fenced blocks, links.

Interface
    Page(path, text)   .headings  [(line, level, title)]        lines are counted from 0
                       .fences    [Fence]                       in order
                       .links     [(line, target)]              also of pictures and <img>
                       .prose     [(line, text)]                all lines outside fences
    slug(title)        the anchor that a heading gets
"""
import re

FENCE = re.compile(r"^(\s*)(`{3,}|~{3,})\s*([\w+-]*)\s*$")
HEADING = re.compile(r"^(#{1,6})\s+(.*?)\s*#*\s*$")
LINK = re.compile(r"\]\(\s*<?([^)\s>]+)>?[^)]*\)|<(?:img|a)\b[^>]*?\b(?:src|href)=\"([^\"]+)\"")


class Fence:
    """A fenced block: the lines of its two fences, its language, the lines between."""

    def __init__(self, first, language):
        self.first, self.last, self.language, self.body = first, None, language, []


class Page:
    def __init__(self, path, text):
        self.path = path
        self.lines = text.split("\n")
        self.headings, self.fences, self.links, self.prose = [], [], [], []
        self.read()

    def read(self):
        fence, closing = None, None
        for number, line in enumerate(self.lines):
            found = FENCE.match(line)
            if fence is None and found:
                fence, closing = Fence(number, found.group(3)), found.group(2)
                self.fences.append(fence)
            elif fence is not None and found and not found.group(3) and found.group(2) >= closing:
                fence.last = number
                fence = None
            elif fence is not None:
                fence.body.append(line)
            else:
                self.read_prose(number, line)
        if fence is not None:
            fence.last = len(self.lines)

    def read_prose(self, number, line):
        self.prose.append((number, line))
        heading = HEADING.match(line)
        if heading:
            self.headings.append((number, len(heading.group(1)), heading.group(2)))
        without_code = re.sub(r"`[^`]*`", "", line)
        for found in LINK.finditer(without_code):
            self.links.append((number, found.group(1) or found.group(2)))

    def anchors(self):
        """All the anchors that the headings of this page give."""
        seen, anchors = {}, set()
        for _, _, title in self.headings:
            base = slug(title)
            count = seen.get(base, 0)
            seen[base] = count + 1
            anchors.add(f"{base}-{count}" if count else base)
        return anchors


def slug(title):
    title = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", title)
    kept = re.sub(r"[^\w\- ]", "", title.lower())
    return kept.replace(" ", "-")
