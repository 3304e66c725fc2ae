"""The pages of groups as chairs, sponsors and outsiders see them, in both languages."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from contraparte.desk.queries import to_do
from contraparte.directory.models import Tenure
from contraparte.exchange.models import Message
from contraparte.groups import boards
from contraparte.groups.actions import founding, promising
from contraparte.groups.models import Group, GroupWord, Promise
from contraparte.inquiries.models import Inquiry
from tests.groups.group_world import CHAIRS, SPONSORS, GroupWorld
from tests.groups.talk import charter, goal
from tests.traces.test_pages import browser

OURS, THEIRS = [CHAIRS["a"]], [CHAIRS["b"]]


@pytest.fixture(autouse=True)
def _one_clock(world: GroupWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages read the clock of the world."""
    monkeypatch.setattr(timezone, "now", lambda: world.now)


def typed(world: GroupWorld, **changed: Any) -> dict[str, Any]:
    """A charter without a gap, as a person types it."""
    later = (world.now + timedelta(days=400)).date().isoformat()
    return {
        "name_en": "Kidnapping and extortion", "name_es": "Secuestro y extorsión", "kind": "working_group",
        "purpose_en": "Work kidnappings together", "purpose_es": "Atender juntos los secuestros",
        "scope_en": "Both border states", "scope_es": "Ambos estados", "out_of_scope_en": "Migration",
        "out_of_scope_es": "Migración", "sponsor_ours": SPONSORS["a"], "sponsor_theirs": SPONSORS["b"],
        "every": "1", "unit": "month", "quorum": "1", "rule": "consensus", "handling": ["H1"], "time_zone": "UTC",
        "review_on": later, "base": "", "goals": "1", "goals-0-key": "g1", "goals-0-statement_en": "Fewer kidnappings",
        "goals-0-statement_es": "Menos secuestros", "goals-0-indicator_en": "Files", "goals-0-indicator_es": "Carpetas",
        "goals-0-measure": "count", "goals-0-baseline": "468", "goals-0-baseline_days": "365", "goals-0-target": "370",
        "goals-0-due_on": later, "goals-0-source_en": "SESNSP", "goals-0-source_es": "SESNSP",
        "goals-0-owner": CHAIRS["a"],
    } | changed  # fmt: skip


def test_a_group_is_proposed_chartered_and_approved_page_by_page(world: GroupWorld) -> None:
    chair, sponsor, principal = (browser(one) for one in (world.chair, world.sponsor, world.principal))
    found = {"counterpart": CHAIRS["b"], "name_en": "Kidnapping", "name_es": "Secuestro", "kind": "working_group",
             "framework": "1.1.1.1"}  # fmt: skip
    refused = chair.post("/groups/new/", found | {"name_en": "", "name_es": ""})
    assert (refused.status_code, list(refused.context["form"].errors)) == (422, ["name_en"])
    assert chair.post("/groups/new/", found).status_code == 302
    world.settle()
    group = Group.objects.get(agency="mx.fge-son")
    address = f"/groups/{group.pk}/charter/"
    assert 'value="H1" id="id_handling_1" checked' in chair.get(address).text
    poor = typed(world, **{"goals-0-baseline": "", "purpose_en": "", "purpose_es": "", "sponsor_ours": ""})
    answer = chair.post(address, poor | {"do": "propose"})
    assert answer.status_code == 422
    assert set(answer.context["form"].errors) == {"purpose_en", "sponsor_ours"}
    assert set(answer.context["goals"][0].errors) == {"baseline"}
    assert not GroupWord.objects.filter(act="charter.propose").exists()
    grown = chair.post(address, typed(world) | {"do": "add"})
    assert [one.data[f"{one.prefix}-key"] for one in grown.context["goals"]] == ["g1", "g2"]
    checked = chair.post(address, typed(world) | {"do": "check"})
    assert checked.status_code == 200
    assert chair.post(address, typed(world) | {"do": "propose"}).status_code == 302
    world.settle()
    group.refresh_from_db()
    key = group.words.get(act="charter.propose").message.uuid
    version = f"/groups/{group.pk}/charter/{key}/"
    shown = sponsor.get(version)
    assert "smallest fall that can be told from chance is 18 %" in shown.text
    assert [item.url for item in to_do(world.sponsor, world.now)] == [version]
    assert chair.post(f"{version}approve/").status_code == 403
    assert sponsor.post(f"{version}approve/").status_code == 302
    world.settle()
    theirs = world.sides(group)[1]
    assert principal.post(f"/groups/{theirs.pk}/charter/{key}/approve/").status_code == 302
    world.settle()
    assert [row.state for row in world.sides(group)] == ["active", "active"]


