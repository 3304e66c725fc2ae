"""Who leaves, who takes over and who became whom, as programs read and say it."""

from datetime import timedelta

import pytest
from django.utils import timezone

from contraparte.directory import leaving
from contraparte.directory.models import Departure
from contraparte.directory.queries import Role
from contraparte.exchange import succession
from contraparte.exchange.models import Conversation, Permission, Reconfirmation
from contraparte.exchange.permissions import grant_permission
from tests.exchange.changes import NEW, absorb, add_successor
from tests.exchange.conftest import desk_world as desk_world  # noqa: PLC0414  (the fixture, under its own name)
from tests.exchange.rights_world import ask, people_of, send_item
from tests.exchange.small_world import CENTRE, FEDERAL, SONORA, SmallWorld
from tests.inquiries.test_by_program import Program

NOTE = "Call the centre on Monday."


@pytest.fixture
def world(desk_world: SmallWorld) -> SmallWorld:
    """One more agency on the node; no commit is needed."""
    return add_successor(desk_world)


def test_programs_read_a_leaving_name_who_takes_over_and_acknowledge_and_never_read_the_note(world: SmallWorld) -> None:
    world.conversation(SONORA, CENTRE)
    walter, nora = world.appoint("walter", SONORA, Role.OFFICER), world.appoint("nora", NEW, Role.OFFICER)
    guard = Program(world.appoint("ines", SONORA, Role.ADMINISTRATOR))
    chief, olga, successor = Program(world.chief), Program(world.officer), Program(walter)
    now = timezone.now()
    departure = leaving.announce_leaving(world.officer, leaves_at=now + timedelta(days=9), by=world.chief, now=now)
    leaving.write_note(departure, NOTE, by=world.officer, now=timezone.now())
    place = f"handovers/{departure.pk}"
    shown = chief.get(place, HTTP_ACCEPT_LANGUAGE="es").json()
    assert (shown["post"], shown["leaves"], shown["is_planned"]) == (SONORA, "olga", True)
    assert shown["done"] == ["announced", "inventory", "note"]
    sections = {one["code"]: one for one in shown["pack"]["sections"]}
    assert sections["threads"]["rows"] and sections["threads"]["label"].startswith("Conversaciones abiertas")
    named = {one["name"]: one for one in shown["candidates"]}
    assert named["walter"]["would_be_acting"] is False
    assert olga.get(place).json()["candidates"] == []
    for stranger in (nora, world.appoint("fidel", FEDERAL, Role.AUTHORISER)):
        assert Program(stranger).get(place).status_code == 404
        assert Program(stranger).get("handovers").json()["items"] == []
        assert Program(stranger).send(f"{place}/acknowledge").status_code == 404
    assert guard.get(place).status_code == 403
    posts = guard.get("posts").json()
    held = {one["post"]: set(one["holders"]) for one in posts["items"] if one["standing"] == "held"}
    assert held == {SONORA: {"arturo", "beatriz", "olga", "walter"}}
    assert (posts["vacant"], posts["exits_12_months"]) == (0, 0)
    assert [one["post"] for one in Program(nora).get("posts").json()["items"]] == [NEW]

    assert olga.send(f"{place}/pack", key="again-001").status_code == 200
    assert olga.send(f"{place}/pack", key="again-001").status_code == 200
    assert departure.packs.count() == 2
    chosen = {"successor": named["walter"]["successor"]}
    assert olga.send(f"{place}/successor", chosen).status_code == 403
    assert Program(world.chief, "read", "write").send(f"{place}/successor", chosen).json()["code"] == "api.scope"
    for wrong in ({"successor": 10**17}, {"successor": nora.person_id}):
        refused = chief.send(f"{place}/successor", wrong, HTTP_ACCEPT_LANGUAGE="es")
        assert (refused.status_code, refused.json()["field"]) == (422, "successor")
    assert chief.send(f"{place}/successor", chosen | {"why": "x"}).json()["field"] == "why"
    assert guard.done(f"{place}/successor", chosen)["done"] == ["announced", "assigned", "inventory", "note"]
    assert olga.send(f"{place}/acknowledge").status_code == 403
    assert "acknowledged" in successor.done(f"{place}/acknowledge")["done"]
    closed = chief.send(f"{place}/successor", chosen)
    assert (closed.status_code, closed.json()["code"]) == (409, "departure.step")
    (listed,) = successor.get("handovers").json()["items"]
    assert (listed["successor"], listed["open"]) == ("walter", ["counterpart_notified", "access_ended"])
    assert Departure.objects.get().note == NOTE
    for program in (chief, olga, successor):
        assert NOTE not in program.get(place).content.decode()


