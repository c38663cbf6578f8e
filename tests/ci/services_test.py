# SPDX-License-Identifier: GPL-2.0-or-later
"""The files for CI services: yamllint's rules, and what a service would find out only when it runs them."""
import pathlib
import re
import subprocess
import sys
import unittest

import tap
import yaml

TOP = pathlib.Path(__file__).parents[2]
FILES = {name: TOP / "ci" / name for name in ("gitlab-ci.yml", "github-workflow.yml")}
GITLAB, GITHUB = (yaml.safe_load(path.read_text(encoding="utf-8")) for path in FILES.values())
GITLAB_GLOBALS = {"stages", "default", "variables", "include", "workflow"}
GITLAB_JOBS = {name: job for name, job in GITLAB.items() if name not in GITLAB_GLOBALS}
GITLAB_KEYS = set("stage needs timeout script cache artifacts parallel when image rules variables".split())
GITHUB_KEYS = set("needs runs-on container timeout-minutes strategy steps if env permissions name".split())


def scripts():
    """Each (job, command line) of both services."""
    for name, job in GITLAB_JOBS.items():
        yield from ((f"gitlab {name}", line) for line in job["script"])
    for name, job in GITHUB["jobs"].items():
        yield from ((f"github {name}", step["run"]) for step in job["steps"] if "run" in step)


class Services(unittest.TestCase):
    def test_yamllint(self):
        """yamllint has nothing to say"""
        rules = str(TOP / "tests/ci/yamllint.yml")
        command = ["yamllint", "--strict", "-c", rules, *map(str, FILES.values()), rules]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_gitlab_jobs(self):
        """GitLab: every job has a known stage and known keys, and needs only jobs of its own or an earlier stage"""
        stages = GITLAB["stages"]
        for name, job in GITLAB_JOBS.items():
            with self.subTest(job=name):
                self.assertLessEqual(set(job), GITLAB_KEYS)
                self.assertIn(job["stage"], stages)
                for need in job.get("needs", []):
                    self.assertLessEqual(stages.index(GITLAB_JOBS[need]["stage"]), stages.index(job["stage"]))

    def test_github_jobs(self):
        """GitHub: every job has known keys, a limit, and needs only jobs that are there; a step either uses or runs"""
        self.assertEqual(set(GITHUB), {"name", "on", "permissions", "concurrency", "jobs"})
        for name, job in GITHUB["jobs"].items():
            with self.subTest(job=name):
                self.assertLessEqual(set(job), GITHUB_KEYS)
                self.assertIn("timeout-minutes", job)
                self.assertIn(job.get("needs", name), GITHUB["jobs"])
                for step in job["steps"]:
                    self.assertEqual(("uses" in step) + ("run" in step), 1, step)
                    self.assertLessEqual(set(step), {"id", "if", "name", "uses", "with", "run", "env"})
                    self.assertRegex(step.get("uses", "actions/checkout@v4"), r"^actions/[a-z-]+@v\d+$")

    def test_same_jobs(self):
        """Both services run the same jobs in the same system, the tests in every suite that ci/on knows"""
        self.assertEqual(set(GITLAB_JOBS), set(GITHUB["jobs"]))
        images = {name: job["container"] for name, job in GITHUB["jobs"].items()}
        self.assertEqual(images.pop("test"), "debian:${{ matrix.suite }}")
        self.assertEqual(GITLAB_JOBS["test"]["image"], "debian:$SUITE")
        self.assertEqual(set(images.values()), {GITLAB["default"]["image"]})
        suites = GITHUB["jobs"]["test"]["strategy"]["matrix"]["suite"]
        (variables,) = GITLAB_JOBS["test"]["parallel"]["matrix"]
        self.assertEqual(variables["SUITE"], suites)
        self.assertEqual(re.findall(r"codename=(\w+)", (TOP / "ci/on").read_text(encoding="utf-8")), suites)

    def test_slices(self):
        """The slices of the matrix are all there, once"""
        (variables,) = GITLAB_JOBS["matrix"]["parallel"]["matrix"]
        slices = variables["SLICE"]
        self.assertEqual(slices, [f"{number}/{len(slices)}" for number in range(1, len(slices) + 1)])
        numbers = GITHUB["jobs"]["matrix"]["strategy"]["matrix"]["slice"]
        self.assertEqual(numbers, list(range(1, len(numbers) + 1)))
        self.assertFalse(GITHUB["jobs"]["matrix"]["strategy"]["fail-fast"])

    def test_results_are_kept(self):
        """What tests and matrix leave is kept when they fail, too"""
        for name in ("test", "matrix", "report"):
            with self.subTest(job=name):
                self.assertEqual(GITLAB_JOBS[name]["artifacts"]["when"], "always")
                kept = [step for step in GITHUB["jobs"][name]["steps"] if "upload-artifact" in step.get("uses", "")]
                self.assertEqual([step["if"] for step in kept], ["always()"])

    def test_commands(self):
        """The commands that jobs run are there, with the options that they are given"""
        for job, line in scripts():
            for command, rest in re.findall(r"(?<![\w/.])(ci/[a-z-]+)\b(?!\.)([^|;&)]*)", line):
                if command == "ci/matrix":
                    continue  # test_matrix_command: argparse writes its options itself
                with self.subTest(job=job, command=command):
                    self.assertTrue((TOP / command).stat().st_mode & 0o111)
                    text = (TOP / command).read_text(encoding="utf-8")
                    for option in re.findall(r"(?<!\S)--[a-z-]+", rest):
                        self.assertIn(option, text)

    def test_matrix_command(self):
        """ci/matrix knows the options that jobs give it"""
        text = subprocess.run([str(TOP / "ci/matrix"), "--help"], capture_output=True, text=True, check=True).stdout
        lines = [line for _, line in scripts() if "ci/matrix" in line]
        for option in sorted(set(re.findall(r"(?<!\S)--[a-z-]+", " ".join(lines)))):
            self.assertIn(option, text)


sys.dont_write_bytecode = True
tap.main()
