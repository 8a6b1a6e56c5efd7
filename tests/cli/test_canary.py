#!/usr/bin/env python3
"""test_canary.py PROGRAM - no secret gets out: seven are planted, everything goes wrong, and all that the
program says, keeps and would leave behind is searched for them."""
import base64
import http.server
import json
import os
import pathlib
import signal
import socket
import threading
import unittest
import urllib.request

import cli

SECRETS = {
    "github": "ghp_cAnArYg1thub1ab3",
    "notion": "ntn_cAnArYn0tion2cd4",
    "postgresql": "cAnArYp0stgres3ef5",
    "proxy": "cAnArYpr0xy4gh6",
    "hook": "cAnArYh00kpath5ij7",
    "bearer": "cAnArYb3arer6kl8",
    "command": "ghp_cAnArYc0mmand7mn9",
}
# How each may be written: as it is, and as a login travels.
FORMS = {name: {text.encode(), base64.b64encode(b"u:" + text.encode())} for name, text in SECRETS.items()}
FORMS["github"].add(base64.b64encode(SECRETS["github"].encode()))

# Of the organisation of this name each request goes wrong in this way.
RULES = {"f500": "status=500", "f502": "html=502", "f403": "status=403", "f404": "status=404",
         "fbefore": "cut-before", "fafter": "cut-after", "fhalf": "truncate=20", "fbytes": "garbage",
         "fnoise": "noise", "fslow": "slow=4096", "flimit": "status=429 retry-after=3600",
         "faway": "redirect={echo}/away/{told}"}
WRITES = ("status=500", "cut-after", "garbage", "status=400 message={told}", "truncate=20")
TELLTALES = ("s500", "s403", "s401", "s302", "s422")  # of the server that tells secrets back

COMMANDS = (["status"], ["check", "ts403", "proxied"], ["plan", "ts403", "proxied"], ["doctor"], ["accounts"], ["held"], ["history"], ["connectors"],
            ["explain", "writes", "k1"], ["try", "writes"], ["schema", "writes"], ["schema", "config"])


class Echo:
    """Says back whatever it was told of a login, in each answer: as an API, as a proxy, as a hook."""

    def __init__(self):
        self.heard = set()  # secrets that arrived, so that they were truly in use
        self.mute = False

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                echo.answer(self)

            do_POST = do_GET

            def log_message(self, *args):
                pass

        echo = self
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,))
        self.thread.start()

    def answer(self, request):
        request.rfile.read(int(request.headers.get("content-length", 0)))
        told = " ".join([request.path, request.headers.get("authorization", ""),
                         request.headers.get("proxy-authorization", "")])
        for word in told.split():
            try:
                told += " " + base64.b64decode(word, validate=True).decode()
            except ValueError:
                pass
        self.heard |= {name for name, text in SECRETS.items() if text in told}
        mode = request.path.split("/")[1]
        status = int(mode[1:]) if mode in TELLTALES else 407 if request.path.startswith("http") else 500
        if self.mute:
            told = "nothing"
        body = json.dumps({"message": "you said " + told}).encode()
        request.send_response(status)
        request.send_header("content-type", "application/json")
        request.send_header("content-length", str(len(body)))
        request.send_header("location", "http://127.0.0.2:9/" + told.replace(" ", "/"))
        request.end_headers()
        request.wfile.write(body)

    def close(self):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


