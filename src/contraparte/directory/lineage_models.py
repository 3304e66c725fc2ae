"""Changes of agency as this node has seen them signed (P1.8)."""

from django.db import models


class LineageEvent(models.Model):
    """One version of a change of agency, exactly as signed, with every signature seen on it. Never deleted."""

    hash = models.CharField(primary_key=True, max_length=64)
    event = models.CharField(max_length=64)
    version = models.PositiveIntegerField()
    country = models.CharField(max_length=2)
    kind = models.CharField(max_length=16)
    effective = models.DateTimeField()
    document = models.BinaryField()
    signatures = models.JSONField(default=list)
    is_complete = models.BooleanField(default=False, help_text="its country and all reviewers have signed: it counts")
    seen_at = models.DateTimeField()

    class Meta:
        ordering = ("effective", "event", "version", "hash")

    def __str__(self) -> str:
        return f"{self.event} {self.version}"


class LineageStatement(models.Model):
    """What a country said of one version: a dispute, a pause of clocks, a withdrawal. Never deleted."""

    hash = models.CharField(primary_key=True, max_length=64)
    event = models.CharField(max_length=64)
    event_hash = models.CharField(max_length=64, db_index=True)
    kind = models.CharField(max_length=10)
    country = models.CharField(max_length=2)
    document = models.BinaryField()
    signatures = models.JSONField(default=list)
    seen_at = models.DateTimeField()

    class Meta:
        ordering = ("event", "kind", "hash")

    def __str__(self) -> str:
        return f"{self.kind} {self.event}"
