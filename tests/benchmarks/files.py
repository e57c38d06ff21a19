#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Compares p5_file_processor with others that count lines, words and bytes of files.

    files.py [--full]

All count the same two files, which are in the page cache, beside each other in one run, in turn,
three times; the medians are shown. Totals that are not right end the run with status 1. CPU time is
that of the whole process, its start included. While ours count, a timer runs each millisecond on
their loop: "late" is by how much, as the 99th percentile. `wc -l` counts no words: it shows what
reading costs. A goal is a ratio of CPU time, ours with one worker divided by theirs.

--full    the largest files are 1 GiB together, and not 256 MiB
"""
import argparse
import contextlib
import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import time

import compare
import programs

ROUNDS = 3
MOST_SECONDS = 30  # of one measurement
IDLE_MS = 1000
MIB = 1 << 20
FILES = 2
OURS = ["1 worker", "2 workers"]
COLUMNS = {"us": ("CPU us/MiB", ".1f"), "rate": ("MiB/s", ",.0f"), "p99": ("late us", ",.0f"),
           "mib": ("peak MiB", ".1f")}
GOALS = {"wc": 0.06, "Go": 0.30}
LATE_MOST_US, PEAK_MOST_MIB = 500, 8


def write_files(folder, mib):
    """(paths of FILES files of `mib` MiB in all, their totals)"""
    chance = random.Random(1)
    text = bytearray()
    while len(text) < MIB:
        text += bytes(chance.choices(b"abcdefghijklmnopqrstuvwxyz.,0123456789", k=chance.randint(
            1, 10)))
        text += chance.choice((b" ", b" ", b" ", b" ", b" ", b" ", b"\t", b"  ", b"\n"))
    text = bytes(text[:MIB - 1]) + b"\n"
    paths = [pathlib.Path(folder) / f"text{k}" for k in range(FILES)]
    for path in paths:
        with open(path, "wb") as file:
            for _ in range(mib // FILES):
                file.write(text)
    return ([str(path) for path in paths],
            {"lines": mib * text.count(b"\n"), "words": mib * len(text.split()),
             "bytes": mib * len(text)})


def wc_totals(said):
    """What the last line of `wc` says, as far as it says it."""
    numbers = [int(word) for word in said.splitlines()[-1].split() if word.isdecimal()]
    return dict(zip(("lines", "words", "bytes"), numbers))


def makers(folder):
    """Ours come first; each makes a command without its files."""
    def ours():
        return programs.solution(folder, "p5_file_processor", ["libevent", "libevent_pthreads",
                                                               "json-c"], "files_bench")
    return {
        OURS[0]: lambda: [*ours(), "1"],
        OURS[1]: lambda: [*ours(), "2"],
        "wc": lambda: ["wc"],
        "wc -l": lambda: ["wc", "-l"],
        "aiofiles": lambda: programs.python_program("files_aiofiles.py", "aiofiles"),
        "node": lambda: programs.node_program("files.mjs"),
        "Go": lambda: programs.go_program(folder, "files.go"),
    }


def measure(name, command, paths, totals):
    begin = time.monotonic()
    with subprocess.Popen(["timeout", "--foreground", str(MOST_SECONDS), *command, *paths],
                          stdout=subprocess.PIPE, text=True,
                          env={**os.environ, "LC_ALL": "C"}) as process:
        said = process.stdout.read()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    real = time.monotonic() - begin
    run = {}
    if process.returncode == 0:
        with contextlib.suppress(ValueError, IndexError):
            run = wc_totals(said) if command[0] == "wc" else json.loads(said)
    counted = {key: run[key] for key in totals if key in run}
    if not counted or any(counted[key] != totals[key] for key in counted):
        sys.exit(f"files.py: {name}: wrong result: expected {totals}, got {counted}")
    cpu = used.ru_utime + used.ru_stime
    mib = totals["bytes"] / MIB
    own = {"p99": run["p99"], "mib": run["peak"] / 1024} if "p99" in run else {}
    return {"us": cpu / mib * 1e6, "rate": mib / real, **own}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--full", action="store_true")
    options = parser.parse_args()
    programs.end_like_an_error()
    sizes = (16, 64, 1024) if options.full else (16, 64, 256)
    with tempfile.TemporaryDirectory() as folder:
        commands, missing = compare.available(makers(folder))
        print(compare.heading("lines, words and bytes of files", missing))
        for mib in sizes:
            paths, totals = write_files(folder, mib)
            rows = compare.medians(commands, ROUNDS, lambda name, paths=paths, totals=totals:
                                   measure(name, commands[name], paths, totals))
            lines = compare.table(f"{mib:,} MiB in {FILES} files", COLUMNS, rows, OURS,
                                  GOALS if mib == sizes[-1] else {})
            print("\n".join(lines), flush=True)
        idle = programs.result_of([commands[OURS[0]][0], 0, IDLE_MS], MOST_SECONDS)["p99"]
        late, peak = rows[OURS[0]]["p99"], max(rows[name]["mib"] for name in OURS)
        print(f"  1 worker: late at most {LATE_MOST_US} us: {compare.is_kept(late, LATE_MOST_US)}; "
              f"an idle loop is late by {idle:,} us here\n"
              f"  peak at most {PEAK_MOST_MIB} MiB: {compare.is_kept(peak, PEAK_MOST_MIB)}")


if __name__ == "__main__":
    main()
