# 15_buffering.py: the twin of chapter-3.3.2/15_buffering.c
#
# SPDX-License-Identifier: MIT
import asyncio
import socket
import sys

from virtual_time import run, say

FULL, PATIENCE = 64, 0.2
STEPS = [(0.0, 30), (0.01, 40), (0.05, 5), (0.26, 1), (0.27, None)]
LOAD = [(k / 1000, 20) for k in range(300)] + [(0.3, None)]


class CountingSocket(socket.socket):
    writes = 0

    def send(self, data, flags=0):
        n = super().send(data, flags)
        self.writes += 1
        return n


class Log:
    def __init__(self, writer, load, direct):
        self.writer, self.quiet, self.direct = writer, load, direct
        self.pending, self.deadline = b"", None
        self.adds = self.most_waiting = self.waited_ms = 0

    def say(self, text):
        if not self.quiet:
            say(text)

    def add(self, data):
        loop = asyncio.get_running_loop()
        self.adds += 1
        self.say(f"add: {len(data)}")
        if not self.pending:
            self.first_at = loop.time()
            self.deadline = loop.call_later(PATIENCE, self.flush, "200 ms are over")
        self.pending += data
        if self.direct or len(self.pending) >= FULL:
            self.flush("full")

    def flush(self, why):
        if not self.pending:
            return
        waited = asyncio.get_running_loop().time() - self.first_at
        self.waited_ms = max(self.waited_ms, round(waited * 1000))
        self.most_waiting = max(self.most_waiting, len(self.pending))
        self.say(f"flush: {len(self.pending)}, {why}")
        self.deadline.cancel()
        self.writer.write(self.pending)
        self.pending = b""

    def close(self):
        self.flush("close")
        self.writer.close()


async def collect(reader, log):
    while data := await reader.read(4096):
        log.say(f"collector: gets {len(data)}")
    log.say("collector: the end")


async def main(load=False, direct=False):
    theirs, ours = socket.socketpair()
    ours = CountingSocket(ours.family, ours.type, ours.proto, fileno=ours.detach())
    reader, collector = await asyncio.open_connection(sock=theirs)
    _, writer = await asyncio.open_connection(sock=ours)
    log = Log(writer, load, direct)
    collecting = asyncio.ensure_future(collect(reader, log))
    begin = asyncio.get_running_loop().time()
    for at, n in LOAD if load else STEPS:
        wait = begin + at - asyncio.get_running_loop().time()
        if wait > 0:
            await asyncio.sleep(wait)
        if n is None:
            log.close()
        else:
            log.add(bytes(n))
    await collecting
    collector.close()
    say(f"log: {log.adds} adds, {ours.writes} writes; "
        f"waiting at the most {log.most_waiting} bytes, {log.waited_ms} ms")


run(main("load" in sys.argv, "direct" in sys.argv))
