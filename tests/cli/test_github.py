#!/usr/bin/env python3
"""test_github.py PROGRAM - routes from GitHub through the real program, against the stand-in."""
import json
import re

import cli
import fake


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

    def anew(self):
        """As if nothing had been mirrored yet."""
        for path in self.dir.glob("*.db*"):
            path.unlink()

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

    def test_who_watches_sees_that_a_limit_is_sat_out(self):
        self.route()
        self.faults("* status=429 retry-after=4")
        child = self.daemon()

        def limited():
            units = self.units()
            running = units[0]["running"] if units else None
            return running if running and running.get("waiting_for") else None

        running = self.until(limited, "the pass waits")
        self.assertEqual(running["waiting_for"], "rate limit")
        self.assertRegex(running["waiting_until"], r"^20\d\d-.*Z$")
        self.assertEqual(set(running["calls"]), {"source", "destination"})
        self.stop(child)

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

    def test_the_template(self):
        self.run_it("init", "--template", "github-to-sqlite")
        path = self.dir / "durable-sync.yaml"
        path.write_text(path.read_text().replace("orgs: [github]", f"orgs: [acme]\n      base_url: {self.url}"))
        self.run_it("check")
        self.assertEqual(self.one()["outcome"], "done")
        self.assertTrue(self.query("SELECT 1 FROM repos", "github.db"))

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
                    self.anew()

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
        self.assertEqual((done["note"], done["error"]),
                         ("nothing came from the source for 12345, acme/none", None))

    def test_a_slip_is_said_wherever_one_looks(self):
        self.route("orgs: [acme]", "owns: [description]")
        name, said = self.repo()["name"], "nothing came from the source for acme/none"
        self.assertIn(said, self.run_it("-q", "sync", "r", "acme/none", name, "--wait").out)
        self.assertIn(said, self.run_it("status").out)
        self.assertIn(said, self.run_it("history").out)
        self.assertEqual(self.run_it("status", "--json").json["units"][0]["last_note"], said)
        self.assertIn(f'note="{said}"', self.run_it("--log-format", "text", "-v", "sync", "r", "acme/none", "--wait").err)
        self.assertEqual(self.run_it("-q", "sync", "r", name, "--wait").out, "")
        self.assertNotIn(said, self.run_it("status").out)
        self.assertIn(f'"{name}"', self.run_it("explain", "r", name).out)
        self.assertIn(f'"{name}"', self.run_it("try", "r", name).out)

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
                self.anew()
                self.route(f"orgs: [acme], road: {road}", self.MORE)
                self.assertEqual(self.one()["created"], 40)
                self.asked()
                self.assertEqual(self.one()["unchanged"], 40)
                self.assertEqual(sum(self.asked().values()), 2)
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

    def readmes(self):
        """Of each repository, as REST has it."""
        raw = {name: self.get(f"/repos/{name}/readme", Accept="application/vnd.github.raw+json")
               for name, in self.query("SELECT Name FROM t")}
        return {name: reply.body.decode(errors="replace") if reply.status == 200 else None
                for name, reply in raw.items()}

    def test_readmes_of_many_names_and_folders(self):
        names = [r["full_name"] for r in self.everything("/orgs/acme/repos")]
        for name, file in zip(names, (".github/README.md", "docs/README.md", "README", "Readme.adoc", "docs/readme.org")):
            self.side("PATCH", f"/repos/{name}", {"readme": f"in {file}", "readme_name": file})
        self.route(more="fields: {Name: full_name, Readme: readme}")
        self.one()
        there = dict(self.query("SELECT Name, Readme FROM t"))
        self.assertEqual(there, self.readmes())
        self.assertEqual(there[names[3]], "in Readme.adoc")

    def test_readmes_that_take_too_long_come_in_smaller_calls(self):
        self.side("POST", "/log", {"bodies": True})
        self.faults("POST /graphql at=2 status=502")
        self.route(more="fields: {Name: full_name, Readme: readme}")
        self.assertEqual(self.one()["created"], 40)
        sizes = [len(v["ids"]) for c in self.side("GET", "/log") if c.get("body")
                 and "ids" in (v := json.loads(c["body"])["variables"])]
        self.assertEqual(sizes, [30, 10, 10, 10, 10])
        self.assertLess(self.content("readme"), 5)
        self.assertEqual(dict(self.query("SELECT Name, Readme FROM t")), self.readmes())

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


