"""Two sides through random lives of inquiries and outcomes, over a road that loses, doubles, reorders and delays.

A state machine (hypothesis) plays both sides' people. When everything has been delivered both hold the same events,
states, clocks and figures; the figures are worked out once more from the signed receipts by other means. A run that
fails prints its steps, shrunk to the fewest that still fail.
"""

import math
import os
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from contraparte.directory import view
from contraparte.exchange import delivery, handling
from contraparte.exchange.auditing import find_message_faults
from contraparte.exchange.items import is_recalled
from contraparte.exchange.models import Draft, Message, Permission, Receipt
from contraparte.exchange.permissions import (
    ask_permission,
    grant_permission,
    refuse_permission,
    revoke_permission,
)
from contraparte.exchange.reading import is_erased, read_message
from contraparte.exchange.recalls import order_recall
from contraparte.exchange.rules.permissions import Kind
from contraparte.inquiries.actions.asking import convert_lead, open_inquiry, save_inquiry
from contraparte.inquiries.actions.stepping import take_step
from contraparte.inquiries.models import Inquiry, Step
from contraparte.inquiries.rules.lifecycle import STEPS
from contraparte.inquiries.rules.times import time_by_holder, time_by_stage
from contraparte.ledger.fsck import check_ledger
from contraparte.outcomes import collecting
from contraparte.outcomes.actions import linking, stating
from contraparte.outcomes.models import CaseLink, Outcome
from contraparte.outcomes.rules.kinds import Contribution
from contraparte.outcomes.rules.lifecycle import Act, State, allowed
from contraparte.outcomes.rules.publishing import rows_of, to_json
from contraparte.outcomes.rules.quarters import Quarter
from contraparte.protocol.errors import InquiryStepError, RefusalUnconsultedError, StepDraftedError
from tests.exchange.canaries import cells_with, erase_everything
from tests.exchange.small_world import OPERATOR
from tests.inquiries.inquiry_world import LETTER, NOTE, POLICE, SPONTANEOUS, InquiryWorld, make_world
from tests.inquiries.test_any_order import BODIES
from tests.inquiries.test_road import renew, same
from tests.outcomes.outcome_world import arrest

pytestmark = [pytest.mark.store, pytest.mark.timeout(900)]

# The suite plays the same lives each time; CONTRAPARTE_LIVES=200 plays so many others.
WANTED = os.environ.get("CONTRAPARTE_LIVES", "")
LIVES, MOVES = int(WANTED or 40), 25
# Only a search by hand takes the minutes it needs to shrink what it found.
PHASES = [Phase.explicit, Phase.generate, *([Phase.shrink] if WANTED else [])]
CANARY = "What a person wrote in one of these lives"
MX, US = "mx.fge-son", "us.doj"
KINDS: dict[str, dict[str, Any]] = {
    "police": POLICE | {"handling": ["H1"]},
    "oral": POLICE | {"is_oral": True, "oral_by": "Duty officer 12"},
    "letter": LETTER | {"handling": ["H0"]},
    "spontaneous": SPONTANEOUS,
    "note": NOTE,
}
FAULTS = st.lists(st.sampled_from(["", "", "failed", "done_but_reply_lost"]), max_size=3)
SIDES = st.booleans()


