#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""How long programs take until they have said their first line, on a terminal.

    startup.py

Each starts an event loop, which says a line. Chapter programs run as they are, but compiled without
sanitizers; they are ended then. All do so beside each other in one run, in turn, eleven times; the
medians are shown. CPU time is that of the process and of all its threads. The goal is a time, as a
peer's depends on what it imports; it is missed if one of the programs misses it.
"""
import os
import signal
import subprocess
import tempfile
import time

import compare
import programs

ROUNDS = 11
MOST_MS = 2
COLUMNS = {"ms": ("CPU ms", ".2f"), "real": ("ms", ".2f")}
OURS = {"count_up": ["libevent"], "09_http_server": ["libevent", "json-c"],
        "20_async_range": ["libevent"], "24_backpressure": ["libevent"]}
ARGUMENTS = {"09_http_server": ["--port", "0"]}
ASYNCIO = """
async def main():
    print("here")
asyncio.run(main())
"""
GO = 'package main\n\nfunc main() {\n\tprintln("here")\n}\n'


def python(module):
    return lambda: [*programs.python_with(module), "-c", f"import asyncio, {module}{ASYNCIO}"]


def go(folder):
    path = os.path.join(folder, "here.go")
    with open(path, "w", encoding="ascii") as file:
        file.write(GO)
    return programs.go_program(folder, path)


def makers(folder):
    return {
        **{name: lambda name=name, packages=packages: [
            *programs.lesson(folder, name, packages), *ARGUMENTS.get(name, [])]
           for name, packages in OURS.items()},
        "asyncio": python("asyncio"),
        "aiohttp": python("aiohttp"),
        "node": lambda: [*programs.node(), "-e", "setImmediate(() => console.log('here'))"],
        "Go": lambda: go(folder),
    }


def measure(command):
    master, slave = os.openpty()
    began = time.monotonic()
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=slave, stderr=slave) as process:
        os.close(slave)
        os.read(master, 100)
        real = time.monotonic() - began
        cpu = time.clock_gettime((~process.pid << 3) | 2)  # see clock_getcpuclockid(3)
        os.kill(process.pid, signal.SIGKILL)  # not process.kill(), which may wait for it as well
    os.close(master)
    return {"ms": cpu * 1e3, "real": real * 1e3}


def main():
    programs.end_like_an_error()
    with tempfile.TemporaryDirectory() as folder:
        commands, missing = compare.available(makers(folder))
        print(compare.heading("start-up", missing))
        rows = compare.medians(commands, ROUNDS, lambda name: measure(commands[name]))
        print("\n".join(compare.table("until the first line", COLUMNS, rows, list(OURS), {})))
        slowest = max(rows[name]["ms"] for name in OURS)
        print(f"  ours at most {MOST_MS} ms: {compare.is_kept(slowest, MOST_MS)}")


if __name__ == "__main__":
    main()
