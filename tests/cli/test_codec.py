#!/usr/bin/env python3
"""test_codec.py PROGRAM - keys, and the server that decrypts for operators."""
import base64
import http.client
import json
import signal
import socket
import urllib.parse

import cli

CLEAR = {"metadata": {"encoding": "anNvbi9wbGFpbg=="}, "data": "ImhlbGxvIg=="}
KEY = base64.b64encode(bytes(range(32))).decode()
ENCRYPTED = base64.b64encode(b"binary/encrypted").decode()


class Keygen(cli.Case):
    def test_each_key_is_another_one(self):
        keys = {self.run_it("keygen").out.strip() for _ in range(5)}
        self.assertEqual(len(keys), 5)
        for key in keys:
            self.assertEqual(len(base64.b64decode(key, validate=True)), 32)

    def test_as_json(self):
        self.assertEqual(len(base64.b64decode(self.run_it("--json", "keygen").json["key"])), 32)


class Server(cli.Case):
    def setUp(self):
        super().setUp()
        self.env["DURABLE_SYNC_ENC_KEY"] = KEY
        self.child = self.url = None

    def start(self, *args):
        self.child = self.spawn("--json", "codec-server", "--port", "0", *args)
        line = self.child.stdout.readline()
        self.assertTrue(line, "it left")
        self.url = urllib.parse.urlsplit(json.loads(line)["url"])

    def call(self, method, path, body=None, **headers):
        link = http.client.HTTPConnection(self.url.hostname, self.url.port, timeout=cli.PATIENCE)
        self.addCleanup(link.close)
        link.request(method, path, body, {"Content-Type": "application/json", **headers})
        answer = link.getresponse()
        return answer.status, answer.headers, answer.read().decode()

    def turn(self, path, *payloads, **headers):
        status, _, body = self.call("POST", path, json.dumps({"payloads": payloads}), **headers)
        self.assertEqual(status, 200, body)
        return json.loads(body)["payloads"]

    def test_there_and_back(self):
        self.start()
        sealed = self.turn("/encode", CLEAR, CLEAR)
        self.assertEqual([p["metadata"] for p in sealed], [{"encoding": ENCRYPTED}] * 2)
        self.assertNotEqual(sealed[0]["data"], sealed[1]["data"])
        self.assertEqual(self.turn("/my-namespace/decode", *sealed, CLEAR), [CLEAR] * 3)
        self.assertEqual(self.stop(self.child), "")

    def test_another_ones_payloads_stay_and_are_said(self):
        self.start()
        sealed = self.turn("/encode", CLEAR)
        self.stop(self.child)
        self.env["DURABLE_SYNC_ENC_KEY"] = self.run_it("keygen").out.strip()
        self.start()
        self.assertEqual(self.turn("/decode", *sealed), sealed)
        self.assertIn("no key opens 1 of 1 payloads", self.stop(self.child))

    def test_keys_that_are_no_variable(self):
        """In each form that the configuration takes; the token likewise."""
        del self.env["DURABLE_SYNC_ENC_KEY"]
        self.write("key", KEY + "\n")
        self.write("token", "open sesame\n")
        self.env["CREDENTIALS_DIRECTORY"] = str(self.dir)
        engine = "engine: {kind: temporal, encryption_key: '${file:key}'}\n"
        self.write("keyed.yaml", engine + cli.SIMPLE)
        sealed = None
        for args in (("--key", "${file:key}"), ("--key", "${credential:key}"), ("--key", "${command:cat key}"),
                     ("-c", "keyed.yaml")):
            self.start(*args, "--token", "${file:token}")
            self.assertEqual(self.call("POST", "/decode", "{}")[0], 401)
            login = {"Authorization": "Bearer open sesame"}
            sealed = sealed or self.turn("/encode", CLEAR, **login)
            self.assertEqual(self.turn("/decode", *sealed, **login), [CLEAR], args)
            self.stop(self.child)

    def test_keys_that_are_not_there(self):
        del self.env["DURABLE_SYNC_ENC_KEY"]
        self.write("empty", "")
        for args, says in ((("--key", KEY), "everybody on this machine could read it"),
                           (("--key", "${file:nowhere}"), "nowhere: No such file"),
                           (("--key", "${file:empty}"), "--key: it is empty"),
                           (("--key", "${NO_SUCH}"), "NO_SUCH is not set"),
                           (("-c", "nowhere.yaml"), "nowhere.yaml")):
            told = self.run_it("codec-server", *args, code=2).err
            self.assertIn(says, told)
            self.assertNotIn(KEY, told)

    def test_a_rotation(self):
        self.start()
        old = self.turn("/encode", CLEAR)
        self.stop(self.child)
        new_key = self.run_it("keygen").out.strip()
        self.env["DURABLE_SYNC_ENC_KEY"] = f"{new_key}, {KEY}\n"
        self.start()
        new = self.turn("/encode", CLEAR)
        self.assertEqual(self.turn("/decode", *old, *new), [CLEAR, CLEAR])
        self.stop(self.child)
        self.env["DURABLE_SYNC_ENC_KEY"] = KEY
        self.start()
        self.assertEqual(self.turn("/decode", *old, *new), [CLEAR, *new])
        self.stop(self.child)

    def test_pages_of_the_named_origin_alone(self):
        self.start("--origin", "https://ui.example:8080,http://localhost:8233")
        for origin in "https://ui.example:8080", "http://localhost:8233":
            status, headers, body = self.call(
                "OPTIONS", "/decode", Origin=origin,
                **{"Access-Control-Request-Method": "POST",
                   "Access-Control-Request-Headers": "content-type,x-namespace"})
            self.assertEqual((status, body), (204, ""))
            self.assertEqual(headers["Access-Control-Allow-Origin"], origin)
            self.assertEqual(headers["Access-Control-Allow-Methods"], "POST, OPTIONS")
            self.assertIn("x-namespace", headers["Access-Control-Allow-Headers"])
            status, headers, _ = self.call("POST", "/decode", "{}", Origin=origin)
            self.assertEqual((status, headers["Access-Control-Allow-Origin"]), (200, origin))
            self.assertEqual(headers["Vary"], "Origin")
        status, headers, _ = self.call("POST", "/decode", "{}", Origin="http://elsewhere.example")
        self.assertEqual(status, 403)
        self.assertIsNone(headers["Access-Control-Allow-Origin"])

    def test_with_a_token_it_may_listen_elsewhere(self):
        refused = self.run_it("codec-server", "--host", "0.0.0.0", "--port", "0", code=2)
        self.assertIn("DURABLE_SYNC_CODEC_TOKEN", refused.err)
        self.env["DURABLE_SYNC_CODEC_TOKEN"] = "open sesame"
        self.start()
        status, headers, _ = self.call("POST", "/decode", "{}")
        self.assertEqual((status, headers["WWW-Authenticate"]), (401, "Bearer"))
        self.assertEqual(self.turn("/decode", CLEAR, Authorization="Bearer open sesame"), [CLEAR])
        self.assertEqual(self.stop(self.child), "")

    def test_over_ipv6(self):
        with socket.socket(socket.AF_INET6) as s:
            try:
                s.bind(("::1", 0))
            except OSError:
                self.skipTest("no IPv6 here")
        self.start("--host", "::1")
        self.assertEqual(self.url.hostname, "::1")
        self.assertEqual(self.turn("/decode", CLEAR), [CLEAR])

    def test_a_large_history_and_a_body_too_large(self):
        self.start()
        large = {"metadata": CLEAR["metadata"], "data": base64.b64encode(b"x" * 1500000).decode()}
        sealed = self.turn("/encode", *[large] * 5)
        self.assertEqual(self.turn("/decode", *sealed), [large] * 5)
        status, _, body = self.call("POST", "/decode", b" " * (16 * 1024 * 1024 + 1))
        self.assertEqual((status, body), (413, "the body is too large\n"))

    def test_ends_when_told_whoever_is_connected(self):
        for number in signal.SIGTERM, signal.SIGINT:
            self.start()
            with socket.create_connection((self.url.hostname, self.url.port)) as link:
                link.sendall(b"POST /decode HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
                self.assertEqual(self.stop(self.child, number), "")

    def test_what_cannot_be_is_refused(self):
        for args, says in (
                (["--port", "65536"], "--port is from 0 to 65535"),
                (["--host", "localhost"], 'an address, as 127.0.0.1 or ::1, not "localhost"'),
                (["--host", "127.0.0.300"], "--host is an address"),
                (["--origin", "*"], "an origin is a scheme"),
                (["word"], "codec-server")):
            self.assertIn(says, self.run_it("codec-server", *args, code=2).err)
        for key, says in (("", "there is no key, and without one"), ("abc", "key 1 of"),
                          (KEY + ",", "key 2 of")):
            self.env["DURABLE_SYNC_ENC_KEY"] = key
            answer = self.run_it("codec-server", "--port", "0", code=2)
            self.assertIn(says, answer.err)
            self.assertNotIn(KEY[:8], answer.err)

    def test_a_port_that_is_taken(self):
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            s.listen()
            port = str(s.getsockname()[1])
            answer = self.run_it("codec-server", "--port", port, code=2)
        self.assertIn(f"cannot listen on 127.0.0.1 port {port}", answer.err)


if __name__ == "__main__":
    cli.main()
