"""Inquiries as each side keeps them, and the steps taken in them.

The state of an inquiry is no column: it is folded from the steps and the instants of their receipts
(`rules/lifecycle.py`), so both sides come to the same. What is said stays in the messages; a step keeps codes and
days only.
"""

import uuid

from django.db import models

from contraparte.directory.models import Post, Tenure
from contraparte.exchange.models import Conversation, Draft


class Inquiry(models.Model):
    """One request, piece of information or note, as one agency keeps it."""

    class Family(models.TextChoices):
        POLICE = "police"
        LETTER = "letter"
        SPONTANEOUS = "spontaneous"
        NOTE = "note"

    class Side(models.TextChoices):
        INITIATOR = "initiator"
        RESPONDER = "responder"
        COPY = "copy"

    agency = models.CharField(max_length=64)
    post = models.ForeignKey(Post, models.PROTECT, related_name="+")
    side = models.CharField(max_length=9, choices=Side.choices)
    family = models.CharField(max_length=12, choices=Family.choices)
    instrument = models.CharField(max_length=60)
    case_number = models.CharField(max_length=120, blank=True, help_text="the agency's own; never leaves")
    group = models.CharField(max_length=120, blank=True, help_text="the working group it belongs to, as both call it")
    urgency = models.CharField(max_length=16, default="routine")
    counterpart = models.CharField(max_length=106, blank=True)
    requester = models.CharField(max_length=106, help_text="the post that opened it")
    their_reference = models.CharField(max_length=60, blank=True)
    typed = models.JSONField(default=dict, help_text="own: the form as it was filled in")
    left_out = models.JSONField(default=list, help_text="own: numbers of the measures held back")
    conversation = models.ForeignKey(Conversation, models.PROTECT, null=True, blank=True, related_name="+")
    draft = models.ForeignKey(Draft, models.PROTECT, null=True, blank=True, related_name="+")
    marking = models.JSONField(default=dict)
    lead = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="followers")
    told_author_at = models.DateTimeField(null=True, help_text="taken up from another agency: when it was told it left")
    opened_by = models.ForeignKey(Tenure, models.PROTECT, related_name="+")
    opened_at = models.DateTimeField()

    class Meta:
        ordering = ("-opened_at", "-id")
        constraints = [
            models.UniqueConstraint(fields=("agency", "conversation"), name="inquiry_once_per_conversation"),
        ]
        indexes = [models.Index(fields=("post", "opened_at"), name="inquiry_desk")]

    def __str__(self) -> str:
        return self.reference

    @property
    def thread_id(self) -> int:
        """The row of its conversation; 0 while it has none, which no row bears."""
        return self.conversation_id or 0

    @property
    def reference(self) -> str:
        """This agency's own number."""
        return f"I-{self.opened_at:%y}-{self.pk:06d}"


class Step(models.Model):
    """One step: whose message took it. It counts once that message exists, from the instant of its receipt."""

    inquiry = models.ForeignKey(Inquiry, models.PROTECT, related_name="steps")
    uuid = models.UUIDField(default=uuid.uuid4, help_text="the message")
    step = models.CharField(max_length=20)
    side = models.CharField(max_length=9, choices=Inquiry.Side.choices)
    facts = models.JSONField(default=dict, help_text="codes and days that move the state, never what was said")

    class Meta:
        ordering = ("id",)
        constraints = [models.UniqueConstraint(fields=("inquiry", "uuid"), name="inquiry_step_once")]

    def __str__(self) -> str:
        return f"{self.step} {self.uuid}"


class SignedCopy(models.Model):
    """A signed copy of a letter: a scan, or a PDF signed with a certificate. It holds for one version of the letter.

    Its bytes lie sealed in the attachments folder and stay on this node; the message carries their hash.
    """

    class Reason(models.TextChoices):
        EDITED = "edited"
        REPLACED = "replaced"

    inquiry = models.ForeignKey(Inquiry, models.PROTECT, related_name="signed_copies")
    uuid = models.UUIDField(default=uuid.uuid4, unique=True, help_text="part of the cipher's context")
    version = models.CharField(max_length=64, help_text="SHA-256 of all the letter says in both languages")
    name = models.CharField(max_length=200)
    size = models.BigIntegerField()
    number = models.BigIntegerField(help_text="part of the cipher's context")
    sha256 = models.BinaryField(max_length=32)
    key = models.BinaryField(max_length=32)
    sealed_sha256 = models.BinaryField(max_length=32)
    file = models.CharField(max_length=64, help_text="in the attachments folder; empty once it is gone")
    signed_by = models.CharField(max_length=300)
    taken_by = models.ForeignKey(Tenure, models.PROTECT, related_name="+")
    taken_at = models.DateTimeField()
    void_at = models.DateTimeField(null=True)
    void_by = models.ForeignKey(Tenure, models.PROTECT, null=True, related_name="+")
    void_reason = models.CharField(max_length=12, choices=Reason.choices, blank=True)

    class Meta:
        ordering = ("-taken_at", "-id")
        constraints = [
            models.UniqueConstraint(
                fields=("inquiry",), condition=models.Q(void_at=None), name="inquiry_one_signed_copy"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.version[:8]} of {self.inquiry_id}"


class Version(models.Model):
    """Who wrote which version of a request before it left: its hash, never its words."""

    inquiry = models.ForeignKey(Inquiry, models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    digest = models.CharField(max_length=64, help_text="SHA-256 of what was typed, as canonical JSON")
    author = models.CharField(max_length=106, blank=True, help_text="the post of another agency that wrote it")
    by = models.ForeignKey(Tenure, models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        ordering = ("number",)
        constraints = [models.UniqueConstraint(fields=("inquiry", "number"), name="inquiry_version_once")]

    def __str__(self) -> str:
        return f"{self.number} of {self.inquiry_id}"


class Leg(models.Model):
    """One move of a request between posts of its own agency before it leaves: handed on, or returned with comments."""

    class Kind(models.TextChoices):
        SUBMITTED = "submitted"
        RETURNED = "returned"

    inquiry = models.ForeignKey(Inquiry, models.PROTECT, related_name="legs")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    start = models.ForeignKey(Post, models.PROTECT, related_name="+")
    end = models.ForeignKey(Post, models.PROTECT, related_name="+")
    note = models.TextField(blank=True, help_text="own: the comments; never leaves")
    version = models.PositiveIntegerField(default=0, help_text="the number of the version that was handed over")
    by = models.ForeignKey(Tenure, models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        ordering = ("id",)

    def __str__(self) -> str:
        return f"{self.kind} {self.inquiry_id}"
