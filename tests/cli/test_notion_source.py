#!/usr/bin/env python3
"""test_notion_source.py PROGRAM - routes from Notion through the real program, against the stand-in."""
import json

import cli
import fake

NOW = "2026-03-01T10:00:00Z"
LATER = "2026-03-01T11:00:00Z"
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
        self.fake("--now", self.NOW, "--seed", self.SEED)
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


if __name__ == "__main__":
    cli.main()
