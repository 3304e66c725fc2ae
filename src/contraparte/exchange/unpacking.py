"""Taking in a pouch, by the same doors as what comes over the network, and answering it (P4.5).

    file ─▶ every byte as the manifest says ─▶ metadata, if its key is unknown ─▶ signature, recipient, number
         ─▶ metadata · heads · envelopes to the inbox · receipts to the books ─▶ answer with the receipts

Refused as a whole: what is damaged, not signed by the operator of a trusted directory, for another node, or numbered
like another pouch. Taken: what comes late, twice, out of order or under another name, for each envelope answers for
itself. What is missing between the numbers is told.
"""

import datetime
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from django.conf import settings

from contraparte.directory import carrying, keyring
from contraparte.directory import queries as directory
from contraparte.exchange import pouch_numbers as book
from contraparte.exchange.inbox import accept_batch
from contraparte.exchange.models import Message, Receipt
from contraparte.exchange.pouch_files import Opened, Progress, Writer, nobody, opened
from contraparte.exchange.pouch_shares import take_shares
from contraparte.exchange.receipts import keep_receipts
from contraparte.exchange.resealing import reseal
from contraparte.exchange.shipping import begin as begin_shipment
from contraparte.exchange.writing import writing
from contraparte.ledger import heads, incidents
from contraparte.ledger.rules.origins import parse_origin
from contraparte.protocol import limits, pouch
from contraparte.protocol.errors import (
    AgencyUnknownError,
    AttachmentMissingError,
    ContraparteError,
    KeyRetiredError,
    KeyUnknownError,
    NodeError,
    PouchAnswerError,
    PouchChainError,
    PouchNumberError,
    PouchRecipientError,
    PouchUnprovenError,
)
from contraparte.protocol.frames import decode_batch, encode_batch
from contraparte.protocol.keys import Purpose
from contraparte.protocol.pouch import Manifest, Part, read_manifest, seal_manifest
from contraparte.protocol.receipts import Receipt as SignedReceipt
from contraparte.protocol.receipts import Statement, decode_receipts, encode_receipts

ANSWER_PART = limits.RECEIPTS // 4


@dataclass
class Taken:
    """What came of a pouch. `refused` counts what was taken by nobody, by code: it has no receipt."""

    manifest: Manifest
    again: bool = False  # this very file was taken in before
    accepted: int = 0
    rejected: int = 0
    deferred: int = 0
    receipts: int = 0
    heads: int = 0
    share_bytes: int = 0
    directories: dict[str, str] = field(default_factory=dict)
    refused: dict[str, int] = field(default_factory=dict)
    missing: list[tuple[int, int]] = field(default_factory=list)
    answer: Path | None = None
    _positions: list[int] = field(default_factory=list)

    def refuse(self, code: str) -> None:
        """Count something that was refused without a receipt."""
        self.refused[code] = self.refused.get(code, 0) + 1


def take_in(file: Path, *, answer: Path, now: datetime.datetime, progress: Progress = nobody) -> Taken:
    """Take in a pouch or an answer. A pouch is answered in the file `answer`, which is written over if it is there.

    Raises a ContraparteError where the file as a whole is refused; then nothing of it was taken but signed metadata
    that this node trusts anyway. May be repeated at any time, also after an interruption.
    """
    with opened(file, progress) as read:
        taken = Taken(read.manifest)
        _prove(read, taken, now)
        sender = read.manifest.sender
        with book.alone(book.IN, sender):
            if read.manifest.kind == "answer":
                _hear_answer(read, taken, now)
                return taken
            taken.again = _require_number(read)
            with Writer(answer, replace=True) as writer:
                _take_parts(read, taken, writer, now, progress)
                _write_answer(read, taken, writer, now)
            if not taken.again:
                previous = read.manifest.previous
                entry = book.Entry(read.manifest.number, read.sha256.hex(), previous.hex() if previous else "")
                book.write(book.IN, sender, entry)
            taken.answer = answer
            taken.missing = book.gaps(book.numbers(book.IN, sender))
    return taken


# --- the file as a whole ---


