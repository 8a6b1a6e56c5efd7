"""A stand-in that the program runs, and what talks to it: with http.client, or byte by byte."""
import gzip
import http.client
import json
import socket

import cli

LOGIN = {"Authorization": "Bearer t", "User-Agent": "test"}


class Reply:
    def __init__(self, response):
        self.status = response.status
        self.headers = response.headers
        self.raw = response.read()

    @property
    def body(self):
        return gzip.decompress(self.raw) if self.headers["content-encoding"] == "gzip" else self.raw

    @property
    def json(self):
        return json.loads(self.body)


class Case(cli.Case):
    KIND = "github"

    def fake(self, *args):
        """Starts one; the test ends it."""
        self.child = self.spawn("--json", "fake", self.KIND, *args)
        line = self.child.stdout.readline()
        if not line:
            self.fail("it left: " + self.child.communicate()[1])
        self.url = json.loads(line)["url"]
        self.port = int(self.url.rsplit(":", 1)[1])

    def connect(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=cli.PATIENCE)
        self.addCleanup(connection.close)
        return connection

    def ask(self, method, path, body=None, headers=None, connection=None):
        own = connection or self.connect()
        text = json.dumps(body) if body is not None else None
        own.request(method, path, text, LOGIN if headers is None else headers)
        reply = Reply(own.getresponse())
        if connection is None:
            own.close()
        return reply

    def get(self, path, **headers):
        more = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.ask("GET", path, headers={**LOGIN, **more})

    def side(self, method, path, body=None, status=(200, 201, 204)):
        reply = self.ask(method, "/_fake" + path, body, headers={})
        self.assertIn(reply.status, status, reply.raw)
        return reply.json if reply.raw else None

    def faults(self, *rules):
        self.side("POST", "/faults", {"rules": list(rules)})

    def calls(self):
        return self.side("GET", "/calls")

    def raw(self, text):
        """Sends bytes, and reads until the other side closes."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=cli.PATIENCE) as s:
            s.sendall(text)
            got = b""
            while piece := s.recv(65536):
                got += piece
            return got

    def graphql(self, query, status=200, **variables):
        reply = self.ask("POST", "/graphql", {"query": query, "variables": variables})
        self.assertEqual(reply.status, status, reply.raw)
        return reply.json
