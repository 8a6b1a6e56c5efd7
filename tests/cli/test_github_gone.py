#!/usr/bin/env python3
"""test_github_gone.py PROGRAM - repositories that are gone, and those that only seem so since a listing moved
while it was read."""
import http.server
import json
import threading

import cli
from test_github import Routes


class Elsewhere(Routes):
    """A server that calls itself by another name than base_url does: behind it a list has no end that is ours."""

    def setUp(self):
        super().setUp()
        self.paths = []
        case = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                case.paths.append(self.path)
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Link", f'<{case.next}>; rel="next"')
                self.end_headers()
                self.wfile.write(b'[{"id": 7, "number": 1, "name": "loom", "full_name": "acme/loom"}]')

            def log_message(self, *args):
                pass

        server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        self.addCleanup(server.server_close)
        self.addCleanup(thread.join)
        self.addCleanup(server.shutdown)
        self.fakes = self.url
        self.url = f"http://127.0.0.1:{server.server_port}"

    def test_a_list_that_goes_on_there_fails_at_once(self):
        for source in ("orgs: [acme]", "orgs: [acme], items: issues", "repos: [acme/loom], items: issues"):
            for self.next in (f"{self.fakes}/orgs/acme/repos?page=2", "/orgs/acme/repos?page=2", "mailto:x"):
                with self.subTest(source, next=self.next):
                    self.anew()
                    self.paths.clear()
                    self.route(source)
                    said = self.run_it("once", code=None)
                    self.assertIn("is not base_url's host", said.out + said.err)
                    self.assertIn(said.code, (1, 2))
                    self.assertEqual(len(self.paths), 1)

    def test_what_it_says_there_is_not_told(self):
        self.next = "https://example.org/ghp_sAiDbAcK"
        self.route("orgs: [acme]", token="ghp_sAiDbAcK")
        said = self.run_it("once", code=None)
        self.assertIn("is not base_url's host", said.out + said.err)
        self.assertNotIn("ghp_sAiDbAcK", said.out + said.err)


