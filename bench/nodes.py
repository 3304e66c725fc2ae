"""What a measure of the stores needs: Django on the empty home of this process, migrated, with keys in memory."""

import datetime
import hashlib
import itertools
import os
import uuid
from collections.abc import Sequence

from contraparte.protocol.keys import PrivateKey, PublicKey, Purpose, generate

SONORA, CENTRE = "mx.fge-son", "us.ntc"
NOW = datetime.datetime(2026, 3, 4, 5, 6, 7, tzinfo=datetime.UTC)


class KeysInMemory:
    """The port the ledger asks for keys."""

    def __init__(self, *agencies: str) -> None:
        self.private = {
            (agency, purpose): generate(agency, purpose)
            for agency, purpose in itertools.product(agencies, (Purpose.LOG, Purpose.WITNESS))
        }

    def private_key(self, agency_id: str, purpose: Purpose) -> PrivateKey:
        """The key made for it."""
        return self.private[agency_id, purpose]

    def verifying_keys(self, agency_id: str, purpose: Purpose) -> Sequence[PublicKey]:
        """Its public half."""
        return [self.private[agency_id, purpose].public()]


class NoPeers:
    """The port the ledger asks for addresses: everybody is here."""

    def is_local(self, agency: str) -> bool:
        """Always."""
        return True

    def address(self, agency: str) -> str:
        """Nowhere: no measure of the ledger alone asks a peer."""
        return "http://127.0.0.1:9"

    def speaks_for(self, caller: str, agency: str) -> bool:
        """Only for itself."""
        return caller == agency


def open_empty_node() -> KeysInMemory:
    """Set Django up on this process's home, build the tables, install the ports of the ledger."""
    import django
    from django.core.management import call_command

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "contraparte.node.settings")
    django.setup()
    call_command("migrate", verbosity=0, interactive=False)

    from contraparte.ledger import registry

    keys = KeysInMemory(SONORA, CENTRE)
    registry.install(keys=keys, peers=NoPeers(), signed=lambda view: view)
    return keys


def entries(count: int):  # type: ignore[no-untyped-def]
    """So many entries about fresh messages."""
    from contraparte.ledger.actions import Entry
    from contraparte.ledger.rules.leaves import Direction, Kind

    made = []
    for _ in range(count):
        fresh = uuid.uuid4()
        hashed = hashlib.sha256(fresh.bytes).digest()
        made.append(
            Entry(
                agency=SONORA,
                peer=CENTRE,
                kind=Kind.MESSAGE_RELEASED,
                direction=Direction.OUT,
                message_id=str(fresh),
                envelope_hash=hashed,
                commitment=hashed,
                signature_hash=hashed,
                at=NOW,
            )
        )
    return made
