#!/usr/bin/env python3
"""test_loader.py PROGRAM MODULES - connectors as shared objects: where they are found, whom they must
belong to, what is said of one that cannot be used, and that nothing is mapped that no route names."""
import json
import os
import pathlib
import shutil
import struct
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "cli"))
from cli import SIMPLE, Case, main  # noqa: E402

MODULES = pathlib.Path(sys.argv[2] if len(sys.argv) > 2 else "build/tests/loader").resolve()
NOBODY = 65534
CONFIG = """\
routes:
  odd:
    source: {kind: %s}
    destination: {kind: file, path: out.jsonl, key: id}
"""

# Built wrong: what is said of it.
WRONG = {
    "odd-abi": r"built for connector ABI 7, this durable-sync has 1; rebuild it",
    "odd-bytes": r"durable_sync_connector has 8 bytes of 24; rebuild it",
    "odd-function": r"it is no connector: .*say DS_CONNECTOR",
    "odd-nothing": r"it is no connector: .*say DS_CONNECTOR",
    "odd-empty": r"not complete: a source or a destination",
    "odd-hole": r"not complete: units and fetch_page",
    "odd-find": r"not complete: find, which promises A and B need",
    "odd-outside": r'setting "sesame" lies outside of its instance',
    "odd-ops-abi": r"a table of it is of connector ABI 2, this durable-sync has 1; rebuild it",
    "odd-lacks": r"undefined symbol: ds_function_of_tomorrow; `ldd .*odd-lacks.so` shows what it lacks",
}


