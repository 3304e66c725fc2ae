"""Conversations and what crosses in them: drafts, releases, messages, receipts, refusals, obligations, jobs.

Several agencies may share a node, so every row says whose it is (`agency`): a message between two agencies of one
node stands here twice, once for each, exactly as it would on two nodes. One module, though long: these are the tables
of one road, and every one of them points at another.
"""

import datetime
import uuid

from django.db import models
from django.utils import timezone

from contraparte.directory.models import Agency, Post, Tenure
from contraparte.exchange.escalation_models import Escalation
from contraparte.exchange.one_officer_models import OneOfficerRelease
from contraparte.exchange.rights_models import (
    DisclosureDuty,
    Erasure,
    Filing,
    Hold,
    Permission,
    Recall,
    Retention,
    Source,
)
from contraparte.exchange.succession_models import FOLDED, ChangeNotice, Moved, Reconfirmation

__all__ = [
    "FOLDED", "Approval", "CaseFile", "ChangeNotice", "Content", "Conversation", "DisclosureDuty", "Draft", "Erasure",
    "Escalation", "Filing", "Hold", "Incident", "Job", "Lane", "Message", "Moved", "Obligation", "OneOfficerRelease",
    "Outbox", "Permission", "PolicyText", "Recall", "Receipt", "ReceiptHead", "Reconfirmation", "Refusal", "Release",
    "Resealing", "Retention", "Source", "Turn",
]  # fmt: skip


class CaseFile(models.Model):
    """A case under the agency's own number. Cases of two agencies are linked by consent, never joined."""

    agency = models.ForeignKey(Agency, models.PROTECT, related_name="+")
    post = models.ForeignKey(Post, models.PROTECT, related_name="+")
    number = models.CharField(max_length=120)
    opened_at = models.DateTimeField()

    class Meta:
        ordering = ("-opened_at", "id")
        constraints = [models.UniqueConstraint(fields=("agency", "number"), name="case_number_once")]

    def __str__(self) -> str:
        return self.number


class Conversation(models.Model):
    """One agency's side of a thread with a post elsewhere. The id is shared by all sides, the row is not."""

    agency = models.CharField(max_length=64)
    uuid = models.UUIDField(default=uuid.uuid4)
    post = models.ForeignKey(Post, models.PROTECT, related_name="+")
    counterpart = models.CharField(max_length=106)
    kind = models.CharField(max_length=40)
    case = models.ForeignKey(CaseFile, models.PROTECT, null=True, blank=True, related_name="conversations")
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)
    close_code = models.CharField(max_length=60, blank=True)

    class Meta:
        ordering = ("-opened_at", "-id")
        constraints = [models.UniqueConstraint(fields=("agency", "uuid"), name="conversation_once_per_agency")]
        indexes = [models.Index(fields=("post", "closed_at"), name="conversation_desk")]

    def __str__(self) -> str:
        return f"{self.kind} {self.uuid}"


class Turn(models.Model):
    """The last `seq` sent to, or accepted from, `peer` in a conversation (P2.1, P4.1)."""

    conversation = models.ForeignKey(Conversation, models.PROTECT, related_name="turns")
    peer = models.CharField(max_length=64)
    direction = models.CharField(max_length=3)
    own = models.CharField(
        max_length=64, blank=True, default="", help_text="our agency of that time; empty: the conversation's own"
    )
    seq = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=("conversation", "peer", "direction", "own"), name="turn_once"),
        ]

    def __str__(self) -> str:
        return f"{self.conversation_id} {self.direction} {self.peer} {self.seq}"


