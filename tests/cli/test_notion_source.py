#!/usr/bin/env python3
"""test_notion_source.py PROGRAM - routes from Notion through the real program, against the stand-in."""
import json

import cli
import fake

NOW = "2025-03-01T10:00:00Z"
LATER = "2025-03-01T11:00:00Z"
HEAD = {"Authorization": "Bearer ntn_x", "Notion-Version": "2025-09-03"}
QUERY = "POST /v1/data_sources/{id}/query"


def text(content):
    return [{"text": {"content": content}}]


class Routes(fake.Case):
    """One route into a table, `t` of out.db."""
    KIND = "notion"
    SEED = "rows=0"
    NOW = NOW

    def setUp(self):
        super().setUp()
        self.env.pop("NOTION_TOKEN", None)
        self.fake(*(["--now", self.NOW] if self.NOW else []), "--seed", self.SEED)
        state = self.side("GET", "/state")
        self.bases = {base["title"]: base for base in state["databases"]}
        self.source = self.of("Repositories")
        self.before = self.calls()["calls"]

    def of(self, title, nth=0):
        return self.bases[title]["data_sources"][nth]["id"]

    def route(self, source=None, more=""):
        self.config("routes:\n  r:\n"
                    f"    source: {{kind: notion, token: ntn_secret, base_url: '{self.url}', "
                    f"{source or 'data_source: ' + self.source}}}\n"
                    "    destination: {kind: sqlite, path: out.db, table: t, key: key, create_table: true}\n"
                    + "".join(f"    {line}\n" for line in more.splitlines()))

    def one(self, code=0, full=True):
        (done,) = self.once(code=code)
        if done["outcome"] in ("done", "partial"):
            self.balanced(done)
        return done

    def asked(self):
        """Requests since the last time, by route."""
        calls = self.calls()["calls"]
        news = {name: n - self.before.get(name, 0) for name, n in calls.items()}
        self.before = calls
        return {name: n for name, n in news.items() if n}

    def table(self, columns="*", where="1"):
        return self.query(f"SELECT {columns} FROM t WHERE {where} ORDER BY key")

    def call(self, method, path, body=None):
        reply = self.ask(method, "/v1" + path, body, HEAD)
        self.assertEqual(reply.status, 200, reply.raw)
        return reply.json

    def add(self, name, source=None, **properties):
        return self.side("POST", "/add", {"source": source or self.source,
                                          "properties": {"Name": {"title": text(name)}, **properties}})

    def edit(self, page, **properties):
        return self.side("POST", "/edit", {"page": page, "properties": properties})

    def clock(self, now):
        self.side("POST", "/clock", {"now": now})


class Rows(Routes):
    SEED = "rows=230"

    def test_all_of_a_table(self):
        self.route()
        done = self.one()
        self.assertEqual((done["unit"], done["created"]), ("all", 230))
        self.assertEqual(self.asked(), {"GET /v1/data_sources/{id}": 1, QUERY: 3})
        rows = {row["id"]: row for row in self.side("GET", "/rows?source=" + self.source)["rows"]}
        self.assertEqual([key for key, in self.table("key")], sorted(rows))
        for key, name, number in self.table('key, Name, "Repo ID"'):
            there = rows[key]["properties"]
            self.assertEqual((name, number), (there["Name"], there["Repo ID"]))
        done = self.one()
        self.assertEqual((done["unchanged"], done["created"] + done["updated"]), (230, 0))


    def test_what_is_not_read_is_not_asked_for(self):
        self.side("POST", "/log", {"bodies": True})
        self.route(more="fields: {Name: Name, Link: url, Made: created_time, Who: Name.0.plain_text}")
        self.one()
        asked = {call["query"] for call in self.side("GET", "/log") if "/query" in call["path"]}
        self.assertEqual(asked, {"filter_properties=title"})
        (name, link, made, count), = self.query("SELECT Name, Link, Made, count(*) FROM t")
        self.assertEqual((made[:10], count), ("2025-03-01", 230))
        self.assertIn(self.table("key")[0][0].replace("-", ""), self.table("Link")[0][0])

    def test_the_old_version(self):
        base = self.bases["Repositories"]["id"]
        self.route(f"version: '2022-06-28', database: {base}")
        self.assertEqual(self.one()["created"], 230)
        self.assertEqual(self.asked(), {"GET /v1/databases/{id}": 1, "POST /v1/databases/{id}/query": 3})
        (row, *_) = self.table("key")
        self.edit(row[0], Stars={"number": 77})
        (done,) = self.once("--items", row[0], "r")
        self.assertEqual((done["kind"], done["updated"]), ("targeted", 1))

    def test_more_than_a_query_gives(self):
        self.side("POST", "/settings", {"cap": 50})
        self.route()
        done = self.one()
        self.assertEqual((done["created"], done["total"]), (230, 230))

    def struck(self):
        return sum(rule["struck"] for rule in self.side("GET", "/faults"))

    def test_a_cursor_that_is_not_taken_any_more(self):
        """It is forgotten while the second page is asked for."""
        self.route()
        self.faults("POST /v1/data_sources/*/query at=2 hang")
        child = self.spawn("once", "--json")
        self.until(self.struck, "the second page")
        self.side("POST", "/settings", {"forget_cursors": True})
        self.side("POST", "/release")
        out, _ = child.communicate(timeout=cli.PATIENCE)
        (done,) = json.loads(out)["passes"]
        self.assertEqual((done["outcome"], done["created"], done["total"]), ("done", 230, 230))

    def test_trash(self):
        self.route(more="missing: delete")
        self.one()
        gone = self.table("key")[3][0]
        self.side("POST", "/trash", {"page": gone})
        self.assertEqual(self.one()["outcome"], "done")
        self.assertEqual(self.table("count(*)", f"key = '{gone}'"), [(0,)])
        self.assertEqual(self.table("count(*)"), [(229,)])
        self.side("POST", "/trash", {"page": gone, "in_trash": False})
        self.assertEqual(self.one()["created"], 1)


