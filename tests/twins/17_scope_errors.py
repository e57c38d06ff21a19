# 17_scope_errors.py [lost|full|again]: the twin of chapter-3.3.3/17_scope_errors.c
#
# Not of its run `both`: an exception of __aexit__ takes the place of the body's.
#
# SPDX-License-Identifier: MIT
import asyncio
import errno
import os
import sys

from virtual_time import run, say

fate = sys.argv[1] if len(sys.argv) > 1 else "well"


async def ask(who, done, seconds, error=0):
    await asyncio.sleep(seconds)
    say(f"{who}: {os.strerror(error) if error else done}")
    if error:
        raise OSError(error, os.strerror(error))


class Transaction:
    async def __aenter__(self):
        await ask("transaction", "begun", 0.05)

    async def __aexit__(self, kind, error, traceback):
        if error is None:
            await ask("transaction", "committed", 0.05, errno.ENOSPC if fate == "full" else 0)
        else:
            await ask("transaction", "rolled back", 0.05)
        return isinstance(error, FileExistsError)


async def main():
    try:
        async with Transaction():
            error = {"lost": errno.ECONNRESET, "again": errno.EEXIST}.get(fate, 0)
            await ask("payment", "made", 0.1, error)
        say("caller: paid")
    except OSError as error:
        say(f"caller: {error.strerror}")


run(main())
