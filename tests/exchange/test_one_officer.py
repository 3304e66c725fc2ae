"""Release by one officer: only where the accord allows it, for who is on duty; reviewed by somebody else, once."""

from collections.abc import Callable, Iterator
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from pydantic import ValidationError

from contraparte.directory import duty
from contraparte.directory.models import DutyShift, Tenure
from contraparte.directory.queries import Role
from contraparte.directory.rules.accord import AccordDocument, example
from contraparte.exchange import actions, one_officer
from contraparte.exchange.auditing import find_message_faults
from contraparte.exchange.models import Draft, Message, OneOfficerRelease, Release
from contraparte.exchange.registry import forget
from contraparte.ledger.models import Leaf as LeafRow
from contraparte.ledger.rules.leaves import Kind, parse_leaf
from contraparte.protocol.encoding import canonical_json
from contraparte.protocol.errors import (
    AccordSuspendedError,
    ApprovalRoleError,
    ContraparteError,
    DraftClosedError,
    OneOfficerAccordError,
    OneOfficerDutyError,
    OneOfficerNeedsError,
    OneOfficerReasonError,
    PostNotLocalError,
    ReleaseHeldError,
    ReviewDoneError,
    ReviewOwnError,
    ReviewTextError,
    TenureEndedError,
)
from tests.exchange import small_world
from tests.exchange.conftest import prepared
from tests.exchange.small_world import CENTRE, FEDERAL, SONORA, SmallWorld

RULE: dict[str, Any] = {
    "types": ["note.say/1"],
    "urgencies": ["urgent"],
    "review_hours": 24,
    "source": {"kind": "proposal", "cite": "kidnappings at night"},
}
WHY = "The victim is moved tonight; nobody else is in the house."


def allowing(terms: dict[str, Any]) -> Callable[..., Iterator[SmallWorld]]:
    @pytest.fixture
    def made(db: None, settings: Any, tmp_path: Path) -> Iterator[SmallWorld]:
        with prepared(settings, tmp_path):
            yield small_world.make_small_world(**terms)

    return made


world = allowing({"one_officer": [RULE]})
silent_world = allowing({})


def on_duty(world: SmallWorld, *tenures: Tenure) -> None:
    for held in tenures:
        for weekday in range(7):
            duty.plan_shift(
                held.post, holder=held, begins=time(0), ends=time(0), weekday=weekday, by=world.chief,
                now=timezone.now(),
            )  # fmt: skip


def alone(draft: Draft, by: Tenure, reason: str = WHY, at: datetime | None = None) -> Message:
    return one_officer.release_alone(draft, reason=reason, by=by, now=at or timezone.now())


def released(world: SmallWorld, **more: Any) -> OneOfficerRelease:
    on_duty(world, world.officer)
    row = alone(world.draft(urgency="urgent", **more), world.officer)
    return OneOfficerRelease.objects.get(pk=row.pk)


def review(lone: OneOfficerRelease, by: Tenure, *, upheld: bool = True, note: str = "") -> OneOfficerRelease:
    return one_officer.review_release(lone, upheld=upheld, note=note, by=by, now=timezone.now())


def refused(act: Callable[[], object]) -> type[ContraparteError]:
    with pytest.raises(ContraparteError) as told:
        act()
    assert not Message.objects.exists() and not OneOfficerRelease.objects.exists()
    return type(told.value)


def test_an_urgent_message_leaves_alone_with_its_copy_and_the_decision_says_so(world: SmallWorld) -> None:
    before = timezone.now()
    lone = released(world)
    rows = Message.objects.filter(direction="out")
    assert {row.recipient for row in rows} == {CENTRE, FEDERAL} and lone.message.recipient == CENTRE
    for row in rows:
        said = Release.objects.get(pk=row.pk).decision
        assert said["outcome"] == "release" and said["alone"]["urgency"] == "urgent"
    assert lone.reason == WHY and lone.by == world.officer and lone.reviewed_at is None
    assert timedelta(hours=23) < lone.review_due - before <= timedelta(hours=24, seconds=60)
    assert Release.objects.get(pk=lone.pk).decision["alone"]["accord"] == lone.accord
    assert list(find_message_faults()) == []
    world.settle()
    assert [one.message.body["text"] for one in small_world.handled] == ["where?", "where?"]


