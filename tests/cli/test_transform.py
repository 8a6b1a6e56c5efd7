#!/usr/bin/env python3
"""`transform` and `try` in the real program: what a jq expression can do to its record, and what it
cannot do to anything else."""
import json
import os
import re
import subprocess

from cli import PROGRAM, SIMPLE, Case, main

LOOP = "def f: f; f"


def route(program, more=""):
    """The simple route with a transform, as a block where it has lines."""
    if "\n" in program:
        text = "|\n" + "".join(f"      {line}\n" for line in program.splitlines())
    else:
        text = "'" + program.replace("'", "''") + "'\n"
    return SIMPLE + f"    transform: {text}{more}"


class Pass(Case):
    def start(self, program, n=3, more="", **props):
        self.rows(n, **props)
        self.config(route(program, more))

    def test_rows_are_what_comes_out(self):
        self.start(".properties.name |= ascii_upcase\n| .properties.tall = (.properties.height > 1)\n"
                   "# and one of them is of no use\n| select(.primary_key != \"p1\")")
        done, = self.once()
        self.assertEqual((done["created"], done["skipped"], done["held"]), (2, 1, 0))
        self.assertEqual(self.query("SELECT id, name, height, tall FROM plants ORDER BY id"),
                         [("p0", "PLANT 0", 0, 0), ("p2", "PLANT 2", 2, 1)])
        done, = self.once()
        self.assertEqual((done["unchanged"], done["skipped"]), (2, 1))

    def test_another_program_updates_the_rows(self):
        self.start(".properties.name |= ascii_upcase")
        self.once()
        self.config(route(".properties.name |= ascii_downcase"))
        route_, = self.run_it("plan", "--json").json["routes"]
        self.assertEqual(route_["update"][0]["fields"],
                         {"name": {"from": "PLANT 0", "to": "plant 0"}})
        done, = self.once()
        self.assertEqual((done["updated"], done["created"]), (3, 0))
        self.config(route(".properties.name |= (ascii_downcase | .)"))  # says the same
        done, = self.once()
        self.assertEqual(done["unchanged"], 3)

    def test_what_costs_a_worker_costs_one_record(self):
        self.start(f'if .primary_key == "p2" then {LOOP} elif .primary_key == "p4" '
                   'then .properties.x = [range(1e15)] else . end', 6)
        done, = self.once(code=4)
        self.assertEqual((done["created"], done["held"]), (4, 2))
        held = {h["key"]: h["reason"] for h in self.run_it("held", "--json").json["held"]}
        self.assertEqual(held["p2"], "transform: took longer than 250 ms")
        self.assertRegex(held["p4"], "^transform: (took longer than 250 ms|needs more than 512 MiB)")
        done, = self.once(code=4)  # not yet due: held as before, and nothing is written
        self.assertEqual((done["unchanged"], done["held"]), (4, 2))
        self.config(route("."))
        done, = self.once()  # another program is tried at once
        self.assertEqual((done["created"], done["unchanged"]), (2, 4))
        self.assertEqual(self.run_it("held", "--json").json["held"], [])

    def test_a_program_that_always_loops_fails_its_pass(self):
        self.start(LOOP, 60)
        done, = self.once(code=1)
        self.assertEqual(done["outcome"], "failed")
        self.assertIn("the program is at fault", done["error"]["text"])
        self.assertIn("took longer than 250 ms", done["error"]["text"])

    def test_a_daemon_outlives_its_workers(self):
        self.start(f'if .properties.height == 1 then {LOOP} else . end')
        child = self.daemon()
        unit = self.until(lambda: next((u for u in self.units()
                                        if u["held"] and u["state"] == "idle"), None), "one is held")
        self.assertIsNone(unit["last_error"])
        self.rows(4, height=9)
        self.run_it("sync", "--wait", "plants")
        self.assertEqual(self.query("SELECT count(*) FROM plants"), [(4,)])
        self.assertEqual(self.children(child.pid), [])
        self.stop(child)

    def test_a_daemon_that_stops_takes_its_worker_along(self):
        self.start(LOOP, 60)
        child = self.daemon()
        workers = self.until(lambda: self.children(child.pid), "a worker")
        self.stop(child)
        self.until(lambda: not any(os.path.exists(f"/proc/{pid}") for pid in workers), "no worker")

    def test_a_killed_daemon_leaves_no_worker(self):
        self.start(LOOP, 60)
        child = self.daemon()
        workers = self.until(lambda: self.children(child.pid), "a worker")
        child.kill()
        child.wait()
        self.until(lambda: not any(self.runs(pid) for pid in workers), "no worker")

    @staticmethod
    def children(pid):
        found = []
        for task in os.listdir(f"/proc/{pid}/task"):
            try:
                with open(f"/proc/{pid}/task/{task}/children") as f:
                    found += f.read().split()
            except OSError:  # the thread has ended meanwhile
                pass
        return found

    @staticmethod
    def runs(pid):
        try:
            with open(f"/proc/{pid}/stat") as f:
                return f.read().rpartition(")")[2].split()[0] != "Z"
        except OSError:
            return False

    def test_no_secret_of_the_environment_gets_out(self):
        self.env["API_TOKEN"] = "s3cret"
        self.start('.properties.name = (env | tojson) + ($ENV | tojson) + (env.API_TOKEN | tojson)', 1)
        self.once()
        self.assertEqual(self.query("SELECT name FROM plants"), [("{}{}null",)])

    def test_numbers_stay_what_they_are(self):
        self.start(".properties.moved = .properties.big", 1, big=9007199254740993, price=1.1)
        self.once()
        self.assertEqual(self.query("SELECT big, price, moved FROM plants"),
                         [(9007199254740993, 1.1, "9007199254740993")])

    def test_the_key_cannot_be_changed(self):
        self.start('.primary_key = "same for all"')
        done, = self.once(code=4)
        self.assertEqual((done["held"], done["created"]), (3, 0))
        self.assertIn("another primary_key", self.run_it("held").out)

    def test_a_body_is_written_where_there_are_bodies(self):
        self.start('.body = "about \\(.properties.name)"', 1)
        done, = self.once(code=4)
        reason, = [h["reason"] for h in self.run_it("held", "--json").json["held"]]
        self.assertEqual(reason, "transform: `.body` is set, and a destination of kind sqlite has no bodies; "
                         "put the text into a property")
        self.assertEqual(self.run_it("try", "plants", "--json").json["reason"], reason)
        self.config(route('.body = "about \\(.properties.name)"').replace(
            "{kind: sqlite, path: out.db, table: plants, key: id, create_table: true}", "{kind: print}"))
        self.assertIn('"about Plant 0"', self.run_it("once").out)
        self.assertEqual(self.run_it("try", "plants", "--json").json["body"], "about Plant 0")

    def test_what_the_route_writes_by_itself(self):
        self.start('.properties.id = "x"', 1)
        self.once(code=4)
        self.assertIn('"id" is the key, which is written by itself', self.run_it("held").out)
        self.config(route('.properties.seen = "x"', "    stamp: seen\n"))
        self.once(code=4)
        self.assertIn('"seen" is the stamp, which is written by itself', self.run_it("held").out)

    def test_fields_first_and_owns_last(self):
        fields = ("    fields: {name: name, height: {from: height, as: number}, unit: {value: cm}}\n"
                  "    owns: [name, label]\n")
        self.start('.properties.label = "\\(.properties.height) \\(.properties.unit)"', 2, fields)
        self.once()
        self.assertEqual(self.query("SELECT id, name, label FROM plants ORDER BY id"),
                         [("p0", "Plant 0", "0 cm"), ("p1", "Plant 1", "1 cm")])
        columns = [row[1] for row in self.query("PRAGMA table_info(plants)")]
        self.assertEqual(sorted(columns), ["id", "label", "name"])

    def test_explain_shows_what_is_written(self):
        self.start(".properties.name |= ascii_upcase", 1)
        record, = self.run_it("explain", "plants", "p0", "--json").json["records"]
        self.assertEqual((record["source"]["name"], record["mapped"]["name"]), ("Plant 0", "PLANT 0"))


