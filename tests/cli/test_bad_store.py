#!/usr/bin/env python3
"""Stores that are damaged, of another version or another program's; disks read-only and full.

What is said, with which code, and that nothing is lost: once the cause is gone, the next run goes
on from what was durable, no row doubled.
"""
import os
import resource
import shlex
import signal
import sqlite3
import subprocess
from contextlib import closing

from cli import PROGRAM, SIMPLE, Answer, Case, main
from disks import why_no_disks

READING = (["check"], ["plan"], ["status"], ["history"], ["held"], ["explain", "plants", "p1"],
           ["approve", "plants"])  # which nothing waits for
WRITING = (["once"], ["run"], ["sync", "plants"], ["pause", "plants"], ["resume", "plants"],
           ["interval", "plants", "5m"])


class StoreCase(Case):
    def mirrored(self, n=3000):
        self.config()
        self.rows(n)
        self.once()

    def every_command_says(self, *words):
        before = self.files()
        for command in READING + WRITING:
            answer = self.run_it(*command, code=2)
            for word in words:
                self.assertIn(word, answer.out + answer.err, command)
        self.assertIn("error", self.run_it("doctor", code=2).out)
        after = self.files()
        changed = {name for name in before | after if before.get(name) != after.get(name)}
        beside = {"durable-sync.db" + end for end in (".lock", "-wal", "-shm")}
        self.assertLessEqual(changed, beside)

    def move_away_as_told(self):
        """The remedy of the message, as a person would type it; then all is found again."""
        said = self.run_it("status", code=2).err
        subprocess.run(shlex.split(said[said.index("(mv ") + 1:].split(")")[0]), check=True)
        done, = self.once()
        self.assertEqual((done["created"], done["updated"], done["unchanged"]), (0, 0, 3000))
        self.assertEqual(self.query("SELECT count(*) FROM plants"), [(3000,)])


class Damaged(StoreCase):
    def test_no_database(self):
        self.mirrored()
        self.write("durable-sync.db", "this is no database\n" * 1000)
        self.every_command_says("durable-sync.db is damaged or no store", "not a database")
        self.move_away_as_told()

    def test_cut_off(self):
        self.mirrored()
        os.truncate(self.dir / "durable-sync.db", 20000)
        self.every_command_says("durable-sync.db is damaged", "malformed")
        self.move_away_as_told()

    def test_overwritten_in_the_middle(self):
        self.mirrored()
        path = self.dir / "durable-sync.db"
        size = path.stat().st_size
        with open(path, "r+b") as file:
            file.seek(4096 * 5)
            file.write(b"\xa5" * (size - 4096 * 6))
        self.every_command_says("durable-sync.db is damaged", "malformed")
        self.move_away_as_told()

    def test_of_a_newer_version(self):
        self.mirrored(3)
        self.execute("PRAGMA user_version = 99;", "durable-sync.db")
        self.every_command_says("newer version", "format 99", "set `store` to another path")

    def test_of_another_program(self):
        self.config()
        self.rows(3)
        self.execute("CREATE TABLE mine(a); INSERT INTO mine VALUES (1);", "durable-sync.db")
        self.every_command_says("database of another program", "set `store`")
        self.assertEqual(self.query("SELECT a FROM mine", "durable-sync.db"), [(1,)])

    def test_an_empty_file_becomes_one(self):
        self.config()
        self.rows(3)
        self.write("durable-sync.db", "")
        self.assertEqual(self.once()[0]["created"], 3)

    def test_a_folder_that_is_not_there(self):
        self.config("store: sqlite:nowhere/s.db\n" + SIMPLE)
        self.rows(3)
        self.assertIn("its directory does not exist", self.run_it("once", code=2).err)
        self.assertIn("its directory does not exist", self.run_it("check", code=2).out)


class FileSize(StoreCase):
    """A limit of the process takes the part of a full disk where no disk can be mounted."""

    def limited(self, size, *args):
        done = subprocess.run(
            [PROGRAM, *args], cwd=self.dir, env=self.env, stdin=subprocess.DEVNULL, text=True,
            capture_output=True, check=False,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size)))
        return Answer(done)

    def test_the_limit_is_an_error_not_a_death(self):
        for kind in ("sqlite", "file"):
            self.config(SIMPLE if kind == "sqlite" else SIMPLE[:SIMPLE.index("    destination")]
                        + "    destination: {kind: file, path: out.jsonl, key: id}\n")
            self.rows(20000)
            answer = self.limited(200000, "once")
            self.assertEqual(answer.code, 1, (kind, answer.code, answer.err))
            self.assertNotEqual(answer.code, -signal.SIGXFSZ)
            self.assertRegex(answer.err, "out\\.|durable-sync\\.db")
            self.once()
        self.assertEqual(self.query("SELECT count(*) FROM plants"), [(20000,)])
        self.assertEqual((self.dir / "out.jsonl").read_text().count("\n"), 20000)


