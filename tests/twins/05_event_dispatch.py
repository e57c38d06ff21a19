# 05_event_dispatch.py: the twin of chapter-3.3.1/05_event_dispatch.c
#
# asyncio has no priorities: what shall run first must be queued first.
#
# SPDX-License-Identifier: MIT
import asyncio
import os
import signal
import socket

from virtual_time import run, say

TICK, WRITE_AT, SIGNAL_AT, TICKS = 0.100, 0.150, 0.250, 3


def say_if(pending, name):
    if pending:
        say(f"still pending: {name}")


class Program:
    def __init__(self):
        self.loop = asyncio.get_running_loop()
        self.stopped = self.loop.create_future()
        self.ours, self.outside = socket.socketpair()
        self.ours.setblocking(False)
        self.ticks = 0

    def open(self):
        self.loop.call_soon(self.on_user, "urgent")
        self.loop.call_soon(self.on_user, "routine")
        self.timer = self.loop.call_later(TICK, self.on_timer)
        self.loop.add_reader(self.ours, self.on_readable)
        self.loop.add_signal_handler(signal.SIGUSR1, self.on_signal)
        self.loop.call_later(WRITE_AT, self.outside.send, b"abc")
        self.loop.call_later(SIGNAL_AT, os.kill, os.getpid(), signal.SIGUSR1)

    def on_user(self, name):
        say(f"user: {name}")

    def on_timer(self):
        self.ticks += 1
        say(f"timer: #{self.ticks}")
        if self.ticks < TICKS:
            self.timer = self.loop.call_later(TICK, self.on_timer)
            return
        self.timer = None
        say("stop")
        self.stopped.set_result(None)

    def on_readable(self):
        say(f"readable: {len(self.ours.recv(64))} bytes")

    def on_signal(self):
        say("signal: SIGUSR1")

    def close(self):
        # What call_soon() queued is called once; a reader and a signal handler stay until removed.
        say_if(self.timer is not None, "timer")
        say_if(self.loop.remove_reader(self.ours), "readable")
        say_if(self.loop.remove_signal_handler(signal.SIGUSR1), "signal")
        self.ours.close()
        self.outside.close()


async def main():
    program = Program()
    program.open()
    await program.stopped
    program.close()


run(main())
