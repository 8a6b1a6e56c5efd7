"""What the tests of disturbed days share: a route that is written down in one place, a daemon that is
looked at, and the proof that a destination holds what it should."""
import json
import os
import signal
import subprocess

from cli import PATIENCE, PROGRAM, Case


def route(name="plants", source="{kind: file, path: plants.jsonl, key: id}",
          destination="{kind: sqlite, path: out.db, table: plants, key: id, create_table: true}",
          every="1h", more=""):
    """One route of a configuration; `more` are its further lines."""
    return (f"  {name}:\n    source: {source}\n    destination: {destination}\n    every: {every}\n"
            + "".join(f"    {line}\n" for line in more.splitlines()))


class Stand(Case):
    def routes(self, *routes, more=""):
        """Writes the configuration: the routes given, or the usual one with `more` lines."""
        return self.config("routes:\n" + "".join(routes or [route(more=more)]))

    def records(self, records, name="plants.jsonl"):
        """The source file, replaced as a whole by a rename."""
        text = "".join(json.dumps(record) + "\n" for record in records)
        self.write(name + ".new", text)
        os.rename(self.dir / (name + ".new"), self.dir / name)

    def plants(self, n, first=0, **more):
        return [{"id": f"p{i}", "name": f"Plant {i}", "height": i, **more}
                for i in range(first, first + n)]

    # -- the daemon, which logs into a file: nobody reads a pipe while it works

    def spawn(self, *args):
        with open(self.dir / "log", "a", encoding="utf8") as log:
            child = subprocess.Popen([PROGRAM, *args], cwd=self.dir, env=self.env, text=True,
                                     stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log)
        self.addCleanup(self.end, child)
        return child

    def log(self):
        return (self.dir / "log").read_text()

    def daemon(self):
        child = self.spawn("run")

        def there():
            if child.poll() is not None:
                self.fail("the daemon left: " + self.log())
            return self.run_it("status", "--json").json["daemon"] == child.pid

        self.until(there, "the daemon answers")
        return child

    def stop(self, child, number=signal.SIGTERM, code=0):
        child.send_signal(number)
        child.communicate(timeout=PATIENCE)
        if code is not None:
            self.assertEqual(child.returncode, code, self.log())
        return self.log()

    # -- what is there

    def unit(self, name=None):
        found = [unit for unit in self.units() if name in (None, unit["unit"], unit["key"])]
        return found[0] if found else None

    def history(self, *args):
        """The passes, the last one first."""
        return self.run_it("history", "--json", *args).json["passes"]

    def held(self):
        return self.run_it("held", "--json").json["held"]

    def count(self, table="plants", name="out.db"):
        (rows, keys), = self.query(f"SELECT count(*), count(DISTINCT id) FROM {table}", name)
        self.assertEqual(rows, keys, "a row is there twice")
        return rows

    def mirrored(self, records, table="plants", name="out.db"):
        """The destination holds these records, each once, and no others."""
        there = self.query(f"SELECT id, name, height FROM {table} ORDER BY id", name)
        self.assertEqual(there, sorted((r["id"], r["name"], r["height"]) for r in records))

    # -- what is waited for

    def completed(self, n, name=None):
        return self.until(lambda: (u := self.unit(name)) and u["runs_completed"] >= n and u,
                          f"{n} passes that ended well")

    def idle(self, name=None):
        return self.until(lambda: (u := self.unit(name)) and u["state"] == "idle" and
                          not u["sync_pending"] and u, "an idle unit")

    def in_mid_pass(self, rows=1):
        return self.until(lambda: (u := self.unit()) and (r := u["running"]) and
                          r["done"] >= rows and r, f"a pass with {rows} rows done")

    def asked(self, *args, code=0):
        """One pass through `once`, whoever does it."""
        done, = self.once(*args, code=code)
        if done["outcome"] in ("done", "partial"):
            self.balanced(done)
        return done
