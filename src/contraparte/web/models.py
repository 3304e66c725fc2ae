"""Rows the pages themselves need: the shared cache of rate limits, and one-time links of a demo node."""

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
