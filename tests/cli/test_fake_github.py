#!/usr/bin/env python3
"""test_fake_github.py PROGRAM - the stand-in of GitHub: what it holds, refuses, limits and changes."""
import base64
import hashlib
import re

import cli
import fake

PAGE = re.compile(r'<([^>]*)>; rel="(\w+)"')


class Rest(fake.Case):
    def setUp(self):
        super().setUp()
        self.fake("--now", "2026-01-01T00:00:00Z", "--seed", "rows=75,private=20,issues=7,pulls=3")

    def links(self, reply):
        return {rel: url.removeprefix(self.url)
                for url, rel in PAGE.findall(reply.headers["link"] or "")}

    def all_of(self, path):
        rows = []
        while path:
            reply = self.get(path)
            self.assertEqual(reply.status, 200, reply.raw)
            rows += reply.json
            path = self.links(reply).get("next")
        return rows

    def repo(self, i=0):
        return self.get(f"/orgs/acme/repos?sort=created&direction=asc&per_page=1&page={i + 1}").json[0]

    def test_pages(self):
        first = self.get("/orgs/acme/repos?sort=full_name&page=1&per_page=30")
        place = f"/organizations/{first.json[0]['owner']['id']}/repos?sort=full_name&per_page=30"
        self.assertEqual(self.links(first), {"next": place + "&page=2", "last": place + "&page=3"})
        last = self.get(self.links(first)["last"])
        self.assertEqual(len(last.json), 15)
        self.assertEqual(self.links(last), {"prev": place + "&page=2", "first": place + "&page=1"})
        rows = self.all_of("/orgs/acme/repos?sort=full_name&per_page=30")
        self.assertEqual(len({row["id"] for row in rows}), 75)
        self.assertEqual(rows, sorted(rows, key=lambda row: row["full_name"].lower()))
        self.assertIsNone(self.get("/orgs/acme/repos?per_page=100").headers["link"])
        self.assertEqual(self.get("/orgs/acme/repos?page=99999999999").json, [])
        self.assertEqual(len(self.get("/orgs/acme/repos?per_page=1000").json), 75)

    def test_what_is_listed(self):
        every = self.all_of("/orgs/acme/repos?per_page=100")
        self.assertEqual([row["created_at"] for row in every],
                         sorted((row["created_at"] for row in every), reverse=True))
        for kind, fits in (("public", lambda r: not r["private"]), ("private", lambda r: r["private"]),
                           ("forks", lambda r: r["fork"]), ("sources", lambda r: not r["fork"])):
            rows = self.all_of(f"/orgs/acme/repos?per_page=100&type={kind}")
            self.assertEqual({r["id"] for r in rows}, {r["id"] for r in every if fits(r)}, kind)
            self.assertTrue(rows)
        for order in "created", "updated", "pushed":
            rows = self.get(f"/orgs/acme/repos?per_page=100&sort={order}&direction=asc").json
            values = [row[f"{order}_at"] for row in rows]
            self.assertEqual(values, sorted(values))
        since = sorted(row["updated_at"] for row in every)[70]
        rows = self.get(f"/user/repos?per_page=100&since={since}&affiliation=organization_member").json
        self.assertEqual({r["id"] for r in rows if r["owner"]["login"] == "acme"},
                         {r["id"] for r in every if r["updated_at"] >= since})
        self.assertEqual({r["owner"]["login"] for r in self.get("/user/repos?type=owner").json}, {"ada"})

    def test_what_is_refused_of_a_listing(self):
        for path, status in (("/orgs/acme/repos?sort=size", 422), ("/orgs/acme/repos?type=own", 422),
                             ("/orgs/acme/repos?direction=up", 422), ("/orgs/ada/repos", 404),
                             ("/orgs/nobody/repos", 404), ("/user/repos?type=owner&visibility=all", 422),
                             ("/user/repos?since=soon", 422), ("/installation/repositories", 403)):
            reply = self.get(path)
            self.assertEqual(reply.status, status, path)
            self.assertEqual(reply.json["status"], str(status))

    def test_who_asks(self):
        private = [r for r in self.all_of("/orgs/acme/repos?per_page=100") if r["private"]]
        self.assertTrue(private)
        path = "/repos/" + private[0]["full_name"]
        self.side("POST", "/tokens", {"token": "blind", "blind": True, "login": "ben", "scopes": "repo"})
        self.side("POST", "/tokens", {"token": "dead", "dead": True})
        for login, status in (({"Authorization": "Bearer t"}, 200), ({"Authorization": "token t"}, 200),
                              ({"Authorization": "Bearer blind"}, 404), ({}, 404),
                              ({"Authorization": "Bearer dead"}, 401), ({"Authorization": "Basic eA=="}, 401)):
            reply = self.ask("GET", path, headers={"User-Agent": "test", **login})
            self.assertEqual(reply.status, status, login)
        self.assertEqual(self.get("/user").json["login"], "ada")
        reply = self.get("/user", Authorization="Bearer blind")
        self.assertEqual((reply.json["login"], reply.headers["x-oauth-scopes"]), ("ben", "repo"))
        app = self.get("/installation/repositories", Authorization="Bearer ghs_x").json
        self.assertEqual((app["total_count"], len(app["repositories"])), (75, 30))
        self.assertEqual(self.get("/user", Authorization="Bearer ghs_x").status, 403)
        self.assertEqual(self.ask("GET", "/user", headers={"User-Agent": "test"}).status, 401)

    def test_head(self):
        reply = self.ask("GET", "/versions", headers={"Authorization": "Bearer t"})
        self.assertEqual(reply.status, 403)
        self.assertIn(b"administrative rules", reply.raw)
        self.assertEqual(self.get("/versions", X_GitHub_Api_Version="2021-01-01").status, 400)
        repo = "/repos/" + self.repo()["full_name"]
        older, newer = (self.get(repo, X_GitHub_Api_Version=v) for v in ("2022-11-28", "2026-03-10"))
        self.assertIn("has_downloads", older.json)
        self.assertNotIn("has_downloads", newer.json)
        self.assertEqual(newer.headers["x-github-api-version-selected"], "2026-03-10")

    def test_etags(self):
        path = "/repos/" + self.repo()["full_name"]
        sent = {"Accept": "application/vnd.github+json", "Authorization": "Bearer t", "Cookie": "c=1"}
        reply = self.get(path, **sent)
        want = hashlib.sha256(b"".join(v.encode() + b":" for v in sent.values()) + reply.raw).hexdigest()
        self.assertEqual(reply.headers["etag"], f'"{want}"')
        used = int(reply.headers["x-ratelimit-used"])
        for tag in f'"{want}"', f'W/"{want}"', f'"x", W/"{want}"':
            again = self.get(path, If_None_Match=tag, **sent)
            self.assertEqual((again.status, again.raw, again.headers["etag"]), (304, b"", f'"{want}"'))
            self.assertEqual(int(again.headers["x-ratelimit-used"]), used)  # free
        self.assertEqual(self.get(path, If_None_Match=f'"{want}"', **{**sent, "Authorization": "token t"}).status, 200)
        self.assertEqual(self.get(path, If_None_Match=f'"{want[:-1]}x"', **sent).status, 200)
        self.side("PATCH", path, {"stargazers_count": 1000})
        self.assertEqual(self.get(path, If_None_Match=f'"{want}"', **sent).json["stargazers_count"], 1000)

    def test_content(self):
        rows = self.all_of("/orgs/acme/repos?per_page=100&sort=created&direction=asc")
        seen = set()
        for row in rows[:60]:
            path = "/repos/" + row["full_name"]
            raw = self.get(path + "/readme", Accept="application/vnd.github.raw+json")
            whole = self.get(path + "/readme")
            self.assertEqual(raw.status, whole.status)
            seen.add(raw.status)
            if raw.status == 200:
                self.assertEqual(base64.b64decode(whole.json["content"]), raw.raw)
                self.assertEqual(whole.json["size"], len(raw.raw))
                try:
                    raw.raw.decode()
                except UnicodeDecodeError:
                    seen.add("bytes")
            languages = self.get(path + "/languages").json
            self.assertEqual(next(iter(languages), None), row["language"])
            people = self.get(path + "/contributors")
            seen.add(people.status)
            if people.status == 200:
                counts = [one["contributions"] for one in people.json]
                self.assertEqual(counts, sorted(counts, reverse=True))
                more = self.get(path + "/contributors?anon=1").json
                seen.update(one["type"] for one in more)
        self.assertLessEqual({200, 204, 404, "bytes", "User", "Anonymous"}, seen)

    def test_renames_and_moves(self):
        repo = self.repo()
        old, number = "/repos/" + repo["full_name"], repo["id"]
        self.side("PATCH", old, {"name": "another", "owner": "globex"})
        for below in "", "/readme", "/issues?state=all":
            reply = self.get(old + below)
            want = f"{self.url}/repositories/{number}{below}"
            self.assertEqual((reply.status, reply.headers["location"], reply.json["url"]), (301, want, want))
            self.assertEqual(self.get(want.removeprefix(self.url)).status, 200)
        self.assertEqual(self.get("/repos/GLOBEX/Another").json["id"], number)
        again = self.side("POST", "/repos", {"owner": "acme", "name": repo["name"]})
        self.assertEqual(self.get(old).json["id"], again["id"])  # a new one takes the name
        self.side("PATCH", "/owners/globex", {"login": "hooli"})
        self.assertEqual(self.get("/repos/globex/another").status, 301)
        self.assertEqual(self.get("/orgs/hooli/repos").status, 200)
        self.side("DELETE", "/repos/hooli/another")
        self.assertEqual(self.get(f"/repositories/{number}").status, 404)

    def test_troubles(self):
        path = "/repos/" + self.repo()["full_name"]
        self.side("PATCH", path, {"access": "blocked"})
        self.assertEqual(self.get(path).status, 403)
        self.side("PATCH", path, {"access": "legal"})
        self.assertEqual(self.get(path).status, 451)
        self.side("PATCH", path, {"access": None, "contributors_too_large": True})
        reply = self.get(path + "/contributors")
        self.assertEqual(reply.status, 403)
        self.assertIn("too large", reply.json["message"])
        self.assertNotEqual(reply.headers["x-ratelimit-remaining"], "0")

    def test_a_page_shifts(self):
        one = self.get("/orgs/acme/repos?sort=created&direction=asc&per_page=10")
        self.side("DELETE", "/repos/" + one.json[0]["full_name"])
        two = self.get(self.links(one)["next"])
        every = {r["id"] for r in self.all_of("/orgs/acme/repos?per_page=100")}
        rest = {r["id"] for p in range(3, 9) for r in
                self.get(f"/orgs/acme/repos?sort=created&direction=asc&per_page=10&page={p}").json}
        missed = every - {r["id"] for r in one.json + two.json} - rest
        self.assertEqual(len(missed), 1)  # as with the real one

    def test_a_push_and_an_edit(self):
        path = "/repos/" + self.repo()["full_name"]
        before = self.get(path).json
        self.side("POST", "/clock", {"advance": "1h"})
        self.side("PATCH", path, {"description": "new", "topics": ["a", "b"], "homepage": None})
        after = self.get(path).json
        self.assertEqual((after["description"], after["topics"], after["homepage"]), ("new", ["a", "b"], None))
        self.assertEqual((after["updated_at"], after["pushed_at"]),
                         ("2026-01-01T01:00:00Z", before["pushed_at"]))
        self.side("POST", "/clock", {"advance": "1h"})
        self.side("POST", path + "/push", {"readme": "# h\u00e9", "languages": {"Zig": 7}})
        after = self.get(path).json
        self.assertEqual((after["pushed_at"], after["language"]), ("2026-01-01T02:00:00Z", "Zig"))
        self.assertEqual(self.get(path + "/readme", Accept="application/vnd.github.raw").raw.decode(), "# h\u00e9")
        for wrong in {"description": 5}, {"stars": 1}, {"topics": [1]}, {"owner": "x"}, {"pushed_at": "x"}:
            self.side("PATCH", path, {"size": 77, **wrong}, status=(400,))
        self.assertNotEqual(self.get(path).json["size"], 77)

    def test_issues(self):
        path = "/repos/" + self.repo()["full_name"]
        every = self.all_of(path + "/issues?state=all&per_page=3")
        self.assertEqual((len(every), sum("pull_request" in row for row in every)), (10, 3))
        self.assertIn("/repositories/", self.get(path + "/issues?state=all&per_page=3").headers["link"])
        still = self.all_of(path + "/issues?per_page=100")
        self.assertEqual({r["id"] for r in still}, {r["id"] for r in every if r["state"] == "open"})
        self.assertEqual(self.get(path).json["open_issues_count"], len(still))
        rows = self.get(path + "/issues?state=all&sort=updated&direction=asc").json
        stamps = [row["updated_at"] for row in rows]
        self.assertEqual(stamps, sorted(stamps))
        rows = self.get(path + f"/issues?state=all&since={stamps[6]}").json
        self.assertEqual(len(rows), sum(stamp >= stamps[6] for stamp in stamps))
        pulls = self.get(path + "/pulls?state=all").json
        self.assertEqual({p["number"] for p in pulls},
                         {r["number"] for r in every if "pull_request" in r})
        self.assertFalse({p["id"] for p in pulls} & {r["id"] for r in every})
        self.assertEqual(self.get(f"{path}/pulls/{pulls[0]['number']}").json["merged"],
                         pulls[0]["merged_at"] is not None)
        self.assertEqual(self.get(path + "/pulls/1").status, 404)

    def test_issues_change(self):
        path = "/repos/" + self.repo()["full_name"]
        issue = self.side("POST", path + "/issues", {"title": "new", "labels": ["bug"], "user": None})
        self.assertEqual((issue["number"], issue["state"], issue["user"]), (11, "open", None))
        one = f"{path}/issues/11"
        self.side("PATCH", one, {"state": "closed"})
        shown = self.get(one).json
        self.assertEqual((shown["state"], shown["state_reason"], shown["closed_at"]),
                         ("closed", "completed", "2026-01-01T00:00:00Z"))
        self.side("DELETE", one)
        self.assertEqual(self.get(one).status, 410)
        self.assertEqual(self.get(path + "/issues/99").status, 404)
        self.side("PATCH", path, {"has_issues": False})
        self.assertEqual(self.get(path + "/issues").status, 410)

    def test_releases(self):
        path = "/repos/" + self.repo()["full_name"] + "/releases"
        draft = self.side("POST", path, {"tag_name": "v9", "draft": True, "published_at": None})
        latest = self.get(path + "/latest").json
        self.assertNotEqual(latest["id"], draft["id"])
        self.assertEqual([r["tag_name"] for r in self.get(path).json][0], "v9")
        blind = self.ask("GET", path, headers={"User-Agent": "test"})
        self.assertNotIn("v9", [r["tag_name"] for r in blind.json] if blind.status == 200 else [])
        self.side("PATCH", f"{path}/{draft['id']}", {"draft": False})
        self.assertEqual(self.get(path + "/latest").json["tag_name"], "v9")
        self.side("DELETE", f"{path}/{draft['id']}")
        self.assertEqual(self.get(f"{path}/{draft['id']}").status, 404)


