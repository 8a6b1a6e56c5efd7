#!/usr/bin/env python3
"""test_codec_server.py PROGRAM - the official command line, on a real server, sees in clear what that
server keeps encrypted."""
import base64
import json
import sys
import unittest

import codec
import parts

parts.need_server()

# pylint: disable=wrong-import-position
import tap  # noqa: E402
import temporalserver  # noqa: E402

PROGRAM = sys.argv[1] if len(sys.argv) > 1 else "build/durable-sync"
STATE = '{"paused":false,"spec":{"key":"all"}}'


class CodecServer(unittest.TestCase):
    def test_the_command_line_shows_clear_text(self):
        token = "open sesame"
        with temporalserver.Server() as server, codec.Server(PROGRAM, codec.key(), token) as mine:
            through = ["--codec-endpoint", mine.url + "/{namespace}",
                       "--codec-auth", f"Bearer {token}"]
            server.cli("workflow", "start", "--workflow-id", "w", "--type", "T", "--task-queue", "q",
                       "--input", STATE, "--memo", 'unit="all"', *through)
            server.cli("workflow", "signal", "--workflow-id", "w", "--name", "sync_now",
                       "--input", '["a"]', *through)
            started, *_, signaled = server.history("w")
            self.assert_sealed(started["workflowExecutionStartedEventAttributes"]["input"])
            self.assert_sealed(signaled["workflowExecutionSignaledEventAttributes"]["input"])
            shown = server.json("workflow", "show", "--workflow-id", "w", *through)["events"]
            self.assertEqual(self.clear(shown[0]["workflowExecutionStartedEventAttributes"]["input"]),
                             [json.loads(STATE)])
            self.assertEqual(self.clear(shown[-1]["workflowExecutionSignaledEventAttributes"]["input"]),
                             [["a"]])

    def assert_sealed(self, payloads):
        for payload in payloads["payloads"]:
            self.assertEqual(base64.b64decode(payload["metadata"]["encoding"]), b"binary/encrypted")

    @staticmethod
    def clear(payloads):
        return [json.loads(base64.b64decode(payload["data"])) for payload in payloads["payloads"]]


if __name__ == "__main__":
    tap.main(sys.argv[:1])
