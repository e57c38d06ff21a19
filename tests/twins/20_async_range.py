# 20_async_range.py [all]: the twin of chapter-3.3.3/20_async_range.c
#
# SPDX-License-Identifier: MIT
import asyncio
import contextlib
import sys

from virtual_time import run, say

ALL = sys.argv[1:] == ["all"]


async def numbers(stop):
    try:
        for i in range(stop):
            say(f"produce {i}")
            yield i
            await asyncio.sleep(0.1)
    finally:
        say("gen cleanup")


async def main():
    async with contextlib.aclosing(numbers(3 if ALL else 1000000000)) as generator:
        async for i in generator:
            say(f"use {i}")
            if i == 1 and not ALL:
                break
        else:
            say("end")
            async for i in generator:
                say(f"use {i}")
            say("end")
    say("after aclosing")


run(main())