def _prove(read: Opened, taken: Taken, now: datetime.datetime) -> None:
    """The pouch is from the operator of a trusted node, for this one. Metadata in it may bring the sender's new key."""
    try:
        try:
            manifest, key = read_manifest(read.token, lambda kid: keyring.accepting_key(kid, now=now))
        except KeyUnknownError:
            _take_directories(read, taken, now)
            manifest, key = read_manifest(read.token, lambda kid: keyring.accepting_key(kid, now=now))
        route = directory.route_of(manifest.sender)
    except (NodeError, PouchUnprovenError):
        raise
    except ContraparteError as error:
        raise PouchUnprovenError(reason=error.code) from error
    if key.purpose is not Purpose.TRANSPORT or route.operator != manifest.sender:
        raise PouchUnprovenError(reason=AgencyUnknownError.code)
    if manifest.recipient != settings.NODE_OPERATOR:
        raise PouchRecipientError(recipient=manifest.recipient, here=settings.NODE_OPERATOR)


def _require_number(read: Opened) -> bool:
    """Whether this very file was taken in before; refuses a number or a predecessor that contradicts the book."""
    manifest, sha256 = read.manifest, read.sha256.hex()
    known = book.entry(book.IN, manifest.sender, manifest.number)
    if known is not None and known.sha256 != sha256:
        raise PouchNumberError(sender=manifest.sender, number=manifest.number)
    before = book.entry(book.IN, manifest.sender, manifest.number - 1)
    after = book.entry(book.IN, manifest.sender, manifest.number + 1)
    if before is not None and manifest.previous is not None and manifest.previous.hex() != before.sha256:
        raise PouchChainError(sender=manifest.sender, number=manifest.number)
    if after is not None and after.previous not in {"", sha256}:
        raise PouchChainError(sender=manifest.sender, number=manifest.number)
    return known is not None


# --- its parts ---


def _take_parts(read: Opened, taken: Taken, writer: Writer, now: datetime.datetime, progress: Progress) -> None:
    _take_directories(read, taken, now)
    if read.manifest.count(pouch.SHARE):
        _take_shares(read, taken, now)
    for part, data in read.parts():
        if part.kind == pouch.MESSAGES:
            _take_messages(data, taken, writer, now)
        elif part.kind == pouch.RECEIPTS:
            _take_receipts(part, data, taken)
        elif part.kind == pouch.CHECKPOINTS:
            _take_heads(data, taken, now)
        progress(part.size)


def _take_shares(read: Opened, taken: Taken, now: datetime.datetime) -> None:
    """The files first: the envelopes announce them, and are then taken in again with every file beside them (P3.5)."""
    with tempfile.TemporaryDirectory() as folder, Writer(Path(folder) / "announced") as unanswered:
        for part, data in read.parts():
            if part.kind == pouch.MESSAGES:
                _take_messages(data, Taken(read.manifest), unanswered, now)
    taken.share_bytes = take_shares(read, taken.refuse)


def _take_directories(read: Opened, taken: Taken, now: datetime.datetime) -> None:
    """Bring trusted views up to date; what a directory's signatures do not carry is refused there and told."""
    for part, data in read.parts():
        if part.kind == pouch.DIRECTORY and part.country not in taken.directories:
            try:
                outcome = carrying.take_in(part.country, pouch.unpack_files(data), now=now)
            except ContraparteError as error:
                outcome = error.code
            taken.directories[part.country] = outcome


def _take_messages(data: bytes, taken: Taken, writer: Writer, now: datetime.datetime) -> None:
    """Each batch through the inbox; where it refuses the whole, part by part, so that one bad one holds up no other."""
    sender = taken.manifest.sender
    receipts: list[SignedReceipt] = []
    try:
        envelopes = decode_batch(data)
    except ContraparteError as error:
        taken.refuse(error.code)
        return
    in_parts(
        envelopes,
        lambda some: receipts.extend(accept_batch(encode_batch(some), peer=sender, now=now)),
        lambda _, error: taken.refuse(error.code),
    )
    for receipt in receipts:
        kind = str(Statement.parse(receipt.statement).kind)
        setattr(taken, kind, getattr(taken, kind) + 1)
    for start in range(0, len(receipts), ANSWER_PART):
        some = receipts[start : start + ANSWER_PART]
        writer.add(pouch.RECEIPTS, encode_receipts(some), len(some))


def _take_receipts(part: Part, data: bytes, taken: Taken) -> dict[str, Statement]:
    """Receipts into the books, each by itself where the whole is refused; returns what was said, by message."""
    sender = taken.manifest.sender
    told: dict[str, Statement] = {}
    first = taken.receipts + len(taken._positions)
    try:
        numbered = list(enumerate(decode_receipts(data), first))
    except ContraparteError as error:
        taken.refuse(error.code)
        taken._positions += range(first, first + part.count)
        return told

    def keep(some: Sequence[tuple[int, SignedReceipt]]) -> None:
        told.update(keep_receipts([receipt for _, receipt in some], peer=sender))
        taken.receipts += len(some)

    def refuse(one: tuple[int, SignedReceipt], error: ContraparteError) -> None:
        taken.refuse(error.code)
        taken._positions.append(one[0])

    in_parts(numbered, keep, refuse)
    return told


