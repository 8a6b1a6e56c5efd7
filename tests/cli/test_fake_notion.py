#!/usr/bin/env python3
"""test_fake_notion.py PROGRAM - Notion's stand-in over HTTP: its versions, limits, lag, traps, and that
no body brings it down."""
import json
import random

import cli
import fake

NEW = {"Authorization": "Bearer ntn_x", "Notion-Version": "2025-09-03"}
OLD = {**NEW, "Notion-Version": "2022-06-28"}
NEWEST = {**NEW, "Notion-Version": "2026-03-11"}
NOW = "2026-03-01T10:00:00Z"


def text(content):
    return [{"text": {"content": content}}]


def named(name, **more):
    return {"Name": {"title": text(name)}, **more}


def title(page):
    return "".join(run["plain_text"] for run in page["properties"]["Name"]["title"])


class Case(fake.Case):
    KIND = "notion"

    def fake(self, *args):
        super().fake("--now", NOW, *args)
        state = self.side("GET", "/state")
        self.bases = {base["title"]: base for base in state["databases"]}
        self.base = self.bases["Repositories"]["id"]
        self.source = self.bases["Repositories"]["data_sources"][0]["id"]

    def call(self, method, path, body=None, status=200, headers=None):
        reply = self.ask(method, "/v1" + path, body, headers or NEW)
        self.assertEqual(reply.status, status, reply.raw)
        self.headers = reply.headers
        return reply.json

    def refused(self, method, path, body, status, code, says="", headers=None):
        answer = self.call(method, path, body, status, headers)
        self.assertEqual((answer["object"], answer["status"], answer["code"]), ("error", status, code))
        self.assertIn(says, answer["message"])
        self.assertEqual(answer["request_id"], self.headers["x-notion-request-id"])
        return answer

    def create(self, name, headers=None, **more):
        parent = {"database_id": self.base} if headers is OLD else {"data_source_id": self.source}
        return self.call("POST", "/pages", {"parent": parent, "properties": named(name, **more)},
                         headers=headers)

    def query(self, headers=None, **body):
        path = f"/databases/{self.base}" if headers is OLD else f"/data_sources/{self.source}"
        return self.call("POST", path + "/query", body, headers=headers)

    def titles(self, **body):
        return [title(page) for page in self.query(**body)["results"]]


class Start(Case):
    def test_the_same_ids_in_each_run_and_after_a_reset(self):
        self.fake("--seed", "rows=3")
        first = self.side("GET", "/state")
        self.assertEqual([(page["title"], page["shared"]) for page in first["pages"]],
                         [("Home", True), ("Private", False)])
        self.assertEqual(self.ask("GET", "/v1/pages/" + first["pages"][0]["id"], headers=NEW).json["object"], "page")
        rows = self.side("GET", "/rows")
        self.create("more")
        self.side("POST", "/reset")
        self.assertEqual(self.side("GET", "/state"), first)
        self.assertEqual(self.side("GET", "/rows"), rows)
        self.assertEqual([row["properties"]["Name"] for row in rows["rows"]], ["row 1", "row 2", "row 3"])
        self.stop(self.child)
        self.fake("--seed", "rows=3,seed=2")
        self.assertNotEqual(self.side("GET", "/state"), first)

    def test_options_that_cannot_be(self):
        for args, says in ((["--seed", "rows=1000001"], "rows is at most 1000000"),
                           (["--seed", "row=1"], '--seed has no "row"; did you mean rows?'),
                           (["--limit", "window=0"], "window is at least 1"),
                           (["--limit", "per=1"], '--limit has no "per"')):
            self.assertIn(says, self.run_it("fake", "notion", *args, code=2).err)


