# SPDX-License-Identifier: MIT
"""What the benchmarks have in common: who is there, medians of measurements in turn, tables."""
import statistics

import programs


def available(makers):
    """Calls each maker: ({name: what it made}, {name: what is missing})."""
    found, missing = {}, {}
    for name, make in makers.items():
        try:
            found[name] = make()
        except programs.Missing as what:
            missing[name] = str(what)
    return found, missing


def heading(title, missing):
    return "\n".join(["", title, "=" * len(title),
                      *(f"{name}: not installed: {what}" for name, what in missing.items())])


def medians(names, rounds, measure):
    """{name: medians of the figures that measure(name) returns}: all are measured in turn."""
    runs = {name: [] for name in names}
    for _ in range(rounds):
        for name in names:
            runs[name].append(measure(name))
    return {name: {key: statistics.median(run[key] for run in rows) for key in rows[0]}
            for name, rows in runs.items()}


def is_kept(value, most):
    return "kept" if value <= most else "MISSED"


def table(title, columns, rows, ours, goals):
    """The lines that are shown. `rows` maps a name to its figures, `columns` a figure to (heading,
    format), the first of them being the one whose ratio, ours divided by theirs, is shown and
    compared with `goals`. `ours` are the names that have no ratio; the first is compared."""
    key = next(iter(columns))
    lines = ["", title, f"  {'':20}" + "".join(f"{name:>12}" for name, _ in columns.values()) +
             f"{'ours/theirs':>13}  goal"]
    for name, row in rows.items():
        line = f"  {name:20}" + "".join(
            f"{row[column]:12{form}}" if column in row else " " * 12
            for column, (_, form) in columns.items())
        if name not in ours:
            ratio = rows[ours[0]][key] / row[key]
            line += f"{ratio:12.3f}x"
            if name in goals:
                line += f"  {goals[name]:.2f}x {is_kept(ratio, goals[name])}"
        lines.append(line.rstrip())
    return lines
