#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Keeps the lessons true: quoted code and output, twins, links and hints.

    tools/quotes.py --check    says what is wrong, with a difference; exit status 1 if anything is
    tools/quotes.py --fill     writes the quotes into the pages, then checks the rest

In a page, `<!-- code: FILE NAME -->` is followed by a block with the definition of NAME in FILE
(see c_source.py), and `<!-- output: FILE.out [COMMAND] -->` by a block with that transcript, or
with that part of it which COMMAND printed. FILE is named from the root of the tree.

Checked besides: README.md and README.ko.md have the same levels of headings and the same blocks
in the same order; links lead to files and headings that exist; each exercise has its section with
two hints at least, in both languages; emphasis ends where it should.
"""
import argparse
import difflib
import pathlib
import re
import sys
import urllib.parse

import c_source
from markdown_page import Page

FILL = "tools/quotes.py --fill"
MARKER = re.compile(r"^<!--\s*(\w+):\s*(.*?)\s*-->\s*$")
LANGUAGES = {".c": "c", ".h": "c", ".py": "python", ".sh": "sh", ".json": "json"}
CODE_SPAN = re.compile(r"(`+).+?\1")
UNENDED = re.compile(r"(?<![\w*])\*{1,2}[^\s*][^*]*[)\]\"'.,!?]\*{1,2}\w")
HINT = re.compile(r"^(?:Hint|힌트) (\d+)$")


class BadQuote(Exception):
    """A marker that cannot be obeyed; says why."""


def pages(root):
    """All pages that are checked, in order."""
    found = list(root.glob("*.md")) + list(root.glob("docs/**/*.md"))
    for folder in list(root.glob("chapter-*")) + [root / "exercises"]:
        found += folder.glob("**/*.md")
    return [Page(path, path.read_text(encoding="utf-8")) for path in sorted(found)]


def read_quoted(root, name):
    path = root / name
    if not path.is_file():
        raise BadQuote(f"there is no file {name}")
    return path.read_text(encoding="utf-8")


def quote_code(root, argument):
    """(language, lines) for `<!-- code: FILE NAME -->`."""
    file, _, name = argument.partition(" ")
    if not name:
        raise BadQuote("a code marker is <!-- code: FILE NAME -->")
    try:
        lines = c_source.find(read_quoted(root, file), name.strip())
    except c_source.NotFound as error:
        raise BadQuote(f"{file} does not define {error}") from None
    except c_source.Ambiguous as error:
        raise BadQuote(f"{file}: {error}") from None
    return LANGUAGES.get(pathlib.Path(file).suffix, ""), lines


def quote_output(root, argument):
    """(language, lines) for `<!-- output: FILE [COMMAND] -->`."""
    file, _, command = argument.partition(" ")
    lines = read_quoted(root, file).rstrip("\n").split("\n")
    command = command.strip().removeprefix("$ ")
    if command:
        starts = [n for n, line in enumerate(lines) if line.startswith("$ ")] + [len(lines)]
        blocks = [lines[a:b] for a, b in zip(starts, starts[1:]) if lines[a] == f"$ {command}"]
        if not blocks:
            raise BadQuote(f"{file} has no `$ {command}`")
        lines = blocks[0]
    while lines and not lines[-1]:
        lines = lines[:-1]
    return "text", lines


QUOTERS = {"code": quote_code, "output": quote_output}


def markers(page):
    """(line, kind, argument) of each marker of a page, in order."""
    for number, line in page.prose:
        found = MARKER.match(line)
        if found and found.group(1) in QUOTERS:
            yield number, found.group(1), found.group(2)


def filled(root, page):
    """The lines of the page with all its quotes, and what is wrong with the markers."""
    lines, problems = list(page.lines), []
    fence_after = {fence.first: fence for fence in page.fences}
    for number, kind, argument in sorted(markers(page), reverse=True):
        try:
            language, quoted = QUOTERS[kind](root, argument)
        except BadQuote as error:
            problems.append(f"{place(root, page, number)}: {error}")
            continue
        block = [f"```{language}", *quoted, "```"]
        start = number + 1
        if start < len(lines) and not page.lines[start].strip():
            start += 1
        fence = fence_after.get(start)
        if fence:
            lines[number + 1:fence.last + 1] = block
        else:
            lines[number + 1:number + 1] = block
    for number, line in page.prose:
        stray = re.search(r"<!--\s*(code|output)\b", line)
        if stray and not MARKER.match(line):
            problems.append(f"{place(root, page, number)}: a marker stands alone on its line, as "
                            "<!-- code: FILE NAME --> or <!-- output: FILE [COMMAND] -->")
    return lines, problems


def place(root, page, number):
    return f"{page.path.relative_to(root)}:{number + 1}"


def check_quotes(root, page, fill):
    lines, problems = filled(root, page)
    if lines == page.lines:
        return problems
    name = str(page.path.relative_to(root))
    if fill:
        page.path.write_text("\n".join(lines), encoding="utf-8")
        print(f"filled {name}")
        return problems
    difference = "\n".join(difflib.unified_diff(page.lines, lines, name, "the files it quotes",
                                                lineterm="", n=1))
    return problems + [f"{name} does not quote what the files say; to mend: {FILL}\n{difference}"]


def twin(path):
    return path.with_name(path.name.removesuffix(".md") + ".ko.md")


def shape(page):
    """What a page and its twin must have in common, as (line, words) in order."""
    parts = [(number, "a heading of level %d" % level) for number, level, _ in page.headings]
    quoted = set()
    for number, kind, argument in markers(page):
        parts.append((number, f"<!-- {kind}: {argument} -->"))
        quoted |= {number + 1, number + 2}
    parts += [(fence.first, f"a block of {fence.language or 'text'}")
              for fence in page.fences if fence.first not in quoted]
    return sorted(parts)


def check_twins(root, page, by_path):
    """The page and its Korean twin have the same shape."""
    if page.path.name.endswith(".ko.md"):
        original = page.path.with_name(page.path.name.removesuffix(".ko.md") + ".md")
        missing = original not in by_path
        return [f"{page.path.relative_to(root)}: has no {original.name}"] if missing else []
    other = by_path.get(twin(page.path))
    if other is None:
        alone = page.path.parent == root and page.path.name != "README.md"
        return [] if alone else [f"{page.path.relative_to(root)}: has no {twin(page.path).name}"]
    ours, theirs = shape(page), shape(other)
    for (line, part), (other_line, other_part) in zip(ours, theirs):
        if part != other_part:
            return [f"{place(root, page, line)} has {part}, where {place(root, other, other_line)} "
                    f"has {other_part}"]
    if len(ours) == len(theirs):
        return []
    longer, parts = (page, ours) if len(ours) > len(theirs) else (other, theirs)
    line, part = parts[min(len(ours), len(theirs))]
    return [f"{place(root, longer, line)} has {part}, which its twin lacks"]


def check_links(root, page, by_path):
    problems = []
    for number, target in page.links:
        url = urllib.parse.urlsplit(target)
        if url.scheme or url.netloc:
            continue
        path = page.path
        if url.path:
            path = (page.path.parent / urllib.parse.unquote(url.path)).resolve()
        if not path.exists():
            problems.append(f"{place(root, page, number)}: the link {target} leads nowhere")
        elif url.fragment and path in by_path:
            if urllib.parse.unquote(url.fragment) not in by_path[path].anchors():
                problems.append(f"{place(root, page, number)}: {target}: no heading of that name")
    return problems


def check_emphasis(root, page):
    """Behind a bracket or a full stop, `*` ends an emphasis only if no letter follows: in Korean,
    where a particle does, the stars would be seen."""
    problems = []
    for number, line in page.prose:
        stray = UNENDED.search(CODE_SPAN.sub("``", line))
        if stray:
            problems.append(f"{place(root, page, number)}: the emphasis {stray.group()} does not "
                            "end there: put the stars before the bracket")
    return problems


def hints_of(page, name):
    """The numbers of the hints in the section `## name`, or None without such a section."""
    titles = [(level, title.strip("`")) for _, level, title in page.headings]
    if (2, name) not in titles:
        return None
    hints = []
    for level, title in titles[titles.index((2, name)) + 1:]:
        if level <= 2:
            break
        found = HINT.match(title)
        if level == 3 and found:
            hints.append(int(found.group(1)))
    return hints


def check_hints(root, by_path):
    """Each exercise has its section, with hints 1, 2, ... in both languages."""
    problems = []
    for exercise in sorted(root.glob("exercises/*/*.c")):
        for readme in ("README.md", "README.ko.md"):
            path = exercise.parent / readme
            name = path.relative_to(root)
            hints = hints_of(by_path[path], exercise.stem) if path in by_path else None
            if hints is None:
                problems.append(f"{name}: has no section ## {exercise.stem}")
            elif len(hints) < 2 or hints != list(range(1, len(hints) + 1)):
                problems.append(f"{name}: ## {exercise.stem} needs hints 1, 2, ...: has {hints}")
    return problems


def check(root, fill=False):
    """All that is wrong with the pages under `root`, as messages."""
    problems = []
    for page in pages(root):
        problems += check_quotes(root, page, fill)
    all_pages = pages(root)
    by_path = {page.path: page for page in all_pages}
    for page in all_pages:
        problems += check_twins(root, page, by_path) + check_links(root, page, by_path)
        problems += check_emphasis(root, page)
    return problems + check_hints(root, by_path)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--check", action="store_true", help="compare only")
    what.add_argument("--fill", action="store_true", help="write the quotes into the pages")
    parser.add_argument("--root", type=pathlib.Path,
                        default=pathlib.Path(__file__).resolve().parent.parent)
    options = parser.parse_args()
    problems = check(options.root.resolve(), options.fill)
    for problem in problems:
        print(problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
