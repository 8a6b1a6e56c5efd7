#!/usr/bin/env python3
"""histories.py FROM TO - the histories that $DS_HISTORIES has kept, as the official command line shows
them, become files for tests/unit/replay_golden (and for tests/data/temporal/golden)."""
import pathlib
import sys

import parts

parts.enter(parts.SDK)

from google.protobuf import json_format  # noqa: E402  (the environment is entered above)
from temporalio.api.history.v1 import History  # noqa: E402


def main():
    kept, made = map(pathlib.Path, sys.argv[1:])
    made.mkdir(parents=True, exist_ok=True)
    files = sorted(kept.glob("*.json"))
    for file in files:
        history = json_format.Parse(file.read_text(), History(), ignore_unknown_fields=True)
        (made / (file.stem + ".bin")).write_bytes(history.SerializeToString())
    print(f"# {len(files)} histories")


if __name__ == "__main__":
    main()
