#!/usr/bin/env python3
"""The daemon at work: units that come and go, signals at any moment, its end and its successor."""
import json
import signal

from cli import main
from stand import Stand, route

GLOB = "{kind: file, path: 'in/*.jsonl', key: id}"


class Units(Stand):
    def setUp(self):
        super().setUp()
        (self.dir / "in").mkdir()

    def test_two_units_claim_one_key(self):
        self.records(self.plants(3), "in/a.jsonl")
        self.routes(route(source=GLOB))
        self.asked()
        self.records(self.plants(3, first=2, height=9), "in/b.jsonl")
        for _ in range(2):
            first, second = sorted(self.once(code=4), key=lambda p: p["unit"])
            self.assertEqual((first["outcome"], first["unchanged"]), ("done", 3))
            self.assertEqual((second["outcome"], second["held"], second["total"]), ("partial", 1, 3))
        held, = self.held()
        self.assertEqual((held["unit"], held["key"]), ("b.jsonl", "p2"))
        self.assertIn("claimed by a.jsonl", held["reason"])
        self.assertEqual(self.query("SELECT height FROM plants WHERE id = 'p2'"), [(2,)])
        self.assertEqual(self.count(), 5)

    def test_two_new_units_claim_one_key_at_once(self):
        """Whoever comes first has the row; the other one's word stays for one pass at most."""
        self.records(self.plants(200, name="a"), "in/a.jsonl")
        self.records(self.plants(200, name="b"), "in/b.jsonl")
        self.routes(route(source=GLOB))
        self.run_it("once", code=None)
        self.assertEqual(self.count(), 200)
        for done in self.once(code=4):
            self.balanced(done)
        owner = {held["key"]: held["reason"].rsplit(" ", 1)[-1][0] for held in self.held()}
        self.assertEqual(dict(self.query("SELECT id, name FROM plants")), owner)
        passes = self.once(code=4)
        self.assertEqual(sum(p["held"] for p in passes), 200)
        self.assertEqual(sum(p["unchanged"] for p in passes), 200)

    def test_they_appear_and_vanish_under_the_daemon(self):
        self.records(self.plants(3), "in/a.jsonl")
        self.routes(route(source=GLOB, every="1s", more="missing: delete"))
        child = self.daemon()
        self.completed(1, "a.jsonl")
        self.records(self.plants(3, first=10), "in/b.jsonl")
        self.completed(1, "b.jsonl")
        self.assertEqual(self.count(), 6)
        (self.dir / "in" / "a.jsonl").unlink()
        unit = self.until(lambda: (u := self.unit("a.jsonl")) and u["gone"] and not u["running"] and u,
                          "a unit that is gone")
        self.assertIsNone(unit["next_run"])
        self.assertIn("gone", self.run_it("status").out)
        before = self.unit("b.jsonl")["runs_completed"]
        self.completed(before + 2, "b.jsonl")
        self.assertEqual(self.count(), 6, "its rows stay")
        self.records(self.plants(4), "in/a.jsonl")
        self.until(lambda: not self.unit("a.jsonl")["gone"] and self.count() == 7, "it is back")
        log = self.stop(child)
        for event in ("unit_new", "unit_gone"):
            self.assertIn(event, log)

    def test_what_is_gone_goes_by_approval_only(self):
        self.records(self.plants(3), "in/a.jsonl")
        self.records(self.plants(3, first=10), "in/b.jsonl")
        self.routes(route(source=GLOB, more="missing: delete"))
        self.once()
        self.execute("INSERT INTO plants(id, name) VALUES('hand', 'mine')")
        (self.dir / "in" / "a.jsonl").unlink()
        self.once()
        self.assertEqual(self.count(), 7)
        unit = self.unit("a.jsonl")
        self.assertTrue(unit["gone"])
        self.assertIn("approve plants", self.run_it("status").out)
        self.run_it("resume", "plants")
        self.once()
        self.assertEqual(self.count(), 7)
        self.run_it("approve", "plants/a.jsonl")
        child = self.daemon()
        self.until(lambda: self.count() == 4, "its rows are deleted")
        self.until(lambda: not self.unit("a.jsonl")["running"], "the end of its last pass")
        self.assertEqual(self.history()[0]["outcome"], "done")
        self.stop(child)
        self.assertEqual(self.query("SELECT name FROM plants WHERE id = 'hand'"), [("mine",)])
        self.records(self.plants(3), "in/a.jsonl")
        self.once()
        self.assertEqual(self.count(), 7)

    def test_a_renamed_file_takes_its_rows_along(self):
        self.records(self.plants(5), "in/a.jsonl")
        self.routes(route(source=GLOB, more="missing: delete"))
        self.asked()
        (self.dir / "in" / "a.jsonl").rename(self.dir / "in" / "b.jsonl")
        self.once()
        done, = self.once()
        self.assertEqual((done["unit"], done["unchanged"], done["held"]), ("b.jsonl", 5, 0))
        self.records(self.plants(3), "in/b.jsonl")
        self.once()
        self.assertEqual(self.count(), 3)

    def test_a_thousand_do_not_start_at_once(self):
        for i in range(1000):
            (self.dir / "in" / f"{i:03}.jsonl").write_text(f'{{"id": "k{i}"}}\n')
        self.routes(route(source=GLOB))
        child = self.daemon()
        self.until(lambda: len(self.units()) == 1000, "all units")
        seconds = {}
        for unit in self.units():
            if not unit["next_run"]:
                continue
            at = unit["next_run"].split(".")[0].split("T")[1]
            hour, minute, second = (int(part) for part in at.rstrip("Z").split(":"))
            phase = (minute * 60 + second) % 3600
            seconds[phase] = seconds.get(phase, 0) + 1
        self.assertGreater(len(seconds), 40, "they are spread over most of a minute")
        self.assertLess(max(seconds.values()), 60, "20 a second on average")
        self.stop(child)


