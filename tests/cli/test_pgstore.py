#!/usr/bin/env python3
"""The store on a PostgreSQL server: what a file does it does too, and beyond that a server goes away,
comes back, and loses the answer to a COMMIT.  After each of that every row is there once, and the
status tells the truth."""
import os
import signal
import subprocess

from cli import PATIENCE, main
from pg import Pg
from relay import Relay
from stand import route

N = 3000
SLOW = "pace: 2000/s"


class Store(Pg):
    def keep(self, url=None, more="", schema=None):
        """The usual route, with its store on the server."""
        store = f"'{url or self.server.url(self.db)}'"
        if schema:
            store = f"{{url: {store}, schema: {schema}}}"
        self.config(f"store: {store}\nroutes:\n" + route(more=more))

    def relayed(self, more=""):
        relay = Relay(self.server.port)
        self.addCleanup(relay.close)
        self.keep(f"postgresql://postgres@127.0.0.1:{relay.port}/{self.db}"
                  "?sslmode=disable&gssencmode=disable", more)
        return relay

    def said(self, words, child=None):
        """A line of the daemon's log."""
        def there():
            if child and child.poll() is not None:
                self.fail("the daemon left: " + self.log())
            return words in self.log()

        self.until(there, words)

    def links(self):
        return int(self.sql("SELECT count(*) FROM durable_sync.link"))

    def test_a_unit_whose_name_the_server_does_not_take_keeps_no_other_from_it(self):
        self.config(f"store: '{self.server.url(self.db)}'\nroutes:\n" +
                    route(source=f"{{kind: file, path: 'in/{'*/' * 12}*.jsonl', key: id}}"))
        for names in ([os.urandom(120).hex() for _ in range(12)], ["short"] * 12):
            folder = self.dir.joinpath("in", *names)
            folder.mkdir(parents=True)
            (folder / "a.jsonl").write_text(f'{{"id": "{names[0]}"}}\n')
        answer = self.run_it("once", "--json")
        self.assertEqual([found["unit"][:5] for found in answer.json["passes"]], ["short"])
        self.assertIn("is left out: the key is", answer.err)

    # -- what a file does

    def test_everything_a_file_does(self):
        rows = self.plants(N)
        self.records(rows + [{"name": "nobody"}])
        self.keep()
        self.assertEqual(self.run_it("status", "--json").json["units"], [])
        self.assertEqual(self.asked(code=4)["created"], N)
        self.assertEqual(self.asked(code=4)["unchanged"], N)
        rows[7]["name"] = "another"
        self.records(rows[:-1] + [{"name": "nobody"}])
        done = self.asked(code=4)
        self.assertEqual((done["updated"], done["unchanged"], done["held"]), (1, N - 2, 1))
        self.mirrored(rows)
        self.assertEqual(self.links(), N)
        self.assertEqual(len(self.history()), 3)
        self.assertEqual([h["key"] for h in self.held()], ["line:%d" % N])
        self.assertFalse([f for f in self.files() if f.startswith("durable-sync.db")])

    def test_what_people_ask(self):
        self.records(self.plants(3))
        self.keep()
        self.run_it("check")
        self.asked()
        self.assertIn("schema durable_sync, by libpq", self.run_it("doctor").out)
        self.run_it("pause", "plants")
        self.assertEqual(self.unit()["state"], "paused")
        self.assertEqual(self.once(code=3)[0]["outcome"], "paused")
        self.run_it("resume", "plants")
        self.run_it("interval", "plants", "5m")
        self.assertEqual(self.unit()["interval_seconds"], 300)
        self.run_it("plan")
        self.run_it("explain", "plants", "p1")

    def test_a_schema_of_another_name(self):
        self.records(self.plants(3))
        self.keep(schema="'of mine'")
        self.asked()
        self.assertEqual(self.sql('SELECT count(*) FROM "of mine".link'), "3")

    # -- one daemon

    def test_a_second_daemon_is_refused(self):
        self.records(self.plants(3))
        self.keep()
        child = self.daemon()
        self.completed(1)
        second = self.run_it("run", code=5)
        self.assertIn(f"in use by process {child.pid};", second.err)
        self.run_it("sync", "plants")
        self.completed(2)
        self.assertEqual(self.once()[0]["unchanged"], 3)  # through the daemon
        self.stop(child)
        self.assertEqual(self.asked()["unchanged"], 3)
        self.assertEqual(self.sql("SELECT count(*) FROM durable_sync.writer"), "0")

    def test_a_killed_daemon_is_followed(self):
        rows = self.plants(N)
        self.records(rows)
        self.keep(more=SLOW)
        child = self.daemon()
        self.in_mid_pass(100)
        child.kill()
        child.wait(PATIENCE)
        self.keep()
        self.once()  # what was interrupted, and where that was not all, all
        self.mirrored(rows)
        self.assertEqual(self.asked()["unchanged"], N)

    # -- a server that goes away

    def test_a_server_that_is_not_there_yet(self):
        self.records(self.plants(3))
        self.keep()
        self.server.stop()
        try:
            self.assertIn("store postgresql:", self.run_it("once", code=2).err)
            child = self.spawn("run")
            self.said("store_away", child)
        finally:
            self.server.start()
        self.completed(1)
        self.stop(child)

    def test_the_wait_for_a_server_ends_with_a_signal(self):
        self.keep()
        self.server.stop()
        try:
            child = self.spawn("run")
            self.said("store_away", child)
            self.stop(child)
        finally:
            self.server.start()

    def killed_in_mid_pass(self, end):
        rows = self.plants(N)
        self.records(rows)
        self.keep(more=SLOW)
        child = self.daemon()
        self.in_mid_pass(100)
        end()
        try:
            self.said("store_away", child)
            self.assertIn("store postgresql:", self.run_it("status", code=2).err)
        finally:
            self.server.start()
        self.said("store_back", child)
        self.keep()
        self.until(lambda: self.count() == N and self.links() == N, "all rows and links")
        self.completed(1)
        self.stop(child)
        self.mirrored(rows)
        self.assertEqual(self.asked()["unchanged"], N)

    def test_a_server_that_is_killed(self):
        self.killed_in_mid_pass(self.server.kill)

    def test_a_server_that_is_stopped(self):
        self.killed_in_mid_pass(self.server.stop)

    def test_a_session_that_is_thrown_out(self):
        rows = self.plants(N)
        self.records(rows)
        self.keep(more=SLOW)
        child = self.daemon()
        for done in (100, 500, 900):
            self.in_mid_pass(done)
            self.sql("SELECT pg_terminate_backend(backend::int) FROM durable_sync.writer")
        self.completed(1)
        self.stop(child)
        self.mirrored(rows)
        self.assertEqual(self.asked()["unchanged"], N)

    # -- answers that are lost

    def test_the_answer_to_a_commit_is_lost(self):
        """Each commit of a pass in turn."""
        for applied in (True, False):
            behind = 0
            while self.loses(applied, behind):
                behind += 1
            self.assertGreater(behind, 4)

    def loses(self, applied, behind):
        """false: there are not so many commits."""
        for name in self.files():
            if name.startswith("out.db"):
                os.unlink(self.dir / name)
        self.sql("DROP SCHEMA IF EXISTS durable_sync CASCADE")
        rows = self.plants(40)
        self.records(rows)
        relay = self.relayed()
        relay.lose_commit(applied, behind)
        if not behind:  # the tables were just being made: whoever starts it sees that
            self.assertIn("the connection is lost", self.run_it("once", code=2).err)
        self.assertEqual(self.asked()["outcome"], "done")
        self.mirrored(rows)
        self.assertEqual(self.links(), 40)
        self.assertEqual(len(self.history()), 1)
        relay.close()
        return relay.lost.is_set()

    # -- rights and secrets

    def test_rights(self):
        self.records(self.plants(3))
        self.sql("DROP ROLE IF EXISTS poor; CREATE ROLE poor LOGIN")
        self.keep(self.server.url(self.db, "poor"))
        told = self.run_it("once", code=2).err
        self.assertIn("needs CREATE on the database", told)
        self.sql("CREATE SCHEMA durable_sync AUTHORIZATION poor")
        self.asked()
        self.sql(f"DROP OWNED BY poor; DROP ROLE poor")

    def test_somebody_elses_schema(self):
        self.records(self.plants(3))
        self.sql("CREATE SCHEMA durable_sync CREATE TABLE persons (id int)")
        self.keep()
        self.assertIn("another program", self.run_it("once", code=2).err)

    def test_a_password_is_shown_nowhere(self):
        self.records(self.plants(3))
        self.keep(f"postgresql://guarded:hunter2@127.0.0.1:{self.server.port}/{self.db}")
        os.chmod(self.dir / "durable-sync.yaml", 0o600)
        for command in ("once", "status", "doctor", "check"):
            done = subprocess.run([self.program(), command], cwd=self.dir, env=self.env, text=True,
                                  capture_output=True, timeout=PATIENCE, check=False)
            self.assertNotIn("hunter2", done.stdout + done.stderr)
            self.assertNotEqual(done.returncode, 0, command)

    def program(self):
        import cli
        return cli.PROGRAM


if __name__ == "__main__":
    main()
