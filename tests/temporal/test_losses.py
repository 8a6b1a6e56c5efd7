#!/usr/bin/env python3
"""Workers whose servers fail in ways that no connection tells of: the Temporal server comes back and knows
nothing any more, the store's server stops answering and keeps its connections, a row does not show yet that
another worker has made."""
import os
import signal

import parts  # noqa: F401  (makes the way to the others)
from cli import main
from worker import MANY, SLOW, Shared, route
import fake
import pgserver


class Losses(Shared):
    def test_a_server_that_comes_back_empty(self):
        """Units begin anew, once; what is linked is not written again."""
        self.shared(route() + route("herbs"))
        self.rows(20)
        self.rows(3, "herbs.jsonl")
        routes = ("plants", "herbs")
        for _ in range(2):
            self.worker()
        for name in routes:
            self.until_status(unit=self.unit(name), runs=1, state="idle")
        self.server.kill()
        self.server.start()
        for name in routes:
            stats = self.until_status(unit=self.unit(name), runs=1, state="idle")["last_stats"]
            self.assertEqual((stats["created"], stats["unchanged"]), (0, stats["total"]))
        self.each_once(20)
        self.each_once(3, "herbs")
        self.assertEqual(self.log().count(" unit_new "), 2 * len(routes))
        self.assertEqual(len(self.running()), len(routes))

    def freeze(self, number):
        """All of the store's server, or its waking up: its sockets stay open."""
        for pid in (self.postgres.process.pid, *pgserver.children_of(self.postgres.process.pid)):
            try:
                os.kill(pid, number)
            except ProcessLookupError:  # a session that has just ended
                pass

    def test_a_store_that_hangs(self):
        self.shared(route(more=SLOW))
        self.rows(MANY)
        child = self.worker()
        self.until(self.who, "a pass that has begun")
        self.freeze(signal.SIGSTOP)
        try:
            self.leave(child)
            self.assertIn("failed: no answer", self.log())
        finally:
            self.freeze(signal.SIGCONT)
        self.hurry()
        self.worker()
        self.assertEqual(self.until_status(runs=1)["last_stats"]["total"], MANY)
        self.each_once(MANY)


class OneTable(Shared, fake.Case):
    """Two routes make rows of one table that meets no row by its key, each on a worker of its own."""
    KIND = "notion"
    ROUTES = {"plants": "Name: name", "trees": "Stars: height"}

    def route_to(self, name, table):
        return (f"  {name}:\n    source: {{kind: file, path: plants.jsonl, key: id}}\n"
                f'    destination: {{kind: notion, base_url: "{self.url}", data_source: {table}, '
                'key: "Repo ID", settle: 0s, lag: 2s}\n'
                f"    fields: {{{self.ROUTES[name]}}}\n    every: 1h\n")

    def none_held(self):
        """Those that are held are tried once more, as a person may: false."""
        held = self.run_it("held", "--json").json["held"]
        for row in held:
            self.run_it("held", "retry", row["route"], row["key"])
        for unit in {self.unit(row["route"]) for row in held}:
            runs = self.status(unit)["runs_completed"]
            self.signal("sync_now", [], unit=unit)
            self.until_status(unit=unit, runs=runs + 1, state="idle")
        return not held

    def test_two_routes_make_each_row_once(self):
        self.env["NOTION_TOKEN"] = "ntn_x"
        self.fake("--latency", "10ms")
        self.side("POST", "/settings", {"lag_ms": 1500})
        bases = self.side("GET", "/state")["databases"]
        table = next(base["data_sources"][0]["id"] for base in bases if base["title"] == "Repositories")
        self.shared("".join(self.route_to(name, table) for name in self.ROUTES))
        self.rows(20)
        for _ in range(2):
            self.worker()
        for name in self.ROUTES:
            self.until_status(unit=self.unit(name), runs=1, state="idle")
        self.until(self.none_held, "the other's rows, which it sees after a moment")
        self.assertEqual([unit["held"] for unit in self.units()], [0, 0])
        rows = self.side("GET", f"/rows?source={table}")["rows"]
        self.assertEqual(sorted(row["properties"]["Repo ID"] for row in rows),
                         sorted(f"p{i}" for i in range(20)))
        for row in rows:
            self.assertEqual({*row["properties"]} & {"Name", "Stars"}, {"Name", "Stars"})


if __name__ == "__main__":
    main()
