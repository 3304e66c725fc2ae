"""Keys by id and by use: private ones of the agencies hosted here, public ones from the trusted directory (P1.5).

`public_key` answers for any key ever known, because old signatures must verify for ever. Whether something *new* may
come in under a key is `accepting_key`: a withdrawn key is cut off from the moment this node learned of it, hence by
this receiver's first-accepted log index and never by the `created` a sender writes (P1.6).
"""

from collections.abc import Callable
from datetime import datetime

from django.utils import timezone

from contraparte.directory import keyfiles
from contraparte.directory.models import Key
from contraparte.directory.view import remember
from contraparte.protocol.errors import AgencyUnknownError, KeyRetiredError, KeyUnknownError, LocalKeyMissingError
from contraparte.protocol.keys import PrivateKey, PublicKey, Purpose


def _public(row: Key) -> PublicKey:
    return PublicKey(row.kid, row.agency_id, Purpose(row.purpose), bytes(row.raw), row.valid_from, row.valid_until)


def public_key(kid: str) -> PublicKey:
    """The public key of that id, in force or not. Raises KeyUnknownError."""
    return _entry(kid)[0]


def _entry(kid: str) -> tuple[PublicKey, str]:
    def read() -> tuple[PublicKey, str]:
        row = Key.objects.filter(kid=kid).first()
        if row is None:
            raise KeyUnknownError(kid=kid)
        return _public(row), row.status

    return remember(("key", kid), read)


def accepting_key(kid: str, *, now: datetime | None = None) -> PublicKey:
    """The public key, if something new may be accepted under it now.

    Raises KeyUnknownError, and KeyRetiredError for one withdrawn, past its time or not yet begun.
    """
    key, status = _entry(kid)
    if status != Key.ACTIVE or not key.is_valid_at(now or timezone.now()):
        raise KeyRetiredError(kid=kid)
    return key


def accepting(now: datetime) -> Callable[[str], PublicKey]:
    """A resolver for one instant, for verifiers that take one."""
    return lambda kid: accepting_key(kid, now=now)


def keys_of(agency_id: str, purpose: Purpose, *, now: datetime | None = None) -> list[PublicKey]:
    """Keys of an agency for a purpose that are good now, the newest first."""

    def read() -> list[PublicKey]:
        rows = Key.objects.filter(agency_id=agency_id, purpose=Purpose(purpose).value, status=Key.ACTIVE)
        return [_public(row) for row in rows.order_by("-valid_from", "kid")]

    at = now or timezone.now()
    return [key for key in remember(("keys", agency_id, str(purpose)), read) if key.is_valid_at(at)]


def verifying_keys(agency_id: str, purpose: Purpose) -> list[PublicKey]:
    """Every key the directory ever named for it, withdrawn ones included: old signatures verify for ever (P1.7)."""

    def read() -> list[PublicKey]:
        rows = Key.objects.filter(agency_id=agency_id, purpose=Purpose(purpose).value)
        return [_public(row) for row in rows.order_by("-valid_from", "kid")]

    return remember(("verifying", agency_id, str(purpose)), read)


def sealing_key_of(agency_id: str, *, now: datetime | None = None) -> PublicKey:
    """The key to seal for an agency with: its newest. Raises AgencyUnknownError where it has none."""
    found = keys_of(agency_id, Purpose.SEAL, now=now)
    if not found:
        raise AgencyUnknownError(agency=agency_id, field="recipient")
    return found[0]


def private_key(agency_id: str, purpose: Purpose, *, now: datetime | None = None) -> PrivateKey:
    """The private key an agency hosted here signs with now: the newest one the directory names as good.

    Raises LocalKeyMissingError, also for a key made here and not published yet: nobody could verify it.
    """
    for key in keys_of(agency_id, purpose, now=now):
        try:
            return private_key_by_id(key.kid)
        except LocalKeyMissingError:
            continue
    raise LocalKeyMissingError(agency=agency_id, purpose=Purpose(purpose).value)


def private_key_by_id(kid: str) -> PrivateKey:
    """The private key of that id, also an old one (to open what was sealed to it). Raises LocalKeyMissingError."""
    return remember(("private", kid), lambda: keyfiles.load(kid))
