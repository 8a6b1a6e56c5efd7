#!/usr/bin/env python3
"""test_talk.py PROGRAM FAULTS_SO - a daemon and those who talk to it, with their calls made to fail, each
for every n: a command says what went wrong or does what it should; the daemon stays up, or ends with a
clear line where its store could not be synced, and the next one goes on."""
import errno
import itertools

from rig import Fault, Run  # also finds the tests of the command line
from cli import PATIENCE, main
from stand import Stand, route

COMMANDS = [["status", "--json"], ["pause", "plants"], ["resume", "plants"], ["interval", "plants", "30m"],
            ["sync", "plants", "--wait", "--json"], ["once", "--json"]]


class Talk(Stand):
    def setUp(self):
        super().setUp()
        self.routes()
        self.plants_there = self.plants(5)
        self.records(self.plants_there)

    def hurt_daemon(self, call, at, how, file=None):
        fault = Fault(f"{self.dir}.report", call, at, how, file)
        self.addCleanup(fault.path.unlink, missing_ok=True)
        clean, self.env = self.env, dict(self.env, **fault.env)
        child = self.spawn("run")
        self.env = clean
        return child, fault

    def listens(self, child):
        """Before that a command would find no daemon and take the store itself."""
        self.assertIsNone(child.poll(), self.log())
        return (self.dir / "durable-sync.db.sock").exists()

    def test_those_who_ask(self):
        self.daemon()
        self.completed(1)
        for command, (call, how) in itertools.product(COMMANDS, (
                ("connect", errno.ECONNREFUSED), ("connect", errno.EAGAIN), ("send", errno.ECONNRESET),
                ("send", errno.EINTR), ("send", "short"))):
            with self.subTest(f"{command[0]}: {call}, {how}"):
                for at in itertools.count(1):
                    done = Run(self.dir, command, call, at, how, self.env)
                    if how in (errno.EINTR, "short"):
                        self.assertEqual(done.code, 0, done)
                    self.assertTrue(done.code == 0 or done.err, done)
                    if not done.fired:
                        break
                self.assertGreater(at, 1)
        self.assertEqual(self.asked()["outcome"], "done")
        self.mirrored(self.plants_there)

    def test_the_one_who_answers(self):
        for how in (errno.EPIPE, errno.EINTR, "short"):
            for at in range(1, 5):
                child, fault = self.hurt_daemon("send", at, how)

                def answers():
                    for command in COMMANDS[:4]:
                        done = Run(self.dir, command, env=self.env)
                        self.assertTrue(done.code == 0 or done.err, done)
                    return fault.read()[1]

                self.until(lambda: self.listens(child), "a daemon that listens")
                self.until(answers, "an answer that could not be sent")
                self.assertEqual(self.asked()["outcome"], "done")
                self.stop(child)
        self.mirrored(self.plants_there)

    def seen_through(self, child):
        """The daemon has left, or its pass is over one way or the other."""
        unit = child.poll() is None and self.unit()
        return child.poll() is not None or (unit and not unit["sync_pending"] and not unit["running"]
                                            and (unit["last_error"] or unit["runs_completed"] > 0))

    def test_a_daemon_that_cannot_sync(self):
        """Whatever of its store could not be made durable, it ends, says so, and does not ask again."""
        for at in itertools.count(1):
            for path in self.dir.glob("*.db*"):
                path.unlink()
            child, fault = self.hurt_daemon("fsync", at, errno.EIO)
            self.until(lambda: self.seen_through(child), "the end of its pass")
            if child.poll() is None:
                self.stop(child, code=None)
            _, fired, again, unwritten, what = fault.read()
            if not fired:
                break
            self.assertEqual(unwritten, 0, what)
            if what.startswith("durable-sync.db"):
                self.assertGreater(child.returncode, 0, what)
                self.assertRegex(self.log(), "store .*check the disk and its limits")
                self.assertTrue(again == 0 or child.returncode == 2, "the store is synced again")
            # One that was interrupted comes to its end first, and is answered too.
            self.assertEqual({p["outcome"] for p in self.once()}, {"done"})
            self.mirrored(self.plants_there)
        self.assertGreater(at, 15)

    def test_a_destination_that_could_not_sync_is_tried_again(self):
        for name in ("out.db", ".out.jsonl.durable-sync"):
            self.routes(route(), route("other", destination="{kind: file, path: out.jsonl, key: id}"))
            for path in [*self.dir.glob("*.db*"), *self.dir.glob("*out.jsonl*")]:
                path.unlink()
            child, fault = self.hurt_daemon("fsync", 1, errno.EIO, name)
            self.completed(1, "plants:all")  # after the distance that failed passes keep
            self.completed(1, "other:all")
            self.assertEqual((fault.read()[1], fault.read()[3]), (1, 0), "a sync that failed is tried again")
            self.mirrored(self.plants_there)
            self.assertEqual(len((self.dir / "out.jsonl").read_text().splitlines()), 5)
            self.stop(child)


if __name__ == "__main__":
    main()
