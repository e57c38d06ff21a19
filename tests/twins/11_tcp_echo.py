# 11_tcp_echo.py: the twin of chapter-3.3.2/11_tcp_echo.c
#
# SPDX-License-Identifier: MIT
import asyncio

from virtual_time import run, say


def quoted(data):
    return '"' + data.decode().replace("\n", "\\n") + '"'


async def echo(reader, writer):
    while line := await reader.readline():
        writer.write(line)
        await writer.drain()
    writer.close()


async def receive(name, reader):
    while data := await reader.read(64):
        say(f"{name}: gets {quoted(data)}")
    say(f"{name}: the end")


async def send(name, writer, data):
    await asyncio.sleep(0.1)
    if data is None:
        say(f"{name}: sends no more")
        writer.write_eof()
    else:
        say(f"{name}: sends {quoted(data)}")
        writer.write(data)


async def main():
    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    readers, writers = {}, {}
    for name in "AB":
        readers[name], writers[name] = await asyncio.open_connection("127.0.0.1", port)
    receivers = asyncio.gather(*(receive(name, readers[name]) for name in "AB"))
    for name, data in [("A", b"hel"), ("B", b"one\ntwo\n"), ("A", b"lo\n"), ("A", b"bye"),
                       ("A", None), ("B", None)]:
        await send(name, writers[name], data)
    await receivers
    for writer in writers.values():
        writer.close()
    server.close()


run(main())
