"""Accepting a batch of envelopes (P3.3, P4.2–4.4): the hot path.

    bytes ─▶ frames ─▶ known already? ─▶ verify, open, read, validate    (outside any transaction)
          ─▶ ONE transaction: known after all? turns, leaves + checkpoint, rows, receipts signed once per receiver
          ─▶ commit, guard ─▶ receipts, in the order of the envelopes

Each envelope gets one answer, whatever happens to the others:
  `accepted`, only after the commit · `rejected(code)`, final and logged, only once authorship is proven ·
  `deferred(code)`, signed, unlogged: send the same again later.
"""

import datetime
import hashlib
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from contraparte.directory import keyring, lineage
from contraparte.directory import queries as directory
from contraparte.exchange import arriving, registry
from contraparte.exchange.known import Known, find_known
from contraparte.exchange.models import Incident
from contraparte.exchange.recording import record_batch
from contraparte.exchange.wake import wake_worker
from contraparte.exchange.writing import writing
from contraparte.protocol.envelope import Envelope, Header, envelope_hash, open_envelope, require_match, verify
from contraparte.protocol.errors import (
    AccordMismatchError,
    AccordSuspendedError,
    AgencyUnknownError,
    AttachmentNotTakenError,
    ContraparteError,
    DirectoryStaleError,
    EnvelopeMismatchError,
    EnvelopeUnprovenError,
    KeyRetiredError,
    KeyUnknownError,
    LineageUnknownError,
    LocalKeyMissingError,
    MessageAuthorError,
    MessageBodyError,
    MessageIdConflictError,
    MessageMalformedError,
    MessageMarkingError,
    MessageRecipientError,
    NodeError,
    PostSucceededError,
    PostUnknownError,
)
from contraparte.protocol.frames import decode_batch
from contraparte.protocol.ids import country_of
from contraparte.protocol.keys import Purpose
from contraparte.protocol.message import Message, check_clock, read
from contraparte.protocol.receipts import Receipt, Statement, sign_batch

log = logging.getLogger(__name__)

NO_DIGEST = bytes(32)

#: What the sender cannot mend and time can: a pause, a view of the directory that lags, a node without its files.
NOT_ITS_FAULT = (AccordSuspendedError, DirectoryStaleError, KeyUnknownError, LineageUnknownError, NodeError)


@dataclass(slots=True)
class Item:
    """One envelope on its way through; at most one of `known`, `conflict`, `refusal`, `deferral` in the end."""

    envelope: Envelope
    hash: bytes
    header: Header
    message: Message | None = None
    presentation: bytes = b""
    digest: bytes = NO_DIGEST
    prior: Known | None = None  # the same id, perhaps in another envelope
    known: Known | None = None  # a repeat: nothing to do but give its receipt again
    conflict: bool = False
    refusal: str = ""
    deferral: str = ""
    receipt: Receipt | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)  # said beside a deferral: which bytes are missing

    @property
    def is_new(self) -> bool:
        """True where the node has yet to answer it for good."""
        return not (self.known or self.conflict or self.deferral)


def accept_batch(body: bytes, *, peer: str, now: datetime.datetime) -> list[Receipt]:
    """Accept the envelopes in `body` from the node that agency `peer` operates.

    Returns one signed receipt per envelope, in order. Raises BatchMalformedError, and nothing else, for bytes
    that are no batch of envelopes to agencies of this node: then nothing is changed and nothing is signed.
    """
    items = [_prepare(envelope) for envelope in decode_batch(body)]
    _mark_known(items)
    for item in items:
        if item.known is None:
            _examine(item, peer, now)
    _settle_twins(items)
    if any(item.is_new for item in items):
        _record(items, now)
    _note_conflicts(items, now)
    _answer_unlogged(items, now)
    return [item.receipt for item in items if item.receipt is not None]


def _prepare(envelope: Envelope) -> Item:
    header = Header.parse(envelope.header)
    if not _is_hosted(header.recipient):
        # Nobody here can sign for that agency, so the whole batch is not ours to answer.
        raise MessageRecipientError(recipient=header.recipient)
    return Item(envelope, envelope_hash(envelope), header)