class Configuration(Case):
    def refused(self, program, *parts, more=""):
        self.rows(1)
        self.config(route(program, more))
        for command in ("check", "plan", "once"):
            text = self.run_it(command, code=2).err
            for part in parts:
                self.assertIn(part, text)
        self.assertNotIn("jq: error", text)

    def test_the_place_in_a_line(self):
        self.refused(".a | }", "durable-sync.yaml:5:22: transform: syntax error, unexpected a character",
                     "    5 |     transform: '.a | }'\n      |                      ^\n")

    def test_the_place_in_a_line_that_says_more(self):
        self.config("routes: {r: {source: {kind: file, path: p.jsonl, key: id}, destination: "
                    "{kind: sqlite, path: m.db, table: t, key: id}, transform: '}'}}\n")
        self.assertIn("durable-sync.yaml:1:132: transform: syntax error",
                      self.run_it("check", code=2).err)

    def test_the_place_in_a_block(self):
        self.refused(".a\n| .b\n| nobody(1)", "durable-sync.yaml:8:9: transform: nobody/1 is not defined")

    def test_commands_that_run_nothing_compile_nothing(self):
        self.config(route("nobody"))
        self.run_it("status")
        self.run_it("pause", "plants", code=None)
        self.run_it("plan", code=2)

    def test_every_error_at_once(self):
        self.refused(".a | nobody\n| noone", "durable-sync.yaml:6:12: transform: nobody/0",
                     "durable-sync.yaml:7:9: transform: noone/0", 'unknown key "feilds"',
                     more="    feilds: {}\n")

    def test_in_a_file_of_its_own(self):
        self.write("clean.jq", ".properties.name |= ascii_upcase\n| nobody\n")
        self.refused("${file:clean.jq}",
                     "durable-sync.yaml:5:16: transform: in its line 2: nobody/0 is not defined")
        self.write("clean.jq", ".properties.name |= ascii_upcase\n")
        self.run_it("once")
        self.assertEqual(self.query("SELECT name FROM plants"), [("PLANT 0",)])

    def test_modules_are_not_found_and_hurt_nobody(self):
        self.refused('include "x"; .', "transform: module not found: x")

    def test_not_a_program(self):
        for text, said in (("[a]", "expected text, found a list"), ("''", "found an empty one")):
            self.config(SIMPLE + f"    transform: {text}\n")
            self.assertIn(said, self.run_it("check", code=2).err)

    def test_two_routes_cannot_share_what_a_transform_may_write(self):
        other = SIMPLE.split("\n", 1)[1].replace("  plants:", "  trees:")
        self.config(SIMPLE + "    fields: {name: name}\n    transform: .\n"
                    + other + "    fields: {height: height}\n")
        self.assertIn('"plants" owns all of it; give it "owns"', self.run_it("check", code=2).err)
        self.config(SIMPLE + "    fields: {name: name}\n    transform: .\n    owns: [name]\n"
                    + other + "    fields: {height: height}\n")
        self.rows(1)
        self.run_it("check")


