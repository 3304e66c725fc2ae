"""Agencies, posts, persons, tenures, keys and accords as this node trusts them now.

The signed directory of each country (TUF, P1) is the truth for agencies, posts, public keys and accords; these
rows are its trusted view, replaced as a whole at each refresh. Persons and tenures are this node's own.
"""

import uuid

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.db import models

from contraparte.directory.lineage_models import LineageEvent as LineageEvent  # noqa: PLC0414  (part of this module's face)
from contraparte.directory.lineage_models import LineageStatement as LineageStatement  # noqa: PLC0414  (part of this module's face)


class Agency(models.Model):
    """A body that signs and keeps records. Identifiers are for ever; names and hosts change."""

    id = models.CharField(primary_key=True, max_length=64)
    country = models.CharField(max_length=2)
    name_en = models.CharField(max_length=200)
    name_es = models.CharField(max_length=200)
    kind = models.CharField(max_length=40)
    operator = models.CharField(max_length=64, help_text="the agency whose node hosts this one")
    url = models.CharField(max_length=400, help_text="where that node answers its peers")
    is_local = models.BooleanField(default=False, help_text="hosted on this very node")
    listed = models.BooleanField(default=True, help_text="still in the directory; the row outlives its listing")
    extra = models.JSONField(default=dict, help_text="fields of the signed directory this release does not know")

    class Meta:
        ordering = ("id",)

    def __str__(self) -> str:
        return self.id


class Post(models.Model):
    """The party to every conversation: obligations and permissions belong to posts, not to persons (P1.4)."""

    id = models.CharField(primary_key=True, max_length=106)
    agency = models.ForeignKey(Agency, models.PROTECT, related_name="posts")
    name_en = models.CharField(max_length=200)
    name_es = models.CharField(max_length=200)
    channel = models.CharField(max_length=400, blank=True)
    handles = models.JSONField(default=list, help_text="message types and topics this post answers for")
    time_zone = models.CharField(max_length=64, default="UTC", help_text="calendar deadlines are kept in it (P8.2)")
    listed = models.BooleanField(default=True)
    extra = models.JSONField(default=dict)

    class Meta:
        ordering = ("id",)

    def __str__(self) -> str:
        return self.id


class PersonManager(BaseUserManager["Person"]):
    """Makes persons; there is no superuser, rights come from tenures only."""

    def create_user(self, username: str, password: str | None = None, **fields: object) -> "Person":
        """A person who can sign in. `password` None means: passkey or one-time link only."""
        person = self.model(username=username, **fields)
        person.set_password(password)
        person.save(using=self._db)
        return person


class Person(AbstractBaseUser):
    """Somebody who signs in at this node. Never leaves it: outside, a tenure's opaque id stands for the person."""

    username = models.CharField(max_length=80, unique=True)
    display_name = models.CharField(max_length=120)
    email = models.EmailField(blank=True)
    language = models.CharField(max_length=8, default="en")
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = PersonManager()
    USERNAME_FIELD = "username"
    REQUIRED_FIELDS = ["display_name"]

    # What libraries ask of a Django user; rights are never decided by these.
    is_staff = False
    is_superuser = False

    class Meta:
        ordering = ("username",)

    def __str__(self) -> str:
        return self.display_name or self.username


