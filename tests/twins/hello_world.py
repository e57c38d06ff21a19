# hello_world.py: what CPython prints where chapter-3.3.1/hello_world.c runs in C
#
# SPDX-License-Identifier: MIT
import asyncio

from virtual_time import run, say


async def hello_world():
    say("Hello")
    await asyncio.sleep(1)
    say("World")


run(hello_world())
