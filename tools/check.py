"""Every check that is not a test: `make check`. All of them run, then the verdict; exit 1 when one failed.

A tool that is not installed is a failure, never a pass. Names as arguments run a part: `make check ARGS=types`.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = ROOT / ".venv" / "bin"
CODE = ("src", "tests", "tools", "bench")

CHECKS: dict[str, list[str]] = {
    "format": ["ruff", "format", "--check", "--quiet", *CODE],
    "lint": ["ruff", "check", "--quiet", *CODE],
    "imports": ["lint-imports", "--no-cache"],
    "types": ["mypy"],
    "translations": ["python", "tools/messages.py", "check"],
    "lock": ["python", "tools/check_lock.py"],
    "reference": ["python", "tools/reference.py", "--check"],
    "documentation": ["mkdocs", "build", "--strict", "--site-dir", "{scratch}/site"],
}


def run_check(name: str, scratch: str) -> bool:
    """Run one check with its output shown only when it fails."""
    command = [word.format(scratch=scratch) for word in CHECKS[name]]
    program = BIN / command[0]
    if not program.exists():
        print(f"{name:14} FAILED: {command[0]} is not installed in .venv", flush=True)
        return False
    started = time.monotonic()
    # Settings are read by some checks; they get a home of their own, never one of this machine's nodes.
    environment = {**os.environ, "CONTRAPARTE_HOME": f"{scratch}/home", "NO_MKDOCS_2_WARNING": "1"}
    environment.pop("DATABASE_URL", None)
    result = subprocess.run(
        [str(program), *command[1:]], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    passed = result.returncode == 0
    print(f"{name:14} {'passed' if passed else 'FAILED'} ({time.monotonic() - started:.1f} s)", flush=True)
    if not passed:
        print(f"{result.stdout}{result.stderr}".rstrip(), flush=True)
    return passed


def main() -> None:
    """Run the checks named as arguments, or all."""
    names = sys.argv[1:] or list(CHECKS)
    unknown = [name for name in names if name not in CHECKS]
    if unknown:
        sys.exit(f"no check is called {', '.join(unknown)}; there are {', '.join(CHECKS)}")
    with tempfile.TemporaryDirectory(prefix="contraparte-check-") as scratch:
        failed = [name for name in names if not run_check(name, scratch)]
    if failed:
        sys.exit(f"failed: {', '.join(failed)}")


if __name__ == "__main__":
    main()
