"""What the tests of PostgreSQL share: one server for a test program, a database for each test, sessions
of other people, and the proof that a table holds what it should."""
import contextlib
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import pgserver  # noqa: E402

from stand import Stand, route  # noqa: E402

OURS = "application_name LIKE 'durable-sync%'"
FILE = "{kind: file, path: plants.jsonl, key: id}"


class Pg(Stand):
    settings = {}  # of the server

    @classmethod
    def setUpClass(cls):
        cls.server = pgserver.Server(**cls.settings)
        cls.server.start()
        cls.addClassCleanup(cls.server.close)
        cls.databases = 0

    def setUp(self):
        super().setUp()
        type(self).databases += 1
        self.db = f"db{self.databases}"
        self.server.psql(f"CREATE DATABASE {self.db}")

    def side(self, table="plants", url=None, **more):
        """One end of a route; `table` may be a query."""
        what = "query" if table.upper().startswith(("SELECT", "WITH")) else "table"
        more = {what: "'" + table.replace("'", "''") + "'", "key": "id", **more}
        return (f"{{kind: postgresql, url: '{url or self.server.url(self.db)}', " +
                ", ".join(f"{name}: {value}" for name, value in more.items()) + "}")

    def to(self, table="plants", **more):
        return self.side(table, **{"create_table": "true", **more})

    def from_file(self, more="", **settings):
        """The usual route: the file's plants into a table."""
        self.routes(route(source=FILE, destination=self.to(**settings), more=more))

    def make(self, n, table="plants"):
        """A table with plants in it."""
        self.sql(f"CREATE TABLE {table} (id text PRIMARY KEY, name text, height int);"
                 f"INSERT INTO {table} SELECT 'p' || i, 'Plant ' || i, i "
                 f"FROM generate_series(0, {n - 1}) AS i")

    def sql(self, text):
        return self.server.psql(text, self.db)

    def rows(self, text):
        return [tuple(line.split("|")) for line in self.sql(text).splitlines()]

    def holds(self, records, table="plants"):
        """The table has these records, each once, and no others."""
        there = self.rows(f'SELECT id, name, height FROM {table} ORDER BY id COLLATE "C"')
        wanted = sorted((r["id"], r["name"], str(r["height"])) for r in records)
        self.assertEqual(len(there), len(wanted))
        self.assertEqual([pair for pair in zip(there, wanted) if pair[0] != pair[1]][:3], [])

    @contextlib.contextmanager
    def session(self, *statements):
        """Somebody else, in a transaction with these statements; it is rolled back at the end."""
        other = self.server.session(self.db)
        try:
            other.stdin.write("BEGIN;" + ";".join(statements) + ";\\echo there\n")
            other.stdin.flush()
            line = other.stdout.readline()
            self.assertEqual(line, "there\n")
            yield other
        finally:
            with contextlib.suppress(BrokenPipeError):
                other.stdin.close()
            other.stdout.read()
            other.stdout.close()
            other.wait()

    def commit(self, session):
        session.stdin.write("COMMIT;\\echo done\n")
        session.stdin.flush()
        self.assertEqual(session.stdout.readline(), "done\n")

    def waiting(self, event="Lock"):
        """Waits until a session of ours waits for that; its process id."""
        return self.until(lambda: self.server.psql(
            f"SELECT pid FROM pg_stat_activity WHERE {OURS} AND wait_event_type = '{event}' "
            f"AND datname = '{self.db}' LIMIT 1"), f"a session of ours that waits ({event})")

    def ends(self, child, code):
        """The passes of a `once --json` that runs in the background."""
        out, _ = child.communicate(timeout=120)
        self.assertEqual(child.returncode, code, out + self.log())
        return json.loads(out)["passes"]

