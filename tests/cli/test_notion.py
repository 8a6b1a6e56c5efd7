#!/usr/bin/env python3
"""test_notion.py PROGRAM - routes into Notion through the real program, against the stand-in."""
import json

import cli
import fake

NEW = {"Authorization": "Bearer ntn_x", "Notion-Version": "2025-09-03"}
FIELDS = "{Name: name, Stars: stars, Language: language, Topics: topics, URL: url}"


class Routes(fake.Case):
    """One route from in.jsonl into the table `Repositories`."""
    KIND = "notion"
    TABLE = "Repositories"

    def setUp(self):
        super().setUp()
        self.env["NOTION_TOKEN"] = "ntn_x"

    def start(self, *args):
        super().fake(*args)
        self.bases = {base["title"]: base for base in self.side("GET", "/state")["databases"]}
        self.source = self.bases[self.TABLE]["data_sources"][0]["id"]
        self.side("POST", "/log", {"bodies": True})

    def route(self, fields=FIELDS, settings="", more="", key="Repo ID", table=None):
        table = table or f"data_source: {self.source}"
        self.config("routes:\n  r:\n"
                    "    source: {kind: file, path: in.jsonl, key: id}\n"
                    f'    destination: {{kind: notion, base_url: "{self.url}", {table}, '
                    f'key: "{key}"{settings}}}\n'
                    + (f"    fields: {fields}\n" if fields else "")
                    + "".join(f"    {line}\n" for line in more.splitlines()))

    def records(self, *records):
        self.write("in.jsonl", "".join(json.dumps(record) + "\n" for record in records))

    def numbered(self, n, **more):
        self.records(*({"id": f"k{i}", "name": f"name {i}", "stars": i, "language": "C",
                        "topics": ["sync"], "url": f"https://example.org/{i}", **more}
                       for i in range(n)))

    def rows(self, source=None, **more):
        query = "".join(f"&{name}={value}" for name, value in more.items())
        answer = self.side("GET", f"/rows?source={source or self.source}{query}")
        return answer["rows"]

    def row(self, key, column="Repo ID"):
        found = [row for row in self.rows() if row["properties"][column] == key]
        self.assertEqual(len(found), 1, found)
        return found[0]

    def values(self, key):
        return self.row(key)["properties"]

    def spent(self):
        """Calls since the last time, by route."""
        calls = self.calls()["calls"]
        before, self.before = getattr(self, "before", {}), calls
        return {name: n - before.get(name, 0) for name, n in calls.items() if n > before.get(name, 0)}

    def one(self, code=0):
        done = self.once(code=code)
        self.assertEqual(len(done), 1)
        self.balanced(done[0])
        return done[0]

    def held(self):
        return {h["key"]: h["reason"] for h in self.run_it("held", "--json").json["held"]}

    def fails(self, kind, *says):
        done = self.one(code=1)
        self.assertEqual(done["error"]["kind"], kind, done)
        for text in says:
            self.assertIn(text, done["error"]["text"])


class Calls(Routes):
    def test_what_a_first_pass_an_unchanged_one_and_a_few_changes_cost(self):
        self.start()
        self.route()
        self.numbered(500)
        self.assertEqual(self.one()["created"], 500)
        self.assertEqual(self.spent(), {"GET /v1/data_sources/{id}": 1, "POST /v1/pages": 500,
                                        "POST /v1/data_sources/{id}/query": 5})
        self.assertEqual(self.one()["unchanged"], 500)
        self.assertEqual(self.spent(), {})
        self.records(*({"id": f"k{i}", "name": f"name {i}", "stars": -i, "language": "C",
                        "topics": ["sync"], "url": f"https://example.org/{i}"} for i in range(1, 11)))
        done = self.one()
        self.assertEqual((done["updated"], done["calls"]["destination"]), (10, 10))
        self.assertEqual(self.spent(), {"PATCH /v1/pages/{id}": 10})
        self.assertEqual(self.values("k3"), {**self.values("k3"), "Stars": -3, "Name": "name 3"})

    def test_plan_tells_the_calls(self):
        self.start()
        self.route()
        self.numbered(120)
        plan = self.run_it("plan", "--json").json["routes"][0]
        self.assertEqual(plan["calls"], {"POST /v1/pages": 120, "POST /v1/data_sources/{id}/query": 2})
        self.assertGreaterEqual(plan["seconds"], 40.6)  # three a second, as no limit was met yet
        said = self.run_it("plan").out
        self.assertRegex(said, r"cost: .*POST /v1/pages: 120, about \d+\.\d\d s")
        self.assertEqual(self.rows(), [])

    def test_several_are_on_their_way_at_once(self):
        self.start("--latency", "20ms")
        self.route()
        self.numbered(64)
        self.one()
        self.assertEqual(self.calls()["in_flight_most"], 16)


