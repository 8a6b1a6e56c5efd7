#!/usr/bin/env python3
"""check, plan, once, status, history, explain and the rest without a daemon: shapes and codes."""
import json
import stat

from cli import SIMPLE, TOTALS, Case, main

PASS = {"route", "unit", "kind", "outcome", "calls", "seconds", "error", "missing"} | TOTALS
UNIT = {"route", "unit", "key", "state", "paused", "interval_minutes", "interval_seconds",
        "runs_completed", "last_run", "last_stats", "last_error", "sync_pending", "next_run",
        "held", "promise", "running"}
TIME = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$"


class Check(Case):
    def test_good_one_writes_nothing(self):
        self.rows(3)
        self.config()
        before = self.files()
        answer = self.run_it("check")
        self.assertIn("promise A", answer.out)
        findings = self.run_it("check", "--json").json["findings"]
        for finding in findings:
            self.assertLessEqual({"level", "route", "text", "remedy"}, set(finding))
        self.assertEqual({f["level"] for f in findings}, {"ok"})
        self.assertEqual(self.files(), before)

    def test_every_route_is_looked_at(self):
        self.config(SIMPLE + SIMPLE.split("\n", 1)[1].replace("plants", "trees"))
        findings = self.run_it("check", "--json", code=2).json["findings"]
        bad = {f["route"] for f in findings if f["level"] == "error"}
        self.assertEqual(bad, {"plants", "trees"})
        for finding in findings:
            if finding["level"] == "error":
                self.assertTrue(finding["remedy"])
        self.rows(1)
        self.run_it("check", "plants")
        self.run_it("check", "trees", code=2)

    def test_a_table_that_is_not_there(self):
        self.rows(1)
        self.execute("CREATE TABLE other(id TEXT PRIMARY KEY);")
        self.config(SIMPLE.replace(", create_table: true", ""))
        self.assertIn("plants", self.run_it("check", code=2).out)

    def test_a_changed_key_waits_for_approval(self):
        self.rows(3)
        self.config()
        self.once()
        self.config(SIMPLE.replace("key: id}", "key: name}"))
        answer = self.run_it("check", code=2)
        self.assertIn("durable-sync approve plants", answer.out)
        passes = self.once(code=3)
        self.assertEqual(passes[0]["outcome"], "paused")
        self.run_it("approve", "plants")
        self.once()


class Plan(Case):
    def test_writes_nothing_at_all(self):
        self.rows(3)
        self.config()
        before = self.files()
        self.run_it("plan")
        self.run_it("plan", "--json")
        self.assertEqual(self.files(), before)

    def test_shape(self):
        self.rows(2)
        self.config()
        route, = self.run_it("plan", "--json").json["routes"]
        self.assertLessEqual({"route", "unit", "unchanged", "held", "create", "update", "calls",
                              "seconds"}, set(route))
        self.assertEqual(route["create"],
                         [{"key": f"p{i}", "properties": {"name": f"Plant {i}", "height": i},
                           "body": None} for i in range(2)])
        self.assertEqual((route["unchanged"], route["update"], route["held"]), (0, [], []))

    def test_what_it_costs(self):
        self.rows(3)
        self.config()
        route, = self.run_it("plan", "--json").json["routes"]
        self.assertEqual(route["calls"], {"rows written": 3})
        self.assertIn("cost: rows written: 3, about", self.run_it("plan").out)
        self.config(SIMPLE.split("    destination")[0] + "    destination: {kind: memory, store: m}\n")
        route, = self.run_it("plan", "--json").json["routes"]
        self.assertEqual(route["calls"], {"create": 3})
        self.assertGreaterEqual(route["seconds"], 0.03)
        self.assertIn("cost: create: 3, about", self.run_it("plan").out)
        self.rows(0)
        route, = self.run_it("plan", "--json").json["routes"]
        self.assertEqual(route["calls"], {})
        self.assertIn("cost: no calls, about", self.run_it("plan").out)

    def test_update_field_by_field(self):
        self.rows(3)
        self.config()
        self.once()
        self.rows(3, height=99)
        route, = self.run_it("plan", "--json").json["routes"]
        self.assertEqual(len(route["update"]), 3)
        self.assertEqual(route["update"][1], {"key": "p1", "id": "p1",
                                              "fields": {"height": {"from": 1, "to": 99}},
                                              "body": None})
        self.assertIn("height: 1 -> 99", self.run_it("plan").out)

    def test_exit_code(self):
        self.rows(2)
        self.config()
        self.run_it("plan")
        self.run_it("plan", "--exit-code", code=10)
        self.once()
        self.run_it("plan", "--exit-code")
        self.assertEqual(self.run_it("plan", "--json").json["routes"][0]["unchanged"], 2)

    def test_first_twenty_unless_all(self):
        self.rows(50)
        self.config()
        short = self.run_it("plan").out
        self.assertEqual(short.count("\n  + "), 20)
        self.assertIn("and 30 more", short)
        self.assertEqual(self.run_it("plan", "--all").out.count("\n  + "), 50)

    def test_held_with_its_reason(self):
        self.write("plants.jsonl", '{"id": "a"}\n{"id": "", "n": 1}\nno json\n')
        self.config()
        route, = self.run_it("plan", "--json").json["routes"]
        self.assertEqual(len(route["held"]), 2)
        for held in route["held"]:
            self.assertTrue(held["reason"])
        self.assertEqual({h["key"] for h in route["held"]}, {"line:2", "line:3"})

    def test_a_source_that_is_not_there(self):
        self.config()
        self.assertIn("plants.jsonl", self.run_it("plan", code=2).err)

    def test_numbers_beyond_the_safe_ones_are_text(self):
        self.write("plants.jsonl", '{"id": "a", "n": 9007199254740993}\n')
        self.config()
        route, = self.run_it("plan", "--json").json["routes"]
        self.assertEqual(route["create"][0]["properties"]["n"], "9007199254740993")


