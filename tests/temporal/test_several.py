#!/usr/bin/env python3
"""The example of docs/temporal.md with several machines, word for word: what is in its blocks is run here,
with the addresses of servers of the test's own.  A machine is a directory."""
import os
import pathlib
import re
import subprocess

import parts  # noqa: F401  (makes the way to the others)
from cli import PATIENCE, PROGRAM, Case, main
from worker import Served
import pgserver

DOC = pathlib.Path(__file__).resolve().parents[2] / "docs" / "temporal.md"


def blocks():
    """Of that section, each with its language."""
    section = re.search(r"^## Several machines.*?(?=^## )", DOC.read_text(), re.M | re.S).group()
    return re.findall(r"^```(\w+)\n(.*?)^```", section, re.M | re.S)


class Several(Served):
    def setUp(self):
        super().setUp()
        self.postgres = pgserver.Server()
        self.addCleanup(self.postgres.close)
        self.postgres.start()
        program = self.dir / "bin"
        program.mkdir()
        (program / "durable-sync").symlink_to(PROGRAM)
        self.env.update(PATH=f"{program}:{self.postgres.bin}:{os.environ['PATH']}", PGUSER="postgres",
                        PGHOST=str(self.postgres.dir), PGPORT=str(self.postgres.port), PGDATABASE="postgres")
        del self.env["TEMPORAL_ADDRESS"]

    def machine(self, name, text):
        text = text.replace("temporal.example.org:7233", self.server.address)
        text = text.replace("db.example.org", f"127.0.0.1:{self.postgres.port}")
        (self.dir / name).mkdir()
        self.write(f"{name}/durable-sync.yaml", text)

    def on(self, name, command, code=0):
        done = subprocess.run(["sh", "-c", command], cwd=self.dir / name, env=self.env, text=True, check=False,
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=2 * PATIENCE)
        self.assertEqual(done.returncode, code, f"{command}\n{done.stdout}{done.stderr}")
        return done.stdout

    def start(self, name):
        here, self.dir = self.dir, self.dir / name
        self.addCleanup(setattr, self, "dir", here)
        child = Case.spawn(self, "run")
        self.dir = here
        return child

    def each_once_there(self):
        self.assertEqual(self.postgres.psql("SELECT count(*), count(DISTINCT id) FROM customers_copy", "sync"),
                         "5000|5000")

    def test_the_example(self):
        (_, database), (_, config), (_, worker), (_, anywhere) = blocks()
        for line in database.splitlines():
            self.on(".", line)
        check, run = worker.splitlines()
        self.assertEqual(run.split("#")[0].split(), ["durable-sync", "run"])
        children = {}
        for name in ("a", "b"):
            self.machine(name, config)
            self.on(name, check)
            children[name] = self.start(name)
        self.until(lambda: "2 workers of task queue" in self.on("a", "durable-sync status"), "both workers")
        for line in anywhere.splitlines():
            self.on("b", line)
        self.each_once_there()
        children["a"].kill()
        children.pop("a").wait(PATIENCE)
        self.on("b", "durable-sync sync customers --wait")
        self.each_once_there()
        self.until(lambda: "1 worker of task queue" in self.on("b", "durable-sync status"), "the one that is left")
        self.stop(children["b"])


if __name__ == "__main__":
    main()