class Telling(Routes):
    def loaded(self, *args):
        """What the dynamic linker has to say of a command."""
        self.env.update(LD_DEBUG="files", LD_DEBUG_OUTPUT=str(self.dir / "linked"))
        self.run_it(*args)
        del self.env["LD_DEBUG"], self.env["LD_DEBUG_OUTPUT"]
        files = list(self.dir.glob("linked.*"))
        said = "".join(file.read_text() for file in files)
        for file in files:
            file.unlink()
        return said

    def test_a_command_to_the_daemon_loads_no_connector(self):
        self.start("--seed", "rows=0")
        self.route()
        self.numbered(2)
        child = self.daemon()
        self.until(lambda: self.units() and self.units()[0]["runs_completed"] == 1, "a pass")
        for args in (["sync", "r", "k1"], ["pause", "r"], ["resume", "r"], ["approve", "r"]):
            said = self.loaded(*args)
            self.assertIn("libsqlite3", said)
            self.assertNotIn("libcurl", said, args)
            self.assertNotIn("notion.so", said, args)
        self.stop(child)
        self.assertIn("libcurl", self.loaded("sync", "r", "k1"))


class Adopting(Routes):
    def add(self, key, **more):
        return self.side("POST", "/add", {"source": self.source, "properties": {
            "Repo ID": {"rich_text": [{"text": {"content": key}}]}, **more}})

    def test_rows_by_hand_are_met_by_their_key_and_keep_what_is_not_ours(self):
        self.start()
        self.route()
        self.add("k0", State={"status": {"name": "Done"}},
                 Description={"rich_text": [{"text": {"content": "mine"}}]})
        self.add("K1")  # Notion's comparison takes it for k1
        self.add("other")
        self.numbered(2)
        done = self.one()
        self.assertEqual((done["created"], done["updated"]), (1, 1))
        self.assertEqual(len(self.rows()), 4)
        self.assertEqual(self.values("k0"), {**self.values("k0"), "Name": "name 0",
                                             "Description": "mine", "State": "Done"})
        self.assertEqual(self.one()["unchanged"], 2)

    def test_two_rows_with_one_key_are_held(self):
        self.start()
        self.route()
        pages = [self.add("k0")["id"] for _ in range(2)]
        self.numbered(1)
        self.assertEqual(self.one(code=4)["held"], 1)
        for text in ("2 rows", *pages, f"held adopt r k0 {pages[0]}"):
            self.assertIn(text, self.held()["k0"])

    def test_a_person_says_which_of_two_rows_it_is(self):
        self.start()
        self.route(more="verify: all")
        for nth, written in ((0, "{}"), (1, "https://www.notion.so/acme/Row-{}?pvs=4")):
            with self.subTest(written):
                key = f"k{nth}"
                pages = [self.add(key, Description={"rich_text": [{"text": {"content": "mine"}}]})["id"]
                         for _ in range(2)]
                mine = pages[nth]
                self.numbered(nth + 1)
                self.one(code=4)
                self.run_it("held", "adopt", "r", key, written.format(mine.replace("-", "")))
                self.assertEqual(self.one()["updated"], 1)
                self.assertEqual(self.one()["unchanged"], nth + 1)
                rows = {row["id"]: row["properties"] for row in self.rows()}
                self.assertEqual([rows[page]["Name"] or "" for page in pages],
                                 ["" if page != mine else f"name {nth}" for page in pages])
                self.assertEqual([rows[page]["Description"] for page in pages], ["mine"] * 2)
        # a write of it whose answer is lost is looked up, and the link still says which it is
        self.faults("PATCH /v1/pages/* status=503")
        self.numbered(2, stars=8)
        self.route(settings=", settle: 0s, lag: 0s")
        self.one(code=4)
        self.faults()
        self.assertEqual(self.one()["updated"], 2)
        self.assertEqual(len(self.rows()), 4)

    def test_what_is_no_row_is_not_adopted(self):
        self.start()
        self.route()
        self.add("k0")
        self.add("k0")
        self.numbered(1)
        self.one(code=4)
        self.assertIn("is no id or address of a row", self.run_it("held", "adopt", "r", "k0", "x",
                                                                  code=2).err)

    def test_rows_that_say_so_already_are_not_written(self):
        self.start()
        self.route()
        self.numbered(3)
        self.one()
        self.spent()
        self.write("durable-sync.yaml", (self.dir / "durable-sync.yaml").read_text()
                   + "store: sqlite:other.db\n")
        self.assertEqual(self.one()["unchanged"], 3)
        self.assertNotIn("PATCH /v1/pages/{id}", self.spent())


