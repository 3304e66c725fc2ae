"""Recording, completeness, same gun, resubmission: the requester's side, on both databases."""

from datetime import date

import pytest
from django.utils import timezone

from contraparte.exchange import actions as exchange
from contraparte.exchange.models import Draft, Message
from contraparte.protocol.errors import (
    FieldMissingError,
    ImporterMissingError,
    PossessorMinorError,
    RecoveryAfterRequestError,
    ReleaseHeldError,
    RestorationMissingError,
    RightMissingError,
    RowLockedError,
    SameGunUndecidedError,
    SecondReviewerError,
    SerialIsStateError,
    TraceAlreadyOpenError,
    TraceIncompleteError,
    TraceStateError,
)
from contraparte.traces.actions.comparing import resolve_same_gun
from contraparte.traces.actions.hearing import adopt_request
from contraparte.traces.actions.recording import Possessor, import_rows, save_gun_row
from contraparte.traces.actions.requesting import (
    cancel_trace,
    open_trace,
    open_traces,
    resubmit_trace,
    sent_state,
)
from contraparte.traces.models import Event, Gun, SameGun, Trace, Walk
from contraparte.traces.queries import warning, warnings_for
from tests.traces.trace_world import GUN, SONORA, TraceWorld


def now():
    return timezone.now()


def test_a_row_saved_twice_is_one_row(world: TraceWorld) -> None:
    event = world.event()
    world.gun(event)
    again = world.gun(event, model="LCP")
    assert Gun.objects.count() == 1
    assert (again.position, again.typed["model"]) == (1, "LCP")


@pytest.mark.parametrize(
    ("changes", "error"),
    [({"country": "Austria"}, ImporterMissingError), ({"serial": "LIMADO"}, SerialIsStateError)],
)
def test_a_refused_row_changes_nothing(world: TraceWorld, changes: dict[str, str], error: type[Exception]) -> None:
    event = world.event()
    world.gun(event)
    with pytest.raises(error):
        world.gun(event, **changes)
    assert Gun.objects.get().typed["serial"] == GUN["serial"]
    with pytest.raises(error):
        world.gun(event, key="r2", **changes)
    assert Gun.objects.count() == 1


def test_a_recovery_after_the_request_is_refused(world: TraceWorld) -> None:
    with pytest.raises(RecoveryAfterRequestError):
        world.event(recovered_on=date(2999, 1, 1))
    assert not Event.objects.exists()


def test_a_minor_needs_withholding_or_a_second_person(world: TraceWorld) -> None:
    child = date(2012, 1, 1)
    for possessor, error in (
        (Possessor("N", child), PossessorMinorError),
        (Possessor("N", child, reviewed_by=world.officer), SecondReviewerError),
        (Possessor("N", child, reviewed_by=world.specialist), SecondReviewerError),
    ):
        with pytest.raises(error):
            world.event(possessor=possessor)
    assert not Event.objects.exists()
    assert world.event(possessor=Possessor("N", child, reviewed_by=world.chief)).possessor["name"] == "N"
    assert world.event(possessor=Possessor("N", child, withhold=True)).possessor == {"withheld": True}


def test_a_minor_leaves_only_after_two_approvals(world: TraceWorld) -> None:
    event = world.event(possessor=Possessor("N", date(2012, 1, 1), reviewed_by=world.chief))
    trace = open_trace(world.gun(event), by=world.officer, now=now())
    assert trace.request["minor"] == {"name": "N", "born": "2012-01-01"}
    assert "possessor" not in trace.request
    with pytest.raises(ReleaseHeldError) as held:
        world.release(trace)
    assert held.value.params["needs"] == ["second_approval"]


def test_an_incomplete_request_names_every_gap_and_opens_nothing(world: TraceWorld) -> None:
    event = world.event(crime_code="")
    gun = world.gun(event, model="", calibre="")
    with pytest.raises(TraceIncompleteError) as refusal:
        open_trace(gun, by=world.officer, now=now())
    assert refusal.value.params["gaps"] == "crime_code, calibre, model"
    assert not Trace.objects.exists() and not Draft.objects.exists()


