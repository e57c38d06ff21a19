# SPDX-License-Identifier: MIT
"""The benchmarks of 3.3.2 notice wrong answers, say what is missing, and end what they start."""
import sys
import tempfile
import unittest
from unittest import mock

from support import ROOT, TreeTest

sys.path.insert(0, str(ROOT / "tests/benchmarks"))
import clients
import compare
import files
import programs
import queues
import servers

# A server of lines or datagrams; ANSWER is an expression over the bytes `got`, None for no answer.
SERVER = """
import socket, sys
kind = sys.argv[1]
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM if kind == "udp" else socket.SOCK_STREAM)
s.bind(("127.0.0.1", 0))
if kind == "tcp":
    s.listen()
print("port", s.getsockname()[1], flush=True)
peer, n = s.accept()[0] if kind == "tcp" else None, 0
while True:
    got, sender = (peer.recv(4096), None) if kind == "tcp" else s.recvfrom(4096)
    if not got:  # the next client: it goes on until it is ended, or there would be nothing to look at
        peer = s.accept()[0]
        continue
    n += 1
    answer = ANSWER
    if answer is None:
        continue
    if kind == "tcp":
        peer.sendall(answer) if answer else sys.exit()
    else:
        s.sendto(answer, sender)
"""
HEAD = "b'HTTP/1.1 %s\\r\\nContent-Type: application/json\\r\\nContent-Length: 31\\r\\n\\r\\n'"
TIME = "b'{\"time\":\"2026-01-01T00:00:00Z\"}'"


class Load(TreeTest):
    """load.c beside servers that answer rightly and wrongly."""

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.load = servers.load_program(folder.name)

    def ask(self, protocol, answer, depth=1, milliseconds=50):
        script = self.write("server.py", SERVER.replace("ANSWER", answer))
        kind = "udp" if protocol == "datagrams" else "tcp"
        job = servers.Job("a job", protocol, [], {})
        with programs.Server([sys.executable, str(script), kind]) as server:
            return servers.ask(self.load, job, servers.Size(1, depth, 16), "a peer", server,
                               milliseconds)

    def test_right_answers(self):
        for protocol, answer in (("lines", "got"), ("datagrams", "got"),
                                 ("http", f"{HEAD % '200 OK'} + {TIME}")):
            with self.subTest(protocol):
                run = self.ask(protocol, answer)
                self.assertGreater(run["ops"], 0)
                self.assertGreater(run["us"], 0)
                self.assertGreater(run["mib"], 1)
                self.assertLessEqual(run["p50"], run["p99"])
                self.assertEqual(run["lost"], 0)

    def test_wrong_answers(self):
        for protocol, answer in (
                ("lines", "got.upper() if n > 9 else got"),
                ("lines", "got if n < 9 else got + got"),
                ("lines", "b'00000001abcdefg\\n' if n > 9 else got"),
                ("datagrams", "got[1:] if n > 9 else got"),
                ("http", f"{HEAD % '500 No'} + {TIME}"),
                ("http", f"{HEAD % '200 OK'} + {TIME.replace('time', 'Time')}"),
                ("websocket", "b'HTTP/1.1 101 Yes\\r\\nSec-WebSocket-Accept: no\\r\\n\\r\\n'"),
                ("websocket", "b'HTTP/1.1 101 Yes\\r\\n"
                 "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\\r\\n\\r\\n'")):
            with self.subTest(f"{protocol}: {answer}"):
                with self.assertRaisesRegex(SystemExit, "a peer: 1 connection.*wrong"):
                    self.ask(protocol, answer)

    def test_end_of_a_connection(self):
        with self.assertRaisesRegex(SystemExit, "a peer: 1 connection.*has ended"):
            self.ask("lines", "got if n < 9 else b''")

    def test_lost_datagrams_are_counted(self):
        run = self.ask("datagrams", "None if n == 9 else got", milliseconds=500)
        self.assertEqual(run["lost"], 1)
        self.assertGreater(run["ops"], 0)


