"""Recoveries, guns, traces; the walk at a tracing centre; the tasks of a custodian's own person.

Several agencies share a node, so every row says whose it is. Nothing here spans two agencies but `SameGun`, of which
each side sees its own gun and the other's post only.
"""

import uuid
from typing import Any

from django.db import models

from contraparte.directory.models import Post, Tenure
from contraparte.exchange.models import Conversation, Draft, Message
from contraparte.traces.rules.codes import ResultCode
from contraparte.traces.rules.walk import HopState, Role


class Event(models.Model):
    """One recovery: case, day, place, possessor. It holds many guns."""

    class Priority(models.TextChoices):
        ROUTINE = "routine"
        URGENT = "urgent"

    agency = models.CharField(max_length=64)
    post = models.ForeignKey(Post, models.PROTECT, related_name="+")
    case_number = models.CharField(max_length=60)
    crime_code = models.CharField(max_length=60, blank=True)
    requester_code = models.CharField(max_length=60, blank=True, help_text="ORI or organisation code")
    recovered_on = models.DateField()
    place = models.CharField(max_length=200)
    region = models.CharField(max_length=60, blank=True, help_text="state of the recovery, ISO 3166-2")
    country = models.CharField(max_length=2)
    priority = models.CharField(max_length=8, choices=Priority.choices, default=Priority.ROUTINE)
    urgent_reason = models.TextField(blank=True)
    counterpart = models.CharField(max_length=106, help_text="the tracing centre that will be asked")
    possessor = models.JSONField(default=dict, help_text="name and birth date as recorded")
    possessor_is_minor = models.BooleanField(default=False)
    minor_reviewed_by = models.ForeignKey(Tenure, models.PROTECT, null=True, blank=True, related_name="+")
    marking = models.JSONField()
    recorded_by = models.ForeignKey(Tenure, models.PROTECT, related_name="+")
    recorded_at = models.DateTimeField()

    class Meta:
        ordering = ("-recorded_at", "-id")
        indexes = [models.Index(fields=("post", "recorded_at"), name="event_of_post")]

    def __str__(self) -> str:
        return self.reference

    @property
    def reference(self) -> str:
        """This agency's own number of the event."""
        return f"E-{self.recorded_at:%y}-{self.pk:06d}"

    @property
    def requested_country(self) -> str:
        """Where the traces of this event are asked."""
        return self.counterpart[:2]


class Gun(models.Model):
    """One row of an event: as typed, and as read. Saved as it is typed, under the row's own key."""

    event = models.ForeignKey(Event, models.PROTECT, related_name="guns")
    row_key = models.CharField(max_length=60, help_text="the client's own key: saving twice changes nothing")
    position = models.PositiveIntegerField()
    typed = models.JSONField(help_text="the fields exactly as typed")
    serial = models.CharField(max_length=24, blank=True, help_text="canonical; empty for a pattern or a state")
    pattern = models.CharField(max_length=120, blank=True)
    serial_state = models.CharField(max_length=12, blank=True)
    folded = models.CharField(max_length=24, blank=True)
    true_serial = models.CharField(max_length=24, blank=True, help_text="chosen by a person where two rows differed")
    maker = models.CharField(max_length=200, blank=True)
    importer = models.CharField(max_length=200, blank=True)
    type = models.CharField(max_length=1, blank=True)
    model = models.CharField(max_length=200, blank=True)
    calibre = models.CharField(max_length=200, blank=True)
    country = models.CharField(max_length=2, blank=True)
    privately_made = models.BooleanField(default=False)
    score = models.PositiveSmallIntegerField(default=0)
    gaps = models.JSONField(default=list, help_text="[field, why, blocking]")
    duplicate_of = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="duplicates")
    saved_by = models.ForeignKey(Tenure, models.PROTECT, related_name="+")
    saved_at = models.DateTimeField()

    class Meta:
        ordering = ("event_id", "position", "id")
        constraints = [models.UniqueConstraint(fields=("event", "row_key"), name="gun_row_once")]

    def __str__(self) -> str:
        return f"{self.event_id}/{self.position}"

    @property
    def searched(self) -> str:
        """The serial or pattern custodians are asked for; a serial chosen by a person goes first."""
        return self.true_serial or self.serial or self.pattern

    @property
    def shown_serial(self) -> str:
        """The serial as a page shows it: as chosen, else exactly as typed."""
        return self.true_serial or str(self.typed.get("serial", ""))


