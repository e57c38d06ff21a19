# SPDX-License-Identifier: MIT
"""Asks for the time over and over with aiohttp: client.py [--uvloop] PORT AT_ONCE MILLISECONDS

Prints what clients.py wants to know. As much time before that is for warming up.
"""
import asyncio
import json
import sys
import time

import aiohttp


def peak_kib():
    with open("/proc/self/status", encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))


async def ask(session, url, begin, end, latencies):
    now = time.monotonic()
    while now < end:
        async with session.get(url) as response:
            answer = await response.json()
        if response.status != 200 or not answer["time"].startswith("20"):
            sys.exit(f"wrong answer: {answer}")
        before, now = now, time.monotonic()
        if now > begin:
            latencies.append(now - before)


async def main(port, at_once, milliseconds):
    seconds = milliseconds / 1000
    begin, latencies = time.monotonic() + seconds, []
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=at_once)) as session:
        url = f"http://127.0.0.1:{port}/api/time"
        tasks = [asyncio.create_task(ask(session, url, begin, begin + seconds, latencies))
                 for _ in range(at_once)]
        await asyncio.sleep(begin - time.monotonic())
        cpu = time.process_time()
        await asyncio.gather(*tasks)
        cpu, real = time.process_time() - cpu, time.monotonic() - begin
    latencies.sort()
    print(json.dumps({"ops": len(latencies), "cpu": cpu, "real": real,
                      "p50": latencies[len(latencies) // 2] * 1e6,
                      "p99": latencies[len(latencies) * 99 // 100] * 1e6, "peak": peak_kib()}))


if sys.argv[1] == "--uvloop":
    import uvloop
    uvloop.install()
asyncio.run(main(*map(int, sys.argv[-3:])))
