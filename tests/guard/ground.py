"""What every guard looks at: the project's files, its rooms and their order."""

import configparser
import subprocess
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "src" / "contraparte"

# Written by Django; their shape is its business.
GENERATED = "migrations"


def rooms() -> dict[str, int]:
    """Room → its height, read from the import contract so that there is one ladder. Siblings share a height."""
    contract = configparser.ConfigParser()
    contract.read(ROOT / ".importlinter")
    rungs = contract["importlinter:contract:rooms"]["layers"].split("\n")
    ladder = [[name.strip() for name in rung.split("|")] for rung in rungs if rung.strip()]
    return {room: height for height, rung in enumerate(reversed(ladder)) for room in rung}


HEIGHTS = rooms()


def may_use(upper: str, lower: str) -> bool:
    """Whether room `upper` may know of room `lower`; what is no room (a library) may always be known."""
    return upper == lower or lower not in HEIGHTS or HEIGHTS[upper] > HEIGHTS[lower]


def modules() -> Iterator[Path]:
    """Every module of the package but the migrations."""
    return (file for file in sorted(PACKAGE.rglob("*.py")) if GENERATED not in file.parts)


def room_of(file: Path) -> str:
    """The room a file of the package lies in; a module beside the folders is a room by itself."""
    return file.relative_to(PACKAGE).parts[0].removesuffix(".py")


def shown(file: Path) -> str:
    """A file's path as a person would name it."""
    return str(file.relative_to(ROOT))


def kept_files() -> list[Path]:
    """What git keeps, and what is new and would be kept: ignored files are left out."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]
