#!/usr/bin/env python3
"""Destinations that are locked, lost or put back; sources that are replaced, cut, emptied or grow."""
import json
import os
import shutil
import sqlite3

from cli import main
from stand import Stand, route


class Locked(Stand):
    def lock(self):
        db = sqlite3.connect(self.dir / "out.db", isolation_level=None)
        self.addCleanup(db.close)
        db.execute("BEGIN EXCLUSIVE")
        return db

    def test_the_daemon_waits_backs_off_and_gets_through(self):
        self.records(self.plants(30))
        self.routes()
        self.asked()
        self.records(self.plants(40))
        lock = self.lock()
        child = self.daemon()
        self.run_it("sync", "plants")
        self.until(lambda: len(self.history()) == 3, "two failed passes")
        unit = self.unit()
        self.assertEqual((unit["state"], unit["last_error_kind"]), ("waiting", "transient"))
        self.assertIn("locked", unit["last_error"])
        self.assertEqual(unit["runs_completed"], 1)
        self.assertIn("locked", self.run_it("status").out)
        lock.execute("ROLLBACK")
        unit = self.completed(2)
        self.assertIsNone(unit["last_error"])
        self.mirrored(self.plants(40))
        self.assertEqual([p["outcome"] for p in self.history()],
                         ["done"] + ["failed"] * (len(self.history()) - 2) + ["done"])
        self.assertIn("pass_failed", self.stop(child))

    def test_once_fails_and_says_why(self):
        self.records(self.plants(3))
        self.routes()
        self.asked()
        self.records(self.plants(4))
        lock = self.lock()
        done = self.asked(code=1)
        self.assertEqual((done["outcome"], done["error"]["kind"]), ("failed", "transient"))
        self.assertIn("another program holds it locked", done["error"]["text"])
        lock.execute("ROLLBACK")
        self.assertEqual(self.asked()["created"], 1)


