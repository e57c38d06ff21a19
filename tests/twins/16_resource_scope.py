# 16_resource_scope.py [denied]: the twin of chapter-3.3.3/16_resource_scope.c
#
# SPDX-License-Identifier: MIT
import asyncio
import errno
import os
import sys
from contextlib import asynccontextmanager

from virtual_time import run, say

denied = sys.argv[1:] == ["denied"]


async def reply(seconds, line, error=0):
    await asyncio.sleep(seconds)
    say(line)
    if error:
        raise OSError(error, os.strerror(error))


@asynccontextmanager
async def connect():
    await reply(0.1, "server: connected")
    try:
        yield
    finally:
        await reply(0.1, "server: disconnected")


@asynccontextmanager
async def open_file():
    if denied:
        await reply(0.05, "file: denied", errno.EACCES)
    await reply(0.05, "file: open")
    try:
        yield
    finally:
        await reply(0.05, "file: closed")


async def main():
    try:
        async with connect(), open_file():
            await reply(0.2, "file: written")
        say("main: done")
    except OSError as error:
        say(f"main: {error.strerror}")


run(main())
