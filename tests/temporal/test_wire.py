#!/usr/bin/env python3
"""test_wire.py WIRE_TURN PROTO... - our messages and the official ones, through the official Python
package: numbers and types of the schema, bytes in both directions, and calls as they were recorded."""
import base64
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

import parts

parts.enter(parts.SDK)

# pylint: disable=wrong-import-position,import-error
from google.protobuf import descriptor, descriptor_pb2, descriptor_pool, message_factory  # noqa: E402
import google.protobuf.duration_pb2  # noqa: E402,F401
import google.protobuf.field_mask_pb2  # noqa: E402,F401
import google.protobuf.wrappers_pb2  # noqa: E402,F401
import temporalio.api.errordetails.v1  # noqa: E402,F401
import temporalio.api.operatorservice.v1  # noqa: E402,F401
import temporalio.api.workflowservice.v1  # noqa: E402,F401
import tap  # noqa: E402

PACKAGES = [f"temporal.api.{name}.v1" for name in (
    "workflowservice", "common", "history", "command", "failure", "taskqueue", "enums", "namespace",
    "query", "workflow", "sdk", "worker", "deployment", "errordetails", "operatorservice")]
PACKAGES += ["google.protobuf"]
# Ours alone knows these: they belong to gRPC, or stand for what is not read.
NOT_OFFICIAL = {"Status", "HealthCheckRequest", "HealthCheckResponse", "Ignored"}
POOL = descriptor_pool.Default()
TURN = PROTOS = None
F = descriptor.FieldDescriptor
STATUS_DEPTH = 12


def official(name):
    """The descriptor of a message or enum, which may be nested (A.B)."""
    for package in PACKAGES:
        for find in POOL.FindMessageTypeByName, POOL.FindEnumTypeByName:
            try:
                return find(f"{package}.{name}")
            except KeyError:
                pass
    raise KeyError(name)


def ours():
    """Our schema as protoc understands it: messages and enums by their names."""
    with tempfile.NamedTemporaryFile() as out:
        folder = pathlib.Path(PROTOS[0]).parent
        subprocess.run(["protoc", f"-I{folder}", f"--descriptor_set_out={out.name}", *PROTOS],
                       check=True)
        files = descriptor_pb2.FileDescriptorSet.FromString(pathlib.Path(out.name).read_bytes())
    messages, enums = {}, {}

    def add(prefix, message):
        name = prefix + message.name
        messages[name] = message
        for inner in message.nested_type:
            add(name + ".", inner)
        for enum in message.enum_type:
            enums[f"{name}.{enum.name}"] = enum

    for file in files.file:
        for message in file.message_type:
            add("", message)
        for enum in file.enum_type:
            enums[enum.name] = enum
    return messages, enums


def repeats(field):
    return field.is_repeated if hasattr(field, "is_repeated") else field.label == F.LABEL_REPEATED


def is_map(field):
    return field.message_type is not None and field.message_type.GetOptions().map_entry


class Schema(unittest.TestCase):
    maxDiff = None

    def test_every_field_is_the_official_one(self):
        messages, _ = ours()
        for name, message in messages.items():
            if name.split(".")[0] in NOT_OFFICIAL or message.options.map_entry:
                continue
            theirs = official(name)
            for field in message.field:
                with self.subTest(message=name, field=field.name):
                    other = theirs.fields_by_name[field.name]
                    self.assertEqual(field.number, other.number)
                    self.assertEqual(field.type, other.type)
                    self.assertEqual(field.label == field.LABEL_REPEATED, repeats(other))
                    self.check_kind(field, other)
                    self.check_oneof(message, field, other)

    def check_kind(self, field, other):
        kind = field.type_name.removeprefix(".ds.")
        if kind == "Ignored":
            return
        if other.message_type is not None:
            wanted = other.message_type
            inner = wanted.containing_type.name + "." if wanted.containing_type else ""
            self.assertEqual(kind, inner + wanted.name)
        elif other.enum_type is not None:
            self.assertEqual(kind.rsplit(".", 1)[-1], other.enum_type.name)
        if repeats(other) and other.message_type is None and other.type not in (F.TYPE_STRING,
                                                                               F.TYPE_BYTES):
            self.assertTrue(field.options.packed)

    def check_oneof(self, message, field, other):
        mine = message.oneof_decl[field.oneof_index].name if field.HasField("oneof_index") else None
        theirs = other.containing_oneof.name if other.containing_oneof else None
        self.assertEqual(mine, theirs)

    def test_every_value_of_an_enum_is_the_official_one(self):
        _, enums = ours()
        for name, enum in enums.items():
            if name.split(".")[0] in NOT_OFFICIAL:
                continue
            theirs = official(name).values_by_name
            for value in enum.value:
                with self.subTest(enum=name, value=value.name):
                    self.assertEqual(value.number, theirs[value.name].number)