class GunMask(models.Model):
    """A serial with one position left out, or with confusables folded: guns that share a text may be one."""

    gun = models.ForeignKey(Gun, models.CASCADE, related_name="masks")
    text = models.CharField(max_length=26, db_index=True)

    def __str__(self) -> str:
        return f"{self.gun_id}"


class SameGun(models.Model):
    """A warning that two rows, of one post or of two, may be one gun. A person decides, with a reason."""

    class State(models.TextChoices):
        OPEN = "open"
        SAME = "same"
        DIFFERENT = "different"

    earlier = models.ForeignKey(Gun, models.PROTECT, related_name="warnings_as_earlier")
    later = models.ForeignKey(Gun, models.PROTECT, related_name="warnings_as_later")
    likeness = models.CharField(max_length=16)
    score = models.PositiveSmallIntegerField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    true_serial = models.CharField(max_length=24, blank=True)
    reason = models.TextField(blank=True)
    raised_at = models.DateTimeField()
    decided_by = models.ForeignKey(Tenure, models.PROTECT, null=True, blank=True, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-raised_at", "-id")
        constraints = [models.UniqueConstraint(fields=("earlier", "later"), name="same_gun_once")]

    def __str__(self) -> str:
        return f"{self.earlier_id} {self.later_id} {self.state}"


class Trace(models.Model):
    """One gun's trace as its requester sees it, or as a post sees it that the accord copies in."""

    class State(models.TextChoices):
        DRAFTED = "drafted"
        SENT = "sent"
        ACKNOWLEDGED = "acknowledged"
        CONCLUDED = "concluded"
        CANCELLED = "cancelled"

    class Standing(models.TextChoices):
        OWN = "own"
        COPY = "copy"

    agency = models.CharField(max_length=64)
    post = models.ForeignKey(Post, models.PROTECT, related_name="+")
    standing = models.CharField(max_length=4, choices=Standing.choices, default=Standing.OWN)
    gun = models.OneToOneField(Gun, models.PROTECT, null=True, blank=True, related_name="trace")
    request = models.JSONField(default=dict, help_text="the payload as last drafted, or as the copy told it")
    conversation = models.ForeignKey(Conversation, models.PROTECT, null=True, related_name="+")
    draft = models.ForeignKey(Draft, models.PROTECT, null=True, blank=True, related_name="+")
    counterpart = models.CharField(max_length=106)
    requester = models.CharField(max_length=106, help_text="the post whose trace it is")
    their_reference = models.CharField(max_length=60, blank=True, help_text="copy: the requester's own number")
    centre_reference = models.CharField(max_length=60, blank=True)
    state = models.CharField(max_length=12, choices=State.choices, default=State.DRAFTED)
    code = models.CharField(max_length=40, blank=True, choices=[(c.value, c.value) for c in ResultCode])
    result = models.JSONField(default=dict, help_text="the last `trace.result/1` as it came")
    result_withheld = models.JSONField(default=list, help_text="[pointer, reason] the sender kept back")
    marking = models.JSONField(default=dict)
    first_retail_on = models.DateField(null=True, blank=True)
    last_retail_on = models.DateField(null=True, blank=True)
    time_to_crime_days = models.PositiveIntegerField(null=True, blank=True)
    resubmissions = models.PositiveSmallIntegerField(default=0)
    duplicate_of = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="duplicates")
    adopted_as = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="adopted_from")
    adopted_by = models.CharField(max_length=170, blank=True, help_text="the post that took it over, and its number")
    opened_by = models.ForeignKey(Tenure, models.PROTECT, related_name="+")
    opened_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True, blank=True)
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    concluded_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-opened_at", "-id")
        constraints = [
            models.UniqueConstraint(fields=("agency", "conversation"), name="trace_once_per_conversation"),
        ]
        indexes = [models.Index(fields=("post", "state", "opened_at"), name="trace_desk")]

    def __str__(self) -> str:
        return self.reference

    @property
    def reference(self) -> str:
        """This agency's own number of the trace."""
        return f"T-{self.opened_at:%y}-{self.pk:06d}"

    @property
    def is_open(self) -> bool:
        """True until a result or a cancellation has come."""
        return self.state not in (self.State.CONCLUDED, self.State.CANCELLED)