class Gate(Case):
    def test_token_version_address(self):
        self.fake()
        me = "/users/me"
        self.refused("GET", me, None, 401, "unauthorized", headers={"Notion-Version": "2025-09-03"})
        self.refused("GET", me, None, 401, "unauthorized", headers={**NEW, "Authorization": "Bearer x"})
        self.refused("GET", me, None, 400, "missing_version", headers={"Authorization": "Bearer ntn_x"})
        self.refused("GET", me, None, 400, "validation_error", "`\"2026-03-11\"`, `\"2025-09-03\"`, or `\"2022-06-28\"`",
                     headers={**NEW, "Notion-Version": "2021-01-01"})
        self.refused("GET", "/nothing", None, 400, "invalid_request_url")
        self.refused("PUT", me, None, 400, "invalid_request_url")
        self.side("POST", "/settings", {"token": "ntn_only"})
        self.refused("GET", me, None, 401, "unauthorized")
        self.call("GET", me, headers={**NEW, "Authorization": "Bearer ntn_only"})

    def test_what_2026_03_11_calls_otherwise(self):
        self.fake()
        page = self.create("a", headers=NEWEST)
        self.assertEqual((page["in_trash"], page.get("archived")), (False, None))
        children = f"/blocks/{page['id']}/children"

        def append(words, status=200, headers=NEWEST, **more):
            body = {"children": [{"paragraph": {"rich_text": text(words)}}], **more}
            return self.call("PATCH", children, body, status, headers)

        first = append("1")["results"][0]
        self.assertNotIn("archived", first)
        append("0", position={"type": "start"})
        append("2", position={"type": "end"})
        append("1.5", position={"type": "after_block", "after_block": {"id": first["id"]}})
        append("x", status=400, after=first["id"])
        append("x", status=400, position={"type": "middle"})
        append("x", status=400, headers=NEW, position={"type": "end"})
        there = self.call("GET", children, headers=NEWEST)["results"]
        self.assertEqual([block["paragraph"]["rich_text"][0]["plain_text"] for block in there],
                         ["0", "1", "1.5", "2"])
        self.refused("PATCH", f"/pages/{page['id']}", {"archived": True}, 400, "validation_error",
                     "body.archived", headers=NEWEST)
        self.assertTrue(self.call("PATCH", f"/pages/{page['id']}", {"in_trash": True},
                                  headers=NEWEST)["in_trash"])
        for path in (f"/databases/{self.base}", f"/data_sources/{self.source}"):
            self.assertNotIn("archived", self.call("GET", path, headers=NEWEST))
            self.assertFalse(self.call("GET", path)["archived"])

    def test_a_window(self):
        self.fake("--limit", "requests=3,window=60")
        self.side("POST", "/clock", {"advance": "15s"})
        for _ in range(3):
            self.call("GET", "/users/me")
        answer = self.refused("GET", "/users/me", None, 429, "rate_limited")
        self.assertEqual(self.headers["Retry-After"], "45")
        self.assertIn("rate_limit_reason", answer["additional_data"])
        self.side("POST", "/clock", {"advance": "44s"})
        self.refused("GET", "/users/me", None, 429, "rate_limited")
        self.side("POST", "/clock", {"advance": "1s"})
        self.call("GET", "/users/me")

    def test_a_rate(self):
        self.fake("--limit", "rate=3,burst=4")
        for _ in range(4):
            self.call("GET", "/users/me")
        self.refused("GET", "/users/me", None, 429, "rate_limited")
        self.assertEqual(self.headers["Retry-After"], "1")
        self.side("POST", "/clock", {"advance": "1s"})
        for _ in range(3):
            self.call("GET", "/users/me")
        self.refused("GET", "/users/me", None, 429, "rate_limited")

    def test_capabilities(self):
        self.fake("--seed", "rows=1")
        page = self.query()["results"][0]["id"]
        self.side("POST", "/settings", {"insert": False, "update": False, "users": False})
        self.refused("GET", "/users", None, 403, "restricted_resource")
        self.refused("POST", "/pages", {"parent": {"data_source_id": self.source}, "properties": {}}, 403,
                     "restricted_resource")
        self.refused("PATCH", f"/pages/{page}", {}, 403, "restricted_resource")

    def test_faults(self):
        self.fake()
        for rule, status, code in (("row-limit", 409, "row_limit_exceeded"),
                                   ("no-database", 503, "database_connection_unavailable"),
                                   ("status=409", 409, "conflict_error"),
                                   ("status=429 retry-after=7", 429, "rate_limited"),
                                   ("status=504", 504, "gateway_timeout"),
                                   ("status=529", 529, "service_overload")):
            self.faults("GET /v1/users/me " + rule)
            self.refused("GET", "/users/me", None, status, code)
        self.faults("POST /v1/pages cut-after")
        with self.assertRaises(OSError):
            self.create("lost")
        self.faults()
        self.assertEqual(self.titles(), ["lost"])  # it was made all the same


