# SPDX-License-Identifier: GPL-2.0-or-later
"""What a console says came of a handover: the verdict, and the line that proves it.

Beside the four outcomes of ci/legs/definition.py there are those that no leg may end with:
  oops      the kernel crashed, or panicked for another reason than a handover that it refuses
  warning   it complained, whatever came of the handover
  wrong     it took the handover, but a session, a file or a byte was not as it was
  died      the machine ended without a verdict
  hang      the time was over
"""
import re

import definition

BROKEN = ("oops", "warning", "wrong", "died", "hang")

OOPS = re.compile(r"(BUG: |Oops: |kernel BUG at |general protection fault|Kernel panic - not syncing: |PANIC: )")
WARNING = re.compile(r"(WARNING: |UBSAN: |KASAN: |INFO: .* blocked for|rcu: INFO: |KHO restore failed)")
FAILED = re.compile(r"^(FAIL |Bail out! )")


def lines_of(console):
    return [line.rstrip("\r") for line in console.split("\n")]


def first(pattern, lines):
    return next((line for line in lines if re.search(pattern, line)), "")


def last(lines):
    return next((line for line in reversed(lines) if line), "")


def of(console, consumer, timed_out=False):
    """(verdict, proof)"""
    lines = lines_of(console)
    proofs = definition.PROOFS["payload" if consumer == "payload" else "linux"]
    refused = first(proofs["panic"], lines) if "panic" in proofs else ""
    for line in lines:
        if OOPS.search(line) and line != refused:
            return "oops", line
    if warning := first(WARNING, lines):
        return "warning", warning
    if timed_out:
        return "hang", last(lines)
    if refused:
        return "panic", refused
    failed = first(FAILED, lines)
    # The agent fails too then; had it said nothing, how the kernel went on would be unknown.
    for verdict in ("cold-boot", "eio"):
        if failed and verdict in proofs and (proof := first(proofs[verdict], lines)):
            return verdict, proof
    if failed:
        return "wrong", failed
    if proof := first(proofs["accepted"], lines):
        return "accepted", proof
    return "died", last(lines)
