"""What a trace told is gone from this room's rows with its message: when it is recalled, and when its time is over."""

from collections.abc import Sequence

import pytest
from django.urls import reverse
from django.utils import timezone

from contraparte.exchange.models import CaseFile, Message
from contraparte.exchange.recalls import holders_of, order_recall
from contraparte.traces.actions.comparing import resolve_same_gun
from contraparte.traces.actions.hearing import adopt_request
from contraparte.traces.actions.requesting import cancel_trace, open_trace
from contraparte.traces.models import Event, Gun, GunMask, SameGun, Trace, Walk
from contraparte.traces.registrations import TYPES
from tests.exchange.canaries import cells_with, erase_everything
from tests.traces.test_pages import browser
from tests.traces.trace_world import FEDERAL, SONORA, TraceWorld

pytestmark = pytest.mark.store

PURCHASER, SERIAL = "Talvo Brenmark", "361-58921"
CALLED_OFF = "Canary of why it was called off"
CASE = ("CI-FGE/77/2026", "Hermosillo", "LFAFE-83")


def traced(world: TraceWorld) -> Trace:
    """A gun traced to its purchaser, its federal copy taken over."""
    world.chain()
    trace = world.trace()
    copy = Trace.objects.get(post=FEDERAL, standing=Trace.Standing.COPY)
    adopt_request(copy, by=world.federal, now=timezone.now())
    world.settle()
    assert trace.result["purchaser"]["name"] == PURCHASER
    return trace


def own_records(words: Sequence[str] = (PURCHASER, SERIAL, *CASE), *more: Event) -> set[tuple[str, str, object]]:
    """What posts wrote down themselves: Sonora its recovery (and `more`), custodians their books."""
    mine = cells_with(words)
    events = {*Event.objects.filter(post=SONORA).values_list("pk", flat=True), *(one.pk for one in more)}
    guns = set(Gun.objects.filter(event__in=events).values_list("pk", flat=True))
    cases = set(CaseFile.objects.filter(post=SONORA).values_list("pk", flat=True))
    masks = set(GunMask.objects.filter(gun__in=guns).values_list("pk", flat=True))
    same = set(SameGun.objects.filter(earlier__in=guns, later__in=guns).values_list("pk", flat=True))
    kept = {
        "traces_event": events, "traces_gun": guns, "exchange_casefile": cases, "traces_gunmask": masks,
        "traces_samegun": same,
    }  # fmt: skip
    return {cell for cell in mine if cell[0].startswith("books_") or cell[2] in kept.get(cell[0], ())}


def test_when_its_time_is_over_no_row_but_a_posts_own_records_shows_what_a_trace_told(world: TraceWorld) -> None:
    traced(world)
    before = cells_with([PURCHASER, SERIAL, *CASE])
    assert erase_everything() == Message.objects.count()
    left = cells_with([PURCHASER, SERIAL, *CASE])
    assert left < before and left - own_records() == set()
    walk = Walk.objects.get()
    assert (walk.state, walk.code) == ("concluded", "purchaser_identified"), "figures stay"
    trace = Trace.objects.get(post=SONORA)
    assert (trace.state, trace.code, trace.time_to_crime_days) == ("concluded", "purchaser_identified", 3918)


def test_whatever_was_said_about_a_trace_only_own_records_show_it_when_its_time_is_over(world: TraceWorld) -> None:
    traced(world)
    event = world.event()
    off = open_trace(world.gun(event, "r2", serial="XK-99182"), by=world.officer, now=timezone.now())
    same = open_trace(world.gun(event, "r3", serial="777-10203"), by=world.officer, now=timezone.now())
    world.release(off, same)
    cancel_trace(off, reason=CALLED_OFF, by=world.officer, now=timezone.now())
    federal = world.event(by=world.federal)
    world.gun(federal, by=world.federal, serial="777-10204")
    resolve_same_gun(
        SameGun.objects.get(earlier=same.gun), is_same=True, reason="One gun.", true_serial="777-10203",
        by=world.officer, now=timezone.now(),
    )  # fmt: skip
    world.settle()
    assert set(Message.objects.values_list("type", flat=True)) == {one.name for one in TYPES}
    words = [PURCHASER, SERIAL, *CASE, CALLED_OFF, "99182", "10203", "10204"]
    assert cells_with([CALLED_OFF])
    assert erase_everything() == Message.objects.count()
    assert cells_with([CALLED_OFF]) == set()
    assert cells_with(words) - own_records(words, federal) == set()


