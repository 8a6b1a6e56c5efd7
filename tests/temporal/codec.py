"""A codec server of the program under test, and payloads through it."""
import base64
import http.client
import json
import os
import subprocess
import urllib.parse

PATIENCE = 120


def key():
    return base64.b64encode(os.urandom(32)).decode()


def payload(encoding, data, **metadata):
    """In protobuf's JSON."""
    metadata = {"encoding": encoding, **metadata}
    return {"metadata": {name: base64.b64encode(value.encode()).decode()
                         for name, value in metadata.items()},
            "data": base64.b64encode(data).decode()}


class Server:
    def __init__(self, program, keys, token=None):
        env = {**os.environ, "DURABLE_SYNC_ENC_KEY": keys, "DURABLE_SYNC_CODEC_TOKEN": token or ""}
        self.child = subprocess.Popen(  # pylint: disable=consider-using-with
            [program, "--json", "codec-server", "--port", "0"], env=env, text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        self.url = json.loads(self.child.stdout.readline())["url"]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.child.terminate()
        self.child.communicate(timeout=PATIENCE)
        assert self.child.returncode == 0, self.child.returncode

    def turn(self, what, payloads):
        place = urllib.parse.urlsplit(self.url)
        link = http.client.HTTPConnection(place.hostname, place.port, timeout=PATIENCE)
        try:
            link.request("POST", f"/{what}", json.dumps({"payloads": payloads}))
            answer = link.getresponse()
            body = answer.read()
            assert answer.status == 200, body
            return json.loads(body)["payloads"]
        finally:
            link.close()

    def encode(self, *payloads):
        return self.turn("encode", payloads)

    def decode(self, *payloads):
        return self.turn("decode", payloads)
