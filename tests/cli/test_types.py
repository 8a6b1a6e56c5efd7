#!/usr/bin/env python3
"""What sources know of their properties' types: `check` says what cannot fit, and columns that are made
are of these types."""
import json

import cli
import fake


class Fitting(cli.Case):
    """Into a table of SQLite that is there."""

    def setUp(self):
        super().setUp()
        self.execute("CREATE TABLE plants(id TEXT PRIMARY KEY, stars INTEGER, name TEXT)")

    def records(self, *values):
        self.write("in.jsonl", "".join(json.dumps({"id": str(i), "v": v}) + "\n" for i, v in enumerate(values)))

    def config_of(self, source, field="v"):
        self.config("routes:\n  plants:\n"
                    f"    source: {source}\n"
                    "    destination: {kind: sqlite, path: out.db, table: plants, key: id}\n"
                    "    fields:\n"
                    f"      stars: {field}\n")

    def said(self, code):
        found = self.run_it("check", "--json", code=code).json["findings"]
        return [(f["level"], f["text"]) for f in found if f["level"] != "ok"]

    def check(self, *values, field="v", code=0):
        self.records(*values)
        self.config_of("{kind: file, path: in.jsonl, key: id}", field)
        return self.said(code)

    def test_what_can_never_fit_is_an_error_at_its_place(self):
        (level, text), = self.check(["a"], ["b", "c"], code=2)
        self.assertEqual(level, "error")
        self.assertEqual(text, 'durable-sync.yaml:6:7: "stars" takes `v`: column "stars" is INTEGER: "["a"]" does '
                               'not fit; of the first 2 values 2 would be held')
        self.assertEqual([level for level, _ in self.check("many", code=2)], ["error"])
        self.assertEqual([level for level, _ in self.check({"a": 1}, code=2)], ["error"])
        self.assertIn("-> take another property", self.run_it("check", code=2).out)

    def test_what_some_records_do_better_is_a_doubt(self):
        (level, text), = self.check("n/a", 5, "6", None)
        self.assertEqual(level, "warning")
        self.assertIn("of the first 3 values 1 would be held", text)

    def test_what_fits_is_passed_over_in_silence(self):
        for values in ([5, "6", None], [None, None], ["7", "-1"], [True, False]):
            self.assertEqual(self.check(*values), [], values)

    def test_the_mapping_is_part_of_the_question(self):
        self.assertEqual(self.check("Live", "Gone", field='{from: v, map: {Live: 1, Gone: 0}}'), [])
        self.assertEqual(self.check("many", "", field="{value: 5}"), [])
        (level, text), = self.check("a", "b", field='{map: {a: x, b: y}, from: v}', code=2)
        self.assertEqual(level, "error")
        self.assertIn('"x" does not fit', text)

    def said_of(self, ddl, rows, code):
        self.execute(f"CREATE TABLE t({ddl}); {rows}", "in.db")
        self.config_of("{kind: sqlite, path: in.db, table: t, key: id}")
        return self.said(code)

    def test_text_of_which_nothing_has_come_yet_is_a_doubt(self):
        (level, text), = self.said_of("id TEXT PRIMARY KEY, v TEXT", "", code=0)
        self.assertEqual(level, "warning")
        self.assertIn("its values are text, which may not fit", text)

    def test_text_that_spells_numbers_is_none(self):
        self.assertEqual(self.said_of("id TEXT PRIMARY KEY, v TEXT", "INSERT INTO t VALUES ('a', '5')", code=0), [])


class Keys(cli.Case):
    """A number that is a record's key."""

    def mirrored(self, *lines, key="id", more=""):
        self.config("routes:\n  plants:\n"
                    f"    source: {{kind: file, path: in.jsonl, key: {key}}}\n"
                    "    destination: {kind: file, path: out.jsonl, key: id}\n" + more)
        self.write("in.jsonl", "".join(line + "\n" for line in lines))
        self.once()
        return tuple((self.dir / "out.jsonl").read_text().splitlines())

    OLD = '{"id":1,"v":"a"}', '{"id":1.10,"v":"b"}', '{"id":"c","v":"c"}', '{"id":"4","v":"d"}'

    def test_is_one_in_a_file_of_json_too(self):
        self.assertEqual(self.mirrored(*self.OLD), self.OLD)
        new = (*self.OLD, '{"id":5,"v":"e"}', '{"id":"6","v":"f"}')
        self.assertEqual(self.mirrored(*new), new)

    def test_is_one_with_fields(self):
        self.assertEqual(self.mirrored(*self.OLD, more="    fields: {v: v}\n"), self.OLD)

    def test_is_one_behind_a_transform(self):
        self.assertEqual(self.mirrored(*self.OLD, more="    transform: .\n"), self.OLD)

    def test_is_none_where_that_name_says_another_number(self):
        self.assertEqual(self.mirrored('{"code":"7","id":8}', key="code"), ('{"id":"7","code":"7"}',))