def test_who_is_no_party_finds_nothing_and_wrong_roles_change_nothing(world: GroupWorld) -> None:
    group = world.chartered()
    key = group.words.get(act="charter.propose").message.uuid
    outsider, chair, member = browser(world.outsider), browser(world.chair), browser(world.sponsor)
    pages = ["", "story/", "charter/", f"charter/{key}/", "goals/g1/", "promise/", "reconvene/"]
    for page in pages:
        assert outsider.get(f"/groups/{group.pk}/{page}").status_code == 404, page
    assert browser(world.partner).get(f"/groups/{group.pk}/").status_code == 404
    before = GroupWord.objects.count()
    for page in ("decide/", "gate/", "end/", "framework/", f"charter/{key}/approve/"):
        assert chair.post(f"/groups/{group.pk}/{page}", {}).status_code == 403, page
    for page in ("charter/", "promise/", "reconvene/"):
        assert member.post(f"/groups/{group.pk}/{page}", {}).status_code == 403, page
    assert GroupWord.objects.count() == before


@pytest.mark.parametrize("language", ["en", "es"])
def test_the_board_tells_the_silent_from_the_alive_and_one_action_reconvenes(world: GroupWorld, language: str) -> None:
    group = world.chartered()
    world.attended(group, OURS, THEIRS)
    due = (world.now + timedelta(days=9)).date()
    promising.make_promise(
        group, text={"en": "Name a liaison", "es": "Nombrar enlace"}, owner=CHAIRS["a"], due_on=due, by=world.chair,
        now=world.now,
    )  # fmt: skip
    world.wait(days=60)
    world.settle()
    board = boards.board_of(world.chair, world.now)
    assert [(row.group.pk, row.overdue) for row in board.silent] == [(group.pk, 1)]
    chair = browser(world.chair, language)
    shown = chair.get("/groups/").text
    assert {"en": "held by both sides", "es": "celebrada por ambas partes"}[language] in shown
    assert {item.url for item in to_do(world.chair, world.now)} >= {f"/groups/{group.pk}/reconvene/"}
    page = chair.get(f"/groups/{group.pk}/reconvene/").text
    assert {"en": "Name a liaison", "es": "Nombrar enlace"}[language] in page


def test_the_board_asks_as_many_questions_for_thirty_groups_as_for_three(world: GroupWorld) -> None:
    groups = [world.chartered(world.founded(name={"en": f"Group {n}"})) for n in range(3)]
    client = browser(world.chair)

    def asked() -> int:
        client.get("/groups/")
        with CaptureQueriesContext(connection) as told:
            assert client.get("/groups/").status_code == 200
        # Whether the directory has changed is asked once a second, by the clock and not by the page.
        return sum("directory_viewnumber" not in one["sql"] for one in told.captured_queries)

    few = asked()
    for n in range(27):
        copy = Group.objects.get(pk=groups[0].pk)
        thread = copy.conversation
        thread.pk, thread.uuid = None, f"00000000-0000-4000-8000-{n:012}"
        thread.save(force_insert=True)
        copy.pk, copy.uuid, copy.conversation = None, thread.uuid, thread
        copy.save(force_insert=True)
    assert len(boards.board_of(world.chair, world.now).rows) == 30
    assert asked() == few


