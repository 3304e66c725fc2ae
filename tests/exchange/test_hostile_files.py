"""A peer that lies about files fills no disk, reads nothing and changes nothing (P3.5)."""

import hashlib
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from contraparte.directory import keyring
from contraparte.exchange import arriving
from contraparte.exchange.models import Arrival, Attachment, Message, Refusal
from contraparte.protocol import limits
from contraparte.protocol.attachments import FileDescription, FileSealer, SealedFile, new_key, sealed_size
from contraparte.protocol.envelope import Envelope
from contraparte.protocol.errors import AttachmentUnexpectedError, BoundExceededError
from contraparte.protocol.http_signatures import sign_request
from contraparte.protocol.ids import new_id
from contraparte.protocol.keys import Purpose, generate
from contraparte.protocol.message import Message as Said
from tests.exchange.small_world import OPERATOR, SmallWorld
from tests.exchange.test_hostile_peer import answer, rows, said, sealed

CONTENT = b"page " * 10_000


def file_of(message_id: str, content: bytes = CONTENT, **lies: Any) -> tuple[bytes, FileDescription]:
    """Ciphertext and description of a file for a message, with `lies` in the description."""
    key, number = lies.pop("key", new_key()), lies.pop("number", 1)
    sealer = FileSealer(key, lies.pop("context", message_id), number)
    raw = sealer.update(content) + sealer.finish()
    truth = {
        "number": number,
        "name": "a.pdf",
        "media_type": "application/pdf",
        "size": len(content),
        "sha256": sealer.sha256,
        "key": key,
        "sealed_sha256": sealer.sealed_sha256,
    }
    return raw, FileDescription(**(truth | lies))


def with_file(world: SmallWorld, **lies: Any) -> tuple[Said, bytes, Envelope]:
    """A message of the federal office that announces one file, in its envelope, and the file's bytes."""
    message_id = new_id()
    raw, file = file_of(message_id, **lies)
    message = said(world, id=message_id, attachments=(file.to_json(),))
    return message, raw, sealed(message, attachments=[file.sealed])


def give(message: Said, piece: bytes, *, position: int = 0, offset: int = 0, peer: str = OPERATOR) -> int:
    return arriving.receive_piece(arriving.Place("us.ntc", "mx.fgr", message.id, position), offset, piece, peer=peer)


def files_here() -> int:
    return sum(1 for name in ("arriving", "attachments") for _ in (settings.HOME.path / name).glob("*"))


def test_an_announced_file_is_asked_for_from_where_it_ends(world: SmallWorld) -> None:
    message, raw, envelope = with_file(world)
    told = answer(envelope)[0]
    assert (told.kind, told.code, dict(told.extra)) == (
        "deferred",
        "attachment.missing",
        {"attachment": 0, "offset": 0},
    )
    assert give(message, raw[:100]) == 100
    assert dict(answer(envelope)[0].extra) == {"attachment": 0, "offset": 100}
    # Out of place nothing is written, and the answer says where to go on.
    assert give(message, raw[:100]) == give(message, raw[200:300], offset=200) == 100
    assert give(message, raw[100:], offset=100) == len(raw)
    assert answer(envelope)[0].code == "attachment.unproven"
    assert arriving.prove_whole() == 1
    assert answer(envelope)[0].kind == "accepted"
    assert Attachment.objects.get().message == Message.objects.get(direction="in")


def test_nothing_is_taken_of_a_file_that_no_proven_message_announced(world: SmallWorld) -> None:
    message, raw, honest = with_file(world)
    stranger = sealed(
        message, attachments=[SealedFile("ab" * 32, 100)], signing_key=generate("mx.fgr", Purpose.TRANSPORT)
    )
    answer(stranger)
    for case in ({}, {"position": 1}, {"peer": "us.other"}):
        if case:
            answer(honest)
        with pytest.raises(AttachmentUnexpectedError):
            give(message, raw[:100], **case)
    assert files_here() == 0


def test_nothing_is_taken_beyond_the_end_or_in_too_large_a_piece(world: SmallWorld) -> None:
    message, raw, envelope = with_file(world)
    answer(envelope)
    with pytest.raises(AttachmentUnexpectedError):
        give(message, raw + b"\0")
    with pytest.raises(AttachmentUnexpectedError):
        give(message, b"x", offset=len(raw))
    with pytest.raises(BoundExceededError):
        give(message, b"x" * (limits.ATTACHMENT_PIECE_BYTES + 1))
    assert files_here() == 0


def test_files_larger_than_the_room_there_is_are_put_off_and_take_none(world: SmallWorld) -> None:
    _, _, envelope = with_file(world, size=limits.ATTACHMENT_BYTES)
    before = rows()
    assert answer(envelope)[0].code == "attachment.room"
    assert rows() == before and not Arrival.objects.exists() and files_here() == 0


def test_no_more_files_are_announced_than_a_sender_may_have_on_their_way(world: SmallWorld) -> None:
    _, _, envelope = with_file(world)
    taken = [
        Arrival(
            agency="us.ntc", peer="mx.fgr", uuid=new_id(), context=new_id(), digest=b"d" * 32, position=0, number=1,
            size=1, sha256=b"s" * 32, key=b"k" * 32, sealed_sha256=b"c" * 32, file="0" * 32,
            expires=timezone.now() + timedelta(days=1),
        )
        for _ in range(arriving.MOST_ANNOUNCED)
    ]  # fmt: skip
    Arrival.objects.bulk_create(taken)
    assert answer(envelope)[0].code == "attachment.room"
    Arrival.objects.filter(uuid=taken[0].uuid).delete()
    assert answer(envelope)[0].code == "attachment.missing"


