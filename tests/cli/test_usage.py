#!/usr/bin/env python3
"""Words and options: usage, help, what is refused and what was meant."""
import json
import os
import pty
import shutil
import subprocess

from cli import PROGRAM, SIMPLE, Case, main

COMMANDS = ("init check plan once run status sync pause resume interval history held explain try "
            "approve accounts connectors schema doctor fake move store keygen codec-server completion "
            "help").split()
LATER = "login logout reauthorize".split()


class Usage(Case):
    def test_no_command_is_a_mistake(self):
        answer = self.run_it(code=2)
        self.assertEqual(answer.out, "")
        self.assertIn("usage: durable-sync", answer.err)

    def test_help_names_every_command(self):
        for args in (["-h"], ["--help"], ["help"]):
            answer = self.run_it(*args)
            for command in COMMANDS + LATER:
                self.assertIn(f"\n  {command} ", answer.out)

    def test_help_of_each_command(self):
        for command in COMMANDS + LATER:
            for args in ([command, "-h"], ["-h", command], ["help", command]):
                answer = self.run_it(*args)
                self.assertIn(f"usage: durable-sync {command}", answer.out)

    def test_version_opens_nothing(self):
        self.config("this is: [no configuration")
        answer = self.run_it("--version")
        self.assertRegex(answer.out, r"^durable-sync \d+\.\d+\.\d+\n$")
        self.assertEqual(set(json.loads(self.run_it("--version", "--json").out)), {"version"})

    def test_an_unknown_command_is_guessed(self):
        answer = self.run_it("stauts", code=2)
        self.assertIn('unknown command "stauts"; did you mean "status"?', answer.err)

    def test_an_unknown_option_is_guessed(self):
        answer = self.run_it("status", "--jsn", code=2)
        self.assertIn('did you mean "--json"?', answer.err)

    def test_an_unknown_route_is_guessed(self):
        self.config()
        for args in (["once", "plnts"], ["plan", "plnts"], ["check", "plnts"],
                     ["status", "plnts"], ["sync", "plnts"], ["pause", "plnts"],
                     ["history", "plnts"], ["held", "plnts"], ["explain", "plnts", "k"],
                     ["approve", "plnts"], ["interval", "plnts", "30m"],
                     ["held", "retry", "plnts", "k"]):
            answer = self.run_it(*args, code=2)
            self.assertIn('no route is named "plnts"; did you mean "plants"?', answer.err, args)

    def test_an_unknown_connector_is_guessed(self):
        answer = self.run_it("connectors", "sqlit", code=2)
        self.assertIn('did you mean "sqlite"?', answer.err)

    def test_a_word_that_is_no_text_is_told_as_text(self):
        for word in (b"x\xff\xfey", ("x" + "é" * 31).encode()):  # as it is, and cut in a character
            self.assertIn("no connector of kind", self.run_it("connectors", os.fsdecode(word), code=2).err)

    def test_a_folder_whose_name_is_no_text(self):
        self.config()
        self.rows(1)
        self.dir = self.dir.rename(os.fsdecode(os.fsencode(self.dir) + b"d\xe9p"))
        self.addCleanup(shutil.rmtree, self.dir)
        for command in ("check", "plan", "once", "status", "history", "doctor"):
            self.run_it(command)
            self.run_it(command, "--json")
        self.stop(self.daemon())

    def test_a_command_of_later_is_refused(self):
        for command in LATER:
            for more in ([], ["--with", "words"]):
                answer = self.run_it(command, "x", *more, code=2)
                self.assertIn(f"{command} is not in this build", answer.err)

    def test_too_few_and_too_many_words(self):
        self.assertIn("pause ROUTE", self.run_it("pause", code=2).err)
        self.assertIn('does not take "b"', self.run_it("status", "a", "b", code=2).err)

    def test_no_configuration_says_what_to_do(self):
        answer = self.run_it("once", code=2)
        self.assertIn("durable-sync init", answer.err)

    def test_a_named_configuration_that_is_not_there(self):
        answer = self.run_it("-c", "nowhere.yaml", "once", code=2)
        self.assertIn("nowhere.yaml", answer.err)

    def test_configuration_by_option_and_environment(self):
        self.rows(2)
        self.write("other.yaml", SIMPLE)
        self.assertEqual(self.run_it("-c", "other.yaml", "check").code, 0)
        self.env["DURABLE_SYNC_CONFIG"] = "other.yaml"
        self.assertEqual(self.run_it("check").code, 0)

    def test_all_errors_of_the_configuration_at_once(self):
        self.config(SIMPLE.replace("kind: file", "kind: fiel") + "    evry: 5m\n")
        for args in (["check"], ["once"], ["plan"], ["status"], ["run"]):
            answer = self.run_it(*args, code=2)
            self.assertIn("durable-sync.yaml:3:", answer.err, args)
            self.assertIn("durable-sync.yaml:5:", answer.err, args)
            self.assertIn('"every"', answer.err, args)
        findings = self.run_it("check", "--json", code=2).json["findings"]
        self.assertEqual(len(findings), 2)
        self.assertEqual({f["level"] for f in findings}, {"error"})

    def test_no_color_when_it_is_no_terminal(self):
        self.rows(1)
        self.config()
        self.assertNotIn("\033", self.run_it("check").out)

    def test_a_broken_standard_output_is_an_error(self):
        full = os.open("/dev/full", os.O_WRONLY)
        self.addCleanup(os.close, full)
        done = subprocess.run([PROGRAM, "connectors"], stdout=full, stderr=subprocess.PIPE,
                              text=True, check=False)
        self.assertEqual(done.returncode, 2)
        self.assertIn("standard output", done.stderr)

    def test_completion_is_for_three_shells(self):
        for shell in ("bash", "zsh", "fish"):
            self.assertIn("_complete", self.run_it("completion", "--shell", shell).out)
        offered = self.run_it("_complete", "--", "").out.splitlines()
        self.assertEqual(sorted(line.split("\t")[0] for line in offered), sorted(COMMANDS))
        self.assertIn("bash, zsh or fish", self.run_it("completion", "--shell", "sh", code=2).err)


