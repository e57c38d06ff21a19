# 14_file_stream.py: the twin of chapter-3.3.2/14_file_stream.c, sending in chunks
#
# SPDX-License-Identifier: MIT
import asyncio
import socket
import tempfile

from virtual_time import run, say

CHUNK = LOW = SIP = 16 * 1024
FILE_SIZE, TOLD_EACH = 1024 * 1024, 256 * 1024


class Server:
    def __init__(self):
        self.reads = self.most_queued = 0

    def read(self, file):
        self.reads += 1
        return file.read(CHUNK)

    async def send(self, file, sock):
        _, writer = await asyncio.open_connection(sock=sock)
        writer.transport.set_write_buffer_limits(high=LOW, low=LOW)
        say(f"server: begins with {FILE_SIZE} bytes")
        while chunk := self.read(file):
            writer.write(chunk)
            self.most_queued = max(self.most_queued, writer.transport.get_write_buffer_size())
            await writer.drain()
        writer.close()
        await writer.wait_closed()


async def take(sock):
    """Takes a sip each 25 ms, counted from the beginning."""
    loop, taken, ticks = asyncio.get_running_loop(), 0, 0
    while True:
        ticks += 1
        await asyncio.sleep(ticks * 0.025 - loop.time())
        data = sock.recv(SIP)
        if not data:
            say("client: the end")
            return
        taken += len(data)
        if taken % TOLD_EACH == 0:
            say(f"client: has {taken} bytes")


async def main():
    ends = socket.socketpair()
    for end in ends:
        end.setblocking(False)
    server = Server()
    with tempfile.TemporaryFile(buffering=0) as file:
        file.truncate(FILE_SIZE)
        await asyncio.gather(server.send(file, ends[0]), take(ends[1]))
    ends[1].close()
    say(f"server: {server.reads} reads, {server.most_queued} bytes queued at the most")


run(main())
