#!/usr/bin/env python3
"""test_faults.py PROGRAM FAULTS_SO - each system call of a pass fails once, for every n.

For n = 1, 2, ... the n-th call of a group fails in a run of the real program, until a run is left alone.
Then a run without faults must bring the destination to what it should be, every row once, what was made
by hand untouched; and a third run must write nothing. What the run with the fault said of itself, by its
exit code, its words and `status`, must have been true.
"""
import collections
import errno
import itertools
import os
import shutil
import unittest

from rig import Check, World, folder  # also finds the tests of the command line
from cli import main

ENDS = [("jsonl", "sqlite"), ("sqlite", "jsonl"), ("sqlite", "csv")]
ONCE = {  # what else these calls do; EIO is for all of them
    "write": [errno.ENOSPC, errno.EINTR, "short"],
    "open": [errno.EMFILE],
    "create": [errno.ENOSPC],
    "mmap": [errno.ENOMEM],
}
MEMORY = 120  # of some 8,000 calls: so many from the start, as many from the end, and between


class Faults(unittest.TestCase):
    maxDiff = None

    def check(self, *world):
        room = folder()
        self.addCleanup(shutil.rmtree, room, ignore_errors=True)
        return Check(World(*world), room)

    def each(self, kind, call, hows):
        for ends in ENDS:
            check = self.check(*ends, kind)
            for how in hows:
                with self.subTest(f"{check.world.name}: {call}, {how}"):
                    fired = check.every(call, how)
                    print(f"# {check.world.name}: {call} {how}: {fired} failed", flush=True)
                    if call != "rename" or ends[1] != "sqlite":
                        self.assertGreater(fired, 0)

    def test_input_and_output_errors_in_a_first_pass(self):
        for call in ("write", "fsync", "truncate", "rename", "unlink", "create", "open", "mmap"):
            self.each("first", call, [errno.EIO])

    def test_input_and_output_errors_in_an_update_pass(self):
        for call in ("write", "fsync", "rename"):
            self.each("update", call, [errno.EIO])

    def test_every_error_in_a_mixed_pass(self):
        for call in ("write", "fsync", "truncate", "rename", "unlink", "create", "open", "mmap"):
            self.each("mixed", call, [errno.EIO, *ONCE.get(call, [])])

    def test_what_is_only_interrupted_or_short_goes_on(self):
        check = self.check("jsonl", "sqlite", "mixed")
        for how in (errno.EINTR, "short"):
            check.every("write", how)
        self.assertEqual({code for (_, _, _, code) in check.tally}, {0})

    def test_no_thread_and_no_process_can_be_started(self):
        for kind in ("first", "mixed"):
            check = self.check("jsonl", "sqlite", kind, "    transform: '.properties.size |= . + 0'\n")
            fired = check.every("start", errno.EAGAIN)
            print(f"# {check.world.name}: start: {fired} failed", flush=True)
            self.assertGreaterEqual(fired, 5)  # signals, the store, passes, reading, the transform
            self.assertEqual({code for (_, _, _, code) in check.tally}, {0, 1, 2})

    @unittest.skipIf(os.environ.get("DS_COVERAGE"), "what counts the lines takes memory without looking")
    def test_memory_runs_out(self):
        """A sample: the counts go into the thousands."""
        for ends in ENDS:
            check = self.check(*ends, "mixed" if ends[1] != "csv" else "first")
            tried, most = check.sample("malloc", errno.ENOMEM, MEMORY, MEMORY)
            print(f"# {check.world.name}: malloc: {tried} of {most} failed", flush=True)
            self.assertGreater(most, 3 * MEMORY)


def memory_runs_out_at_every_call(ends, kind):
    def test(self):
        check = self.check(*ends, kind)
        fired = check.every("malloc", errno.ENOMEM)
        codes = collections.Counter()
        for (_, _, _, code), count in check.tally.items():
            codes[code] += count
        print(f"# {check.world.name}: malloc: {fired} failed, exit codes {dict(codes)}", flush=True)
        self.assertGreater(fired, 3 * MEMORY)
    return unittest.skipUnless(os.environ.get("DS_FAULTS_ALL"), "minutes: set DS_FAULTS_ALL to run it")(test)


for _ends, _kind in itertools.product(ENDS, ("first", "update", "mixed")):
    setattr(Faults, f"test_memory_runs_out_at_every_call_{_ends[0]}_{_ends[1]}_{_kind}",
            memory_runs_out_at_every_call(_ends, _kind))


if __name__ == "__main__":
    main()
