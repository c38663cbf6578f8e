# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs the unittest cases of a module and prints TAP, a sentence for each: the first line of its docstring."""
import sys
import unittest


class TapResult(unittest.TestResult):
    def __init__(self):
        super().__init__()
        self.number = 0
        self.subtests = []  # what failed of the test that runs

    def line(self, verdict, test, directive=""):
        self.number += 1
        print(f"{verdict} {self.number} - {test.shortDescription() or test.id()}{directive}", flush=True)

    def explain(self, error):
        print("\n".join("# " + line for line in str(error).splitlines()))

    # pylint: disable=invalid-name # the names are unittest's
    def addSuccess(self, test):
        self.line("ok", test)

    def addSkip(self, test, reason):
        self.line("ok", test, f" # SKIP {reason}")

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self.line("not ok", test)
        self.explain(self.failures[-1][1])

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err is not None:
            where = self.failures if issubclass(err[0], test.failureException) else self.errors
            self.subtests.append(f"{subtest}\n{where[-1][1]}")

    def stopTest(self, test):
        super().stopTest(test)
        # unittest calls neither addSuccess nor addFailure for a test of which a subtest failed.
        if self.subtests:
            self.line("not ok", test)
            for error in self.subtests:
                self.explain(error)
            self.subtests = []

    def addError(self, test, err):
        super().addError(test, err)
        self.line("not ok", test)
        self.explain(self.errors[-1][1])


def main():
    suite = unittest.defaultTestLoader.loadTestsFromModule(sys.modules["__main__"])
    print(f"1..{suite.countTestCases()}")
    result = TapResult()
    suite.run(result)
    sys.exit(0 if result.wasSuccessful() else 1)
