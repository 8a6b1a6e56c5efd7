#!/usr/bin/env python3
"""Completion: what `_complete` offers, and that bash, zsh and fish show it. The shells are the real
ones, bash and zsh on a terminal of their own."""
import fcntl
import os
import pathlib
import pty
import re
import select
import shutil
import struct
import subprocess
import termios
import time

from cli import PATIENCE, PROGRAM, SIMPLE, Case, main

TWO = SIMPLE + SIMPLE.split("routes:\n")[1].replace("plants", "animals")


class Offered(Case):
    def offers(self, *words):
        lines = self.run_it("_complete", "--", *words).out.splitlines()
        return [line.split("\t")[0] for line in lines]

    def test_commands(self):
        self.assertEqual(self.offers("sta"), ["status"])
        self.assertLessEqual({"once", "run", "schema", "completion"}, set(self.offers("")))
        self.assertEqual(self.offers("-q", "-c", "x.yaml", "expl"), ["explain"])

    def test_hidden_ones_and_those_of_later_are_not_offered(self):
        self.assertEqual(self.offers("_"), [])
        self.assertEqual(self.offers("reauth"), [])

    def test_each_with_its_meaning(self):
        line, = self.run_it("_complete", "--", "expl").out.splitlines()
        self.assertRegex(line, r"^explain\t\w+")

    def test_options(self):
        self.assertEqual(self.offers("plan", "--e"), ["--exit-code"])
        self.assertEqual(self.offers("--js"), ["--json"])
        self.assertNotIn("--exit-code", self.offers("once", "-"))
        self.assertLessEqual({"--items", "--json", "--config"}, set(self.offers("once", "-")))

    def test_values_of_options(self):
        self.assertEqual(self.offers("--log-format", ""), ["text", "json"])
        self.assertEqual(self.offers("--log-format", "j"), ["json"])
        self.assertEqual(self.offers("--log-format=j"), ["--log-format=json"])
        self.assertEqual(self.offers("--log-format", "=", "j"), ["json"])  # as bash cuts it
        self.assertEqual(self.offers("--log-format", "="), ["text", "json"])
        self.assertEqual(self.offers("init", "--template", "csv"), ["csv-to-sqlite"])
        self.assertEqual(self.offers("completion", "--shell", ""), ["bash", "zsh", "fish"])
        self.assertEqual(self.offers("-c", ""), [":files"])
        self.assertEqual(self.offers("-qc", ""), [":files"])

    def test_routes(self):
        self.config(TWO)
        for words in (["once"], ["once", "plants"], ["status"], ["sync"], ["pause"], ["explain"],
                      ["held"], ["held", "retry"], ["--json", "check"], ["schema"]):
            self.assertLessEqual({"plants", "animals"}, set(self.offers(*words, "")), words)
        self.assertEqual(self.offers("once", "pl"), ["plants"])

    def test_words_beside_routes(self):
        self.config()
        self.assertEqual(self.offers("held", "r"), ["retry"])
        self.assertEqual(self.offers("held", ""), ["plants", "retry", "drop", "adopt"])
        self.assertEqual(self.offers("schema", ""), ["config", "plants"])
        self.assertEqual(self.offers("held", "plants", ""), [])
        self.assertEqual(self.offers("held", "adopt", "plants", ""), [])
        self.assertEqual(self.offers("explain", "plants", ""), [])
        self.assertEqual(self.offers("status", "plants", ""), [])
        self.assertEqual(self.offers("once", "--", "p"), ["plants"])
        self.assertEqual(self.offers("once", "--", "-"), [])

    def test_the_configuration_that_is_named(self):
        self.write("other.yaml", SIMPLE.replace("plants:", "stones:"))
        self.assertEqual(self.offers("once", ""), [])
        for words in (["-c", "other.yaml"], ["-cother.yaml"], ["--config=other.yaml"],
                      ["--config", "=", "other.yaml"]):
            self.assertEqual(self.offers(*words, "once", ""), ["stones"])
        self.env["HOME"] = str(self.dir)
        self.assertEqual(self.offers("-c", "~/other.yaml", "once", ""), ["stones"])
        self.env["DURABLE_SYNC_CONFIG"] = "other.yaml"
        self.assertEqual(self.offers("once", ""), ["stones"])

    def test_kinds_and_commands_as_words(self):
        self.assertEqual(self.offers("connectors", "sq"), ["sqlite"])
        self.assertEqual(self.offers("connectors", "file"), ["file"])
        self.assertEqual(self.offers("help", "sta"), ["status"])

    def test_nothing_is_said_about_what_is_wrong(self):
        for text in ("routes: [", "x", "", "routes: 5", "\x00"):
            self.config(text)
            answer = self.run_it("_complete", "--", "once", "")
            self.assertEqual((answer.out, answer.err), ("", ""), text)
        self.assertEqual(self.offers("nonsense", ""), [])
        self.assertEqual(self.run_it("_complete").code, 0)

    def test_names_that_are_none_reach_no_shell(self):
        self.config('routes:\n  "a\\nb": {}\n  "$(x)": {}\n  "\\e[31m": {}\n  good: {}\n')
        self.assertEqual(self.offers("once", ""), ["good"])

    def test_no_value_is_fetched(self):
        self.config(SIMPLE.replace("path: plants.jsonl", 'path: "${command:touch ran}"'))
        self.assertEqual(self.offers("once", ""), ["plants"])
        self.assertFalse((self.dir / "ran").exists())


