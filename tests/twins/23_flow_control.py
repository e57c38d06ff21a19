# 23_flow_control.py [pause]: the twin of chapter-3.3.3/23_flow_control.c
#
# SPDX-License-Identifier: MIT
import asyncio
import socket
import sys

from virtual_time import run, say

TICK, RATE, BURST, SENT, PIECE = 0.1, 100, 200, 450, 10


async def limited():
    receiver, sender = socket.socketpair()
    reader, writer = await asyncio.open_connection(sock=receiver)
    _, other = await asyncio.open_connection(sock=sender)

    async def send():
        await asyncio.sleep(0.3)
        other.write(bytes(SENT))
        other.close()

    sending = asyncio.create_task(send())
    now = asyncio.get_running_loop().time
    tokens, tick = RATE, 0
    while True:
        data = await reader.read(1) if tokens else b""
        gone = round(now() / TICK) - tick
        tokens, tick = min(BURST, tokens + RATE * gone), tick + gone
        if not data and reader.at_eof():
            break
        while data and len(data) < tokens and not reader.at_eof():
            data += await reader.read(tokens - len(data))
        if data:
            say(f"receiver: {len(data)} bytes")
            tokens -= len(data)
        if tokens == 0:
            await asyncio.sleep(TICK)
            tokens, tick = RATE, tick + 1
    say("receiver: the end")
    await sending
    writer.close()


class Receiver(asyncio.Protocol):
    def __init__(self):
        self.ended = asyncio.get_running_loop().create_future()

    def data_received(self, data):
        say(f"receiver: {len(data)} bytes")

    def eof_received(self):
        say("receiver: the end")
        self.ended.set_result(None)


async def paused():
    loop = asyncio.get_running_loop()
    receiver, sender = socket.socketpair()
    transport, protocol = await loop.create_connection(Receiver, sock=receiver)
    _, writer = await asyncio.open_connection(sock=sender)

    def pause():
        say("receiver: pauses")
        transport.pause_reading()

    def resume():
        say("receiver: goes on")
        transport.resume_reading()

    loop.call_at(0.125, pause)
    loop.call_at(0.275, resume)
    for piece in range(8):
        if piece > 0:
            await asyncio.sleep(0.05)
        writer.write(bytes(PIECE))
    writer.close()
    await protocol.ended
    transport.close()


run(paused() if sys.argv[1:] == ["pause"] else limited())
