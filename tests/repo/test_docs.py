#!/usr/bin/env python3
"""test_docs.py PROGRAM - the documentation knows every command and setting, and its links lead
somewhere."""
import json
import pathlib
import re
import subprocess
import sys
import unittest

import tap

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
PROGRAM = sys.argv[1] if len(sys.argv) > 1 else ""


def pages():
    return [path for path in TOP.rglob("*.md")
            if not any(part.startswith((".", "build")) for part in path.relative_to(TOP).parts[:-1])]


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

    def test_every_command_is_in_the_manual(self):
        text = (TOP / "docs" / "durable-sync.1").read_text()
        here, _ = commands()
        self.assertEqual([name for name in here if name != "help"
                          and not re.search(rf"^\.It Cm {name}\b", text, re.M)], [])

    def test_every_setting_of_a_connector_is_in_the_page_of_the_configuration(self):
        text = (TOP / "docs" / "configuration.md").read_text()
        output = subprocess.check_output([PROGRAM, "connectors", "--json"], text=True,
                                         stdin=subprocess.DEVNULL)
        connectors = json.loads(output)["connectors"]
        self.assertGreaterEqual(len(connectors), 6)
        for connector in connectors:
            kind = connector["kind"]
            section = re.search(rf"^### `{kind}`\n(.*?)(?=^##)", text, re.M | re.S)
            self.assertTrue(section, kind)
            for option in connector["options"] if kind != "memory" else []:
                self.assertIn(f"`{option['name']}`", section.group(1), kind)

    def test_every_test_in_the_table_of_faults_is_there(self):
        rows = [line.split("|") for line in (TOP / "docs" / "faults.md").read_text().splitlines()
                if line.startswith("|") and "`" in line]
        self.assertGreaterEqual(len(rows), 30)
        for row in rows:
            places = re.findall(r"`([a-z]+/[a-z_]+\.(?:c|py))`: ((?:`\w+`(?:, )?)+)", row[3])
            self.assertTrue(places, row)
            for name, tests in places:
                text = (TOP / "tests" / name).read_text()
                for test in re.findall(r"`(\w+)`", tests):
                    self.assertTrue(re.search(rf"\b{test}\b", text), f"{name} has no {test}")

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
