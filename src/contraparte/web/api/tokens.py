"""Tokens with which programs act as a person in a post: made, found by their hash, revoked.

A token opens no more than its tenure does, and only while tenure and person are active: both are read at every call.
"""

import hashlib
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db.models import QuerySet

from contraparte.directory import queries as directory
from contraparte.directory.models import Person, Tenure
from contraparte.protocol.errors import ApiTokenFieldError, ApiTokenRefusedError, TenureEndedError
from contraparte.web.models import ApiToken

SCOPES = ("read", "write", "release")
MOST_DAYS = 90
NAME_MAX = 80  # characters
PREFIX = "cpt_"  # lets scanners of code repositories recognise a token that got lost there
USE_NOTED_EVERY = timedelta(minutes=1)  # a write for every call would be dearer than the call


def make_token(*, name: str, scopes: Iterable[str], days: int, by: Tenure, now: datetime) -> tuple[ApiToken, str]:
    """A token for the tenure `by`, and its text, which is kept nowhere.

    Raises ApiTokenFieldError naming the field, TenureEndedError.
    """
    wanted = frozenset(scopes)
    named = name.strip()
    if not named or len(named) > NAME_MAX or "\0" in named:
        raise ApiTokenFieldError(field="name", days=MOST_DAYS)
    if not wanted or not wanted <= set(SCOPES):
        raise ApiTokenFieldError(field="scopes", days=MOST_DAYS)
    if not 1 <= days <= MOST_DAYS:
        raise ApiTokenFieldError(field="days", days=MOST_DAYS)
    if by.person_id is None or not directory.is_running(by, now):
        raise TenureEndedError(tenure=str(by.pk))
    text = PREFIX + secrets.token_urlsafe(32)
    row = ApiToken.objects.create(
        token_hash=_hash(text),
        tenure=by,
        name=named,
        scopes=[scope for scope in SCOPES if scope in wanted],
        made_at=now,
        expires_at=now + timedelta(days=days),
    )
    return row, text


def find_token(text: str, *, now: datetime) -> ApiToken:
    """The live token of that text, with its tenure. Raises ApiTokenRefusedError, which does not say what is wrong."""
    rows = ApiToken.objects.select_related("tenure__post__agency", "tenure__person")
    row = rows.filter(token_hash=_hash(text), revoked_at=None, expires_at__gt=now).first()
    if row is None or row.tenure.person is None or not row.tenure.person.is_active:
        raise ApiTokenRefusedError
    if not directory.is_running(row.tenure, now):
        raise ApiTokenRefusedError
    if row.used_at is None or now - row.used_at >= USE_NOTED_EVERY:
        ApiToken.objects.filter(pk=row.pk).update(used_at=now)
    return row


def revoke_token(token: ApiToken, *, now: datetime, by_keeper: bool = False) -> bool:
    """End a token now; its holder reads on the page of tokens who did. False where it had ended already."""
    rows = ApiToken.objects.filter(pk=token.pk, revoked_at=None)
    return bool(rows.update(revoked_at=now, revoked_by_keeper=by_keeper))


def tokens_of(person: Person) -> QuerySet[ApiToken]:
    """The tokens of a person in all posts, the newest first."""
    return ApiToken.objects.filter(tenure__person=person).select_related("tenure__post__agency")


def tokens_on_node(*, now: datetime, username: str = "", post: str = "", ended: bool = False) -> QuerySet[ApiToken]:
    """Tokens of everybody on this node for who keeps it, the newest first; those that have ended only if asked for."""
    rows = ApiToken.objects.select_related("tenure__person", "tenure__post")
    if not ended:
        rows = rows.filter(revoked_at=None, expires_at__gt=now)
    if username:
        rows = rows.filter(tenure__person__username=username)
    return rows.filter(tenure__post_id=post) if post else rows


def token_of_text(text: str) -> ApiToken | None:
    """The token whose text was found somewhere it should not be, whatever its state."""
    return ApiToken.objects.select_related("tenure__person", "tenure__post").filter(token_hash=_hash(text)).first()


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
