#!/usr/bin/env python3
"""`run` under a service manager: what it tells systemd's socket and journal, and the
credentials that it brings."""
import os
import pathlib
import socket
import subprocess
import sys
import unittest

from cli import PROGRAM, SANITIZED, SIMPLE, Case, main


class Manager(Case):
    """A test that listens as systemd would."""

    def setUp(self):
        super().setUp()
        self.rows(10)
        self.config(SIMPLE + "    every: 1h\n")
        self.said = []

    def listen(self, name):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(self.socket.close)
        self.socket.bind(name.replace("@", "\0", 1))
        self.socket.setblocking(False)
        self.env["NOTIFY_SOCKET"] = name

    def hear(self):
        try:
            while True:
                self.said += self.socket.recv(4096).decode().split("\n")
        except BlockingIOError:
            return self.said

    def hears(self, word, times=1):
        self.until(lambda: self.hear().count(word) >= times, f"{word} {times} times: {self.said}")

    def ended(self, child):
        self.stop(child)
        return self.hear()


class Notify(Manager):
    def test_ready_what_runs_and_stopping(self):
        self.listen(str(self.dir / "notify"))
        child = self.spawn("run")
        self.hears("READY=1")
        self.assertEqual(self.run_it("status", "--json").json["daemon"], child.pid)
        self.hears("STATUS=1 unit, 0 running")
        said = self.ended(child)
        self.assertEqual(said.count("READY=1"), 1)
        self.assertEqual(said[-2:], ["STOPPING=1", "STATUS=1 unit, 0 running, stopping"])
        self.assertNotIn("WATCHDOG=1", said)

    def test_an_abstract_name(self):
        self.listen(f"@durable-sync-test-{os.getpid()}")
        child = self.spawn("run")
        self.hears("READY=1")
        self.assertIn("STOPPING=1", self.ended(child))

    def test_a_watchdog_is_fed(self):
        self.listen(str(self.dir / "notify"))
        self.env["WATCHDOG_USEC"] = "100000"
        child = self.spawn("run")
        self.hears("WATCHDOG=1", times=4)
        self.ended(child)

    def test_a_watchdog_for_another_process_is_not(self):
        self.listen(str(self.dir / "notify"))
        self.env |= {"WATCHDOG_USEC": "1000", "WATCHDOG_PID": "1"}
        child = self.spawn("run")
        self.hears("STATUS=1 unit, 0 running")
        self.assertNotIn("WATCHDOG=1", self.ended(child))

    def test_a_configuration_that_is_wrong_is_never_ready(self):
        self.listen(str(self.dir / "notify"))
        self.config("routes: {}\n")
        self.run_it("run", code=2)
        self.assertEqual(self.hear(), [])

    def test_commands_of_the_configuration_do_not_see_the_socket(self):
        self.listen(str(self.dir / "notify"))
        self.config(SIMPLE.replace("out.db", "'${command:echo out${NOTIFY_SOCKET}.db}'"))
        child = self.spawn("run")
        self.hears("READY=1")
        self.hears("STATUS=1 unit, 0 running")
        self.ended(child)
        self.assertTrue((self.dir / "out.db").exists())


@unittest.skipIf(SANITIZED, "it is slow enough by itself")
class Starved(Manager):
    """On a processor that somebody else keeps busy, with about a twentieth of its time."""

    def setUp(self):
        super().setUp()
        self.processor = {min(os.sched_getaffinity(0))}
        self.busy = subprocess.Popen([sys.executable, "-c", "while True: pass"],
                                     preexec_fn=lambda: os.sched_setaffinity(0, self.processor))
        self.addCleanup(self.busy.wait)
        self.addCleanup(self.busy.kill)

    def start(self):
        def lower():
            os.sched_setaffinity(0, self.processor)
            os.nice(13)

        child = subprocess.Popen([PROGRAM, "run"], cwd=self.dir, env=self.env, text=True, preexec_fn=lower,
                                 stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.addCleanup(self.end, child)
        return child

    def waited(self, child):
        """Whether it has waited for the processor for longer than it had it, as the kernel counted."""
        times = [task.read_text().split() for task in pathlib.Path(f"/proc/{child.pid}/task").glob("*/schedstat")]
        return not times or sum(int(waits) for _, waits, _ in times) > sum(int(runs) for runs, _, _ in times)

    def test_it_goes_on_and_feeds_the_watchdog(self):
        self.config(SIMPLE + "    every: 1s\n")
        self.listen(str(self.dir / "notify"))
        self.env["WATCHDOG_USEC"] = "400000"
        child = self.start()
        self.hears("READY=1")
        self.rows(20)
        self.until(lambda: (self.dir / "out.db").exists() and self.units() and
                   self.units()[0]["last_stats"] and self.units()[0]["last_stats"]["total"] == 20, "a pass")
        self.hears("WATCHDOG=1", times=self.hear().count("WATCHDOG=1") + 3)
        self.assertTrue(self.waited(child))
        self.assertIn("STOPPING=1", self.ended(child))


class Journal(Manager):
    def run_into(self, *args):
        """What the program writes to a standard error that is the journal's."""
        path = self.dir / "journal"
        path.touch()
        st = path.stat()
        self.env["JOURNAL_STREAM"] = f"{st.st_dev}:{st.st_ino}"
        with path.open("w") as log:
            child = subprocess.Popen([PROGRAM, *args], cwd=self.dir, env=self.env, stderr=log,
                                     stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        self.until(lambda: child.poll() is not None or "pass_done" in path.read_text(), "a pass")
        if child.poll() is None:
            child.terminate()
        child.wait()
        return path.read_text().splitlines()

    def test_priorities_and_no_times(self):
        lines = self.run_into("run")
        self.assertTrue(lines)
        for line in lines:
            self.assertRegex(line, r"^<[3-7]>[a-z_]+( |$)")

    def test_every_line_of_an_error_has_its_priority(self):
        self.config("routes: {plants: {source: {kind: fil}, destination: {kind: nothing}}}\n")
        lines = self.run_into("run")
        self.assertGreater(len(lines), 3)
        for line in lines:
            self.assertTrue(line.startswith("<3>"), line)


class Credentials(Manager):
    def test_a_credential_is_read_from_where_systemd_puts_it(self):
        (self.dir / "credentials").mkdir()
        self.write("credentials/table", "out.db\n")
        self.env["CREDENTIALS_DIRECTORY"] = str(self.dir / "credentials")
        self.config(SIMPLE.replace("out.db", "'${credential:table}'"))
        self.once()
        self.assertEqual(self.query("SELECT count(*) FROM plants"), [(10,)])


if __name__ == "__main__":
    main()
