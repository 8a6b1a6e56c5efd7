#!/usr/bin/env python3
"""Many of everything on a real server: signals to one paused unit, units on one worker, connections
that the server ends, runs that follow each other, kills.  A small size of each by default;
DS_TEMPORAL_ALL=1 for the full ones (`make stress-temporal`)."""
import asyncio
import os
import pathlib
import time

import parts

parts.enter(parts.SDK)

from temporalio.client import Client  # noqa: E402  (the environment is entered above)
from cli import PATIENCE, main  # noqa: E402
from worker import MANY, SLOW, Served, route  # noqa: E402

ALL = os.environ.get("DS_TEMPORAL_ALL") == "1"
SIGNALS = 10_000 if ALL else 300
UNITS = 1000 if ALL else 40
ROLLS = 600 if ALL else 25
CONNECTION_AGE = "20s" if ALL else "2s"
PASSES = 300 if ALL else 25
AT_ONCE = 32  # signals on their way


class Client2(Served):
    """The official Python SDK as a second client."""

    def with_client(self, use):
        async def go():
            return await use(await Client.connect(self.server.address))

        return asyncio.run(go())

    def keep_histories(self, folder):
        """One process for all of them: the official command line takes a second for each."""
        async def use(client):
            async for run in client.list_workflows(f"TaskQueue = '{self.queue}'"):
                history = await client.get_workflow_handle(run.id, run_id=run.run_id).fetch_history()
                (pathlib.Path(folder) / f"{self.queue}-{run.run_id[-6:]}.json").write_text(history.to_json())

        self.with_client(use)

    def terminate(self, units):
        async def use(client):
            await asyncio.gather(*(client.get_workflow_handle(unit).terminate() for unit in units),
                                 return_exceptions=True)

        self.with_client(use)

    def flood(self, n, name, *args):
        """That many signals, some at once."""
        async def use(client):
            handle = client.get_workflow_handle(self.unit())
            gate = asyncio.Semaphore(AT_ONCE)

            async def one():
                async with gate:
                    await handle.signal(name, args=list(args))

            await asyncio.gather(*(one() for _ in range(n)))

        self.with_client(use)

    def ready(self, n=3, more=""):
        self.config("routes:\n" + route(more=more))
        self.rows(n)
        return self.worker()


class Sdk(Client2):
    def test_signals_and_queries_of_the_python_sdk(self):
        self.ready()
        self.until_status(runs=1, state="idle")

        async def use(client):
            handle = client.get_workflow_handle(self.unit())
            await handle.signal("pause")
            await handle.signal("set_interval", 15)
            await handle.signal("sync_now", ["p1", "p2"])
            return await handle.query("status"), await handle.describe()

        status, described = self.with_client(use)
        types = {name: type(status[name]) for name in (
            "key", "paused", "interval_minutes", "runs_completed", "last_run", "last_stats", "last_error",
            "sync_pending")}
        self.assertEqual(types, {
            "key": str, "paused": bool, "interval_minutes": int, "runs_completed": int, "last_run": str,
            "last_stats": dict, "last_error": type(None), "sync_pending": bool})
        self.assertEqual((status["key"], status["paused"], status["interval_minutes"], status["sync_pending"]),
                         ("plants:all", True, 15, True))
        self.assertEqual(described.workflow_type, "SourceSyncWorkflow")
        self.flood(1, "resume")
        stats = self.until_status(runs=2, paused=False, state="idle")["last_stats"]
        self.assertEqual({name: type(value) for name, value in stats.items()}, dict.fromkeys(stats, int))
        self.each_once(3)

    def test_sync_now_in_every_state(self):
        worker = self.ready(MANY, SLOW)
        self.until(self.begun, "a pass that has begun")
        self.signal("sync_now", ["p1"])                    # running
        self.assertTrue(self.until_status(state="running", sync_pending=True))
        self.signal("pause")
        self.signal("sync_now", [])                        # about to stop
        self.until_status(state="paused", paused=True, sync_pending=True)
        self.signal("sync_now", ["p2"])                    # paused
        self.leave(worker)
        self.signal("sync_now", [])                        # without any worker
        self.signal("resume")
        self.config("routes:\n" + route())
        self.worker()
        self.until_status(runs=2, state="idle", sync_pending=False)  # it has gone on, and then served the rest
        self.signal("sync_now", [])                        # idle
        self.until_status(runs=3, state="idle")
        self.each_once(MANY)
        os.unlink(self.dir / "plants.jsonl")
        self.signal("sync_now", [])
        self.until(lambda: self.status()["last_error"], "a pass that has failed")
        self.rows(MANY)
        before = self.status()["runs_completed"]
        self.signal("sync_now", [])                        # after a failure
        self.until_status(runs=before + 1, last_error=None)
        self.each_once(MANY)


