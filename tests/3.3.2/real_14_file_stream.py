# real_14_file_stream.py nc|python PROGRAM: does a receiver of another process get the whole file?
#
# The receiver listens, and 14_file_stream sends it a file in both ways, in real time. Exit status 0
# if the copy is the file and the program says what the lesson shows; 1 if not; 77 if there is no
# such receiver on this machine.
#
# SPDX-License-Identifier: MIT
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time

SECONDS, SIZE = 20, 3_000_000
SAYS = {"chunks": "server: 185 reads, 32768 bytes queued at the most",
        "sendfile": "server: 0 reads, 3000000 bytes queued at the most, none in memory"}


def netcat():
    """The path of OpenBSD's nc: others have other options. None if there is none."""
    path = shutil.which("nc")
    if path is None:
        return None
    usage = subprocess.run([path, "-h"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                           stderr=subprocess.STDOUT, check=False).stdout
    return path if b"OpenBSD" in usage else None


def free_port():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


def send(program, way, file, port):
    return subprocess.run([program, way, str(file), str(port)], stdout=subprocess.PIPE, text=True,
                          timeout=SECONDS, check=False)


def receive_with_netcat(program, way, file):
    port = free_port()
    receiver = subprocess.Popen([netcat(), "-l", "127.0.0.1", str(port)], stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE)
    copy = []
    thread = threading.Thread(target=lambda: copy.append(receiver.stdout.read()))
    thread.start()
    try:
        until = time.monotonic() + SECONDS
        done = send(program, way, file, port)
        while done.returncode != 0 and time.monotonic() < until:  # nc does not listen yet
            time.sleep(0.05)
            done = send(program, way, file, port)
        receiver.wait(SECONDS)
    finally:
        receiver.kill()
        receiver.wait()
    thread.join(SECONDS)
    return done, copy[0]


def receive_with_python(program, way, file):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        copy = []

        def receive():
            with listener.accept()[0] as sock:
                copy.append(b"".join(iter(lambda: sock.recv(1000), b"")))

        thread = threading.Thread(target=receive, daemon=True)
        thread.start()
        done = send(program, way, file, listener.getsockname()[1])
        thread.join(SECONDS)
    return done, copy[0] if copy else None


def main(receiver, program):
    if receiver == "nc" and netcat() is None:
        print("skipped: there is no OpenBSD nc")
        return 77
    receive = receive_with_netcat if receiver == "nc" else receive_with_python
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder, "file")
        data = bytes(k * k % 251 for k in range(SIZE))
        file.write_bytes(data)
        for way, says in SAYS.items():
            done, copy = receive(program, way, file)
            expected = f"server: begins with {SIZE} bytes\n{says}\n"
            if done.returncode != 0 or done.stdout != expected:
                print(f"{way}: exit status {done.returncode}, it says\n{done.stdout}")
                return 1
            if copy != data:
                print(f"{way}: the copy has {len(copy or b'')} bytes, or other ones")
                return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
