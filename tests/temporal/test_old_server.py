#!/usr/bin/env python3
"""A server that is older than what is asked of it: whoever would work there is told, and leaves nothing.
And one that is not ready yet."""
import socket

import parts  # noqa: F401  (makes the way to the others)
from cli import PATIENCE, SIMPLE, Case, main
import grpcserver

VERSION = b"1.19.1"
UNAVAILABLE = 14
INFO = b"\x0a" + bytes([len(VERSION)]) + VERSION  # GetSystemInfoResponse.server_version, no capabilities


class OldServer(Case):
    def setUp(self):
        super().setUp()
        server = grpcserver.Server(INFO)
        self.addCleanup(server.close)
        self.env.update(TEMPORAL_ADDRESS=server.address, TEMPORAL_CONFIG_FILE=str(self.write("none.toml", "")))
        self.sentence = f"the server at {server.address} is too old: version 1.19.1"
        self.config("engine: temporal\n" + SIMPLE)
        self.rows(1)

    def test_a_worker_refuses_it(self):
        before = self.files()
        for words in ((), ("--no-start",)):
            refused = self.run_it("run", *words, code=2)
            self.assertIn(f"durable-sync: {self.sentence}; use a server of version 1.20 or later\n", refused.err)
        self.assertEqual(self.files(), before)

    def test_a_store_that_was_there_stays(self):
        self.config()
        self.once()
        self.config("engine: temporal\n" + SIMPLE)
        self.run_it("run", code=2)
        self.assertEqual(self.query("SELECT count(*) FROM run", "durable-sync.db"), [(1,)])

    def test_it_is_found_before(self):
        for command in ("check", "doctor"):
            said = self.run_it(command, code=2).out
            self.assertIn(self.sentence, said)
            self.assertIn("use a server of version 1.20 or later", said)
            self.assertNotIn("no worker", said)

    def test_a_watchdog_is_fed_while_it_is_away(self):
        server = grpcserver.Server(status=UNAVAILABLE)
        self.addCleanup(server.close)
        manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(manager.close)
        manager.bind(str(self.dir / "notify"))
        manager.settimeout(PATIENCE)
        self.env.update(TEMPORAL_ADDRESS=server.address, WATCHDOG_USEC="180000000",
                        NOTIFY_SOCKET=str(self.dir / "notify"))
        child = self.spawn("run")
        for word in (b"READY=1", b"WATCHDOG=1", b"WATCHDOG=1"):
            while word not in manager.recv(4096):
                pass
        self.stop(child)


if __name__ == "__main__":
    main()
