"""A directory carried by hand is trusted for its signatures, like one from the network (P4.5, P1.1)."""

import shutil
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.db import transaction

from contraparte.directory import carrying, client, publisher, queries, view
from contraparte.directory.models import Alarm, Country
from contraparte.protocol.errors import DirectoryRejectedError
from tests.directory.factory import NOW, agency_entry, make_keys, register_of
from tests.directory.mirror import Mirror, files_of

pytestmark = pytest.mark.django_db
FGE, URL = "mx.fge-son", "https://directory.test"
LATER = NOW + timedelta(days=1)
Files = list[tuple[str, bytes]]


def mirror() -> Mirror:
    from contraparte.directory import store

    return Mirror(files_of(store.published_folder("mx")))


@pytest.fixture
def old_and_new(roots: Path) -> tuple[Files, Files]:
    """What a node of yesterday and one of today would carry; this one is of yesterday, and publishes nothing."""
    register = register_of("mx", [agency_entry(FGE, "firearms")], make_keys(FGE).values())
    mark = publisher.create_directory("mx", root_folder=roots, now=NOW)
    publisher.publish(register, now=NOW)
    client.trust_root("mx", publisher.first_root("mx"), mark, url=URL, now=NOW)
    client.refresh("mx", now=NOW, fetcher=mirror())
    old = list(carrying.carried_files("mx"))
    home = settings.HOME.path / "directory"
    shutil.copytree(home, roots / "yesterday", symlinks=True)
    with transaction.atomic():
        publisher.publish(register.with_agencies([agency_entry(FGE, "firearms", "annex")]), now=LATER)
        client.refresh("mx", now=LATER, fetcher=mirror())
        new = list(carrying.carried_files("mx"))
        transaction.set_rollback(True)
    shutil.rmtree(home)
    shutil.copytree(roots / "yesterday", home, symlinks=True)
    shutil.rmtree(home / "published")
    view.forget()
    return old, new


def test_a_carried_directory_renews_the_view(old_and_new: tuple[Files, Files]) -> None:
    _, new = old_and_new
    assert carrying.trusted_countries() == ["mx"]
    assert carrying.take_in("mx", new, now=LATER) == carrying.TAKEN
    assert queries.post(f"{FGE}/annex").listed
    assert dict(carrying.carried_files("mx")) == dict(new)


def test_an_older_directory_is_left_aside_without_alarm(old_and_new: tuple[Files, Files]) -> None:
    old, new = old_and_new
    carrying.take_in("mx", new, now=LATER)
    for again in (old, new):
        assert carrying.take_in("mx", again, now=LATER) == carrying.NOT_NEWER
    assert not Alarm.objects.exists() and not Country.objects.get(pk="mx").failure


def test_a_country_nobody_pinned_here_is_not_taken(old_and_new: tuple[Files, Files]) -> None:
    _, new = old_and_new
    assert carrying.take_in("us", new, now=LATER) == carrying.UNTRUSTED
    assert not Country.objects.filter(pk="us").exists()


@pytest.mark.parametrize("role", ["targets", "snapshot", "timestamp", "agencies"])
def test_a_changed_byte_is_refused_and_leaves_the_view(old_and_new: tuple[Files, Files], role: str) -> None:
    _, new = old_and_new
    changed = [
        (name, data.replace(b"2", b"3") if role in name and not name.startswith("metadata/1.") else data)
        for name, data in new
    ]
    if role == "agencies":
        changed = [(name, data.replace(b"annex", b"anney")) for name, data in new]
    assert carrying.take_in("mx", changed, now=LATER) == DirectoryRejectedError.code
    assert not queries.Post.objects.filter(pk=f"{FGE}/annex").exists()


def test_a_name_that_climbs_out_is_left_out(old_and_new: tuple[Files, Files], tmp_path: Path) -> None:
    _, new = old_and_new
    bad = [("../../../climbed.json", b"{}"), ("metadata/../../climbed.json", b"{}"), ("keys/x.key", b"k")]
    assert carrying.take_in("mx", [*bad, *new], now=LATER) == carrying.TAKEN
    assert not list(tmp_path.rglob("climbed.json"))
