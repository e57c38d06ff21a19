#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Compares coro.h with asyncio, uvloop and node: yields, resumes, sleeping tasks.

    run.py [--full] [--program PATH]

All peers do the same jobs beside each other in one run, each measurement in a process of its own,
three times in turn; the medians are shown. CPU time an operation is what to compare: real time
drifts on a busy machine. A result that is not right ends the run with status 1.

--full          the largest job of sleeping tasks is 1,000,000 (half a minute of asyncio) and not
                100,000
--program PATH  the compiled coro_bench.c; without it, it is compiled with cc -O2
"""
import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
OURS = "coro.h"
NOT_INSTALLED = 3
ROUNDS = 3

# For each job: what an operation is, and per size the arguments of each peer. Slow peers get fewer
# steps: the cost of one operation is what counts.
FAST = {OURS: 1, "node": 4, "asyncio": 40, "uvloop": 40}


def steps_of(peer, total, count):
    return max(total // FAST[peer] // count, 10)


def jobs(full):
    most = 1_000_000 if full else 100_000
    yield ("a yield that lets all others run", "yield", (10, 1_000, 100_000), 10_000_000)
    yield ("a bare resume and yield of a generator", "resume", (1, 1_000, 100_000), 40_000_000)
    yield ("a task that sleeps once", "sleep", (1_000, 10_000, most), None)


def compiled(directory):
    """Compiles coro_bench.c, for a run without meson."""
    program = os.path.join(directory, "coro_bench")
    flags = subprocess.run(["pkg-config", "--cflags", "--libs", "libevent_core"], check=True,
                           capture_output=True, text=True).stdout.split()
    subprocess.run([os.environ.get("CC", "cc"), "-std=c11", "-O2", "-D_POSIX_C_SOURCE=200809L",
                    os.path.join(HERE, "coro_bench.c"), "-o", program, *flags], check=True)
    return program


def peers_with(program):
    python = [sys.executable, os.path.join(HERE, "coro_bench.py")]
    return {OURS: [program], "asyncio": python, "uvloop": [*python, "--uvloop"],
            "node": [shutil.which("node"), os.path.join(HERE, "coro_bench.mjs")]}


def installed(command):
    if command[0] is None:
        return False
    probe = subprocess.run([*command, "sleep", "1"], stdout=subprocess.DEVNULL, check=False)
    return probe.returncode != NOT_INSTALLED


def measure(command, args):
    done = subprocess.run([*command, *map(str, args)], stdout=subprocess.PIPE, text=True,
                          check=False)
    if done.returncode != 0:
        sys.exit(f"run.py: wrong result: {' '.join(map(str, args))}: {' '.join(command)}")
    return json.loads(done.stdout)


def medians(peers, job, count, total, rounds):
    """Measures all peers in turn, several times over."""
    results = {peer: [] for peer in peers}
    for _ in range(rounds):
        for peer, command in peers.items():
            args = [job, count] + ([steps_of(peer, total, count)] if total else [])
            results[peer].append(measure(command, args))
    return {peer: {key: statistics.median(r[key] for r in rows) for key in rows[0]}
            for peer, rows in results.items()}


def show(title, count, rows, with_memory):
    print(f"\n{title}: {count:,} at a time")
    print(f"  {'':10}{'CPU us':>10}{'per second':>14}{'peak MiB':>10}", end="")
    print(f"{'bytes each':>12}" if with_memory else "", f"{'ours/theirs':>12}", sep="")
    mine = rows[OURS]["cpu"] / rows[OURS]["ops"]
    for peer, row in rows.items():
        each = row["cpu"] / row["ops"]
        line = f"  {peer:10}{each * 1e6:10.4f}{row['ops'] / row['real']:14,.0f}"
        line += f"{row['peak'] / 1024:10.1f}"
        if with_memory:
            line += f"{(row['peak'] - row['before']) * 1024 / count:12,.0f}"
        print(line + ("" if peer == OURS else f"{mine / each:11.4f}x"), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--program")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        peers = peers_with(options.program or compiled(directory))
        for peer in [p for p in peers if not installed(peers[p])]:
            print(f"{peer}: not installed")
            del peers[peer]
        for title, job, counts, total in jobs(options.full):
            for count in counts:
                rounds = 1 if count >= 1_000_000 else ROUNDS
                show(title, count, medians(peers, job, count, total, rounds), job == "sleep")
    if not options.full:
        print("\nsleeping tasks: at most 100,000; --full measures 1,000,000")


if __name__ == "__main__":
    main()