def test_one_gun_has_one_trace_and_its_row_is_locked(world: TraceWorld) -> None:
    gun = world.gun()
    open_trace(gun, by=world.officer, now=now())
    with pytest.raises(TraceAlreadyOpenError):
        open_trace(gun, by=world.officer, now=now())
    with pytest.raises(RowLockedError):
        world.gun(gun.event, model="LCP")


def test_opening_many_reports_those_that_must_wait(world: TraceWorld) -> None:
    event = world.event()
    good = world.gun(event)
    bad = world.gun(event, key="r2", serial="XK-99182", model="")
    opened = open_traces([good, bad], by=world.officer, now=now())
    assert [trace.gun for trace in opened.traces] == [good]
    assert [(gun, type(error)) for gun, error in opened.refused] == [(bad, TraceIncompleteError)]
    assert [draft.recipient for draft in opened.drafts] == ["us.ntc/desk"]


def test_nothing_leaves_without_an_approval_by_another(world: TraceWorld) -> None:
    trace = open_trace(world.gun(), by=world.officer, now=now())
    with pytest.raises(ReleaseHeldError):
        exchange.release_draft(trace.draft, by=world.officer, now=now())
    assert not Message.objects.exists()
    world.release(trace)
    trace.refresh_from_db()
    assert sent_state(Trace.objects.select_related("draft").get(pk=trace.pk)) == "sent"


def test_rows_pasted_twice_add_nothing(world: TraceWorld) -> None:
    event = world.event()
    rows = [GUN, GUN | {"serial": "XK-99182"}, GUN | {"calibre": "9"}]
    first = import_rows(event, rows, by=world.officer, now=now())
    again = import_rows(event, rows, by=world.officer, now=now())
    assert (len(first.saved), len(again.saved), Gun.objects.count()) == (2, 2, 2)
    assert [(one.row, one.error.code) for one in first.refused] == [(3, "trace.caliber.ambiguous")]


def test_a_second_row_with_one_digit_different_warns_before_sending(world: TraceWorld) -> None:
    event = world.event()
    first, second = world.gun(event), world.gun(event, key="r2", serial="361-58927")
    with pytest.raises(SameGunUndecidedError):
        open_trace(second, by=world.officer, now=now())
    found = SameGun.objects.get()
    assert (found.earlier, found.later, found.likeness) == (first, second, "one_character")
    with pytest.raises(FieldMissingError):
        resolve_same_gun(found, is_same=True, reason="same crate", by=world.officer, now=now())
    resolve_same_gun(found, is_same=True, reason="read again", true_serial="361-58921", by=world.officer, now=now())
    second.refresh_from_db()
    assert (second.duplicate_of, second.true_serial) == (first, "36158921")
    ended = Trace.objects.get(gun=second)
    assert (ended.state, ended.code) == ("concluded", "duplicate_of")
    assert open_trace(Gun.objects.get(pk=first.pk), by=world.officer, now=now()).state == "drafted"


def test_two_different_guns_stay_two(world: TraceWorld) -> None:
    event = world.event()
    world.gun(event)
    second = world.gun(event, key="r2", serial="361-58927")
    resolve_same_gun(SameGun.objects.get(), is_same=False, reason="two in hand", by=world.officer, now=now())
    world.gun(event, key="r2", serial="361-58927")
    assert not warnings_for(world.officer, [second])
    assert open_trace(second, by=world.officer, now=now()).state == "drafted"


def test_across_agencies_each_side_sees_the_other_post_only_and_changes_its_own_row(world: TraceWorld) -> None:
    federal = world.gun(world.event(by=world.federal), by=world.federal)
    state = world.gun(world.event(), serial="361-58927")
    found = SameGun.objects.get()
    seen = warning(world.officer, found.pk)
    assert (seen.own, seen.other_post, seen.other_gun) == (state, "mx.fgr/firearms", None)
    with pytest.raises(RightMissingError):
        resolve_same_gun(found, is_same=True, reason="x", true_serial="361-58921", by=world.specialist, now=now())
    resolve_same_gun(found, is_same=True, reason="called", true_serial="361-58921", by=world.officer, now=now())
    federal.refresh_from_db()
    state.refresh_from_db()
    assert (federal.true_serial, federal.duplicate_of) == ("", None)
    assert (state.true_serial, state.duplicate_of) == ("36158921", federal)