class Loader(Case):
    def setUp(self):
        super().setUp()
        self.folder = self.dir / "mine"
        self.folder.mkdir(mode=0o755)
        self.env["DURABLE_SYNC_CONNECTORS"] = str(self.folder)
        # What odd-needs needs; a copy of it is no longer beside it.
        self.env["LD_LIBRARY_PATH"] = f"{MODULES.parent.parent}:{MODULES}"

    def put(self, name, to=None, folder=None):
        path = (folder or self.folder) / f"{to or name}.so"
        shutil.copy(MODULES / f"{name}.so", path)
        path.chmod(0o644)
        return path

    def patched(self, kind, change):
        path = self.put("odd-good", kind)
        data = bytearray(path.read_bytes())
        change(data)
        path.write_bytes(data)

    def refused(self, kind, *said):
        """The configuration that names the kind is refused at its place with these words."""
        self.config(CONFIG % kind)
        answer = self.run_it("status", code=2)
        self.assertTrue(answer.err.startswith("durable-sync.yaml:3:20: "), answer.err)
        for words in said:
            self.assertRegex(answer.err, words)
        return answer.err

    def works(self, kind="odd-good"):
        self.config(CONFIG % kind)
        self.run_it("once")
        self.assertEqual(json.loads((self.dir / "out.jsonl").read_text()), {"id": "one", "word": "hello"})

    def listed(self, code=0):
        answer = self.run_it("connectors", "--json", code=code)
        return {(c["kind"], c["role"]): c["file"] for c in answer.json["connectors"]}, answer.err

    # -- what is found where

    def test_a_connector_of_a_folder_is_a_kind_like_any_other(self):
        path = self.put("odd-good")
        self.works()
        listed, said = self.listed()
        self.assertEqual(said, "")
        self.assertEqual(listed[("odd-good", "source")], str(path))
        self.assertEqual(listed[("odd-good", "destination")], str(path))
        self.assertIsNone(listed[("file", "source")])
        self.assertIn(f"loaded from {path}", self.run_it("connectors", "odd-good").out)

    def test_the_first_folder_wins_and_those_that_are_not_there_are_passed_over(self):
        second = self.dir / "second"
        second.mkdir()
        self.put("odd-good", folder=second)
        self.env["DURABLE_SYNC_CONNECTORS"] = f":/nowhere/at/all::{self.folder}:{second}:"
        self.assertIn(f"{second}/odd-good.so", self.run_it("connectors", "odd-good").out)
        self.put("odd-good")
        self.assertIn(f"{self.folder}/odd-good.so", self.run_it("connectors", "odd-good").out)

    def test_a_built_in_kind_is_not_replaced(self):
        self.put("odd-abi", "file")
        self.config(SIMPLE)
        self.rows(3)
        self.assertEqual(self.once()[0]["created"], 3)
        self.assertNotIn("loaded from", self.run_it("connectors", "file").out)

    def test_relative_folders_are_refused(self):
        self.put("odd-good")
        self.env["DURABLE_SYNC_CONNECTORS"] = "mine"
        self.refused("odd-good", "not an absolute path, as .DURABLE_SYNC_CONNECTORS takes them")

    def test_a_kind_is_no_path(self):
        self.put("odd-good", folder=self.dir)
        for kind in ("../odd-good", "/odd-good", "odd-good.so", "Odd-Good", "'odd good'", "x" * 300):
            self.assertRegex(self.refused(kind), "unknown source kind")

    def test_a_kind_that_nobody_has_says_where_to_look(self):
        self.refused("dodo", "no connector folder has a dodo.so .`doctor` lists them.")
        self.put("odd-good")
        self.refused("odd-godo", 'did you mean "odd-good"')
        self.assertIn('did you mean "odd-good"', self.run_it("connectors", "odd-goo", code=2).err)

    def test_what_could_be_loaded_is_named_beside_what_is_there(self):
        self.put("odd-good")
        self.refused("jira", "not in this build; it has file, .*; it can load .*odd-good")
        self.refused("print", "print cannot be a source; what can: file, .*; it can load .*odd-good")

    # -- what is mapped

    def maps(self, kind):
        self.config(CONFIG % kind if kind else SIMPLE)
        self.rows(1)
        child = self.daemon()
        maps = pathlib.Path(f"/proc/{child.pid}/maps").read_text()
        self.stop(child)
        return maps

    def test_only_what_a_route_names_is_mapped(self):
        self.put("odd-good")
        self.put("odd-needs")
        self.assertNotIn("odd-", self.maps(None))
        maps = self.maps("odd-good")
        self.assertIn("odd-good.so", maps)
        self.assertNotIn("needed_by_odd", maps)
        self.assertIn("needed_by_odd", self.maps("odd-needs"))
        for library in ("libpq", "libcurl"):
            self.assertNotIn(library, maps)

    def test_a_comment_loads_nothing(self):
        self.put("odd-good")
        self.config(SIMPLE + "# source: {kind: odd-good}\n")
        self.env["LD_DEBUG"] = "files"
        self.assertNotIn("/proc/self/fd", self.run_it("status").err)
        self.config(CONFIG % "odd-good")
        self.assertIn("/proc/self/fd", self.run_it("status").err)

    # -- what cannot be used

    def test_each_way_to_build_it_wrong(self):
        for name, said in WRONG.items():
            with self.subTest(name):
                path = self.put(name)
                self.refused(name, said, f"connector {path}: ")

    def test_one_that_calls_itself_something_else(self):
        self.put("odd-good", "better")
        self.refused("better", 'calls itself "odd-good"; a connector\'s file is named for its kind')

    def test_files_that_are_no_shared_objects(self):
        (self.folder / "text.so").write_text("#!/bin/sh\n" * 20)
        self.refused("text", "it is no shared object")
        (self.folder / "empty.so").write_text("")
        self.refused("empty", "it is no shared object")
        (self.folder / "folder.so").mkdir()
        self.refused("folder", "no regular file")
        os.mkfifo(self.folder / "pipe.so", 0o600)
        self.refused("pipe", "no regular file")
        (self.folder / "away.so").symlink_to("nowhere.so")
        self.refused("away", "a symbolic link that leads nowhere")
        (self.folder / "round.so").symlink_to("round.so")
        self.refused("round", "too many symbolic links")
        self.patched("cut", lambda data: data.__delitem__(slice(700, None)))
        self.refused("cut", "it is cut short; install it again")

    def test_another_machine(self):
        here = struct.unpack_from("=H", self.put("odd-good").read_bytes(), 18)[0]
        other, name = (40, "arm") if here != 40 else (62, "x86-64")
        self.patched("other", lambda data: struct.pack_into("=H", data, 18, other))
        self.refused("other", rf"built for {name}; build it for ")
        self.patched("narrow", lambda data: data.__setitem__(4, 3 - data[4]))
        self.refused("narrow", "another word size")

    def test_a_library_that_is_missing(self):
        path = self.put("odd-needs")
        data = path.read_bytes()
        self.assertIn(b"libneeded_by_odd.so", data)
        path.write_bytes(data.replace(b"libneeded_by_odd.so", b"libneeded_by_0dd.so"))
        self.refused("odd-needs", "libneeded_by_0dd.so: cannot open shared object file",
                     f"`ldd {path}` shows what it lacks")

    def test_a_broken_one_is_a_warning_where_all_are_listed(self):
        self.put("odd-good")
        self.put("odd-abi")
        listed, said = self.listed()
        self.assertIn(("odd-good", "source"), listed)
        self.assertNotIn(("odd-abi", "source"), listed)
        self.assertEqual(len(said.splitlines()), 1, said)
        self.assertIn("odd-abi.so: it was built for connector ABI", said)
        self.config(SIMPLE)
        self.rows(1)
        self.assertEqual(self.once()[0]["created"], 1)

    def test_doctor_shows_folders_and_findings(self):
        self.put("odd-good")
        self.put("odd-abi")
        self.env["DURABLE_SYNC_CONNECTORS"] += ":/nowhere/at/all:mine"
        self.config(SIMPLE)
        findings = [f for f in self.run_it("doctor", "--json", code=None).json["checks"]
                    if f["check"] == "connectors"]
        texts = {f["text"]: f["level"] for f in findings}
        self.assertEqual(texts[f"{self.folder}: 1 connector"], "ok")
        self.assertEqual(texts["/nowhere/at/all does not exist"], "warning")
        self.assertTrue(any("odd-abi.so" in text and level == "warning" for text, level in texts.items()))
        self.assertTrue(any(text.startswith("mine: not an absolute path") for text in texts))
        self.assertTrue(all(f["remedy"] for f in findings if f["level"] != "ok"), findings)

    def test_doctor_shows_what_is_never_loaded(self):
        self.put("odd-good", "file")
        self.config(SIMPLE)
        out = self.run_it("doctor", code=None).out
        self.assertIn(f"{self.folder}/file.so is never loaded: file is built in", out)
        self.assertIn(f"{self.folder}: 0 connectors", out)

    # -- secrets of a connector that is yet to be loaded

    def test_its_secrets_are_not_shown(self):
        self.put("odd-good")
        for text in (CONFIG % "odd-good, sesame: hunter2, wrod: x",
                     CONFIG % "odd-good, sesame: hunter2, word: [",
                     CONFIG % "${KIND}, sesame: hunter2, wrod: x",
                     CONFIG % '"${KIND}", sesame: hunter2, wrod: x'):
            self.env["KIND"] = "odd-good"
            self.config(text)
            said = self.run_it("status", code=2).err
            self.assertNotIn("hunter2", said)
            self.assertIn("durable-sync.yaml:", said)

    # -- whom it must belong to

    def test_who_may_write(self):
        path = self.put("odd-good")
        for target, mode in ((path, 0o646), (path, 0o664), (self.folder, 0o757), (self.folder, 0o775),
                             (self.folder, 0o1777), (self.dir, 0o777), (self.dir, 0o770)):
            with self.subTest(f"{target} {mode:o}"):
                was = target.stat().st_mode & 0o7777
                target.chmod(mode)
                self.refused("odd-good", f"{target} may be written by others .mode .*; chmod go-w")
                target.chmod(was)
        self.dir.chmod(0o1777)  # as /tmp: nobody can move away what is not theirs
        self.works()

    def test_symbolic_links_are_followed_and_judged(self):
        good, bad = self.dir / "good", self.dir / "bad"
        good.mkdir(0o755)
        bad.mkdir()
        bad.chmod(0o777)
        self.put("odd-good", folder=good)
        (self.folder / "odd-good.so").symlink_to("../good/odd-good.so")
        self.works()
        (self.dir / "way").symlink_to(self.folder)
        self.env["DURABLE_SYNC_CONNECTORS"] = str(self.dir / "way")
        self.works()
        # Through a folder where others may put another link.
        (bad / "hop").symlink_to(good)
        (self.dir / "way").unlink()
        (self.dir / "way").symlink_to("bad/hop")
        self.refused("odd-good", f"{bad} may be written by others")

    @unittest.skipUnless(os.geteuid() == 0, "only root gives files away")
    def test_to_whom_it_may_belong(self):
        path = self.put("odd-good")
        for target in (path, self.folder, self.dir):
            with self.subTest(str(target)):
                os.chown(target, NOBODY, -1)
                self.refused("odd-good", f"{target} belongs to user {NOBODY}.*only root or user 0")
                os.chown(target, 0, -1)
        self.works()

    def test_beside_the_library(self):
        """As installed and as built: the folder of the library itself is taken as it is."""
        for below in ("durable-sync/connectors", "connectors"):
            with self.subTest(below):
                home = self.dir / below.replace("/", "-")
                folder = home / "lib" / below
                folder.mkdir(parents=True)
                library = MODULES.parent.parent / "libdurable_sync.so.0"
                shutil.copy(library, home / "lib")
                path = self.put("odd-good", folder=folder)
                env = dict(self.env, LD_LIBRARY_PATH=str(home / "lib"), DURABLE_SYNC_CONNECTORS="")
                del env["DURABLE_SYNC_CONNECTORS"]
                program = home / "lib" / "program"
                shutil.copy(sys.argv[1], program)

                def ask(code):
                    done = subprocess.run([program, "connectors", "odd-good"], env=env, text=True,
                                          capture_output=True, check=False, stdin=subprocess.DEVNULL)
                    self.assertEqual(done.returncode, code, done.stdout + done.stderr)
                    return done.stdout + done.stderr

                self.assertIn(f"loaded from {path}", ask(0))
                (home / "lib").chmod(0o777)  # the library's own folder: too late to ask
                self.assertIn(f"loaded from {path}", ask(0))
                folder.chmod(0o777)
                self.assertIn("may be written by others", ask(2))
                folder.chmod(0o775)  # no wider than the library's own folder, which a group may write
                self.assertIn(f"loaded from {path}", ask(0))
                (home / "lib").chmod(0o755)
                self.assertIn("may be written by others", ask(2))


if __name__ == "__main__":
    main()
