"""Who acts, where no page asks it: the running tenure of a person in a post, for commands that name both.

One lookup for every room, so that a person who left, a post they do not hold and a right they lack are one answer: it
does not tell who exists.
"""

from collections.abc import Callable
from datetime import datetime

from contraparte.directory import queries
from contraparte.directory.models import Person, Tenure
from contraparte.directory.rules.roles import CONTENT_ROLES
from contraparte.protocol.errors import ActingForbiddenError


def sees_content(tenure: Tenure) -> bool:
    """Whether a role of the tenure reads what crosses."""
    return bool(CONTENT_ROLES & set(tenure.roles))


def acting_tenure(username: str, post: str, *, holds: Callable[[Tenure], object], now: datetime) -> Tenure:
    """The tenure under which that person acts for that post now, if `holds` says yes to it. ActingForbiddenError."""
    person = Person.objects.filter(username=username).first()
    held = queries.active_tenures(person, now) if person is not None else []
    for tenure in held:
        if tenure.post_id == post and holds(tenure):
            return tenure
    raise ActingForbiddenError(person=username, post=post)