class Lives(RuleBasedStateMachine):
    """What people, the road and time may do. The world is the test's; each life is a thread of its own in it."""

    world: InquiryWorld

    @initialize(kind=st.sampled_from(sorted(KINDS)))
    def begin(self, kind: str) -> None:
        world = self.world
        world.at = (world.at or timezone.now()) + timedelta(hours=1)
        renew(world)
        world.wire.faults.clear()
        self.unreleased: list[tuple[Draft, Any]] = []
        self.row = world.ask(KINDS[kind])
        self.theirs = world.other(self.row)

    def side(self, ours: bool) -> Inquiry:
        return Inquiry.objects.get(pk=(self.row if ours else self.theirs).pk)

    def person(self, row: Inquiry) -> Any:
        return self.world.officer if row.agency == MX else self.world.agent

    @rule(ours=SIDES, pick=st.integers(0, 30), at_once=st.booleans())
    def take_an_open_step(self, ours: bool, pick: int, at_once: bool) -> None:
        row = self.side(ours)
        steps = self.world.standing(row).steps
        if not steps:
            return
        step = steps[pick % len(steps)]
        body = BODIES.get(step, {}) | {"text": CANARY}
        try:
            done = take_step(row, step, body, by=self.person(row), now=self.world.now)
        except RefusalUnconsultedError as error:
            assert error.params["allowed"]
            return
        if isinstance(done, Draft):
            self.unreleased.append((done, row))
            if at_once:
                self.release_a_draft()

    @rule(ours=SIDES, step=st.sampled_from(STEPS))
    def try_a_step_that_is_not_open(self, ours: bool, step: str) -> None:
        row = self.side(ours)
        standing = self.world.standing(row)
        if step in standing.steps:
            return
        before = (Message.objects.count(), Draft.objects.count(), Step.objects.count())
        with pytest.raises((InquiryStepError, RefusalUnconsultedError, StepDraftedError)) as refused:
            take_step(row, step, BODIES.get(step, {"text": "…"}), by=self.person(row), now=self.world.now)
        if isinstance(refused.value, InquiryStepError) and standing.settled.state != "draft":
            named = {name for name in str(refused.value.params["allowed"]).split(", ") if name}
            assert named >= set(standing.steps), "what is open is named"
        assert before == (Message.objects.count(), Draft.objects.count(), Step.objects.count())

    @precondition(lambda self: self.unreleased)
    @rule()
    def release_a_draft(self) -> None:
        draft, _ = self.unreleased.pop(0)
        self.world.release(draft)

    @rule(faults=FAULTS)
    def carry_a_little(self, faults: list[str]) -> None:
        world = self.world
        world.wire.faults = list(faults)
        delivery.deliver_once(OPERATOR, now=world.now, clock=lambda: world.now, send=world.wire.send)
        world.wire.faults.clear()

    @rule()
    def handle_a_little(self) -> None:
        handling.handle_waiting(now=self.world.now)
        handling.run_jobs(now=self.world.now)

    @precondition(lambda self: self.world.wire.requests)
    @rule(back=st.integers(1, 12))
    def deliver_an_old_request_again(self, back: int) -> None:
        """Doubled and out of order: whatever was sent before comes once more."""
        requests = self.world.wire.requests
        url, body = requests[-min(back, len(requests))]
        self.world.wire._answer(url, body)

    @rule(hours=st.integers(1, 60))
    def let_time_pass(self, hours: int) -> None:
        assert self.world.at is not None
        self.world.at += timedelta(hours=hours)
        renew(self.world)

    @precondition(lambda self: self.row.family == "police")
    @rule()
    def convert_the_lead(self) -> None:
        row = self.side(True)
        if self.world.standing(row).fold.was_answered and not Inquiry.objects.filter(lead=row).exists():
            made = convert_lead(row, instrument="mlat_mx_us_1987", by=self.world.officer, now=self.world.now)
            save_inquiry(LETTER | {"handling": ["H1"]}, by=self.world.officer, now=self.world.now, inquiry=made)
            done = open_inquiry(Inquiry.objects.get(pk=made.pk), by=self.world.officer, now=self.world.now)
            assert isinstance(done, Draft)
            self.world.release(done)

    @rule(ours=SIDES, pick=st.integers(0, 9))
    def recall_a_message(self, ours: bool, pick: int) -> None:
        row = self.side(ours)
        sent = list(Message.objects.filter(conversation=row.conversation, direction="out", type__startswith="inquiry."))
        if pick or not sent:  # seldom: most lives go on without
            return
        order_recall(sent[-1], reason="incorrect", by=self.person(row), now=self.world.now)

    @rule(ours=SIDES)
    def ask_for_a_permission(self, ours: bool) -> None:
        row = self.side(ours)
        came = Message.objects.filter(conversation=row.conversation, direction="in", type__startswith="inquiry.")
        item = came.select_related("content", "conversation__post__agency").order_by("pk").first()
        if item is None or is_recalled(item) or item.permissions.exists():
            return
        ask_permission(
            item, Kind.EVIDENCE, until=self.world.now + timedelta(days=90), by=self.person(row), now=self.world.now
        )

    @rule(ours=SIDES, gives=st.booleans())
    def decide_on_a_permission(self, ours: bool, gives: bool) -> None:
        """Give or refuse what was asked; withdraw what was given."""
        row = self.side(ours)
        asked = Permission.objects.filter(side="granter", conversation=row.conversation).first()
        head = self.world.chief if row.agency == MX else self.world.supervisor
        if asked is None or asked.until <= self.world.now:
            return
        if asked.state == "asked" and gives:
            grant_permission(asked, by=head, now=self.world.now)
        elif asked.state == "asked":
            refuse_permission(asked, ground="source_protection", note=CANARY, by=head, now=self.world.now)
        elif asked.state == "granted":
            revoke_permission(asked, by=head, now=self.world.now)

    @rule()
    def link_the_cases_or_end_the_link(self) -> None:
        row = self.side(True)
        link = CaseLink.objects.filter(about=row.conversation).exclude(state="ended").first()
        if link is not None:
            linking.end_link(link, reason=CANARY, by=self.world.officer, now=self.world.now)
        elif self._thread(row).case is not None:
            linking.ask_link(self._thread(row), by=self.world.officer, now=self.world.now)

    @rule()
    def restart_the_nodes(self) -> None:
        """Whatever a process remembers is gone; what is in the database goes on."""
        view.forget()

    @rule()
    def report_an_outcome(self) -> None:
        row = self.side(True)
        if not Outcome.objects.filter(about=row.conversation).exists():
            stating.report_outcome(self._thread(row), arrest(), by=self.world.officer, now=self.world.now)

    @rule(ours=SIDES, pick=st.integers(0, 5))
    def speak_about_the_outcome(self, ours: bool, pick: int) -> None:
        row = self.side(ours)
        mine = Outcome.objects.filter(agency=row.agency, conversation__uuid__in=self._outcomes()).first()
        if mine is None:
            return
        region = "MX-BCN" if mine.facts.get("region") == "MX-SON" else "MX-SON"
        acts = sorted(allowed(State(mine.state), is_reporter=mine.is_ours))
        if acts:
            say: dict[Act, Callable[[], object]] = {
                Act.CONFIRM: lambda: stating.confirm_outcome(
                    mine, contribution=frozenset({Contribution.PROVIDED}), by=self.person(row), now=self.world.now
                ),
                Act.CONTEST: lambda: stating.contest_outcome(
                    mine, reason=CANARY, by=self.person(row), now=self.world.now
                ),
                Act.CORRECT: lambda: stating.correct_outcome(
                    mine, arrest(region=region), reason=CANARY, by=self.person(row), now=self.world.now
                ),
                Act.RETRACT: lambda: stating.retract_outcome(
                    mine, reason=CANARY, by=self.person(row), now=self.world.now
                ),
            }
            say[acts[pick % len(acts)]]()

    def _thread(self, row: Inquiry) -> Any:
        assert row.conversation is not None
        return row.conversation

    def _outcomes(self) -> list[Any]:
        return list(Outcome.objects.filter(about=self.row.conversation).values_list("uuid", flat=True))

    def teardown(self) -> None:
        """Everything is delivered; then both sides are held against each other."""
        if not hasattr(self, "row"):
            return
        while self.unreleased:
            self.release_a_draft()
        world = self.world
        for _ in range(40):
            assert world.at is not None
            world.at += timedelta(minutes=20)
            turn = delivery.deliver_once(OPERATOR, now=world.now, clock=lambda: world.now, send=world.wire.send)
            moved = handling.handle_waiting(now=world.now) + handling.run_jobs(now=world.now)
            waits = Message.objects.filter(state__in=(Message.State.QUEUED, Message.State.ACCEPTED)).exists()
            if not turn.more and not moved and not waits:
                break
        assert not Message.objects.filter(state__in=(Message.State.QUEUED, Message.State.ACCEPTED)).exists()
        self._both_hold_the_same_events()
        self._both_hold_the_same_rights()
        self._no_marking_is_weaker()
        assert_figures(world)

    def _both_hold_the_same_events(self) -> None:
        row, theirs, world = self.side(True), self.side(False), self.world
        same(world, row)
        mine, other = world.standing(row).settled, world.standing(theirs).settled
        assert time_by_stage(mine.stages, world.now) == time_by_stage(other.stages, world.now)
        assert time_by_holder(mine.stages, world.now) == time_by_holder(other.stages, world.now)
        events = [event.uuid for event in (*mine.applied, *mine.crossed)]
        assert len(events) == len(set(events)), "no step happens twice"
        held = [
            set(Message.objects.filter(conversation=one.conversation).exclude(state="failed").values_list("uuid"))
            for one in (row, theirs)
        ]
        assert held[0] >= held[1] or held[1] >= held[0]
        for uuid in self._outcomes():
            ours, there = (Outcome.objects.filter(uuid=uuid, agency=agency).first() for agency in (MX, US))
            assert ours is not None and there is not None
            assert (ours.state, ours.version, ours.facts) == (there.state, there.version, there.facts)

    def _both_hold_the_same_rights(self) -> None:
        """What may be done with an item is the same to who asked and to who decides; a link stands on both sides."""
        for model, names in ((Permission, ("uuid", "state")), (CaseLink, ("uuid", "state"))):
            of = {agency: set(model.objects.filter(agency=agency).values_list(*names)) for agency in (MX, US)}
            assert of[MX] == of[US], model.__name__

    def _no_marking_is_weaker(self) -> None:
        """What is said in a thread bears at least what its opening bore; both sides read the same."""
        base = self.row.marking
        for row in Message.objects.filter(conversation=self.row.conversation).select_related("content"):
            if is_erased(row):
                continue
            marking = read_message(row).marking.to_json()
            assert set(marking["handling"]) >= set(base["handling"]), row.type
            assert set(marking["purposes"]) <= set(base["purposes"]), row.type
            assert base["evidence"] == "evidence" or marking["evidence"] == "intelligence", row.type
            twin = Message.objects.filter(uuid=row.uuid, agency=row.peer).select_related("content").first()
            if twin is not None and not is_erased(twin):
                assert read_message(twin).marking.to_json() == marking