class Columns(Routes):
    def test_a_renamed_column_goes_on_being_written(self):
        self.start()
        self.route()
        self.numbered(2)
        self.one()
        self.side("POST", "/columns", {"source": self.source,
                                       "properties": {"Stars": {"name": "Likes"}}})
        self.records({"id": "k0", "name": "name 0", "stars": 77, "language": "C", "topics": ["sync"],
                      "url": None})
        self.one()
        self.assertEqual(self.values("k0")["Likes"], 77)
        self.assertIsNone(self.values("k0")["URL"])
        said = self.run_it("check").out
        self.assertIn('column "Stars" is now called "Likes"; it is still written', said)

    def test_an_option_that_is_missing_is_said_before_anything_is_written(self):
        self.start()
        self.records()
        for fields, settings, says in (
                ("{State: {value: Live}}", "", 'column "State" does not take "Live"'),
                ('{State: {from: x, map: {"true": Done, "false": Gone}}}', "", '"Gone"'),
                ("{Language: {from: x, default: Rust}}", ", options: refuse", 'it has C, Python, Go'),
                ("{Topics: {value: [sync, new]}}", ", options: refuse", '"new"'),
                ("{Stars: {value: many}}", "", '"many" is not a number')):
            with self.subTest(fields):
                self.route(fields=fields, settings=settings)
                self.assertIn(says, self.run_it("check", code=2).out)
        self.route(fields="{State: {value: Done}, Language: {value: Rust}, Topics: {from: x, default: a}}")
        self.run_it("check")
        self.assertEqual(self.rows(), [])

    def test_what_cannot_be_written_is_said_before_anything_is(self):
        self.start("--seed", "rows=1")
        self.numbered(1)
        for fields, says in (("{Nane: name}", 'did you mean "Name"'),
                             ("{Formula: name}", 'no column "Formula"')):
            self.route(fields=fields)
            self.fails("config", says)
            self.run_it("check", code=2)
        self.route(key="State")
        self.fails("config", "a key is a title, text, number or url")
        self.assertEqual(len(self.rows()), 1)

    def test_a_column_that_is_gone_stops_the_route(self):
        self.start()
        self.route()
        self.numbered(1)
        self.one()
        self.side("POST", "/columns", {"source": self.source, "properties": {"Stars": None}})
        self.numbered(2, stars=5)
        self.fails("config", 'no column "Stars"')

    def test_missing_columns_are_made(self):
        self.start()
        self.route(fields="{Name: name, Forks: {from: stars, as: integer}, Tags: topics}")
        self.numbered(1)
        said = self.run_it("schema", "r", "--create").out
        self.assertIn('column "Forks" added, of type number', said)
        self.one()
        self.assertEqual(self.values("k0")["Forks"], 0)
        self.assertEqual(self.values("k0")["Tags"], "sync")
        self.spent()
        self.run_it("schema", "r", "--create")
        self.assertEqual(self.spent().get("PATCH /v1/data_sources/{id}"), None)

    def test_a_database_is_made_below_a_page(self):
        self.start()
        base = self.get(f"/v1/databases/{self.bases['Repositories']['id']}", **NEW).json
        home = base["parent"]["page_id"]
        self.numbered(2)
        self.route(table=f"parent: {home}")
        for look in "check", "schema":
            said = self.run_it(look, "r", code=2).out
            self.assertIn("there is no database yet", said)
            self.assertNotIn("the first pass creates it", said)
        self.fails("config", "schema r --create")
        said = self.run_it("schema", "r", "--create").out
        self.assertNotIn("not there yet", said)
        made = said.split("`database: ")[1].split("`")[0]
        self.route(table=f"database: {made}")
        self.assertEqual(self.one()["created"], 2)
        self.source = {base["id"]: base for base in self.side("GET", "/state")["databases"]}[
            made]["data_sources"][0]["id"]
        self.assertEqual(self.values("k1")["Name"], "name 1")


