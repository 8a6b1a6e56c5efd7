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


    def repo(self, i=0):
        return self.get(f"/orgs/acme/repos?sort=created&direction=asc&per_page=1&page={i + 1}").json[0]

    def test_gates(self):
        every = self.everything("/orgs/acme/repos")
        for gate, fits in (("visibility: public", lambda r: not r["private"]),
                           ("visibility: private", lambda r: r["private"]),
                           ("forks: only", lambda r: r["fork"]),
                           ("forks: exclude, archived: exclude", lambda r: not r["fork"] and not r["archived"]),
                           ("archived: only", lambda r: r["archived"]),
                           ("topics: [Sync]", lambda r: "sync" in r["topics"]),
                           ("languages: [c, rust]", lambda r: r["language"] in ("C", "Rust"))):
            want = sorted(str(r["id"]) for r in every if fits(r))
            self.assertTrue(want)
            for road in "rest", "graphql":
                with self.subTest(gate, road=road):
                    self.route(f"orgs: [acme], road: {road}, {gate}")
                    self.one()
                    self.assertEqual([key for key, in self.table("key")], want)
                    for path in self.dir.glob("*.db*"):
                        path.unlink()

    def test_both_roads_give_the_same(self):
        fields = ("fields: {n: full_name, d: description, l: language, s: stargazers_count, w: watchers_count, "
                  "f: forks_count, o: open_issues_count, z: size, t: topics, a: archived, x: disabled, v: visibility, "
                  "p: private, i: is_template, h: homepage, lic: license, own: owner, c: created_at, u: updated_at, "
                  "q: pushed_at, node: node_id, ssh: ssh_url, clone: clone_url, url: url, html: html_url, m: mirror_url, "
                  "hi: has_issues, hw: has_wiki, hp: has_projects, hd: has_discussions, readme: readme, "
                  "languages: languages, people: contributors}")
        self.route("orgs: [acme], road: rest", fields)
        self.assertEqual(self.one()["created"], 130)
        rows = self.table()
        self.route("orgs: [acme], road: graphql", fields)
        done = self.one()
        self.assertEqual((done["unchanged"], done["updated"]), (130, 0))
        self.assertEqual(self.table(), rows)

    def test_names_and_moves(self):
        first, other = self.repo(), self.repo(1)
        self.route(f"repos: [{first['full_name']}, {other['full_name']}]", "owns: [full_name, name]")
        self.assertEqual(self.one()["created"], 2)
        self.side("PATCH", f"/repos/{first['full_name']}", {"name": "renamed"})
        self.side("PATCH", f"/repos/{other['full_name']}", {"owner": "globex"})
        done = self.one()
        self.assertEqual((done["updated"], done["held"]), (2, 0))
        self.assertEqual(self.query(f"SELECT full_name FROM t WHERE key = '{first['id']}'"), [("acme/renamed",)])
        self.assertEqual(self.query("SELECT count(*) FROM t"), [(2,)])

    def test_single_ones_by_name_and_id(self):
        self.route("orgs: [acme]", "owns: [description]")
        self.one()
        rows = [self.repo(i) for i in range(3)]
        for row in rows:
            self.side("PATCH", f"/repos/{row['full_name']}", {"description": "edited"})
        self.asked()
        items = ",".join((str(rows[0]["id"]), rows[1]["full_name"], rows[2]["name"], "12345", "acme/none"))
        (done,) = self.once("--items", items, "r/github:acme")
        self.assertEqual((done["kind"], done["updated"], done["total"]), ("targeted", 3, 3))
        self.assertEqual(sum(self.asked().values()), 5)

    def test_etags(self):
        self.route("orgs: [acme], users: [ada]")
        self.passes()
        before = self.calls()["statuses"].get("304", 0)
        for p in self.passes().values():
            self.assertEqual((p["unchanged"], p["total"]), (p["total"], p["total"]))
        self.assertEqual(self.calls()["statuses"]["304"] - before, 3)
        self.side("PATCH", f"/repos/{self.repo()['full_name']}", {"stargazers_count": 4711})
        self.assertEqual(self.passes()["github:acme"]["updated"], 1)
        self.route("orgs: [acme], users: [ada]", token="another")  # ETags are of a token
        before = self.calls()["statuses"]["304"]
        self.passes()
        self.assertEqual(self.calls()["statuses"]["304"], before)
        kept = b"".join(path.read_bytes() for path in self.dir.glob("durable-sync.db*"))
        self.assertNotIn(b"t0k3n", kept)

    def test_a_cursor_of_another_host(self):
        """The stand-in is another one after a cut in the middle: the pass starts over there."""
        self.route()
        self.faults("GET /organizations/* status=500")
        self.assertEqual(self.one(code=1)["outcome"], "failed")
        self.fake("--now", "2026-01-01T00:00:00Z", "--seed", self.SEED, "--limit", "minute=0")
        self.route()
        done = self.one()
        self.assertEqual((done["outcome"], done["total"]), ("done", 130))


