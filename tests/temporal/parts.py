"""Where the tests of the Temporal engine find what tools/setup-temporal made."""
import os
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
DATA = HERE.parent / "data" / "temporal"
sys.path[:0] = [str(HERE.parent / folder) for folder in ("cli", "repo", "support")]

import temporalserver  # noqa: E402

SDK = "temporalio-1.35.0"
PEER = "peer-0.3.0"


def skip(why):
    print(f"# skipped: {why}", flush=True)
    sys.exit(temporalserver.SKIP)


def enter(name):
    """Goes on in that virtual environment: this program again, with its Python."""
    folder = temporalserver.cache() / name
    python = folder / "bin" / "python"
    if pathlib.Path(sys.prefix) == folder:
        return
    if not python.exists():
        why = folder.with_name(name + ".why")
        skip(why.read_text().strip() if why.is_file() else f"no {folder}; tools/setup temporal makes it")
    os.environ.pop("PYTHONPATH", None)
    os.execv(python, [str(python), *sys.argv])


def need_server():
    why = temporalserver.missing()
    if why:
        skip(why)
