# tiny_http.py: as much of HTTP as the twins need; Python's library has no asyncio client
#
# Client and server are the two ends of a socket pair, so that what is sent has arrived at once.
#
# SPDX-License-Identifier: MIT
import asyncio
import socket


async def read_message(reader):
    """(first line, body) of a request or a response; None at the end of the connection."""
    first = (await reader.readline()).decode().rstrip("\r\n")
    if not first:
        return None
    length = 0
    while (line := (await reader.readline()).decode().rstrip("\r\n")):
        name, _, value = line.partition(":")
        length = int(value) if name.lower() == "content-length" else length
    return first, await reader.readexactly(length)


async def serve(sock, respond):
    """Answers each request with what `respond(path)` gives, (status, body), until the end."""
    reader, writer = await asyncio.open_connection(sock=sock)
    while (message := await read_message(reader)) is not None:
        status, body = await respond(message[0].split()[1])
        writer.write(f"HTTP/1.1 {status} -\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode())
        await writer.drain()
    writer.close()


async def connect(respond):
    """A connection to a server of its own: (reader, writer, the server's task)."""
    here, there = socket.socketpair()
    server = asyncio.create_task(serve(there, respond))
    return *await asyncio.open_connection(sock=here), server


async def get(reader, writer, path):
    """(status, body) of one request."""
    writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    await writer.drain()
    first, body = await read_message(reader)
    return int(first.split()[1]), body
