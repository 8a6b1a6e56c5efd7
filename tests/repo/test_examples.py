#!/usr/bin/env python3
"""test_examples.py PROGRAM - the files of examples/ and the one in README.md do what they say."""
import json
import os
import pathlib
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import unittest

import tap

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import pgserver  # noqa: E402

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
PROGRAM = sys.argv[1] if len(sys.argv) > 1 else ""


class Examples(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.top = pathlib.Path(folder.name) / "examples"
        shutil.copytree(TOP / "examples", self.top)
        self.env = dict(os.environ, GITHUB_TOKEN="ghp_example", NOTION_TOKEN="ntn_example")

    def run_program(self, config, *args, code=0):
        answer = subprocess.run([PROGRAM, "-c", self.top / config, "--json", *args], text=True,
                                capture_output=True, check=False, stdin=subprocess.DEVNULL, env=self.env)
        self.assertEqual(answer.returncode, code, f"{config} {args}: {answer.stderr}")
        return answer

    def once(self, config):
        """Totals of a full pass, summed over its units."""
        passes = json.loads(self.run_program(config, "once").stdout)["passes"]
        return {name: sum(p[name] for p in passes)
                for name in ("total", "created", "updated", "unchanged", "skipped", "held")}

    def rows(self, database, query):
        connection = sqlite3.connect(self.top / database)
        try:
            return connection.execute(query).fetchall()
        finally:
            connection.close()

    def test_every_file_is_loaded(self):
        files = sorted(self.top.glob("*.yaml"))
        self.assertGreaterEqual(len(files), 5)
        for path in files:
            self.run_program(path.name, "status")

    def test_a_broken_file_would_be_noticed(self):
        path = self.top / "broken.yaml"
        path.write_text((self.top / "glob.yaml").read_text().replace("every:", "evry:"))
        answer = self.run_program("broken.yaml", "status", code=2)
        self.assertIn("broken.yaml:8:", answer.stderr)
        self.assertIn("every", answer.stderr)

    def test_the_readme_is_loaded(self):
        block, = re.findall(r"```yaml\n(.*?)```", (TOP / "README.md").read_text(), re.S)
        (self.top / "readme.yaml").write_text(block)
        self.run_program("readme.yaml", "status")

    def test_what_configuration_md_says_of_fields_is_loaded(self):
        text = (TOP / "docs" / "configuration.md").read_text()
        fields = re.search(r"```yaml\n(fields:\n.*?)```", text, re.S).group(1)
        route = ("routes:\n  r:\n    source: {kind: file, path: a.jsonl, key: id}\n"
                 "    destination: {kind: file, path: b.jsonl, key: id}\n")
        indented = "".join(f"    {line}\n" for line in fields.splitlines())
        (self.top / "fields-of-doc.yaml").write_text(route + indented)
        self.run_program("fields-of-doc.yaml", "status")

    def test_csv_to_sqlite_and_out_again(self):
        self.assertEqual(self.once("csv-to-sqlite.yaml")["created"], 3)
        self.assertEqual(self.rows("plants.db", "SELECT name, height_cm, planted, evergreen FROM "
                                   "plants ORDER BY id"),
                         [("Box", 80, "2019-04-02", 1), ("Lavender, true", 60, "2021-05-11", 1),
                          ("Dahlia", 110, "2024-05-20", 0)])
        self.assertEqual(self.once("csv-to-sqlite.yaml")["unchanged"], 3)
        self.assertEqual(self.once("sqlite-to-jsonl.yaml")["created"], 3)
        lines = [json.loads(line) for line in (self.top / "plants.jsonl").read_text().splitlines()]
        self.assertEqual([line["name"] for line in lines], ["Box", "Lavender, true", "Dahlia"])

    def test_a_glob_has_a_unit_for_each_file(self):
        self.assertEqual(self.once("glob.yaml")["created"], 3)
        units = json.loads(self.run_program("glob.yaml", "status").stdout)["units"]
        self.assertEqual([u["unit"] for u in units], ["2026-01.jsonl", "2026-02.jsonl"])
        path = self.top / "data" / "sales" / "2026-01.jsonl"
        path.write_text(path.read_text().splitlines(keepends=True)[0])
        self.assertEqual(self.once("glob.yaml")["unchanged"], 2)
        self.assertEqual(self.rows("sales.db", "SELECT order_id FROM orders WHERE gone"), [("1002",)])

    def test_every_form_of_fields(self):
        totals = self.once("fields.yaml")
        self.assertEqual((totals["created"], totals["skipped"], totals["held"]), (2, 1, 0))
        hello, world = json.loads((self.top / "repos-out.json").read_text())
        self.assertTrue(hello.pop("Synced").endswith("Z"))
        self.assertEqual(hello, {
            "repo": "11", "Name": "hello", "Owner": "octo",
            "Link": "https://git.example/octo/hello", "Topics": "demo, small", "Tags": ["a", "b"],
            "Size": 12, "Pushed": "2026-01-05T10:00:00Z", "Label": "octo/hello", "State": "Live",
            "Note": ""})
        self.assertEqual((world["Size"], world["State"], world["Pushed"]),
                         (0, "Archived", "2025-11-30T07:15:00Z"))

    def test_a_transform(self):
        totals = self.once("transform.yaml")
        self.assertEqual((totals["created"], totals["skipped"]), (2, 1))
        rows = [json.loads(line) for line in (self.top / "tall-plants.jsonl").open()]
        self.assertEqual([(r["name"], r["height"], r["size"]) for r in rows],
                         [("BOX", 80, "small"), ("DAHLIA", 110, "large")])
        shown = json.loads(self.run_program("transform.yaml", "try", "plants").stdout)
        self.assertIn("BOX", json.dumps(shown))

    def test_postgresql(self):
        with pgserver.Server() as server:
            self.env = dict(os.environ, PLANTS_DATABASE=server.url())
            self.run_program("postgresql.yaml", "once", "plants")
            self.run_program("postgresql.yaml", "once", "changes")
            self.assertEqual(server.psql("SELECT count(*), sum(height_cm) FROM plants").strip(), "3|250")
        rows = [json.loads(line) for line in (self.top / "from-postgresql.jsonl").open()]
        self.assertEqual([r["name"] for r in rows], ["Box", "Lavender, true", "Dahlia"])

    def stand_in(self, kind, *options):
        """The address of an API's stand-in, which ends with the test."""
        child = subprocess.Popen([PROGRAM, "fake", kind, *options], text=True, stdin=subprocess.DEVNULL,
                                 stdout=subprocess.PIPE)
        self.addCleanup(child.wait)
        self.addCleanup(child.stdout.close)
        self.addCleanup(child.terminate)
        return child.stdout.readline().split()[-1]

    def test_github_to_notion(self):
        github, notion = self.stand_in("github", "--seed", "rows=30"), self.stand_in("notion", "--seed", "rows=0")
        path = self.top / "github-to-notion.yaml"
        path.write_text(path.read_text().replace('_TOKEN}"', f'_TOKEN}}", base_url: "{github}"', 1)
                        .replace('NOTION_TOKEN}"', f'NOTION_TOKEN}}", base_url: "{notion}"'))
        self.assertEqual(self.once(path.name)["created"], 30)
        self.assertEqual(self.once(path.name)["unchanged"], 30)

    def test_the_languages_of_the_demo(self):
        totals = self.once("languages.yaml")
        self.assertGreater(totals["created"], 10000)
        self.assertEqual(totals["created"], totals["total"])
        self.assertEqual(self.rows("languages.db", "SELECT name, type FROM languages "
                                   "WHERE code = 'eng'"), [("English", "living")])
        self.assertEqual(self.once("languages.yaml")["unchanged"], totals["total"])


if __name__ == "__main__":
    tap.main()
