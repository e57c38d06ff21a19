# valgrind.py SECTION/NAME SUITE GRADE -- COMPILER WORD ...: is a solution clean under valgrind?
#
# For a build without sanitizers: the two exclude each other. Valgrind sees what they do not, such as
# a decision that rests on memory that was never set. Exit status 0 if it is clean, 1 if not.
#
# SPDX-License-Identifier: MIT
import pathlib
import sys
import tempfile

from solution import ROOT, compile_module, run_behaviours

VALGRIND = ["valgrind", "--quiet", "--error-exitcode=1", "--leak-check=full"]


def main(arguments):
    name, suite, grade, dashes, *compiler = arguments
    assert dashes == "--"
    with tempfile.TemporaryDirectory(prefix="valgrind-") as folder:
        source = ROOT / "solutions" / (name + ".c")
        module = compile_module(compiler, source, pathlib.Path(folder))
        count = run_behaviours([*VALGRIND, grade], suite, module)
    print(f"{count} behaviours are clean")
    return 0 if count > 0 else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
