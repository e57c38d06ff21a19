# 06_task_scheduling.py: the twin of chapter-3.3.1/06_task_scheduling.c
#
# SPDX-License-Identifier: MIT
import asyncio

from virtual_time import run, say


async def count(name):
    say(f"{name}: 0")
    await asyncio.sleep(0)
    say(f"{name} done")


async def main():
    loop = asyncio.get_running_loop()
    loop.call_later(0, say, "later0")
    loop.call_later(0.02, say, "later20")
    loop.call_later(0.01, say, "later10")
    loop.call_soon(say, "soon1")
    loop.call_soon(say, "soon2")
    task = asyncio.create_task(count("T"))
    say("main")
    await asyncio.sleep(0)
    say("after sleep0")
    await task
    await asyncio.sleep(0.03)  # the loop of asyncio ends with main, and drops the timers


run(main())
