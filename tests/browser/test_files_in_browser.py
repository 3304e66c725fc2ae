"""Files in Chromium: added, authorised, crossed and downloaded, in both languages, by keyboard, at both widths.

With `DESK_SHOTS=folder` each page is kept as a picture.
"""

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from django.test import Client
from playwright.sync_api import Page

from contraparte.directory.models import Tenure
from contraparte.directory.rules.roles import Role
from contraparte.exchange.models import Attachment, CustodyEvent, Message
from tests.browser.harness import assert_accessible, assert_fits, follow, press_enter, visit
from tests.exchange.small_world import CENTRE, SmallWorld
from tests.exchange.test_attachments import content

pytestmark = [pytest.mark.django_db(transaction=True)]
OpenPage = Callable[..., Page]
BrowserOf = Callable[[Tenure], Client]

SHOTS = os.environ.get("DESK_SHOTS", "")
PHOTO = content(3_500_000, b"photo")
WORDS = {
    "en": {
        "add": "Add to the draft", "field": "Add files", "done": "2 files are in the draft", "release": "Release",
        "approve": "Approve exactly this", "chain": "Chain of custody", "received": "Came in, every byte proven",
        "out": "Take out",
    },
    "es": {
        "add": "Agregar al borrador", "field": "Agregar archivos", "done": "2 archivos quedaron en el borrador",
        "release": "Autorizar envío", "approve": "Aprobar exactamente esto", "chain": "Cadena de custodia",
        "received": "Recibido, comprobado byte por byte", "out": "Quitar",
    },
}  # fmt: skip


@pytest.mark.parametrize("width", ["desk", "telephone"])
@pytest.mark.parametrize("language", ["en", "es"])
def test_a_file_is_added_authorised_and_downloaded_on_the_other_side(
    world: SmallWorld, browser_of: BrowserOf, open_page: OpenPage, tmp_path: Path, language: str, width: str
) -> None:
    said, name = WORDS[language], "fotografía del armazón, lado izquierdo, número de serie parcialmente limado.jpg"
    (tmp_path / name).write_bytes(PHOTO)
    (tmp_path / "acta.pdf").write_bytes(b"%PDF-1.7 acta")
    draft = world.draft()
    page = visit(open_page(browser_of(world.officer), language, width), f"/release/{draft.pk}/")
    page.get_by_label(said["field"]).set_input_files([tmp_path / name, tmp_path / "acta.pdf"])
    page.get_by_role("button", name=said["add"]).press("Enter")
    page.get_by_text(said["done"]).wait_for()
    assert_accessible(page)
    assert_fits(page)
    keep(page, f"draft-{language}-{width}")
    follow(page.get_by_role("button", name=f"{said['out']} acta.pdf"), press_enter)
    assert "acta.pdf" not in page.inner_text("main")

    page = visit(open_page(browser_of(world.chief), language, width), f"/release/{draft.pk}/")
    assert hashlib.sha256(PHOTO).hexdigest() in page.inner_text("main") and name in page.inner_text("main")
    follow(page.get_by_role("button", name=said["approve"]), press_enter)
    follow(page.get_by_role("button", name=said["release"], exact=True), press_enter)
    assert page.url.endswith(f"/conversations/{draft.conversation_id}/")
    keep(page, f"sent-{language}-{width}")
    world.settle()

    reader = world.appoint("nina", CENTRE, Role.OFFICER)
    theirs = Message.objects.get(direction="in", agency="us.ntc")
    page = visit(open_page(browser_of(reader), language, width), f"/conversations/{theirs.conversation_id}/")
    with page.expect_download() as begun:
        page.get_by_role("link", name=name).press("Enter")
    assert begun.value.suggested_filename == name
    assert Path(begun.value.path()).read_bytes() == PHOTO
    visit(page, f"/conversations/{theirs.conversation_id}/")
    page.get_by_text(said["chain"]).first.click()
    assert page.get_by_text(said["received"]).is_visible()
    assert_accessible(page)
    assert_fits(page)
    keep(page, f"received-{language}-{width}")
    row = Attachment.objects.get(message=theirs)
    assert CustodyEvent.objects.filter(attachment=row, kind="downloaded", by=reader).exists()


def keep(page: Page, name: str) -> None:
    """A picture of the page for who looks at it, where a folder for pictures is named."""
    if SHOTS:
        page.screenshot(path=str(Path(SHOTS) / f"files-{name}.png"), full_page=True)
