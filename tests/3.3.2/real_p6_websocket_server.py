#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Serves real clients, in real time, with the solution of p6_websocket_server: Python's library
`websockets`, and Chromium.

    real_p6_websocket_server.py PROGRAM        the test; exit status 77 without `websockets`

Debian has the library for its own Python (python3-websockets): if this one lacks it, that one takes
over. Without Chromium its case is skipped.
"""
import asyncio
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest
import urllib.request

DEBIANS_PYTHON = "/usr/bin/python3"
SKIPPED = 77
SECONDS = 30
PROGRAM = None

try:
    import websockets
except ImportError:
    websockets = None


def find_chromium():
    """A Chromium that runs; some distributions have a command that only says how to get it."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if shutil.which(name) and not subprocess.run([name, "--version"], capture_output=True,
                                                     timeout=SECONDS).returncode:
            return name
    return None


CHROMIUM = find_chromium()


class Server:
    """The program, in real time; `host` is 127.0.0.1:PORT."""

    def __init__(self, *words):
        self.process = subprocess.Popen([PROGRAM, *words, "--port", "0"], stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, text=True)
        first = self.process.stdout.readline()
        found = re.fullmatch(r"listening on ws://(127\.0\.0\.1:\d+)/\n", first)
        if not found:
            self.process.kill()
            raise RuntimeError(f"no port: {first!r}, {self.process.communicate()[1]}")
        self.host = found.group(1)

    def stop(self, number=signal.SIGINT):
        """(exit status, the rest of stdout, stderr) after Ctrl-C."""
        if self.process.returncode is None:
            self.process.send_signal(number)
        try:
            out, err = self.process.communicate(timeout=SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            out, err = self.process.communicate()
        return self.process.returncode, out, err


class Library(unittest.IsolatedAsyncioTestCase):
    """Python's websockets talks to the echo."""

    def setUp(self):
        self.server = Server("--echo")
        self.addCleanup(self.server.stop)

    def connect(self, **options):
        return websockets.connect(f"ws://{self.server.host}/", max_size=None, **options)

    async def echo(self, client, data, answer=None):
        await client.send(data)
        got = await asyncio.wait_for(client.recv(), SECONDS)
        if got != (data if answer is None else answer):
            self.fail(f"{len(data)} of {type(data)} came back as {len(got)}: {got[:100]!r}")

    async def test_text_and_binary(self):
        async with self.connect() as client:
            for data in ("", "Hello", "한국어, ελληνικά, 😀", b"", bytes(range(256)) * 20):
                await self.echo(client, data)

    async def test_lengths(self):
        async with self.connect() as client:
            for n in (125, 126, 127, 65535, 65536, 1 << 20, 16 << 20):
                await self.echo(client, os.urandom(1024) * (n // 1024) + os.urandom(n % 1024))
                await self.echo(client, "é" * (n // 2))

    async def test_offers_of_extensions_and_protocols(self):
        async with self.connect(compression="deflate", subprotocols=["chat"]) as client:
            self.assertIsNone(client.subprotocol)
            self.assertEqual(client.extensions, [])
            await self.echo(client, "x" * 5000)

    async def test_fragments(self):
        async with self.connect() as client:
            await self.echo(client, [b"one", b" ", b"two"], b"one two")
            await self.echo(client, ["one", " ", "two"], "one two")

    async def test_pings(self):
        async with self.connect() as client:
            for payload in (b"", b"ping", b"p" * 125):
                await asyncio.wait_for(await client.ping(payload), SECONDS)

    async def test_a_thousand_messages(self):
        async with self.connect() as client:
            for k in range(1000):
                await client.send(f"message {k}")
            for k in range(1000):
                self.assertEqual(await asyncio.wait_for(client.recv(), SECONDS), f"message {k}")

    async def test_close_codes(self):
        for code, reason in ((1000, ""), (1001, "left"), (3000, "a library's"), (4999, "ours")):
            client = await self.connect()
            await client.close(code, reason)
            self.assertEqual((client.close_code, client.close_reason), (code, reason))

    async def test_what_is_wrong(self):
        async with self.connect() as client:
            await client.write_frame(True, 1, b"\xff")
            with self.assertRaises(websockets.ConnectionClosed):
                await asyncio.wait_for(client.recv(), SECONDS)
            self.assertEqual(client.close_code, 1007)
        with self.assertRaises(websockets.InvalidStatusCode) as refused:
            await websockets.connect(f"ws://{self.server.host}/nowhere")
        self.assertEqual(refused.exception.status_code, 404)

    async def test_stop(self):
        clients = [await self.connect() for _ in range(3)]
        loop = asyncio.get_running_loop()
        stopped = loop.run_in_executor(None, self.server.stop, signal.SIGTERM)
        for client in clients:
            with self.assertRaises(websockets.ConnectionClosed):
                await asyncio.wait_for(client.recv(), SECONDS)
            self.assertEqual(client.close_code, 1001)
        self.assertEqual(await stopped, (0, "", ""))


class Browser:
    """Chromium with one page, driven by its debugging protocol."""

    process = socket = None
    number = 0  # of the last call

    async def open(self, url, folder):
        self.process = await asyncio.create_subprocess_exec(
            CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--no-proxy-server",
            "--remote-debugging-port=0", f"--user-data-dir={folder}", url,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        port = None
        while port is None:
            line = await asyncio.wait_for(self.process.stderr.readline(), SECONDS)
            if not line:
                raise RuntimeError("Chromium has ended")
            found = re.search(rb"DevTools listening on ws://127\.0\.0\.1:(\d+)/", line)
            port = found and int(found.group(1))
        asyncio.ensure_future(self.process.stderr.read())
        address = f"http://127.0.0.1:{port}/json/list"
        with urllib.request.urlopen(address, timeout=SECONDS) as answer:
            pages = [page for page in json.load(answer) if page["type"] == "page"]
        self.socket = await websockets.connect(pages[0]["webSocketDebuggerUrl"], max_size=None)

    async def run(self, script):
        """What the script gives, in the page; None as long as there is no page."""
        self.number += 1
        await self.socket.send(json.dumps({
            "id": self.number, "method": "Runtime.evaluate",
            "params": {"expression": script, "returnByValue": True}}))
        while True:
            answer = json.loads(await asyncio.wait_for(self.socket.recv(), SECONDS))
            if answer.get("id") == self.number:
                return answer.get("result", {}).get("result", {}).get("value")

    async def lines(self, half, last):
        """The lines of one half of the page, when the last one begins with this."""
        text = ""
        for _ in range(50 * SECONDS):
            text = await self.run(f"document.querySelector('#{half} ol').innerText") or ""
            if text.split("\n")[-1].startswith(last):
                break
            await asyncio.sleep(0.02)
        return text.split("\n")

    async def close(self):
        if self.process is not None:
            self.process.terminate()
            await self.process.wait()
        if self.socket is not None:
            await self.socket.close()


@unittest.skipUnless(CHROMIUM, "there is no Chromium")
class Page(unittest.IsolatedAsyncioTestCase):
    """The page for "/", in a browser: what is typed into its two halves."""

    TYPE = """(() => {
        const section = document.querySelector('#%s');
        section.querySelector('input').value = %s;
        section.querySelector('form').requestSubmit();
    })()"""

    async def test_echo_and_chat(self):
        server = Server()
        self.addCleanup(server.stop)
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
            browser = Browser()
            self.addAsyncCleanup(browser.close)
            await browser.open(f"http://{server.host}/", folder)
            for half in ("echo", "chat"):
                await browser.lines(half, "open")
            await browser.run(self.TYPE % ("echo", "'<b>Hello'"))
            self.assertEqual(await browser.lines("echo", ">"), ["open", "> <b>Hello"])
            async with websockets.connect(f"ws://{server.host}/chat") as other:
                await browser.run(self.TYPE % ("chat", "'anybody?'"))
                self.assertEqual(await asyncio.wait_for(other.recv(), SECONDS), "anybody?")
                await other.send("한국어로 안녕하세요")
                self.assertEqual(await browser.lines("chat", "> 한"),
                                 ["open", "> anybody?", "> 한국어로 안녕하세요"])
            stopped = asyncio.get_running_loop().run_in_executor(None, server.stop)
            await browser.lines("chat", "closed: 1001")
            self.assertEqual(await stopped, (0, "", ""))


def main():
    global PROGRAM
    if websockets is None and os.path.realpath(sys.executable) != os.path.realpath(DEBIANS_PYTHON):
        has = shutil.which(DEBIANS_PYTHON) and not subprocess.run(
            [DEBIANS_PYTHON, "-c", "import websockets"], capture_output=True).returncode
        if has:
            os.execv(DEBIANS_PYTHON, [DEBIANS_PYTHON, *sys.argv])
    if websockets is None:
        print("skipped: Python's library websockets is not installed")
        return SKIPPED
    PROGRAM = os.path.abspath(sys.argv.pop())
    return unittest.main(argv=sys.argv[:1])


if __name__ == "__main__":
    sys.exit(main())
