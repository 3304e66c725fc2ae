"""Rows of the ledger. Agencies are named by text: this room knows no directory.

Truth are `Log`, `Leaf` and `Checkpoint`; `Tile` is derived and may be deleted; `Cosignature`, `HeadSeen` and `Incident`
are evidence. Logs that this node writes (`mine`) and those it mirrors from peers lie in the same tables. No column of a
log holds what fsck could not derive again or verify, so that a change of any one is found.
"""

from django.db import models


class Log(models.Model):
    """One log and its head. The row is the fence: whoever appends holds its lock (P5.2)."""

    origin = models.CharField(max_length=255, unique=True)
    agency = models.CharField(max_length=43)
    peer = models.CharField(max_length=43)
    year = models.IntegerField()
    mine = models.BooleanField()
    size = models.BigIntegerField(default=0)
    frontier = models.BinaryField()
    note = models.BinaryField()
    closed = models.BooleanField(default=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["agency", "peer", "year"], name="ledger_log_once_a_year")]

    def __str__(self) -> str:
        return f"{self.origin} ({self.size})"


class Leaf(models.Model):
    """One leaf: its bytes and nothing else. What they say is read from them (`rules.leaves.parse_leaf`).

    No column repeats a part of the bytes, so none can contradict them; a random index over message ids would also cost
    more than the rest of an append (docs/adr/0021).
    """

    pk = models.CompositePrimaryKey("log", "index")
    log = models.ForeignKey(Log, on_delete=models.PROTECT, related_name="leaves", db_index=False)
    index = models.BigIntegerField()
    data = models.BinaryField()

    def __str__(self) -> str:
        return f"{self.log_id}/{self.index}"


class Checkpoint(models.Model):
    """A signed head, one for each batch; of a mirrored log, each head this node has verified.

    `hashes` are those of the leaves the batch added, in one piece: by them fsck names the one leaf that was changed.
    """

    pk = models.CompositePrimaryKey("log", "size")
    log = models.ForeignKey(Log, on_delete=models.PROTECT, related_name="checkpoints", db_index=False)
    size = models.BigIntegerField()
    root = models.BinaryField()
    note = models.BinaryField()
    hashes = models.BinaryField()

    def __str__(self) -> str:
        return f"{self.log_id}@{self.size}"


class Tile(models.Model):
    """Hashes of one tile (C2SP tlog-tiles), derived from leaves by `ledger.tiles`. Level 0 is kept only when full."""

    pk = models.CompositePrimaryKey("log", "level", "index")
    log = models.ForeignKey(Log, on_delete=models.PROTECT, related_name="tiles", db_index=False)
    level = models.SmallIntegerField()
    index = models.BigIntegerField()
    data = models.BinaryField()

    def __str__(self) -> str:
        return f"{self.log_id}/{self.level}/{self.index}"


class Cosignature(models.Model):
    """A witness's verified signature line over one checkpoint of a log of this node (P5.3); `at` is the line's time."""

    log = models.ForeignKey(Log, on_delete=models.PROTECT, related_name="cosignatures")
    size = models.BigIntegerField()
    witness = models.CharField(max_length=64)
    line = models.TextField()
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["log", "size", "witness"], name="ledger_cosignature_once"),
        ]

    def __str__(self) -> str:
        return f"{self.log_id}@{self.size} {self.witness}"


class HeadSeen(models.Model):
    """A head of somebody's log that reached this node by any way, with its signed note: evidence of forks (P5.2)."""

    origin = models.CharField(max_length=255)
    size = models.BigIntegerField()
    root = models.BinaryField()
    note = models.BinaryField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["origin", "size", "root"], name="ledger_head_seen_once")]

    def __str__(self) -> str:
        return f"{self.origin}@{self.size}"


class Incident(models.Model):
    """Something a log or its keeper did that must not happen. `evidence` holds signed notes, never content."""

    code = models.CharField(max_length=80)
    origin = models.CharField(max_length=255)
    agency = models.CharField(max_length=43)
    evidence = models.JSONField(default=dict)
    fingerprint = models.CharField(max_length=64, unique=True)
    at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-at", "-id"]

    def __str__(self) -> str:
        return f"{self.code} {self.origin}"
