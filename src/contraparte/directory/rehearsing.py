"""Rotating keys on a copy: the same steps as on the day, with a reader who only knows the first root (P1.5, P1.7).

    copy of what is published, of the keys and of the root keys
      1 a new reader comes to trust what is published now
      2 new root keys and new online keys; the reader follows
      3 the next message key of each agency hosted here, vouched for by the present one; the reader follows

Nothing of the home, the drive with the root keys, or the database changes.
"""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from django.conf import settings

from contraparte.directory import actions, client, keyfiles, publisher, store
from contraparte.directory.fetching import FolderFetcher
from contraparte.directory.models import Country
from contraparte.directory.rules.register import Register
from contraparte.directory.rules.succession import Vouch, check_succession
from contraparte.protocol.errors import LocalKeyMissingError
from contraparte.protocol.keys import Purpose

NOWHERE = "https://rehearsal.invalid"  # never asked: files come from the copy


@dataclass(frozen=True, slots=True)
class Step:
    """One step that worked, and what the reader trusts after it."""

    name: str
    outcome: str


def rehearse_rotation(country: str, *, root_folder: Path, now: datetime) -> list[Step]:
    """Go through a rotation of all keys on a copy; returns the steps, in order.

    Raises what would stop the rotation on the day: LocalKeyMissingError below the threshold of root keys or without
    the online keys, DirectoryUntrustedError where nothing is published, DirectoryRejectedError for a reader who does
    not follow.
    """
    first = publisher.first_root(country)
    with _copy_of_home(country) as scratch:
        roots = scratch / "roots"
        shutil.copytree(root_folder, roots)
        reader = _Reader(country, first, scratch / "reader")
        steps = [Step("read", reader.follow(now))]
        publisher.rotate_root(country, root_folder=roots, now=now, fresh_root=True, fresh_online=True)
        steps.append(Step("root and online keys", reader.follow(now)))
        for agency in _agencies_with_keys(publisher.current_register(country)):
            before = publisher.current_register(country)
            after = before.with_keys(actions.rotate_key(agency, Purpose.MESSAGE, now=now))
            _require_vouched(before, after)
            publisher.publish(after, now=now)
            steps.append(Step(f"message key of {agency}", reader.follow(now)))
        return steps


@contextmanager
def _copy_of_home(country: str) -> Iterator[Path]:
    """A home of its own for the time being, so that no step can reach the real one."""
    published, keys, home = store.published_folder(country), keyfiles.folder(), settings.HOME
    with tempfile.TemporaryDirectory(prefix="contraparte-rotation-") as name:
        scratch = Path(name)
        settings.HOME = replace(home, path=scratch / "home")
        try:
            shutil.copytree(published, store.published_folder(country))
            shutil.copytree(keys, keyfiles.folder(), dirs_exist_ok=True)
            yield scratch
        finally:
            settings.HOME = home


class _Reader:
    """Somebody in the other country who was handed the first root and reads what is published."""

    def __init__(self, country: str, first_root: bytes, area: Path) -> None:
        self._row = Country(pk=country, url=NOWHERE)
        self._first_root, self._area = first_root, area
        area.mkdir(parents=True)

    def follow(self, now: datetime) -> str:
        """Update; returns what is trusted then."""
        fetcher = FolderFetcher(store.published_folder(self._row.pk))
        targets = client.verified_targets(self._row, self._area, self._first_root, fetcher, now)
        register = Register.parse(self._row.pk, targets)
        version = client.version_of(self._area / "root.json")
        return f"root {version}, {len(register.agencies)} agencies, {len(register.keys)} keys"


def _agencies_with_keys(register: Register) -> list[str]:
    """Agencies whose published message key is held here; what was made and never published does not rotate."""
    held = {kid for agency in keyfiles.hosted_agencies() for kid in keyfiles.kids_of(agency)}
    published = [entry.public() for entry in register.keys if entry.status == "active" and entry.kid in held]
    return sorted({key.agency for key in published if key.purpose is Purpose.MESSAGE})


def _require_vouched(before: Register, after: Register) -> None:
    known = [entry.public() for entry in before.keys]
    found = check_succession(after, known, lambda data, signatures: False)
    for kid, why in found.items():
        if why is not Vouch.PREDECESSOR:
            raise LocalKeyMissingError(kid=kid)
