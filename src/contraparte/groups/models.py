"""Rows of this room: groups, every word about them, and what the board, the desk and calendars ask of them.

What a group *is* stands in its words (`GroupWord`), one per message. The columns of `Group` and the rows of `Meeting`
and `Promise` are worked out from them (`rules/hearing.py`) and never written by hand.
"""

from django.db import models

from contraparte.directory.models import Post, Tenure
from contraparte.exchange.models import Conversation, Message
from contraparte.groups.rules.words import Side


class Group(models.Model):
    """One agency's side of a group. Its id is that of its conversation, and the same on both sides."""

    agency = models.CharField(max_length=64)
    uuid = models.UUIDField()
    post = models.ForeignKey(Post, models.PROTECT, related_name="+")
    counterpart = models.CharField(max_length=106)
    conversation = models.OneToOneField(Conversation, models.PROTECT, related_name="+")
    side = models.CharField(max_length=1, help_text="which side this agency is; a proposed the group")
    name_en = models.CharField(max_length=300, blank=True)
    name_es = models.CharField(max_length=300, blank=True)
    kind = models.CharField(max_length=40, blank=True)
    framework = models.CharField(max_length=40, blank=True)
    state = models.CharField(max_length=14, default="proposed")
    since = models.DateTimeField()
    handling = models.JSONField(default=list, help_text="the level of its charter")
    time_zone = models.CharField(max_length=64, default="UTC")
    last_held_at = models.DateTimeField(null=True)
    next_at = models.DateTimeField(null=True, help_text="the next meeting that has been called")
    dormant_at = models.DateTimeField(null=True, help_text="when it is dormant unless it meets before")
    changes_at = models.DateTimeField(null=True, help_text="when the clock alone changes something next")
    heartbeat = models.JSONField(default=list, help_text="[day, state] of its last meetings")
    goals = models.JSONField(default=list, help_text="[key, verdict] of each goal in force")
    open_promises = models.PositiveIntegerField(default=0)
    owed = models.JSONField(default=list, help_text="[what, key, since, due] of each word this side owes")
    sponsor = models.CharField(max_length=106, blank=True, help_text="the post that sponsors it on this side")
    posts = models.JSONField(default=list, help_text="every post of both sides that the group hangs on")
    lapses_at = models.DateTimeField(null=True, help_text="when its provisional charter ends by itself")
    successor = models.UUIDField(null=True)
    opened_at = models.DateTimeField()
    changed_at = models.DateTimeField()

    @property
    def our_side(self) -> Side:
        """Which side this agency is."""
        return "a" if self.side == "a" else "b"

    class Meta:
        ordering = ("name_en", "id")
        constraints = [models.UniqueConstraint(fields=("agency", "uuid"), name="group_once_per_agency")]
        indexes = [
            models.Index(fields=("agency", "state"), name="group_board"),
            models.Index(fields=("changes_at",), name="group_clock"),
        ]

    def __str__(self) -> str:
        return f"{self.name_en or self.name_es} {self.uuid}"


class Reader(models.Model):
    """A post of the agency that reads a group besides its chair: its sponsor, or a member its charter names."""

    group = models.ForeignKey(Group, models.PROTECT, related_name="readers")
    post = models.ForeignKey(Post, models.PROTECT, related_name="+")

    class Meta:
        ordering = ("post_id",)
        constraints = [models.UniqueConstraint(fields=("group", "post"), name="group_reader_once")]

    def __str__(self) -> str:
        return f"{self.group_id} {self.post_id}"


class GroupWord(models.Model):
    """One message of a group. `turn` is its number on its side, the same on both nodes; `seen` as its author wrote."""

    group = models.ForeignKey(Group, models.PROTECT, related_name="words")
    message = models.OneToOneField(Message, models.PROTECT, related_name="+")
    act = models.CharField(max_length=40)
    side = models.CharField(max_length=1)
    turn = models.PositiveIntegerField()
    seen = models.PositiveIntegerField()
    at = models.DateTimeField()
    facts = models.JSONField()
    crossed = models.CharField(max_length=40, blank=True, help_text="why it moves nothing")

    class Meta:
        ordering = ("at", "id")
        constraints = [models.UniqueConstraint(fields=("group", "side", "turn"), name="group_word_once")]

    def __str__(self) -> str:
        return f"{self.act} {self.group_id}"


class Meeting(models.Model):
    """A meeting as it stands; its key is the id of the word that called it."""

    group = models.ForeignKey(Group, models.PROTECT, related_name="meetings")
    key = models.UUIDField()
    number = models.PositiveIntegerField()
    starts = models.DateTimeField()
    ends = models.DateTimeField()
    zone = models.CharField(max_length=64)
    state = models.CharField(max_length=14)
    minutes = models.CharField(max_length=10, blank=True, help_text="draft, final, disputed; empty for none")
    sequence = models.PositiveIntegerField(default=0)
    changed_at = models.DateTimeField()

    class Meta:
        ordering = ("starts", "id")
        constraints = [models.UniqueConstraint(fields=("group", "key"), name="meeting_once")]
        indexes = [models.Index(fields=("starts",), name="meeting_calendar")]

    def __str__(self) -> str:
        return f"{self.group_id} {self.number}"


class Promise(models.Model):
    """A promise as it stands."""

    group = models.ForeignKey(Group, models.PROTECT, related_name="promises")
    key = models.CharField(max_length=80)
    text_en = models.TextField(blank=True)
    text_es = models.TextField(blank=True)
    owner = models.CharField(max_length=106)
    side = models.CharField(max_length=1)
    state = models.CharField(max_length=14)
    is_live = models.BooleanField()
    one_sided = models.BooleanField()
    due_on = models.DateField()
    first_due = models.DateField()
    missed_before = models.PositiveIntegerField(default=0)
    source = models.CharField(max_length=36, blank=True, help_text="the minutes it comes from")
    made_at = models.DateTimeField()

    class Meta:
        ordering = ("due_on", "id")
        constraints = [models.UniqueConstraint(fields=("group", "key"), name="promise_once")]
        indexes = [
            models.Index(fields=("owner", "due_on"), name="promise_desk", condition=models.Q(is_live=True)),
            models.Index(fields=("group", "due_on"), name="promise_board", condition=models.Q(is_live=True)),
        ]

    def __str__(self) -> str:
        return f"{self.group_id} {self.key}"


class CalendarFeed(models.Model):
    """The address at which a calendar programme reads the meetings of one tenure: kept as the hash of its secret."""

    secret_hash = models.CharField(max_length=64, unique=True)
    tenure = models.ForeignKey(Tenure, models.CASCADE, related_name="+")
    made_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    used_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-made_at", "-id")
        constraints = [
            models.UniqueConstraint(
                fields=("tenure",), condition=models.Q(ended_at=None), name="one_calendar_feed_for_a_tenure"
            )
        ]

    def __str__(self) -> str:
        return f"calendar of {self.tenure_id}"
