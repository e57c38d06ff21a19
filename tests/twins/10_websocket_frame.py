# 10_websocket_frame.py: the twin of chapter-3.3.2/10_websocket_frame.c
#
# SPDX-License-Identifier: MIT
import asyncio
import base64
import hashlib
import struct

from virtual_time import run, say

KEY = "dGhlIHNhbXBsZSBub25jZQ=="
HELLO = bytes.fromhex("81 85 37 fa 21 3d 7f 9f 4d 51 58")


def accept_key(key):
    digest = hashlib.sha1((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest()
    return base64.b64encode(digest).decode()


def encode_header(opcode, length):
    if length < 126:
        return struct.pack("!BB", 0x80 | opcode, length)
    if length < 65536:
        return struct.pack("!BBH", 0x80 | opcode, 126, length)
    return struct.pack("!BBQ", 0x80 | opcode, 127, length)


async def read_byte(reader):
    return (await reader.readexactly(1))[0]


async def read_frame(reader):
    """A frame with a short length, each byte of it told when it comes."""
    first = await read_byte(reader)
    say(f"decoder: {first:02x} last frame of its message, opcode {first & 0x0f}")
    second = await read_byte(reader)
    length = second & 0x7F
    say(f"decoder: {second:02x} masked, length {length}")
    mask = []
    for _ in range(4):
        mask.append(await read_byte(reader))
        say(f"decoder: {mask[-1]:02x} mask")
    for k in range(length):
        byte = await read_byte(reader)
        data = byte ^ mask[k % 4]
        say(f"decoder: {byte:02x} ^ {mask[k % 4]:02x} is {data:02x} '{chr(data)}'")
    say("decoder: end of a frame")


async def network(reader):
    for byte in HELLO:
        await asyncio.sleep(0.01)
        reader.feed_data(bytes([byte]))


async def main():
    say(f"handshake: key {KEY}")
    say(f"handshake: accept {accept_key(KEY)}")
    for length in 5, 125, 126, 65535, 65536:
        say(f"encoder: {length} bytes: {encode_header(1, length).hex(' ')}")
    reader = asyncio.StreamReader()
    await asyncio.gather(network(reader), read_frame(reader))


run(main())