# -- every field of every message ------------------------------------------------------------------


def fill(message, known, depth=0):
    """Sets every field that we know; nested ones as long as depth allows. Members of a oneof one by
    one: here the first of each."""
    seen = set()
    for field in message.DESCRIPTOR.fields:
        if field.name not in known:
            continue
        if field.containing_oneof:
            if field.containing_oneof.name in seen:
                continue
            seen.add(field.containing_oneof.name)
        set_field(message, field, depth)


def set_field(message, field, depth):
    n = field.number + depth
    if is_map(field):
        value_field = field.message_type.fields_by_name["value"]
        entries = getattr(message, field.name)
        for key in "b", "a\u00e9":
            if value_field.message_type is not None:
                entries[key].SetInParent()
                if depth < STATUS_DEPTH:
                    fill(entries[key], known_of(value_field.message_type), depth + 4)
            else:
                entries[key] = scalar(value_field, n)
    elif field.message_type is not None:
        if repeats(field):
            for _ in range(2):
                fill_inner(getattr(message, field.name).add(), field, depth)
        else:
            inner = getattr(message, field.name)
            inner.SetInParent()
            fill_inner(inner, field, depth)
    elif repeats(field):
        getattr(message, field.name).extend([scalar(field, n), scalar(field, n + 1)])
    else:
        setattr(message, field.name, scalar(field, n))


def fill_inner(inner, field, depth):
    if depth < STATUS_DEPTH:
        fill(inner, known_of(field.message_type), depth + 4)


def scalar(field, n):
    return {F.TYPE_STRING: f"text {n} \u00fc", F.TYPE_BYTES: bytes([0, 255, n % 256]),
            F.TYPE_BOOL: True, F.TYPE_INT32: -n, F.TYPE_INT64: -n << 40, F.TYPE_UINT32: 1 << 31 | n,
            F.TYPE_ENUM: 1, F.TYPE_DOUBLE: n + 0.1, F.TYPE_FLOAT: n + 0.5}[field.type]


KNOWN = {}


def known_of(theirs):
    """The names of the fields that our message of that kind has."""
    name = theirs.name
    outer = theirs.containing_type
    while outer:
        name, outer = outer.name + "." + name, outer.containing_type
    return KNOWN.get(name, set())


def as_we_print(message):
    out = {}
    for field, value in message.ListFields():
        if is_map(field):
            inner = field.message_type.fields_by_name["value"]
            out[field.name] = sorted(({"key": k, "value": one(inner, v)} for k, v in value.items()),
                                     key=json.dumps)
        elif repeats(field):
            out[field.name] = [one(field, v) for v in value]
        else:
            out[field.name] = one(field, value)
    return out


def one(field, value):
    if field.message_type is not None:
        return as_we_print(value)
    if field.type == F.TYPE_BYTES:
        return value.hex()
    if field.type == F.TYPE_FLOAT:
        return f"{value:.9g}"
    if field.type == F.TYPE_DOUBLE:
        return f"{value:.17g}"
    return value if field.type in (F.TYPE_STRING, F.TYPE_BOOL) else str(value)


