"""Words about outcomes go with their messages; what is counted of them stays, on both sides alike."""

import pytest
from django.utils import timezone

from contraparte.exchange.models import Message
from contraparte.outcomes.actions import stating, using
from contraparte.outcomes.models import Outcome
from contraparte.outcomes.rules.uses import Used
from tests.exchange.canaries import cells_with, erase_everything
from tests.outcomes.outcome_world import OutcomeWorld, arrest
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


def test_an_outcome_can_still_be_confirmed_after_its_report_was_erased(world: OutcomeWorld) -> None:
    outcome = world.report()
    erase_everything()
    _, theirs = world.sides(outcome)
    stating.confirm_outcome(theirs, contribution=frozenset(), by=world.traces.specialist, now=timezone.now())
    world.traces.settle()
    assert [row.state for row in Outcome.objects.all()] == ["corroborated", "corroborated"], "contributions differ"
