"""What the exchange lends to the ledger, which may not import the directory: keys, addresses, the peers' door."""

from collections.abc import Sequence
from datetime import datetime

from contraparte.directory import keyring
from contraparte.directory import queries as directory
from contraparte.exchange import (
    arriving,
    escalating,
    handing_over,
    outbox,
    registrations,
    registry,
    retention,
    rounds,
    succession,
    telling_change,
)
from contraparte.exchange.attaching import erase_files_of
from contraparte.exchange.attachment_auditing import find_attachment_faults
from contraparte.exchange.auditing import find_message_faults
from contraparte.exchange.models import Message
from contraparte.exchange.peers import signed_by_peer
from contraparte.ledger import registry as ledger
from contraparte.protocol.errors import AgencyUnknownError
from contraparte.protocol.keys import PrivateKey, PublicKey, Purpose


class DirectoryKeys:
    """The keys of agencies, from the trusted directory and the node's own folder."""

    def private_key(self, agency_id: str, purpose: Purpose) -> PrivateKey:
        """The current private key of an agency hosted here. Raises LocalKeyMissingError."""
        return keyring.private_key(agency_id, purpose)

    def verifying_keys(self, agency_id: str, purpose: Purpose) -> Sequence[PublicKey]:
        """Every public key the directory ever named for it, the newest first."""
        return keyring.verifying_keys(agency_id, purpose)


class DirectoryPeers:
    """Where the node of an agency answers, and who speaks for it."""

    def is_local(self, agency: str) -> bool:
        """Whether this node hosts the agency; a stranger is not."""
        try:
            return directory.route_of(agency).is_local
        except AgencyUnknownError:
            return False

    def address(self, agency: str) -> str:
        """The base address of its node."""
        return directory.route_of(agency).url.rstrip("/")

    def speaks_for(self, caller: str, agency: str) -> bool:
        """Whether `caller` is `agency` itself, or operates the node that hosts it.

        Through the peers' door only operators come; an agency speaks for itself where both sides are on this node.
        """
        try:
            return caller == agency or directory.route_of(agency).operator == caller
        except AgencyUnknownError:
            return False


def _erase_files(message: Message, now: datetime) -> None:
    """The files of a message go with its content (P5.5)."""
    erase_files_of([message], now=now)


def install() -> None:
    """Called once when the applications are ready."""
    ledger.install(keys=DirectoryKeys(), peers=DirectoryPeers(), signed=signed_by_peer)
    ledger.register_cross_check("messages", find_message_faults)
    ledger.register_cross_check("attachments", find_attachment_faults)
    registry.register_eraser(_erase_files)
    rounds.install()
    arriving.install()
    outbox.install()
    escalating.install()
    handing_over.install()
    retention.install()
    succession.install()
    telling_change.install()
    registrations.register()