class Rows(Case):
    def test_case_blind_keys_both_versions(self):
        self.fake()
        for headers in NEW, OLD:
            made = self.create("k", headers, **{"Repo ID": {"rich_text": text("Abc")}})
            wanted = {"property": "Repo ID", "rich_text": {"equals": "aBC"}}
            found = self.query(headers, filter={"or": [wanted, {**wanted, "rich_text": {"equals": "x"}}]})
            self.assertIn(made["id"], [page["id"] for page in found["results"]])
        self.assertEqual(found["type"], "page_or_database")

    def test_lag(self):
        self.fake("--seed", "lag_ms=2000")
        self.create("new")
        self.assertEqual(self.titles(), [])
        self.assertEqual(self.call("POST", "/search", {"query": "new"})["results"], [])
        self.side("POST", "/clock", {"advance": "2s"})
        self.assertEqual(self.titles(), ["new"])
        self.assertEqual(len(self.call("POST", "/search", {"query": "new"})["results"]), 1)

    def test_a_row_limit(self):
        self.fake("--seed", "rows=2,most_rows=2")
        self.refused("POST", "/pages", {"parent": {"data_source_id": self.source}, "properties": {}}, 409,
                     "row_limit_exceeded")
        self.side("POST", "/trash", {"title": "row 1"})
        self.create("fits again")

    def test_minutes_and_the_trash(self):
        self.fake()
        self.side("POST", "/clock", {"advance": "59s"})
        page = self.create("x")
        self.assertEqual(page["created_time"], "2026-03-01T10:00:00.000Z")
        self.side("POST", "/clock", {"advance": "1s"})
        path = f"/pages/{page['id']}"
        page = self.call("PATCH", path, {"archived": True})
        self.assertEqual((page["archived"], page["in_trash"]), (True, True))
        self.assertEqual(page["last_edited_time"], "2026-03-01T10:01:00.000Z")
        self.refused("PATCH", path, {"properties": {"Stars": {"number": 1}}}, 400, "validation_error",
                     "archived")
        self.assertEqual(self.titles(in_trash=True), ["x"])
        self.call("PATCH", path, {"in_trash": False})
        self.assertEqual(self.titles(), ["x"])

    def test_a_block_that_is_edited_edits_its_page(self):
        self.fake()
        page = self.create("x")
        path = f"/blocks/{page['id']}/children"
        inside = {"toggle": {"rich_text": text("t"), "children": [{"paragraph": {"rich_text": text("p")}}]}}
        toggle = self.call("PATCH", path, {"children": [inside]})["results"][0]
        paragraph = self.call("GET", f"/blocks/{toggle['id']}/children")["results"][0]
        self.side("POST", "/clock", {"advance": "60s"})
        self.call("PATCH", f"/blocks/{paragraph['id']}", {"paragraph": {"rich_text": text("q")}})
        page = self.call("GET", f"/pages/{page['id']}")
        self.assertEqual(page["last_edited_time"], "2026-03-01T10:01:00.000Z")
        self.call("PATCH", f"/pages/{page['id']}", {"erase_content": True})
        self.assertEqual(self.call("GET", path)["results"], [])

    def test_a_refused_write_changes_nothing(self):
        self.fake()
        page = self.create("x", Stars={"number": 1})
        self.refused("PATCH", f"/pages/{page['id']}",
                     {"properties": {"Stars": {"number": 2}, "State": {"status": {"name": "No"}},
                                     "Language": {"select": {"name": "Never made"}}}},
                     400, "validation_error")
        self.assertEqual(self.call("GET", f"/pages/{page['id']}")["properties"]["Stars"]["number"], 1)
        options = self.call("GET", f"/data_sources/{self.source}")["properties"]["Language"]["select"]
        self.assertNotIn("Never made", [option["name"] for option in options["options"]])

    def test_cursors(self):
        self.fake("--seed", "rows=5")
        first = self.query(page_size=2)
        self.assertTrue(first["has_more"])
        again = dict(page_size=2, start_cursor=first["next_cursor"])
        self.assertEqual(self.titles(**again), ["row 3", "row 2"])
        self.side("POST", "/settings", {"forget_cursors": True})
        self.refused("POST", f"/data_sources/{self.source}/query", again, 400, "validation_error",
                     "start_cursor")

    def test_by_hand(self):
        self.fake("--seed", "rows=2")
        self.side("POST", "/add", {"properties": named("mine", Stars={"number": 3})})
        self.side("POST", "/edit", {"title": "row 1", "properties": {"Stars": {"number": 99}}})
        self.side("POST", "/columns", {"properties": {"Stars": {"name": "Likes"}, "Note": {"url": {}}}})
        self.side("POST", "/trash", {"title": "row 2"})
        rows = {row["properties"]["Name"]: row for row in self.side("GET", "/rows")["rows"]}
        self.assertEqual({name: row["properties"]["Likes"] for name, row in rows.items()},
                         {"row 1": 99, "mine": 3})
        self.assertTrue(rows["mine"]["by_hand"])
        gone = self.side("GET", "/rows?in_trash=true")["rows"]
        self.assertEqual([row["properties"]["Name"] for row in gone], ["row 2"])
        self.side("POST", "/edit", {"title": "nobody", "properties": {}}, status=(404,))
        self.side("POST", "/columns", {"properties": {"Name": None}}, status=(400,))
        self.side("POST", "/share", {"id": self.base, "shared": False})
        self.refused("GET", f"/data_sources/{self.source}", None, 404, "object_not_found", "shared")

    def test_several_sources(self):
        self.fake()
        two = self.bases["Two sources"]
        self.refused("GET", f"/databases/{two['id']}", None, 400, "validation_error",
                     "multiple data sources", headers=OLD)
        self.assertEqual([s["name"] for s in self.call("GET", f"/databases/{two['id']}")["data_sources"]],
                         ["Open", "Closed"])