def test_pages_of_what_was_erased_open_and_say_so(world: TraceWorld) -> None:
    trace = traced(world)
    erase_everything()
    for tenure, addresses in (
        (world.officer, (f"/traces/{trace.pk}/", f"/conversations/{trace.conversation_id}/", reverse("traces:trends"))),
        (world.federal, [f"/traces/{row.pk}/" for row in Trace.objects.filter(post=FEDERAL)]),
        (world.specialist, (f"/traces/walks/{Walk.objects.get().pk}/",)),
    ):
        person = browser(tenure)
        for address in addresses:
            page = person.get(address)
            assert page.status_code == 200, address
            assert PURCHASER not in page.content.decode(), address


def test_a_recalled_result_is_gone_from_the_pages_of_all_who_got_it(world: TraceWorld) -> None:
    trace = traced(world)
    result = Message.objects.get(type="trace.result/1", direction="out", copy_of=None)
    order_recall(result, reason="incorrect", by=world.specialist, now=timezone.now())
    world.settle()
    assert {(one.post, one.outcome) for one in holders_of(result)} == {
        (SONORA, "quarantined"), (FEDERAL, "quarantined")
    }  # fmt: skip
    people = {SONORA: browser(world.officer), FEDERAL: browser(world.federal)}
    for row in Trace.objects.all():
        assert (row.result, row.first_retail_on) == ({}, None)
        page = people[row.post_id].get(f"/traces/{row.pk}/").content.decode()
        assert PURCHASER not in page and "withdrawn by who sent it or erased" in page
    assert trace.code == "purchaser_identified"


def test_a_result_that_was_mended_since_stays_when_the_first_one_is_recalled(world: TraceWorld) -> None:
    trace = traced(world)
    first = Message.objects.get(type="trace.result/1", direction="out", copy_of=None)
    from contraparte.exchange import actions as exchange
    from contraparte.exchange.reading import read_message
    from contraparte.traces.messages import TraceResult

    told = read_message(first)
    exchange.send(
        "trace.result/1", TraceResult.model_validate(told.body | {"note": "mended"}), conversation=first.conversation,
        marking=told.marking, by=world.specialist, now=timezone.now(), in_reply_to=str(told.in_reply_to),
    )  # fmt: skip
    world.settle()
    order_recall(first, reason="incorrect", by=world.specialist, now=timezone.now())
    world.settle()
    trace.refresh_from_db()
    assert trace.result["note"] == "mended" and trace.result["purchaser"]["name"] == PURCHASER


def test_a_recalled_request_ends_its_walk_and_what_was_taken_over_from_it(world: TraceWorld) -> None:
    traced(world)
    request = Message.objects.get(type="trace.request/1", direction="out", copy_of=None)
    order_recall(request, reason="mistake", by=world.officer, now=timezone.now())
    world.settle()
    walk = Walk.objects.get()
    assert (walk.gun, walk.asked, list(walk.hops.values_list("purchaser", flat=True))) == ({}, {}, [{}] * 3)
    adopted = Event.objects.get(post=FEDERAL)
    assert (adopted.case_number, adopted.place) == ("", "")
    assert Gun.objects.get(event=adopted).typed == {}
    assert Event.objects.get(post=SONORA).case_number == CASE[0], "what a post recorded itself is its own"
