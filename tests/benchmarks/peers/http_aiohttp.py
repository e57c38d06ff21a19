# SPDX-License-Identifier: MIT
"""The job of chapter-3.3.2/09_http_server.c with aiohttp: http_aiohttp.py [--uvloop]"""
import asyncio
import datetime
import sys

from aiohttp import web


async def tell_time(_request):
    now = datetime.datetime.now(datetime.timezone.utc)
    return web.json_response({"time": now.strftime("%Y-%m-%dT%H:%M:%SZ")})


async def main():
    app = web.Application()
    app.router.add_get("/api/time", tell_time)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print("port", runner.addresses[0][1], flush=True)
    await asyncio.Event().wait()


if "--uvloop" in sys.argv:
    import uvloop
    uvloop.install()
asyncio.run(main())