class Lost(Stand):
    """A destination that was deleted or put back is filled again; hand edits in it survive."""

    def setUp(self):
        super().setUp()
        self.routes()
        self.records(self.plants(50))
        self.asked()

    def copy(self):
        shutil.copy(self.dir / "out.db", self.dir / "old.db")

    def put_back(self):
        os.replace(self.dir / "old.db", self.dir / "out.db")

    def test_deleted(self):
        (self.dir / "out.db").unlink()
        self.assertEqual(self.asked()["created"], 50)
        self.mirrored(self.plants(50))
        self.assertEqual(self.asked()["unchanged"], 50)

    def test_deleted_under_the_daemon(self):
        child = self.daemon()
        (self.dir / "out.db").unlink()
        self.assertEqual(self.asked()["created"], 50)
        self.mirrored(self.plants(50))
        self.assertEqual(self.asked()["unchanged"], 50)
        self.assertIn("not as it was left", self.stop(child))

    def test_its_table_dropped(self):
        self.execute("DROP TABLE plants")
        self.assertEqual(self.asked()["created"], 50)
        self.mirrored(self.plants(50))

    def test_an_old_copy_between_passes(self):
        self.execute("ALTER TABLE plants ADD COLUMN note; "
                     "UPDATE plants SET note = 'mine' WHERE id = 'p3'")
        self.copy()
        self.records(self.plants(60, height=7))
        self.assertEqual(self.asked()["created"], 10)
        self.put_back()
        done = self.asked()
        self.assertEqual((done["created"], done["updated"], done["unchanged"]), (10, 49, 1))
        self.mirrored(self.plants(60, height=7))
        self.assertEqual(self.query("SELECT id FROM plants WHERE note = 'mine'"), [("p3",)])
        self.assertEqual(self.asked()["unchanged"], 60)

    def test_an_old_copy_has_its_marks_again(self):
        self.routes(more="missing: {mark: gone}")
        self.asked()
        self.copy()
        self.records(self.plants(48))
        self.assertEqual(self.asked()["missing"], 2)
        marked = self.query("SELECT id FROM plants WHERE gone = 1 ORDER BY id")
        self.assertEqual(marked, [("p48",), ("p49",)])
        self.put_back()
        done = self.asked()
        self.assertEqual((done["unchanged"], done["missing"]), (48, 0))
        self.assertEqual(self.query("SELECT id FROM plants WHERE gone = 1 ORDER BY id"), marked)

    def test_an_old_copy_under_the_daemon(self):
        self.copy()
        child = self.daemon()
        self.records(self.plants(60))
        self.assertEqual(self.asked()["created"], 10)
        self.put_back()
        done = self.asked()
        self.assertEqual((done["created"], done["unchanged"]), (10, 50))
        self.mirrored(self.plants(60))
        self.stop(child)

    def test_an_old_copy_in_mid_pass(self):
        self.copy()
        self.records(self.plants(500, height=7))
        self.routes(more="pace: 200/s")
        child = self.daemon()
        self.run_it("sync", "plants")
        self.in_mid_pass(200)
        self.put_back()
        self.completed(2)
        self.asked()
        self.mirrored(self.plants(500, height=7))
        self.assertEqual(self.asked()["unchanged"], 500)
        self.stop(child)

    def test_deleted_in_mid_pass(self):
        self.records(self.plants(500, height=7))
        self.routes(more="pace: 200/s")
        child = self.daemon()
        self.run_it("sync", "plants")
        self.in_mid_pass(200)
        (self.dir / "out.db").unlink()
        self.completed(2)
        self.asked()
        self.mirrored(self.plants(500, height=7))
        self.assertEqual(self.asked()["unchanged"], 500)
        self.stop(child)

    def test_another_database_under_its_name(self):
        (self.dir / "out.db").unlink()
        self.execute("CREATE TABLE plants(id TEXT PRIMARY KEY, name, height, note);"
                     "INSERT INTO plants VALUES('p1', 'Plant 1', 1, 'theirs'), ('x', 'X', 9, NULL)")
        done = self.asked()
        self.assertEqual((done["created"], done["unchanged"]), (49, 1))
        self.assertEqual(self.count(), 51)
        self.assertEqual(self.query("SELECT note FROM plants WHERE id = 'p1'"), [("theirs",)])

    def test_only_rows_that_differ_count_against_limits(self):
        """Every row is compared with an old copy; what is found to be right is no change."""
        self.copy()
        self.asked()
        self.records(self.plants(51))
        self.asked()
        self.put_back()
        self.routes(more="limits: {changes: 10%}")
        done = self.asked()
        self.assertEqual((done["outcome"], done["created"], done["unchanged"]), ("done", 1, 50))