class Once(Case):
    def test_first_second_and_edited(self):
        self.rows(100)
        self.config()
        first, = self.once()
        self.assertLessEqual(PASS, set(first))
        self.assertEqual((first["route"], first["unit"], first["kind"], first["outcome"]),
                         ("plants", "all", "full", "done"))
        self.assertEqual((first["total"], first["created"]), (100, 100))
        self.assertEqual(set(first["calls"]), {"source", "destination"})
        self.assertIsNone(first["error"])
        second, = self.once()
        self.assertEqual((second["unchanged"], second["created"]), (100, 0))
        text = (self.dir / "plants.jsonl").read_text().replace("Plant 7\"", "Fern\"")
        self.write("plants.jsonl", text)
        third, = self.once()
        self.assertEqual((third["updated"], third["unchanged"]), (1, 99))
        for totals in (first, second, third):
            self.balanced(totals)
        self.assertEqual(self.query("SELECT name FROM plants WHERE id = 'p7'"), [("Fern",)])

    def test_text_says_the_same(self):
        self.rows(2)
        self.config()
        self.assertIn("2 created", self.run_it("once").out)
        self.assertEqual(self.run_it("once", "-q").out, "")

    def test_failed_is_1(self):
        self.config()
        failed, = self.once(code=1)
        self.assertEqual(failed["outcome"], "failed")
        self.assertEqual(set(failed["error"]), {"kind", "http_status", "text"})
        self.assertIn("plants.jsonl", failed["error"]["text"])

    def test_one_failed_route_does_not_stop_another(self):
        self.config(SIMPLE + SIMPLE.split("\n", 1)[1].replace("plants", "trees"))
        self.rows(2, "trees.jsonl")
        passes = self.once(code=1)
        self.assertEqual({p["route"]: p["outcome"] for p in passes},
                         {"plants": "failed", "trees": "done"})

    def test_held_is_4(self):
        self.write("plants.jsonl", '{"id": "a"}\nno json\n')
        self.config()
        partial, = self.once(code=4)
        self.assertEqual((partial["outcome"], partial["created"], partial["held"]),
                         ("partial", 1, 1))
        self.balanced(partial)

    def test_a_row_that_undoes_others_is_held_alone(self):
        """By a trigger that rolls back, and by a key that COMMIT would ask for, over several pages."""
        self.rows(1700)
        self.config()
        self.execute("CREATE TABLE kinds(id INTEGER PRIMARY KEY); CREATE TABLE plants(id TEXT PRIMARY KEY, name, "
                     "height INTEGER REFERENCES kinds DEFERRABLE INITIALLY DEFERRED);"
                     "WITH RECURSIVE n(i) AS (SELECT 0 UNION SELECT i + 1 FROM n WHERE i < 1600) "
                     "INSERT INTO kinds SELECT i FROM n WHERE i <> 1200;"
                     "CREATE TRIGGER r BEFORE INSERT ON plants WHEN NEW.height IN (600, 1650) "
                     "BEGIN SELECT RAISE(ROLLBACK, 'all of it'); END")
        done, = self.once(code=4)
        self.assertEqual((done["outcome"], done["created"], done["held"]), ("partial", 1599, 101), done)
        held = {row["key"]: row["reason"] for row in self.run_it("held", "--json").json["held"]}
        self.assertEqual((held["p600"], held["p1650"]), ("all of it", "all of it"))
        self.assertEqual(held["p1200"], "FOREIGN KEY constraint failed")
        self.assertEqual(self.query("SELECT count(*) FROM plants"), [(1599,)])
        self.execute("DROP TRIGGER r; INSERT INTO kinds SELECT 1200")
        self.run_it("held", "retry", "plants", "p1200")
        done, = self.once(code=4)
        self.assertEqual((done["unchanged"], done["created"]), (1599, 1), done)
        self.assertEqual(self.query("SELECT id FROM plants WHERE height = 1200"), [("p1200",)])

    def test_paused_is_3_and_is_not_run(self):
        self.rows(2)
        self.config()
        self.once()
        self.run_it("pause", "plants")
        self.rows(3)
        paused, = self.once(code=3)
        self.assertEqual(paused["outcome"], "paused")
        self.assertIn("-> durable-sync resume plants", self.run_it("once", code=3).out)
        self.assertEqual(self.query("SELECT count(*) FROM plants"), [(2,)])
        self.run_it("resume", "plants")
        self.assertEqual(self.once()[0]["created"], 1)

    def test_failed_goes_before_held(self):
        self.config(SIMPLE + SIMPLE.split("\n", 1)[1].replace("plants", "trees"))
        self.write("trees.jsonl", '{"id": "a"}\nno json\n')
        self.once(code=1)

    def test_targeted(self):
        self.rows(10)
        self.config()
        targeted, = self.once("plants", "--items", "p3,p4")
        self.assertEqual((targeted["kind"], targeted["created"]), ("targeted", 2))
        self.assertEqual(self.query("SELECT id FROM plants ORDER BY id"), [("p3",), ("p4",)])
        self.assertIn("empty key", self.run_it("once", "--items", "a,,b", code=2).err)

    def test_a_unit_of_a_glob(self):
        (self.dir / "d").mkdir()
        self.rows(2, "d/a.jsonl")
        self.rows(3, "d/b.jsonl", first=10)
        self.config(SIMPLE.replace("plants.jsonl", "d/*.jsonl"))
        one, = self.once("plants/b.jsonl")
        self.assertEqual((one["unit"], one["created"]), ("b.jsonl", 3))
        self.assertEqual(len(self.once()), 2)
        self.assertIn("no such unit", self.run_it("once", "plants/c.jsonl", code=2).out)

    def test_what_a_destination_prints_does_not_mix_with_json(self):
        self.rows(2)
        self.config(SIMPLE[:SIMPLE.index("    destination")] + "    destination: {kind: print}\n")
        answer = self.run_it("once", "--json")
        self.assertEqual(answer.json["passes"][0]["created"], 2)
        self.assertIn("Plant 1", answer.err)
        self.rows(3)
        self.assertIn("Plant 2", self.run_it("once").out)

    def test_progress_on_a_terminal_only(self):
        self.rows(3000)
        self.config(SIMPLE + "    pace: 2000/s\n")
        shown, out = self.terminal("once")
        self.assertRegex(shown, r"\r.*plants:all  \[#*-*\] [\d,]+ of [\d,]+.*calls.*\033\[K")
        self.assertIn("3,000 created", out)
        self.assertNotIn("\033", out)
        self.execute("DELETE FROM plants;")
        shown, out = self.terminal("once", "-q")
        self.assertEqual((shown, out), ("", ""))

    def test_files_of_state_are_the_owners_alone(self):
        self.rows(1)
        self.config()
        self.once()
        self.assertEqual(stat.S_IMODE((self.dir / "durable-sync.db").stat().st_mode), 0o600)

    def test_text_from_outside_cannot_steer_the_terminal(self):
        self.write("plants.jsonl", json.dumps({"id": "a", "n": "\033[31mred\a"}) + "\n")
        self.config()
        for args in (["plan"], ["explain", "plants", "a"]):
            answer = self.run_it(*args)
            self.assertIn("?[31mred", answer.out)
            self.assertNotIn("\033", answer.out)


