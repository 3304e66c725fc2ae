"""Make the working place in .venv: Python packages, this package, translations, page assets, and a browser for tests.

Runs under the system's Python before anything is installed, so it uses the standard library only. Each step keeps a
stamp (a digest of what it depends on) inside .venv and is passed over when nothing changed; a step that was
interrupted has no stamp and runs again.

Packages come from wherever pip is configured to look and only with the hashes of requirements.lock.
"""

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMPS = VENV / "stamps"
CHROMIUM = Path("/usr/bin/chromium")
OLDEST_PYTHON = (3, 11)


def fail(message: str) -> None:
    """Stop with one readable line."""
    sys.exit(f"set-up: {message}")


def run(command: Sequence[str | Path], **environment: str) -> None:
    """Run a command in the project's folder; a failure stops the set-up and names the command."""
    words = [str(word) for word in command]
    result = subprocess.run(words, cwd=ROOT, env={**os.environ, **environment}, check=False)
    if result.returncode:
        fail(f"`{' '.join(words)}` ended with {result.returncode}")


def install_from_debian(*packages: str) -> None:
    """Install Debian packages as root; for anybody else say what is missing and stop."""
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        fail(f"this machine lacks {' '.join(packages)}; install it (on Debian: apt-get install {' '.join(packages)})")
    print(f"set-up: installing {' '.join(packages)} with apt-get", flush=True)
    quiet = {"DEBIAN_FRONTEND": "noninteractive"}
    run(["apt-get", "-qq", "update"], **quiet)
    run(["apt-get", "-qq", "-y", "--no-install-recommends", "-o", "Dpkg::Use-Pty=0", "install", *packages], **quiet)


def digest(*files: str) -> str:
    """One digest over the contents of `files` and the Python in use."""
    state = hashlib.sha256(f"{sys.version_info[:2]} {ROOT}".encode())
    for name in files:
        state.update(hashlib.sha256((ROOT / name).read_bytes()).digest())
    return state.hexdigest()


def once(name: str, stamp: str, told: str, work: Callable[[], None]) -> None:
    """Do `work` unless its stamp says that it was done for the same inputs."""
    file = STAMPS / name
    if file.exists() and file.read_text() == stamp:
        return
    print(f"set-up: {told}", flush=True)
    work()
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(stamp)


def make_environment() -> None:
    """An empty virtual environment, once; Debian keeps what it needs for that in a package of its own."""
    if PYTHON.exists():
        return
    print("set-up: making .venv", flush=True)
    command = [sys.executable, "-m", "venv", str(VENV)]
    made = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if made.returncode:
        install_from_debian("python3-venv")
        shutil.rmtree(VENV, ignore_errors=True)
        run(command)


def install_packages() -> None:
    """Everything of requirements.lock, each file checked against its hash."""
    run([PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes",
         "-r", "requirements.lock"])  # fmt: skip


def install_this_package() -> None:
    """The package itself, editable, built by the locked setuptools."""
    run([PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps",
         "--no-build-isolation", "--editable", "."])  # fmt: skip


def main() -> None:
    """Bring the working place up to date; `--tests` adds the browser."""
    reader = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    reader.add_argument("--tests", action="store_true", help="also install what only the tests need (Chromium)")
    wanted = reader.parse_args()

    if sys.version_info < OLDEST_PYTHON:
        fail(f"Python {'.'.join(map(str, OLDEST_PYTHON))} or newer is needed; this is {sys.version.split()[0]}")
    make_environment()
    once("packages", digest("requirements.lock"), "installing packages (a minute or two)", install_packages)
    once("package", digest("pyproject.toml"), "installing contraparte", install_this_package)
    # These two compare times and digests themselves and end at once when there is nothing to do.
    run([PYTHON, "tools/messages.py", "compile"])
    run([PYTHON, "tools/assets.py"])
    missing = [] if CHROMIUM.exists() else ["chromium"]
    if shutil.which("curl") is None:  # the lines of the how-to of the API are run as they stand
        missing.append("curl")
    if wanted.tests and missing:
        install_from_debian(*missing)


if __name__ == "__main__":
    main()
