# compare.py NAME [ARG ...] -- OUTFILE: does the C program do what its asyncio twin does?
#
# Runs the twin NAME.py with the ARGs, and compares its lines with the block "$ ./NAME ARG ..." of
# the transcript OUTFILE. Exit status 0 if they are equal; 1 if not, with the difference on stdout;
# 2 if they cannot be compared.
#
# SPDX-License-Identifier: MIT
import difflib
import pathlib
import subprocess
import sys


def block_of(transcript, command):
    """The lines that follow the line `command`, up to the next command; None if there is none."""
    lines = transcript.read_text(encoding="utf-8").splitlines()
    if command not in lines:
        return None
    begin = lines.index(command) + 1
    end = begin
    while end < len(lines) and not lines[end].startswith("$ "):
        end += 1
    while end > begin and lines[end - 1] == "":
        end -= 1
    return lines[begin:end]


def twin_lines(name, args):
    twin = pathlib.Path(__file__).resolve().with_name(name + ".py")
    done = subprocess.run(
        [sys.executable, "-B", str(twin), *args], stdout=subprocess.PIPE, text=True, check=False
    )
    lines = done.stdout.splitlines()
    if done.returncode != 0:
        lines.append(f"[exit status {done.returncode}]")
    return lines


def main(argv):
    if len(argv) < 3 or argv[-2] != "--":
        sys.stderr.write("usage: compare.py NAME [ARG ...] -- OUTFILE\n")
        return 2
    name, args, transcript = argv[0], argv[1:-2], pathlib.Path(argv[-1])
    command = " ".join(["$ ./" + name, *args])
    try:
        got = block_of(transcript, command)
    except OSError as error:
        sys.stderr.write(f"compare.py: {transcript}: {error.strerror}\n")
        return 2
    if got is None:
        sys.stderr.write(f"compare.py: {transcript}: no block begins with: {command}\n")
        return 2
    expected = twin_lines(name, args)
    if got == expected:
        return 0
    for line in difflib.unified_diff(expected, got, "asyncio", str(transcript), lineterm=""):
        print(line)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
