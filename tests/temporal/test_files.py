#!/usr/bin/env python3
"""A worker with a store in a file: what is held, what people say of it, and that it is the only one."""
import time

import parts  # noqa: F401  (makes the way to the others)
from cli import main
from worker import Served



class Files(Served):
    def listing_changes(self):
        """A source that tells what has changed, and a row of somebody else's in the way of p1."""
        self.execute("CREATE TABLE plants(id TEXT PRIMARY KEY, name TEXT, at TEXT);"
                     "INSERT INTO plants VALUES('p0', 'fir', '2020-01-01T00:00:00Z'),"
                     " ('p1', 'oak', '2020-01-01T00:00:00Z')", "in.db")
        self.execute("CREATE TABLE plants(id TEXT PRIMARY KEY, name TEXT UNIQUE);"
                     "INSERT INTO plants VALUES('theirs', 'oak')")
        self.config("routes:\n  plants:\n"
                    "    source: {kind: sqlite, path: in.db, key: id, query: \"SELECT id, name FROM plants"
                    " WHERE at >= ${since}\"}\n"
                    "    destination: {kind: sqlite, path: out.db, table: plants, key: id}\n"
                    "    every: 1s\n")
        self.worker()
        self.until_status(runs=1)

    def held(self):
        return [row["key"] for row in self.run_it("held", "--json").json["held"]]

    def test_what_becomes_due_follows_a_changes_pass(self):
        self.listing_changes()
        self.assertEqual(self.held(), ["p1"])
        self.execute("DELETE FROM plants WHERE id = 'theirs'")
        self.execute(f"UPDATE held SET next_try = {int(time.time() * 1000)}", "durable-sync.db")
        self.until(lambda: not self.held(), "the record that was held")
        self.assertEqual(self.query("SELECT id, name FROM plants ORDER BY id"), [("p0", "fir"), ("p1", "oak")])
        kinds = {p["kind"] for p in self.run_it("history", "--json").json["passes"]}
        self.assertEqual(kinds, {"full", "changes", "targeted"})


if __name__ == "__main__":
    main()