class Status(Case):
    def test_before_the_first_run(self):
        self.config()
        answer = self.run_it("status")
        self.assertIn("plants", answer.out)
        self.assertIn("no daemon", answer.out)
        document = self.run_it("status", "--json").json
        self.assertEqual((document["engine"], document["daemon"], document["units"]),
                         ("embedded", None, []))

    def test_shape(self):
        self.rows(2)
        self.config(SIMPLE + "    every: 90s\n")
        self.once()
        unit, = self.units()
        self.assertLessEqual(UNIT, set(unit))
        self.assertEqual((unit["route"], unit["unit"], unit["key"]),
                         ("plants", "all", "plants:all"))
        self.assertEqual((unit["state"], unit["paused"], unit["promise"]), ("idle", False, "A"))
        self.assertEqual((unit["interval_minutes"], unit["interval_seconds"]), (2, 90))
        self.assertEqual(unit["runs_completed"], 1)
        self.assertEqual(set(unit["last_stats"]), TOTALS | {"missing"})
        self.assertRegex(unit["last_run"], TIME)
        self.assertRegex(unit["next_run"], TIME)
        self.assertIsNone(unit["running"])
        self.assertIsNone(unit["last_error"])

    def test_exits_0_whatever_it_shows(self):
        self.rows(1)
        self.config()
        self.once()
        (self.dir / "plants.jsonl").unlink()
        self.once(code=1)
        unit, = self.units()
        self.assertIn("plants.jsonl", unit["last_error"])
        self.run_it("pause", "plants")
        self.assertEqual(self.units("plants")[0]["state"], "paused")
        self.assertIn("paused", self.run_it("status").out)

    def test_a_route_that_is_gone_is_an_orphan(self):
        self.rows(1)
        self.config()
        self.once()
        self.config(SIMPLE.replace("  plants:", "  trees:"))
        self.assertIn("orphan", self.run_it("status").out)
        self.assertTrue(self.units()[0]["orphan"])

    def test_history(self):
        self.rows(2)
        self.config()
        for _ in range(3):
            self.once()
        passes = self.run_it("history", "--json").json["passes"]
        self.assertEqual(len(passes), 3)
        for one in passes:
            self.assertLessEqual(PASS | {"started", "ended"}, set(one))
            self.assertRegex(one["started"], TIME)
            self.assertRegex(one["ended"], TIME)
        self.assertEqual([p["created"] for p in passes], [0, 0, 2])
        self.assertEqual(len(self.run_it("history", "-n", "1", "--json").json["passes"]), 1)
        for name in ("plants/all", "plants:all"):
            self.assertIn("plants:all", self.run_it("history", name).out)
        self.assertIn("--limit", self.run_it("history", "-n", "x", code=2).err)

    def test_rows_that_are_gone_are_counted_wherever_a_pass_is_shown(self):
        self.config(SIMPLE + "    missing: delete\n")
        self.rows(5)
        self.assertNotIn("gone", self.run_it("once").out)
        self.rows(3)
        self.assertIn("0 held, 2 gone from the source", self.run_it("once").out)
        self.rows(2)
        done, = self.once()
        self.balanced(done)
        self.assertEqual((done["total"], done["missing"]), (2, 1))
        self.assertEqual([p["missing"] for p in self.run_it("history", "--json").json["passes"]],
                         [1, 2, 0])
        self.assertEqual(self.units()[0]["last_stats"]["missing"], 1)
        for command in ("history", "status"):
            head, first = self.run_it(command).out.splitlines()[-4 if command == "history" else -2:][:2]
            at = head.index("GONE")
            self.assertEqual(first[at:].split()[0], "1")


