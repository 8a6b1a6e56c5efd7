#!/usr/bin/env python3
"""test_units.py BUILD - the systemd units are sound and tight, and the program lives within what
they allow."""
import ctypes
import json
import os
import pathlib
import re
import shutil
import signal
import sqlite3
import struct
import subprocess
import sys
import tempfile
import time
import unittest

import tap

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
BUILD = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "build").resolve()
MOST = 15  # tenths of systemd's "exposure level", of at most ten
PATIENCE = 60
UNITS = {"system": BUILD / "packaging/systemd/durable-sync.service",
         "user": BUILD / "packaging/systemd/durable-sync-user.service"}

PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, PR_SET_MDWE = 38, 22, 65
SECCOMP_MODE_FILTER = 2
RET_ALLOW, RET_ERRNO = 0x7FFF0000, 0x00050000
EPERM = 1
LOAD_NUMBER, JUMP_IF_EQUAL, RETURN = 0x20, 0x15, 0x06

CONFIG = """\
routes:
  plants:
    source: {kind: file, path: plants.jsonl, key: id}
    destination: {kind: sqlite, path: out.db, table: plants, key: id, create_table: true}
    every: 1h
  copies:
    source: {kind: sqlite, path: in.db, table: t, key: id}
    destination: {kind: file, path: copy.csv, key: id}
    every: 1h
  commands:
    source: {kind: file, path: '${command:echo plants.jsonl}', key: id}
    destination: {kind: print}
    every: 1h
  changed:
    source: {kind: file, path: plants.jsonl, key: id}
    destination: {kind: sqlite, path: out.db, table: changed, key: id, create_table: true}
    transform: .properties.name |= ascii_downcase
    every: 1h
"""


def run(*command, **more):
    return subprocess.run([str(word) for word in command], text=True, capture_output=True,
                          check=False, stdin=subprocess.DEVNULL, **more)


def settings(path):
    """Name -> values in their order, of all sections together."""
    found = {}
    for line in path.read_text().splitlines():
        if "=" in line and line[0] not in "#;[":
            name, value = line.split("=", 1)
            found.setdefault(name, []).append(value)
    return found


class Files(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.dir = pathlib.Path(folder.name)

    def staged(self, kind):
        """The unit by the name it is installed under, for a program that is there."""
        path = self.dir / "durable-sync.service"
        text = UNITS[kind].read_text()
        path.write_text(re.sub(r"^ExecStart=\S+", f"ExecStart={BUILD}/durable-sync", text,
                               flags=re.M))
        return path

    def test_nothing_is_left_to_fill_in(self):
        for path in UNITS.values():
            self.assertNotRegex(path.read_text(), r"@\w+@")
            program, = settings(path)["ExecStart"]
            self.assertRegex(program, r"^/\S+/bin/durable-sync run -c ")

    @unittest.skipUnless(shutil.which("systemd-analyze"), "systemd-analyze is not there")
    def test_systemd_understands_every_line(self):
        for kind in UNITS:
            answer = run("systemd-analyze", "verify", "--man=no", f"--{kind}", self.staged(kind),
                         env=dict(os.environ, XDG_RUNTIME_DIR=str(self.dir)))
            said = [line for line in answer.stderr.splitlines() if "durable-sync" in line]
            self.assertEqual((answer.returncode, said), (0, []), answer.stderr)

    @unittest.skipUnless(shutil.which("systemd-analyze"), "systemd-analyze is not there")
    def test_the_sandbox_is_tight(self):
        answer = run("systemd-analyze", "security", "--offline=true", "--no-pager",
                     f"--threshold={MOST}", self.staged("system"))
        self.assertEqual(answer.returncode, 0, answer.stdout + answer.stderr)
        print("#", answer.stdout.strip().splitlines()[-1], flush=True)

    def test_what_the_program_relies_on(self):
        unit = settings(UNITS["system"])
        self.assertEqual(unit["Type"], ["notify"])
        self.assertEqual(unit["StateDirectory"], ["durable-sync"])
        self.assertEqual(unit["ConditionPathExists"], ["/etc/durable-sync/durable-sync.yaml"])
        self.assertIn("WatchdogSec", unit)
        self.assertIn("AF_UNIX", unit["RestrictAddressFamilies"][0])


def expand(words, sets):
    names = set()
    for word in words:
        names |= expand(sets[word], sets) if word.startswith("@") else {word}
    return names


def call_sets():
    """Name of a set -> its members, as systemd has them."""
    sets, name = {}, None
    for line in run("systemd-analyze", "syscall-filter").stdout.splitlines():
        if line.startswith("@"):
            name = line.strip()
            sets[name] = []
        elif line.strip() and not line.strip().startswith("#") and name:
            sets[name].append(line.strip())
    return sets


def allowed_calls(unit):
    """The names that SystemCallFilter= lets through: lines add, lines with ~ take away."""
    sets = call_sets()
    allowed = expand(["@default"], sets)
    for line in settings(unit)["SystemCallFilter"]:
        names = expand(line.lstrip("~").split(), sets)
        allowed = allowed - names if line.startswith("~") else allowed | names
    return allowed


def call_numbers():
    answer = run("cc", "-E", "-dM", "-include", "sys/syscall.h", "-x", "c", "/dev/null")
    return {name: int(number) for name, number in
            re.findall(r"^#define __NR_(\w+) (\d+)$", answer.stdout, flags=re.M)}


def filter_program(numbers):
    code = [struct.pack("HBBI", LOAD_NUMBER, 0, 0, 0)]
    for number in sorted(numbers):
        code.append(struct.pack("HBBI", JUMP_IF_EQUAL, 0, 1, number))
        code.append(struct.pack("HBBI", RETURN, 0, 0, RET_ALLOW))
    code.append(struct.pack("HBBI", RETURN, 0, 0, RET_ERRNO | EPERM))
    return b"".join(code), len(code)


class Fence:
    """Puts a child under the unit's filter of system calls, before it becomes the program."""

    def __init__(self, unit):
        numbers = call_numbers()
        known = {numbers[name] for name in allowed_calls(unit) if name in numbers}
        self.code, self.length = filter_program(known)
        self.libc = ctypes.CDLL(None, use_errno=True)

    def __call__(self):
        buffer = ctypes.create_string_buffer(self.code, len(self.code))
        program = struct.pack("HxxxxxxP", self.length, ctypes.addressof(buffer))
        self.libc.prctl(PR_SET_MDWE, 1, 0, 0, 0)  # MemoryDenyWriteExecute, where the kernel has it
        if self.libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 or \
                self.libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, program, 0, 0) != 0:
            os._exit(77)