class Walk(models.Model):
    """A trace as the tracing centre walks it from custodian to custodian."""

    class State(models.TextChoices):
        WALKING = "walking"
        CONCLUDED = "concluded"
        CANCELLED = "cancelled"

    agency = models.CharField(max_length=64)
    post = models.ForeignKey(Post, models.PROTECT, related_name="+")
    conversation = models.ForeignKey(Conversation, models.PROTECT, related_name="+")
    message = models.ForeignKey(Message, models.PROTECT, related_name="+", help_text="the request being answered")
    requester = models.CharField(max_length=106)
    their_reference = models.CharField(max_length=60)
    priority = models.CharField(max_length=8)
    gun = models.JSONField(help_text="the gun as requested; the serial is mended as books confirm it")
    asked = models.JSONField(help_text="the gun exactly as requested")
    recovered_on = models.DateField(null=True)
    recovery_region = models.CharField(max_length=60, blank=True)
    marking = models.JSONField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.WALKING)
    code = models.CharField(max_length=40, blank=True)
    source_region = models.CharField(max_length=60, blank=True)
    started_at = models.DateTimeField()
    concluded_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-started_at", "-id")
        constraints = [
            models.UniqueConstraint(fields=("agency", "message"), name="walk_once_per_request"),
        ]
        indexes = [models.Index(fields=("post", "state", "started_at"), name="walk_desk")]

    def __str__(self) -> str:
        return self.reference

    @property
    def reference(self) -> str:
        """The centre's own number of the trace."""
        return f"W-{self.started_at:%y}-{self.pk:06d}"


class Hop(models.Model):
    """One custodian of a walk: what was asked and answered, and when."""

    walk = models.ForeignKey(Walk, models.PROTECT, related_name="hops")
    index = models.PositiveSmallIntegerField()
    licence = models.CharField(max_length=106)
    role = models.CharField(max_length=10, choices=[(r.value, r.value) for r in Role])
    custodian = models.CharField(max_length=106, blank=True, help_text="the post asked; empty for one that is called")
    conversation = models.ForeignKey(Conversation, models.PROTECT, null=True, related_name="+")
    question = models.UUIDField(null=True, help_text="the question whose answer is awaited")
    state = models.CharField(max_length=14, choices=[(s.value, s.value) for s in HopState])
    count = models.PositiveIntegerField(null=True)
    lines = models.JSONField(default=list, help_text="dispositions of the gun, as `LinkLine`s")
    purchaser = models.JSONField(default=dict)
    withheld = models.JSONField(default=list, help_text="[pointer, reason] the custodian kept back")
    code = models.CharField(max_length=40, blank=True)
    confirmed_by_person = models.BooleanField(default=False)
    call_log = models.JSONField(default=dict, help_text="assisted hop: who answered, when, by what means")
    entered_by = models.ForeignKey(Tenure, models.PROTECT, null=True, related_name="+")
    asked_at = models.DateTimeField()
    counted_at = models.DateTimeField(null=True)
    link_asked_at = models.DateTimeField(null=True)
    linked_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("walk_id", "index")
        constraints = [models.UniqueConstraint(fields=("walk", "index"), name="hop_once")]
        indexes = [models.Index(fields=("question",), name="hop_question")]

    def __str__(self) -> str:
        return f"{self.walk_id}/{self.index}"

    @property
    def is_assisted(self) -> bool:
        """True where a specialist entered the answer."""
        return bool(self.call_log)


class CustodianTask(models.Model):
    """A question a custodian's own person decides, because serial and description do not both agree.

    Holds the gun only: never the case, the place or a person.
    """

    class State(models.TextChoices):
        OPEN = "open"
        LINKED = "linked"
        DECLINED = "declined"

    uuid = models.UUIDField(unique=True, default=uuid.uuid4)
    agency = models.CharField(max_length=64)
    post = models.ForeignKey(Post, models.PROTECT, related_name="+")
    conversation = models.ForeignKey(Conversation, models.PROTECT, related_name="+")
    message = models.OneToOneField(Message, models.PROTECT, related_name="+")
    gun = models.JSONField()
    marking = models.JSONField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    line = models.BigIntegerField(null=True, help_text="the chosen line of the custodian's own book")
    code = models.CharField(max_length=40, blank=True)
    opened_at = models.DateTimeField()
    due_at = models.DateTimeField(null=True)
    decided_by = models.ForeignKey(Tenure, models.PROTECT, null=True, blank=True, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("due_at", "opened_at", "id")
        indexes = [models.Index(fields=("post", "state", "due_at"), name="custodian_task_desk")]

    def __str__(self) -> str:
        return str(self.uuid)

    @property
    def description(self) -> dict[str, Any]:
        """The gun as asked for, as a plain mapping."""
        return dict(self.gun)
