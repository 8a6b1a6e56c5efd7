#!/usr/bin/env python3
"""test_notion_faults.py PROGRAM - what Notion refuses, loses or delays, and what a route makes of it."""
import http.server
import json
import threading

import cli
from test_notion import Routes

MARKDOWN = """# Title

Some *text* with **bold**, `code`, ~~struck~~ and a [link](https://example.org/a).

- one
  - two
    - three
- [x] done
1. first

> quoted

```c
int x;
```

| a | b |
|---|---|
| 1 | 2 |

---
![alt](https://example.org/i.png)
"""


HEAD = {"Authorization": "Bearer ntn_x", "Notion-Version": "2025-09-03"}


class Anew(Routes):
    def anew(self):
        """As if nothing had been before: another stand-in, no store."""
        if hasattr(self, "child"):
            self.stop(self.child)
        for path in self.dir.glob("*.db*"):
            path.unlink()


class Endless(Routes):
    """A server that always says that there is more."""
    PAGE, SOURCE = "00000000-0000-0000-0000-000000000001", "00000000-0000-0000-0000-000000000002"
    TYPES = {"Repo ID": ("t", "title"), "Links": ("l", "relation")}

    def setUp(self):
        super().setUp()
        self.asked = []
        case = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def answer(self):
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                case.asked.append(f"{self.command} {self.path.partition('?')[0]}")
                body = json.dumps(case.answer(self.path)).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST = do_PATCH = answer

            def log_message(self, *args):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        self.addCleanup(server.server_close)
        self.addCleanup(thread.join)
        self.addCleanup(server.shutdown)
        self.url = f"http://127.0.0.1:{server.server_port}"
        self.source = self.SOURCE

    def answer(self, path):
        if "/properties/" in path:
            return {"object": "list", "results": [], "has_more": True, "next_cursor": "x",
                    "property_item": {"id": "l", "type": "relation", "relation": {}}}
        page = {"object": "page", "id": self.PAGE, "properties": {
            "Repo ID": {"id": "t", "type": "title", "title": [{"type": "text", "plain_text": "k0"}]},
            "Links": {"id": "l", "type": "relation", "relation": [], "has_more": True}}}
        if path.endswith("/query"):
            return {"object": "list", "results": [page], "has_more": False, "next_cursor": None}
        if "/data_sources/" in path:
            return {"object": "data_source", "id": self.SOURCE, "properties": {
                name: {"id": c, "type": kind, "name": name, kind: {}} for name, (c, kind) in self.TYPES.items()}}
        return page

    def test_a_long_relation_of_a_row_that_is_looked_up(self):
        self.route(fields="{Links: links}")
        self.records({"id": "k0", "links": [f"{3:032x}"]})
        self.assertEqual(self.one()["updated"], 1)  # it counts as different
        self.assertEqual(self.asked.count(f"GET /v1/pages/{self.PAGE}/properties/l"), 16)
        self.assertEqual(self.asked[-1], f"PATCH /v1/pages/{self.PAGE}")


