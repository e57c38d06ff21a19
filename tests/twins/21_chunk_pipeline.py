# 21_chunk_pipeline.py: the twin of chapter-3.3.3/21_chunk_pipeline.c
#
# SPDX-License-Identifier: MIT
import asyncio

from virtual_time import run, say

SIZE, CHUNK, LIMIT = 1024 * 1024, 16 * 1024, 128


class Disk:
    reads = 0

    async def read(self):
        for position in range(0, SIZE, CHUNK):
            await asyncio.sleep(0.01)
            self.reads += 1
            yield bytes(k & 255 for k in range(position, position + CHUNK))


async def stage(chunks, change):
    async for chunk in chunks:
        if changed := change(chunk):
            yield changed


def double(chunk):
    return bytes(2 * byte & 255 for byte in chunk)


def keep_small(chunk):
    return bytes(byte for byte in chunk if byte < LIMIT)


async def main():
    disk, kept, total = Disk(), 0, 0
    async for chunk in stage(stage(disk.read(), double), keep_small):
        total += sum(chunk)
        kept += len(chunk)
        if disk.reads % 16 == 0:
            say(f"sum: {kept} of {SIZE} bytes, {total}")
    say("sum: end")
    say(f"memory: {CHUNK} bytes, for {disk.reads} reads")


run(main())
