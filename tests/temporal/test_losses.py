#!/usr/bin/env python3
"""Workers whose servers fail in ways that no connection tells of: the Temporal server comes back and knows
nothing any more, the store's server stops answering and keeps its connections."""
import os
import signal

import parts  # noqa: F401  (makes the way to the others)
from cli import main
from worker import MANY, SLOW, Shared, route
import pgserver


class Losses(Shared):
    def test_a_server_that_comes_back_empty(self):
        """Units begin anew, once; what is linked is not written again."""
        self.shared(route() + route("herbs"))
        self.rows(20)
        self.rows(3, "herbs.jsonl")
        routes = ("plants", "herbs")
        for _ in range(2):
            self.worker()
        for name in routes:
            self.until_status(unit=self.unit(name), runs=1, state="idle")
        self.server.kill()
        self.server.start()
        for name in routes:
            stats = self.until_status(unit=self.unit(name), runs=1, state="idle")["last_stats"]
            self.assertEqual((stats["created"], stats["unchanged"]), (0, stats["total"]))
        self.each_once(20)
        self.each_once(3, "herbs")
        self.assertEqual(self.log().count(" unit_new "), 2 * len(routes))
        self.assertEqual(len(self.running()), len(routes))

    def freeze(self, number):
        """All of the store's server, or its waking up: its sockets stay open."""
        for pid in (self.postgres.process.pid, *pgserver.children_of(self.postgres.process.pid)):
            try:
                os.kill(pid, number)
            except ProcessLookupError:  # a session that has just ended
                pass

    def test_a_store_that_hangs(self):
        self.shared(route(more=SLOW))
        self.rows(MANY)
        child = self.worker()
        self.until(self.who, "a pass that has begun")
        self.freeze(signal.SIGSTOP)
        try:
            self.leave(child)
            self.assertIn("failed: no answer", self.log())
        finally:
            self.freeze(signal.SIGCONT)
        self.hurry()
        self.worker()
        self.assertEqual(self.until_status(runs=1)["last_stats"]["total"], MANY)
        self.each_once(MANY)


if __name__ == "__main__":
    main()
