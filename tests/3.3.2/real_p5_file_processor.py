# real_p5_file_processor.py PROGRAM: does it count what wc counts, in real time, with real threads?
#
# Compares lines, words and bytes with those of `LC_ALL=C wc`, also for bytes that cannot be
# printed; writes a file in capitals; and interrupts the program while it waits for a FIFO. Exit
# status 77 (skipped) without GNU wc, or where this one takes another view of words.
#
# SPDX-License-Identifier: MIT
import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile

SKIPPED = 77
INTERRUPTED = 130
C_LOCALE = {**os.environ, "LC_ALL": "C"}
SPECIAL = [b"", b"a", b"\n", b" a  b\tc\vd\fe\rf\n", b"a\x01b \x7f \x80\xff\n", b"\0a\0b\0 \0",
           "한글 텍스트\n".encode(), b"x" * 5000 + b"\x80 y"]


def wc(path):
    """Lines, words, bytes."""
    out = subprocess.run(["wc", path], stdout=subprocess.PIPE, check=True, env=C_LOCALE).stdout
    return [int(word) for word in out.split()[:3]]


def texts():
    """What is counted: special cases, and random bytes, in which blocks of all kinds occur."""
    choice = random.Random(5)
    yield from SPECIAL
    for kinds in (b"ab \n", b"ab \n\x80", b"\0\x80", bytes(range(256))):
        for size in (2048, 2049, 2050, 100_000, 600_001):
            yield bytes(choice.choices(kinds, k=size))
    for size in (4096, 1 << 20):  # a word on either side of a hole
        yield b"a" + bytes(size) + b"b c" + bytes(size) + b" d"


def reports(program, *arguments):
    done = subprocess.run([program, *arguments], stdout=subprocess.PIPE, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def check_counts(program, folder):
    paths = []
    for number, text in enumerate(texts()):
        paths.append(folder / f"{number}.txt")
        paths[-1].write_bytes(text)
    for workers in ("1", "3"):
        got = reports(program, "-j", workers, *paths)
        for path, report in zip(paths, got):
            assert report["path"] == str(path), (report, path)
            counts = [report["lines"], report["words"], report["bytes"]]
            assert counts == wc(path), f"{path.name}: wc {wc(path)}, got {counts}"
        assert len(got) == len(paths) + 1 and got[-1]["path"] == "total", got[-1]
    return len(paths)


def check_capitals(program, folder):
    source = folder / "small.txt"
    source.write_bytes(b"one\r\ntwo\n\xc3\xa9 three")
    reports(program, "-u", ".up", source)
    result = (folder / "small.txt.up").read_bytes()
    assert result == b"ONE\nTWO\n\xc3\xa9 THREE\n", result


def check_interrupt(program, folder):
    """Ctrl-C while a worker waits for a FIFO, and a result is half written."""
    fifo, result = folder / "fifo", folder / "fifo.up"
    os.mkfifo(fifo)
    result.write_text("old")
    running = subprocess.Popen([program, "-u", ".up", fifo], stdout=subprocess.DEVNULL)
    with open(fifo, "wb", buffering=0) as writer:  # waits until it has been opened for reading
        writer.write(b"half a line")
        running.send_signal(signal.SIGINT)
        status = running.wait(timeout=10)
    left = [path.name for path in folder.glob("fifo.up.*")]
    assert (status, left, result.read_text()) == (INTERRUPTED, [], "old"), (status, left)


def main(program):
    if not shutil.which("wc"):
        print("skipped: no wc")
        return SKIPPED
    with tempfile.TemporaryDirectory(prefix="p5-") as folder:
        folder = pathlib.Path(folder)
        probe = folder / "probe"
        probe.write_bytes(b"\x01 \xff a\x01b")
        if wc(probe) != [0, 1, 7]:
            print("skipped: this wc has other words than that of coreutils 9.1")
            return SKIPPED
        count = check_counts(program, folder)
        check_capitals(program, folder)
        check_interrupt(program, folder)
    print(f"{count} files are counted as wc counts them")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
