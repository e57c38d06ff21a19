# async_http_client.py: the twin of chapter-3.3.2/async_http_client.c
#
# SPDX-License-Identifier: MIT
import json

import tiny_http
from virtual_time import run, say


class AsyncHttpClient:
    connections = 0

    async def __aenter__(self):
        self.reader, self.writer, self.server = await tiny_http.connect(respond)
        AsyncHttpClient.connections += 1
        return self

    async def get(self, path):
        status, body = await tiny_http.get(self.reader, self.writer, path)
        return status, json.loads(body)

    async def __aexit__(self, *exc_info):
        self.writer.close()
        await self.server


async def respond(path):
    found = path == "/users/1"
    return (200, '{"name":"ada"}') if found else (404, '{"error":"no such user"}')


async def main():
    asked = 0
    async with AsyncHttpClient() as client:
        say("enter")
        for path in ("/users/1", "/users/2"):
            say(f"get {path}")
            asked += 1
            status, data = await client.get(path)
            say(f"{status} {json.dumps(data, separators=(',', ':'))}")
    say(f"exit, after {asked} requests on {client.connections} connection")


run(main())
