"""Cosigning the logs of others, in a store of its own (P5.3, C2SP tlog-witness).

HOME/witness.sqlite3 remembers the last head cosigned for each log. Looking and storing is one transaction that is on
the disk before the cosignature leaves, so two requests at once can never turn the witness back. What an attacker who
owns this store can do: make this agency cosign a fork of a log; the other side's mirror and its fsck would show it.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from contraparte.ledger import heads, incidents, registry
from contraparte.ledger.rules.origins import Origin, parse_origin
from contraparte.protocol import limits
from contraparte.protocol.errors import IdentifierInvalidError, NoteMalformedError, NoteUnverifiedError, ProofError
from contraparte.protocol.notes import Checkpoint, Note, parse_decimal, parse_hash
from contraparte.protocol.tlog import verify_consistency

SIZE_TYPE: Final = "text/x.tlog.size"
TEXT_TYPE: Final = "text/plain; charset=utf-8"

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS cosigned (
    origin TEXT PRIMARY KEY,
    size INTEGER NOT NULL,
    root BLOB NOT NULL,
    note BLOB NOT NULL,
    line TEXT NOT NULL,
    at INTEGER NOT NULL
) STRICT
"""


@dataclass(frozen=True, slots=True)
class Answer:
    """What an add-checkpoint request gets: HTTP status, media type, body."""

    status: int
    body: bytes = b""
    media_type: str = TEXT_TYPE


@dataclass(frozen=True, slots=True)
class Cosigned:
    """The last head this node has cosigned for a log."""

    size: int
    root: bytes
    note: bytes
    line: str


def store_path() -> Path:
    """HOME/witness.sqlite3."""
    from django.conf import settings

    return Path(settings.HOME.path) / "witness.sqlite3"


@contextmanager
def _store() -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(store_path(), isolation_level=None, timeout=20)
    try:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute(_SCHEMA)
        yield connection
    finally:
        connection.close()


def _last(connection: sqlite3.Connection, origin: str) -> Cosigned | None:
    row = connection.execute("SELECT size, root, note, line FROM cosigned WHERE origin = ?", [origin]).fetchone()
    return Cosigned(row[0], bytes(row[1]), bytes(row[2]), row[3]) if row else None


def last_cosigned(origin: str) -> Cosigned | None:
    """The last head of the log `origin` this node has cosigned."""
    if not store_path().exists():
        return None
    with _store() as connection:
        return _last(connection, origin)


def all_cosigned() -> list[tuple[str, Cosigned, int]]:
    """Every log's last cosigned head with its POSIX time, by origin."""
    if not store_path().exists():
        return []
    with _store() as connection:
        rows = connection.execute("SELECT origin, size, root, note, line, at FROM cosigned ORDER BY origin").fetchall()
    return [(row[0], Cosigned(row[1], bytes(row[2]), bytes(row[3]), row[4]), row[5]) for row in rows]


@dataclass(frozen=True, slots=True)
class Request:
    """An add-checkpoint request: the size last cosigned, the proof from it, the new checkpoint."""

    old_size: int
    proof: tuple[bytes, ...]
    checkpoint: bytes

    def to_bytes(self) -> bytes:
        """The request body."""
        from base64 import b64encode

        lines = [f"old {self.old_size}", *(b64encode(step).decode() for step in self.proof), ""]
        return "".join(f"{line}\n" for line in lines).encode() + self.checkpoint

    @classmethod
    def parse(cls, body: bytes) -> "Request":
        """Read a request body. Raises NoteMalformedError."""
        head, blank, checkpoint = body.partition(b"\n\n")
        if not blank or len(body) > 2 * limits.NOTE_BYTES or not head.isascii():
            raise NoteMalformedError(field="request", reason="form")
        lines = head.decode("ascii").split("\n")
        if not lines[0].startswith("old ") or len(lines) > 1 + limits.CONSISTENCY_LINES:
            raise NoteMalformedError(field="request", reason="form")
        old_size = parse_decimal(lines[0].removeprefix("old "), "old")
        return cls(old_size, tuple(parse_hash(line, "proof") for line in lines[1:]), checkpoint)


def add_checkpoint(body: bytes, *, caller: str, now: datetime) -> Answer:
    """Cosign a head after a consistency proof from the one cosigned last, as C2SP tlog-witness answers.

    200 with the cosignature line, 400 malformed, 403 not signed by the log or not the caller's to submit, 404 no log
    this node witnesses, 409 another size was cosigned last (the body tells it) or another root of this size,
    422 the proof does not hold. A fork that its own log signed is recorded as an incident.
    """
    try:
        request = Request.parse(body)
        head = Checkpoint.parse(Note.parse(request.checkpoint).text)
    except NoteMalformedError:
        return Answer(400)
    origin = _witnessed(head.origin)
    if origin is None:
        return Answer(404)
    if not registry.peers().speaks_for(caller, origin.agency):
        return Answer(403)
    try:
        heads.read_head(head.origin, request.checkpoint)
    except (NoteMalformedError, NoteUnverifiedError):
        return Answer(403)
    if request.old_size > head.size:
        return Answer(400)
    answer, fork = _check_and_store(request, head, origin.peer, int(now.timestamp()))
    if fork is not None:
        incidents.record(incidents.PEER_FORKED, head.origin, {"one": fork, "other": request.checkpoint}, now=now)
    return answer


def _witnessed(text: str) -> Origin | None:
    """The log, where an agency of this node is its counterpart and so its witness."""
    try:
        origin = parse_origin(text)
    except IdentifierInvalidError:
        return None
    return origin if registry.peers().is_local(origin.peer) and heads.log_keys(text) else None


def _check_and_store(request: Request, head: Checkpoint, witness: str, at: int) -> tuple[Answer, bytes | None]:
    """The answer and, for a proven fork, the note cosigned before."""
    with _store() as connection:
        connection.execute("BEGIN IMMEDIATE")
        try:
            last = _last(connection, head.origin)
            refusal = _refusal(request, head, last)
            if refusal is not None:
                return refusal, last.note if last and refusal.status in (409, 422) and not refusal.body else None
            line = heads.cosign_head(witness, head.text(), at).line()
            connection.execute(
                "INSERT OR REPLACE INTO cosigned (origin, size, root, note, line, at) VALUES (?, ?, ?, ?, ?, ?)",
                [head.origin, head.size, head.root, request.checkpoint, line, at],
            )
            connection.execute("COMMIT")
        finally:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
    return Answer(200, line.encode()), None


def _refusal(request: Request, head: Checkpoint, last: Cosigned | None) -> Answer | None:
    size = last.size if last else 0
    if request.old_size != size:
        return Answer(409, f"{size}\n".encode(), SIZE_TYPE)
    if last is None or size == 0:
        return Answer(422) if request.proof else None
    if head.size == size and head.root != last.root:
        return Answer(409)
    try:
        verify_consistency(size, head.size, last.root, head.root, request.proof)
    except ProofError:
        return Answer(422)
    return None
