#!/usr/bin/env python3
"""test_postgresql.py PROGRAM FAULTS_SO - the n-th connect, send and recv of a pass fails, with PostgreSQL at
both ends, for n = 1, 2, ... (a sample of them; all with DS_FAULTS_ALL).

What must then hold is said in rig.py: nothing is lost, nothing doubled, what was told is true, and the run
after the next one writes nothing.
"""
import errno
import os
import shutil
import unittest

from rig import HAND, Check, World, folder  # also finds the tests of the command line
from cli import main
from pg import pgserver

ALL = os.environ.get("DS_FAULTS_ALL")
COLUMNS = "id text PRIMARY KEY, name text, size int, note text"
# A socket that is lost, and one that is only slow: the second sort a pass comes through.
LOST = (("connect", errno.ECONNREFUSED), ("send", "lost"), ("recv", "lost"), ("recv", "end"))
SLOW = (("send", "short"), ("send", errno.EINTR), ("recv", "short"), ("recv", errno.EINTR), ("recv", errno.EAGAIN))


def values(records):
    quoted = ("'" + "', '".join((r["id"], r["name"], str(r["size"]))) + f"', '{r.get('note', '')}'"
              for r in records)
    return ", ".join(f"({row})" for row in quoted)


class PgWorld(World):
    """One database for each place that the world is in, named after it. What is kept there is put back row
    by row, so that the tables stay the ones that the route knows."""

    def __init__(self, server, source, kind):
        super().__init__(source, "postgresql", kind)
        self.server, self.sessions = server, {}

    def sql(self, where, text):
        """By a session that stays: a psql for each statement would cost more than the statement."""
        name = where.parent.name
        if name not in self.sessions:
            self.server.psql(f"CREATE DATABASE {name}")
            self.sessions[name] = self.server.session(name)
        psql = self.sessions[name]
        psql.stdin.write(f"{text}\n;\\echo -- end\n")
        psql.stdin.flush()
        lines = []
        for line in psql.stdout:
            if line == "-- end\n":
                return lines
            lines.append(line.rstrip("\n"))
        raise AssertionError(f"psql has left: {text}: {lines}")

    def close(self):
        for psql in self.sessions.values():
            psql.communicate()

    def config(self, where):
        url = self.server.tcp_url(where.parent.name)
        ends = {"jsonl": "{kind: file, path: in.jsonl, key: id}",
                "postgresql": f"{{kind: postgresql, url: '{url}', table: origin, key: id}}"}
        return (f"routes:\n  r:\n    source: {ends[self.source]}\n    destination: "
                f"{{kind: postgresql, url: '{url}', table: things, key: id}}\n    missing: delete\n"
                "    fields: {name: name, size: {from: size, as: integer}}\n")

    def write_source(self, where, records):
        if self.source == "jsonl":
            super().write_source(where, records)
        else:
            self.sql(where, f"CREATE TABLE IF NOT EXISTS origin ({COLUMNS}); DELETE FROM origin;"
                            f"INSERT INTO origin SELECT id, name, size::int FROM (VALUES {values(records.values())})"
                            " AS v (id, name, size)")

    def write_hand(self, where):
        self.sql(where, f"SET client_min_messages = error; CREATE TABLE things ({COLUMNS});"
                        f"INSERT INTO things VALUES {values([HAND])}")

    def note_by_hand(self, where):
        self.sql(where, "UPDATE things SET note = 'kept' WHERE id = 'k03'")

    def make(self, where):
        super().make(where)
        self.sql(where, "CREATE TABLE kept_things AS TABLE things")
        if self.kind != "first":
            self.sql(where, "CREATE TABLE kept_state AS TABLE durable_sync_state")

    def restore(self, where):
        self.sql(where, "DELETE FROM things; INSERT INTO things TABLE kept_things;")
        if self.kind == "first":
            self.sql(where, "DROP TABLE IF EXISTS durable_sync_state")
        else:
            self.sql(where, "DELETE FROM durable_sync_state; INSERT INTO durable_sync_state TABLE kept_state")

    def untouched(self, where, kept):
        """Its tables are in no file here."""
        return False

    def settle(self, where):
        """Until the server has noticed that a program is gone, and what it said last is done."""
        ours = f"application_name LIKE 'durable-sync%' AND datname = '{where.parent.name}'"
        while self.sql(where, f"SELECT count(*) FROM pg_stat_activity WHERE {ours}") != ["0"]:
            pass

    def read(self, where):
        self.settle(where)
        found = {}
        for line in self.sql(where, "SELECT id, name, size, note FROM things"):
            key, name, size, note = line.split("|")
            assert key not in found, f"{key} is there twice"
            found[key] = {"id": key, "name": name, "size": int(size), **({"note": note} if note else {})}
        return found

    def bytes(self, where):
        self.settle(where)
        return self.sql(where, "SELECT xmin, t.* FROM things AS t UNION ALL"
                               " SELECT xmin, s.target, s.probe, 0, s.generation::text FROM durable_sync_state AS s"
                               " ORDER BY 2")


class Faults(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.server = pgserver.Server()
        cls.server.start()
        cls.addClassCleanup(cls.server.close)

    def check(self, source, kind):
        room = folder()
        world = PgWorld(self.server, source, kind)
        self.addCleanup(self.drop, world)
        self.addCleanup(shutil.rmtree, room, ignore_errors=True)
        self.addCleanup(world.close)
        return Check(world, room)

    def drop(self, world):
        for name in world.sessions:
            self.server.psql(f"DROP DATABASE {name} WITH (FORCE)")

    def fail_each(self, source, kind, faults, edge, between):
        check = self.check(source, kind)
        for call, how in faults:
            with self.subTest(f"{check.world.name}: {call}, {how}"):
                if ALL:
                    tried = most = check.every(call, how)
                else:
                    tried, most = check.sample(call, how, edge, between)
                print(f"# {check.world.name}: {call} {how}: {tried} of {most} failed", flush=True)
                self.assertGreater(most, 0)
        return check

    def test_a_first_pass(self):
        self.fail_each("jsonl", "first", LOST, 2, 3)

    def test_an_update_pass(self):
        self.fail_each("postgresql", "update", LOST, 1, 3)

    def test_a_mixed_pass(self):
        self.fail_each("postgresql", "mixed", LOST, 2, 3)

    def test_what_is_only_slow_goes_on(self):
        check = self.fail_each("postgresql", "mixed", SLOW, 1, 2)
        self.assertEqual({code for (_, _, _, code) in check.tally}, {0})


if __name__ == "__main__":
    main()