# --- the figures, worked out again from signed receipts and messages alone ---


def figures_by_hand(agency: str, other: str, quarter: Quarter) -> dict[tuple[str, str], dict[str, Any]]:
    """(asker, holder) → what was asked, answered, refused, dropped, open; refusals; spans. As `agency` holds it."""
    held: dict[int, datetime] = {}
    for receipt in Receipt.objects.filter(kind="accepted", message__agency=agency, message__peer=other):
        message = receipt.message
        assert message is not None
        if (message.direction == "in") == receipt.ours:
            held[message.pk] = datetime.fromisoformat(_statement(receipt)["at"])
    threads: dict[int, list[Message]] = defaultdict(list)
    for message in Message.objects.filter(agency=agency, peer=other, pk__in=held).select_related("content"):
        threads[message.conversation_id].append(message)
    told: dict[tuple[str, str], dict[str, Any]] = {
        pair: {"asked": 0, "answered": 0, "refused": 0, "dropped": 0, "still_open": 0, "spans": [], "grounds": []}
        for pair in ((agency, other), (other, agency))
    }
    openings = [one for messages in threads.values() for one in messages if one.type == "inquiry.letter/1"]
    for messages in threads.values():
        messages.sort(key=lambda one: (held[one.pk], str(one.uuid)))
        for opening in messages:
            if opening.type not in {"inquiry.request/1", "inquiry.letter/1"}:
                continue
            began = held[opening.pk]
            if not quarter.starts <= began < quarter.ends:
                continue
            if any(opening.conversation.uuid.hex in _follows(one) for one in openings):
                continue  # a lead: the request made from it stands for both
            asker = opening.sender.partition("/")[0]
            own = told[asker, other if asker == agency else agency]
            own["asked"] += 1
            end = next((one for one in messages if one.type.partition("/")[0] in ENDS and held[one.pk] >= began), None)
            if end is None:
                own["still_open"] += 1
            elif end.type == "inquiry.answer/1":
                own["answered"] += 1
                own["spans"].append((held[end.pk] - began).total_seconds())
            elif end.type == "inquiry.refuse/1":
                own["refused"] += 1
                own["spans"].append((held[end.pk] - began).total_seconds())
                own["grounds"].append(read_message(end).body["ground"])
            else:
                own["dropped"] += 1
    return told