class LostFile(Stand):
    def setUp(self):
        super().setUp()
        self.routes(route(destination="{kind: file, path: out.jsonl, key: id}"))
        self.records(self.plants(50))
        self.asked()

    def lines(self):
        return sorted((r["id"], r["height"]) for r in
                      map(json.loads, (self.dir / "out.jsonl").read_text().splitlines()))

    def expected(self, n, height=None):
        return sorted((f"p{i}", i if height is None else height) for i in range(n))

    def test_deleted(self):
        (self.dir / "out.jsonl").unlink()
        self.assertEqual(self.asked()["created"], 50)
        self.assertEqual(self.lines(), self.expected(50))

    def test_an_old_copy(self):
        old = (self.dir / "out.jsonl").read_text()
        self.records(self.plants(60, height=7))
        self.asked()
        self.write("out.jsonl", old)
        done = self.asked()
        self.assertEqual((done["created"], done["updated"], done["unchanged"]), (10, 49, 1))
        self.assertEqual(self.lines(), self.expected(60, 7))

    def linked(self, disk):
        """`there` leads to this folder, which has what the one before had."""
        link = self.dir / "there"
        if link.is_symlink():
            os.rename(self.dir / os.readlink(link), self.dir / disk)
            link.unlink()
        else:
            (self.dir / disk).mkdir()
        link.symlink_to(disk)

    def test_on_another_disk_that_a_link_leads_to(self):
        self.linked("one")
        self.routes(route(destination="{kind: file, path: there/out.jsonl, key: id}", more="missing: delete"))
        self.assertEqual(self.asked()["created"], 50)
        self.linked("two")
        self.records(self.plants(45))
        done = self.asked()
        self.assertEqual((done["unchanged"], done["missing"]), (45, 5))
        self.assertFalse((self.dir / "one").exists())

    def test_by_two_links_has_one_owner(self):
        self.linked("one")
        self.routes(*(route(name, destination=f"{{kind: file, path: {folder}/new.jsonl, key: id}}",
                            more="fields: {name: name}") for name, folder in (("a", "one"), ("b", "there"))))
        for _ in range(2):
            self.assertIn(f'both own "name" of file:{os.path.realpath(self.dir)}/one/new.jsonl',
                          self.run_it("check", code=2).err)
            self.write("one/new.jsonl", "")

    def test_under_the_daemon(self):
        child = self.daemon()
        old = (self.dir / "out.jsonl").read_text()
        self.records(self.plants(60))
        self.asked()
        self.write("out.jsonl", old)
        self.assertEqual(self.asked()["created"], 10)
        (self.dir / "out.jsonl").unlink()
        self.assertEqual(self.asked()["created"], 60)
        self.assertEqual(self.lines(), self.expected(60))
        self.stop(child)


