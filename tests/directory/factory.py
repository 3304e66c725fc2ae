"""Small worlds for the tests of this room: agencies, keys and directories, without a network."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from contraparte.directory import keyfiles
from contraparte.directory.loading import load_register
from contraparte.directory.models import Country
from contraparte.directory.rules.register import AgencyEntry, Register, key_entry
from contraparte.protocol.keys import PrivateKey, Purpose, generate

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
PURPOSES = tuple(purpose for purpose in Purpose if purpose is not Purpose.ACCORD)


def agency_entry(
    agency: str, *posts: str, operator: str = "", url: str = "http://127.0.0.1:8001", **more: object
) -> AgencyEntry:
    """An agency with posts named by slug."""
    return AgencyEntry.model_validate(
        {
            "id": agency,
            "name": {"en": f"Agency {agency}", "es": f"Institución {agency}"},
            "kind": "police",
            "operator": operator or agency,
            "url": url,
            "posts": [
                {"id": f"{agency}/{post}", "name": {"en": post, "es": post}, "handles": ["trace.*"]} for post in posts
            ],
            **more,
        }
    )


def make_keys(agency: str, purposes: Iterable[Purpose] = PURPOSES) -> dict[Purpose, PrivateKey]:
    """One fresh key per purpose, kept in this home."""
    keys = {purpose: generate(agency, purpose) for purpose in purposes}
    keyfiles.keep_all(keys.values())
    return keys


def register_of(country: str, agencies: Iterable[AgencyEntry], keys: Iterable[PrivateKey]) -> Register:
    """A register with these agencies and keys; accord keys among them are the country's."""
    held = list(keys)
    return Register(
        country,
        tuple(agencies),
        tuple(key_entry(key.public(), valid_from=NOW - timedelta(days=1)) for key in held),
        tuple(key.kid for key in held if key.purpose is Purpose.ACCORD),
    )


def load(register: Register, now: datetime = NOW) -> Country:
    """Take a register in as if a refresh had just verified it; fresh for a week."""
    return load_register(register, now=now, expires_at=now + timedelta(days=7))
