#!/usr/bin/env python3
"""Routes by cron and with quiet hours, and cron itself against another reader of time zones.

Usage: test_times.py PROGRAM CRON_TIMES
"""
import datetime
import pathlib
import random
import subprocess
import sys
import zoneinfo

from cli import SIMPLE, Case, main

CRON_TIMES = str(pathlib.Path(sys.argv.pop(2) if len(sys.argv) > 2
                              else "build/tests/cli/cron_times").resolve())
UTC = datetime.timezone.utc
ZONES = ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu",
         "Africa/Casablanca", "America/Havana", "America/Santiago", "Asia/Beirut", "Europe/Dublin",
         "Pacific/Apia", "Antarctica/Troll", "America/St_Johns", "Africa/Cairo", "Pacific/Chatham"]
HOURS = 40  # walked through for each expression


class Fields:
    """An expression, and whether it names a local minute."""

    def __init__(self, dice):
        self.minutes = sorted({dice.choice((0, 15, 30, 45, dice.randrange(60)))
                               for _ in range(dice.randrange(1, 4))})
        self.hourly = dice.randrange(3) == 0
        self.hours = sorted({dice.randrange(5) for _ in range(dice.randrange(1, 4))})
        self.days = sorted({dice.randrange(1, 32) for _ in range(8)}) if dice.randrange(4) else None
        self.weekdays = sorted({dice.randrange(7) for _ in range(3)}) if dice.randrange(3) else None

    def __str__(self):
        def join(numbers):
            return ",".join(map(str, numbers)) if numbers else "*"
        return " ".join((join(self.minutes), join(None if self.hourly else self.hours),
                         join(self.days), "*", join(self.weekdays)))

    def names(self, local):
        if local.minute not in self.minutes or not (self.hourly or local.hour in self.hours):
            return False
        by_day = self.days is not None and local.day in self.days
        by_weekday = self.weekdays is not None and local.isoweekday() % 7 in self.weekdays
        return by_day or by_weekday or (self.days is None and self.weekdays is None)


def naive(utc_s, zone):
    return datetime.datetime.fromtimestamp(utc_s, zone).replace(tzinfo=None, fold=0)


def walk(fields, zone, after):
    """The next time, found by looking at every minute: what the clock leaves out comes at once,
    what it shows again does not. None: not within HOURS."""
    minute = datetime.timedelta(minutes=1)
    before = naive(after - 86400, zone)
    highest = before
    for at in range(after - 86400 + 60, after + HOURS * 3600, 60):
        local = naive(at, zone)
        comes = fields.names(local) and (fields.hourly or local > highest)
        left_out = before + minute
        while not fields.hourly and left_out < local:
            comes = comes or (left_out > highest and fields.names(left_out))
            left_out += minute
        highest = max(highest, local)
        before = local
        if comes and at > after:
            return at
    return None


def near_a_change(dice, zone):
    """A time a few hours before the zone's clock is changed, where it is changed at all."""
    low = int(datetime.datetime(dice.randrange(2000, 2070), 1, 1, tzinfo=UTC).timestamp())
    low += dice.randrange(365) * 86400
    high = low + 200 * 86400

    def offset(at):
        return datetime.datetime.fromtimestamp(at, zone).utcoffset()

    if offset(low) != offset(high):
        while high - low > 60:
            middle = (low + high) // 120 * 60
            low, high = (middle, high) if offset(middle) == offset(low) else (low, middle)
    return (high - dice.randrange(600) * 60) // 60 * 60


