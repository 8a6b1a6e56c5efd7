"""What the tests of the worker share: one server for a test program, a task queue and a prefix of routes
for each test, and workers that are the real program."""
import json
import os
import pathlib
import signal
import sqlite3
import struct
import subprocess
import sys
import time

import parts

from cli import PATIENCE, PROGRAM, Case  # noqa: E402  (parts has made the way to it)
import pgserver  # noqa: E402
import temporalserver  # noqa: E402

parts.need_server()

SLOW = "    pace: 40/s\n"  # a pass that is still at it when something is done to it
MANY = 2000
SHIM = str(pathlib.Path(sys.argv[2] if len(sys.argv) > 2 else "build/tests/faults/libshifted_clock.so").resolve())
NOT_YET = ("no poller", "not found", "timed out", "query was rejected")


def route(name="plants", more="", destination="create_table: true"):
    return (f"  {name}:\n"
            f"    source: {{kind: file, path: {name}.jsonl, key: id}}\n"
            f"    destination: {{kind: sqlite, path: out.db, table: {name}, key: id, {destination}}}\n"
            f"    every: 1h\n{more}")


class Served(Case):
    config_of_server = None
    keep = False

    @classmethod
    def setUpClass(cls):
        cls.server = temporalserver.Server(keep=cls.keep, config=cls.config_of_server)
        cls.server.start()
        cls.addClassCleanup(cls.server.close)

    def setUp(self):
        super().setUp()
        self.queue = self.id().rsplit(".", 1)[-1]
        self.env.update(self.server.env(
            TEMPORAL_ADDRESS=self.server.address, DURABLE_SYNC_TASK_QUEUE=self.queue,
            TEMPORAL_CONFIG_FILE=str(self.write("none.toml", ""))))
        self.workers = 0
        self.alive = []
        self.addCleanup(self.end_workflows)

    def config(self, text):
        return super().config("engine: temporal\n" + text)

    def keep_histories(self, folder):
        """$DS_HISTORIES: where every run of every unit is kept, for tests/data/temporal/golden."""
        for found in self.server.json("workflow", "list", "--query", f"TaskQueue = '{self.queue}'"):
            run = found["execution"]
            text = self.server.cli("workflow", "show", "--workflow-id", run["workflowId"], "--run-id",
                                   run["runId"], "--output", "json")
            name = f"{self.queue}-{run['runId'][-6:]}.json"
            (pathlib.Path(folder) / name).write_text(text)

    def end_workflows(self):
        """No test leaves work for the next."""
        if "DS_HISTORIES" in os.environ:
            self.keep_histories(os.environ["DS_HISTORIES"])
        self.terminate(self.running())

    def terminate(self, units):
        for unit in units:
            self.server.run("workflow", "terminate", "--workflow-id", unit)

    def running(self):
        listed = self.server.json("workflow", "list", "--query", f"TaskQueue = '{self.queue}' AND "
                                  "ExecutionStatus = 'Running'")
        return [found["execution"]["workflowId"] for found in listed]

    # -- workers

    def worker(self, *args):
        self.workers += 1
        log = open(self.dir / f"worker{self.workers}.log", "w", encoding="utf-8")
        child = subprocess.Popen([PROGRAM, "run", *args], cwd=self.dir, env=self.env, text=True,
                                 stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        log.close()
        self.addCleanup(self.kill, child)
        self.alive.append(child)
        return child

    def until(self, condition, what):
        def holds():
            for child in self.alive:
                if child.poll() is not None:
                    self.fail(f"a worker left by itself ({child.returncode}):\n{self.log()}")
            return condition()

        try:
            return super().until(holds, what)
        except self.failureException as e:  # as the log is by now
            raise self.failureException(f"{e}\n{self.log()}") from None

    def shifted(self, seconds):
        """What is started from now on has a clock that is so far ahead."""
        shift = self.dir / f"shift{seconds}"
        shift.write_bytes(struct.pack("=q", seconds))
        self.env.update(LD_PRELOAD=SHIM, DS_CLOCK_SHIFT=str(shift))

    def kill(self, child):
        if child in self.alive:
            self.alive.remove(child)
        if child.poll() is None:
            child.kill()
        child.wait(PATIENCE)

    def leave(self, child, number=signal.SIGTERM):
        """As an operator ends it."""
        self.alive.remove(child)
        child.send_signal(number)
        self.assertEqual(child.wait(PATIENCE), 0, self.log())

    def log(self):
        return "".join(path.read_text() for path in sorted(self.dir.glob("worker*.log")))

    def logged(self, words, times=1):
        self.until(lambda: self.log().count(words) >= times, f"{words} in the log")

    # -- units

    def unit(self, route_name="plants"):
        return f"durable-sync:{route_name}:all"

    def signal(self, name, *inputs, unit=None):
        words = [word for value in inputs for word in ("--input", json.dumps(value))]
        self.server.cli("workflow", "signal", "--workflow-id", unit or self.unit(), "--name", name,
                        *words)

    def status(self, unit=None):
        return self.server.query(unit or self.unit(), "status")

    def status_of_running(self, unit=None):
        """An ended unit is asked through the task queue it had: where no worker is left there, the
        server keeps such a query for half a minute."""
        return self.server.query(unit or self.unit(), "status", "--reject-condition", "not_open")

    def status_now(self, unit=None):
        """None while no worker answers, and while the unit has yet to be started: the tests of a
        program share its name, so the ended one of a test before may be what is found."""
        try:
            return self.status_of_running(unit)
        except RuntimeError as e:
            if any(words in str(e) for words in NOT_YET):
                return None
            raise

    def until_status(self, unit=None, runs=0, **wanted):
        """`runs`: so many passes at least have ended well."""
        def holds():
            nonlocal found
            found = self.status_now(unit)
            return (found and found["runs_completed"] >= runs and found
                    and all(found[name] == value for name, value in wanted.items()) and found)

        found = None
        try:
            return self.until(holds, f"status with {runs} runs and {wanted}")
        except self.failureException as e:
            raise self.failureException(f"{found}\n{e}") from None

    def described(self, unit=None):
        return self.server.json("workflow", "describe", "--workflow-id", unit or self.unit())

    def types(self, unit=None):
        return [event["eventType"].removeprefix("EVENT_TYPE_")
                for event in self.server.history(unit or self.unit())]

    def begun(self):
        """A pass has begun, and has said so to the server."""
        return (self.attempt() or {}).get("heartbeatDetails")

    def attempt(self, unit=None):
        """The pending pass as the server knows it; None: there is none."""
        try:
            pending = self.described(unit).get("pendingActivities")
        except RuntimeError as e:
            if "not found" in str(e):  # the unit has yet to be started
                return None
            raise
        return pending[0] if pending else None

    def rows_there(self, table="plants"):
        """How many the destination has by now."""
        try:
            return self.query(f"SELECT count(*) FROM {table}")[0][0]
        except sqlite3.OperationalError:  # the table is yet to be made
            return 0

    def each_once(self, n, table="plants"):
        rows = self.query(f"SELECT count(*), count(DISTINCT id) FROM {table}")
        self.assertEqual(rows, [(n, n)])


class Shared(Served):
    """Workers that share a store on a PostgreSQL server."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.postgres = pgserver.Server()
        cls.postgres.start()
        cls.addClassCleanup(cls.postgres.close)

    def shared(self, routes, before=""):
        """Routes over a store that nobody has used; `before`: further lines of the configuration."""
        name = self.queue.removeprefix("test_")
        self.postgres.psql(f"CREATE DATABASE {name}")
        self.config(f"{before}store: '{self.postgres.url(name)}'\nroutes:\n{routes}")

    def into_postgresql(self, name="plants", more=""):
        """A route into a database of its own at that server, and what counts its rows."""
        base = f"{self.queue.removeprefix('test_')}_{name}"
        self.postgres.psql(f"CREATE DATABASE {base}")
        self.postgres.psql(f"CREATE TABLE {name}(id text PRIMARY KEY, name text, height int)", base)
        text = (f"  {name}:\n    source: {{kind: file, path: {name}.jsonl, key: id}}\n"
                f"    destination: {{kind: postgresql, url: '{self.postgres.url(base)}', table: {name}, "
                "key: id}\n"
                f"    every: 1h\n{more}")
        return text, lambda what="count(*)": self.postgres.psql(f"SELECT {what} FROM {name}", base)

    def hurry(self):
        path = self.dir / "durable-sync.yaml"
        path.write_text(path.read_text().replace(SLOW, ""))

    def who(self, unit=None):
        """The process of the worker that has said it runs the pass."""
        pending = self.attempt(unit) or {}
        name = pending.get("lastWorkerIdentity")
        return pending.get("heartbeatDetails") and name and int(name.split("@")[0])

    def other_than(self, pid, unit):
        def there():
            now = self.who(unit)
            return now if now and now != pid else None

        return self.until(there, f"another worker than {pid}")

    def kill_in_turn(self, times, written, unit=None):
        """Two workers: whoever has the pass is killed, and the other one takes it up and writes more."""
        by_pid = {child.pid: child for child in (self.worker(), self.worker())}
        has_it = self.until(lambda: self.who(unit), "a pass that has begun")
        took = []
        for _ in range(times):
            before = written()
            self.kill(by_pid.pop(has_it))
            killed = time.monotonic()
            child = self.worker()
            by_pid[child.pid] = child
            has_it = self.other_than(has_it, unit)
            took.append(time.monotonic() - killed)
            self.until(lambda least=before: written() > least, f"more than {before} rows")
        for child in by_pid.values():
            self.leave(child)
        print(f"# {times} kills: taken up after {sorted(took)[times // 2]:.1f} s, the slowest after "
              f"{max(took):.1f} s; {written()} rows by then", flush=True)
