# SPDX-License-Identifier: GPL-2.0-or-later
"""ci/lint finds what it is there for, in a small repository of its own, and ci/hook stops such a commit."""
import pathlib
import shutil
import subprocess
import tempfile
import unittest

import tap

TOP = pathlib.Path(__file__).parents[2]
SOUND = {
    "a.cpp": "int twice(int number) { return 2 * number; }\n",
    "script": "#!/bin/sh\necho \"$1\"\n",
    "module.py": '"""A module."""\nimport sys\n\nprint(sys.argv)\n',
    "data.yml": "---\nname: value\n",
    "page.1": ".Dd November 25, 2026\n.Dt PAGE 1\n.Os\n.Sh NAME\n.Nm page\n.Nd a page\n",
    "README.md": "# A page\n\nA line.\n\n| " + "a table may be wide " * 10 + "|\n",
}
# File, what is wrong in it, and what is said.
DEFECTS = (
    ("a.cpp", "int  twice(int number) {return 2*number;}\n", "a.cpp:1:"),
    ("script", "#!/bin/sh\necho $1\n", "In script line 2:"),
    ("module.py", '"""A module."""\nimport sys\n', "module.py:2:0: W0611"),
    ("data.yml", "---\nname:  value\n", "data.yml"),
    ("page.1", ".Dd November 25, 2026\n.Dt PAGE 1\n.Os\n.Sh NAME\n.Nm page\n", "mandoc: page.1:"),
    ("README.md", "# A page\n\n" + "A line that is too long. " * 10 + "\n", "README.md:3: 250 characters, at most 160"),
    ("README.md", "# A page\n\nIt is read anew.\n", 'README.md:3: "anew": write again'),
    ("a.cpp", "// Whoever calls.\nint twice(int number) { return 2 * number; }\n", 'a.cpp:1: "whoever": write name who'),
)


class Lint(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.top = pathlib.Path(temporary.name)
        for name in ("ci/lint", "ci/hook", "tests/ci/pylintrc", "tests/ci/yamllint.yml", ".clang-format"):
            (self.top / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(TOP / name, self.top / name)
        for name, text in SOUND.items():
            (self.top / name).write_text(text, encoding="ascii")
        self.git("init", "--quiet")
        self.git("config", "user.name", "A")
        self.git("config", "user.email", "a@example")
        self.git("add", ".")
        self.git("commit", "--quiet", "--message", "all: begin")

    def git(self, *words):
        done = subprocess.run(["git", *words], cwd=self.top, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout + done.stderr

    def lint(self, *words):
        done = subprocess.run([self.top / "ci/lint", "--without=tidy", *words], cwd=self.top, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout + done.stderr

    def test_sound(self):
        """Sound files are passed, and without a change there is nothing to do"""
        self.assertEqual(self.lint(), (0, ""))
        status, said = self.lint(*SOUND)
        self.assertEqual(status, 0, said)
        for check in ("format", "shell", "python", "yaml", "manual", "markdown", "english"):
            self.assertRegex(said, rf"(?m)^{check}: \d+ files, nothing found$")

    def test_defects(self):
        """Each kind of defect is found where it is, in what changed and in the whole tree"""
        for name, text, expected in DEFECTS:
            for words in ((), ("--all",), (name,)):
                with self.subTest(name=name, words=words):
                    (self.top / name).write_text(text, encoding="ascii")
                    status, said = self.lint(*words)
                    self.assertEqual(status, 1, said)
                    self.assertIn(expected, said)
                    (self.top / name).write_text(SOUND[name], encoding="ascii")

    def test_old_words(self):
        """A word that was there before is not held against a change of another line"""
        (self.top / "README.md").write_text("# A page\n\nIt is read anew.\n", encoding="ascii")
        self.git("commit", "--all", "--quiet", "--message", "page: add")
        (self.top / "README.md").write_text("# Another page\n\nIt is read anew.\n", encoding="ascii")
        self.assertEqual(self.lint()[0], 0)
        self.assertEqual(self.lint("--base", "HEAD^")[0], 1)

    def test_hook(self):
        """As a git hook it stops a commit of a defect, and one whose subject is not 'area: imperative'"""
        for hook in ("pre-commit", "commit-msg"):
            (self.top / ".git/hooks" / hook).symlink_to("../../ci/hook")
        name, text, expected = DEFECTS[1]
        (self.top / name).write_text(text, encoding="ascii")
        self.git("add", name)
        status, said = self.git("commit", "--message", "script: print")
        self.assertNotEqual(status, 0)
        self.assertIn(expected, said)
        (self.top / name).write_text(SOUND[name] + "echo 2\n", encoding="ascii")
        self.git("add", name)
        for subject in ("Print", "script: " + "x" * 70):
            status, said = self.git("commit", "--message", subject)
            self.assertNotEqual(status, 0, said)
            self.assertIn("commit subject: ", said)
        status, said = self.git("commit", "--message", "script: print 2")
        self.assertEqual(status, 0, said)

    def test_wrong_usage(self):
        """A check that does not exist, and a commit that is not there, are exit status 2"""
        self.assertEqual(self.lint("--without", "spelling")[0], 2)
        self.assertEqual(self.lint("--base", "nowhere")[0], 2)


tap.main()