class Init(Case):
    def test_default_goes_all_the_way(self):
        self.run_it("init")
        self.assertEqual((self.dir / "durable-sync.yaml").stat().st_mode & 0o777, 0o600)
        self.run_it("check")
        self.run_it("plan", "--exit-code", code=10)
        self.run_it("once")
        self.assertEqual(self.query("SELECT count(*) FROM plants", "mirror.db"), [(3,)])

    def test_csv_goes_all_the_way(self):
        self.run_it("init", "--template", "csv-to-sqlite")
        self.run_it("check")
        self.run_it("once")
        self.assertEqual(self.query("SELECT name FROM plants WHERE id = 'p2'", "mirror.db"),
                         [("Oak",)])

    def test_a_table_into_a_file(self):
        self.run_it("init", "--template", "sqlite-to-jsonl")
        self.assertIn("app.db", self.run_it("check", code=2).out)
        self.execute("CREATE TABLE rows(id TEXT PRIMARY KEY, n INT); INSERT INTO rows "
                     "VALUES ('a', 1), ('b', 2);", "app.db")
        self.run_it("check")
        self.run_it("once")
        lines = (self.dir / "rows.jsonl").read_text().splitlines()
        self.assertEqual([json.loads(line) for line in lines],
                         [{"id": "a", "n": 1}, {"id": "b", "n": 2}])

    def test_languages_is_a_configuration(self):
        self.run_it("init", "--template", "languages")
        self.assertNotIn("durable-sync.yaml:", self.run_it("check", code=None).err)

    def test_never_over_one_that_is_there(self):
        self.write("durable-sync.yaml", "mine")
        answer = self.run_it("init", code=2)
        self.assertIn("is there already", answer.err)
        self.assertEqual((self.dir / "durable-sync.yaml").read_text(), "mine")

    def test_never_over_data_that_is_there(self):
        self.write("plants.jsonl", '{"id": "mine"}\n')
        self.run_it("init")
        self.assertEqual((self.dir / "plants.jsonl").read_text(), '{"id": "mine"}\n')

    def test_another_file(self):
        (self.dir / "sub").mkdir()
        self.run_it("-c", "sub/a.yaml", "init")
        self.assertTrue((self.dir / "sub" / "plants.jsonl").exists())
        self.run_it("-c", "sub/a.yaml", "check")

    def test_an_unknown_template_is_guessed(self):
        answer = self.run_it("init", "--template", "cvs-to-sqlite", code=2)
        self.assertIn('did you mean "csv-to-sqlite"?', answer.err)

    def ask(self, answers):
        """On a terminal of its own."""
        leader, follower = pty.openpty()
        child = subprocess.Popen([PROGRAM, "init"], cwd=self.dir, env=self.env, stdin=follower,
                                 stderr=follower, stdout=subprocess.PIPE, text=True)
        os.close(follower)
        os.write(leader, answers.encode())
        out, _ = child.communicate(timeout=60)
        os.close(leader)
        return child.returncode, out

    def test_asks_on_a_terminal(self):
        self.write("it's.csv", "no,name\n1,a\n")
        code, out = self.ask("it's.csv\nno\n\nold $HOME \"t\"\n")
        self.assertEqual(code, 0)
        self.assertIn("wrote durable-sync.yaml", out)
        self.run_it("once")
        self.assertEqual(self.query('SELECT no, name FROM "old $HOME ""t"""', "mirror.db"),
                         [("1", "a")])

    def test_an_end_of_the_answers_writes_nothing(self):
        code, _ = self.ask("x.csv\n\x04")
        self.assertEqual(code, 2)
        self.assertFalse((self.dir / "durable-sync.yaml").exists())


if __name__ == "__main__":
    main()