def test_an_erased_serial_is_traced_once_its_restoration_is_told(world: TraceWorld) -> None:
    event = world.event()
    erased = {"serial": "LIMADO", "state_confirmed": "erased"}
    with pytest.raises(RestorationMissingError):
        open_trace(world.gun(event, **erased), by=world.officer, now=now())
    gun = world.gun(event, **erased, restoration="ácido, sin resultado")
    trace = open_trace(gun, by=world.officer, now=now())
    world.release(trace)
    world.settle()
    trace.refresh_from_db()
    assert (trace.code, trace.result.get("chain", [])) == ("serial_obliterated", [])


def test_a_resubmission_keeps_the_thread_and_supersedes(world: TraceWorld) -> None:
    world.chain()
    trace = world.trace(serial="999-58921")
    assert trace.code == "serial_invalid_for_maker"
    with pytest.raises(FieldMissingError):
        resubmit_trace(trace, GUN, why="", by=world.officer, now=now())
    again = resubmit_trace(trace, GUN, why="cleaned the frame", by=world.officer, now=now())
    assert (again.state, again.conversation_id, again.resubmissions) == ("drafted", trace.conversation_id, 1)
    first = Message.objects.get(direction="out", type="trace.request/1", copy_of=None)
    assert str(again.draft.supersedes) == str(first.uuid)
    world.release(again)
    world.settle()
    again.refresh_from_db()
    assert again.code == "purchaser_identified"
    with pytest.raises(TraceStateError):
        resubmit_trace(again, GUN, why="once more", by=world.officer, now=now())
    copy = Trace.objects.get(standing="copy")
    assert (copy.code, copy.resubmissions) == ("purchaser_identified", 1)


def test_a_trace_is_called_off_before_and_after_it_left(world: TraceWorld) -> None:
    event = world.event()
    unsent = open_trace(world.gun(event), by=world.officer, now=now())
    assert cancel_trace(unsent, reason="mistake", by=world.officer, now=now()).state == "cancelled"
    assert not Message.objects.exists()
    world.line("us.maker-ruger", "Mesa (us.wholesale-mesa)", serial="XK-99182")
    sent = open_trace(
        world.gun(event, key="r2", serial="XK-99182", model="LCP", maker="Beretta"), by=world.officer, now=now()
    )
    world.release(sent)
    cancel_trace(sent, reason="case closed", by=world.officer, now=now())
    world.settle()
    sent.refresh_from_db()
    assert (sent.state, sent.code) == ("cancelled", "cancelled")
    assert Trace.objects.get(standing="copy").state in ("cancelled", "concluded")


def test_the_federal_office_takes_a_request_over_and_gets_its_result(world: TraceWorld) -> None:
    world.chain()
    trace = open_trace(world.gun(), by=world.officer, now=now())
    world.release(trace)
    while world.deliver_and_handle_once() and not Trace.objects.filter(standing="copy").exists():
        continue
    copy = Trace.objects.get(standing="copy")
    assert copy.requester == SONORA
    own = adopt_request(copy, by=world.federal, now=now())
    with pytest.raises(TraceStateError):
        adopt_request(copy, by=world.federal, now=now())
    world.settle()
    own.refresh_from_db()
    trace.refresh_from_db()
    assert (own.code, own.result["purchaser"]["name"]) == ("purchaser_identified", "Talvo Brenmark")
    assert own.gun.serial == trace.gun.serial
    assert trace.adopted_by.startswith("mx.fgr/firearms")
    assert Walk.objects.count() == 1


def test_a_row_of_another_event_key_is_not_touched(world: TraceWorld) -> None:
    one, two = world.event(), world.event()
    save_gun_row(one, "k", GUN, by=world.officer, now=now())
    save_gun_row(two, "k", GUN | {"serial": "XK-99182"}, by=world.officer, now=now())
    assert Gun.objects.count() == 2