class Try(Case):
    def test_every_stage(self):
        self.rows(2)
        self.config(route(".properties.name |= ascii_upcase", "    where: {height: 1}\n"
                          "    fields: {name: name, height: height}\n    owns: [name]\n"))
        before = self.files()
        doc = self.run_it("try", "plants", "--json").json  # the first that `where` keeps
        self.assertEqual(doc, {
            "route": "plants", "unit": "all", "key": "p1",
            "source": {"id": "p1", "name": "Plant 1", "height": 1},
            "mapped": {"name": "Plant 1", "height": 1},
            "transformed": {"name": "PLANT 1", "height": 1},
            "written": {"name": "PLANT 1"}, "body": None, "end": "written", "reason": None})
        text = self.run_it("try", "plants").out
        heads = ["as read from the source", "after where and fields", "after transform",
                 "after owns", "it would be"]
        self.assertEqual([line for line in text.splitlines() if line in heads], heads)
        self.assertEqual(self.files(), before)  # no store, no destination

    def test_a_named_one_that_is_dropped(self):
        self.rows(2)
        self.config(route("select(.properties.height > 0)", "    where: {name: [Plant 0, Plant 1]}\n"))
        doc = self.run_it("try", "plants", "p0", "--json").json
        self.assertEqual((doc["end"], doc["reason"], doc["transformed"], doc["written"]),
                         ("dropped", "`transform` drops it", None, None))
        self.config(SIMPLE + "    where: {height: 1}\n")
        doc = self.run_it("try", "plants", "p0", "--json").json
        self.assertEqual((doc["end"], doc["reason"], doc["mapped"]),
                         ("dropped", "`where` does not want it", None))
        self.assertEqual(self.run_it("try", "plants", "p1", "--json").json["end"], "written")

    def test_one_that_is_held(self):
        self.rows(1)
        self.config(route("error(\"not this one\")"))
        self.assertIn("held: transform: not this one", self.run_it("try", "plants").out)
        self.config(SIMPLE + "    fields: {name: {from: name, as: number}}\n")
        self.assertIn('held: name: "Plant 0" is not a number', self.run_it("try", "plants").out)

    def test_what_is_not_there(self):
        self.rows(1)
        self.config()
        self.assertIn('no record "p7"', self.run_it("try", "plants", "p7", code=2).err)
        self.assertIn("did you mean", self.run_it("try", "plant", code=2).err)
        self.write("plants.jsonl", "")
        self.assertIn("has no records", self.run_it("try", "plants", code=2).err)

    def test_far_into_the_source(self):
        self.rows(1300)
        self.config(route(".properties.name |= ascii_upcase"))
        self.assertEqual(self.run_it("try", "plants", "p1234", "--json").json["written"]["name"],
                         "PLANT 1234")


