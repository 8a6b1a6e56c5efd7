"""unittest with one TAP line a test, for the counts of tools/count-tests."""
import sys
import unittest


class Result(unittest.TextTestResult):
    def addSuccess(self, test):
        super().addSuccess(test)
        print("ok -", test.id(), flush=True)

    def addFailure(self, test, err):
        super().addFailure(test, err)
        print("not ok -", test.id(), flush=True)

    def addError(self, test, err):
        super().addError(test, err)
        print("not ok -", test.id(), flush=True)

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err:
            print("not ok -", test.id(), flush=True)

    def addUnexpectedSuccess(self, test):
        super().addUnexpectedSuccess(test)
        print("not ok -", test.id(), flush=True)

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        print("# skipped", test.id(), reason, flush=True)


def main(argv=None):
    runner = unittest.TextTestRunner(resultclass=Result)
    program = unittest.main(module="__main__", argv=argv or sys.argv[:1], testRunner=runner,
                            exit=False)
    sys.exit(not program.result.wasSuccessful())
