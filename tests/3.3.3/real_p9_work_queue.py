# real_p9_work_queue.py PROGRAM: does it run commands, and lose none, with real processes?
#
# Commands that go well, that fail and are tried again, that take too long; a pipe whose writer has
# to wait; Ctrl-C once, twice and three times, in the middle and while nothing goes on. Where a command must be running, or go on, it says
# so through a FIFO, and waits for a line from another one: nothing here waits for a clock.
#
# SPDX-License-Identifier: MIT
import contextlib
import json
import os
import pathlib
import pty
import signal
import subprocess
import sys
import tempfile

LINES = 200
PATIENCE = 60  # seconds; only a program that hangs needs them


def run(program, arguments, text):
    """Status, the lines of the commands, the statistics, and the lines on stderr."""
    done = subprocess.run([program, *arguments], input=text, capture_output=True, text=True,
                          timeout=PATIENCE, check=False)
    lines = done.stdout.splitlines()
    return done.returncode, lines[:-1], json.loads(lines[-1]), done.stderr.splitlines()


def counts(stats, **expected):
    """Members that are not 0 are these."""
    got = {name: number for name, number in stats.items() if number}
    assert got == expected, f"expected {expected}, got {got}"


def check_all_go_well(program, folder):
    text = "".join(f"echo {n}\n\n" for n in range(LINES))
    (folder / "lines").write_text(text[:-2])  # the last one has no end
    for arguments, given in ((["-w", "8"], text), ([str(folder / "lines")], "")):
        status, printed, stats, errors = run(program, arguments, given)
        assert (status, errors) == (0, []), (status, errors)
        assert sorted(map(int, printed)) == list(range(LINES)), printed
        counts(stats, put=LINES, done=LINES)
    status, printed, stats, errors = run(program, ["-w", "1"], text)
    assert printed == [str(n) for n in range(LINES)], "with one worker they run in order"


def check_failures(program, folder):
    third_time = f"n=$(cat {folder}/n) || n=; echo x$n > {folder}/n; [ x$n = xxx ]"
    (folder / "n").write_text("")
    status, _, stats, errors = run(program, ["-a", "3", "-b", "1"], third_time)
    assert (status, errors) == (0, []), (status, errors)
    counts(stats, put=1, done=1, failed=2, retried=2)
    status, printed, stats, errors = run(program, ["-a", "2", "-b", "1"],
                                         "exit 3\necho well\nkill -9 $$\n")
    assert (status, printed) == (1, ["well"]), (status, printed)
    assert sorted(errors) == ["p9_work_queue: exit status 3: exit 3",
                              "p9_work_queue: signal 9: kill -9 $$"], errors
    counts(stats, put=3, done=1, failed=4, retried=2, dead=2)


def check_timeout(program):
    """What the command has started ends with it: the shell is not all there is."""
    status, _, stats, errors = run(program, ["-t", "20"], "sleep 1000 | cat\n")
    assert (status, errors) == (1, ["p9_work_queue: too slow: sleep 1000 | cat"]), errors
    counts(stats, put=1, failed=1, dead=1, timed_out=1)


def check_nul(program):
    """No half of a line is run."""
    status, printed, _, errors = run(program, ["-w", "1"], "echo a\necho b\0c\necho d\necho e\0")
    assert (status, printed) == (1, ["a", "d"]), (status, printed)
    assert errors == [f"p9_work_queue: not taken, NUL byte: echo {x}" for x in "be"], errors


def check_wrong_use(program):
    for arguments in (["-w", "0"], ["-x"], ["a", "b"], ["-t", "1x"]):
        done = subprocess.run([program, *arguments], capture_output=True, text=True, check=False)
        assert done.returncode == 2 and "usage: " in done.stderr, (arguments, done)
    done = subprocess.run([program, "/no/such/file"], capture_output=True, text=True, check=False)
    assert done.returncode == 1 and "/no/such/file: No such" in done.stderr, done


class Gate:
    """Commands that say that they run, and go on when they are let."""

    def __init__(self, folder):
        for name in ("runs", "go"):
            os.mkfifo(folder / name)
        # Both ways, so that whoever opens the other end never waits.
        self.runs = os.fdopen(os.open(folder / "runs", os.O_RDWR), "r")
        self.go = os.open(folder / "go", os.O_RDWR)
        self.command = f"echo {{}} > {folder}/runs; read line < {folder}/go; echo {{}}"

    def lines(self, n):
        return [self.command.replace("{}", str(k)) for k in range(n)]

    def wait(self, n):
        return [int(self.runs.readline()) for _ in range(n)]

    def open(self, n):
        os.write(self.go, b"\n" * n)

    def close(self):
        self.runs.close()
        os.close(self.go)


@contextlib.contextmanager
def gate():
    with tempfile.TemporaryDirectory(prefix="p9-") as folder:
        made = Gate(pathlib.Path(folder))
        try:
            yield made
        finally:
            made.close()


