"""What the tests of faults stand on: the real program with one call in it made to fail, worlds with a
source, a destination and a store, and the proof of what is in them afterwards.

Usage of a test file: test_NAME.py PROGRAM FAULTS_SO
"""
import collections
import contextlib
import csv
import itertools
import json
import mmap
import os
import pathlib
import queue
import random
import shutil
import signal
import sqlite3
import struct
import subprocess
import sys
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "cli"))
import cli  # noqa: E402

SHIM = str(pathlib.Path(sys.argv[2] if len(sys.argv) > 2 else "build/tests/faults/libfaults.so").resolve())
REPORT = struct.Struct("qqqq480s")
ROWS = 24
WORKERS = 2
HAND = {"id": "hand", "name": "by hand", "size": 7, "note": "mine"}


def folder():
    """A directory in memory where there is one: the faults are ours, the disk's speed is not the point."""
    shm = pathlib.Path("/dev/shm")
    return tempfile.mkdtemp(prefix="durable-sync-", dir=shm if os.access(shm, os.W_OK) else None)


class Fault:
    """A call that is to fail, as the shim is told of it, and what it reports."""

    def __init__(self, report, call, at, how, file=None):
        self.path = pathlib.Path(report)
        self.path.write_bytes(bytes(REPORT.size))
        self.env = {"LD_PRELOAD": SHIM, "DS_FAULT_PROGRAM": cli.PROGRAM, "DS_FAULT_CALL": call,
                    "DS_FAULT_AT": str(at), "DS_FAULT_HOW": str(how), "DS_FAULT_REPORT": str(report)}
        if file:
            self.env["DS_FAULT_FILE"] = file

    def read(self):
        *numbers, what = REPORT.unpack(self.path.read_bytes())
        return [*numbers, pathlib.Path(what.rstrip(b"\0").decode()).name]


class Run:
    """One run of the program, and what the shim saw of it."""

    def __init__(self, where, args, call=None, at=0, how="5", env=None):
        env = dict(env or os.environ)
        if call:
            fault = Fault(f"{where}.report", call, at, how)
            env.update(fault.env)
        done = subprocess.run([cli.PROGRAM, *args], cwd=where, env=env, capture_output=True, check=False,
                              stdin=subprocess.DEVNULL, timeout=2 * cli.PATIENCE)
        self.code, self.out, self.err = done.returncode, done.stdout.decode(), done.stderr.decode()
        self.seen = self.fired = self.again = self.unwritten = 0
        self.what = ""
        if call:
            self.seen, self.fired, self.again, self.unwritten, self.what = fault.read()
            fault.path.unlink()

    @property
    def passes(self):
        try:
            return json.loads(self.out)["passes"]
        except (ValueError, KeyError):
            return None

    def __str__(self):
        return f"exit {self.code}\n{self.out}{self.err}"