class Signals(Case):
    def test_sync_waits_for_the_next_run(self):
        self.rows(2)
        self.config()
        self.once()
        answer = self.run_it("sync", "plants")
        self.assertIn("no daemon", answer.out)
        self.assertTrue(self.units()[0]["sync_pending"])
        self.once()
        self.assertFalse(self.units()[0]["sync_pending"])

    def test_sync_wait_has_the_codes_of_once(self):
        self.config()
        self.run_it("sync", "plants", "--wait", code=1)
        self.assertIn("a key is empty", self.run_it("sync", "plants", "a", "", code=2).err)
        self.write("plants.jsonl", '{"id": "a"}\nno json\n')
        self.run_it("sync", "plants", "--wait", code=4)
        self.rows(2)
        one, = self.run_it("sync", "plants", "--wait", "--json").json["passes"]
        self.assertEqual(one["created"], 2)
        one, = self.run_it("sync", "plants", "p1", "--wait", "--json").json["passes"]
        self.assertEqual((one["kind"], one["total"]), ("targeted", 1))

    def test_before_the_first_run(self):
        self.rows(2)
        self.config()
        self.assertIn("not known yet", self.run_it("pause", "plants").out)
        paused, = self.once(code=3)
        self.assertEqual(paused["outcome"], "paused")

    def test_interval(self):
        self.rows(1)
        self.config()
        self.once()
        self.run_it("interval", "plants", "2h")
        self.assertEqual(self.units()[0]["interval_minutes"], 120)
        self.assertIn("no duration", self.run_it("interval", "plants", "often", code=2).err)
        self.assertIn("at least 1m", self.run_it("interval", "plants", "5s", code=2).err)
        self.assertIn("at most 3650d", self.run_it("interval", "plants", "4000d", code=2).err)

    def test_an_unknown_unit_is_guessed(self):
        self.rows(1)
        self.config()
        self.once()
        answer = self.run_it("pause", "plants/al", code=2)
        self.assertIn('did you mean "all"?', answer.err)

    def test_approval(self):
        self.rows(10)
        self.config(SIMPLE + "    limits: {changes: 25%}\n")
        self.once()
        self.rows(10, height=-1)
        waiting, = self.once(code=3)
        self.assertEqual(waiting["outcome"], "paused")
        self.assertIn("approve", self.run_it("status").out)
        self.assertIn("-> durable-sync approve plants", self.run_it("once", code=3).out)
        self.assertIn("approved: plants; no daemon runs: it goes on", self.run_it("approve", "plants").out)
        done, = self.once()
        self.assertEqual(done["outcome"], "done")
        self.assertEqual(self.query("SELECT count(*) FROM plants WHERE height = -1"), [(10,)])
        self.rows(10, height=-2)
        self.once(code=3)

    def test_approving_where_nothing_waits_says_so_and_is_no_blank_cheque(self):
        self.rows(10)
        self.config(SIMPLE + "    limits: {changes: 25%}\n")
        for known in (False, True):
            for word in ("plants", "plants/all"):
                answer = self.run_it("approve", word)
                self.assertEqual(answer.out, f"nothing waits for approval: {word.replace('/', ':')}\n")
            self.assertEqual(self.run_it("approve", "plants", "--json").json,
                             {"done": "nothing waits for approval", "route": "plants", "unit": None,
                              "units": 0, "daemon": False})
            if not known:
                self.once()
        self.rows(10, height=-1)
        self.once(code=3)


