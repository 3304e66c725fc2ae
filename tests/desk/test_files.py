"""Files on the desk's pages: added, looked at, taken out, downloaded; and who gets none of it."""

import hashlib
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from contraparte.directory.models import Tenure
from contraparte.directory.rules.roles import Role
from contraparte.exchange import actions, files
from contraparte.exchange.models import Attachment, CustodyEvent, Draft, Message
from tests.exchange.small_world import CENTRE, SONORA, SmallWorld
from tests.exchange.test_attachments import content, put_in, release

BrowserOf = Callable[[Tenure], Client]
PHOTO = content(700_000, b"photo")


def upload(client: Client, draft: Draft, *contents: tuple[str, bytes]) -> tuple[int, str]:
    """What the page answers to a form with these files."""
    sent = [SimpleUploadedFile(name, data, "image/jpeg") for name, data in contents]
    answer = client.post(f"/release/{draft.pk}/attach/", {"file": sent}, follow=True)
    return answer.status_code, answer.content.decode()


def folder(name: str) -> list[Path]:
    return sorted((settings.HOME.path / name).glob("*"))


def bytes_of(client: Client, address: str) -> bytes:
    answer = client.get(address)
    assert answer.status_code == 200, address
    return b"".join(answer.streaming_content)  # type: ignore[arg-type]


@pytest.fixture
def crossed(world: SmallWorld) -> tuple[Message, Attachment]:
    """A note with one photograph at the centre, and the photograph as the centre holds it."""
    draft = world.draft()
    put_in(world, draft, PHOTO, name="armazón izquierdo.jpg")
    message = release(world, draft)
    world.settle()
    return message, Attachment.objects.get(agency="us.ntc")


def test_added_files_stand_in_the_preview_with_name_size_type_and_hash(
    world: SmallWorld, browser_of: BrowserOf
) -> None:
    draft = world.draft()
    status, page = upload(browser_of(world.officer), draft, ("frame.jpg", PHOTO), ("grip.jpg", b"grip"))
    assert status == 200 and "2 files are in the draft" in page
    for shown in (
        "frame.jpg",
        "683.6",
        "image/jpeg",
        hashlib.sha256(PHOTO).hexdigest(),
        hashlib.sha256(b"grip").hexdigest(),
    ):
        assert shown in page
    assert [one.name for one in Attachment.objects.filter(draft=draft)] == ["frame.jpg", "grip.jpg"]
    assert folder("arriving") == [] and len(folder("attachments")) == 2
    # Who must authorise it sees the same, and may look into the file itself.
    chief = browser_of(world.chief)
    assert hashlib.sha256(PHOTO).hexdigest() in chief.get(f"/release/{draft.pk}/").content.decode()
    first = Attachment.objects.filter(draft=draft).first()
    assert first is not None
    assert bytes_of(chief, f"/release/{draft.pk}/files/{first.pk}/") == PHOTO


def test_a_file_is_taken_out_again(world: SmallWorld, browser_of: BrowserOf) -> None:
    draft, client = world.draft(), browser_of(world.officer)
    upload(client, draft, ("frame.jpg", PHOTO))
    row = Attachment.objects.get()
    page = client.post(f"/release/{draft.pk}/files/{row.pk}/remove/", follow=True).content.decode()
    assert "its bytes are gone" in page and "frame.jpg" not in page and folder("attachments") == []
    assert client.post(f"/release/{draft.pk}/files/{row.pk}/remove/").status_code == 404


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [("empty.jpg", b"", "The file is empty."), ("x" * 250 + ".jpg", b"x", "1 to 200 characters")],
)
def test_a_bad_file_is_told_and_nothing_of_the_form_is_kept(
    world: SmallWorld, browser_of: BrowserOf, name: str, data: bytes, said: str
) -> None:
    draft = world.draft()
    status, page = upload(browser_of(world.officer), draft, ("good.jpg", PHOTO), (name, data))
    assert status == 422 and said in page
    assert not Attachment.objects.exists() and folder("arriving") == folder("attachments") == []


