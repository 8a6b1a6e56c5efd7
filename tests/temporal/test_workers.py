#!/usr/bin/env python3
"""Two workers that share a store on a PostgreSQL server: whoever dies in mid-pass, the other goes on
from the checkpoint, and every row is there once.  $DS_KILLS says how often (1)."""
import os

import parts  # noqa: F401  (makes the way to the others)
from cli import main
from worker import MANY, SLOW, Shared, route

KILLS = int(os.environ.get("DS_KILLS", "1"))


class Two(Shared):
    def test_killed_in_turn(self):
        """Into a server, where what a dead worker has sent goes on for a moment, and into a file."""
        n = MANY + 200 * (KILLS - 1)
        server, there = self.into_postgresql("herbs", more=SLOW)
        self.shared(server + route(more=SLOW))
        self.rows(n)
        self.rows(n, "herbs.jsonl")
        self.kill_in_turn(KILLS, lambda: int(there()), unit=self.unit("herbs"))
        self.hurry()
        self.worker()
        for name in ("plants", "herbs"):
            self.assertEqual(self.until_status(unit=self.unit(name), runs=1)["last_stats"]["total"], n)
        self.each_once(n)
        self.assertEqual(there("count(*), count(DISTINCT id)"), f"{n}|{n}")

    def test_a_worker_leaves_while_its_store_is_away(self):
        self.postgres.psql("CREATE DATABASE away")
        self.config(f"store: '{self.postgres.url('away')}'\nroutes:\n" + route(more=SLOW))
        self.rows(MANY)
        child = self.worker()
        self.until(self.who, "a pass that has begun")
        self.postgres.stop("immediate")
        try:
            self.logged("store_away")
            self.leave(child)
        finally:
            self.postgres.start()
        path = self.dir / "durable-sync.yaml"
        path.write_text(path.read_text().replace(SLOW, ""))
        self.worker()
        self.assertEqual(self.until_status(runs=1)["last_stats"]["total"], MANY)
        self.each_once(MANY)

    def test_how_units_are_while_the_store_is_away(self):
        """The server knows; of what only the store does nothing is made up."""
        self.shared(route())
        self.rows(3)
        child = self.worker()
        self.until_status(runs=1, state="idle")
        self.postgres.stop("immediate")
        try:
            said = self.run_it("status", "--json").json
            self.assertIsNone(said["away"])
            self.assertIn("store postgresql:", said["store_away"])
            unit = said["units"][0]
            self.assertEqual((unit["runs_completed"], unit["state"], unit["held"]), (1, "idle", None))
            self.assertIsNotNone(unit["next_run"])
            self.assertIn("what follows is Temporal's", self.run_it("status", "plants/all").out)
            self.leave(child)
            self.env["TEMPORAL_ADDRESS"] = "127.0.0.1:1"
            refused = self.run_it("status", code=2).err
            self.assertIn("store postgresql:", refused)
            self.assertIn("127.0.0.1:1", refused)
        finally:
            self.postgres.start()
        self.assertIsNone(self.run_it("status", "--json").json["store_away"])

    def test_units_are_shared_out(self):
        self.shared("".join(route(f"r{i}") for i in range(6)))
        for i in range(6):
            self.rows(20, f"r{i}.jsonl")
        for _ in range(2):
            self.worker()
        for i in range(6):
            self.until_status(unit=f"durable-sync:r{i}:all", runs=1)
            self.each_once(20, f"r{i}")
        self.assertEqual(self.log().count("event=unit_new") + self.log().count(" unit_new "), 6)

    def test_one_with_a_file_makes_way(self):
        """Whoever comes with a shared store cannot know of the file, and is no different on the server."""
        self.shared(route())
        self.rows(3)
        text = (self.dir / "durable-sync.yaml").read_text()
        shared = next(line for line in text.splitlines(True) if line.startswith("store: "))
        self.write("alone.yaml", text.replace(shared, "store: sqlite:alone.db\n"))
        first = self.worker("--config", "alone.yaml")
        self.until_status(runs=1)
        second = self.worker()
        self.alive.clear()
        self.until(lambda: first.poll() is not None, "the end of the first")
        self.assertEqual(first.returncode, 2, self.log())
        self.logged(f"durable-sync: worker {second.pid}@")
        self.logged("one store on a PostgreSQL server")
        self.alive.append(second)
        self.signal("sync_now")
        self.until_status(runs=2)
        self.each_once(3)

    def test_a_daemon_of_the_other_engine_stays_out(self):
        self.shared(route())
        self.rows(3)
        child = self.worker()
        self.until_status(runs=1)
        path = self.dir / "durable-sync.yaml"
        temporal = path.read_text()
        embedded = temporal.replace("engine: temporal\n", "")
        path.write_text(embedded)
        refused = self.run_it("run", code=5)
        self.assertIn(f"in use by process {child.pid}, a worker of engine temporal", refused.err)
        self.leave(child)
        daemon = self.worker()
        self.until(lambda: self.run_it("status", "--json").json["daemon"] == daemon.pid, "the daemon")
        path.write_text(temporal)
        self.assertIn(f"in use by process {daemon.pid};", self.run_it("run", code=5).err)
        self.assertIn("no worker can use it", self.run_it("doctor", code=2).out)
        self.leave(daemon)


if __name__ == "__main__":
    main()
