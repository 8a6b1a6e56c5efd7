#!/usr/bin/env python3
"""`notify` with two workers on one store: people are told of each change once, whichever worker has
seen it, and what one worker leaves behind the other sends."""
import parts  # noqa: F401  (makes the way to the others)
from cli import main
from test_notify import Receiver
from worker import Shared, route


class Notices(Shared):
    def start(self, *answers, more=""):
        """A worker, and who is told."""
        self.receiver = Receiver(answers)
        self.addCleanup(self.receiver.close)
        self.shared(route(more=more), f"notify: {{url: '{self.receiver.url}'}}\n")
        return self.worker()

    def pair(self, *answers, more=""):
        return self.start(*answers, more=more), self.worker()

    def told(self, *events):
        def all_of_them():
            return [notice["event"] for notice in self.receiver.taken] == list(events)

        self.until(all_of_them, f"{events}: {self.receiver.taken}\n{self.log()}")
        ids = [notice["id"] for notice in self.receiver.taken]
        self.assertEqual(len(set(ids)), len(ids))

    def test_each_change_once(self):
        self.execute("CREATE TABLE plants(id TEXT PRIMARY KEY, name TEXT,"
                     " height INTEGER CHECK(height < 3))")
        self.rows(4)
        self.pair(503)
        self.told("held")
        self.assertEqual(len(self.receiver.asked), 2)
        self.signal("pause")
        self.told("held", "paused")
        self.assertIn("was paused by hand", self.receiver.taken[1]["text"])
        self.rows(3)
        self.signal("resume")
        self.signal("sync_now")
        self.told("held", "paused", "recovered")
        self.signal("pause")
        self.told("held", "paused", "recovered", "paused")

    def test_what_one_leaves_the_other_sends(self):
        self.rows(4)
        workers = self.pair("hang", "hang", more="    limits: {changes: 25%}\n")
        self.until_status(runs=1)
        self.rows(8)
        self.signal("sync_now")
        self.until(lambda: self.receiver.asked, "a receiver that does not answer")
        for child in workers:
            self.leave(child)
        self.assertEqual(self.receiver.taken, [])
        self.receiver.answers.clear()
        self.worker()
        self.told("approval")
        self.run_it("approve", "plants")
        self.told("approval", "recovered")

    def test_what_a_killed_one_was_sending_another_sends(self):
        """Whatever their clocks say: nobody takes it over before, nor much later."""
        self.shifted(3600)
        self.rows(4)
        sender = self.start("hang", more="    limits: {changes: 25%}\n")
        self.until(self.running, "the unit's workflow")
        self.signal("sync_now")  # by that clock the first pass begins in an hour
        self.until_status(runs=1)
        self.rows(8)
        self.signal("sync_now")
        self.until(lambda: self.receiver.asked, "a receiver that does not answer")
        for seconds in (0, 7200):
            self.shifted(seconds)
            self.worker()
        self.logged("worker_started", times=3)
        self.assertEqual(len(self.receiver.asked), 1)
        self.kill(sender)
        self.told("approval")
        self.assertEqual(len(self.receiver.asked), 2)


if __name__ == "__main__":
    main()