class Tenure(models.Model):
    """A person in a post for a time, with roles. Without a person it is the post's own service (automatic answers)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    person = models.ForeignKey(Person, models.PROTECT, null=True, blank=True, related_name="tenures")
    post = models.ForeignKey(Post, models.PROTECT, related_name="tenures")
    roles = models.JSONField(default=list)
    starts = models.DateTimeField()
    ends = models.DateTimeField(null=True, blank=True)
    acting = models.BooleanField(default=False)
    appointed_by = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="+")
    ended_by = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        ordering = ("post_id", "starts", "id")
        constraints = (
            models.CheckConstraint(
                condition=models.Q(ends__isnull=True) | models.Q(ends__gte=models.F("starts")),
                name="tenure_ends_after_it_starts",
            ),
        )

    def __str__(self) -> str:
        return f"{self.post_id} {self.id}"


class DutyShift(models.Model):
    """One line of a post's duty roster, in its time zone. Kept for ever, so that who was on duty can be told later."""

    post = models.ForeignKey(Post, models.PROTECT, related_name="+")
    holder = models.ForeignKey(
        Tenure, models.PROTECT, null=True, related_name="+", help_text="nobody: that day is left free"
    )
    weekday = models.PositiveSmallIntegerField(null=True, help_text="every week; Monday is 0")
    day = models.DateField(null=True, help_text="once; that day's lines replace those of its weekday")
    begins = models.TimeField()
    ends = models.TimeField(help_text="no later than `begins`: on the next day")
    planned_by = models.ForeignKey(Tenure, models.PROTECT, related_name="+")
    planned_at = models.DateTimeField()
    ended_by = models.ForeignKey(Tenure, models.PROTECT, null=True, related_name="+")
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("post_id", "id")
        constraints = (
            models.CheckConstraint(
                condition=models.Q(weekday__isnull=True) ^ models.Q(day__isnull=True),
                name="duty_weekly_or_once",
            ),
        )

    def __str__(self) -> str:
        return f"{self.post_id} {self.pk}"


class Substitute(models.Model):
    """Which post of the same agency stands in where nobody of this one opens what is urgent, and after how long."""

    post = models.OneToOneField(Post, models.PROTECT, primary_key=True, related_name="+")
    substitute = models.ForeignKey(Post, models.PROTECT, related_name="+")
    silence = models.DurationField(help_text="from the moment the step is owed")
    set_by = models.ForeignKey(Tenure, models.PROTECT, related_name="+")
    set_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.post_id} {self.substitute_id}"


class Departure(models.Model):
    """Somebody leaves a post: the tenure that ends, and who takes over. What was done stands in its steps."""

    tenure = models.OneToOneField(Tenure, models.PROTECT, related_name="+")
    post = models.ForeignKey(Post, models.PROTECT, related_name="+")
    leaves_at = models.DateTimeField(help_text="access ends then, or before")
    is_planned = models.BooleanField(help_text="false: access was ended before anybody could take over")
    successor = models.ForeignKey(Tenure, models.PROTECT, null=True, related_name="+")
    note = models.TextField(blank=True, help_text="of who leaves, for the successor; nothing private is kept")

    class Meta:
        ordering = ("-id",)
        indexes = (models.Index(fields=("post", "-id"), name="departure_of_post"),)

    def __str__(self) -> str:
        return f"{self.post_id} {self.pk}"


class DepartureStep(models.Model):
    """One step of a leaving. Rows are added, never changed."""

    departure = models.ForeignKey(Departure, models.PROTECT, related_name="steps")
    step = models.CharField(max_length=24)
    at = models.DateTimeField()
    by = models.ForeignKey(Tenure, models.PROTECT, null=True, related_name="+", help_text="nobody: the node itself")
    detail = models.CharField(max_length=40, blank=True, help_text="the standing that was told; a code, never a name")

    class Meta:
        ordering = ("id",)

    def __str__(self) -> str:
        return f"{self.departure_id} {self.step}"


class Pack(models.Model):
    """What a post had open at an instant, as text in both languages. Frozen: a newer state is another row."""

    departure = models.ForeignKey(Departure, models.PROTECT, related_name="packs")
    made_at = models.DateTimeField()
    sections = models.JSONField(help_text="label and rows, each text as {en, es}; addresses of this node, instants")
    sha256 = models.CharField(max_length=64, help_text="of the sections; stands on the printed copy")

    class Meta:
        ordering = ("id",)

    def __str__(self) -> str:
        return f"{self.departure_id} {self.made_at}"


class PostNotice(models.Model):
    """What another agency has said about who answers for a post of its own; the newest word counts."""

    post = models.CharField(primary_key=True, max_length=106)
    standing = models.CharField(max_length=8)
    since = models.DateTimeField()
    said_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.post} {self.standing}"