class Shifts(Routes):
    """A repository is deleted between two pages: the first row of the next moves to the one before."""
    SEED = "rows=130,mine=130"
    LAST = {"orgs: [acme]": "GET /organizations/*", "mine: true": "GET /user/repos"}

    def deleted_between_pages(self, source, *more):
        """A full pass that does not see one row; the name of the one that is deleted."""
        self.route(source, "owns: [full_name]\nmissing: delete")
        first = self.one()["created"]
        gone, moved = self.listed(source)[0], self.listed(source)[100]
        self.side("PATCH", f"/repos/{moved['full_name']}", {"name": "met-late"})
        self.faults(f"{self.LAST[source]} at={'1' if 'orgs' in source else '2'} hang", *more)
        child = self.spawn("once", "--json")
        self.until(lambda: self.side("GET", "/faults")[0]["struck"], "the second page is asked for")
        self.side("DELETE", f"/repos/{gone['full_name']}")
        self.side("POST", "/release")
        out, err = child.communicate(timeout=cli.PATIENCE)
        return first, gone, moved, json.loads(out)["passes"][0], err

    def listed(self, source):
        path = "/orgs/acme/repos" if "orgs" in source else "/user/repos"
        return sorted(self.everything(path), key=lambda r: (r["created_at"], r["id"]))

    def test_the_row_that_moved_is_not_taken_for_gone(self):
        for source in self.LAST:
            with self.subTest(source):
                self.anew()
                first, gone, moved, done, _ = self.deleted_between_pages(source)
                self.assertEqual((done["outcome"], done["total"], done["updated"], done["missing"]),
                                 ("done", first, 1, 0))  # the one that went was on the page before
                self.faults()
                self.assertEqual((done := self.one())["missing"], 1, done)
                self.assertEqual(self.query(f"SELECT full_name FROM t WHERE key = '{gone['id']}'"), [])
                ((name,),) = self.query(f"SELECT full_name FROM t WHERE key = '{moved['id']}'")
                self.assertTrue(name.endswith("/met-late"))

    def test_what_single_sign_on_hides_is_not_gone(self):
        for road, tokens in (("rest", "ab"), ("graphql", "cd")):
            with self.subTest(road):
                self.anew()
                self.side("PATCH", f"/repos/{self.listed('orgs: [acme]')[3]['full_name']}", {"private": True})
                self.route(f"orgs: [acme], road: {road}", "owns: [name]\nmissing: delete", token=f"sso-{tokens[0]}")
                self.assertEqual(self.one()["created"], 130)
                self.side("POST", "/tokens", {"token": f"sso-{tokens[1]}", "hidden": "41,43"})
                self.route(f"orgs: [acme], road: {road}", "owns: [name]\nmissing: delete", token=f"sso-{tokens[1]}")
                for _ in range(2):
                    done = self.one(code=4)
                    self.assertEqual((done["outcome"], done["missing"]), ("partial", 0))
                self.assertEqual(self.query("SELECT count(*) FROM t"), [(130,)])
                (held,) = self.run_it("held", "--json").json["held"]
                self.assertIn("organisations 41,43: authorise the token", held["reason"])

    def test_one_that_moved_to_another_owner_is_gone_from_here(self):
        self.route("orgs: [acme]", "owns: [name]\nmissing: delete")
        self.one()
        row = self.everything("/orgs/acme/repos")[0]
        self.side("PATCH", f"/repos/{row['full_name']}", {"owner": "globex"})
        done = self.one()
        self.assertEqual((done["total"], done["missing"]), (129, 1))

    def test_one_that_moved_to_another_unit_takes_its_row_along(self):
        self.route("orgs: [acme, globex]", "owns: [full_name]")
        self.once()
        row = self.everything("/orgs/acme/repos")[0]
        self.execute("ALTER TABLE t ADD COLUMN mine; UPDATE t SET mine = 'by hand'")
        self.side("PATCH", f"/repos/{row['full_name']}", {"owner": "globex"})
        self.once(code=None)  # whichever unit comes first: the new one may still find it claimed
        self.once(code=None)
        self.assertEqual(self.run_it("held", "--json").json["held"], [])
        ((name, mine),) = self.query(f"SELECT full_name, mine FROM t WHERE key = '{row['id']}'")
        self.assertEqual((name.split("/")[0], mine), ("globex", "by hand"))

    def test_one_that_cannot_be_looked_at_is_kept(self):
        for fault, kind in (("status=451", None), ("status=500", "transient"), ("status=403 message=No", None)):
            with self.subTest(fault):
                self.anew()
                self.faults()
                self.side("POST", "/reset")
                *_, done, err = self.deleted_between_pages("orgs: [acme]", f"GET /repositories/* {fault}")
                self.assertEqual((done["missing"], (done["error"] or {"kind": None})["kind"]), (0, kind), err)
                self.assertEqual(self.query("SELECT count(*) FROM t"), [(130,)])

    def test_names_that_are_named_no_more_are_gone_without_a_look(self):
        first, other = (r["full_name"] for r in self.everything("/orgs/acme/repos")[:2])
        more = "owns: [name]\nmissing: delete"
        self.route(f"repos: [{first}, {other}]", more)
        self.one()
        self.route(f"repos: [{first}]", more)
        self.asked()
        self.assertEqual(self.one()["missing"], 1)
        self.assertEqual(self.asked(), {"GET /repos/{owner}/{repo}": 1})


class FullPages(Routes):
    """A list that ends with a full page, which stays the same when another one follows it."""
    SEED = "rows=99,issues=100,pulls=0"

    def grows(self, source, rows, path, row):
        self.route(source, "owns: [html_url]")
        self.assertEqual(self.one()["created"], rows)
        self.assertEqual(self.one()["unchanged"], rows)
        self.side("POST", path, row)
        self.assertEqual(self.one()["created"], 1)
        self.assertEqual(self.query("SELECT count(*) FROM t"), [(rows + 1,)])

    def test_what_comes_behind_a_full_page_is_seen(self):
        self.side("POST", "/repos", {"owner": "acme", "name": "the-hundredth"})
        self.grows("orgs: [acme], road: rest", 100, "/repos", {"owner": "acme", "name": "one-more"})

    def test_issues_behind_a_full_page_are_seen(self):
        name = self.everything("/orgs/acme/repos")[0]["full_name"]
        self.grows(f"repos: [{name}], items: issues", 100, f"/repos/{name}/issues", {"title": "one more"})


if __name__ == "__main__":
    cli.main()
