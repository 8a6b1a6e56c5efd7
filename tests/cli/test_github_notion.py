#!/usr/bin/env python3
"""test_github_notion.py PROGRAM - docs/github-to-notion.md between the two stand-ins: repositories become
rows, their READMEs the rows' pages."""
import json

import cli
import fake

FIELDS = "{Name: name, Description: description, Stars: stargazers_count, URL: html_url}"


class Wiring(fake.Case):
    def setUp(self):
        super().setUp()
        self.env.update(GITHUB_TOKEN="t0k3n-of-ada", NOTION_TOKEN="ntn_x")
        self.ends = {}
        for kind, args in (("github", ("--seed", "rows=12")), ("notion", ())):
            self.KIND = kind
            self.fake(*args)
            self.ends[kind] = self.port, self.url
        self.source = next(base["data_sources"][0]["id"] for base in self.at("notion").side("GET", "/state")["databases"]
                           if base["title"] == "Repositories")

    def at(self, kind):
        self.port, self.url = self.ends[kind]
        return self

    def route(self, body="create", more="body: readme"):
        self.config("accounts:\n"
                    f'  github: {{kind: github, token: "${{GITHUB_TOKEN}}", base_url: "{self.ends["github"][1]}"}}\n'
                    f'  workspace: {{kind: notion, token: "${{NOTION_TOKEN}}", base_url: "{self.ends["notion"][1]}"}}\n'
                    "routes:\n  repos:\n"
                    "    source: {kind: github, account: github, orgs: [acme]}\n"
                    f"    destination: {{kind: notion, account: workspace, data_source: {self.source}, "
                    f"key: Repo ID, body: {body}}}\n"
                    f"    fields: {FIELDS}\n    {more}\n")

    def readmes(self):
        """The text of each README by the repository's id."""
        self.at("github")
        repos = self.get("/orgs/acme/repos?per_page=100").json
        raw = {str(r["id"]): self.get(f"/repos/{r['full_name']}/readme", Accept="application/vnd.github.raw+json")
               for r in repos}
        return {key: reply.body.decode(errors="replace") for key, reply in raw.items() if reply.status == 200}

    def page_text(self, page):
        """All the words of a page."""
        answer = self.at("notion").get(f"/v1/blocks/{page}/children?page_size=100", Authorization="Bearer ntn_x",
                                       Notion_Version="2025-09-03").json
        return " ".join("".join(run["plain_text"] for run in block[block["type"]].get("rich_text", []))
                        for block in answer["results"])

    def pages(self):
        rows = self.at("notion").side("GET", f"/rows?source={self.source}")["rows"]
        return {row["properties"]["Repo ID"]: row["id"] for row in rows if row["properties"]["Repo ID"]}

    def heads(self, readmes):
        """The first word of more than three letters: it is in the page, however that is marked up."""
        return {key: next((w for w in text.split() if w.isalpha() and len(w) > 3), None)
                for key, text in readmes.items()}

    def test_readmes_become_pages_without_a_transform(self):
        self.route()
        self.assertIn("promise B", self.run_it("check").out)
        plan = self.run_it("plan", "--json").json["routes"][0]
        readmes = self.readmes()
        self.assertEqual({row["key"]: row["body"]["bytes"] for row in plan["create"] if row["body"]},
                         {key: len(text.encode()) for key, text in readmes.items()})
        self.assertRegex(self.run_it("plan").out, r'body: [\d,]+ bytes, "')
        (done,) = self.once()
        self.assertEqual((done["created"], done["held"]), (12, 0))
        pages = self.pages()
        self.assertEqual(len(pages), 12)
        for key, word in self.heads(readmes).items():
            if word:
                self.assertIn(word, self.page_text(pages[key]))
        self.assertGreater(len(readmes), 3)
        (again,) = self.once()
        self.assertEqual((again["unchanged"], again["calls"]["destination"]), (12, 0))

    def push(self, key, readme):
        self.at("github").side("POST", "/clock", {"advance": "1h"})
        name = next(r["full_name"] for r in self.get("/orgs/acme/repos?per_page=100").json if str(r["id"]) == key)
        self.side("POST", f"/repos/{name}/push", {"readme": readme})

    def test_a_page_that_is_written_once_is_people_s_from_then_on(self):
        self.route()
        self.once()
        key = next(iter(self.readmes()))
        self.push(key, "# Another")
        self.assertEqual(self.run_it("plan", "--json").json["routes"][0]["update"], [])
        (done,) = self.once()
        self.assertEqual((done["unchanged"], done["calls"]["destination"]), (12, 0))
        self.route(body="replace")  # from here on the pages follow
        (update,) = (u for u in self.run_it("plan", "--json").json["routes"][0]["update"] if u["key"] == key)
        self.assertEqual(update["body"]["to"], "# Another")
        (done,) = self.once()
        self.assertEqual(done["updated"], 12)
        self.assertEqual(self.page_text(self.pages()[key]), "Another")
        self.push(key, "# A third")
        planned = self.run_it("plan", "--json").json["routes"][0]["calls"]
        (done,) = self.once()
        self.assertEqual((done["updated"], done["calls"]["destination"]), (1, 2))
        self.assertEqual({name: n for name, n in planned.items() if "/v1/" in name},
                         {"PATCH /v1/pages/{id}": 1, "PATCH /v1/blocks/{id}/children": 1})
        self.assertEqual(self.page_text(self.pages()[key]), "A third")

    def test_units_that_bring_the_same_make_each_row_once(self):
        self.route(more="every: 1h")
        self.env["DURABLE_SYNC_CONFIG"] = str(self.dir / "both.yaml")
        both = (self.dir / "durable-sync.yaml").read_text().replace("orgs: [acme]", "orgs: [acme], mine: true")
        (self.dir / "both.yaml").write_text(both)
        for again in False, True:
            passes = self.once(code=None)
            for done in passes:
                self.balanced(done)
            keys = [row["properties"]["Repo ID"] for row in
                    self.at("notion").side("GET", f"/rows?source={self.source}")["rows"]]
            self.assertEqual(len(keys), len(set(keys)), keys)
            self.assertEqual(sum(done["created"] for done in passes), 0 if again else len(keys))
        held = self.run_it("held", "--json").json["held"]
        self.assertEqual({one["reason"] for one in held} - {"claimed by github:acme", "claimed by github:@mine"}, set())

    def test_a_token_that_is_written_anew_needs_no_restart(self):
        self.write("notion.token", "ntn_x\n")
        self.route(body="none", more="every: 1h")
        path = self.dir / "durable-sync.yaml"
        path.write_text(path.read_text().replace("${GITHUB_TOKEN}", "${file:github.token}")
                        .replace("${NOTION_TOKEN}", "${file:notion.token}"))
        self.write("github.token", "t0k3n-of-ada\n")
        self.at("notion").side("POST", "/settings", {"token": "ntn_second"})
        child = self.daemon()
        self.until(lambda: (units := self.units()) and units[0]["state"] == "paused", "the token is refused")
        self.write("notion.token", "ntn_second\n")
        self.run_it("resume", "repos")
        self.until(lambda: self.units()[0]["runs_completed"] == 1, "the new one is taken")
        self.assertEqual(len(self.pages()), 12)
        self.until(lambda: (unit := self.units()[0])["state"] == "idle" and not unit["sync_pending"], "no pass runs")
        self.at("github").side("POST", "/tokens", {"token": "t0k3n-of-ada", "dead": True})
        self.write("github.token", "t0k3n-of-bob\n")  # before anybody was refused
        self.run_it("sync", "--wait", "repos")
        self.stop(child)

    def test_a_body_that_would_be_written_nowhere_is_refused(self):
        self.route(body="none")
        self.assertIn("the destination's own `body` is none", self.run_it("check", code=2).err)

    def test_what_a_record_would_get_is_shown(self):
        self.route()
        key = next(iter(self.readmes()))
        tried = self.run_it("try", "repos", key, "--json").json
        self.assertEqual(tried["body"], self.readmes()[key])
        shown = self.run_it("explain", "repos", key, "--json").json["records"][0]
        self.assertEqual(shown["body"]["bytes"], len(tried["body"].encode()))
        self.assertIn("  body: ", self.run_it("explain", "repos", key).out)


if __name__ == "__main__":
    cli.main()
