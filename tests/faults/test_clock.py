#!/usr/bin/env python3
"""test_clock.py PROGRAM SHIFTED_CLOCK_SO - the clock on the wall jumps under the real program: nobody
waits a day for the next pass, and nobody catches up on a year of them."""
import pathlib
import struct
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "cli"))
from cli import main  # noqa: E402
from stand import Stand, route  # noqa: E402

SHIM = str(pathlib.Path(sys.argv[2] if len(sys.argv) > 2 else "build/tests/faults/libshifted_clock.so").resolve())
DAY = 86400
YEAR = 365 * DAY


class Clock(Stand):
    def setUp(self):
        super().setUp()
        self.shift_path = self.dir / "shift"
        self.shift(0)
        self.env.update(LD_PRELOAD=SHIM, DS_CLOCK_SHIFT=str(self.shift_path))

    def shift(self, seconds):
        """Written in place: programs have it mapped."""
        with open(self.shift_path, "r+b" if self.shift_path.exists() else "wb") as file:
            file.write(struct.pack("=q", int(seconds)))

    def begin(self, every):
        self.routes(route(every=every))
        self.records(self.plants(3))
        return self.daemon()

    def goes_on(self):
        """Two more passes, and what has changed meanwhile is there."""
        changed = self.plants(4, note="x")
        before = self.unit()["runs_completed"]
        self.records(changed)
        self.completed(before + 2)
        self.mirrored(changed)

    def test_the_shim_is_in_the_program(self):
        self.begin("1h")
        self.completed(1)
        self.shift(YEAR)
        self.assertGreater(self.asked()["started"], time.strftime("%Y-%m-%d", time.gmtime(time.time() + 360 * DAY)))

    def test_back_by_a_day(self):
        self.begin("1s")
        self.completed(2)
        self.shift(-DAY)
        self.goes_on()

    def test_ahead_by_a_year_is_one_pass_not_thousands(self):
        child = self.begin("1h")
        self.completed(1)
        self.shift(YEAR)
        # Whatever wakes it lets it see the time: the pass that is due, and then the next in an hour.
        self.run_it("interval", "plants", "2h")
        self.run_it("interval", "plants", "1h")
        self.asked()
        unit = self.idle()
        self.assertLessEqual(unit["runs_completed"], 3)
        self.assertGreater(unit["next_run"],
                           time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(time.time() + YEAR)))
        self.stop(child)

    def test_ahead_and_back_again(self):
        self.begin("1s")
        self.completed(1)
        for seconds in (DAY, -DAY, YEAR, 0):
            self.shift(seconds)
            self.goes_on()

    def test_a_machine_that_thinks_it_is_1970(self):
        self.shift(60 - time.time())
        self.begin("1s")
        self.completed(2)
        doctor = self.run_it("doctor", "--json", code=2).json["checks"]
        clock, = [f for f in doctor if f["check"] == "clock"]
        self.assertEqual(clock["level"], "error")
        self.assertIn("which cannot be", clock["text"])
        self.shift(0)  # the time comes over the network
        self.goes_on()

    def test_started_after_it_was_set_back(self):
        """A due time that lies a month ahead is not waited for."""
        self.shift(30 * DAY)
        self.stop(self.begin("1s"))
        self.shift(0)
        self.daemon()
        self.goes_on()


if __name__ == "__main__":
    main()
