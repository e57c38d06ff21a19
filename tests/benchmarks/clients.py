#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Compares p4_http_client with other HTTP clients that ask the same server.

    clients.py [--full]

All ask chapter-3.3.2/09_http_server.c for the time, in turn, three times, over connections that
stay open, and parse the JSON; the medians are shown. A wrong answer ends the run with status 1. The
server and the client share one core. CPU time is the client's alone. A goal is a ratio of it, ours
divided by theirs.

--full    measures for 2 s each, and not for 0.3 s: node has compiled all by then
"""
import argparse
import sys
import tempfile

import compare
import programs

ROUNDS = 3
MOST_SECONDS = 30  # of one measurement
SIZES = (1, 8, 64)  # requests on their way at a time
OURS = "p4_http_client"
GOALS = {"libcurl": 1.0, "aiohttp": 0.06}  # at the smallest and at the largest size
COLUMNS = {"us": ("CPU us", ".2f"), "rate": ("per second", ",.0f"), "p50": ("p50 us", ",.0f"),
           "p99": ("p99 us", ",.0f"), "mib": ("peak MiB", ".1f")}


def makers(folder):
    return {
        OURS: lambda: programs.solution(folder, OURS, [
            "libevent", "libevent_openssl", "json-c", "openssl"], "client_bench"),
        "aiohttp": lambda: programs.python_program("client.py", "aiohttp"),
        "+ uvloop": lambda: programs.uvloop_program("client.py", "aiohttp"),
        "undici": lambda: programs.node_program("client.cjs", "undici"),
        "Go": lambda: programs.go_program(folder, "client.go"),
        "libcurl": lambda: programs.c_program(folder, "client_curl", [
            programs.PEERS / "client_curl.c"], ["libcurl", "json-c"]),
    }


def ask(name, command, port, at_once, milliseconds):
    try:
        run = programs.result_of([*command, port, at_once, milliseconds], MOST_SECONDS)
    except ValueError as error:
        sys.exit(f"clients.py: {name}: {at_once} at once: {error}")
    return {**run, "us": run["cpu"] / run["ops"] * 1e6, "rate": run["ops"] / run["real"],
            "mib": run["peak"] / 1024}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--full", action="store_true")
    milliseconds = 2000 if parser.parse_args().full else 300
    programs.end_like_an_error()
    with tempfile.TemporaryDirectory() as folder:
        commands, missing = compare.available(makers(folder))
        server = programs.lesson(folder, "09_http_server", ["libevent", "json-c"])
        print(compare.heading("HTTP client, keep-alive: GET, an object of JSON", missing))
        with programs.one_core(), programs.Server([*server, "--port", "0"]) as peer:
            for at_once in SIZES:
                rows = compare.medians(commands, ROUNDS, lambda name, at_once=at_once: ask(
                    name, commands[name], peer.port, at_once, milliseconds))
                goals = {} if at_once == SIZES[1] else GOALS
                print("\n".join(compare.table(f"{at_once} at once", COLUMNS, rows, [OURS], goals)),
                      flush=True)


if __name__ == "__main__":
    main()
