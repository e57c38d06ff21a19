# SPDX-License-Identifier: MIT
"""The jobs of queue_22_bench.c and queue_24_bench.c on asyncio.Queue.

    queues.py [--uvloop] waves|bounded|jobs ROOM ITEMS

jobs: bounded, with priorities, and a limit of time for each.
"""
import asyncio
import json
import sys
import time

CONSUMERS = 4


PRIORITIES = 8
SECONDS = 60


async def run(job, room, items):
    bounded = job != "waves"
    make = asyncio.PriorityQueue if job == "jobs" else asyncio.Queue
    queue = make(room if bounded else 0)
    total = 0

    async def do(item):
        nonlocal total
        total += item

    async def work():
        while True:
            _, item = await queue.get()
            async with asyncio.timeout(SECONDS):
                await do(item)

    async def consume():
        nonlocal total
        while True:
            item = await queue.get()  # in one line, `total` would be read before the wait
            total += item
            queue.task_done()

    async def take():
        nonlocal total
        while True:
            item = await queue.get()
            total += item

    consumer = {"jobs": work, "bounded": take, "waves": consume}[job]
    consumers = [asyncio.create_task(consumer()) for _ in range(CONSUMERS)]
    if bounded:
        for item in range(items):
            await queue.put((-(item % PRIORITIES), item) if job == "jobs" else item)
        while not queue.empty():
            await asyncio.sleep(0)
    else:
        for first in range(0, items, room):
            for item in range(first, min(first + room, items)):
                queue.put_nowait(item)
            await queue.join()
    await asyncio.sleep(0)
    for consumer in consumers:
        consumer.cancel()
    return total


def peak_memory():
    with open("/proc/self/status", encoding="ascii") as status:
        return next((int(line.split()[1]) for line in status if line.startswith("VmHWM")), 0)


def main(words):
    if words[0] == "--uvloop":
        import uvloop
        asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
        words = words[1:]
    job, room, items = words[0], int(words[1]), int(words[2])
    cpu, real = time.process_time(), time.monotonic()
    total = asyncio.run(run(job, room, items))
    cpu, real = time.process_time() - cpu, time.monotonic() - real
    if total != items * (items - 1) // 2:
        sys.exit("a wrong sum")
    print(json.dumps({"ops": items, "cpu": cpu, "real": real, "peak": peak_memory()}))


if __name__ == "__main__":
    main(sys.argv[1:])
