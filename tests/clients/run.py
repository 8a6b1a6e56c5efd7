#!/usr/bin/env python3
"""run.py PROGRAM FILE - runs a file of node:test with the official clients; skipped where they are
not installed (tools/setup-clients says why)."""
import os
import pathlib
import shutil
import sys

HERE = pathlib.Path(__file__).resolve().parent
SKIP = 77


def main():
    program, name = sys.argv[1:]
    node = shutil.which("node")
    if not node or not (HERE / "node_modules" / ".complete").is_file():
        print("# skipped: no Node.js, or tools/setup-clients could not install the clients")
        sys.exit(SKIP)
    os.environ["DURABLE_SYNC_PROGRAM"] = str(pathlib.Path(program).resolve())
    os.environ.pop("LD_LIBRARY_PATH", None)
    os.execv(node, [node, "--test-reporter=tap", str(HERE / name)])


main()
