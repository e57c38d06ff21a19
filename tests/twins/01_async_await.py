# 01_async_await.py: the twin of chapter-3.3.1/01_async_await.c, in the same three ways
#
# SPDX-License-Identifier: MIT
import asyncio

from virtual_time import run, say

CONNECT, ASK, CLOSE = 0.100, 0.200, 0.050


def say_as(style, what):
    say(f"{style:<13}  {what}")


class Callbacks:
    """Each step names the next one."""

    def __init__(self, done):
        self.loop = asyncio.get_running_loop()
        self.done = done
        self.loop.call_soon(self.on_start)

    def on_start(self):
        say_as("callbacks", "start")
        self.loop.call_later(CONNECT, self.on_connected)

    def on_connected(self):
        say_as("callbacks", "connected")
        self.loop.call_later(ASK, self.on_reply)

    def on_reply(self):
        say_as("callbacks", "reply")
        self.loop.call_later(CLOSE, self.on_closed)

    def on_closed(self):
        say_as("callbacks", "closed")
        self.done.set_result(None)


class StateMachine:
    """One step for all; the state says which it is."""

    STEPS = [("start", CONNECT), ("connected", ASK), ("reply", CLOSE), ("closed", None)]

    def __init__(self, done):
        self.loop = asyncio.get_running_loop()
        self.done = done
        self.state = 0
        self.loop.call_soon(self.on_woken)

    def on_woken(self):
        what, pause = self.STEPS[self.state]
        say_as("state machine", what)
        self.state += 1
        if pause is None:
            self.done.set_result(None)
        else:
            self.loop.call_later(pause, self.on_woken)


async def coroutine():
    say_as("coroutine", "start")
    await asyncio.sleep(CONNECT)
    say_as("coroutine", "connected")
    await asyncio.sleep(ASK)
    say_as("coroutine", "reply")
    await asyncio.sleep(CLOSE)
    say_as("coroutine", "closed")


async def main():
    loop = asyncio.get_running_loop()
    callbacks_done, machine_done = loop.create_future(), loop.create_future()
    Callbacks(callbacks_done)
    StateMachine(machine_done)
    await asyncio.gather(callbacks_done, machine_done, coroutine())


run(main())