class Made(cli.Case):
    """Columns of a table that is made."""

    TABLE = ("CREATE TABLE t(id INTEGER PRIMARY KEY, n INTEGER, mixed INTEGER, flag BOOLEAN, price NUMERIC, name TEXT, "
             "at DATETIME); INSERT INTO t VALUES (1, 5, 6, 1, 1.5, 'a', '2026-01-01'), (2, NULL, 'n/a', 0, 2, NULL, NULL);")

    def setUp(self):
        super().setUp()
        self.execute(self.TABLE, "in.db")

    def config_of(self, fields="", more=""):
        self.config("routes:\n  plants:\n"
                    "    source: {kind: sqlite, path: in.db, table: t, key: id}\n"
                    "    destination: {kind: sqlite, path: out.db, table: plants, key: code, create_table: true}\n"
                    + fields + more)

    def columns(self):
        return dict(self.query("SELECT name, type FROM pragma_table_info('plants')"))

    TYPES = {"n": "INTEGER", "mixed": "", "flag": "BOOLEAN", "price": "", "name": "TEXT", "at": ""}

    def test_a_pass_makes_them_as_the_source_has_them(self):
        self.config_of("    fields: {n: n, mixed: mixed, flag: flag, price: price, name: name, at: at}\n")
        self.assertEqual((self.once()[0]["created"], self.once()[0]["unchanged"]), (2, 2))
        self.assertEqual(self.columns(), {"code": "TEXT", **self.TYPES})
        self.assertEqual(self.query("SELECT mixed, price FROM plants ORDER BY code"), [(6, 1.5), ("n/a", 2)])

    def test_and_without_fields(self):
        self.config_of()
        self.assertEqual(self.once()[0]["created"], 2)
        self.assertEqual(self.columns(), {"code": "TEXT", "id": "INTEGER", **self.TYPES})

    def test_schema_does_it_too_and_as_still_wins(self):
        self.config_of("    fields: {n: {from: n, as: text}, count: n, flag: flag}\n")
        self.run_it("schema", "plants", "--create")
        self.assertEqual(self.columns(), {"code": "TEXT", "n": "TEXT", "count": "INTEGER", "flag": "BOOLEAN"})

    def test_what_goes_through_a_transform_is_open(self):
        self.config_of("    fields: {n: n}\n", "    transform: .properties.n |= tostring\n    owns: [n]\n")
        self.run_it("schema", "plants", "--create")
        self.assertEqual(self.columns(), {"code": "TEXT", "n": ""})

    def test_a_table_that_is_there_is_left_as_it_is(self):
        self.execute("CREATE TABLE plants(code TEXT PRIMARY KEY, n TEXT)")
        self.config_of("    fields: {n: n, flag: flag}\n")
        self.assertEqual(self.once()[0]["created"], 2)
        self.assertEqual(self.columns(), {"code": "TEXT", "n": "TEXT", "flag": "BOOLEAN"})

    def test_a_source_that_cannot_be_asked_makes_no_table(self):
        self.config_of("    fields: {n: n}\n")
        (self.dir / "in.db").unlink()
        self.assertIn("in.db", self.run_it("schema", "plants", "--create", code=2).out)
        self.assertFalse((self.dir / "out.db").exists())


class FromGitHub(fake.Case):
    """Of GitHub every property is known."""

    def setUp(self):
        super().setUp()
        self.env.update(GITHUB_TOKEN="t0k3n-of-ada", NOTION_TOKEN="ntn_x")
        self.KIND = "notion"
        self.fake()
        self.notion = self.url
        tables = {source["name"]: source for base in self.side("GET", "/state")["databases"]
                  for source in base["data_sources"]}
        self.table = tables["Repositories"]["id"]
        self.KIND = "github"
        self.fake("--seed", "rows=3")

    def to_notion(self, fields, table=None):
        self.config("routes:\n  repos:\n"
                    f'    source: {{kind: github, base_url: "{self.url}", orgs: [acme]}}\n'
                    f'    destination: {{kind: notion, base_url: "{self.notion}", data_source: {self.table}, '
                    "key: Repo ID}\n"
                    f"    fields: {{{fields}}}\n")

    def said(self, code):
        found = self.run_it("check", "--json", code=code).json["findings"]
        return [(f["level"], f["text"]) for f in found if f["level"] != "ok"]

    def test_into_a_number(self):
        self.to_notion("Name: name, Stars: description")
        (level, text), = self.said(code=2)
        self.assertEqual(level, "error")
        self.assertRegex(text, r'^durable-sync.yaml:5:26: "Stars" takes `description`: column "Stars" is of type '
                               r'number: ".*" is not a number; of the first 3 values 3 would be held')
        for wrong in "topics", "pushed_at", "owner":
            self.to_notion(f"Name: name, Stars: {wrong}")
            (level, text), = self.said(code=2)
            self.assertEqual(level, "error")
            self.assertIn('column "Stars" is of type number: none of them fits', text)

    def test_what_fits(self):
        self.to_notion("Name: name, Stars: stargazers_count, Description: description, URL: html_url")
        self.assertEqual(self.said(code=0), [])

    def test_columns_are_made_of_their_types(self):
        self.to_notion("Name: name, Forks: forks_count, Fork: fork, At: created_at, Tags: topics, "
                       'Login: owner.login, Words: {from: topics, join: ", "}, Size: {from: size, as: text}')
        made = self.run_it("schema", "repos", "--create").out
        for name, kind in (("Forks", "number"), ("Fork", "checkbox"), ("At", "date"), ("Tags", "multi_select"),
                           ("Login", "rich_text"), ("Words", "rich_text"), ("Size", "rich_text")):
            self.assertIn(f'column "{name}" added, of type {kind}', made)
        self.assertEqual(self.said(code=0), [])
        (done,) = self.once()
        self.assertEqual((done["created"], done["held"]), (3, 0))


if __name__ == "__main__":
    cli.main()
