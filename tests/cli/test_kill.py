#!/usr/bin/env python3
"""SIGKILL of the real program at 200 moments that nobody chose; at 50 under a sanitizer, which looks
at what the program does and not at what a kill leaves.

The source is edited, the program is started and killed somewhere on its way; now and then it may
come to its end, and then both destinations must equal the source, every row once, what a person
added must be there still, and a further run must write nothing.
"""
import json
import os
import random
import subprocess
import time

from cli import PROGRAM, SANITIZED, Case, main

KILLS = 50 if SANITIZED else 200
CHECK_EVERY = 20
ROWS = 2500
CONFIG = """\
routes:
  to-sqlite:
    source: {kind: file, path: in.jsonl, key: id}
    destination: {kind: sqlite, path: out.db, table: things, key: id, create_table: true}
    missing: delete
    every: 1s
  to-file:
    source: {kind: file, path: in.jsonl, key: id}
    destination: {kind: file, path: out.jsonl, key: id}
    missing: delete
    every: 1s
"""


class Kill(Case):
    def setUp(self):
        super().setUp()
        self.random = random.Random(4711)
        self.source = {f"k{i:05d}": {"name": f"first {i}", "size": i} for i in range(ROWS)}
        self.next = ROWS
        self.config(CONFIG)
        self.save()

    def save(self):
        keys = list(self.source)
        if self.random.random() < 0.2:
            self.random.shuffle(keys)
        text = "".join(json.dumps({"id": key, **self.source[key]}) + "\n" for key in keys)
        self.write("in.new", text)
        os.rename(self.dir / "in.new", self.dir / "in.jsonl")

    def edit(self):
        """Some records change, some go, some come."""
        keys = self.random.sample(sorted(self.source), 60)
        for key in keys[:40]:
            self.source[key]["name"] = f"edit {self.random.randrange(10**9)}"
        for key in keys[40:]:
            del self.source[key]
        for _ in range(20):
            self.source[f"k{self.next:05d}"] = {"name": f"new {self.next}", "size": self.next}
            self.next += 1
        self.save()

    def killed(self, command, seconds):
        child = subprocess.Popen([PROGRAM, "-q", command], cwd=self.dir, env=self.env, stdin=subprocess.DEVNULL,
                                 stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            child.wait(seconds)
            return False
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
            return True

    def settled(self):
        """Both routes come to their end; then a further run changes no byte of the destinations."""
        for done in self.once():
            self.assertEqual(done["outcome"], "done", done)
            self.balanced(done)
        before = {name: (self.dir / name).read_bytes() for name in ("out.db", "out.jsonl")}
        for done in self.once():
            self.assertEqual((done["unchanged"], done["total"]), (len(self.source), len(self.source)))
        after = {name: (self.dir / name).read_bytes() for name in ("out.db", "out.jsonl")}
        self.assertEqual(before, after)

    def compare(self, by_hand):
        rows = {key: {"name": name, "size": size}
                for key, name, size, note in self.query("SELECT id, name, size, note FROM things") if note is None}
        notes = dict(self.query("SELECT id, note FROM things WHERE note IS NOT NULL"))
        self.assertEqual(rows, self.source)
        self.assertEqual(notes, by_hand)
        lines = [json.loads(line) for line in (self.dir / "out.jsonl").read_text().splitlines()]
        self.assertEqual(len(lines), len(self.source) + 1)
        there = {line.pop("id"): line for line in lines}
        self.assertEqual(there.pop("hand"), {"note": "mine"})
        self.assertEqual(there, self.source)

    def test_kills(self):
        self.write("out.jsonl", '{"id": "hand", "note": "mine"}\n')
        started = time.monotonic()
        self.once()
        takes = time.monotonic() - started
        self.execute("ALTER TABLE things ADD COLUMN note; INSERT INTO things(id, note) VALUES('hand', 'mine')")
        self.settled()
        kills = tries = 0
        while kills < KILLS:
            tries += 1
            self.assertLess(tries, 20 * KILLS, "the program is always done before it is killed")
            self.edit()
            command = self.random.choice(["once", "run"])
            kills += self.killed(command, self.random.uniform(0, takes * 1.2))
            if kills % CHECK_EVERY == 0:
                self.settled()
                self.compare({"hand": "mine"})
        self.settled()
        self.compare({"hand": "mine"})
        print(f"# {kills} kills in {tries} runs", flush=True)


if __name__ == "__main__":
    main()
