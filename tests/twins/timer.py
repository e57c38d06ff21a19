# timer.py [fail]: the twin of chapter-3.3.3/timer.c
#
# SPDX-License-Identifier: MIT
import asyncio
import errno
import os
import sys
from contextlib import asynccontextmanager

from virtual_time import run, say

fails = sys.argv[1:] == ["fail"]


@asynccontextmanager
async def timer():
    loop = asyncio.get_running_loop()
    start = loop.time()
    try:
        yield
    finally:
        say(f"Elapsed time: {loop.time() - start:.2f} seconds")


async def load():
    await asyncio.sleep(1.5)
    if fails:
        raise OSError(errno.EIO, os.strerror(errno.EIO))


async def main():
    try:
        async with timer():
            await load()
        say("loaded")
    except OSError as error:
        say(f"propagated: {error.strerror}")


run(main())
