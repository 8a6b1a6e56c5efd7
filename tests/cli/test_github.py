#!/usr/bin/env python3
"""test_github.py PROGRAM - routes from GitHub through the real program, against the stand-in."""
import json

import cli
import fake

FIELDS = "{Name: full_name, Readme: readme, Languages: languages, People: contributors}"


class Routes(fake.Case):
    """One route into a table, `t` of out.db."""
    SEED = "rows=30"

    def setUp(self):
        super().setUp()
        self.env.pop("GITHUB_TOKEN", None)
        self.fake("--now", "2026-01-01T00:00:00Z", "--seed", self.SEED, "--limit", "minute=0")

    def route(self, source="orgs: [acme]", more="", token="t0k3n-of-ada"):
        login = f"token: {token}, " if token else ""
        self.config("accounts:\n"
                    f"  github: {{kind: github, {login}base_url: '{self.url}'}}\n"
                    "routes:\n  r:\n"
                    f"    source: {{kind: github, account: github, {source}}}\n"
                    "    destination: {kind: sqlite, path: out.db, table: t, key: key, create_table: true}\n"
                    + "".join(f"    {line}\n" for line in more.splitlines()))

    def passes(self, code=0):
        return {p["unit"]: p for p in self.once(code=code)}

    def one(self, code=0):
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

    before = {}

    def table(self, columns="*", where="1"):
        return self.query(f"SELECT {columns} FROM t WHERE {where} ORDER BY key")

    def everything(self, path):
        rows, page = [], 1
        while True:
            batch = self.get(f"{path}{'&' if '?' in path else '?'}per_page=100&page={page}").json
            rows += batch
            if len(batch) < 100:
                return rows
            page += 1


class Repositories(Routes):
    SEED = "rows=130,private=20"

    def test_an_organisation_by_rest(self):
        self.route()
        done = self.one()
        self.assertEqual((done["unit"], done["created"]), ("github:acme", 130))
        self.assertEqual(self.asked(), {"GET /orgs/{org}/repos": 1, "GET /organizations/{id}/repos": 1})
        for row in self.everything("/orgs/acme/repos"):
            (there,) = self.query(
                "SELECT full_name, description, stargazers_count, private, topics, pushed_at, owner FROM t "
                f"WHERE key = '{row['id']}'")
            self.assertEqual(there[:4], (row["full_name"], row["description"], row["stargazers_count"],
                                         int(row["private"])))
            self.assertEqual(json.loads(there[4]) if there[4] else [], sorted(row["topics"]))
            self.assertEqual(there[5], row["pushed_at"])
            self.assertEqual(json.loads(there[6])["login"], "acme")
        again = self.one()
        self.assertEqual((again["unchanged"], again["calls"]["destination"]), (130, 0))

    def test_nobody_sees_what_is_private(self):
        self.route(token=None)
        public = [r for r in self.everything("/orgs/acme/repos") if not r["private"]]
        self.assertEqual(self.one()["created"], len(public))
        self.assertLess(len(public), 130)

    def test_units(self):
        self.route("orgs: [Acme], users: [ada], repos: [acme/none, globex/none], mine: true",
                   more="owns: [name]")
        self.assertEqual(set(self.passes(code=4)),
                         {"github:acme", "github:ada", "github:@repos", "github:@mine"})


if __name__ == "__main__":
    cli.main()