class Programs(TreeTest):
    def test_server_is_ended(self):
        with programs.Server(["sh", "-c", "echo port 7; exec sleep 100"]) as server:
            self.assertEqual(server.port, 7)
            self.assertIsNone(server.process.poll())
        self.assertEqual(server.process.poll(), -9)

    def test_server_without_a_port(self):
        with self.assertRaisesRegex(SystemExit, "says no port, but 'no\\\\n'"):
            with programs.Server(["echo", "no"]):
                pass

    def test_missing_peers_are_said(self):
        with mock.patch.dict("os.environ", PATH=str(self.root)):
            for what, make in (("node", lambda: programs.node_program("http.mjs")),
                               ("go", lambda: programs.go_program(self.root, "http.go"))):
                with self.assertRaisesRegex(programs.Missing, f"^{what}$"):
                    make()
        found, missing = compare.available({
            "C": lambda: programs.c_program(self.root, "c", [], ["no-such-library"]),
            "Python": lambda: programs.python_program("echo.py", "no_such_module"),
            "ours": lambda: ["ours"]})
        self.assertEqual(found, {"ours": ["ours"]})
        self.assertIn("C: not installed: no-such-library\nPython: not installed: Python's "
                      "no_such_module", compare.heading("job", missing))

    def test_all_peers_are_there(self):
        names = {path.name for path in programs.PEERS.iterdir()}
        text = "".join((programs.HERE / f"{module.__name__}.py").read_text(encoding="utf-8")
                       for module in (servers, clients, files, queues, programs))
        self.assertEqual([name for name in sorted(names) if f'"{name}"' not in text], [])


class Queues(TreeTest):
    def test_wrong_sum_ends_the_run(self):
        with self.assertRaisesRegex(SystemExit, "a peer: room for 64: a wrong sum"):
            queues.measure("a peer", ["sh", "-c", "echo a wrong sum >&2; exit 1", "sh"], 64, 10)

    def test_slow_peers_get_fewer_items(self):
        says = 'import sys; print(\'{"ops": %s, "cpu": 0.01, "real": 0.02}\' % sys.argv[2])'
        run = queues.measure("asyncio", [sys.executable, "-c", says], 64, 1000)
        self.assertEqual(run, {"us": 200, "rate": 2500})


class Table(TreeTest):
    def test_ratios_and_goals(self):
        rows = {"ours": {"us": 2.0}, "fast": {"us": 1.0}, "slow": {"us": 8.0, "mib": 30.25}}
        columns = {"us": ("CPU us", ".2f"), "mib": ("peak MiB", ".1f")}
        lines = compare.table("size", columns, rows, ["ours"], {"fast": 0.5, "slow": 0.25})
        self.assertEqual([line.split() for line in lines[3:]], [
            ["ours", "2.00"], ["fast", "1.00", "2.000x", "0.50x", "MISSED"],
            ["slow", "8.00", "30.2", "0.250x", "0.25x", "kept"]])

    def test_medians_in_turn(self):
        order, values = [], {"a": iter((1, 9, 2)), "b": iter((5, 5, 5))}

        def measure(name):
            order.append(name)
            return {"us": next(values[name])}
        self.assertEqual(compare.medians("ab", 3, measure), {"a": {"us": 2}, "b": {"us": 5}})
        self.assertEqual("".join(order), "ababab")


class Commands(TreeTest):
    """Programs that say what they found themselves."""

    def command(self, line, status=0):
        return [str(self.write("command", f"#!/bin/sh\necho '{line}'\nexit {status}\n", 0o755))]

    def test_client(self):
        line = '{"ops": 10, "cpu": 0.001, "real": 0.1, "p50": 1, "p99": 2, "peak": 2048}'
        run = clients.ask("a peer", self.command(line), 80, 1, 100)
        self.assertEqual((run["us"], run["mib"]), (100.0, 2.0))
        with self.assertRaisesRegex(SystemExit, "a peer: 1 at once: exit status 1"):
            clients.ask("a peer", self.command(line, 1), 80, 1, 100)

    def test_files(self):
        paths, totals = files.write_files(self.root, 2)
        run = files.measure("wc", ["wc"], paths, totals)
        self.assertGreater(run["us"], 0)
        self.assertGreater(files.measure("wc -l", ["wc", "-l"], paths, totals)["rate"], 0)
        for wrong in ('{"lines": 1, "words": 2, "bytes": 3}', "nothing", ""):
            with self.assertRaisesRegex(SystemExit, "a peer: wrong result: expected"):
                files.measure("a peer", self.command(wrong), paths, totals)


if __name__ == "__main__":
    unittest.main()