def start(program, *arguments):
    return subprocess.Popen([program, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, text=True)


def check_backpressure(program):
    """While the commands wait, the program reads a few lines, and the writer has to wait, too."""
    with gate() as waiting:
        running = start(program, "-w", "2", "-c", "3")
        os.set_blocking(running.stdin.fileno(), False)
        text = ("\n".join(waiting.lines(2)) + "\n" + "true\n" * 500_000).encode()
        written = 0
        with contextlib.suppress(BlockingIOError):
            while written < len(text):
                written += os.write(running.stdin.fileno(), text[written:written + 4096])
        waiting.wait(2)
        assert written < len(text), "the writer never had to wait"
        running.send_signal(signal.SIGINT)
        assert "not taken" in running.stderr.readline()  # the signal has come
        waiting.open(2)
        ahead = len(running.stderr.read().splitlines())
        stats = json.loads(running.stdout.read().splitlines()[-1])
        running.wait(timeout=PATIENCE)
    assert stats["put"] == stats["done"] <= 5, stats
    assert ahead <= 4096 / len("true\n"), f"{ahead} lines are read ahead"


def check_idle(program):
    """All that was read has gone well, and the writer has not closed its end: nothing is lost."""
    with gate() as waiting:
        running = start(program)
        running.stdin.write(waiting.lines(1)[0] + "\n")
        running.stdin.flush()
        waiting.wait(1)
        running.send_signal(signal.SIGINT)
        waiting.open(1)
        errors, out = running.stderr.read(), running.stdout.read().splitlines()
        assert (running.wait(timeout=PATIENCE), errors) == (0, ""), (running.returncode, errors)
        counts(json.loads(out[-1]), put=1, done=1)


def check_stubborn(program):
    """It takes no notice of SIGTERM; the third time it is killed."""
    with gate() as waiting:
        stubborn = "trap '' TERM; " + waiting.lines(1)[0]
        running = start(program, "-w", "1", "-c", "1")
        running.stdin.write(stubborn + "\ntrue 2\ntrue 3\ntrue 4\n")
        running.stdin.flush()
        waiting.wait(1)
        errors = []
        for number, n in ((signal.SIGINT, 2), (signal.SIGTERM, 1), (signal.SIGINT, 1)):
            running.send_signal(number)
            errors += [running.stderr.readline().strip() for _ in range(n)]
        expected = ["not taken: true 3", "not taken: true 4", "not done: true 2",
                    f"not done: {stubborn}"]
        assert errors == [f"p9_work_queue: {line}" for line in expected], errors
        assert running.stderr.read() == ""
        counts(json.loads(running.stdout.read().splitlines()[-1]), put=2, cancelled=2)
        assert running.wait(timeout=PATIENCE) == 1, running.returncode


def listed(errors, what):
    """The numbers of the commands that are listed so."""
    mark = f"p9_work_queue: {what}: echo "
    return [int(line[len(mark):].split()[0]) for line in errors if line.startswith(mark)]


def check_interrupt(program, times):
    """Each line has run, or is listed, and never both."""
    with gate() as waiting:
        running = start(program, "-w", "2", "-c", "4")
        running.stdin.write("\n".join(waiting.lines(20)) + "\n")
        running.stdin.flush()
        first = waiting.wait(2)
        waiting.open(3)
        first += waiting.wait(3)
        running.send_signal(signal.SIGINT)
        errors = [running.stderr.readline()]
        if times == 1:
            waiting.open(20)
        else:
            running.send_signal(signal.SIGTERM)
        # Not communicate(), which does not know what readline() has read.
        errors += running.stderr.read().splitlines()
        out = running.stdout.read()
        running.wait(timeout=PATIENCE)
        ran = [int(line) for line in out.splitlines()[:-1]]
        stats = json.loads(out.splitlines()[-1])
        not_taken, not_done = listed(errors, "not taken"), listed(errors, "not done")
        assert running.returncode == 1, running.returncode
        assert not_taken == sorted(not_taken), not_taken
        assert sorted(ran + not_taken + not_done) == list(range(20)), (ran, not_taken, not_done)
        assert stats["put"] in (8, 9), stats  # the last slot that became free: refilled, or not yet
        if times == 1:
            assert set(first) <= set(ran), (first, ran)
            counts(stats, put=len(ran), done=len(ran))
        else:
            assert len(ran) == 3 and set(ran) <= set(first), (first, ran)
            counts(stats, put=3 + len(not_done), done=3, cancelled=len(not_done))


def check_terminal(program):
    """Without an argument it shows itself, and how far it is."""
    mine, other = pty.openpty()
    with subprocess.Popen([program], stdin=other, stdout=other, stderr=other) as running:
        os.close(other)
        shown = b""
        with contextlib.suppress(OSError):  # EIO: the other end is closed
            while piece := os.read(mine, 4096):
                shown += piece
        assert running.wait(timeout=PATIENCE) == 1, running.returncode
    os.close(mine)
    for words in (b"four", b"running,", b"exit status 3: echo three", b'"retried":1,"dead":1'):
        assert words in shown, shown


def main(program):
    with tempfile.TemporaryDirectory(prefix="p9-") as folder:
        check_all_go_well(program, pathlib.Path(folder))
        check_failures(program, pathlib.Path(folder))
    check_timeout(program)
    check_nul(program)
    check_wrong_use(program)
    check_backpressure(program)
    check_idle(program)
    check_stubborn(program)
    check_interrupt(program, 1)
    check_interrupt(program, 2)
    check_terminal(program)
    print("all commands have run, or are listed")


if __name__ == "__main__":
    main(sys.argv[1])
