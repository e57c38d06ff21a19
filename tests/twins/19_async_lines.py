# 19_async_lines.py [hangs]: the twin of chapter-3.3.3/19_async_lines.c
#
# SPDX-License-Identifier: MIT
import asyncio
import errno
import os
import socket
import sys

from virtual_time import run, say

PIECES = [b"one\ntwo\nth", b"ree\r", b"\nfo", b"ur"]
HANGS = sys.argv[1:] == ["hangs"]


async def write(sock):
    for piece in PIECES[:2] if HANGS else PIECES:
        await asyncio.sleep(0.1)
        sock.send(piece)
    if not HANGS:
        sock.close()


async def read(reader):
    async for line in reader:
        say(f"line: {line.decode().rstrip()}")
        await asyncio.sleep(0.05)
    say("end")


async def main():
    ends = socket.socketpair()
    reader, writer = await asyncio.open_connection(sock=ends[0])
    writing = asyncio.create_task(write(ends[1]))
    reading = asyncio.create_task(read(reader))
    if HANGS:
        await asyncio.sleep(0.4)
        say("close")
        reading.cancel()
        try:
            await reading
        except asyncio.CancelledError:
            say(f"no line: {os.strerror(errno.ECANCELED)}")
    await asyncio.gather(writing, reading, return_exceptions=HANGS)
    writer.close()
    ends[1].close()


run(main())