class Hostile(Case):
    BODIES = (
        ("POST", "/pages", {"parent": {"data_source_id": "S"}, "children": [
            {"toggle": {"rich_text": text("x"), "children": [{"divider": {}}]}}], "properties": named(
                "x", Stars={"number": 5}, Topics={"multi_select": [{"name": "a"}]},
                Pushed={"date": {"start": "2026-01-01", "end": None}}, State={"status": {"name": "Done"}})}),
        ("PATCH", "/pages/P", {"properties": {"Stars": {"number": None}}, "in_trash": False,
                               "icon": {"emoji": "x"}}),
        ("POST", "/data_sources/S/query", {"filter": {"and": [
            {"property": "Stars", "number": {"greater_than": 1}},
            {"or": [{"timestamp": "created_time", "created_time": {"past_week": {}}}]}]},
            "sorts": [{"property": "Stars", "direction": "descending"}], "page_size": 2}),
        ("PATCH", "/data_sources/S", {"properties": {"Stars": {"name": "Likes"}, "New": {"select": {
            "options": [{"name": "a", "color": "red"}]}}, "Rel": {"relation": {
                "data_source_id": "S", "single_property": {}}}}}),
        ("PATCH", "/blocks/P/children", {"children": [{"paragraph": {"rich_text": text("x")}}]}),
        ("POST", "/databases", {"parent": {"page_id": "P"}, "title": text("x"), "initial_data_source": {
            "properties": {"N": {"title": {}}, "U": {"unique_id": {"prefix": "A"}}}}}),
        ("POST", "/search", {"query": "x", "sort": {"timestamp": "last_edited_time",
                                                    "direction": "ascending"}}),
    )
    ODD = (None, True, -1, 1e308, 2**63, "", "x", "\u0000", "2026-13-01", [], {}, [[]], {"id": "x"},
           [{"name": ","}], {"name": "a"}, "P", "S", {"type": "text"}, [None], "\U0001F680" * 1001)

    def twist(self, dice, value):
        """The same with something else somewhere."""
        if isinstance(value, dict) and value and dice.random() < 0.8:
            name = dice.choice(sorted(value))
            twisted = {**value, name: self.twist(dice, value[name])}
            if dice.random() < 0.1:
                del twisted[name]
            return twisted
        if isinstance(value, list) and value and dice.random() < 0.8:
            at = dice.randrange(len(value))
            return value[:at] + [self.twist(dice, value[at])] + value[at + 1:]
        return dice.choice(self.ODD)

    def test_no_body_brings_it_down(self):
        self.fake("--seed", "rows=3")
        page = self.query()["results"][0]["id"]
        connection = self.connect()
        dice = random.Random(5)
        met = set()
        for _ in range(700):
            method, path, body = dice.choice(self.BODIES)
            sent = json.dumps(self.twist(dice, body)).replace('"S"', f'"{self.source}"') \
                .replace('"P"', f'"{page}"')
            path = path.replace("S", self.source).replace("P", page)
            reply = self.ask(method, "/v1" + path, json.loads(sent), NEW, connection)
            self.assertIn(reply.status, (200, 400, 404), (path, sent, reply.raw))
            self.assertEqual(reply.json["object"] == "error", reply.status != 200)
            met.add(reply.status)
        self.assertTrue(met >= {200, 400})
        self.side("GET", "/rows")
        self.assertEqual(self.stop(self.child), "")

    def test_what_is_no_json(self):
        self.fake()
        for sent in (b"{", b"[" * 100000, b"\xff\xfe", b'{"query": "\\ud800"}', b"null", b"5", b'"x"'):
            connection = self.connect()
            connection.request("POST", "/v1/search", sent, NEW)
            self.assertIn(fake.Reply(connection.getresponse()).status, (200, 400))
        self.refused("POST", "/search", {"query": "x" * 500000}, 413, "validation_error")
        self.refused("GET", "/pages/%00", None, 400, "validation_error")
        self.refused("GET", "/blocks/" + "1" * 32 + "/children", None, 404, "object_not_found")
        self.refused("GET", "/users?page_size=0", None, 400, "validation_error")
        self.refused("GET", "/users?page_size=1&start_cursor=x", None, 400, "validation_error")


if __name__ == "__main__":
    cli.main()
