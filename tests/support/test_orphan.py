"""A grader whose parent is killed ends, and so does the submission: nobody reads its report.

    test_orphan.py GRADE SUITE.so CC [FLAGS ...]

SPDX-License-Identifier: MIT
"""
import pathlib
import signal
import subprocess
import sys
import tempfile
import time

STUCK = pathlib.Path(__file__).parent / "submissions/mistakes/stuck.c"
PARENT = "import subprocess, sys; print(subprocess.Popen(sys.argv[1:]).pid, flush=True); input()"
SECONDS_TO_BEGIN, SECONDS_TO_END = 10, 5


def wait_until(true, seconds):
    deadline = time.monotonic() + seconds
    while not true() and time.monotonic() < deadline:
        time.sleep(0.02)
    return true()


def children(pid):
    path = pathlib.Path("/proc/%d/task/%d/children" % (pid, pid))
    return [int(child) for child in path.read_text().split()] if path.exists() else []


def is_alive(pid):
    try:
        return pathlib.Path("/proc/%d/stat" % pid).read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def main():
    grade, suite, *compiler = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder:
        module = folder + "/stuck.so"
        subprocess.run([*compiler, "-w", "-I", STUCK.parent.parent, STUCK, "-o", module, "-levent",
                        "-pthread"], check=True)
        parent = subprocess.Popen([sys.executable, "-c", PARENT, grade, suite, module],
                                  stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        grader = int(parent.stdout.readline())
        if not wait_until(lambda: children(grader), SECONDS_TO_BEGIN):
            sys.exit("no behaviour was begun")
        family = [grader, *children(grader)]
        parent.send_signal(signal.SIGKILL)
        parent.wait()
        if not wait_until(lambda: not any(map(is_alive, family)), SECONDS_TO_END):
            sys.exit("left behind: %s" % [pid for pid in family if is_alive(pid)])


main()
