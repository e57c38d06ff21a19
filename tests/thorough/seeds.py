# seeds.py SECTION/NAME SUITE GRADE -- COMPILER WORD ...: does a grade depend on the order in which
# simultaneous events are served?
#
# Grades the solution with the kernel's order, and with 20 others, drawn with the seeds 1 to 20. Exit
# status 0 if it gets all its points each time.
#
# SPDX-License-Identifier: MIT
import json
import pathlib
import subprocess
import sys
import tempfile

from solution import ROOT, compile_module

SEEDS = 20


def lost_points(grade, seed, suite, module):
    """The messages of the behaviours that fail with this seed."""
    done = subprocess.run(
        [grade, "--seed", str(seed), suite, str(module)],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    behaviours = json.loads(done.stdout)["behaviours"]
    return [f"{b['name']}\n{b['message']}" for b in behaviours if not b["passed"]]


def main(arguments):
    name, suite, grade, dashes, *compiler = arguments
    assert dashes == "--"
    wrong = 0
    with tempfile.TemporaryDirectory(prefix="seeds-") as folder:
        source = ROOT / "solutions" / (name + ".c")
        module = compile_module(compiler, source, pathlib.Path(folder))
        for seed in range(SEEDS + 1):
            for message in lost_points(grade, seed, suite, module):
                print(f"seed {seed}: {message}")
                wrong += 1
    print(f"{SEEDS + 1} runs, {wrong} behaviours failed")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
