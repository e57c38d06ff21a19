# stackful.py: the twin of chapter-3.3.1/stackful.c
#
# asyncio's coroutines have no stack: step() waits, so it is a coroutine too, and is awaited.
#
# SPDX-License-Identifier: MIT
import asyncio

from virtual_time import run, say

STEPS = ((0.100, "connected"), (0.200, "reply"), (0.050, "closed"))


async def step(name, seconds, what):
    await asyncio.sleep(seconds)
    say(f"{name}: {what}")


async def job(name):
    say(f"{name}: start")
    for seconds, what in STEPS:
        await step(name, seconds, what)


async def main():
    await asyncio.gather(job("A"), job("B"))


run(main())
