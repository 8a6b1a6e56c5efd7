#!/usr/bin/env python3
"""What a machine can do to the program: cut its power, stop it in mid-pass, take its descriptors, its
inodes or its store away, storm it with signals. Afterwards nothing is lost, nothing is there twice."""
import json
import os
import resource
import shutil
import signal
import socket
import sqlite3
import subprocess
from contextlib import closing

from cli import PATIENCE, PROGRAM, SANITIZED, Answer, main
from disks import Image, cut_power, why_no_disks
from stand import Stand, route

STORM = 20000


class Reboot(Stand):
    """The clock that nobody sets begins anew with the machine: here, with a time namespace."""

    MONTH = 30 * 86400
    up_for = 0  # more than it really is

    def spawn(self, *args):
        inside = ["unshare", *([] if os.geteuid() == 0 else ["--user", "--map-current-user"]), "--time",
                  "--monotonic", str(self.up_for), "--boottime", str(self.up_for)]
        if subprocess.run([*inside, "true"], stderr=subprocess.DEVNULL, check=False).returncode:
            self.skipTest("no time namespace can be made here")
        with open(self.dir / "log", "a", encoding="utf8") as log:
            child = subprocess.Popen([*inside, PROGRAM, *args], cwd=self.dir, env=self.env, text=True,
                                     stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log)
        self.addCleanup(self.end, child)
        return child

    def before_and_after(self, every):
        """A daemon on a machine that has been up for long, and its successor on one that is up anew."""
        self.routes(route(every=every))
        self.records(self.plants(3))
        self.up_for = self.MONTH
        child = self.daemon()
        self.completed(1)
        before = self.idle()
        self.stop(child, signal.SIGKILL, code=None)
        self.up_for = 0
        self.daemon()
        return before

    def test_what_is_not_due_is_waited_for(self):
        before = self.before_and_after("1h")
        after = self.idle()
        self.assertEqual((after["next_run"], after["runs_completed"]), (before["next_run"], 1))
        self.assertEqual(self.asked()["unchanged"], 3)

    def test_what_is_due_comes(self):
        before = self.before_and_after("1s")
        self.records(self.plants(4))
        self.completed(before["runs_completed"] + 3)
        self.mirrored(self.plants(4))


class PowerCut(Stand):
    """Store, source and destination on a disk whose power is cut in mid-pass."""

    def setUp(self):
        super().setUp()
        if why_no_disks():
            self.skipTest(why_no_disks())
        self.outside = self.dir
        self.image = Image(self.outside / "image", self.outside / "disk")
        self.on()
        self.addCleanup(self.off)
        self.dir = self.outside / "disk"

    def on(self):
        why_not = self.image.mount()
        if why_not:
            self.skipTest(why_not)

    def off(self):
        self.image.umount()

    def cut_and_recover(self, destination, count):
        child = self.daemon()
        self.in_mid_pass(300)
        cut_power(self.dir)
        child.kill()
        child.communicate()
        self.off()
        self.on()
        done, *_ = self.once()
        self.assertEqual(done["outcome"], "done")
        self.assertEqual(count(), 2000, destination)
        self.assertEqual(self.asked()["unchanged"], 2000)

    def spawn(self, *args):
        """Its log is on another disk: that one can still be read."""
        with open(self.outside / "log", "a", encoding="utf8") as log:
            child = subprocess.Popen([PROGRAM, *args], cwd=self.dir, env=self.env, text=True,
                                     stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log)
        self.addCleanup(self.end, child)
        return child

    def test_sqlite(self):
        self.records(self.plants(2000))
        os.sync()
        self.routes(more="pace: 2000/s")
        os.sync()
        self.cut_and_recover("sqlite", self.count)
        self.mirrored(self.plants(2000))
        with closing(sqlite3.connect(self.dir / "durable-sync.db")) as db:
            self.assertEqual(db.execute("PRAGMA integrity_check").fetchall(), [("ok",)])

    def test_file(self):
        def count():
            keys = [json.loads(line)["id"] for line in open(self.dir / "out.jsonl")]
            self.assertEqual(len(keys), len(set(keys)))
            return len(keys)

        self.records(self.plants(2000))
        self.routes(route(destination="{kind: file, path: out.jsonl, key: id}",
                          more="pace: 2000/s"))
        os.sync()
        self.cut_and_recover("file", count)


class Stopped(Stand):
    def test_frozen_and_thawed_it_goes_on(self):
        self.records(self.plants(3000))
        self.routes(more="pace: 2000/s")
        child = self.daemon()
        self.in_mid_pass(100)
        child.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, child.pid, os.WSTOPPED)
        child.send_signal(signal.SIGCONT)
        self.completed(1)
        self.mirrored(self.plants(3000))
        self.stop(child)

    def test_a_storm_of_stop_signals(self):
        self.records(self.plants(3000))
        self.routes(more="pace: 2000/s")
        child = self.daemon()
        self.in_mid_pass(100)
        for _ in range(20):
            child.send_signal(signal.SIGINT)
            child.send_signal(signal.SIGTERM)
        child.communicate(timeout=PATIENCE)
        self.assertIn(child.returncode, (0, 1, -signal.SIGINT, -signal.SIGTERM), self.log())
        self.routes()
        for done in self.once():
            self.assertEqual(done["outcome"], "done")
        self.mirrored(self.plants(3000))


