# 04_single_thread.py [hog|pieces]: the twin of chapter-3.3.1/04_single_thread.c
#
# There is no twin of `priority`: asyncio has none.
#
# SPDX-License-Identifier: MIT
import asyncio
import sys
import threading

from virtual_time import run, say

COMPUTE, TICK, TICKS = 0.3, 0.1, 3


def compute(seconds):
    """The clock of virtual_time.py stands still while code runs; this moves it on."""
    clock = asyncio.get_running_loop()._jumping
    clock.now = round(clock.now + seconds, 6)


class Watch:
    """Each step between two awaits begins and ends with it, to see whether it is alone."""

    def __init__(self):
        self.thread = threading.get_ident()
        self.running = self.steps = self.elsewhere = self.inside = 0

    def __enter__(self):
        self.steps += 1
        self.elsewhere += threading.get_ident() != self.thread
        self.inside += self.running > 0
        self.running += 1

    def __exit__(self, *_):
        self.running -= 1


async def compute_all(watch, pieces):
    for n in range(1, pieces + 1):
        with watch:
            if n in (1, pieces):
                say(f"piece {n}: begins")
            compute(COMPUTE / pieces)
            if n in (1, pieces):
                say(f"piece {n}: ends")
        await asyncio.sleep(0)


class Ticker:
    """A callback each 0.1 s, like a timer with EV_PERSIST: after a long delay it counts anew."""

    def __init__(self, watch):
        self.watch = watch
        self.loop = asyncio.get_running_loop()
        self.ticks = 0
        self.done = self.loop.create_future()
        self.arm(self.loop.time() + TICK)

    def arm(self, due):
        self.due = due
        self.loop.call_at(due, self.on_tick)

    def on_tick(self):
        with self.watch:
            self.ticks += 1
            say(f"tick {self.ticks}: due at 0.{self.ticks}00")
        if self.ticks == TICKS:
            self.done.set_result(None)
        else:
            late = self.due + TICK < self.loop.time()
            self.arm((self.loop.time() if late else self.due) + TICK)


async def main(pieces):
    watch = Watch()
    ticker = Ticker(watch)
    await asyncio.gather(compute_all(watch, pieces), ticker.done)
    say(f"{watch.steps} callbacks: {watch.elsewhere} on another thread, {watch.inside} inside another")


ways = {"hog": 1, "pieces": 30}
words = sys.argv[1:] or ["pieces"]
if len(words) != 1 or words[0] not in ways:
    sys.exit("usage: 04_single_thread.py [hog|pieces]")
run(main(ways[words[0]]))
