"""Traces from a recorded gun over the real road to the result: two nodes' rooms, one process, no socket."""

from django.utils import timezone

from contraparte.traces.models import Trace
from tests.traces.trace_world import TraceWorld


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