class Minutes(Routes):
    """Times have whole minutes: many rows within one of them."""
    def setUp(self):
        super().setUp()
        self.side("POST", "/settings", {"cap": 20})
        self.route(more="fields: {Name: Name}")

    def test_edited_within_one_minute(self):
        pages = []
        for i in range(70):
            pages.append(self.add(f"row {i}")["id"])
            if i % 7 == 6:
                self.side("POST", "/clock", {"advance": "60s"})
        for page in pages:
            self.edit(page, Stars={"number": 1})
        done = self.one()
        self.assertEqual((done["created"], done["total"]), (70, 70))

    def test_made_and_edited_within_one_minute(self):
        for i in range(20):
            self.add(f"row {i}")
        self.assertEqual(self.one()["created"], 20)
        self.add("one more")
        done = self.one(code=None)
        self.assertEqual(done["outcome"], "failed", done)
        self.assertIn("2025-03-01T10:00:00.000Z", str(done))
        self.assertIn("within the same", str(done))


class Types(Routes):
    def test_each(self):
        source = self.of("Everything")
        people = [user["id"] for user in self.call("GET", "/users")["results"] if user["type"] == "person"]
        other = self.side("GET", "/rows?source=" + source)["rows"][0]["id"]
        page = self.side("POST", "/add", {"source": source, "properties": {
            "Title": {"title": text("a") + text("b")}, "Text": {"rich_text": text("long")},
            "Number": {"number": 1.5}, "Select": {"select": {"name": "one"}},
            "Multi": {"multi_select": [{"name": "a"}, {"name": "b"}]}, "Status": {"status": {"name": "Done"}},
            "Date": {"date": {"start": "2025-03-01", "end": "2025-03-05"}},
            "People": {"people": [{"id": people[0]}]},
            "Files": {"files": [{"name": "a", "external": {"url": "https://a.example/a.pdf"}}]},
            "Check": {"checkbox": True}, "URL": {"url": "https://a.example"}, "Email": {"email": "a@a.example"},
            "Phone": {"phone_number": "1"}, "Relation": {"relation": [{"id": other}]},
            "Formula": {"formula": {"type": "boolean", "boolean": True}},
            "Rollup": {"rollup": {"type": "number", "number": 3, "function": "count"}}}})["id"]
        same = ("Title Text Number Select Multi Status Date People Files Check URL Email Phone Relation Formula "
                "Rollup No Created Author Edited Editor").split()
        fields = [f"{name}: {name}" for name in same] + [
            "Until: Date.end", "Mail: People.person.email", "Id: id", "Pub: public_url", "Icon: icon"]
        self.route("data_source: " + source, f"fields: {{{', '.join(fields)}}}")
        self.assertEqual(self.one()["created"], 3)
        names = same + ["Until", "Mail", "Id", "Pub", "Icon"]
        columns = ", ".join(f'"{name}"' for name in names)
        row = dict(zip(names, self.table(columns, f"key = '{page}'")[0]))
        now, person = "2025-03-01T10:00:00Z", row.pop("Author")
        self.assertEqual(row, {
            "Title": "ab", "Text": "long", "Number": 1.5, "Select": "one", "Multi": '["a","b"]', "Status": "Done",
            "Date": "2025-03-01/2025-03-05", "People": f'["{people[0]}"]', "Files": '["https://a.example/a.pdf"]',
            "Check": 1, "URL": "https://a.example", "Email": "a@a.example", "Phone": "1",
            "Relation": f'["{other}"]', "Formula": 1, "Rollup": 3, "No": "DS-3", "Created": now, "Edited": now,
            "Editor": person, "Until": "2025-03-05", "Mail": '["first@example.org"]', "Id": page, "Pub": None,
            "Icon": None})
        empty = dict(zip(names, self.table(columns, f"key = '{other}'")[0]))
        self.assertEqual({name for name, value in empty.items() if value is not None},
                         {"Title", "Check", "Formula", "No", "Created", "Author", "Edited", "Editor", "Id"})
        self.assertEqual(self.one()["unchanged"], 3)


