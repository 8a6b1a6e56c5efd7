#!/usr/bin/env python3
"""PostgreSQL on either side, on a day when nothing goes wrong."""
import json
import os
import subprocess

from cli import PROGRAM, main
from pg import FILE, Pg
from stand import route


class Ways(Pg):
    def test_from_a_file_and_on(self):
        plants = self.plants(120)
        self.records(plants)
        self.routes(route(name="in", source=FILE, destination=self.to(),
                          more="fields: {name: name, height: {from: height, as: integer}}"),
                    route(name="on", source=self.side(), destination=self.to("mirror")),
                    route(name="out", source=self.side("mirror"),
                          destination="{kind: sqlite, path: out.db, table: plants, key: id, create_table: true}",
                          more="fields: {name: name, height: {from: height, as: integer}}"))
        for name in ("in", "on", "out"):
            done, = self.once(name)
            self.assertEqual((done["outcome"], done["created"]), ("done", 120), done)
        self.holds(plants)
        self.holds(plants, "mirror")
        self.mirrored(plants)
        plants[7]["name"] = "another"
        self.records(plants)
        for name in ("in", "on", "out"):
            done, = self.once(name)
            self.assertEqual((done["updated"], done["unchanged"]), (1, 119))
        self.mirrored(plants)
        for done in self.once():
            self.assertEqual((done["unchanged"], done["calls"]["destination"]), (120, 0), done)

    def test_types_come_out_as_they_went_in(self):
        self.sql("""CREATE TYPE mood AS ENUM ('sad', 'happy');
            CREATE TABLE a (id uuid PRIMARY KEY, n numeric, at timestamptz, day date, doc jsonb,
                tags text[], numbers int[], feels mood, raw bytea, yes bool, big int8, f float8, docs jsonb[]);
            CREATE TABLE b (LIKE a INCLUDING ALL);
            INSERT INTO a VALUES ('00000000-0000-0000-0000-00000000000a', 1.10,
                '2026-01-31 10:30:00.123456+01', '2026-01-31', '{"x": [1, {"y": null}]}', '{a,"b c"}',
                '{1,NULL}', 'happy', '\\x00ff', true, 9223372036854775807, 0.1,
                '{"{\\"x\\": 1}","\\"t\\"","[1, 2]",NULL,9007199254740993,true}'),
                ('00000000-0000-0000-0000-00000000000b', 'NaN', 'infinity', '0044-03-15 BC', '[]', '{}',
                '{}', 'sad', '', false, -1, '-Infinity', '{"\\"only\\"","\\"text\\""}'),
                ('00000000-0000-0000-0000-00000000000c', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
                NULL, NULL, NULL, NULL)""")
        self.routes(route(source=self.side("a"), destination=self.side("b")))
        done = self.asked()
        self.assertEqual(done["created"], 3, self.held())
        self.assertEqual(self.sql("(TABLE a EXCEPT TABLE b) UNION ALL (TABLE b EXCEPT TABLE a)"), "")
        self.assertEqual(self.asked()["unchanged"], 3)

    def test_encodings(self):
        """Texts of a database that has none are repaired one by one; the server turns all others into UTF-8."""
        for encoding, name in ("SQL_ASCII", "caf\ufffd"), ("LATIN1", "caf\u00e9"):
            self.db = encoding.lower()
            self.server.psql(f"CREATE DATABASE {self.db} ENCODING '{encoding}' TEMPLATE template0")
            self.sql("CREATE TABLE plants (id int PRIMARY KEY, name text);"
                     "INSERT INTO plants VALUES (1, E'caf\\xe9'), (2, 'tea')")
            self.routes(route(name=f"from-{encoding[0].lower()}", source=self.side(),
                              destination=f"{{kind: file, path: {self.db}.jsonl, key: id}}"))
            self.assertEqual(self.asked()["created"], 2)
            lines = (self.dir / f"{self.db}.jsonl").read_text("utf-8").splitlines()
            self.assertEqual([json.loads(line)["name"] for line in lines], [name, "tea"])

    def test_a_query(self):
        self.make(10)
        self.routes(route(source=self.side("SELECT id, upper(name) AS name FROM plants WHERE height > 6"),
                          destination=self.to("tall")))
        self.assertEqual(self.asked()["created"], 3)
        self.assertEqual(self.rows("SELECT id, name FROM tall ORDER BY id"),
                         [("p7", "PLANT 7"), ("p8", "PLANT 8"), ("p9", "PLANT 9")])

    def test_named_rows(self):
        self.make(1000)
        self.routes(route(source=self.side(), destination=self.to("mirror")))
        done, = self.once("--items", "p7,p900,nobody")
        self.assertEqual((done["kind"], done["total"], done["created"]), ("targeted", 2, 2))
        self.assertEqual(self.sql("SELECT string_agg(id, ' ' ORDER BY id) FROM mirror"), "p7 p900")

    def test_rows_without_a_key_are_held(self):
        self.sql("CREATE TABLE plants (id text, name text, height int);"
                 "INSERT INTO plants VALUES ('a', 'A', 1), (NULL, 'B', 2), ('', 'C', 3), (NULL, 'D', 4)")
        self.routes(route(source=self.side(), destination=self.to("mirror")))
        done = self.asked(code=4)
        self.assertEqual((done["created"], done["held"]), (1, 3))
        self.assertEqual([row["key"] for row in self.held()], ["row:1", "row:3", "row:4"])
        self.sql("DELETE FROM plants WHERE id IS NULL OR id = ''")
        self.assertEqual(self.asked()["held"], 0)
        self.assertEqual(self.held(), [])

    def test_missing_rows(self):
        self.make(20)
        self.routes(route(source=self.side(), destination=self.to("mirror"), more="missing: delete"))
        self.asked()
        self.sql("DELETE FROM plants WHERE height < 5; INSERT INTO mirror (id) VALUES ('by hand')")
        self.asked()
        self.assertEqual(self.sql("SELECT count(*), count(*) FILTER (WHERE id = 'by hand') FROM mirror"), "16|1")

    def test_missing_rows_are_marked(self):
        self.make(20)
        self.routes(route(source=self.side(), destination=self.to("mirror"), more="missing: {mark: gone}"))
        self.asked()
        self.sql("DELETE FROM plants WHERE height < 5")
        self.asked()
        self.assertEqual(self.sql("SELECT count(*) FILTER (WHERE gone::bool), count(*) FROM mirror"), "5|20")


