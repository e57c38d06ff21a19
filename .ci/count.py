#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Counts the cases of a run of `meson test`: .ci/count.py BUILD/meson-logs

Prints "PASSED FAILED SKIPPED"; on stderr, what the failed ones said. The cases are those of
testlog*.junit.xml, where each line of a TAP test is one. That file does not mark every test that
ended badly (a plain test that timed out, a TAP test that crashed after its last line), so
testlog*.json is asked too.
"""
import collections
import json
import pathlib
import sys
import xml.etree.ElementTree

MOST_LINES = 60  # shown of one test
BAD = {"FAIL", "ERROR", "TIMEOUT", "INTERRUPT", "UNEXPECTEDPASS"}


def junit_cases(path):
    """(name of the test, "passed" | "failed" | "skipped") of each case."""
    for suite in xml.etree.ElementTree.parse(path).getroot().iter("testsuite"):
        for case in suite.iter("testcase"):
            is_plain = case.get("classname").find(" / ") < 0
            kinds = {child.tag for child in case}
            bad = kinds & {"failure", "error"}
            outcome = "failed" if bad else "skipped" if "skipped" in kinds else "passed"
            yield case.get("name") if is_plain else case.get("classname"), outcome


def bad_tests(path):
    """The records of the tests that ended badly."""
    for line in path.read_text(encoding="utf-8").splitlines():
        record = json.loads(line)
        if record["result"] in BAD:
            yield record


def told(record):
    """What a test that ended badly said; of a TAP test, what belongs to its failed lines."""
    lines, wanted = [], True
    for line in record.get("stdout", "").splitlines():
        if line.startswith(("ok ", "not ok ", "1..")):
            wanted = line.startswith("not ok ")
        if wanted:
            lines.append(line)
    lines += record.get("stderr", "").splitlines()
    return "\n  ".join([f"{record['name']}: {record['result']}", *lines[:MOST_LINES]])


def count(folder):
    of_test = collections.defaultdict(collections.Counter)
    for path in folder.glob("testlog*.junit.xml"):
        for name, outcome in junit_cases(path):
            of_test[name][outcome] += 1
    for path in folder.glob("testlog*.json"):
        for record in bad_tests(path):
            print(told(record), file=sys.stderr)
            name = record["name"]
            # A plain test is the case of its name; the cases of a TAP test are of PROJECT.NAME.
            of_tap = [test for test in of_test if test.endswith(f".{name}")]
            cases = of_test[of_tap[0] if of_tap else name]
            if not cases["failed"]:
                cases["failed"] = 1
                cases["passed"] = cases["passed"] if of_tap else 0
    return [sum(cases[outcome] for cases in of_test.values())
            for outcome in ("passed", "failed", "skipped")]


def main():
    folder = pathlib.Path(sys.argv[1])
    if not list(folder.glob("testlog*.junit.xml")):
        sys.exit(f"no testlog*.junit.xml in {folder}")
    print(*count(folder))


if __name__ == "__main__":
    main()
