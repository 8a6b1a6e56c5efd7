#!/usr/bin/env python3
"""A Temporal server of a test's own: the development server of the official command line.

    with temporalserver.Server() as server:
        server.cli("workflow", "list")
        run(address=server.address)

    temporalserver.py PROGRAM ARGS...    runs a program with $TEMPORAL_ADDRESS naming a fresh server,
                                         and leaves as it does; 77 (skipped) where there is none

tools/setup-temporal has made it, in `cache()`; $DS_TEMPORAL_CLI names another one.  It listens on
free ports of loopback and ends when the process that started it ends, however that ends.  Its data
are in a file: those that it keeps in memory alone it loses, all of them, when a client goes away in
the middle of a call.  $DS_TEMPORAL_CONFIG is a JSON object
of dynamic configuration for every server there is, so that any test can be run on an odd one:

    DS_TEMPORAL_CONFIG='{"limit.historyCount.suggestContinueAsNew": 12}' meson test --suite temporal
"""
import ctypes
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading

VERSION = "1.5.1"
PATIENCE = 120  # seconds until something that must come counts as failed
READY = "Server:"
PR_SET_PDEATHSIG = 1
SKIP = 77
ROOM = 2 << 30
# As it comes, a hop from call to task waits up to 50 ms; a test wants to be done.
QUICK = {"history.transferProcessorMaxPollRPS": 1000, "history.timerProcessorMaxPollRPS": 1000}


def cache():
    """Where tools/setup-temporal puts what tests need of others."""
    top = os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache"
    return pathlib.Path(top) / "durable-sync"


def cli_path():
    named = os.environ.get("DS_TEMPORAL_CLI")
    return pathlib.Path(named) if named else cache() / f"temporal-{VERSION}" / "temporal"


def missing():
    """Why there is no server here; None: there is one."""
    if cli_path().is_file():
        return None
    why = cli_path().parent.with_suffix(".why")
    if why.is_file():
        return why.read_text().strip()
    return f"no {cli_path()}; tools/setup temporal makes it"


def roomy_memory():
    """A file system in memory with room for a server's data: it waits for no disk.  None: there is none."""
    place = pathlib.Path("/dev/shm")
    there = place.is_dir() and os.access(place, os.W_OK)
    return place if there and shutil.disk_usage(place).free > ROOM else None


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Server:
    """`config` are values of its dynamic configuration by their exact names, `options` words for
    start-dev.  With `keep` the data outlive stop() or kill() and start()."""

    def __init__(self, keep=False, quick=True, config=None, options=()):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="ds-temporal-", dir=roomy_memory()))
        self.keep = keep
        self.data = self.dir / "server.db"
        self.config = {**(QUICK if quick else {}), **json.loads(os.environ.get("DS_TEMPORAL_CONFIG", "{}")),
                       **(config or {})}
        self.options = list(options)
        self.port = free_port()
        self.process = None
        self.log = []
        self.ready = threading.Event()

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.close()

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    # -- life and death

    def start(self):
        """Starts, and waits until it answers."""
        for _ in range(5):
            self.launch()
            self.ready.wait(PATIENCE)
            if self.process.poll() is None and any(READY in line for line in self.log):
                return
            self.kill()
            if self.keep and self.data.is_file():
                break  # its clients know the port
            self.port = free_port()  # somebody else was faster
        raise RuntimeError("the server does not start:\n" + "\n".join(self.log[-30:]))

    def launch(self):
        libc = ctypes.CDLL(None)
        args = [cli_path(), "server", "start-dev", "--headless", "--ip", "127.0.0.1",
                "--port", str(self.port), "--log-level", "error", "--db-filename", str(self.data)]
        if not self.keep:
            for left in self.dir.glob(self.data.name + "*"):
                left.unlink()
        for name, value in self.config.items():
            args += ["--dynamic-config-value", f"{name}={json.dumps(value)}"]
        self.log = []
        self.ready = threading.Event()
        self.process = subprocess.Popen(  # pylint: disable=consider-using-with
            [*args, *self.options], cwd=self.dir, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, errors="replace", env=self.env(),
            preexec_fn=lambda: libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL))
        threading.Thread(target=self.listen, args=(self.process, self.log, self.ready),
                         daemon=True).start()

    @staticmethod
    def listen(process, log, ready):
        for line in process.stdout:
            log.append(line.rstrip("\n"))
            if READY in line:
                ready.set()
        ready.set()  # it has ended

    def stop(self):
        """As an operator would; what runs is given a moment."""
        self.end(signal.SIGTERM)

    def kill(self):
        self.end(signal.SIGKILL)

    def end(self, number):
        if self.process and self.process.poll() is None:
            self.process.send_signal(number)
        if self.process:
            self.process.wait(PATIENCE)

    def close(self):
        self.kill()
        shutil.rmtree(self.dir, ignore_errors=True)

    # -- talking to it

    def env(self, **more):
        """The environment for a client of this server, without anybody else's settings."""
        kept = {name: value for name, value in os.environ.items()
                if not name.startswith("TEMPORAL_")}
        return {**kept, "TEMPORAL_CONFIG_FILE": str(self.dir / "none.toml"), **more}

    def run(self, *args, **more):
        """The official command line with these words; a CompletedProcess, whatever came of it."""
        return subprocess.run([cli_path(), *map(str, args), "--address", self.address],
                              capture_output=True, text=True, timeout=PATIENCE, check=False,
                              stdin=subprocess.DEVNULL, env=self.env(), **more)

    def cli(self, *args):
        """What it prints; a refusal is an error."""
        done = self.run(*args)
        if done.returncode:
            raise RuntimeError(f"temporal {' '.join(map(str, args))}: {done.stderr}{done.stdout}")
        return done.stdout

    def json(self, *args):
        return json.loads(self.cli(*args, "--output", "json"))

    def history(self, workflow_id):
        """The events of its current run."""
        return self.json("workflow", "show", "--workflow-id", workflow_id)["events"]

    def query(self, workflow_id, name, *options):
        answer = self.json("workflow", "query", "--workflow-id", workflow_id, "--name", name, *options)
        return answer["queryResult"][0]


def main():
    if len(sys.argv) < 2:
        print(__doc__, file=sys.stderr)
        return 2
    why = missing()
    if why:
        print(f"# skipped: {why}")
        return SKIP
    with Server() as server:
        env = server.env(TEMPORAL_ADDRESS=server.address)
        done = subprocess.run(sys.argv[1:], env=env, check=False)
    return done.returncode if done.returncode >= 0 else 128 - done.returncode


if __name__ == "__main__":
    sys.exit(main())
