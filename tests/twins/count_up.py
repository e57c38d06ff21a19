# count_up.py [sequential|concurrent]: the twin of chapter-3.3.1/count_up.c
#
# SPDX-License-Identifier: MIT
import asyncio
import sys

from virtual_time import run, say


async def count_up(name, n):
    for i in range(n):
        say(f"{name}: {i}")
        await asyncio.sleep(0.5)
    say(f"{name} done")


async def sequential():
    await count_up("A", 2)
    await count_up("B", 2)


async def concurrent():
    await asyncio.gather(count_up("A", 3), count_up("B", 3))
    say("gather")


orders = {"sequential": sequential, "concurrent": concurrent}
words = sys.argv[1:] or ["concurrent"]
if len(words) != 1 or words[0] not in orders:
    sys.exit("usage: count_up.py [sequential|concurrent]")
run(orders[words[0]]())