class Held(Case):
    def held(self):
        return self.run_it("held", "--json").json["held"]

    def test_a_record_that_does_not_fit(self):
        self.execute("CREATE TABLE plants(id TEXT PRIMARY KEY, name TEXT, "
                     "height INTEGER CHECK (height < 100));")
        self.rows(3)
        self.rows(1, "more.jsonl", first=200)
        self.write("plants.jsonl", (self.dir / "plants.jsonl").read_text()
                   + (self.dir / "more.jsonl").read_text())
        self.config(SIMPLE.replace(", create_table: true", ""))
        self.once(code=4)
        held, = self.held()
        self.assertLessEqual({"route", "unit", "key", "reason", "since", "attempts", "next_try"},
                             set(held))
        self.assertEqual((held["key"], held["attempts"]), ("p200", 1))
        self.assertRegex(held["since"], TIME)
        self.assertRegex(held["next_try"], TIME)
        self.assertIn("p200", self.run_it("held", "plants").out)
        self.once(code=4)
        self.assertEqual(self.held()[0]["attempts"], 1)  # not yet due
        self.run_it("held", "retry", "plants", "p200")
        self.once(code=4)
        self.assertEqual(self.held()[0]["attempts"], 2)
        self.run_it("held", "drop", "plants", "p200")
        self.assertEqual(self.held(), [])
        self.assertIn("holds no record", self.run_it("held", "retry", "plants", "x", code=2).err)

    def test_adopt(self):
        self.execute("CREATE TABLE plants(id TEXT PRIMARY KEY, name TEXT, "
                     "height INTEGER CHECK (height < 100));")
        self.rows(1, first=200)
        self.config(SIMPLE.replace(", create_table: true", ""))
        self.once(code=4)
        self.execute("INSERT INTO plants VALUES ('p200', 'mine', 5);")
        self.run_it("held", "adopt", "plants", "p200", "p200")
        self.rows(1, first=200, height=7)
        self.assertEqual(self.once()[0]["updated"], 1)
        self.assertEqual(self.query("SELECT name, height FROM plants"), [("Plant 200", 7)])

    def test_a_place_refuses_retry_and_adopt(self):
        self.write("plants.jsonl", "no json\n")
        self.config()
        self.once(code=4)
        self.assertEqual(self.held()[0]["key"], "line:1")
        self.run_it("held", "retry", "plants", "line:1", code=2)
        self.run_it("held", "adopt", "plants", "line:1", "x", code=2)

    def test_words(self):
        self.config()
        self.assertIn("held retry ROUTE KEY", self.run_it("held", "retry", "plants", code=2).err)
        self.assertIn("no record is held", self.run_it("held").out)


