"""Proof files and the files of whom to trust, for verifying offline (P5.6).

    c2sp.org/tlog-proof@v1   index, inclusion path, checkpoint with cosignatures; `extra` carries the leaf itself
    c2sp.org/tlog-policy     known logs, known witnesses, and which of them must have cosigned

The leaf in `extra` is believed only because its hash is what the proof leads from.
"""

import re
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Self

from contraparte.protocol import limits
from contraparte.protocol.errors import (
    NoteMalformedError,
    NoteUnverifiedError,
    TrustPolicyMalformedError,
    TrustPolicyUnmetError,
)
from contraparte.protocol.notes import (
    Checkpoint,
    Note,
    SignatureType,
    VerifierKey,
    parse_base64,
    parse_decimal,
    parse_hash,
    verify_note,
)
from contraparte.protocol.tlog import verify_inclusion

HEADER: Final = "c2sp.org/tlog-proof@v1"
_PROOF_LINES: Final = 63


@dataclass(frozen=True, slots=True)
class TlogProof:
    """A proof file: which leaf, the way to the root, the signed head, and opaque data that nothing vouches for."""

    index: int
    path: tuple[bytes, ...]
    checkpoint: bytes
    extra: bytes | None = None

    def to_bytes(self) -> bytes:
        """The file."""
        lines = [HEADER]
        if self.extra is not None:
            lines.append(f"extra {b64encode(self.extra).decode()}")
        lines.append(f"index {self.index}")
        lines += [b64encode(step).decode() for step in self.path]
        return "".join(f"{line}\n" for line in (*lines, "")).encode() + self.checkpoint

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Read a file. Raises NoteMalformedError; says nothing of its truth."""
        if len(data) > limits.NOTE_BYTES + 2 * limits.PROOF_EXTRA_BYTES:
            raise NoteMalformedError(field="proof", reason="too_long")
        head, blank, checkpoint = data.partition(b"\n\n")
        try:
            lines = head.decode("ascii").split("\n")
        except UnicodeDecodeError as error:
            raise NoteMalformedError(field="proof", reason="ascii") from error
        if not blank or lines.pop(0) != HEADER:
            raise NoteMalformedError(field="proof", reason="header")
        extra = None
        if lines and lines[0].startswith("extra "):
            extra = parse_base64(lines.pop(0).removeprefix("extra "), "extra")
            if len(extra) > limits.PROOF_EXTRA_BYTES:
                raise NoteMalformedError(field="extra", reason="too_long")
        if not lines or not lines[0].startswith("index "):
            raise NoteMalformedError(field="index", reason="form")
        index = parse_decimal(lines.pop(0).removeprefix("index "), "index")
        if len(lines) > _PROOF_LINES:
            raise NoteMalformedError(field="proof", reason="too_many_hashes")
        Checkpoint.parse(Note.parse(checkpoint).text)
        return cls(index, tuple(parse_hash(line, "proof") for line in lines), checkpoint, extra)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a proof shows once it is verified."""

    head: Checkpoint
    index: int
    log: VerifierKey
    witnesses: Mapping[str, int]
    """Names of the file's witnesses that cosigned, with the POSIX time each did."""


@dataclass(frozen=True, slots=True)
class _Group:
    threshold: int
    members: tuple[str, ...]


