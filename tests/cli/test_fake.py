#!/usr/bin/env python3
"""test_fake.py PROGRAM - the stand-ins' router: how it starts and ends, its faults, its side door."""
import http.client
import json
import pathlib
import signal
import socket
import threading

import cli
import fake

HUNG_UP = (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError)


class Command(fake.Case):
    def test_says_where_and_ends_when_told(self):
        for number in signal.SIGTERM, signal.SIGINT:
            child = self.spawn("fake", "github")
            line = child.stdout.readline()
            self.assertRegex(line, r"^github: http://127\.0\.0\.1:\d+\n$")
            self.assertEqual(self.stop(child, number), "")

    def test_listens_on_loopback_alone(self):
        self.fake()
        port = f"{self.port:04X}"
        lines = pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:]
        lines += pathlib.Path("/proc/net/tcp6").read_text().splitlines()[1:] \
            if pathlib.Path("/proc/net/tcp6").exists() else []
        places = {line.split()[1] for line in lines if line.split()[3] == "0A"}
        self.assertEqual([p for p in places if p.endswith(":" + port)], ["0100007F:" + port])

    def test_a_port_of_ones_own(self):
        self.fake()
        again = self.run_it("fake", "github", "--port", str(self.port), code=2)
        self.assertIn(f"cannot listen on 127.0.0.1:{self.port}: Address already in use", again.err)

    def test_doctor_looks_whether_hosts_answer(self):
        self.fake()
        taken = socket.socket()  # bound, and never listening
        self.addCleanup(taken.close)
        taken.bind(("127.0.0.1", 0))
        dead = taken.getsockname()[1]
        self.config("routes:\n" + "".join(
            f"  r{n}:\n    source: {{kind: github, token: t, orgs: [acme], {settings}}}\n"
            f"    destination: {{kind: sqlite, path: o.db, table: t{n}, key: id, create_table: true}}\n"
            for n, settings in enumerate((f"base_url: '{self.url}'", f"base_url: '{self.url}/v3'",
                                          f"base_url: 'https://127.0.0.1:{dead}'",
                                          f"proxy: 'http://127.0.0.1:{dead}'",
                                          f"proxy: 'http://127.0.0.1:{dead}', base_url: 'HTTPS://h.example'"))))
        checks = self.run_it("doctor", "--json", code=2).json["checks"]
        self.assertEqual([(c["level"], c["text"]) for c in checks if c["check"] == "network"],
                         [("ok", f"127.0.0.1 port {self.port} answers"),
                          ("error", f"127.0.0.1 port {dead}: Connection refused"),
                          ("ok", "api.github.com port 443: by a proxy, `check` asks it"),
                          ("ok", "h.example port 443: by a proxy, `check` asks it")])
        self.assertEqual(len([c for c in checks if c["check"] == "tls"]), 1)

    def test_each_request_is_a_line_where_asked_for(self):
        self.child = self.spawn("-v", "--json", "fake", "github")
        self.url = json.loads(self.child.stdout.readline())["url"]
        self.port = int(self.url.rsplit(":", 1)[1])
        self.get("/versions?x=1")
        self.assertEqual(self.stop(self.child), "GET /versions?x=1 200\n")

    def test_what_cannot_be_is_refused(self):
        for args, says in (
                (["gitub"], 'there is no stand-in of "gitub"; did you mean github?'),
                (["github", "--port", "65536"], "--port is from 0 to 65535"),
                (["github", "--port", "x"], '--port is from 0 to 65535, not "x"'),
                (["github", "--latency", "soon"], "--latency is a duration"),
                (["github", "--now", "today"], '"today" is no time'),
                (["github", "--seed", "row=3"], '--seed has no "row"; did you mean rows?'),
                (["github", "--seed", "rows=many"], 'rows takes a whole number from 0 on, not "many"'),
                (["github", "--seed", "rows=1000001"], "rows is at most 1000000"),
                (["github", "--limit", "cores=1"], '--limit has no "cores"; did you mean core?'),
                (["github", "--faults", "GET /a status=1"], "status=1 is a wrong value")):
            answer = self.run_it("fake", *args, code=2)
            self.assertIn(says, answer.err)
            self.assertEqual(answer.out, "")

    def test_no_other_command_maps_a_server(self):
        self.config()
        self.rows(1)
        maps = pathlib.Path(f"/proc/{self.daemon().pid}/maps").read_text()
        self.assertNotIn("microhttpd", maps)
        self.fake()
        self.assertIn("microhttpd", pathlib.Path(f"/proc/{self.child.pid}/maps").read_text())


