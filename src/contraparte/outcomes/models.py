"""Rows of this room: outcomes and every word about them, feedback, linked cases, the duty to inform a victim.

What an outcome *is* stands in its words (`OutcomeWord`), one per message; the columns of `Outcome` are worked out
from them (`rules/lifecycle.py`) and never written by hand.
"""

from typing import Any
from uuid import uuid4

from django.db import models

from contraparte.directory.models import Post, Tenure
from contraparte.exchange.models import CaseFile, Conversation, Message
from contraparte.outcomes.rules.lifecycle import State


class Outcome(models.Model):
    """One agency's side of one real event. Its id is that of its conversation, and the same on both sides."""

    agency = models.CharField(max_length=64)
    uuid = models.UUIDField()
    post = models.ForeignKey(Post, models.PROTECT, related_name="+")
    counterpart = models.CharField(max_length=106)
    conversation = models.OneToOneField(Conversation, models.PROTECT, related_name="+")
    about = models.ForeignKey(Conversation, models.PROTECT, null=True, related_name="+")
    is_ours = models.BooleanField(help_text="this side reported it")
    state = models.CharField(max_length=14, default=State.REPORTED.value)
    version = models.PositiveIntegerField(default=0)
    facts = models.JSONField(default=dict)
    kind = models.CharField(max_length=20, blank=True)
    happened_on = models.DateField(null=True)
    reason = models.TextField(blank=True)
    same_as = models.JSONField(default=list)
    marking = models.JSONField(default=dict)
    opened_at = models.DateTimeField()
    changed_at = models.DateTimeField()

    class Meta:
        ordering = ("-changed_at", "-id")
        constraints = [models.UniqueConstraint(fields=("agency", "uuid"), name="outcome_once_per_agency")]
        indexes = [
            models.Index(fields=("post", "state"), name="outcome_desk"),
            models.Index(fields=("agency", "happened_on"), name="outcome_day"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.uuid}"


class OutcomeWord(models.Model):
    """One message about an outcome. `turn` is its number in the conversation, the same on both sides."""

    outcome = models.ForeignKey(Outcome, models.PROTECT, related_name="words")
    message = models.OneToOneField(Message, models.PROTECT, related_name="+")
    act = models.CharField(max_length=10)
    by_reporter = models.BooleanField()
    turn = models.PositiveIntegerField()
    body = models.JSONField()

    class Meta:
        ordering = ("message__at", "id")
        constraints = [models.UniqueConstraint(fields=("outcome", "by_reporter", "turn"), name="outcome_word_once")]

    def __str__(self) -> str:
        return f"{self.act} {self.outcome_id}"


class VictimDuty(models.Model):
    """That a victim is to be told of an outcome. Ours alone: the other side never learns of it."""

    outcome = models.OneToOneField(Outcome, models.PROTECT, related_name="victim_duty")
    opened_at = models.DateTimeField()
    told_on = models.DateField(null=True)
    told_by = models.ForeignKey(Tenure, models.PROTECT, null=True, related_name="+")

    def __str__(self) -> str:
        return str(self.outcome_id)


class Feedback(models.Model):
    """What came of an answered exchange: given by us or by the other side, once."""

    agency = models.CharField(max_length=64)
    request = models.ForeignKey(Message, models.PROTECT, related_name="+", help_text="the request that was answered")
    message = models.OneToOneField(Message, models.PROTECT, related_name="+", help_text="the feedback itself")
    is_used = models.BooleanField()
    code = models.CharField(max_length=20)
    note = models.TextField(blank=True)
    is_ours = models.BooleanField()
    at = models.DateTimeField()

    class Meta:
        ordering = ("-at", "-id")
        constraints = [models.UniqueConstraint(fields=("agency", "request"), name="feedback_once")]

    def __str__(self) -> str:
        return f"{self.code} {self.request_id}"


class CaseLink(models.Model):
    """Two cases that both sides agree to call linked. Each knows its own case, and of the other's a reference only."""

    class State(models.TextChoices):
        ASKED = "asked"
        AGREED = "agreed"
        ENDED = "ended"

    agency = models.CharField(max_length=64)
    uuid = models.UUIDField()
    post = models.ForeignKey(Post, models.PROTECT, related_name="+")
    counterpart = models.CharField(max_length=106)
    conversation = models.OneToOneField(Conversation, models.PROTECT, related_name="+")
    about = models.ForeignKey(Conversation, models.PROTECT, null=True, related_name="+")
    case = models.ForeignKey(CaseFile, models.PROTECT, null=True, related_name="+")
    is_ours = models.BooleanField(help_text="this side asked")
    state = models.CharField(max_length=8, choices=State.choices, default=State.ASKED)
    our_reference = models.UUIDField(default=uuid4)
    their_reference = models.UUIDField(null=True)
    reason = models.TextField(blank=True)
    asked = models.ForeignKey(Message, models.PROTECT, null=True, related_name="+")
    marking = models.JSONField(default=dict)
    opened_at = models.DateTimeField()
    changed_at = models.DateTimeField()

    class Meta:
        ordering = ("-changed_at", "-id")
        constraints = [models.UniqueConstraint(fields=("agency", "uuid"), name="case_link_once_per_agency")]

    def __str__(self) -> str:
        return f"{self.state} {self.uuid}"

    @property
    def plain_marking(self) -> dict[str, Any]:
        """The marking as a plain mapping."""
        return dict(self.marking)
