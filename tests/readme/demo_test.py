# SPDX-License-Identifier: GPL-2.0-or-later
"""The demo's recording, given to every kernel by the command of the README."""
import json
import pathlib
import sys
import tempfile
import unittest

import checkout
import markdown

sys.path.insert(0, str(checkout.SOURCE / "tests/ci"))
import tap  # pylint: disable=wrong-import-position


# What the console says, by the fate that is predicted.
PROOFS = {
    "accepted": r"\nPASS Linux payload -> Linux \S+: 7 sessions, 143 files, \d+ bytes verified",
    "cold boot": r"KHO: disabling KHO revival",
}


class Demo(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scratch = tempfile.TemporaryDirectory(prefix="kho-demo-")
        cls.addClassCleanup(cls.scratch.cleanup)
        cls.place = checkout.Checkout(pathlib.Path(cls.scratch.name) / "checkout")
        status, output = cls.place.run("ci/demo")
        if status != 0:
            raise RuntimeError(output)
        _, output = cls.place.run("kho check --json --for=all build/handover.core")
        cls.file = json.loads(output)["files"][0]
        text = (checkout.SOURCE / "README.md").read_text(encoding="utf-8")
        [cls.command] = [command.text for command in markdown.commands(text) if "handover=7.3.core" in command.text]

    def test_findings(self):
        """nothing is wrong with the demo's recording, and Linux 7.3 accepts it"""
        self.assertEqual(self.file["findings"], [])
        fates = {verdict["release"]: verdict["fate"] for verdict in self.file["for"]}
        self.assertEqual(fates["7.3"], "accepted")


def replay(release):
    def test(self):
        fates = {verdict["release"]: verdict["fate"] for verdict in self.file["for"]}
        command = self.command.replace("7.3.core", "build/handover.core").replace("bzImage-7.2", f"bzImage-{release}")
        reason = self.place.missing(command)
        if reason:
            self.skipTest(reason)
        status, output = self.place.run(command)
        self.assertRegex(output, PROOFS[fates[release]])
        if fates[release] == "accepted":
            self.assertEqual(status, 0, output)

    test.__doc__ = f"Linux {release} makes of the demo's recording what kho check says"
    return test


for each in ("6.19", "7.0", "7.1", "7.2", "7.3"):
    setattr(Demo, f"test_replay_{each}", replay(each))

if __name__ == "__main__":
    tap.main()