class Key(models.Model):
    """A public key of an agency, as the signed directory gives it (P1.5, P1.6). Never deleted: signatures need it."""

    ACTIVE, RETIRED, COMPROMISED = "active", "retired", "compromised"

    kid = models.CharField(primary_key=True, max_length=128)
    agency = models.ForeignKey(Agency, models.PROTECT, related_name="keys")
    purpose = models.CharField(max_length=16)
    raw = models.BinaryField()
    valid_from = models.DateTimeField(null=True, blank=True)
    valid_until = models.DateTimeField(null=True, blank=True)
    status = models.CharField(max_length=16, default=ACTIVE)
    withdrawn_at = models.DateTimeField(
        null=True, blank=True, help_text="when this node learned that nothing new may be accepted under it"
    )
    extra = models.JSONField(default=dict)

    class Meta:
        ordering = ("agency_id", "purpose", "valid_from", "kid")

    def __str__(self) -> str:
        return self.kid


class Country(models.Model):
    """A country whose directory this node trusts: where it is fetched, what was pinned, how far the view reaches."""

    id = models.CharField(primary_key=True, max_length=2)
    url = models.CharField(max_length=400, help_text="the node that publishes the directory, without /directory/")
    root_fingerprint = models.CharField(max_length=64, help_text="SHA-256 of the first root, handed over in person")
    accord_kids = models.JSONField(default=list, help_text="the country's pinned accord keys (P1.2)")
    logs = models.JSONField(default=list, help_text="origins and inception of its agencies' logs")
    root_version = models.PositiveIntegerField(default=0)
    timestamp_version = models.PositiveIntegerField(default=0)
    targets_version = models.PositiveIntegerField(default=0)
    expires_at = models.DateTimeField(null=True, blank=True, help_text="when the trusted view goes stale (P1.7)")
    refreshed_at = models.DateTimeField(null=True, blank=True)
    failure = models.CharField(max_length=300, blank=True, help_text="why the last refresh was refused")
    extra = models.JSONField(default=dict)

    class Meta:
        ordering = ("id",)

    def __str__(self) -> str:
        return self.id


class Alarm(models.Model):
    """Something in a directory that people must look at: a key that only the root vouches for, a refused update."""

    country = models.ForeignKey(Country, models.PROTECT, related_name="alarms")
    code = models.CharField(max_length=60)
    subject = models.CharField(max_length=200)
    at = models.DateTimeField()

    class Meta:
        ordering = ("-at", "-id")

    def __str__(self) -> str:
        return f"{self.code} {self.subject}"


class ViewNumber(models.Model):
    """One row, counted up at each change of the trusted view, so that every process drops what it remembers."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    number = models.PositiveBigIntegerField(default=0)

    class Meta:
        constraints = (models.CheckConstraint(condition=models.Q(id=1), name="one_view_number"),)

    def __str__(self) -> str:
        return str(self.number)


class Accord(models.Model):
    """An agreement as data, with its signatures, exactly as signed (P1.2)."""

    id = models.CharField(primary_key=True, max_length=64)
    hash = models.CharField(max_length=64, unique=True)
    document = models.BinaryField()
    signatures = models.JSONField(default=list)
    country_a = models.CharField(max_length=2)
    country_b = models.CharField(max_length=2)
    effective_from = models.DateTimeField()
    effective_until = models.DateTimeField(null=True, blank=True)
    adopted_at = models.DateTimeField()

    class Meta:
        ordering = ("id",)

    def __str__(self) -> str:
        return self.id


class Suspension(models.Model):
    """A signed statement that an accord is suspended, or resumed; kept with every signature seen on it (P1.3)."""

    hash = models.CharField(primary_key=True, max_length=64)
    accord = models.ForeignKey(Accord, models.PROTECT, related_name="suspensions")
    country = models.CharField(max_length=2)
    suspended = models.BooleanField()
    document = models.BinaryField()
    signatures = models.JSONField(default=list)
    is_complete = models.BooleanField(default=False, help_text="bears every signature it needs, so it counts")
    at = models.DateTimeField()

    class Meta:
        ordering = ("accord_id", "at", "hash")

    def __str__(self) -> str:
        return f"{self.accord_id} {self.country}"