class Times(Case):
    def test_cron_agrees_with_a_walk_through_every_minute(self):
        dice = random.Random(2026)
        asked = []
        for i in range(210):
            name = ZONES[i % len(ZONES)]
            zone = zoneinfo.ZoneInfo(name)
            asked.append((name, zone, Fields(dice), near_a_change(dice, zone)))
        lines = "".join(f"{name}\t{fields}\t{after}\n" for name, _, fields, after in asked)
        done = subprocess.run([CRON_TIMES], input=lines, text=True, capture_output=True, check=True)
        answers = done.stdout.split()
        self.assertEqual(len(answers), len(asked))
        found = 0
        for (name, zone, fields, after), answer in zip(asked, answers):
            expected = walk(fields, zone, after)
            if expected is None:  # not so soon
                self.assertGreaterEqual(int(answer), after + HOURS * 3600)
                continue
            found += 1
            self.assertEqual(int(answer), expected, f"{name}: {fields} after {after}")
        self.assertGreater(found, len(asked) // 2)

    def unit(self):
        return self.units()[0]

    def next_run(self):
        return self.unit()["next_run"]

    def test_a_route_by_cron(self):
        self.config(SIMPLE + '    cron: "30 6 1 1 *"\n    zone: Europe/Berlin\n')
        self.rows(3)
        year = datetime.datetime.now(zoneinfo.ZoneInfo("Europe/Berlin")).year
        findings = "\n".join(f["text"] for f in self.run_it("check", "--json").json["findings"])
        self.assertRegex(findings, rf'runs by cron "30 6 1 1 \*", next at ({year}|{year + 1})-01-01 '
                                   r"06:30 Europe/Berlin \(\d+-01-01T05:30:00Z\)")
        self.assertIn("in ", self.run_it("status").out)  # the first begin, before there is a unit

        child = self.daemon()
        self.until(self.units, "the unit")
        unit = self.unit()
        self.assertEqual((unit["state"], unit["runs_completed"]), ("idle", 0))
        self.assertEqual((unit["cron"], unit["zone"]), ("30 6 1 1 *", "Europe/Berlin"))
        self.assertIsNone(unit["interval_minutes"])
        self.assertIsNone(unit["interval_seconds"])
        self.assertRegex(unit["next_run"], r"-01-01T05:30:00Z$")
        self.assertEqual(self.once()[0]["created"], 3)  # a person need not wait
        self.stop(child)

        self.config(SIMPLE + '    cron: "@yearly"\n    zone: UTC\n')
        self.assertRegex(self.next_run(), r"-01-01T05:30:00Z$")  # until the next start
        child = self.daemon()
        self.until(lambda: self.next_run().endswith("-01-01T00:00:00Z"), "the new time")
        self.stop(child)

        self.config(SIMPLE)
        child = self.daemon()
        self.until(lambda: self.unit()["interval_minutes"] == 30, "an interval again")
        self.assertIsNone(self.unit()["cron"])

    def test_an_interval_is_refused_by_the_command_and_by_the_daemon(self):
        self.config(SIMPLE + '    cron: "@yearly"\n')
        self.rows(1)
        child = self.daemon()
        refused = self.run_it("interval", "plants", "1h", code=2).err
        self.assertIn('route plants runs by cron "@yearly"', refused)
        self.assertIn("change cron in", refused)
        self.config(SIMPLE)  # the file is ahead of the daemon
        refused = self.run_it("interval", "plants", "1h", code=None)
        self.assertNotEqual(refused.code, 0)
        self.assertIn('route plants runs by cron "@yearly"', refused.err)
        self.stop(child)
        self.run_it("interval", "plants", "1h")

    def test_a_machine_without_zones_has_utc(self):
        self.env["TZDIR"] = str(self.dir / "none")
        self.rows(1)
        self.config(SIMPLE + '    cron: "@yearly"\n    zone: Europe/Berlin\n')
        refused = self.run_it("check", code=2).err
        self.assertIn("durable-sync.yaml:6:11: zone: time zone Europe/Berlin: this machine has no "
                      "time zones in ", refused)
        self.assertIn("install the package tzdata, or take UTC", refused)
        self.config(SIMPLE + '    cron: "@yearly"\n    zone: UTC\n')
        self.run_it("check")

    def test_quiet_hours(self):
        now = datetime.datetime.now(UTC)
        begin = now - datetime.timedelta(hours=2)
        end = (now + datetime.timedelta(hours=2)).replace(second=0, microsecond=0)
        self.config(SIMPLE + f'    every: 1s\n    zone: UTC\n    quiet: "{begin:%H:%M}-{end:%H:%M}"\n')
        self.rows(2)
        findings = "\n".join(f["text"] for f in self.run_it("check", "--json").json["findings"])
        self.assertIn(f"is in its quiet hours until {end:%Y-%m-%d %H:%M} UTC ({end:%Y-%m-%dT%H:%M:%S}Z)",
                      findings)
        self.daemon()
        self.until(lambda: self.units() and self.next_run() == f"{end:%Y-%m-%dT%H:%M:%S}Z", "the end")
        self.assertEqual(self.unit()["runs_completed"], 0)
        self.run_it("sync", "--wait", "plants")
        self.assertEqual(self.unit()["runs_completed"], 1)
        self.assertEqual(self.next_run(), f"{end:%Y-%m-%dT%H:%M:%S}Z")


if __name__ == "__main__":
    main()
