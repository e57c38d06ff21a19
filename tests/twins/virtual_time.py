# virtual_time.py: an asyncio event loop that never waits
#
# Its clock stands still while code runs. When nothing is ready, it jumps to the next deadline. So
# a twin takes no time, and the times that it prints are exact. say() prints a line in the form of
# a transcript: "%6.3f  text", seconds since the loop began.
#
# SPDX-License-Identifier: MIT
import asyncio
import selectors


class _JumpingSelector(selectors.DefaultSelector):
    """Looks at the descriptors without waiting; where it should wait, the clock moves on."""

    def __init__(self):
        super().__init__()
        self.now = 0.0

    def select(self, timeout=None):
        ready = super().select(0)
        if not ready:
            if timeout is None:
                raise RuntimeError("the loop would sleep for ever")
            # Whole microseconds: sums of decimal fractions shall not drift away from them.
            self.now = round(self.now + max(timeout, 0), 6)
        return ready


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    def __init__(self):
        self._jumping = _JumpingSelector()
        super().__init__(self._jumping)

    def time(self):
        return self._jumping.now


def say(text):
    """Prints one line with the present virtual time in front."""
    print(f"{asyncio.get_running_loop().time():6.3f}  {text}")


def work(seconds):
    """A computation that takes so long: time passes, and the loop does not run."""
    jumping = asyncio.get_running_loop()._jumping
    jumping.now = round(jumping.now + seconds, 6)


def run(main):
    """What asyncio.run() does, on virtual time."""
    loop = VirtualTimeLoop()
    try:
        return loop.run_until_complete(main)
    finally:
        loop.close()
