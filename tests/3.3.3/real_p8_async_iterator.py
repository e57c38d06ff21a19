# real_p8_async_iterator.py PROGRAM: does it print the lines of files, FIFOs and its standard input,
# in real time, with real threads?
#
# SPDX-License-Identifier: MIT
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import time


def run(program, *arguments, given=b"", status=0):
    done = subprocess.run([program, *arguments], input=given, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=60)
    assert done.returncode == status, (arguments, done.returncode, done.stderr)
    return done.stdout, done.stderr


def expect(got, expected, what):
    assert got == expected, f"{what}\nexpected  {expected[:200]!r}\ngot       {got[:200]!r}"


def check_input(program):
    for options in ((), ("-",), ("-n", "9", "-")):
        if options:
            expect(run(program, *options, given=b"a\nb\r\n\nc")[0], b"a\nb\n\nc\n", f"{options}")
    expect(run(program, "-n", "2", given=b"a\nb\nc\n")[0], b"a\nb\n", "-n 2")
    expect(run(program, "-n", "0", given=b"a\n")[0], b"", "-n 0")
    expect(run(program, "-e", "b\u00fc", "-n", "1", given="a\nb\u00fc1\nb\u00fc2\n".encode())[0],
           "b\u00fc1\n".encode(), "-e, -n 1")
    expect(run(program, "-e", "", given=b"\0\n\n")[0], b"\0\n\n", "-e of nothing")


def check_files(program, folder):
    choice = random.Random(8)
    lines = [bytes(choice.choices(b"ab\0\r ", k=choice.randrange(60))) for _ in range(20000)]
    lines = [line.rstrip(b"\r") for line in lines]
    big, small = folder / "big", folder / "small"
    big.write_bytes(b"".join(line + b"\n" for line in lines))
    small.write_bytes(b"one\ntwo")
    expect(run(program, big)[0], big.read_bytes(), "a file")
    got, _ = run(program, big, small, "/dev/null")
    mine = [line for line in got.split(b"\n") if line.startswith(bytes(small) + b": ")]
    expect(mine, [bytes(small) + b": one", bytes(small) + b": two"], "the lines of one of three")
    assert got.count(b"\n") == len(lines) + 2, got.count(b"\n")
    got, error = run(program, folder / "none", folder, small, status=1)
    expect(got.count(b"\n"), 2, "lines of a file beside two that cannot be opened")
    assert b"none: No such file" in error and b"Is a directory" in error, error
    big.write_bytes(b"x" * 1100000 + b"\n")
    assert b"Message too long" in run(program, big, status=1)[1]


def check_waiting(program, folder):
    """A FIFO whose writer is late, and one that says nothing: who waits is not waited for."""
    fifos = [folder / "late", folder / "silent"]
    for fifo in fifos:
        os.mkfifo(fifo)
    with subprocess.Popen([program, "-n", "2", *fifos], stdout=subprocess.PIPE) as program_runs:
        with open(fifos[0], "wb", buffering=0) as writer:  # when the program has opened it, too
            writer.write(b"one\ntw")
            got = program_runs.stdout.readline()
            writer.write(b"o\n")
            got += program_runs.stdout.read()
        expect(got, b"%s: one\n%s: two\n" % (bytes(fifos[0]), bytes(fifos[0])), "a late FIFO")
        assert program_runs.wait(timeout=60) == 0
    began = time.monotonic()
    _, error = run(program, "-t", "200", fifos[1], status=1)
    assert b"none has come for 200 ms" in error and time.monotonic() - began > 0.19, error


def check_use(program, folder):
    for wrong in (("-n", "x"), ("-n", "-1"), ("-t", "99999999999"), ("-q",), ("--help",)):
        expect(run(program, *wrong, status=2)[1].count(b"\n"), 1, f"lines of the usage: {wrong}")
    assert run(program)[0].endswith(b"end\n")
    many = folder / "many"
    many.write_bytes(b"a line\n" * 100000)
    with subprocess.Popen([program, many], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE) as program_runs:
        program_runs.stdout.close()  # as `head` does
        error = program_runs.stderr.read()
        assert program_runs.wait(timeout=60) == 1 and b"output: Broken pipe" in error, error
    for closed, what in (("<&-", b"-: Bad file"), (">&-", b"output: Bad file")):
        done = subprocess.run(["sh", "-c", f'printf "a\\n" | "$0" - {closed}', program],
                              stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, timeout=60)
        assert done.returncode == 1 and what in done.stderr, (closed, done)


def main(program):
    check_input(program)
    with tempfile.TemporaryDirectory(prefix="p8-") as name:
        check_files(program, pathlib.Path(name))
        check_waiting(program, pathlib.Path(name))
        check_use(program, pathlib.Path(name))
    print("lines come as they should")


if __name__ == "__main__":
    main(sys.argv[1])
