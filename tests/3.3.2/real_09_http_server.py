#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Serves real clients, in real time, with chapter-3.3.2/09_http_server: curl, and Chromium.

    real_09_http_server.py PROGRAM             the test; exit status 77 without curl
    real_09_http_server.py --fill PROGRAM      makes chapter-3.3.2/09_http_server.curl again

That file has, behind each line `$ curl ...`, what curl printed, with the server on port 8080. The
test repeats the commands on a free port, and compares; only the date and the time may differ.
Without Chromium its case is skipped.
"""
import calendar
import json
import os
import pathlib
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

CURL_FILE = pathlib.Path(__file__).resolve().parents[2] / "chapter-3.3.2/09_http_server.curl"
SHOWN_PORT = 8080
PROGRAM = None
# Nothing that is set on this machine comes between.
ENVIRONMENT = {**os.environ, "no_proxy": "*", "CURL_HOME": "/nonexistent", "LC_ALL": "C.UTF-8"}


def find_chromium():
    """A Chromium that runs; some distributions have a command that only says how to get it."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if shutil.which(name) and not subprocess.run([name, "--version"], capture_output=True,
                                                     timeout=60).returncode:
            return name
    return None


CHROMIUM = find_chromium()


class Server:
    """The program, in real time; `url` ends behind the port."""

    def __init__(self, port=0):
        self.process = subprocess.Popen([PROGRAM, "--port", str(port)], stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, text=True)
        first = self.process.stdout.readline()
        if not first.startswith("http://127.0.0.1:"):
            self.process.kill()
            raise RuntimeError(f"no port: {first!r}, {self.process.communicate()[1]}")
        self.url = first.split("/api/")[0]
        self.port = int(self.url.rsplit(":", 1)[1])

    def stop(self):
        """(exit status, the rest of stdout, stderr) after Ctrl-C."""
        if self.process.returncode is None:
            self.process.send_signal(signal.SIGINT)
        try:
            out, err = self.process.communicate(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            out, err = self.process.communicate()
        return self.process.returncode, out, err


def curl(*words):
    """What curl prints for these words, its lines ended by \\n."""
    done = subprocess.run(["curl", *words], env=ENVIRONMENT, stdin=subprocess.DEVNULL,
                          capture_output=True, timeout=20)
    return done.stdout.decode().replace("\r\n", "\n")


def run_commands(commands, server):
    """The text of the file, made with `server`, as if it were on SHOWN_PORT."""
    blocks = []
    for command in commands:
        words = shlex.split(command.replace(f":{SHOWN_PORT}/", f":{server.port}/"))
        blocks.append(f"{command}\n{curl(*words[2:]).rstrip()}\n")
    return "\n".join(blocks)


def commands_of(text):
    return [line for line in text.split("\n") if line.startswith("$ curl ")]


def without_times(text):
    return re.sub(r'"time":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"', '"time":"..."',
                  re.sub(r"(?m)^Date: .*$", "Date: ...", text))


class RealClients(unittest.TestCase):
    """One server for all: to stop takes it a second, for the clients' sake."""

    @classmethod
    def setUpClass(cls):
        cls.server = Server()
        cls.addClassCleanup(cls.server.stop)
        cls.time_url = cls.server.url + "/api/time"
        cls.later_url = cls.server.url + "/api/later"

    def test_what_the_lesson_shows(self):
        text = CURL_FILE.read_text(encoding="utf-8")
        self.assertGreaterEqual(len(commands_of(text)), 3)
        self.assertEqual(without_times(run_commands(commands_of(text), self.server)),
                         without_times(text))

    def test_json(self):
        told = json.loads(curl("-s", self.time_url))["time"]
        seconds = calendar.timegm(time.strptime(told, "%Y-%m-%dT%H:%M:%SZ"))
        self.assertLess(abs(time.time() - seconds), 60)

    def test_head_and_get_on_one_connection(self):
        out = curl("-sI", self.time_url, "--next", "-s", "-w", " %{num_connects}", self.time_url)
        self.assertRegex(out, r'(?s)^HTTP/1.1 200 OK\n.*\n\n{"time":"[^"]+"} 0$')

    def test_statuses(self):
        status = "%{http_code}"
        for expected, words in (("404", [self.server.url + "/"]),
                                ("405", ["-X", "PATCH", self.time_url]),
                                ("413", ["-d", "x" * 1001, self.time_url]),
                                ("413", ["-d", "x" * 1001, "-H", "Transfer-Encoding: chunked",
                                         self.time_url]),
                                ("400", ["-H", "X: " + "y" * 9000, self.time_url])):
            self.assertEqual(curl("-s", "-o", os.devnull, "-w", status, *words), expected, words)

    def test_later_holds_up_nobody(self):
        began = time.monotonic()
        waiting = [subprocess.Popen(["curl", "-s", self.later_url], env=ENVIRONMENT,
                                    stdout=subprocess.PIPE) for _ in range(5)]
        self.assertIn("time", curl("-s", self.time_url))
        for process in waiting:
            self.assertIn(b'"time"', process.communicate(timeout=20)[0])
        self.assertGreaterEqual(time.monotonic() - began, 0.4)

    def test_clients_that_leave(self):
        for _ in range(5):
            curl("-s", "--max-time", "0.1", self.later_url)
        self.assertIn("time", curl("-s", self.later_url))  # due after all that have left

    def test_stopped_while_a_request_is_held(self):
        server = Server()
        self.addCleanup(server.stop)
        with socket.create_connection(("127.0.0.1", server.port), timeout=20) as waiting:
            waiting.sendall(b"GET /api/later HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            for _ in range(2):  # who came before has been read when these are answered
                self.assertIn("time", curl("-s", server.url + "/api/time"))
            self.assertEqual(server.stop(), (0, "stopping\n", ""))
            self.assertIn(b'"time"', waiting.makefile("rb").read())

    @unittest.skipUnless(CHROMIUM, "there is no Chromium")
    def test_a_browser(self):
        with tempfile.TemporaryDirectory() as folder:
            done = subprocess.run([CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu",
                                   "--no-proxy-server", f"--user-data-dir={folder}", "--dump-dom",
                                   self.time_url],
                                  capture_output=True, timeout=100)
        self.assertRegex(done.stdout.decode(), r'{"time":"\d{4}-')


def main():
    global PROGRAM
    fill = sys.argv[1:2] == ["--fill"]
    PROGRAM = os.path.abspath(sys.argv.pop())
    if shutil.which("curl") is None:
        print("skipped: there is no curl")
        return 77
    if not fill:
        return unittest.main(argv=sys.argv[:1])
    server = Server(SHOWN_PORT)
    text = run_commands(commands_of(CURL_FILE.read_text(encoding="utf-8")), server)
    server.stop()
    CURL_FILE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
