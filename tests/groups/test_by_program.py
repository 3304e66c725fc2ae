"""Groups told and changed by programs of both sides through the API, and from the command line."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from typer.testing import CliRunner

from contraparte.groups import commands
from contraparte.groups.actions import meeting
from contraparte.groups.meeting_queries import free_in
from contraparte.groups.models import Group, GroupWord
from contraparte.groups.rules.planning import working_day
from tests.groups.group_world import CHAIRS, SPONSORS, GroupWorld
from tests.groups.talk import charter, goal
from tests.inquiries.test_by_program import Program


@pytest.fixture(autouse=True)
def _one_clock(world: GroupWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timezone, "now", lambda: world.now)


def test_programs_propose_approve_report_and_keep_promises(world: GroupWorld) -> None:
    group = world.founded()
    chair, sponsor, principal, partner = map(Program, (world.chair, world.sponsor, world.principal, world.partner))
    wrong = chair.send(f"groups/{group.pk}/charters", {"charter": charter(quorum="many")})
    assert (wrong.status_code, wrong.json()["field"]) == (422, "charter.quorum")
    poor = chair.done(f"groups/{group.pk}/charters", {"charter": charter(purpose={}, **world.days())})
    assert [gap["field"] for gap in poor["gaps"]] == ["purpose"]
    made = chair.done(f"groups/{group.pk}/charters", {"charter": charter(goals=[goal()], **world.days())})
    world.settle()
    theirs = world.sides(group)[1]
    assert chair.send(f"groups/{group.pk}/charters/{made['charter']}/approve", {}).status_code == 403
    sponsor.done(f"groups/{group.pk}/charters/{made['charter']}/approve", {})
    world.settle()
    assert principal.done(f"groups/{theirs.pk}/charters/{made['charter']}/approve", {})["state"] == "active"
    world.settle()
    told = chair.get(f"groups/{group.pk}").json()
    assert (told["state"], told["in_force"], told["charter"]["quorum"]) == ("active", made["charter"], 1)
    until = (world.now - timedelta(days=1)).date()
    figure = {"value": "330", "since": str(until - timedelta(days=364)), "until": str(until)}
    assert chair.done(f"groups/{group.pk}/goals/g1", figure)["goals"] == [["g1", "achieved"]]
    assert partner.get(f"groups/{group.pk}").status_code == 404
    assert [one["name"]["en"] for one in partner.get("groups").json()["items"]] == ["Kidnapping and extortion"]
    assert Program(world.outsider).get("groups").json()["items"] == []


def working_time(world: GroupWorld, days: int) -> dict[str, str]:
    """Two hours on a day so many days on, or the first after it, on which both sides work."""
    day = working_day((world.now + timedelta(days=days)).date(), lambda one: not free_in(one, ("mx", "us")))
    return {"starts": f"{day}T17:00:00Z", "ends": f"{day}T19:00:00Z"}


def test_programs_of_both_sides_work_a_group_from_its_proposal_to_agreed_minutes(world: GroupWorld) -> None:
    chair, sponsor, principal, partner = map(Program, (world.chair, world.sponsor, world.principal, world.partner))
    proposal = {"counterpart": CHAIRS["b"], "name": {"es": "Secuestro"}, "kind": "working_group"}
    for wrong, field in (
        ({"kind": "club"}, "kind"),
        ({"counterpart": CHAIRS["a"]}, "counterpart"),
        ({"succeeds": [7]}, "succeeds"),
        ({"nombre": "x"}, "nombre"),
        ({"name": {}}, "name"),
    ):
        refused = chair.send("groups", proposal | wrong)
        assert (refused.status_code, refused.json()["field"]) == (422, field)
    pk = chair.done("groups", proposal)["id"]
    world.settle()
    group, theirs = world.sides(Group.objects.get(pk=pk))
    key = chair.done(f"groups/{pk}/charters", {"charter": charter(**world.days())})["charter"]
    world.settle()
    approve = f"groups/{pk}/charters/{key}/approve"
    assert Program(world.sponsor, "read", "write").send(approve).json()["code"] == "api.scope"
    sponsor.done(approve)
    world.settle()
    principal.done(f"groups/{theirs.pk}/charters/{key}/approve")
    world.settle()
    assert sponsor.done(f"groups/{pk}/gate", {"required": True})["state"] == "active"

    call, when = f"groups/{pk}/meetings", working_time(world, 20)
    saturday = world.now.date() + timedelta(days=26 - world.now.weekday())
    free = chair.send(
        call, {"starts": f"{saturday}T17:00:00Z", "ends": f"{saturday}T18:00:00Z"}, HTTP_ACCEPT_LANGUAGE="es"
    )
    assert (free.status_code, free.json()["field"]) == (422, "anyway")
    assert "fin de semana" in free.json()["title"]
    for wrong, field in (
        ({"starts": when["starts"].rstrip("Z")}, "starts"),
        ({"starts": when["ends"]}, "ends"),
        ({"zone": "Mars/Base"}, "zone"),
        ({"agenda": [{"text": {}}]}, "agenda.0.text"),
        ({"lugar": "x"}, "lugar"),
    ):
        refused = chair.send(call, when | wrong)
        assert (refused.status_code, refused.json()["field"]) == (422, field)
    above = chair.send(call, when | {"agenda": [{"text": {"en": "An informer"}, "handling": "H2"}]})
    assert above.json()["code"] == "group.handling"
    assert sponsor.send(call, when).status_code == 403
    first = chair.done(call, when | {"agenda": [{"text": {"es": "Casos"}, "handling": "H1"}]})["meeting"]
    world.settle()
    (there,) = partner.get(f"groups/{theirs.pk}/meetings").json()["items"]
    later = working_time(world, 22)
    moved = partner.done(f"meetings/{there['id']}/move", later)["meeting"]
    world.settle()
    assert chair.get(f"meetings/{first}").json()["state"] == "moved"
    ours = chair.get(call).json()["items"][-1]["id"]
    shown = chair.get(f"meetings/{ours}").json()
    assert [one["text"]["es"] for one in shown["agenda"]["items"]] == ["Casos"]
    assert shown["sides"][0]["authorisation"] == "waiting"
    set_anew = {"items": [{"text": {"en": "Files"}}], "base": shown["agenda"]["key"]}
    chair.done(f"meetings/{ours}/agenda", set_anew)
    assert chair.send(f"meetings/{ours}/agenda", set_anew).json()["code"] == "group.base"
    assert chair.send(f"meetings/{ours}/authorise", {"granted": True}).status_code == 403
    sponsor.done(f"meetings/{ours}/authorise", {"granted": True})
    dropped = chair.done(call, working_time(world, 60))["meeting"]
    assert chair.send(f"meetings/{dropped}/cancel", {"reason": " "}).json()["field"] == "reason"
    assert chair.done(f"meetings/{dropped}/cancel", {"reason": "Huracán"})["state"] == "canceled"
    world.settle()

    world.wait(days=30)
    chair, sponsor, principal, partner = map(Program, (world.chair, world.sponsor, world.principal, world.partner))
    refused = chair.send(f"meetings/{ours}/attendance", {"present": ["mx.fge-son/nobody"]})
    assert refused.json()["fields"] == {"present.0": ["unknown_post"]}
    stood_in = {"present": [SPONSORS["a"]], "substitutes": {SPONSORS["a"]: CHAIRS["a"]}}
    chair.done(f"meetings/{ours}/attendance", stood_in)
    partner.done(f"meetings/{moved}/attendance", {"present": [CHAIRS["b"]]})
    world.settle()
    shown = chair.get(f"meetings/{ours}").json()
    assert (shown["state"], shown["sides"][0]["present"]) == (
        "held",
        [{"post": SPONSORS["a"], "in_place_of": CHAIRS["a"]}],
    )
    due = (world.now + timedelta(days=40)).date().isoformat()
    promised = [{"text": {"es": "Nombrar un enlace"}, "owner": CHAIRS["b"], "due_on": due}]
    text = {"text": {"es": "Nos reunimos."}, "base": "", "decisions": [{"es": "Aprobado"}], "commitments": promised}
    nobody = text | {"commitments": [promised[0] | {"owner": "us.fbi/nobody"}]}
    assert chair.send(f"meetings/{ours}/minutes", nobody).json()["field"] == "commitments.0.owner"
    minutes = chair.done(f"meetings/{ours}/minutes", text)["key"]
    world.settle()
    assert partner.send(f"meetings/{moved}/minutes/agree", {"minutes": group.uuid.hex}).json()["field"] == "minutes"
    partner.done(f"meetings/{moved}/minutes/dispute", {"minutes": minutes, "text": {"en": "Not all."}})
    world.settle()
    disputed = chair.get(f"meetings/{ours}").json()["minutes"][-1]
    assert disputed["disputes"] == [{"is_ours": False, "text": {"en": "Not all.", "es": ""}}]
    again = partner.done(f"meetings/{moved}/minutes", text | {"base": minutes})["key"]
    world.settle()
    assert chair.done(f"meetings/{ours}/minutes/agree", {"minutes": again})["minutes"] == "final"
    world.settle()
    assert chair.get(f"meetings/{ours}/minutes.pdf").content.startswith(b"%PDF")

    (owed,) = partner.get("commitments").json()["items"]
    place = f"commitments/{owed['id']}"
    assert "claim" in partner.get(place).json()["open_steps"]
    assert Program(world.principal).get(place).json()["open_steps"] == []
    assert partner.send(f"{place}/steps", {"do": "hand", "owner": "us.fbi/nobody"}).json()["field"] == "owner"
    partner.done(f"{place}/steps", {"do": "claim"})
    lonely = {"text": {"en": "Publish a circular"}, "due_on": due, "owner": SPONSORS["a"], "one_sided": True}
    assert chair.send(f"groups/{pk}/commitments", lonely | {"owner": CHAIRS["b"]}).json()["field"] == "owner"
    made = chair.done(f"groups/{pk}/commitments", lonely)["commitment"]
    world.settle()
    assert chair.get(f"commitments/{made}").json()["one_sided"]

    health = chair.get(f"groups/{pk}/health").json()
    assert (health["held"], health["minutes_agreed"], health["came"]) == (1, 1, {"ours": 1, "theirs": 1})
    assert health["unmeasured"] == ["g1"]
    assert "Fewer kidnappings" in {line["text"]["en"] for line in health["left_open"]}
    (line,) = chair.get("groups/board").json()["alive"]
    assert (line["id"], line["goals_unmeasured"]) == (pk, 1)
    goal_told = chair.get(f"groups/{pk}/goals/g1").json()
    assert (goal_told["verdict"], goal_told["is_visible"], goal_told["reports"]) == ("unmeasured", True, [])
    assert chair.get(f"groups/{pk}/words").json()["items"][0]["act"] == "group.found"
    assert sponsor.send(f"groups/{pk}/decide", {"wish": "forget"}).json()["field"] == "wish"
    sponsor.done(f"groups/{pk}/decide", {"wish": "keep"})
    sponsor.done(f"groups/{pk}/framework", {"agreed": False, "note": "No"})
    (row,) = sponsor.get("groups/extent").json()["groups"]
    assert (row["wishes"], row["is_orphan"], row["may_decide"]) == ({"ours": "keep"}, True, True)
    assert len(sponsor.get("groups/framework").json()["lines"]) > 1
    for stranger in (world.outsider, world.partner):
        outside = Program(stranger)
        for path in (f"meetings/{ours}", f"meetings/{ours}/minutes.pdf", f"groups/{pk}/health", f"commitments/{made}",
                     f"groups/{pk}/words", f"groups/{pk}/goals/g1"):  # fmt: skip
            assert outside.get(path).status_code == 404
    assert sponsor.send(f"groups/{pk}/end", {"how": "merged", "into": pk}).json()["field"] == "into"
    sponsor.done(f"groups/{pk}/end", {"how": "concluded"})
    world.settle()
    assert principal.done(f"groups/{theirs.pk}/end", {"how": "concluded"})["state"] == "concluded"


def test_a_silent_group_meets_again_by_program_with_what_it_left_open(world: GroupWorld) -> None:
    group = world.chartered()
    world.wait(days=80)
    chair = Program(world.chair)
    assert [one["id"] for one in chair.get("groups/board").json()["silent"]] == [group.pk]
    again = chair.done(f"groups/{group.pk}/meetings", working_time(world, 12))["meeting"]
    shown = chair.get(f"meetings/{again}").json()
    assert [one["text"]["en"] for one in shown["agenda"]["items"]] == ["Fewer kidnappings"]


def test_the_command_line_lists_shows_and_names_every_gap(
    world: GroupWorld, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("contraparte.start.open_home", lambda home: None)
    group = world.founded()
    text = tmp_path / "charter.json"
    text.write_text(json.dumps(charter(goals=[goal(baseline="", owner="")], **world.days())), "utf-8")

    def run(*words: Any, username: str, post: str) -> Any:
        asked = [*map(str, words), "--home", str(tmp_path), "--as", username, "--post", post]
        return CliRunner().invoke(commands.app, asked)

    chair = {"username": "olga", "post": CHAIRS["a"]}
    sponsor = {"username": "arturo", "post": "mx.fge-son/principal"}
    made = run("propose-charter", group.pk, text, **chair)
    assert made.exit_code == 0
    assert "lacks goals.0.baseline: missing" in made.stderr
    key = made.stdout.strip().splitlines()[-1]
    refused = run("approve", group.pk, key, **sponsor)
    assert refused.exit_code == 1
    assert "goals.0.owner: missing" in refused.stderr
    assert not GroupWord.objects.filter(act="charter.approve").exists()
    (line,) = json.loads(run("list", "--json", **chair).stdout)
    assert (line["state"], line["with"]) == ("chartering", CHAIRS["b"])
    assert json.loads(run("show", group.pk, **chair).stdout)["versions"][0]["key"] == key
    assert run("show", group.pk, username="fernanda", post="mx.fgr/uecs").exit_code == 1


def test_the_secretary_lists_meetings_reads_health_prints_minutes_and_declines_from_a_terminal(
    world: GroupWorld, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("contraparte.start.open_home", lambda home: None)
    group = world.chartered()

    def run(*words: Any, username: str = "olga", post: str = CHAIRS["a"]) -> Any:
        asked = [*map(str, words), "--home", str(tmp_path), "--as", username, "--post", post]
        return CliRunner().invoke(commands.app, asked)

    assert run("meetings", group.pk).stdout.strip() == "nothing to list"
    paper = ["minutes", group.pk, 1, "-o", tmp_path / "minutes.pdf"]
    assert run(*paper).exit_code == 1
    key = world.attended(group, [CHAIRS["a"]], [CHAIRS["b"]])
    assert "no minutes of meeting 1" in run(*paper).stderr
    meeting.propose_minutes(group, key, text={"es": "Nos vimos."}, base="", by=world.chair, now=world.now)
    (line,) = json.loads(run("meetings", group.pk, "--json").stdout)
    assert (line["meeting"], line["state"], line["minutes"]) == (1, "held", "draft")
    assert run(*paper).stdout.startswith("draft")
    assert (tmp_path / "minutes.pdf").read_bytes().startswith(b"%PDF")
    lost = run("minutes", group.pk, 1, "-o", tmp_path / "none" / "minutes.pdf")
    assert (lost.exit_code, "cannot write" in lost.stderr) == (1, True)
    health = json.loads(run("health", group.pk).stdout)
    assert (health["held"], health["came"], health["unmeasured"]) == (1, {"ours": 1, "theirs": 1}, ["g1"])
    text = tmp_path / "charter.json"
    text.write_text(json.dumps(charter(quorum=2, **world.days())), "utf-8")
    base = json.loads(run("show", group.pk).stdout)["in_force"]
    proposed = run("propose-charter", group.pk, text, "--base", base).stdout.strip().splitlines()[-1]
    foreign = run("decline", group.pk, proposed, "--reason", "x", username="ruth", post=SPONSORS["b"])
    assert foreign.stderr.strip() == f"no group {group.pk} at {SPONSORS['b']}"
    assert run("decline", group.pk, proposed, "--reason", " ").exit_code == 1
    assert run("decline", group.pk, proposed, "--reason", "Not yet").stdout.strip() == "declined; the group is active"
    for words in (("meetings", group.pk), ("health", group.pk), tuple(paper)):
        assert run(*words, username="fernanda", post="mx.fgr/uecs").exit_code == 1
        assert run(*words, username="nobody").exit_code == 1
