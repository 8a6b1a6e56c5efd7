#!/usr/bin/env python3
"""`schema`: the destination's columns beside the fields, and making what is missing."""
import json
import pathlib
import sys

from cli import SIMPLE, Case, main

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import pgserver  # noqa: E402

FIELDS = """\
routes:
  plants:
    source: {kind: file, path: plants.jsonl, key: id}
    destination: {kind: sqlite, path: out.db, table: plants, key: code}
    fields:
      name: name
      Height: {from: height, as: integer}
      label: {template: "{name} ({id})"}
      team: {value: Green}
    stamp: synced
    missing: {mark: gone}
"""


class Looking(Case):
    def look(self, *args, code=0):
        route, = self.run_it("schema", "plants", "--json", *args, code=code).json["routes"]
        self.assertEqual(set(route), {"route", "kind", "identity", "exists", "columns", "made",
                                      "findings"})
        for column in route["columns"]:
            self.assertEqual(set(column), {"name", "key", "writes", "from", "there", "type"})
        return route

    def columns(self, *args, code=0):
        return [(c["name"], c["writes"], c["from"], c["there"], c["type"])
                for c in self.look(*args, code=code)["columns"]]


class Columns(Looking):
    def schema_of(self, name="out.db"):
        return self.query("SELECT sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%' ORDER BY name",
                          name)

    def test_nothing_there_and_nothing_made(self):
        self.config(FIELDS)
        route = self.look(code=2)
        self.assertIn("no such file", json.dumps(route["findings"]).lower())
        self.assertEqual([c["there"] for c in route["columns"]], [False] * 7)
        self.assertFalse((self.dir / "out.db").exists())
        self.assertEqual(set(self.files()), {"durable-sync.yaml"})

    def test_create_makes_all_and_a_pass_finds_it(self):
        self.config(FIELDS)
        self.rows(3)
        route = self.look("--create")
        self.assertEqual(route["made"], ['table "plants" made, with "code" as its key'])
        self.assertEqual(route["findings"], [])
        self.assertEqual(self.columns(), [
            ("code", "text", None, True, "TEXT"),
            ("name", "any", "name", True, ""),
            ("Height", "integer", "height", True, "INTEGER"),
            ("label", "text", "{name} ({id})", True, "TEXT"),
            ("team", "text", "Green", True, "TEXT"),
            ("gone", "boolean", None, True, "BOOLEAN"),
            ("synced", "datetime", None, True, "DATETIME")])
        self.run_it("check")
        self.assertEqual(self.once()[0]["created"], 3)
        self.assertEqual(self.once()[0]["unchanged"], 3)

    def test_what_a_transform_makes(self):
        self.rows(3)
        config = SIMPLE + "    transform: .properties.tall = (.properties.height > 1) | del(.properties.height)\n"
        self.config(config)
        self.assertEqual(self.columns(), [("id", "text", None, False, None), ("name", "any", None, False, None),
                                          ("tall", "any", None, False, None)])
        self.assertRegex(self.run_it("schema", "plants").out, "tall +any +the transform +missing")
        self.look("--create")
        self.assertEqual([c[0] for c in self.columns()], ["id", "name", "tall"])
        self.config(config + "    fields: {name: name, height: {from: height, as: integer}}\n    stamp: at\n")
        self.assertEqual(self.columns("--create"), [
            ("id", "text", None, True, "TEXT"), ("name", "any", "name", True, ""),
            ("height", "integer", "height", True, "INTEGER"), ("at", "datetime", None, True, "DATETIME"),
            ("tall", "any", None, True, "")])
        self.config(config + "    owns: [tall]\n")
        self.assertEqual([c[:2] for c in self.columns()], [
            ("id", "text"), ("tall", "any"), ("name", None), ("height", None), ("at", None)])

    def test_create_adds_what_is_missing_and_nothing_else(self):
        self.config(FIELDS)
        self.rows(2)
        self.execute("CREATE TABLE Plants(code TEXT, NAME TEXT, mine INT); "
                     "INSERT INTO Plants VALUES ('x', 'hand', 5)")
        self.assertEqual(self.look(code=2)["made"], [])
        route = self.look("--create")
        self.assertEqual(route["made"], [
            'column "Height" added as INTEGER', 'column "label" added as TEXT',
            'column "team" added as TEXT', 'column "gone" added as BOOLEAN',
            'column "synced" added as DATETIME', 'unique index "plants_code" made'])
        self.assertEqual([(c["name"], c["writes"]) for c in route["columns"]][-1], ("mine", None))
        self.assertEqual(self.query("SELECT code, name, mine FROM plants"), [("x", "hand", 5)])
        self.assertEqual(self.look("--create")["made"], [])
        self.assertEqual(self.once()[0]["created"], 2)

    def test_rows_are_still_known_afterwards(self):
        self.config(FIELDS)
        self.rows(3)
        self.look("--create")
        self.once()
        self.config(FIELDS.replace("      team:", "      more: {value: 1}\n      team:"))
        self.assertEqual(self.look("--create")["made"], ['column "more" added as INTEGER'])
        done, = self.once()
        self.assertEqual((done["updated"], done["created"]), (3, 0))

    def test_all_or_nothing(self):
        self.config(FIELDS)
        self.execute("CREATE TABLE plants(code TEXT, name TEXT); "
                     "INSERT INTO plants VALUES ('x', 'a'), ('x', 'b')")
        before = self.schema_of()
        route = self.look("--create", code=2)
        self.assertEqual(route["made"], [])
        self.assertRegex(route["findings"][0]["text"], "unique.*UNIQUE constraint failed")
        self.assertEqual(self.schema_of(), before)

    def test_rows_get_no_key_they_never_had(self):
        self.config(FIELDS)
        self.execute("CREATE TABLE plants(codes TEXT, name TEXT); INSERT INTO plants VALUES ('x', 'a')")
        before = self.schema_of()
        finding = self.look("--create", code=2)["findings"][0]
        self.assertIn('did you mean "codes"?', finding["text"])
        self.assertEqual(self.schema_of(), before)
        self.execute("DELETE FROM plants")
        self.assertIn('column "code" added, for the key', self.look("--create")["made"])

    def test_what_is_no_table(self):
        self.config(FIELDS)
        self.execute("CREATE TABLE t(code TEXT); CREATE VIEW plants AS SELECT * FROM t")
        self.assertIn("is a view", self.look("--create", code=2)["findings"][0]["text"])

    def test_without_fields_the_first_records_say_the_names(self):
        self.config()
        self.rows(2)
        self.assertEqual(self.columns(), [
            ("id", "text", None, False, None),
            ("name", "any", "name", False, None), ("height", "any", "height", False, None)])
        self.look("--create")
        self.assertEqual([c["there"] for c in self.look()["columns"]], [True] * 3)
        self.assertEqual(self.once()[0]["created"], 2)

    def test_without_fields_and_without_a_source(self):
        self.config()
        self.assertIn("plants.jsonl", self.look("--create", code=2)["findings"][0]["text"])
        self.assertFalse((self.dir / "out.db").exists())

    def test_what_a_destination_cannot(self):
        self.rows(1)
        self.config(SIMPLE.replace("{kind: sqlite, path: out.db, table: plants, key: id, "
                                   "create_table: true}", "{kind: file, path: out.jsonl, key: id}"))
        route = self.look()
        self.assertEqual([c["there"] for c in route["columns"]], [None] * 3)
        finding = self.look("--create", code=2)["findings"][0]
        self.assertEqual(finding["level"], "error")
        self.assertIn("destination file cannot make anything", finding["text"])
        self.assertTrue(finding["remedy"])
        self.assertFalse((self.dir / "out.jsonl").exists())

    def test_findings_of_the_destination(self):
        self.config(FIELDS)
        self.execute("CREATE TABLE plants(code TEXT UNIQUE, name TEXT, height INT, label INT, "
                     "team AS (1), gone BOOL, synced TEXT)")
        texts = [f["text"] for f in self.look(code=2)["findings"]]
        self.assertEqual(texts, ['column "label" is INT, the route writes text',
                                 'column "team" is generated'])

    def test_text(self):
        self.config(FIELDS)
        out = self.run_it("schema", "plants", "--create").out
        self.assertRegex(out, r"plants: sqlite:.*/out\.db#plants\n")
        self.assertRegex(out, r"COLUMN +ROUTE WRITES +FROM +DESTINATION HAS")
        self.assertRegex(out, r"code +text +the key +TEXT")
        self.assertRegex(out, r'made +table "plants" made')
        self.assertEqual(self.run_it("schema").out.count("COLUMN"), 1)

    def test_create_wants_a_route(self):
        self.config(FIELDS)
        for args in ([], ["config"]):
            self.assertIn("--create is for one route",
                          self.run_it("schema", "--create", *args, code=2).err)


