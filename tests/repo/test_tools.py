#!/usr/bin/env python3
"""The repository's own checks find what they are there to find."""
import json
import pathlib
import subprocess
import tempfile
import unittest

import tap

TOOLS = pathlib.Path(__file__).resolve().parent.parent.parent / "tools"

# name, file, text, what the complaint says ("" for none)
LAYERS = [
    ("a layer may include those below it", "src/sync/a.c", '#include "base/b.h"\n', ""),
    ("but none above it", "src/base/a.c", '#include "sync/s.h"\n', "base may not include sync"),
    ("nor beside it", "src/config/a.c", '#include "sync/s.h"\n', "config may not include sync"),
    ("its own folder is open to it", "src/base/a.c", '#include "base/b.h"\n', ""),
    ("a short name means a file beside", "src/base/a.c", '#include "b.h"\n', ""),
    ("a short name of another folder's file", "src/sync/a.c", '#include "b.h"\n', "not beside"),
    ("a file that is not there", "src/base/a.c", '#include "base/none.h"\n', "no file of src/"),
    ("a library belongs to one folder", "src/sync/a.c", "#include <yyjson.h>\n", "json alone"),
    ("where it belongs it is welcome", "src/json/a.c", "#include <yyjson.h>\n", ""),
    ("a library that nobody knows", "src/base/a.c", "#include <unknown/unknown.h>\n", "no library"),
    ("connectors are outsiders", "src/connectors/x/a.c", '#include "base/b.h"\n', "outsider"),
    ("with the public headers", "src/connectors/x/a.c", "#include <durable_sync/base.h>\n", ""),
    ("and a folder of their own", "src/connectors/x/a.c", '#include "connectors/x/x.h"\n', ""),
    ("the registry knows connectors", "src/app/registry.c", '#include "connectors/x/x.h"\n', ""),
    ("nobody else does", "src/app/a.c", '#include "connectors/x/x.h"\n', "registry.c"),
    ("public headers are closed", "include/durable_sync/a.h", '#include "base/b.h"\n', "public"),
    ("a folder without a line in the table", "src/new/a.c", '#include "base/b.h"\n', "table"),
    ("the system's headers are free", "src/base/a.c", "#include <sys/stat.h>\n", ""),
]

SHAPE = [
    ("a function of 80 lines", "int f(void)\n{\n" + "    ;\n" * 77 + "}\n", ""),
    ("a function of 81 lines", "int f(void)\n{\n" + "    ;\n" * 78 + "}\n", "f has 81 lines"),
    ("its parameters count", "int f(int a,\n      int b)\n{\n" + "    ;\n" * 77 + "}\n", "81 lines"),
    ("a comment before it does not", "/* f */\nint f(void)\n{\n" + "    ;\n" * 77 + "}\n", ""),
    ("a file of 599 lines", "int f(void)\n{\n}\n" + "\n" * 596, ""),
    ("a file of 600 lines", "int f(void)\n{\n}\n" + "\n" * 597, "600 lines"),
    ("a test of 600 lines", "\n" * 600, "tests/unit/test_a.c: 600 lines", "tests/unit/test_a.c"),
    ("a program of tests of 600 lines", "\n" * 600, "600 lines", "tests/cli/test_a.py"),
    ("a corpus of more", "\n" * 9999, "", "tests/fuzz/corpus/json/large"),
]

HARDENED = ["-O2", "-fPIE", "-pie", "-Wl,-z,relro,-z,now,-z,noexecstack"]

# name, flags beside those, what the complaint says
HARDENING = [
    ("a hardened program", [], ""),
    ("a program that stays at its place", ["-no-pie", "-fno-pie"], "not position-independent"),
    ("relocations that stay writable", ["-Wl,-z,norelro"], "no relro"),
    ("symbols that are resolved late", ["-Wl,-z,lazy"], "late"),
    ("a stack that can be executed", ["-Wl,-z,execstack"], "stack is executable"),
    ("code that can be written", ["-DBOTH"], "writable and executable"),
    ("a search path of its own", ["-Wl,-rpath,/tmp/lib"], "in /tmp/lib"),
    ("a search path beside the program", ["-Wl,-rpath,$ORIGIN/../lib"], ""),
    ("much code without checks", ["-DLARGE", "-U_FORTIFY_SOURCE", "-fno-stack-protector"],
     "not protected"),
    ("the directory it was built in", ["-DTEXT=\"/build/here\""], "/build/here"),
]
CODE = """
#ifdef LARGE
__asm__(".text\\n.fill 70000\\n");
#endif
#ifdef BOTH
__asm__(".section .both,\\"awx\\"\\n.byte 0\\n.previous\\n");
#endif
#ifndef TEXT
#define TEXT ""
#endif
const char text[] = TEXT;
int main(void) { return 0; }
"""