class Remade(Routes):
    """A column that is deleted by hand and made again has another id, and is empty."""

    def remake(self, name, kind):
        for properties in {name: None}, {name: {kind: {}}}:
            self.side("POST", "/columns", {"source": self.source, "properties": properties})

    def loaded(self):
        self.start()
        self.route()
        self.numbered(12)
        self.one()

    def stars(self):
        return {row["properties"]["Repo ID"]: row["properties"]["Stars"] for row in self.rows()}

    def change_one(self):
        lines = (self.dir / "in.jsonl").read_text().splitlines()
        self.write("in.jsonl", "\n".join([lines[0].replace("name 0", "another")] + lines[1:]) + "\n")

    def test_it_is_filled_again_by_the_pass_behind_the_one_that_notices(self):
        self.loaded()
        self.remake("Stars", "number")
        self.change_one()
        self.assertEqual(self.one()["updated"], 1)
        self.assertEqual(len([n for n in self.stars().values() if n is None]), 11)
        self.assertEqual(len(self.run_it("plan", "--json").json["routes"][0]["update"]), 11)
        self.assertEqual((lambda done: (done["updated"], done["unchanged"]))(self.one()), (11, 1))
        self.assertEqual(self.stars(), {f"k{i}": i for i in range(12)})
        self.spent()
        self.assertEqual(self.one()["unchanged"], 12)
        self.assertEqual(self.spent(), {})

    def test_a_day_later_it_is_noticed_without_a_change(self):
        self.loaded()
        self.side("POST", "/columns", {"source": self.source, "properties": {"URL": {"name": "Link"}}})
        self.remake("Stars", "number")
        self.spent()
        self.assertEqual(self.one()["unchanged"], 12)
        self.assertEqual(self.spent(), {})
        self.execute("UPDATE memo SET value = '5' || substr(value, instr(value, char(10))) WHERE key = 'table'",
                     "durable-sync.db")
        self.assertEqual(self.one()["updated"], 12)
        self.assertEqual(self.stars(), {f"k{i}": i for i in range(12)})
        self.assertEqual(self.values("k3")["Link"], "https://example.org/3")  # renamed, and still known
        self.change_one()
        self.assertEqual(self.one()["updated"], 1)
        self.assertEqual(self.one()["unchanged"], 12)

    def test_that_of_the_key_is_filled_too(self):
        self.loaded()
        self.remake("Repo ID", "rich_text")
        self.numbered(13)
        self.assertEqual(self.one()["created"], 1)  # a look-up by the key's column notices
        self.assertEqual(self.one()["updated"], 12)
        self.assertEqual(self.stars(), {f"k{i}": i for i in range(13)})
        self.spent()
        self.assertEqual(self.one()["unchanged"], 13)
        self.assertEqual(self.spent(), {})

    def test_that_of_the_key_is_filled_by_whichever_pass_comes_to_its_rows(self):
        self.loaded()
        self.remake("Repo ID", "rich_text")
        self.numbered(13)
        self.assertEqual(self.one()["created"], 1)
        self.side("POST", "/settings", {"token": "ntn_other"})
        self.one(code=3)  # the one that was to fill it
        self.side("POST", "/settings", {"token": "ntn_x"})
        self.run_it("resume", "r")
        self.assertEqual(self.one()["updated"], 12)
        self.assertEqual(self.stars(), {f"k{i}": i for i in range(13)})


class Delays(Routes):
    def test_times_that_break_the_promise_are_warned_of(self):
        self.start()
        self.records()
        for settings, says in ((", settle: 0s", "`settle` out, or let it be 2m"), (", settle: 119s", "`settle`"),
                               (", lag: 5s", "`lag` out, or let it be 30s"), (", settle: 2m, lag: 30s", None),
                               ("", None), (", settle: 10m, lag: 1m", None)):
            with self.subTest(settings):
                self.route(settings=settings)
                found = self.run_it("check", "--json").json["findings"]
                warned = [f for f in found if "becomes a second row" in f["text"]]
                self.assertEqual([f["level"] for f in warned], ["warning"] if says else [])
                if says:
                    self.assertIn(says, warned[0]["remedy"])


