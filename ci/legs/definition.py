# SPDX-License-Identifier: GPL-2.0-or-later
"""The compatibility matrix: who hands over what to whom, and what must come of it. All of it is here; the legs, the report and
the tests are made from these tables."""
import dataclasses
import os

# What each kernel does with what each other hands over; `kho formats --json` predicts the same (tests/ci/matrix_test.py).
#   accepted   it boots, its user retrieves every file, and all bytes are right
#   cold-boot  it boots without the handover: all is lost
#   panic      it does not boot
# 7.0 insists on an FLB node, which 6.19 does not write and passes over; the KHO FDT's compatible string changed in
# 7.1 and 7.2, and a kernel takes only its own.
TABLE = """
producer  to 6.19    7.0        7.1        7.2        7.3
6.19      accepted   panic      cold-boot  cold-boot  cold-boot
7.0       accepted   accepted   cold-boot  cold-boot  cold-boot
7.1       cold-boot  cold-boot  accepted   cold-boot  cold-boot
7.2       cold-boot  cold-boot  cold-boot  accepted   accepted
7.3       cold-boot  cold-boot  cold-boot  accepted   accepted
"""
HEAD, *ROWS = (line.split() for line in TABLE.strip().splitlines())
KERNELS = tuple(HEAD[2:])
OUTCOMES = {producer: dict(zip(KERNELS, outcomes)) for producer, *outcomes in ROWS}
# Formats that the payload writes: the last release writes what the one before does.
PAYLOAD_FORMATS = KERNELS[:-1]

PRODUCERS = tuple(f"payload {release}" for release in PAYLOAD_FORMATS) + KERNELS
CONSUMERS = ("payload",) + KERNELS

# What is handed over: guest/README.md describes the agent's scenarios (its first table) and the payload's parameters. A
# payload without `cycle=0` also hands over test files and FLBs, for which Linux has no handler: the first open of
# /dev/liveupdate fails there with EIO, the fourth outcome. One format has no FLBs; with the others come those that the
# kernels' own live update test counts on.
AGENT_SCENARIOS = ("mixed", "empty", "one", "many-files", "many-sessions", "flb", "memblock", "kho_test")
PAYLOAD_SCENARIOS = {
    "mixed": "cycle=0 manifest=1",
    "many-files": "cycle=0 manifest=1 sessions=1 session-files=128 files=1M",
    "many-sessions": "cycle=0 manifest=1 sessions=800 files=1M",
    "test-files": "files=1M",  # a manifest does not tell of these files
}
# The format without FLBs.
WITHOUT_FLBS = KERNELS[0]

# The line that proves each verdict, by who took the handover; ci/legs/verdict.py looks for them.
PROOFS = {
    "linux": {
        "accepted": r"^PASS Linux .* verified$",
        "cold-boot": r"KHO: disabling KHO revival",
        "panic": r"Kernel panic - not syncing: The incoming tree failed to initialize properly",
        "eio": r"^not ok \d+ live update device # EIO$",
    },
    "payload": {"accepted": r"^PASS (Linux|payload) -> payload: "},
}

# How many seconds QEMU may take; a leg takes two on an idle machine.
LIMIT = int(os.environ.get("KHO_MATRIX_LIMIT", "100"))


@dataclasses.dataclass(frozen=True)
class Recording:
    """What a producer hands over, recorded once for all its consumers."""

    producer: str
    scenario: str

    @property
    def name(self):
        return f"{self.producer} {self.scenario}".replace(" ", "-")

    @property
    def by_payload(self):
        return self.producer.startswith("payload ")

    @property
    def format(self):
        return self.producer.split()[-1]

    @property
    def kernels(self):
        return set() if self.by_payload else {self.producer}


@dataclasses.dataclass(frozen=True)
class Leg:
    recording: Recording
    consumer: str

    @property
    def producer(self):
        return self.recording.producer

    @property
    def scenario(self):
        return self.recording.scenario

    @property
    def name(self):
        """As Meson's tests are named; without the spaces, it names files."""
        return f"{self.producer} to {self.consumer} {self.scenario}"

    @property
    def file_name(self):
        return self.name.replace(" ", "-")

    @property
    def expected(self):
        if self.consumer == "payload":
            return "accepted"
        outcome = OUTCOMES[self.recording.format][self.consumer]
        return "eio" if outcome == "accepted" and self.scenario == "test-files" else outcome

    @property
    def proof(self):
        return PROOFS["payload" if self.consumer == "payload" else "linux"][self.expected]

    @property
    def kernels(self):
        return self.recording.kernels | ({self.consumer} - {"payload"})


def recordings():
    for producer in PRODUCERS:
        for scenario in PAYLOAD_SCENARIOS if producer.startswith("payload ") else AGENT_SCENARIOS:
            if (producer, scenario) != (f"payload {WITHOUT_FLBS}", "test-files"):
                yield Recording(producer, scenario)


def legs(part=1, parts=1):
    """All legs, or one of so many equal parts. The legs of a recording stay together, so that it is made once. Consumer by
    consumer, so that neighbours need not wait for the same recording to be made."""
    chosen = [recording for number, recording in enumerate(recordings()) if number % parts == part - 1]
    return [Leg(recording, consumer) for consumer in CONSUMERS for recording in chosen]


def leg(name):
    return next(leg for leg in legs() if leg.name == name)


if __name__ == "__main__":
    print("\n".join(leg.name for leg in legs()))
