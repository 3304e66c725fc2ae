"""Silence: an urgent inquiry nobody opens goes to the substitute, which may act in it while the step is owed."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from contraparte.desk.queries import conversations_of, to_do
from contraparte.directory import duty
from contraparte.directory import queries as directory
from contraparte.directory.models import Person, Substitute, Tenure
from contraparte.directory.queries import Role
from contraparte.exchange import actions as exchange
from contraparte.exchange.escalating import escalate_silent, stands_in
from contraparte.exchange.models import Escalation, Message, Receipt
from contraparte.inquiries import queries
from contraparte.inquiries.actions.stepping import take_step
from contraparte.inquiries.models import Inquiry
from contraparte.protocol.errors import ContraparteError, PostNotLocalError, RightMissingError, SubstituteFieldError
from contraparte.web.registry import notices_for
from tests.desk.conftest import browser_of as browser_of  # noqa: PLC0414  (the fixture, under its own name)
from tests.inquiries.inquiry_world import CENTRAL, COURT, POLICE, SHERIFF, InquiryWorld
from tests.inquiries.test_by_program import Program

HOUR = timedelta(hours=1)
URGENT = {"urgency": "urgent", "urgent_reason": "He is held tonight.", "due_on": "2099-01-01", "due_reason": "Tonight."}


def name_court(world: InquiryWorld, **more: Any) -> Substitute | None:
    told = {"substitute": directory.post(COURT), "silence": HOUR, "by": world.supervisor, "now": world.now} | more
    return duty.name_substitute(directory.post(CENTRAL), **told)


def asked(world: InquiryWorld, **more: Any) -> Inquiry:
    return world.other(world.ask(POLICE, **(URGENT | more)))


def later(hours: float = 1.1) -> Any:
    return timezone.now() + timedelta(hours=hours)


def test_after_the_silence_the_substitute_sees_it_and_is_told_without_content(world: InquiryWorld) -> None:
    name_court(world)
    theirs = asked(world)
    assert theirs.conversation is not None
    assert escalate_silent(timezone.now()) == 0 and theirs.conversation not in conversations_of(world.clerk)
    assert escalate_silent(later()) == 1 and escalate_silent(later(2)) == 0
    assert theirs.conversation in conversations_of(world.clerk)
    assert theirs in queries.inquiries_of(world.clerk) and queries.may_act(world.clerk, theirs)
    (row,) = [item for item in to_do(world.clerk, timezone.now()) if "substitute" in str(item.detail)]
    assert row.urgent and row.url == f"/conversations/{theirs.conversation.pk}/"
    (notice,) = [one for one in notices_for(world.clerk, timezone.now()) if "substitute" in str(one.label)]
    assert notice.count == 1


def test_what_is_routine_opened_or_answered_stays_with_its_post(world: InquiryWorld) -> None:
    name_court(world)
    asked(world, urgency="routine", urgent_reason="", due_on="", due_reason="")
    opened = asked(world)
    assert opened.conversation is not None
    exchange.note_opened(opened.conversation, by=world.agent, now=timezone.now())
    answered = asked(world)
    world.step(answered, "clarify", {"text": "Which line called?"})
    assert escalate_silent(later()) == 0 and not Escalation.objects.exists()


def test_without_a_substitute_nothing_is_escalated(world: InquiryWorld) -> None:
    name_court(world)
    name_court(world, substitute=None)
    asked(world)
    assert escalate_silent(later()) == 0


def test_the_substitute_answers_in_the_name_of_the_post_and_then_sees_it_no_more(world: InquiryWorld) -> None:
    name_court(world)
    theirs = asked(world)
    assert theirs.conversation is not None
    with pytest.raises(PostNotLocalError):
        take_step(theirs, "progress", {"step": "assess"}, by=world.clerk, now=timezone.now())
    cecil, step = Program(world.clerk), f"inquiries/{theirs.pk}/steps/acknowledge"
    assert cecil.send(step).status_code == 404
    escalate_silent(later())
    exchange.note_opened(theirs.conversation, by=world.clerk, now=timezone.now())
    assert cecil.done(step)["message"], "a program of the substitute stands in as its person does"
    assert Receipt.objects.filter(ours=True, kind="opened", agency="us.doj").exists()
    draft = take_step(
        theirs, "answer", {"results": [{"number": 1, "outcome": "done", "text": "A prepaid line."}]}, by=world.clerk,
        now=timezone.now(), marked={},
    )  # fmt: skip
    assert not isinstance(draft, str)
    world.release(draft)
    world.settle()
    assert Message.objects.filter(type="inquiry.answer/1", direction="out", sender=CENTRAL).count() == 1
    assert not stands_in(world.clerk, theirs.conversation)
    assert theirs.conversation not in conversations_of(world.clerk)
    assert theirs not in queries.inquiries_of(world.clerk)


def test_nobody_else_stands_in(world: InquiryWorld) -> None:
    name_court(world)
    theirs = asked(world)
    assert theirs.conversation is not None
    escalate_silent(later())
    stranger = directory_tenure("nina", SHERIFF, Role.OFFICER)
    assert theirs.conversation not in conversations_of(stranger) and not queries.may_act(stranger, theirs)
    for by in (stranger, world.officer):
        with pytest.raises(PostNotLocalError):
            take_step(theirs, "progress", {"step": "assess"}, by=by, now=timezone.now())


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"silence": timedelta(minutes=14)}, "silence"),
        ({"silence": timedelta(days=8)}, "silence"),
        ({"substitute": SHERIFF}, "substitute"),
        ({"substitute": CENTRAL}, "substitute"),
    ],
)
def test_a_substitute_is_another_post_of_the_agency_after_a_time_within_bounds(
    world: InquiryWorld, more: dict[str, Any], field: str
) -> None:
    if "substitute" in more:
        more = {"substitute": directory.post(more["substitute"])}
    with pytest.raises(SubstituteFieldError) as refused:
        name_court(world, **more)
    assert refused.value.params == {"field": field} and not Substitute.objects.exists()


def test_only_an_authorising_person_of_the_post_names_its_substitute(world: InquiryWorld) -> None:
    refused = []
    for by in (world.agent, world.clerk, world.chief):
        with pytest.raises(ContraparteError) as told:
            name_court(world, by=by)
        refused.append(type(told.value))
    assert set(refused) == {RightMissingError} and not Substitute.objects.exists()


def test_the_pages_set_it_and_show_it(world: InquiryWorld, browser_of: Callable[[Tenure], Client]) -> None:
    chief, clerk = browser_of(world.supervisor), browser_of(world.clerk)
    wrong = chief.post("/duty/substitute/", {"substitute": COURT, "silence": "5"})
    assert wrong.status_code == 422 and "usa-error-message" in wrong.content.decode()
    assert not Substitute.objects.exists()
    assert chief.post("/duty/substitute/", {"substitute": SHERIFF, "silence": "60"}).status_code == 422
    assert clerk.post("/duty/substitute/", {"substitute": CENTRAL, "silence": "60"}).status_code == 403
    assert chief.post("/duty/substitute/", {"substitute": COURT, "silence": "60"}).status_code == 302
    assert "After 1 h of silence Court stands in" in chief.get("/duty/").content.decode()
    theirs = asked(world)
    assert theirs.conversation is not None
    assert clerk.get(f"/inquiries/{theirs.pk}/").status_code == 404
    escalate_silent(later())
    assert "as substitute of the post that owes it" in clerk.get("/desk/").content.decode()
    shown = clerk.get(f"/conversations/{theirs.conversation.pk}/").content.decode()
    assert "its substitute stands in" in shown
    assert clerk.get(f"/inquiries/{theirs.pk}/steps/clarify/").status_code == 200


def directory_tenure(name: str, post: str, role: Role) -> Tenure:
    from contraparte.directory.actions import appoint

    person = Person.objects.create_user(name, display_name=name)
    return appoint(person, directory.post(post), [role], by=None, now=timezone.now())
