"""Hold requirements.lock, pyproject.toml and what is installed together; without a network.

Refuses: a dependency that the lock does not pin or pins outside its bounds, a pin nobody asks for any more, a pin
without a hash, an address in the lock, an installed version that is another one than the pinned.
"""

import re
import sys
import tomllib
from importlib import metadata
from pathlib import Path

from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
PIN = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)(\[[^\]]*\])?==(?P<version>\S+?)(?:\s*;\s*(?P<marker>.+?))?\s*\\?$")


def read_pins(text: str) -> tuple[dict[str, str], list[str]]:
    """Name → version of each pin, and what is wrong with the file by itself."""
    pins: dict[str, str] = {}
    problems: list[str] = []
    hashes: dict[str, int] = {}
    current = ""
    for number, line in enumerate(text.splitlines(), 1):
        if "://" in line or line.startswith("-"):
            problems.append(f"line {number} names an address or an option: {line.strip()[:60]}")
        elif line.startswith("    --hash=sha256:"):
            hashes[current] = hashes.get(current, 0) + 1
        elif match := PIN.match(line):
            current = canonicalize_name(match["name"])
            pins[current] = match["version"]
        elif line.strip() and not line.startswith("#"):
            problems.append(f"line {number} is not understood: {line.strip()[:60]}")
    problems += [f"{name} has no hash" for name in pins if not hashes.get(name)]
    return pins, problems


def declared(document: dict[str, dict[str, object]]) -> list[Requirement]:
    """The dependencies of pyproject.toml, extras included."""
    project = document["project"]
    texts = [*project["dependencies"]]  # type: ignore[misc]
    for extra in project["optional-dependencies"].values():  # type: ignore[attr-defined]
        texts += extra
    return [Requirement(text) for text in texts]


def reachable(roots: list[Requirement]) -> set[str]:
    """Every package the roots ask for, by the metadata of what is installed."""
    seen: set[tuple[str, str]] = set()
    waiting = [(canonicalize_name(root.name), extra) for root in roots for extra in ("", *root.extras)]
    while waiting:
        name, extra = waiting.pop()
        if (name, extra) in seen:
            continue
        seen.add((name, extra))
        try:
            texts = metadata.requires(name) or []
        except metadata.PackageNotFoundError:
            continue
        for text in texts:
            requirement = Requirement(text)
            environment = {**default_environment(), "extra": extra}
            if requirement.marker is None or requirement.marker.evaluate(environment):
                child = canonicalize_name(requirement.name)
                waiting += [(child, wanted) for wanted in ("", *requirement.extras)]
    return {name for name, _ in seen}


def main() -> None:
    """Print every disagreement; exit 1 when there is one."""
    pins, problems = read_pins((ROOT / "requirements.lock").read_text("utf-8"))
    roots = declared(tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8")))
    for root in roots:
        pinned = pins.get(canonicalize_name(root.name))
        if pinned is None:
            problems.append(f"{root} is not in requirements.lock; run make lock")
        elif not root.specifier.contains(pinned, prereleases=True):
            problems.append(f"{root} is locked as {pinned}; run make lock")
    wanted = reachable(roots)
    for name, version in pins.items():
        if name not in wanted:
            problems.append(f"{name} is locked but nothing asks for it; run make lock")
            continue
        try:
            installed = metadata.version(name)
        except metadata.PackageNotFoundError:
            installed = "not installed"
        if installed != version:
            problems.append(f"{name} is locked as {version} and is {installed} in .venv; run make setup")
    if problems:
        sys.exit("\n".join(problems))
    print(f"requirements.lock agrees with pyproject.toml ({len(pins)} packages)")


if __name__ == "__main__":
    main()
