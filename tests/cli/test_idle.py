#!/usr/bin/env python3
"""A daemon with a hundred routes and a thousand units that has nothing to do: what it costs.

Under a sanitizer, which has costs of its own, there are a fifth of them: still more than threads.
"""
import json
import pathlib
import time

from cli import SANITIZED, main
from stand import Stand, route

ROUTES = 20 if SANITIZED else 100
FILES = 10
MOST_KIB = 12 * 1024
LOOK_S = 2  # how long it is looked at; there is no condition to wait for in "nothing happens"


class Idle(Stand):
    def setUp(self):
        super().setUp()
        routes = []
        for r in range(ROUTES):
            (self.dir / f"in{r}").mkdir()
            for i in range(FILES):
                self.records(self.plants(50, first=100 * i), f"in{r}/{i}.jsonl")
            routes.append(route(
                name=f"r{r}", every="100d", source=f"{{kind: file, path: 'in{r}/*.jsonl', key: id}}",
                destination=f"{{kind: sqlite, path: out{r % 10}.db, table: t{r}, key: id, "
                            "create_table: true}"))
        self.routes(*routes)

    def tasks(self, child):
        return sorted(pathlib.Path(f"/proc/{child.pid}/task").iterdir())

    def figure(self, path, name):
        for line in path.read_text().splitlines():
            if line.startswith(name + ":"):
                return int(line.split()[1])
        self.fail(f"{path} has no {name}")

    def switches(self, child):
        return {task.name: self.figure(task / "status", "voluntary_ctxt_switches")
                for task in self.tasks(child)}

    def memory(self, child):
        return self.figure(pathlib.Path(f"/proc/{child.pid}/status"), "VmRSS")

    def sleeps(self, child):
        before = self.until(lambda: (a := self.switches(child)) == self.switches(child) and a,
                            "threads that sleep")
        time.sleep(LOOK_S)
        self.assertEqual(self.switches(child), before, "somebody woke up")

    def test_it_sleeps_and_is_small(self):
        self.once()
        child = self.daemon()
        passes = self.once()
        self.assertEqual(len(passes), ROUTES * FILES)
        self.assertEqual({p["unchanged"] for p in passes}, {50})
        self.until(lambda: {u["state"] for u in self.units()} == {"idle"}, "all units idle")
        maps = pathlib.Path(f"/proc/{child.pid}/maps").read_text()
        if "libasan" in maps or "libtsan" in maps:
            print("# a sanitizer's memory is not looked at", flush=True)
        else:
            self.until(lambda: self.memory(child) <= MOST_KIB, f"at most {MOST_KIB} KiB, not "
                       f"{self.memory(child)}")
            print(f"# {self.memory(child)} KiB resident", flush=True)
        if "libtsan" in maps:
            print("# TSan has a thread of its own that wakes up", flush=True)
        else:
            self.sleeps(child)
        self.assertEqual(json.loads(self.run_it("status", "--json").out)["daemon"], child.pid)
        self.stop(child)


if __name__ == "__main__":
    main()
