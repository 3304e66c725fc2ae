"""What followed from changes of agency: which threads moved where, and permissions that await a word (P1.8)."""

from django.db import models

from contraparte.directory.models import Tenure

FOLDED = "lineage.folded"  # why a thread was closed whose record goes on in another of the same thread


class Moved(models.Model):
    """That one side of a thread passed from one post to another. The old id stays readable here."""

    class Side(models.TextChoices):
        OWN = "own"
        OTHER = "other"

    conversation = models.ForeignKey("exchange.Conversation", models.PROTECT, related_name="moves")
    side = models.CharField(max_length=5, choices=Side.choices)
    was = models.CharField(max_length=106)
    became = models.CharField(max_length=106)
    event = models.CharField(max_length=64)
    event_hash = models.CharField(max_length=64)
    effective = models.DateTimeField()
    at = models.DateTimeField()

    class Meta:
        ordering = ("effective", "id")
        constraints = [
            models.UniqueConstraint(fields=("conversation", "side", "event"), name="moved_once_by_each_event")
        ]

    def __str__(self) -> str:
        return f"{self.was} {self.became}"


class ChangeNotice(models.Model):
    """That the other side was told, or told us, of a change of agency. One to each agency, whatever it shares."""

    event = models.CharField(max_length=64)
    event_hash = models.CharField(max_length=64)
    agency = models.CharField(max_length=64)
    peer = models.CharField(max_length=64)
    ours = models.BooleanField()
    message = models.UUIDField()
    rows = models.JSONField(default=dict, help_text="was, became: in pairs; concerned; more")
    since = models.DateTimeField()
    until = models.DateTimeField()
    at = models.DateTimeField()

    class Meta:
        ordering = ("-at", "-id")
        constraints = [
            models.UniqueConstraint(fields=("event_hash", "agency", "peer", "ours"), name="change_notice_once")
        ]

    def __str__(self) -> str:
        return f"{self.event} {self.agency} {self.peer}"


class Reconfirmation(models.Model):
    """A permission given to a post that is another's now: it goes on for that function, until somebody says no."""

    class State(models.TextChoices):
        WAITING = "waiting"
        CONFIRMED = "confirmed"
        WITHDRAWN = "withdrawn"

    permission = models.ForeignKey("exchange.Permission", models.PROTECT, related_name="reconfirmations")
    was = models.CharField(max_length=106)
    became = models.CharField(max_length=106)
    state = models.CharField(max_length=9, choices=State.choices, default=State.WAITING)
    at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True)
    decided_by = models.ForeignKey(Tenure, models.PROTECT, null=True, related_name="+")

    class Meta:
        ordering = ("id",)
        constraints = [models.UniqueConstraint(fields=("permission", "was", "became"), name="reconfirmation_once")]

    def __str__(self) -> str:
        return f"{self.permission_id} {self.state}"
