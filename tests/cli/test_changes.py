#!/usr/bin/env python3
"""The configuration changed between passes, the daemon restarted in between: what stays linked, what
is written again, what waits for a person."""
import re

from cli import main
from stand import Stand, route

OPEN = "{kind: sqlite, path: out.db, table: plants, key: id}"


class Changes(Stand):
    def setUp(self):
        super().setUp()
        self.child = None
        self.records(self.plants(20))

    def starts(self, *routes, more=""):
        """The daemon with this configuration; one that runs is stopped first."""
        if self.child:
            self.stop(self.child)
        self.routes(*routes, more=more)
        self.child = self.daemon()

    def first(self, *routes, more=""):
        self.starts(*routes, more=more)
        self.completed(1)

    def totals(self, done):
        return {name: done[name] for name in ("created", "updated", "unchanged", "skipped", "held")
                if done[name]}

    def pass_is(self, code=0, **totals):
        self.assertEqual(self.totals(self.asked(code=code)), totals)

    def column(self, name):
        return [value for value, in self.query(f"SELECT {name} FROM plants ORDER BY length(id), id")]

    # -- what is mapped

    def test_nothing_changed(self):
        self.first()
        self.starts()
        self.pass_is(unchanged=20)

    def test_fields(self):
        self.first()
        self.starts(more='fields: {name: {template: "{name}!"}, height: height, size: height}')
        self.pass_is(updated=20)
        self.assertEqual(self.column("name")[7], "Plant 7!")
        self.assertEqual(self.column("size"), list(range(20)))
        self.pass_is(unchanged=20)

    def test_fewer_fields_leave_the_column_alone(self):
        self.first()
        self.starts(more="fields: {name: name}")
        self.pass_is(unchanged=20)
        self.assertEqual(self.column("height"), list(range(20)))

    def test_owns(self):
        self.first()
        self.execute("UPDATE plants SET height = 99, name = 'mine'")
        self.starts(more="owns: [name]")
        self.records(self.plants(20, height=5))
        self.pass_is(updated=20)
        self.assertEqual((self.column("height"), self.column("name")[7]), ([99] * 20, "Plant 7"))
        self.pass_is(unchanged=20)

    def test_create_only(self):
        self.first()
        self.execute("UPDATE plants SET height = 99")
        self.starts(more="create_only: [height]")
        self.records(self.plants(20, height=5) + self.plants(2, first=20))
        self.assertEqual(self.asked()["created"], 2)
        self.assertEqual(self.column("height"), [99] * 20 + [20, 21])
        self.pass_is(unchanged=22)

    def test_where_narrows_and_widens(self):
        trees = [dict(record, kind="tree" if i % 2 else "herb") for i, record in
                 enumerate(self.plants(20))]
        self.records(trees)
        self.first(more="missing: delete")
        self.starts(more="missing: delete\nwhere: {kind: tree}")
        self.pass_is(unchanged=10, skipped=10)
        self.assertEqual(self.count(), 20)
        self.starts(more="missing: delete")
        self.pass_is(unchanged=20)

    def test_missing_turned_on_later(self):
        self.first()
        self.execute("INSERT INTO plants(id, name) VALUES('hand', 'mine')")
        self.records(self.plants(15))
        self.pass_is(unchanged=15)
        self.assertEqual(self.count(), 21)
        self.starts(more="missing: delete")
        self.pass_is(unchanged=15)
        self.assertEqual(self.count(), 16)
        self.assertEqual(self.query("SELECT name FROM plants WHERE id = 'hand'"), [("mine",)])

    def test_missing_marks_later(self):
        self.first()
        self.records(self.plants(15))
        self.starts(more="missing: {mark: gone}")
        self.asked()
        self.assertEqual(self.query("SELECT count(*) FROM plants WHERE gone"), [(5,)])
        self.records(self.plants(20))
        self.asked()
        self.assertEqual(self.query("SELECT count(*) FROM plants WHERE gone"), [(0,)])

    def test_stamp_is_never_written_alone(self):
        self.first()
        self.starts(more="stamp: synced")
        self.pass_is(unchanged=20)
        self.records(self.plants(19) + self.plants(1, first=19, name="new"))
        self.pass_is(updated=1, unchanged=19)
        self.assertEqual([value is None for value in self.column("synced")], [True] * 19 + [False])
        self.assertRegex(self.column("synced")[19], r"^\d{4}-\d\d-\d\dT")

    def test_write_always_and_verify_later(self):
        self.first()
        self.execute("UPDATE plants SET name = 'mine' WHERE id = 'p3'")
        self.pass_is(unchanged=20)
        self.starts(more="verify: all")
        self.pass_is(updated=1, unchanged=19)
        self.starts(more="write: always")
        self.execute("UPDATE plants SET name = 'mine' WHERE id = 'p3'")
        self.assertEqual(self.asked()["held"], 0)
        self.assertEqual(self.column("name")[3], "Plant 3")

    # -- keys

    def waits_for_the_key(self):
        answer = self.run_it("check", code=2)
        self.assertIn("durable-sync approve plants", answer.out)
        done = self.asked(code=3)
        self.assertEqual(done["outcome"], "paused")
        self.assertIn("`key` has changed", done["error"]["text"])
        self.assertIn("`key` has changed", self.unit()["approval"])
        self.run_it("approve", "plants")
        self.until(lambda: self.unit()["approval"] is None and self.idle(), "the approved pass")
        self.run_it("check")

    def test_key_of_the_source(self):
        self.first(more="missing: delete")
        self.starts(route(source="{kind: file, path: plants.jsonl, key: name}",
                          more="missing: delete\nfields: {height: height}"))
        self.waits_for_the_key()
        self.assertEqual(self.history()[0]["created"], 20)
        self.assertEqual(self.count(), 40)
        self.pass_is(unchanged=20)

    def test_key_of_the_destination(self):
        self.first()
        self.execute("ALTER TABLE plants ADD COLUMN code; UPDATE plants SET code = id, id = 'x' || id;"
                     "CREATE UNIQUE INDEX codes ON plants(code)")
        self.starts(route(destination=OPEN.replace("key: id", "key: code"),
                          more="fields: {name: name, height: height}"))
        self.waits_for_the_key()
        self.assertEqual(self.totals(self.history()[0]), {"unchanged": 20})
        self.assertEqual(self.column("code"), [f"p{i}" for i in range(20)])

    def test_key_and_back_needs_no_approval(self):
        self.first()
        self.starts(route(source="{kind: file, path: plants.jsonl, key: name}"))
        self.asked(code=3)
        self.starts()
        self.run_it("resume", "plants")
        self.completed(2)
        self.pass_is(unchanged=20)

    # -- places

    def test_another_table(self):
        self.first(more="missing: delete")
        self.starts(route(destination=OPEN.replace("table: plants", "table: other")[:-1] +
                          ", create_table: true}", more="missing: delete"))
        self.pass_is(created=20)
        self.assertEqual((self.count(), self.count("other")), (20, 20))
        self.starts(more="missing: delete")
        self.pass_is(unchanged=20)
        self.assertEqual(self.count(), 20)

    def test_another_path(self):
        self.first()
        self.starts(route(destination=OPEN.replace("out.db", "new.db")[:-1] +
                          ", create_table: true}"))
        self.pass_is(created=20)
        self.assertEqual((self.count(), self.count(name="new.db")), (20, 20))

    def test_another_table_is_a_first_pass_for_limits(self):
        limits = "limits: {changes: 10%}"
        self.first(more=limits)
        self.starts(route(destination=OPEN.replace("table: plants", "table: other")[:-1] +
                          ", create_table: true}", more=limits))
        self.pass_is(created=20)
        self.records(self.plants(20, height=7))
        self.assertEqual(self.asked(code=3)["updated"], 2)

    def test_the_source_moved(self):
        self.first()
        (self.dir / "plants.jsonl").rename(self.dir / "moved.jsonl")
        self.starts(route(source="{kind: file, path: moved.jsonl, key: id}"))
        self.pass_is(unchanged=20)

    def test_a_renamed_route_adopts_and_the_old_one_is_an_orphan(self):
        self.first(more="missing: delete")
        self.starts(route(name="flora", more="missing: delete"))
        self.completed(1, "flora:all")
        self.assertEqual(self.totals(self.history("flora")[0]), {"unchanged": 20})
        self.records(self.plants(10))
        self.assertEqual(self.asked()["total"], 10)
        self.assertEqual(self.count(), 20, "rows that it adopted are not its to delete")
        old, new = self.unit("plants:all"), self.unit("flora:all")
        self.assertEqual((old["orphan"], new["orphan"]), (True, False))
        self.assertEqual(old["runs_completed"], 1)
        text = self.run_it("status").out
        self.assertRegex(text, re.compile(r"^plants:all .*orphan: no such route any more", re.M))
        self.starts(more="missing: delete")
        self.asked()
        self.assertEqual(self.count(), 10, "the first one is back, and so are its rows")

    # -- times

    def test_an_interval_set_by_hand_lives_until_every_changes(self):
        self.first()
        self.assertEqual(self.unit()["interval_minutes"], 60)
        self.run_it("interval", "plants", "3h")
        self.assertEqual(self.unit()["interval_minutes"], 180)
        self.starts()
        self.asked()
        self.assertEqual(self.unit()["interval_minutes"], 180)
        self.starts(route(every="2h"))
        self.until(lambda: self.unit()["interval_minutes"] == 120, "the file's interval")
        self.starts(route(every="2h"))
        self.assertEqual(self.unit()["interval_minutes"], 120)

    def test_a_shorter_interval_is_felt_at_once(self):
        self.first()
        self.starts(route(every="1s"))
        self.completed(3)

    # -- in the middle of a pass

    def half_way(self):
        self.records(self.plants(2000))
        self.starts(more="pace: 200/s")
        self.in_mid_pass(200)

    def test_interrupted_and_mapped_otherwise_it_starts_over(self):
        self.half_way()
        self.starts(more='fields: {name: {template: "{name}!"}, height: height}')
        self.completed(1)
        done = self.history()[0]
        self.assertEqual((done["total"], done["outcome"]), (2000, "done"))
        self.balanced(done)
        self.assertGreaterEqual(done["updated"], 200)
        self.assertEqual(self.query("SELECT count(*) FROM plants WHERE name LIKE '%!'"), [(2000,)])

    def test_interrupted_and_led_elsewhere(self):
        self.half_way()
        self.starts(route(destination=OPEN.replace("table: plants", "table: other")[:-1] +
                          ", create_table: true}"))
        self.completed(1)
        self.assertEqual(self.history()[0]["created"], 2000)
        self.assertEqual(self.count("other"), 2000)

    def test_interrupted_and_missing_turned_on(self):
        self.half_way()
        self.starts(more="missing: delete")
        self.completed(1)
        self.mirrored(self.plants(2000))
        self.records(self.plants(1500))
        self.asked()
        self.mirrored(self.plants(1500))

    def test_interrupted_and_its_route_renamed(self):
        self.half_way()
        self.starts(route(name="flora"))
        self.completed(1, "flora:all")
        self.mirrored(self.plants(2000))
        old = self.unit("plants:all")
        self.assertTrue(old["orphan"])
        self.assertEqual(old["runs_completed"], 0)


if __name__ == "__main__":
    main()
