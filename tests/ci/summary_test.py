# SPDX-License-Identifier: GPL-2.0-or-later
"""ci/summary on what this machine's meson test and GoogleTest write."""
import pathlib
import subprocess
import sys
import tempfile
import unittest

import tap

SUMMARY = pathlib.Path(__file__).parents[2] / "ci/summary"
# Every way in which a test of ours is skipped.
PROJECT = """
project('p')
sh = find_program('sh')
test('cases', sh, args: ['-c', 'printf "1..3\\nok 1 - a\\nok 2 - b # SKIP KHO_KERNELS has no bzImage-7.3\\nok 3 - c # SKIP\\n"'],
  protocol: 'tap')
test('plan', sh, args: ['-c', 'echo "1..0 # SKIP not here: gpg"'], protocol: 'tap')
test('status', sh, args: ['-c', 'echo first; echo the archive was not reached; exit 77'])
test('silent', sh, args: ['-c', 'exit 77'])
test('FAILS', sh, args: ['-c', 'exit FAILS'])
foreach leg : ['a', 'b', 'c', 'd', 'e', 'f', 'g']
  test(leg, sh, args: ['-c', 'echo 1..1; echo "ok 1 # SKIP KHO_KERNELS names no folder"'], suite: 'legs', protocol: 'tap')
endforeach
"""
GTEST = """<testsuites><testsuite name="g.G"><testcase name="A" status="run" result="completed"/>
<testcase name="B" status="run" result="skipped"><skipped message="a_test.cpp:1&#x0A;no KVM here&#x0A;"/></testcase>
<testcase name="C" status="notrun" result="suppressed"/></testsuite></testsuites>"""


class Summary(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = pathlib.Path(temporary.name)

    def meson_test(self, failing):
        (self.folder / "meson.build").write_text(PROJECT.replace("FAILS", "1" if failing else "0"), encoding="ascii")
        for command in (["meson", "setup", "b"], ["meson", "test", "-C", "b"]):
            subprocess.run(command, cwd=self.folder, capture_output=True, check=False)
        return self.folder / "b/meson-logs/testlog.junit.xml"

    def summary(self, *files):
        return subprocess.run([sys.executable, "-B", SUMMARY, *files], capture_output=True, text=True, check=False)

    def test_skipped(self):
        """Each skipped case has its reason, whichever way Meson writes it, and what can be done comes before the last line"""
        done = self.summary(self.meson_test(failing=False))
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        lines = done.stdout.splitlines()
        self.assertEqual(lines[-1], "2 passed, 0 failed, 12 skipped")
        # Many for one reason are one line.
        legs = [line for line in lines if "names no folder" in line]
        self.assertEqual(len(legs), 1, legs)
        self.assertIn("legs (7 cases): KHO_KERNELS names no folder", legs[0])
        lines.remove(legs[0])
        reasons = sorted(line.rsplit(": ", 1)[1] for line in lines if line.startswith("skipped: "))
        self.assertEqual(reasons, ["KHO_KERNELS has no bzImage-7.3", "gpg", "no reason was given", "no reason was given",
                                   "the archive was not reached"])  # fmt: skip
        remedies = [line for line in lines if line.startswith("to run ")]
        self.assertEqual(len(remedies), 2)
        self.assertIn("to run 8 skipped tests with real Linux kernels: type `ci/kernels`", remedies[0])
        self.assertLess(lines.index(remedies[-1]), len(lines) - 1)

    def test_failed(self):
        """A failure is named, and is exit status 1"""
        done = self.summary(self.meson_test(failing=True))
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stdout, r"(?m)^failed: p .*\b1$")
        self.assertTrue(done.stdout.endswith("\n1 passed, 1 failed, 12 skipped\n"), done.stdout)

    def test_googletest(self):
        """GoogleTest's own files are read, too"""
        file = self.folder / "g.xml"
        file.write_text(GTEST, encoding="ascii")
        done = self.summary(file)
        self.assertIn("skipped: g.G B: no KVM here\n", done.stdout)
        self.assertTrue(done.stdout.endswith("\n1 passed, 0 failed, 2 skipped\n"), done.stdout)

    def test_unusable(self):
        """A file that is missing, cut or foreign is one sentence and exit status 2; no case at all is 1"""
        cut = self.folder / "cut.xml"
        cut.write_text(GTEST[:60], encoding="ascii")
        for file in (cut, self.folder / "nowhere.xml", self.folder):
            done = self.summary(file)
            self.assertEqual(done.returncode, 2)
            self.assertRegex(done.stderr, r"^ci/summary: [^\n]*\n$")
        cut.write_text("<testsuites/>", encoding="ascii")
        self.assertEqual(self.summary(cut).returncode, 1)


tap.main()