class Faults(fake.Case):
    def setUp(self):
        super().setUp()
        self.fake("--seed", "rows=3")
        self.path = "/orgs/acme/repos"

    def test_status(self):
        self.faults("GET /orgs/* at=2 status=503 retry-after=7 message=not_today")
        self.assertEqual(self.get(self.path).status, 200)
        reply = self.get(self.path)
        self.assertEqual((reply.status, reply.headers["retry-after"], reply.json["message"]),
                         (503, "7", "not today"))
        self.assertEqual(self.get(self.path).status, 200)
        rule, = self.side("GET", "/faults")
        self.assertEqual((rule["met"], rule["struck"]), (3, 1))

    def test_cut_before_and_after(self):
        self.faults("POST /graphql at=1 cut-before", "POST /graphql at=2 cut-after")
        for _ in range(2):
            with self.assertRaises(HUNG_UP):
                self.graphql("{viewer{login}}")
        answer = self.graphql("{viewer{login} rateLimit{used}}")
        self.assertEqual(answer["data"]["viewer"]["login"], "ada")
        self.assertEqual(answer["data"]["rateLimit"]["used"], 2)  # the first was never done
        calls = self.calls()
        self.assertEqual((calls["total"], calls["cut"], calls["statuses"]), (3, 2, {"200": 1}))

    def test_truncate(self):
        self.faults("* truncate")
        with self.assertRaises(http.client.IncompleteRead) as cut:
            self.get(self.path)
        self.assertGreater(len(cut.exception.partial), 1000)
        self.faults("* truncate=10")
        with self.assertRaises(http.client.IncompleteRead) as cut:
            self.get(self.path)
        self.assertEqual(len(cut.exception.partial), 10)

    def test_garbage_html_and_noise(self):
        self.faults("* at=1 garbage", "* at=2 html=502", "* at=3 noise")
        reply = self.get(self.path)
        self.assertEqual((reply.status, reply.headers["content-type"]),
                         (200, "application/json; charset=utf-8"))
        with self.assertRaises(ValueError):
            json.loads(reply.raw)
        reply = self.get(self.path)
        self.assertEqual((reply.status, reply.headers["content-type"]),
                         (502, "text/html; charset=utf-8"))
        self.assertTrue(reply.raw.startswith(b"<!DOCTYPE html>"))
        with self.assertRaises(http.client.BadStatusLine):
            self.get(self.path)

    def test_a_connection_goes_stale(self):
        self.faults("* at=1 stale")
        connection = self.connect()
        self.assertEqual(self.ask("GET", self.path, connection=connection).status, 200)
        with self.assertRaises(HUNG_UP):
            self.ask("GET", self.path, connection=connection)
        self.assertEqual(self.calls()["total"], 1)  # what came over it was never read
        self.assertEqual(self.get(self.path).status, 200)

    def test_hang_until_released(self):
        for fault, done in ("hang", 0), ("hang-after", 1):
            self.side("POST", "/reset")
            self.faults(f"POST /graphql {fault}")
            answers = []
            thread = threading.Thread(target=lambda: answers.append(self.graphql("{viewer{login}}")))
            thread.start()
            self.until(lambda: self.calls()["total"] == 1, "the request is there")
            reply = self.get("/rate_limit")  # others are served meanwhile
            self.assertEqual(reply.json["resources"]["graphql"]["used"], done)
            self.assertEqual(answers, [])
            self.side("POST", "/release")
            thread.join(cli.PATIENCE)
            self.assertEqual(answers, [{"data": {"viewer": {"login": "ada"}}}])

    def test_it_ends_while_an_answer_hangs(self):
        self.faults("* hang")
        connection = self.connect()
        connection.request("GET", self.path, headers=fake.LOGIN)
        self.until(lambda: self.calls()["total"] == 1, "the request is there")
        self.stop(self.child)
        with self.assertRaises(HUNG_UP):
            connection.getresponse()

    def test_slow_comes_in_pieces(self):
        self.faults("* slow=7")
        with socket.create_connection(("127.0.0.1", self.port), timeout=cli.PATIENCE) as s:
            s.sendall(b"GET /versions HTTP/1.1\r\nHost: a\r\nUser-Agent: t\r\nConnection: close\r\n\r\n")
            pieces = []
            while piece := s.recv(65536):
                pieces.append(piece)
        body = b"".join(pieces).split(b"\r\n\r\n", 1)[1]
        self.assertEqual(json.loads(body), ["2026-03-10", "2022-11-28"])
        self.assertGreater(len(pieces), 2)

    def test_bomb(self):
        self.faults("* bomb=8")
        reply = self.get(self.path)
        self.assertLess(len(reply.raw), 100_000)
        self.assertEqual(len(reply.body), 8 << 20)

    def test_redirect(self):
        self.faults("* redirect=http://127.0.0.1:9/x?y=z")
        reply = self.get(self.path)
        self.assertEqual((reply.status, reply.headers["location"]), (302, "http://127.0.0.1:9/x?y=z"))

    def test_wrong_rules_change_nothing(self):
        self.faults("* status=500")
        for rules in (["* nothing"], ["* hang", "x"], [1], 5, None):
            self.side("POST", "/faults", {"rules": rules}, status=(400,))
        self.assertEqual([rule["rule"] for rule in self.side("GET", "/faults")], ["* status=500"])
        self.side("POST", "/faults", {"rules": "* at=9 hang", "add": True})
        self.assertEqual(len(self.side("GET", "/faults")), 2)
        self.side("POST", "/faults", {"rules": []})
        self.assertEqual(self.get(self.path).status, 200)


