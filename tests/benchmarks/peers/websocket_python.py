# SPDX-License-Identifier: MIT
"""The job of p6_websocket_server --echo with the library websockets."""
import asyncio

import websockets


async def echo(socket, _path=None):
    try:
        async for message in socket:
            await socket.send(message)
    except websockets.ConnectionClosedError:
        pass


async def main():
    async with websockets.serve(echo, "127.0.0.1", 0, compression=None) as server:
        print("port", server.sockets[0].getsockname()[1], flush=True)
        await asyncio.Event().wait()


asyncio.run(main())
