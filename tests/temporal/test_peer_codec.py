#!/usr/bin/env python3
"""test_peer_codec.py PROGRAM - the codec of the Python program of the same name decrypts ours, and ours
its."""
import asyncio
import base64
import json
import os
import sys
import unittest

import codec
import parts

parts.enter(parts.PEER)

# pylint: disable=wrong-import-position,import-error
from google.protobuf import json_format  # noqa: E402
from temporalio.api.common.v1 import Payload  # noqa: E402
import durable_sync.codec as peer  # noqa: E402
import tap  # noqa: E402

PROGRAM = sys.argv[1] if len(sys.argv) > 1 else "build/durable-sync"
CLEAR = [codec.payload("json/plain", b'{"a":[1,2,"\\u00e9"]}'), codec.payload("binary/null", b""),
         codec.payload("json/protobuf", b"{}", messageType="temporal.api.common.v1.Memo"),
         codec.payload("binary/plain", bytes(range(256)) * 4000), codec.payload("json/plain", b'""')]


def messages(payloads):
    return [json_format.ParseDict(p, Payload()) for p in payloads]


def dicts(payloads):
    return [{"data": "", **json_format.MessageToDict(p)} for p in payloads]


def encrypted_in(value):
    """Every encrypted payload in a history."""
    if isinstance(value, dict):
        encoding = base64.b64decode(value.get("metadata", {}).get("encoding", "")) \
            if isinstance(value.get("metadata"), dict) else b""
        if encoding == b"binary/encrypted":
            yield value
            return
        value = list(value.values())
    if isinstance(value, list):
        for inner in value:
            yield from encrypted_in(inner)


class Codec(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.key = codec.key()
        os.environ["DURABLE_SYNC_ENC_KEY"] = self.key
        self.peer = peer.encryption_codec()

    def test_theirs_decrypts_ours(self):
        with codec.Server(PROGRAM, self.key) as server:
            sealed = server.encode(*CLEAR)
        opened = asyncio.run(self.peer.decode(messages(sealed)))
        self.assertEqual(opened, messages(CLEAR))

    def test_ours_decrypts_theirs(self):
        sealed = asyncio.run(self.peer.encode(messages(CLEAR)))
        with codec.Server(PROGRAM, codec.key() + "," + self.key) as server:
            opened = server.decode(*dicts(sealed))
        self.assertEqual(messages(opened), messages(CLEAR))

    def test_ours_decrypts_the_history_that_it_wrote(self):
        folder = parts.DATA / "histories"
        history = json.loads((folder / "09-encrypted.json").read_text())
        sealed = list(encrypted_in(history))
        self.assertGreater(len(sealed), 10)
        with codec.Server(PROGRAM, (folder / "09-encrypted.key").read_text().strip()) as server:
            opened = server.decode(*sealed)
        self.assertEqual(list(encrypted_in(opened)), [])
        for payload in opened:
            encoding = base64.b64decode(payload["metadata"]["encoding"])
            data = base64.b64decode(payload["data"])
            if encoding == b"json/plain":
                json.loads(data)
            else:
                self.assertEqual((encoding, data), (b"binary/null", b""))


if __name__ == "__main__":
    tap.main(sys.argv[:1])