def _is_hosted(agency_id: str) -> bool:
    try:
        return directory.route_of(agency_id).is_local
    except AgencyUnknownError:
        return False


def _mark_known(items: Sequence[Item]) -> None:
    """Give repeats their stored receipt (P4.2); the same id in another envelope must be opened to be judged."""
    found = find_known([(item.header.recipient, item.header.sender, item.header.message_id) for item in items])
    for item in items:
        item.prior = found.get((item.header.recipient, item.header.sender, item.header.message_id))
        if item.prior is None:
            continue
        if item.prior.envelope_hash == item.hash:
            item.known, item.receipt = item.prior, item.prior.receipt()
        elif item.digest != NO_DIGEST:
            _settle_prior(item, item.prior)


def _examine(item: Item, peer: str, now: datetime.datetime) -> None:
    """Verify, open, read and judge one envelope. Sets `refusal` or `deferral`; changes nothing else."""
    try:
        _prove_author(item, peer, now)
    except ContraparteError as error:
        item.deferral = error.code
        return
    # From here the header is the sender's word, its digest too: enough to tell a repeat from a conflict.
    item.digest = item.header.digest
    if item.prior is not None:
        _settle_prior(item, item.prior)
        return
    try:
        _open(item, now)
        assert item.message is not None
        _judge(item.message, now)
        _wait_for_files(item)
    except LocalKeyMissingError:
        # Sealed to a key that is no longer kept (P3.4): its sender seals it again.
        item.deferral = KeyRetiredError.code
    except NOT_ITS_FAULT as error:
        item.deferral = error.code
    except PostSucceededError as error:
        # Its sender gates and seals again, for the post this names (P1.8).
        item.refusal, item.extra = error.code, {"successor": error.params["successor"]}
    except ContraparteError as error:
        item.refusal = error.code


def _wait_for_files(item: Item) -> None:
    """Put off what is fit to be accepted until every byte of its files is here and proven (P3.5)."""
    assert item.message is not None
    wait = arriving.expect(item.message, digest=item.digest)
    if wait is not None:
        item.deferral, item.extra = wait.code, wait.extra


def _settle_prior(item: Item, prior: Known) -> None:
    """A known id in another envelope: the same message sealed again keeps its receipt, other bytes are a conflict."""
    if prior.digest == item.digest:
        item.known, item.refusal, item.receipt = prior, "", prior.receipt()
    else:
        item.conflict, item.refusal = True, MessageIdConflictError.code
        log.warning("%s from %s says something else than before", item.header.message_id, item.header.sender)


def _prove_author(item: Item, peer: str, now: datetime.datetime) -> None:
    """Establish who sealed the envelope. Until then nothing final may be said about the id (it might be forged)."""
    header = item.header
    lineage.require_open_agency(header.sender, now)
    route = directory.route_of(header.sender)
    if route.operator != peer:
        raise MessageAuthorError(sender=header.sender)
    key = keyring.accepting_key(header.signing_kid, now=now)
    if key.agency != header.sender or key.purpose is not Purpose.TRANSPORT:
        raise EnvelopeUnprovenError(reason="key")
    verify(item.envelope, header, key)


def _open(item: Item, now: datetime.datetime) -> None:
    header = item.header
    private = keyring.private_key_by_id(header.sealing_kid)
    if private.agency != header.recipient:
        raise EnvelopeMismatchError(field="sealing_kid")
    item.presentation = open_envelope(item.envelope, header, private)
    message = read(item.presentation, keyring.accepting(now))
    require_match(header, message)
    item.message = message