def test_a_form_without_a_file_asks_for_one(world: SmallWorld, browser_of: BrowserOf) -> None:
    draft = world.draft()
    answer = browser_of(world.officer).post(f"/release/{draft.pk}/attach/", {})
    assert answer.status_code == 422 and "Choose a file." in answer.content.decode()


def test_a_message_of_a_kind_without_files_offers_and_takes_none(world: SmallWorld, browser_of: BrowserOf) -> None:
    draft, client = world.draft(type="note.review/1"), browser_of(world.officer)
    assert "Add files" not in client.get(f"/release/{draft.pk}/").content.decode()
    status, page = upload(client, draft, ("a.jpg", b"a"))
    assert status == 403 and "carry no files" in page and not Attachment.objects.exists()


def test_a_forged_form_leaves_no_byte_behind(world: SmallWorld, browser_of: BrowserOf) -> None:
    draft = world.draft()
    client = Client(enforce_csrf_checks=True)
    client.cookies = browser_of(world.officer).cookies
    answer = client.post(f"/release/{draft.pk}/attach/", {"file": SimpleUploadedFile("a.jpg", PHOTO)})
    assert answer.status_code == 403
    assert not Attachment.objects.exists() and folder("arriving") == folder("attachments") == []


class Broken:
    """A body that breaks off in the middle of a file."""

    def __init__(self, body: bytes) -> None:
        self._body = BytesIO(body)

    def read(self, size: int = -1) -> bytes:
        if piece := self._body.read(size):
            return piece
        raise OSError("the browser went away")

    readline = read


def test_an_upload_that_breaks_off_leaves_no_byte_behind(world: SmallWorld, browser_of: BrowserOf) -> None:
    from django.http import UnreadablePostError

    draft, client = world.draft(), browser_of(world.officer)
    head = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.jpg"\r\nContent-Type: image/jpeg\r\n\r\n'
    body = head + PHOTO
    with pytest.raises(UnreadablePostError):
        client.generic(
            "POST",
            f"/release/{draft.pk}/attach/",
            **{
                "wsgi.input": Broken(body),
                "CONTENT_LENGTH": str(len(body) * 2),
                "CONTENT_TYPE": "multipart/form-data; boundary=x",
            },
        )
    assert not Attachment.objects.exists() and folder("arriving") == folder("attachments") == []


def test_the_conversation_shows_the_file_its_hash_and_its_chain(
    world: SmallWorld, browser_of: BrowserOf, crossed: tuple[Message, Attachment]
) -> None:
    message, theirs = crossed
    page = browser_of(world.officer).get(f"/conversations/{message.conversation_id}/").content.decode()
    for shown in (
        "armazón izquierdo.jpg", hashlib.sha256(PHOTO).hexdigest(), "Put into the draft", "Left with the message",
        "Hand-over accepted, signed by the receiver", "olga",
    ):  # fmt: skip
        assert shown in page
    assert theirs.message is not None
    reader = world.appoint("nina", CENTRE, Role.OFFICER)
    page = browser_of(reader).get(f"/conversations/{theirs.message.conversation_id}/").content.decode()
    assert "Came in, every byte proven" in page and "olga" not in page


def test_who_may_read_the_conversation_downloads_the_very_bytes_and_it_is_on_record(
    world: SmallWorld, browser_of: BrowserOf, crossed: tuple[Message, Attachment]
) -> None:
    _, row = crossed
    assert row.message is not None
    reader = world.appoint("nina", CENTRE, Role.OFFICER)
    client, address = browser_of(reader), f"/conversations/{row.message.conversation_id}/files/{row.pk}/"
    answer = client.get(address)
    assert b"".join(answer.streaming_content) == PHOTO  # type: ignore[arg-type]
    assert answer["Content-Length"] == str(len(PHOTO)) and answer["Content-Type"] == "application/octet-stream"
    assert answer["Content-Disposition"].startswith("attachment;") and "no-store" in answer["Cache-Control"]
    assert CustodyEvent.objects.filter(attachment=row, kind="downloaded", by=reader).count() == 1
    client.head(address)
    assert CustodyEvent.objects.filter(kind="downloaded").count() == 1