class Items(Routes):
    SEED = "rows=30"

    def targeted(self, *items):
        (done,) = self.once("--items", ",".join(items), "r")
        self.assertEqual(done["kind"], "targeted")
        self.balanced(done)
        return done

    def test_by_the_ids_of_pages(self):
        self.route(more="fields: {Name: Name}")
        self.one()
        keys = [key for key, in self.table("key")]
        for key in keys:
            self.edit(key, Name={"title": text("edited")})
        other = self.side("GET", "/rows?source=Everything")["rows"][0]["id"]
        self.side("POST", "/trash", {"page": keys[4]})
        done = self.targeted(keys[0], keys[1].replace("-", ""), f"https://www.notion.so/acme/Row-{keys[2].replace('-', '')}",
                             other, keys[4], "no-id", "00000000-0000-0000-0000-000000000001")
        self.assertEqual((done["updated"], done["total"]), (3, 3))
        self.assertEqual(done["note"], f"nothing came from the source for {other}, {keys[4]}, no-id and 1 more")
        self.assertEqual(self.table("count(*)", "Name = 'edited'"), [(3,)])

    def test_many_of_them(self):
        self.route(more="fields: {Name: Name}")
        self.one()
        keys = [key for key, in self.table("key")]
        self.assertEqual(self.targeted(*keys)["unchanged"], 30)

    def test_by_a_text(self):
        self.route(f"data_source: {self.source}, key: Repo ID", "fields: {Name: Name}")
        self.one()
        keys = [key for key, in self.table("key")]
        rows = {row["properties"]["Repo ID"]: row["id"] for row in self.side("GET", "/rows")["rows"]}
        self.assertEqual(keys, sorted(rows))
        self.edit(rows[keys[0]], Name={"title": text("edited")})
        done = self.targeted(keys[0], keys[1], "nothing of that name", 'with "quotes" \\')
        self.assertEqual((done["updated"], done["unchanged"], done["total"]), (1, 1, 2))
        self.assertEqual(done["note"], 'nothing came from the source for nothing of that name, with "quotes" \\')
        self.assertEqual(self.asked()["POST /v1/data_sources/{id}/query"], 2)

    def test_case_makes_another_key(self):
        self.add("x", **{"Repo ID": {"rich_text": text("Key")}})
        self.add("y", **{"Repo ID": {"rich_text": text("KEY")}})
        self.route(f"data_source: {self.source}, key: Repo ID", "fields: {Name: Name}")
        self.one()
        self.assertEqual(self.targeted("KEY")["total"], 1)

    def test_by_a_number(self):
        self.add("x", Stars={"number": 1234567})
        self.add("y", Stars={"number": -0.5})
        self.route(f"data_source: {self.source}, key: Stars", "fields: {Name: Name}")
        self.one(code=None)
        done = self.targeted("1234567", "-0.5", "no number", "007", "1e5", "12345678901234567890123")
        self.assertEqual((done["unchanged"], done["total"]), (2, 2))

    def test_by_a_unique_id(self):
        self.route(f"data_source: {self.of('Everything')}, key: No", "fields: {Title: Title}")
        self.one()
        self.assertEqual(self.table("key, Title"), [("DS-1", "thing 1"), ("DS-2", "thing 2")])
        done = self.targeted("DS-2", "XX-1", "DS-9")
        self.assertEqual(done["total"], 1)

    def test_a_row_without_its_key_is_held(self):
        self.side("POST", "/columns", {"source": self.source, "properties": {"Key": {"rich_text": {}}}})
        page = self.add("x", Key={"rich_text": text("k1")})["id"]
        self.route(f"data_source: {self.source}, key: Key", "fields: {Name: Name}")
        done = self.one(code=None)
        self.assertEqual((done["created"], done["held"]), (1, 30))
        held = self.run_it("held", "--json").out
        self.assertIn("page:", held)
        self.assertNotIn("page:" + page, held)