@dataclass(slots=True)
class TrustPolicy:
    """Known logs, known witnesses, groups of them, and the name that must have witnessed ("none": nobody need)."""

    logs: list[VerifierKey] = field(default_factory=list)
    witnesses: dict[str, VerifierKey] = field(default_factory=dict)
    groups: dict[str, _Group] = field(default_factory=dict)
    quorum: str | None = None

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Read a file. Raises TrustPolicyMalformedError with the line."""
        if len(data) > limits.TRUST_POLICY_BYTES:
            raise TrustPolicyMalformedError(line=0, reason="too_long")
        policy = cls()
        # Names are octets to the specification; this maps each octet to one character and back without loss.
        for number, line in enumerate(data.decode("latin-1").split("\n"), start=1):
            if re.search(r"[\x00-\x08\x0b-\x1f\x7f]", line):
                raise TrustPolicyMalformedError(line=number, reason="control_character")
            words = re.split(r"[ \t]+", line.strip(" \t"))
            if words == [""] or words[0].startswith("#"):
                continue
            policy._add(words, number)
        if policy.quorum is None:
            raise TrustPolicyMalformedError(line=0, reason="no_quorum")
        return policy

    def _add(self, words: list[str], line: int) -> None:
        if len(self.logs) + len(self.witnesses) + len(self.groups) >= limits.TRUST_POLICY_NAMES:
            raise TrustPolicyMalformedError(line=line, reason="too_many")
        match words:
            case ["log", key] | ["log", key, _]:
                self.logs.append(self._key(key, self.logs, line))
            case ["witness", name, key] | ["witness", name, key, _]:
                self._define(name, line)
                self.witnesses[name] = self._key(key, list(self.witnesses.values()), line)
                if self.witnesses[name].type is not SignatureType.COSIGNATURE:
                    raise TrustPolicyMalformedError(line=line, reason="key_type")
            case ["group", name, threshold, *members] if members:
                self._define(name, line)
                self.groups[name] = self._group(threshold, members, line)
            case ["quorum", name]:
                if self.quorum is not None:
                    raise TrustPolicyMalformedError(line=line, reason="second_quorum")
                if name != "none":
                    self._require_defined([name], line)
                self.quorum = name
            case _:
                raise TrustPolicyMalformedError(line=line, reason="form")

    def _key(self, text: str, known: Sequence[VerifierKey], line: int) -> VerifierKey:
        try:
            key = VerifierKey.parse(text.encode("latin-1").decode("utf-8"))
        except (NoteMalformedError, UnicodeDecodeError) as error:
            raise TrustPolicyMalformedError(line=line, reason="verifier_key") from error
        if any(other.raw == key.raw for other in known):
            raise TrustPolicyMalformedError(line=line, reason="duplicate_key")
        return key

    def _define(self, name: str, line: int) -> None:
        if name == "none" or name in self.witnesses or name in self.groups:
            raise TrustPolicyMalformedError(line=line, reason="name_taken")

    def _require_defined(self, names: Sequence[str], line: int) -> None:
        if any(name not in self.witnesses and name not in self.groups for name in names):
            raise TrustPolicyMalformedError(line=line, reason="name_unknown")

    def _group(self, threshold: str, members: list[str], line: int) -> _Group:
        self._require_defined(members, line)
        used = [member for group in self.groups.values() for member in group.members]
        if len(set(members)) != len(members) or set(members) & set(used):
            raise TrustPolicyMalformedError(line=line, reason="member_twice")
        if threshold in ("any", "all"):
            count = 1 if threshold == "any" else len(members)
        elif re.fullmatch("[1-9][0-9]{0,3}", threshold) and int(threshold) <= len(members):
            count = int(threshold)
        else:
            raise TrustPolicyMalformedError(line=line, reason="threshold")
        return _Group(count, tuple(members))

    def _is_met(self, name: str, cosigned: Mapping[str, int]) -> bool:
        """Whether a witness or group has witnessed. Groups name only what stands above them, so this ends."""
        if name in self.witnesses:
            return name in cosigned
        group = self.groups[name]
        return sum(self._is_met(member, cosigned) for member in group.members) >= group.threshold

    def check(self, note: Note) -> tuple[Checkpoint, VerifierKey, dict[str, int]]:
        """The head in a note that a known log signed and the quorum cosigned.

        Raises NoteMalformedError, NoteUnverifiedError for a false signature, TrustPolicyUnmetError.
        """
        head = Checkpoint.parse(note.text)
        logs = [key for key in self.logs if key.name == head.origin]
        try:
            signed = dict(verify_note(note, [*logs, *self.witnesses.values()]))
        except NoteUnverifiedError as error:
            if error.params["reason"] != "no_known_key":
                raise
            signed = {}
        log = next((key for key in logs if key in signed), None)
        if log is None:
            raise TrustPolicyUnmetError(reason="log_unknown", quorum=self.quorum)
        cosigned = {name: signed[key] or 0 for name, key in self.witnesses.items() if key in signed}
        if self.quorum not in (None, "none") and not self._is_met(str(self.quorum), cosigned):
            raise TrustPolicyUnmetError(reason="quorum", quorum=self.quorum)
        return head, log, cosigned


def verify_proof(proof: TlogProof, leaf_hash: bytes, policy: TrustPolicy) -> Verdict:
    """Prove that a leaf lies in a log that `policy` trusts, under a head cosigned as it asks.

    Raises NoteMalformedError, NoteUnverifiedError, TrustPolicyUnmetError, ProofError.
    """
    head, log, cosigned = policy.check(Note.parse(proof.checkpoint))
    verify_inclusion(leaf_hash, proof.index, head.size, proof.path, head.root)
    return Verdict(head, proof.index, log, cosigned)
