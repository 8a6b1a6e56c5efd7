#!/usr/bin/env python3
"""Worker Versioning: nothing is handed to a version before it is the current one, the log and `check`
say so, and units go over to another version when that becomes current."""
import parts  # noqa: F401  (makes the way to the others)
from cli import main
from worker import Shared, route


class Versions(Shared):
    config_of_server = {"limit.historyCount.suggestContinueAsNew": 4096}  # events are counted in one run

    def version(self, number):
        self.env["DURABLE_SYNC_BUILD_ID"] = number
        return self.worker()

    def make_current(self, number):
        """As the operator does it. The version is known once a worker of it has asked for work."""
        words = ("worker", "deployment", "set-current-version", "--deployment-name",
                 self.env["DURABLE_SYNC_DEPLOYMENT_NAME"], "--build-id", number, "--yes")
        said = []

        def done():
            answer = self.server.run(*words)
            said[:] = [answer.stdout + answer.stderr]
            return answer.returncode == 0

        self.until(done, f"version {number} to become current: {said}\n{self.log()}")

    def warnings(self):
        found = self.run_it("check", "--json").json["findings"]
        return [f["text"] for f in found if f["level"] == "warning" and "not the current one" in f["text"]]

    def settled(self):
        """The number of its last event, once nothing is left to do."""
        def last():
            types = self.types()
            return types[-1] in ("WORKFLOW_TASK_COMPLETED", "TIMER_STARTED") and len(types)

        return self.until(last, f"a unit that rests: {self.types()}")

    def pass_after(self):
        """Asks for a pass; the event before it, once it has ended."""
        before, runs = self.settled(), self.status()["runs_completed"]
        self.signal("sync_now")
        self.until_status(runs=runs + 1)
        self.settled()
        return before

    def who_ran(self, number):
        """Workers that answered the workflow's tasks since event `number`."""
        return {event["workflowTaskCompletedEventAttributes"]["identity"].split("@")[0]
                for event in self.server.history(self.unit())
                if int(event["eventId"]) > number and event["eventType"].endswith("TASK_COMPLETED")
                and "workflowTaskCompletedEventAttributes" in event}

    def test_units_go_where_the_current_version_is(self):
        self.env["DURABLE_SYNC_DEPLOYMENT_NAME"] = "garden"
        self.shared(route())
        self.rows(3)
        first = self.version("1")
        self.logged("worker_version")
        self.assertIn("set-current-version --deployment-name garden --build-id 1", self.log())
        self.until(self.running, "the unit's workflow")
        self.until(self.warnings, "what check says of a version that is not current")
        self.assertIn("--deployment-name garden --build-id 1", self.run_it("check").out)
        self.assertEqual(self.types(), ["WORKFLOW_EXECUTION_STARTED", "WORKFLOW_TASK_SCHEDULED"])
        self.assertIn("--deployment-name garden --build-id 1", self.run_it("sync", "plants", "--wait", code=1).err)
        self.assertIn("nothing is handed to them", self.run_it("status").out)
        self.make_current("1")
        self.until_status(runs=1)
        self.assertEqual(self.warnings(), [])
        self.assertNotIn("nothing is handed", self.run_it("status").out)

        second = self.version("2")
        self.logged("worker_version", times=2)
        self.pass_after()
        self.assertEqual(self.who_ran(0), {str(first.pid)})
        self.make_current("2")
        there = {str(second.pid)}
        self.until(lambda: self.who_ran(self.pass_after()) == there, "the unit at version 2")
        self.assertEqual(self.who_ran(self.pass_after()), there)
        self.each_once(3)


if __name__ == "__main__":
    main()