def sorted_maps(printed, kind):
    """What the other side printed, its maps in the same order."""
    if kind is None or not isinstance(printed, dict):
        return printed
    out = {}
    for name, value in printed.items():
        field = kind.fields_by_name[name]
        inner = field.message_type
        if isinstance(value, list):
            value = [sorted_maps(v, inner) for v in value]
            if is_map(field):
                value = sorted(({"key": "", **v} for v in value), key=json.dumps)
        else:
            value = sorted_maps(value, inner)
        out[name] = value
    return out


class Bytes(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        messages, _ = ours()
        for name, message in messages.items():
            KNOWN[name] = {field.name for field in message.field
                           if field.type_name != ".ds.Ignored"}
        cls.child = subprocess.Popen(  # pylint: disable=consider-using-with
            [TURN], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    @classmethod
    def tearDownClass(cls):
        cls.child.communicate()
        assert cls.child.returncode == 0, cls.child.returncode

    def turn(self, name, data):
        self.child.stdin.write(f"{name} {data.hex()}\n")
        self.child.stdin.flush()
        line = self.child.stdout.readline().rstrip("\n")
        self.assertNotEqual(line, "malformed")
        digits, _, printed = line.partition(" ")
        return bytes.fromhex(digits), json.loads(printed)

    def both_ways(self, name, message):
        """Theirs is read by ours as they mean it, and ours, written again, by theirs."""
        again, printed = self.turn(name, message.SerializeToString())
        self.assertEqual(sorted_maps(printed, message.DESCRIPTOR), as_we_print(message))
        self.assertEqual(type(message).FromString(again), message)

    def test_every_message_with_every_field(self):
        turned = 0
        for name in KNOWN:
            if name.split(".")[0] in NOT_OFFICIAL or "." in name:
                continue
            kind = message_factory.GetMessageClass(official(name))
            whole = kind()
            fill(whole, KNOWN[name])
            with self.subTest(message=name):
                self.both_ways(name, kind())
                self.both_ways(name, whole)
            for oneof in kind.DESCRIPTOR.oneofs:
                for field in oneof.fields:
                    if field.name in KNOWN[name]:
                        with self.subTest(message=name, member=field.name):
                            self.both_ways(name, self.with_member(kind, field))
            turned += 1
        self.assertGreater(turned, 100)

    def with_member(self, kind, field):
        message = kind()
        set_field(message, field, 0)
        return message

    def test_an_empty_member_of_a_oneof_is_one(self):
        for name in "Command", "HistoryEvent", "Failure":
            kind = message_factory.GetMessageClass(official(name))
            for oneof in kind.DESCRIPTOR.oneofs:
                for field in oneof.fields:
                    if field.name not in KNOWN[name]:
                        continue
                    message = kind()
                    getattr(message, field.name).SetInParent()
                    self.both_ways(name, message)

    def test_fields_that_we_do_not_know_survive(self):
        for name in "PollWorkflowTaskQueueResponse", "HistoryEvent", "Failure", "Payload":
            kind = message_factory.GetMessageClass(official(name))
            whole = kind()
            fill(whole, {field.name for field in kind.DESCRIPTOR.fields}, STATUS_DEPTH)
            again, _ = self.turn(name, whole.SerializeToString())
            self.assertEqual(kind.FromString(again), whole)

    def test_calls_as_they_were_recorded(self):
        turned = 0
        for line in (parts.DATA / "calls.jsonl").read_text().splitlines():
            call = json.loads(line)
            method = call["method"].rsplit("/", 1)[1]
            for side, end in ("request", "Request"), ("response", "Response"):
                if method + end not in KNOWN or call.get(side) is None:
                    continue
                with self.subTest(call=call["n"], message=method + end):
                    kind = message_factory.GetMessageClass(official(method + end))
                    message = kind.FromString(base64.b64decode(call[side]))
                    again, _ = self.turn(method + end, message.SerializeToString())
                    self.assertEqual(kind.FromString(again), message)
                turned += 1
        self.assertGreater(turned, 150)


if __name__ == "__main__":
    TURN, *PROTOS = sys.argv[1:]
    tap.main(sys.argv[:1])
