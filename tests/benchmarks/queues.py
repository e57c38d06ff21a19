#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Compares the queues of 3.3.3 with those of others: one producer, four consumers.

    queues.py [--full]

All do the same job beside each other in one run, in turn, three times; the medians are shown. CPU
time is that of the job, for an item; slow peers get fewer items. "asyncio, limited" is what has the
features of p9: a PriorityQueue, and a timeout for each job. A wrong sum ends the run with
status 1. Go runs on one thread, as a loop does. A goal is a ratio of CPU time, ours divided by
theirs.

--full    ten times as many items
"""
import argparse
import sys
import tempfile

import compare
import programs

ROUNDS = 3
MOST_SECONDS = 60  # of one measurement
ROOMS = (1, 64, 1024)
ITEMS = 1_000_000
LIMITED = "asyncio, limited"
FEWER = {"asyncio": 20, "+ uvloop": 20, "node": 4, LIMITED: 50}
COLUMNS = {"us": ("CPU us", ".4f"), "rate": ("per second", ",.0f"), "mib": ("peak MiB", ".1f")}

# Title; the words that peers know it by, of which all but asyncio have the first one; goals; our
# rows: name, solution, program, first words.
JOBS = [
    ("work queue: so many items are put, and joined", {"asyncio": "waves"},
     {"asyncio": 0.02, "Go": 0.5},
     [("22_work_queue", "22_work_queue", "queue_22_bench", [])]),
    ("bounded queue: room for so many items", {"asyncio": "bounded"}, {"asyncio": 0.02, "Go": 0.5},
     [("24_backpressure", "24_backpressure", "queue_24_bench", []),
      ("each put, get told", "24_backpressure", "queue_24_bench", ["told"])]),
    ("jobs with priorities: room for so many", {"asyncio": "bounded", LIMITED: "jobs"},
     {"asyncio": 0.05},
     [("p9_work_queue", "p9_work_queue", "queue_p9_bench", []),
      ("no limits, no rate", "p9_work_queue", "queue_p9_bench", ["plain"])]),
]


def makers(folder, words_of, ours):
    job = words_of["asyncio"]

    def make(solution, bench, words):
        return lambda: [*programs.solution(folder, solution, ["libevent", "json-c"], bench), *words]
    return {
        **{name: make(*rest) for name, *rest in ours},
        **{name: lambda word=word: [*programs.python_program("queues.py", "asyncio"), word]
           for name, word in words_of.items()},
        "+ uvloop": lambda: [*programs.uvloop_program("queues.py", "asyncio"), job],
        "node": lambda: [*programs.node_program("queues.mjs"), job],
        "Go": lambda: [*programs.go_program(folder, "queues.go"), job],
    }


def measure(name, command, room, items):
    try:
        run = programs.result_of([*command, room, items // FEWER.get(name, 1)], MOST_SECONDS)
    except ValueError as error:
        sys.exit(f"queues.py: {name}: room for {room}: {error}")
    own = {"mib": run["peak"] / 1024} if "peak" in run else {}
    return {"us": run["cpu"] / run["ops"] * 1e6, "rate": run["ops"] / run["real"], **own}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--full", action="store_true")
    items = ITEMS * 10 if parser.parse_args().full else ITEMS
    programs.end_like_an_error()
    with tempfile.TemporaryDirectory() as folder:
        for title, words_of, goals, ours in JOBS:
            commands, missing = compare.available(makers(folder, words_of, ours))
            print(compare.heading(title, missing))
            for room in ROOMS:
                rows = compare.medians(commands, ROUNDS, lambda name, room=room:
                                       measure(name, commands[name], room, items))
                print("\n".join(compare.table(f"{room:,} at a time", COLUMNS, rows,
                                              [row[0] for row in ours], goals)), flush=True)


if __name__ == "__main__":
    main()
