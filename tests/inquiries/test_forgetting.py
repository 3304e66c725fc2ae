"""What an inquiry said is gone with its messages: when one is recalled, and when their time is over."""

from typing import Any

import pytest
from django.utils import timezone

from contraparte.exchange import actions as exchange
from contraparte.exchange import files, registry
from contraparte.exchange.attaching import attach_pieces
from contraparte.exchange.attachment_auditing import find_attachment_faults
from contraparte.exchange.models import Attachment, Draft, Message
from contraparte.exchange.recalls import order_recall
from contraparte.inquiries.actions.asking import open_inquiry
from contraparte.inquiries.actions.sharing import comment_on_draft, share_draft
from contraparte.inquiries.actions.stepping import take_step
from contraparte.inquiries.models import Inquiry, SignedCopy
from tests.exchange.canaries import cells_with, erase_everything
from tests.inquiries.inquiry_world import LETTER, NOTE, POLICE, SPONTANEOUS, InquiryWorld
from tests.inquiries.test_any_order import BODIES
from tests.traces.test_pages import browser

pytestmark = pytest.mark.store

SAID = {
    "clarify": "Canary of the clarification asked",
    "clarification": "Canary of the clarification given",
    "conditions": "Canary of the conditions",
    "text": "Canary of the answer",
    "result": "Canary of the result",
    "use": "Canary of the use",
}
RESTRICTED = "Canary of the restriction"
ASKED = (
    RESTRICTED,
    LETTER["facts"],
    LETTER["purpose"],
    "Account 1",
    "Branch manager",
    "Opened the account.",
    "Perita traductora 77",
)


def lived(world: InquiryWorld) -> tuple[Inquiry, Inquiry]:
    """A letter through its whole life, on both sides."""
    ours = world.ask(LETTER, handling=["H3"], handling_text=RESTRICTED)
    theirs = world.other(ours)
    world.step(theirs, "acknowledge")
    world.step(theirs, "clarify", {"text": SAID["clarify"]})
    world.step(ours, "clarification", {"text": SAID["clarification"]})
    world.step(theirs, "conditions", {"text": SAID["conditions"]})
    world.step(ours, "agree")
    results = [{"number": number, "outcome": "done", "text": SAID["result"]} for number in (1, 2)]
    world.step(theirs, "answer", {"text": SAID["text"], "results": results})
    world.step(ours, "verify")
    world.step(ours, "use", {"used": True, "way": "court_file", "text": SAID["use"]})
    world.step(ours, "close")
    return ours, theirs


def test_when_its_time_is_over_no_row_shows_what_an_inquiry_said(world: InquiryWorld) -> None:
    ours, theirs = lived(world)
    words = [*SAID.values(), *ASKED]
    assert all(cells_with([word]) for word in words), "each stood somewhere"
    assert erase_everything() == Message.objects.count()
    assert cells_with(words) == set()
    for person, row in ((browser(world.officer), ours), (browser(world.agent), theirs)):
        for address in (f"/inquiries/{row.pk}/", "/inquiries/?show=ended", f"/conversations/{row.conversation_id}/"):
            assert person.get(address).status_code == 200, address
    assert world.standing(ours).state == world.standing(theirs).state == "closed", "where it stood is still told"


def test_a_recalled_answer_is_on_no_page_and_the_rest_of_the_thread_stays(world: InquiryWorld) -> None:
    ours, _ = lived(world)
    answer = Message.objects.get(type="inquiry.answer/1", direction="out")
    order_recall(answer, reason="incorrect", by=world.agent, now=timezone.now())
    world.settle()
    person = browser(world.officer)
    for address in (f"/inquiries/{ours.pk}/", f"/conversations/{ours.conversation_id}/"):
        page = person.get(address).content.decode()
        assert SAID["result"] not in page and SAID["text"] not in page, address
        assert "Recalled by who sent it" in page and SAID["clarify"] in page, address


def test_a_recalled_request_is_on_no_page_of_who_was_asked_and_no_step_draws_on_it(world: InquiryWorld) -> None:
    ours = world.ask(LETTER)
    theirs = world.other(ours)
    world.step(theirs, "acknowledge")
    request = Message.objects.get(type="inquiry.letter/1", direction="out")
    order_recall(request, reason="mistake", by=world.officer, now=timezone.now())
    world.settle()
    person = browser(world.agent)
    for address in (f"/inquiries/{theirs.pk}/", f"/inquiries/{theirs.pk}/steps/accept/"):
        page = person.get(address)
        assert page.status_code == 200
        assert not [text for text in ASKED if text in page.content.decode()], address


