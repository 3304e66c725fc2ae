"""A prosecutor's case system has a recovered gun traced through the API only: recorded, asked, released, answered."""

from typing import Any

import pytest
from django.utils import timezone

from contraparte.directory import actions as directory
from contraparte.directory.models import Person
from contraparte.directory.queries import Role
from contraparte.traces.models import CustodianTask, Event, Gun, SameGun, Trace
from tests.inquiries.test_by_program import Program
from tests.traces.trace_world import CENTRE, GUN, MAKER, TraceWorld

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
        assert saved.json()["gun"] == "g-1"
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


def test_a_gun_is_saved_over_nobody_elses_typing(world: TraceWorld) -> None:
    officer = Program(world.officer)
    event = world.event()
    path = f"recoveries/{event.pk}/guns/g-1"
    unread = officer.send(path, {"fields": GUN}, method="put", HTTP_IF_MATCH='"x"')
    assert unread.status_code == 412 and not Gun.objects.exists()
    first = officer.send(path, {"fields": GUN}, method="put").json()["etag"]
    assert [one["etag"] for one in officer.get(f"recoveries/{event.pk}").json()["guns"]] == [first]
    mine = {"fields": GUN | {"model": "SR40"}}
    assert officer.send(path, mine, method="put", HTTP_IF_MATCH=first).json()["etag"] != first
    late = officer.send(path, {"fields": GUN | {"model": "SR22"}}, method="put", HTTP_IF_MATCH=first)
    assert (late.status_code, late.json()["code"]) == (412, "api.outdated")
    assert Gun.objects.get().typed["model"] == "SR40"


def test_many_guns_come_at_once_and_two_that_may_be_one_are_decided_with_a_reason(world: TraceWorld) -> None:
    world.gun(world.event(by=world.federal, case_number="SECRET-1"), by=world.federal)
    officer, event = Program(world.officer), world.event()
    path = f"recoveries/{event.pk}"
    table = {"rows": [GUN | {"serial": "361-58927"}, GUN | {"serial": "N/A"}]}
    told = [officer.send(f"{path}/import", table).json() for _ in range(2)]
    assert told[0] == told[1] and len(told[0]["saved"]) == 1 and Gun.objects.filter(event=event).count() == 1
    assert [(one["row"], one["field"]) for one in told[0]["refused"]] == [(2, "serial")]
    assert officer.send(f"{path}/import", {"rows": [{"colour": "black"}]}).json()["field"] == "colour"
    (warning,) = officer.get(path).json()["guns"][0]["warnings"]
    shown = officer.get(f"same-gun/{warning}")
    assert shown.json()["other_post"] == "mx.fgr/firearms" and shown.json()["other"] is None
    assert "SECRET-1" not in shown.content.decode() and "361-58921" not in shown.content.decode()
    decide = f"same-gun/{warning}"
    assert officer.send(decide, {"is_same": True, "reason": "Seen."}).json()["field"] == "true_serial"
    assert officer.send(decide, {"is_same": False, "reason": ""}).json()["field"] == "reason"
    assert officer.done(decide, {"is_same": False, "reason": "Two barrels."}) == {
        "warning": warning,
        "state": "different",
    }
    assert SameGun.objects.get().decided_by == world.officer
    assert officer.send(decide, {"is_same": False, "reason": "x"}).json()["code"] == "trace.state"


