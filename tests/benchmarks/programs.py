# SPDX-License-Identifier: MIT
"""Finds, compiles, starts and ends the programs that are compared."""
import contextlib
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
PEERS = HERE / "peers"
START_SECONDS = 20  # until a server must have said its port
C_FLAGS = ["-std=c11", "-O2", "-D_DEFAULT_SOURCE"]

# Debian's packages are modules of Debian's Python, which need not be the one on the PATH.
PYTHONS = ("/usr/bin/python3", sys.executable)
NODE_MODULES = "/usr/share/nodejs"
GO_MODULES = "/usr/share/gocode"


class Missing(Exception):
    """A peer that is not installed; its text says what is missing."""


def is_well(command):
    """True if it is there and ends well."""
    with contextlib.suppress(FileNotFoundError):
        return subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                              check=False).returncode == 0
    return False


def c_program(folder, name, sources, packages, options=()):
    """Compiles for speed, without sanitizers. Missing: a library; a wrong program ends the run."""
    absent = [p for p in packages if not is_well(["pkg-config", "--exists", p])]
    if absent:
        raise Missing(" ".join(absent))
    wanted = ["--cflags"] if "-c" in options else ["--cflags", "--libs"]
    flags = subprocess.run(["pkg-config", *wanted, *packages], check=True, capture_output=True,
                           text=True).stdout.split()
    program = str(pathlib.Path(folder) / name)
    subprocess.run([os.environ.get("CC", "cc"), *C_FLAGS, *options, *map(str, sources), "-o",
                    program, *flags], check=True)
    return [program]


def source_of(tree, name):
    """The program of that name: `tree` is one of solutions/ and chapter-*."""
    return next(path for path in ROOT.glob(f"{tree}/**/{name}.c"))


def lesson(folder, name, packages):
    return c_program(folder, name, [source_of("chapter-*", name)], packages)


def solution(folder, name, packages, bench=None):
    """A solution as it is; or the program `bench`, which calls it instead of its own `main`."""
    source = source_of("solutions", name)
    includes = ["-I", str(ROOT / "exercises"), "-I", str(ROOT / "exercises" / source.parent.name)]
    if bench is None:
        return c_program(folder, name, [source], packages, includes)
    part = c_program(folder, f"{name}.o", [source], packages, [*includes, "-c", "-Dmain=not_main"])
    return c_program(folder, bench, [*part, HERE / f"{bench}.c"], packages, includes)


def python_with(module):
    """The command of a Python that has the module."""
    for python in PYTHONS:
        if is_well([python, "-c", f"import {module}"]):
            return [python]
    raise Missing(f"Python's {module}")


def python_program(script, module, *words):
    """`module` is what it imports."""
    return [*python_with(module), str(PEERS / script), *words]


def uvloop_program(script, module, *words):
    command = python_program(script, module, *words, "--uvloop")
    if not is_well([command[0], "-c", "import uvloop"]):
        raise Missing("Python's uvloop")
    return command


def node():
    """Its command."""
    command = shutil.which("node")
    if command is None:
        raise Missing("node")
    return [command]


def node_program(script, module=None, *words):
    command = node()
    os.environ.setdefault("NODE_PATH", NODE_MODULES)
    if module is not None and not is_well([*command, "-e", f"require('{module}')"]):
        raise Missing(f"node's {module}")
    return [*command, str(PEERS / script), *words]


def go_program(folder, script, package=None, *words):
    """Nothing is downloaded: what is not in GO_MODULES is missing."""
    if shutil.which("go") is None:
        raise Missing("go")
    if package is not None and not (pathlib.Path(GO_MODULES) / "src" / package).is_dir():
        raise Missing(f"Go's {package}")
    program = str(pathlib.Path(folder) / f"go_{pathlib.Path(script).stem}")
    environment = {**os.environ, "GO111MODULE": "off", "GOPATH": GO_MODULES, "GOFLAGS": "",
                   "GOTOOLCHAIN": "local"}
    subprocess.run(["go", "build", "-o", program, str(PEERS / script)], check=True,
                   env=environment)
    return [program, *words]


class Server:
    """A process that says its port in its first line. To be used with `with`, which ends it."""

    def __init__(self, command, **options):
        self.lines = tempfile.TemporaryFile("w+", encoding="utf-8")  # a pipe would fill up
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=self.lines,
                                        **options)
        self.port = None

    def __enter__(self):
        try:
            self.port = self.read_port()
        except BaseException:
            self.end()
            raise
        return self

    def __exit__(self, *_):
        self.end()

    def end(self):
        self.process.kill()  # by its own id
        self.process.wait()
        self.lines.close()

    def read_port(self):
        for _ in range(START_SECONDS * 100):
            ended = self.process.poll() is not None  # asked first: its last words are read below
            said = os.pread(self.lines.fileno(), 100, 0).decode()
            if "\n" in said or ended:
                break
            time.sleep(0.01)
        found = re.search(r"(?:port |127\.0\.0\.1:)(\d+)", said)
        if found is None:
            sys.exit(f"{' '.join(map(str, self.process.args))}: says no port, but {said!r}")
        return int(found.group(1))

    def peak_kib(self):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii")
        return int(re.search(r"VmHWM:\s*(\d+)", status).group(1))


class Nginx(Server):
    """nginx takes no port 0: it gets one that was free a moment ago."""

    def __init__(self, folder):
        folder = pathlib.Path(folder) / "nginx"
        folder.mkdir(exist_ok=True)
        with socket.create_server(("127.0.0.1", 0)) as listener:
            self.free_port = listener.getsockname()[1]
        text = (PEERS / "nginx.conf").read_text(encoding="ascii")
        (folder / "nginx.conf").write_text(text.replace("PORT", str(self.free_port)),
                                           encoding="ascii")
        super().__init__([nginx_path(), "-p", str(folder), "-e", "stderr", "-c",
                          str(folder / "nginx.conf")])

    @staticmethod
    def check():
        nginx_path()

    def read_port(self):
        for _ in range(START_SECONDS * 100):
            with contextlib.suppress(ConnectionRefusedError):
                socket.create_connection(("127.0.0.1", self.free_port)).close()
                return self.free_port
            if self.process.poll() is not None:
                break
            time.sleep(0.01)
        sys.exit("nginx: does not listen")


def nginx_path():
    path = shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin")
    if path is None:
        raise Missing("nginx")
    return path


def end_like_an_error():
    """SIGTERM unwinds this script like Ctrl-C, so that what it has started is ended."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended by SIGTERM"))


@contextlib.contextmanager
def one_core():
    """All that is started within shares a core: no answer is faster because of where it ran."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(before)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def result_of(command, seconds):
    """What a program says in its line of JSON. If it fails, the run is over."""
    try:
        done = subprocess.run([*map(str, command)], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              text=True, check=False, timeout=seconds)
    except subprocess.TimeoutExpired:
        sys.exit(f"{' '.join(map(str, command))}: no end after {seconds} s")
    if done.returncode != 0:
        raise ValueError(done.stderr.strip() or f"exit status {done.returncode}")
    return json.loads(done.stdout)
