#!/usr/bin/env python3
"""A PostgreSQL server of a test's own: made, started, killed and thrown away.

    with pgserver.Server() as server:
        server.psql("CREATE TABLE t (id text PRIMARY KEY)")
        run(url=server.url())

    pgserver.py PROGRAM ARGS...    runs a program with $DS_PG_URL (and libpq's PGHOST, PGPORT,
                                   PGUSER, PGDATABASE) naming a fresh server, and leaves as it does

It trusts everybody but the role `guarded`, who needs a password (once a test has made it); listens on a Unix socket in its directory and on a free port of loopback, and
ends when the process that started it ends, however that ends.  Root cannot run a server: then it is
the user postgres or nobody who does.
"""
import contextlib
import ctypes
import glob
import os
import pathlib
import pwd
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading

PATIENCE = 120  # seconds until something that must come counts as failed
READY = "database system is ready to accept connections"
PR_SET_PDEATHSIG = 1


def bin_dir():
    """Where initdb is: of the newest version there is."""
    there = glob.glob("/usr/lib/postgresql/*/bin/initdb")
    if there:
        return pathlib.Path(max(there, key=lambda path: int(path.split("/")[4]))).parent
    found = shutil.which("initdb")
    if not found:
        sys.exit("pgserver: no PostgreSQL server here: run tools/setup test")
    return pathlib.Path(found).resolve().parent


def server_user():
    """Who runs the server: ourselves, unless we are root."""
    if os.geteuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        try:
            user = pwd.getpwnam(name)
        except KeyError:
            continue
        return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    return sys.exit("pgserver: root runs no server, and there is neither postgres nor nobody")


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def children_of(pid):
    found = []
    for stat in glob.glob("/proc/[0-9]*/stat"):
        try:
            text = pathlib.Path(stat).read_text()
        except OSError:
            continue
        if int(text.rpartition(")")[2].split()[1]) == pid:
            found.append(int(stat.split("/")[2]))
    return found


