"""The walk over real books: every dead end, every answer by a person, every clock."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from contraparte.books.models import Query
from contraparte.exchange import gate, registry
from contraparte.exchange.models import Message, Obligation
from contraparte.protocol.errors import CallLogMissingError, FieldUnreadableError, TaskDecidedError, TraceStateError
from contraparte.traces.actions.custody import candidates_of, confirm_link, decline_link
from contraparte.traces.actions.requesting import open_trace
from contraparte.traces.actions.stopping import give_up_on_silence, refuse_trace
from contraparte.traces.actions.walking import assisted_hop
from contraparte.traces.messages import LinkAnswer, LinkLine, PurchaserFacts
from contraparte.traces.models import CustodianTask, Hop, Trace, Walk
from contraparte.traces.rules.codes import ResultCode
from contraparte.traces.rules.disposals import DisposalKind
from tests.traces.trace_world import DEALER, IMPORTER, MAKER, SECOND_DEALER, WHOLESALER, TraceWorld

CALL = {"answered_by": "Ms Ortega", "at": "2026-11-23 10:05", "means": "telephone"}


def now():
    return timezone.now()


FATES = {
    "individual; 4473 AZ-7; Talvo Brenmark": "purchaser_identified",
    "individual": "purchaser_on_4473",
    "government; Calder Flats Patrol": "government_sale",
    "export; PY; Comercial Yvoty": "exported_foreign_sale",
    "record lost; flood 2014-08-19": "record_lost",
    "stolen 2016": "reported_stolen",
    "see the other book": "dealer_only",
    "": "still_in_inventory",
    f"Mesa ({WHOLESALER})": "no_record",
    "Elsewhere (us.dealer-zz-9)": "licensee_unknown",
    "Closed (us.dealer-nm-3)": "licensee_out_of_business_searching",
    f"Second ({SECOND_DEALER})": "no_record",
}


def test_each_fate_of_a_gun_ends_in_its_own_result(world: TraceWorld) -> None:
    event = world.event()
    world.line(SECOND_DEALER, "individual", serial="999-00001")
    opened = {}
    for place, last in enumerate(FATES):
        serial = f"{place:02}{place * 7919 % 10000:04}-{place * 37 % 90 + 10}"
        world.chain(last, serial=serial)
        opened[last] = open_trace(world.gun(event, key=f"r{place}", serial=serial), by=world.officer, now=now())
    world.release(*opened.values())
    world.settle()
    assert {last: Trace.objects.get(pk=trace.pk).code for last, trace in opened.items()} == FATES
    assert sorted(Walk.objects.values_list("code", flat=True)) == sorted(FATES.values())


def test_a_gun_of_an_unknown_maker_or_without_importer_ends_at_once(world: TraceWorld) -> None:
    event = world.event()
    unknown = open_trace(world.gun(event, maker="Nobody Arms"), by=world.officer, now=now())
    bare = {"maker": "Glock", "model": "19", "country": "Austria", "importer": "ninguno", "serial": "KDF-871"}
    none = open_trace(world.gun(event, key="r2", **bare), by=world.officer, now=now())
    world.release(unknown, none)
    world.settle()
    assert [Trace.objects.get(pk=t.pk).code for t in (unknown, none)] == ["licensee_unknown", "not_imported_here"]


def test_a_foreign_gun_is_walked_from_its_importer(world: TraceWorld) -> None:
    glock = {"manufacturer": "Glock Ges.m.b.H.", "importer": "Glock Inc", "model": "19", "serial": "KDF871"}
    world.line(IMPORTER, f"Saguaro ({DEALER})", **glock)
    world.line(DEALER, "individual; 4473 AZ-9; Lysda Orrobeck", "2019-04-04", **glock)
    trace = world.trace(maker="GLOCK", model="19", country="Austria", importer="Glock, Inc.", serial="kdf 871")
    assert trace.code == "purchaser_identified"
    assert [hop["role"] for hop in trace.result["chain"]] == ["importer", "licensee"]


def test_the_count_goes_by_serial_alone_and_the_link_never_tells_the_case(world: TraceWorld) -> None:
    from contraparte.exchange.reading import read_message

    world.chain()
    world.trace()
    asked = Message.objects.filter(direction="in", type__in=("trace.count/1", "trace.link/1"))
    bodies = [(row.type, read_message(row).body) for row in asked.order_by("at", "id")]
    assert [body for kind, body in bodies if kind == "trace.count/1"] == [{"serial": "36158921"}] * 3
    for kind, body in bodies:
        if kind == "trace.link/1":
            assert set(body) == {"gun"}
            assert set(body["gun"]) <= {"serial", "maker", "type", "model", "calibre", "country"}


def test_every_question_stands_in_the_books_own_log(world: TraceWorld) -> None:
    world.chain()
    world.trace()
    rows = Query.objects.order_by("id")
    assert [(row.agency_id, row.kind) for row in rows] == [
        (agency, kind) for agency in (MAKER, WHOLESALER, DEALER) for kind in ("count", "link")
    ]
    assert {row.purpose for row in rows} == {"firearms_tracing"}


def test_a_trade_in_tells_first_and_last_retail_sale_apart(world: TraceWorld) -> None:
    world.chain()
    world.line(DEALER, "individual; 4473 AZ-8; Quenda Pellvane", "2020-02-02", acquired_on="2019-12-01")
    trace = world.trace()
    assert (trace.first_retail_on.isoformat(), trace.last_retail_on.isoformat()) == ("2016-02-09", "2020-02-02")
    assert trace.result["purchaser"]["name"] == "Quenda Pellvane"


def test_a_gun_handed_back_after_repair_was_not_sold_again(world: TraceWorld) -> None:
    buyer = "individual; 4473 AZ-7; Talvo Brenmark"
    world.chain(buyer)
    world.line(DEALER, buyer, "2020-02-02", acquired_on="2019-12-01", acquired_from=f"{buyer}; for repair")
    trace = world.trace()
    assert trace.last_retail_on.isoformat() == "2016-02-09"


def test_leading_zeros_and_separators_do_not_count(world: TraceWorld) -> None:
    world.chain(serial="00361-58921")
    assert world.trace(serial="361.58921").code == "purchaser_identified"


@pytest.mark.parametrize("damaged", ["361-5892?", "361-58*", "361-[58]8921", "361-5B921"])
def test_a_damaged_serial_is_decided_by_the_makers_person_and_then_goes_by_itself(
    world: TraceWorld, damaged: str
) -> None:
    world.chain()
    trace = world.trace(serial=damaged)
    assert trace.state == "acknowledged"
    task = CustodianTask.objects.get()
    best = candidates_of(task, by=world.keeper, now=now())[0]
    assert best.serial == "361-58921"
    confirm_link(task, best.line_id, by=world.keeper, now=now())
    with pytest.raises(TaskDecidedError):
        confirm_link(task, best.line_id, by=world.keeper, now=now())
    world.settle()
    trace.refresh_from_db()
    assert trace.code == "purchaser_identified"
    assert CustodianTask.objects.count() == 1
    assert [hop.confirmed_by_person for hop in Hop.objects.order_by("index")] == [True, False, False]
    assert Walk.objects.get().gun["serial"] == "36158921"


def test_a_wrong_description_is_for_a_person_who_may_decline(world: TraceWorld) -> None:
    world.chain()
    trace = world.trace(calibre=".45 ACP", type="RIFLE", model="1022")
    task = CustodianTask.objects.get()
    with pytest.raises(FieldUnreadableError):
        decline_link(task, ResultCode.PURCHASER_IDENTIFIED, by=world.keeper, now=now())
    decline_link(task, ResultCode.DESCRIPTION_INCOMPLETE, by=world.keeper, now=now())
    world.settle()
    trace.refresh_from_db()
    assert trace.code == "description_incomplete"


def test_a_line_of_another_custodian_cannot_be_chosen(world: TraceWorld) -> None:
    from contraparte.books.models import Line

    world.chain()
    world.trace(serial="361-5892?")
    foreign = Line.objects.get(book__agency_id=DEALER)
    with pytest.raises(FieldUnreadableError):
        confirm_link(CustodianTask.objects.get(), foreign.pk, by=world.keeper, now=now())
    assert CustodianTask.objects.get().state == "open"


def test_two_makers_with_one_serial_are_told_apart_by_the_description(world: TraceWorld) -> None:
    world.chain()
    other = {"manufacturer": "Colt's Mfg", "model": "M1911", "caliber": ".45 ACP"}
    world.line(DEALER, "individual; 4473 X; Fennto Ashkmore", "2017-01-01", **other)
    assert world.trace().result["purchaser"]["name"] == "Talvo Brenmark"
    assert Hop.objects.get(licence=DEALER).count == 2


def test_a_custodian_without_a_system_is_called_and_its_answer_entered_with_a_log(world: TraceWorld) -> None:
    world.line(MAKER, "Paper (us.dealer-tx-9)")
    trace = world.trace()
    hop = Hop.objects.get(state="to_call")
    sold = LinkAnswer(
        lines=[LinkLine(kind=DisposalKind.INDIVIDUAL, disposed_on="2018-03-04")],
        purchaser=PurchaserFacts(name="Nevda Lindogate"),
    )
    with pytest.raises(CallLogMissingError):
        assisted_hop(hop, sold, call_log={}, by=world.specialist, now=now())
    assisted_hop(hop, sold, call_log=CALL, by=world.specialist, now=now())
    with pytest.raises(TraceStateError):
        assisted_hop(hop, sold, call_log=CALL, by=world.specialist, now=now())
    world.settle()
    trace.refresh_from_db()
    assert trace.code == "purchaser_identified"
    assert trace.result["chain"][-1]["assisted"] is True


def test_a_custodian_that_stays_silent_past_twice_its_time_ends_the_walk(world: TraceWorld) -> None:
    world.chain()
    trace = world.trace(serial="361-5892?")
    owed = Obligation.objects.get(agency="us.ntc", stage="link", closed_at=None)
    assert owed.due_at - owed.opened_at == timedelta(hours=24)
    assert give_up_on_silence(now()) == 0
    _age(owed, hours=25)
    assert give_up_on_silence(now()) == 0
    _age(owed, hours=24)
    assert give_up_on_silence(now()) == 1
    world.settle()
    trace.refresh_from_db()
    assert trace.code == "licensee_no_reply"
    confirm = candidates_of(CustodianTask.objects.get(), by=world.keeper, now=now())[0]
    confirm_link(CustodianTask.objects.get(), confirm.line_id, by=world.keeper, now=now())
    world.settle()
    trace.refresh_from_db()
    assert trace.code == "licensee_no_reply"
    assert Message.objects.filter(state="failed").exists()


def _age(owed: Obligation, *, hours: int) -> None:
    """Let time pass for one clock."""
    owed.opened_at -= timedelta(hours=hours)
    owed.due_at -= timedelta(hours=hours)
    owed.save()


def test_the_centre_may_refuse_with_a_reason(world: TraceWorld) -> None:
    world.chain()
    trace = world.trace(serial="361-5892?")
    refuse_trace(Walk.objects.get(), reason="no nexus", by=world.specialist, now=now())
    world.settle()
    trace.refresh_from_db()
    assert (trace.code, trace.result["note"]) == ("refused", "no nexus")


@pytest.fixture
def _own_policies() -> Iterator[None]:
    """A policy of one test is read at once, and is not in force in the next one."""
    yield
    gate.forget_policies()


@pytest.mark.usefixtures("_own_policies")
def test_a_withheld_purchaser_is_named_as_withheld_and_never_blank(world: TraceWorld, settings: Any) -> None:
    folder = Path(settings.HOME.path) / "policies"
    folder.mkdir(exist_ok=True)
    (folder / "own.cedar").write_text(
        '@id("purchasers-stay-home") forbid (principal, action == Action::"disclose", '
        'resource == Message::"trace.result/1") when { context.class == "purchaser" };'
    )
    gate.forget_policies()
    assert registry.message_type("trace.result/1").class_map.class_of("/purchaser/name") == "purchaser"
    world.chain()
    trace = world.trace()
    assert trace.code == "purchaser_identified"
    assert not trace.result.get("purchaser")
    assert ["/purchaser/name", "purchasers-stay-home"] in trace.result_withheld


def test_the_marking_of_the_answer_is_never_weaker_than_the_requests(world: TraceWorld) -> None:
    world.chain()
    trace = world.trace()
    asked = trace.gun.event.marking
    assert set(asked["handling"]) <= set(trace.marking["handling"])
    assert set(trace.marking["circle"]) <= set(asked["circle"])


def test_a_message_handled_again_changes_nothing(world: TraceWorld) -> None:
    from contraparte.exchange.handling import retry_failed

    world.chain()
    trace = world.trace()
    before = Message.objects.count()
    for row in Message.objects.filter(direction="in", type="trace.link_answer/1"):
        Message.objects.filter(pk=row.pk).update(state="failed")
        row.refresh_from_db()
        retry_failed(row, now=now())
    world.settle()
    assert Message.objects.count() == before
    trace.refresh_from_db()
    assert trace.code == "purchaser_identified"
