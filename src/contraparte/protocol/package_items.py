"""One message of an evidence package: its signatures, envelope, receipts, proofs and the decision that let it go.

Every check reads files of the package and says which one does not hold; none believes what another file claims without
the signature or the hash that binds the two.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from contraparte.protocol import jws
from contraparte.protocol.encoding import instant, parse_object
from contraparte.protocol.envelope import TYP as ENVELOPE_TYP
from contraparte.protocol.envelope import Header, require_match
from contraparte.protocol.errors import ContraparteError, KeyUnknownError, NoteMalformedError
from contraparte.protocol.keys import PublicKey, Purpose
from contraparte.protocol.leaf_reading import read_leaf
from contraparte.protocol.message import Message, content_digest, digest, read
from contraparte.protocol.notes import Checkpoint, Note, SignatureType, VerifierKey, verify_note
from contraparte.protocol.package_files import check_files
from contraparte.protocol.receipts import Receipt, ReceiptKind, Statement, verify_receipt
from contraparte.protocol.tlog import leaf_hash, verify_inclusion
from contraparte.protocol.tlog_proof import TlogProof, TrustPolicy

Blame = Callable[..., None]
SEALED: Final = frozenset({"message:released", "message:accepted", "message:resealed"})
"""Leaves that bind the envelope and its signature to the message."""


@dataclass(frozen=True, slots=True)
class Item:
    """What the signed contents say of one message; receipts and proofs are file names in their fixed order."""

    place: str
    id: str
    direction: str
    digest: str
    sender: str
    recipient: str
    type: str
    created: str
    marking: dict[str, Any]
    receipts: tuple[str, ...]
    proofs: tuple[str, ...]

    @classmethod
    def parse(cls, entry: dict[str, Any]) -> "Item":
        """From JSON; KeyError, TypeError, ValueError for what is none."""
        texts = {name: entry[name] for name in ("place", "id", "direction", "digest", "sender", "recipient", "type")}
        texts["created"] = entry["created"]
        if any(type(value) is not str for value in texts.values()) or entry["direction"] not in ("out", "in"):
            raise ValueError("text")
        if type(entry["marking"]) is not dict:
            raise ValueError("marking")
        receipts, proofs = _names(entry["receipts"]), _names(entry["proofs"])
        return cls(**texts, marking=entry["marking"], receipts=receipts, proofs=proofs)

    def path(self, name: str) -> str:
        """Where a file of this message lies."""
        return f"data/items/{self.place}/{name}"


def _names(value: Any) -> tuple[str, ...]:
    if type(value) is not list or any(type(name) is not str for name in value):
        raise ValueError("names")
    return tuple(value)


@dataclass
class Trust:
    """Keys of the verified directories, and the policies of whoever reads. `unnamed`: logs no policy knows.

    `own`: the packaging agency and those whose records it took over (P1.8).
    """

    keys: Mapping[str, PublicKey]
    policies: tuple[TrustPolicy, ...]
    own: frozenset[str] = frozenset()
    unnamed: set[str] = field(default_factory=set)

    def resolve(self, kid: str) -> PublicKey:
        """A key of a directory. KeyUnknownError."""
        try:
            return self.keys[kid]
        except KeyError:
            raise KeyUnknownError(kid=kid) from None

    def check_head(self, note: Note) -> tuple[Checkpoint, bool]:
        """The head of a note, and whether a policy vouches for it; else the log key of the directory must have signed.

        NoteMalformedError, NoteUnverifiedError, TrustPolicyUnmetError.
        """
        head = Checkpoint.parse(note.text)
        for policy in self.policies:
            if any(key.name == head.origin for key in policy.logs):
                return policy.check(note)[0], True
        self.unnamed.add(head.origin)
        agency = head.origin.partition("/")[0]
        keys = [key for key in self.keys.values() if (key.agency, key.purpose) == (agency, Purpose.LOG)]
        verify_note(note, [VerifierKey(head.origin, SignatureType.ED25519, key.raw) for key in keys])
        return head, False


@dataclass(frozen=True, slots=True)
class _Sealed:
    """The envelope as far as it is shown: its hash and that of its signature, in hex as leaves tell them."""

    hash: bytes
    signature_hash: str


def check_item(
    item: Item,
    files: Mapping[str, bytes],
    listed: Mapping[str, tuple[int, str]],
    trust: Trust,
    blame: Blame,
) -> int:
    """Check one message; `listed` are all files of the contents. Returns how many of its proofs hold."""
    needed = ("presentation.sd-jwt", "envelope-header.json", "ciphertext.sha256", "envelope-signature.jws")
    if any(item.path(name) not in files for name in needed):
        return 0  # told as missing
    message = _message(item, files, trust, blame)
    sealed = _envelope(item, message, files, trust, blame)
    logged = _proofs(item, sealed, files, trust, blame)
    if sealed is not None:
        logged.envelopes.add(sealed.hash.hex())
    said = _receipts(item, logged, files, trust, blame)
    if message is not None:
        check_files(item.path(""), message, listed, files, blame, receipts=said)
    _decision(item, message, files, blame)
    return len(logged.leaves)


def _message(item: Item, files: Mapping[str, bytes], trust: Trust, blame: Blame) -> Message | None:
    path = item.path("presentation.sd-jwt")
    try:
        message = read(files[path], trust.resolve)
    except ContraparteError as error:
        blame("message.unproven", path, error.code)
        return None
    told = (message.id, message.sender, message.recipient, message.type, instant(message.created))
    if told != (item.id, item.sender, item.recipient, item.type, item.created):
        blame("message.other", path, "contents")
    if message.marking.to_json() != item.marking:
        blame("message.marking", path, "contents")
    if digest(files[path]).hex() != item.digest:
        blame("message.digest", path)
    return message


def _envelope(
    item: Item, message: Message | None, files: Mapping[str, bytes], trust: Trust, blame: Blame
) -> _Sealed | None:
    path = item.path("envelope-header.json")
    raw, signature = files[path], files[item.path("envelope-signature.jws")]
    try:
        header = Header.parse(raw)
        if header.digest.hex() != item.digest:
            raise NoteMalformedError(field="digest", reason="another")
        if message is not None:
            require_match(header, message)
        sealed = bytes.fromhex(files[item.path("ciphertext.sha256")].decode("ascii").removesuffix("\n"))
        whole = hashlib.sha256(len(raw).to_bytes(4, "big") + raw + sealed).digest()
        key = trust.resolve(header.signing_kid)
        key.require(Purpose.TRANSPORT, header.sender)
        jws.verify_detached(signature, whole, ENVELOPE_TYP, key)
    except ContraparteError as error:
        blame("envelope.unproven", path, error.code)
        return None
    except ValueError:
        blame("envelope.unproven", item.path("ciphertext.sha256"), "hex")
        return None
    return _Sealed(whole, hashlib.sha256(signature).hexdigest())


@dataclass
class _Logged:
    """What the proofs that hold show: origin and index → hash of the leaf; hashes of the envelopes it went in."""

    leaves: dict[tuple[str, int], bytes] = field(default_factory=dict)
    envelopes: set[str] = field(default_factory=set)


def _proofs(item: Item, sealed: _Sealed | None, files: Mapping[str, bytes], trust: Trust, blame: Blame) -> _Logged:
    """Every proof holds, and one in the packaging agency's log that a policy trusts binds this very envelope.

    A message from the time before a change of agency lies in the log of the agency that sent or got it then.
    """
    kept_by = (item.sender if item.direction == "out" else item.recipient).partition("/")[0]
    logged = _Logged()
    places: list[tuple[str, int]] = []
    is_bound = False
    for name in item.proofs:
        path = item.path(f"proofs/{name}")
        if path not in files:
            continue
        try:
            proof = TlogProof.parse(files[path])
            head, by_policy = trust.check_head(Note.parse(proof.checkpoint))
            data = proof.extra or b""
            verify_inclusion(leaf_hash(data), proof.index, head.size, proof.path, head.root)
        except ContraparteError as error:
            blame("proof.broken", path, error.code)
            continue
        told = read_leaf(data)
        places.append((head.origin, proof.index))
        if told.get("message_id") != item.id:
            blame("proof.other", path, str(told.get("message_id", "")))
            continue
        logged.leaves[head.origin, proof.index] = leaf_hash(data)
        if told["kind"] in SEALED:
            logged.envelopes.add(str(told.get("envelope_hash")))
        is_own = kept_by in trust.own and head.origin.startswith(f"{kept_by}/")
        if sealed is not None and told["kind"] in SEALED and is_own:
            binds = (told.get("envelope_hash"), told.get("signature_hash")) == (
                sealed.hash.hex(),
                sealed.signature_hash,
            )
            is_bound = is_bound or (binds and by_policy)
    if places != sorted(set(places)):
        blame("order", "data/contents.json", f"proofs of item {item.place}")
    if sealed is not None and not is_bound:
        blame("item.unproven", item.path("proofs/"), "no trusted log holds this envelope")
    _listed_all(item, "proofs/", item.proofs, files, blame)
    return logged


def _listed_all(item: Item, folder: str, listed: tuple[str, ...], files: Mapping[str, bytes], blame: Blame) -> None:
    here = {name for name in files if name.startswith(item.path(folder))}
    for name in sorted(here - {item.path(folder + name) for name in listed}):
        blame("file.extra", name)


def _receipts(
    item: Item, logged: _Logged, files: Mapping[str, bytes], trust: Trust, blame: Blame
) -> set[tuple[str, str]]:
    """Kind and instant of every receipt that its receiver signed about this very message."""
    speaking: set[tuple[str, str]] = set()
    said: list[tuple[str, str]] = []
    for name in item.receipts:
        path = item.path(f"receipts/{name}")
        if path not in files:
            continue
        try:
            statement = verify_receipt(Receipt.parse(files[path]), trust.resolve)
        except ContraparteError as error:
            blame("receipt.unproven", path, error.code)
            continue
        said.append((instant(statement.at), str(statement.kind)))
        if not _speaks_of(statement, item, logged):
            blame("receipt.other", path, str(statement.kind))
        else:
            speaking.add((str(statement.kind), instant(statement.at)))
        place = (statement.log_origin or "", statement.index or 0)
        if place in logged.leaves and logged.leaves[place] != statement.leaf_hash:
            blame("receipt.leaf", path, f"{place[0]} {place[1]}")
    if said != sorted(said):
        blame("order", "data/contents.json", f"receipts of item {item.place}")
    _listed_all(item, "receipts/", item.receipts, files, blame)
    return speaking


def _speaks_of(statement: Statement, item: Item, logged: _Logged) -> bool:
    """Of this message in an envelope it went in, by its receiver to its sender. A refusal need not know the digest."""
    parties = (statement.sender, statement.receiver)
    same = parties == (item.sender.partition("/")[0], item.recipient.partition("/")[0])
    known = statement.digest.hex() == item.digest or statement.kind is ReceiptKind.REJECTED
    sealed = not logged.envelopes or statement.envelope_hash.hex() in logged.envelopes
    return same and known and sealed and statement.message_id == item.id


def _decision(item: Item, message: Message | None, files: Mapping[str, bytes], blame: Blame) -> None:
    """Of what left: the decision was on this very content, under a policy text that is here."""
    path = item.path("decision.json")
    if item.direction == "in":
        return
    if path not in files:
        blame("file.missing", path)
        return
    try:
        decision = parse_object(files[path], "decision")
        policy = f"data/policies/{decision['policy_hash']}.cedar"
    except (ContraparteError, KeyError) as error:
        blame("decision.unreadable", path, type(error).__name__)
        return
    if message is not None and decision.get("content_digest") != content_digest(message).hex():
        blame("decision.other", path)
    if policy not in files:
        blame("file.missing", policy)


def check_note(path: str, data: bytes, trust: Trust, blame: Blame) -> None:
    """A head of a log that stands in the package by itself."""
    try:
        trust.check_head(Note.parse(data))
    except ContraparteError as error:
        blame("head.unproven", path, error.code)
