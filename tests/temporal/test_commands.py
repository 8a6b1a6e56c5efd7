#!/usr/bin/env python3
"""The program's commands on engine temporal say and do what they do on the embedded one."""
import parts  # noqa: F401  (makes the way to the others)
from cli import Case, main
from worker import Served, route

SLOW = "    pace: 40/s\n"
MANY = 2000


class Commands(Served):
    def told(self, *args, code=0):
        return self.run_it(args[0], "--json", *args[1:], code=code).json

    def unit_now(self):
        return self.told("status", "plants")["units"][0]

    def served(self, n=3, more=""):
        self.config("routes:\n" + route(more=more))
        self.rows(n)
        return self.worker()

    def first(self, n=3):
        child = self.served(n)
        self.until_status(runs=1, state="idle")
        return child

    def test_the_day_of_an_operator(self):
        child = self.first()
        said = self.told("status")
        self.assertEqual((said["engine"], said["daemon"], said["away"]), ("temporal", child.pid, None))
        unit = said["units"][0]
        self.assertEqual((unit["key"], unit["state"], unit["runs_completed"]), ("plants:all", "idle", 1))
        self.assertEqual(unit["last_stats"]["created"], 3)
        self.assertIn("1 worker of task queue", self.run_it("status").out)

        passes = self.told("sync", "plants", "--wait")["passes"]
        self.assertEqual([(p["unit"], p["kind"], p["outcome"]) for p in passes], [("all", "full", "done")])
        passes = self.told("once", "plants", "--items", "p1,p2")["passes"]
        self.assertEqual((passes[0]["kind"], passes[0]["total"]), ("targeted", 2))
        self.assertEqual(len(self.told("history")["passes"]), 3)

        self.assertEqual(self.told("pause", "plants/all"),
                         {"done": "paused", "route": "plants", "unit": "all", "units": 1, "daemon": True})
        self.assertEqual(self.unit_now()["state"], "paused")
        waits = self.told("sync", "plants", "--wait", code=3)["passes"]
        self.assertEqual(waits[0]["outcome"], "paused")
        self.assertIn("every 5m", self.run_it("interval", "plants", "270s").out)  # in whole minutes
        self.run_it("resume", "plants")
        self.until(lambda: self.unit_now()["runs_completed"] == 4, "the pass that was asked for")
        self.assertEqual(self.unit_now()["interval_minutes"], 5)
        self.assertIn("nothing waits for approval", self.run_it("approve", "plants").out)

    def test_without_a_worker(self):
        child = self.first()
        self.leave(child)
        said = self.told("status")
        self.assertIsNone(said["daemon"])
        self.assertEqual(said["units"][0]["runs_completed"], 1)
        self.assertIs(self.told("pause", "plants")["daemon"], False)
        self.assertTrue(self.unit_now()["paused"])
        self.assertIs(self.told("resume", "plants")["daemon"], False)
        self.assertFalse(self.unit_now()["paused"])
        done = self.run_it("once", "plants", code=1)
        self.assertIn("no worker asks for work", done.err)
        self.assertTrue(self.unit_now()["sync_pending"])
        self.worker()
        self.until_status(runs=2, sync_pending=False)

    def test_a_pass_that_runs_is_shown(self):
        self.served(MANY, SLOW)
        self.until(self.begun, "a pass that has begun")
        self.until(lambda: (self.unit_now()["running"] or {}).get("done"), "how far it is")
        unit = self.unit_now()
        self.assertEqual((unit["state"], unit["running"]["kind"]), ("running", "full"))
        self.assertFalse(unit["running"]["interrupted"])
        self.run_it("pause", "plants")
        self.until(lambda: self.unit_now()["state"] == "paused" and self.unit_now()["running"]["interrupted"],
                   "a pass that has stopped")
        self.assertEqual(self.told("sync", "plants", "--wait", code=3)["passes"][0]["outcome"], "paused")

    def findings(self, *args, code=0):
        return [(f["level"], f["text"]) for f in self.told("check", code=code)["findings"]]

    def test_check_and_doctor(self):
        child = self.first()
        found = self.findings()
        self.assertIn("ok", [level for level, text in found if "Temporal server 1." in text], found)
        self.assertTrue([text for level, text in found if f"{child.pid}@" in text], found)
        self.assertIn("temporal", [c["check"] for c in self.told("doctor")["checks"]])
        self.leave(child)
        self.assertTrue([t for level, t in self.findings() if level == "warning" and "no worker" in t])
        self.env["DURABLE_SYNC_BUILD_ID"] = "7.1"
        self.assertTrue([t for level, t in self.findings() if "7.1 of the workers is not the current" in t])
        self.env["TEMPORAL_NAMESPACE"] = "nowhere"
        self.assertTrue([t for level, t in self.findings(code=2)
                         if level == "error" and 'no namespace "nowhere"' in t])
        self.env["TEMPORAL_ADDRESS"] = "127.0.0.1:1"
        self.assertTrue([t for level, t in self.findings(code=2) if level == "error" and "127.0.0.1:1" in t])
        self.assertIn("-> see that the server runs", self.run_it("check", code=2).out)

    def test_units_that_are_not_there(self):
        self.config("routes:\n" + route())
        self.rows(1)
        self.assertIn("has no workflow at", self.run_it("pause", "plants", code=2).err)
        self.assertIn("no route is named", self.run_it("pause", "plans", code=2).err)
        self.assertEqual(self.told("status")["units"], [])

    def prefixed(self, prefix, name):
        """A configuration of its own, with a store of its own; its unit's workflow."""
        Case.config(self, f'engine: {{kind: temporal, prefix: "{prefix}"}}\nstore: sqlite:{name}.db\n'
                          "routes:\n" + route(name))
        self.rows(2, f"{name}.jsonl")
        return prefix.replace("{route}", name) + "all"

    def test_a_prefix_without_the_route_leaves_others_alone(self):
        first = self.prefixed(f"o'{self.queue}:{{route}}:", "plants")
        child = self.worker()
        self.until_status(unit=first, runs=1, state="idle")
        self.until(lambda: first in self.running(), "the first in the server's list")
        self.leave(child)
        second = self.prefixed(f"o'{self.queue}:", "trees")
        self.worker()
        self.until_status(unit=second, runs=1, state="idle")
        self.assertFalse(self.status(first)["gone"])
        self.assertEqual([unit["key"] for unit in self.told("status")["units"]], ["trees:all"])

    def test_a_second_worker_on_a_file_of_its_own(self):
        self.first()
        text = (self.dir / "durable-sync.yaml").read_text()
        self.write("other.yaml", "store: sqlite:other.db\n" + text)
        second = self.worker("--config", "other.yaml")
        self.alive.remove(second)
        self.logged("worker_waits")

        def ended():
            self.signal("approve")  # whoever lives asks for the next task
            return second.poll() is not None

        self.until(ended, f"the second one's end:\n{self.log()}")
        self.assertEqual(second.returncode, 2)
        self.assertIn("one store on a PostgreSQL server", self.log())
        self.assertEqual(list(self.dir.glob("other.db*")), [])

    def test_a_unit_that_cannot_be_read(self):
        self.config("routes:\n" + route() + route("trees"))
        self.rows(1)
        self.rows(1, "trees.jsonl")
        child = self.worker()
        for name in ("plants", "trees"):
            self.until_status(unit=self.unit(name), runs=1, state="idle")
        self.leave(child)
        self.server.cli("workflow", "terminate", "--workflow-id", self.unit())
        self.only_the_first_says("it has no workflow at")
        self.server.cli("workflow", "start", "--type", "SourceSyncWorkflow", "--task-queue", self.queue,
                        "--workflow-id", self.unit(), "--input", '{"spec": 1}')
        self.only_the_first_says("no state of a unit")

    def only_the_first_says(self, words):
        said = self.told("status")
        self.assertIsNone(said["away"])
        units = {unit["route"]: unit for unit in said["units"]}
        self.assertIn(words, units["plants"]["last_error"])
        self.assertIsNone(units["trees"]["last_error"])
        self.assertIsNotNone(units["trees"]["next_run"])

    def test_a_unit_that_was_ended_begins_anew(self):
        self.kill(self.first())
        self.server.cli("workflow", "terminate", "--workflow-id", self.unit())
        with self.assertRaisesRegex(RuntimeError, "rejected.*Terminated"):
            self.status_of_running()
        self.worker()
        self.until_status(runs=1, state="idle")
        self.each_once(3)

    def test_a_worker_alone_is_of_this_engine(self):
        Case.config(self, "routes:\n" + route())
        self.assertIn("--no-start is for workers", self.run_it("run", "--no-start", code=2).err)

    def test_a_server_that_is_away(self):
        self.leave(self.first())
        self.env["TEMPORAL_ADDRESS"] = "127.0.0.1:1"
        said = self.told("status")
        self.assertIn("127.0.0.1:1", said["away"])
        self.assertEqual(said["units"][0]["last_stats"]["created"], 3)
        self.assertIn("the store's", self.run_it("status").out)
        self.assertIn("127.0.0.1:1", self.run_it("pause", "plants", code=2).err)


if __name__ == "__main__":
    main()
