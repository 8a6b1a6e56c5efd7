#!/usr/bin/env python3
"""Two workers that share a store on a PostgreSQL server: whoever dies in mid-pass, the other goes on
from the checkpoint, and every row is there once.  $DS_KILLS says how often (1)."""
import os

import parts  # noqa: F401  (makes the way to the others)
from cli import main
from worker import MANY, SLOW, Served, route
import pgserver

KILLS = int(os.environ.get("DS_KILLS", "1"))


class Two(Served):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.postgres = pgserver.Server()
        cls.postgres.start()
        cls.addClassCleanup(cls.postgres.close)

    def shared(self, more=""):
        self.postgres.psql(f"CREATE DATABASE d{self.workers}")
        self.config(f"store: '{self.postgres.url(f'd{self.workers}')}'\nroutes:\n" + route(more=more))

    def who(self):
        """The process of the worker that has said it runs the pass."""
        pending = self.attempt() or {}
        name = pending.get("lastWorkerIdentity")
        return pending.get("heartbeatDetails") and name and int(name.split("@")[0])

    def other_than(self, pid):
        def there():
            now = self.who()
            return now if now and now != pid else None

        return self.until(there, f"another worker than {pid}:\n{self.log()}")

    def test_killed_in_turn(self):
        self.shared(SLOW)
        self.rows(MANY)
        by_pid = {}
        for _ in range(2):
            child = self.worker()
            by_pid[child.pid] = child
        has_it = self.until(self.who, "a pass that has begun")
        for _ in range(KILLS):
            self.kill(by_pid.pop(has_it))
            child = self.worker()
            by_pid[child.pid] = child
            has_it = self.other_than(has_it)
        for child in by_pid.values():
            self.leave(child)
        text = (self.dir / "durable-sync.yaml").read_text()
        (self.dir / "durable-sync.yaml").write_text(text.replace(SLOW, ""))
        self.worker()
        stats = self.until_status(runs=1)["last_stats"]
        self.assertEqual(stats["total"], MANY)
        self.each_once(MANY)

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

    def test_units_are_shared_out(self):
        self.postgres.psql("CREATE DATABASE many")
        routes = "".join(route(f"r{i}") for i in range(6))
        self.config(f"store: '{self.postgres.url('many')}'\nroutes:\n{routes}")
        for i in range(6):
            self.rows(20, f"r{i}.jsonl")
        for _ in range(2):
            self.worker()
        for i in range(6):
            self.until_status(unit=f"durable-sync:r{i}:all", runs=1)
            self.each_once(20, f"r{i}")
        self.assertEqual(self.log().count("event=unit_new") + self.log().count(" unit_new "), 6)

    def test_a_daemon_of_the_other_engine_stays_out(self):
        self.postgres.psql("CREATE DATABASE house")
        self.config(f"store: '{self.postgres.url('house')}'\nroutes:\n" + route())
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
