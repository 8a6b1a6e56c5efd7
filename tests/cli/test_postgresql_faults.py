#!/usr/bin/env python3
"""PostgreSQL on a bad day: the server stopped, killed, full or crowded, its tables locked, our session
cancelled or thrown out, the answer to a COMMIT lost.  After each of them nothing is lost, nothing is
doubled, and the status tells the truth.

What happens when is never a matter of time: a pass is held up by a lock of somebody else at a record
that the test has chosen, until what is to happen has happened.
"""
import contextlib
import subprocess

from cli import main
from disks import why_no_disks
from pg import FILE, OURS, Pg
from relay import Relay
from stand import route

N = 3000
HOLDS_P700 = "INSERT INTO plants (id) VALUES ('p700')"


class Faults(Pg):
    def begin(self, **more):
        """A route that stands, N records to write, and a table that has ten of them."""
        self.plants_ = self.plants(10)
        self.records(self.plants_)
        self.sql("CREATE TABLE plants (id text PRIMARY KEY, name text, height int)")
        self.from_file(**{"lock_timeout": "10m", **more})
        self.asked()
        self.plants_ = self.plants(N)
        self.plants_[3]["name"] = "another"
        self.records(self.plants_)

    def held_up(self, *statements):
        """A pass that waits for somebody else's row in its middle."""
        stack = contextlib.ExitStack()
        self.addCleanup(stack.close)
        self.other = stack.enter_context(self.session(*(statements or [HOLDS_P700])))
        self.release = stack.close
        child = self.spawn("once", "--json")
        self.pid = self.waiting()
        return child

    def fails(self, child, kind, *words):
        done, = self.ends(child, 1)
        self.assertEqual((done["outcome"], done["error"]["kind"]), ("failed", kind), done)
        for word in words:
            self.assertIn(word, done["error"]["text"])
            self.assertIn(word, self.unit()["last_error"])
        self.assertEqual(self.unit()["runs_completed"], 1)
        return done

    def recovers(self):
        """The next pass does the rest, and the one behind it nothing."""
        done = self.once()[0]  # where a stop interrupted one, a full one comes behind it
        self.assertEqual((done["outcome"], done["total"]), ("done", N), done)
        self.assertIsNone(self.unit()["last_error"])
        self.holds(self.plants_)
        done = self.asked()
        self.assertEqual(done["unchanged"], N, done)


