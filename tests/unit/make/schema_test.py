#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""schema_test.py SCHEMA KHO DESCRIPTION...: the schema and the command agree on what is a description. TAP."""
import json
import os
import subprocess
import sys
import tempfile

try:
    import jsonschema
except ImportError:
    print("1..0 # SKIP no python3-jsonschema")
    sys.exit(0)


def file(members):
    return {"release": "7.2", "sessions": [{"name": "s", "files": [{"token": 1, **members}]}]}


good = [
    {"release": "6.19.14", "liveupdate_number": None},
    {"release": "7.3", "memory": [{"address": 0x100000, "size": "256M"}], "scratch": ["32M", {"size": 0}]},
    file({"handler": "vfio-pci-v1", "data": "0xffffffffffffffff"}),
    file({"seals": ["write"], "flags": 0, "contents": [{"hex": "00 ff"}, {"zeros": 3}, {"hole": "1M"}]}),
    {"release": "7.1", "kexec_metadata": None, "subtrees": [{"name": "t", "size": 8}]},
]
bad = [
    {},
    {"release": "5.4"},
    {"release": "7.2", "memory": -1},
    {"release": "7.2", "memory": "1P"},
    {"release": "7.2", "sesions": []},
    file({"handler": "memfd-v1", "data": 0}),
    file({"handler": "vfio"}),
    file({"contents": [{"hex": "0"}]}),
    file({"contents": [{"pattern": 1}]}),
    file({"contents": [{"text": "a", "hole": 1}]}),
    file({"seals": ["shrunk"]}),
]

schema = json.load(open(sys.argv[1], encoding="utf-8"))
jsonschema.Draft7Validator.check_schema(schema)
validator = jsonschema.Draft7Validator(schema)
cases = [(json.load(open(name, encoding="utf-8")), True) for name in sys.argv[3:]]
cases += [(case, True) for case in good] + [(case, False) for case in bad]
print(f"1..{len(cases)}")
with tempfile.TemporaryDirectory() as folder:
    for number, (case, expected) in enumerate(cases, 1):
        result = subprocess.run([sys.argv[2], "make", "-", "-o", os.path.join(folder, "out")],
                                input=json.dumps(case), text=True, stderr=subprocess.PIPE, check=False)
        ok = validator.is_valid(case) == expected and (result.returncode == 0) == expected
        print("ok" if ok else "not ok", number, "-", "taken" if expected else "refused", "#", json.dumps(case)[:60])
        if not ok:
            print("#", result.stderr)
