#!/usr/bin/env python3
"""What a long life brings, in full sizes and on real servers: a Temporal server that is stopped and
started while all works, one that is away for ten minutes, workers that are killed while the
destination's answers are lost, too.  `make stress-temporal` runs it; $DS_RESTARTS (20), $DS_AWAY
(600 seconds) and $DS_KILLS (50) make it shorter."""
import os
import signal
import threading
import time

import parts  # noqa: F401  (makes the way to the others)
from cli import main
from worker import SLOW, Served, Shared, route
import fake

RESTARTS = int(os.environ.get("DS_RESTARTS", "20"))
AWAY = float(os.environ.get("DS_AWAY", "600"))
KILLS = int(os.environ.get("DS_KILLS", "50"))
LEASE = 15  # seconds for which a pass may write without a word from the server, at most
PLENTY = 100_000  # a pass that outlasts whatever is done to it


class Loaded(Served):
    """A pass that takes very long, and a unit that is asked for one short pass after the other."""
    keep = True

    def loaded(self):
        self.config("routes:\n" + route(more=SLOW) + route("herbs"))
        self.rows(PLENTY)
        self.rows(3, "herbs.jsonl")
        child = self.worker()
        self.until_status(unit=self.unit("herbs"), runs=1)
        self.until(self.begun, "a pass that has begun")
        return child

    def goes_on(self):
        """All works: the long pass has got further, and a short one is done from start to end."""
        rows, runs = self.rows_there(), self.herbs()["runs_completed"]
        self.signal("sync_now", ["p1"], unit=self.unit("herbs"))
        self.until_status(unit=self.unit("herbs"), runs=runs + 1, state="idle")
        self.until(lambda: self.rows_there() > rows, f"more than {rows} rows\n{self.log()}")

    def herbs(self):
        return self.until(lambda: self.status_now(self.unit("herbs")), "an answer of the worker")

    def settled(self, child):
        """The worker leaves in peace, and the next one ends the pass: each row is there once."""
        n = self.rows_there() + 500
        self.leave(child)
        self.rows(n)
        self.config("routes:\n" + route() + route("herbs"))
        self.worker()
        self.until_status(runs=1)
        self.each_once(n)
        self.each_once(3, "herbs")


class Restarts(Loaded):
    def test_the_server_is_stopped_and_killed_under_load(self):
        child = self.loaded()
        ends = [self.server.stop, self.server.kill]
        for n in range(RESTARTS):
            runs = self.herbs()["runs_completed"]
            self.signal("sync_now", ["p2"], unit=self.unit("herbs"))  # kept, as the server has said so
            ends[n % 2]()
            self.server.start()
            self.until_status(unit=self.unit("herbs"), runs=runs + 1)
            self.goes_on()
        self.settled(child)


class Away(Loaded):
    def pass_time(self, seconds):
        """The outage is real, and so is its length; a worker that leaves ends it at once."""
        last = time.monotonic() + seconds
        while time.monotonic() < last:
            self.assertIsNone(self.alive[0].poll(), self.log())
            threading.Event().wait(0.5)

    def away(self, go, back):
        child = self.loaded()
        go()
        self.pass_time(min(AWAY, 2 * LEASE))
        rows = self.rows_there()
        self.pass_time(AWAY - min(AWAY, 2 * LEASE))
        self.assertEqual(self.rows_there(), rows)  # somebody else may have had the pass by now
        back()
        self.until(lambda: self.status_now(self.unit("herbs")), "an answer")
        self.goes_on()
        self.assertEqual([self.log().count(word) for word in (" server_away ", " server_back ")], [1, 1])
        self.settled(child)

    def test_stopped_for_long(self):
        self.away(self.server.stop, self.server.start)

    def test_silent_for_long(self):
        """Its connections stand, and nothing comes over them."""
        process = self.server.process
        self.away(lambda: process.send_signal(signal.SIGSTOP), lambda: process.send_signal(signal.SIGCONT))


class LostAnswers(Shared, fake.Case):
    """Into the stand-in of Notion, which knows no key: what is written twice is there twice."""
    KIND = "notion"
    RULES = ["POST /v1/pages percent=4 seed=7 cut-after", "POST /v1/pages percent=2 seed=5 cut-before",
             "* percent=1 seed=3 cut-after"]

    def into_notion(self):
        self.env["NOTION_TOKEN"] = "ntn_x"
        self.fake("--latency", "20ms")
        bases = self.side("GET", "/state")["databases"]
        self.table = next(base["data_sources"][0]["id"] for base in bases if base["title"] == "Repositories")
        return ("  plants:\n    source: {kind: file, path: plants.jsonl, key: id}\n"
                f'    destination: {{kind: notion, base_url: "{self.url}", data_source: {self.table}, '
                'key: "Repo ID", settle: 0s, lag: 0s}\n'
                "    fields: {Name: name, Stars: height}\n    every: 1h\n" + SLOW)

    def keys(self):
        rows = self.side("GET", f"/rows?source={self.table}")["rows"]
        return [row["properties"]["Repo ID"] for row in rows]

    def no_row_twice(self):
        keys = self.keys()
        self.assertEqual(len(keys), len(set(keys)))
        return len(keys)

    def test_workers_are_killed_while_answers_are_lost(self):
        n = 100 + 30 * KILLS
        self.shared(self.into_notion())
        self.rows(n)
        self.faults(*self.RULES)
        self.kill_in_turn(KILLS, self.no_row_twice)
        self.faults()
        self.hurry()
        self.worker()
        self.until_status(runs=1, state="idle")
        while self.units()[0]["held"]:  # their answers were lost: the next pass looks for them
            runs = self.status()["runs_completed"]
            self.signal("sync_now", [])
            self.until_status(runs=runs + 1, state="idle")
        self.assertEqual(sorted(self.keys()), sorted(f"p{i}" for i in range(n)))


if __name__ == "__main__":
    main()