class Terminal:
    """A shell on a terminal: what is typed, and what is waited for."""

    def __init__(self, case, *command):
        self.leader, follower = pty.openpty()
        fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 200, 0, 0))
        self.shown = ""
        self.child = subprocess.Popen(command, cwd=case.dir, env=case.env, stdin=follower,
                                      stdout=follower, stderr=follower, start_new_session=True)
        os.close(follower)
        case.addCleanup(self.close)

    def close(self):
        self.child.kill()
        self.child.wait()
        os.close(self.leader)

    def type(self, text):
        os.write(self.leader, text.encode())

    def until(self, pattern):
        """What is shown up to there, without the terminal's own sequences."""
        last = time.monotonic() + PATIENCE
        while not (found := re.search(pattern, self.shown, re.S)):
            left = last - time.monotonic()
            if left <= 0 or not select.select([self.leader], [], [], left)[0]:
                raise AssertionError(f"never came: {pattern!r} in {self.shown!r}")
            piece = os.read(self.leader, 4096).decode(errors="replace")
            self.shown = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]|\x1b[=>]|\r", "", self.shown + piece)
        before, self.shown = self.shown[:found.end()], self.shown[found.end():]
        return before


class Shells(Case):
    def setUp(self):
        super().setUp()
        self.config(TWO)
        bin_folder = self.dir / "bin"
        bin_folder.mkdir()
        (bin_folder / "durable-sync").symlink_to(PROGRAM)
        self.env.update(PATH=f"{bin_folder}:{os.environ['PATH']}", HOME=str(self.dir), TERM="dumb",
                        HISTFILE="", LC_ALL="C.UTF-8", PS1="at> ", XDG_CONFIG_HOME=str(self.dir),
                        XDG_DATA_HOME=str(self.dir))
        self.env.pop("INPUTRC", None)

    def script(self, shell):
        return self.run_it("completion", "--shell", shell).out.replace(
            pathlib.Path(PROGRAM).name, "durable-sync")

    def shell(self, *command):
        done = subprocess.run(command, cwd=self.dir, env=self.env, stdin=subprocess.DEVNULL,
                              text=True, capture_output=True, timeout=PATIENCE, check=False)
        self.assertEqual((done.returncode, done.stderr), (0, ""), done.stdout)
        return done.stdout.splitlines()

    def in_bash(self, *words):
        self.write("complete.bash", self.script("bash"))
        typed = " ".join(f"'{word}'" for word in words)
        return self.shell("bash", "--norc", "--noprofile", "-c",
                          f". ./complete.bash; COMP_WORDS=(durable-sync {typed}); "
                          f"COMP_CWORD={len(words)}; _durable_sync; "
                          "printf '%s\\n' \"${COMPREPLY[@]}\"")

    def test_bash_hands_the_words_on(self):
        self.assertEqual(self.in_bash("sta"), ["status"])
        self.assertEqual(self.in_bash("once", ""), ["plants", "animals"])
        self.assertEqual(self.in_bash("held", ""), ["plants", "animals", "retry", "drop", "adopt"])
        self.assertEqual(self.in_bash("--log-format", "=", "t"), ["text"])
        self.assertEqual(self.in_bash("plan", "--ex"), ["--exit-code"])

    def test_bash_on_a_terminal(self):
        self.write("complete.bash", self.script("bash"))
        bash = Terminal(self, "bash", "--norc", "--noprofile", "-i")
        bash.until("at> ")
        bash.type(". ./complete.bash\n")
        bash.until("at> ")
        bash.type("durable-sync sta\tpla\t--js\t\n")
        self.assertIn("durable-sync status plants --json", bash.until(r'"units"'))
        bash.until("at> ")
        bash.type("durable-sync -c durable-s\tonce anim\t-\x15")
        bash.until(r"-c durable-sync\.yaml once animals -")
        bash.type("\x15durable-sync -c ~/durable-sync.yaml once anim\t-")
        bash.until(r"-c ~/durable-sync\.yaml once animals -")

    def test_zsh_on_a_terminal(self):
        (self.dir / "functions").mkdir()
        self.write("functions/_durable-sync", self.script("zsh"))
        zsh = Terminal(self, "zsh", "-f", "-i")
        zsh.until("at> ")
        zsh.type("fpath=(./functions $fpath); autoload -Uz compinit; compinit -u -D\n")
        zsh.until("at> ")
        zsh.type("durable-sync sta\t")
        zsh.until("durable-sync status ")
        zsh.type("pla\t")
        zsh.until("plants ")
        zsh.type("--js\t\n")
        zsh.until(r'"units"')
        zsh.until("at> ")
        zsh.type("durable-sync held \t")
        shown = zsh.until("retry")
        self.assertIn("animals", shown)

    def test_zsh_takes_the_script_itself(self):
        self.write("complete.zsh", self.script("zsh"))
        lines = self.shell("zsh", "-f", "-c", "autoload -Uz compinit; compinit -u -D; "
                           ". ./complete.zsh; print ${_comps[durable-sync]}")
        self.assertEqual(lines, ["_durable_sync"])

    def in_fish(self, line):
        self.write("complete.fish", self.script("fish"))
        return self.shell("fish", "--no-config", "-c",
                          f"source complete.fish; complete -C '{line}'")

    def test_fish(self):
        self.assertEqual([line.split("\t")[0] for line in self.in_fish("durable-sync sta")],
                         ["status"])
        self.assertRegex(self.in_fish("durable-sync expl")[0], r"^explain\t\w+")
        self.assertEqual(self.in_fish("durable-sync once p"), ["plants\troute"])
        self.assertEqual([line.split("\t")[0] for line in self.in_fish("durable-sync plan --ex")],
                         ["--exit-code"])
        self.assertEqual(self.in_fish("durable-sync --log-format=j"), ["--log-format=json"])
        self.assertEqual({line.split("\t")[0] for line in self.in_fish("durable-sync held ")},
                         {"plants", "animals", "retry", "drop", "adopt"})
        self.assertIn("durable-sync.yaml",
                      [line.split("\t")[0] for line in self.in_fish("durable-sync -c durable-s")])

    def test_the_shells_are_there(self):
        for shell in ("bash", "zsh", "fish"):
            self.assertTrue(shutil.which(shell), shell)


if __name__ == "__main__":
    main()