ENDS = {"inquiry.answer", "inquiry.refuse", "inquiry.transfer", "inquiry.withdraw"}


def _follows(opening: Message) -> str:
    """The thread a request says it was made from."""
    return str(read_message(opening).body.get("follows", "")).replace("-", "")


def _statement(receipt: Receipt) -> dict[str, Any]:
    import json

    return dict(json.loads(bytes(receipt.statement)))


def assert_figures(world: InquiryWorld) -> None:
    """Both sides print the same, and what the receipts say."""
    as_of = world.now
    quarter = Quarter.of(as_of.astimezone(UTC).date())
    plain = []
    for agency, other in ((MX, US), (US, MX)):
        found = collecting.figures_of(agency, other, quarter, as_of=as_of)
        plain.append(to_json(found, rows_of(found)))
        by_hand = figures_by_hand(agency, other, quarter)
        for direction in found.directions:
            own = by_hand[direction.asker, direction.holder]
            counted = {name: getattr(direction, name) for name in COUNTED}
            assert counted == {name: own[name] for name in COUNTED}
            if not own["still_open"] and not own["dropped"] and own["spans"]:
                spans = sorted(own["spans"])
                assert direction.times.median == spans[math.ceil(len(spans) / 2) - 1]
            told = {one.ground: one.count for one in found.refusals if one.holder == direction.holder}
            assert told == {ground: own["grounds"].count(ground) for ground in set(own["grounds"])}
    assert plain[0] == plain[1]


