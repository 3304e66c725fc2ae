"""The table `[mail]` of node.toml: whether, and over which server, the worker sends word that something waits.

There is no way to send without TLS. A table that cannot be read leaves mail off and names what is wrong; it never
keeps a node from starting.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

PORTS: Final = {"starttls": 587, "tls": 465}
LONGEST_HOURS: Final = 24 * 14
KNOWN: Final = frozenset({"host", "port", "tls", "sender", "user", "password_file", "every_hours"})


@dataclass(frozen=True, slots=True)
class MailSettings:
    """How mail leaves. Off where `host` is empty; `fault` names the entry that cannot be read."""

    host: str = ""
    port: int = 0
    tls: str = "starttls"
    sender: str = ""
    user: str = ""
    password: str = ""
    every_hours: int = 24
    fault: str = ""

    @property
    def is_on(self) -> bool:
        """Whether mail is sent at all."""
        return bool(self.host) and not self.fault


def read_mail(table: Mapping[str, Any], home: Path) -> MailSettings:
    """The settings of a node. `password_file` is a path, from the home where it is not absolute; one line."""
    if not table:
        return MailSettings()
    unknown = next((name for name in table if name not in KNOWN), "")
    tls = str(table.get("tls", "starttls"))
    port, hours = table.get("port", PORTS.get(tls, 0)), table.get("every_hours", 24)
    sender, user = str(table.get("sender", "")), str(table.get("user", ""))
    password = _password(table, home) if user else ""
    wrong = {
        unknown: bool(unknown),
        "host": not _is_host(table.get("host")),
        "tls": tls not in PORTS,
        "port": not _is_within(port, 65_535),
        "sender": not _is_address(sender),
        "every_hours": not _is_within(hours, LONGEST_HOURS),
        "password_file": password is None,
    }
    fault = next((name for name, is_wrong in wrong.items() if is_wrong), "")
    if fault:
        return MailSettings(fault=fault)
    return MailSettings(str(table["host"]), port, tls, sender, user, password or "", hours)


def _password(table: Mapping[str, Any], home: Path) -> str | None:
    """The first line of the file, or None where it cannot be read, is empty, or others may read it."""
    file = home / str(table.get("password_file", ""))
    try:
        if not file.is_file() or file.stat().st_mode & 0o077:
            return None
        return file.read_text("utf-8").partition("\n")[0].strip() or None
    except (OSError, UnicodeDecodeError):
        return None


def _is_host(told: object) -> bool:
    return isinstance(told, str) and 0 < len(told) < 254 and not set(told) & set(" /@:\r\n")


def _is_within(told: object, most: int) -> bool:
    return isinstance(told, int) and not isinstance(told, bool) and 1 <= told <= most


def _is_address(told: str) -> bool:
    name, at, domain = told.partition("@")
    return bool(name and at and "." in domain) and told.isascii() and not set(told) & set(" <>,;\r\n")
