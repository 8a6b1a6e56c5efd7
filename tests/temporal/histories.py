#!/usr/bin/env python3
"""histories.py FROM TO - the histories that $DS_HISTORIES has kept, as the official command line shows
them, become files for tests/unit/test_replay_golden (and for tests/data/temporal/golden).  What no
worker of ours has answered for is left out."""
import pathlib
import sys

import parts

parts.enter(parts.SDK)

from google.protobuf import json_format  # noqa: E402  (the environment is entered above)
from temporalio.api.enums.v1 import EventType  # noqa: E402
from temporalio.api.history.v1 import History  # noqa: E402

ANSWERED = EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED


def main():
    kept, made = map(pathlib.Path, sys.argv[1:])
    made.mkdir(parents=True, exist_ok=True)
    n = events = 0
    for file in sorted(kept.glob("*.json")):
        history = json_format.Parse(file.read_text(), History(), ignore_unknown_fields=True)
        if any(event.event_type == ANSWERED for event in history.events):
            (made / (file.stem + ".bin")).write_bytes(history.SerializeToString())
            n, events = n + 1, events + len(history.events)
    print(f"# {n} histories of {events} events")


if __name__ == "__main__":
    main()
