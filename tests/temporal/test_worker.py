#!/usr/bin/env python3
"""A worker on a real server: what the README of the Python program says of its workflows holds for
ours, word for word, by the official command line; and units outlive their workers."""
import datetime
import json

import parts  # noqa: F401  (makes the way to the others)
from cli import main
from worker import MANY, SLOW, Served, route


class Slow(Served):
    def slow(self):
        """A worker within a pass that would take a minute."""
        self.config("routes:\n" + route(more=SLOW))
        self.rows(MANY)
        child = self.worker()
        self.until(self.begun, "a pass that has begun")
        return child

    def fast(self):
        """One that goes on with it."""
        self.config("routes:\n" + route())
        return self.worker()


class Worker(Slow):
    def test_the_operators_day(self):
        self.config("routes:\n" + route())
        self.rows(3)
        self.worker()
        first = self.until_status(runs=1, state="idle")
        self.assertEqual(first["last_stats"]["created"], 3)
        self.assertEqual((first["key"], first["interval_minutes"], first["interval_seconds"]),
                         ("plants:all", 60, 3600))
        self.assertRegex(first["last_run"], r"^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?\+00:00$")

        self.signal("sync_now", [])
        self.until_status(runs=2)
        self.signal("sync_now", ["p1", "p2"])
        self.assertEqual(self.until_status(runs=3)["last_stats"]["total"], 2)
        self.signal("pause", [])
        self.signal("sync_now")
        self.assertTrue(self.until_status(paused=True, sync_pending=True))
        self.signal("set_interval", 5)
        self.signal("dance", {"with": "me"})
        self.signal("set_interval", "soon")
        self.signal("resume", [])
        last = self.until_status(runs=4, paused=False)
        self.assertEqual(last["interval_minutes"], 5)
        self.assertEqual(last["last_stats"]["total"], 3)

        done = self.server.run("workflow", "query", "--workflow-id", self.unit(), "--name", "mood")
        self.assertIn("there are status, state", done.stderr + done.stdout)
        self.each_once(3)

    def test_lists_tell_route_unit_and_state(self):
        self.config("routes:\n" + route())
        self.rows(1)
        self.worker()
        self.until_status(runs=1)
        self.signal("pause")
        self.until_status(paused=True)
        info = self.described()["workflowExecutionInfo"]
        memo = info["memo"]["fields"]
        self.assertEqual(set(memo), {"route", "unit", "state", "config"})
        self.assertIn("paused", json.dumps(memo["state"]))
        self.assertIn(self.unit(), self.running())

    def test_a_pass_costs_twelve_events(self):
        self.config("routes:\n" + route())
        self.rows(1000)
        self.worker()
        self.until_status(runs=1, state="idle")
        before = self.types()
        self.signal("sync_now", [])
        self.until_status(runs=2, state="idle")
        self.assertLessEqual(len(self.types()) - len(before), 12)

    def test_a_pause_is_felt_in_a_running_pass(self):
        first = self.slow()
        self.signal("pause")
        self.until(lambda: "ACTIVITY_TASK_CANCELED" in self.types(), "the pass has stopped")
        self.assertEqual(self.status()["runs_completed"], 0)
        self.signal("resume")
        self.until(self.begun, "it has gone on")
        self.leave(first)
        self.fast()
        self.until_status(runs=1)
        self.each_once(MANY)

    def test_a_worker_that_is_told_to_stop_hands_over(self):
        first = self.slow()
        self.leave(first)
        waits = self.attempt()
        self.assertEqual(waits["lastFailure"]["applicationFailureInfo"]["type"], "WorkerShutdown")
        self.fast()
        stats = self.until_status(runs=1)["last_stats"]
        self.assertEqual(stats["total"], MANY)
        self.each_once(MANY)

    def test_a_killed_workers_pass_goes_on(self):
        first = self.slow()
        self.kill(first)
        self.fast()
        self.until_status(runs=1)
        self.each_once(MANY)
        started = [event for event in self.server.history(self.unit())
                   if event["eventType"] == "EVENT_TYPE_ACTIVITY_TASK_STARTED"]
        self.assertEqual(started[0]["activityTaskStartedEventAttributes"]["attempt"], 2)
        scheduled = [event["activityTaskScheduledEventAttributes"] for event in self.server.history(self.unit())
                     if event["eventType"] == "EVENT_TYPE_ACTIVITY_TASK_SCHEDULED"][0]
        # The tenth worker that dies is missed for no longer than the first.
        self.assertEqual(scheduled["retryPolicy"]["backoffCoefficient"], 1)

    def test_cancel_ends_the_unit_and_the_next_start_begins_it_anew(self):
        self.config("routes:\n" + route())
        self.rows(3)
        worker = self.worker()
        self.until_status(runs=1)
        self.server.cli("workflow", "cancel", "--workflow-id", self.unit())
        self.until(lambda: self.types()[-1] == "WORKFLOW_EXECUTION_CANCELED", "it has ended")
        self.assertEqual(self.status()["runs_completed"], 1)  # a closed one answers, too
        self.leave(worker)
        self.worker()
        self.until_status(runs=1, state="idle")
        self.each_once(3)

    def test_reset_replays_to_the_same(self):
        self.config("routes:\n" + route())
        self.rows(3)
        self.worker()
        self.until_status(runs=1)
        for n in range(2, 5):
            self.signal("sync_now", [])
            self.until_status(runs=n)
        self.server.cli("workflow", "reset", "--workflow-id", self.unit(), "--type",
                        "LastWorkflowTask", "--reason", "a test")
        self.signal("sync_now", [])
        self.until_status(runs=5)
        self.each_once(3)

    def test_another_workflow_on_the_queue_waits_for_its_own_workers(self):
        self.config("routes:\n" + route())
        self.rows(1)
        self.worker()
        self.until_status(runs=1)
        self.server.cli("workflow", "start", "--type", "Stranger", "--task-queue", self.queue,
                        "--workflow-id", self.queue + "-stranger")

        def failed():
            events = self.server.history(self.queue + "-stranger")
            return [event["workflowTaskFailedEventAttributes"]["failure"]["message"]
                    for event in events if event["eventType"] == "EVENT_TYPE_WORKFLOW_TASK_FAILED"]

        self.assertIn('knows no workflow type "Stranger"', self.until(failed, "a failed task")[0])

    def test_a_unit_that_its_source_no_longer_has(self):
        self.config("routes:\n" + route().replace("plants.jsonl", "'*.jsonl'")
                    .replace("every: 1h", "every: 1s"))
        self.rows(2, "one.jsonl")
        self.rows(2, "two.jsonl", first=10)
        self.worker()
        self.logged("unit_new", 2)
        units = [f"durable-sync:plants:{name}.jsonl" for name in ("one", "two")]
        for unit in units:
            self.until_status(unit=unit, runs=1)
        (self.dir / "two.jsonl").unlink()
        self.until_status(unit=units[1], gone=True)
        self.assertFalse(self.status(units[0])["gone"])

    def test_what_the_configuration_says_now_is_told(self):
        self.config("routes:\n" + route())
        self.rows(1)
        worker = self.worker()
        self.until_status(runs=1, interval_minutes=60)
        self.leave(worker)
        self.config("routes:\n" + route().replace("every: 1h", "every: 30m"))
        worker = self.worker()
        self.until_status(interval_minutes=30)
        self.leave(worker)
        n = len(self.types())
        self.worker()
        self.logged("worker_started", 3)
        self.status()
        self.assertEqual(len(self.types()), n)  # nothing is new, so nothing is said

    def test_quiet_hours_hold_here_too(self):
        now = datetime.datetime.now(datetime.timezone.utc)
        hours = "-".join((now + datetime.timedelta(hours=h)).strftime("%H:%M") for h in (-2, 2))
        self.config("routes:\n" + route(more=f"    zone: UTC\n    quiet: '{hours}'\n"))
        self.rows(2)
        self.worker("--no-start")
        self.by_hand()  # nobody has told this unit of any hours
        self.until(lambda: "ACTIVITY_TASK_COMPLETED" in self.types(), "a pass that is put off")
        self.until_status(state="waiting", runs_completed=0)
        self.signal("sync_now", [])  # what somebody asks for is done
        self.until_status(runs=1)
        self.each_once(2)

    def by_hand(self):
        self.server.cli("workflow", "start", "--type", "SourceSyncWorkflow", "--task-queue",
                        self.queue, "--workflow-id", self.unit(), "--input",
                        '{"spec":{"key":"plants:all","interval_minutes":10,"params":{}}}')

    def test_a_worker_alone_starts_nothing(self):
        self.config("routes:\n" + route())
        self.rows(2)
        self.worker("--no-start")
        self.logged("worker_started")
        self.by_hand()
        self.assertEqual(self.until_status(runs=1)["interval_minutes"], 10)
        self.each_once(2)


