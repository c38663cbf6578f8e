# SPDX-License-Identifier: GPL-2.0-or-later
"""The matrix without QEMU: its definition, verdicts from consoles, slices, and the reports."""
import collections
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree as ET
from html.parser import HTMLParser

import tap

sys.dont_write_bytecode = True
TOP = pathlib.Path(__file__).parents[2]
sys.path.insert(0, str(TOP / "ci/legs"))
# pylint: disable=wrong-import-position
import definition  # noqa: E402
import verdict  # noqa: E402

PASS = "PASS Linux 7.3.4 -> Linux 7.3.4: 9 sessions verified"
PANIC = "Kernel panic - not syncing: The incoming tree failed to initialize properly [-2], disabling live update"
COLD = "KHO: disabling KHO revival"
# (what, lines, consumer, whether the time was over, verdict, proof)
CONSOLES = [
    ("all is well", [PASS, "reboot: Power down"], "7.3", False, "accepted", PASS),
    ("a payload is content", ["PASS Linux -> payload: kho-v4"], "payload", False, "accepted", "PASS Linux -> payload: kho-v4"),
    ("a payload's words from a Linux", ["PASS Linux -> payload: kho-v4"], "7.3", False, "died", "PASS Linux -> payload: kho-v4"),
    ("lines end as on a terminal", [PASS + "\r", ""], "7.3", False, "accepted", PASS),
    ("no revival", [COLD, "not ok 1 handover", "FAIL Linux 7.1.13: handover"], "7.1", False, "cold-boot", COLD),
    ("no revival, and then nothing", [COLD, "Run /init"], "7.1", True, "hang", "Run /init"),
    ("no revival, and no end", [COLD, "Run /init"], "7.1", False, "died", "Run /init"),
    ("LUO refuses", ["luo: Unable to get FLB node", PANIC, "Call Trace:"], "7.0", False, "panic", PANIC),
    ("a panic for another reason", ["Kernel panic - not syncing: no init"], "7.0", False, "oops", "Kernel panic - not syncing: no init"),
    ("LUO refuses after a crash", ["BUG: unable to handle page fault", PANIC], "7.0", False, "oops", "BUG: unable to handle page fault"),
    ("a crash, yet all is well", ["Oops: 0000 [#1]", PASS], "7.3", False, "oops", "Oops: 0000 [#1]"),
    ("a warning, yet all is well", ["WARNING: kernel/liveupdate/luo_flb.c:1", PASS], "7.3", False, "warning", "WARNING: kernel/liveupdate/luo_flb.c:1"),
    ("no session to be had", ["not ok 3 live update device # EIO", "FAIL x"], "7.0", False, "eio", "not ok 3 live update device # EIO"),
    ("another error than EIO", ["not ok 3 live update device # ENOENT", "FAIL x"], "7.0", False, "wrong", "FAIL x"),
    ("a byte differs", ["not ok 5 retrieve", "FAIL Linux: offset 0x7000"], "7.3", False, "wrong", "FAIL Linux: offset 0x7000"),
    ("passed, then failed", [PASS, "FAIL something"], "7.3", False, "wrong", "FAIL something"),
    ("the agent gives up", ["Bail out! watchdog"], "7.3", False, "wrong", "Bail out! watchdog"),
    ("silence", ["Linux version 7.3.4", "", ""], "7.3", True, "hang", "Linux version 7.3.4"),
    ("passed, but never ended", [PASS], "7.3", True, "hang", PASS),
    ("the end without a word", ["Linux version 7.3.4"], "7.3", False, "died", "Linux version 7.3.4"),
    ("nothing at all", [], "7.3", False, "died", ""),
]  # fmt: skip