def test_it_is_not_allowed_unless_the_accord_says_so(silent_world: SmallWorld) -> None:
    on_duty(silent_world, silent_world.officer)
    draft = silent_world.draft(urgency="urgent")
    assert refused(lambda: alone(draft, silent_world.officer)) is OneOfficerAccordError
    assert not one_officer.is_offered(draft, by=silent_world.officer, now=timezone.now())


def test_routine_and_other_types_wait_for_an_approval(world: SmallWorld) -> None:
    on_duty(world, world.officer)
    for draft in (
        world.draft(), world.draft(urgency="at_hand"), world.draft(type="note.review/1", urgency="urgent")
    ):  # fmt: skip
        assert refused(lambda draft=draft: alone(draft, world.officer)) is OneOfficerAccordError


def test_who_is_not_on_duty_does_not_release_alone(world: SmallWorld) -> None:
    on_duty(world, world.chief)
    draft = world.draft(urgency="urgent")
    assert refused(lambda: alone(draft, world.officer)) is OneOfficerDutyError
    DutyShift.objects.update(ended_at=timezone.now())
    assert refused(lambda: alone(draft, world.chief)) is OneOfficerDutyError


def test_only_persons_of_the_sending_post_release_alone(world: SmallWorld) -> None:
    draft = world.draft(urgency="urgent")
    elsewhere = world.appoint("walter", FEDERAL, Role.OFFICER)
    assert refused(lambda: alone(draft, elsewhere)) is PostNotLocalError
    assert refused(lambda: alone(draft, world.services[SONORA])) is ApprovalRoleError
    auditor = world.appoint("ines", SONORA, Role.AUDITOR)
    assert refused(lambda: alone(draft, auditor)) is ApprovalRoleError
    on_duty(world, world.officer)
    Tenure.objects.filter(pk=world.officer.pk).update(ends=timezone.now())
    world.officer.refresh_from_db()
    assert refused(lambda: alone(draft, world.officer)) is TenureEndedError


def test_a_second_look_is_not_replaced(world: SmallWorld) -> None:
    on_duty(world, world.officer)
    draft = world.draft(urgency="urgent", body={"child": "a girl of nine"})
    shown = actions.preview(draft, now=timezone.now())
    assert shown.needs == ("approval", "second_approval")
    assert refused(lambda: alone(draft, world.officer)) is OneOfficerNeedsError


def test_what_has_its_approval_is_released_the_common_way(world: SmallWorld) -> None:
    on_duty(world, world.officer)
    draft = world.draft(urgency="urgent")
    shown = actions.preview(draft, now=timezone.now())
    actions.approve_draft(draft, digest=shown.content_digest, by=world.chief, now=timezone.now())
    assert refused(lambda: alone(draft, world.officer)) is OneOfficerNeedsError
    row = actions.release_draft(draft, by=world.officer, now=timezone.now())
    assert "alone" not in Release.objects.get(pk=row.pk).decision


def test_the_common_way_stays_shut_without_approval(world: SmallWorld) -> None:
    on_duty(world, world.officer)
    draft = world.draft(urgency="urgent")
    assert refused(lambda: actions.release_draft(draft, by=world.officer, now=timezone.now())) is ReleaseHeldError


def test_without_a_reason_nothing_leaves(world: SmallWorld) -> None:
    on_duty(world, world.officer)
    draft = world.draft(urgency="urgent")
    for reason in ("", "  \n", "x" * 1001, "why\x00"):
        assert refused(lambda reason=reason: alone(draft, world.officer, reason)) is OneOfficerReasonError


def test_a_draft_leaves_once(world: SmallWorld) -> None:
    lone = released(world)
    draft = Draft.objects.get(uuid=lone.message.uuid)
    with pytest.raises(DraftClosedError):
        alone(draft, world.officer)
    assert one_officer.release_of_draft(draft) == lone


