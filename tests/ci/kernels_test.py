# SPDX-License-Identifier: GPL-2.0-or-later
"""ci/kernels with the real apt, dpkg-deb and make, on an archive in a folder; no network."""
import contextlib
import os
import pathlib
import pty
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import unittest

import archive
import tap

KERNELS = str(pathlib.Path(__file__).parents[2] / "ci" / "kernels")


class Kernels(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.temporary.cleanup)
        # One folder of an archive for all, since keys take their time; what a test changes is put back in setUp.
        cls.archive = archive.Archive(cls.temporary.name)
        cls.addClassCleanup(cls.archive.close)
        for kernel, version in (("7.2", "7.2.9-1"), ("7.3", "7.3.0-1"), ("7.3", "7.3.1-1")):
            cls.archive.add(kernel, version)
        for kernel, version in (("6.12", "6.12.5-1"), ("7.4", "7.4~rc1-1~exp1")):
            cls.archive.add(kernel, version)

    def setUp(self):
        newer = self.archive.folder / "pool/linux-source-7.3_7.3.2-1_all.deb"
        newer.unlink(missing_ok=True)
        self.archive.publish()
        self.archive.configure()
        self.folder = pathlib.Path(tempfile.mkdtemp(dir=self.temporary.name))
        self.output = self.folder / "with a space"
        self.fragment = self.folder / "fragment"
        self.fragment.write_text("CONFIG_KHO=y\n# CONFIG_VT is not set\n")

    def command(self, *arguments):
        return [KERNELS, "--output", str(self.output), "--config", str(self.fragment), "--jobs", "1", *arguments]

    def run_kernels(self, *arguments, status=0, **environment):
        """The lines of stdout and the text of stderr."""
        done = subprocess.run(
            self.command(*arguments), env=self.archive.environment(**environment), capture_output=True, text=True, timeout=60,
            check=False,
        )
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return done.stdout.splitlines(), done.stderr

    def files(self):
        """What is in the output folder, but for locks and lists."""
        return sorted(entry.name for entry in self.output.iterdir() if entry.name not in (".archive", ".lock"))

    def test_default(self):
        """Without a version, the releases that the archive has are built, and the others named"""
        out, err = self.run_kernels()
        self.assertEqual(out, [f"{self.output}/bzImage-7.2", f"{self.output}/bzImage-7.3"])
        self.assertIn("not in the archive: 6.19 7.0 7.1\n", err)
        of_kernel = [f"{what}-{kernel}" for what in ("bzImage", "config", "package") for kernel in ("7.2", "7.3")]
        self.assertEqual(self.files(), of_kernel)
        self.assertEqual((self.output / "bzImage-7.3").read_text(), "7.3.1-1")
        self.assertEqual((self.output / "config-7.3").read_text(), "CONFIG_TINY=y\n" + self.fragment.read_text())

    def test_steps(self):
        """Where stderr is not a terminal there is a line for each step"""
        _, err = self.run_kernels("7.3")
        steps = ["downloading linux-source-7.3 7.3.1-1", "unpacking", "configuring", "compiling", "built in "]
        lines = [line for line in err.splitlines() if line.startswith("7.3: ")]
        self.assertEqual([line[5 : 5 + len(step)] for line, step in zip(lines, steps, strict=True)], steps)

    def test_terminal(self):
        """On a terminal there is one line that counts"""
        ours, theirs = pty.openpty()
        with subprocess.Popen(
            self.command("7.3"), env=self.archive.environment(), stdout=subprocess.PIPE, stderr=theirs, text=True
        ) as process:
            out = process.communicate(timeout=60)[0]
        self.assertEqual((process.returncode, out), (0, f"{self.output}/bzImage-7.3\n"))
        os.close(theirs)
        err = ""
        with contextlib.suppress(OSError), open(ours, "rb", buffering=0) as terminal:  # an error is its end
            while part := terminal.read(4096):
                err += part.decode()
        for text in ("\r\x1b[K7.3: unpacking\r\x1b[K7.3: configuring\r\x1b[K7.3: compiling", "% (", "7.3: built in "):
            self.assertIn(text, err)

    def test_cached(self):
        """A kernel is built again when an option or the package has changed, and for nothing else"""
        self.run_kernels("7.3")
        out, err = self.run_kernels("7.3")
        self.assertEqual((out, err), ([f"{self.output}/bzImage-7.3"], ""))
        self.fragment.write_text("# a comment\n" + self.fragment.read_text())
        self.assertNotIn("built", self.run_kernels("7.3")[1])
        self.fragment.write_text("CONFIG_KHO=y\n")
        self.assertIn("built", self.run_kernels("7.3")[1])
        self.archive.add("7.3", "7.3.2-1")
        self.archive.publish()
        self.assertNotIn("built", self.run_kernels("7.3")[1], "the lists are a minute old")
        self.assertIn("built", self.run_kernels("--refresh", "7.3")[1])
        self.assertEqual((self.output / "bzImage-7.3").read_text(), "7.3.2-1")

    def test_key(self):
        """The key of a cache follows the options and the packages"""
        keys = [self.run_kernels("--key")[0], self.run_kernels("--key")[0], self.run_kernels("--key", "7.3")[0]]
        self.fragment.write_text("CONFIG_KHO=y\n")
        keys.append(self.run_kernels("--key")[0])
        self.archive.add("7.3", "7.3.2-1")
        self.archive.publish()
        keys.append(self.run_kernels("--key", "--refresh")[0])
        self.assertEqual(keys[0], keys[1])
        self.assertEqual(len({key for (key,) in keys}), 4)

    def test_list(self):
        """--list says what is built, what the archive offers and what KHO_KERNELS names"""
        self.run_kernels("7.3")
        ready = self.folder / "ready"
        ready.mkdir()
        (ready / "bzImage-6.19").write_text("")
        out, _ = self.run_kernels("--list", KHO_KERNELS=str(ready))
        self.assertEqual(
            [line.split(maxsplit=2) for line in out[:-1]],
            [["kernel", "archive", "built"]]
            + [[kernel, "-", "-"] for kernel in ("6.19", "7.0", "7.1")]
            + [["7.2", "7.2.9-1", "-"], ["7.3", "7.3.1-1", f"{self.output}/bzImage-7.3 (7.3.1-1)"]],
        )
        self.assertEqual(out[-1], f"KHO_KERNELS={ready}: 6.19 ")
        self.fragment.write_text("CONFIG_KHO=y\n")
        out, _ = self.run_kernels("--list")
        self.assertTrue(out[-2].endswith("bzImage-7.3 (of another configuration)"), out[-2])
        self.assertEqual(out[-1], "KHO_KERNELS is not set.")

    def test_not_offered(self):
        """A version that the archive does not have is refused before anything is built, and what there is is listed"""
        for version in ("6.18", "6.12", "7.4"):  # not there, older than LUO, a release candidate
            out, err = self.run_kernels("7.3", version, status=1)
            self.assertEqual(out, [])
            self.assertIn(f"the archive has no {version}; it has: 7.2, 7.3\n", err)
        self.assertEqual(self.files(), [])

    def test_usage(self):
        """What cannot be meant is refused with status 2"""
        cases = [
            (["7"], "7 is not a version like 7.3"),
            (["7.3.1"], "7.3.1 is not a version like 7.3"),
            (["next"], "next is not a version like 7.3"),
            (["../7.3"], "../7.3 is not a version like 7.3"),
            (["--fast"], "no such option: --fast"),
            (["--jobs"], "--jobs needs a value"),
            (["--jobs", "0"], "--jobs needs a number"),
            (["--config", "/nowhere"], "there is no file /nowhere"),
        ]
        for arguments, message in cases:
            with self.subTest(arguments=arguments):
                self.assertIn(message, self.run_kernels(*arguments, status=2)[1])

    def test_absent_option(self):
        """An option that the version does not have is said, and the kernel is built"""
        self.fragment.write_text("CONFIG_KHO=y\nCONFIG_ABSENT=y\n")
        self.assertIn("7.3: has no CONFIG_ABSENT\n", self.run_kernels("7.3")[1])

    def test_refused_option(self):
        """An option that the version has and does not take fails the build"""
        self.fragment.write_text("CONFIG_REFUSED=y\n")
        _, err = self.run_kernels("7.3", status=1)
        self.assertIn("7.3: the configuration did not take CONFIG_REFUSED=y (is n)\n", err)
        self.assertEqual(self.files(), [])

    def test_build_fails(self):
        """A build that fails shows the error, and leaves nothing but what was there before"""
        _, err = self.run_kernels("7.3", status=1, FAKE_KERNEL="fails")
        self.assertIn("error: a reason", err)
        self.assertEqual(self.files(), [])
        self.run_kernels("7.3")
        before = self.files()
        self.fragment.write_text("CONFIG_KHO=y\n")
        self.run_kernels("7.3", status=1, FAKE_KERNEL="fails")
        self.assertEqual(self.files(), before)
        self.run_kernels("7.3")

    def test_interrupted(self):
        """An interrupted build leaves nothing half, and no process"""
        for number in (signal.SIGTERM, signal.SIGINT):
            # In a session of its own, to be distinguished from all that it started.
            with subprocess.Popen(
                self.command("7.3"), env=self.archive.environment(FAKE_KERNEL="slow"), stderr=subprocess.PIPE, text=True,
                start_new_session=True,
            ) as process:
                while "compiling" not in process.stderr.readline():
                    self.assertIsNone(process.poll())
                process.send_signal(number)
                self.assertEqual(process.wait(timeout=20), 130)
                self.assertEqual(self.files(), [])
                for _ in range(100):
                    if subprocess.run(["pgrep", "-s", str(process.pid)], capture_output=True, check=False).returncode == 1:
                        break
                    time.sleep(0.05)
                else:
                    self.fail("processes are left")
        self.run_kernels("7.3")

    def test_two_at_once(self):
        """Of two at once in one folder, the second waits and finds it built"""
        environment = self.archive.environment()
        with subprocess.Popen(self.command("7.3"), env=environment, stderr=subprocess.PIPE, stdout=subprocess.PIPE) as first:
            with subprocess.Popen(
                self.command("7.3"), env=environment, stderr=subprocess.PIPE, stdout=subprocess.PIPE
            ) as second:
                errors = [process.communicate(timeout=60)[1] for process in (first, second)]
        self.assertEqual((first.returncode, second.returncode), (0, 0))
        self.assertEqual(b"".join(errors).count(b"7.3: built"), 1)

    def test_unsigned(self):
        """Lists without a signature are not used, not even where the machine says trusted=yes"""
        self.archive.publish(signer=None)
        self.archive.configure(options="trusted=yes")
        _, err = self.run_kernels("7.3", status=1)
        self.assertIn("their signature could not be verified", err)
        self.assertEqual(self.files(), [])

    def test_missing_key(self):
        """Lists signed with a key that the machine does not have are not used, and the package of keys is named"""
        self.archive.publish(signer="stranger")
        _, err = self.run_kernels("7.3", status=1)
        self.assertIn("A missing key comes with the package debian-archive-keyring", err)
        self.assertEqual(self.files(), [])

    def test_tampered(self):
        """A package that is not the one in the signed list is refused"""
        deb = self.archive.folder / "pool/linux-source-7.3_7.3.1-1_all.deb"
        content = deb.read_bytes()
        self.addCleanup(deb.write_bytes, content)
        deb.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
        _, err = self.run_kernels("7.3", status=1)
        self.assertIn("linux-source-7.3 7.3.1-1 could not be downloaded", err)
        self.assertEqual([name for name in self.files() if name != ".work"], [])

    def test_unreachable(self):
        """Without the archive, what is built stays in use and is listed, and the rest is refused"""
        self.run_kernels("7.3")
        self.archive.configure(uri="http://127.0.0.1:1/debian")
        out, err = self.run_kernels("--refresh", "7.3")
        self.assertEqual(out, [f"{self.output}/bzImage-7.3"])
        self.assertIn("the archive was not reached", err)
        self.assertIn("7.1 is not built, and the archive was not reached", self.run_kernels("--refresh", "7.1", status=1)[1])
        self.assertIn("The archive was not reached; what is said of it may be old.", self.run_kernels("--refresh", "--list")[0])

    def tools_without(self, *missing, **replaced):
        """A folder for PATH with all programs of the machine but some, and some replaced by scripts."""
        path = self.folder / "bin"
        path.mkdir()
        for folder in ("/usr/bin", "/bin", "/usr/sbin", "/sbin"):
            for tool in os.listdir(folder) if os.path.isdir(folder) else []:
                if tool not in (*missing, *replaced) and not (path / tool).exists():
                    (path / tool).symlink_to(f"{folder}/{tool}")
        for tool, text in replaced.items():
            (path / tool).write_text(f"#!/bin/sh\n{text}\n")
            (path / tool).chmod(0o755)
        return str(path)

    def test_missing_tools(self):
        """Tools that are missing are named by their packages where they may not be installed"""
        path = self.tools_without("flex", "bison", "sudo", "dpkg-query", id="echo 1000")
        os.symlink("/bin/false", f"{path}/dpkg-query")
        _, err = self.run_kernels("7.3", status=1, PATH=path)
        self.assertIn("apt-get install --no-install-recommends flex bison", err)
        self.assertEqual(self.files(), [])

    def test_machine_is_untouched(self):
        """Installing under a test's configuration of apt changes nothing of the machine, not as root either"""

        def machine():
            command = "find /etc/apt /var/lib/apt /var/lib/dpkg /var/cache/apt -printf '%p %s %T@\\n' | sort"
            return subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=False).stdout

        before = machine()
        self.assertTrue(before)
        path = self.tools_without("flex", "dpkg-query", id="echo 0")
        os.symlink("/bin/false", f"{path}/dpkg-query")
        _, err = self.run_kernels("7.3", status=1, PATH=path)
        self.assertIn("ci/setup: installing flex", err)
        self.assertEqual(before, machine())

    def test_without_python(self):
        """Without python3, which reads apt's configuration, it is named; the archive is not blamed"""
        path = self.tools_without("python3", "sudo", "dpkg-query", id="echo 1000")
        os.symlink("/bin/false", f"{path}/dpkg-query")
        _, err = self.run_kernels("--refresh", "--list", status=1, PATH=path)
        self.assertIn("apt-get install --no-install-recommends python3", err)
        self.assertNotIn("archive", err)

    def test_interrupted_while_looking(self):
        """Interrupted while the archive does not answer, it says so and ends at once"""
        with socket.create_server(("127.0.0.1", 0)) as silent:
            self.archive.configure(uri=f"http://127.0.0.1:{silent.getsockname()[1]}/debian")
            with subprocess.Popen(
                self.command("--refresh", "7.3"), env=self.archive.environment(), stderr=subprocess.PIPE, text=True,
                start_new_session=True,
            ) as process:
                silent.accept()  # apt asks
                process.send_signal(signal.SIGTERM)
                self.assertEqual(process.wait(timeout=10), 130)
                self.assertIn("ci/kernels: interrupted; removing what is half done\n", process.stderr.read())

    def test_help(self):
        """The command that help prints for the tests works from any folder"""
        folder = re.search(r"KHO_KERNELS=(\S+)", "\n".join(self.run_kernels("--help")[0])).group(1)
        self.assertTrue(folder.startswith("/"), folder)


if __name__ == "__main__":
    if missing := [tool for tool in ("apt-get", "dpkg-deb", "gpg", "flock", "pgrep", "apt-config") if not shutil.which(tool)]:
        print(f"1..0 # SKIP not here: {', '.join(missing)}")
    else:
        tap.main()