class World:
    """A route from one end to the other, before a pass of the given kind."""

    def __init__(self, source, destination, kind, more=""):
        self.name = f"{source} to {destination}, {kind} pass"
        self.source, self.destination, self.kind, self.more = source, destination, kind, more
        self.start = {f"k{i:02}": self.record(f"k{i:02}", i) for i in range(ROWS)}
        self.end = dict(self.start)
        if kind == "update":
            self.end = {key: dict(r, name=r["name"] + ", changed") for key, r in self.start.items()}
        if kind == "mixed":
            for i in range(0, ROWS, 4):
                self.end[f"k{i:02}"] = self.record(f"k{i:02}", 100 + i)
                del self.end[f"k{i + 1:02}"]
                self.end[f"n{i:02}"] = self.record(f"n{i:02}", i)

    @staticmethod
    def record(key, i):
        return {"id": key, "name": f"Thing {i} " + "x" * 40, "size": i}

    def config(self, _):
        ends = {"jsonl": "{kind: file, path: %s.jsonl, key: id}", "csv": "{kind: file, path: %s.csv, key: id}",
                "sqlite": "{kind: sqlite, path: %s.db, table: things, key: id%s}"}
        read, write = ends[self.source], ends[self.destination]
        read = read % (("in", "") if self.source == "sqlite" else "in")
        write = write % (("out", "") if self.destination == "sqlite" else "out")
        return f"routes:\n  r:\n    source: {read}\n    destination: {write}\n    missing: delete\n{self.more}"

    # -- making it

    def write_source(self, where, records):
        if self.source == "sqlite":
            with sqlite3.connect(where / "in.db") as db:
                db.execute("CREATE TABLE IF NOT EXISTS things(id TEXT PRIMARY KEY, name TEXT, size INTEGER)")
                db.execute("DELETE FROM things")
                db.executemany("INSERT INTO things VALUES(:id, :name, :size)", records.values())
            db.close()
        else:
            (where / "in.jsonl").write_text("".join(json.dumps(r) + "\n" for r in records.values()))

    def restore(self, where):
        """What is not in files; those are back already."""

    def write_hand(self, where):
        """A row and a column that are nobody's but the user's."""
        if self.destination == "sqlite":
            with sqlite3.connect(where / "out.db") as db:
                db.execute("CREATE TABLE things(id TEXT PRIMARY KEY, name TEXT, size INTEGER, note TEXT)")
                db.execute("INSERT INTO things VALUES(:id, :name, :size, :note)", HAND)
            db.close()
        elif self.destination == "csv":
            (where / "out.csv").write_text("id,name,size,note\nhand,by hand,7,mine\n")
        else:
            (where / "out.jsonl").write_text(json.dumps(HAND) + "\n")

    def note_by_hand(self, where):
        """A note on a row that the route keeps."""
        if self.destination == "sqlite":
            with sqlite3.connect(where / "out.db") as db:
                db.execute("UPDATE things SET note = 'kept' WHERE id = 'k03'")
            db.close()
        elif self.destination == "jsonl":
            path = where / "out.jsonl"
            lines = [json.loads(line) for line in path.read_text().splitlines()]
            for line in lines:
                if line["id"] == "k03":
                    line["note"] = "kept"
            path.write_text("".join(json.dumps(line) + "\n" for line in lines))

    def make(self, where):
        where.mkdir(mode=0o700)
        (where / "durable-sync.yaml").write_text(self.config(where))
        (where / "durable-sync.yaml").chmod(0o600)
        self.write_hand(where)
        self.write_source(where, self.start)
        if self.kind != "first":
            done = Run(where, ["once", "--json"])
            assert done.code == 0, done
            self.note_by_hand(where)
            done = Run(where, ["once", "--json"])
            assert done.code == 0, done
            self.write_source(where, self.end)

    # -- looking at it

    def read(self, where):
        """The rows of the destination by key, without touching it. A row twice is an error."""
        if self.destination == "sqlite":
            rows = self.read_sqlite(where)
        elif self.destination == "csv":
            with open(where / "out.csv", encoding="utf8", newline="") as file:
                rows = [dict(row, size=int(row["size"])) for row in csv.DictReader(file)]
        else:
            rows = [json.loads(line) for line in (where / "out.jsonl").read_text().splitlines()]
        found = {row["id"]: {k: v for k, v in row.items() if v not in (None, "")} for row in rows}
        assert len(found) == len(rows), f"a row is there twice: {rows}"
        return found

    @staticmethod
    def read_sqlite(where):
        copy = where.with_name(where.name + ".copy")
        copy.mkdir()
        try:
            for path in where.glob("out.db*"):
                shutil.copy(path, copy)
            db = sqlite3.connect(copy / "out.db")
            db.row_factory = sqlite3.Row
            rows = [dict(row) for row in db.execute("SELECT * FROM things")]
            sound, = db.execute("PRAGMA integrity_check").fetchone()
            db.close()
        finally:
            shutil.rmtree(copy)
        assert sound == "ok", sound
        return rows

    def wanted(self):
        rows = {"hand": HAND, **{key: dict(r) for key, r in self.end.items()}}
        if self.kind != "first" and self.destination != "csv":
            rows["k03"]["note"] = "kept"
        return rows

    def equals(self, found, when):
        wanted = self.wanted()
        wrong = {key: (found.get(key), wanted.get(key)) for key in found.keys() | wanted.keys()
                 if found.get(key) != wanted.get(key)}
        assert not wrong, f"{when}, there is and should be: {wrong}"

    def between(self, found):
        """What may be there after a pass that did not end: of each row the old or the new, whole."""
        assert found.get("hand") == HAND, f"the row made by hand: {found.get('hand')}"
        for key, row in found.items():
            row = {k: v for k, v in row.items() if k != "note"}
            if key != "hand":
                assert row in (self.start.get(key), self.end.get(key)), f"{key}: {row}"

    def bytes(self, where):
        return {p.name: p.read_bytes() for p in where.glob("out.*")
                if not p.name.endswith(("-wal", "-shm", "-journal"))}

    @staticmethod
    def untouched(where, kept):
        """Every file of the world is as it was, so whatever comes next is what came next then."""
        now, then = ({p.name: p.is_file() and p.read_bytes() for p in folder.iterdir()} for folder in (where, kept))
        return now == then