class Large(Pg):
    """A row of 200 MiB costs a message, not memory."""

    def peak(self, *args, code=0):
        """KiB that the program had at most."""
        with subprocess.Popen([PROGRAM, *args], cwd=self.dir, env=self.env, stdin=subprocess.DEVNULL,
                              stdout=subprocess.DEVNULL) as child:
            _, status, used = os.wait4(child.pid, 0)
            child.returncode = os.waitstatus_to_exitcode(status)
        self.assertEqual(child.returncode, code)
        return used.ru_maxrss

    def test_memory_is_constant(self):
        self.make(200)
        self.routes(route(source=self.side(), destination=self.to("mirror")),
                    route(name="query", source=self.side("SELECT * FROM plants"), destination=self.to("other")))
        before = self.peak("once")
        self.sql("UPDATE plants SET name = repeat('x', 200 * 1024 * 1024) WHERE id = 'p7'")
        after = self.peak("once", code=4)
        self.assertLess(after - before, 24 * 1024)
        for name, table in (("plants", "mirror"), ("query", "other")):
            held, = self.run_it("held", name, "--json").json["held"]
            self.assertIn("209715", held["reason"])
            self.assertEqual(self.sql(f"SELECT count(*), max(length(name)) FROM {table}"), "200|9")
        self.sql("UPDATE plants SET name = 'Plant 7' WHERE id = 'p7'")
        for done in self.once():
            self.assertEqual((done["outcome"], done["unchanged"], done["held"]), ("done", 200, 0))