def test_a_damaged_serial_is_decided_by_the_makers_program_which_sees_the_gun_only(world: TraceWorld) -> None:
    world.chain()
    trace = world.trace(serial="361-5892?")
    keeper, centre = Program(world.keeper), Program(world.specialist)
    (asked,) = keeper.get("book-questions").json()["items"]
    path = f"book-questions/{asked['uuid']}"
    shown = keeper.get(path)
    for secret in ("CI-FGE/77/2026", "Hermosillo", "MXSON01"):
        assert secret not in shown.content.decode()
    (candidate,) = shown.json()["candidates"]
    assert "no_record" in shown.json()["codes"]
    for wrong in ("line:0", "code:purchaser_identified", "x"):
        assert keeper.send(path, {"choice": wrong}).json()["field"] == "choice"
    assert (keeper.get("book-questions/none").status_code, centre.get(path).status_code) == (404, 403)
    told = [keeper.send(path, {"choice": candidate["choice"]}, key="choose-001") for _ in range(2)]
    assert [one.json() for one in told] == [{"state": "linked"}] * 2
    assert keeper.get("book-questions").json()["items"] == []
    world.settle()
    assert Program(world.officer).get(f"traces/{trace.pk}").json()["code"] == "purchaser_identified"
    (walk,) = centre.get("walks").json()["items"]
    walked = centre.get(f"walks/{walk['id']}").json()
    assert [one["by_person"] for one in walked["custodians"]] == [True, False, False]
    assert (walked["asked"]["serial"], walked["gun"]["serial"]) == ("3615892?", "36158921")
    assert CustodianTask.objects.get().decided_by == world.keeper
    late = centre.send(f"walks/{walk['id']}/refuse", {"reason": "no nexus"})
    assert late.json()["code"] == "trace.state" and not Program(world.officer).get("walks").json()["items"]


def test_a_centres_program_enters_a_call_or_refuses_and_the_requester_asks_again_or_gives_up(
    world: TraceWorld,
) -> None:
    world.line(MAKER, "Paper (us.dealer-tx-9)")
    trace = world.trace()
    officer, centre = Program(world.officer), Program(world.specialist)
    (walk,) = centre.get("walks").json()["items"]
    waiting = next(one for one in centre.get(f"walks/{walk['id']}").json()["custodians"] if one["state"] == "to_call")
    path = f"walks/{walk['id']}/custodians/{waiting['index']}"
    called = {"answer": "code:no_record", "means": "telephone", "answered_by": "Ashkmore", "at": "today 10:00"}
    assert centre.send(path, {"fields": called | {"answered_by": ""}}).json()["field"] == "answered_by"
    assert centre.send(path, {"fields": called | {"answer": "x"}}).json()["field"] == "answer"
    told = [centre.send(path, {"fields": called}, key="called-001").json() for _ in range(2)]
    assert told[0] == told[1] and told[0]["state"] == "concluded"
    world.settle()
    ended = officer.get(f"traces/{trace.pk}").json()
    assert (ended["code"], ended["ways"]) == ("no_record", ["resubmit"])
    assert officer.send(f"traces/{trace.pk}/resubmit", {"fields": GUN, "why": ""}).json()["field"] == "why"
    again = [
        officer.send(f"traces/{trace.pk}/resubmit", {"fields": GUN, "why": "A photo."}, key="again-0001").json()
        for _ in range(2)
    ]
    assert again[0] == again[1] and again[0]["state"] == "drafted"
    gun = world.gun(key="r9", serial="880-44556", maker="Nobody Arms")
    drafted = officer.done(f"recoveries/{gun.event_id}/open")["traces"][0]["trace"]
    assert officer.get(f"traces/{drafted}").json()["ways"] == ["revise", "cancel"]
    assert officer.done(f"traces/{drafted}/revise")["state"] == "drafted"
    assert officer.done(f"traces/{drafted}/cancel", {"reason": "Found its owner."})["state"] == "cancelled"
    assert officer.send(f"traces/{drafted}/cancel", {"reason": "x"}).json()["code"] == "trace.state"


def test_a_copy_is_taken_over_and_figures_open_without_content(world: TraceWorld) -> None:
    world.trace(maker="Nobody Arms")
    federal = Program(world.federal)
    (copy,) = federal.get("traces").json()["items"]
    assert federal.get(f"traces/{copy['id']}").json()["ways"] == ["adopt"]
    told = [federal.send(f"traces/{copy['id']}/adopt", key="adopt-0001").json() for _ in range(2)]
    assert told[0] == told[1] and federal.get(f"traces/{copy['id']}").json()["adopted_as"] == told[0]["trace"]
    auditor = directory.appoint(
        Person.objects.create_user("auditor", display_name="Auditor"), world.federal.post, [Role.AUDITOR], by=None,
        now=timezone.now(),
    )  # fmt: skip
    seen = Program(auditor).get("traces/figures").json()
    assert seen["first_pass"] == {"found": None, "of": None, "percent": None}
    assert Program(auditor).get("traces").status_code == 403
