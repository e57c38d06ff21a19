#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What one suspension with its resumption costs: callbacks, state machine, macros, stacks.

    ladder.py [--fill] [--program PATH]

Each measurement runs in a process of its own, five times in turn; the medians are shown. A total
that is not right ends the run with status 1. A peer that is not installed is named and left out.

--fill          also writes the table into ladder.out, which the lesson 3.3.1 quotes; then fill the
                lesson with tools/quotes.py --fill
--program PATH  the compiled ladder_bench.c; without it, it is compiled with cc -O2
"""
import argparse
import json
import os
import pathlib
import platform
import re
import shutil
import statistics
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
TABLE = HERE / "ladder.out"
NOT_INSTALLED = 3
ROUNDS = 5
COUNTS = (1, 100, 10_000)
OURS = "macros"

# What each is called in the table, and how many resumptions are measured: about a tenth of a
# second's worth.
RUNGS = {"callbacks": ("callbacks", 40_000_000), "machine": ("state machine", 40_000_000),
         "macros": ("macros of coro.h", 40_000_000),
         "ucontext": ("stackful, swapcontext", 500_000),
         "setjmp": ("stackful, _longjmp", 4_000_000)}
PEERS = {"await": ("CPython await", 500_000), "greenlet": ("CPython greenlet", 300_000)}
NAMES = {job: name for job, (name, _) in {**RUNGS, **PEERS}.items()}


def compiled(directory):
    """Compiles ladder_bench.c, for a run without meson."""
    program = os.path.join(directory, "ladder_bench")
    flags = subprocess.run(["pkg-config", "--cflags", "--libs", "libevent_core"], check=True,
                           capture_output=True, text=True).stdout.split()
    subprocess.run([os.environ.get("CC", "cc"), "-std=c11", "-O2", "-D_DEFAULT_SOURCE",
                    str(HERE / "ladder_bench.c"), "-o", program, *flags], check=True)
    return program


def commands(program):
    """(command of each job that can be run here, the jobs that cannot)."""
    found = {rung: [program, rung] for rung in RUNGS}
    missing = []
    for peer in PEERS:
        command = [sys.executable, str(HERE / "ladder_bench.py"), peer]
        probe = subprocess.run([*command, "1", "2"], stdout=subprocess.DEVNULL, check=False)
        if probe.returncode == NOT_INSTALLED:
            missing.append(peer)
        else:
            found[peer] = command
    return found, missing


def measure(command, count, steps):
    words = [*command, str(count), str(steps)]
    done = subprocess.run(words, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"ladder.py: wrong result: {' '.join(words)}")
    return json.loads(done.stdout)


def medians(jobs, count):
    """{job: {"ns": of one suspension and resumption, "place": bytes, "memory": bytes}}"""
    runs = {job: [] for job in jobs}
    for _ in range(ROUNDS):
        for job, command in jobs.items():
            steps = {**RUNGS, **PEERS}[job][1] // count
            runs[job].append(measure(command, count, steps))
    return {job: {"ns": statistics.median(run["cpu"] / run["ops"] * 1e9 for run in rows),
                  "place": rows[0]["place"],
                  "memory": statistics.median(run["memory"] for run in rows)}
            for job, rows in runs.items()}


def system_calls(command):
    """How many a resumption makes, with the suspension that ends it; None if nobody can count."""
    if shutil.which("strace") is None:
        return None
    totals = []
    with tempfile.NamedTemporaryFile("r", encoding="ascii") as counts:
        for steps in (1000, 2000):
            subprocess.run(["strace", "-f", "-c", "-o", counts.name, *command, "1", str(steps)],
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
            counts.seek(0)
            total = re.search(r"^\s*100\.00\s+[\d.]+\s+\d+\s+(\d+)\s.*total$", counts.read(),
                              re.MULTILINE)
            if total is None:  # tracing is not allowed here
                return None
            totals.append(int(total.group(1)))
    return round((totals[1] - totals[0]) / 1000)


def machine(program):
    """What the figures depend on, in a line."""
    return ", ".join([f"{platform.machine()}, {os.cpu_count()} cores",
                      f"Linux {'.'.join(platform.release().split('.')[:2])}",
                      f"{measure([program, OURS], 1, 2)['compiler']} -O2",
                      " ".join(platform.libc_ver()), f"CPython {platform.python_version()}"])


def number(value, digits=0):
    return "-" if value is None else f"{value:,.{digits}f}"


def table(results, calls):
    """The lines that are shown. `results` maps a count to what medians() says."""
    lines = ["live: ns of CPU for a suspension and its resumption, with so many coroutines",
             "calls: system calls in it; place: bytes that say where to go on; memory: bytes in all",
             "",
             f"{'':22}" + "".join(f"{f'{count:,} live':>13}" for count in COUNTS) +
             f"{'x macros':>10}{'calls':>7}{'place':>7}{'memory':>8}"]
    for job in results[COUNTS[0]]:
        rows = [results[count][job] for count in COUNTS]
        ratio = rows[0]["ns"] / results[COUNTS[0]][OURS]["ns"]
        times = "".join(f"{number(row['ns'], 1):>13}" for row in rows)
        lines.append(f"{NAMES[job]:22}{times}"
                     f"{number(ratio, 1):>10}{number(calls[job]):>7}{number(rows[-1]['place']):>7}"
                     f"{number(rows[-1]['memory']):>8}")
    return lines


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--fill", action="store_true")
    parser.add_argument("--program")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        program = options.program or compiled(directory)
        jobs, missing = commands(program)
        results = {count: medians(jobs, count) for count in COUNTS}
        calls = {job: system_calls(command) for job, command in jobs.items()}
        conditions = machine(program)
    lines = [conditions, *table(results, calls)]
    lines += [f"{NAMES[peer]}: not installed" for peer in missing]
    if calls[OURS] is None:
        lines.append("system calls: strace is not installed, or may not trace here")
    print("\n".join(lines))
    if options.fill:
        TABLE.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
