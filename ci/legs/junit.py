# SPDX-License-Identifier: GPL-2.0-or-later
"""matrix.junit.xml, a case for each leg."""
import re
import xml.etree.ElementTree as ET

# What XML 1.0 cannot hold.
FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def text(value):
    return FORBIDDEN.sub("\ufffd", value)


def document(legs, logs):
    suites = ET.Element("testsuites", name="kexec-handover")
    skipped = sum(leg["verdict"] in ("skipped", "not-run") for leg in legs)
    suite = ET.SubElement(
        suites, "testsuite", name="matrix", tests=str(len(legs)), skipped=str(skipped), errors="0",
        failures=str(sum(bool(leg["failures"]) for leg in legs)), time=f"{sum(leg['seconds'] for leg in legs):.2f}",
    )  # fmt: skip
    for leg in legs:
        case = ET.SubElement(
            suite, "testcase", classname=f"matrix.{leg['producer']} to {leg['consumer']}", name=leg["scenario"],
            time=f"{leg['seconds']:.2f}",
        )  # fmt: skip
        if leg["failures"]:
            failure = ET.SubElement(case, "failure", message=text("; ".join(leg["failures"])))
            failure.text = text("\n".join(logs.get(leg["log"], "").splitlines()[-80:]))
        elif leg["verdict"] in ("skipped", "not-run"):
            ET.SubElement(case, "skipped", message=text(leg.get("reason", leg["verdict"])))
        else:
            ET.SubElement(case, "system-out").text = text(f"{leg['verdict']}: {leg['proof']}")
    ET.indent(suites)
    return ET.tostring(suites, encoding="unicode", xml_declaration=True) + "\n"