class Refusals(Routes):
    """Each row of what GitHub's refusals mean, of a listing, of one repository, of an extra."""
    SEED = "rows=12"

    def refused(self, *faults, code=1, **how):
        self.faults(*faults)
        self.route(**how)
        done = self.one(code=code)
        self.assertNotIn("t0k3n", json.dumps(done))
        return done

    def test_limits_become_timers(self):
        """A budget is a token's, so each has one of its own."""
        for i, (fault, seconds) in enumerate((
                ("secondary=77", 77), ("limited=66", 66), ("primary=90", 91), ("secondary", 60),
                ("status=403 message=API_rate_limit_exceeded_for_user", 3601))):
            with self.subTest(fault):
                self.anew()
                done = self.refused(f"GET /orgs/* {fault}", code=1, token=f"t{i}")
                self.assertEqual((done["outcome"], done["error"]["kind"]), ("waiting", "rate_limited"))
                self.assertIn(f"opens in {seconds} s", done["error"]["text"])
                self.assertEqual(self.asked(), {"GET /orgs/{org}/repos": 1})

    def test_no_process_asks_whom_another_was_told_to_leave_alone(self):
        self.faults("GET /orgs/* secondary=300")
        self.route()
        child = self.daemon()
        self.until(lambda: self.units() and self.units()[0]["state"] == "waiting", "the limit")
        self.assertEqual(self.asked(), {"GET /orgs/{org}/repos": 1})
        for command in (["plan"], ["check"], ["try", "r"], ["explain", "r", "1"], ["once"]):
            said = self.run_it(*command, code=None)
            self.assertIn("the rate limit is reached", said.out + said.err)
        self.stop(child)
        self.one(code=1)
        self.assertEqual(self.asked(), {})

    def test_a_short_wait_is_sat_out(self):
        done = self.refused("GET /orgs/* times=1 secondary=1", code=0)
        self.assertEqual(done["created"], 12)

    def test_a_login_that_is_refused(self):
        self.side("POST", "/tokens", {"token": "t0k3n-of-ada", "dead": True})
        done = self.refused(code=3)
        self.assertEqual((done["error"]["kind"], done["error"]["http_status"]), ("auth", 401))
        self.assertEqual(self.calls()["total"], 1)
        self.assertEqual(self.units()[0]["state"], "paused")
        self.assertEqual(self.one(code=3)["outcome"], "paused")

    def test_single_sign_on(self):
        done = self.refused("GET /orgs/* sso", code=3)
        self.assertEqual(done["error"]["kind"], "auth")
        self.assertIn(f"authorise it at {self.url}/orgs/acme/sso", done["error"]["text"])

    def test_too_many_logins(self):
        done = self.refused("GET /orgs/* status=403 message=Maximum_number_of_login_attempts_exceeded", code=3)
        self.assertEqual(done["error"]["kind"], "auth")

    def test_a_listing_that_is_refused(self):
        for fault, kind, words in (("forbidden", "config", "permission"), ("status=404", "config", "may not see it"),
                                   ("status=400", "permanent", "400"), ("status=422", "permanent", "422"),
                                   ("status=451", "permanent", "access blocked"),
                                   ("status=403 message=Request_forbidden_by_administrative_rules", "permanent", "rules"),
                                   ("html=500", "transient", "500"), ("html=200", "transient", "no JSON"),
                                   ("garbage", "transient", "no JSON"),
                                   ("redirect=http://127.0.0.2/", "permanent", "on the same host")):
            with self.subTest(fault):
                done = self.refused(f"GET /orgs/* {fault}")
                self.assertEqual(done["error"]["kind"], kind, done["error"])
                self.assertIn(words, done["error"]["text"])

    def test_a_page_that_takes_too_long_is_halved(self):
        self.route()
        self.faults("GET /orgs/* times=4 status=502")  # as often as it is tried
        self.assertEqual(self.one()["created"], 12)
        sizes = [re.search(r"per_page=(\d+)", call["query"])[1] for call in self.side("GET", "/log")]
        self.assertEqual(sizes, ["100"] * 4 + ["50"])

    def test_one_repository_that_is_refused(self):
        names = [r["full_name"] for r in self.everything("/orgs/acme/repos")[:3]]
        for fault, words in (("status=404", "may not see it"), ("status=451", "access blocked"),
                             ("status=403 message=Repository_access_blocked", "access blocked"),
                             ("status=403 message=No", "403"), ("status=410", "410")):
            with self.subTest(fault):
                self.faults(f"GET /repos/{names[1]} {fault}")
                self.route(f"repos: [{', '.join(names)}]", "owns: [name]\nmissing: delete")
                done = self.one(code=4)
                self.assertEqual((done["outcome"], done["held"], done["total"], done["missing"]),
                                 ("partial", 1, 3, 0))
                (held,) = self.run_it("held", "--json").json["held"]
                self.assertEqual(held["key"], f"repo:{names[1]}")
                self.assertIn(words, held["reason"])

    def test_a_cut_answer_is_asked_for_again(self):
        for fault in "cut-before", "cut-after", "truncate", "noise", "status=502", "html=500":
            with self.subTest(fault):
                self.assertIn(self.refused(f"GET /orgs/* at=1 {fault}", code=0)["total"], (12,))


