# SPDX-License-Identifier: GPL-2.0-or-later
"""What the sentences of a README say of commands: verbs, scripts and options exist, and nothing in them is to be typed.

Two kinds of complete commands may stand in a sentence, and are run: `ci/demo NAME=VALUE` and `kho check --list`.
"""
import pathlib
import re
import sys
import tempfile
import unittest

import checkout
import markdown

sys.path.insert(0, str(checkout.SOURCE / "tests/ci"))
import tap  # pylint: disable=wrong-import-position


class Names(unittest.TestCase):
    """A test for each command that a sentence names."""

    def kho(self, place, verb, options):
        if not re.match(r"[a-z]", verb):  # VERB, --help
            return
        status, text = place.run(f"kho {verb} --help")
        self.assertEqual(status, 0, text)
        for option in options:
            self.assertRegex(text, rf"(?<![\w-]){re.escape(option)}(?![\w-])")

    def script(self, path, options):
        self.assertTrue(path.is_file(), path)
        for option in options:
            self.assertRegex(path.read_text(), rf"(?<![\w-]){re.escape(option)}(?![\w-])")


def check(words, place):
    options = [re.match(r"-+[A-Za-z-]*", word)[0] for word in words[1:] if re.match(r"-", word)]

    def test(self):
        typed = " ".join(words)
        if re.fullmatch(r"ci/demo [a-z]+=\w+|kho check --list", typed):
            status, output = place.run(typed)
            self.assertEqual(status, 0, output)
        elif words[0].endswith("kho"):
            self.kho(place, (words + [""])[1], options)
        elif words[0].startswith("ci/") and not re.search(r"\.\w+$", words[0]):
            self.script(checkout.SOURCE / words[0], options)
        elif options and "..." not in words:
            self.fail("to be typed as it is: put it into a block")

    return test


def collect(place):
    for number, path in enumerate(sorted(checkout.readmes())):
        text = (checkout.SOURCE / path).read_text(encoding="utf-8")
        for count, (line, words) in enumerate(markdown.names(text)):
            if len(words) == 1 and not words[0].startswith("ci/"):
                continue
            test = check(words, place)
            test.__doc__ = f"{path}:{line}: {' '.join(words)}"
            setattr(Names, f"test_{number:02}_{line:04}_{count:04}", test)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="kho-readme-") as folder:
        collect(checkout.Checkout(pathlib.Path(folder) / "checkout"))
        tap.main()
