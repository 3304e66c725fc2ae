"""The page of an evidence package: what may enter, what not and why, and the file that comes back."""

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from django.test import Client
from django.utils import timezone

from contraparte.directory.models import Tenure
from contraparte.directory.rules.roles import Role
from contraparte.exchange import actions
from contraparte.exchange.models import Message
from contraparte.protocol.package import verify_package
from contraparte.protocol.package_reading import open_package
from tests.exchange.package_world import cosign, policies_of, publish_directories, thread_of
from tests.exchange.small_world import SONORA, SmallWorld

BrowserOf = Callable[[Tenure], Client]


def test_an_officer_takes_a_package_that_verifies(world: SmallWorld, browser_of: BrowserOf, tmp_path: Path) -> None:
    roots = publish_directories(world, tmp_path / "safe")
    thread = thread_of(world)
    cosign(world)
    browser = browser_of(world.officer)
    assert f"/conversations/{thread.pk}/package/" in browser.get(f"/conversations/{thread.pk}/").content.decode()
    uuids = [str(row.uuid) for row in Message.objects.filter(conversation=thread)]
    page = browser.get(f"/conversations/{thread.pk}/package/").content.decode()
    assert all(f'value="{uuid}"' in page for uuid in uuids)
    answer = browser.post(f"/conversations/{thread.pk}/package/", {"items": uuids})
    assert answer.status_code == 200 and answer["Content-Type"] == "application/zip"
    file = tmp_path / "taken.zip"
    file.write_bytes(b"".join(answer.streaming_content))
    verdict = verify_package(dict(open_package(file)), policies_of(thread), roots)
    assert verdict.ok and verdict.items == len(uuids)
    from django.conf import settings

    assert not list((settings.HOME.path / "run").glob("package-*")), "nothing of it stays on the node"


@pytest.mark.parametrize(
    ("language", "title"), [("en", "Intelligence cannot enter"), ("es", "La inteligencia no puede")]
)
def test_intelligence_is_shown_as_refused_with_the_way_out(
    world: SmallWorld, browser_of: BrowserOf, tmp_path: Path, language: str, title: str
) -> None:
    publish_directories(world, tmp_path / "safe")
    thread = thread_of(world)
    lead = actions.send_all([world.note("a lead", thread)], now=timezone.now())[0]
    world.settle()
    browser = browser_of(world.officer)
    browser.cookies["django_language"] = language
    address = f"/conversations/{thread.pk}/package/"
    assert title in browser.get(address).content.decode()
    refused = browser.post(address, {"items": [lead]})
    assert refused.status_code == 403 and title in refused.content.decode()
    assert "package.intelligence" in refused.content.decode()


def test_what_was_chosen_is_kept_when_the_package_cannot_be_made(world: SmallWorld, browser_of: BrowserOf) -> None:
    thread = thread_of(world)  # no directory is published here, so no expert could verify
    rows = list(Message.objects.filter(conversation=thread))
    browser = browser_of(world.officer)
    refused = browser.post(f"/conversations/{thread.pk}/package/", {"items": [str(rows[0].uuid)]})
    assert refused.status_code == 409 and "package.unprovable" in refused.content.decode()
    boxes = [line for line in refused.content.decode().splitlines() if 'name="items"' in line]
    assert [" checked" in line for line in boxes] == [str(rows[0].uuid) in line for line in boxes]
    nothing = browser.post(f"/conversations/{thread.pk}/package/", {})
    assert nothing.status_code == 422 and "package.item" in nothing.content.decode()


def test_only_who_works_for_the_post_takes_a_package(world: SmallWorld, browser_of: BrowserOf) -> None:
    thread = thread_of(world)
    address = f"/conversations/{thread.pk}/package/"
    auditor = world.appoint("ada", SONORA, Role.AUDITOR)
    custodian = world.appoint("cleo", SONORA, Role.CUSTODIAN)
    for tenure in (auditor, custodian):
        assert browser_of(tenure).get(address).status_code == 403
        assert browser_of(tenure).post(address, {"items": ["x"]}).status_code == 403


def test_an_archive_opens_in_any_program(world: SmallWorld, browser_of: BrowserOf, tmp_path: Path) -> None:
    publish_directories(world, tmp_path / "safe")
    thread = thread_of(world)
    uuids = [str(row.uuid) for row in Message.objects.filter(conversation=thread)]
    answer = browser_of(world.chief).post(f"/conversations/{thread.pk}/package/", {"items": uuids[:1]})
    with zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content))) as archive:
        assert archive.testzip() is None
        roots = {name.partition("/")[0] for name in archive.namelist()}
    assert len(roots) == 1 and answer["Content-Disposition"] == f'attachment; filename="{roots.pop()}.zip"'
