# SPDX-License-Identifier: GPL-2.0-or-later
"""Every command line of every README is run as it is printed, or is marked there as not run, with the reason."""
import pathlib
import sys
import tempfile
import unittest

import checkout
import markdown

sys.path.insert(0, str(checkout.SOURCE / "tests/ci"))
import tap  # pylint: disable=wrong-import-position


class Commands(unittest.TestCase):
    """A test for each command line; those of one README are run in order, in one folder."""


def run_as_printed(command, text, place):
    def test(self):
        if command.line in place.printed:
            return
        if command.reason:
            place.skip(command.text, command.reason)
            return
        reason = place.missing(command.text)
        if reason:
            place.skip(command.text, reason)
            self.skipTest(reason)
        place.provide(command.text, text)
        status, output = place.run(command.text)
        if command.below is None:
            self.assertEqual(status, 0, output)
            return
        # 1: kho has findings, which are then in the transcript.
        self.assertIn(status, (0, 1), output)
        inside = markdown.match(command.below, output)
        if inside is None:
            self.fail("It is printed today:\n" + output)
        place.printed.update(inside)

    return test


class Rules(unittest.TestCase):
    def test_marks(self):
        """a mark needs a reason and a block"""
        for text in ("<!-- not run: -->\n\n    a\n", "<!-- not run: b -->\nText.\n", "<!-- not run: b -->\n"):
            with self.assertRaises(markdown.Malformed):
                markdown.blocks(text)
        self.assertEqual(markdown.blocks("<!-- not run: b -->\n\n    a\n\n    c\n")[0].reason, "b")
        self.assertIsNone(markdown.blocks("<!-- not run: b -->\n\n    a\n\n    c\n")[1].reason)

    def test_commands(self):
        """indented and fenced blocks are commands, with continuation lines; a language says that they are not"""
        text = "Text:\n\n    a \\\n      b\n    c # d\n\n```\n$ e\nf\n$ g\n```\n\n```text\nh\n```\n"
        found = [(command.line, command.text, command.below) for command in markdown.commands(text)]
        self.assertEqual(
            found,
            [(3, "a \\\n  b", None), (5, "c # d", None), (8, "e", [(9, "f"), (10, "$ g")]), (10, "g", [])],
        )
        with self.assertRaises(markdown.Malformed):
            list(markdown.commands("```text\n$ a\n```\n"))

    def test_prompts(self):
        """a command that another one prints is output"""
        below = [(2, "a"), (3, "$ b"), (4, "c")]
        self.assertEqual(markdown.match(below, "a\n"), [])
        self.assertEqual(markdown.match(below, "a\n$ b\nc\n"), [3])
        self.assertIsNone(markdown.match(below, "a\n$ b\n"))

    def test_output(self):
        """output is compared but for what is measured, addresses and patch levels"""
        same = [
            ("ok 1 a # 12 files, 1.5 MiB", "ok 1 a # 9 files, 22 MiB"),
            ("at 0x1234567", "at 0xabcdef"),
            ("Linux version 7.3.4 ...", "Linux version 7.3.9 (gcc)"),
            ("a\n...\nb", "a\nx\ny\nb"),
            ("a\n...", "a"),
        ]
        other = [("ok 1 a", "ok 2 a"), ("ok 1 a # b", "ok 1 a # c"), ("a", "a\nb"), ("a\n...\nb", "a\nc"),
                 ("Linux 7.2.1", "Linux 7.3.1")]  # fmt: skip
        for expected, output in same:
            self.assertTrue(markdown.printed(expected.split("\n"), output), expected)
        for expected, output in other:
            self.assertFalse(markdown.printed(expected.split("\n"), output), expected)


def collect(scratch):
    for number, path in enumerate(sorted(checkout.readmes())):
        text = (checkout.SOURCE / path).read_text(encoding="utf-8")
        place = checkout.Checkout(scratch / str(number))
        for command in markdown.commands(text):
            test = run_as_printed(command, text, place)
            words = " ".join(command.text.replace("\\\n", " ").split()).replace("#", "\\#")
            mark = f" is marked as not run: {command.reason}" if command.reason else ""
            test.__doc__ = f"{path}:{command.line}: {words}{mark}"
            setattr(Commands, f"test_{number:02}_{command.line:04}", test)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="kho-readme-") as folder:
        collect(pathlib.Path(folder))
        tap.main()
