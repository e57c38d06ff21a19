# 03_nonblocking.py: the twin of chapter-3.3.1/03_nonblocking.c
#
# SPDX-License-Identifier: MIT
import asyncio
import socket

from virtual_time import run, say


async def receive(sock):
    try:
        sock.recv(64)
    except BlockingIOError:
        say("read: EAGAIN")
    data = await asyncio.get_running_loop().sock_recv(sock, 64)
    say(f"read: got {len(data)} bytes")


async def tick():
    for _ in range(4):
        await asyncio.sleep(0.1)
        say("tick")


async def main():
    receiving, sending = socket.socketpair()
    with receiving, sending:
        receiving.setblocking(False)
        asyncio.get_running_loop().call_later(0.350, sending.send, b"hello")
        await asyncio.gather(receive(receiving), tick())


run(main())
