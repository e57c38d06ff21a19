#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Checks what holds for every chapter program.

    tools/chapter_rules.py

A chapter program stands alone: it includes no header of ours. Where it needs the coroutine macros,
or one of the idioms of 3.3.3, they stand between two marking comments, the same to the letter in
every program, and in at most 25 lines, so that who has read them once need not read them again.
"""
import argparse
import difflib
import pathlib
import re
import sys

# What the block is called, and the lesson that explains it.
BLOCKS = {"coroutine macros": "3.3.1", "scope": "3.3.3", "iterator": "3.3.3",
          "bounded queue": "3.3.3"}
MOST_LINES = 25
OWN_HEADER = re.compile(r'^\s*#\s*include\s*"')


def markers(what):
    """The comments in front of a block and behind it."""
    return f"/* {what}: explained in {BLOCKS[what]} */", f"/* end of {what} */"


def block_of(text, what):
    """(lines of the block or None, what is wrong with its markers or None)."""
    begin, end = markers(what)
    lines = [line.strip() for line in text.split("\n")]
    if begin not in lines and end not in lines:
        return None, None
    if lines.count(begin) != 1 or lines.count(end) != 1 or lines.index(begin) > lines.index(end):
        return None, f"needs one `{begin}` and, after it, one `{end}`"
    return text.split("\n")[lines.index(begin) + 1:lines.index(end)], None


def check_block(name, text, what, models):
    """What is wrong with a block; `models` has {what: (name, block)} of the first programs."""
    block, problem = block_of(text, what)
    if problem:
        return [f"{name}: {problem}"]
    if block is None:
        return []
    problems = []
    if len(block) > MOST_LINES:
        problems.append(f"{name}: {len(block)} lines of {what}: at most {MOST_LINES}")
    model_name, model = models.setdefault(what, (name, block))
    if block != model:
        difference = difflib.unified_diff(model, block, model_name, name, lineterm="", n=1)
        problems.append(f"{name}: other {what} than {model_name}\n" + "\n".join(difference))
    return problems


def check(root):
    problems, models = [], {}
    for path in sorted(root.glob("chapter-*/*.c")):
        name, text = str(path.relative_to(root)), path.read_text(encoding="utf-8")
        problems += [f"{name}:{number}: a chapter program includes no header of ours"
                     for number, line in enumerate(text.split("\n"), 1) if OWN_HEADER.match(line)]
        for what in BLOCKS:
            problems += check_block(name, text, what, models)
    return problems


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--root", type=pathlib.Path,
                        default=pathlib.Path(__file__).resolve().parent.parent)
    problems = check(parser.parse_args().root.resolve())
    for problem in problems:
        print(problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