def test_a_promise_missed_twice_comes_to_both_principals(world: GroupWorld) -> None:
    group = world.chartered()
    due = (world.now + timedelta(days=5)).date()
    promising.make_promise(
        group, text={"en": "Name a liaison"}, owner=CHAIRS["a"], due_on=due, by=world.chair, now=world.now
    )
    world.settle()
    world.wait(days=7)
    row = Promise.objects.get(group=group)
    chair = browser(world.chair)
    late = {"do": "carry", "due_on": (world.now + timedelta(days=5)).date().isoformat(), "note": ""}
    refused = chair.post(f"/groups/promises/{row.pk}/", late)
    assert (refused.status_code, list(refused.context["form"].errors)) == (422, ["note"])
    assert chair.post(f"/groups/promises/{row.pk}/", late | {"note": "The post is vacant."}).status_code == 302
    world.settle()
    assert not [item for item in to_do(world.principal, world.now) if "/promises/" in item.url]
    world.wait(days=8)
    for tenure in (world.sponsor, world.principal):
        assert len([item for item in to_do(tenure, world.now) if "/promises/" in item.url]) == 1
    assert "with both principals" in browser(world.principal).get("/groups/promises/").text
    assert browser(world.outsider).get(f"/groups/promises/{row.pk}/").status_code == 404


def test_an_owner_nobody_holds_is_named_on_the_board_and_by_the_bell(world: GroupWorld) -> None:
    group = world.chartered()
    Tenure.objects.filter(post=SPONSORS["a"], person__isnull=False).update(ends=world.now)
    (row,) = boards.board_of(world.chair, world.now).alive
    assert row.vacant == [SPONSORS["a"]]
    chair = browser(world.chair)
    assert "posts that your groups hang on" in chair.get(reverse("web:notices")).text
    assert "Nobody holds" in chair.get(f"/groups/{group.pk}/").text


def test_a_text_that_crossed_is_shown_with_why_and_may_be_proposed_again(world: GroupWorld) -> None:
    group = world.chartered()
    base = world.both(group).in_force.key  # type: ignore[union-attr]
    sides = world.sides(group)
    for row, tenure, quorum in zip(sides, (world.chair, world.partner), (2, 3), strict=True):
        text = charter(quorum=quorum, **world.days())
        founding.propose_charter(row, text, base=base, by=tenure, now=world.now)
    world.settle()
    lost = GroupWord.objects.filter(act="charter.propose").exclude(crossed="").first()
    assert lost is not None
    ours = next(row for row in sides if row.side == lost.side)
    client = browser({"a": world.chair, "b": world.partner}[lost.side])
    page = client.get(f"/groups/{ours.pk}/").text
    found = re.search(r'href="(/groups/\d+/charter/\?from=[0-9a-f-]+)"', page)
    assert found is not None
    again = client.get(found.group(1))
    assert again.context["form"].initial["quorum"] == lost.facts["charter"]["quorum"]
    assert [line.name for line in again.context["beside"]] == ["Quorum of each side"]


def test_a_text_written_on_an_old_charter_is_kept_and_may_be_sent_on_top_of_the_new_one(world: GroupWorld) -> None:
    group = world.chartered()
    in_force = world.both(group).in_force
    assert in_force is not None
    chair = browser(world.chair)
    address = f"/groups/{group.pk}/charter/"
    refused = chair.post(address, typed(world, quorum="2", do="propose"))
    assert refused.status_code == 422
    assert refused.context["form"].non_field_errors()
    assert 'name="quorum" value="2"' in refused.text
    assert refused.context["base"] == in_force.key
    assert chair.post(address, typed(world, quorum="2", do="propose", base=in_force.key)).status_code == 302