def test_whatever_was_written_on_an_erased_item_and_never_left_is_gone_with_it(world: InquiryWorld) -> None:
    ours = world.ask(LETTER)
    theirs = world.other(ours)
    world.step(theirs, "acknowledge")
    world.step(theirs, "clarify", {"text": SAID["clarify"]})
    item, now = Message.objects.get(type="inquiry.clarify/1", direction="in"), world.now
    drawn, free = (world.save(LETTER, facts=f"{number}: {SAID['clarify']}") for number in (1, 2))
    SignedCopy.objects.create(
        inquiry=drawn, version="", name="Canary.pdf", size=1, number=1, sha256=bytes(32), key=b"k" * 32,
        sealed_sha256=bytes(32), file=files.new_name(), signed_by="Canary who signed", taken_by=world.officer,
        taken_at=now,
    )  # fmt: skip
    answer = take_step(ours, "clarification", {"text": SAID["clarification"]}, by=world.officer, now=now)
    letter, other = (open_inquiry(row, by=world.officer, now=now) for row in (drawn, free))
    assert isinstance(letter, Draft) and isinstance(other, Draft) and isinstance(answer, Draft)
    attach_pieces(letter, [b"words"], name="Canary.txt", media_type="text/plain", by=world.officer, now=now)
    for draft in (letter, answer):
        exchange.cite_item(draft, item, by=world.officer, now=now)
    words = [SAID["clarify"], SAID["clarification"], "canary"]
    attachment = Attachment.objects.get()
    held = files.kept(attachment.file)
    assert held.exists()
    erase_everything()
    own = {("inquiries_inquiry", "typed", free.pk), ("exchange_draft", "body", other.pk)}
    assert cells_with(words) == own, "what draws on nothing is its author's own"
    assert not held.exists()
    assert {bytes(row.key) for row in (*Attachment.objects.all(), *SignedCopy.objects.all())} == {b""}
    assert list(find_attachment_faults()) == []
    page = browser(world.officer).get(f"/inquiries/{drawn.pk}/")
    assert page.status_code == 200 and SAID["clarify"] not in page.content.decode()


#: Ways through the life of an inquiry that together take every step: (kind, changes, steps of each side).
WAYS: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    (LETTER, {}, "acknowledge assess clarify clarification accept execute delay part answer reject answer verify"),
    (LETTER, {}, "acknowledge consult consult_reply refuse"),
    (LETTER, {}, "acknowledge postpone accept withdraw"),
    (LETTER, {}, "acknowledge conditions agree"),
    (POLICE, {"is_oral": True, "oral_by": "Canary who spoke"}, "confirm transfer"),
    (POLICE, {}, "answer use close"),
    (SPONTANEOUS, {}, "acknowledge use"),
    (NOTE, {}, "answer close"),
]  # fmt: skip


def test_whatever_step_was_taken_no_row_shows_what_was_said_in_it(world: InquiryWorld) -> None:
    shown = world.save(LETTER, facts="Canary of the draft shown")
    world.release(share_draft(shown, question="Canary of the question", by=world.officer, now=world.now))
    world.settle()
    theirs = Inquiry.objects.exclude(agency=shown.agency).get()
    comment_on_draft(theirs, verdict="incomplete", text="Canary of the comment", by=world.agent, now=world.now)
    world.settle()
    for typed, changes, steps in WAYS:
        ours = world.ask(typed | changes, facts="Canary of the facts", note_what="Canary of the note")
        there = world.other(ours)
        for step in steps.split():
            side = next(one for one in (there, ours) if step in world.standing(one).steps)
            world.step(side, step, BODIES.get(step, {}) | {"text": f"Canary of {step}"})
    taken = set(Message.objects.values_list("type", flat=True))
    assert {known.name for known in registry.message_types() if known.name.startswith("inquiry.")} == taken
    assert cells_with(["canary"])
    assert erase_everything() == Message.objects.count()
    # What its author is still writing is no message yet.
    assert cells_with(["canary"]) == {("inquiries_inquiry", "typed", shown.pk)}
