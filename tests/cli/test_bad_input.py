#!/usr/bin/env python3
"""Configurations, sources and tables that are not as they should be: what is said, what goes on.

Each item says one thing with its place and remedy, leaves with the right code, and costs nothing
but itself: the rest is mirrored, and what was there before is there after.
"""
import csv
import json
import os
import re
import resource
import signal
import subprocess
import unittest

from cli import PATIENCE, PROGRAM, SANITIZED, SIMPLE, Case, main

MEMORY_MOST = 160 * 1024  # KiB: less than one of the records that are too long, sanitizers and all
FILE = "{kind: file, path: plants.jsonl, key: id}"
OWN_TABLE = SIMPLE.replace(", create_table: true", "")


class BadCase(Case):
    def lines(self, *lines, name="plants.jsonl"):
        (self.dir / name).write_bytes(b"".join(
            (line if isinstance(line, bytes) else line.encode()) + b"\n" for line in lines))

    def held(self):
        return {h["key"]: h["reason"] for h in self.run_it("held", "--json").json["held"]}

    def one(self, code=0):
        done, = self.once(code=code)
        self.balanced(done)
        return done

    def refused(self, *words):
        """Every command that needs the configuration says so, and nothing is made."""
        before = self.files()
        for command in (["check"], ["plan"], ["once"], ["once", "--json"], ["status"], ["run"],
                        ["held"], ["sync", "plants"]):
            answer = self.run_it(*command, code=2)
            self.assertEqual(answer.out, "", command)
            for word in words:
                self.assertIn(word, answer.err, command)
        self.assertEqual(self.files(), before)
        return answer.err

    def failed(self, *words):
        done = self.one(code=1)
        self.assertEqual(done["outcome"], "failed")
        for word in words:
            self.assertIn(word, done["error"]["text"])
        return done

    def peak(self, *args, code=0):
        """Most memory of one run, in KiB."""
        child = subprocess.Popen([PROGRAM, *args], cwd=self.dir, env=self.env,
                                 stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                 stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        self.assertEqual(child.returncode, code)
        return usage.ru_maxrss


class Configuration(BadCase):
    def test_broken_yaml(self):
        self.config("routes:\n  plants:\n    source: {kind: file, path: [a\n    every: 5m\n")
        self.refused("durable-sync.yaml:4:", "not valid YAML", "begins on line 3",
                     "    4 |     every: 5m")

    def test_no_text_at_all(self):
        for content, place, what in ((b"routes:\n\tplants: 1\n", "2:1:", "use spaces"),
                                     (b"routes:\n  a: \xff\n", "2:6:", "save the file as UTF-8"),
                                     (b"routes:\n  a: x\0y\n", "2:7:", "NUL"),
                                     (b"", "", "durable-sync init"),
                                     (b"- routes\n", "1:1:", 'settings such as "routes:"'),
                                     (b"routes: {}\n---\nroutes: {}\n", "2:1:", "second document"),
                                     (b"routes: " + b"[" * 100000, "1:72:", "64 levels")):
            self.config("")
            (self.dir / "durable-sync.yaml").write_bytes(content)
            self.refused("durable-sync.yaml:" + place, what)

    def test_aliases_that_multiply(self):
        self.config("routes:\n  a: &a0 [x]\n" + "".join(
            f"  a{i}: &a{i} [{','.join([f'*a{i - 1}'] * 10)}]\n" for i in range(1, 12)))
        self.refused("aliases stand for more than 1000 values")

    def test_a_command_fails_whoever_started_us(self):
        """Whoever ignores SIGCHLD hands that down: the system then forgets how a child ended."""
        self.config(SIMPLE.replace("path: plants.jsonl", 'path: "${command:echo x; exit 3}"'))
        done = subprocess.run(
            [PROGRAM, "check"], cwd=self.dir, env=self.env, capture_output=True, text=True,
            check=False, preexec_fn=lambda: signal.signal(signal.SIGCHLD, signal.SIG_IGN))
        self.assertEqual(done.returncode, 2)
        self.assertIn("${command:...}: the command failed with exit code 3", done.stderr)

    def test_unknown_keys_are_guessed(self):
        self.config("stroe: x\n" + SIMPLE.replace("path: plants", "pth: plants") + "    evry: 5m\n")
        self.refused('durable-sync.yaml:1:1: unknown key "stroe"; did you mean "store"?',
                     'durable-sync.yaml:4:26: unknown key "pth"; did you mean "path"?',
                     'durable-sync.yaml:6:5: unknown key "evry"; did you mean "every"?',
                     "    6 |     evry: 5m\n      |     ^")

    def test_missing_keys(self):
        self.config(SIMPLE.replace(", key: id}", "}") + "  trees:\n    every: 5m\n")
        self.refused('durable-sync.yaml:3:5: source: "key" is missing',
                     'trees: "source" is missing', 'trees: "destination" is missing')

    def test_doubled_keys_name_the_first(self):
        self.config(SIMPLE + "    every: 5m\n    every: 6m\n" + SIMPLE.split("\n", 1)[1])
        self.refused('durable-sync.yaml:6:5: "every" is here twice; the first is on line 5',
                     'durable-sync.yaml:7:3: "plants" is here twice; the first is on line 2')

    def test_mistyped_values_say_what_was_expected(self):
        wrong = {"every: often": "a duration such as", "limits: {changes: much}": "25%",
                 "pace: fast": "500/s", "missing: perhaps": "{mark: NAME}",
                 "fields: [a]": "a table", "owns: Name": "a list", "write: maybe": "changed or",
                 "verify: 7": "never or all", "where: [a]": "a table", "stamp: {a: b}": "text"}
        self.config(SIMPLE.replace("create_table: true", "create_table: maybe")
                    + "".join(f"    {line}\n" for line in wrong))
        text = self.refused("durable-sync.yaml:4:", "expected true or false")
        for line, (name, what) in enumerate(wrong.items(), 5):
            found = re.search(rf"^durable-sync\.yaml:{line}:\d+: (.*)$", text, re.M)
            self.assertIn(what, found[1], name)
            self.assertIn("found", found[1], name)

    def test_what_is_not_in_this_build_is_refused(self):
        self.config(SIMPLE
                    + SIMPLE.split("\n", 1)[1].replace("plants", "trees")
                    .replace("kind: file", "kind: jira").replace("kind: sqlite", "kind: asana"))
        text = self.refused()
        for name in ("jira", "asana"):
            self.assertRegex(text, rf"{name} is not in this build")

    def test_two_routes_that_own_one_column(self):
        fields = "    fields: {name: name, %s: x}\n"
        other = SIMPLE.split("\n", 1)[1].replace("plants", "trees", 2)
        self.config(SIMPLE + fields % "height" + other + fields % "leaves")
        self.rows(1)
        self.rows(1, "trees.jsonl")
        self.refused("durable-sync.yaml:9:14:",
                     'routes "trees" and "plants" both own "name"', "out.db#plants",
                     "leave it to one of them")
        self.config(SIMPLE + other)
        self.refused('"trees" owns all of it; give it "owns"')
        self.config(SIMPLE + fields % "height" + other + "    fields: {leaves: x}\n")
        self.once()

    def test_a_configuration_that_cannot_be_read(self):
        self.assertIn("nowhere.yaml: cannot be read", self.run_it("-c", "nowhere.yaml", "check",
                                                                  code=2).err)
        self.assertIn("Is a directory", self.run_it("-c", ".", "check", code=2).err)


class Files(BadCase):
    JSON = SIMPLE.replace("plants.jsonl", "plants.json")
    CSV = SIMPLE.replace("plants.jsonl", "plants.csv")

    def unreadable(self, *words):
        self.assertIn(words[0], self.run_it("check", code=2).out)
        failed, = self.once(code=1)
        self.assertEqual(failed["outcome"], "failed")
        for word in words:
            self.assertIn(word, failed["error"]["text"])

    def test_no_file_a_folder_a_pipe(self):
        self.config()
        self.unreadable("there is no file", "plants.jsonl", "correct `path`")
        (self.dir / "plants.jsonl").mkdir()
        self.unreadable("is a folder", "plants.jsonl/*.jsonl")
        (self.dir / "plants.jsonl").rmdir()
        os.mkfifo(self.dir / "plants.jsonl")
        self.unreadable("no regular file")

    def test_a_file_one_may_not_read(self):
        self.config()
        self.rows(1)
        (self.dir / "plants.jsonl").chmod(0)
        user = {}
        if os.geteuid() == 0:
            user = {"user": 65534, "group": 65534, "extra_groups": []}
            self.dir.chmod(0o777)
            os.chown(self.dir / "durable-sync.yaml", 65534, 65534)
        try:
            done = subprocess.run([PROGRAM, "once", "--json"], cwd=self.dir, env=self.env,
                                  text=True, stdin=subprocess.DEVNULL, capture_output=True,
                                  check=False, **user)
        except PermissionError:
            self.skipTest("the program lies where another user may not run it")
        self.assertEqual(done.returncode, 1, done.stderr)
        error = json.loads(done.stdout)["passes"][0]["error"]["text"]
        self.assertIn("plants.jsonl: Permission denied", error)
        self.assertIn("give the user that runs durable-sync the right to it", error)

    def test_json_cut_in_the_middle_loses_nothing(self):
        self.config(self.JSON + "    missing: delete\n")
        whole = json.dumps([{"id": f"p{i}", "n": i} for i in range(5)])
        self.write("plants.json", whole)
        self.assertEqual(self.one()["created"], 5)
        self.write("plants.json", whole[:-20].replace('"n": 0', '"n": 7'))
        failed = self.failed("plants.json, line 1 (byte", "does not end", "cut off")
        self.assertEqual(failed["updated"], 1)
        self.assertEqual(self.query("SELECT count(*), sum(n) FROM plants"), [(5, 17)])
        self.assertIn("cut off", self.units()[0]["last_error"])
        self.write("plants.json", whole)
        self.assertEqual(self.one()["updated"], 1)

    def test_nested_100000_deep(self):
        deep = '{"id": "a", "x": ' + "[" * 100000 + "]" * 100000 + "}"
        self.config()
        self.lines('{"id": "b"}', deep, "[" * 100000, '{"id": "c", "x": [[1]]}')
        self.assertEqual(self.one(code=4)["created"], 2)
        held = self.held()
        self.assertEqual(set(held), {"line:2", "line:3"})
        for reason in held.values():
            self.assertIn("nested deeper than 64", reason)
        self.config(self.JSON.replace("plants,", "others,"))
        self.write("plants.json", f'[{deep},{{"id": "b"}}]')
        self.assertEqual(self.one(code=4)["created"], 1)
        self.assertIn("nested deeper than 64", self.held()["item:1"])

    @unittest.skipIf(SANITIZED, "a sanitizer's frames are larger")
    def test_a_small_stack_is_enough(self):
        self.config()
        self.lines('{"id": "a", "x": ' + "[" * 62 + "]" * 62 + "}", '{"x":' * 100000)
        small = (resource.RLIMIT_STACK, (256 << 10, 256 << 10))
        done = subprocess.run([PROGRAM, "once", "--json"], cwd=self.dir, env=self.env, capture_output=True,
                              stdin=subprocess.DEVNULL, check=False, timeout=PATIENCE,
                              preexec_fn=lambda: resource.setrlimit(*small))
        self.assertEqual(done.returncode, 4, done.stderr)
        self.assertIn("nested deeper than 64", self.held()["line:2"])

    def test_text_that_means_something_elsewhere_is_text(self):
        texts = ["=1+1", "@SUM(A1)", "+1", "-1", "<script>x</script>", "**b** [l](javascript:x)", "\u202eabc\u2066",
                 "\x1b[31mred", " blank ", "'; DROP TABLE plants; --", "$(reboot)", "${HOME}", "%s%n"]
        self.config(SIMPLE + "  csv: {source: {kind: file, path: plants.jsonl, key: id},"
                             " destination: {kind: file, path: out.csv, key: id}}\n")
        rows = {(text.replace("\x1b", "e"), text) for text in texts}  # a key has no control character
        self.lines(*(json.dumps({"id": key, "t": text}) for key, text in rows))
        shown = self.run_it("plan").out
        self.assertFalse(set(shown) & {"\u202e", "\u2066", "\x1b"}, "a terminal is told to do something")
        self.assertEqual({one["created"] for one in self.once()}, {len(texts)})
        self.assertEqual(set(self.query("SELECT id, t FROM plants")), rows)
        with open(self.dir / "out.csv", encoding="utf8", newline="") as file:
            self.assertEqual({(row["id"], row["t"]) for row in csv.DictReader(file)}, rows)
        self.assertEqual({one["unchanged"] for one in self.once()}, {len(texts)})

    def test_a_record_that_is_too_long_costs_no_memory(self):
        for text, name, key in ((SIMPLE, "plants.jsonl", "line:2"),
                                (self.JSON, "plants.json", "item:2")):
            self.config(text.replace("table: plants", f"table: t{len(name)}"))
            with open(self.dir / name, "wb") as file:
                file.write(b'[{"id": "a"},' if name.endswith("json") else b'{"id": "a"}\n')
                file.write(b'{"id": "long", "x": "')
                file.seek(256 << 20, os.SEEK_CUR)  # a hole: nothing on the disk
                file.write(b'"},{"id": "b"}]' if name.endswith("json") else b'"}\n{"id": "b"}\n')
            self.assertLess(self.peak("once", code=4), MEMORY_MOST)
            self.assertEqual(self.query(f"SELECT id FROM t{len(name)}"), [("a",), ("b",)])
            self.assertIn("longer than 32 MiB", self.held()[key])

    def test_a_line_that_is_no_json(self):
        self.config()
        self.lines('{"id": "a"}', "no json", "", '{"id": "b"}', "[1]", '{"id": "c"',
                   '{"id": "d"} {}')
        self.assertEqual(self.one(code=4)["created"], 2)
        held = self.held()
        self.assertEqual(list(held), ["line:2", "line:5", "line:6", "line:7"])
        self.assertIn("not JSON", held["line:2"])
        self.assertIn("a JSON list, not one record", held["line:5"])
        self.assertIn("holds line:2: this is not JSON",
                      self.run_it("explain", "plants", "line:2", code=2).err)
        self.lines('{"id": "a"}', '{"id": "new"}', "", '{"id": "b"}', *["no json"] * 8)
        self.assertEqual(self.one(code=4)["created"], 1)
        self.assertEqual(list(self.held()), [f"line:{n}" for n in range(5, 13)])
        self.lines('{"id": "a"}')
        self.one()
        self.assertEqual(self.held(), {})

    def test_a_list_that_is_not_where_it_should_be(self):
        self.config(self.JSON.replace("key: id}", "key: id, items: rows}", 1))
        for content, words in (('{"row": []}', ('names nothing', "items: rows", "row")),
                               ('{"rows": {}}', ("is no list",)), ("", ("ends too early",)),
                               ('{"rows": [{"id": 1} {"id": 2}]}',
                                ("line 1 (byte", "',' is missing")),
                               ('{"rows": []} x', ("follows the end",))):
            self.write("plants.json", content)
            self.failed("plants.json", *words)
        self.config(self.JSON)
        self.write("plants.json", '{"rows": []}')
        self.assertIn("`items`", self.run_it("check", code=2).out)
        self.failed("holds an object, not a list", "one of rows")

    def test_keys_that_cannot_serve(self):
        self.config()
        self.lines('{"n": 1}', '{"id": "", "n": 2}', '{"id": null}', f'{{"id": "{"k" * 2000}"}}',
                   '{"id": {"a": 1}}', '{"id": true}', f'{{"id": "{"k" * 1024}"}}', '{"id": 1.10}')
        done = self.one(code=4)
        self.assertEqual((done["created"], done["held"]), (2, 6))
        held = self.held()
        for line, reason in (("line:1", "missing"), ("line:2", "empty"), ("line:3", "is null"),
                             ("line:4", "2000 bytes long, the limit is 1024"),
                             ("line:5", "an object"), ("line:6", "true or false")):
            self.assertIn(reason, held[line])
        self.assertEqual(self.query("SELECT id FROM plants WHERE length(id) < 10"), [("1.10",)])

    def test_a_doubled_key_is_told_and_the_last_wins(self):
        self.config()
        self.lines('{"id": "a", "n": 1}', '{"id": "b", "n": 1}', '{"id": "a", "n": 2}')
        answer = self.run_it("once", "--json")
        self.assertEqual(answer.json["passes"][0]["skipped"], 1)
        self.assertIn("key_doubled", answer.err)
        self.assertIn("key=a", answer.err)
        self.assertEqual(self.query("SELECT id, n FROM plants ORDER BY id"), [("a", 2), ("b", 1)])
        self.assertEqual((self.one()["unchanged"], self.one()["updated"]), (2, 0))

    def test_invalid_utf8_and_nul(self):
        self.config()
        self.lines(b'{"id": "a", "x": "1\xff\xc3("}', b'{"id": "b\xff"}',
                   rb'{"id": "c", "x": "1\u0000\ud800"}', b'{"id": "d", "x": "raw\0"}',
                   b"\0\0", b'{"id": "e", "\xff": 1}')
        self.assertEqual(self.one(code=4)["created"], 4)
        self.assertEqual(list(self.held()), ["line:4", "line:5"])
        self.assertEqual(self.query("SELECT id, x FROM plants ORDER BY id"),
                         [("a", "1\ufffd\ufffd("), ("b\ufffd", None), ("c", "1\ufffd\ufffd"),
                          ("e", None)])
        self.assertEqual(self.one(code=4)["unchanged"], 4)

    def test_files_that_are_no_text(self):
        self.config()
        for begin, words in ((b"\xff\xfe{\0", ("UTF-16", "iconv")), (b"\x1f\x8b\x08", ("gzip",)),
                             (b"PK\x03\x04", ("spreadsheet", "CSV"))):
            self.lines(begin)
            self.failed("plants.jsonl is", *words)
            self.assertIn(words[0], self.run_it("check", code=2).out)

    def test_numbers_keep_their_value(self):
        numbers = ["9007199254740993", "1.10", "-9223372036854775808", "9223372036854775808",
                   "123456789012345678901234567890", "1e400", "0.1", "-0"]
        self.config(SIMPLE[:SIMPLE.index("    destination")]
                    + "    destination: {kind: file, path: out.jsonl, key: id}\n")
        self.lines(*[f'{{"id":"{i}","n":{n}}}' for i, n in enumerate(numbers)])
        self.one()
        files = self.files()
        self.assertEqual(files["out.jsonl"], files["plants.jsonl"])
        self.config()
        self.one()
        self.assertEqual(self.query("SELECT typeof(n), n FROM plants WHERE id < '4' ORDER BY id"),
                         [("integer", 9007199254740993), ("real", 1.1), ("integer", -2**63),
                          ("text", "9223372036854775808")])

    def test_what_is_no_number(self):
        self.config(SIMPLE + "    fields: {n: {from: n, as: integer}, x: x}\n")
        self.lines(*['{"id":"%d","n":%s}' % row for row in enumerate(
            ["NaN", "Infinity", "01", ".5", "1.10", "9223372036854775808", '"abc"', '""', "5"])])
        done = self.one(code=4)
        self.assertEqual((done["created"], done["held"]), (2, 7))
        held = self.held()
        for line in range(1, 5):
            self.assertIn("not JSON", held[f"line:{line}"])
        self.assertIn('n: number "1.10" is not an integer', held["4"])
        self.assertIn("is not an integer of 64 bits", held["5"])
        self.assertIn('n: "abc" is not an integer', held["6"])
        self.assertEqual(self.query("SELECT id, n FROM plants ORDER BY id"),
                         [("7", None), ("8", 5)])

    def test_dates_of_every_kind(self):
        good = {"2024-02-29": "2024-02-29T00:00:00Z",
                "2024-02-29T12:00:00+02:00": "2024-02-29T10:00:00Z",
                "2024-02-29 12:00": "2024-02-29T12:00:00Z",
                "1969-12-31T23:59:59Z": "1969-12-31T23:59:59Z",
                "2024-02-29T12:00:00.1234567891Z": "2024-02-29T12:00:00.123456789Z",
                1709208000: "2024-02-29T12:00:00Z", 1709208000000: "2024-02-29T12:00:00Z",
                "9999-12-31": "9999-12-31T00:00:00Z", "": None}
        bad = ["2023-02-29", "2024-13-01", "29.02.2024", "02/29/2024", "20240229", "yesterday",
               "10000-01-01", "2024-02-29T25:00:00Z", "Thu, 29 Feb 2024 12:00:00 GMT"]
        self.config(SIMPLE + "    fields: {t: {from: t, as: datetime}}\n")
        self.lines(*[json.dumps({"id": f"g{i}", "t": t}) for i, t in enumerate(good)],
                   *[json.dumps({"id": f"x{i}", "t": t}) for i, t in enumerate(bad)])
        done = self.one(code=4)
        self.assertEqual((done["created"], done["held"]), (len(good), len(bad)))
        self.assertEqual([row for row, in self.query("SELECT t FROM plants ORDER BY id")],
                         list(good.values()))
        for i, text in enumerate(bad):
            self.assertEqual(self.held()[f"x{i}"], f't: "{text}" is not a datetime')
        self.assertEqual(self.one(code=4)["unchanged"], len(good))

    def test_csv(self):
        self.config(self.CSV)
        (self.dir / "plants.csv").write_bytes(
            b'\xef\xbb\xbfid,name,note\r\na,"Oak, the ""big"" one","two\r\nlines"\r\nb,Ash\r\n'
            b'c,Elm,x,extra\r\nd,,\r\n"e","q"x,y\r\n"g",h,i')
        done = self.one(code=4)
        self.assertEqual((done["created"], done["held"]), (4, 2))
        self.assertEqual(self.query("SELECT * FROM plants ORDER BY id"),
                         [("a", 'Oak, the "big" one', "two\r\nlines"), ("b", "Ash", None),
                          ("d", "", ""), ("g", "h", "i")])
        self.assertEqual(self.held(), {"row:3": "row:3 has 4 values, the header 3",
                                       "row:5": "row:5, column 2: text follows the closing quote"})

    def test_csv_that_cannot_be_understood(self):
        self.config(self.CSV + "    missing: delete\n")
        self.write("plants.csv", "id,n\na,1\nb,2\n")
        self.one()
        for content, words in (("id,n\na,\"1\nb,2\n", ("line 2 (byte", "never closed")),
                               ("id,n,n\na,1,2\n", ('names "n" twice',)),
                               ("id,\na,1\n", ("column 2", "is empty")),
                               ("no,n\na,1\n", ("`key: id` is no column", "no, n")),
                               ("id;n\na;1\n", ("its header begins with id;n",)),
                               ("", ("is empty",)),
                               ("id,n\ra,1\rb,2\r", ("end in CR alone",))):
            self.write("plants.csv", content)
            self.failed("plants.csv", *words)
            self.assertEqual(self.query("SELECT count(*) FROM plants"), [(2,)])
        self.assertIn("end in CR alone", self.run_it("check", code=2).out)


class Tables(BadCase):
    def test_without_a_unique_key_the_remedy_works(self):
        for table in ("id TEXT, name TEXT", "id TEXT COLLATE NOCASE PRIMARY KEY, name TEXT"):
            self.execute(f"DROP TABLE IF EXISTS plants; CREATE TABLE plants({table});")
            self.lines('{"id": "a", "name": "x"}')
            self.config(OWN_TABLE)
            self.assertIn('nothing keeps "id" unique', self.run_it("check", code=2).out)
            failed = self.failed('nothing keeps "id" unique')
            self.assertEqual(self.query("SELECT count(*) FROM plants"), [(0,)])
            self.execute(re.search(r"CREATE UNIQUE INDEX .*\)$", failed["error"]["text"])[0])
            self.run_it("check")
            self.one()

    def test_what_is_no_table_to_write_to(self):
        self.config(OWN_TABLE)
        self.lines('{"id": "a"}')
        for sql, words in (("", ("no such file", "create_table: true")),
                           ("CREATE TABLE other(id TEXT PRIMARY KEY);",
                            ("no such table", "create_table")),
                           ("CREATE VIEW plants AS SELECT 1 AS id;", ("is a view",)),
                           ("DROP VIEW plants; CREATE TABLE plants(no TEXT PRIMARY KEY);",
                            ('has no column "id"',))):
            if sql:
                self.execute(sql)
            self.failed("out.db", *words)
            self.run_it("check", code=2)
        self.write("out.db", "this is no database\n" * 500)
        self.failed("out.db", "is no SQLite database")
        self.assertNotIn("PRAGMA", self.run_it("check", code=2).out)

    def test_a_column_that_does_not_fit(self):
        self.execute("CREATE TABLE plants(id TEXT PRIMARY KEY, n INTEGER CHECK (n < 100), "
                     "s TEXT NOT NULL, hand TEXT DEFAULT 'mine');")
        self.config(OWN_TABLE)
        self.lines('{"id": "a", "n": 1, "s": "x"}', '{"id": "b", "n": "text", "s": "x"}',
                   '{"id": "c", "n": 1.5, "s": "x"}', '{"id": "d", "n": 100, "s": "x"}',
                   '{"id": "e", "n": 2, "s": null}', '{"id": "f", "n": 3, "s": "x", "more": 1}')
        answer = self.run_it("once", "--json", code=4)
        self.assertEqual(answer.json["passes"][0]["created"], 2)
        self.assertIn('no column to write for "more"', answer.err.replace("\\", ""))
        self.assertEqual(self.held(), {"b": 'column "n" is INTEGER: "text" does not fit',
                                       "c": 'column "n" is INTEGER: "1.5" does not fit',
                                       "d": "CHECK constraint failed: n < 100",
                                       "e": "NOT NULL constraint failed: plants.s"})
        self.assertEqual(self.query("SELECT * FROM plants"),
                         [("a", 1, "x", "mine"), ("f", 3, "x", "mine")])

    def test_fields_without_a_column(self):
        self.execute("CREATE TABLE plants(id TEXT PRIMARY KEY, name TEXT);")
        self.config(OWN_TABLE + "    fields: {nam: name}\n")
        self.lines('{"id": "a", "name": "x"}')
        answer = self.run_it("check", code=2)
        self.assertIn('has no column "nam"', answer.out)
        self.assertIn('ALTER TABLE "plants" ADD COLUMN "nam"', answer.out)
        self.failed('has no column "nam"')

    def test_properties_without_a_column_where_nothing_names_them(self):
        self.execute("CREATE TABLE plants(id TEXT PRIMARY KEY, Name TEXT);")
        self.config(OWN_TABLE)
        self.lines('{"id": "a", "name": "x", "more": 1, "most": 2}')
        said = self.run_it("check").out
        self.assertIn('table "plants" has no column "more", and so 1 more: left out', " ".join(said.split()))
        self.assertIn('ALTER TABLE "plants" ADD COLUMN "more"', said)
        said = self.run_it("schema", "plants").out
        self.assertIn('has no column "most"', said)
        self.assertNotIn("error", said)
        one, = self.once()
        self.assertEqual(one["created"], 1)
        self.config(OWN_TABLE + "    verify: all\n")
        self.assertIn("1 unchanged", self.run_it("plan").out)
        self.assertIn("leave alone", self.run_it("explain", "plants", "a").out)
        one, = self.once()
        self.assertEqual((one["updated"], one["unchanged"]), (0, 1))
        self.execute("UPDATE plants SET Name = 'y'")
        self.assertIn("1 to update", self.run_it("plan").out)
        one, = self.once()
        self.assertEqual((one["updated"], self.query("SELECT Name FROM plants")), (1, [("x",)]))

    def test_sources_that_cannot_be_read(self):
        self.execute("CREATE TABLE t(id TEXT, n INT); "
                     "INSERT INTO t VALUES (NULL, 1), ('', 2), ('a', 3);", "in.db")
        for settings, words in (("table: nope", ("no such table", "nope")),
                                ('query: "SELEC id"', ("syntax error",)),
                                ('query: "DELETE FROM t"', ("no SELECT",)),
                                ("table: t, key: no", ("no such column", "no"))):
            key = "" if "key" in settings else ", key: id"
            self.config(SIMPLE.replace(FILE, f"{{kind: sqlite, path: in.db, {settings}{key}}}"))
            out = self.run_it("check", code=2).out
            failed, = self.once(code=1)
            for word in words:
                self.assertIn(word, out)
                self.assertIn(word, failed["error"]["text"])
        self.config(SIMPLE.replace(FILE, "{kind: sqlite, path: in.db, table: t, key: id}"))
        done = self.one(code=4)
        self.assertEqual((done["created"], done["held"]), (1, 2))
        self.assertEqual(list(self.held()), ["row:1", "row:2"])

    def test_check_looks_at_the_first_record(self):
        def warnings():
            return [f["text"] for f in self.run_it("check", "--json").json["findings"]
                    if f["level"] == "warning"]

        self.config(SIMPLE + "    fields: {Name: nmae, Other: weight, Part: size.max}\n")
        self.write("plants.jsonl", '{"id": "a", "name": "Ada", "size": {"max": 1}}\n')
        self.assertEqual(warnings(), ['source file: its first record has no "nmae"; did you mean "name"?'])
        self.write("plants.jsonl", 'no JSON\n{"id": "a", "name": "Ada"}\n')
        (said,) = warnings()
        self.assertIn("line:1", said)


if __name__ == "__main__":
    main()