class Canary(cli.Case):
    def setUp(self):
        super().setUp()
        self.echo = Echo()
        self.addCleanup(self.echo.close)
        self.found = []
        self.env["GITHUB_TOKEN"] = SECRETS["github"]
        self.env["PROXY_PASSWORD"] = SECRETS["proxy"]
        self.env["HOOK"] = f"{self.echo.url}/hook/{SECRETS['hook']}"
        self.planted = {self.write("notion.token", SECRETS["notion"] + "\n"),
                        self.write("bearer.txt", SECRETS["bearer"]),
                        self.write("command.txt", SECRETS["command"] + "\n")}
        self.write("in.jsonl", "".join(json.dumps({"id": f"k{i}", "Name": f"n{i}"}) + "\n" for i in range(10)))

    # -- the two stand-ins, and the configuration

    def stand_in(self, kind, *rules):
        child = self.spawn("--json", "fake", kind, "--seed", "rows=5", "--faults", ";".join(rules))
        return json.loads(child.stdout.readline())["url"]

    @staticmethod
    def table(notion):
        with urllib.request.urlopen(notion + "/_fake/state", timeout=cli.PATIENCE) as answer:
            bases = {base["title"]: base for base in json.load(answer)["databases"]}
        return bases["Repositories"]["data_sources"][0]["id"]

    def routes(self, github, notion, rules=RULES):
        port = self.echo.server.server_port
        lines = [
            "accounts:",
            f"  github: {{kind: github, token: '${{GITHUB_TOKEN}}', base_url: '{github}'}}",
            f"  other: {{kind: github, token: '${{command:cat command.txt}}', base_url: '{github}'}}",
            f"  notion: {{kind: notion, token: '${{file:notion.token}}', base_url: '{notion}'}}",
            "notify: {url: '${HOOK}', token: '${file:bearer.txt}', on: [paused, held]}",
            "routes:"]

        def route(name, source, destination="kind: sqlite, path: out.db, table: %s, key: key, create_table: true"):
            lines.append(f"  {name}: {{every: 1d, source: {{{source}}}, destination: "
                         f"{{{destination % name if '%s' in destination else destination}}}}}")

        for name in rules:
            account = "other" if name == "flimit" else "github"  # a limit is the whole credential's
            route(name, f"kind: github, account: {account}, orgs: [{name}]")
        for name in TELLTALES:
            route("t" + name, f"kind: github, token: '${{command:cat command.txt}}', orgs: [acme], "
                              f"base_url: '{self.echo.url}/{name}'")
        route("proxied", f"kind: github, token: '${{GITHUB_TOKEN}}', base_url: '{github}', orgs: [acme], "
                         f"proxy: 'http://u:${{PROXY_PASSWORD}}@127.0.0.1:{port}'")
        route("writes", "kind: file, path: in.jsonl, key: id",
              f"kind: notion, account: notion, data_source: {self.table(notion)}, key: Repo ID")
        route("tables", "kind: file, path: in.jsonl, key: id",
              f"kind: postgresql, url: 'postgresql://u:{SECRETS['postgresql']}@127.0.0.1:{port}/d', "
              "table: t, key: id")
        self.planted.add(self.config("\n".join(lines) + "\n"))

    def everything_wrong(self):
        told = SECRETS["github"]
        rules = [f"GET /orgs/{name}/* " + rule.format(echo=self.echo.url, told=told)
                 for name, rule in RULES.items()]
        writes = [f"POST /v1/pages at={2 * i + 1} " + rule.format(told=SECRETS["notion"])
                  for i, rule in enumerate(WRITES)]
        notion = self.stand_in("notion", *writes)
        self.routes(self.stand_in("github", *rules), notion)
        self.notion = notion

    # -- the search

    def search(self, where, data):
        data = data.encode() if isinstance(data, str) else data
        self.found += [f"{name} in {where}" for name, forms in FORMS.items()
                       if any(form in data for form in forms)]

    def say(self, *args, code=None):
        for more in ([], ["--json"]):
            answer = self.run_it("-v", "--log-format", "json", *more, *args, code=code)
            self.search(f"stdout of {args}", answer.out)
            self.search(f"stderr of {args}", answer.err)

    def search_files(self):
        for path in self.dir.rglob("*"):
            if path.is_file() and path not in self.planted:
                self.search(path.name, path.read_bytes())

    def search_socket(self):
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(cli.PATIENCE)
            s.connect(str(self.dir / "durable-sync.db.sock"))
            for cmd in ("hello", "status", "history", "nonsense"):
                s.sendall(json.dumps({"cmd": cmd}).encode() + b"\n")
                got = b""
                while not got.endswith(b"\n"):
                    piece = s.recv(65536)
                    if not piece:
                        return
                    got += piece
                self.search(f"the control socket's {cmd}", got)

    # -- the tests

    def test_nothing_that_goes_wrong_tells_a_secret(self):
        self.everything_wrong()
        done = self.run_it("-v", "--log-format", "json", "--json", "once", code=None)
        self.search("stdout of once", done.out)
        self.search("stderr of once", done.err)
        outcomes = {p["route"]: p["outcome"] for p in done.json["passes"]}
        self.assertEqual(len(outcomes), len(RULES) + len(TELLTALES) + 3, done.out + done.err)
        self.assertGreaterEqual(set(outcomes.values()), {"failed", "paused", "partial"}, outcomes)
        self.assertEqual(self.echo.heard, {"github", "command", "proxy", "hook", "bearer"})
        self.search_files()
        for command in COMMANDS:
            self.say(*command)
        self.search_files()
        self.assertEqual(self.found, [])

    def test_a_secret_that_is_told_is_found(self):
        self.everything_wrong()
        text = (self.dir / "durable-sync.yaml").read_text()
        head = text.rsplit("  tables:", 1)[0]
        self.config(head + "  told: {source: {kind: file, path: in.jsonl, key: id}, destination: {kind: sqlite, "
                    "path: told.db, table: t, key: id, create_table: true}, fields: {x: {value: "
                    "'${GITHUB_TOKEN}'}}}\n")
        self.say("try", "told")
        self.say("once", "told")
        self.search_files()
        self.assertTrue(any("stdout" in place for place in self.found), self.found)
        self.assertTrue(any("told.db" in place for place in self.found), self.found)

    def memory_of(self, pid):
        """What a core dump would hold: all that is written to, but for what is marked to be left out."""
        maps, whole, at = [], {}, None
        for line in pathlib.Path(f"/proc/{pid}/smaps").read_text().splitlines():
            first = line.split()[0]
            if "-" in first and not first.endswith(":"):
                at = line
            elif first == "VmFlags:":
                whole[at] = line.split()[1:]
        for line, flags in whole.items():
            span, rights = line.split()[:2]
            if rights[:2] == "rw" and "dd" not in flags:
                maps.append([int(end, 16) for end in span.split("-")] + [line])
        with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
            for start, end, line in maps:
                memory.seek(start)
                yield line, memory.read(end - start)

    def hanging_daemon(self):
        self.everything_wrong()
        self.routes(self.stand_in("github", "* hang"), self.notion, rules=["f500"])
        child = self.daemon()
        self.until(lambda: {"proxy", "hook"} <= self.echo.heard, "secrets are in use")
        self.until(lambda: any(u["running"] for u in self.units()), "a request hangs")
        return child

    def test_a_daemon_that_is_looked_into(self):
        self.echo.mute = True  # what a server said would be found, not what we keep
        child = self.hanging_daemon()
        self.search_socket()
        for name in ("cmdline", "environ"):
            try:
                self.search(name, pathlib.Path(f"/proc/{child.pid}/{name}").read_bytes())
            except PermissionError:
                self.assertNotEqual((name, os.geteuid()), ("cmdline", 0))
        if not cli.SANITIZED:
            try:
                for line, data in self.memory_of(child.pid):
                    self.search(f"memory {line}", data)
                # libpq keeps copies of what it is given, where it likes.
                self.found = [place for place in self.found if not place.startswith("postgresql in memory")]
            except PermissionError:  # that nobody may read it is as good
                self.assertNotEqual(os.geteuid(), 0)
        self.search("the daemon's log", self.stop(child))
        self.assertEqual(self.found, [])

    @unittest.skipIf(cli.SANITIZED, "a sanitizer looks into its process")
    def test_dying_it_leaves_no_core(self):
        child = self.hanging_daemon()
        child.send_signal(signal.SIGABRT)
        pid, status = os.waitpid(child.pid, 0)
        child.returncode = -signal.SIGABRT
        self.assertEqual(os.WTERMSIG(status), signal.SIGABRT)
        self.assertFalse(os.WCOREDUMP(status))
        self.search_files()
        self.assertEqual(self.found, [])


if __name__ == "__main__":
    cli.main()
