# SPDX-License-Identifier: GPL-2.0-or-later
"""run.py LEG: one leg of the matrix as a test (TAP). Its result and its log go to the folder that KHO_MATRIX names."""
import json
import os
import subprocess
import sys
import time

import definition
import machine
import verdict

# As kho says it, and as the matrix does.
FATES = {"accepted": "accepted", "cold boot": "cold-boot", "panic": "panic", "EIO": "eio"}


def predicted(leg, recording):
    """What `kho check --for` says that this kernel will do; nothing for the payload, about which it says nothing."""
    if leg.consumer == "payload":
        return None
    command = [os.environ["KHO_TOOL"], "check", "--json", "--for", leg.consumer, str(recording)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode not in (0, 1):
        return f"none: {done.stderr.strip()}"
    (answer,) = json.loads(done.stdout)["files"][0]["for"]
    return FATES[answer["fate"]]


def run(leg):
    """The result, as it stands in matrix.json."""
    result = {
        "producer": leg.producer, "consumer": leg.consumer, "scenario": leg.scenario, "expected": leg.expected,
        "verdict": "skipped", "seconds": 0.0, "log": None, "recording_log": None, "proof": "", "predicted": None,
        "failures": [],
    }  # fmt: skip
    try:
        for release in sorted(leg.kernels):
            machine.kernel(release)
    except machine.Missing as missing:
        result["reason"] = str(missing)
        return result
    core, log = machine.made(leg.recording)
    result["recording_log"] = f"logs/{log.name}"
    if core is None:
        result["verdict"] = "not-recorded"
        result["failures"] = ["nothing was recorded: see the producer's log"]
        return result
    result["predicted"] = predicted(leg, core)
    command = machine.replay_command(leg, core)
    start = time.monotonic()
    console, status, timed_out = machine.run(command)
    result["seconds"] = round(time.monotonic() - start, 2)
    result["verdict"], result["proof"] = verdict.of(console, leg.consumer, timed_out)
    log = machine.results("logs") / f"{leg.file_name}.log"
    ending = f"stopped after {definition.LIMIT} s" if timed_out else f"exit status {status}"
    log.write_text(f"$ {machine.as_typed(command)}\n{console}\n# {ending}\n", encoding="utf-8")
    result["log"] = f"logs/{log.name}"
    if result["verdict"] != leg.expected:
        result["failures"].append(f"expected {leg.expected}, but it is {result['verdict']}: {result['proof']}")
    if result["verdict"] != "warning" and (result["verdict"] == "accepted") != (status == 0):
        result["failures"].append(f"the verdict is {result['verdict']}, yet QEMU's exit status is {status}")
    if result["predicted"] not in (None, result["verdict"]):
        result["failures"].append(f"kho check --for {leg.consumer} predicts {result['predicted']}")
    return result


def main():
    leg = definition.leg(sys.argv[1])
    result = run(leg)
    path = machine.results("legs") / f"{leg.file_name}.json"
    path.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print("1..1")
    if result["verdict"] == "skipped":
        print(f"ok 1 - {leg.expected} # SKIP {result['reason']}")
        return
    for failure in result["failures"]:
        print(f"# {failure}")
    if result["failures"] and result["log"]:
        for line in (machine.file("KHO_MATRIX") / result["log"]).read_text(encoding="utf-8").splitlines()[-60:]:
            print(f"# | {line}")
    print(f"{'not ok' if result['failures'] else 'ok'} 1 - {leg.expected}")
    sys.exit(1 if result["failures"] else 0)


sys.dont_write_bytecode = True
if __name__ == "__main__":
    main()