class Signals(Stand):
    def setUp(self):
        super().setUp()
        self.records(self.plants(2000))
        self.routes(more="pace: 200/s")

    def faster(self):
        self.routes()

    def test_pause_in_mid_pass_and_resume(self):
        child = self.daemon()
        self.in_mid_pass(200)
        self.run_it("pause", "plants")
        self.until(lambda: (u := self.unit())["state"] == "paused" and u["running"]["interrupted"],
                   "the pause")
        before = self.count()
        self.assertLess(before, 2000)
        self.assertIn("`resume` goes on", self.run_it("status").out)
        self.stop(child)
        self.assertEqual(self.asked(code=3)["outcome"], "paused")
        self.assertEqual(self.count(), before)
        self.faster()
        child = self.daemon()
        self.assertEqual(self.unit()["state"], "paused")
        self.run_it("resume", "plants")
        self.idle()
        self.mirrored(self.plants(2000))
        caught_up, finished, cut = self.history()
        self.assertEqual(cut["outcome"], "cancelled")
        for done in finished, caught_up:
            self.assertEqual((done["kind"], done["outcome"], done["total"]), ("full", "done", 2000))
        self.assertEqual(caught_up["unchanged"], 2000)
        self.stop(child)

    def test_named_items_during_a_pass(self):
        child = self.daemon()
        self.in_mid_pass(200)
        self.run_it("sync", "plants", "p1999", "p7")
        self.assertTrue(self.unit()["sync_pending"])
        self.stop(child)
        self.faster()
        child = self.daemon()
        self.completed(2)
        targeted, full = self.history()[:2]
        self.assertEqual((full["kind"], full["total"], full["outcome"]), ("full", 2000, "done"))
        self.assertEqual((targeted["kind"], targeted["total"], targeted["unchanged"]),
                         ("targeted", 2, 2))
        self.stop(child)

    def test_interval(self):
        child = self.daemon()
        self.in_mid_pass()
        self.run_it("interval", "plants", "2h")
        self.assertEqual(self.unit()["interval_minutes"], 120)
        self.run_it("interval", "plants", "10s", code=2)
        self.stop(child)
        self.assertEqual(self.unit()["interval_minutes"], 120)

    def goes_on(self, before):
        """The successor takes the pass up where its last checkpoint was."""
        self.assertTrue(self.unit()["running"]["interrupted"])
        done_before = self.unit()["running"]["done"]
        self.assertGreaterEqual(done_before, before)
        self.faster()
        child = self.daemon()
        self.completed(1)
        done = self.history()[0]
        self.assertEqual((done["outcome"], done["total"]), ("done", 2000))
        self.balanced(done)
        self.assertGreaterEqual(done["created"], done_before)
        self.assertLessEqual(done["unchanged"], 400, "not read again from the start")
        self.assertLessEqual(done["calls"]["source"], 2000 // 200 + 3, "each page once")
        self.mirrored(self.plants(2000))
        self.stop(child)

    def test_drained_and_taken_up(self):
        child = self.daemon()
        self.in_mid_pass(400)
        log = self.stop(child, signal.SIGTERM)
        self.assertIn("run_stopped", log)
        self.goes_on(200)

    def test_killed_and_taken_up(self):
        child = self.daemon()
        self.in_mid_pass(600)
        child.kill()
        child.communicate()
        self.goes_on(200)

    def test_a_second_daemon_refuses(self):
        child = self.daemon()
        answer = self.run_it("run", code=5)
        self.assertIn(str(child.pid), answer.err)
        self.assertIsNone(child.poll())
        self.stop(child)

    def test_sent_without_a_daemon(self):
        self.faster()
        self.asked()
        self.run_it("pause", "plants")
        self.run_it("interval", "plants", "2h")
        self.assertIn("no daemon runs", self.run_it("sync", "plants", "p3").out)
        child = self.daemon()
        unit = self.unit()
        self.assertEqual((unit["paused"], unit["interval_minutes"], unit["sync_pending"]),
                         (True, 120, True))
        self.assertEqual(len(self.history()), 1)
        self.stop(child)
        self.run_it("resume", "plants")
        child = self.daemon()
        self.completed(2)
        self.idle()
        self.stop(child)
        self.run_it("sync", "plants", "p3", "p4")
        child = self.daemon()
        self.until(lambda: self.history()[0]["kind"] == "targeted", "the targeted pass")
        self.assertEqual(self.history()[0]["total"], 2)
        self.stop(child)

    def test_sent_before_the_first_run(self):
        self.run_it("pause", "plants")
        child = self.daemon()
        unit = self.until(self.unit, "the unit")
        self.assertEqual((unit["state"], unit["runs_completed"]), ("paused", 0))
        self.stop(child)


class Held(Stand):
    """Records that the destination refuses, and what a person may say about them."""

    def setUp(self):
        super().setUp()
        self.execute("CREATE TABLE plants(id TEXT PRIMARY KEY, name TEXT, "
                     "height INTEGER CHECK (height < 100));")
        self.records(self.plants(3) + [{"id": "big", "name": "Big", "height": 500}])
        self.routes(route(destination="{kind: sqlite, path: out.db, table: plants, key: id}"))
        self.child = self.daemon()
        self.completed(1)
        self.assertEqual([h["key"] for h in self.held()], ["big"])

    def tearDown(self):
        self.stop(self.child)

    def allow(self):
        """The table is mended by hand."""
        self.execute("PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = "
                     "replace(sql, '< 100', '< 1000') WHERE name = 'plants'")

    def test_not_due_it_is_held_without_an_attempt(self):
        self.assertEqual(self.asked(code=4)["held"], 1)
        held, = self.held()
        self.assertEqual(held["attempts"], 1)

    def test_retry(self):
        self.allow()
        self.assertEqual(self.asked(code=4)["held"], 1)
        self.run_it("held", "retry", "plants", "big")
        self.assertEqual(self.asked()["created"], 1)
        self.assertEqual(self.held(), [])
        self.assertEqual(self.count(), 4)

    def test_a_changed_record_is_tried_at_once(self):
        self.records(self.plants(3) + [{"id": "big", "name": "Big", "height": 99}])
        self.assertEqual(self.asked()["created"], 1)
        self.assertEqual(self.held(), [])

    def test_drop(self):
        self.run_it("held", "drop", "plants", "big")
        self.assertEqual(self.held(), [])
        self.assertEqual(self.asked(code=4)["held"], 1)
        self.assertEqual(self.held()[0]["attempts"], 1)

    def test_adopt(self):
        self.execute("INSERT INTO plants VALUES('big', 'by hand', 50)")
        self.run_it("held", "adopt", "plants", "big", "big")
        self.assertEqual(self.held(), [])
        self.records(self.plants(3) + [{"id": "big", "name": "Big", "height": 60}])
        self.assertEqual(self.asked()["updated"], 1)
        self.assertEqual(self.query("SELECT name, height FROM plants WHERE id = 'big'"), [("Big", 60)])

    def test_adopt_of_another_row_is_refused_where_the_key_is_the_id(self):
        answer = self.run_it("held", "adopt", "plants", "big", "p1", code=2)
        self.assertIn("big", answer.err)
        self.assertEqual(len(self.held()), 1)

    def test_a_key_that_is_not_held(self):
        for args in (("retry", "plants", "p1"), ("drop", "plants", "p1"),
                     ("adopt", "plants", "p1", "p1")):
            self.assertIn("held plants", self.run_it("held", *args, code=2).err)

    def test_a_place_refuses_retry_and_adopt(self):
        self.write("plants.jsonl", '{"id": "p0"}\nno json\n')
        self.asked(code=4)
        self.assertIn("line:2", [h["key"] for h in self.held()])
        for args in (("retry", "plants", "line:2"), ("adopt", "plants", "line:2", "x")):
            self.assertIn("line:2", self.run_it("held", *args, code=2).err)
        self.write("plants.jsonl", '{"id": "p0"}\n')
        self.asked()
        self.assertEqual(self.held(), [])


if __name__ == "__main__":
    main()
