"""What becomes of items after they crossed: sources, permissions, recalls, duties, court files, holds, erasure.

An item is a message as one agency of this node holds it. Rows name the other side's item by its id, because a recall
may come before what it recalls.
"""

import uuid

from django.db import models

from contraparte.directory.models import Tenure


class Source(models.Model):
    """That a draft quotes or forwards an item. From this follow its marking and who got the item onward."""

    draft = models.ForeignKey("exchange.Draft", models.PROTECT, related_name="sources")
    item = models.ForeignKey("exchange.Message", models.PROTECT, related_name="+")
    cited_by = models.ForeignKey(Tenure, models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        ordering = ("id",)
        constraints = [models.UniqueConstraint(fields=("draft", "item"), name="source_once")]

    def __str__(self) -> str:
        return f"{self.draft_id} from {self.item_id}"


class Permission(models.Model):
    """One permission as one side keeps it: who holds it, or who gave it. Its number is the id of the request."""

    class Side(models.TextChoices):
        HOLDER = "holder"
        GRANTER = "granter"

    class State(models.TextChoices):
        ASKED = "asked"
        GRANTED = "granted"
        REFUSED = "refused"
        REVOKED = "revoked"

    agency = models.CharField(max_length=64)
    uuid = models.UUIDField()
    side = models.CharField(max_length=8, choices=Side.choices)
    item = models.ForeignKey("exchange.Message", models.PROTECT, related_name="permissions")
    conversation = models.ForeignKey("exchange.Conversation", models.PROTECT, related_name="+")
    other = models.CharField(max_length=106, help_text="the post on the other side")
    kind = models.CharField(max_length=12)
    recipients = models.JSONField(default=list)
    purposes = models.JSONField(default=list)
    why = models.TextField(blank=True)
    until = models.DateTimeField()
    state = models.CharField(max_length=8, choices=State.choices)
    ground = models.CharField(max_length=40, blank=True)
    note = models.TextField(blank=True)
    asked_at = models.DateTimeField(null=True)
    decided_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)
    relies_on = models.ManyToManyField(
        "self", symmetrical=False, related_name="carries", help_text="what the originator permitted us, to permit this"
    )
    onward = models.JSONField(default=list, help_text="who had the item when the permission ended, as reported")

    class Meta:
        ordering = ("id",)
        constraints = [models.UniqueConstraint(fields=("agency", "uuid", "side", "item"), name="permission_once")]

    def __str__(self) -> str:
        return f"{self.kind} {self.uuid} {self.state}"


class Recall(models.Model):
    """One order to give an item back, as one side keeps it. An incoming one may be older than its item: a tombstone."""

    agency = models.CharField(max_length=64)
    direction = models.CharField(max_length=3, help_text="out: we recall; in: recalled from us")
    item_uuid = models.UUIDField()
    conversation = models.ForeignKey("exchange.Conversation", models.PROTECT, related_name="+")
    other = models.CharField(max_length=106, help_text="out: the post that holds it; in: the post that recalls")
    order = models.UUIDField(default=uuid.uuid4, help_text="the id of the order's message")
    reason = models.CharField(max_length=40)
    note = models.TextField(blank=True)
    at = models.DateTimeField()
    outcome = models.CharField(max_length=12, blank=True, help_text="out: empty until the holder has answered")
    answered_at = models.DateTimeField(null=True)
    court = models.CharField(max_length=200, blank=True)
    filed_on = models.DateField(null=True)
    opened_at = models.DateTimeField(null=True)
    onward = models.JSONField(default=list, help_text="out: who got it from the holder, as the holder names them")
    unnamed = models.PositiveIntegerField(default=0, help_text="out: onward holders beyond those named")
    passes_on = models.ForeignKey("self", models.PROTECT, null=True, related_name="passed_on")

    class Meta:
        ordering = ("at", "id")
        constraints = [
            models.UniqueConstraint(fields=("agency", "direction", "item_uuid", "other"), name="recall_once")
        ]

    def __str__(self) -> str:
        return f"{self.direction} {self.item_uuid} {self.outcome}"


