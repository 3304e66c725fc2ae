"""Which roles one tenure may unite."""

import itertools

import pytest

from contraparte.directory.rules.roles import Role, check_roles
from contraparte.protocol.errors import RolesIncompatibleError


@pytest.mark.parametrize("roles", [["officer"], ["officer", "authoriser"], ["custodian", "officer", "officer"]])
def test_content_roles_may_stand_together(roles):
    assert check_roles(roles, has_person=True) == tuple(sorted(Role(role) for role in set(roles)))


@pytest.mark.parametrize("alone", [Role.ADMINISTRATOR, Role.AUDITOR, Role.SERVICE])
def test_who_keeps_the_node_who_audits_and_who_reads_content_are_three_tenures(alone):
    for other in set(Role) - {alone}:
        for has_person in (True, False):
            with pytest.raises(RolesIncompatibleError):
                check_roles([alone, other], has_person=has_person)


def test_a_service_has_no_person_and_a_person_is_no_service():
    assert check_roles(["service"], has_person=False) == (Role.SERVICE,)
    for role, has_person in itertools.product(set(Role), (True, False)):
        if (role is Role.SERVICE) == has_person:
            with pytest.raises(RolesIncompatibleError):
                check_roles([role], has_person=has_person)


@pytest.mark.parametrize("roles", [[], ["chief"], ["officer", "chief"], ["Officer"], [""]])
def test_an_unknown_role_or_none_is_refused(roles):
    with pytest.raises(RolesIncompatibleError):
        check_roles(roles, has_person=True)