class Tables(Routes):
    def test_by_database_and_by_address(self):
        self.start()
        self.numbered(1)
        plain = self.bases["Repositories"]["id"].replace("-", "")
        self.route(table=f'database: "https://www.notion.so/acme/Repositories-{plain}?v=1"')
        self.assertEqual(self.one()["created"], 1)

    def test_the_old_version_knows_databases_alone(self):
        self.start()
        self.numbered(3)
        self.route(table=f"database: {self.bases['Repositories']['id']}",
                   settings=', version: "2022-06-28"')
        self.assertEqual(self.one()["created"], 3)
        self.numbered(3, stars=9)
        self.assertEqual(self.one()["updated"], 3)
        self.assertEqual(self.spent(), {"GET /v1/databases/{id}": 1, "POST /v1/pages": 3,
                                        "POST /v1/databases/{id}/query": 1,
                                        "PATCH /v1/pages/{id}": 3})

    def test_each_version_does_all_of_it(self):
        """Rows and a long body made, changed, thrown away and taken back, read again by a source."""
        for version in ("2022-06-28", "2025-09-03", "2026-03-11"):
            with self.subTest(version):
                self.start()
                table = f'database: {self.bases["Repositories"]["id"]}, version: "{version}"'
                more = ("missing: archive\ntransform: '.body = .properties.text | del(.properties.text)'")
                self.route(fields=None, table=table, settings=", body: replace", more=more)
                body = "\n\n".join(f"p{i}" for i in range(150))
                self.records(*({"id": f"k{i}", "Name": "n", "text": body} for i in range(3)))
                self.assertEqual(self.one()["created"], 3)
                self.side("POST", "/trash", {"page": self.row("k0")["id"]})
                self.records(*({"id": f"k{i}", "Name": "m", "text": body + "x"} for i in range(2)))
                self.assertEqual(self.one()["updated"], 2)
                self.assertEqual([row["properties"]["Name"] for row in self.rows()], ["m"] * 2)
                self.config("store: sqlite:back.db\nroutes:\n  r:\n"
                            f'    source: {{kind: notion, base_url: "{self.url}", {table}, key: Repo ID}}\n'
                            "    destination: {kind: sqlite, path: out.db, table: t, key: id, "
                            "create_table: true}\n    fields: {Name: Name, Text: body}\n")
                self.assertEqual(self.one()["total"], 2)
                self.assertEqual(self.query("SELECT id, Name, Text FROM t ORDER BY id"),
                                 [(key, "m", body + "x\n") for key in ("k0", "k1")])
                self.stop(self.child)
                for path in self.dir.glob("*.db*"):
                    path.unlink()

    def test_several_data_sources_are_listed(self):
        self.start()
        self.numbered(1)
        base = self.bases["Two sources"]
        self.route(table=f"database: {base['id']}")
        self.fails("config", "2 data sources", *(s["id"] for s in base["data_sources"]), "(Open)")
        self.route(table=f"database: {base['id']}, version: 2022-06-28")
        self.fails("config", "takes databases of one data source; without `version`")

    def test_what_is_not_shared_is_said_with_the_remedy(self):
        self.start()
        self.numbered(1)
        self.route()
        self.side("POST", "/share", {"id": self.bases["Repositories"]["id"], "shared": False})
        said = self.run_it("check", code=2).out
        self.assertIn("not shared with the integration", said)
        self.assertNotIn("can be reached", said)
        self.fails("config", "not shared with the integration")

    def test_settings_that_cannot_be(self):
        self.start()
        for table, says in (("data_source: nothing", "has no id in it"),
                            (f"data_source: {self.source}, database: {self.source}", "both given"),
                            ('key: x', "is missing")):
            self.config("routes:\n  r:\n    source: {kind: file, path: in.jsonl, key: id}\n"
                        f'    destination: {{kind: notion, base_url: "{self.url}", {table}'
                        f'{"" if table.startswith("key") else ", key: x"}}}\n')
            self.assertIn(says, self.run_it("check", code=2).err)


class FromGitHub(Routes):
    def test_the_template_runs_against_the_stand_ins(self):
        self.start()
        other = self.spawn("--json", "fake", "github", "--seed", "rows=12")
        github = json.loads(other.stdout.readline())["url"]
        self.run_it("init", "--template", "github-to-notion")
        made = (self.dir / "durable-sync.yaml").read_text()
        made = made.replace("      orgs:", f'      base_url: "{github}"\n      orgs:')
        made = made.replace("DATABASE  ", f"{self.bases['Repositories']['id']}  ")
        made = made.replace("      key: Repo", f'      base_url: "{self.url}"\n      key: Repo')
        self.config(made)
        self.env["GITHUB_TOKEN"] = "t"
        self.run_it("check")
        calls = self.run_it("plan", "--json").json["routes"][0]["calls"]
        self.assertEqual(calls["POST /v1/pages"], 12)
        self.assertTrue([name for name in calls if name.startswith(("GET /org", "POST /graphql"))], calls)
        self.assertEqual(self.one()["created"], 12)
        values = self.rows()[0]["properties"]
        self.assertIn("acme/", values["Name"])
        self.spent()
        self.assertEqual(self.one()["unchanged"], 12)
        self.assertEqual(self.spent(), {})


if __name__ == "__main__":
    cli.main()
