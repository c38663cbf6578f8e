# SPDX-License-Identifier: GPL-2.0-or-later
"""A Debian archive in a folder, with signed lists and packages linux-source-*, and an apt that is configured with it.
The sources in the packages are a Makefile with the targets of the kernel that ci/kernels uses."""
import hashlib
import os
import pathlib
import shutil
import subprocess

# FAKE_KERNEL in the environment makes the build slow or lets it fail.
MAKEFILE = """\
tinyconfig:
\t@echo CONFIG_TINY=y > .config
olddefconfig:
\t@sed -i -e '/CONFIG_REFUSED/d' -e '/CONFIG_ABSENT/d' .config
bzImage:
\t@echo '  CC      init/main.o'
\t@case "$$FAKE_KERNEL" in slow) sleep 60 ;; fails) echo 'init/main.c:1: error: a reason'; exit 1 ;; esac
\t@mkdir -p arch/x86/boot
\t@cat version > arch/x86/boot/bzImage
"""
KCONFIG = "config KHO\n\tbool\n\nmenuconfig REFUSED\n\tbool\n"


def run(*command, **options):
    return subprocess.run(command, check=True, capture_output=True, text=True, **options)


def codename():
    values = dict(line.split("=", 1) for line in pathlib.Path("/etc/os-release").read_text().splitlines() if "=" in line)
    return (values.get("UBUNTU_CODENAME") or values.get("VERSION_CODENAME") or "sid").strip('"')


class Archive:
    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.suite = codename()
        self.keys = self.folder / "keys"
        self.keys.mkdir(mode=0o700)
        self.gpg = ["gpg", "--batch", "--quiet", "--homedir", str(self.keys)]
        for name in ("archive", "stranger"):
            run(*self.gpg, "--passphrase", "", "--quick-gen-key", f"{name}@example", "ed25519", "sign", "never")
            run(*self.gpg, "--output", str(self.folder / f"{name}.gpg"), "--export", f"{name}@example")
        self.configure()

    def close(self):
        subprocess.run(["gpgconf", "--homedir", str(self.keys), "--kill", "gpg-agent"], check=False)

    def add(self, kernel, version):
        """Builds the package linux-source-KERNEL in this version."""
        package = f"linux-source-{kernel}"
        source, tree = self.folder / package, self.folder / "tree"
        for folder in (source, tree):
            shutil.rmtree(folder, ignore_errors=True)
        source.mkdir()
        (source / "Makefile").write_text(MAKEFILE)
        (source / "Kconfig").write_text(KCONFIG)
        (source / "version").write_text(version)
        for part in ("usr/src", "DEBIAN"):
            (tree / part).mkdir(parents=True)
        run("tar", "-cJf", str(tree / f"usr/src/{package}.tar.xz"), "-C", str(self.folder), package)
        (tree / "DEBIAN/control").write_text(
            f"Package: {package}\nVersion: {version}\nArchitecture: all\nMaintainer: A <a@example>\nDescription: a kernel\n"
        )
        pool = self.folder / "pool"
        pool.mkdir(exist_ok=True)
        run("dpkg-deb", "--root-owner-group", "-b", str(tree), str(pool / f"{package}_{version}_all.deb"))

    def publish(self, signer="archive"):
        """Writes the lists of what was added, signed or not."""
        architecture = run("dpkg", "--print-architecture").stdout.strip()
        packages = ""
        for deb in sorted((self.folder / "pool").glob("*.deb")):
            content = deb.read_bytes()
            control = run("dpkg-deb", "-f", str(deb)).stdout
            packages += f"{control}Filename: pool/{deb.name}\nSize: {len(content)}\n"
            packages += f"SHA256: {hashlib.sha256(content).hexdigest()}\n\n"
        suite = self.folder / "dists" / self.suite
        shutil.rmtree(suite, ignore_errors=True)
        index = suite / f"main/binary-{architecture}/Packages"
        index.parent.mkdir(parents=True)
        index.write_text(packages)
        release = (
            f"Suite: {self.suite}\nCodename: {self.suite}\nArchitectures: {architecture}\nComponents: main\n"
            f"Date: {run('date', '-uR').stdout.strip().replace('+0000', 'UTC')}\nSHA256:\n"
            f" {hashlib.sha256(packages.encode()).hexdigest()} {len(packages)} {index.relative_to(suite)}\n"
        )
        (suite / "Release").write_text(release)
        if signer:
            clear_signed = ["--local-user", f"{signer}@example", "--output", str(suite / "InRelease"), "--clearsign"]
            run(*self.gpg, *clear_signed, str(suite / "Release"))

    def configure(self, uri=None, options=""):
        """Makes this archive, or the one at the URI, what apt is configured with."""
        keys = self.folder / "archive.gpg"
        (self.folder / "sources.list").write_text(
            f"deb [signed-by={keys} {options}] {uri or 'file:' + str(self.folder)} {self.suite} main\n"
        )
        # Whatever apt is called for with this configuration, the machine's own lists, packages and logs stay as they are; to it,
        # no package is installed.
        state = self.folder / "state"
        for folder in ("lists/partial", "cache/archives/partial", "log"):
            (state / folder).mkdir(parents=True, exist_ok=True)
        (state / "status").touch()
        (self.folder / "apt.conf").write_text(
            f'Dir::Etc::sourcelist "{self.folder}/sources.list";\nDir::Etc::sourceparts "/dev/null";\n'
            f'Dir::State "{state}";\nDir::State::status "{state}/status";\n'
            f'Dir::Cache "{state}/cache";\nDir::Log "{state}/log";\nAPT::Update::Post-Invoke:: "";\n'
            'APT::Sandbox::User "root";\nAcquire::http::Proxy "DIRECT";\nAcquire::Retries "0";\n'
        )

    def environment(self, **more):
        names = ("KHO_KERNELS", "http_proxy", "HTTP_PROXY", "MAKEFLAGS", "MAKELEVEL")
        rest = {name: value for name, value in os.environ.items() if name not in names}
        return {**rest, "APT_CONFIG": str(self.folder / "apt.conf"), **more}
