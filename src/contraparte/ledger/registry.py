"""What the ledger needs and may not import: the keys of agencies and the addresses of peers.

`exchange` fills it in `AppConfig.ready()`; a missing part is LedgerUnreadyError, never a default.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from django.http import HttpRequest, HttpResponse

from contraparte.protocol.errors import LedgerUnreadyError
from contraparte.protocol.keys import PrivateKey, PublicKey, Purpose

View = Callable[..., HttpResponse]


class Keys(Protocol):
    """The keys of agencies (`directory.keyring` has this shape)."""

    def private_key(self, agency_id: str, purpose: Purpose) -> PrivateKey:
        """The current private key of a local agency. Raises LocalKeyMissingError."""
        ...

    def verifying_keys(self, agency_id: str, purpose: Purpose) -> Sequence[PublicKey]:
        """Every public key the directory ever named for it, also retired ones; empty for a stranger."""
        ...


class Peers(Protocol):
    """Where peers are and for whom they speak."""

    def is_local(self, agency: str) -> bool:
        """Whether this node keeps the agency's records."""
        ...

    def address(self, agency: str) -> str:
        """Base URL of the node of an agency, without a slash at the end."""
        ...

    def speaks_for(self, caller: str, agency: str) -> bool:
        """Whether a request signed by agency `caller` may be taken as one of `agency` (itself, or its operator)."""
        ...


CrossCheck = Callable[[], Iterable["Finding"]]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing fsck found wrong. `code` is stable; `origin`, `index` say where; `detail` holds no content."""

    code: str
    origin: str
    index: int | None = None
    detail: str = ""


@dataclass(slots=True)
class _Installed:
    keys: Keys | None = None
    peers: Peers | None = None
    signed: Callable[[View], View] | None = None


_installed = _Installed()
_cross_checks: dict[str, CrossCheck] = {}


def install(
    *, keys: Keys | None = None, peers: Peers | None = None, signed: Callable[[View], View] | None = None
) -> None:
    """Give the ledger its surroundings; what is None stays as it is.

    `signed` decorates a view so that only requests signed by a peer reach it, with `request.peer` its agency's id.
    """
    _installed.keys = keys or _installed.keys
    _installed.peers = peers or _installed.peers
    _installed.signed = signed or _installed.signed


def register_cross_check(name: str, check: CrossCheck) -> None:
    """Have `ledger fsck` run one more check, such as messages against leaves; a second of the same name replaces it."""
    _cross_checks[name] = check


def cross_checks() -> list[CrossCheck]:
    """The registered checks, by name."""
    return [check for _, check in sorted(_cross_checks.items())]


def keys() -> Keys:
    """The installed keys. Raises LedgerUnreadyError."""
    if _installed.keys is None:
        raise LedgerUnreadyError(part="keys")
    return _installed.keys


def peers() -> Peers:
    """The installed peers. Raises LedgerUnreadyError."""
    if _installed.peers is None:
        raise LedgerUnreadyError(part="peers")
    return _installed.peers


def signed_only(view: View) -> View:
    """A view that only signed peers reach, by whatever decorator is installed when the request comes."""

    def guarded(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        if _installed.signed is None:
            raise LedgerUnreadyError(part="signed")
        return _installed.signed(view)(request, *args, **kwargs)

    return guarded