class Draft(models.Model):
    """Something that may leave one day. Nothing leaves from here but through `actions.release_draft`."""

    class State(models.TextChoices):
        DRAFT = "draft"
        REVIEW = "review"
        RETURNED = "returned"
        RELEASED = "released"
        DISCARDED = "discarded"

    uuid = models.UUIDField(unique=True, default=uuid.uuid4, help_text="becomes the message id")
    agency = models.CharField(max_length=64)
    conversation = models.ForeignKey(Conversation, models.PROTECT, related_name="drafts")
    type = models.CharField(max_length=60)
    recipient = models.CharField(max_length=106)
    body = models.JSONField()
    marking = models.JSONField()
    redactions = models.JSONField(default=list, help_text="[pointer, reason] a person chose to withhold")
    in_reply_to = models.UUIDField(null=True, blank=True)
    supersedes = models.UUIDField(null=True, blank=True)
    urgency = models.CharField(max_length=16, default="routine")
    state = models.CharField(max_length=12, choices=State.choices, default=State.DRAFT)
    version = models.PositiveIntegerField(default=1)
    drafted_by = models.ForeignKey(Tenure, models.PROTECT, related_name="+")
    drafted_at = models.DateTimeField()
    note = models.TextField(blank=True, help_text="why it was returned; stays at home")

    class Meta:
        ordering = ("-drafted_at", "-id")
        indexes = [models.Index(fields=("agency", "state"), name="draft_desk")]

    def __str__(self) -> str:
        return f"{self.type} {self.uuid}"