def _judge(message: Message, now: datetime.datetime) -> None:
    """Everything a well-signed message can still be refused or deferred for (P1.2, P1.3, P4.4)."""
    check_clock(message, now)
    message_type = registry.message_type(message.type)
    if message.attachments and not message_type.takes_files:
        raise AttachmentNotTakenError(type=message.type)
    # The accord it cites, which may have been followed by another while the message was on its way.
    accord = directory.accord(message.accord.id)
    between = {country_of(message.sender), country_of(message.recipient)}
    if accord.hash != message.accord.hash or set(accord.parties) != between or not accord.in_effect(message.created):
        raise AccordMismatchError(accord=message.accord.id)
    accord.require_type(message.type, message.sender, message.recipient)
    if (message.seq is None) != message_type.control:
        raise MessageMalformedError(field="seq", reason="control")
    if directory.is_suspended(accord.id) and not message_type.control:
        raise AccordSuspendedError(accord=accord.id)
    if directory.freshness_between(message.sender, message.recipient, now) is directory.Freshness.EXPIRED:
        raise DirectoryStaleError(country=directory.least_fresh(message.sender, message.recipient, now))
    _require_local_post(message.recipient, now)
    problems = message.marking.problems()
    if problems:
        raise MessageMarkingError(reason=str(problems[0]))
    try:
        message_type.body.model_validate(message.body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise MessageBodyError(field="/".join(map(str, first["loc"])), type=message.type) from None
    if message_type.admit is not None:
        message_type.admit(message, now)


def _require_local_post(post_id: str, now: datetime.datetime) -> None:
    lineage.require_open_post(post_id, now)
    try:
        found = directory.post(post_id)
    except PostUnknownError:
        found = None
    if found is None or not found.agency.is_local or not (found.listed or lineage.is_passed_on(post_id, now)):
        raise MessageRecipientError(recipient=post_id)


def _settle_twins(items: Sequence[Item]) -> None:
    """Within one batch an id counts once; a second envelope of it waits for the first to be known."""
    seen: set[tuple[str, str, str]] = set()
    for item in items:
        key = (item.header.recipient, item.header.sender, item.header.message_id)
        if item.known is None and key in seen:
            item.refusal, item.deferral = "", "busy"
        if not item.deferral:
            seen.add(key)


def _record(items: Sequence[Item], now: datetime.datetime) -> None:
    """Write down what is new, under the locks of the receiving agencies.

    The same envelope may have come by another request in the meantime (its sender gave up waiting and sent again), so
    the question whether it is known is asked again under the lock: its first answer stays its only one.
    """
    with writing(*{item.header.recipient for item in items}):
        _mark_known([item for item in items if item.is_new])
        arriving.hold_back_unproven(items)
        record_batch(items, now)
        arriving.adopt(items, now=now)
        wake_worker()


def _note_conflicts(items: Sequence[Item], now: datetime.datetime) -> None:
    """Two messages under one id, both proven to be the sender's: an incident, once for each id (P4.2)."""
    found = [item for item in items if item.conflict]
    if not found:
        return
    with writing():
        for item in found:
            Incident.objects.get_or_create(
                agency=item.header.recipient,
                peer=item.header.sender,
                uuid=item.header.message_id,
                code=MessageIdConflictError.code,
                defaults={"at": now},
            )


def _answer_unlogged(items: Sequence[Item], now: datetime.datetime) -> None:
    """Sign what is put off, and conflicts: one signature per receiving agency, not logged, not stored (P4.3)."""
    by_receiver: dict[str, list[Item]] = {}
    for item in items:
        if item.deferral or item.conflict:
            by_receiver.setdefault(item.header.recipient, []).append(item)
    for receiver, group in by_receiver.items():
        statements = [
            Statement(
                kind="deferred" if item.deferral else "rejected",
                message_id=item.header.message_id,
                digest=item.digest,
                envelope_hash=item.hash,
                receiver=receiver,
                sender=item.header.sender,
                log_origin=None,
                index=None,
                leaf_hash=None,
                code=item.deferral or item.refusal,
                at=now,
                extra=item.extra,
            )
            for item in group
        ]
        signed = sign_batch(statements, keyring.private_key(receiver, Purpose.TRANSPORT))
        for item, receipt in zip(group, signed, strict=True):
            item.receipt = receipt


def signature_hash(envelope: Envelope) -> bytes:
    """What a leaf says of the sender's signature."""
    return hashlib.sha256(envelope.signature).digest()
