"""Who became whom: what the page tells, and who may decide on permissions given to a body that is another now."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.utils import timezone

from contraparte.directory import actions as directory_actions
from contraparte.directory import reviewing
from contraparte.directory.models import LineageEvent, Tenure
from contraparte.directory.queries import Role
from contraparte.directory.rules.lineage_statements import DisputedRow
from contraparte.exchange import succession
from contraparte.exchange.actions import send_all
from contraparte.exchange.models import Permission, Reconfirmation
from contraparte.exchange.permissions import grant_permission
from contraparte.exchange.telling_change import tell_changes
from contraparte.protocol.encoding import canonical_json, instant
from tests.directory.lineage_events import document
from tests.exchange.changes import HOUR, NEW, absorb, add_successor, change
from tests.exchange.conftest import desk_world as desk_world  # noqa: PLC0414  (the fixture, under its own name)
from tests.exchange.rights_world import ask, people_of, send_item
from tests.exchange.small_world import CENTRE, FEDERAL, SONORA, SmallWorld

BrowserOf = Callable[[Tenure], Client]
PAGE = "/contacts/lineage/"


WORDS = {
    "en": (
        "Absorption",
        "Decree of reorganisation",
        "counts",
        "another version won",
        "waits for the signature of MX, US",
    ),
    "es": ("Absorción", "Decreto de reorganización", "vigente", "prevaleció otra versión", "falta la firma de MX, US"),
}


@pytest.fixture
def world(desk_world: SmallWorld) -> SmallWorld:
    """One more agency on the node; no commit is needed."""
    return add_successor(desk_world)


def test_the_picture_and_the_table_tell_who_became_whom_and_which_version_lost(
    world: SmallWorld, browser_of: BrowserOf
) -> None:
    auditor = browser_of(world.appoint("ana", SONORA, Role.AUDITOR))
    assert '<svg class="cp-lineage"' not in auditor.get(PAGE).content.decode()
    at = timezone.now() - HOUR
    absorb(at)
    absorb(at, version=2)
    change("two", "absorb", ["mx.fgr"], ["mx.new"], {FEDERAL: NEW}, at, reviewers=["us"])
    LineageEvent.objects.filter(event="two").update(is_complete=False)
    for language, words in WORDS.items():
        auditor.cookies["django_language"] = language
        shown = auditor.get(PAGE).content.decode()
        assert shown.count('<svg class="cp-lineage"') == 1
        assert [word for word in words if word not in shown] == []


def test_a_thread_that_passed_to_another_post_names_the_old_one(world: SmallWorld, browser_of: BrowserOf) -> None:
    thread = world.conversation()
    absorb(timezone.now())
    succession.reconcile(timezone.now())
    shown = browser_of(world.appoint("nora", NEW, Role.OFFICER)).get(f"/conversations/{thread.pk}/")
    assert shown.status_code == 200
    assert "fge-son" in shown.content.decode()
    former = browser_of(world.appoint("otto", SONORA, Role.OFFICER)).get(f"/conversations/{thread.pk}/")
    assert former.status_code == 404


def test_only_who_decides_in_that_post_confirms_or_withdraws(world: SmallWorld, browser_of: BrowserOf) -> None:
    people = people_of(world)
    _, item = send_item(world, to=SONORA)
    _, given = ask(world, people, item, FEDERAL)
    grant_permission(given, by=people.chiefs[CENTRE], now=timezone.now())
    world.settle()
    absorb(timezone.now())
    succession.reconcile(timezone.now())
    row = Reconfirmation.objects.get()
    for tenure, status in (
        (people.officers[CENTRE], 403),
        (people.chiefs[FEDERAL], 404),
        (world.appoint("ana", CENTRE, Role.AUDITOR), 403),
    ):
        assert browser_of(tenure).post(f"{PAGE}{row.pk}/withdraw/").status_code == status
        assert browser_of(tenure).post(f"{PAGE}{row.pk}/confirm/").status_code == status
    assert Client().post(f"{PAGE}{row.pk}/confirm/").status_code == 302
    chief = browser_of(people.chiefs[CENTRE])
    assert SONORA in chief.get(PAGE).content.decode()
    assert "permissions to be confirmed after a change of agency" in chief.get("/notices/").content.decode()
    assert chief.post(f"{PAGE}{row.pk}/confirm/").status_code == 302
    assert chief.post(f"{PAGE}{row.pk}/withdraw/").status_code == 409
    assert Permission.objects.get(side="granter").state == "granted"
    assert SONORA not in chief.get(PAGE).content.decode().split("<table")[0]


def test_the_page_tells_what_the_other_side_told_to_whom_it_concerns(world: SmallWorld, browser_of: BrowserOf) -> None:
    send_all([world.note("where?")], now=timezone.now())
    world.settle()
    absorb(timezone.now())
    succession.reconcile(timezone.now())
    assert tell_changes(timezone.now())
    world.settle()
    for name, post, role, sees in (
        ("one", CENTRE, Role.OFFICER, True),
        ("two", FEDERAL, Role.OFFICER, False),
        ("six", CENTRE, Role.AUDITOR, False),
    ):
        shown = browser_of(world.appoint(name, post, role)).get(PAGE).content.decode()
        assert ("What the other side has told" in shown and f'cp-id">{NEW}<' in shown) == sees


def test_the_page_tells_which_rows_are_disputed_and_since_when_clocks_stand_still(
    world: SmallWorld, browser_of: BrowserOf
) -> None:
    now = timezone.now()
    auditor = browser_of(world.appoint("ana", SONORA, Role.AUDITOR))
    told = document("one", "absorb", ["mx.fge-son"], ["mx.new"], {SONORA: NEW}, instant(now), reviewers=["us"])
    directory_actions.sign_event(canonical_json(told), country="mx", now=now)
    row = {"from": SONORA, "reason": "Traces <b>belong</b> elsewhere", "language": "en"}
    reviewing.dispute_event("one", [DisputedRow.model_validate(row)], country="us", now=now)
    pause = reviewing.propose_pause("one", begins=now + HOUR, until=now + 9 * HOUR, country="mx", now=now)
    words = {
        "en": ("Disputed", "Traces &lt;b&gt;belong", "They run on until US has signed"),
        "es": ("Impugnado", '<q lang="en">', "Siguen corriendo mientras falte la firma de US"),
    }
    for language, expected in words.items():
        auditor.cookies["django_language"] = language
        shown = auditor.get(PAGE).content.decode()
        assert [word for word in expected if word not in shown] == []
    reviewing.agree_to_statement(pause.pk, country="us", now=now)
    shown = auditor.get(PAGE).content.decode()
    assert "ambas partes lo acordaron" in shown and "Siguen corriendo" not in shown
