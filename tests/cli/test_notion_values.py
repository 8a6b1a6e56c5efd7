#!/usr/bin/env python3
"""test_notion_values.py PROGRAM - every writable column of Notion, its limits, and bodies as blocks."""
import json

import cli
from test_notion import Routes

ALL = ("{Text: text, Number: number, Select: select, Multi: multi, Status: status, Date: date, "
       "People: people, Files: files, Check: check, URL: url, Email: email, Phone: phone, "
       "Relation: relation, Place: place}")


class Values(Routes):
    TABLE = "Everything"

    def table(self, fields=ALL, settings=""):
        self.start("--now", "2026-03-01T10:00:00Z")
        self.route(fields=fields, key="Title", settings=settings)

    def of(self, key):
        return self.row(key, "Title")["properties"]

    def refused(self, says, **properties):
        """One record that is held for this reason."""
        self.records({"id": "x", **properties})
        self.one(code=4)
        self.assertIn(says, self.held()["x"])

    def test_every_type_and_null_clears(self):
        self.table()
        page = self.rows()[0]["id"]
        person = self.get("/v1/users", Authorization="Bearer ntn_x",
                          Notion_Version="2025-09-03").json["results"][0]["id"]
        self.records({"id": "a", "text": "words", "number": 1.5, "select": "one", "multi": ["a", "new"],
                      "status": "Done", "date": "2026-01-02T03:04:05Z", "people": [person],
                      "files": ["https://example.org/a%20b.pdf?x=1"], "check": True,
                      "url": "https://example.org", "email": "a@example.org", "phone": "+49 1",
                      "relation": [page.replace("-", "")],
                      "place": {"lat": 1.5, "lon": -2, "name": "there"}})
        self.one()
        there = self.of("a")
        self.assertEqual(
            {name: there[name] for name in ("Text", "Number", "Select", "Multi", "Status", "Check",
                                            "URL", "Email", "Phone")},
            {"Text": "words", "Number": 1.5, "Select": "one", "Multi": ["a", "new"], "Status": "Done",
             "Check": True, "URL": "https://example.org", "Email": "a@example.org", "Phone": "+49 1"})
        self.assertEqual(there["Date"]["start"], "2026-01-02T03:04:05.000+00:00")
        for name, part in (("People", person), ("Relation", page), ("Files", "a%20b.pdf"),
                           ("Place", "there")):
            self.assertIn(part, json.dumps(there[name]))
        self.records({"id": "a", **{name: None for name in (
            "text", "number", "select", "multi", "status", "date", "people", "files", "check", "url",
            "email", "phone", "relation", "place")}})
        self.assertEqual(self.one()["updated"], 1)
        there = self.of("a")
        for name in ("Text", "Number", "Select", "Multi", "Date", "People", "Files", "Check", "URL",
                     "Email", "Phone", "Relation", "Place"):
            self.assertFalse(there[name], name)

    def test_a_long_relation_is_compared_whole(self):
        self.table(fields="{Text: text, Relation: relation}")
        plain = [{"id": f"plain-{i}"} for i in range(60)]
        self.records(*plain)
        self.one()
        pages = [row["id"] for row in self.rows() if (row["properties"]["Title"] or "").startswith("plain-")]
        self.assertEqual(len(pages), 60)
        self.records(*plain, {"id": "a", "relation": pages})
        self.assertEqual(self.one()["created"], 1)
        self.write("durable-sync.yaml", (self.dir / "durable-sync.yaml").read_text() + "    verify: all\n")
        self.spent()
        done = self.one()
        self.assertEqual((done["unchanged"], done["updated"]), (61, 0))
        spent = self.spent()
        self.assertEqual(spent.get("GET /v1/pages/{id}/properties/{property}"), 1, spent)
        self.assertNotIn("PATCH /v1/pages/{id}", spent)
        # one that a hand has changed behind what its page shows is mended
        shorter = [{"id": page} for page in pages[:40]]
        self.side("POST", "/edit", {"page": self.row("a", "Title")["id"], "properties": {
            "Relation": {"relation": shorter}}})
        self.assertEqual(self.one()["updated"], 1)
        self.assertEqual(self.one()["updated"], 0)

    def test_what_is_written_the_same_way_is_no_change(self):
        self.table("{Multi: multi, Text: text, Check: check, Relation: relation, Date: date}")
        self.records({"id": "a", "multi": "one, two", "text": "", "check": None, "relation": [],
                      "date": "2026-01-02T03:04:05.000Z"},
                     {"id": "b", "multi": [], "text": "x", "check": "yes", "relation": "",
                      "date": "2026-01-02T03:04:05.250+02:00"})
        self.assertEqual(self.one()["created"], 2)
        self.write("durable-sync.yaml", (self.dir / "durable-sync.yaml").read_text() +
                   "    verify: all\n    limits: {changes: 10%}\n")
        for _ in range(3):
            planned, = self.run_it("plan", "--json", "--exit-code").json["routes"]
            self.assertEqual((planned["unchanged"], planned["update"]), (2, []))
            self.spent()
            done = self.one()
            self.assertEqual((done["outcome"], done["unchanged"]), ("done", 2))
            self.assertNotIn("PATCH /v1/pages/{id}", self.spent())
        self.side("POST", "/edit", {"page": self.row("a", "Title")["id"], "properties": {
            "Multi": {"multi_select": [{"name": "one"}]}}})
        planned, = self.run_it("plan", "--json", "--exit-code", code=10).json["routes"]
        self.assertEqual(list(planned["update"][0]["fields"]), ["Multi"])

    def test_dates(self):
        self.table("{Date: date}")
        for value, start, end in (("2026-01-02", "2026-01-02", None),
                                  ("2026-01-02/2026-01-05", "2026-01-02", "2026-01-05"),
                                  (1767225600, "2026-01-01T00:00:00.000+00:00", None)):
            self.records({"id": "a", "date": value})
            self.one()
            self.assertEqual((self.of("a")["Date"]["start"], self.of("a")["Date"]["end"]), (start, end))

    def test_what_does_not_fit_is_held_with_its_column(self):
        self.table()
        for says, properties in (
                ('column "Number": "many" is not a number', {"number": "many"}),
                ("would be rounded", {"number": 9007199254740993}),
                ('column "Check": "maybe" is not a boolean', {"check": "maybe"}),
                ('column "Date": "soon"', {"date": "soon"}),
                ('column "Status": it has no option "Later"', {"status": "Later"}),
                ("has a comma", {"select": "a, b"}),
                ("more than 100 characters", {"select": "o" * 101}),
                ("a list of 2 does not fit", {"select": ["a", "b"]}),
                ("is no id of a user", {"people": ["Ada"]}),
                ("neither id nor address of a page", {"relation": ["x"]}),
                ("no address that Notion can link to", {"files": ["file.txt"]}),
                ("is no place", {"place": "here"}),
                ("more than 200 characters", {"email": "e" * 201}),
                ("more than 200 characters", {"phone": "1" * 201}),
                ("more than 2000 characters", {"url": "https://example.org/" + "u" * 2000}),
                ("200001 characters, the most is 200000", {"text": "t" * 200001}),
                ("its properties make a request of", {"text": "\u20ac" * 200000}),
                ("no address that Notion can link to", {"files": ["https://example.org/" + "u" * 2000]}),
                ("the list has 101 entries", {"multi": [f"o{i}" for i in range(101)]}),
                ("the list has 101 entries", {"relation": [f"{i:032}" for i in range(101)]}),
                ("the list has 101 entries", {"people": [f"{i:032}" for i in range(101)]}),
                ("the list has 101 entries", {"files": [f"https://example.org/{i}" for i in range(101)]})):
            with self.subTest(says):
                self.refused(says, **properties)
        self.assertEqual(len(self.rows()), 2)

    def test_long_text_is_split_and_comes_back_whole(self):
        self.table("{Text: text}")
        for text in ("a" * 1999 + "\U0001f600" + "b" * 2001, "\u00e9" * 4001, "x" * 200000):
            self.records({"id": "a", "text": text})
            self.one()
            self.assertEqual(self.of("a")["Text"], text)

    def test_overflow_by_policy(self):
        self.table("{Text: text, Multi: multi}", ", on_overflow: truncate")
        self.records({"id": "a", "text": "t" * 200001, "multi": [f"o{i}" for i in range(120)]})
        self.one()
        self.assertEqual((len(self.of("a")["Text"]), len(self.of("a")["Multi"])), (200000, 100))
        self.route(fields="{Text: text}", key="Title", settings=", on_overflow: hold")
        self.refused("2001 characters, the most is 2000", text="t" * 2001)

    def test_options_are_refused_by_policy(self):
        self.table("{Select: select, Multi: multi}", ", options: refuse")
        self.refused('it has no option "three"; it has one, two', select="three")
        self.records({"id": "a", "select": "two", "multi": "a, b"})
        self.one()
        self.assertEqual((self.of("a")["Select"], self.of("a")["Multi"]), ("two", ["a", "b"]))

    def test_an_option_made_by_hand_meanwhile_is_met(self):
        self.table("{Select: select}", ", options: refuse")
        self.records({"id": "a", "select": "two"})
        self.one()
        self.side("POST", "/columns", {"source": self.source, "properties": {"Select": {"select": {
            "options": [{"name": name} for name in ("one", "two", "three")]}}}})
        self.records({"id": "a", "select": "three"})
        self.one()
        self.assertEqual(self.of("a")["Select"], "three")

    def test_a_column_that_changes_its_type_is_met(self):
        self.table("{Text: text}")
        self.records({"id": "a", "text": "5"})
        self.one()
        self.side("POST", "/columns", {"source": self.source,
                                       "properties": {"Text": {"number": {}}}})
        self.records({"id": "a", "text": "6"})
        self.one()
        self.assertEqual(self.of("a")["Text"], 6)

    def test_a_column_that_was_made_again_takes_all_of_a_batch(self):
        self.table("{Text: text}")
        self.records(*({"id": key, "text": "old"} for key in "abcd"))
        self.one()
        for column in (None, {"rich_text": {}}):
            self.side("POST", "/columns", {"source": self.source, "properties": {"Text": column}})
        self.records(*({"id": key, "text": "new"} for key in "abcde"))
        done = self.one()
        self.assertEqual((done["updated"], done["created"], done["held"]), (4, 1, 0))
        self.assertEqual([self.of(key)["Text"] for key in "abcde"], ["new"] * 5)

    def test_a_number_as_the_key(self):
        self.start()
        self.route(fields="{Title: name}", key="Number")
        self.records({"id": "7", "name": "seven"}, {"id": "007", "name": "other"})
        self.one(code=4)
        self.assertIn("would give back another key", self.held()["007"])
        self.records({"id": "7", "name": "sieben"})
        self.one()
        self.assertEqual(self.row(7, "Number")["properties"]["Title"], "sieben")


if __name__ == "__main__":
    cli.main()
