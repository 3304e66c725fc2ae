"""Groups told and changed by programs of both sides through the API, and from the command line."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from typer.testing import CliRunner

from contraparte.groups import commands
from contraparte.groups.models import GroupWord
from tests.groups.group_world import CHAIRS, GroupWorld
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
