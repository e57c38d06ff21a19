# real_echo.py tcp|udp nc|python PROGRAM: does an echo server answer a client of another process?
#
# Starts PROGRAM with --port 0, in real time, reads the port that it prints, and lets the client
# talk to it. Then the server gets Ctrl-C. Exit status 0 if the client got back what it has sent and
# the server ended well; 1 if not; 77 if there is no such client on this machine.
#
# SPDX-License-Identifier: MIT
import re
import shutil
import signal
import socket
import subprocess
import sys

SECONDS = 20
TEXTS = {"tcp": b"hello\ntwo\nlines and a rest", "udp": b"hello"}


class Failure(Exception):
    pass


def netcat():
    """The path of OpenBSD's nc: others have other options. None if there is none."""
    path = shutil.which("nc")
    if path is None:
        return None
    usage = subprocess.run([path, "-h"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                           stderr=subprocess.STDOUT, check=False).stdout
    return path if b"OpenBSD" in usage else None


def ask_with_netcat(kind, port):
    # -N: sends the end when its input ends, and reads on. -w 1: gives up after a second of silence.
    options = ["-N"] if kind == "tcp" else ["-u", "-w", "1"]
    return subprocess.run([netcat(), *options, "127.0.0.1", str(port)], input=TEXTS[kind],
                          stdout=subprocess.PIPE, timeout=SECONDS, check=True).stdout


def ask_with_python(kind, port):
    kinds = {"tcp": socket.SOCK_STREAM, "udp": socket.SOCK_DGRAM}
    with socket.socket(socket.AF_INET, kinds[kind]) as sock:
        sock.settimeout(SECONDS)
        sock.connect(("127.0.0.1", port))
        sock.send(TEXTS[kind])
        if kind == "udp":
            return sock.recv(1000)
        sock.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: sock.recv(1000), b""))


def port_of(server):
    line = server.stdout.readline()
    found = re.search(rb"port (\d+)$", line.rstrip())
    if not found:
        raise Failure(f"the server's first line should name its port, and is {line!r}")
    return int(found.group(1))


def check(kind, client, program):
    ask = {"nc": ask_with_netcat, "python": ask_with_python}[client]
    server = subprocess.Popen([program, "--port", "0"], stdout=subprocess.PIPE)
    try:
        answer = ask(kind, port_of(server))
        server.send_signal(signal.SIGINT)
        server.communicate(timeout=SECONDS)
    finally:
        server.kill()
        server.wait()
    if answer != TEXTS[kind]:
        raise Failure(f"the client\nexpected  {TEXTS[kind]!r}\ngot       {answer!r}")
    if server.returncode != 0:
        raise Failure(f"after Ctrl-C: exit status\nexpected  0\ngot       {server.returncode}")


def main(argv):
    if len(argv) != 3 or argv[0] not in TEXTS or argv[1] not in ("nc", "python"):
        sys.stderr.write("usage: real_echo.py tcp|udp nc|python PROGRAM\n")
        return 2
    if argv[1] == "nc" and netcat() is None:
        print("skipped: OpenBSD's nc is not installed")
        return 77
    try:
        check(*argv)
    except (Failure, OSError, subprocess.SubprocessError) as error:
        print(error)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