class Approval(models.Model):
    """A person's yes to exactly these contents (P2.4, P6.3). Another digest needs another approval."""

    draft = models.ForeignKey(Draft, models.PROTECT, related_name="approvals")
    content_digest = models.BinaryField(max_length=32)
    by = models.ForeignKey(Tenure, models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        ordering = ("at", "id")
        constraints = [models.UniqueConstraint(fields=("draft", "content_digest", "by"), name="approval_once")]

    def __str__(self) -> str:
        return f"{self.draft_id} by {self.by_id}"


class Message(models.Model):
    """A message that left (`out`) or was accepted (`in`). The row stays for ever: it is the idempotency key (P4.2)."""

    class State(models.TextChoices):
        QUEUED = "queued"  # out: released, not yet acknowledged
        SENT = "sent"  # out: the other side's signed `accepted` is here
        REJECTED = "rejected"  # out: the other side's signed `rejected` is here
        EXPIRED = "expired"  # out: never acknowledged within its time
        ACCEPTED = "accepted"  # in: durable, not yet handled
        HANDLED = "handled"  # in: its handler has run
        FAILED = "failed"  # in: its handler refuses; a person must look

    agency = models.CharField(max_length=64)
    direction = models.CharField(max_length=3)
    peer = models.CharField(max_length=64)
    uuid = models.UUIDField()
    conversation = models.ForeignKey(Conversation, models.PROTECT, related_name="messages")
    seq = models.PositiveIntegerField(null=True)
    type = models.CharField(max_length=60)
    sender = models.CharField(max_length=106)
    recipient = models.CharField(max_length=106)
    in_reply_to = models.UUIDField(null=True)
    copy_of = models.UUIDField(null=True)
    urgency = models.CharField(max_length=16, default="routine")
    digest = models.BinaryField(max_length=32)
    envelope_hash = models.BinaryField(max_length=32)
    state = models.CharField(max_length=10, choices=State.choices)
    code = models.CharField(max_length=80, blank=True)
    created = models.DateTimeField()
    expires = models.DateTimeField()
    at = models.DateTimeField(help_text="when this node released or accepted it")
    log_origin = models.CharField(max_length=200)
    log_index = models.BigIntegerField()
    leaf_hash = models.BinaryField(max_length=32)

    class Meta:
        ordering = ("at", "id")
        constraints = [
            models.UniqueConstraint(fields=("agency", "peer", "uuid", "direction"), name="message_once"),
        ]
        indexes = [models.Index(fields=("uuid",), name="message_uuid")]

    def __str__(self) -> str:
        return f"{self.type} {self.uuid}"


class Content(models.Model):
    """What the message says, apart from the fact that it passed: erased alone when its time is over (P5.5).

    Of what came in, `ciphertext` is only the SHA-256 of it: with header and signature it proves the envelope for ever.
    Of what was erased, too; then `presentation` is empty and an `Erasure` says since when.
    """

    message = models.OneToOneField(Message, models.PROTECT, primary_key=True, related_name="content")
    presentation = models.BinaryField()
    header = models.BinaryField(default=b"")
    ciphertext = models.BinaryField(default=b"", help_text="out: what is sent again until acknowledged")
    signature = models.BinaryField(default=b"")

    def __str__(self) -> str:
        return str(self.message_id)


class Resealing(models.Model):
    """That a released message was put into another envelope (P3.4): which it replaced, and the leaf that says so."""

    message = models.ForeignKey(Message, models.PROTECT, related_name="resealings")
    replaced = models.BinaryField(max_length=32)
    log_origin = models.CharField(max_length=200)
    log_index = models.BigIntegerField()
    leaf_hash = models.BinaryField(max_length=32)
    at = models.DateTimeField()

    class Meta:
        ordering = ("id",)

    def __str__(self) -> str:
        return f"{self.message_id} {self.log_index}"


class Release(models.Model):
    """The decision that let a message out: for that very content, by whom, under which policies (invariant 1)."""

    message = models.OneToOneField(Message, models.PROTECT, primary_key=True, related_name="release")
    content_digest = models.BinaryField(max_length=32)
    decision = models.JSONField()
    policy_hash = models.CharField(max_length=64)
    by = models.ForeignKey(Tenure, models.PROTECT, related_name="+")
    at = models.DateTimeField()

    def __str__(self) -> str:
        return str(self.message_id)


class PolicyText(models.Model):
    """Every policy set that ever decided, by its hash: an auditor reads the rules of that day."""

    hash = models.CharField(primary_key=True, max_length=64)
    text = models.TextField()
    first_used_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.hash


class Outbox(models.Model):
    """A released message on its way. Removed when the other side's receipt is stored."""

    message = models.OneToOneField(Message, models.PROTECT, primary_key=True, related_name="outbox")
    operator = models.CharField(max_length=64)
    conversation = models.ForeignKey(Conversation, models.PROTECT, related_name="+")
    peer = models.CharField(max_length=64)
    due = models.DateTimeField()
    tries = models.PositiveIntegerField(default=0)
    code = models.CharField(max_length=80, blank=True)
    overtakes = models.BooleanField(default=False, help_text="a control type: it carries no seq and waits for none")

    class Meta:
        indexes = [
            models.Index(fields=("operator", "due"), name="outbox_due"),
            models.Index(fields=("operator", "due"), name="outbox_control", condition=models.Q(overtakes=True)),
        ]

    def __str__(self) -> str:
        return str(self.message_id)


class Lane(models.Model):
    """The right to deliver to one node, held by one worker at a time; and how that node has been answering."""

    operator = models.CharField(primary_key=True, max_length=64)
    lease_until = models.DateTimeField(null=True)
    owner = models.CharField(max_length=80, blank=True)
    failures = models.PositiveIntegerField(default=0)
    resume_at = models.DateTimeField(null=True)
    last_ok_at = models.DateTimeField(null=True)
    last_code = models.CharField(max_length=80, blank=True)

    def __str__(self) -> str:
        return self.operator


class ReceiptHead(models.Model):
    """One signature over a batch of receipts."""

    jws = models.BinaryField()

    def __str__(self) -> str:
        return str(self.pk)


class Receipt(models.Model):
    """A signed statement about a message, ours or the other side's, kept byte for byte (P4.3)."""

    agency = models.CharField(max_length=64)
    message = models.ForeignKey(Message, models.PROTECT, null=True, related_name="receipts")
    uuid = models.UUIDField()
    peer = models.CharField(max_length=64)
    kind = models.CharField(max_length=12)
    ours = models.BooleanField()
    statement = models.BinaryField()
    head = models.ForeignKey(ReceiptHead, models.PROTECT, related_name="+")
    position = models.PositiveIntegerField()
    count = models.PositiveIntegerField()
    path = models.BinaryField()
    at = models.DateTimeField()
    due = models.DateTimeField(null=True, help_text="ours and still to be delivered")

    class Meta:
        ordering = ("at", "id")
        indexes = [
            models.Index(fields=("agency", "peer", "uuid", "kind"), name="receipt_of"),
            models.Index(fields=("peer", "due"), name="receipt_due", condition=models.Q(due__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.uuid}"


class Refusal(models.Model):
    """A message refused for good: who sent it, why, and nothing of what it said (P4.4)."""

    agency = models.CharField(max_length=64)
    peer = models.CharField(max_length=64)
    uuid = models.UUIDField()
    digest = models.BinaryField(max_length=32)
    envelope_hash = models.BinaryField(max_length=32)
    code = models.CharField(max_length=80)
    at = models.DateTimeField()
    conversation = models.UUIDField(null=True)
    seq = models.PositiveIntegerField(null=True, help_text="refused numbers leave no gap behind")
    receipt = models.OneToOneField(Receipt, models.PROTECT, related_name="+")

    class Meta:
        ordering = ("at", "id")
        constraints = [models.UniqueConstraint(fields=("agency", "peer", "uuid"), name="refusal_once")]

    def __str__(self) -> str:
        return f"{self.code} {self.uuid}"


class Incident(models.Model):
    """Something that must not happen did: contradictory receipts, an id with other bytes. Never deleted."""

    agency = models.CharField(max_length=64)
    peer = models.CharField(max_length=64)
    uuid = models.UUIDField(null=True)
    code = models.CharField(max_length=80)
    at = models.DateTimeField()

    class Meta:
        ordering = ("-at", "-id")

    def __str__(self) -> str:
        return f"{self.code} {self.uuid}"


class Obligation(models.Model):
    """Who owes whom the next step, since when and until when (P8.1): kept on receipt times both sides hold."""

    agency = models.CharField(max_length=64)
    post = models.ForeignKey(Post, models.PROTECT, related_name="+")
    conversation = models.ForeignKey(Conversation, models.PROTECT, related_name="obligations")
    message = models.ForeignKey(Message, models.PROTECT, related_name="+")
    stage = models.CharField(max_length=40)
    holder = models.CharField(max_length=106, help_text="the post that owes the step")
    urgency = models.CharField(max_length=16, default="routine")
    opened_at = models.DateTimeField()
    due_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    extended = models.DurationField(
        default=datetime.timedelta,
        help_text="by how much pauses move `due_at`; of a running one, the most",
    )
    paused_until = models.DateTimeField(null=True, help_text="the clock stands still, until then at the latest")

    class Meta:
        ordering = ("due_at", "id")
        constraints = [models.UniqueConstraint(fields=("agency", "message"), name="obligation_once")]
        indexes = [models.Index(fields=("post", "closed_at", "due_at"), name="obligation_desk")]

    def __str__(self) -> str:
        return f"{self.stage} {self.holder}"

    @property
    def is_stopped(self) -> bool:
        """Whether its clock stands still now: the other side owes a clarification (P8.1)."""
        return self.closed_at is None and self.paused_until is not None and timezone.now() < self.paused_until

    def held_for(self, now: datetime.datetime) -> datetime.timedelta:
        """How long its holder has held it until `now`, without the time its clock stood still."""
        unused = max(self.paused_until - now, datetime.timedelta(0)) if self.paused_until else datetime.timedelta(0)
        return (self.closed_at or now) - self.opened_at - (self.extended - unused)


class Job(models.Model):
    """Background work. Arguments are identifiers, never content. An expired lease is claimed again."""

    lane = models.CharField(max_length=40)
    key = models.CharField(max_length=80, blank=True, help_text="jobs of one lane and key run one after the other")
    subject = models.BigIntegerField(null=True)
    due = models.DateTimeField()
    lease_until = models.DateTimeField(null=True)
    tries = models.PositiveIntegerField(default=0)
    code = models.CharField(max_length=80, blank=True)

    class Meta:
        ordering = ("id",)
        indexes = [
            models.Index(fields=("lane", "due"), name="job_due"),
            models.Index(fields=("lane", "key", "id"), name="job_order"),
        ]

    def __str__(self) -> str:
        return f"{self.lane} {self.key}"


class Attachment(models.Model):
    """A file of a draft, or of a message that left or came in; its bytes lie sealed in the attachments folder (P3.5).

    The key lies here and in the message, never beside the file: where both are erased, the file is noise.
    """

    agency = models.CharField(max_length=64)
    draft = models.ForeignKey(Draft, models.PROTECT, null=True, related_name="attachments")
    message = models.ForeignKey(Message, models.PROTECT, null=True, related_name="attachments")
    number = models.BigIntegerField(help_text="its own within the message; part of the cipher's context")
    name = models.CharField(max_length=200)
    media_type = models.CharField(max_length=127)
    size = models.BigIntegerField()
    sha256 = models.BinaryField(max_length=32)
    key = models.BinaryField(max_length=32)
    sealed_sha256 = models.BinaryField(max_length=32)
    file = models.CharField(max_length=64, help_text="in the attachments folder; empty once it is gone")
    added_at = models.DateTimeField()
    removed_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("id",)
        constraints = [
            models.UniqueConstraint(fields=("draft", "number"), name="attachment_number_of_draft"),
            models.UniqueConstraint(fields=("message", "number"), name="attachment_number_of_message"),
        ]

    def __str__(self) -> str:
        return f"{self.pk} of {self.message_id or self.draft_id}"


class CustodyEvent(models.Model):
    """What happened to a file: who, when, where, why, and which bytes it was (ISO/IEC 27037). Never changed."""

    class Kind(models.TextChoices):
        ADDED = "added"
        REMOVED = "removed"
        RELEASED = "released"
        RECEIVED = "received"
        OPENED = "opened"
        DOWNLOADED = "downloaded"
        VERIFIED = "verified"
        SENT_BACK = "sent_back"
        ERASED = "erased"

    attachment = models.ForeignKey(Attachment, models.PROTECT, related_name="events")
    kind = models.CharField(max_length=12, choices=Kind.choices)
    at = models.DateTimeField()
    by = models.ForeignKey(Tenure, models.PROTECT, null=True, related_name="+")
    place = models.CharField(max_length=106, help_text="the post, or the agency whose node did it")
    reason = models.CharField(max_length=200, help_text="the purposes of the marking, or the message's id")
    sha256 = models.BinaryField(max_length=32)

    class Meta:
        ordering = ("at", "id")

    def __str__(self) -> str:
        return f"{self.kind} {self.attachment_id}"


class Arrival(models.Model):
    """A file a proven message has announced and that is not accepted yet: how much is here is the file's length."""

    class State(models.TextChoices):
        OPEN = "open"  # bytes are missing
        WHOLE = "whole"  # all are here and not compared yet
        PROVEN = "proven"  # what was signed
        FALSE = "false"  # the sender's own bytes do not hold what its message says

    agency = models.CharField(max_length=64)
    peer = models.CharField(max_length=64)
    uuid = models.UUIDField()
    digest = models.BinaryField(max_length=32)
    context = models.UUIDField(help_text="the message id in the cipher's context: a copy cites its original")
    position = models.PositiveIntegerField()
    number = models.BigIntegerField()
    size = models.BigIntegerField()
    sha256 = models.BinaryField(max_length=32)
    key = models.BinaryField(max_length=32)
    sealed_sha256 = models.BinaryField(max_length=32)
    file = models.CharField(max_length=64)
    state = models.CharField(max_length=8, choices=State.choices, default=State.OPEN)
    expires = models.DateTimeField()

    class Meta:
        ordering = ("id",)
        constraints = [models.UniqueConstraint(fields=("agency", "peer", "uuid", "position"), name="arrival_once")]
        indexes = [models.Index(fields=("state",), name="arrival_state")]

    def __str__(self) -> str:
        return f"{self.uuid} {self.position}"


class Shipment(models.Model):
    """A file the other side waits for: which, from where on. Beside the outbox, so that no message waits for it."""

    message = models.OneToOneField(Message, models.PROTECT, primary_key=True, related_name="+")
    position = models.PositiveIntegerField()
    offset = models.BigIntegerField()
    due = models.DateTimeField()
    tries = models.PositiveIntegerField(default=0)
    lease_until = models.DateTimeField(null=True)
    code = models.CharField(max_length=80, blank=True)

    class Meta:
        indexes = [models.Index(fields=("due",), name="shipment_due")]

    def __str__(self) -> str:
        return f"{self.message_id} {self.position}"