class GraphQL(Routes):
    SEED = "rows=150"
    MORE = "fields: {Name: full_name, Languages: languages}"

    def sweep(self, code=0, source="orgs: [acme]", **how):
        self.route(source, self.MORE, **how)
        return self.one(code=code)

    def sizes(self):
        return [json.loads(call["body"])["variables"]["n"] for call in self.side("GET", "/log")]

    def test_who_chooses(self):
        for source, token, fields, road in (("orgs: [acme]", "t", "Languages: languages", "graphql"),
                                            ("orgs: [acme]", "t", "Name: name", "rest"),
                                            ("orgs: [acme]", None, "Languages: languages", "rest"),
                                            ("orgs: [acme], road: rest", "t", "Languages: languages", "rest"),
                                            ("orgs: [acme], road: graphql", "t", "Name: name", "graphql"),
                                            ("users: [ada]", "t", "Languages: languages", "rest")):
            with self.subTest(source, token=token, fields=fields):
                self.side("POST", "/limits", {"limits": "minute=0,anonymous=5000"})
                self.asked()
                self.route(source, f"fields: {{{fields}}}", token)
                self.run_it("check")
                self.assertEqual("POST /graphql" in self.asked(), road == "graphql")

    def test_pages_that_take_too_long(self):
        self.side("POST", "/log", {"bodies": True})
        self.faults("POST /graphql at=1 status=502", "POST /graphql at=2 status=504", "POST /graphql at=3 resources")
        self.assertEqual(self.sweep()["created"], 150)
        sizes = self.sizes()
        self.assertEqual(sizes[:4], [30, 15, 7, 5])
        self.assertEqual((sizes[-1], sizes[3:]), (30, sorted(sizes[3:])), "it grows back")

    def test_as_small_as_it_gets(self):
        self.side("POST", "/log", {"bodies": True})
        self.faults("POST /graphql resources")
        done = self.sweep(code=1)
        self.assertEqual((done["error"]["kind"], self.sizes()), ("transient", [30, 15, 7, 5]))
        self.assertIn("Resource limits", done["error"]["text"])

    def test_refusals(self):
        for i, (source, fault, code, kind) in enumerate((
                ("orgs: [nobody]", None, 1, "config"), ("orgs: [acme]", "POST /graphql html=200", 1, "transient"),
                ("orgs: [acme]", "POST /graphql sso", 3, "auth"), ("orgs: [acme]", "POST /graphql status=401", 3, "auth"),
                ("orgs: [acme]", "POST /graphql primary=90", 1, "rate_limited"),
                ("orgs: [acme]", "POST /graphql secondary", 1, "rate_limited"),
                ("orgs: [acme]", "POST /graphql forbidden", 1, "config"))):
            with self.subTest(source, fault=fault):
                self.faults(*([fault] if fault else []))
                self.anew()
                done = self.sweep(code, source, token=f"g{i}")
                self.assertEqual(done["error"]["kind"], kind, done["error"])

    def test_the_hours_points_are_used_up(self):
        self.side("POST", "/limits", {"limits": "minute=0,graphql=2"})
        done = self.sweep(code=1)
        self.assertEqual((done["outcome"], done["error"]["kind"]), ("waiting", "rate_limited"))

    def test_a_cut_pass_goes_on(self):
        self.faults("POST /graphql from=3 status=500")
        self.assertEqual(self.sweep(code=1)["outcome"], "failed")
        self.faults()
        self.asked()
        done = self.one()
        self.assertEqual((done["outcome"], done["total"]), ("done", 150))
        self.assertEqual(self.query("SELECT count(*), count(DISTINCT key) FROM t"), [(150, 150)])