def test_programs_read_who_became_whom_and_decide_on_permissions_of_a_body_that_is_another_now(
    world: SmallWorld,
) -> None:
    people = people_of(world)
    _, item = send_item(world, to=SONORA)
    given = []
    for _ in range(2):
        _, permission = ask(world, people, item, FEDERAL)
        grant_permission(permission, by=people.chiefs[CENTRE], now=timezone.now())
        given.append(permission)
        world.settle()
    auditor = Program(world.appoint("ana", CENTRE, Role.AUDITOR))
    officer, chief = Program(people.officers[CENTRE]), Program(people.chiefs[CENTRE])
    stranger, local = Program(people.chiefs[FEDERAL]), Program(world.officer)
    assert auditor.get("lineage").json() == {"items": []}
    assert chief.get("lineage/confirmations").json() == {"items": []}
    absorb(timezone.now())
    absorb(timezone.now(), version=2)
    assert auditor.get("lineage/orphans").status_code == 403
    assert chief.get("lineage/orphans").json()["items"], "the centre's threads hang on a post that passed its work on"
    held = {str(one.uuid) for one in Conversation.objects.filter(agency="mx.fge-son")}
    threads = {one["id"] for one in local.get("lineage/orphans").json()["items"] if one["kind"] == "conversation"}
    assert threads and threads <= held, "each agency reads of its own records only"
    assert stranger.get("lineage/orphans").json()["items"] == []
    succession.reconcile(timezone.now())
    assert chief.get("lineage/orphans").json() == {"items": [], "more": 0}
    first, second = auditor.get("lineage").json()["items"]
    assert [first["counts"], second["counts"]] == [False, True]
    assert (first["from"], first["to"], first["legal_basis"]["es"]) == (
        ["mx.fge-son"], ["mx.new"], "Decreto de reorganización",
    )  # fmt: skip
    assert first["mapping"] == [{"from": SONORA, "abolished": False, "to": [{"post": NEW, "topics": []}]}]

    waiting = chief.get("lineage/confirmations").json()["items"]
    assert {(one["was"], one["became"]) for one in waiting} == {(SONORA, NEW)}
    place = f"lineage/confirmations/{waiting[0]['id']}"
    for step in ("confirm", "withdraw"):
        assert officer.send(f"{place}/{step}").status_code == 403
        assert auditor.send(f"{place}/{step}").status_code == 403
        assert stranger.send(f"{place}/{step}").status_code == 404
        assert Program(people.chiefs[CENTRE], "read", "write").send(f"{place}/{step}").json()["code"] == "api.scope"
    assert stranger.get("lineage/confirmations").json()["items"] == []
    assert chief.done(f"{place}/confirm")["state"] == Reconfirmation.State.CONFIRMED
    twice = chief.send(f"{place}/withdraw", HTTP_ACCEPT_LANGUAGE="es")
    assert (twice.status_code, twice.json()["code"]) == (409, "permission.reconfirmed")
    other = f"lineage/confirmations/{waiting[1]['id']}"
    assert chief.done(f"{other}/withdraw")["state"] == Reconfirmation.State.WITHDRAWN
    states = {one.state for one in Permission.objects.filter(pk__in=[one.pk for one in given])}
    assert states == {Permission.State.GRANTED, Permission.State.REVOKED}