class Extras(Routes):
    """What only a push changes."""
    SEED = "rows=40"
    MORE = ("fields: {Name: full_name, Readme: readme, Languages: {from: languages, join: ' '}, "
            "People: {from: contributors, join: ' '}}")

    def content(self, extra):
        return sum(n for name, n in self.asked().items() if name.endswith(extra))

    def repo(self, where="Readme IS NOT NULL"):
        return self.query(f"SELECT Name, key FROM t WHERE {where} ORDER BY key LIMIT 1")[0]

    def test_read_again_after_a_push_alone(self):
        for road in "rest", "graphql":
            with self.subTest(road):
                for path in self.dir.glob("*.db*"):
                    path.unlink()
                self.route(f"orgs: [acme], road: {road}", self.MORE)
                self.assertEqual(self.one()["created"], 40)
                self.asked()
                self.assertEqual(self.one()["unchanged"], 40)
                self.assertEqual(self.content("contributors") + self.content("readme"), 0)
                name, key = self.repo()
                self.side("PATCH", f"/repos/{name}", {"stargazers_count": 1, "readme": "# unseen"})
                self.assertEqual(self.one()["unchanged"], 40)
                self.side("POST", "/clock", {"advance": "1h"})
                self.side("POST", f"/repos/{name}/push", {"readme": f"# {road}"})
                self.asked()
                self.assertEqual(self.one()["updated"], 1)
                self.assertEqual(self.query(f"SELECT Readme FROM t WHERE key = '{key}'"), [(f"# {road}",)])

    def test_what_there_is(self):
        self.route(more=self.MORE)
        self.one()
        empty = 0
        for name, readme, languages, people in self.query("SELECT Name, Readme, Languages, People FROM t"):
            raw = self.get(f"/repos/{name}/readme", Accept="application/vnd.github.raw+json")
            self.assertEqual(readme, raw.body.decode(errors="replace") if raw.status == 200 else None)
            bytes_of = self.get(f"/repos/{name}/languages").json
            self.assertEqual(languages, " ".join(sorted(bytes_of, key=lambda n: (-bytes_of[n], n))))
            reply = self.get(f"/repos/{name}/contributors")
            empty += reply.status == 204
            logins = [(-p["contributions"], p["login"]) for p in reply.json] if reply.raw else []
            self.assertEqual(people, " ".join(login for _, login in sorted(logins)))
        self.assertTrue(self.query("SELECT 1 FROM t WHERE Readme IS NULL"))

    def test_unknown_keeps_the_old_value(self):
        self.route(more=self.MORE)
        self.one()
        rows = self.table()
        name, key = self.repo("People <> ''")
        for fault in ("too-large", "status=451", "status=500", "status=409", "html=200", "truncate"):
            with self.subTest(fault):
                self.faults(f"GET /repos/*/contributors {fault}", f"GET /repos/*/languages {fault}",
                            *([] if fault == "html=200" else [f"GET /repos/*/readme {fault}"]))
                self.side("POST", "/clock", {"advance": "1h"})
                self.side("POST", f"/repos/{name}/push", {})
                done = self.one()
                self.assertEqual((done["outcome"], done["unchanged"]), ("done", 40))
                self.assertEqual(self.table(), rows)
        self.faults()

    def test_a_list_too_large_is_not_asked_for_again(self):
        self.faults("GET /repos/*/contributors too-large retry-after=1")
        self.route(more=self.MORE)
        self.assertEqual(self.one()["created"], 40)
        self.assertEqual(self.query("SELECT count(*) FROM t WHERE People IS NOT NULL"), [(0,)])
        self.asked()
        self.assertEqual(self.one()["unchanged"], 40)
        self.assertEqual(self.content("contributors"), 0)

    def test_only_what_is_mapped(self):
        self.route("orgs: [acme], road: rest", "fields: {Languages: languages}")
        self.one()
        calls = self.asked()
        self.assertEqual(calls["GET /repos/{owner}/{repo}/languages"], 40)
        self.assertEqual({name.rsplit("/", 1)[1] for name in calls}, {"languages", "repos"})

    def test_a_permission_that_lacks(self):
        self.faults("GET /repos/*/readme forbidden")
        self.route(more=self.MORE)
        done = self.one(code=1)
        self.assertEqual(done["error"]["kind"], "config")
        self.assertIn("permission", done["error"]["text"])


if __name__ == "__main__":
    cli.main()
