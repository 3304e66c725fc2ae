"""Agencies, posts, persons, tenures, keys and accords as this node trusts them now.

The signed directory of each country (TUF, P1) is the truth for agencies, posts, public keys and accords; these
rows are its trusted view, replaced as a whole at each refresh. Persons and tenures are this node's own.
"""

import uuid

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.db import models


class Agency(models.Model):
    """A body that signs and keeps records. Identifiers are for ever; names and hosts change."""

    id = models.CharField(primary_key=True, max_length=64)
    country = models.CharField(max_length=2)
    name_en = models.CharField(max_length=200)
    name_es = models.CharField(max_length=200)
    kind = models.CharField(max_length=40)
    operator = models.CharField(max_length=64, help_text="the agency whose node hosts this one")
    url = models.CharField(max_length=400, help_text="where that node answers its peers")
    is_local = models.BooleanField(default=False)
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

    class Meta:
        ordering = ("post_id", "starts", "id")

    def __str__(self) -> str:
        return f"{self.post_id} {self.id}"


class Key(models.Model):
    """A public key of an agency, as the signed directory gives it (P1.5, P1.6)."""

    kid = models.CharField(primary_key=True, max_length=128)
    agency = models.ForeignKey(Agency, models.PROTECT, related_name="keys")
    purpose = models.CharField(max_length=16)
    raw = models.BinaryField()
    valid_from = models.DateTimeField(null=True, blank=True)
    valid_until = models.DateTimeField(null=True, blank=True)
    status = models.CharField(max_length=16, default="active")

    class Meta:
        ordering = ("agency_id", "purpose", "valid_from")

    def __str__(self) -> str:
        return self.kid


class Accord(models.Model):
    """An agreement as data, with its signatures, exactly as signed (P1.2)."""

    id = models.CharField(primary_key=True, max_length=64)
    hash = models.CharField(max_length=64)
    document = models.BinaryField()
    country_a = models.CharField(max_length=2)
    country_b = models.CharField(max_length=2)
    effective_from = models.DateTimeField()
    effective_until = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("id",)

    def __str__(self) -> str:
        return self.id


class Suspension(models.Model):
    """One country's signed statement that it suspends an accord, or resumes it (P1.3)."""

    accord = models.ForeignKey(Accord, models.PROTECT, related_name="suspensions")
    country = models.CharField(max_length=2)
    suspended = models.BooleanField()
    statement = models.BinaryField()
    at = models.DateTimeField()

    class Meta:
        ordering = ("accord_id", "at", "id")

    def __str__(self) -> str:
        return f"{self.accord_id} {self.country}"
