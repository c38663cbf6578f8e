# SPDX-License-Identifier: GPL-2.0-or-later
"""The machines of the matrix: one that records what a producer hands over, one that puts it before a consumer."""
import contextlib
import fcntl
import hashlib
import os
import pathlib
import subprocess
import tempfile

import definition

# no_timer_check: a machine that is starved of processor time at the wrong moment fails the kernel's test of its timer.
LINUX = "console=ttyS0 printk.time=0 log_buf_len=1M no_timer_check panic=-1 kho=on liveupdate=on"
# Needed to read what a scenario wants to see; the sizes are those of the agent's own tests.
RESERVED = "reserve_mem=1M:4096:kho-one reserve_mem=20K:4096:kho-two"
# Of the recording's machine and of the one that it is put in. The payload leaves a kernel enough room to boot in scratch.
MEMORY = {True: "1G", False: "512M"}
PAYLOAD = "lives=2 scratch=256M"


class Missing(Exception):
    """What is needed is not there: the leg is skipped."""


def file(variable):
    return pathlib.Path(os.environ[variable])


def kernel(release):
    folder = os.environ.get("KHO_KERNELS", "")
    if not folder:
        raise Missing("KHO_KERNELS names no folder of kernels")
    if not pathlib.Path(folder).is_dir():
        raise NotADirectoryError(f"KHO_KERNELS: there is no folder {folder}, seen from {os.getcwd()}; tests need an absolute path")
    path = pathlib.Path(folder) / f"bzImage-{release}"
    if not path.exists():
        raise Missing(f"KHO_KERNELS has no bzImage-{release}")
    return path


def results(name):
    path = file("KHO_MATRIX") / name
    path.mkdir(parents=True, exist_ok=True)
    return path


def newc(name, content):
    """An archive as initramfs takes it (cpio's newc format) with one file."""

    def padded(data):
        return data + bytes(-len(data) % 4)

    def entry(name, content, mode):
        numbers = (1, mode, 0, 0, 1, 0, len(content), 0, 0, 0, 0, len(name) + 1, 0)
        header = b"070701" + b"".join(b"%08x" % number for number in numbers)
        return padded(header + name.encode() + b"\0") + padded(content)

    return entry(name, content, 0o100644) + entry("TRAILER!!!", b"", 0)


def qemu(memory, device, kernel_file, *more):
    """A command; `device` are properties, in which commas are doubled as QEMU wants them."""
    properties = "".join(f",{name}={str(value).replace(',', ',,')}" for name, value in device.items())
    return [
        os.environ["KHO_QEMU"], "-M", "q35", "-m", memory, "-nodefaults", "-display", "none", "-no-reboot",
        "-serial", "stdio", "-accel", "tcg", "-plugin", str(file("KHO_PLUGIN")),
        "-device", "kexec-handover,id=kho0" + properties, "-kernel", str(kernel_file), *more,
    ]  # fmt: skip


def run(command):
    """(console, exit status, whether the time was over); what QEMU itself says belongs to the console."""
    # A file, since what was said before the time was over is wanted most.
    with tempfile.TemporaryFile() as console:
        try:
            status = subprocess.run(
                command, stdin=subprocess.DEVNULL, stdout=console, stderr=subprocess.STDOUT,
                timeout=definition.LIMIT, check=False,
            ).returncode  # fmt: skip
        except subprocess.TimeoutExpired:
            status = None
        console.seek(0)
        return console.read().decode(errors="replace").replace("\r", ""), status, status is None


def record_command(recording, output):
    memory = MEMORY[recording.by_payload]
    if recording.by_payload:
        append = f"{PAYLOAD} {definition.PAYLOAD_SCENARIOS[recording.scenario]}"
        if recording.format != definition.WITHOUT_FLBS:
            append += " linux-flbs=1"
        return qemu(memory, {"release": recording.format, "record": output}, file("KHO_PAYLOAD_ELF"),
                    "-append", append)  # fmt: skip
    initrd = output.with_suffix(".cpio")
    initrd.write_bytes(
        file("KHO_LINUX_AGENT").read_bytes() + newc("kernel", file("KHO_PAYLOAD_BZIMAGE").read_bytes())
    )
    append = f"{LINUX} agent.then=kexec agent.scenario={recording.scenario}"
    if recording.scenario == "memblock":
        append += " " + RESERVED
    return qemu(memory, {"record": output}, kernel(recording.producer), "-initrd", str(initrd), "-append", append)


def replay_command(leg, recording):
    device = {"handover": recording}
    if leg.consumer == "payload":
        device["kernel"] = file("KHO_PAYLOAD_BZIMAGE")
    else:
        device["kernel"] = kernel(leg.consumer)
        device["initrd"] = file("KHO_LINUX_AGENT")
        device["append"] = f"{LINUX} agent.stage=2"
        if leg.scenario == "empty":
            device["append"] += " agent.scenario=empty"
        if leg.scenario == "memblock":
            device["append"] += " " + RESERVED
    return qemu(MEMORY[leg.recording.by_payload], device, file("KHO_PAYLOAD_ELF"))


def key(recording):
    """Changes with whatever a recording is made of."""
    digest = hashlib.sha256(repr((recording, LINUX, RESERVED, PAYLOAD, definition.PAYLOAD_SCENARIOS)).encode())
    used = [file(f"KHO_{name}") for name in ("PLUGIN", "PAYLOAD_ELF", "PAYLOAD_BZIMAGE", "LINUX_AGENT")]
    for path in used + [kernel(release) for release in recording.kernels]:
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


@contextlib.contextmanager
def locked(path):
    with open(path, "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def made(recording):
    """(recording's file or None, log's file); made by the first leg that needs it, while the others wait. A failure is kept
    too, so that it costs its time once: `key` tells whether what is there is of this build."""
    core = results("recordings") / f"{recording.name}.core"
    log = results("logs") / f"{recording.name}.log"
    stamp = core.with_suffix(".key")
    wanted = key(recording)
    with locked(core.with_suffix(".lock")):
        if not (stamp.exists() and stamp.read_text(encoding="ascii") == wanted and log.exists()):
            for old in (core, stamp):
                old.unlink(missing_ok=True)
            command = record_command(recording, core)
            console, status, timed_out = run(command)
            core.with_suffix(".cpio").unlink(missing_ok=True)
            passed = status == 0 and "\nPASS " in console
            ending = "time is over" if timed_out else f"exit status {status}"
            log.write_text(f"$ {as_typed(command)}\n{console}\n# {ending}\n", encoding="utf-8")
            if not passed:
                core.unlink(missing_ok=True)
            stamp.write_text(wanted, encoding="ascii")
    return (core if core.exists() else None), log


def as_typed(command):
    """For people; folders of this machine say nothing to them."""
    short = {str(file("KHO_MATRIX").parents[1]): "build"}
    if folder := os.environ.get("KHO_KERNELS"):
        short[folder] = "$KHO_KERNELS"
    words = list(command)
    for path, name in short.items():
        words = [word.replace(path, name) for word in words]
    return " ".join(f"'{word}'" if " " in word else word for word in words)
