#!/usr/bin/env python3
"""test_transport.py PROGRAM - calls to a real server: many at once, refused ones, a server that sends
its clients away, one that is stopped and started, one that dies."""
import re
import subprocess
import sys
import unittest

import parts

parts.need_server()

# pylint: disable=wrong-import-position
import tap  # noqa: E402
import temporalserver  # noqa: E402

PROGRAM = sys.argv[1]
PATIENCE = 180  # seconds until something that must come counts as failed


def figures(line):
    found = {name: int(value) for name, value in re.findall(r"(\w+)=(\d+)", line)}
    if "ok" not in found:
        raise AssertionError(line)
    return found


class Live:
    """Calls and polls without end, in a process of their own."""

    def __init__(self, server):
        self.process = subprocess.Popen(  # pylint: disable=consider-using-with
            [PROGRAM, server.address, "live"], text=True, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE)
        self.last = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait(PATIENCE)

    def until(self, what, number):
        """What has been counted once there are so many."""
        print(what, number, file=self.process.stdin, flush=True)
        for line in self.process.stdout:
            if line.startswith("ok="):
                self.last = figures(line)
                return self.last
            raise AssertionError(line)
        raise AssertionError("the program has ended")

    def more(self, number):
        return self.until("ok", (self.last["ok"] if self.last else 0) + number)


def run(server, mode):
    return subprocess.run([PROGRAM, server.address, mode], text=True, capture_output=True, check=True,
                          timeout=PATIENCE).stdout.splitlines()


class Transport(unittest.TestCase):
    def test_fifty_polls_at_once_and_what_is_refused(self):
        with temporalserver.Server() as server:
            lines = run(server, "many")
            missing, unknown, short, large, fine = run(server, "refusals")
        self.assertEqual(len(lines), 1, lines)
        found = figures(lines[0])
        self.assertEqual((found["ok"], found["failed"], found["resent"]), (50, 0, 0))
        self.assertRegex(missing, r'^5 NamespaceNotFoundFailure: there is no namespace "default" at ')
        self.assertRegex(unknown, r"^12 : 127.0.0.1:\d+ does not know NoSuchMethod: ")
        self.assertRegex(short, r"^9 : .*Context timeout is too short")
        self.assertRegex(large, r"^8 : .*larger than max")
        self.assertEqual(fine, "0")  # and the connection goes on

    def test_a_server_that_sends_its_clients_away(self):
        """No call is lost, whatever was under way."""
        config = {"frontend.keepAliveMaxConnectionAge": "1s",
                  "frontend.keepAliveMaxConnectionAgeGrace": "70s"}
        with temporalserver.Server(config=config) as server, Live(server) as live:
            found = live.until("goaways", 4)
        self.assertGreaterEqual(found["connections"], 4)
        self.assertEqual((found["lost"], found["other"], found["failed"]), (0, 0, 0))

    def test_a_server_that_stops_and_dies(self):
        """What was under way is said to be lost, and all goes on once the server is there again."""
        with temporalserver.Server(keep=True) as server, Live(server) as live:
            live.more(100)
            for end in (server.stop, server.kill):
                end()
                server.start()
                live.more(100)
        self.assertEqual(live.last["other"], 0)
        self.assertGreaterEqual(live.last["lost"], 1)


if __name__ == "__main__":
    tap.main()