class Long(Routes):
    def test_what_a_page_shows_in_part(self):
        source = self.of("Everything")
        rows = [self.side("POST", "/add", {"source": source, "properties": {"Title": {"title": text(f"r{i}")}}})["id"]
                for i in range(130)]
        many = self.side("POST", "/add", {"source": source, "properties": {
            "Title": {"title": text("many")}, "Relation": {"relation": [{"id": row} for row in rows[:100]]},
            "Text": {"rich_text": [{"mention": {"page": {"id": row}}} for row in rows[:40]]}}})["id"]
        self.route("data_source: " + source, "fields: {Title: Title, Relation: Relation, Text: Text}")
        self.one()
        ((relation, said),) = self.table("Relation, Text", f"key = '{many}'")
        self.assertEqual(json.loads(relation), rows[:100])
        self.assertIn("r39", said)
        self.assertGreaterEqual(self.asked()["GET /v1/pages/{id}/properties/{property}"], 2)
        self.route("data_source: " + source, "fields: {Title: Title}")
        self.one()
        self.assertNotIn("GET /v1/pages/{id}/properties/{property}", self.asked())

    def test_one_that_cannot_be_read_is_held(self):
        source = self.of("Everything")
        rows = [self.side("POST", "/add", {"source": source, "properties": {}})["id"] for _ in range(30)]
        self.side("POST", "/add", {"source": source,
                                   "properties": {"Relation": {"relation": [{"id": row} for row in rows]}}})
        self.route("data_source: " + source, "fields: {Relation: Relation}")
        self.faults("GET /v1/pages/*/properties/* status=403")
        done = self.one(code=None)
        self.assertEqual((done["created"], done["held"]), (32, 1))
        self.assertIn("Relation: ", self.run_it("held", "--json").out)


class Bodies(Routes):
    CHILDREN = "GET /v1/blocks/{id}/children"

    def page(self, name, *blocks):
        return self.call("POST", "/pages", {"parent": {"data_source_id": self.source},
                                            "properties": {"Name": {"title": text(name)}}, "children": blocks})["id"]

    @staticmethod
    def block(kind, content, *children):
        return {kind: {"rich_text": text(content), **({"children": list(children)} if children else {})}}

    def test_nested_and_long(self):
        b = self.block
        page = self.page("a", b("heading_1", "Head"),
                         b("bulleted_list_item", "one", b("bulleted_list_item", "two", b("paragraph", "three"))),
                         b("paragraph", "end"))
        for i in range(3):
            self.call("PATCH", f"/blocks/{page}/children",
                      {"children": [b("numbered_list_item", f"n{100 * i + j}") for j in range(100)]})
        self.page("empty")
        self.route(more="fields: {Text: body}")
        self.one()
        ((body,),) = self.table("Text", f"key = '{page}'")
        numbers = "".join(f"{i + 1}. n{i}\n" for i in range(300))
        self.assertEqual(body, f"# Head\n\n- one\n  - two\n\n    three\n\nend\n\n{numbers}")
        self.assertEqual(self.table("Text", f"key != '{page}'"), [("",)])
        self.assertEqual(self.asked()[self.CHILDREN], 4 + 2 + 1)

    def test_read_again_when_edited(self):
        pages = [self.page(f"p{i}", self.block("paragraph", f"text {i}")) for i in range(40)]
        self.route(more="fields: {Name: Name, Text: body}")
        self.assertEqual(self.one()["created"], 40)
        self.assertEqual(self.asked()[self.CHILDREN], 40)
        self.assertEqual(self.one()["unchanged"], 40)
        self.assertNotIn(self.CHILDREN, self.asked())
        self.clock(LATER)
        self.call("PATCH", f"/blocks/{pages[7]}/children", {"children": [self.block("paragraph", "more")]})
        self.asked()
        self.assertEqual(self.one()["updated"], 1)
        self.assertEqual(self.asked()[self.CHILDREN], 1)
        self.assertEqual(self.table("Text", f"key = '{pages[7]}'"), [("text 7\n\nmore\n",)])

    def test_edited_this_minute(self):
        """Another edit would not show in the time: what was read is not trusted."""
        self.clock(None)
        page = self.page("a", self.block("paragraph", "one"))
        self.route(more="fields: {Text: body}")
        self.one()
        self.call("PATCH", f"/blocks/{page}/children", {"children": [self.block("paragraph", "two")]})
        self.one()
        self.assertEqual(self.table("Text"), [("one\n\ntwo\n",)])

    def test_not_read_where_nobody_wants_it(self):
        self.page("a", self.block("paragraph", "one"))
        self.route(more="fields: {Name: Name}")
        self.one()
        self.assertNotIn(self.CHILDREN, self.asked())

    def test_for_a_transform(self):
        self.page("a", self.block("paragraph", "one"))
        self.route(f"data_source: {self.source}, body: true", "transform: '.properties = {Text: .body} | .body = null'")
        self.one()
        self.assertEqual(self.table("Text"), [("one\n",)])

    def test_one_that_cannot_be_read_is_held(self):
        for i in range(3):
            self.page(f"p{i}", self.block("paragraph", "text"))
        self.route(more="fields: {Text: body}")
        self.faults("GET /v1/blocks/*/children at=2 status=403")
        done = self.one(code=None)
        self.assertEqual((done["created"], done["held"]), (2, 1))
        self.assertIn("the page's body", self.run_it("held", "--json").out)


