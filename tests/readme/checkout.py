# SPDX-License-Identifier: GPL-2.0-or-later
"""A folder that looks like a checkout with a build folder, for commands to be run in: they write to nothing else."""
import os
import pathlib
import re
import stat
import subprocess
import time

SOURCE = pathlib.Path(os.environ["KHO_SOURCE"])
BUILD = pathlib.Path(os.environ["KHO_BUILD"])
KERNELS = pathlib.Path(os.environ.get("KHO_KERNELS") or "/nonexistent")

# What ci/demo would do first: everything is installed and built when tests run. Only the scripts of ci/ find these.
STUBS = {"dpkg-query": "echo install ok installed", "ninja": ":"}


def readmes():
    """Those of the source tree, without those of build folders in it."""
    for folder, folders, files in os.walk(SOURCE):
        if "build.ninja" in files:
            folders.clear()
            continue
        folders[:] = [name for name in folders if not name.startswith(".")]
        if "README.md" in files:
            yield (pathlib.Path(folder) / "README.md").relative_to(SOURCE)


class Checkout:
    def __init__(self, folder):
        self.folder = folder
        self.skipped = {}  # file that a command did not make, with the reason
        self.printed = set()  # lines of a transcript that look like commands, and are what one printed
        (folder / "build").mkdir(parents=True)
        (folder / "bin").mkdir()
        (folder / "stubs").mkdir()
        for entry in SOURCE.iterdir():
            if not entry.name.startswith((".", "build")):
                (folder / entry.name).symlink_to(entry)
        for name in ("build.ninja", "plugin", "guest", "fdt"):
            (folder / "build" / name).symlink_to(BUILD / name)
        (folder / "bin/kho").symlink_to(BUILD / "fdt/kho")
        for name, body in STUBS.items():
            stub = folder / "stubs" / name
            stub.write_text(f"#!/bin/sh\n{body}\n")
            stub.chmod(stub.stat().st_mode | stat.S_IXUSR)

    def run(self, command, seconds=150):
        """Exit status and all that is printed."""
        path = f"{self.folder}/bin:{os.environ['PATH']}"
        if command.startswith("ci/"):
            path = f"{self.folder}/stubs:{path}"
        environment = dict(os.environ, PATH=path, PWD=str(self.folder))
        ran = subprocess.run(
            ["sh", "-c", command], cwd=self.folder, env=environment, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=seconds, check=False,
        )  # fmt: skip
        return ran.returncode, ran.stdout.decode(errors="replace")

    def missing(self, command):
        """Why this command cannot be run: the name of a kernel that is not there, or of what one would have made."""
        for name in re.findall(r"bzImage-[\d.]+\d", command):
            if not (KERNELS / name).exists():
                return f"KHO_KERNELS names no folder with {name}"
            if not (self.folder / name).exists():
                (self.folder / name).symlink_to(KERNELS / name)
        for name in files(command):
            if name in self.skipped and not (self.folder / name).exists():
                return self.skipped[name]
        return None

    def skip(self, command, reason):
        for name in files(command):
            self.skipped.setdefault(name, reason)

    def provide(self, command, text):
        """Makes the files that no README says how to make."""
        for name in files(command):
            if name in PROVIDERS and not (self.folder / name).exists():
                PROVIDERS[name](self, self.folder / name, text)


def files(command):
    return re.findall(r"[\w.-]+\.(?:core|dump|elf|img|json)\b", command)


def demo_recording(checkout, path, _text):
    status, output = checkout.run("ci/demo")
    if status != 0:
        raise RuntimeError(output)
    path.symlink_to("build/handover.core")


def description(checkout, path, text):
    """The one that the README shows. It has a file in it."""
    path.write_text(re.search(r"```json\n(.*?)```", text, re.DOTALL)[1])
    (checkout.folder / "disk.img").write_bytes(bytes(range(256)) * 4096)


def dump(checkout, path, _text):
    """All memory of a machine whose second kernel halted before it did anything."""
    console = checkout.folder / "console"
    with subprocess.Popen(
        [os.environ["KHO_QEMU"], "-M", "q35", "-m", "256M", "-nodefaults", "-display", "none", "-no-reboot",
         "-serial", f"file:{console}", "-monitor", "stdio", "-plugin", "build/plugin/libkexec-handover.so",
         "-device", "kexec-handover,release=7.3,kernel=build/guest/linux/halt.bzImage",
         "-kernel", "build/guest/payload.elf", "-append", "lives=2 cycle=0"],
        cwd=checkout.folder, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True,
    ) as qemu:  # fmt: skip
        deadline = time.monotonic() + 60
        while not (console.exists() and "halt: boot_params" in console.read_text(errors="replace")):
            if time.monotonic() > deadline or qemu.poll() is not None:
                qemu.kill()
                raise RuntimeError(console.read_text(errors="replace") if console.exists() else "no console")
            time.sleep(0.05)
        qemu.communicate(f"dump-guest-memory {path.name}\nquit\n", timeout=60)


PROVIDERS = {
    "handover.core": demo_recording,
    "vm.json": description,
    "guest.dump": dump,
    "initrd.img": lambda checkout, path, _text: path.symlink_to(BUILD / "guest/linux/linux-agent.cpio"),
}
