"""Tokens of the API: made by their holder, shown once, kept as a hash; what a page and a call do with them."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from contraparte.directory.models import Tenure
from contraparte.protocol.errors import ApiTokenFieldError, TenureEndedError
from contraparte.web.api.doors import REFUSALS_PER_MINUTE, _is_sound
from contraparte.web.api.tokens import MOST_DAYS, make_token
from contraparte.web.models import ApiToken
from tests.inquiries.conftest import world  # noqa: F401  (a fixture)
from tests.inquiries.inquiry_world import InquiryWorld
from tests.traces.test_pages import browser


def call(text: str, path: str = "/api/v1/me", **headers: str) -> Any:
    return Client().get(path, HTTP_AUTHORIZATION=f"Bearer {text}", **headers)


@pytest.mark.parametrize("language", ["en", "es"])
def test_a_token_is_shown_once_and_only_its_hash_is_kept(world: InquiryWorld, language: str) -> None:  # noqa: F811
    client = browser(world.officer, language)
    answer = client.post("/account/api/", {"name": "Case system", "scopes": ["read", "write"], "days": 30})
    assert answer.status_code == 200
    text = answer.text.split('id="new-token">')[1].split("<")[0]
    assert "no-store" in answer["Cache-Control"]
    row = ApiToken.objects.get()
    assert text not in str(list(ApiToken.objects.values()))
    assert text not in client.get("/account/api/").text and "Case system" in client.get("/account/api/").text
    assert call(text).json()["post"] == world.officer.post_id
    row.refresh_from_db()
    assert row.used_at is not None and row.scopes == ["read", "write"]


def test_a_revoked_token_is_dead_at_once_and_nobody_revokes_anothers(world: InquiryWorld) -> None:  # noqa: F811
    row, text = make_token(name="x", scopes=["read"], days=1, by=world.officer, now=timezone.now())
    assert browser(world.chief, "en").post(f"/account/api/{row.pk}/revoke/").status_code == 404
    assert call(text).status_code == 200
    assert browser(world.officer, "en").post(f"/account/api/{row.pk}/revoke/").status_code == 302
    assert call(text).status_code == 401


def test_a_token_opens_no_page(world: InquiryWorld) -> None:  # noqa: F811
    _, text = make_token(name="x", scopes=["read"], days=1, by=world.officer, now=timezone.now())
    assert call(text, "/desk/").status_code == 302
    assert call(text, "/account/api/openapi.json").status_code == 302


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("name", {"name": " "}), ("name", {"name": "a\0b"}), ("name", {"name": "n" * 81}),
        ("scopes", {"scopes": []}), ("scopes", {"scopes": ["root"]}),
        ("days", {"days": 0}), ("days", {"days": MOST_DAYS + 1}),
    ],
)  # fmt: skip
def test_a_token_that_cannot_be_made_names_its_field(
    world: InquiryWorld,  # noqa: F811
    field: str,
    wrong: dict[str, Any],
) -> None:
    told: dict[str, Any] = {"name": "x", "scopes": ["read"], "days": 1} | wrong
    with pytest.raises(ApiTokenFieldError) as refused:
        make_token(**told, by=world.officer, now=timezone.now())
    assert refused.value.params["field"] == field
    assert not ApiToken.objects.exists()


def test_an_ended_tenure_makes_no_token(world: InquiryWorld) -> None:  # noqa: F811
    Tenure.objects.filter(pk=world.officer.pk).update(ends=timezone.now())
    world.officer.refresh_from_db()
    with pytest.raises(TenureEndedError):
        make_token(name="x", scopes=["read"], days=1, by=world.officer, now=timezone.now() + timedelta(1))


def test_guessing_is_bounded_by_address(world: InquiryWorld) -> None:  # noqa: F811
    _, text = make_token(name="x", scopes=["read"], days=1, by=world.officer, now=timezone.now())
    statuses = [call(f"cpt_{number}").status_code for number in range(REFUSALS_PER_MINUTE + 2)]
    assert statuses[0] == 401 and statuses[-1] == 429
    assert call(text).status_code == 429
    assert call(text, REMOTE_ADDR="192.0.2.7").status_code == 200


def test_calls_are_bounded_by_token(world: InquiryWorld, settings: Any) -> None:  # noqa: F811
    settings.API_CALLS_PER_MINUTE = 3
    _, text = make_token(name="x", scopes=["read"], days=1, by=world.officer, now=timezone.now())
    answers = [call(text) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert answers[-1]["Retry-After"] == "60" and answers[-1].json()["code"] == "api.rate"


def test_the_openapi_document_names_every_operation_for_who_is_signed_in(world: InquiryWorld) -> None:  # noqa: F811
    answer = browser(world.officer, "en").get("/account/api/openapi.json")
    assert "/api/v1/inquiries" in answer.json()["paths"] and "/api/v1/drafts/{pk}/release" in answer.json()["paths"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)


@given(JSON)
def test_a_body_is_sound_exactly_when_its_texts_can_be_stored(value: Any) -> None:
    def texts(one: Any) -> list[str]:
        if isinstance(one, dict):
            return [*one, *(text for inner in one.values() for text in texts(inner))]
        if isinstance(one, list):
            return [text for inner in one for text in texts(inner)]
        return [one] if isinstance(one, str) else []

    assert _is_sound(value, 1000) == all("\0" not in text for text in texts(value))


@given(st.integers(min_value=0, max_value=40))
def test_a_body_nests_at_most_as_deep_as_allowed(depth: int) -> None:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    assert _is_sound(value, 12) == (depth <= 12)
