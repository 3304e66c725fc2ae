"""Making a pouch: what waits for one other node, written into a file to be carried there by hand (P4.5).

Nothing is ticked off by it: a message is sent when the receipt of its receiver is here, whatever way that came. So a
pouch that is lost costs a walk, and one that is made twice costs nothing.
"""

import datetime
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from contraparte.directory import carrying, keyring
from contraparte.directory import queries as directory
from contraparte.exchange import pouch_numbers as book
from contraparte.exchange.known import as_signed
from contraparte.exchange.models import Outbox, Receipt
from contraparte.exchange.pouch_files import Writer
from contraparte.exchange.pouch_shares import SHARES, add_shares
from contraparte.ledger import queries as ledger
from contraparte.ledger.models import Log
from contraparte.protocol import limits, pouch
from contraparte.protocol.envelope import Envelope
from contraparte.protocol.frames import encode_batch, encoded_size
from contraparte.protocol.keys import Purpose
from contraparte.protocol.pouch import Manifest, seal_manifest
from contraparte.protocol.receipts import encode_receipts

PAGE = 32  # rows with their ciphertexts in memory at once
RECEIPTS_PAGE = limits.RECEIPTS // 4

Told = Callable[[str, int], None]


def nobody(kind: str, done: int) -> None:
    """Told to nobody."""


@dataclass(frozen=True, slots=True)
class Packed:
    """A pouch that was made."""

    manifest: Manifest
    sha256: bytes
    unheard: list[int]  # earlier numbers nobody has answered
    unfinished: int = 0  # messages whose files go on in the next pouch, once this one is answered


def pack(
    to: str, file: Path, *, now: datetime.datetime, above: int = 0, shares: int = SHARES, told: Told = nobody
) -> Packed:
    """Write everything that waits for the node of agency `to` into `file`, which must not exist.

    `shares`: how many shares of files it holds at most.
    `above`: begin the numbers anew above this one, where the book of numbers was lost.
    Raises AgencyUnknownError, PouchFileError, LocalKeyMissingError.
    """
    operator = directory.route_of(to).operator
    key = keyring.private_key(settings.NODE_OPERATOR, Purpose.TRANSPORT, now=now)
    with book.alone(book.OUT, operator), Writer(file) as writer:
        given = book.numbers(book.OUT, operator)
        last = given[-1] if given else 0
        before = book.entry(book.OUT, operator, last) if last >= above else None
        _add_messages(writer, operator, told)
        carried = _add_receipts(writer, operator, told)
        _add_directories(writer, told)
        _add_checkpoints(writer, operator)
        unfinished = add_shares(writer, operator, shares)
        manifest = Manifest(
            kind="pouch",
            number=max(last, above) + 1,
            sender=settings.NODE_OPERATOR,
            recipient=operator,
            made=now,
            parts=tuple(writer.parts),
            previous=bytes.fromhex(before.sha256) if before else None,
        )
        beside, sha256 = writer.prepare(seal_manifest(manifest, key))
        # The number first: one that is lost is told as a gap, one that is given twice would look like a fraud.
        book.write(
            book.OUT,
            operator,
            book.Entry(manifest.number, sha256.hex(), before.sha256 if before else "", tuple(carried)),
        )
        writer.publish(beside)
    return Packed(manifest, sha256, [one for one in book.unheard(operator) if one != manifest.number], unfinished)


def _add_messages(writer: Writer, operator: str, told: Told) -> None:
    """Every envelope that no receipt has settled yet, in the order of release: that of each conversation."""
    batch: list[Envelope] = []
    size = 0
    for envelope in _waiting(operator):
        grown = size + encoded_size(envelope)
        if len(batch) == limits.BATCH_ENVELOPES or grown > limits.BATCH_BYTES - 1024:
            writer.add(pouch.MESSAGES, encode_batch(batch), len(batch))
            batch, grown = [], encoded_size(envelope)
        batch.append(envelope)
        size = grown
        told(pouch.MESSAGES, 1)
    if batch:
        writer.add(pouch.MESSAGES, encode_batch(batch), len(batch))


def _waiting(operator: str) -> Iterator[Envelope]:
    last = 0
    while True:
        rows = Outbox.objects.filter(operator=operator, pk__gt=last).select_related("message__content")
        page = list(rows.order_by("pk")[:PAGE])
        if not page:
            return
        for row in page:
            content = row.message.content
            yield Envelope(bytes(content.header), bytes(content.ciphertext), bytes(content.signature))
        last = page[-1].pk


def _add_receipts(writer: Writer, operator: str, told: Told) -> list[int]:
    """Later receipts that the other node has not confirmed; returns their row ids in the order of the parts."""
    agencies = [agency.pk for agency in directory.agencies_of_operator(operator)]
    carried: list[int] = []
    while len(carried) < limits.POUCH_RECEIPTS:
        rows = Receipt.objects.filter(ours=True, due__isnull=False, peer__in=agencies).select_related("head")
        page = list(rows.filter(pk__gt=carried[-1] if carried else 0).order_by("pk")[:RECEIPTS_PAGE])
        if not page:
            break
        writer.add(pouch.RECEIPTS, encode_receipts([as_signed(row) for row in page]), len(page))
        carried += [row.pk for row in page]
        told(pouch.RECEIPTS, len(page))
    return carried


def _add_directories(writer: Writer, told: Told) -> None:
    for country in carrying.trusted_countries():
        files = list(carrying.carried_files(country))
        writer.add(pouch.DIRECTORY, pouch.pack_files(files), len(files), country)
        told(pouch.DIRECTORY, 1)


def _add_checkpoints(writer: Writer, operator: str) -> None:
    """The signed heads of this node's logs about agencies of that node, so that it can hold this one to them."""
    agencies = [agency.pk for agency in directory.agencies_of_operator(operator)]
    logs = Log.objects.filter(mine=True, size__gt=0, peer__in=agencies).order_by("origin")[: limits.POUCH_FILES]
    notes = [(log.origin, ledger.latest_note(log)) for log in logs]
    if notes:
        writer.add(pouch.CHECKPOINTS, pouch.pack_files(notes), len(notes))
