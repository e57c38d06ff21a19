# 07_periodic_timer.py rearm|deadline: the twin of two ways of chapter-3.3.1/07_periodic_timer.c
#
# The other two ways mend what libevent's cached time does; asyncio has none.
#
# SPDX-License-Identifier: MIT
import asyncio
import sys

from virtual_time import run, say, work

PERIOD, WORK, TICKS = 0.100, 0.030, 5


def tick(n):
    say(f"tick {n}")
    work(WORK)


async def rearm():
    for n in range(1, TICKS + 1):
        await asyncio.sleep(PERIOD)
        tick(n)


async def deadline():
    loop = asyncio.get_running_loop()
    start = loop.time()
    done = loop.create_future()

    def on_tick(n):
        tick(n)
        if n == TICKS:
            done.set_result(None)
        else:
            loop.call_at(start + (n + 1) * PERIOD, on_tick, n + 1)

    loop.call_at(start + PERIOD, on_tick, 1)
    await done


ways = {"rearm": rearm, "deadline": deadline}
if len(sys.argv) != 2 or sys.argv[1] not in ways:
    sys.exit("usage: 07_periodic_timer.py rearm|deadline")
run(ways[sys.argv[1]]())