def test_a_suspended_accord_lets_nothing_out(world: SmallWorld) -> None:
    from contraparte.directory.models import Accord, Suspension
    from contraparte.directory.view import forget as forget_view

    on_duty(world, world.officer)
    draft = world.draft(urgency="urgent")
    accord = Accord.objects.get(pk="mx-us-traces")
    statement = {
        "format": "contraparte-suspension/1", "accord": accord.pk, "accord_hash": accord.hash, "country": "us",
        "suspended": True, "lifts": [], "at": "2026-11-01T00:00:00Z",
    }  # fmt: skip
    document = canonical_json(statement, "suspension")
    Suspension.objects.create(
        hash="0" * 64, accord=accord, country="us", suspended=True, document=document, is_complete=True,
        at=timezone.now(),
    )  # fmt: skip
    forget_view()
    assert refused(lambda: alone(draft, world.officer)) is AccordSuspendedError


# --- the review ---


def kinds() -> list[tuple[Kind, str]]:
    found = [parse_leaf(bytes(row.data)) for row in LeafRow.objects.order_by("pk")]
    return [(leaf.kind, leaf.retention) for leaf in found if leaf.kind == Kind.RELEASE_REVIEWED]


def test_a_review_is_owed_by_who_had_no_part_and_ends_when_it_is_given(world: SmallWorld) -> None:
    lone = released(world, by=world.second_chief)
    assert list(one_officer.owed_reviews(world.chief)) == [lone]
    assert list(one_officer.owed_reviews(world.second_chief)) == []  # who drafted it
    done = review(lone, world.chief, note="Right.")
    assert done.upheld and done.reviewed_by == world.chief and done.note == "Right."
    assert list(one_officer.owed_reviews(world.chief)) == []
    assert kinds() == [(Kind.RELEASE_REVIEWED, "upheld")]
    assert list(find_message_faults()) == []


def test_a_release_that_is_not_upheld_needs_a_word_and_can_be_recalled(world: SmallWorld) -> None:
    from contraparte.exchange.recalls import order_recall

    lone = released(world)
    for note in ("", " ", "x" * 1001, "a\x00"):
        with pytest.raises(ReviewTextError):
            review(lone, world.chief, upheld=False, note=note)
    done = review(lone, world.chief, upheld=False, note="It could have waited an hour.")
    assert done.upheld is False and kinds() == [(Kind.RELEASE_REVIEWED, "not-upheld")]
    order_recall(lone.message, reason="error", note="", by=world.chief, now=timezone.now())
    assert Message.objects.filter(type="recall.order/1", direction="out").exists()


def test_nobody_reviews_his_own_release_in_whatever_post(world: SmallWorld) -> None:
    lone = released(world, by=world.second_chief)
    assert world.officer.person is not None
    risen = world.appoint(world.officer.person.username, SONORA, Role.AUTHORISER)
    for by in (risen, world.second_chief):
        with pytest.raises(ReviewOwnError):
            review(lone, by)
    assert kinds() == []


def test_only_an_authorising_person_of_the_agency_reviews_and_only_once(world: SmallWorld) -> None:
    lone = released(world)
    elsewhere = world.appoint("walter", FEDERAL, Role.AUTHORISER)
    colleague = world.appoint("carla", SONORA, Role.OFFICER)
    for by in (elsewhere, colleague, world.services[SONORA]):
        with pytest.raises(ApprovalRoleError):
            review(lone, by)
    review(lone, world.chief)
    with pytest.raises(ReviewDoneError):
        review(lone, world.second_chief, upheld=False, note="No.")
    Tenure.objects.filter(pk=world.chief.pk).update(ends=timezone.now())
    world.chief.refresh_from_db()
    with pytest.raises(TenureEndedError):
        review(lone, world.chief)
    assert len(kinds()) == 1


def test_the_words_of_reason_and_review_go_with_the_content(world: SmallWorld) -> None:
    lone = review(released(world), world.chief, upheld=False, note="It named the informer.")
    forget(lone.message, timezone.now())
    lone.refresh_from_db()
    assert (lone.reason, lone.note, lone.upheld) == ("", "", False)


# --- the accord ---


def test_no_accord_lets_one_officer_release_what_is_routine() -> None:
    AccordDocument.model_validate(example(one_officer=[RULE]))
    with pytest.raises(ValidationError):
        AccordDocument.model_validate(example(one_officer=[RULE | {"urgencies": ["urgent", "routine"]}]))
    assert AccordDocument.model_validate(example()).one_officer == []