@pytest.mark.parametrize(
    "lie",
    [
        {"sha256": b"\1" * 32},
        {"key": None},
        {"context": new_id()},
        {"described": 2},
    ],
    ids=["another hash", "another key", "of another message", "another number"],
)
def test_bytes_that_are_not_what_the_message_says_are_refused_for_good(world: SmallWorld, lie: dict[str, Any]) -> None:
    if "key" in lie:
        lie = {"key": new_key()}
        message_id = new_id()
        raw, file = file_of(message_id)
        file = FileDescription(**{name: getattr(file, name) for name in file.__slots__} | lie)
    elif "described" in lie:
        message_id = new_id()
        raw, file = file_of(message_id)
        file = FileDescription(**{name: getattr(file, name) for name in file.__slots__} | {"number": 2})
    else:
        message_id = new_id()
        raw, file = file_of(message_id, **lie)
    message = said(world, id=message_id, attachments=(file.to_json(),))
    envelope = sealed(message, attachments=[file.sealed])
    answer(envelope)
    assert give(message, raw) == len(raw)
    assert arriving.prove_whole() == 1
    told = answer(envelope)[0]
    assert (told.kind, told.code) == ("rejected", "attachment.changed")
    assert not Message.objects.filter(direction="in").exists() and files_here() == 0
    assert Refusal.objects.get().code == "attachment.changed" and not Arrival.objects.exists()


def test_one_byte_changed_on_the_way_is_asked_for_again(world: SmallWorld) -> None:
    message, raw, envelope = with_file(world)
    answer(envelope)
    for at in (0, 60, len(raw) // 2, len(raw) - 1):
        assert give(message, raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :]) == len(raw)
        assert arriving.prove_whole() == 1
        assert dict(answer(envelope)[0].extra) == {"attachment": 0, "offset": 0}
    give(message, raw)
    arriving.prove_whole()
    assert answer(envelope)[0].kind == "accepted"


def test_header_and_message_must_name_the_same_files(world: SmallWorld) -> None:
    message_id = new_id()
    _, file = file_of(message_id)
    message = said(world, id=message_id, attachments=(file.to_json(),))
    for named in ([], [SealedFile("ab" * 32, file.sealed.size)]):
        assert answer(sealed(message, attachments=named))[0].code == "envelope.mismatch"
        Refusal.objects.all().delete()


@pytest.mark.parametrize("change", [{"name": "a/b"}, {"size": 0}, {"cipher": "none"}, {"key": "AAAA"}])
def test_a_description_out_of_form_is_refused(world: SmallWorld, change: dict[str, Any]) -> None:
    message_id = new_id()
    _, file = file_of(message_id)
    message = said(world, id=message_id, attachments=(file.to_json() | change,))
    told = answer(sealed(message, attachments=[file.sealed]))[0]
    assert (told.kind, told.code) == ("rejected", "attachment.malformed")


def test_files_with_a_message_that_takes_none_are_refused(world: SmallWorld) -> None:
    message_id = new_id()
    _, file = file_of(message_id)
    message = said(world, id=message_id, type="note.answer/1", attachments=(file.to_json(),))
    told = answer(sealed(message, attachments=[file.sealed]))[0]
    assert (told.kind, told.code) == ("rejected", "attachment.not_taken") and not Arrival.objects.exists()


def test_the_same_id_announced_with_other_files_replaces_only_its_own(world: SmallWorld) -> None:
    message, raw, envelope = with_file(world)
    other, _, others = with_file(world)
    answer(envelope, others)
    give(message, raw[:1000])
    assert answer(envelope)[0].extra["offset"] == 1000
    _, file = file_of(message.id, b"other")
    again = sealed(said(world, id=message.id, attachments=(file.to_json(),)), attachments=[file.sealed])
    assert answer(again)[0].extra["offset"] == 0
    assert Arrival.objects.filter(uuid=message.id).count() == Arrival.objects.filter(uuid=other.id).count() == 1
    assert files_here() == 0


# --- through the door ---


def post(message: Said, piece: bytes, *, url: str = "", key: Any = None) -> Any:
    path = f"/peer/attachments/us.ntc/mx.fgr/{message.id}/0/0"
    address = (url or settings.NODE_URL.rstrip("/")) + path
    headers = sign_request(
        "POST",
        address,
        {"content-type": "application/octet-stream"},
        piece,
        key or keyring.private_key("mx.fgr", Purpose.TRANSPORT),
        timezone.now(),
    )
    return Client().post(
        path, piece, content_type="application/octet-stream", headers=headers, HTTP_HOST=settings.ALLOWED_HOSTS[0]
    )


def test_the_door_takes_a_signed_piece_and_says_how_much_is_here(world: SmallWorld) -> None:
    message, raw, envelope = with_file(world)
    answer(envelope)
    told = post(message, raw)
    assert (told.status_code, told.json()) == (200, {"offset": len(raw)})


def test_the_door_takes_nothing_else(world: SmallWorld) -> None:
    message, raw, envelope = with_file(world)
    assert (post(message, raw).status_code, post(message, raw).json()) == (400, {"code": "attachment.unexpected"})
    answer(envelope)
    assert post(message, raw, url="http://elsewhere").status_code == 401
    assert post(message, raw, key=generate("mx.fgr", Purpose.TRANSPORT)).status_code == 401
    assert post(message, raw + b"\0").json() == {"code": "attachment.unexpected"}
    assert post(message, b"x" * (limits.ATTACHMENT_PIECE_BYTES + 1)).json() == {"code": "protocol.bound"}
    assert files_here() == 0 and hashlib.sha256(CONTENT).digest() == bytes(Arrival.objects.get().sha256)
    assert sealed_size(len(CONTENT)) == len(raw)
