#!/usr/bin/env python3
"""Units change their engine and keep all they know; whatever a move is cut short by, it is made again."""
import os
import subprocess

import parts  # noqa: F401  (makes the way to the others)
from cli import PATIENCE, PROGRAM, Case, main
from worker import Served, route

SLOW = "    pace: 100/s\n"
MANY = 1000
KEPT = ("paused", "interval_minutes", "runs_completed", "last_run", "last_stats", "next_run", "sync_pending",
        "approval", "gone")


class Move(Served):
    def embedded(self, more="", text=None):
        Case.config(self, text or "routes:\n" + route(more=more))

    def temporal(self, more="", text=None):
        self.config(text or "routes:\n" + route(more=more))

    def told(self, *args, code=0):
        return self.run_it(args[0], "--json", *args[1:], code=code).json

    def kept(self):
        unit = self.told("status")["units"][0]
        return {name: unit[name] for name in KEPT}

    def move(self, to, code=0):
        return self.run_it("move", "plants", "--to", to, code=code)

    def test_there_and_back(self):
        self.embedded()
        self.rows(5)
        self.once("plants")
        self.stop(self.daemon())  # which gives it its times
        self.run_it("interval", "plants", "7m")
        before = self.kept()
        self.temporal()
        self.assertIn("move plants --to temporal` takes it along", self.told("status")["units"][0]["last_error"])
        self.assertIn("moved to temporal: plants:all", self.move("temporal").out)
        self.assertEqual(self.kept(), before)
        child = self.worker()
        self.until(lambda: self.described()["workflowExecutionInfo"]["memo"]["fields"].get("config"), "ensured")
        self.until_status(state="idle", runs=1)
        self.assertEqual(self.kept(), before)
        self.assertEqual(len(self.told("history")["passes"]), 1)

        self.run_it("pause", "plants")
        self.until_status(paused=True)
        self.assertEqual(self.move("embedded", code=5).out, "")  # the worker has the store
        self.leave(child)
        self.assertIn("engine: embedded", self.move("embedded").out)
        self.assertEqual(self.running(), [])
        self.embedded()
        self.assertEqual(self.kept(), {**before, "paused": True, "next_run": None})
        self.run_it("resume", "plants")
        self.assertEqual(self.once("plants")[0]["unchanged"], 5)
        self.each_once(5)

    def test_a_pass_that_was_interrupted_goes_on(self):
        self.embedded(SLOW)
        self.rows(MANY)
        child = self.daemon()
        self.until(lambda: (self.units()[0]["running"] or {}).get("done", 0) > 100 if self.units() else None,
                   "a pass that is at it")
        self.kill(child)
        self.temporal()
        self.move("temporal")
        self.worker()
        done = self.until_status(runs=1, state="idle")
        self.assertEqual(done["last_stats"]["total"], MANY)
        self.each_once(MANY)
        passes = self.told("history")["passes"]
        self.assertEqual([found["outcome"] for found in passes], ["done"])

    def paused_findings(self):
        return [found for found in self.told("check")["findings"] if "is paused" in found["text"]]

    def test_a_daemon_of_the_old_engine_leaves_it_alone(self):
        self.embedded()
        self.rows(3)
        self.once("plants")
        self.temporal()
        self.move("temporal")
        self.assertEqual(self.paused_findings(), [])
        self.embedded()
        found, = self.paused_findings()
        self.assertIn("lives on engine temporal", found["text"])
        self.assertIsNone(found["remedy"])
        answer = self.run_it("once", code=3)
        self.assertIn("durable-sync move plants --to embedded", answer.out)
        self.assertNotIn("durable-sync resume", answer.out)
        child = self.daemon()
        unit = self.units()[0]
        self.assertTrue(unit["paused"])
        self.assertIn("lives on engine temporal", unit["last_error"])
        self.stop(child)
        self.temporal()
        self.server.run("workflow", "terminate", "--workflow-id", self.unit())
        self.move("embedded")
        self.embedded()
        unit = self.units()[0]
        self.assertEqual((unit["paused"], unit["last_error"], unit["runs_completed"]), (False, None, 1))

    def killed(self, to):
        """Until it is through, each time with a little more time."""
        for cut in range(200):
            child = subprocess.Popen([PROGRAM, "move", "plants", "--to", to], cwd=self.dir, env=self.env,
                                     stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            try:
                child.communicate(timeout=0.002 * cut)
            except subprocess.TimeoutExpired:
                child.kill()
                child.communicate(timeout=PATIENCE)
            if child.returncode == 0:
                return
        self.fail("it never came through")

    def test_killed_anywhere(self):
        os.mkdir(self.dir / "in")
        for unit in range(8):
            self.rows(2, name=f"in/u{unit}.jsonl", first=2 * unit)
        text = ("routes:\n  plants:\n    source: {kind: file, path: 'in/*.jsonl', key: id}\n"
                "    destination: {kind: sqlite, path: out.db, table: plants, key: id, create_table: true}\n"
                "    every: 1h\n")
        self.embedded(text=text)
        self.once("plants")
        before = [(u["unit"], u["runs_completed"], u["last_run"], u["paused"]) for u in self.units()]
        self.assertEqual(len(before), 8)
        self.temporal(text=text)
        self.killed("temporal")
        self.until(lambda: len(self.running()) == 8, "eight workflows in the server's list")
        self.assertEqual([(u["unit"], u["runs_completed"], u["last_run"], u["paused"]) for u in self.units()],
                         before)
        self.killed("embedded")
        self.until(lambda: not self.running(), "no workflow in the server's list")
        self.embedded(text=text)
        self.assertEqual([(u["unit"], u["runs_completed"], u["last_run"], u["paused"]) for u in self.units()],
                         before)
        self.once("plants")
        self.each_once(16)

    def test_what_is_refused(self):
        self.embedded()
        self.rows(1)
        self.assertIn("engine: temporal", self.move("temporal", code=2).err)
        self.temporal()
        self.assertIn("where to", self.run_it("move", "plants", code=2).err)
        self.assertIn("as a whole", self.run_it("move", "plants/all", "--to", "temporal", code=2).err)
        self.env["TEMPORAL_ADDRESS"] = "127.0.0.1:1"
        self.assertIn("127.0.0.1:1", self.move("embedded", code=1).err)


if __name__ == "__main__":
    main()