class Limits(fake.Case):
    def test_primary(self):
        self.fake("--now", "2026-01-01T00:00:00Z", "--limit", "core=3,anonymous=1,minute=0")
        for left in 2, 1, 0:
            reply = self.get("/versions")
            self.assertEqual((reply.status, reply.headers["x-ratelimit-remaining"]), (200, str(left)))
        reply = self.get("/versions")
        self.assertEqual((reply.status, reply.headers["x-ratelimit-remaining"],
                          reply.headers["x-ratelimit-reset"]), (403, "0", "1767229200"))
        self.assertIn("API rate limit exceeded for user ID", reply.json["message"])
        self.assertEqual(self.get("/versions", Authorization="token other").status, 403)  # the same user
        self.assertEqual(self.get("/rate_limit").json["resources"]["core"]["remaining"], 0)
        nobody = {"User-Agent": "test"}
        self.assertEqual([self.ask("GET", "/versions", headers=nobody).status for _ in range(2)], [200, 403])
        self.side("POST", "/clock", {"advance": "1h"})
        self.assertEqual(self.get("/versions").status, 200)

    def test_a_304_is_not_free_for_nobody(self):
        self.fake("--limit", "minute=0")
        nobody = {"User-Agent": "test"}
        tag = self.ask("GET", "/versions", headers=nobody).headers["etag"]
        again = self.ask("GET", "/versions", headers={**nobody, "If-None-Match": tag})
        self.assertEqual((again.status, again.headers["x-ratelimit-used"]), (304, "2"))

    def test_points_of_a_minute(self):
        self.fake("--now", "2026-01-01T00:00:15Z", "--limit", "minute=2")
        self.assertEqual([self.get("/versions").status for _ in range(2)], [200, 200])
        reply = self.get("/versions")
        self.assertEqual((reply.status, reply.headers["retry-after"]), (403, "45"))
        self.assertNotEqual(reply.headers["x-ratelimit-remaining"], "0")
        self.assertIn("secondary rate limit", reply.json["message"])
        self.side("POST", "/limits", {"limits": "minute=1,hints=0"})
        self.assertEqual(self.get("/versions").status, 200)
        self.assertIsNone(self.get("/versions").headers["retry-after"])
        self.side("POST", "/clock", {"advance": "45s"})
        self.assertEqual(self.get("/versions").status, 200)
        self.side("POST", "/limits", {"limits": "minutes=1"}, status=(400,))

    def test_too_many_at_once(self):
        self.fake("--limit", "concurrent=2")
        self.faults("GET /versions delay=1h times=2")
        connections = [self.connect() for _ in range(2)]
        for connection in connections:
            connection.request("GET", "/versions", headers=fake.LOGIN)
        self.until(lambda: self.calls()["total"] == 2, "both are there")
        self.assertEqual(self.get("/versions").status, 403)

    def test_faults_of_its_own(self):
        self.fake("--now", "2026-01-01T00:00:00Z")
        for fault, status, header in (
                ("primary=90", 403, ("x-ratelimit-reset", "1767225690")),
                ("primary", 403, ("x-ratelimit-remaining", "0")),
                ("secondary", 403, ("retry-after", None)),
                ("secondary=30", 403, ("retry-after", "30")),
                ("limited=5", 429, ("retry-after", "5")),
                ("sso", 403, ("x-github-sso", f"required; url={self.url}/orgs/acme/sso")),
                ("forbidden", 403, ("retry-after", None)),
                ("too-large", 403, ("retry-after", None)),
                ("status=401", 401, ("retry-after", None)),
                ("resources", 200, ("retry-after", None))):
            self.faults("* " + fault)
            reply = self.get("/versions")
            self.assertEqual((reply.status, reply.headers[header[0]]), (status, header[1]), fault)
            self.assertTrue(reply.json)


