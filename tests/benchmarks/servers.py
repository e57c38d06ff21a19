#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Compares the servers of 3.3.2 with others that do the same job: http, tcp, udp, websocket.

    servers.py [--full] [JOB...]

All servers of a job run beside each other and are asked in turn, three times; the medians are
shown. load.c asks and checks every answer: a wrong one ends the run with status 1. Servers and load
share one core. CPU time an answer is what to compare: it is the server's alone, and repeats within
a tenth on a busy machine, where rates and latencies drift. A goal is a ratio of it, "ours" divided
by "theirs"; it is said whether it is kept, and the exit status does not depend on it.

--full    measures for 2 s each, and not for 0.3 s
"""
import argparse
import contextlib
import dataclasses
import sys
import tempfile

import compare
import programs

ROUNDS = 3
MOST_SECONDS = 30  # of one measurement
COLUMNS = {"us": ("CPU us", ".2f"), "rate": ("per second", ",.0f"), "p50": ("p50 us", ",.0f"),
           "p99": ("p99 us", ",.0f"), "mib": ("peak MiB", ".1f")}
LOST = {"lost": ("lost", ",.0f")}


@dataclasses.dataclass
class Size:
    connections: int
    depth: int  # requests on their way, in each connection
    length: int  # of a message, in bytes
    goals: dict = dataclasses.field(default_factory=dict)  # by peer: ours/theirs at the most

    def __str__(self):
        flight = "1" if self.depth == 1 else f"{self.depth} each"
        plural = "" if self.connections == 1 else "s"
        return f"{self.connections:,} connection{plural}, {flight} in flight, {self.length:,} bytes"


@dataclasses.dataclass
class Job:
    title: str
    protocol: str  # as load.c calls it
    sizes: list
    servers: dict  # by name, ours first: what makes the command, from a folder; or a Server


def echo_servers(name, word):
    """Ours and the peers of a lesson about `word`, tcp or udp."""
    return {
        name: lambda folder: [*programs.lesson(folder, name, ["libevent"]), "--port", "0"],
        "asyncio": lambda _: programs.python_program("echo.py", "asyncio", word),
        "uvloop": lambda _: programs.uvloop_program("echo.py", "asyncio", word),
        "node": lambda _: programs.node_program("echo.mjs", None, word),
        "Go": lambda folder: programs.go_program(folder, "echo.go", None, word),
        "libuv": lambda folder: [*programs.c_program(folder, f"uv_{word}", [
            programs.PEERS / "echo_uv.c"], ["libuv"]), word],
    }


# Ours need what the lessons need, which is installed; of the peers, any may be missing.
JOBS = {
    "http": Job("HTTP, keep-alive: GET /api/time, an object of JSON", "http", [
        Size(8, 1, 31), Size(64, 1, 31, {"Go": 0.80, "aiohttp": 0.15}), Size(512, 1, 31),
        Size(64, 16, 31, {"Go": 1.0})], {
            "09_http_server": lambda folder: [
                *programs.lesson(folder, "09_http_server", ["libevent", "json-c"]), "--port", "0"],
            "aiohttp": lambda _: programs.python_program("http_aiohttp.py", "aiohttp"),
            "+ uvloop": lambda _: programs.uvloop_program("http_aiohttp.py", "aiohttp"),
            "node": lambda _: programs.node_program("http.mjs"),
            "Go": lambda folder: programs.go_program(folder, "http.go"),
            "nginx": programs.Nginx,
        }),
    "tcp": Job("TCP: a line sent back", "lines", [
        Size(8, 1, 64), Size(64, 1, 64, {"asyncio": 0.45}), Size(512, 1, 64), Size(64, 16, 64)],
        echo_servers("11_tcp_echo", "tcp")),
    "udp": Job("UDP: a datagram sent back", "datagrams", [
        Size(1, 1, 16), Size(16, 1, 16, {"Go": 0.70}), Size(64, 1, 16, {"Go": 0.70}),
        Size(16, 8, 16)],
        echo_servers("12_udp_echo", "udp")),
    "websocket": Job("WebSocket: a binary message sent back", "websocket", [
        Size(64, 1, 128, {"gorilla": 0.80}), Size(64, 16, 128, {"gorilla": 0.15}),
        Size(64, 1, 65536, {"gorilla": 0.80})], {
            "p6_websocket_server": lambda folder: [*programs.solution(
                folder, "p6_websocket_server", ["libevent", "libcrypto"]),
                "--echo", "--port", "0"],
            "websockets": lambda _: programs.python_program("websocket_python.py", "websockets"),
            "npm ws": lambda _: programs.node_program("websocket.cjs", "ws"),
            "gorilla": lambda folder: programs.go_program(folder, "websocket.go",
                                                          "github.com/gorilla/websocket"),
        }),
}


def load_program(folder):
    names = ("load.c", "load_connection.c", "load_protocols.c")
    return programs.c_program(folder, "load", [programs.HERE / name for name in names],
                              ["libevent_core"])


def starters(servers, folder):
    """What starts each of the servers: makers for compare.available()."""
    def starter(make):
        if isinstance(make, type):
            make.check()
            return lambda: make(folder)
        command = make(folder)
        return lambda: programs.Server(command)
    return {name: lambda make=make: starter(make) for name, make in servers.items()}


def ask(load, job, size, name, server, milliseconds):
    try:
        run = programs.result_of(
            [*load, job.protocol, server.port, server.process.pid, size.connections, size.depth,
             size.length, milliseconds], MOST_SECONDS)
    except ValueError as error:
        sys.exit(f"servers.py: {name}: {size}: {error}")
    return {**run, "us": run["cpu"] / run["ops"] * 1e6, "rate": run["ops"] / run["real"],
            "mib": server.peak_kib() / 1024}


def rows_of(load, job, size, found, rounds, milliseconds):
    """Starts all servers that were found, measures them in turn, and ends them."""
    with contextlib.ExitStack() as stack:
        servers = {name: stack.enter_context(start()) for name, start in found.items()}
        return compare.medians(servers, rounds, lambda name: ask(load, job, size, name,
                                                                 servers[name], milliseconds))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--full", action="store_true")
    parser.add_argument("jobs", nargs="*", metavar="JOB", help=", ".join(JOBS))
    options = parser.parse_args()
    if set(options.jobs) - set(JOBS):
        parser.error(f"a job is one of: {', '.join(JOBS)}")
    programs.end_like_an_error()
    with tempfile.TemporaryDirectory() as folder:
        load = load_program(folder)
        for job in [JOBS[name] for name in options.jobs or JOBS]:
            found, missing = compare.available(starters(job.servers, folder))
            print(compare.heading(job.title, missing))
            ours = next(iter(job.servers))
            if ours in missing:
                sys.exit("servers.py: there is nothing to compare")
            columns = {**COLUMNS, **(LOST if job.protocol == "datagrams" else {})}
            with programs.one_core():
                for size in job.sizes:
                    rows = rows_of(load, job, size, found, ROUNDS, 2000 if options.full else 300)
                    lines = compare.table(str(size), columns, rows, [ours], size.goals)
                    print("\n".join(lines), flush=True)


if __name__ == "__main__":
    main()
