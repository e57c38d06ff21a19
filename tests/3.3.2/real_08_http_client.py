# real_08_http_client.py PROGRAM: does 08_http_client understand a server that is not ours?
#
# Python's own http.server hands out files, on a port of its own, in real time.
#
# SPDX-License-Identifier: MIT
import functools
import http.server
import pathlib
import subprocess
import sys
import tempfile
import threading

CASES = [
    ('{"name":"grace"}\n', ["connect", "200", '{"name":"grace"}'], 0),
    ("<html></html>\n", ["connect", "200"], 1),
    ('{"name":"grace"}\0{"name":"ada"}\n', ["connect", "200"], 1),
    ("", ["connect", "200"], 1),
    (None, ["connect", "404"], 1),
]


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_words):
        pass


def try_case(program, port, user, content, expected, status):
    """What the program does with a file /user of this content; None: there is no such file."""
    if content is None:
        user.unlink()
    else:
        user.write_text(content, encoding="utf-8")
    done = subprocess.run([program, str(port)], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True, timeout=20, check=False)
    if done.stdout.splitlines() == expected and done.returncode == status:
        return True
    print(f"/user is {content!r}\nexpected  {expected}, exit status {status}\n"
          f"got       {done.stdout.splitlines()}, exit status {done.returncode}\n{done.stderr}")
    return False


def main(program):
    with tempfile.TemporaryDirectory() as folder:
        handler = functools.partial(Quiet, directory=folder)
        with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            good = [try_case(program, server.server_port, pathlib.Path(folder) / "user", *case)
                    for case in CASES]
            server.shutdown()
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
