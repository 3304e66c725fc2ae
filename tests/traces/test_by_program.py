"""A prosecutor's case system has a recovered gun traced through the API only: recorded, asked, released, answered."""

from typing import Any

import pytest

from contraparte.traces.models import Event, Gun, Trace
from tests.inquiries.test_by_program import Program
from tests.traces.trace_world import CENTRE, GUN, TraceWorld

RECOVERY = {
    "case_number": "CI-FGE/77/2026", "recovered_on": "2026-11-01", "place": "Hermosillo", "counterpart": CENTRE,
    "crime_code": "LFAFE-83", "requester_code": "MXSON01", "region": "MX-SON", "priority": "routine",
}  # fmt: skip


def test_a_gun_is_traced_from_its_recovery_to_its_first_retail_sale(world: TraceWorld) -> None:
    world.chain()
    officer, chief = Program(world.officer), Program(world.chief)
    recovery = officer.done("recoveries", {"fields": RECOVERY})["recovery"]
    for _ in range(2):  # the same row, not two
        saved = officer.send(f"recoveries/{recovery}/guns/g-1", {"fields": GUN}, method="put")
        assert saved.json() == {"gun": "g-1"}
    opened = officer.send(f"recoveries/{recovery}/open", key="open-once").json()
    assert officer.send(f"recoveries/{recovery}/open", key="open-once").json() == opened
    ((trace, draft),) = [(one["trace"], one["draft"]) for one in opened["traces"]]
    assert officer.send(f"drafts/{draft}/release").json()["code"] == "release.held"
    shown = chief.get(f"drafts/{draft}").json()
    chief.done(f"drafts/{draft}/approve", {"digest": shown["digest"]})
    officer.done(f"drafts/{draft}/release")
    world.settle()
    told = officer.get(f"traces/{trace}").json()
    assert told["state"] == "concluded" and told["code"] and told["result"]
    assert told["code"] == Trace.objects.get(pk=trace).code
    assert [one["id"] for one in officer.get("traces").json()["items"]] == [trace]
    assert officer.get(f"recoveries/{recovery}").json()["guns"][0]["trace"] == trace


@pytest.mark.parametrize(
    ("wrong", "field"),
    [({"recovered_on": "soon"}, "recovered_on"), ({"counterpart": "nobody"}, "counterpart"), ({"x": "1"}, "x"),
     ({"recovered_on": "2999-01-01"}, "recovered_on")],
)  # fmt: skip
def test_a_wrong_recovery_names_its_field_and_nothing_is_recorded(
    world: TraceWorld, wrong: dict[str, Any], field: str
) -> None:
    answer = Program(world.officer).send("recoveries", {"fields": RECOVERY | wrong})
    assert (answer.status_code, answer.json()["field"]) == (422, field)
    assert not Event.objects.exists()


@pytest.mark.parametrize(("wrong", "field"), [({"serial": "N/A"}, "serial"), ({"colour": "black"}, "colour")])
def test_a_wrong_gun_names_its_field_and_nothing_is_saved(world: TraceWorld, wrong: dict[str, Any], field: str) -> None:
    path = f"recoveries/{world.event().pk}/guns/g-1"
    answer = Program(world.officer).send(path, {"fields": GUN | wrong}, method="put")
    assert (answer.status_code, answer.json()["field"]) == (422, field)
    assert not Gun.objects.exists()
    long = Program(world.officer).send(f"recoveries/{world.event().pk}/guns/{'k' * 41}", {"fields": GUN}, method="put")
    assert long.json()["field"] == "key"
