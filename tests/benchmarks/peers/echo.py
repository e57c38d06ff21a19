# SPDX-License-Identifier: MIT
"""The jobs of 11_tcp_echo.c and 12_udp_echo.c with asyncio: echo.py tcp|udp [--uvloop]"""
import asyncio
import sys


async def echo(reader, writer):
    while line := await reader.readline():
        writer.write(line)
        await writer.drain()
    writer.close()


class Echo(asyncio.DatagramProtocol):
    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, sender):
        self.transport.sendto(data, sender)


async def main():
    if sys.argv[1] == "tcp":
        server = await asyncio.start_server(echo, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
    else:
        transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
            Echo, local_addr=("127.0.0.1", 0))
        port = transport.get_extra_info("sockname")[1]
    print("port", port, flush=True)
    await asyncio.Event().wait()


if "--uvloop" in sys.argv:
    import uvloop
    uvloop.install()
asyncio.run(main())
