"""Grades the submissions of one folder, attacks or mistakes, and compares what came out.

    run_submissions.py FOLDER GRADE SUITE.so CC [FLAGS ...]

Prints TAP. The header comment of a submission says what must come out: `Outcome:` (alternatives
separated by |), `Says:`, a regular expression that one behaviour's message must match,
`Points:`, where it is not 0, and `Wall:`, the seconds of real time for a behaviour that only waits.
The others get more than they need on a machine that is busy with other things.

SPDX-License-Identifier: MIT
"""
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor

SUBMISSIONS = pathlib.Path(__file__).parent / "submissions"
SECONDS_TO_END = 60


def expectation(source, word, default=None):
    found = re.search(r"^ \* %s: (.*)$" % word, source, re.MULTILINE)
    if not found and default is None:
        raise SystemExit("a submission without a line `%s:`" % word)
    return found.group(1) if found else default


def run(submission, grade, suite, compiler, folder):
    module = folder / (submission.stem + ".so")
    subprocess.run(
        [*compiler, "-w", "-I", SUBMISSIONS, submission, "-o", module, "-levent", "-levent_pthreads",
         "-pthread"],
        check=True)
    start = time.monotonic()
    wall = expectation(submission.read_text(), "Wall", "20")
    graded = subprocess.run([grade, "--cpu", "1", "--wall", wall, suite, module],
                            capture_output=True, text=True, timeout=SECONDS_TO_END)
    return graded, time.monotonic() - start


def verdict(submission, graded):
    """What is wrong with the grader's answer, or None."""
    source = submission.read_text()
    if graded.returncode != 0:
        return "grade ended with %d: %s" % (graded.returncode, graded.stderr[-300:])
    report = json.loads(graded.stdout)
    messages = "\n".join(b["message"] for b in report["behaviours"])
    points = int(expectation(source, "Points", "0"))
    if report["points"] != points or sum(b["points"] for b in report["behaviours"]) != points:
        return "it earned %d points instead of %d\n%s" % (report["points"], points, messages)
    if report["max"] != 5 or len(report["behaviours"]) != 2:
        return "not all behaviours were graded"
    if report["outcome"] not in expectation(source, "Outcome").split("|"):
        return "the outcome is %s\n%s" % (report["outcome"], messages)
    if not re.search(expectation(source, "Says"), messages, re.DOTALL):
        return "the message does not tell it:\n%s" % messages
    return None


def main():
    folder_name, grade, suite, *compiler = sys.argv[1:]
    submissions = sorted((SUBMISSIONS / folder_name).glob("*.c"))
    print("1..%d" % len(submissions), flush=True)
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(2) as pool:
        def judge(submission):
            try:
                graded, seconds = run(submission, grade, suite, compiler, pathlib.Path(folder))
                return verdict(submission, graded), seconds
            except (subprocess.SubprocessError, ValueError, KeyError) as error:
                return "%s: %s" % (type(error).__name__, error), 0.0
        for n, (submission, (wrong, seconds)) in enumerate(zip(submissions, pool.map(judge, submissions)), 1):
            print("%s %d - %s (%.1f s)" % ("not ok" if wrong else "ok", n, submission.stem, seconds))
            for line in (wrong or "").splitlines():
                print("# " + line)


main()
