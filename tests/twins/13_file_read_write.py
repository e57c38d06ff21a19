# 13_file_read_write.py: the twin of chapter-3.3.2/13_file_read_write.c
#
# A thread would work in real time. So the executor is one of virtual time: what it is given takes
# 240 ms, and the loop goes on meanwhile. aiofiles uses an executor in the same way.
#
# SPDX-License-Identifier: MIT
import asyncio
import concurrent.futures
import os
import tempfile

from virtual_time import run, say

TEXT = b"Dear diary,"
DISK = 0.24


class SlowDisk(concurrent.futures.Executor):
    def submit(self, work, /, *args):
        future = concurrent.futures.Future()
        asyncio.get_running_loop().call_later(DISK, lambda: future.set_result(work(*args)))
        return future


async def tick():
    while True:
        await asyncio.sleep(0.1)
        say("tick")


async def main():
    loop = asyncio.get_running_loop()
    disk = SlowDisk()
    with tempfile.TemporaryFile(buffering=0) as file:
        try:
            loop.add_reader(file, say, "the file is readable")
        except PermissionError as error:
            say(f"watch: {error.strerror}")
        ticks = asyncio.create_task(tick())
        say("write: asked for")
        n = await loop.run_in_executor(disk, os.pwrite, file.fileno(), TEXT, 0)
        say(f"write: {n} bytes are on the disk")
        say("read: asked for")
        data = await loop.run_in_executor(disk, os.pread, file.fileno(), 64, 0)
        say(f'read: "{data.decode()}"')
        ticks.cancel()


run(main())