class Faults(Anew):
    def begin(self, *rules, settings="", n=3):
        self.anew()
        self.start()
        self.route(settings=settings)
        self.numbered(n)
        self.faults(*rules)

    def keys(self):
        return sorted(row["properties"]["Repo ID"] for row in self.rows())

    def test_what_is_refused_for_a_while_is_sent_again(self):
        for rule in ("status=409", "status=429 retry-after=0", "status=529 retry-after=0"):
            with self.subTest(rule):
                self.begin(f"POST /v1/pages at=2 {rule}")
                self.assertEqual(self.one()["created"], 3)
                self.assertEqual(self.keys(), ["k0", "k1", "k2"])

    def test_a_create_whose_answer_is_lost_is_not_repeated(self):
        for rule, there in (("cut-after", 3), ("html=502", 2), ("status=503", 2), ("garbage", 3),
                            ("status=504", 2), ("status=500", 2), ("truncate=20", 3),
                            ("no-database", 2)):
            with self.subTest(rule):
                self.begin(f"POST /v1/pages at=2 {rule}")
                done = self.one(code=4)
                self.assertEqual((done["created"], done["held"]), (2, 1))
                self.assertEqual(len(self.rows()), there)

    def test_why_it_waits_is_said(self):
        self.begin("POST /v1/pages at=2 cut-after")
        self.one(code=4)
        (unit,) = self.units()
        self.assertEqual((unit["held"], unit["unsure"]), (1, 1))
        (held,) = self.run_it("held", "--json").json["held"]
        self.assertEqual(unit["unsure_until"][:19], held["next_try"][:19])
        said = f"1 sent, but the answer was lost: looked up by the first pass after {held['next_try'][:19]}Z"
        self.assertIn(said, self.run_it("status").out)
        self.route(settings=", settle: 0s, lag: 0s")
        self.run_it("held", "retry", "r", "k1")
        self.one()
        (unit,) = self.units()
        self.assertEqual((unit["held"], unit["unsure"], unit["unsure_until"]), (0, 0, None))

    def test_an_update_whose_answer_is_lost_is_repeated(self):
        self.begin()
        self.one()
        self.faults("PATCH /v1/pages/* at=1 cut-after")
        self.numbered(3, stars=8)
        self.assertEqual(self.one()["updated"], 3)
        self.assertEqual(self.values("k2")["Stars"], 8)

    def test_a_refused_token_pauses(self):
        self.begin()
        self.side("POST", "/settings", {"token": "ntn_other"})
        done = self.one(code=3)
        self.assertEqual(done["error"]["kind"], "auth")

    def test_what_the_token_may_not_do_is_told(self):
        self.begin()
        self.side("POST", "/settings", {"insert": False})
        self.fails("config", "may not insert content")
        self.side("POST", "/settings", {"insert": True, "update": False})
        self.one()
        self.numbered(1, stars=8)
        self.one(code=4)
        self.assertIn("restricted_resource", self.held()["k0"])

    def test_what_ends_the_pass_for_all(self):
        for rule, kind, says in (
                ("POST /v1/pages status=404", "config", "not shared with the integration"),
                ("POST /v1/pages row-limit", "permanent", "row_limit_exceeded"),
                ("GET /v1/data_sources/* status=403", "config", "restricted_resource")):
            with self.subTest(rule):
                self.begin(rule)
                self.fails(kind, says)
                self.assertEqual(len(self.rows()), 0)

    def test_a_request_that_is_wrong_as_such_ends_the_pass(self):
        for code in ("invalid_json", "invalid_request_url", "invalid_request", "missing_version",
                     "invalid_beta"):
            with self.subTest(code):
                self.begin(f"POST /v1/pages code={code}")
                self.fails("permanent", code)
                self.assertEqual(len(self.rows()), 0)
        self.begin("POST /v1/pages code=invalid_grant")
        self.assertEqual(self.one(code=3)["error"]["kind"], "auth")

    def test_what_is_too_large_is_held(self):
        self.begin("POST /v1/pages at=1 status=413")
        self.one(code=4)
        self.assertIn("413", self.held()["k0"])
        self.assertEqual(self.keys(), ["k1", "k2"])

    def test_a_refused_record_is_held_with_the_words_of_notion(self):
        self.begin()
        self.one()
        self.faults("PATCH /v1/pages/* status=400 message=no_such_thing")
        self.numbered(1, stars=8)
        self.one(code=4)
        self.assertIn("validation_error: no such thing", self.held()["k0"])
        self.begin("POST /v1/pages at=2 status=400 message=no_more_blocks_in_this_workspace")
        self.assertEqual(self.one(code=4)["created"], 2)
        self.assertIn("no more blocks in this workspace", self.held()["k1"])

    def test_rows_that_are_gone_are_made_again(self):
        self.begin(settings=", trashed: recreate")
        self.one()
        page = self.row("k1")["id"]
        self.side("POST", "/trash", {"page": page, "in_trash": True})
        self.numbered(3, stars=8)
        done = self.one()
        self.assertEqual((done["created"], done["updated"]), (1, 2))
        self.assertNotEqual(self.row("k1")["id"], page)

    def test_rows_in_the_trash_are_taken_out_or_held(self):
        self.begin()
        self.one()
        page = self.row("k1")["id"]
        self.side("POST", "/trash", {"page": page, "in_trash": True})
        self.numbered(3, stars=8)
        self.assertEqual(self.one()["updated"], 3)
        self.assertEqual(self.row("k1")["id"], page)
        self.side("POST", "/trash", {"page": page, "in_trash": True})
        self.route(settings=", trashed: hold")
        self.numbered(3, stars=9)
        self.one(code=4)
        self.assertIn("in the trash of Notion", self.held()["k1"])

    def test_a_row_in_the_trash_stays_there_where_another_has_its_key(self):
        self.begin()
        self.one()
        self.side("POST", "/trash", {"page": self.row("k1")["id"], "in_trash": True})
        self.side("POST", "/add", {"source": self.source, "properties": {
            "Repo ID": {"rich_text": [{"text": {"content": "k1"}}]}}})
        page = self.row("k1")["id"]
        self.numbered(3, stars=8)
        self.assertEqual(self.one()["updated"], 3)
        self.assertEqual((self.keys(), self.row("k1")["id"]), (["k0", "k1", "k2"], page))

    def test_what_is_missing_goes_into_the_trash(self):
        for word in ("archive", "delete"):
            with self.subTest(word):
                self.begin()
                self.route(more=f"missing: {word}")
                self.one()
                self.side("POST", "/trash", {"page": self.row("k2")["id"], "in_trash": True})
                self.numbered(1)
                self.one()
                self.assertEqual(self.keys(), ["k0"])
                self.assertEqual(len(self.rows(in_trash="true")), 2)


