# 18_scope_cleanup.py [cancel|twice|late|timeout]: the twin of chapter-3.3.3/18_scope_cleanup.c
#
# SPDX-License-Identifier: MIT
import asyncio
import errno
import os
import sys
from contextlib import asynccontextmanager

from virtual_time import run, say

plan = sys.argv[1] if len(sys.argv) > 1 else "well"


async def clean():
    await asyncio.sleep(0.1)
    say("A cleaned")


async def uninterrupted(coroutine):
    """Awaits it to its end, however often somebody cancels; only then lets that be known."""
    inner = asyncio.ensure_future(coroutine)
    cancelled = None
    while not inner.done():
        try:
            await asyncio.shield(inner)
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None:
        raise cancelled


@asynccontextmanager
async def scope():
    try:
        yield
    finally:
        await uninterrupted(clean())


async def count_up():
    try:
        for i in range(2):
            say(f"A: {i}")
            await asyncio.sleep(0.5)
    except asyncio.CancelledError:
        say("A cancelled")
        raise
    say("A done")


async def use_scope():
    async with scope():
        await count_up()


async def use_scope_for(seconds):
    asyncio.get_running_loop().call_later(seconds, say, "deadline")
    await asyncio.wait_for(use_scope(), seconds)


async def main():
    loop = asyncio.get_running_loop()
    task = loop.create_task(use_scope_for(0.7) if plan == "timeout" else use_scope())

    def request():
        say("main: cancel")
        task.cancel()

    for seconds in {"cancel": [0.7], "twice": [0.7, 0.75], "late": [1.05]}.get(plan, []):
        loop.call_later(seconds, request)
    try:
        await task
        say("main: done")
    except asyncio.CancelledError:
        say(f"main: {os.strerror(errno.ECANCELED)}")
    except asyncio.TimeoutError:
        say(f"main: {os.strerror(errno.ETIMEDOUT)}")


run(main())
