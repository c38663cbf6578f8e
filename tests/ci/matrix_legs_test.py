# SPDX-License-Identifier: GPL-2.0-or-later
"""Legs of the matrix run as Meson runs them, with a QEMU and a kho that do what a test wants."""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

import tap

RUN = pathlib.Path(__file__).parents[2] / "ci/legs/run.py"
LEG = "7.2 to 7.3 one"
ACCEPTED = "echo 'PASS Linux 7.2 -> Linux 7.3: 1 sessions verified'"
# Which part the machine plays its command line says. Each recording is counted.
QEMU = """#!/bin/sh
case "$*" in
*record=*)
    echo recorded >>"$0.count"
    core=${*##*record=} core=${core%% *}
    RECORD ;;
*handover=*) REPLAY ;;
esac
"""
RECORD = "echo memory >\"$core\"; echo; echo 'PASS Linux -> payload: kho-v4'"


class Legs(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = pathlib.Path(temporary.name)
        self.environment = dict(os.environ, KHO_MATRIX=str(self.folder / "build/tests/matrix"), KHO_KERNELS=str(self.folder),
                                KHO_QEMU=str(self.folder / "qemu"), KHO_TOOL=str(self.folder / "kho"), KHO_MATRIX_LIMIT="2")  # fmt: skip
        for name in ("PLUGIN", "PAYLOAD_ELF", "PAYLOAD_BZIMAGE", "LINUX_AGENT"):
            self.environment[f"KHO_{name}"] = str(self.folder / name)
            (self.folder / name).write_text(name, encoding="ascii")
        for release in ("7.2", "7.3"):
            (self.folder / f"bzImage-{release}").write_text(release, encoding="ascii")
        self.kho("accepted")

    def script(self, name, text):
        (self.folder / name).write_text(text, encoding="ascii")
        (self.folder / name).chmod(0o755)

    def kho(self, fate):
        answer = json.dumps({"files": [{"for": [{"release": "7.3", "fate": fate}]}]})
        self.script("kho", f"#!/bin/sh\necho '{answer}'\n")

    def qemu(self, replay, record=RECORD):
        self.script("qemu", QEMU.replace("RECORD", record).replace("REPLAY", replay))

    def start(self, leg=LEG):
        return subprocess.Popen([sys.executable, "-B", RUN, leg], env=self.environment, stdout=subprocess.PIPE, text=True)

    def run_leg(self, leg=LEG):
        """(exit status, TAP, result)"""
        with self.start(leg) as process:
            output, _ = process.communicate()
        result = self.folder / "build/tests/matrix/legs" / (leg.replace(" ", "-") + ".json")
        return process.returncode, output, json.loads(result.read_text(encoding="utf-8"))

    def log(self, path):
        return (self.folder / "build/tests/matrix" / path).read_text(encoding="utf-8")

    def recorded(self):
        return len((self.folder / "qemu.count").read_text(encoding="ascii").splitlines())

    def test_accepted(self):
        """A leg that is as expected passes, and keeps both consoles without this machine's folders"""
        self.qemu(ACCEPTED)
        status, output, result = self.run_leg()
        self.assertEqual((status, output), (0, "1..1\nok 1 - accepted\n"))
        self.assertEqual((result["verdict"], result["predicted"], result["failures"]), ("accepted", "accepted", []))
        self.assertIn("PASS Linux 7.2", self.log(result["log"]))
        self.assertIn("PASS Linux -> payload", self.log(result["recording_log"]))
        self.assertIn("$KHO_KERNELS/bzImage-7.3", self.log(result["log"]))

    def test_hang(self):
        """A kernel that hangs is stopped, a verdict of its own, and what it said is kept"""
        self.qemu("echo 'Linux version 7.3.4'; exec sleep 60")
        status, output, result = self.run_leg()
        self.assertEqual((status, result["verdict"], result["proof"]), (1, "hang", "Linux version 7.3.4"))
        self.assertIn("not ok 1 - accepted", output)
        self.assertIn("Linux version 7.3.4", self.log(result["log"]))
        self.assertLess(result["seconds"], 30)

    def test_warning(self):
        """A kernel that warns fails its leg, though it accepts"""
        self.qemu("echo 'WARNING: CPU: 0 PID: 1 at kernel/liveupdate'; " + ACCEPTED)
        status, _, result = self.run_leg()
        self.assertEqual((status, result["verdict"]), (1, "warning"))

    def test_exit_status(self):
        """Status 0 belongs to a handover that was accepted, and to no other"""
        for status, replay in ((0, "echo 'KHO: disabling KHO revival'; echo 'FAIL Linux 7.3'"), (1, ACCEPTED)):
            self.qemu(f"{replay}; exit {status}")
            _, output, result = self.run_leg()
            self.assertIn(f"yet QEMU's exit status is {status}", " ".join(result["failures"]))
            self.assertIn("not ok 1", output)

    def test_wrong_prediction(self):
        """A leg fails if kho predicts something else"""
        self.kho("panic")
        self.qemu(ACCEPTED)
        status, output, result = self.run_leg()
        self.assertEqual((status, result["failures"]), (1, ["kho check --for 7.3 predicts panic"]))
        self.assertIn("# kho check --for 7.3 predicts panic", output)

    def test_no_recording(self):
        """A producer that fails is a verdict, found out once"""
        self.qemu(ACCEPTED, record="echo 'FAIL Linux 7.2'")
        for leg in (LEG, "7.2 to 7.2 one"):
            status, _, result = self.run_leg(leg)
            self.assertEqual((status, result["verdict"], result["log"]), (1, "not-recorded", None))
            self.assertIn("FAIL Linux 7.2", self.log(result["recording_log"]))
        self.assertEqual(self.recorded(), 1)

    def test_recorded_once(self):
        """Legs that start together make their recording once, and make it again when a file behind it has changed"""
        self.qemu(ACCEPTED, record="sleep 0.5; " + RECORD)
        processes = [self.start(leg) for leg in (LEG, "7.2 to 7.2 one", LEG)]
        for process in processes:
            process.communicate()
            self.assertEqual(process.returncode, 0)
        self.assertEqual(self.recorded(), 1)
        (self.folder / "LINUX_AGENT").write_text("another", encoding="ascii")
        self.run_leg()
        self.assertEqual(self.recorded(), 2)

    def test_no_kernel(self):
        """Without its kernels a leg is skipped, and says which"""
        self.qemu(ACCEPTED)
        (self.folder / "bzImage-7.3").unlink()
        status, output, result = self.run_leg()
        self.assertEqual((status, result["verdict"]), (0, "skipped"))
        self.assertIn("ok 1 - accepted # SKIP KHO_KERNELS has no bzImage-7.3", output)

    def test_no_folder(self):
        """A KHO_KERNELS that is not a folder fails the leg: a mistyped path is not the same as no kernels"""
        self.environment["KHO_KERNELS"] = "build/kernels"
        done = subprocess.run([sys.executable, "-B", RUN, LEG], env=self.environment, capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("KHO_KERNELS: there is no folder build/kernels", done.stderr)


sys.dont_write_bytecode = True
tap.main()