class SmallHistories(Served):
    config_of_server = {"limit.historyCount.suggestContinueAsNew": 25}

    def test_a_run_follows_the_other_and_nothing_is_lost(self):
        self.config("routes:\n" + route())
        self.rows(3)
        self.worker()
        self.until_status(runs=1)
        for n in range(2, 20):
            self.signal("sync_now", ["p1"])
            self.until_status(runs=n)
        info = self.described()["workflowExecutionInfo"]
        self.assertLess(int(info["historyLength"]), 80)
        self.assertNotEqual(info["firstRunId"], info["execution"]["runId"])
        self.assertEqual(set(info["memo"]["fields"]), {"route", "unit", "state", "config"})
        self.assertEqual(self.status()["runs_completed"], 19)
        self.each_once(3)


    def attributes(self, *words, behind_each=()):
        names = [word for name in ("SyncRoute", "SyncState", "SyncUnit")
                 for word in ("--name", name, *behind_each)]
        self.server.cli("operator", "search-attribute", *words, *names)

    def found(self, query):
        listed = self.server.json("workflow", "list", "--query", f"TaskQueue = '{self.queue}' AND "
                                  f"ExecutionStatus = 'Running' AND {query}")
        return [one["execution"]["workflowId"] for one in listed]

    def upserts(self):
        return self.types().count("UPSERT_WORKFLOW_SEARCH_ATTRIBUTES")

    def test_search_attributes_where_the_namespace_has_them(self):
        self.config("routes:\n" + route())
        self.rows(1)
        worker = self.worker()
        self.until_status(runs=1, state="idle")
        self.signal("pause")
        self.until_status(paused=True)
        self.assertEqual(self.upserts(), 0)
        self.leave(worker)

        self.attributes("create", behind_each=("--type", "Keyword"))
        self.config("routes:\n" + route() + route("trees"))
        self.rows(1, "trees.jsonl")
        self.worker()
        trees = self.unit("trees")
        self.until(lambda: self.found("SyncRoute = 'trees' AND SyncUnit = 'all' AND SyncState = 'active'")
                   == [trees], "a unit that is started with them")
        self.signal("sync_now", [])  # paused as it is: it waits, and is seen to all the same
        self.until(lambda: self.found("SyncState = 'paused'") == [self.unit()], "one that was there")
        self.signal("resume", [])
        for n in range(2, 5):  # runs follow one another
            self.until_status(runs=n, state="idle")
            self.signal("sync_now", [])
        self.until(lambda: self.found("SyncState = 'active' AND SyncRoute = 'plants'") == [self.unit()],
                   "the newest run with them")
        info = self.described()["workflowExecutionInfo"]
        self.assertNotEqual(info["firstRunId"], info["execution"]["runId"])

        self.attributes("remove", "--yes")
        before = self.upserts()
        self.signal("pause")
        self.until_status(paused=True)
        self.assertLessEqual(self.upserts(), before)
        self.assertNotIn("not_answered", self.log())


class Restarted(Slow):
    keep = True

    def test_a_server_that_is_stopped_under_load(self):
        child = self.slow()
        for _ in range(2):
            self.server.stop()
            self.server.start()
            self.until(self.begun, "the pass goes on")
        self.leave(child)
        self.fast()
        self.until_status(runs=1)
        self.each_once(MANY)


if __name__ == "__main__":
    main()
