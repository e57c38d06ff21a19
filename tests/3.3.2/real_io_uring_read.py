# real_io_uring_read.py PROGRAM: does the kernel read a file for it, in real time?
#
# Compares what PROGRAM prints with its transcript, which has no times: the kernel's are its own.
# Exit status 0 if they are equal, 1 if not, 77 if this kernel or container refuses io_uring.
#
# SPDX-License-Identifier: MIT
import pathlib
import subprocess
import sys

SECONDS = 20
ROOT = pathlib.Path(__file__).resolve().parents[2]
TRANSCRIPT = ROOT / "chapter-3.3.2/optional/io_uring_read.out"


def main(argv):
    if len(argv) != 1:
        sys.stderr.write("usage: real_io_uring_read.py PROGRAM\n")
        return 2
    done = subprocess.run(argv, capture_output=True, text=True, timeout=SECONDS, check=False)
    if done.returncode != 0 and "io_uring_read: io_uring:" in done.stderr:
        print("skipped:", done.stderr.splitlines()[0])
        return 77
    got = "$ ./io_uring_read\n" + done.stdout
    expected = TRANSCRIPT.read_text(encoding="utf-8")
    if done.returncode != 0 or got != expected:
        print(f"expected\n{expected}got, with exit status {done.returncode}\n{got}{done.stderr}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
