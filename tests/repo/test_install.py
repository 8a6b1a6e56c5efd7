#!/usr/bin/env python3
"""test_install.py BUILD - an installation holds what others build on, and the examples that are
programs and connectors build against it with pkg-config and work."""
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

import tap

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
BUILD = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "build").resolve()

os.environ.pop("LD_LIBRARY_PATH", None)  # else the library of the build would stand in for ours


def run(*command, **more):
    return subprocess.run(command, text=True, capture_output=True, check=False,
                          stdin=subprocess.DEVNULL, **more)


class Installed(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.root = pathlib.Path(folder.name) / "root"
        answer = run("meson", "install", "-C", BUILD, "--no-rebuild", "--destdir", cls.root)
        assert answer.returncode == 0, answer.stdout + answer.stderr
        pc, = cls.root.rglob("durable-sync.pc")
        cls.libdir = pc.parent.parent
        cls.pc_folder = "/" + str(pc.parent.relative_to(cls.root))
        # The flags of the installed file, with the staging root before its paths.
        cls.pkg_config = dict(os.environ, PKG_CONFIG_LIBDIR=str(pc.parent),
                              PKG_CONFIG_SYSROOT_DIR=str(cls.root),
                              PKG_CONFIG_ALLOW_SYSTEM_CFLAGS="1", PKG_CONFIG_ALLOW_SYSTEM_LIBS="1")

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.work = pathlib.Path(folder.name)

    def flags(self, *what, of="durable-sync"):
        answer = run("pkg-config", *what, of, env=self.pkg_config)
        self.assertEqual(answer.returncode, 0, answer.stderr)
        return answer.stdout.split()

    def build_example(self):
        for path in (TOP / "examples" / "tasks-to-printer").iterdir():
            shutil.copy(path, self.work)
        answer = run("cc", "-std=c17", "-Wall", "-Wextra", "-Wpedantic", "-Werror",
                     "-o", "tasks-to-printer", "main.c", *self.flags("--cflags", "--libs"),
                     f"-Wl,-rpath,{self.libdir}", cwd=self.work)
        self.assertEqual(answer.returncode, 0, answer.stderr)

    def example(self, *args, code=0):
        answer = run(self.work / "tasks-to-printer", *args, cwd=self.work)
        self.assertEqual(answer.returncode, code, answer.stderr)
        return answer.stdout

    def printed(self):
        """What a pass printed: the printer's own lines, without the summary around them."""
        lines = self.example("once").splitlines()
        return [line for line in lines if line.startswith(("new ", "changed "))]

    def test_an_example_fits_on_a_page(self):
        lines = (TOP / "examples" / "tasks-to-printer" / "main.c").read_text().splitlines()
        self.assertLess(len(lines), 80)

    def test_what_is_installed(self):
        names = {path.name for path in self.root.rglob("*") if path.is_file() or path.is_symlink()}
        wanted = {"durable-sync", "libdurable_sync.so", "libdurable_sync_http.so",
                  "durable-sync-http.pc", "libdurable_sync.so.0", "durable-sync.pc",
                  "durable-sync.1", "durable-sync-once.1", "durable-sync.yaml.5",
                  "_durable-sync", "durable-sync.fish", "durable-sync.schema.json",
                  "durable-sync.service", "fakes.so", "codec-server.so",
                  "temporal.so", "pgstore.so"}
        wanted |= {path.name for path in (TOP / "include" / "durable_sync").iterdir()}
        self.assertLessEqual(wanted, names)

    def test_make_builds_what_is_installed(self):
        """`make install` builds nothing more than `make`: what that leaves out cannot be installed."""
        text = (TOP / "Makefile").read_text().replace("\\\n", "")
        product = re.search(r"^PRODUCT = (.*)$", text, re.M)[1].split()
        answer = run("ninja", "-C", BUILD, "-t", "inputs", *product)
        self.assertEqual(answer.returncode, 0, answer.stderr)
        built = {str(BUILD / name) for name in product + answer.stdout.split()}
        targets = json.loads((BUILD / "meson-info" / "intro-targets.json").read_text())
        files = {file for target in targets if target["installed"] for file in target["filename"]}
        self.assertEqual(files - built, set())

    def test_completions_are_where_the_shells_look(self):
        places = {str(path.relative_to(self.root)) for path in self.root.rglob("*durable-sync*")}
        zsh, = [place for place in places if place.endswith("/_durable-sync")]
        if zsh.startswith("usr/"):  # another prefix is its owner's to tell zsh
            looked_in = run("zsh", "-fc", "print -l $fpath").stdout.split()
            self.assertIn("/" + zsh.rsplit("/", 1)[0], looked_in)
        for place in ("bash-completion/completions/durable-sync",
                      "fish/vendor_completions.d/durable-sync.fish", "man/man1/durable-sync.1",
                      "man/man5/durable-sync.yaml.5"):
            self.assertTrue([p for p in places if p.endswith(f"share/{place}")], place)

    def test_pkg_config_looks_where_its_file_is(self):
        if not self.pc_folder.startswith("/usr/"):
            self.skipTest("a prefix of one's own is one's own to tell pkg-config")
        looked_in = run("pkg-config", "--variable=pc_path", "pkg-config").stdout.strip().split(":")
        self.assertIn(self.pc_folder, looked_in)

    def test_the_installed_program_finds_its_library(self):
        program, = self.root.rglob("bin/durable-sync")
        answer = run(program, "--version")
        self.assertEqual(answer.returncode, 0, answer.stderr)
        self.assertIn(self.flags("--modversion")[0], answer.stdout)

    def test_the_installed_program_finds_its_stand_ins(self):
        program, = self.root.rglob("bin/durable-sync")
        answer = run(program, "fake", "github", "--seed", "none=1")
        self.assertIn('--seed has no "none"', answer.stderr)

    def test_a_program_of_ones_own_speaks_http(self):
        (self.work / "escape.c").write_text(
            "#include <durable_sync/http.h>\n#include <stdio.h>\n"
            "int main(void) { ds_arena *a = ds_arena_new(); puts(ds_http_escape(a, \"a/b\"));\n"
            "ds_arena_free(a); return 0; }\n")
        flags = run("pkg-config", "--cflags", "--libs", "durable-sync-http", env=self.pkg_config)
        self.assertEqual(flags.returncode, 0, flags.stderr)
        # Not where it will be: it is in a staging root yet.
        answer = run("cc", "-o", "escape", "escape.c", *flags.stdout.split(),
                     f"-Wl,-rpath,{self.libdir}:{self.libdir}/durable-sync", cwd=self.work)
        self.assertEqual(answer.returncode, 0, answer.stderr)
        self.assertEqual(run(self.work / "escape").stdout, "a%2Fb\n")

    def test_the_library_is_named_for_its_abi(self):
        library, = self.root.rglob("libdurable_sync.so.0")
        self.assertIn("SONAME", run("readelf", "-d", library).stdout)
        self.assertIn("[libdurable_sync.so.0]", run("readelf", "-d", library).stdout)

    def test_the_units_start_what_is_installed(self):
        program, = self.root.rglob("bin/durable-sync")
        units = list(self.root.rglob("systemd/*/durable-sync.service"))
        self.assertEqual({unit.parent.name for unit in units}, {"system", "user"})
        for unit in units:
            self.assertIn(f"ExecStart=/{program.relative_to(self.root)} run -c ", unit.read_text())

    def test_what_is_installed_is_hardened(self):
        files = [path for path in self.root.rglob("*") if path.is_file() and not path.is_symlink()
                 and path.read_bytes()[:4] == b"\x7fELF"]
        self.assertGreaterEqual(len(files), 2)
        # Built elsewhere, the compiler is given the way from there to the sources.
        paths = ["--without", TOP, "--without", BUILD] if TOP in BUILD.parents else []
        answer = run(TOP / "tools" / "check-hardening", *paths, *files)
        self.assertEqual(answer.returncode, 0, answer.stdout + answer.stderr)

    def test_every_public_header_stands_alone(self):
        flags = self.flags("--cflags")
        for header in sorted((TOP / "include" / "durable_sync").iterdir()):
            source = self.work / "alone.c"
            source.write_text(f"#include <durable_sync/{header.name}>\nint alone;\n")
            answer = run("cc", "-std=c17", "-Wall", "-Wextra", "-Wpedantic", "-Werror",
                         "-fsyntax-only", *flags, source)
            self.assertEqual(answer.returncode, 0, f"{header.name}: {answer.stderr}")

    def test_the_example_prints_each_task_once(self):
        self.build_example()
        self.assertEqual(self.printed(), ["new t1 | Water the plants | false",
                                          "new t2 | Mend the bicycle | true",
                                          "new t3 | Write to Ada | false"])
        self.assertEqual(self.printed(), [])
        unit, = json.loads(self.example("status", "--json"))["units"]
        self.assertEqual((unit["route"], unit["runs_completed"], unit["last_stats"]["unchanged"],
                          unit["promise"]), ("tasks-to-printer", 2, 3, "C"))

        tasks = json.loads((self.work / "tasks.json").read_text())
        tasks[0]["done"] = True
        tasks.append({"id": "t4", "title": "Rest", "done": False})
        (self.work / "tasks.json").write_text(json.dumps(tasks))
        self.assertEqual(self.printed(), ["changed t1 | Water the plants | true",
                                          "new t4 | Rest | false"])

    def test_the_example_names_itself_in_what_it_advises(self):
        self.build_example()
        self.example("pause", "tasks-to-printer")
        self.assertIn("-> tasks-to-printer resume tasks-to-printer", self.example("once", code=3))

    def test_a_cut_file_is_an_error_not_a_shorter_list(self):
        self.build_example()
        path = self.work / "tasks.json"
        path.write_text(path.read_text()[:-10])
        self.assertIn("tasks.json", self.example("once", "--json", code=1))

    def build_connector(self):
        """examples/loadable-connector, put where an installation looks for it."""
        shutil.copy(TOP / "examples" / "loadable-connector" / "passwd.c", self.work)
        answer = run("cc", "-std=c17", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-fPIC", "-shared",
                     "-o", "passwd.so", "passwd.c", *self.flags("--cflags", "--libs"), cwd=self.work)
        self.assertEqual(answer.returncode, 0, answer.stderr)
        folder = self.libdir / "durable-sync" / "connectors"
        folder.mkdir(parents=True, exist_ok=True)
        (self.work / "passwd.so").rename(folder / "passwd.so")
        self.addCleanup((folder / "passwd.so").unlink)
        (self.work / "passwd").write_text("ada:x:1:1::/home/ada:/bin/sh\nbob:x:2:2::/home/bob:/bin/sh\n")
        (self.work / "durable-sync.yaml").write_text(
            "routes:\n  who:\n    source: {kind: passwd, path: passwd}\n"
            "    destination: {kind: file, path: who.csv, key: name}\n")
        return folder / "passwd.so"

    def test_a_connector_beside_the_installed_library(self):
        path = self.build_connector()
        program, = self.root.rglob("bin/durable-sync")
        self.assertIn(f"loaded from {path}", run(program, "connectors", "passwd").stdout)
        answer = run(program, "once", cwd=self.work)
        self.assertEqual(answer.returncode, 0, answer.stderr)
        self.assertEqual((self.work / "who.csv").read_text().splitlines()[1:],
                         ["ada,1,/home/ada,/bin/sh", "bob,2,/home/bob,/bin/sh"])

    def test_the_connector_of_the_guide_is_built_as_it_says(self):
        top = TOP / "examples" / "http-connector"
        answer = run("cc", "-std=c17", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-fPIC", "-shared", "-o",
                     self.work / "tasks.so", *sorted(top.glob("*.c")),
                     *self.flags("--cflags", "--libs", of="durable-sync-http"), f"-Wl,-rpath,{self.libdir}")
        self.assertEqual(answer.returncode, 0, answer.stderr)
        program, = self.root.rglob("bin/durable-sync")
        answer = run(program, "connectors", "tasks", env=dict(os.environ, DURABLE_SYNC_CONNECTORS=str(self.work)))
        self.assertIn("the names of the lists", answer.stdout)

    def test_a_program_of_ones_own_loads_it_too(self):
        self.build_connector()
        self.build_example()
        self.example("once")
        self.assertEqual(len((self.work / "who.csv").read_text().splitlines()), 3)

    def test_a_configuration_with_its_own_kinds(self):
        self.build_example()
        (self.work / "durable-sync.yaml").write_text(
            "routes:\n  mine:\n    source: {kind: tasks, path: tasks.json}\n"
            "    destination: {kind: print}\n    fields: {what: title}\n")
        self.assertIn("Mend the bicycle", self.example("once"))
        unit, = json.loads(self.example("status", "--json"))["units"]
        self.assertEqual(unit["route"], "mine")


if __name__ == "__main__":
    tap.main()