MARKDOWN = r"""# Head *it* **bold** `code`

A [link](https://a.example/x) and ~~gone~~ snake_case 1 < 2 \*not\* it.

- one
  - two
- three

1. a
2. b

- [x] done
- [ ] open

> quoted\
> more

```c
int *x;
```

---

| a | b |
| --- | --- |
| c | d\|e |

end
"""


class BackAgain(Routes):
    def test_from_one_table_into_another(self):
        """Bodies too; what both ends ask of one endpoint is one sum in the plan."""
        Bodies.page(self, "n", Bodies.block("heading_1", "Head"), Bodies.block("paragraph", "text"))
        there = self.of("Two sources")
        self.config("routes:\n  r:\n"
                    f"    source: {{kind: notion, token: ntn_secret, base_url: '{self.url}', "
                    f"data_source: {self.source}, body: true}}\n"
                    f"    destination: {{kind: notion, token: ntn_secret, base_url: '{self.url}', "
                    f"data_source: {there}, key: Repo ID, body: replace}}\n"
                    "    fields: {Name: Name, Stars: Stars}\n")
        plan = self.run_it("plan", "--json").out
        self.assertEqual(plan.count('"POST /v1/data_sources/{id}/query"'), 1)
        self.assertEqual(json.loads(plan)["routes"][0]["calls"],
                         {QUERY: 2, Bodies.CHILDREN: 1, "POST /v1/pages": 1})
        self.assertEqual(self.one()["created"], 1)
        self.asked()
        self.assertEqual(self.one()["unchanged"], 1)
        (row,) = self.side("GET", "/rows?source=" + there)["rows"]
        self.assertEqual((row["properties"]["Name"], row["blocks"]), ("n", 2))

    def test_a_body_that_was_written_reads_as_it_was(self):
        self.write("in.jsonl", json.dumps({"id": "k1", "Name": "n", "Text": MARKDOWN}) + "\n")
        self.config("routes:\n  w:\n    source: {kind: file, path: in.jsonl, key: id}\n"
                    f"    destination: {{kind: notion, token: ntn_secret, base_url: '{self.url}', "
                    f"data_source: {self.source}, key: Repo ID, body: create}}\n"
                    "    transform: '.body = .properties.Text | del(.properties.Text) | del(.properties.id)'\n")
        self.assertEqual(self.one()["created"], 1)
        self.route(f"data_source: {self.source}, key: Repo ID", "fields: {Name: Name, Text: body}")
        self.one()
        self.assertEqual(self.table("key, Name, Text"), [("k1", "n", MARKDOWN)])


