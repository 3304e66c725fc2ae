"""Rows the pages need: the shared cache of rate limits, a demo's one-time links, tokens of the API, wishes for mail."""

from django.conf import settings
from django.db import models


class CacheRow(models.Model):
    """The table of Django's DatabaseCache, made by a migration so that every process shares it from the start.

    Rate limits and lock-outs live here; a cache per process would let each one count from zero.
    """

    cache_key = models.CharField(primary_key=True, max_length=255)
    value = models.TextField()
    expires = models.DateTimeField(db_index=True)

    class Meta:
        db_table = "web_cache"


class OneTimeLink(models.Model):
    """A way in for a demo: the token is kept as its hash, works once, and not for long."""

    token_hash = models.CharField(primary_key=True, max_length=64)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    tenure = models.ForeignKey("directory.Tenure", models.CASCADE, null=True, related_name="+")
    lands_on = models.CharField(max_length=400, default="/")
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)


class ApiToken(models.Model):
    """A key with which a program acts as one tenure: kept as its hash, shown once, dead with the tenure."""

    token_hash = models.CharField(max_length=64, unique=True)
    tenure = models.ForeignKey("directory.Tenure", models.CASCADE, related_name="+")
    name = models.CharField(max_length=80)
    scopes = models.JSONField(default=list)
    made_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)
    revoked_by_keeper = models.BooleanField(default=False, help_text="ended by who keeps the node, not by its holder")

    class Meta:
        ordering = ("-made_at", "-id")


class ApiReply(models.Model):
    """What a call with an Idempotency-Key has made: names and numbers only, so that a repeat is told the same."""

    token = models.ForeignKey(ApiToken, models.CASCADE, related_name="+")
    key = models.CharField(max_length=80)
    call_hash = models.CharField(max_length=64)
    reply = models.JSONField(default=dict)
    at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("token", "key"), name="one_reply_for_a_key"),)


class MailWish(models.Model):
    """A person wishes a mail when something waits. The address is used for nothing else and leaves with the wish.

    Without an address the wish has ended; that it stays keeps the interval.
    """

    person = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, primary_key=True, related_name="+")
    address = models.EmailField(blank=True)
    next_at = models.DateTimeField(db_index=True, help_text="not looked at before")
    sent_at = models.DateTimeField(null=True)
    failing_since = models.DateTimeField(null=True)
    tries = models.PositiveIntegerField(default=0, help_text="failed ones in a row")

    class Meta:
        ordering = ("next_at",)
