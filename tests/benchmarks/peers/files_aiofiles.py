# SPDX-License-Identifier: MIT
"""Counts lines, words and bytes of files with aiofiles: files_aiofiles.py FILE..."""
import asyncio
import json
import sys

import aiofiles

CHUNK = 256 * 1024


async def count(path):
    lines = words = size = 0
    inside = False  # the chunk before has ended in a word
    async with aiofiles.open(path, "rb") as file:
        while chunk := await file.read(CHUNK):
            size += len(chunk)
            lines += chunk.count(b"\n")
            words += len(chunk.split()) - (inside and not chunk[:1].isspace())
            inside = not chunk[-1:].isspace()
    return lines, words, size


async def main(paths):
    counts = [await count(path) for path in paths]
    print(json.dumps(dict(zip(("lines", "words", "bytes"), map(sum, zip(*counts))))))


asyncio.run(main(sys.argv[1:]))
