"""A node is a folder. What lies where in it, and what `node.toml` says.

node.toml        name, operator agency, address, database, mail   (settings, no secrets)
node.sqlite3     the records of this node (embedded default)
witness.sqlite3  the heads this node has cosigned, apart from the records on purpose
guard/           the last head of each log this node has signed, apart from database and backups
keys/            private keys, one file each, mode 0600
directory/       trusted metadata and targets of each country
policies/        release policies of this node, beside those the package ships
attachments/     files of messages and drafts, each sealed under a key in the records
arriving/        sealed files that are not whole yet; not in backups, for they come again
books/           search indexes
pouches/         numbers of pouches made and taken in
run/             sockets and locks of running processes
"""

import os
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

CONFIG_NAME = "node.toml"


@dataclass(frozen=True, slots=True)
class Home:
    """The folder of one node and its configuration, read once at start."""

    path: Path
    name: str = "node"
    operator: str = ""
    url: str = "http://127.0.0.1:8000"
    database_url: str = ""
    languages: tuple[str, ...] = ("en", "es")
    time_zone: str = "UTC"
    demo: bool = False
    extra: dict[str, Any] = field(default_factory=dict)
    mail: dict[str, Any] = field(default_factory=dict)  # the table [mail], read by `mail_settings`

    @classmethod
    def load(cls, path: Path) -> "Home":
        """Read `path`/node.toml; a folder without one is a node with the defaults (tests, first start)."""
        file = path / CONFIG_NAME
        document = tomllib.loads(file.read_text("utf-8")) if file.exists() else {}
        node = dict(document.get("node", {}))
        known = {
            name: node.pop(name)
            for name in ("name", "operator", "url", "database_url", "time_zone", "demo")
            if name in node
        }
        mail = document.get("mail", {})
        return cls(path=path, extra=node, mail=mail if isinstance(mail, dict) else {"mail": mail}, **known)

    def folder(self, name: str, mode: int = 0o700) -> Path:
        """The folder `name` below the home, made on first use, readable by the node's user only."""
        folder = self.path / name
        folder.mkdir(mode=mode, parents=True, exist_ok=True)
        return folder


def home_path() -> Path:
    """The folder `CONTRAPARTE_HOME` names, or ./contraparte-home."""
    return Path(os.environ.get("CONTRAPARTE_HOME", "contraparte-home")).absolute()