SWEEP = """
query($org: String!, $n: Int!, $after: String) {
  rateLimit { cost remaining nodeCount }
  organization(login: $org) {
    repositories(first: $n, after: $after, orderBy: {field: NAME, direction: ASC}) {
      totalCount pageInfo { hasNextPage endCursor }
      nodes {
        id databaseId name nameWithOwner url homepageUrl description isFork isArchived isDisabled isTemplate
        isEmpty visibility stargazerCount forkCount diskUsage createdAt updatedAt pushedAt
        primaryLanguage { name } licenseInfo { spdxId } defaultBranchRef { name target { oid } }
        languages(first: 20, orderBy: {field: SIZE, direction: DESC}) { totalSize edges { size node { name } } }
        repositoryTopics(first: 20) { nodes { topic { name } } }
        r1: object(expression: "HEAD:README.md") { ... on Blob { oid byteSize isBinary isTruncated text } }
        r2: object(expression: "HEAD:README.rst") { ... on Blob { oid byteSize isBinary isTruncated text } }
        issues(states: OPEN) { totalCount } pullRequests(states: OPEN) { totalCount }
      }}}}
"""


class GraphQL(fake.Case):
    def setUp(self):
        super().setUp()
        self.fake("--now", "2026-01-01T00:00:00Z", "--seed", "rows=120,private=20")

    def errors(self, query, **variables):
        answer = self.graphql(query, **variables)
        self.assertIn("errors", answer, query)
        return [(e.get("type"), e["message"]) for e in answer["errors"]]

    def test_a_sweep_says_what_rest_says(self):
        nodes, after = [], None
        while True:
            data = self.graphql(SWEEP, org="acme", n=50, after=after)["data"]
            self.assertEqual(data["rateLimit"]["cost"], 2)
            page = data["organization"]["repositories"]
            self.assertEqual(page["totalCount"], 120)
            nodes += page["nodes"]
            if not page["pageInfo"]["hasNextPage"]:
                break
            after = page["pageInfo"]["endCursor"]
        rows = self.get("/orgs/acme/repos?sort=full_name&per_page=100").json
        rows += self.get("/orgs/acme/repos?sort=full_name&per_page=100&page=2").json
        self.assertEqual([n["databaseId"] for n in nodes], [r["id"] for r in rows])
        for node, row in zip(nodes, rows):
            self.assertEqual(node["id"], row["node_id"])
            for there, here in (("nameWithOwner", "full_name"), ("stargazerCount", "stargazers_count"),
                                ("pushedAt", "pushed_at"), ("updatedAt", "updated_at"),
                                ("isArchived", "archived"), ("homepageUrl", "homepage"),
                                ("description", "description"), ("diskUsage", "size")):
                self.assertEqual(node[there], row[here], there)
            self.assertEqual(node["visibility"].lower(), row["visibility"])
            self.assertEqual((node["primaryLanguage"] or {}).get("name"), row["language"])
            self.assertEqual((node["licenseInfo"] or {}).get("spdxId"), (row["license"] or {}).get("spdx_id"))
            self.assertEqual([t["topic"]["name"] for t in node["repositoryTopics"]["nodes"]], row["topics"])
            self.assertEqual(node["issues"]["totalCount"] + node["pullRequests"]["totalCount"],
                             row["open_issues_count"])
        for node in nodes[:40]:
            path = "/repos/" + node["nameWithOwner"]
            blob = node["r1"] or node["r2"]
            raw = self.get(path + "/readme", Accept="application/vnd.github.raw")
            self.assertEqual(raw.status == 200, blob is not None)
            if blob and not blob["isBinary"]:
                self.assertEqual(blob["text"].encode(), raw.raw)
            self.assertEqual({e["node"]["name"]: e["size"] for e in node["languages"]["edges"]},
                             self.get(path + "/languages").json)

    def test_cost_and_nodes(self):
        for n, cost, count in (50, 2, 2050), (100, 4, 4100):
            limit = self.graphql(SWEEP, org="acme", n=n)["data"]["rateLimit"]
            self.assertEqual((limit["cost"], limit["nodeCount"]), (cost, count))

    def test_a_cursor_stays_where_it_is(self):
        query = """query($after: String) { organization(login: "acme") { repositories(first: 10, after: $after,
            orderBy: {field: PUSHED_AT, direction: DESC}) { pageInfo { endCursor } nodes { name pushedAt } } } }"""
        one = self.graphql(query)["data"]["organization"]["repositories"]
        for node in one["nodes"]:
            self.side("DELETE", "/repos/acme/" + node["name"])
        two = self.graphql(query, after=one["pageInfo"]["endCursor"])["data"]["organization"]["repositories"]
        fresh = self.graphql(query)["data"]["organization"]["repositories"]
        self.assertEqual(two["nodes"], fresh["nodes"])
        stamps = [n["pushedAt"] for n in one["nodes"] + two["nodes"]]
        self.assertEqual(stamps, sorted(stamps, reverse=True))
        self.assertEqual(self.errors(query, after="nonsense")[0][0], "INVALID_CURSOR_ARGUMENTS")

    def test_filters(self):
        for filters, fits in (("isFork: true", "isFork"), ("isArchived: true", "isArchived"),
                              ("privacy: PRIVATE", "isPrivate"), ("visibility: PRIVATE", "isPrivate")):
            query = f"""{{ organization(login: "acme") {{ repositories(first: 100, {filters}) {{
                nodes {{ isFork isArchived isPrivate }} }} }} }}"""
            nodes = self.graphql(query)["data"]["organization"]["repositories"]["nodes"]
            self.assertTrue(nodes)
            self.assertTrue(all(node[fits] for node in nodes), filters)

    def test_nodes_by_id(self):
        rows = self.get("/orgs/acme/repos?per_page=3").json
        ids = [row["node_id"] for row in rows]
        query = "query($ids: [ID!]!) { nodes(ids: $ids) { __typename id ... on Repository { name } } }"
        answer = self.graphql(query, ids=[ids[0], "R_kgDOffffffff", ids[2], rows[0]["owner"]["node_id"]])
        self.assertEqual([n and n.get("name", n["__typename"]) for n in answer["data"]["nodes"]],
                         [rows[0]["name"], None, rows[2]["name"], "Organization"])
        error, = answer["errors"]
        self.assertEqual((error["type"], error["path"]), ("NOT_FOUND", ["nodes", 1]))
        self.assertEqual(self.errors(query, ids=ids[:1] * 101)[0][0], "ARGUMENT_LIMIT")

    def test_fragments_aliases_and_directives(self):
        answer = self.graphql("""
            query Q($yes: Boolean!, $no: Boolean = false) {
              a: organization(login: "acme") { ...F } b: user(login: "ada") { ... on RepositoryOwner { login } }
              c: repositoryOwner(login: "GLOBEX") { __typename ... on User { name } login @skip(if: $yes) }
              viewer { login @include(if: $no) id } viewer { databaseId }
            }
            fragment F on Organization { name: login }""", yes=True)
        self.assertEqual(answer["data"]["a"], {"name": "acme"})
        self.assertEqual(answer["data"]["b"], {"login": "ada"})
        self.assertEqual(answer["data"]["c"], {"__typename": "Organization"})
        self.assertEqual(set(answer["data"]["viewer"]), {"id", "databaseId"})

    def test_what_is_refused(self):
        org = 'organization(login: "acme")'
        loop = "fragment F on User { ...G } fragment G on User { ...F }"
        for query, kind, says in (
                ("{", None, "Parse error: the end"),
                ("{ stars }", None, "Field 'stars' doesn't exist on type 'Query'"),
                ("{ viewer }", None, "must have selections"),
                ("{ viewer { login { x } } }", None, "scalars"),
                ("{ viewer(x: 1) { login } }", None, "doesn't accept argument 'x'"),
                ("{ user(login: $l) { login } }", None, "Variable $l is used but not declared"),
                ("query($l: String!) { user(login: $l) { login } }", None, "Variable $l of type String!"),
                ("{ viewer { ...F } }", None, "Fragment F was used, but not defined"),
                ("{ viewer { ... on Repository { name } } }", None, "can't be spread inside User"),
                ("{ viewer { ... on Nothing { name } } }", None, "No such type Nothing"),
                ("{ viewer { ...F } } " + loop, None, "too complex"),
                (f"{{ {org} {{ repositories {{ nodes {{ id }} }} }} }}", "MISSING_PAGINATION_BOUNDARIES", "`first`"),
                (f"{{ {org} {{ repositories(first: 101) {{ nodes {{ id }} }} }} }}", "EXCESSIVE_PAGINATION", "101"),
                ('{ organization(login: "nobody") { id } }', "NOT_FOUND", "Organization with the login of 'nobody'"),
                ('{ user(login: "acme") { id } }', "NOT_FOUND", "a User with the login"),
                ('{ repository(owner: "acme", name: "none") { id } }', "NOT_FOUND", "acme/none"),
                ("mutation { x }", None, "queries only"),
                ("{ __schema { types { name } } }", None, "Field '__schema'")):
            found = self.errors(query)
            self.assertEqual(found[0][0], kind, query)
            self.assertIn(says, found[0][1], query)
        self.assertEqual(self.ask("POST", "/graphql", {}).json["errors"][0]["message"],
                         "A query attribute must be specified and must be a string.")
        self.assertEqual(self.ask("POST", "/graphql", {"query": "{viewer{id}}"},
                                  headers={"User-Agent": "t"}).status, 401)
        bad = self.connect()
        bad.request("POST", "/graphql", "{", fake.LOGIN)
        self.assertEqual(bad.getresponse().status, 400)

    def test_half_a_million_nodes(self):
        deep = """{ organization(login: "acme") { repositories(first: 100) { nodes { owner { repositories(first: 100) {
            nodes { languages(first: 100) { nodes { name } } } } } } } } }"""
        self.assertEqual(self.errors(deep)[0][0], "MAX_NODE_LIMIT_EXCEEDED")

    def test_too_much_at_once(self):
        self.side("POST", "/limits", {"limits": "graphql_page=25"})
        self.graphql(SWEEP, status=502, org="acme", n=26)
        self.assertEqual(len(self.graphql(SWEEP, org="acme", n=25)["data"]["organization"]["repositories"]["nodes"]), 25)

    def test_points(self):
        self.side("POST", "/limits", {"limits": "graphql=3"})
        self.graphql(SWEEP, org="acme", n=50)
        reply = self.ask("POST", "/graphql", {"query": SWEEP, "variables": {"org": "acme", "n": 50}})
        self.assertEqual((reply.status, reply.json["errors"][0]["type"], reply.headers["x-ratelimit-remaining"],
                          reply.headers["x-ratelimit-resource"]), (200, "RATE_LIMITED", "0", "graphql"))
        self.assertEqual(self.graphql("{ rateLimit { remaining used limit resetAt } }")["data"]["rateLimit"],
                         {"remaining": 0, "used": 3, "limit": 3, "resetAt": "2026-01-01T01:00:00Z"})

    def test_private_ones_are_not_seen(self):
        self.side("POST", "/tokens", {"token": "blind", "blind": True})
        query = '{ organization(login: "acme") { repositories(first: 100) { totalCount nodes { isPrivate } } } }'
        seen = [self.ask("POST", "/graphql", {"query": query},
                         headers={**fake.LOGIN, "Authorization": f"Bearer {token}"}).json["data"]["organization"]
                for token in ("t", "blind")]
        self.assertEqual(seen[0]["repositories"]["totalCount"], 120)
        self.assertLess(seen[1]["repositories"]["totalCount"], 120)
        self.assertFalse(any(node["isPrivate"] for node in seen[1]["repositories"]["nodes"]))


if __name__ == "__main__":
    cli.main()
