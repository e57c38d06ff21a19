# 22_work_queue.py: the twin of chapter-3.3.3/22_work_queue.c
#
# SPDX-License-Identifier: MIT
import asyncio

from virtual_time import run, say

JOBS = [("a", 0.25), ("b", 0.1), ("c", 0.2), ("d", 0.1), ("e", 0.15)]


async def work(name, queue):
    try:
        while True:
            job, seconds = await queue.get()
            say(f"{name}: begins {job}")
            await asyncio.sleep(seconds)
            say(f"{name}: ends {job}")
            queue.task_done()
    except asyncio.CancelledError:
        say(f"{name}: stops")
        raise


async def main():
    queue = asyncio.Queue(2)
    workers = [asyncio.create_task(work(name, queue)) for name in "AB"]
    for job in JOBS:
        await queue.put(job)
    say("main: all jobs are put")
    await queue.join()
    say("main: all jobs are done")
    for worker in workers:
        worker.cancel()
    await asyncio.gather(*workers, return_exceptions=True)


run(main())