def test_sponsors_set_the_gate_and_end_the_group_together(world: GroupWorld) -> None:
    group = world.chartered()
    theirs = world.sides(group)[1]
    sponsor, principal = browser(world.sponsor), browser(world.principal)
    sponsor.post(f"/groups/{group.pk}/gate/", {"required": "yes"})
    refused = sponsor.post(f"/groups/{group.pk}/end/", {"how": "merged", "into": ""})
    assert (refused.status_code, list(refused.context["form"].errors)) == (422, ["into"])
    assert sponsor.post(f"/groups/{group.pk}/end/", {"how": "concluded", "into": ""}).status_code == 302
    world.settle()
    assert world.both(group).gates == {"a"}
    assert f"/groups/{theirs.pk}/end/" in {item.url for item in to_do(world.principal, world.now)}
    assert principal.get(f"/groups/{theirs.pk}/end/").context["form"].initial["how"] == "concluded"
    principal.post(f"/groups/{theirs.pk}/end/", {"how": "concluded", "into": ""})
    world.settle()
    assert [row.state for row in world.sides(group)] == ["concluded", "concluded"]
    assert "Ended" in browser(world.chair).get("/groups/").text


def test_a_provisional_charter_warns_of_its_end(world: GroupWorld) -> None:
    text = {"provisional": True, "goals": [goal(baseline="", baseline_owed_by=CHAIRS["a"])]}
    group = world.chartered(**text)
    world.wait(days=75)
    (item,) = [one for one in to_do(world.chair, world.now) if one.due_at == group.lapses_at]
    assert item.url == f"/groups/{group.pk}/"
    assert "ends by itself" in browser(world.chair).get(item.url).text


def test_a_principal_says_row_by_row_what_to_keep_and_which_goal_it_disowns(world: GroupWorld) -> None:
    group = world.chartered(world.founded(framework="1.1.1.1"))
    sponsor = browser(world.sponsor)
    before = Message.objects.filter(direction="out").count()
    sponsor.post(f"/groups/{group.pk}/decide/", {f"{group.pk}-wish": ""})
    assert Message.objects.filter(direction="out").count() == before
    assert sponsor.post(f"/groups/{group.pk}/decide/", {f"{group.pk}-wish": "refocus"}).status_code == 302
    assert sponsor.post(f"/groups/{group.pk}/framework/", {"agreed": "no"}).status_code == 302
    world.settle()
    told = boards.statement_of(world.principal, world.now)
    assert [(row.wishes, row.is_orphan) for row in told.rows] == [({"theirs": "refocus"}, True)]
    assert [one.agency for one in told.volumes] == ["mx.fge-son"]
    assert sponsor.get("/groups/extent/").status_code == 200


def test_a_group_shows_the_requests_that_name_it_to_who_may_open_them(world: GroupWorld) -> None:
    group = world.chartered()
    named = Inquiry.objects.create(
        agency="mx.fge-son", post_id=CHAIRS["a"], counterpart=CHAIRS["b"], requester=CHAIRS["a"], family="police",
        group="Kidnapping and extortion", side="initiator", instrument="police", opened_by=world.chair,
        opened_at=world.now,
    )  # fmt: skip
    assert named.reference in browser(world.chair).get(f"/groups/{group.pk}/").text
    theirs = world.sides(group)[1]
    assert named.reference not in browser(world.partner).get(f"/groups/{theirs.pk}/").text


def test_progress_is_entered_by_the_owner_and_judged_in_words(world: GroupWorld) -> None:
    group = world.chartered()
    until = (world.now - timedelta(days=1)).date()
    chair: Client = browser(world.chair)
    figure = {"value": "330", "since": (until - timedelta(days=364)).isoformat(), "until": until.isoformat()}
    refused = chair.post(f"/groups/{group.pk}/goals/g1/", figure | {"value": "many"})
    assert (refused.status_code, list(refused.context["form"].errors)) == (422, ["value"])
    assert chair.post(f"/groups/{group.pk}/goals/g1/", figure).status_code == 302
    page = chair.get(f"/groups/{group.pk}/goals/g1/").text
    assert "achieved" in page and "gr-range" in page
    assert browser(world.sponsor).post(f"/groups/{group.pk}/goals/g1/", figure).status_code == 422
