#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The job of ladder_bench.c in Python.

    ladder_bench.py await|greenlet COUNT STEPS

`await` is the rung on which asyncio stands, without its loop: coroutine objects, resumed by hand.
greenlet saves a C stack for each. Prints the same line of JSON; nobody says how many bytes name
the place to go on. Exit status 3: greenlet is asked for and not installed.
"""
import json
import sys
import time
import types

try:
    import greenlet
except ImportError:
    greenlet = None


@types.coroutine
def suspend():
    yield


async def adder(rounds, totals):
    total = 0
    for n in range(rounds):
        total += n
        await suspend()
        total += 1
        if n == rounds - 1:
            totals.append(total)
        await suspend()


def greenlet_adder(rounds, totals, loop):
    total = 0
    for n in range(rounds):
        total += n
        loop.switch()
        total += 1
        if n == rounds - 1:
            totals.append(total)
        loop.switch()


def resume_all(resumes, steps):
    for _ in range(steps):
        for resume in resumes:
            resume(None)


def resident_memory():
    with open("/proc/self/smaps_rollup", encoding="ascii") as smaps:
        return next(int(line.split()[1]) * 1024 for line in smaps if line.startswith("Rss:"))


def begin(job, rounds, totals):
    """What resumes a new coroutine. Whoever holds that holds the coroutine."""
    if job == "await":
        return adder(rounds, totals).send
    loop = greenlet.getcurrent()
    return greenlet.greenlet(lambda _: greenlet_adder(rounds, totals, loop)).switch


def main(job, count, steps):
    if job == "greenlet" and greenlet is None:
        return 3
    rounds, totals = steps // 2, []
    resident_memory()  # its own memory is not to be counted
    before = resident_memory()
    resumes = [begin(job, rounds, totals) for _ in range(count)]
    resume_all(resumes, 1)
    cpu = time.process_time()
    resume_all(resumes, 2 * rounds - 1)
    cpu = time.process_time() - cpu
    memory = resident_memory() - before
    ok = totals == [rounds * (rounds - 1) // 2 + rounds] * count
    print(json.dumps({"ops": (2 * rounds - 1) * count, "cpu": cpu, "place": None,
                      "memory": memory // count, "ok": ok}))
    return 0 if ok else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
