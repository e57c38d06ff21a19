#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Keeps the transcripts of the chapter programs true: chapter-*/NAME.out.

    tools/transcripts.py --check [NAME ...]   runs the programs, shows the differences
    tools/transcripts.py --fill [NAME ...]    runs the programs, writes the transcripts

A transcript has a block for each run: the line `$ ./NAME ARGUMENTS`, then what the program printed
on stdout, each line with its virtual time in front, and `[exit status N]` if N is not 0. To show
another run, write its `$` line into the file and fill. A program without a transcript gets the run
without arguments.

The programs run unmodified, in an empty folder, with the library of virtual time preloaded; it
stamps the lines. `--tap` prints one test a program, for meson.
"""
import argparse
import difflib
import os
import pathlib
import shlex
import signal
import subprocess
import sys
import tempfile

FILL = "tools/transcripts.py --fill"
REAL_SECONDS = 20


class CannotRun(Exception):
    """A run that gives no transcript; says why."""


class Runs:
    """How programs are run: in which build, for how long."""

    def __init__(self, build, seconds=REAL_SECONDS):
        self.build = build
        self.seconds = seconds
        self.library = build / "tests/support/libvirtual_time.so"

    def environment(self):
        # The link order is checked by the sanitizers only to warn of preloading, which is meant.
        options = os.environ.get("ASAN_OPTIONS", "")
        # A path in LD_PRELOAD would end at its first space: there stands the name alone.
        folders = [str(self.library.parent), os.environ.get("LD_LIBRARY_PATH", "")]
        return {**os.environ, "TZ": "UTC", "LC_ALL": "C.UTF-8",
                "LD_PRELOAD": self.library.name,
                "LD_LIBRARY_PATH": ":".join(filter(None, folders)),
                "ASAN_OPTIONS": f"verify_asan_link_order=0:{options}".rstrip(":")}

    def run(self, program, arguments):
        """The lines that `program` prints, with its exit status where that is not 0."""
        with tempfile.TemporaryDirectory() as folder:
            process = subprocess.Popen([f"./{program.name}", *arguments], executable=program,
                                       cwd=folder, env=self.environment(),
                                       stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                       stderr=subprocess.PIPE, start_new_session=True)
            try:
                out, err = process.communicate(timeout=self.seconds)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.communicate()
                raise CannotRun(f"still runs after {self.seconds} s of real time") from None
        lines = out.decode("utf-8", "backslashreplace").split("\n")
        lines = lines[:-1] if lines[-1] == "" else lines
        return lines + end_line(process.returncode), err.decode("utf-8", "backslashreplace")


def end_line(status):
    if status < 0:
        return [f"[killed by {signal.Signals(-status).name}]"]
    return [f"[exit status {status}]"] if status else []


def commands_of(source, transcript):
    """The `$` lines of a transcript; what it should hold when there is none yet."""
    lines = transcript.split("\n") if transcript is not None else []
    commands = [line for line in lines if line.startswith("$ ")]
    return commands or [f"$ ./{source.stem}"]


def transcript_of(source, runs, commands):
    """(transcript, what the program said on stderr), made by running it."""
    program = runs.build / source.parent.name / source.stem
    for needed in (program, runs.library):
        if not needed.is_file():
            raise CannotRun(f"{needed} is not built")
    blocks, errors = [], ""
    for command in commands:
        words = shlex.split(command[2:])
        if not words or words[0] != f"./{source.stem}":
            raise CannotRun(f"`{command}` does not run ./{source.stem}")
        try:
            lines, err = runs.run(program, words[1:])
        except CannotRun as error:
            raise CannotRun(f"`{command}` {error}") from None
        blocks.append("\n".join([command, *lines]) + "\n")
        errors += err
    return "\n".join(blocks), errors


def compare(source, runs, fill):
    """What is wrong with the transcript of a chapter program, or None. Fills it if asked to."""
    path = source.with_suffix(".out")
    name = f"{path.parent.name}/{path.name}"
    found = path.read_text(encoding="utf-8") if path.is_file() else None
    try:
        made, errors = transcript_of(source, runs, commands_of(source, found))
    except CannotRun as error:
        return f"{name}: {error}"
    if made == found:
        return None
    if fill:
        path.write_text(made, encoding="utf-8")
        print(f"filled {name}" + (f"; on stderr:\n{errors}" if errors else ""))
        return None
    if found is None:
        return f"{name} is missing; to make it: {FILL} {source.stem}"
    difference = "\n".join(difflib.unified_diff(found.split("\n"), made.split("\n"), name,
                                                "what the program prints", lineterm="", n=2))
    said = f"\non stderr:\n{errors}" if errors else ""
    return f"{name} is not what the program prints; to take that over: {FILL} {source.stem}" \
           f"\n{difference}{said}"


def programs(root, names):
    found = sorted(root.glob("chapter-*/*.c"))
    return [source for source in found if not names or source.stem in names]


def orphans(root):
    return [f"{out.parent.name}/{out.name} is of no program: there is no {out.stem}.c"
            for out in sorted(root.glob("chapter-*/*.out")) if not out.with_suffix(".c").is_file()]


def report_tap(results):
    print(f"1..{len(results)}")
    for number, (name, problem) in enumerate(results, 1):
        print(f"{'not ok' if problem else 'ok'} {number} - {name}")
        for line in (problem or "").split("\n"):
            if line:
                print(f"# {line}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--check", action="store_true", help="compare only")
    what.add_argument("--fill", action="store_true", help="write the transcripts")
    root = pathlib.Path(__file__).resolve().parent.parent
    parser.add_argument("--root", type=pathlib.Path, default=root)
    parser.add_argument("--build", type=pathlib.Path, default=root / "build")
    parser.add_argument("--seconds", type=float, default=REAL_SECONDS, help="real time of one run")
    parser.add_argument("--tap", action="store_true", help="report as TAP, exit status 0")
    parser.add_argument("names", nargs="*", metavar="NAME")
    options = parser.parse_args()
    runs = Runs(options.build.resolve(), options.seconds)
    sources = programs(options.root, options.names)
    unknown = set(options.names) - {source.stem for source in sources}
    if unknown:
        parser.error(f"no chapter program is called {', '.join(sorted(unknown))}")
    results = [(f"{source.parent.name}/{source.stem}", compare(source, runs, options.fill))
               for source in sources]
    results += [(problem.split(" ", maxsplit=1)[0], problem) for problem in orphans(options.root)]
    if options.tap:
        report_tap(results)
        return 0
    problems = [problem for _, problem in results if problem]
    print("\n".join(problems), end="\n" if problems else "")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
