# async_range.py: the twin of chapter-3.3.3/async_range.c
#
# SPDX-License-Identifier: MIT
import asyncio
import sys

from virtual_time import run, say


class AsyncRange:
    def __init__(self, start, stop, delay=0.1):
        self.current = start
        self.stop = stop
        self.delay = delay

    def __aiter__(self):
        return self

    async def __anext__(self):
        if self.current >= self.stop:
            raise StopAsyncIteration
        await asyncio.sleep(self.delay)
        value = self.current
        self.current += 1
        return value


async def main(start=0, stop=3):
    async for i in AsyncRange(start, stop):
        say(f"i = {i}")
    say("end")


run(main(*map(int, sys.argv[1:])))
