"""Traces from a recorded gun over the real road to the result: two nodes' rooms, one process, no socket."""

from datetime import timedelta

from django.utils import timezone

from contraparte.exchange.models import Message, Outbox
from contraparte.traces.actions.requesting import open_trace
from contraparte.traces.models import Trace
from tests.traces.trace_world import FEDERAL, TraceWorld


def test_a_gun_is_walked_from_its_maker_to_its_purchaser(world: TraceWorld) -> None:
    world.chain()
    trace = world.trace()
    assert (trace.state, trace.code) == ("concluded", "purchaser_identified")
    assert trace.result["purchaser"] == {"name": "Talvo Brenmark", "form": "AZ-7"}
    assert [hop["role"] for hop in trace.result["chain"]] == ["maker", "licensee", "licensee"]
    assert trace.last_retail_on.isoformat() == "2016-02-09"
    assert trace.time_to_crime_days == (trace.gun.event.recovered_on - trace.last_retail_on).days
    assert timezone.now() >= trace.concluded_at
    assert Trace.objects.filter(standing="copy").count() == 1


def test_a_copied_result_that_overtakes_the_copied_request_is_kept_all_the_same(world: TraceWorld) -> None:
    world.chain()
    opened = open_trace(world.gun(), by=world.officer, now=timezone.now())
    world.release(opened)
    late = Outbox.objects.filter(message__recipient=FEDERAL, message__type="trace.request/1")
    assert late.update(due=timezone.now() + timedelta(hours=1)) == 1
    world.settle()
    result = Message.objects.get(type="trace.result/1", direction="in", recipient=FEDERAL)
    assert (result.state, result.code) == ("failed", "trace.state")
    late.update(due=timezone.now())
    world.settle()
    copy = Trace.objects.get(standing="copy")
    assert (copy.state, copy.code) == ("concluded", "purchaser_identified")
    result.refresh_from_db()
    assert (result.state, result.code) == ("handled", "")
