#!/usr/bin/env python3
"""test_docs.py PROGRAM - the documentation knows every command and setting, and its links lead
somewhere."""
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

import tap

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
PROGRAM = str(pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "build/durable-sync").resolve())


def pages():
    return [path for path in TOP.rglob("*.md")
            if not any(part.startswith((".", "build", "node_modules")) for part in path.relative_to(TOP).parts[:-1])]


MADE = ("docs/man/", "docs/reference/", "packaging/completion/")


def files_below(top):
    top = pathlib.Path(top)
    return {str(path.relative_to(top)): path.read_text()
            for folder in MADE for path in (top / folder).rglob("*") if path.is_file()}


def commands():
    usage = subprocess.check_output([PROGRAM, "-h"], text=True, stdin=subprocess.DEVNULL)
    here, later = usage.split("Not in this build:")
    later = later.split("Options")[0]
    find = re.compile(r"^  ([a-z-]+)  ", re.M)
    return find.findall(here), find.findall(later)


class Docs(unittest.TestCase):
    def test_every_command_is_in_the_page_of_commands(self):
        text = (TOP / "docs" / "commands.md").read_text()
        here, later = commands()
        self.assertIn("once", here)
        self.assertIn("login", later)
        table = "\n".join(line for line in text.splitlines() if line.startswith("| `"))
        self.assertEqual([name for name in here if not re.search(rf"`{name}[ `]", table)], [])
        self.assertEqual([name for name in later if f"`{name}`" not in text], [])

    def test_every_command_has_a_manual_page(self):
        text = (TOP / "docs" / "man" / "man1" / "durable-sync.1").read_text()
        here, _ = commands()
        text = text.replace("\\-", "-")  # roff's own hyphen
        self.assertEqual([name for name in here
                          if not re.search(rf'^\.It Sy "{name}[ "]', text, re.M)], [])
        pages_there = {path.name for path in (TOP / "docs" / "man" / "man1").iterdir()}
        self.assertEqual(pages_there, {"durable-sync.1"} | {f"durable-sync-{c}.1" for c in here})

    def test_what_is_made_from_the_tables_is_current(self):
        with tempfile.TemporaryDirectory() as folder:
            env = {name: value for name, value in os.environ.items()
                   if name != "DURABLE_SYNC_CONNECTORS"}
            subprocess.run([PROGRAM, "-q", "_generate", folder], check=True, env=env)
            made = files_below(folder)
            self.assertEqual({name[:name.index("/", name.index("/") + 1) + 1] for name in made},
                             set(MADE))
        there = {name: text for name, text in files_below(TOP).items() if name.startswith(MADE)}
        remedy = "run `make docs`, and commit what it changes"
        self.assertEqual(sorted(made), sorted(there), remedy)
        for name, text in made.items():
            self.assertEqual(there[name], text, f"{name}: {remedy}")

    def test_manual_pages_are_well_formed(self):
        manuals = sorted((TOP / "docs" / "man").rglob("*.[15]"))
        self.assertGreaterEqual(len(manuals), 20)
        answer = subprocess.run(["mandoc", "-T", "lint", "-W", "style", *manuals], text=True,
                                capture_output=True, check=False)
        # A page names its neighbours, which are not installed here.
        lines = [line for line in answer.stdout.splitlines()
                 if "referenced manual not found" not in line]
        self.assertEqual(lines, [])

    def test_the_manual_of_the_file_knows_every_key(self):
        text = (TOP / "docs" / "man" / "man5" / "durable-sync.yaml.5").read_text()
        output = subprocess.check_output([PROGRAM, "schema", "config"], text=True)

        def keys(node):
            if isinstance(node, dict):
                for name, member in node.items():
                    if name == "properties":
                        yield from member
                    yield from keys(member)
            elif isinstance(node, list):
                for member in node:
                    yield from keys(member)
        names = set(keys(json.loads(output)))
        self.assertGreaterEqual(len(names), 30)
        self.assertEqual([name for name in sorted(names)
                          if f'.It Sy "{name}"' not in text and f"{{{name}:" not in text], [])

    def test_every_command_and_option_has_help(self):
        here, later = commands()
        for command in here + later:
            text = subprocess.check_output([PROGRAM, command, "-h"], text=True)
            self.assertGreater(len(text.splitlines()[2]), 5, command)
            for line in text.splitlines():
                if re.match(r"^  (-.,|   ) --", line):
                    self.assertRegex(line, r"^.{30} +\S.{4,}$", command)

    def test_every_variable_is_in_the_manual(self):
        text = (TOP / "docs" / "man" / "man1" / "durable-sync.1").read_text()
        named = set()
        for path in (TOP / "src").rglob("*.[ch]"):
            named |= set(re.findall(r'getenv\("(\w+)"\)|_VARIABLE "(\w+)"', path.read_text()))
        named = {one or other for one, other in named}
        self.assertGreaterEqual(len(named), 8)
        self.assertEqual([name for name in sorted(named) if name not in text], [])

    def test_the_example_of_the_manual_works(self):
        text = (TOP / "docs" / "man" / "man5" / "durable-sync.yaml.5").read_text()
        block = re.search(r"^\.Bd -literal.*?\n(.*?)^\.Ed", text, re.M | re.S).group(1)
        lines = block.replace("\\-", "-").replace("\\(dq", '"')
        self.assertEqual(len(lines.splitlines()), 12)
        with tempfile.TemporaryDirectory() as folder:
            top = pathlib.Path(folder)
            (top / "durable-sync.yaml").write_text(lines)
            (top / "plants.csv").write_text("id,name\np1,Fern\np2,Oak\n")
            for command, expected in (("check", "promise A"), ("once", "2 created")):
                answer = subprocess.run([PROGRAM, command], cwd=top, text=True, capture_output=True,
                                        stdin=subprocess.DEVNULL, check=False)
                self.assertEqual(answer.returncode, 0, answer.stderr + answer.stdout)
                self.assertIn(expected, answer.stdout)

    def test_every_connector_and_setting_has_help(self):
        output = subprocess.check_output([PROGRAM, "connectors", "--json"], text=True)
        for connector in json.loads(output)["connectors"]:
            self.assertTrue(connector["help"], connector["kind"])
            self.assertTrue(connector["abilities"], connector["kind"])
            for option in connector["options"]:
                self.assertTrue(option["help"], f"{connector['kind']}: {option['name']}")

    def test_every_connector_is_in_the_page_of_the_configuration(self):
        text = (TOP / "docs" / "configuration.md").read_text()
        output = subprocess.check_output([PROGRAM, "connectors", "--json"], text=True,
                                         stdin=subprocess.DEVNULL)
        connectors = json.loads(output)["connectors"]
        self.assertGreaterEqual(len(connectors), 6)
        for connector in connectors:
            kind = connector["kind"]
            self.assertTrue(re.search(rf"^### `{kind}`$", text, re.M), kind)
            reference = (TOP / "docs" / "reference" / f"connector-{kind}.md").read_text()
            for option in connector["options"]:
                self.assertIn(f"| `{option['name']}` |", reference, kind)

    def names_tests(self, lines, least):
        """Rows of three columns whose last one says which tests show it: they are there."""
        rows = [row for line in lines if len(row := line.split("|")) == 5
                and ("`" in row[3] or row[3].strip() == "")]
        self.assertGreaterEqual(len(rows), least)
        for row in rows:
            places = re.findall(r"`([a-z]+/[a-z_]+\.(?:c|py))`: ((?:`\w+`(?:, )?)+)", row[3])
            self.assertTrue(places, row)
            for name, tests in places:
                text = (TOP / "tests" / name).read_text()
                for test in re.findall(r"`(\w+)`", tests):
                    self.assertTrue(re.search(rf"\b{test}\b", text), f"{name} has no {test}")

    def test_every_test_in_the_table_of_faults_is_there(self):
        self.names_tests((TOP / "docs" / "faults.md").read_text().splitlines(), 30)

    def test_every_refusal_of_github_has_a_test(self):
        self.names_tests((TOP / "src" / "connectors" / "github" / "README.md").read_text().splitlines(), 22)

    def test_every_limit_and_error_of_notion_has_a_test(self):
        text = (TOP / "src" / "connectors" / "notion" / "README.md").read_text()
        table = text.split("## Limits and errors")[1]
        self.names_tests(table.splitlines(), 30)
        for word in ("2000", "100 items", "equation", "200", "1000", "500 KB", "60 s", "10,000", "row_limit_exceeded",
                     "invalid_json", "invalid_request_url", "invalid_request", "missing_version", "invalid_beta",
                     "validation_error", "start_cursor", "invalid_grant", "401", "403", "404", "conflict_error", "413",
                     "429", "500", "502", "503", "504", "529"):
            self.assertIn(word, table)

    def test_every_refusal_of_github_has_a_test(self):
        text = (TOP / "src" / "connectors" / "github" / "README.md").read_text()
        self.names_tests(text.split("| answer | what becomes of it | shown by |")[1].split("\n## ")[0].splitlines(), 22)

    def test_links_lead_somewhere(self):
        self.assertGreaterEqual(len(pages()), 8)
        broken = []
        for page in pages():
            for target in re.findall(r"\]\(([^)#]+)", page.read_text()):
                if "://" not in target and not (page.parent / target).exists():
                    broken.append(f"{page.relative_to(TOP)}: {target}")
        self.assertEqual(broken, [])


if __name__ == "__main__":
    tap.main()