class Disk(StoreCase):
    """A disk of its own at disk/, in a mount namespace that ends with this process."""

    def setUp(self):
        super().setUp()
        if why_no_disks():
            self.skipTest(why_no_disks())
        self.disk = self.dir / "disk"
        self.disk.mkdir()
        mount = ["mount", "-t", "tmpfs", "-o", "size=1m,mode=755", "tmpfs", self.disk]
        done = subprocess.run(mount, capture_output=True, text=True, check=False)
        if done.returncode:
            self.skipTest(done.stderr.strip())
        self.addCleanup(subprocess.run, ["umount", self.disk], check=True)

    def remount(self, how):
        subprocess.run(["mount", "-o", "remount," + how, self.disk], check=True)

    def long_rows(self, n, name="Plant"):
        lines = [f'{{"id": "p{i}", "name": "{name} {i} {"and so on " * 5}"}}' for i in range(n)]
        self.write("plants.jsonl", "\n".join(lines) + "\n")

    def on_disk(self, what):
        self.config({"store": "store: sqlite:disk/durable-sync.db\n" + SIMPLE,
                     "sqlite": SIMPLE.replace("out.db", "disk/out.db"),
                     "file": SIMPLE[:SIMPLE.index("    destination")]
                     + "    destination: {kind: file, path: disk/out.jsonl, key: id}\n"}[what])

    def rows_there(self, what):
        if what == "file":
            return (self.disk / "out.jsonl").read_text().count("\n")
        path = "disk/out.db" if what == "sqlite" else "out.db"
        with closing(sqlite3.connect(f"file:{self.dir / path}?mode=ro", uri=True)) as db:
            self.assertEqual(db.execute("PRAGMA integrity_check").fetchall(), [("ok",)])
            return db.execute("SELECT count(DISTINCT id), count(*) FROM plants").fetchall()[0][1]


class ReadOnly(Disk):
    def test_store(self):
        self.on_disk("store")
        self.rows(3)
        for used in (False, True):
            self.remount("ro")
            self.assertIn("its directory cannot be written", self.run_it("check", code=2).out)
            self.assertIn("nothing can be written", self.run_it("doctor", code=2).out)
            for command in (["plan"], ["status"], ["history"], ["held"]):
                self.run_it(*command)
            for command in WRITING:
                said = self.run_it(*command, code=2).err
                self.assertIn("disk/durable-sync.db: its directory cannot be written", said)
                self.assertIn("Read-only file system", said)
                self.assertIn("set `store` to another path", said)
            if used:
                self.assertEqual(self.run_it("plan", "--json").json["routes"][0]["unchanged"], 3)
            self.remount("rw")
            self.assertEqual(self.once()[0]["created"], 0 if used else 3)

    def test_store_of_a_daemon_that_died(self):
        self.on_disk("store")
        self.rows(3)
        child = self.daemon()
        self.until(lambda: any(u["runs_completed"] == 1 for u in self.units()), "the first pass")
        child.kill()
        child.communicate()
        self.remount("ro")
        self.assertEqual(self.units()[0]["runs_completed"], 1)
        self.assertEqual(self.run_it("plan", "--json").json["routes"][0]["unchanged"], 3)
        self.remount("rw")
        self.assertEqual(self.once()[0]["unchanged"], 3)

    def test_destinations(self):
        for what in ("sqlite", "file"):
            self.on_disk(what)
            for n in (3, 5):
                self.rows(n)
                self.remount("ro")
                self.assertIn("cannot be", self.run_it("check", code=2).out)
                failed, = self.once(code=1)
                self.assertEqual(failed["outcome"], "failed")
                self.assertIn(str(self.disk), failed["error"]["text"])
                self.remount("rw")
                self.run_it("check")
                self.assertEqual(self.once()[-1]["outcome"], "done")
                self.assertEqual(self.rows_there(what), n)


class Full(Disk):
    def test_store(self):
        self.on_disk("store")
        self.long_rows(100)
        self.once()
        self.long_rows(40000)
        answer = self.run_it("once", code=1)
        self.assertIn("disk/durable-sync.db: the disk is full; free some space", answer.err)
        self.assertIn("holds all that was committed before", answer.err)
        self.assertEqual(self.units()[0]["last_stats"]["created"], 100)
        self.run_it("run", code=1)
        self.remount("size=60m")
        for done in self.once():
            self.assertEqual(done["outcome"], "done")
        self.assertEqual(self.rows_there("store"), 40000)

    def test_store_from_the_start(self):
        self.on_disk("store")
        self.long_rows(3)
        with open(self.disk / "fill", "wb", buffering=0) as file:
            try:
                while file.write(b"x" * 4096):
                    pass
            except OSError:
                pass
        self.assertIn("the disk is full", self.run_it("once", code=2).err)
        (self.disk / "fill").unlink()
        self.assertEqual(self.once()[0]["created"], 3)

    def test_destinations(self):
        for what in ("sqlite", "file"):
            self.on_disk(what)
            self.long_rows(100)
            self.once()
            self.long_rows(40000)
            failed, = self.once(code=1)
            self.assertIn("the disk is full", failed["error"]["text"])
            self.assertIn("make room", failed["error"]["text"])
            # A database keeps the groups that were committed, which is what was counted; a file
            # appears as a whole, and what was counted waits beside it.
            kept = failed["created"] if what == "sqlite" else 0
            self.assertEqual(self.rows_there(what), 100 + kept)
            self.remount("size=60m")
            passes = self.once()
            self.assertEqual({done["outcome"] for done in passes}, {"done"})
            created = failed["created"] + sum(done["created"] for done in passes)
            self.assertEqual(created, 40000 - 100)
            self.assertEqual(self.rows_there(what), 40000)
            self.assertEqual(self.once()[0]["unchanged"], 40000)
            for path in self.disk.iterdir():
                path.unlink()
            self.remount("size=1m")

    def test_a_file_that_has_no_room_for_its_successor(self):
        self.on_disk("file")
        self.long_rows(5000)
        self.once()
        old = (self.disk / "out.jsonl").read_bytes()
        self.long_rows(5000, "Tree")
        failed, = self.once(code=1)
        self.assertIn("the disk is full", failed["error"]["text"])
        self.assertEqual((self.disk / "out.jsonl").read_bytes(), old)
        self.remount("size=60m")
        self.once()
        self.assertEqual((self.disk / "out.jsonl").read_text().count("Tree"), 5000)
        self.assertEqual([p.name for p in self.disk.iterdir()], ["out.jsonl"])


if __name__ == "__main__":
    main()