@unittest.skipUnless(shutil.which("systemd-analyze"), "systemd-analyze is not there")
class Fenced(unittest.TestCase):
    """The whole program, run with only the system calls that the unit lets through."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.dir = pathlib.Path(folder.name)
        self.fence = Fence(UNITS["system"])
        (self.dir / "durable-sync.yaml").write_text(CONFIG)
        rows = [json.dumps({"id": f"p{i}", "name": f"Plant {i}"}) for i in range(2000)]
        (self.dir / "plants.jsonl").write_text("\n".join(rows) + "\n")
        db = sqlite3.connect(self.dir / "in.db")
        db.executescript("CREATE TABLE t(id INTEGER PRIMARY KEY, n TEXT);"
                         "INSERT INTO t VALUES (1, 'one'), (2, 'two');")
        db.close()

    def command(self, *args):
        return [str(BUILD / "durable-sync"), *args]

    def test_the_fence_holds(self):
        answer = run("sh", "-c", "chown 0:0 . && echo it does not", cwd=self.dir,
                     preexec_fn=self.fence)
        self.assertNotIn("it does not", answer.stdout)

    def test_passes(self):
        answer = run(*self.command("once", "--json"), cwd=self.dir, preexec_fn=self.fence)
        self.assertEqual(answer.returncode, 0, answer.stderr)
        totals = {p["route"]: p["created"] for p in json.loads(answer.stdout)["passes"]}
        self.assertEqual(totals, {"plants": 2000, "copies": 2, "commands": 2000, "changed": 2000})
        self.assertEqual((self.dir / "copy.csv").read_text().splitlines()[0], "id,n")

    def test_a_helper_fences_itself_further(self):
        answer = run(*self.command("doctor"), cwd=self.dir, preexec_fn=self.fence)
        self.assertRegex(answer.stdout, r"transform: libjq .* fenced: system calls, memory, rights")

    def test_connectors_are_loaded(self):
        answer = run(*self.command("connectors", "--json"), cwd=self.dir, preexec_fn=self.fence)
        self.assertIn("postgresql", {c["kind"] for c in json.loads(answer.stdout)["connectors"]})

    def test_the_daemon(self):
        child = subprocess.Popen(self.command("run"), cwd=self.dir, preexec_fn=self.fence,
                                 stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                 stderr=subprocess.PIPE, text=True)
        last = time.monotonic() + PATIENCE
        done = []
        while len(done) < 4 and time.monotonic() < last and child.poll() is None:
            answer = run(*self.command("status", "--json"), cwd=self.dir, preexec_fn=self.fence)
            done = [u for u in json.loads(answer.stdout)["units"] if u["runs_completed"] == 1]
        child.send_signal(signal.SIGTERM)
        _, log = child.communicate(timeout=PATIENCE)
        self.assertEqual((child.returncode, len(done)), (0, 4), log)


if __name__ == "__main__":
    tap.main()
