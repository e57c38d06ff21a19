# solution.py: a solution compiled as the grader wants it, and each behaviour of its suite run on it
#
# SPDX-License-Identifier: MIT
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
MOST_BEHAVIOURS = 100
NO_SUCH_BEHAVIOUR = "behaviours only"  # how the grader says so


def compile_module(compiler, source, folder):
    """`compiler` is a command with all its options; returns the module."""
    module = folder / (source.stem + ".so")
    command, *options = compiler
    subprocess.run([command, str(source), *options, "-o", str(module)], check=True)
    return module


def run_behaviours(command, suite, module):
    """Runs each in a process of its own by `command`, which ends with the grader. Returns how many
    there were; ends the program with a message if one fails."""
    for number in range(1, MOST_BEHAVIOURS):
        done = subprocess.run(
            [*command, "--no-fork", "--cpu", "60", "--behaviour", str(number), suite, str(module)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
        if done.returncode != 0 and NO_SUCH_BEHAVIOUR in done.stderr:
            return number - 1
        if done.returncode != 0:
            sys.exit(f"behaviour {number} of {suite} fails on the solution:\n{done.stderr}")
    return MOST_BEHAVIOURS