COUNTED = ("asked", "answered", "refused", "dropped", "still_open")


@pytest.fixture
def world(transactional_db: None, settings: Any, tmp_path: Any) -> InquiryWorld:
    """Empty tables and an empty home; outcomes may cross as well."""
    from dataclasses import replace

    settings.NODE_OPERATOR = OPERATOR
    settings.HOME = replace(settings.HOME, path=tmp_path)
    view.forget()
    return make_world("outcome.*", "feedback.*", "case.*")


def test_lives_of_inquiries_and_outcomes_end_alike_on_both_sides(world: InquiryWorld) -> None:
    world.at = timezone.now()

    class Here(Lives):
        pass

    Here.world = world
    run_state_machine_as_test(
        Here,
        settings=settings(
            max_examples=LIVES, stateful_step_count=MOVES, deadline=None, suppress_health_check=list(HealthCheck),
            phases=PHASES, print_blob=False, report_multiple_bugs=False, derandomize=not WANTED, database=None,
        ),
    )  # fmt: skip
    assert Inquiry.objects.filter(agency=MX).count() >= LIVES
    assert list(find_message_faults()) == [] and not check_ledger().findings
    # When the time of everything is over, no row shows what anybody wrote.
    assert cells_with([CANARY])
    assert erase_everything() == Message.objects.count()
    assert cells_with([CANARY]) == set()


def test_a_lead_and_the_request_made_from_it_are_counted_once_on_both_sides(world: InquiryWorld) -> None:
    world.at = timezone.now()

    class Here(Lives):
        pass

    Here.world = world
    life = Here()
    life.begin("police")
    told = take_step(life.theirs, "answer", {"text": CANARY}, by=world.agent, now=world.now)
    assert isinstance(told, Draft)
    world.release(told)
    world.settle()
    quarter = Quarter.of(world.now.astimezone(UTC).date())

    def asked() -> list[tuple[int, int]]:
        pairs = ((MX, US), (US, MX))
        found = [collecting.figures_of(*pair, quarter, as_of=world.now).directions for pair in pairs]
        return [(one.asked, one.answered) for directions in found for one in directions if one.asker == MX]

    assert asked() == [(1, 1), (1, 1)]
    life.convert_the_lead()
    life.teardown()
    assert asked() == [(1, 0), (1, 0)], "the formal request stands for both, and is open"
