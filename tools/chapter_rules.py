#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Checks what holds for every chapter program.

    tools/chapter_rules.py

A chapter program stands alone: it includes no header of ours. Where it needs the coroutine macros,
they stand between two marking comments, the same to the letter in every program, and in at most
25 lines, so that who has read them once need not read them again.
"""
import argparse
import difflib
import pathlib
import re
import sys

BEGIN = "/* coroutine macros: explained in 3.3.1 */"
END = "/* end of coroutine macros */"
MOST_LINES = 25
OWN_HEADER = re.compile(r'^\s*#\s*include\s*"')


def macro_block(text):
    """(lines of the block or None, what is wrong with its markers or None)."""
    lines = [line.strip() for line in text.split("\n")]
    if BEGIN not in lines and END not in lines:
        return None, None
    if lines.count(BEGIN) != 1 or lines.count(END) != 1 or lines.index(BEGIN) > lines.index(END):
        return None, f"needs one `{BEGIN}` and, after it, one `{END}`"
    return text.split("\n")[lines.index(BEGIN) + 1:lines.index(END)], None


def check_program(name, text, model):
    """What is wrong with a program; `model` is (name, block) of the first one that has a block."""
    problems = [f"{name}:{number}: a chapter program includes no header of ours"
                for number, line in enumerate(text.split("\n"), 1) if OWN_HEADER.match(line)]
    block, problem = macro_block(text)
    if problem:
        problems.append(f"{name}: {problem}")
    if block is not None and len(block) > MOST_LINES:
        problems.append(f"{name}: {len(block)} lines of coroutine macros: at most {MOST_LINES}")
    if block is not None and model and block != model[1]:
        difference = difflib.unified_diff(model[1], block, model[0], name, lineterm="", n=1)
        problems.append(f"{name}: other coroutine macros than {model[0]}\n" + "\n".join(difference))
    return problems


def check(root):
    problems, model = [], None
    for path in sorted(root.glob("chapter-*/*.c")):
        name, text = str(path.relative_to(root)), path.read_text(encoding="utf-8")
        problems += check_program(name, text, model)
        block, _ = macro_block(text)
        if model is None and block is not None:
            model = (name, block)
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