class Storm(Client2):
    def test_signals_to_a_paused_unit(self):
        self.ready()
        self.until_status(runs=1, state="idle")
        self.signal("pause")
        self.until_status(paused=True)
        self.flood(SIGNALS, "sync_now", ["p1"])
        self.assertTrue(self.until_status(paused=True, sync_pending=True))
        info = self.described()["workflowExecutionInfo"]
        self.assertEqual(info["status"], "WORKFLOW_EXECUTION_STATUS_RUNNING")
        self.assertLess(int(info["historyLength"]), 10_000)
        self.flood(1, "resume")
        self.until_status(runs=2, paused=False, state="idle", sync_pending=False)
        self.each_once(3)

    def test_units_on_one_worker(self):
        self.config("routes:\n" + route().replace("plants.jsonl", "'*.jsonl'"))
        for i in range(UNITS):
            self.rows(1, f"u{i}.jsonl", first=i)
        self.worker()

        for n in range(10, UNITS + 1, 10):  # each wait has its own patience
            self.until(lambda least=n: self.rows_there() >= least, f"{n} rows")
        for i in range(0, UNITS, UNITS // 10):
            self.until_status(unit=f"durable-sync:plants:u{i}.jsonl", runs=1, state="idle")
        self.each_once(UNITS)


class ShortConnections(Client2):
    config_of_server = {"frontend.keepAliveMaxConnectionAge": CONNECTION_AGE,
                        "frontend.keepAliveMaxConnectionAgeGrace": "2s"}

    def test_goaway_loses_nothing(self):
        self.ready()
        self.until_status(runs=1)
        for n in range(2, PASSES + 2):
            self.signal("sync_now", [])
            self.until_status(runs=n)
        self.assertEqual(self.status()["runs_completed"], PASSES + 1)
        failed = [event for event in self.types() if event in (
            "WORKFLOW_TASK_TIMED_OUT", "WORKFLOW_TASK_FAILED", "ACTIVITY_TASK_TIMED_OUT")]
        self.assertEqual(failed, [])
        self.each_once(3)


class Rolled(Client2):
    config_of_server = {"limit.historyCount.suggestContinueAsNew": 12, "limit.historyCount.warn": 100,
                        "limit.historyCount.error": 200}

    async def rolled(self, client):
        """The runs there were while that many passes were asked for, each once the last had ended."""
        handle, runs = client.get_workflow_handle(self.unit()), set()
        for n in range(2, ROLLS + 2):
            await handle.signal("sync_now", ["p1"])
            last = time.monotonic() + PATIENCE
            while (await handle.query("status"))["runs_completed"] < n:
                self.assertLess(time.monotonic(), last, self.log())
                await asyncio.sleep(0.01)
            runs.add((await handle.describe()).run_id)
        return runs

    def test_continued_hundreds_of_times(self):
        self.ready()
        self.until_status(runs=1)
        self.signal("set_interval", 45)
        runs = self.with_client(self.rolled)
        status = self.until_status(runs=ROLLS + 1, state="idle")
        self.assertEqual((status["runs_completed"], status["interval_minutes"], status["paused"]),
                         (ROLLS + 1, 45, False))
        self.assertEqual(status["last_stats"]["total"], 1)
        self.assertGreater(len(runs), ROLLS // 3)
        self.each_once(3)


if __name__ == "__main__":
    main()
