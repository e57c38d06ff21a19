# 08_http_client.py: the twin of chapter-3.3.2/08_http_client.c
#
# SPDX-License-Identifier: MIT
import asyncio
import json
import socket
import sys

import tiny_http
from virtual_time import run, say


async def respond(_path):
    await asyncio.sleep(0.1)
    return 200, '{"name":"ada"}'


async def connect_where_nobody_listens():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    return await asyncio.open_connection("127.0.0.1", port)


async def main():
    say("connect")
    if sys.argv[1:] == ["refused"]:
        try:
            await connect_where_nobody_listens()
        except ConnectionRefusedError:
            say("error: connect")
            return 1
    reader, writer, server = await tiny_http.connect(respond)
    status, body = await tiny_http.get(reader, writer, "/user")
    say(status)
    say(json.dumps(json.loads(body), separators=(",", ":")))
    writer.close()
    await server
    return 0


sys.exit(run(main()))