class Server(Faults):
    """The whole server goes away: each of these has one of its own life."""

    def test_stopped_under_a_pass(self):
        self.begin()
        child = self.held_up()
        self.server.stop("fast")
        self.fails(child, "transient")
        done = self.asked(code=1)
        self.assertIn("connect", done["error"]["text"])
        self.server.start()
        self.recovers()

    def test_killed_under_a_pass(self):
        self.begin()
        child = self.held_up()
        self.server.kill()
        self.fails(child, "transient", "lost the connection")
        self.server.start()
        self.recovers()

    def test_a_daemon_waits_for_it_to_come_back(self):
        self.begin()
        with self.session(HOLDS_P700):
            child = self.daemon()
            self.run_it("sync", "plants")
            self.waiting()
            self.server.stop("immediate")
            self.until(lambda: self.unit()["last_error"], "the failed pass")
        self.server.start()
        self.completed(2)
        self.assertIsNone(self.unit()["last_error"])
        self.stop(child)
        self.holds(self.plants_)

    def test_no_connection_is_left(self):
        self.begin()
        self.sql("CREATE ROLE mirror LOGIN; GRANT ALL ON ALL TABLES IN SCHEMA public TO mirror;"
                 "GRANT ALL ON SCHEMA public TO mirror; ALTER TABLE plants OWNER TO mirror;"
                 "ALTER TABLE durable_sync_state OWNER TO mirror")
        self.server.restart(max_connections="4", max_wal_senders="0")  # three are for superusers
        self.from_file(url=self.server.url(self.db, "mirror"), create_table="false")
        taken = subprocess.Popen([self.server.bin / "psql", "-XqAt", self.server.url(self.db, "mirror")],
                                 stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        taken.stdin.write("\\echo there\n")
        taken.stdin.flush()
        taken.stdout.readline()
        done = self.asked(code=1)
        self.assertEqual(done["error"]["kind"], "transient", done)
        self.assertIn("53300", done["error"]["text"])
        taken.communicate()
        self.until(lambda: self.sql("SELECT count(*) FROM pg_stat_activity WHERE usename = 'mirror'") == "0", "room")
        self.recovers()
        self.server.restart(max_connections="40")


class Sessions(Faults):
    def test_two_routes_make_the_table_of_lines_at_once(self):
        self.records(self.plants(10))
        self.routes(*(route(name=name, source=FILE, destination=self.to(name)) for name in ("one", "two")))
        with self.session("DO $$ BEGIN PERFORM pg_advisory_xact_lock("
                          "hashtextextended('durable-sync state public', 0)); END $$"):
            child = self.spawn("once", "--json")
            self.until(lambda: self.sql(f"SELECT count(*) FROM pg_stat_activity WHERE {OURS} AND "
                                        f"wait_event = 'advisory' AND datname = '{self.db}'") == "2", "both")
        self.assertEqual([done["created"] for done in self.ends(child, 0)], [10, 10])

    def test_the_statement_is_cancelled(self):
        self.begin()
        child = self.held_up()
        self.server.psql(f"SELECT pg_cancel_backend({self.pid})")
        self.fails(child, "transient", "canceling statement due to user request")
        self.release()
        self.recovers()

    def test_the_session_is_terminated(self):
        self.begin()
        child = self.held_up()
        self.server.psql(f"SELECT pg_terminate_backend({self.pid})")
        self.fails(child, "transient", "terminating connection due to administrator command")
        self.release()
        self.recovers()

    def test_the_table_is_locked(self):
        self.begin(lock_timeout="50ms")
        with self.session("LOCK TABLE plants IN ACCESS EXCLUSIVE MODE"):
            done = self.asked(code=1)
            self.assertEqual(done["error"]["kind"], "transient")
            self.assertIn("another session holds it locked", self.unit()["last_error"])
        self.recovers()

    def test_a_row_is_locked_and_let_go(self):
        self.begin()
        child = self.held_up()
        self.release()
        self.assertEqual(self.ends(child, 0)[0]["created"], N - 10)
        self.holds(self.plants_)

    def test_somebody_else_was_faster(self):
        """The row that we wait for becomes one: it is met, not doubled."""
        self.begin()
        child = self.held_up(HOLDS_P700)
        self.commit(self.other)
        done, = self.ends(child, 0)
        self.assertEqual((done["created"], done["updated"]), (N - 11, 2))
        self.holds(self.plants_)

    def test_a_serialization_failure(self):
        self.begin()
        self.sql(f"ALTER DATABASE {self.db} SET default_transaction_isolation = 'serializable'")
        child = self.held_up("UPDATE plants SET name = 'theirs' WHERE id = 'p3'")
        self.commit(self.other)
        out, _ = child.communicate(timeout=120)
        if child.returncode:
            self.assertIn('"kind":"transient"', out)
        self.recovers_or_stands()

    def test_a_deadlock(self):
        self.sql("ALTER SYSTEM SET deadlock_timeout = '10ms'; SELECT pg_reload_conf()")
        self.begin()
        child = self.held_up("UPDATE plants SET height = 70 WHERE id = 'p7'",
                             HOLDS_P700)
        self.other.stdin.write("UPDATE plants SET name = 'theirs' WHERE id = 'p3';\\echo through\n")
        self.other.stdin.flush()
        while "through" not in self.other.stdout.readline():
            pass  # one of the two was chosen as the victim
        self.release()
        child.communicate(timeout=120)
        self.recovers_or_stands()

    def recovers_or_stands(self):
        self.release()
        done = self.asked()
        self.assertEqual(done["outcome"], "done", done)
        self.holds(self.plants_)
        self.assertEqual(self.asked()["unchanged"], N)

    def test_a_stop_is_heard(self):
        self.begin()
        child = self.held_up()
        child.terminate()
        child.communicate(timeout=120)
        self.until(lambda: self.server.psql("SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE "
                                            "'durable-sync%'") == "0", "the server rid of us")
        self.release()
        self.recovers()


class Source(Faults):
    """The same at the other end: the pass reads from the server, its destination holds it up."""

    def begin(self, **more):
        self.plants_ = self.plants(N)
        self.make(N)
        self.sql("ALTER TABLE plants ADD filler text; UPDATE plants SET filler = repeat('x', 2000);"
                 "CREATE TABLE mirror (id text PRIMARY KEY, name text, height int, filler text)")
        self.routes(route(source=self.side(**more), destination=self.to("mirror", lock_timeout="10m")))

    def held_up(self, *_):
        child = super().held_up("INSERT INTO mirror (id) VALUES ('p1500')")
        self.reader = self.server.psql("SELECT pid FROM pg_stat_activity WHERE state = 'active' AND query LIKE "
                                       f"'%\"plants\"%' AND {OURS} AND datname = '{self.db}' AND pid <> {self.pid}")
        self.assertTrue(self.reader, "it reads ahead, and the server waits with the rest")
        return child

    def fails(self, child, kind, *words):
        self.release()
        done, = self.ends(child, 1)
        self.assertEqual((done["outcome"], done["error"]["kind"]), ("failed", kind), done)
        for word in words:
            self.assertIn(word, self.unit()["last_error"])
        self.assertEqual(self.unit()["runs_completed"], 0)

    def recovers(self):
        done = self.once()[0]
        self.assertEqual((done["outcome"], done["total"]), ("done", N), done)
        self.holds(self.plants_, "mirror")
        self.assertEqual(self.asked()["unchanged"], N)

    def test_the_reader_is_terminated(self):
        self.begin()
        child = self.held_up()
        self.server.psql(f"SELECT pg_terminate_backend({self.reader})")
        self.fails(child, "transient", "source")
        self.recovers()

    def test_the_reader_is_cancelled(self):
        self.begin()
        child = self.held_up()
        self.server.psql(f"SELECT pg_cancel_backend({self.reader})")
        self.release()
        child.communicate(timeout=120)  # the server hears of it when it can send again, or is done
        self.recovers()

    def test_the_table_is_locked(self):
        self.begin(lock_timeout="50ms")
        with self.session("LOCK TABLE plants IN ACCESS EXCLUSIVE MODE"):
            done = self.asked(code=1)
            self.assertEqual(done["error"]["kind"], "transient")
            self.assertIn("another session holds it locked", self.unit()["last_error"])
        self.recovers()

    def test_a_stop_is_heard_while_it_waits_for_a_lock(self):
        self.begin(lock_timeout="10m")
        with self.session("LOCK TABLE plants IN ACCESS EXCLUSIVE MODE"):
            child = self.spawn("once", "--json")
            self.waiting()
            child.terminate()
            child.communicate(timeout=120)
        self.recovers()

    def test_the_disk_for_sorting_is_full(self):
        self.begin()
        self.sql(f"ALTER DATABASE {self.db} SET temp_file_limit = '64kB'; ALTER DATABASE {self.db} SET work_mem = '64kB'")
        self.routes(route(source=self.side("SELECT id || '' AS id, name, height, filler FROM plants"),
                          destination=self.to("mirror")))
        done = self.asked(code=1)
        self.assertEqual(done["error"]["kind"], "transient")
        self.assertIn("temp_file_limit", self.unit()["last_error"])
        self.sql(f"ALTER DATABASE {self.db} RESET ALL")
        self.recovers()

    def test_cut_in_the_middle_it_goes_on(self):
        relay = Relay(self.server.port)
        self.addCleanup(relay.close)
        self.begin(url=f"postgresql://postgres@127.0.0.1:{relay.port}/{self.db}?sslmode=disable&gssencmode=disable")
        self.run_it("check")
        relay.cut_after(4 << 20)
        done = self.asked(code=1)
        self.assertEqual(done["error"]["kind"], "transient", done)
        self.assertTrue(relay.lost.is_set())
        there = int(self.sql("SELECT count(*) FROM mirror"))
        self.assertTrue(0 < there < N, there)
        self.recovers()


class Commit(Faults):
    """A COMMIT that does not get there, and one whose answer does not get back."""

    def lose(self, applied):
        relay = Relay(self.server.port)
        self.addCleanup(relay.close)
        self.begin(url=f"postgresql://postgres@127.0.0.1:{relay.port}/{self.db}?sslmode=disable&gssencmode=disable")
        relay.lose_commit(applied)
        done = self.once(code=None)[0]
        self.assertTrue(relay.lost.is_set())
        self.assertIn(done["outcome"], ("done", "failed"), done)
        if done["outcome"] == "failed":
            self.assertEqual(done["error"]["kind"], "transient", done)
        self.assertEqual(self.sql("SELECT count(*) FROM plants"),
                         str(N) if applied or done["outcome"] == "done" else "10")
        done = self.asked()
        self.assertEqual((done["outcome"], done["created"]), ("done", 0 if applied else done["created"]), done)
        self.holds(self.plants_)
        self.assertEqual(self.asked()["unchanged"], N)

    def test_it_does_not_get_there(self):
        self.lose(applied=False)

    def test_its_answer_does_not_get_back(self):
        self.lose(applied=True)


class Places(Faults):
    def test_the_database_is_made_anew(self):
        self.begin()
        self.asked()
        self.server.psql(f"DROP DATABASE {self.db}")
        done = self.asked(code=1)
        self.assertEqual(done["error"]["kind"], "config")
        self.assertIn("does not exist", self.unit()["last_error"])
        self.server.psql(f"CREATE DATABASE {self.db}")
        self.assertEqual(self.asked()["created"], N)
        self.holds(self.plants_)

    def test_the_table_is_dropped_under_a_pass(self):
        self.begin()
        self.asked()
        self.sql("DROP TABLE plants")
        self.assertEqual(self.asked()["created"], N)
        self.holds(self.plants_)


class FullDisk(Faults):
    @classmethod
    def setUpClass(cls):
        why = why_no_disks()
        if why:
            cls.skipTest(cls(), why)
        super().setUpClass()
        cls.small = cls.server.dir / "small"
        cls.small.mkdir()
        made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=96k" + "".join(
            f",{name[:1]}id={cls.server.who[name]}" for name in ("user", "group")), "tmpfs", cls.small], check=False)
        cls.addClassCleanup(subprocess.run, ["umount", "-l", cls.small], check=False)
        cls.no_mount = made.returncode != 0

    def test_of_the_server(self):
        if self.no_mount:
            self.skipTest("no tmpfs can be mounted")
        self.server.psql(f"CREATE TABLESPACE small LOCATION '{self.small}'")
        self.begin()
        self.sql("ALTER TABLE plants SET TABLESPACE small")
        done = self.asked(code=1)
        self.assertEqual(done["error"]["kind"], "transient", done)
        self.assertIn("make room on the server's disk", self.unit()["last_error"])
        subprocess.run(["mount", "-o", "remount,size=64m", self.small], check=True)
        self.recovers()


if __name__ == "__main__":
    main()
