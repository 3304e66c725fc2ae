"""Words about outcomes go with their messages; what is counted of them stays, on both sides alike."""

import pytest
from django.utils import timezone

from contraparte.exchange.models import CaseFile, Message
from contraparte.outcomes.actions import linking, stating, using
from contraparte.outcomes.models import CaseLink, Outcome
from contraparte.outcomes.registrations import TYPES
from contraparte.outcomes.rules.uses import NotUsed, Used
from tests.exchange.canaries import cells_with, erase_everything
from tests.outcomes.outcome_world import PROVIDED, SERIALS, US, OutcomeWorld, arrest
from tests.traces.test_pages import browser

pytestmark = pytest.mark.store

CONTESTED, CORRECTED, NOTE = "Canary of the contest", "Canary of the correction", "Canary of the feedback"


def test_when_its_time_is_over_words_are_gone_and_the_event_is_still_counted(world: OutcomeWorld) -> None:
    outcome = world.report()
    people = world.traces
    _, theirs = world.sides(outcome)
    stating.contest_outcome(theirs, reason=CONTESTED, by=people.specialist, now=timezone.now())
    people.settle()
    stating.correct_outcome(outcome, arrest(region="MX-BCN"), reason=CORRECTED, by=people.officer, now=timezone.now())
    assert outcome.about is not None
    using.give_feedback(
        world.step(outcome.about), used=Used.LEAD, not_used=None, note=NOTE, by=people.officer, now=timezone.now()
    )
    people.settle()
    words = (CONTESTED, CORRECTED, NOTE)
    assert all(cells_with([word]) for word in words), "each stood somewhere"
    assert erase_everything() == Message.objects.count()
    assert cells_with(words) == set()
    ours, theirs = world.sides(outcome)
    assert (ours.state, ours.facts["region"], ours.kind) == (theirs.state, theirs.facts["region"], theirs.kind)
    for person, row in ((browser(people.officer), ours), (browser(people.specialist), theirs)):
        for address in ("/outcomes/", f"/outcomes/{row.pk}/", f"/conversations/{row.conversation_id}/"):
            assert person.get(address).status_code == 200, address


def test_whatever_was_said_about_outcomes_and_cases_no_row_shows_its_words(world: OutcomeWorld) -> None:
    people, now = world.traces, timezone.now()
    about, other = world.exchange(), world.exchange(key="r2", serial=SERIALS[1])
    outcome = world.report(about)
    stating.contest_outcome(world.sides(outcome)[1], reason="Canary of the contest", by=people.specialist, now=now)
    people.settle()
    stating.correct_outcome(outcome, arrest(region="MX-BCN"), reason="Canary corrected", by=people.officer, now=now)
    people.settle()
    stating.confirm_outcome(
        world.sides(outcome)[1], contribution=PROVIDED, by=people.specialist, now=timezone.now()
    )  # fmt: skip
    people.settle()
    stating.retract_outcome(outcome, reason="Canary of the retraction", by=people.officer, now=timezone.now())
    using.give_feedback(
        world.step(about), used=None, not_used=NotUsed.OTHER, note="Canary of the use", by=people.officer, now=now
    )
    asked, again = (linking.ask_link(one, by=people.officer, now=now) for one in (about, other))
    people.settle()
    case = CaseFile.objects.create(agency_id=US, post_id="us.ntc/desk", number="NTC-2026-0077", opened_at=now)
    theirs, declined = (CaseLink.objects.get(agency=US, uuid=one.uuid) for one in (asked, again))
    linking.agree_link(theirs, case, by=people.specialist, now=now)
    people.settle()
    linking.end_link(asked, reason="Canary of the end", by=people.officer, now=now)
    linking.end_link(declined, reason="Canary of the declining", by=people.specialist, now=now)
    people.settle()
    taken = set(Message.objects.values_list("type", flat=True))
    assert {one.name for one in TYPES} == {name for name in taken if not name.startswith("trace.")}
    assert len({table for table, _, _ in cells_with(["canary"])}) >= 4
    assert erase_everything() == Message.objects.count()
    assert cells_with(["canary"]) == set()
    assert {row.state for row in CaseLink.objects.all()} == {"ended"}
    assert {row.state for row in world.sides(outcome)} == {"retracted"}


def test_an_outcome_can_still_be_confirmed_after_its_report_was_erased(world: OutcomeWorld) -> None:
    outcome = world.report()
    erase_everything()
    _, theirs = world.sides(outcome)
    stating.confirm_outcome(theirs, contribution=frozenset(), by=world.traces.specialist, now=timezone.now())
    world.traces.settle()
    assert [row.state for row in Outcome.objects.all()] == ["corroborated", "corroborated"], "contributions differ"
