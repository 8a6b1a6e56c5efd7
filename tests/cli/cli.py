"""The real program in a directory of its own: what every test of the command line stands on.

Usage of a test file: test_NAME.py PROGRAM
"""
import contextlib
import json
import os
import pathlib
import pty
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "repo"))
import tap  # noqa: E402

PROGRAM = str(pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "build/durable-sync").resolve())
PATIENCE = 60  # seconds until a condition that must come counts as failed

# A sanitizer needs memory and descriptors of its own: limits of the process are not for it.
SANITIZED = any(name in pathlib.Path(PROGRAM).read_bytes() for name in (b"__asan_init", b"__tsan_init"))

SIMPLE = """\
routes:
  plants:
    source: {kind: file, path: plants.jsonl, key: id}
    destination: {kind: sqlite, path: out.db, table: plants, key: id, create_table: true}
"""

TOTALS = {"total", "created", "updated", "unchanged", "skipped", "held"}  # the first is their sum


class Answer:
    def __init__(self, done):
        self.code = done.returncode
        self.out = done.stdout
        self.err = done.stderr

    @property
    def json(self):
        return json.loads(self.out)


class Case(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="durable-sync-"))
        self.addCleanup(shutil.rmtree, self.dir, ignore_errors=True)
        self.env = {name: value for name, value in os.environ.items()
                    if not name.startswith("DURABLE_SYNC_")}

    # -- files

    def write(self, name, text):
        path = self.dir / name
        path.write_text(text)
        path.chmod(0o600)
        return path

    def config(self, text=SIMPLE):
        return self.write("durable-sync.yaml", text)

    def rows(self, n, name="plants.jsonl", first=0, **more):
        lines = [json.dumps({"id": f"p{i}", "name": f"Plant {i}", "height": i, **more})
                 for i in range(first, first + n)]
        return self.write(name, "\n".join(lines) + "\n")

    def files(self):
        return {str(p.relative_to(self.dir)): p.read_bytes()
                for p in sorted(self.dir.rglob("*")) if p.is_file()}

    def query(self, sql, name="out.db"):
        with contextlib.closing(sqlite3.connect(self.dir / name)) as db:
            rows = db.execute(sql).fetchall()
            db.commit()
            return rows

    def execute(self, sql, name="out.db"):
        db = sqlite3.connect(self.dir / name)
        db.executescript(sql)
        db.close()

    # -- the program

    def run_it(self, *args, code=0, stdin=subprocess.DEVNULL):
        done = subprocess.run([PROGRAM, *args], cwd=self.dir, env=self.env, stdin=stdin, text=True,
                              capture_output=True, timeout=2 * PATIENCE, check=False)
        answer = Answer(done)
        if code is not None:
            self.assertEqual(answer.code, code, f"{args}\n{answer.out}\n{answer.err}")
        return answer

    def once(self, *args, code=0):
        return self.run_it("once", "--json", *args, code=code).json["passes"]

    def units(self, *args):
        return self.run_it("status", "--json", *args).json["units"]

    def spawn(self, *args):
        child = subprocess.Popen([PROGRAM, *args], cwd=self.dir, env=self.env, text=True,
                                 stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                 stderr=subprocess.PIPE)
        self.addCleanup(self.end, child)
        return child

    def end(self, child):
        if child.poll() is None:
            child.kill()
        if not child.stdout.closed:
            child.communicate()

    def until(self, condition, what):
        """Looks until it holds: the program works at its own pace, the test does not guess it."""
        last = time.monotonic() + PATIENCE
        while time.monotonic() < last:
            found = condition()
            if found:
                return found
            time.sleep(0.01)
        self.fail(f"never came: {what}")

    def daemon(self):
        child = self.spawn("run")

        def there():
            if child.poll() is not None:
                self.fail("the daemon left: " + child.communicate()[1])
            return self.run_it("status", "--json").json["daemon"] == child.pid

        self.until(there, "the daemon answers")
        return child

    def stop(self, child, number=signal.SIGTERM, code=0):
        child.send_signal(number)
        out, err = child.communicate(timeout=PATIENCE)
        self.assertEqual(child.returncode, code, out + err)
        return err

    def terminal(self, *args):
        """What the program shows on a terminal that is its standard error, and its stdout."""
        leader, follower = pty.openpty()
        child = subprocess.Popen([PROGRAM, *args], cwd=self.dir, env=dict(self.env, TERM="xterm"),
                                 stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=follower)
        os.close(follower)
        shown = b""
        try:
            while piece := os.read(leader, 4096):
                shown += piece
        except OSError:  # the other end is closed: the program has left
            pass
        out, _ = child.communicate(timeout=PATIENCE)
        os.close(leader)
        return shown.decode(), out.decode()

    def balanced(self, totals):
        self.assertEqual(totals["total"], sum(totals[name] for name in TOTALS - {"total"}))


def main():
    tap.main(sys.argv[:1])
