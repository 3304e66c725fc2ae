"""A peer in memory that implements the port of the rounds: it keeps a log, serves it and witnesses ours.

Written from C2SP tlog-tiles and tlog-witness with the protocol's pure parts, without a line of `contraparte.ledger`
but the leaf's layout; what it shall lie about is set on it.
"""

import hashlib
import uuid
from base64 import b64decode
from datetime import datetime

from contraparte.ledger.rules.leaves import KIND_NUMBERS, Direction, Kind, Leaf
from contraparte.protocol.errors import ProofError
from contraparte.protocol.keys import Purpose
from contraparte.protocol.notes import Checkpoint, Note, cosign, sign_note
from contraparte.protocol.tlog import leaf_hash, root_of, verify_consistency
from contraparte.protocol.tlog_tiles import TilePath
from tests.ledger.conftest import NOW, SONORA, TRACING, KeyRing


def leaf(kind: Kind, direction: Direction = Direction.NONE, **told) -> bytes:
    fields = {"message_id": None, "envelope_hash": None, "references": (), "at": NOW, **told}
    return Leaf(
        KIND_NUMBERS[kind],
        direction,
        fields["message_id"],
        fields["envelope_hash"],
        None,
        None,
        fields["references"],
        "",
        fields["at"],
    ).to_bytes()


class Peer:
    """The tracing centre's node: its log about Sonora by year, and its witness."""

    def __init__(self, keyring: KeyRing) -> None:
        self.keyring = keyring
        self.logs: dict[str, list[bytes]] = {}
        self.heads: dict[str, bytes] = {}
        self.cosigned: dict[str, tuple[int, bytes, bytes]] = {}
        self.asked: list[str] = []
        self.answers: dict[str, tuple[int, bytes]] = {}
        self.reachable = True

    # --- its own log ---

    def log(self, year: int = 2026) -> str:
        origin = f"{TRACING}/{SONORA}/{year}"
        self.logs.setdefault(origin, [leaf(Kind.LOG_OPENED)])
        return origin

    def add(self, *leaves: bytes, year: int = 2026) -> None:
        origin = self.log(year)
        self.logs[origin] += leaves
        self.sign(origin)

    def accept(self, message_id: str, envelope_hash: bytes, at: datetime = NOW) -> None:
        known = uuid.UUID(message_id).bytes
        self.add(leaf(Kind.MESSAGE_ACCEPTED, Direction.IN, message_id=known, envelope_hash=envelope_hash, at=at))

    def sign(self, origin: str, size: int | None = None) -> bytes:
        hashes = [leaf_hash(data) for data in self.logs[origin]][:size]
        text = Checkpoint(origin, len(hashes), root_of(hashes)).text()
        key = self.keyring.private[TRACING, Purpose.LOG]
        self.heads[origin] = Note(text, (sign_note(text, origin, key.public().raw, key.sign),)).to_bytes()
        return self.heads[origin]

    # --- the port ---

    def get(self, url: str) -> tuple[int, bytes]:
        path = self._arrive(url)
        if path in self.answers:
            return self.answers[path]
        if path.startswith("witnessed/"):
            held = self.cosigned.get(path.removeprefix("witnessed/"))
            return (200, held[2]) if held else (404, b"")
        origin = "/".join(path.split("/")[:3])
        if origin not in self.heads:
            return 404, b""
        if path.endswith("/checkpoint"):
            return 200, self.heads[origin]
        tile = TilePath.parse(path.removeprefix(origin + "/"))
        leaves = self.logs[origin][tile.number * 256 :][: tile.width]
        return 200, b"".join(len(data).to_bytes(2, "big") + data for data in leaves)

    def post(self, url: str, body: bytes) -> tuple[int, bytes]:
        path = self._arrive(url)
        if path in self.answers:
            return self.answers[path]
        assert path == "add-checkpoint"
        head, _, checkpoint = body.partition(b"\n\n")
        old, *proof = head.decode().split("\n")
        return self._witness(int(old.removeprefix("old ")), [b64decode(line) for line in proof], checkpoint)

    def _arrive(self, url: str) -> str:
        if not self.reachable:
            raise OSError("no route to the peer")
        path = url.removeprefix("http://tracing.test/peer/ledger/")
        self.asked.append(path)
        return path

    def _witness(self, old: int, proof: list[bytes], checkpoint: bytes) -> tuple[int, bytes]:
        text = checkpoint.decode().split("\n\n")[0] + "\n"
        origin, size, root = text.split("\n")[:3]
        known, known_root, _ = self.cosigned.get(origin, (0, hashlib.sha256(b"").digest(), b""))
        if old != known:
            return 409, b"%d\n" % known
        try:
            if known:
                verify_consistency(known, int(size), known_root, b64decode(root), proof)
        except ProofError:
            return 422, b""
        self.cosigned[origin] = (int(size), b64decode(root), checkpoint)
        key = self.keyring.private[TRACING, Purpose.WITNESS]
        line = cosign(text, f"{TRACING}/witness", key.public().raw, key.sign, int(NOW.timestamp()))
        return 200, line.line().encode()
