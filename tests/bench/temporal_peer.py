#!/usr/bin/env python3
"""What tools/bench-temporal runs in the Python program's own environment.

    temporal_peer.py run RECORDS PAGE UNITS SECONDS   a worker of that program, between a source and a
        destination in memory; on standard output, with the time of day: when the source is asked,
        when the first record of a pass is written.  A write takes so many seconds.
    temporal_peer.py convert < JSON > HISTORY         a history as the server keeps it
"""
import asyncio
import contextlib
import sys
import time


def say(what):
    print(what, repr(time.time()), flush=True)


def record(i):
    from durable_sync.core import Record
    return Record(primary_key=f"rec-{i:08d}", properties={
        "name": f"alpha bravo {i}", "description": "charlie " * 10, "stars": i,
        "archived": False, "language": "delta", "updated_at": "2026-01-01T00:00:00Z"})


class Memory:
    """Both ends."""
    name = "memory"
    configured = True
    create_only_properties = set()
    config_hint = ""

    def __init__(self, records, page, units, delay):
        self.records = [record(i) for i in range(records)]
        self.page, self.units, self.delay = page, units, delay
        self.rows, self.writes = {}, 0

    def specs(self):
        from durable_sync.core import SourceSpec
        return [SourceSpec(key=f"unit{i}", interval_minutes=60) for i in range(self.units)]

    async def fetch(self, spec, only_items=None):
        return (await self.fetch_page(spec, only_items, None))[0]

    async def fetch_page(self, _spec, only_items, cursor):
        begin = int(cursor or 0)
        if begin == 0:
            self.writes = 0
            say("asked")
        if only_items:
            return [r for r in self.records if r.primary_key in only_items], None
        end = begin + self.page
        return self.records[begin:end], str(end) if end < len(self.records) else None

    @contextlib.asynccontextmanager
    async def connect(self):
        yield self

    async def query_existing_ids(self):
        return {key: key for key in self.rows}

    async def create(self, rec, _synced_at):
        self.writes += 1
        if self.writes == 1:
            say("wrote")
        if self.delay:
            await asyncio.sleep(self.delay)
        self.rows[rec.primary_key] = rec.properties
        return True

    async def update(self, _existing, rec, synced_at):
        return await self.create(rec, synced_at)

    @staticmethod
    def is_auth_error(_err):
        return False


def main():
    if sys.argv[1] == "convert":
        from temporalio.api.history.v1 import History
        from temporalio.client import WorkflowHistory
        events = WorkflowHistory.from_json("unit", sys.stdin.read()).events
        sys.stdout.buffer.write(History(events=events).SerializeToString())
        return
    from durable_sync.worker import run_worker
    both = Memory(*map(int, sys.argv[2:5]), float(sys.argv[5]))
    asyncio.run(run_worker(both, both))


if __name__ == "__main__":
    main()