class Looks(Pg):
    def test_plan_explain_check(self):
        self.make(3)
        self.routes(route(source=self.side(), destination=self.to("mirror")))
        self.asked()
        self.sql("UPDATE plants SET name = 'other' WHERE id = 'p1'; INSERT INTO plants VALUES ('p9', 'N', 9)")
        plan, = self.run_it("plan", "--json").json["routes"]
        self.assertEqual([row["key"] for row in plan["create"]], ["p9"])
        self.assertEqual(plan["update"][0]["fields"], {"name": {"from": "Plant 1", "to": "other"}})
        self.assertIn("other", self.run_it("explain", "plants", "p1").out)
        out = self.run_it("check").out
        self.assertIn("source postgresql can be read: 1 unit", out)
        self.assertIn("promise A", out)
        self.assertEqual(self.sql("SELECT count(*) FROM mirror"), "3", "they only look")

    def test_the_templates(self):
        self.env |= {"PGHOST": str(self.server.dir), "PGPORT": str(self.server.port), "PGUSER": "postgres",
                     "PGDATABASE": self.db}
        self.run_it("init", "--template", "jsonl-to-postgresql")
        self.run_it("check")
        self.run_it("once")
        self.assertEqual(self.sql("SELECT count(*) FROM plants"), "3")
        (self.dir / "durable-sync.yaml").unlink()
        self.run_it("init", "--template", "postgresql-to-sqlite")
        self.run_it("check")
        self.run_it("once")
        self.assertEqual(self.query("SELECT count(*) FROM plants", "mirror.db"), [(3,)])

    def test_a_missing_table_is_made_by_the_remedy(self):
        self.make(3)
        self.routes(route(source=self.side(), destination=self.side("mirror")))
        remedy = "durable-sync schema plants --create"
        self.assertIn(remedy, self.run_it("check", code=2).out)
        self.run_it(*remedy.split()[1:])
        self.run_it("check")
        self.routes(route(source=self.side(), destination=self.side("mirror", key="idd")))
        self.assertNotIn("--create", self.run_it("check", code=2).out)

    def test_what_is_not_there(self):
        self.make(1)
        for side, says in ((self.side("plats"), 'relation "plats" does not exist'),
                           (self.side(key="idd"), 'column "idd" does not exist'),
                           (self.side(url=self.server.url("nowhere")), 'database "nowhere" does not exist'),
                           (self.side("SELECT id FROM plants WHERE id = $1"), "has parameters")):
            self.routes(route(source=side, destination=self.to("mirror")))
            answer = self.run_it("check", code=2)
            self.assertIn(says, answer.out)
            done = self.asked(code=1)
            self.assertEqual(done["error"]["kind"], "config", done)

    def test_a_refused_login_pauses(self):
        self.make(1)
        hba = self.server.data / "pg_hba.conf"
        before = hba.read_text()
        hba.write_text("local all stranger reject\nlocal all secretive scram-sha-256\n" + before)
        self.addCleanup(self.server.psql, "SELECT pg_reload_conf()")
        self.addCleanup(hba.write_text, before)
        self.server.psql("SELECT pg_reload_conf(); CREATE ROLE stranger LOGIN;"
                         "CREATE ROLE secretive LOGIN PASSWORD 'p4ss'")
        self.sql("GRANT SELECT ON plants TO secretive")
        url = self.server.url(self.db, "secretive", password="p4ss")
        self.routes(route(source=self.side(url=url), destination=self.to("mirror")))
        self.asked()
        self.sql("ALTER ROLE secretive PASSWORD 'another'")
        done = self.asked(code=3)
        self.assertEqual((done["outcome"], done["error"]["kind"]), ("paused", "auth"))
        for text in (json.dumps(done), self.unit()["last_error"], self.run_it("check", code=2).out):
            self.assertIn("password authentication failed", text)
            self.assertNotIn("p4ss", text)
        self.assertTrue(self.unit()["paused"])


class Since(Pg):
    """A query with ${since} lists changes in between full passes."""

    def follow(self, source, destination, sql, stamp):
        self.routes(route(source=source, destination=destination, every="1s", more="full_every: 1d"))
        child = self.daemon()
        self.completed(1)
        sql(f"UPDATE plants SET name = 'new', changed = {stamp} WHERE id = 'p3'")
        self.until(lambda: any(done["updated"] for done in self.history()), "the changed row")
        changed, = [done for done in self.history() if done["updated"]]
        self.assertEqual((changed["kind"], changed["total"]), ("changes", 1), "the others are old")
        sql("UPDATE plants SET name = 'unseen' WHERE id = 'p4'")
        sql("DELETE FROM plants WHERE id = 'p5'")
        self.completed(self.unit()["runs_completed"] + 2)
        self.assertEqual({done["kind"] for done in self.history()}, {"full", "changes"})
        self.run_it("sync", "plants")
        self.until(lambda: [done["kind"] for done in self.history()].count("full") == 2, "a full pass")
        full = [done for done in self.history() if done["kind"] == "full"][0]
        self.assertEqual((full["total"], full["updated"]), (9, 1))
        self.stop(child)

    def test_of_postgresql(self):
        self.make(10)
        self.sql("ALTER TABLE plants ADD changed timestamptz DEFAULT '2020-01-01'")
        self.follow(self.side("SELECT * FROM plants WHERE changed >= ${since}"), self.to("mirror"), self.sql,
                    "now()")
        self.assertEqual(self.sql("SELECT name FROM mirror WHERE id IN ('p3', 'p4') ORDER BY id"), "new\nunseen")

    def test_of_sqlite(self):
        self.execute("CREATE TABLE plants (id TEXT PRIMARY KEY, name TEXT, changed TEXT DEFAULT '2020-01-01 00:00:00')",
                     "in.db")
        self.execute("".join(f"INSERT INTO plants (id, name) VALUES ('p{i}', 'Plant {i}');" for i in range(10)), "in.db")
        self.follow("{kind: sqlite, path: in.db, key: id, since_as: datetime, "
                    "query: 'SELECT * FROM plants WHERE changed >= ${since}'}", self.to("mirror"),
                    lambda text: self.execute(text, "in.db"), "datetime('now')")
        self.assertEqual(self.sql("SELECT name FROM mirror WHERE id IN ('p3', 'p4') ORDER BY id"), "new\nunseen")

    def test_a_slip_is_told_by_check(self):
        self.make(1)
        self.sql("ALTER TABLE plants ADD changed timestamptz")
        self.routes(route(source=self.side("SELECT * FROM plants WHERE changed > '${since}'"),
                          destination=self.to("mirror")))
        self.assertIn("${since} is a timestamptz and stands without quotes", self.run_it("check", code=2).out)


if __name__ == "__main__":
    main()