class Explain(Case):
    def explain(self, key, code=0):
        return self.run_it("explain", "plants", key, "--json", code=code).json["records"][0]

    def test_before_and_after(self):
        self.rows(3)
        self.config(SIMPLE + "    fields: {Name: name, Size: {from: height, as: number}}\n")
        before = self.explain("p1")
        self.assertEqual(before["source"], {"id": "p1", "name": "Plant 1", "height": 1})
        self.assertEqual(before["mapped"], {"Name": "Plant 1", "Size": 1})
        self.assertEqual((before["decision"], before["link"]), ("create", None))
        self.once()
        after = self.explain("p1")
        self.assertEqual(after["decision"], "leave alone")
        self.assertEqual(after["link"]["id"], "p1")
        self.assertEqual(after["link"]["hash"], after["hash"])
        self.rows(3, height=9)
        changed = self.explain("p1")
        self.assertEqual(changed["decision"], "update")
        self.assertEqual(changed["fields"], {"Size": {"from": 1, "to": 9}})
        text = self.run_it("explain", "plants", "p1").out
        for word in ("as read from the source", "as mapped", "link", "decision", "update"):
            self.assertIn(word, text)

    def test_dropped_by_where(self):
        self.rows(2)
        self.config(SIMPLE + "    where: {height: [0]}\n")
        self.assertEqual(self.explain("p1")["decision"], "skip")

    def test_gone_from_the_source(self):
        self.rows(3)
        self.config()
        self.once()
        self.rows(1)
        gone = self.explain("p2")
        self.assertIsNone(gone["source"])
        self.assertEqual(gone["link"]["id"], "p2")

    def test_never_heard_of(self):
        self.rows(1)
        self.config()
        self.assertIn("knows no record", self.run_it("explain", "plants", "x", code=2).err)


class Looking(Case):
    def test_accounts_without_secrets(self):
        self.config("accounts:\n  disk: {kind: sqlite, path: out.db}\n"
                    + SIMPLE.replace("path: out.db", "account: disk"))
        self.assertEqual(self.run_it("accounts", "--json").json,
                         {"accounts": [{"name": "disk", "kind": "sqlite"}]})
        self.assertIn("disk", self.run_it("accounts").out)

    def test_connectors(self):
        found = self.run_it("connectors", "--json").json["connectors"]
        self.assertLessEqual({("file", "source"), ("file", "destination"), ("sqlite", "source"),
                              ("sqlite", "destination"), ("print", "destination")},
                             {(c["kind"], c["role"]) for c in found})
        text = self.run_it("connectors", "sqlite").out
        for word in ("create_table", "table", "promise A", "required"):
            self.assertIn(word, text)

    def test_doctor(self):
        self.rows(1)
        self.config()
        self.once()
        checks = self.run_it("doctor", "--json").json["checks"]
        for one in checks:
            self.assertEqual(set(one), {"level", "check", "text", "remedy"})
        self.assertLessEqual({"machine", "memory", "clock", "store", "disk", "program"},
                             {c["check"] for c in checks})

    def test_doctor_on_who_may_read_and_write(self):
        self.rows(1)
        self.config()
        self.once()
        config = self.dir / "durable-sync.yaml"
        config.chmod(0o644)  # as the service's own user needs it
        out = self.run_it("doctor").out
        self.assertIn("may be read by others; no secret is written out in it", out)
        self.assertNotIn("chmod", out)
        config.chmod(0o664)
        self.assertIn("chmod go-w", self.run_it("doctor").out)
        (self.dir / "durable-sync.db").chmod(0o644)
        self.assertIn("chmod 600", self.run_it("doctor").out)

    def test_doctor_finds_a_broken_store(self):
        self.config()
        self.write("durable-sync.db", "this is no database, whatever its name says\n" * 100)
        self.assertIn("error", self.run_it("doctor", code=2).out)


if __name__ == "__main__":
    main()
