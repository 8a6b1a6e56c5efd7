#!/usr/bin/env python3
"""test_http_example.py PROGRAM FOLDER - the connector of examples/http-connector, tasks.so in FOLDER, against the
server that comes with it; and what the guide shows of it is what is there."""
import json
import pathlib
import re
import sys
import threading

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(TOP / "tests" / "cli"), str(TOP / "examples" / "http-connector")]
import cli  # noqa: E402
import server as tasks  # noqa: E402

EXAMPLES = [path for path in (TOP / "examples").rglob("*") if path.suffix in (".c", ".h")]


class Connector(cli.Case):
    def setUp(self):
        super().setUp()
        self.env.update(DURABLE_SYNC_CONNECTORS=str(pathlib.Path(sys.argv[2]).resolve()), TASKS_TOKEN="t")
        served, self.api = tasks.serve()
        thread = threading.Thread(target=served.serve_forever, args=(0.02,))
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(served.server_close)
        self.addCleanup(served.shutdown)
        text = (TOP / "examples" / "http-connector" / "durable-sync.yaml").read_text()
        self.text = text.replace("http://127.0.0.1:8080", f"http://127.0.0.1:{served.server_port}")
        self.config(self.text)

    def fill(self, n):
        for i in range(n):
            self.api.add("home", title=f"task {i}", notes=f"notes {i}")

    def pass_(self, *args, code=0):
        """A full pass, and the calls that it made."""
        self.api.calls.clear()
        done, = self.once(*args, code=code)
        if done["outcome"] in ("done", "partial"):
            self.balanced(done)
        return done, dict(self.api.calls)

    def archive(self):
        return {task["ref"]: task for task in self.api.lists.get("archive", [])}

    def test_its_settings_are_listed_and_a_slip_is_guessed(self):
        self.assertIn("lists", self.run_it("connectors", "tasks").out)
        self.config(self.text.replace("lists: [home]", "list: [home]"))
        self.assertIn('did you mean "lists"?', self.run_it("check", code=2).err)

    def test_rows_are_made_once_and_changed_alone(self):
        self.fill(130)
        done, calls = self.pass_()
        self.assertEqual(done["created"], 130)
        self.assertEqual(calls["POST/lists/archive/tasks"], 130)
        self.assertEqual(calls["GET/lists/home/tasks/{id}/notes"], 130)
        self.assertEqual([task["notes"] for _, task in sorted(self.archive().items())], [f"notes {i}" for i in range(130)])
        done, calls = self.pass_()
        self.assertEqual(done["unchanged"], 130)
        self.assertEqual(calls, {"GET/lists/home/tasks": 2})
        first = self.api.lists["home"][0]
        self.api.set(first, {"title": "another", "notes": None})
        done, calls = self.pass_()
        self.assertEqual((done["updated"], done["unchanged"]), (1, 129))
        self.assertEqual(calls, {"GET/lists/home/tasks": 2, "GET/lists/home/tasks/{id}/notes": 1,
                                 "PATCH/lists/archive/tasks/{id}": 1})
        self.assertEqual(self.archive()[first["id"]]["title"], "another")

    def test_rows_that_are_there_are_found_by_their_key(self):
        self.fill(60)
        self.pass_()
        for path in self.dir.glob("durable-sync.db*"):
            path.unlink()
        plan = self.run_it("plan", "--json").json["routes"][0]
        self.assertEqual(plan["create"], [])
        done, calls = self.pass_()
        self.assertEqual((done["created"], done["unchanged"]), (0, 60))
        self.assertEqual(len(self.api.lists["archive"]), 60)
        self.assertEqual(calls["GET/lists/archive/rows"], 2)

    def test_two_rows_of_one_key_are_held(self):
        self.fill(2)
        self.api.add("archive", title="x", ref="t0001")
        self.api.add("archive", title="y", ref="t0001")
        self.pass_(code=4)
        held, = self.run_it("held", "--json").json["held"]
        self.assertIn("2 rows", held["reason"])

    def test_a_row_that_is_gone_is_made_again(self):
        self.fill(2)
        self.pass_()
        self.api.lists["archive"].clear()
        self.api.set(self.api.lists["home"][0], {"title": "new"})
        self.pass_()
        self.assertEqual([task["title"] for task in self.api.lists["archive"]], ["new"])

    def test_rows_gone_from_the_source_are_removed(self):
        self.config(self.text + "    missing: delete\n")
        self.fill(3)
        self.pass_()
        del self.api.lists["home"][1]
        self.pass_()
        self.assertEqual(sorted(self.archive()), ["t0001", "t0003"])

    def test_a_plan_tells_its_calls(self):
        self.fill(60)
        plan = self.run_it("plan", "--json").json["routes"][0]
        self.assertEqual(plan["calls"], {"GET /lists/{list}/tasks": 1, "GET /lists/{list}/tasks/{id}/notes": 60,
                                         "GET /lists/{list}/rows": 2, "POST /lists/{list}/tasks": 60})
        self.assertNotIn("archive", self.api.lists)

    def test_what_is_locked_for_a_moment_is_no_failure(self):
        self.fill(3)
        self.api.locked = 1
        self.assertEqual(self.pass_()[0]["created"], 3)

    def test_what_is_refused_is_held_and_the_others_go_on(self):
        self.fill(3)
        self.api.lists["home"][1]["title"] = ""
        done, _ = self.pass_(code=4)
        self.assertEqual((done["created"], done["held"]), (2, 1))
        held, = self.run_it("held", "--json").json["held"]
        self.assertIn("a task needs a title", held["reason"])

    def test_a_column_that_is_not_there_is_told_before_any_write(self):
        self.config(self.text.replace("title: title", "titel: title"))
        self.fill(1)
        self.assertIn('a task has no "titel"', self.run_it("check", code=2).out)

    def test_between_full_passes_only_changes_are_asked_for(self):
        self.config(self.text.replace("every: 1m", "every: 1s"))
        self.fill(3)
        self.daemon()
        self.until(lambda: len(self.archive()) == 3, "the first pass")
        with self.api.lock:
            self.api.set(self.api.lists["home"][2], {"title": "changed"})
        self.until(lambda: self.archive()["t0003"]["title"] == "changed", "a pass over changes")
        self.until(lambda: any(p["kind"] == "changes" and p["updated"] == 1
                               for p in self.run_it("history", "--json").json["passes"]), "its line in the history")


