"""The domestic leg between two agencies: a state's draft, returned with comments, taken up, signed and sent abroad."""

from typing import Any

import pytest

from contraparte.exchange.models import Draft
from contraparte.inquiries import queries
from contraparte.inquiries.actions.asking import open_inquiry, save_inquiry
from contraparte.inquiries.actions.sharing import comment_on_draft, share_draft, take_up, tell_sent_on
from contraparte.inquiries.models import Inquiry
from contraparte.inquiries.queries import shared_in
from contraparte.inquiries.rules.translating import pairs_of
from contraparte.protocol.errors import InquiryFieldError, InquiryStepError, ReleaseWithheldError
from tests.inquiries.inquiry_world import CENTRAL, FEDERAL, LETTER, SHERIFF, SONORA, InquiryWorld
from tests.inquiries.test_letters import translate
from tests.traces.test_pages import browser

STATE = LETTER | {"counterpart": FEDERAL}
LANGUAGES = ["en", "es"]


def show(world: InquiryWorld, row: Inquiry, **changes: Any) -> Inquiry:
    """The state's draft, shown to the federal authority; returns it as that one keeps it."""
    said: dict[str, Any] = {"question": "Please send it on.", "send_on_to": CENTRAL} | changes
    world.release(share_draft(Inquiry.objects.get(pk=row.pk), by=world.officer, now=world.now, **said))
    world.settle()
    return Inquiry.objects.get(agency="mx.fgr", side="responder")


def verdicts(row: Inquiry) -> list[str]:
    """The words on the drafts of a thread, in order."""
    return [str(one.content.body["verdict"]) for one in shared_in(row) if one.content and "verdict" in one.content.body]


def test_a_letter_is_returned_shown_again_taken_up_and_sent_abroad_with_its_authors(world: InquiryWorld) -> None:
    row = world.save(STATE, formalities="")
    theirs = show(world, row)
    comment_on_draft(theirs, verdict="incomplete", text="Add formalities.", by=world.federal, now=world.now)
    world.settle()
    save_inquiry(STATE | {"formalities": "Certified copies."}, by=world.officer, now=world.now,
                 inquiry=Inquiry.objects.get(pk=row.pk))  # fmt: skip
    show(world, row)
    made = take_up(theirs, by=world.federal, now=world.now)
    assert take_up(theirs, by=world.federal, now=world.now).pk == made.pk
    assert (made.counterpart, made.lead, made.typed["formalities"]) == (CENTRAL, theirs, "Certified copies.")
    assert made.case_number == "" and "translation_hash" not in made.typed
    translated = {"translation_hash": "b" * 64, "translated_by": "Perito 4", "purpose": "Trial of both accused."}
    save_inquiry(made.typed | translated, by=world.federal, now=world.now, inquiry=made)
    written = [(one.number, one.author, one.by) for one in made.versions.all()]
    assert written == [(1, SONORA, world.federal), (2, "", world.federal)]
    assert tell_sent_on(world.now) == 0
    draft = open_inquiry(Inquiry.objects.get(pk=made.pk), by=world.federal, now=world.now)
    assert isinstance(draft, Draft)
    world.release(draft)
    world.settle()
    assert world.standing(made).state == "delivered"
    assert (tell_sent_on(world.now), tell_sent_on(world.now)) == (1, 0)
    world.settle()
    assert verdicts(Inquiry.objects.get(pk=row.pk)) == ["incomplete", "taken_up", "sent_on"]
    last = shared_in(Inquiry.objects.get(pk=row.pk))[-1].content
    assert last is not None and last.body["reference"] == made.reference
    assert world.standing(row).state == "draft", "for the state no lifecycle began: it asked nothing of the other side"


def test_translations_come_along_and_are_certified_anew(world: InquiryWorld) -> None:
    theirs = show(world, translate(world, world.save(STATE)))
    made = take_up(theirs, by=world.federal, now=world.now)
    missing = [pair.name for pair in pairs_of(made.typed) if pair.is_missing]
    assert missing == [] and made.typed["translations"]["facts"]["text"] == "El rescate se pagó en dos cuentas."
    assert "signer" not in made.typed and "translated_by" not in made.typed


def test_what_the_author_marked_stays_and_needs_the_authors_permission(world: InquiryWorld) -> None:
    theirs = show(world, world.save(STATE, handling=["H2"]))
    made = take_up(theirs, by=world.federal, now=world.now)
    assert made.typed["handling"] == ["H2"]
    translated = {"translation_hash": "b" * 64, "translated_by": "Perito 4", "handling": []}
    save_inquiry(made.typed | translated, by=world.federal, now=world.now, inquiry=made)
    draft = open_inquiry(Inquiry.objects.get(pk=made.pk), by=world.federal, now=world.now)
    assert isinstance(draft, Draft)
    with pytest.raises(ReleaseWithheldError):
        world.release(draft)


def test_only_an_agency_of_the_country_is_asked_to_send_on_and_only_what_asks_for_it_is_taken_up(
    world: InquiryWorld,
) -> None:
    abroad = world.save(LETTER)
    inside = world.save(STATE)
    for row, to in ((abroad, CENTRAL), (inside, FEDERAL), (inside, "us.pd/nobody")):
        with pytest.raises(InquiryFieldError) as caught:
            share_draft(row, question="", send_on_to=to, by=world.officer, now=world.now)
        assert caught.value.params["field"] == "send_on_to"
    assert SHERIFF in {post.pk for post in queries.posts_abroad(world.officer)}
    theirs = show(world, inside, send_on_to="")
    with pytest.raises(InquiryStepError):
        take_up(theirs, by=world.federal, now=world.now)
    assert not Inquiry.objects.filter(lead=theirs).exists()


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_draft_is_sent_on_through_the_pages(world: InquiryWorld, language: str) -> None:
    officer, federal = browser(world.officer, language), browser(world.federal, language)
    row = world.save(STATE)
    assert 'name="send_on_to"' in officer.get(f"/inquiries/{row.pk}/").text
    assert 'name="send_on_to"' not in officer.get(f"/inquiries/{world.save(LETTER).pk}/").text
    refused = officer.post(f"/inquiries/{row.pk}/share/", {"question": "Please.", "send_on_to": FEDERAL})
    assert refused.status_code == 422 and "Please." in refused.text
    assert (
        officer.post(f"/inquiries/{row.pk}/share/", {"question": "Please.", "send_on_to": CENTRAL}).status_code == 302
    )
    world.release(Draft.objects.get())
    world.settle()
    theirs = Inquiry.objects.get(agency="mx.fgr")
    assert {"en": "Take it up", "es": "Tomarla a su cargo"}[language] in federal.get(f"/inquiries/{theirs.pk}/").text
    answer = federal.post(f"/inquiries/{theirs.pk}/take/")
    made = Inquiry.objects.get(lead=theirs)
    assert answer["Location"] == f"/inquiries/{made.pk}/edit/"
    page = federal.get(f"/inquiries/{made.pk}/").text
    assert SONORA in page and {"en": "written by", "es": "redactada por"}[language] in page
    assert {"en": "the draft it was taken up from", "es": "el borrador del que proviene"}[language] in page
    world.settle()
    told = {"en": "Taken up, to be sent on", "es": "Recibida para su envío"}[language]
    assert told in officer.get(f"/inquiries/{row.pk}/").text
    assert officer.post(f"/inquiries/{row.pk}/take/").status_code == 404
