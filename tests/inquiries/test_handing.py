"""The way inside an agency before a request leaves: handed on, returned with comments, its authors kept."""

from typing import Any

import pytest

from contraparte.exchange.models import Draft, Message
from contraparte.exchange.writing import writing
from contraparte.inquiries.actions.asking import open_inquiry, save_inquiry
from contraparte.inquiries.actions.forgetting import forget
from contraparte.inquiries.actions.handing import giver_of, hand_on, return_back
from contraparte.inquiries.models import Inquiry
from contraparte.inquiries.queries import inquiries_of
from contraparte.protocol.errors import InquiryBoundError, InquiryFieldError, InquirySentError, PostNotLocalError
from tests.inquiries.inquiry_world import CENTRAL, COURT, POLICE, SHERIFF, SONORA, InquiryWorld
from tests.traces.test_pages import browser

ASKED = POLICE | {"counterpart": SONORA}
LANGUAGES = ["en", "es"]


def typed_by_clerk(world: InquiryWorld, **changes: Any) -> Inquiry:
    """A request written at the court's post, which hands it to the central authority."""
    return save_inquiry(ASKED | changes, by=world.clerk, now=world.now)


def fresh(row: Inquiry) -> Inquiry:
    """The row as it is stored."""
    return Inquiry.objects.get(pk=row.pk)


def test_a_request_goes_to_the_central_authority_back_with_comments_and_abroad(world: InquiryWorld) -> None:
    row = typed_by_clerk(world)
    hand_on(row, to=CENTRAL, note="For your signature.", by=world.clerk, now=world.now)
    assert fresh(row).post_id == CENTRAL and giver_of(row) is not None
    with pytest.raises(PostNotLocalError):
        save_inquiry(dict(ASKED), by=world.clerk, now=world.now, inquiry=fresh(row))
    return_back(fresh(row), note="The nexus is thin.", by=world.agent, now=world.now)
    assert fresh(row).post_id == COURT and giver_of(row) is None
    measures = [ASKED["measures"][0] | {"nexus": "The line that called, at 02:10."}]
    save_inquiry(ASKED | {"measures": measures}, by=world.clerk, now=world.now, inquiry=fresh(row))
    hand_on(fresh(row), to=CENTRAL, note="", by=world.clerk, now=world.now)
    save_inquiry(fresh(row).typed | {"purpose": "Find the victim."}, by=world.agent, now=world.now, inquiry=fresh(row))
    draft = open_inquiry(fresh(row), by=world.agent, now=world.now)
    assert isinstance(draft, Draft)
    world.release(draft)
    world.settle()
    sent = fresh(row)
    assert (sent.requester, world.standing(sent).state) == (CENTRAL, "delivered")
    told = [(leg.kind, leg.start_id, leg.end_id, leg.version) for leg in row.legs.all()]
    assert told == [
        ("submitted", COURT, CENTRAL, 1), ("returned", CENTRAL, COURT, 1), ("submitted", COURT, CENTRAL, 2)
    ]  # fmt: skip
    assert [(one.number, one.by) for one in row.versions.all()] == [
        (1, world.clerk), (2, world.clerk), (3, world.agent)
    ]  # fmt: skip
    assert (
        "nexus is thin" not in str(world.other(sent).__dict__) and Message.objects.filter(direction="in").count() == 1
    )


def test_who_handed_it_on_goes_on_reading_and_changes_nothing(world: InquiryWorld) -> None:
    row = typed_by_clerk(world)
    hand_on(row, to=CENTRAL, note="", by=world.clerk, now=world.now)
    assert fresh(row) in inquiries_of(world.clerk)
    clerk = browser(world.clerk)
    page = clerk.get(f"/inquiries/{row.pk}/")
    assert page.status_code == 200
    for address in ("edit", "hand", "share", "letter"):
        assert f"/inquiries/{row.pk}/{address}/" not in page.text
    assert clerk.post(f"/inquiries/{row.pk}/hand/", {"to": COURT}).status_code == 404
    assert clerk.post(f"/inquiries/{row.pk}/share/", {}).status_code == 404
    assert clerk.get(f"/inquiries/{row.pk}/letter/").status_code == 404
    for action in ("convert", "redirect"):
        assert clerk.post(f"/inquiries/{row.pk}/{action}/", {}).status_code == 404
    assert browser(world.officer).get(f"/inquiries/{row.pk}/").status_code == 404