class Place:
    """A world in a directory, and how it was: a route knows its ends by their paths, so each run must
    find them where they were. A destination file is known by its inode too; it is replaced, never
    written into, so a second name for it keeps it."""

    def __init__(self, world, room):
        self.world, self.here, self.kept = world, room / "here", room / "kept"
        room.mkdir()
        world.make(self.here)
        self.kept.mkdir()
        for path in self.here.iterdir():
            self.bring(path, self.kept)

    @staticmethod
    def bring(path, to):
        if path.name in ("out.jsonl", "out.csv"):
            os.link(path, to / path.name)
        else:
            shutil.copy2(path, to)

    def restore(self):
        shutil.rmtree(self.here)
        self.here.mkdir(mode=0o700)
        for path in self.kept.iterdir():
            self.bring(path, self.here)
        self.world.restore(self.here)
        return self.here


class Check:
    """Runs a world under one fault after the other until a run is left alone by it; two at a time."""

    def __init__(self, world, room):
        self.world = world
        self.places = queue.SimpleQueue()
        for i in range(WORKERS):
            self.places.put(Place(world, pathlib.Path(room) / f"place{i}"))
        self.tally = collections.Counter()
        with self.place() as where:
            self.before = self.status(where)

    @contextlib.contextmanager
    def place(self):
        place = self.places.get()
        try:
            yield place.restore()
        finally:
            self.places.put(place)

    @staticmethod
    def status(where):
        done = Run(where, ["status", "--json"])
        assert done.code == 0, f"status: {done}"
        doc = json.loads(done.out)
        unit = doc["units"][0] if doc["units"] else {"runs_completed": 0, "last_error": None}
        return dict(unit, unlisted=bool(doc["unlisted"]))

    def count(self, call):
        with self.place() as where:
            done = Run(where, ["once", "--json"], call)
        assert done.code == 0 and done.fired == 0, done
        return done.seen

    def one(self, call, how, at):
        """False: the run had fewer calls of the kind."""
        with self.place() as where:
            hurt = Run(where, ["once", "--json"], call, at, how)
            same = self.world.untouched(where, where.with_name("kept"))
            try:
                self.after_the_fault(where, hurt, call, same)
                if not same:
                    self.the_next_ones(where)
            except AssertionError as problem:
                raise AssertionError(f"{self.world.name}: {call} {at} ({how}) of {hurt.what or '?'}: "
                                     f"{problem}\nthe run with the fault: {hurt}") from problem
        self.tally[call, how, hurt.what, hurt.code] += hurt.fired
        return hurt.fired > 0

    def after_the_fault(self, where, hurt, call, same):
        died_well = hurt.code >= 0 or (call == "malloc" and hurt.code == -signal.SIGABRT)
        assert died_well and hurt.code != 99, "it did not leave by itself"
        if call == "fsync" and hurt.fired:
            self.after_a_failed_sync(hurt)
        found = self.world.read(where)
        passes = hurt.passes
        if hurt.code == 0:
            assert passes and all(p["outcome"] == "done" for p in passes), "it exits with 0"
            self.world.equals(found, "it says done")
        else:
            self.world.between(found)
            assert hurt.err or (passes and passes[0]["error"]), "no word of what went wrong"
        self.truth_of_the_status(self.before if same else self.status(where), passes, found)

    @staticmethod
    def after_a_failed_sync(hurt):
        """It is never asked for again as if it had not failed. SQLite's rollback writes the old pages
        over the refused ones and syncs those: of a destination, or of a store that is being made (exit
        2). A store that is in use is not touched again, and says so."""
        assert hurt.unwritten == 0, "a sync that failed is tried again"
        if hurt.again or hurt.what.startswith("durable-sync.db"):
            assert hurt.code != 0, "a sync failed, and it exits with 0"
        if hurt.what.startswith("durable-sync.db") and hurt.code == 1:
            assert hurt.again == 0, "the store is synced again"
            assert "store_failed" in hurt.err, "no clear line"

    def truth_of_the_status(self, unit, passes, found):
        """A source that could not list its units is a pass of "-" that failed; a unit that is known gets
        its pass all the same."""
        outcomes = {p["unit"]: p["outcome"] for p in passes or []}
        done = outcomes.get("all") == "done"
        if unit["runs_completed"] > self.before["runs_completed"]:
            self.world.equals(found, "a pass counts as completed")
        if passes:
            assert unit["runs_completed"] == self.before["runs_completed"] + done, unit
            assert unit["unlisted"] == ("-" in outcomes), unit
        if done:
            assert not unit["last_error"], unit
        if outcomes.get("all") == "failed":
            assert unit["last_error"], unit

    def the_next_ones(self, where):
        second = Run(where, ["once", "--json"])
        assert second.code == 0 and second.passes[0]["outcome"] == "done", f"the next run: {second}"
        self.world.equals(self.world.read(where), "after the next run")
        before = self.world.bytes(where)
        third = Run(where, ["once", "--json"])
        totals = third.passes[0]
        assert third.code == 0 and totals["unchanged"] == totals["total"] == len(self.world.end), third
        assert self.world.bytes(where) == before, "a third run writes"
        rest = [p.name for p in where.glob(".*") if "lock" not in p.name]
        assert rest == [], f"left behind: {rest}"

    # -- for every n

    def every(self, call, how):
        """n = 1, 2, ... until a run is left alone: threads make the counts differ a little from run to
        run, so the end is seen, not computed. Answers how many failed."""
        numbers, ended = itertools.count(1), threading.Event()

        def work():
            fired = 0
            while not ended.is_set() and self.one(call, how, next(numbers)):
                fired += 1
            ended.set()
            return fired

        with ThreadPoolExecutor(WORKERS) as pool:
            return sum(job.result() for job in [pool.submit(work) for _ in range(WORKERS)])

    def sample(self, call, how, edge, between):
        """The first, the last and a seeded choice of what lies between. How many, of how many."""
        most = self.count(call)
        last = max(edge, most - edge)
        numbers = [*range(1, min(edge, most) + 1), *range(last + 1, most + 1)]
        numbers += random.Random(4711).sample(range(edge + 1, last + 1), min(between, last - edge))
        with ThreadPoolExecutor(WORKERS) as pool:
            list(pool.map(lambda at: self.one(call, how, at), numbers))
        return len(numbers), most
