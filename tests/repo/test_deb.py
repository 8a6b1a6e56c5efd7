#!/usr/bin/env python3
"""The Debian packages: their papers agree with the rest of the tree, and tools/deb-check is content
with what is built from them."""
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

import tap

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
DEBIAN = TOP / "packaging" / "debian"

# What Debian 12 has no package of is in .deps; what only the tests need is not for the package.
NOT_FOR_THE_PACKAGE = {"libcmocka-dev"}
NEEDED = ("dpkg-buildpackage", "dh", "lintian", "debootstrap", "unshare")


def run(*command):
    return subprocess.run(command, cwd=TOP, text=True, capture_output=True, check=False,
                          stdin=subprocess.DEVNULL)


class Papers(unittest.TestCase):
    def test_the_version_is_the_projects(self):
        version = re.search(r"version: '([^']+)'", (TOP / "meson.build").read_text()).group(1)
        first = (DEBIAN / "changelog").read_text().splitlines()[0]
        self.assertTrue(first.startswith(f"durable-sync ({version}) "), first)
        self.assertIn(f"\n## {version} ", (TOP / "CHANGELOG.md").read_text())

    def test_every_library_of_the_build_is_asked_for(self):
        setup = (TOP / "tools" / "setup").read_text()
        build = re.search(r"\n    build\)\n(.*?)\n        ;;", setup, re.S).group(1)
        libraries = set(re.findall(r"need (lib\S+-dev) ", build)) - NOT_FOR_THE_PACKAGE
        control = (DEBIAN / "control").read_text()
        asked = re.search(r"^Build-Depends:(.*?)^\S", control + "\nEnd:", re.M | re.S).group(1)
        self.assertIn("libsqlite3-dev", libraries)
        self.assertEqual(libraries - set(re.findall(r"[\w.+-]+", asked)) - {"libc6-dev"}, set())


class Built(unittest.TestCase):
    """tools/deb-check, step by step; each later one looks at what the first has built."""

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.dir = folder.name

    def step(self, name):
        missing = [tool for tool in NEEDED if not shutil.which(tool)]
        if missing:
            self.skipTest("not there: " + " ".join(missing))
        answer = run(TOP / "tools" / "deb-check", "-d", self.dir, name)
        self.assertEqual(answer.returncode, 0, answer.stdout + answer.stderr)
        for line in answer.stdout.splitlines():
            print("#", line, flush=True)
        if "skipped" in answer.stdout:
            self.skipTest(answer.stdout.strip())


for number, step in enumerate(("built_twice", "clean", "small_and_hard", "fresh_root")):
    setattr(Built, f"test_{number}_{step}", lambda self, step=step: self.step(step))


if __name__ == "__main__":
    tap.main()
