"""One lookup of a person acting for a post, and one refusal whatever is missing."""

from datetime import timedelta

import pytest

from contraparte.directory import actions, queries
from contraparte.directory.acting import acting_tenure, sees_content
from contraparte.directory.models import Person, Tenure
from contraparte.protocol.errors import ActingForbiddenError
from tests.directory.factory import NOW, agency_entry, load, register_of

pytestmark = pytest.mark.django_db
POST, OTHER = "mx.fge-son/firearms", "mx.fge-son/legal"
DAY = timedelta(days=1)


@pytest.fixture
def held() -> Tenure:
    load(register_of("mx", [agency_entry("mx.fge-son", "firearms", "legal")], []))
    ana = actions.add_person("ana", "Ana", language="es")
    actions.appoint(ana, queries.post(OTHER), ["auditor"], by=None, now=NOW)
    return actions.appoint(ana, queries.post(POST), ["officer"], ends=NOW + DAY, by=None, now=NOW)


def test_a_person_acts_for_the_post_named_while_the_tenure_runs(held: Tenure) -> None:
    assert acting_tenure("ana", POST, holds=sees_content, now=NOW) == held
    with pytest.raises(ActingForbiddenError):
        acting_tenure("ana", POST, holds=sees_content, now=NOW + DAY)


def test_whatever_is_missing_the_refusal_is_the_same(held: Tenure) -> None:
    said = []
    for username, post in (("ana", OTHER), ("ana", "mx.fge-son/none"), ("nobody", POST)):
        with pytest.raises(ActingForbiddenError) as refusal:
            acting_tenure(username, post, holds=sees_content, now=NOW)
        said.append((refusal.value.code, refusal.value.params == {"person": username, "post": post}))
    assert said == [("tenure.acting", True)] * 3


def test_an_inactive_person_acts_for_nobody(held: Tenure) -> None:
    Person.objects.filter(pk=held.person_id).update(is_active=False)
    with pytest.raises(ActingForbiddenError):
        acting_tenure("ana", POST, holds=sees_content, now=NOW)
