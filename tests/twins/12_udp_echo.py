# 12_udp_echo.py: the twin of chapter-3.3.2/12_udp_echo.c
#
# It uses the sockets themselves: a DatagramProtocol does not tell how many datagrams came in one
# call, its room is so large that none is cut, and its transport, in Python 3.11, sends no empty
# datagram.
#
# SPDX-License-Identifier: MIT
import asyncio
import socket

from virtual_time import run, say

ROOM, BUDGET = 16, 8


def echo(sock):
    taken = 0
    while taken < BUDGET:
        try:
            data, _, flags, sender = sock.recvmsg(ROOM)
        except BlockingIOError:
            break
        taken += 1
        if flags & socket.MSG_TRUNC:
            say(f"server: a datagram is longer than {ROOM} bytes")
        else:
            sock.sendto(data, sender)
    say(f"server: taken in one call: {taken}")


def receive(name, sock):
    while True:
        try:
            say(f'{name}: gets "{sock.recv(ROOM).decode()}"')
        except BlockingIOError:
            return


def bound_socket(reader, *args):
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind(("127.0.0.1", 0))
    sock.setblocking(False)
    asyncio.get_running_loop().add_reader(sock, reader, *args, sock)
    return sock


async def main():
    server = bound_socket(echo)
    clients = {name: bound_socket(receive, name) for name in "AB"}
    for name, texts in [("A", ["one", "two", "three"]), ("B", ["hello"]), ("A", ["", "after it"]),
                        ("B", ["much too long a text"])]:
        await asyncio.sleep(0.1)
        for text in texts:
            say(f'{name}: sends "{text}"')
            clients[name].sendto(text.encode(), server.getsockname())
    await asyncio.sleep(0.1)
    for sock in [server, *clients.values()]:
        asyncio.get_running_loop().remove_reader(sock)
        sock.close()


run(main())
