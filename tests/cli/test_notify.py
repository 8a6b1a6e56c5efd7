#!/usr/bin/env python3
"""`notify`: what people are told, each change once, whatever happens to the program or to them."""
import http.server
import json
import pathlib
import threading
import time

import cli

HELD = """\
routes:
  plants:
    source: {kind: file, path: plants.jsonl, key: id}
    destination: {kind: sqlite, path: out.db, table: plants, key: id}
    every: 1h
"""
LIMITED = cli.SIMPLE + "    limits: {changes: 25%}\n    every: 1h\n"


class Receiver:
    """An HTTP server that answers as it is told, and remembers what it took."""

    def __init__(self, answers=(), listening=True):
        # of the next requests: a status (and its Retry-After), "hang", "cut"; then 200
        self.answers = list(answers)
        self.asked = []
        self.taken = []
        self.headers = []
        self.changed = threading.Condition()
        self.over = threading.Event()
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                receiver.serve(self)

            def log_message(self, *args):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler, False)
        self.server.daemon_threads = True
        self.server.server_bind()
        self.port = self.server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}/hook/s3cr3t?key=t0ken"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,))
        if listening:
            self.listen()

    def listen(self):
        """Until then connections are refused, and the port is ours."""
        self.server.server_activate()
        self.thread.start()

    def serve(self, request):
        body = json.loads(request.rfile.read(int(request.headers["content-length"])))
        with self.changed:
            answer = self.answers.pop(0) if self.answers else 200
            if answer == 200:
                self.taken.append(body)
            self.headers.append({name.lower(): value for name, value in request.headers.items()})
            self.asked.append(body)
            self.changed.notify_all()
        if answer == "hang":
            self.over.wait(cli.PATIENCE)
            return
        if answer == "cut":
            return
        status, seconds = answer if isinstance(answer, tuple) else (answer, None)
        request.send_response(status)
        if seconds:
            request.send_header("retry-after", str(seconds))
        request.send_header("content-length", "0")
        request.end_headers()

    def wait(self, condition, case, what):
        with self.changed:
            if not self.changed.wait_for(condition, cli.PATIENCE):
                case.fail(f"never came: {what}: {self.asked}")

    def close(self):
        self.over.set()
        if self.thread.ident:
            self.server.shutdown()
            self.thread.join()
        self.server.server_close()


