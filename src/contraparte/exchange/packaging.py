"""An evidence package of a conversation: what a court's expert needs to verify messages without any node (P5.8).

Chosen messages with envelope headers, signatures, receipts of both sides, proofs, decisions and policy texts, and the
signed directories that vouch for the keys; a list of it all, signed by this agency, and an index for people. Who wants
to verify it gets the policy (whom to trust) and the fingerprints from elsewhere. docs/protocol/package.md is the form.
"""

import datetime
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from contraparte.directory import carrying, keyring, lineage
from contraparte.exchange import registry
from contraparte.exchange.bags import Bag
from contraparte.exchange.disclosed import missing_step, settled_duty, told_at
from contraparte.exchange.items import require_usable
from contraparte.exchange.known import as_signed
from contraparte.exchange.models import Conversation, DisclosureDuty, Message, PolicyText, Receipt, Release
from contraparte.exchange.packed_files import write_files
from contraparte.exchange.reading import read_message
from contraparte.exchange.rules.permissions import Kind, Need, may_use
from contraparte.exchange.sources import grants_of
from contraparte.ledger.proving import cosigned_head, is_cosigned, prove_anyhow
from contraparte.protocol import jws, limits
from contraparte.protocol.encoding import canonical_json, instant
from contraparte.protocol.errors import (
    ContraparteError,
    PackageIntelligenceError,
    PackageItemError,
    PackagePermissionExpiredError,
    PackagePermissionRevokedError,
    PackageRestrictedError,
    PackageUnprovableError,
)
from contraparte.protocol.ids import agency_of, country_of
from contraparte.protocol.keys import Purpose
from contraparte.protocol.marking import HANDLING, Marking
from contraparte.protocol.message import Message as Said
from contraparte.protocol.receipts import Statement

TYP = "cp-package+jws"
FORMAT = "contraparte-package/1"
NOT_IN_COURT = "H1"
NEED = Need(Kind.EVIDENCE)
ENDED: dict[str, type[ContraparteError]] = {
    "permission.evidence.expired": PackagePermissionExpiredError,
    "permission.evidence.revoked": PackagePermissionRevokedError,
}
MOST_ITEMS = 1000

Told = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class PackedItem:
    """One message as the index shows it."""

    place: str
    row: Message
    message: Said
    receipts: tuple[Statement, ...]
    is_cosigned: bool
    permission: str = ""
    duty: DisclosureDuty | None = None


@dataclass(frozen=True, slots=True)
class Package:
    """What was packaged."""

    conversation: Conversation
    made: datetime.datetime
    items: list[PackedItem]
    path: Path

    @property
    def uncosigned(self) -> int:
        """Items whose entry no counterpart has cosigned yet: a policy that asks for it refuses these."""
        return sum(not item.is_cosigned for item in self.items)


def refusal(row: Message, now: datetime.datetime) -> ContraparteError | None:
    """Why a message may not enter a court file at `now`, None where nothing forbids it.

    A permission of who sent it lifts H1, and lets intelligence be filed (P6.4); for what left here nobody gives one.
    What a duty of disclosure has put into a court file enters too (P6.7); a declared one names the step it lacks.
    """
    try:
        require_usable(row)
    except ContraparteError as refused:
        return refused
    item, marking = str(row.uuid), read_message(row).marking
    unknown = sorted(marking.handling - HANDLING) or sorted(marking.extra)
    if unknown:
        return PackageRestrictedError(item=item, restriction=unknown[0][: limits.MARKING_ITEM_CHARS])
    verdict = may_use(marking, grants_of(row) if row.direction == "in" else (), NEED, now)
    if verdict.allowed or settled_duty(row) is not None:
        return None
    return missing_step(row) or _kept_out(item, marking, verdict.reason)


def _kept_out(item: str, marking: Marking, reason: str) -> ContraparteError:
    refused_by_name = ENDED.get(reason)
    if refused_by_name is not None:
        return refused_by_name(item=item)
    if marking.evidence != "evidence":
        return PackageIntelligenceError(item=item)
    return PackageRestrictedError(item=item, restriction=NOT_IN_COURT)


def permission_for(row: Message, now: datetime.datetime) -> str:
    """The number of the permission by which a message enters a court file; empty where it needs none."""
    if row.direction != "in":
        return ""
    return may_use(read_message(row).marking, grants_of(row), NEED, now).grant


