# coverage.py [--report] SECTION/NAME SUITE GRADE -- COMPILER WORD ...: does a suite reach all of its
# solution?
#
# Compiles the solution with gcc's --coverage, runs each behaviour of its suite on it, and asks gcov
# for the lines and the branches that nothing has reached. Each must stand in unreachable.txt, with
# the reason; and what stands there must not have been reached. Exit status 0 if so, 1 if not, 77
# (skipped) without gcc or gcov. --report prints what was not reached and compares nothing.
#
# Not counted: main(), which people run; and what the macros of coro.h bring along and nobody can
# reach from outside (MACROS says why).
#
# SPDX-License-Identifier: MIT
import gzip
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

from solution import ROOT, compile_module, run_behaviours

HERE = pathlib.Path(__file__).resolve().parent
LIST = HERE / "unreachable.txt"
SKIPPED = 77

# Lines of which gcov counts a branch that cannot be taken.
MACROS = re.compile(
    r"\b("
    r"(TASK|GEN|CO)_BEGIN"  # the switch without a fitting case, the assertion
    r"|TASK_(YIELD|SUSPEND)"  # always suspend
    r"|TASK_SLEEP"  # does not suspend only when libevent has no memory for a timer
    r"|assert"
    r")\("
)

# Writes the counters when the grader ends the process without exit().
DUMP = """void __gcov_dump(void);
void coverage_dump(void);
void coverage_dump(void)
{
    __gcov_dump();
}
"""


def counted(folder, source):
    """What gcov says of the source: a JSON object."""
    notes = [path for path in folder.glob("*.gcno") if "dump" not in path.name]
    subprocess.run(
        ["gcov", "--json-format", "--branch-probabilities", *map(str, notes)],
        cwd=folder,
        stdout=subprocess.DEVNULL,
        check=True,
    )
    for path in folder.glob("*.gcov.json.gz"):
        with gzip.open(path, "rt", encoding="utf-8") as file:
            for entry in json.load(file)["files"]:
                if pathlib.Path(entry["file"]) == source:
                    return entry
    sys.exit("coverage: gcov says nothing of " + str(source))


def follows_return(lines, number):
    """Is line `number` a TASK_END that only closes what a TASK_RETURN has left?"""
    return lines[number - 1].strip() == "TASK_END(t);" and lines[number - 2].lstrip().startswith(
        "TASK_RETURN("
    )


def not_reached(entry, source):
    """Maps "function(): text of the line" to what of it was not reached: "line" or "branch"; and
    "function()" to "function"."""
    lines = source.read_text(encoding="utf-8").splitlines()
    found = {
        function["name"] + "()": "function"
        for function in entry["functions"]
        if function["execution_count"] == 0 and function["name"] != "main"
    }
    for line in entry["lines"]:
        number, function = line["line_number"], line.get("function_name", "") + "()"
        text = lines[number - 1].strip()
        if function == "main()" or function in found or follows_return(lines, number):
            continue
        if line["count"] == 0:
            found[f"{function}: {text}"] = "line"
        elif any(b["count"] == 0 for b in line["branches"]) and not MACROS.search(text):
            found.setdefault(f"{function}: {text}", "branch")
    return found


def listed(name):
    """What unreachable.txt says of the exercise: text -> (kind, reason)."""
    entries, here = {}, False
    for number, line in enumerate(LIST.read_text(encoding="utf-8").splitlines(), 1):
        if line.startswith("[") or not line or line.startswith("#"):
            here = line == f"[{name}]" or (here and not line.startswith("["))
            continue
        kind, text, reason = (line.split(" | ") + ["", ""])[:3]
        if not reason:
            sys.exit(f"{LIST.name}:{number}: a line is: line|branch|function | TEXT | REASON")
        if here:
            entries[text] = kind
    return entries


def main(arguments):
    report = arguments[:1] == ["--report"]
    name, suite, grade, dashes, *compiler = arguments[report:]
    assert dashes == "--"
    if compiler[0] not in ("cc", "gcc") or not shutil.which("gcov"):
        print("coverage: needs gcc and gcov")
        return SKIPPED
    source = ROOT / "solutions" / (name + ".c")
    with tempfile.TemporaryDirectory(prefix="coverage-") as folder:
        folder = pathlib.Path(folder)
        dump = folder / "dump.c"
        dump.write_text(DUMP, encoding="utf-8")
        module = compile_module([*compiler, "--coverage", str(dump)], source, folder)
        run_behaviours([grade], suite, module)  # the counters of all runs add up
        found = not_reached(counted(folder, source), source)
    if report:
        for text, kind in found.items():
            print(f"{kind} | {text} | ")
        return 0
    known = listed(pathlib.Path(name).name)
    wrong = [f"{kind} not reached: {text}" for text, kind in found.items() if known.get(text) != kind]
    wrong += [f"listed as not reached, but it is: {text}" for text in known if text not in found]
    print("\n".join(wrong) if wrong else "all that can be reached is reached")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