class DisclosureDuty(models.Model):
    """That law or a court obliges who holds an item to disclose it, as one side keeps it. It opens one court file."""

    class State(models.TextChoices):
        DECLARED = "declared"
        CONFIRMED = "confirmed"
        WITHDRAWN = "withdrawn"

    agency = models.CharField(max_length=64)
    uuid = models.UUIDField()
    ours = models.BooleanField(help_text="declared here, of an item that came in; else told to us of one we sent")
    item = models.ForeignKey("exchange.Message", models.PROTECT, related_name="duties")
    other = models.CharField(max_length=106, help_text="the post on the other side")
    basis = models.CharField(max_length=40, blank=True)
    citation = models.CharField(max_length=120, blank=True)
    court = models.CharField(max_length=120, blank=True)
    dated = models.DateField(null=True)
    state = models.CharField(max_length=9, choices=State.choices)
    notice = models.ForeignKey(
        "exchange.Message", models.PROTECT, null=True, related_name="+", help_text="by which it is told"
    )
    declared_at = models.DateTimeField()
    declared_by = models.ForeignKey(Tenure, models.PROTECT, null=True, related_name="+")
    objection = models.UUIDField(null=True, help_text="the id of the message that objects")
    objection_ground = models.CharField(max_length=40, blank=True)
    objection_note = models.TextField(blank=True)
    objected_at = models.DateTimeField(null=True)
    confirmed_at = models.DateTimeField(null=True)
    confirmed_by = models.ForeignKey(Tenure, models.PROTECT, null=True, related_name="+")
    withdrawn_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("declared_at", "id")
        constraints = [models.UniqueConstraint(fields=("agency", "uuid", "ours", "other"), name="duty_once")]
        indexes = [
            models.Index(fields=("agency", "declared_at"), name="duty_open", condition=models.Q(state="declared"))
        ]

    def __str__(self) -> str:
        return f"{self.basis} {self.uuid} {self.state}"


class Filing(models.Model):
    """That an item stands in a court file: where, since when, by whom, by which permission or duty of disclosure."""

    item = models.ForeignKey("exchange.Message", models.PROTECT, related_name="filings")
    court = models.CharField(max_length=200)
    filed_on = models.DateField()
    permission = models.ForeignKey(Permission, models.PROTECT, null=True, related_name="+")
    duty = models.ForeignKey(DisclosureDuty, models.PROTECT, null=True, related_name="filings")
    by = models.ForeignKey(Tenure, models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        ordering = ("filed_on", "id")

    def __str__(self) -> str:
        return f"{self.item_id} {self.filed_on}"


class Hold(models.Model):
    """A legal hold: the item is not deleted while it stands. Either side may place one; both keep it."""

    agency = models.CharField(max_length=64)
    uuid = models.UUIDField()
    item = models.ForeignKey("exchange.Message", models.PROTECT, related_name="holds")
    ours = models.BooleanField()
    reason = models.CharField(max_length=16)
    review_on = models.DateField()
    placed_at = models.DateTimeField()
    placed_by = models.ForeignKey(Tenure, models.PROTECT, null=True, related_name="+")
    lifted_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("placed_at", "id")
        constraints = [models.UniqueConstraint(fields=("agency", "uuid"), name="hold_once")]

    def __str__(self) -> str:
        return f"{self.reason} {self.uuid}"


class Retention(models.Model):
    """The last day a message's content is kept, worked out once from its marking and its accord."""

    message = models.OneToOneField("exchange.Message", models.PROTECT, primary_key=True, related_name="retention")
    keep_until = models.DateField(db_index=True)

    def __str__(self) -> str:
        return f"{self.message_id} {self.keep_until}"


class Erasure(models.Model):
    """That the content of a message was erased here, and the leaf that says so. The message's row stays."""

    message = models.OneToOneField("exchange.Message", models.PROTECT, primary_key=True, related_name="erasure")
    at = models.DateTimeField()
    log_origin = models.CharField(max_length=200)
    log_index = models.BigIntegerField()
    leaf_hash = models.BinaryField(max_length=32)

    def __str__(self) -> str:
        return str(self.message_id)