class Bodies(Anew):
    def begin(self, how, body):
        self.start()
        self.route(settings=f", body: {how}", fields=None,
                   more="transform: '.body = .properties.text | del(.properties.text)'")
        self.text(body)

    def text(self, body, **more):
        self.records({"id": "a", "text": body, **more})

    def killed_at(self, rule):
        """A pass that is killed while this request hangs; what hangs before it is done never is."""
        self.faults(rule)
        child = self.spawn("once")
        self.until(lambda: sum(one["struck"] for one in self.side("GET", "/faults")), rule)
        child.kill()
        child.communicate(timeout=cli.PATIENCE)
        self.faults()

    def blocks(self, block=None):
        """Type and plain text of each block, those within it behind."""
        block = block or self.row("a")["id"]
        got, cursor = [], ""
        while cursor is not None:
            answer = self.get(f"/v1/blocks/{block}/children?page_size=100{cursor}",
                              Authorization="Bearer ntn_x", Notion_Version="2025-09-03").json
            for one in answer["results"]:
                content = one[one["type"]]
                text = "".join(run["plain_text"] for run in content.get("rich_text", []))
                got.append((one["type"], text))
                if one["has_children"]:
                    got += [("  " + kind, words) for kind, words in self.blocks(one["id"])]
            cursor = f"&start_cursor={answer['next_cursor']}" if answer["has_more"] else None
        return got

    def test_markdown_becomes_blocks(self):
        self.begin("replace", MARKDOWN)
        self.one()
        self.assertEqual(self.blocks(), [
            ("heading_1", "Title"), ("paragraph", "Some text with bold, code, struck and a link."),
            ("bulleted_list_item", "one"), ("  bulleted_list_item", "two"),
            ("    bulleted_list_item", "three"), ("to_do", "done"), ("numbered_list_item", "first"),
            ("quote", "quoted"), ("code", "int x;"), ("table", ""), ("  table_row", ""),
            ("  table_row", ""), ("divider", ""), ("image", "")])
        self.text("only this")
        self.assertEqual(self.one()["updated"], 1)
        self.assertEqual(self.blocks(), [("paragraph", "only this")])

    def test_a_body_written_once_stays(self):
        self.begin("create", "first")
        self.one()
        self.text("second")
        self.one()
        self.assertEqual(self.blocks(), [("paragraph", "first")])

    def test_a_long_body_takes_more_calls_and_comes_whole(self):
        lines = [f"paragraph {i}" for i in range(1050)]
        self.begin("replace", "\n\n".join(lines))
        self.one()
        self.assertEqual([text for _, text in self.blocks()], lines)
        self.assertEqual(self.spent()["PATCH /v1/blocks/{id}/children"], 10)

    def test_no_block_comes_twice_when_answers_are_lost(self):
        lines = [f"paragraph {i}" for i in range(350)]
        self.begin("replace", "\n\n".join(lines))
        self.faults("PATCH /v1/blocks/*/children at=2 cut-after",
                    "PATCH /v1/blocks/*/children at=4 status=503")
        self.one()
        self.assertEqual([text for _, text in self.blocks()], lines)

    def test_a_kill_at_any_request_leaves_no_body_short(self):
        lines = [f"paragraph {i}" for i in range(350)]
        more = "PATCH /v1/blocks/*/children"
        for rules in (["POST /v1/pages hang"], [f"{more} at=3 hang-after"],
                      ["POST /v1/pages hang-after", f"{more} hang", f"{more} hang-after",
                       f"{more} at=2 hang", f"{more} at=1 hang-after",
                       "GET /v1/blocks/*/children at=2 hang"]):
            for how in ("create", "replace"):
                with self.subTest(f"{how}: {', '.join(rules)}"):
                    self.anew()
                    self.begin(f"{how}, settle: 0s, lag: 0s", "\n\n".join(lines))
                    for rule in rules if how == "create" else rules[:5]:
                        self.killed_at(rule)
                    self.once()  # what was interrupted, and one more
                    self.assertEqual([text for _, text in self.blocks()], lines)
                    self.assertEqual(self.one()["unchanged"], 1)

    def test_a_body_that_somebody_works_on_is_not_finished_over_their_head(self):
        self.begin("create, settle: 0s, lag: 0s", "\n\n".join(f"paragraph {i}" for i in range(350)))
        self.killed_at("PATCH /v1/blocks/*/children hang")
        page = self.row("a")["id"]
        first = self.get(f"/v1/blocks/{page}/children", **HEAD).json["results"][0]["id"]
        self.ask("DELETE", f"/v1/blocks/{first}", headers=HEAD)
        self.ask("PATCH", f"/v1/blocks/{page}/children", {"children": [{"divider": {}}]}, HEAD)
        self.assertIn("somebody has changed it", self.run_it("once").err)
        self.assertEqual(len(self.blocks()), 100)

    def test_an_address_beyond_the_limit_stays_as_text(self):
        far = "https://example.org/" + "a" * 2000
        self.begin("replace", f"[near](https://example.org/a) [far]({far})\n\n![image]({far})")
        self.one()
        log = json.dumps([call["body"] for call in self.side("GET", "/log") if call.get("body")])
        self.assertNotIn(f'\\"url\\":\\"{far}', log)
        self.assertIn("https://example.org/a", log)
        self.assertEqual(len(self.blocks()), 2)

    def test_text_beyond_the_limits_of_a_block(self):
        self.begin("replace", "\U0001f600" * 150000 + "\n\n- " + "x" * 5000)
        self.one()
        got = self.blocks()
        self.assertEqual("".join(text for kind, text in got if kind == "paragraph"),
                         "\U0001f600" * 150000)
        self.assertEqual("".join(text for kind, text in got if kind != "paragraph"), "x" * 5000)


if __name__ == "__main__":
    cli.main()