class Source(Stand):
    def test_replaced(self):
        self.records(self.plants(50))
        self.routes()
        self.asked()
        self.records(self.plants(50, first=25))
        done = self.asked()
        self.assertEqual((done["created"], done["unchanged"]), (25, 25))
        self.assertEqual(self.count(), 75)

    def test_not_there_and_back_under_the_daemon(self):
        self.records(self.plants(5))
        self.routes()
        child = self.daemon()
        self.completed(1)
        os.rename(self.dir / "plants.jsonl", self.dir / "away")
        done = self.asked(code=1)
        self.assertIn("plants.jsonl", done["error"]["text"])
        os.rename(self.dir / "away", self.dir / "plants.jsonl")
        self.assertEqual(self.asked()["unchanged"], 5)
        self.assertIsNone(self.unit()["last_error"])
        self.stop(child)

    def test_truncated_keeps_the_rows_by_default(self):
        self.records(self.plants(50))
        self.routes()
        self.asked()
        self.records(self.plants(10))
        self.assertEqual(self.asked()["total"], 10)
        self.assertEqual(self.count(), 50)

    def test_cut_in_the_middle_of_a_line_takes_nothing_for_gone(self):
        self.records(self.plants(50))
        self.routes(more="missing: delete")
        self.asked()
        text = (self.dir / "plants.jsonl").read_text()
        self.write("plants.jsonl", text[:len(text) // 2 + 5])
        done = self.asked(code=4)
        self.assertEqual((done["outcome"], done["held"]), ("partial", 1))
        self.assertEqual(self.count(), 50)

    def test_emptied_waits_for_approval(self):
        self.records(self.plants(50))
        self.routes(more="missing: delete")
        self.asked()
        self.records([])
        done = self.asked(code=3)
        self.assertEqual(done["outcome"], "paused")
        self.assertIn("the source is empty", done["error"]["text"])
        self.assertEqual(self.count(), 50)
        self.run_it("resume", "plants")
        self.assertEqual(self.asked(code=3)["outcome"], "paused")
        self.assertEqual(self.count(), 50)
        self.run_it("approve", "plants")
        self.assertEqual(self.asked()["outcome"], "done")
        self.assertEqual(self.count(), 0)

    def explained(self, key):
        record, = self.run_it("explain", "plants", key, "--json").json["records"]
        return record["decision"], record["why"].removeprefix("the source no longer has it")

    def test_shrunken_is_explained(self):
        self.execute("CREATE TABLE plants(id TEXT PRIMARY KEY, name, height, gone);"
                     "INSERT INTO plants(id) VALUES ('p2')")
        self.records(self.plants(3))
        self.routes(more="missing: delete")
        self.once()
        self.records(self.plants(1))
        self.assertEqual(self.explained("p1"), ("delete", ": the next full pass does this"))
        self.assertEqual(self.explained("p2"), ("leave alone", ", but its row was not made by this route"))
        self.routes(more="missing: {mark: gone}")
        self.assertEqual(self.explained("p1")[0], "mark")
        self.once()
        self.assertEqual(self.explained("p1"), ("leave alone", ", and `missing` has been done"))
        self.routes()
        self.assertEqual(self.explained("p1"), ("leave alone", ", and `missing` is ignore"))

    def test_shrunken_trips_limits_and_approve_lets_it_go_on(self):
        self.records(self.plants(100))
        self.routes(more="missing: delete\nlimits: {changes: 25%}")
        child = self.daemon()
        self.completed(1)
        self.records(self.plants(60))
        done = self.asked(code=3)
        self.assertEqual(done["outcome"], "paused")
        self.assertIn("40 rows are gone", done["error"]["text"])
        unit = self.unit()
        self.assertEqual(unit["state"], "waiting")
        self.assertIn("40 rows", unit["approval"])
        self.assertEqual(self.count(), 100)
        self.run_it("approve", "plants")
        self.completed(2)
        self.assertEqual(self.count(), 60)
        self.assertIsNone(self.unit()["approval"])
        self.records(self.plants(50))
        self.asked()
        self.assertEqual(self.count(), 50)
        self.stop(child)

    def test_too_many_changes_stop_before_the_write(self):
        self.records(self.plants(100))
        self.routes(more="limits: {changes: 10%}")
        self.asked()
        self.records(self.plants(100, height=7))
        done = self.asked(code=3)
        self.assertEqual((done["outcome"], done["updated"]), ("paused", 10))
        self.assertEqual(self.query("SELECT count(*) FROM plants WHERE height = 7"), [(11,)])
        self.run_it("approve", "plants")
        self.assertEqual(self.asked()["updated"], 89)
        self.mirrored(self.plants(100, height=7))
        self.records(self.plants(100, height=8))
        self.assertEqual(self.asked(code=3)["outcome"], "paused")

    def test_grows_in_mid_pass(self):
        self.records(self.plants(600))
        self.routes(more="missing: delete\npace: 200/s")
        child = self.daemon()
        self.in_mid_pass(200)
        with open(self.dir / "plants.jsonl", "a", encoding="utf8") as file:
            for record in self.plants(100, first=600):
                file.write(json.dumps(record) + "\n")
        self.completed(1)
        done = self.history()[0]
        self.assertEqual((done["outcome"], done["total"]), ("done", 700))
        self.balanced(done)
        self.mirrored(self.plants(700))
        self.stop(child)

    def test_cut_in_mid_pass(self):
        self.records(self.plants(600))
        self.routes(more="missing: delete\npace: 200/s")
        child = self.daemon()
        self.in_mid_pass(200)
        with open(self.dir / "plants.jsonl", "r+", encoding="utf8") as file:
            for _ in range(100):
                file.readline()
            file.truncate(file.tell())
        self.completed(1)
        done = self.history()[0]
        self.assertEqual((done["outcome"], done["total"]), ("done", 100))
        self.asked()
        self.mirrored(self.plants(100))
        self.stop(child)

    def test_replaced_in_mid_pass(self):
        self.records(self.plants(600))
        self.routes(more="missing: delete\npace: 200/s")
        child = self.daemon()
        self.in_mid_pass(200)
        self.records(self.plants(500, first=300))
        self.completed(1)
        self.assertEqual(self.history()[0]["total"], 500)
        self.asked()
        self.mirrored(self.plants(500, first=300))
        self.stop(child)


if __name__ == "__main__":
    main()