class Page(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.ids, self.targets, self.external = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        for name, value in attrs:
            if name == "id":
                self.ids.append(value)
            elif name == "href" and value.startswith("#"):
                self.targets.append(value[1:])
            elif name in ("href", "src"):
                self.external.append(value)


def result(leg, **changes):
    return {
        "producer": leg.producer, "consumer": leg.consumer, "scenario": leg.scenario, "expected": leg.expected,
        "verdict": leg.expected, "seconds": 1.5, "log": f"logs/{leg.file_name}.log",
        "recording_log": f"logs/{leg.recording.name}.log", "proof": "the proof", "predicted": leg.expected, "failures": [],
        **changes,
    }  # fmt: skip


class Matrix(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = pathlib.Path(temporary.name)

    def slice(self, name, results, log="first\nthe proof\n"):
        folder = self.folder / name
        (folder / "logs").mkdir(parents=True)
        for leg in results:
            for path in filter(None, (leg["log"], leg["recording_log"])):
                (folder / path).write_text(log, encoding="utf-8")
        (folder / "matrix.json").write_text(json.dumps(results), encoding="utf-8")
        return folder / "matrix.json"

    def command(self, *words):
        return subprocess.run([TOP / "ci/matrix", *words], capture_output=True, text=True, check=False)

    def merge(self, *files):
        return self.command("--merge", "--output", self.folder / "all", *files)

    def test_verdicts(self):
        """Each console has its verdict and the line that proves it"""
        for what, lines, consumer, timed_out, expected, proof in CONSOLES:
            with self.subTest(what):
                self.assertEqual(verdict.of("\n".join(lines), consumer, timed_out), (expected, proof))

    def test_pairs(self):
        """Every producer hands over to every consumer, a kernel in all scenarios"""
        scenarios = collections.defaultdict(set)
        for leg in definition.legs():
            scenarios[leg.producer, leg.consumer].add(leg.scenario)
        self.assertEqual(set(scenarios), {(p, c) for p in definition.PRODUCERS for c in definition.CONSUMERS})
        for (producer, _), seen in scenarios.items():
            self.assertIn("mixed", seen)
            if producer in definition.KERNELS:
                self.assertEqual(seen, set(definition.AGENT_SCENARIOS))

    def test_names(self):
        """No two legs have one name, nor one file's name"""
        legs = definition.legs()
        self.assertEqual(len({leg.name for leg in legs}), len(legs))
        self.assertEqual(len({leg.file_name for leg in legs} | {r.name for r in definition.recordings()}), len(legs) + len(list(definition.recordings())))

    def test_outcomes(self):
        """Each of the four outcomes is expected somewhere, none that no leg may end with, and each has its proof"""
        expected = {leg.expected for leg in definition.legs()}
        self.assertEqual(expected, {"accepted", "cold-boot", "panic", "eio"})
        self.assertFalse(expected & set(verdict.BROKEN))
        for leg in definition.legs():
            re.compile(leg.proof)

    def test_predictions(self):
        """kho formats predicts what the table of the legs expects"""
        listed = subprocess.run([os.environ["KHO_TOOL"], "formats", "--json"], capture_output=True, text=True, check=True).stdout
        takes = {release["release"]: release["takes"] for release in json.loads(listed)["releases"]}
        predicted = {producer: {consumer: fates[producer].replace(" ", "-") for consumer, fates in takes.items()} for producer in takes}
        self.assertEqual(predicted, definition.OUTCOMES)

    def test_slices(self):
        """Slices are all legs once, of nearly one size, and share no recording"""
        slices = [definition.legs(part, 4) for part in (1, 2, 3, 4)]
        self.assertEqual(sorted(leg.name for part in slices for leg in part), sorted(leg.name for leg in definition.legs()))
        self.assertLessEqual(max(map(len, slices)) - min(map(len, slices)), len(definition.CONSUMERS))
        recordings = [{leg.recording for leg in part} for part in slices]
        self.assertEqual(sum(map(len, recordings)), len(set().union(*recordings)))

    def test_compatibility_page(self):
        """ci/COMPATIBILITY.md names legs that there are, and its table says what is expected of them"""
        text = (TOP / "ci/COMPATIBILITY.md").read_text(encoding="utf-8")
        legs = {leg.name: leg for leg in definition.legs()}
        named = re.findall(r"`((?:payload )?[67][.0-9]+ to [^`:]+)`", text)
        self.assertGreater(len(named), 20)
        self.assertLessEqual(set(named), set(legs))
        rows = re.findall(r"^\| (\d.*?) \|(.*)\|$", text, re.MULTILINE)
        self.assertEqual(len(rows), len(definition.PAYLOAD_FORMATS))
        for first, cells in rows:
            said = [cell.strip(" *").replace(" ", "-") for cell in cells.split("|")]
            for producer in re.findall(r"[67]\.\d+", first):
                expected = [legs[f"{producer} to {consumer} mixed"].expected for consumer in definition.CONSUMERS]
                self.assertEqual(said, expected, first)

    def test_wrong_usage(self):
        """Wrong usage is exit status 2"""
        for words in (["--slice", "0/4"], ["--slice", "5/4"], ["--slice", "x"], ["--merge"], ["matrix.json"], ["--what"]):
            with self.subTest(words):
                self.assertEqual(self.command(*words).returncode, 2)

    def test_merge(self):
        """Slices make one report: all legs, in order, with their logs"""
        files = [self.slice(str(part), [result(leg) for leg in definition.legs(part, 4)]) for part in (1, 2, 3, 4)]
        done = self.merge(*reversed(files))
        self.assertEqual(done.returncode, 0, done.stderr)
        merged = json.loads((self.folder / "all/matrix.json").read_text(encoding="utf-8"))
        self.assertEqual([(leg["producer"], leg["consumer"], leg["scenario"]) for leg in merged],
                         [(leg.producer, leg.consumer, leg.scenario) for leg in definition.legs()])  # fmt: skip
        for leg in merged:
            self.assertTrue((self.folder / "all" / leg["log"]).exists())
        (suite,) = ET.parse(self.folder / "all/matrix.junit.xml").getroot()
        self.assertEqual((suite.get("tests"), suite.get("failures"), suite.get("skipped")), (str(len(merged)), "0", "0"))

    def test_page(self):
        """The page needs nothing else, and each click leads somewhere in it"""
        self.merge(self.slice("1", [result(leg) for leg in definition.legs()]))
        page = Page((self.folder / "all/matrix.html").read_text(encoding="utf-8"))
        self.assertEqual(page.external, [])
        self.assertLessEqual(set(page.targets), set(page.ids))
        self.assertEqual(len(page.ids), len(set(page.ids)))
        self.assertGreaterEqual(len(page.ids), len(definition.legs()))

    def test_failures(self):
        """A leg that is not as expected fails the run, and is in all reports"""
        good, bad, *_ = definition.legs()
        wrong = result(bad, verdict="oops", failures=["expected accepted, but it is oops"])
        done = self.merge(self.slice("1", [result(good), wrong]))
        self.assertEqual(done.returncode, 1)
        self.assertIn(f"{bad.name}: expected accepted, but it is oops", done.stdout)
        self.assertIn("1 of 2 legs are not as expected", (self.folder / "all/matrix.html").read_text(encoding="utf-8"))
        failures = list(ET.parse(self.folder / "all/matrix.junit.xml").iter("failure"))
        self.assertEqual([failure.get("message") for failure in failures], wrong["failures"])

    def test_skipped(self):
        """What did not run is counted with its reason, and is not a success"""
        leg = definition.legs()[0]
        skipped = result(leg, verdict="skipped", reason="no kernel", log=None, recording_log=None, proof="", predicted=None)
        done = self.merge(self.slice("1", [skipped]))
        self.assertIn("did not run: 1 legs: no kernel", done.stdout)
        self.assertIn("No leg ran", (self.folder / "all/matrix.html").read_text(encoding="utf-8"))
        self.assertEqual(len(list(ET.parse(self.folder / "all/matrix.junit.xml").iter("skipped"))), 1)

    def test_hostile_console(self):
        """Whatever a console says is text in every report"""
        leg = definition.legs()[0]
        wrong = result(leg, failures=["<script>\x00\x1b"], proof="<b>")
        self.merge(self.slice("1", [wrong], log="<script>alert(1)</script>\x00\x1b[31m\ufffe</pre>\n"))
        self.assertNotIn("<script", (self.folder / "all/matrix.html").read_text(encoding="utf-8"))
        ET.parse(self.folder / "all/matrix.junit.xml")

    def test_unusable_slice(self):
        """A file of another kind is exit status 2 with its reason"""
        for content in ("", "{}x", '["a"]', '[{"producer": "7.3"}]'):
            with self.subTest(content):
                file = self.folder / "other.json"
                file.write_text(content, encoding="utf-8")
                done = self.merge(file)
                self.assertEqual(done.returncode, 2, done.stdout)
                self.assertIn("ci/matrix: ", done.stderr)


tap.main()