# name, meson's result, output, (passed, failed)
COUNTS = [
    ("cmocka's tests are counted", "OK", "[       OK ] a\n[       OK ] b\n[  PASSED  ] 2 test(s).", (2, 0)),
    ("a failed one is counted once", "FAIL", "[       OK ] a\n[  FAILED  ] b\n[  ERROR   ] --- 1 != 2\n"
     "[  FAILED  ] my tests: 1 test(s), listed below:\n[  FAILED  ] b", (1, 1)),
    ("TAP is counted", "OK", "1..2\nok 1 - a\nok 2 - b", (2, 0)),
    ("and its failures", "FAIL", "1..2\nok 1 - a\nnot ok 2 - b", (1, 1)),
    ("a quiet program is one", "OK", "", (1, 0)),
    ("a program that dies is a failure", "FAIL", "[       OK ] a", (1, 1)),
    ("so is one that takes too long", "TIMEOUT", "", (0, 1)),
    ("a skipped one is neither", "SKIP", "", (0, 0)),
    ("all that were announced ran", "OK", "[==========] Running 1 test(s).\n[       OK ] a", (1, 0)),
    ("or say that they did not", "OK", "[==========] Running 2 test(s).\n[       OK ] a\n"
     "[  SKIPPED ] b\n[  SKIPPED ] 1 test(s), listed below:\n[  SKIPPED ] b", (1, 0)),
    ("a program that leaves early without a word", "OK",
     "[==========] tests: Running 3 test(s).\n[       OK ] a", (1, 2)),
]


def put(top, name, text):
    path = top / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def run(tool, *args):
    return subprocess.run([TOOLS / tool, *args], capture_output=True, text=True, check=False)


class Tools(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.top = pathlib.Path(folder.name)

    def check(self, tool, complaint):
        answer = run(tool, self.top)
        self.assertEqual(answer.returncode, 1 if complaint else 0, answer.stdout)
        self.assertIn(complaint, answer.stdout)

    def layers(self, name, text, complaint):
        for header in ("src/base/b.h", "src/sync/s.h", "src/connectors/x/x.h"):
            put(self.top, header, "")
        put(self.top, name, text)
        self.check("check-layers", complaint)

    def shape(self, text, complaint, name="src/base/a.c"):
        put(self.top, "src/base/b.c", "int g(void)\n{\n}\n")
        put(self.top, name, text)
        self.check("check-shape", complaint)

    def hardening(self, flags, complaint):
        put(self.top, "code.c", CODE)
        program = self.top / "program"
        subprocess.run(["cc", *HARDENED, *flags, "-o", program, self.top / "code.c"], check=True)
        answer = run("check-hardening", "--without", "/build/here", program)
        self.assertEqual(answer.returncode, 1 if complaint else 0, answer.stdout)
        self.assertIn(complaint, answer.stdout)

    def counts(self, result, output, expected):
        test = {"name": "suite / t", "result": result, "stdout": output}
        put(self.top, "meson-info/intro-tests.json", json.dumps([{"name": "t"}]))
        put(self.top, "meson-logs/testlog.json", json.dumps(test) + "\n")
        answer = run("count-tests", self.top)
        passed, failed = expected
        self.assertEqual(answer.stdout.splitlines()[-1], f"{passed} passed, {failed} failed")
        self.assertEqual(answer.returncode, 0 if passed and not failed else 1)

    def test_a_test_that_did_not_run_is_a_failure(self):
        put(self.top, "meson-info/intro-tests.json", json.dumps([{"name": "a"}, {"name": "b"}]))
        put(self.top, "meson-logs/testlog.json", json.dumps({"name": "a", "result": "OK"}) + "\n")
        answer = run("count-tests", self.top)
        self.assertIn("b: did not run", answer.stdout)
        self.assertEqual(answer.stdout.splitlines()[-1], "1 passed, 1 failed")
        self.assertEqual(answer.returncode, 1)

    def test_a_report_of_a_sanitizer_is_a_failure(self):
        put(self.top, "meson-info/intro-tests.json", json.dumps([{"name": "t"}]))
        put(self.top, "meson-logs/testlog.json", json.dumps({"name": "t", "result": "OK"}) + "\n")
        put(self.top, "meson-logs/sanitizer.4711", "WARNING: data race\n")
        answer = run("count-tests", self.top)
        self.assertEqual(answer.stdout.splitlines()[-1], "1 passed, 1 failed")
        self.assertEqual(answer.returncode, 1)

    def test_a_build_without_a_log_is_a_failure(self):
        answer = run("count-tests", self.top)
        self.assertEqual(answer.stdout.splitlines()[-1], "0 passed, 1 failed")
        self.assertEqual(answer.returncode, 1)


def add(kind, rows):
    for name, *args in rows:
        def test(self, args=args):
            getattr(self, kind)(*args)
        setattr(Tools, f"test_{kind}: {name}", test)


add("layers", LAYERS)
add("shape", SHAPE)
add("counts", COUNTS)
add("hardening", HARDENING)


if __name__ == "__main__":
    tap.main()
