"""A draft shown to the other side before it is sent: no lifecycle, no clock, through the release, with a word back."""

from typing import Any

import pytest

from contraparte.exchange.models import Draft, Message, Obligation
from contraparte.inquiries.actions.asking import open_inquiry, save_inquiry
from contraparte.inquiries.actions.sharing import comment_on_draft, share_draft
from contraparte.inquiries.models import Inquiry
from contraparte.inquiries.queries import shared_in
from contraparte.protocol.errors import (
    InquiryFieldError,
    InquiryIncompleteError,
    InquiryStepError,
    ReleaseHeldError,
)
from tests.inquiries.inquiry_world import CENTRAL, LETTER, POLICE, InquiryWorld
from tests.traces.test_pages import browser

HALF = LETTER | {
    "offences": [{"code": "", "text": "Article 390"}],
    "measures": [{"object": "Account 1"}, LETTER["measures"][1]],
    "translation_hash": "",
    "translated_by": "",
}
LANGUAGES = ["en", "es"]


def show(world: InquiryWorld, typed: dict[str, Any] = HALF, question: str = "Is this complete for you?") -> Inquiry:
    """A draft typed, shown, released and received."""
    row = world.save(typed)
    world.release(share_draft(row, question=question, by=world.officer, now=world.now))
    world.settle()
    return Inquiry.objects.get(pk=row.pk)


def test_a_draft_with_gaps_is_shown_and_starts_neither_lifecycle_nor_clock(world: InquiryWorld) -> None:
    row = show(world)
    theirs = world.other(row)
    assert (world.standing(row).state, world.standing(theirs).state) == ("draft", "shared")
    assert world.standing(row).steps == world.standing(theirs).steps == ()
    assert not Obligation.objects.exists()
    body = shared_in(theirs)[0].content
    assert body is not None and body.body["facts"] == HALF["facts"]
    assert [one["number"] for one in body.body["measures"]] == [2]
    assert "offences" not in body.body and body.body["question"] == "Is this complete for you?"
    assert body.marking.evidence == "intelligence", "what is only shown never enters a court file"
    assert "CI-FGE" not in str(body.body)


def test_nothing_is_shown_before_an_authorising_person_approved_it(world: InquiryWorld) -> None:
    from contraparte.exchange.actions import release_draft

    draft = share_draft(world.save(HALF), question="", by=world.officer, now=world.now)
    with pytest.raises(ReleaseHeldError):
        release_draft(draft, by=world.officer, now=world.now)
    assert not Message.objects.exists()


def test_a_word_comes_back_and_the_request_goes_on_in_the_same_thread(world: InquiryWorld) -> None:
    row = show(world)
    theirs = world.other(row)
    comment_on_draft(theirs, verdict="incomplete", text="Name the account.", by=world.agent, now=world.now)
    world.settle()
    assert [(one.row.type, one.row.direction) for one in shared_in(row)] == [
        ("inquiry.draft/1", "out"), ("inquiry.comment/1", "in")
    ]  # fmt: skip
    row = save_inquiry(dict(LETTER), by=world.officer, now=world.now, inquiry=row)
    draft = open_inquiry(row, by=world.officer, now=world.now)
    assert isinstance(draft, Draft)
    world.release(draft)
    world.settle()
    assert world.other(row).pk == theirs.pk
    assert (world.standing(row).state, world.standing(theirs).state) == ("delivered", "delivered")
    assert Inquiry.objects.get(pk=theirs.pk).marking["evidence"] == "evidence"
    assert Obligation.objects.filter(closed_at=None).count() == 2, "one clock, known to both sides, since the letter"
    with pytest.raises(InquiryStepError):
        comment_on_draft(theirs, verdict="complete", text="", by=world.agent, now=world.now)


def test_a_showing_that_has_not_left_is_written_anew_and_a_later_one_stands_beside_the_first(
    world: InquiryWorld,
) -> None:
    row = world.save(HALF)
    first = share_draft(row, question="", by=world.officer, now=world.now)
    again = share_draft(row, question="Now?", by=world.officer, now=world.now)
    assert again.pk == first.pk and Draft.objects.get().body["question"] == "Now?"
    world.release(again)
    world.settle()
    world.release(share_draft(row, question="And now?", by=world.officer, now=world.now))
    world.settle()
    assert len(shared_in(world.other(Inquiry.objects.get(pk=row.pk)))) == 2


def test_what_cannot_be_shown_is_refused_by_name(world: InquiryWorld) -> None:
    bare = world.save({"facts": "x"})
    with pytest.raises(InquiryIncompleteError) as gaps:
        share_draft(bare, question="", by=world.officer, now=world.now)
    assert gaps.value.params["gaps"] == "instrument, counterpart"
    note = world.save({"instrument": "liaison_note", "counterpart": CENTRAL})
    with pytest.raises(InquiryFieldError):
        share_draft(note, question="", by=world.officer, now=world.now)
    theirs = world.other(show(world, POLICE))
    for verdict, text, field in (("incomplete", " ", "text"), ("perhaps", "x", "verdict")):
        with pytest.raises(InquiryFieldError) as caught:
            comment_on_draft(theirs, verdict=verdict, text=text, by=world.agent, now=world.now)
        assert caught.value.params["field"] == field
    asked = world.ask(POLICE)
    with pytest.raises(InquiryStepError):
        comment_on_draft(world.other(asked), verdict="complete", text="", by=world.agent, now=world.now)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_draft_is_shown_and_commented_through_the_pages(world: InquiryWorld, language: str) -> None:
    officer, agent = browser(world.officer, language), browser(world.agent, language)
    row = world.save(HALF)
    page = officer.get(f"/inquiries/{row.pk}/").text
    assert {"en": "Show the draft to the other side", "es": "Mostrar el borrador a la otra parte"}[language] in page
    answer = officer.post(f"/inquiries/{row.pk}/share/", {"question": "Complete for you?"})
    draft = Draft.objects.get()
    assert answer["Location"] == f"/release/{draft.pk}/"
    world.release(draft)
    world.settle()
    row = Inquiry.objects.get(pk=row.pk)
    theirs = world.other(row)
    page = agent.get(f"/inquiries/{theirs.pk}/").text
    assert "Complete for you?" in page and HALF["facts"] in page
    assert {"en": "no clock runs", "es": "no corre ningún plazo"}[language] in page
    address = f"/inquiries/{theirs.pk}/comment/"
    refused = agent.post(address, {"verdict": "incomplete", "text": ""})
    assert refused.status_code == 422
    assert agent.post(address, {"verdict": "incomplete", "text": "Name the account."}).status_code == 302
    world.settle()
    page = officer.get(f"/inquiries/{row.pk}/").text
    assert "Name the account." in page
    assert {"en": "Something is missing", "es": "Falta algo"}[language] in page
    assert officer.post(f"/inquiries/{row.pk}/comment/", {"verdict": "complete"}).status_code == 404
    assert agent.post(f"/inquiries/{theirs.pk}/share/", {}).status_code == 404
    assert browser(world.clerk).get(f"/inquiries/{theirs.pk}/").status_code == 404


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_draft_without_an_addressee_is_not_shown_and_the_page_says_so(world: InquiryWorld, language: str) -> None:
    officer = browser(world.officer, language)
    row = world.save({"facts": "x", "instrument": "police_channel"})
    refused = officer.post(f"/inquiries/{row.pk}/share/", {"question": "Complete for you?"})
    assert refused.status_code == 409 and "Complete for you?" in refused.text
    assert not Draft.objects.exists()