def duty_for(row: Message, now: datetime.datetime) -> DisclosureDuty | None:
    """The duty of disclosure by which a message enters a court file; None where it needs none or is permitted."""
    if row.direction != "in" or may_use(read_message(row).marking, grants_of(row), NEED, now).allowed:
        return None
    return settled_duty(row)


def choose(conversation: Conversation, uuids: Sequence[str] | None = None, *, now: datetime.datetime) -> list[Message]:
    """The messages of a package, all or those named, in the order of their making.

    PackageItemError for one that is not in the conversation, and what `refusal` says of one that may not enter.
    """
    rows = {str(row.uuid): row for row in Message.objects.filter(conversation=conversation).select_related("content")}
    wanted = list(dict.fromkeys(uuids)) if uuids is not None else list(rows)
    if not wanted or len(wanted) > MOST_ITEMS:
        raise PackageItemError(item=str(len(wanted)))
    for uuid in wanted:
        if uuid not in rows:
            raise PackageItemError(item=uuid[:80])
        refused = refusal(rows[uuid], now)
        if refused is not None:
            raise refused
    return sorted((rows[uuid] for uuid in wanted), key=lambda row: (instant(row.created), str(row.uuid)))


def write_package(
    conversation: Conversation,
    path: Path,
    *,
    uuids: Sequence[str] | None = None,
    now: datetime.datetime,
    told: Told | None = None,
) -> Package:
    """Write a package into the folder or .zip file `path`, which must not exist.

    Raises what `choose` raises, PackageUnprovableError where an expert would lack something, PouchFileError.
    """
    rows = choose(conversation, uuids, now=now)
    with Bag(path, now) as bag:
        package = Package(conversation, now, [], path)
        entries = []
        for number, row in enumerate(rows, 1):
            item, entry = _write_item(bag, f"{number:04d}", row, now)
            package.items.append(item)
            entries.append(entry)
            if told is not None:
                told(1)
        _write_policies(bag, rows)
        _write_heads(bag, rows)
        _write_directories(bag, conversation.agency, rows)
        for name, data in registry.package_index(package).items():
            bag.add(name, data)
        _write_contents(bag, package, entries)
        bag.finish(
            {
                "Source-Organization": conversation.agency,
                "External-Identifier": str(conversation.uuid),
                "Bagging-Date": instant(now)[:10],
            }
        )
    return package


# --- one message ---


def _write_item(bag: Bag, place: str, row: Message, now: datetime.datetime) -> tuple[PackedItem, dict[str, Any]]:
    content, message = row.content, read_message(row)
    base = f"items/{place}"
    sealed = bytes(content.ciphertext)
    hashed = sealed if len(sealed) == hashlib.sha256().digest_size else hashlib.sha256(sealed).digest()
    bag.add(f"{base}/presentation.sd-jwt", bytes(content.presentation))
    bag.add(f"{base}/envelope-header.json", bytes(content.header))
    bag.add(f"{base}/ciphertext.sha256", hashed.hex().encode() + b"\n")
    bag.add(f"{base}/envelope-signature.jws", bytes(content.signature))
    receipts = _write_receipts(bag, base, row)
    write_files(bag, base, row, message)
    places = {(row.log_origin, row.log_index)}
    places |= {(one.log_origin, one.log_index) for one in row.resealings.all()}
    # Of receipts only what is cosigned by now: each is signed anyhow, and few policies take a head nobody cosigned.
    said_at = {(said.log_origin, said.index or 0) for _, said in receipts if said.log_origin is not None}
    places |= {place for place in said_at if is_cosigned(*place)}
    proofs = _write_proofs(bag, base, places)
    if row.direction == "out":
        bag.add(f"{base}/decision.json", _decision(row))
    entry = {
        "place": place,
        "id": str(row.uuid),
        "direction": row.direction,
        "digest": bytes(row.digest).hex(),
        "sender": message.sender,
        "recipient": message.recipient,
        "type": message.type,
        "created": instant(message.created),
        "marking": message.marking.to_json(),
        "receipts": [name for name, _ in receipts],
        "proofs": proofs,
    }
    if permission := permission_for(row, now):
        entry["permission"] = permission
    if duty := duty_for(row, now):
        entry["duty"] = _duty(duty)
    return PackedItem(
        place,
        row,
        message,
        tuple(said for _, said in receipts),
        is_cosigned(row.log_origin, row.log_index),
        permission,
        duty,
    ), entry


