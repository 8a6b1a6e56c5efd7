#!/usr/bin/env python3
"""test_schema.py PROGRAM - the JSON Schema of the configuration, put to a validator of others:
what the program accepts it accepts, what the program refuses it refuses, but for what
src/config/jsonschema.c names as beyond any schema (tests/data/config-beyond)."""
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

try:
    import jsonschema
    import yaml
except ImportError:  # another Python comes first in the PATH than the one the packages are for
    if sys.executable == "/usr/bin/python3":
        raise
    os.execv("/usr/bin/python3", ["/usr/bin/python3", *sys.argv])

import tap

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
DATA = TOP / "tests" / "data"
PROGRAM = str(pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "build/durable-sync").resolve())


class Loader(yaml.SafeLoader):  # pylint: disable=too-many-ancestors
    """YAML with the core schema, as editors and the program read it: `yes` and 2026-01-01 are
    text. Names are text, whatever they look like."""

    def construct_mapping(self, node, deep=False):
        return {key.value: self.construct_object(value, deep=True) for key, value in node.value}


Loader.yaml_implicit_resolvers = {}
for tag, pattern, first in (
        ("bool", r"^(?:true|false)$", "tf"),
        ("null", r"^(?:~|null|Null|NULL|)$", ["~", "n", "N", ""]),
        ("int", r"^-?(?:0|[1-9][0-9]*)$", "-0123456789"),
        ("float", r"^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?$", "-0123456789")):
    Loader.add_implicit_resolver(f"tag:yaml.org,2002:{tag}", re.compile(pattern), list(first))


def load(text):
    return yaml.load(text, Loader)  # a SafeLoader


def run(*args, cwd):
    env = {name: value for name, value in os.environ.items()
           if not name.startswith("DURABLE_SYNC_")}
    env |= {"GITHUB_TOKEN": "t", "NOTION_TOKEN": "ntn_t"}  # what the documentation takes from there
    return subprocess.run([PROGRAM, *args], text=True, capture_output=True, check=False, cwd=cwd,
                          stdin=subprocess.DEVNULL, env=env)


def numbers(document):
    """The loader's floats: what "1.50" is to jsonschema."""
    return json.loads(json.dumps(document))


class Schema(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.schema = json.loads(run("schema", "config", cwd=TOP).stdout)
        cls.validator = jsonschema.Draft7Validator(cls.schema)

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.work = pathlib.Path(folder.name)

    def complaint(self, text):
        error = jsonschema.exceptions.best_match(self.validator.iter_errors(numbers(load(text))))
        return error.message if error else None

    def refusal(self, text):
        """What the program says about the configuration alone; None: nothing."""
        path = self.work / "durable-sync.yaml"
        path.write_text(text)
        answer = run("-c", path, "check", cwd=self.work)
        if not answer.stderr:  # what it found of files and tables is on stdout
            self.assertIn(": 1 route" if text.count("destination:") < 2 else " routes", answer.stdout)
            return None
        self.assertRegex(answer.stderr, r"durable-sync\.yaml(:\d+:\d+)?: ")
        self.assertEqual((answer.returncode, answer.stdout), (2, ""))
        return answer.stderr

    def files(self, folder, at_least):
        files = sorted((DATA / folder).glob("*.yaml"))
        self.assertGreaterEqual(len(files), at_least)
        return [(path.name, path.read_text()) for path in files]

    def test_it_is_a_schema(self):
        jsonschema.Draft7Validator.check_schema(self.schema)
        jsonschema.Draft202012Validator.check_schema(self.schema)

    def test_what_is_broken_is_refused_by_both(self):
        for name, text in self.files("config-broken", 70):
            with self.subTest(name):
                self.assertTrue(self.complaint(text), "the schema accepts it")
                self.assertTrue(self.refusal(text), "the program accepts it")

    def test_what_is_good_is_accepted_by_both(self):
        for name, text in self.files("config-good", 15):
            with self.subTest(name):
                self.assertIsNone(self.complaint(text))
                self.assertIsNone(self.refusal(text))

    def test_what_no_schema_can_know(self):
        for name, text in self.files("config-beyond", 10):
            with self.subTest(name):
                self.assertIsNone(self.complaint(text))
                self.assertTrue(self.refusal(text), "the program accepts it")

    def test_a_later_draft_reads_it_alike(self):
        later = jsonschema.Draft202012Validator(self.schema)
        for folder in ("config-broken", "config-good", "config-beyond"):
            for name, text in self.files(folder, 1):
                with self.subTest(name):
                    self.assertEqual(later.is_valid(numbers(load(text))), not self.complaint(text))

    def test_the_examples(self):
        files = sorted((TOP / "examples").glob("*.yaml"))  # those below have connectors of their own
        self.assertGreaterEqual(len(files), 5)
        for path in files:
            with self.subTest(path.name):
                self.assertIsNone(self.complaint(path.read_text()))

    def test_the_documentation(self):
        """Blocks of YAML that are a whole file, and those that are a part of a route."""
        whole = parts = 0
        for page in [TOP / "README.md", *sorted((TOP / "docs").rglob("*.md"))]:
            for block in re.findall(r"```(?:yaml)?\n((?:[a-z#].*\n)(?:.*\n)*?)```", page.read_text()):
                if re.search(r"^routes:", block, re.M) and "KIND" not in block:
                    whole += 1
                    text = block
                elif block.startswith("fields:"):
                    parts += 1
                    text = (self.files("config-good", 1)[0][1].split("routes:")[0] +
                            "routes:\n  r:\n    source: {kind: file, path: a.jsonl, key: id}\n"
                            "    destination: {kind: print}\n" +
                            "".join(f"    {line}\n" for line in block.splitlines()))
                else:
                    continue
                with self.subTest(f"{page.name}: {block[:40]}"):
                    self.assertIsNone(self.complaint(text))
                    self.assertIsNone(self.refusal(text))
        self.assertGreaterEqual((whole, parts), (3, 2))

    def test_the_templates(self):
        names = run("_complete", "--", "init", "--template", "", cwd=self.work).stdout
        self.assertGreaterEqual(len(names.splitlines()), 4)
        for line in names.splitlines():
            name = line.split("\t")[0]
            path = self.work / f"{name}.yaml"
            self.assertEqual(run("-c", path, "init", "--template", name,
                                 cwd=self.work).returncode, 0)
            with self.subTest(name):
                self.assertIsNone(self.complaint(path.read_text()))

    def test_a_complaint_is_about_the_kind_that_stands_there(self):
        text = (DATA / "config-broken" / "setting-unknown.yaml").read_text()
        messages = [error.message for error in self.validator.iter_errors(load(text))]
        self.assertEqual(len(messages), 1, messages)
        self.assertIn("'pth' was unexpected", messages[0])

    def test_every_setting_is_explained(self):
        def bare(node, where):
            if isinstance(node, dict):
                for name, member in node.get("properties", {}).items():
                    if isinstance(member, dict) and not set(member) & {"description", "const", "not",
                                                                      "properties", "enum"}:
                        yield f"{where}/{name}"
                for name, member in node.items():
                    yield from bare(member, f"{where}/{name}")
            elif isinstance(node, list):
                for member in node:
                    yield from bare(member, where)
        self.assertEqual(list(bare(self.schema, "")), [])


if __name__ == "__main__":
    tap.main()