class Changes(Routes):
    SEED = "rows=200"
    NOW = ""  # `since` is of our own clock

    def test_changes_alone(self):
        self.route(more="every: 1s\nfull_every: 1d\nfields: {Name: Name}")
        child = self.spawn("run")
        self.until(lambda: (u := self.units()) and u[0]["runs_completed"] >= 1, "the full pass")
        page = self.side("GET", "/rows")["rows"][3]["id"]
        self.edit(page, Name={"title": text("edited")})
        self.until(lambda: self.query(f"SELECT Name FROM t WHERE key = '{page}'") == [("edited",)], "the edit")
        self.until(lambda: [p for p in self.run_it("history", "--json").json["passes"]
                            if p["kind"] == "changes" and p["updated"] == 1 and p["total"] < 40], "its pass")
        self.stop(child)


class Names(Routes):
    def refused(self, source, *says):
        self.route(source)
        for command in (["once", "--json"], ["check"]):
            answer = self.run_it(*command, code=None)
            self.assertNotEqual(answer.code, 0)
            for word in says:
                self.assertIn(word, answer.out + answer.err)
            self.assertNotIn("ntn_secret", answer.out + answer.err)

    def test_a_database_of_several(self):
        two = self.bases["Two sources"]
        self.refused("database: " + two["id"], "2 data sources", two["data_sources"][0]["id"], "Closed")

    def test_one_that_is_not_shared(self):
        self.refused("data_source: " + self.of("Secrets"), "not shared")

    def test_no_such_column(self):
        self.refused(f"data_source: {self.source}, key: repo id", 'did you mean', "Repo ID")
        self.refused(f"data_source: {self.source}, key: Topics", "type multi_select")

    def test_no_id(self):
        self.refused("data_source: Repositories", "no id in it")
        self.refused("body: true", "data_source")

    def test_by_address(self):
        self.add("x")
        self.route(f"database: 'https://www.notion.so/acme/Repos-{self.bases['Repositories']['id'].replace('-', '')}?v=1'")
        self.assertEqual(self.one()["created"], 1)


class Errors(Routes):
    """Each answer of the API that a reader can meet, at a query."""
    SEED = "rows=3"

    def ends(self, rule, outcome, kind=None, says=""):
        self.side("POST", "/faults", {"rules": [f"POST /v1/data_sources/*/query {rule}"]})
        done = self.one(code=None)
        self.assertEqual(done["outcome"], outcome, done)
        if kind:
            self.assertEqual(done["error"]["kind"], kind, done)
            self.assertIn(says, done["error"]["text"])
        return done

    def test_what_passes(self):
        self.route()
        for rule in ("status=409", "status=429 retry-after=0", "status=500", "html=502", "status=503", "status=504",
                     "status=529 retry-after=0", "no-database", "cut-before", "cut-after", "truncate"):
            with self.subTest(rule):
                self.ends("at=1 " + rule, "done")
        self.assertEqual(self.table("count(*)"), [(3,)])

    def test_what_does_not(self):
        self.route()
        for rule, outcome, kind, says in (
                ("status=400", "failed", "permanent", "HTTP 400"),
                ("status=403", "failed", "permanent", "restricted_resource"),
                ("status=404", "failed", "config", "not shared"),
                ("status=413", "failed", "permanent", "413"),
                ("garbage", "failed", "transient", "")):
            with self.subTest(rule):
                self.ends(rule, outcome, kind, says)
        self.side("POST", "/faults", {"rules": []})
        self.assertEqual(self.one()["outcome"], "done")

    def test_a_request_that_is_wrong_as_such(self):
        self.route()
        for code in ("invalid_json", "invalid_request_url", "invalid_request", "missing_version",
                     "invalid_beta"):
            with self.subTest(code):
                self.ends(f"code={code}", "failed", "permanent", code)
        done = self.ends("code=invalid_grant", "paused")
        self.assertEqual(done["error"]["kind"], "auth")

    def test_a_limit_becomes_a_timer(self):
        self.route()
        self.ends("status=429 retry-after=60", "waiting", "rate_limited")

    def test_a_login_that_is_refused_pauses(self):
        self.route()
        self.one()
        self.side("POST", "/settings", {"token": "ntn_other"})
        done = self.one(code=None)
        self.assertEqual(done["error"]["kind"], "auth", done)
        self.assertTrue(self.units()[0]["paused"])


if __name__ == "__main__":
    cli.main()
