# SPDX-License-Identifier: GPL-2.0-or-later
"""What all commands of ci/ have in common: help, refused options, folders; and that they do nothing before they know what is meant."""
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

import tap

TOP = pathlib.Path(__file__).parents[2]
COMMANDS = sorted(path.name for path in (TOP / "ci").iterdir() if path.is_file() and os.access(path, os.X_OK))
# Programs that change something, or take long.
EFFECTS = ("apt-get", "meson", "ninja", "mmdebstrap", "make", "qemu-system-x86_64", "clang++", "sudo")


class Commands(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = pathlib.Path(temporary.name)
        self.bin = self.folder / "bin"
        self.bin.mkdir()
        self.calls = self.folder / "calls"
        self.calls.write_text("", encoding="ascii")
        for name in EFFECTS:
            self.stub(name, "")
        # All packages are there.
        self.stub("dpkg-query", 'echo "install ok installed"\n', log=False)

    def stub(self, name, text, log=True):
        path = self.bin / name
        line = f'echo "{name} $* [KHO_KERNELS=$KHO_KERNELS]" >>"{self.calls}"\n' if log else ""
        path.write_text(f"#!/bin/sh\n{line}{text}", encoding="ascii")
        path.chmod(0o755)

    def run_command(self, name, *words, **environment):
        """The environment is empty but for what is given and a PATH on which nothing has an effect."""
        return subprocess.run(
            [TOP / "ci" / name, *words], env={"PATH": f"{self.bin}:{os.environ['PATH']}", "HOME": str(self.folder), **environment},
            cwd=self.folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip

    def assert_idle(self):
        self.assertEqual(self.calls.read_text(encoding="ascii"), "")

    def test_help(self):
        """--help of every command says how it is used and does nothing"""
        self.assertIn("on", COMMANDS)
        for name in COMMANDS:
            with self.subTest(command=name):
                done = self.run_command(name, "--help")
                self.assertEqual((done.returncode, done.stderr), (0, ""))
                self.assertTrue(done.stdout.startswith(f"usage: ci/{name}"), done.stdout)
        self.assert_idle()

    def test_unknown_option(self):
        """Every command refuses an option that it does not know, wherever that stands, and does nothing"""
        for name in COMMANDS:
            for words in (["--no-such-option"], ["word", "--no-such-option"], ["-x"]):
                with self.subTest(command=name, words=words):
                    done = self.run_command(name, *words)
                    self.assertEqual(done.returncode, 2, done.stdout + done.stderr)
                    self.assertIn(f"ci/{name}: ", done.stderr)
        self.assert_idle()

    def test_missing_value(self):
        """An option without its value is refused"""
        for name, option in (("demo", "--build"), ("test", "--build"), ("test", "--suite"), ("setup", "--for"), ("on", "--env")):
            with self.subTest(command=name, option=option):
                done = self.run_command(name, option)
                self.assertEqual((done.returncode, done.stderr), (2, f"ci/{name}: {option} needs a value\n"))
        self.assert_idle()

    def test_packages(self):
        """The demo needs no linters, no GoogleTest and no second compiler; the tests need all that the demo and kernels need"""
        lists = {what: set(self.run_command("setup", "--for", what, "--list").stdout.split()) for what in ("demo", "kernels", "lint", "test")}
        self.assertFalse(lists["demo"] & {"clang", "gcovr", "shellcheck", "yamllint", "libgtest-dev", "libbenchmark-dev", "mandoc"})
        self.assertLessEqual(lists["demo"] | lists["kernels"] | lists["lint"], lists["test"])

    def test_kernels_folder(self):
        """ci/test gives tests an absolute KHO_KERNELS, and refuses one that is not a folder or has no kernel"""
        for folder, said in (("nowhere", "there is no folder nowhere"), ("bin", "holds no bzImage-VERSION")):
            done = self.run_command("test", KHO_KERNELS=folder)
            self.assertEqual(done.returncode, 2)
            self.assertIn(said, done.stderr)
        self.assert_idle()
        (self.folder / "kernels").mkdir()
        (self.folder / "kernels/bzImage-7.3").write_text("", encoding="ascii")
        self.run_command("test", "--quick", "--build", "b", KHO_KERNELS="kernels")
        self.assertIn(f"--no-suite matrix --no-suite linux [KHO_KERNELS={self.folder}/kernels]\n", self.calls.read_text(encoding="ascii"))

    def test_build_folder(self):
        """--build names the folder of all that is built, also one with a space"""
        for command in (["test", "--quick"], ["demo"]):
            self.calls.write_text("", encoding="ascii")
            self.run_command(*command, "--build", "a folder")
            calls = self.calls.read_text(encoding="ascii")
            self.assertIn(f"meson setup {self.folder}/a folder", calls)
            self.assertIn(f"ninja -C {self.folder}/a folder", calls)
            self.assertNotIn("clang", calls)
        self.assertFalse((TOP / "a folder").exists())

    def test_quick(self):
        """Without --quick there is a sanitized build, too, in a folder beside"""
        self.run_command("test", "--build", "b")
        calls = self.calls.read_text(encoding="ascii")
        self.assertIn(f"meson setup {self.folder}/b-clang -Dtests=enabled -Db_sanitize=address,undefined", calls)
        self.assertIn(f"meson test -C {self.folder}/b-clang", calls)

    def test_no_folder(self):
        """A build folder that cannot be made is one sentence that names --build"""
        done = self.run_command("build", "/proc/nowhere/build")
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertRegex(done.stderr, r"^ci/build: cannot create /proc/nowhere/build; [^\n]*--build DIR[^\n]*\n$")
        self.assert_idle()

    def test_read_only_tree(self):
        """A source tree that cannot be written to can be built in another folder"""
        tree = self.folder / "tree"
        shutil.copytree(TOP, tree, symlinks=True, ignore=lambda folder, names: [
            name for name in names if pathlib.Path(folder) == TOP and (name == ".git" or name.startswith("build"))
        ])  # fmt: skip
        self.folder.chmod(0o755)
        (self.folder / "out").mkdir(mode=0o777)
        (self.folder / "out").chmod(0o777)
        subprocess.run(["chmod", "-R", "a-w", tree], check=True)
        self.addCleanup(subprocess.run, ["chmod", "-R", "u+w", tree], check=True)
        # Root can write everywhere.
        user = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] if os.getuid() == 0 else []
        environment = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "TMPDIR": str(self.folder / "out")}

        def build(directory):
            return subprocess.run([*user, tree / "ci/build", directory, "build.ninja"], env=environment, capture_output=True,
                                  text=True, check=False)  # fmt: skip

        done = build("build")
        self.assertEqual(done.returncode, 2)
        self.assertRegex(done.stderr, r"^ci/build: cannot create build; [^\n]*\n$")
        done = build(self.folder / "out/build")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertTrue((self.folder / "out/build/build.ninja").exists())


tap.main()