def _duty(duty: DisclosureDuty) -> dict[str, str]:
    """By what an item stands there against its marking, when its sender was told, when a second person confirmed."""
    told, confirmed = told_at([duty]).get(duty.pk), duty.confirmed_at
    assert told is not None and confirmed is not None
    said = {"basis": duty.basis, "citation": duty.citation, "court": duty.court}
    said["dated"] = duty.dated.isoformat() if duty.dated else ""
    facts = {"number": str(duty.uuid), **said, "told_at": instant(told), "confirmed_at": instant(confirmed)}
    return {name: value for name, value in facts.items() if value}


def _write_receipts(bag: Bag, base: str, row: Message) -> list[tuple[str, Statement]]:
    """Every receipt about the message, whichever side signed it, by time and kind."""
    rows = Receipt.objects.filter(message=row).select_related("head")
    read = [(Statement.parse(bytes(one.statement)), as_signed(one)) for one in rows]
    read.sort(key=lambda pair: (instant(pair[0].at), str(pair[0].kind)))
    found = []
    for number, (said, receipt) in enumerate(read, 1):
        name = f"{number:02d}-{said.kind}.receipt"
        bag.add(f"{base}/receipts/{name}", receipt.to_bytes())
        found.append((name, said))
    return found


def _write_proofs(bag: Bag, base: str, places: set[tuple[str, int]]) -> list[str]:
    """Proofs of the entries in both sides' logs, as far as they are here; by log and index."""
    names: list[str] = []
    for origin, index in sorted(places):
        proof = prove_anyhow(origin, index)
        if proof is None:
            continue
        names.append(f"{len(names) + 1:02d}-{origin.replace('/', '_')}-{index}.tlog-proof")
        bag.add(f"{base}/proofs/{names[-1]}", proof.to_bytes())
    return names


def _decision(row: Message) -> bytes:
    """The decision of the gate, without the person who sent it: that stays at home (P2.4)."""
    release = Release.objects.get(pk=row.pk)
    return canonical_json(
        {
            "content_digest": bytes(release.content_digest).hex(),
            "decision": release.decision,
            "policy_hash": release.policy_hash,
            "at": instant(release.at),
        },
        "decision",
    )


# --- what belongs to all ---


def _write_policies(bag: Bag, rows: Sequence[Message]) -> None:
    hashes = Release.objects.filter(message__in=rows).values_list("policy_hash", flat=True)
    for text in PolicyText.objects.filter(pk__in=set(hashes)).order_by("pk"):
        bag.add(f"policies/{text.pk}.cedar", text.text.encode())


def _write_heads(bag: Bag, rows: Sequence[Message]) -> None:
    """The latest signed head of each log the messages stand in, with the cosignatures it has."""
    for origin in sorted({row.log_origin for row in rows}):
        bag.add(f"logs/{origin.replace('/', '_')}.checkpoint", cosigned_head(origin))


def _write_directories(bag: Bag, agency: str, rows: Sequence[Message]) -> None:
    parties = {agency, *(agency_of(row.sender) for row in rows), *(agency_of(row.recipient) for row in rows)}
    line = lineage.line_of(agency)
    changes = (event for event in lineage.events() if line & {*event.document.before, *event.document.after})
    # A change ties an old log to the new one only with the keys of all who signed it.
    signers = {country for event in changes for country in event.signers}
    for country in sorted({country_of(party) for party in parties} | signers):
        files = list(carrying.carried_files(country))
        if not files:
            raise PackageUnprovableError(what="directory", item=country)
        for name, data in files:
            bag.add(f"directory/{country}/{name}", data)


def _write_contents(bag: Bag, package: Package, entries: list[dict[str, Any]]) -> None:
    """The list of everything, and this agency's signature over it: last, because it names all the others."""
    agency = package.conversation.agency
    raw = canonical_json(
        {
            "format": FORMAT,
            "agency": agency,
            "conversation": str(package.conversation.uuid),
            "made": instant(package.made),
            "items": entries,
            "files": [
                {"path": name, "size": size, "sha256": sha256} for name, (size, sha256) in sorted(bag.sizes.items())
            ],
        },
        "contents",
    )
    key = keyring.private_key(agency, Purpose.TRANSPORT, now=package.made)
    bag.add("contents.json", raw)
    bag.add("contents.jws", jws.sign_detached(raw, TYP, key))