def test_saving_the_same_words_is_no_new_version(world: InquiryWorld) -> None:
    row = typed_by_clerk(world)
    save_inquiry(dict(ASKED), by=world.clerk, now=world.now, inquiry=row)
    save_inquiry(ASKED | {"case_number": "other"}, by=world.clerk, now=world.now, inquiry=row)
    assert [one.number for one in row.versions.all()] == [1]


def test_what_cannot_move_is_refused_by_name(world: InquiryWorld) -> None:
    row = typed_by_clerk(world)
    for to in ("", SHERIFF, SONORA, COURT):
        with pytest.raises(InquiryFieldError) as caught:
            hand_on(row, to=to, note="", by=world.clerk, now=world.now)
        assert caught.value.params["field"] == "to"
    with pytest.raises(InquiryFieldError):
        return_back(row, note="Nobody gave it.", by=world.clerk, now=world.now)
    hand_on(row, to=CENTRAL, note="", by=world.clerk, now=world.now)
    with pytest.raises(InquiryFieldError) as caught:
        return_back(fresh(row), note=" ", by=world.agent, now=world.now)
    assert caught.value.params["field"] == "note"
    draft = open_inquiry(fresh(row), by=world.agent, now=world.now)
    with pytest.raises(InquiryBoundError):
        return_back(fresh(row), note="Too late.", by=world.agent, now=world.now)
    assert isinstance(draft, Draft)
    world.release(draft)
    with pytest.raises(InquirySentError):
        return_back(fresh(row), note="Too late.", by=world.agent, now=world.now)
    assert row.legs.count() == 1


def test_comments_are_forgotten_with_what_was_asked(world: InquiryWorld) -> None:
    row = typed_by_clerk(world)
    hand_on(row, to=CENTRAL, note="He owns the shop.", by=world.clerk, now=world.now)
    draft = open_inquiry(fresh(row), by=world.agent, now=world.now)
    assert isinstance(draft, Draft)
    world.release(draft)
    with writing():
        forget(Message.objects.get(uuid=draft.uuid, direction="out"), world.now)
    assert [leg.note for leg in row.legs.all()] == [""]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_request_is_handed_on_and_returned_through_the_pages(world: InquiryWorld, language: str) -> None:
    clerk, agent = browser(world.clerk, language), browser(world.agent, language)
    row = typed_by_clerk(world)
    address = f"/inquiries/{row.pk}/hand/"
    page = clerk.get(f"/inquiries/{row.pk}/").text
    assert CENTRAL in page and {"en": "Hand it to another post", "es": "Turnar a otro puesto"}[language] in page
    refused = clerk.post(address, {"do": "hand", "to": SHERIFF, "note": "Please look."})
    assert refused.status_code == 422 and "Please look." in refused.text
    assert clerk.post(address, {"do": "hand", "to": CENTRAL, "note": "Please look."}).status_code == 302
    page = agent.get(f"/inquiries/{row.pk}/").text
    assert "Please look." in page
    assert {"en": "Return with these comments", "es": "Devolver con estos comentarios"}[language] in page
    assert agent.post(address, {"do": "return", "note": ""}).status_code == 422
    assert agent.post(address, {"do": "return", "note": "Nexus?"}).status_code == 302
    page = clerk.get(f"/inquiries/{row.pk}/").text
    assert "Nexus?" in page and {"en": "Returned with comments", "es": "Devuelta con comentarios"}[language] in page