def _take_heads(data: bytes, taken: Taken, now: datetime.datetime) -> None:
    """Signed heads of the sender's logs: kept, so that a fork of one of them is found (P5.2)."""
    for origin, note in pouch.unpack_files(data):
        try:
            if directory.route_of(parse_origin(origin).agency).operator != taken.manifest.sender:
                raise PouchUnprovenError(reason="log")
            heads.read_head(origin, note)
        except ContraparteError as error:
            taken.refuse(error.code)
            continue
        with writing():
            incidents.keep_head(note, now=now)
        taken.heads += 1


T = TypeVar("T")


def in_parts(
    things: Sequence[T], take: Callable[[Sequence[T]], object], refuse: Callable[[T, ContraparteError], object]
) -> None:
    """Have `take` take all; where it refuses a part, halve it. One refused alone goes to `refuse`.

    A NodeError is no refusal: this node cannot work at present, and the whole is tried again another time.
    """
    waiting: list[Sequence[T]] = [things] if things else []
    while waiting:
        part = waiting.pop(0)
        try:
            take(part)
        except NodeError:
            raise
        except ContraparteError as error:
            if len(part) == 1:
                refuse(part[0], error)
            else:
                waiting[:0] = [part[: len(part) // 2], part[len(part) // 2 :]]


# --- the answer ---


def _write_answer(read: Opened, taken: Taken, writer: Writer, now: datetime.datetime) -> None:
    """The receipts of what was in it, under the number of what they answer. Unlike a pouch it has no successor."""
    manifest = Manifest(
        kind="answer",
        number=read.manifest.number,
        sender=settings.NODE_OPERATOR,
        recipient=read.manifest.sender,
        made=now,
        parts=tuple(writer.parts),
        answers=read.sha256,
        refused=tuple(taken._positions),
    )
    key = keyring.private_key(settings.NODE_OPERATOR, Purpose.TRANSPORT, now=now)
    beside, _ = writer.prepare(seal_manifest(manifest, key))
    writer.publish(beside)


def _hear_answer(read: Opened, taken: Taken, now: datetime.datetime) -> None:
    """Receipts for what this node sent in a pouch, and that the other side has the receipts which were in it."""
    manifest = read.manifest
    made = book.entry(book.OUT, manifest.sender, manifest.number)
    if made is None or manifest.answers is None or made.sha256 != manifest.answers.hex():
        raise PouchAnswerError(number=manifest.number)
    for part, data in read.parts():
        if part.kind == pouch.RECEIPTS:
            told = _take_receipts(part, data, taken)
            _seal_again(told, manifest.sender, now)
            _go_on(told, manifest.sender, now)
    unheard = set(manifest.refused)
    heard = [pk for position, pk in enumerate(made.receipts) if position not in unheard]
    with writing():
        for start in range(0, len(heard), 500):
            Receipt.objects.filter(pk__in=heard[start : start + 500], ours=True).update(due=None)
    taken.again = not book.note_heard(manifest.sender, manifest.number)


def _seal_again(told: dict[str, Statement], operator: str, now: datetime.datetime) -> None:
    """Messages put off for a retired key get another envelope (P3.4), once: the statement names the one it means."""
    retired = [one for one in told.values() if one.kind == "deferred" and one.code == KeyRetiredError.code]
    for said in retired:
        row = Message.objects.filter(
            direction="out", agency=said.sender, peer=said.receiver, uuid=said.message_id, outbox__operator=operator
        ).first()
        if row is not None and bytes(row.envelope_hash) == said.envelope_hash:
            reseal(row, now=now)


def _go_on(told: dict[str, Statement], operator: str, now: datetime.datetime) -> None:
    """Note how much of a file the other side has: the road, or the next pouch, goes on from there."""
    for said in told.values():
        if said.kind != "deferred" or said.code != AttachmentMissingError.code:
            continue
        row = Message.objects.filter(
            direction="out", agency=said.sender, peer=said.receiver, uuid=said.message_id, outbox__operator=operator
        ).first()
        if row is not None and bytes(row.envelope_hash) == said.envelope_hash:
            begin_shipment(row, said, now=now)