class Worker(Case):
    def test_doctor_says_how_it_is_fenced(self):
        self.config()
        found, = [c for c in self.run_it("doctor", "--json", code=None).json["checks"]
                  if c["check"] == "transform"]
        self.assertRegex(found["text"], r"libjq 1\.\d+ .*in /.*durable-sync-jq")

    def test_nothing_but_the_worker_maps_libjq(self):
        for name in (PROGRAM, os.path.join(os.path.dirname(PROGRAM), "libdurable_sync.so.0")):
            libraries = subprocess.run(["ldd", name], capture_output=True, text=True, check=True)
            self.assertNotIn("jq", re.sub(r" => .*", "", libraries.stdout.replace(name, "")))
        worker = os.path.join(os.path.dirname(PROGRAM), "durable-sync-jq")
        self.assertIn("libjq", subprocess.run(["ldd", worker], capture_output=True, text=True,
                                              check=True).stdout)

    def test_started_by_hand_it_says_what_it_is(self):
        done = subprocess.run([os.path.join(os.path.dirname(PROGRAM), "durable-sync-jq")],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 2)
        self.assertIn("is started by durable-sync", done.stderr)


class Documented(Case):
    """Each example of the page, with the record it is shown with."""

    def test_the_examples_do_what_they_say(self):
        page = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "docs", "configuration.md")
        with open(page) as f:
            section = re.search(r"^### `transform`\n(.*?)^## ", f.read(), re.M | re.S)[1]
        examples = re.findall(r"^\| `(.+?)` \| `(\{.*?\})` \| (?:`(\{.*?\})`|(\w+)[^|]*) \|$", section, re.M)
        self.assertGreaterEqual(len(examples), 6)
        for program, before, after, end in examples:
            record = {"id": "1", **json.loads(before)}
            self.write("plants.jsonl", json.dumps(record) + "\n")
            self.config(route(program.replace("\\|", "|")))
            doc = self.run_it("try", "plants", "--json").json
            if after:
                self.assertEqual(doc["written"], json.loads(after), program)
            else:
                self.assertEqual(doc["end"], end, program)


main()