class Inside(Routes):
    """Issues, pull requests and releases: a unit each repository."""
    SEED = "rows=4,issues=30,pulls=12,releases=5"

    def setUp(self):
        super().setUp()
        self.repo = self.get("/orgs/acme/repos?sort=created&direction=asc").json[0]["full_name"]

    def listed(self, what):
        rows = self.everything(f"/repos/{self.repo}/{what}?state=all")
        return [row for row in rows if what != "issues" or "pull_request" not in row]

    def test_each_kind(self):
        for what, count in (("issues", 30), ("pulls", 12), ("releases", 5)):
            with self.subTest(what):
                self.anew()
                self.route(f"repos: [{self.repo}], items: {what}")
                done = self.one()
                self.assertEqual((done["unit"], done["created"]), (f"github:{self.repo}#{what}", count))
                rows = self.listed(what)
                self.assertEqual([key for key, in self.table("key")], sorted(str(row["id"]) for row in rows))
                repository, = self.query("SELECT DISTINCT repository FROM t")
                self.assertEqual(json.loads(repository[0]), {"full_name": self.repo})
                if what != "releases":
                    for row in rows:
                        (there,) = self.query(f"SELECT title, state, labels, assignees FROM t WHERE key = '{row['id']}'")
                        self.assertEqual(there[:2], (row["title"], row["state"]))
                        self.assertEqual(json.loads(there[2]), [label["name"] for label in row["labels"]])
                        self.assertEqual(json.loads(there[3]), [one["login"] for one in row["assignees"]])
                self.assertEqual(self.one()["unchanged"], count)

    def test_all_of_an_organisation(self):
        self.route("orgs: [acme], items: issues, forks: exclude")
        names = {r["full_name"] for r in self.everything("/orgs/acme/repos") if not r["fork"]}
        self.assertEqual(set(self.passes()), {f"github:{name}#issues" for name in names})

    def test_single_ones(self):
        self.route(f"repos: [{self.repo}], items: issues", "owns: [title]")
        self.one()
        first, second = self.listed("issues")[:2]
        for row in first, second:
            self.side("PATCH", f"/repos/{self.repo}/issues/{row['number']}", {"title": "edited"})
        self.asked()
        (done,) = self.once("--items", f"#{first['number']},#9999", "r")
        self.assertEqual((done["updated"], done["total"]), (1, 1))
        self.assertEqual(done["note"], "nothing came from the source for #9999")
        self.assertEqual(self.asked(), {"GET /repos/{owner}/{repo}/issues/{number}": 2})
        (done,) = self.once("--items", f"{second['id']},{second['number']}", "r")
        self.assertEqual((done["updated"], done["total"]), (1, 1))
        self.assertEqual(done["note"], f"nothing came from the source for {second['number']}")

    def test_issues_that_are_disabled(self):
        self.route(f"repos: [{self.repo}], items: issues")
        self.side("PATCH", f"/repos/{self.repo}", {"has_issues": False})
        self.assertEqual(self.one()["total"], 0)

    def test_changes_alone(self):
        for what in "issues", "pulls":
            with self.subTest(what):
                self.changes(what)

    def changes(self, what):
        self.anew()
        self.side("POST", "/clock", {"now": None})  # `since` is of our own clock
        self.route(f"repos: [{self.repo}], items: {what}", "every: 1s\nfull_every: 1d\nowns: [title]")
        child = self.spawn("run")
        self.until(lambda: (u := self.units()) and u[0]["runs_completed"] >= 1, "the full pass")
        row = self.listed(what)[-1]
        self.side("PATCH", f"/repos/{self.repo}/issues/{row['number']}", {"title": f"edited {what}"})
        self.until(lambda: self.query(f"SELECT title FROM t WHERE key = '{row['id']}'") == [(f"edited {what}",)],
                   "the edit")
        self.until(lambda: [p for p in self.run_it("history", "--json").json["passes"]
                            if p["kind"] == "changes" and p["updated"] == 1 and p["total"] < 5], "its pass")
        self.stop(child)


class Figures(Routes):
    """An organisation of a thousand repositories of which none has changed."""
    SEED = "rows=1000,issues=0,pulls=0,releases=0"

    def calls_of_an_unchanged_pass(self, more):
        self.route(more=more)
        self.assertEqual(self.one()["created"], 1000)
        done = self.one()
        self.assertEqual(done["unchanged"], 1000)
        return done["calls"]["source"]

    def test_with_readme_and_languages(self):
        self.assertLessEqual(self.calls_of_an_unchanged_pass("fields: {R: readme, L: languages}"), 40)

    def test_the_first_load_of_readmes(self):
        """34 pages, their READMEs in as many calls, and by REST those that are no UTF-8."""
        self.route(more="fields: {R: readme, L: languages}")
        self.assertLessEqual(self.one()["calls"]["source"], 105)

    def test_the_listing_alone(self):
        self.assertLessEqual(self.calls_of_an_unchanged_pass("fields: {N: name, S: stargazers_count}"), 12)


if __name__ == "__main__":
    cli.main()
