"""Founding a node: its folder, its settings, its database, its operator's keys."""

import json
import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

from contraparte.node.home import CONFIG_NAME

PUBLIC_KEYS = "public-keys.json"


class HomeTakenError(Exception):
    """The folder holds something already; a node is never founded over another."""


@dataclass(frozen=True, slots=True)
class Founded:
    """A new node: its folder, and where the public halves of its operator's keys lie, to be published."""

    home: Path
    public_keys: Path | None


@dataclass(frozen=True, slots=True)
class Settings:
    """What node.toml says. `database_url` empty: SQLite in the folder."""

    name: str
    operator: str = ""
    url: str = "http://127.0.0.1:8000"
    database_url: str = ""
    time_zone: str = "UTC"
    demo: bool = False

    def to_toml(self) -> str:
        """The file. The address of a database may hold a password, so the file is for its owner only."""
        lines = ["[node]", f"name = {json.dumps(self.name)}", f"operator = {json.dumps(self.operator)}"]
        lines += [f"url = {json.dumps(self.url)}", f"time_zone = {json.dumps(self.time_zone)}"]
        if self.database_url:
            lines.append(f"database_url = {json.dumps(self.database_url)}")
        if self.demo:
            lines.append("demo = true")
        return "\n".join(lines) + "\n"


def found(home: Path, settings: Settings, *, now: datetime) -> Founded:
    """Make a node in `home`, which must be empty or absent, and open it in this process.

    Order: settings, database, keys. Stopped half way, the folder is not empty and says so at the next try.
    Raises HomeTakenError, IdentifierInvalidError for an operator that is no agency, ValueError for an address that is
    no http or https address.
    """
    from contraparte.protocol.ids import parse_agency_id
    from contraparte.start import open_home

    if settings.operator:
        parse_agency_id(settings.operator, "operator")
    parts = urlsplit(settings.url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"{settings.url!r} is no address of the form https://host[:port]")
    require_empty(home)
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    home.chmod(0o700)
    write_private(home / CONFIG_NAME, settings.to_toml())
    open_home(home, migrate=True)
    return Founded(home, _make_keys(home, settings.operator, now) if settings.operator else None)


def require_empty(home: Path) -> None:
    """Raise HomeTakenError unless the folder is absent or empty."""
    if home.exists() and (not home.is_dir() or any(home.iterdir())):
        raise HomeTakenError(f"{home} is not empty; name a new folder, or use `node restore` for a copy")


def write_private(file: Path, text: str) -> None:
    """A new file that only its owner reads, on the disk when this returns."""
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as handle:
        handle.write(text)
        handle.flush()
        os.fsync(handle.fileno())


def _make_keys(home: Path, operator: str, now: datetime) -> Path:
    from contraparte.directory.actions import make_agency_keys
    from contraparte.directory.rules.register import plain

    entries = [plain(entry) for entry in make_agency_keys(operator, now=now)]
    file = home / PUBLIC_KEYS
    file.write_text(json.dumps({"agency": operator, "keys": entries}, indent=1, sort_keys=True) + "\n", "utf-8")
    return file
