# SPDX-License-Identifier: GPL-2.0-or-later
"""What ci/apt-sources makes of the configurations that apt can have."""
import importlib.machinery
import importlib.util
import pathlib
import sys
import unittest

import tap

sys.dont_write_bytecode = True
path = str(pathlib.Path(__file__).parents[2] / "ci" / "apt-sources")
loader = importlib.machinery.SourceFileLoader("apt_sources", path)
apt_sources = importlib.util.module_from_spec(importlib.util.spec_from_loader("apt_sources", loader))
loader.exec_module(apt_sources)

BOOKWORM = {"ID": "debian", "VERSION_CODENAME": "bookworm"}
NOBLE = {"ID": "ubuntu", "ID_LIKE": "debian", "VERSION_CODENAME": "noble"}
MINT = {"ID": "linuxmint", "ID_LIKE": "ubuntu debian", "VERSION_CODENAME": "wilma", "UBUNTU_CODENAME": "noble"}
DEBIAN_KEYS = "/usr/share/keyrings/debian-archive-keyring.gpg"
NEWER = ["trixie-backports", "stable-backports", "testing", "unstable", "experimental"]


def sources(text, release=None, parse=apt_sources.parse_one_line, keyring=True):
    return apt_sources.kernel_sources(list(parse(text)), BOOKWORM if release is None else release, lambda path: keyring)


def pairs(result):
    return [(entry["uri"], entry["suite"]) for entry in result]


class AptSources(unittest.TestCase):
    def test_one_line(self):
        """A .list file: the machine's suite, then the newer ones of the same mirror"""
        result = sources("# deb http://old/ bookworm main\n deb http://m/debian bookworm main contrib # here\n")
        self.assertEqual(pairs(result), [("http://m/debian", suite) for suite in ["bookworm", *NEWER]])

    def test_one_line_options(self):
        """Options of a .list line: keys stay, in a list with spaces, and trusted=yes does not"""
        text = "deb [ arch=amd64 trusted=yes signed-by=/a.gpg,/b.gpg ] http://m/debian bookworm main"
        result = sources(text)
        self.assertEqual(result[0]["keys"], "/a.gpg /b.gpg")
        self.assertEqual(result[1]["keys"], f"/a.gpg /b.gpg {DEBIAN_KEYS}")
        self.assertNotIn("rusted", "".join(map(apt_sources.stanza, result)))

    def test_deb822(self):
        """A .sources file: every URI with every suite, comments and stanzas that are off left out"""
        text = (
            "Types: deb deb-src\n# a comment\nURIs: http://m/debian http://n/debian\nSuites: bookworm bookworm-backports\n"
            "Components: main\nTrusted: yes\n\n"
            "Enabled: no\nTypes: deb\nURIs: http://off/\nSuites: bookworm\nComponents: main\n \n"
            "Types: deb-src\nURIs: http://source/\nSuites: bookworm\nComponents: main\n"
        )
        result = sources(text, parse=apt_sources.parse_deb822)
        expected = [(f"http://{host}/debian", suite) for host in "mn" for suite in ("bookworm", "bookworm-backports")]
        self.assertEqual(pairs(result), expected + [("http://m/debian", suite) for suite in NEWER])
        self.assertNotIn("rusted", "".join(map(apt_sources.stanza, result)))

    def test_written_key(self):
        """A key written into a stanza is taken along as it is"""
        key = "\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n mDMEY865UxYJ\n -----END PGP PUBLIC KEY BLOCK-----"
        text = f"Types: deb\nURIs: http://m/debian\nSuites: bookworm\nComponents: main\nSigned-By:{key}\n"
        for entry in sources(text, parse=apt_sources.parse_deb822):
            self.assertEqual(entry["keys"], key)
            self.assertTrue(apt_sources.stanza(entry).endswith(f"Signed-By: {key}\n"))

    def test_keyrings(self):
        """Newer suites are checked with the distribution's keyring, and without it with the keys that apt trusts"""
        line = "deb http://m/debian bookworm main"
        self.assertEqual([entry["keys"] for entry in sources(line)], [""] + [DEBIAN_KEYS] * len(NEWER))
        self.assertEqual({entry["keys"] for entry in sources(line, keyring=False)}, {""})

    def test_foreign(self):
        """Archives of others, security updates, cdroms and suites without main are not asked"""
        text = (
            "deb cdrom:[Debian]/ bookworm main\ndeb http://packages.example/apt tools main\n"
            "deb http://m/security bookworm-security main\ndeb http://c/debian bookworm contrib\n"
            "deb http://m/debian bookworm main\n"
        )
        self.assertEqual({entry["uri"] for entry in sources(text)}, {"http://m/debian"})

    def test_snapshot(self):
        """A snapshot beside the mirror is asked for its own suite, the mirror for the newer ones"""
        snapshot = "http://snapshot.example/archive/debian/20260301T000000Z"
        result = sources(f"deb {snapshot} sid main\ndeb http://m/debian bookworm main\n")
        self.assertEqual(pairs(result)[:2], [(snapshot, "sid"), ("http://m/debian", "bookworm")])
        self.assertEqual({entry["uri"] for entry in result[2:]}, {"http://m/debian"})

    def test_ubuntu(self):
        """Ubuntu, and what is made from it, has other names for its newer suites"""
        for release in (NOBLE, MINT):
            result = sources("deb http://u/ubuntu noble main universe", release)
            self.assertEqual([entry["suite"] for entry in result], ["noble", "devel", "devel-proposed"])

    def test_refusals(self):
        """Without an archive of the distribution there is a sentence that says so"""
        cases = [
            ("", BOOKWORM, "apt's configuration names no archive of debian"),
            ("deb http://m/debian trixie main", BOOKWORM, "apt's configuration names no archive of debian"),
            ("deb http://m/debian bookworm main", {"ID": "fedora"}, "no archive of kernel sources is known for fedora"),
            ("deb http://m/debian bookworm main", {}, "no archive of kernel sources is known for this system"),
        ]
        for text, release, expected in cases:
            with self.subTest(text=text, release=release):
                self.assertTrue(sources(text, release).startswith(expected))

    def test_os_release(self):
        """os-release is read with its quotes and comments"""
        text = '# Linux\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nID=debian\nVERSION_CODENAME=bookworm\nID_LIKE="a b"\n'
        release = apt_sources.parse_os_release(text)
        self.assertEqual((release["ID"], release["VERSION_CODENAME"], release["ID_LIKE"]), ("debian", "bookworm", "a b"))


tap.main()
