"""H1 and intelligence enter a package by a permission that runs, and by none that has ended (P6.4, P5.8)."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from contraparte.desk.packages import choices_of
from contraparte.exchange.models import Message, Permission
from contraparte.exchange.packaging import refusal, write_package
from contraparte.exchange.permissions import grant_permission, revoke_permission
from contraparte.exchange.rules.permissions import Kind
from contraparte.protocol.errors import (
    PackageIntelligenceError,
    PackagePermissionExpiredError,
    PackagePermissionRevokedError,
    PackageRestrictedError,
)
from contraparte.protocol.marking import Marking
from contraparte.protocol.package import verify_package
from contraparte.protocol.package_reading import open_package
from tests.exchange.package_world import cosign, policies_of, publish_directories
from tests.exchange.rights_world import People, ask, marking, people_of, send_item, soon
from tests.exchange.small_world import CENTRE, SmallWorld

KEPT_OUT = [
    (marking("H1", evidence="evidence"), PackageRestrictedError),
    (marking(), PackageIntelligenceError),
    (marking("H1"), PackageIntelligenceError),
]


def permitted(world: SmallWorld, people: People, item: Message, kind: Kind = Kind.EVIDENCE) -> Permission:
    """A permission as its giver has it."""
    _, given = ask(world, people, item, "us.ntc/annex" if kind is Kind.ONWARD else "", kind=kind)
    grant_permission(given, by=people.chiefs[CENTRE], now=timezone.now())
    world.settle()
    return given


@pytest.mark.parametrize(("marked", "refused"), KEPT_OUT)
def test_with_a_running_permission_the_item_is_packaged_and_verifies(
    world: SmallWorld, tmp_path: Path, marked: Marking, refused: type[Exception]
) -> None:
    people = people_of(world)
    publish_directories(world, tmp_path / "safe")
    _, item = send_item(world, marked=marked)
    with pytest.raises(refused):
        write_package(item.conversation, tmp_path / "none", uuids=[str(item.uuid)], now=timezone.now())
    given = permitted(world, people, item)
    cosign(world)
    write_package(item.conversation, tmp_path / "case", uuids=[str(item.uuid)], now=timezone.now())
    files = open_package(tmp_path / "case")
    assert verify_package(files, policies_of(item.conversation)).findings == []
    [entry] = json.loads(files["data/contents.json"])["items"]
    assert entry["permission"] == str(given.uuid)
    assert str(given.uuid) in files["data/index.html"].decode()
    shown = [one for one in choices_of(item.conversation, timezone.now()) if one.row == item]
    assert [one.refused for one in shown] == [None]


def test_a_permission_that_ran_out_or_was_withdrawn_is_refused_by_name(world: SmallWorld, tmp_path: Path) -> None:
    people = people_of(world)
    _, item = send_item(world, marked=marking("H1", evidence="evidence"))
    given = permitted(world, people, item)
    assert refusal(item, timezone.now()) is None
    assert isinstance(refusal(item, soon() + timedelta(days=1)), PackagePermissionExpiredError)
    revoke_permission(given, by=people.chiefs[CENTRE], now=timezone.now())
    world.settle()
    with pytest.raises(PackagePermissionRevokedError) as refused:
        write_package(item.conversation, tmp_path / "none", uuids=[str(item.uuid)], now=timezone.now())
    assert refused.value.params == {"item": str(item.uuid)}
    assert not (tmp_path / "none").exists()


def test_a_permission_of_another_kind_and_one_only_asked_for_open_nothing(world: SmallWorld) -> None:
    people = people_of(world)
    _, item = send_item(world, marked=marking("H1", "H2", evidence="evidence"))
    ask(world, people, item, "", kind=Kind.EVIDENCE)
    permitted(world, people, item, Kind.ONWARD)
    assert isinstance(refusal(item, timezone.now()), PackageRestrictedError)


def test_what_left_here_is_not_opened_by_the_permission_given_for_it(world: SmallWorld) -> None:
    people = people_of(world)
    left, item = send_item(world, marked=marking("H1", evidence="evidence"))
    permitted(world, people, item)
    assert isinstance(refusal(left, timezone.now()), PackageRestrictedError)