class Taken(Stand):
    """What a process needs and may not get."""

    def limited(self, what, limit, *args):
        if SANITIZED:
            self.skipTest("a sanitizer needs more than that itself")
        done = subprocess.run(
            [PROGRAM, *args], cwd=self.dir, env=self.env, stdin=subprocess.DEVNULL, text=True,
            capture_output=True, check=False,
            preexec_fn=lambda: resource.setrlimit(what, (limit, limit)))
        return Answer(done)

    def test_descriptors(self):
        self.records(self.plants(50))
        self.routes()
        codes = set()
        for limit in range(3, 40):
            answer = self.limited(resource.RLIMIT_NOFILE, limit, "once")
            codes.add(answer.code)
            if answer.code:
                self.assertIn(answer.code, (1, 2, 127), (limit, answer.err))
                self.assertNotEqual(answer.err, "", limit)
        self.assertIn(0, codes)  # enough of them in the end
        self.assertGreater(len(codes), 1)  # and too few at the start
        self.assertEqual(self.asked()["unchanged"], 50)
        self.mirrored(self.plants(50))

    def test_memory(self):
        self.records(self.plants(50))
        self.routes()
        codes = []
        for limit in range(8 << 20, 200 << 20, 4 << 20):
            codes.append(self.limited(resource.RLIMIT_AS, limit, "once").code)
            if codes[-1] == 0:
                break
        self.assertEqual(codes[-1], 0)
        self.assertNotEqual(codes[0], 0)
        self.assertEqual(self.asked()["unchanged"], 50)
        self.mirrored(self.plants(50))

    def test_inodes(self):
        if why_no_disks():
            self.skipTest(why_no_disks())
        disk = self.dir / "disk"
        disk.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m,nr_inodes=4", "tmpfs", disk],
                       check=True)
        self.addCleanup(subprocess.run, ["umount", disk], check=True)
        self.records(self.plants(50))
        self.config("store: sqlite:disk/durable-sync.db\nroutes:\n" + route())
        for i in range(3):
            (disk / f"fill-{i}").touch()
        self.assertIn("disk", self.run_it("once", code=2).err)
        for i in range(3):
            (disk / f"fill-{i}").unlink()
            self.run_it("once", code=None)
        subprocess.run(["mount", "-o", "remount,nr_inodes=100", disk], check=True)
        self.assertEqual(self.asked()["outcome"], "done")
        self.mirrored(self.plants(50))


class Store(Stand):
    def setUp(self):
        super().setUp()
        self.routes()
        self.records(self.plants(50))
        self.asked()

    def test_moved_away_under_the_daemon(self):
        child = self.daemon()
        os.rename(self.dir / "durable-sync.db", self.dir / "elsewhere.db")
        self.run_it("pause", "plants", code=None)
        child.communicate(timeout=PATIENCE)
        self.assertEqual(child.returncode, 1, self.log())
        self.assertIn("durable-sync.db was moved, replaced or deleted while it was in use",
                      self.log())
        os.rename(self.dir / "elsewhere.db", self.dir / "durable-sync.db")
        self.assertEqual(self.asked()["unchanged"], 50)

    def test_an_old_copy_of_it(self):
        """The rows are ahead of what it knows: they are met by key, and compared."""
        shutil.copy(self.dir / "durable-sync.db", self.dir / "old.db")
        self.records(self.plants(80, height=7))
        self.assertEqual(self.asked()["created"], 30)
        os.replace(self.dir / "old.db", self.dir / "durable-sync.db")
        done = self.asked()
        self.assertEqual((done["created"], done["updated"], done["unchanged"]), (0, 0, 80))
        self.mirrored(self.plants(80, height=7))
        self.records(self.plants(80, height=8))
        self.assertEqual(self.asked()["updated"], 80)
        self.mirrored(self.plants(80, height=8))

    def test_lost_altogether(self):
        (self.dir / "durable-sync.db").unlink()
        done = self.asked()
        self.assertEqual((done["created"], done["unchanged"]), (0, 50))
        self.mirrored(self.plants(50))


class Storm(Stand):
    def test_of_signals(self):
        """Each is durable before it is answered, and what they ask for is served together."""
        self.records(self.plants(50))
        self.routes()
        child = self.daemon()
        self.completed(1)
        asks = b"".join(json.dumps({"cmd": "signal", "route": "plants",
                                    "event": {"type": "sync_now", "items": [f"p{i % 50}"]}}
                                   ).encode() + b"\n" for i in range(STORM))
        with closing(socket.socket(socket.AF_UNIX)) as s:
            s.settimeout(PATIENCE)
            s.connect(str(self.dir / "durable-sync.db.sock"))
            answers, sent, heard = s.makefile("rb"), 0, 0
            while heard < STORM:
                if sent < len(asks):
                    sent += s.send(asks[sent:sent + 65536])
                while heard < STORM and (sent == len(asks) or heard < sent // 120):
                    self.assertTrue(json.loads(answers.readline())["ok"])
                    heard += 1
        self.idle()
        self.assertLess(len(self.history()), 2000)
        self.mirrored(self.plants(50))
        self.stop(child)


if __name__ == "__main__":
    main()
