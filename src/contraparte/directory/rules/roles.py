"""What a tenure may be trusted with, and which trusts one tenure may not unite.

Source: DOMAIN "Rights and oversight" (the auditor reads the log, not the content) and issue 2 (the administrator
sees no content). A service tenure stands for the post's own automatic answers and has no person.
"""

from collections.abc import Iterable
from enum import StrEnum

from contraparte.protocol.errors import RolesIncompatibleError


class Role(StrEnum):
    """A right carried by a tenure."""

    OFFICER = "officer"
    AUTHORISER = "authoriser"
    CUSTODIAN = "custodian"
    AUDITOR = "auditor"
    ADMINISTRATOR = "administrator"
    SERVICE = "service"


CONTENT_ROLES = frozenset({Role.OFFICER, Role.AUTHORISER, Role.CUSTODIAN})
SOLE_ROLES = frozenset({Role.ADMINISTRATOR, Role.AUDITOR, Role.SERVICE})
"""Each of these stands alone: who keeps the node, who audits it and who reads content are three tenures."""


def check_roles(roles: Iterable[str], *, has_person: bool) -> tuple[Role, ...]:
    """The roles, known and compatible, sorted and without repeats.

    Raises RolesIncompatibleError for none, an unknown one, two that must be apart, a service with a person
    or a person's role without one.
    """
    read = sorted(set(roles))
    known = [Role(role) for role in read if role in set(Role)]
    alone = SOLE_ROLES & set(known)
    wrong = not read or len(known) != len(read) or (alone and len(known) > 1) or (Role.SERVICE in known) == has_person
    if wrong:
        raise RolesIncompatibleError(field="roles", roles=", ".join(read))
    return tuple(known)
