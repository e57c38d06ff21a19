# bad_mask_restart.py: the twin of chapter-3.3.2/bad_mask_restart.c, with the same mistake
#
# SPDX-License-Identifier: MIT
import asyncio
import sys

from virtual_time import run, say

MASK = bytes.fromhex("37 fa 21 3d")
PAYLOAD = bytes.fromhex("7f 9f 4d 51 58")


class Visitor(asyncio.Protocol):
    def data_received(self, data):
        texts = []
        for k, byte in enumerate(data):
            c = byte ^ MASK[k % 4]  # WRONG: k counts from the start of the portion
            texts.append(f"  {byte:02x} is {c:02x} '{chr(c) if 0x20 <= c < 0x7f else '.'}'")
        say("portion:" + "".join(texts))


async def main(size):
    visitor = Visitor()
    for start in range(0, len(PAYLOAD), size):
        await asyncio.sleep(0.01)
        visitor.data_received(PAYLOAD[start:start + size])


run(main(int(sys.argv[1])))
