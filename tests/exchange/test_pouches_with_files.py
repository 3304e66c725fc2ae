"""Files carried by hand: in shares, over as many pouches as it takes, proven as on the road (P4.5, P3.5)."""

import hashlib
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from contraparte.exchange import arriving, packing, pouch_shares, unpacking
from contraparte.exchange.attachment_auditing import find_attachment_faults
from contraparte.exchange.auditing import find_message_faults
from contraparte.exchange.models import Arrival, Attachment, Message, Outbox, Shipment
from contraparte.exchange.packing import Packed
from contraparte.exchange.unpacking import Taken
from contraparte.protocol import limits, pouch
from contraparte.protocol.errors import PouchDamagedError, PouchMalformedError
from tests.exchange.small_world import SmallWorld
from tests.exchange.test_attachments import arrived, clear, content, sent

MIB = 1024 * 1024
DATA = content(5 * MIB + 5)  # two shares; each message here is copied to a third agency


def pack(file: Path, **more: Any) -> Packed:
    return packing.pack("us.ntc", file, now=timezone.now(), **more)


def take(file: Path) -> Taken:
    return unpacking.take_in(file, answer=file.with_suffix(".answer"), now=timezone.now())


def came() -> list[str]:
    return [hashlib.sha256(clear(row)).hexdigest() for row in arrived()]


def digest(*contents: bytes) -> list[str]:
    return [hashlib.sha256(data).hexdigest() for data in contents]


def require_whole() -> None:
    assert list(find_message_faults()) == [] and list(find_attachment_faults()) == []


def test_files_cross_in_a_pouch_proven_and_with_their_custody(world: SmallWorld, tmp_path: Path) -> None:
    sent(world, DATA, content(100, b"b"))
    made = pack(tmp_path / "one.pouch")
    assert made.unfinished == 0 and made.manifest.count(pouch.SHARE) == 6
    taken = take(tmp_path / "one.pouch")
    assert (taken.deferred, taken.rejected, taken.refused) == (0, 0, {})
    assert came() == digest(DATA, content(100, b"b"))
    assert [list(row.events.values_list("kind", flat=True)) for row in arrived()] == [["received"]] * 2
    take(tmp_path / "one.answer")
    assert Outbox.objects.count() == 0 and Shipment.objects.count() == 0
    require_whole()


def test_what_does_not_fit_goes_on_in_the_next_pouch_from_where_the_answer_says(
    world: SmallWorld, tmp_path: Path
) -> None:
    sent(world, DATA)
    counts = []
    for name in ("one", "two", "three", "four"):
        made = pack(tmp_path / f"{name}.pouch", shares=1)
        counts.append((made.manifest.count(pouch.SHARE), made.unfinished))
        taken = take(tmp_path / f"{name}.pouch")
        take(tmp_path / f"{name}.answer")
    assert counts == [(1, 2), (1, 1), (1, 1), (1, 0)] and taken.deferred == 0
    assert came() == digest(DATA) and Outbox.objects.count() == 0
    require_whole()


def test_a_pouch_that_was_lost_or_comes_twice_or_late_changes_nothing(world: SmallWorld, tmp_path: Path) -> None:
    sent(world, DATA)
    pack(tmp_path / "lost.pouch", shares=1)
    pack(tmp_path / "whole.pouch")
    assert take(tmp_path / "whole.pouch").missing == [(1, 1)]
    assert came() == digest(DATA)
    take(tmp_path / "lost.pouch")
    assert take(tmp_path / "whole.pouch").again
    assert came() == digest(DATA) and Arrival.objects.count() == 0
    take(tmp_path / "whole.answer")
    assert Outbox.objects.count() == 0
    require_whole()


def test_an_import_that_was_cut_off_is_gone_on_with(world: SmallWorld, tmp_path: Path) -> None:
    sent(world, DATA)
    pack(tmp_path / "one.pouch")
    with unpacking.opened(tmp_path / "one.pouch") as read:
        cut = [(part, data) for part, data in read.parts() if part.kind in {pouch.MESSAGES, pouch.SHARE}]
        unpacking.accept_batch(cut[0][1], peer=read.manifest.sender, now=timezone.now())
        [(name, share)] = pouch.unpack_files(next(data for part, data in cut if part.kind == pouch.SHARE))
        recipient, sender, message_id, position, offset = name.split("/")
        place = arriving.Place(recipient, sender, message_id, int(position))
        reached = arriving.receive_piece(place, int(offset), share, peer=read.manifest.sender)
    assert reached == limits.ATTACHMENT_PIECE_BYTES and not Message.objects.filter(direction="in").exists()
    take(tmp_path / "one.pouch")
    assert came() == digest(DATA)
    require_whole()


def test_the_road_goes_on_where_a_pouch_ended(world: SmallWorld, tmp_path: Path) -> None:
    sent(world, DATA)
    pack(tmp_path / "one.pouch", shares=1)
    take(tmp_path / "one.pouch")
    take(tmp_path / "one.answer")
    assert sorted(Shipment.objects.values_list("offset", flat=True)) == [0, limits.ATTACHMENT_PIECE_BYTES]
    world.settle()
    pieces = [url for url, _ in world.wire.requests if "/peer/attachments/" in url]
    offsets = sorted(int(url.rpartition("/")[2]) for url in pieces)
    assert offsets == [0, limits.ATTACHMENT_PIECE_BYTES, limits.ATTACHMENT_PIECE_BYTES]
    assert came() == digest(DATA)


def test_one_changed_byte_of_a_share_refuses_the_pouch_as_a_whole(world: SmallWorld, tmp_path: Path) -> None:
    sent(world, DATA)
    file = tmp_path / "one.pouch"
    pack(file)
    raw = bytearray(file.read_bytes())
    raw[-1000] ^= 1
    file.write_bytes(raw)
    with pytest.raises(PouchDamagedError):
        take(file)
    assert not Message.objects.filter(direction="in").exists() and not Arrival.objects.exists()


@pytest.mark.parametrize("name", ["", "photo.jpg", "us.ntc/mx.fge-son/none/0/0", f"../{'a' * 36}/x/0/0"])
def test_a_name_that_is_no_place_of_a_share_is_refused(name: str) -> None:
    with pytest.raises(PouchMalformedError):
        pouch_shares._place(name)


def test_memory_does_not_grow_with_the_file(world: SmallWorld, tmp_path: Path) -> None:
    sent(world, content(40 * MIB))
    tracemalloc.start()
    try:
        pack(tmp_path / "one.pouch")
        take(tmp_path / "one.pouch")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 32 * MIB
    assert Attachment.objects.filter(message__direction="in").exists()
