#!/usr/bin/env python3
"""`store copy`: what a store in a file knows is in the one on a server afterwards, whole and in every
column, so that no row at the destination is written again, let alone a second time."""
from cli import main
from pg import Pg
from stand import route

N = 10000


class Copy(Pg):
    def on_file(self):
        self.config("routes:\n" + route())

    def on_server(self):
        self.config(f"store: '{self.server.url(self.db)}'\nroutes:\n" + route())

    def copied(self, code=0):
        return self.run_it("store", "copy", "durable-sync.db", "--json", code=code)

    def test_ten_thousand_links(self):
        rows = self.plants(N)
        self.records(rows + [{"name": "nobody"}])
        self.on_file()
        self.asked(code=4)
        before = self.query("SELECT rowid, * FROM plants ORDER BY id")
        self.on_server()
        told = self.copied().json
        self.assertEqual({name: told["rows"][name] for name in ("link", "link_key", "held", "run", "machine")},
                         {"link": N, "link_key": N, "held": 1, "run": 1, "machine": 1})
        self.assertEqual([row["key"] for row in self.held()], [f"line:{N + 1}"])
        self.assertEqual(len(self.history()), 1)
        done = self.asked(code=4)
        self.assertEqual((done["created"], done["updated"], done["unchanged"]), (0, 0, N))
        self.assertEqual(self.query("SELECT rowid, * FROM plants ORDER BY id"), before)
        self.records(rows + self.plants(1, first=N))  # and numbers go on where they were
        self.assertEqual(self.asked()["created"], 1)
        self.assertIn("is not empty", self.copied(code=2).err)
        self.assertEqual(len(self.history()), 3)

    def columns(self, table):
        return [(name, kind) for name, kind in
                self.query(f"SELECT name, type FROM pragma_table_info('{table}')", "durable-sync.db")]

    def test_no_column_is_left_out(self):
        self.records(self.plants(2))
        self.on_file()
        self.asked()
        values = {"INTEGER": "777", "BLOB": "x'0102030405060708090a0b0c0d0e0f10'", "TEXT": "'tree'", "ANY": "'tree'"}
        tables = [name for name, in self.query("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT"
                                               " LIKE 'sqlite_%'", "durable-sync.db")]
        self.assertGreater(len(tables), 10)
        for table in tables:
            kinds = [kind for _, kind in self.columns(table)]
            self.execute(f"INSERT INTO {table} VALUES({', '.join(values[kind] for kind in kinds)})", "durable-sync.db")
        self.on_server()
        told = self.copied().json["rows"]
        for table in tables:
            sums = [f"sum({name})" if kind == "INTEGER" else f"sum(length({name}))"
                    for name, kind in self.columns(table)]
            sql = f"SELECT count(*), {', '.join(sums)} FROM "
            here = "|".join("" if value is None else str(value)
                            for value in self.query(sql + table, "durable-sync.db")[0])
            there = self.sql(sql + "durable_sync." + table + (" WHERE key <> 'format'" if table == "meta" else ""))
            self.assertEqual(there, here, table)
            self.assertEqual(told[table], int(here.split("|")[0]))

    def test_a_file_that_was_left_behind(self):
        """Its links would be missed once the new store knows anything: said while they can be taken."""
        self.records(self.plants(3))
        self.on_file()
        self.asked()
        self.on_server()
        words = "knows 3 rows of this configuration's routes: take that along with `durable-sync store copy "
        for command in ("once", "run"):
            self.assertIn(words + str(self.dir / "durable-sync.db"), self.run_it(command, code=2).err)
        self.assertIn(words, self.run_it("check", code=2).out)
        path = self.dir / "durable-sync.yaml"
        text = path.read_text()
        path.write_text(text.replace("plants:", "others:"))  # nothing of this is in the file
        self.run_it("check")
        path.write_text(text)
        self.copied()
        self.run_it("check")
        self.assertEqual(self.asked()["unchanged"], 3)

    def test_what_is_refused(self):
        self.records(self.plants(2))
        self.on_file()
        self.assertIn("name the one on a server first", self.copied(code=2).err)
        child = self.daemon()
        self.completed(1)
        self.on_server()
        self.assertIn(f"in use by process {child.pid}", self.copied(code=5).err)
        self.stop(child)
        self.assertIn("there is no store at no.db", self.run_it("store", "copy", "no.db", code=2).err)
        self.write("empty.db", "")
        self.assertIn("nothing to copy", self.run_it("store", "copy", "empty.db", code=2).err)
        self.write("other.db", "a text and no database, of some length at least")
        self.assertIn("other.db", self.run_it("store", "copy", "sqlite:other.db", code=2).err)
        self.assertIn("store knows copy", self.run_it("store", "move", "a.db", code=2).err)
        self.assertIn("copied to postgresql", self.run_it("store", "copy", "durable-sync.db").out)
        self.assertEqual(self.asked()["unchanged"], 2)


if __name__ == "__main__":
    main()