def test_a_file_with_one_changed_byte_is_refused_by_name(
    world: SmallWorld, browser_of: BrowserOf, crossed: tuple[Message, Attachment]
) -> None:
    _, row = crossed
    assert row.message is not None
    path = files.kept(row.file)
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 1
    path.write_bytes(raw)
    client = browser_of(world.appoint("nina", CENTRE, Role.OFFICER))
    answer = client.get(f"/conversations/{row.message.conversation_id}/files/{row.pk}/")
    assert answer.status_code == 422 and "not the one that was signed" in answer.content.decode()
    assert not CustodyEvent.objects.filter(kind="downloaded").exists()


def test_a_file_is_not_there_for_anybody_else(
    world: SmallWorld, browser_of: BrowserOf, crossed: tuple[Message, Attachment]
) -> None:
    message, theirs = crossed
    ours = Attachment.objects.get(draft__isnull=False)
    assert theirs.message is not None
    addresses = [
        f"/conversations/{message.conversation_id}/files/{ours.pk}/",
        f"/conversations/{message.conversation_id}/files/{theirs.pk}/",
        f"/conversations/{theirs.message.conversation_id}/files/{theirs.pk}/",
    ]
    annex = browser_of(world.appoint("otto", "us.ntc/annex", Role.OFFICER))
    assert [annex.get(address).status_code for address in addresses] == [404, 404, 404]
    auditor = browser_of(world.appoint("ada", SONORA, Role.AUDITOR))
    assert auditor.get(addresses[0]).status_code == 403
    # Nor is another conversation's file at the address of one's own.
    assert browser_of(world.officer).get(addresses[1]).status_code == 404
    other = world.draft()
    assert browser_of(world.officer).get(f"/release/{other.pk}/files/{ours.pk}/").status_code == 404


def test_a_released_drafts_file_is_read_in_the_conversation_only(
    world: SmallWorld, browser_of: BrowserOf, crossed: tuple[Message, Attachment]
) -> None:
    ours = Attachment.objects.get(draft__isnull=False)
    client = browser_of(world.officer)
    assert client.get(f"/release/{ours.draft_id}/files/{ours.pk}/").status_code == 404
    page = client.get(f"/release/{ours.draft_id}/").content.decode()
    assert "Add files" not in page and "Take out" not in page


def test_an_erased_file_keeps_its_place_and_loses_its_link(
    world: SmallWorld, browser_of: BrowserOf, crossed: tuple[Message, Attachment]
) -> None:
    from contraparte.exchange.attaching import erase_files_of

    message, _ = crossed
    copy = Message.objects.get(direction="out", copy_of=message.uuid)
    erase_files_of([message, copy], now=timezone.now())
    ours = Attachment.objects.get(draft__isnull=False)
    client = browser_of(world.officer)
    page = client.get(f"/conversations/{message.conversation_id}/").content.decode()
    assert "no longer here" in page and "armazón izquierdo.jpg" not in page
    assert client.get(f"/conversations/{message.conversation_id}/files/{ours.pk}/").status_code == 503


def test_two_persons_see_one_list_of_files_and_approve_it(world: SmallWorld, browser_of: BrowserOf) -> None:
    draft, client = world.draft(), browser_of(world.officer)
    upload(client, draft, ("frame.jpg", PHOTO))
    chief = browser_of(world.chief)
    digest = actions.preview(draft, now=timezone.now()).content_digest.hex()
    upload(client, draft, ("late.jpg", b"late"))
    answer = chief.post(f"/release/{draft.pk}/approve/", {"digest": digest})
    assert answer.status_code == 409 and "late.jpg" in answer.content.decode()
