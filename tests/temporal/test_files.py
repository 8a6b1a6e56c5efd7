#!/usr/bin/env python3
"""A worker with a store in a file: what is held, what people say of it, and that it is the only one."""
import time

import parts  # noqa: F401  (makes the way to the others)
from cli import main
from worker import Served, route


class Files(Served):
    keep = True

    def listing_changes(self, every):
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
                    f"    every: {every}\n")
        self.worker()
        self.until_status(runs=1)

    def held(self):
        return [row["key"] for row in self.run_it("held", "--json").json["held"]]

    def kinds(self):
        return {p["kind"] for p in self.run_it("history", "--json").json["passes"]}

    def test_what_becomes_due_follows_a_changes_pass(self):
        self.listing_changes("1s")
        self.assertEqual(self.held(), ["p1"])
        self.execute("DELETE FROM plants WHERE id = 'theirs'")
        self.execute(f"UPDATE held SET next_try = {int(time.time() * 1000)}", "durable-sync.db")
        self.until(lambda: not self.held(), "the record that was held")
        self.assertEqual(self.query("SELECT id, name FROM plants ORDER BY id"), [("p0", "fir"), ("p1", "oak")])
        self.until(lambda: self.kinds() == {"full", "changes", "targeted"}, "the history of all three")

    def test_what_people_say_of_held_records_the_worker_does(self):
        self.listing_changes("1h")
        self.assertIn("no record", self.run_it("held", "retry", "plants", "p7", code=2).err)
        self.run_it("held", "adopt", "plants", "p1", "p1")
        self.assertEqual(self.held(), [])
        self.run_it("sync", "plants", "p1", "--wait", code=4)  # it still cannot be written
        self.run_it("held", "drop", "plants", "p1")
        self.assertEqual(self.held(), [])
        self.run_it("sync", "plants", "--wait", code=4)
        self.execute("DELETE FROM plants WHERE id = 'theirs'")
        self.run_it("held", "retry", "plants", "p1")
        self.run_it("sync", "plants", "--wait")
        self.assertEqual(self.query("SELECT id, name FROM plants ORDER BY id"), [("p0", "fir"), ("p1", "oak")])
        path = self.dir / "durable-sync.yaml"
        path.write_text(path.read_text().replace("engine: temporal\n", ""))
        told = self.run_it("pause", "plants", code=None)
        self.assertNotEqual(told.code, 0)
        self.assertIn("is a worker of engine temporal", told.err)

    def test_clocks_that_differ(self):
        self.config("routes:\n" + route())
        self.rows(1)
        self.worker()
        self.until_status(runs=1)
        for seconds, words in ((120, "120 seconds ahead of"), (-120, " seconds behind"), (0, None)):
            self.shifted(seconds)
            texts = [f["text"] for f in self.run_it("check", "--json").json["findings"]]
            self.assertEqual([text for text in texts if "machine's clock" in text and not (words and words in text)], [])
            self.assertEqual(len([text for text in texts if words and words in text]), int(bool(words)), texts)
            self.assertTrue([text for text in texts if text.startswith("1 worker")], texts)
        self.assertNotIn("clock_differs", self.log())

    def test_a_worker_whose_clock_differs(self):
        """The begins that it tells are past for the server: the unit goes on all the same."""
        self.config("routes:\n" + route().replace("every: 1h", "cron: '0 * * * *'"))
        self.rows(1)
        self.shifted(-3600)
        self.worker()
        self.logged("this machine's clock is behind the server's")
        self.until_status(runs=1)
        self.env.pop("LD_PRELOAD")
        self.until(lambda: self.run_it("status", "--json").json["units"][0]["next_run"], "a next begin")
        self.assertNotIn(" ms=-", self.log())

    def test_two_that_wait_for_the_server(self):
        """Of each other they learn once it is back, and neither runs a pass beside the other."""
        self.config("routes:\n  plants:\n    source: {kind: file, path: plants.jsonl, key: id}\n"
                    "    destination: {kind: sqlite, path: out.db, table: plants, key: id, create_table: true}\n")
        self.rows(3)
        text = (self.dir / "durable-sync.yaml").read_text()
        self.write("other.yaml", "store: sqlite:other.db\n" + text)
        self.server.stop()
        try:
            both = [self.worker(), self.worker("--config", "other.yaml")]
            self.logged("worker_started", times=2)
        finally:
            self.server.start()
        self.alive.clear()

        def left():
            self.server.run("workflow", "signal", "--workflow-id", self.unit(), "--name", "approve")
            return [i for i, child in enumerate(both) if child.poll() is not None]

        first = self.until(left, "the end of one")[0]  # whoever lives asks for the next task
        self.assertEqual(both[first].returncode, 2, self.log())
        self.logged("one store on a PostgreSQL server")
        store = ("durable-sync.db", "other.db")[first]
        self.assertEqual(list(self.dir.glob(store + "*")), [])


if __name__ == "__main__":
    main()