class PostgreSQL(Looking):
    @classmethod
    def setUpClass(cls):
        cls.server = pgserver.Server()
        cls.addClassCleanup(cls.server.close)
        cls.server.start()

    def setUp(self):
        super().setUp()
        self.server.psql("DROP TABLE IF EXISTS plants; DROP TABLE IF EXISTS durable_sync_state")
        self.rows(3)
        self.config(FIELDS.replace("kind: sqlite, path: out.db",
                                   f'kind: postgresql, url: "{self.server.url()}"'))

    def test_create_makes_all_and_a_pass_finds_it(self):
        self.assertEqual({c["there"] for c in self.look(code=2)["columns"]}, {False})
        self.assertEqual(self.look("--create")["made"],
                         ['table "plants" made, with "code" as its key'])
        self.assertEqual([(c["name"], c["type"]) for c in self.look()["columns"]], [
            ("code", "text"), ("name", "text"), ("Height", "bigint"), ("label", "text"),
            ("team", "text"), ("gone", "boolean"), ("synced", "timestamp with time zone")])
        self.assertEqual(self.look("--create")["made"], [])
        self.assertEqual(self.once()[0]["created"], 3)

    def test_create_adds_what_is_missing_and_nothing_else(self):
        self.server.psql("CREATE TABLE plants(code text, name varchar(20), mine int); "
                         "INSERT INTO plants VALUES ('x', 'hand', 5)")
        self.assertEqual(self.look("--create")["made"], [
            'column "Height" added as bigint', 'column "label" added as text',
            'column "team" added as text', 'column "gone" added as boolean',
            'column "synced" added as timestamp with time zone', 'unique index on "code" made'])
        self.assertEqual(self.server.psql("SELECT code, name, mine FROM plants").strip(), "x|hand|5")
        self.assertEqual(self.once()[0]["created"], 3)
        self.assertEqual(self.once()[0]["unchanged"], 3)

    def test_all_or_nothing(self):
        self.server.psql("CREATE TABLE plants(code text); INSERT INTO plants VALUES ('x'), ('x')")
        route = self.look("--create", code=2)
        self.assertEqual(route["made"], [])
        self.assertIn('make the key "code" unique', route["findings"][0]["text"])
        self.assertEqual([c["name"] for c in route["columns"] if c["there"]], ["code"])
        self.server.psql("DROP TABLE plants; CREATE TABLE plants(codes text); "
                         "INSERT INTO plants VALUES ('x')")
        self.assertIn('did you mean "codes"?',
                      self.look("--create", code=2)["findings"][0]["text"])


    def test_its_columns_are_known_by_their_types(self):
        self.server.psql("CREATE TABLE plants(code text PRIMARY KEY, n int, price numeric, ok bool, day date, "
                         "at timestamptz, tags text[], ids int[], doc jsonb); INSERT INTO plants VALUES "
                         "('a', 5, 1.10, true, '2026-01-31', '2026-01-31 09:00+00', '{x,y}', '{1}', '{}')")
        source = f'{{kind: postgresql, url: "{self.server.url()}", table: plants, key: code}}'
        target = "{kind: sqlite, path: out.db, table: plants, key: code, create_table: true}"
        self.config(f"routes:\n  plants:\n    source: {source}\n    destination: {target}\n")
        self.assertEqual(self.once()[0]["created"], 1)
        self.assertEqual(dict(self.query("SELECT name, type FROM pragma_table_info('plants')")), {
            "code": "TEXT", "n": "INTEGER", "price": "", "ok": "BOOLEAN", "day": "DATE", "at": "DATETIME",
            "tags": "TEXT", "ids": "", "doc": ""})
        self.execute("CREATE TABLE nine(code TEXT PRIMARY KEY, n INTEGER)")
        self.config(f"routes:\n  plants:\n    source: {source}\n    destination: "
                    "{kind: sqlite, path: out.db, table: nine, key: code}\n    fields: {n: tags}\n")
        self.assertIn('"n" takes `tags`: its values are of type list, and column "n" is INTEGER: none of them fits',
                      self.run_it("check", code=2).out)

    def test_what_its_columns_cannot_take(self):
        self.server.psql("CREATE TABLE plants(code text PRIMARY KEY, n int, at timestamptz, day date)")
        for field, says in (("n: name", 'column "n" is integer: "Plant 0" does not fit'),
                            ("at: height", 'column "at" is timestamp with time zone: "0" does not fit')):
            self.config("routes:\n  plants:\n    source: {kind: file, path: plants.jsonl, key: id}\n    destination: "
                        f'{{kind: postgresql, url: "{self.server.url()}", table: plants, key: code}}\n'
                        f"    fields: {{{field}}}\n")
            self.assertIn(says + "; of the first 3 values 3 would be held", self.run_it("check", code=2).out)
        self.config((self.dir / "durable-sync.yaml").read_text().replace("at: height", "n: height"))
        self.run_it("check")


class Config(Case):
    def test_the_schema_of_the_configuration_needs_none(self):
        schema = self.run_it("schema", "config").json
        self.assertEqual(schema["$schema"], "http://json-schema.org/draft-07/schema#")
        self.assertEqual(set(schema["properties"]), {"store", "engine", "accounts", "notify", "routes"})
        self.assertLessEqual({"source-file", "destination-sqlite", "account-print"},
                             set(schema["definitions"]))

    def test_connectors_say_what_the_tables_know(self):
        source, = [c for c in self.run_it("connectors", "sqlite", "--json").json["connectors"]
                   if c["role"] == "source"]
        query, = [o for o in source["options"] if o["name"] == "query"]
        self.assertEqual((query["one_of"], query["required"]), ("what", False))
        self.assertIn("reads single records by key", source["abilities"])
        out = self.run_it("connectors", "sqlite").out
        self.assertRegex(out, r"table +text +required, or query +the table or view")
        self.assertRegex(out, r"account +text +none")
        self.assertIn("promise A: ", out)


if __name__ == "__main__":
    main()
