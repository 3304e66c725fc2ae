"""Two agencies with keys of their own, a home of its own for each test, and entries to log."""

import hashlib
import uuid
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from contraparte.ledger import actions, registry
from contraparte.ledger.rules.leaves import Direction, Kind
from contraparte.node.home import Home
from contraparte.protocol.errors import LocalKeyMissingError
from contraparte.protocol.keys import PrivateKey, PublicKey, Purpose, generate

SONORA, TRACING = "mx.fge-son", "us.ntc"
NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)


class KeyRing:
    """The keys of agencies, in memory: the port that the directory fills in a node."""

    def __init__(self) -> None:
        self.private: dict[tuple[str, Purpose], PrivateKey] = {}
        self.known: dict[tuple[str, Purpose], list[PublicKey]] = {}

    def make(self, agency: str, purpose: Purpose) -> PrivateKey:
        key = self.private[agency, purpose] = generate(agency, purpose)
        self.known.setdefault((agency, purpose), []).append(key.public())
        return key

    def private_key(self, agency_id: str, purpose: Purpose) -> PrivateKey:
        if (agency_id, purpose) not in self.private:
            raise LocalKeyMissingError(agency=agency_id, purpose=purpose)
        return self.private[agency_id, purpose]

    def verifying_keys(self, agency_id: str, purpose: Purpose) -> Sequence[PublicKey]:
        return self.known.get((agency_id, purpose), [])


class Neighbours:
    """Who is here, who speaks for whom."""

    def __init__(self) -> None:
        self.local = {SONORA}
        self.addresses = {SONORA: "http://sonora.test", TRACING: "http://tracing.test"}

    def is_local(self, agency: str) -> bool:
        return agency in self.local

    def address(self, agency: str) -> str:
        return self.addresses[agency]

    def speaks_for(self, caller: str, agency: str) -> bool:
        return caller == agency


@pytest.fixture
def home(tmp_path: Path, settings) -> Path:
    """A node's folder of this test alone, so that guards and witnesses do not meet."""
    settings.HOME = Home(path=tmp_path)
    actions._proven.clear()
    return tmp_path


@pytest.fixture
def keyring(home: Path) -> Iterator[KeyRing]:
    ring = KeyRing()
    for agency in (SONORA, TRACING):
        for purpose in (Purpose.LOG, Purpose.WITNESS):
            ring.make(agency, purpose)
    before = (registry._installed.keys, registry._installed.peers, registry._installed.signed)
    # Leaves of these tests have no messages behind them: the room is tested without what other rooms registered.
    checks = dict(registry._cross_checks)
    registry._cross_checks.clear()
    registry.install(keys=ring, peers=Neighbours(), signed=lambda view: view)
    yield ring
    registry._installed.keys, registry._installed.peers, registry._installed.signed = before
    registry._cross_checks.update(checks)


@pytest.fixture
def entry() -> Callable[..., actions.Entry]:
    """An entry about a fresh message; what is named replaces the default."""

    def make(**told) -> actions.Entry:
        fields = {
            "agency": SONORA,
            "peer": TRACING,
            "kind": Kind.MESSAGE_RELEASED,
            "direction": Direction.OUT,
            "message_id": str(uuid.uuid4()),
            "envelope_hash": hashlib.sha256(uuid.uuid4().bytes).digest(),
            "commitment": bytes(32),
            "signature_hash": bytes(32),
            "at": NOW,
        }
        return actions.Entry(**{**fields, **told})

    return make


@pytest.fixture
def peer(keyring: KeyRing):
    from tests.ledger.peer import Peer

    return Peer(keyring)


@pytest.fixture
def log_entries(keyring: KeyRing, entry) -> Callable[..., list[actions.Appended]]:
    """Log so many fresh entries in one committed batch."""
    from django.db import transaction

    def log(count: int = 1, *, now: datetime = NOW, **told) -> list[actions.Appended]:
        with transaction.atomic():
            return actions.append([entry(**told) for _ in range(count)], now=now)

    return log