class Server:
    """`settings` are lines of postgresql.conf. fsync is off: what a test loses nobody needs."""

    def __init__(self, fsync=False, initdb=(), **settings):
        self.bin = bin_dir()
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="ds-pg-", dir="/tmp"))
        self.data = self.dir / "data"
        self.who = server_user()
        if self.who:
            os.chown(self.dir, self.who["user"], self.who["group"])
        self.port = free_port()
        self.process = None
        self.log = []
        self.news = threading.Condition()
        self.settings = {"listen_addresses": "127.0.0.1", "unix_socket_directories": str(self.dir),
                         "fsync": "on" if fsync else "off", "lc_messages": "C",
                         "max_connections": "40", "shared_buffers": "32MB", "autovacuum": "off",
                         **settings}
        self.tool("initdb", "-D", self.data, "-U", "postgres", "--auth=trust", "-E", "UTF8",
                  "--locale=C", "--no-sync", *initdb)
        rules = self.data / "pg_hba.conf"
        rules.write_text("local all guarded scram-sha-256\nhost all guarded all scram-sha-256\n" +
                         rules.read_text())

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.close()

    def tool(self, name, *args):
        done = subprocess.run([self.bin / name, *map(str, args)], cwd="/", check=False, text=True,
                              capture_output=True, timeout=PATIENCE, **self.who)
        if done.returncode:
            raise RuntimeError(f"{name}: {done.stdout}{done.stderr}")
        return done.stdout

    # -- life and death

    def start(self, **settings):
        """Starts, and waits until connections are taken."""
        self.settings.update(settings)
        for _ in range(5):
            seen = len(self.log)
            self.launch()
            if self.until(lambda: self.process.poll() is not None or
                          any(READY in line for line in self.log[seen:])) and \
                    self.process.poll() is None:
                return
            self.port = free_port()  # somebody else was faster
        raise RuntimeError("the server does not start:\n" + "\n".join(self.log[-30:]))

    def launch(self):
        libc = ctypes.CDLL(None)
        args = [self.bin / "postgres", "-D", self.data, "-p", str(self.port)]
        for name, value in self.settings.items():
            args += ["-c", f"{name}={value}"]
        # After the change of user, which would undo it.
        self.process = subprocess.Popen(  # pylint: disable=consider-using-with
            args, cwd="/", stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE, text=True, errors="replace", **self.who,
            preexec_fn=lambda: libc.prctl(PR_SET_PDEATHSIG, signal.SIGQUIT))
        threading.Thread(target=self.listen, args=(self.process,), daemon=True).start()

    def listen(self, process):
        for line in process.stderr:
            with self.news:
                self.log.append(line.rstrip("\n"))
                self.news.notify_all()
        process.wait()
        with self.news:
            self.news.notify_all()

    def until(self, condition):
        """Waits for a line of the log, or the end of the server; false: it never came."""
        with self.news:
            return self.news.wait_for(condition, PATIENCE)

    def stop(self, mode="fast"):
        """smart waits for sessions to end, fast ends them, immediate leaves without a checkpoint."""
        if not self.process:
            return
        numbers = {"smart": signal.SIGTERM, "fast": signal.SIGINT, "immediate": signal.SIGQUIT}
        if self.process.poll() is None:
            self.process.send_signal(numbers[mode])
        self.process.wait(PATIENCE)

    def kill(self):
        """kill -9 for the server and its sessions, as when the machine loses power."""
        pids = []
        for pid in children_of(self.process.pid):
            with contextlib.suppress(ProcessLookupError):  # one that has just ended by itself
                pids.append(os.pidfd_open(pid))
        self.process.kill()
        self.process.wait(PATIENCE)
        for fd in pids:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(fd, signal.SIGKILL)
            select.select([fd], [], [], PATIENCE)  # readable once it is gone
            os.close(fd)

    def restart(self, mode="fast", **settings):
        self.stop(mode)
        self.start(**settings)

    def close(self):
        self.stop("immediate")
        shutil.rmtree(self.dir, ignore_errors=True)

    # -- talking to it

    def url(self, database="postgres", user="postgres", **options):
        more = "".join(f"&{name}={value}" for name, value in options.items())
        return f"postgresql://{user}@/{database}?host={self.dir}&port={self.port}{more}"

    def tcp_url(self, database="postgres", user="postgres", **options):
        more = "&".join(f"{name}={value}" for name, value in options.items())
        return f"postgresql://{user}@127.0.0.1:{self.port}/{database}?{more}"

    def psql(self, sql, database="postgres", check=True):
        """Rows as `a|b`, one a line; several statements each commit for themselves."""
        done = subprocess.run([self.bin / "psql", "-XqAt", "-v", "ON_ERROR_STOP=1",
                               self.url(database)], input=sql, text=True, capture_output=True,
                              timeout=PATIENCE, check=False)
        if check and done.returncode:
            raise RuntimeError(f"psql: {done.stderr}")
        return done.stdout.rstrip("\n")

    def session(self, database="postgres"):
        """An open psql: write statements to .stdin, each answer comes on .stdout."""
        return subprocess.Popen([self.bin / "psql", "-XqAt", self.url(database)], text=True,
                                stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=1,
                                stderr=subprocess.STDOUT)

    def wal(self):
        """Bytes of WAL written so far."""
        return int(self.psql("SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')"))

    def logged(self, pattern):
        """Waits until the server's log has such a line."""
        wanted = re.compile(pattern)
        return self.until(lambda: any(wanted.search(line) for line in self.log))


def main():
    if len(sys.argv) < 2:
        print(__doc__, file=sys.stderr)
        return 2
    with Server() as server:
        env = dict(os.environ, DS_PG_URL=server.url(), PGHOST=str(server.dir),
                   PGPORT=str(server.port), PGUSER="postgres", PGDATABASE="postgres")
        done = subprocess.run(sys.argv[1:], env=env, check=False)
    return done.returncode if done.returncode >= 0 else 128 - done.returncode


if __name__ == "__main__":
    sys.exit(main())