class Notify(cli.Case):
    def receiver(self, *answers, listening=True):
        receiver = Receiver(answers, listening)
        self.addCleanup(receiver.close)
        return receiver

    def notify(self, text, routes=LIMITED):
        self.config(f"notify: {{{text}}}\n{routes}")

    def events(self, notices):
        return [notice["event"] for notice in notices]

    def passes(self, n):
        """The unit is known once its source was listed."""
        self.until(lambda: [u for u in self.units() if u["runs_completed"] == n], f"pass {n}")

    def ask_for_approval(self):
        """Two passes, of which the second one goes beyond the limit."""
        self.rows(4)
        self.once()
        self.rows(8)

    # -- what is told

    def test_once_tells_of_approval_and_of_recovery(self):
        receiver = self.receiver()
        self.notify(f'url: "{receiver.url}"')
        self.ask_for_approval()
        self.assertEqual(receiver.taken, [])
        self.once(code=3)
        self.assertEqual(self.events(receiver.taken), ["approval"])
        told = receiver.taken[0]
        self.assertEqual(set(told), {"id", "event", "route", "unit", "key", "state", "error",
                                     "held", "since", "text"})
        self.assertEqual((told["route"], told["unit"], told["key"], told["state"], told["held"]),
                         ("plants", "all", "plants:all", "waiting", 0))
        self.assertIn("durable-sync approve plants", told["text"])
        self.assertIn("limits", told["error"]["text"])
        self.assertRegex(told["since"], r"^20\d\d-\d\d-\d\dT[\d:.]+Z$")
        self.once(code=3)  # nothing has changed
        self.assertEqual(len(receiver.taken), 1)
        self.run_it("approve", "plants")
        self.once()
        self.assertEqual(self.events(receiver.taken), ["approval", "recovered"])
        self.once()
        self.assertEqual(len(receiver.asked), 2)
        self.assertEqual(len({notice["id"] for notice in receiver.taken}), 2)
        self.assertEqual([head["idempotency-key"] for head in receiver.headers],
                         [notice["id"] for notice in receiver.taken])

    def test_held_records_are_told_of_when_there_are_more(self):
        receiver = self.receiver()
        self.notify(f'url: "{receiver.url}"', HELD)
        self.execute("CREATE TABLE plants(id TEXT PRIMARY KEY, name TEXT,"
                     " height INTEGER CHECK(height < 3))")
        self.rows(4)
        self.once(code=4)
        self.once(code=4)
        self.assertEqual([(n["event"], n["held"]) for n in receiver.taken], [("held", 1)])
        self.rows(5)
        self.once(code=4)
        self.assertEqual([n["held"] for n in receiver.taken], [1, 2])
        self.rows(3)
        self.run_it("held", "drop", "plants", "p3")
        self.run_it("held", "drop", "plants", "p4")
        self.once()
        self.assertEqual(self.events(receiver.taken), ["held", "held", "recovered"])

    def test_only_what_is_asked_for(self):
        receiver = self.receiver()
        self.notify(f'url: "{receiver.url}", on: [recovered]')
        self.ask_for_approval()
        self.once(code=3)
        self.assertEqual(receiver.taken, [])
        self.run_it("approve", "plants")
        self.once()
        self.assertEqual(self.events(receiver.taken), ["recovered"])

    def test_the_daemon_tells_in_the_order_of_the_changes_and_nothing_at_its_start(self):
        receiver = self.receiver(500)
        self.notify(f'url: "{receiver.url}"')
        self.rows(4)
        child = self.daemon()
        self.passes(1)
        self.assertEqual(receiver.asked, [])
        self.run_it("pause", "plants")
        self.run_it("resume", "plants")
        receiver.wait(lambda: len(receiver.taken) == 2, self, "both notices")
        self.assertEqual(self.events(receiver.taken), ["paused", "recovered"])
        self.assertEqual(self.events(receiver.asked), ["paused", "paused", "recovered"])
        self.until(lambda: self.queued() == 0, "what was answered is done")
        self.stop(child)
        self.stop(self.daemon())
        self.assertEqual(len(receiver.asked), 3)

    def queued(self):
        return sum(len(json.loads(state)["queue"]) for state, in self.query(
            "SELECT state FROM machine WHERE kind = 'notice'", "durable-sync.db"))

    def next_try(self):
        """In seconds, as time.time has them."""
        return self.query("SELECT json_extract(state, '$.retry') FROM machine WHERE kind = 'notice'",
                          "durable-sync.db")[0][0] / 1000

    # -- receivers that fail

    def test_what_is_down_is_told_later(self):
        receiver = self.receiver(503, listening=False)
        self.notify(f'url: "{receiver.url}"')
        self.ask_for_approval()
        said = self.run_it("once", code=3).err
        self.assertIn("notice_failed", said)
        self.assertNotIn("s3cr3t", said)
        self.assertNotIn("t0ken", said)
        self.assertEqual(self.queued(), 1)
        receiver.listen()
        self.once(code=3)
        self.assertEqual((len(receiver.asked), receiver.taken), (1, []))
        self.once(code=3)
        self.assertEqual(self.events(receiver.taken), ["approval"])
        self.assertEqual(self.queued(), 0)

    def test_a_daemon_that_is_told_to_stop_does_not_wait_for_one_that_hangs(self):
        receiver = self.receiver("hang")
        self.notify(f'url: "{receiver.url}"')
        self.rows(4)
        child = self.daemon()
        self.passes(1)
        self.run_it("pause", "plants")
        receiver.wait(lambda: receiver.asked, self, "the one that hangs")
        self.run_it("resume", "plants")
        self.passes(2)
        self.stop(child)
        self.assertEqual(self.queued(), 2)
        child = self.daemon()
        receiver.wait(lambda: len(receiver.taken) == 2, self, "both")
        self.assertEqual(self.events(receiver.taken), ["paused", "recovered"])
        self.stop(child)

    def test_killed_between_the_change_and_its_sending(self):
        receiver = self.receiver("hang")
        self.notify(f'url: "{receiver.url}"')
        self.rows(4)
        child = self.daemon()
        self.passes(1)
        self.run_it("pause", "plants")
        receiver.wait(lambda: receiver.asked, self, "the one that hangs")
        child.kill()
        child.communicate()
        child = self.daemon()
        receiver.wait(lambda: receiver.taken, self, "it is sent again")
        self.until(lambda: self.queued() == 0, "what was answered is done")
        self.stop(child)
        self.assertEqual(self.events(receiver.taken), ["paused"])
        self.assertEqual(receiver.asked[0]["id"], receiver.taken[0]["id"])

    def test_a_receiver_that_says_when_is_asked_again_then(self):
        receiver = self.receiver((429, 1800))
        self.notify(f'url: "{receiver.url}"')
        self.ask_for_approval()
        began = time.time()
        said = self.run_it("once", code=3).err
        self.assertIn("notice_failed", said)
        self.assertNotIn("s3cr3t", said)
        self.assertEqual(len(receiver.asked), 1)
        self.assertGreater(self.next_try(), began + 1700)

    # -- a command

    def command(self, body):
        path = self.write("tell", "#!/bin/sh\n" + body)
        path.chmod(0o700)
        return path

    def lines(self):
        told = self.dir / "told"
        return told.read_text().splitlines() if told.exists() else []

    def test_a_command_gets_it_without_a_shell_and_without_our_environment(self):
        self.env["TOKEN_OF_OURS"] = "s3cr3t"
        self.command('printf "%s|%s|" "$1" "$TOKEN_OF_OURS" >> told\ncat >> told\n')
        self.notify("command: [./tell, '$HOME; x', ${TOKEN_OF_OURS:-}]".replace(
            "${TOKEN_OF_OURS:-}", "b"))
        self.ask_for_approval()
        self.once(code=3)
        self.assertEqual(len(self.lines()), 1)
        argument, secret, body = self.lines()[0].split("|", 2)
        self.assertEqual((argument, secret), ("$HOME; x", ""))
        self.assertEqual(json.loads(body)["event"], "approval")

    def test_a_command_that_fails_or_floods(self):
        self.command("cat >> told\nyes flood | head -c 3000000\necho no relay >&2\nexit 3\n")
        self.notify("command: [./tell]")
        self.ask_for_approval()
        said = self.run_it("once", code=3).err
        self.assertIn("the command failed with exit code 3", said)
        self.command("cat >> told\nyes flood | head -c 3000000\n")
        self.once(code=3)
        self.once(code=3)
        self.assertEqual(len(self.lines()), 2)
        self.assertEqual(self.queued(), 0)

    def test_a_command_that_hangs_ends_with_the_daemon(self):
        self.command("echo $$ >> told\nsleep 1000 &\nwait\n")
        self.notify("command: [./tell]")
        self.rows(4)
        child = self.daemon()
        self.passes(1)
        self.run_it("pause", "plants")
        self.until(self.lines, "the command runs")
        self.stop(child)
        group = self.lines()[0]
        self.until(lambda: not self.alive(group), "nothing of it is left")
        self.assertEqual(self.queued(), 1)

    def alive(self, group):
        """Processes of the group that have not ended: what is behind the name is state, parent, group."""
        found = []
        for path in pathlib.Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = path.read_text().rsplit(")", 1)[1].split()
            except OSError:  # it has left meanwhile
                continue
            if fields[2] == group and fields[0] not in "ZX":
                found.append(path.parent.name)
        return found

    def test_both_ways_are_apart(self):
        receiver = self.receiver(500)
        self.command("cat >> told\n")
        self.notify(f'url: "{receiver.url}", command: [./tell]')
        self.ask_for_approval()
        self.once(code=3)
        self.assertEqual((len(self.lines()), len(receiver.taken)), (1, 0))
        self.once(code=3)
        self.assertEqual((len(self.lines()), len(receiver.taken)), (1, 1))

    # -- settings

    def test_a_token_and_an_address_that_cannot_be_used(self):
        receiver = self.receiver()
        self.env["HOOK_TOKEN"] = "t0ps3cret"
        self.notify(f'url: "{receiver.url}", token: "${{HOOK_TOKEN}}"')
        self.ask_for_approval()
        self.once(code=3)
        self.assertEqual(receiver.headers[0]["authorization"], "Bearer t0ps3cret")
        self.notify('url: "http://198.51.100.7/x"')
        said = self.run_it("check", code=2)
        self.assertIn("notify: url: base_url is plain http", said.out + said.err)

    def test_given_up_after_a_day(self):
        receiver = self.receiver(500)
        self.notify(f'url: "{receiver.url}"')
        self.ask_for_approval()
        self.once(code=3)
        self.execute("UPDATE machine SET state = json_replace(state, '$.queue[0].at', "
                     "json_extract(state, '$.queue[0].at') - 86400000) WHERE kind = 'notice'",
                     "durable-sync.db")
        said = self.run_it("once", code=3).err
        self.assertEqual(said.count("notice_given_up"), 1)
        self.assertEqual((len(receiver.asked), self.queued()), (1, 0))
        self.assertNotIn("notice_given_up", self.run_it("once", code=3).err)


if __name__ == "__main__":
    assert pathlib.Path(cli.PROGRAM).exists()
    cli.main()
