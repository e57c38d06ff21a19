# 24_backpressure.py: the twin of chapter-3.3.3/24_backpressure.c
#
# SPDX-License-Identifier: MIT
import asyncio

from virtual_time import run, say


async def produce(queue):
    for i in range(5):
        await queue.put(i)
        say(f"put {i} size {queue.qsize()}")


async def consume(queue):
    while True:
        say(f"get {await queue.get()}")
        await asyncio.sleep(1)
        queue.task_done()


async def main():
    queue = asyncio.Queue(2)
    consumer = asyncio.create_task(consume(queue))
    await produce(queue)
    await queue.join()
    say("joined")
    consumer.cancel()


run(main())