class Guide(cli.Case):
    def test_the_code_in_it_is_the_examples(self):
        """Each piece of a block of C, between two lines `...`, stands in a file of examples/ as it is."""
        def plain(text):
            return re.sub(r"\s+", " ", text).strip()
        files = [plain(path.read_text()) for path in EXAMPLES]
        guide = (TOP / "docs" / "connector-guide.md").read_text()
        blocks = re.findall(r"```c\n(.*?)```", guide, re.S)
        self.assertGreaterEqual(len(blocks), 8)
        for block in blocks:
            for piece in re.split(r"^ *\.\.\.\n", block, flags=re.M):
                self.assertTrue(any(plain(piece) in text for text in files), piece)

    def test_every_member_of_the_seams_is_in_it(self):
        guide = (TOP / "docs" / "connector-guide.md").read_text()
        for name, struct in (("source", "ds_source_ops"), ("destination", "ds_destination_ops"),
                             ("activity", None)):
            header = (TOP / "include" / "durable_sync" / f"{name}.h").read_text()
            if struct:
                body = re.search(rf"typedef struct {struct} {{(.*?)\n}} {struct};", header, re.S).group(1)
                body = re.sub(r"/\*.*?\*/", "", body, flags=re.S)
                names = re.findall(r"\(\*(\w+)\)\(|(\w+);", body)
                names = {one or other for one, other in names}
            else:
                names = set(re.findall(r"\b(ds_activity_\w+)\(", header))
            self.assertGreaterEqual(len(names), 8)
            self.assertEqual([n for n in sorted(names) if not re.search(rf"`{n}`|`{n[len('ds_activity'):]}`", guide)],
                             [], name)


if __name__ == "__main__":
    cli.main()
