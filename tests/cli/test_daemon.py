#!/usr/bin/env python3
"""`run` and the commands beside it: signals, a pause in mid-pass, kill -9 and its successor."""
import json
import signal
import subprocess

from cli import PATIENCE, PROGRAM, SIMPLE, Case, main

SLOW = SIMPLE + "    every: 1h\n    pace: 200/s\n"


class Daemon(Case):
    def running(self):
        units = self.units()
        return units[0]["running"] if units else None

    def in_mid_pass(self):
        return self.until(lambda: (r := self.running()) and r["done"] > 0 and r, "a pass under way")

    def test_runs_and_drains(self):
        self.rows(10)
        self.config()
        child = self.daemon()
        self.until(lambda: self.units() and self.units()[0]["runs_completed"] == 1, "a pass")
        log = self.stop(child)
        for event in ("run_started", "pass_done", "run_stopping", "run_stopped"):
            self.assertIn(event, log)
        self.assertEqual(self.query("SELECT count(*) FROM plants"), [(10,)])

    def test_log_lines_as_json(self):
        self.rows(1)
        self.config()
        child = self.spawn("run", "--log-format", "json")
        self.until(lambda: self.units() and self.units()[0]["runs_completed"] == 1, "a pass")
        lines = [json.loads(line) for line in self.stop(child).splitlines()]
        for line in lines:
            self.assertLessEqual({"time", "level", "event"}, set(line))
        done, = [line for line in lines if line["event"] == "pass_done"]
        self.assertEqual((done["unit"], done["total"], done["created"], done["gone"]),
                         ("plants:all", 1, 1, 0))

    def test_what_went_is_in_the_log(self):
        self.rows(5)
        self.config(SIMPLE + "    missing: delete\n")
        child = self.daemon()
        self.run_it("once")
        self.rows(2)
        self.run_it("once")
        self.assertRegex(self.stop(child), r"pass_done .* unchanged=2 .* gone=3 ")
        self.assertEqual(self.query("SELECT count(*) FROM plants"), [(2,)])

    def test_a_configuration_that_is_broken_meanwhile_counts_at_the_next_start_only(self):
        def passes():
            units = self.run_it("status", "--json", "-c", "good.yaml").json["units"]
            return units[0]["runs_completed"] if units else 0

        self.rows(3)
        self.config(SIMPLE + "    every: 1s\n")
        self.write("good.yaml", SIMPLE + "    every: 1s\n")
        child = self.daemon()
        self.config(SIMPLE.replace("kind: sqlite", "kind: sqlit"))
        self.rows(5)
        before = passes()
        self.until(lambda: passes() > before + 1, "passes go on")
        self.assertEqual(self.query("SELECT count(*) FROM plants"), [(5,)])
        self.run_it("check", code=2)
        self.stop(child)
        self.rows(7)
        refused = self.run_it("run", code=2)
        self.assertIn("durable-sync.yaml:4:", refused.err)
        self.assertEqual(self.query("SELECT count(*) FROM plants"), [(5,)])
        self.config()
        self.assertEqual(self.once()[0]["created"], 2)

    def test_the_second_refuses_and_names_the_first(self):
        self.rows(1)
        self.config()
        child = self.daemon()
        answer = self.run_it("run", code=5)
        self.assertIn(str(child.pid), answer.err)
        (self.dir / "link.db").symlink_to("durable-sync.db")
        self.config("store: sqlite:link.db\n" + SIMPLE)
        answer = self.run_it("run", code=5)
        self.assertIn(str(child.pid), answer.err)
        self.stop(child)

    def test_no_word_goes_into_a_file_where_standard_error_is_closed(self):
        self.rows(1)
        self.config()
        child = subprocess.Popen(["sh", "-c", 'exec "$0" run 2>&-', PROGRAM], cwd=self.dir, env=self.env,
                                 stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        self.addCleanup(child.kill)
        self.until(lambda: self.units() and self.units()[0]["runs_completed"] == 1, "a pass, which is logged")
        self.assertEqual((self.dir / "durable-sync.db.lock").read_text(), f"{child.pid}\n")
        child.terminate()
        self.assertEqual(child.wait(PATIENCE), 0)

    def test_it_outlives_its_terminal_where_nohup_says_so(self):
        self.rows(1)
        self.config()
        for hangup in (signal.SIG_IGN, signal.SIG_DFL):
            child = subprocess.Popen([PROGRAM, "run"], cwd=self.dir, env=self.env, stderr=subprocess.DEVNULL,
                                     preexec_fn=lambda h=hangup: signal.signal(signal.SIGHUP, h))
            self.addCleanup(child.kill)
            self.until(lambda: self.run_it("status", "--json").json["daemon"] == child.pid, "the daemon")
            child.send_signal(signal.SIGHUP)
            if hangup == signal.SIG_IGN:
                self.once()  # which it answers
                child.terminate()
            self.assertEqual(child.wait(PATIENCE), 0)

    def test_the_store_in_use_by_no_daemon(self):
        self.rows(100000)
        self.config(SLOW)
        child = self.spawn("once")
        self.until(lambda: self.running(), "the pass")
        for args in (["once"], ["sync", "plants"], ["pause", "plants"], ["run"],
                     ["held", "retry", "plants", "k"]):
            answer = self.run_it(*args, code=5)
            self.assertIn(str(child.pid), answer.err, args)
        self.assertIsNone(self.run_it("status", "--json").json["daemon"])
        child.send_signal(signal.SIGINT)
        child.communicate(timeout=60)
        self.assertEqual(child.returncode, 128 + signal.SIGINT)

    def test_once_goes_through_it(self):
        self.rows(5)
        self.config(SIMPLE + "    every: 1h\n")
        child = self.daemon()
        self.until(lambda: self.units() and self.units()[0]["runs_completed"] == 1, "a pass")
        self.rows(7)
        one, = self.once()
        self.assertEqual((one["kind"], one["created"], one["unchanged"]), ("full", 2, 5))
        one, = self.once("plants", "--items", "p1")
        self.assertEqual((one["kind"], one["unchanged"]), ("targeted", 1))
        self.assertIn("plants:all", self.run_it("once").out)
        self.stop(child)

    def test_sync_reaches_it(self):
        self.rows(5)
        self.config(SIMPLE + "    every: 1h\n")
        child = self.daemon()
        self.until(lambda: self.units() and self.units()[0]["runs_completed"] == 1, "a pass")
        self.rows(6)
        self.assertNotIn("no daemon", self.run_it("sync", "plants").out)
        self.until(lambda: self.query("SELECT count(*) FROM plants") == [(6,)], "the sixth row")
        self.rows(8)
        one, = self.run_it("sync", "plants/all", "p7", "--wait", "--json").json["passes"]
        self.assertEqual((one["kind"], one["created"]), ("targeted", 1))
        self.run_it("interval", "plants", "3h")
        self.assertEqual(self.units()[0]["interval_minutes"], 180)
        self.stop(child)

    def test_held_records_by_hand(self):
        self.execute("CREATE TABLE plants(id TEXT PRIMARY KEY, name TEXT, "
                     "height INTEGER CHECK (height < 100));")
        self.rows(1, first=200)
        self.config(SIMPLE.replace(", create_table: true", "") + "    every: 1h\n")
        child = self.daemon()
        self.until(lambda: self.units() and self.units()[0]["held"] == 1, "a held record")
        self.run_it("held", "retry", "plants", "p200")
        self.run_it("once", code=4)
        self.assertEqual(self.run_it("held", "--json").json["held"][0]["attempts"], 2)
        self.run_it("held", "drop", "plants", "p200")
        self.assertEqual(self.run_it("held", "--json").json["held"], [])
        self.run_it("held", "drop", "plants", "p200", code=2)
        self.stop(child)

    def test_a_pause_is_felt_in_mid_pass(self):
        self.rows(100000)
        self.config(SLOW)
        child = self.daemon()
        live = self.in_mid_pass()
        self.assertEqual(live["kind"], "full")
        self.run_it("pause", "plants")
        self.until(lambda: not self.units()[0]["running"] or
                   self.units()[0]["state"] == "paused", "the pause")
        self.assertEqual(self.units()[0]["state"], "paused")
        written, = self.query("SELECT count(*) FROM plants")[0]
        self.assertLess(written, 100000)
        self.run_it("once", code=3)
        self.stop(child)
        self.once(code=3)

    def test_kill_and_resume(self):
        self.rows(600)
        self.config(SIMPLE + "    every: 1h\n    pace: 100/s\n")
        child = self.daemon()
        self.until(lambda: (r := self.running()) and r["done"] >= 100, "a hundred rows")
        child.kill()
        child.communicate()
        unit, = self.units()
        self.assertEqual(unit["state"], "waiting")
        self.assertTrue(unit["running"]["interrupted"])
        self.assertIn("interrupted", self.run_it("status").out)
        self.config(SIMPLE + "    every: 1h\n")
        child = self.daemon()
        self.until(lambda: self.units()[0]["runs_completed"] == 1, "the end of the pass")
        self.stop(child)
        self.assertEqual(self.query("SELECT count(*), count(DISTINCT id) FROM plants"),
                         [(600, 600)])
        last = self.run_it("history", "--json").json["passes"][0]
        self.assertEqual(last["total"], 600)
        self.balanced(last)
        self.assertEqual(self.once()[0]["unchanged"], 600)

    def test_drained_in_mid_pass_it_goes_on(self):
        self.rows(100000)
        self.config(SLOW)
        child = self.daemon()
        self.in_mid_pass()
        self.stop(child, signal.SIGINT)
        self.assertTrue(self.units()[0]["running"]["interrupted"])
        self.config(SIMPLE)
        for done in self.once():  # the interrupted one, then the one that was asked for
            self.assertEqual((done["outcome"], done["total"]), ("done", 100000))
        self.assertEqual(self.query("SELECT count(*) FROM plants"), [(100000,)])

    def test_a_second_signal_hurries(self):
        self.rows(100000)
        self.config(SLOW)
        child = self.daemon()
        self.in_mid_pass()
        child.send_signal(signal.SIGTERM)
        self.stop(child, signal.SIGTERM)
        self.config(SIMPLE)
        self.once()
        self.assertEqual(self.query("SELECT count(*), count(DISTINCT id) FROM plants"),
                         [(100000, 100000)])

    def test_status_shows_the_progress(self):
        self.rows(100000)
        self.config(SLOW)
        child = self.daemon()
        live = self.in_mid_pass()
        self.assertLessEqual({"kind", "since", "done", "total"}, set(live))
        self.assertFalse(live["interrupted"])
        self.assertEqual(self.units()[0]["state"], "running")
        self.assertIn("full pass", self.run_it("status").out)
        self.stop(child)

    def test_a_detached_once_leaves_the_pass_to_it(self):
        self.rows(100000)
        self.config(SLOW)
        child = self.daemon()
        self.in_mid_pass()
        asking = self.spawn("once")
        self.until(lambda: self.units()[0]["sync_pending"], "the request")
        asking.send_signal(signal.SIGINT)
        asking.communicate(timeout=60)
        self.assertNotEqual(asking.returncode, 0)
        self.assertEqual(self.units()[0]["state"], "running")
        self.stop(child)


if __name__ == "__main__":
    main()