class Router(fake.Case):
    def test_latency_is_shared(self):
        """Sixteen at once wait together: all are in flight before the first is answered."""
        self.fake("--latency", "1h", "--limit", "concurrent=0")
        connections = [self.connect() for _ in range(16)]
        for connection in connections:
            connection.request("GET", "/versions", headers=fake.LOGIN)
        self.until(lambda: self.calls()["in_flight_most"] == 16, "all are there")
        self.side("POST", "/latency", {"ms": 1})
        self.assertEqual(self.get("/versions").status, 200)
        self.assertEqual(self.calls()["statuses"], {"200": 1})

    def test_the_clock_stands_and_moves(self):
        self.fake("--now", "2026-01-01T00:00:00Z")
        self.assertEqual(self.side("GET", "/clock"), {"now": "2026-01-01T00:00:00Z", "stands": True})
        self.assertEqual(self.get("/versions").headers["date"], "Thu, 01 Jan 2026 00:00:00 GMT")
        self.side("POST", "/clock", {"advance": "90s"})
        self.assertEqual(self.get("/versions").headers["date"], "Thu, 01 Jan 2026 00:01:30 GMT")
        self.side("POST", "/clock", {"now": "2026-02-01T00:00:00Z"})
        self.assertEqual(self.side("GET", "/clock")["now"], "2026-02-01T00:00:00Z")
        for wrong in {}, {"now": 5}, {"now": "soon"}, {"advance": "soon"}, {"advance": 9}:
            self.side("POST", "/clock", wrong, status=(400,))
        self.assertFalse(self.side("POST", "/clock", {"now": None})["stands"])
        self.side("POST", "/reset")
        self.assertEqual(self.side("GET", "/clock"), {"now": "2026-01-01T00:00:00Z", "stands": True})

    def test_two_runs_are_the_same(self):
        listings = []
        for seed in 1, 1, 2:
            self.fake("--now", "2026-01-01T00:00:00Z", "--seed", f"rows=40,seed={seed}")
            text = self.get("/orgs/acme/repos?per_page=100").body.decode()
            listings.append(text.replace(self.url, ""))
            self.stop(self.child)
        self.assertEqual(listings[0], listings[1])
        self.assertNotEqual(listings[0], listings[2])

    def test_calls_and_log(self):
        self.fake()
        self.get("/users/ada?a=b")
        self.get("/nothing")
        self.side("POST", "/log", {"bodies": True})
        self.graphql("{viewer{login}}")
        calls = self.calls()
        self.assertEqual(calls["calls"], {"GET /users/{user}": 1, "POST /graphql": 1,
                                          "no such route": 1})
        self.assertEqual(calls["statuses"], {"200": 2, "404": 1})
        log = self.side("GET", "/log")
        self.assertEqual(log[0], {"n": 1, "method": "GET", "path": "/users/ada", "query": "a=b",
                                  "status": 200})
        self.assertEqual(json.loads(log[2]["body"])["query"], "{viewer{login}}")
        self.side("POST", "/reset")
        self.assertEqual((self.calls()["total"], self.side("GET", "/log")), (0, []))

    def test_what_could_be_read_two_ways_is_not_read(self):
        self.fake()
        head = b"GET /versions HTTP/1.1\r\nUser-Agent: t\r\nConnection: close\r\n"
        for more in (b"", b"Host: a\r\nHost: b\r\n",
                     b"Host: a\r\nContent-Length: 0\r\nContent-Length: 0\r\n",
                     b"Host: a\r\nContent-Length: 0\r\nTransfer-Encoding: chunked\r\n"):
            got = self.raw(head + more + b"\r\n" + (b"0\r\n\r\n" if b"chunked" in more else b""))
            self.assertIn(b" 400 ", got.split(b"\r\n", 1)[0], more)
        self.assertIn(b" 200 ", self.raw(head + b"Host: a\r\n\r\n").split(b"\r\n", 1)[0])

    def test_a_page_in_a_browser_has_no_side_door(self):
        self.fake()
        reply = self.ask("POST", "/_fake/reset", {}, headers={"Origin": "http://evil.example"})
        self.assertEqual(reply.status, 400)
        self.assertEqual(self.ask("GET", "/_fake/nothing").status, 404)
        self.assertEqual(self.ask("GET", "/_fake/release").status, 404)

    def test_a_body_that_is_too_large(self):
        self.fake()
        reply = self.ask("POST", "/graphql", {"query": "x" * (17 << 20)})
        self.assertEqual(reply.status, 413)

    def test_gzip(self):
        self.fake()
        plain = self.get("/orgs/acme/repos")
        zipped = self.get("/orgs/acme/repos", Accept_Encoding="gzip")
        self.assertEqual(zipped.headers["content-encoding"], "gzip")
        self.assertLess(len(zipped.raw) * 5, len(plain.raw))
        self.assertEqual(zipped.body, plain.body)
        self.assertEqual(zipped.headers["etag"], "W/" + plain.headers["etag"])


if __name__ == "__main__":
    cli.main()
