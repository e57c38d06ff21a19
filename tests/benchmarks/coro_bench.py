#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The jobs of coro_bench.c on asyncio.

    coro_bench.py [--uvloop] yield TASKS STEPS | resume COUNT STEPS | sleep TASKS

Prints the same line of JSON. Exit status 3: uvloop is asked for and not installed.
"""
import asyncio
import json
import sys
import time


async def yielder(steps):
    for _ in range(steps):
        await asyncio.sleep(0)
    return steps


async def sleeper(ms):
    await asyncio.sleep(ms / 1000)
    return ms


def counter(stop):
    for i in range(stop):
        yield i


def delays(count):
    seed = 1
    for _ in range(count):
        seed = (seed * 1103515245 + 12345) & 0x7FFFFFFF
        yield 1 + (seed >> 8) % 300


async def run_tasks(coroutines, expected):
    tasks = [asyncio.create_task(c) for c in coroutines]
    return [await task for task in tasks] == expected


def run_generators(count, steps):
    generators = [counter(steps) for _ in range(count)]
    total = 0
    for _ in range(steps):
        for g in generators:
            total += g.send(None)
    return total == count * steps * (steps - 1) // 2


def peak_memory():
    with open("/proc/self/status", encoding="ascii") as status:
        return next((int(line.split()[1]) for line in status if line.startswith("VmHWM")), 0)


def main(args):
    if args[0] == "--uvloop":
        args = args[1:]
        try:
            import uvloop
        except ImportError:
            return 3
        asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
    job, count = args[0], int(args[1])
    steps = int(args[2]) if len(args) > 2 else 1
    before, cpu, real = peak_memory(), time.process_time(), time.monotonic()
    if job == "yield":
        ok = asyncio.run(run_tasks((yielder(steps) for _ in range(count)), [steps] * count))
    elif job == "resume":
        ok = run_generators(count, steps)
    else:
        ok = asyncio.run(run_tasks((sleeper(ms) for ms in delays(count)), list(delays(count))))
    print(json.dumps({"ops": count * steps, "cpu": time.process_time() - cpu,
                      "real": time.monotonic() - real, "peak": peak_memory(), "before": before,
                      "ok": ok}))
    return 0 if ok else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
