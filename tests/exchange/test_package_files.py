"""Files in evidence packages: as they were signed, with their custody, in pieces whatever their size."""

import hashlib
import json
import tracemalloc
from pathlib import Path
from typing import Any

import bagit
import pytest
from django.conf import settings as node_settings
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from contraparte.directory import keyring
from contraparte.exchange.models import Attachment, Conversation
from contraparte.exchange.packaging import TYP, write_package
from contraparte.exchange.packed_files import place_of
from contraparte.protocol import jws, package_files
from contraparte.protocol.encoding import canonical_json
from contraparte.protocol.errors import PackageUnprovableError
from contraparte.protocol.keys import Purpose
from contraparte.protocol.package import Verdict, verify_package
from contraparte.protocol.package_reading import open_package
from tests.exchange.package_world import EVIDENCE, cosign, policies_of, publish_directories
from tests.exchange.small_world import SmallWorld
from tests.exchange.test_attachments import content, put_in, release

PHOTO = "data/items/0001/files/01.jpg"
MIB = 1024 * 1024


@pytest.fixture
def sent(world: SmallWorld, tmp_path: Path) -> Conversation:
    """A cosigned conversation of one note with two files, at its sender."""
    return send(world, tmp_path, content(200_000), content(77, b"b"))


def send(world: SmallWorld, tmp_path: Path, *contents: bytes) -> Conversation:
    publish_directories(world, tmp_path / "safe")
    draft = world.draft(marking=EVIDENCE)
    for number, data in enumerate(contents):
        put_in(world, draft, data, name=f"cámara {number}.JPG" if number == 0 else "sin extensión")
    release(world, draft)
    world.settle()
    cosign(world)
    return draft.conversation


def theirs(thread: Conversation) -> Conversation:
    return Conversation.objects.get(agency="us.ntc", uuid=thread.uuid)


def verdict_on(thread: Conversation, files: Any) -> Verdict:
    return verify_package(files, policies_of(thread))


def found(verdict: Verdict) -> set[tuple[str, str]]:
    return {(finding.code, finding.path) for finding in verdict.findings}


def packed(thread: Conversation, path: Path) -> Path:
    write_package(thread, path, now=timezone.now())
    return path


@pytest.mark.parametrize("name", ["case", "case.zip"])
def test_both_sides_package_the_files_with_their_custody_and_both_verify(
    sent: Conversation, tmp_path: Path, name: str
) -> None:
    for thread in (sent, theirs(sent)):
        path = packed(thread, tmp_path / f"{thread.agency}-{name}")
        files = open_package(path)
        assert verdict_on(thread, files).findings == []
        assert files[PHOTO] == content(200_000) and files["data/items/0001/files/02"] == content(77, b"b")
        [first, _] = json.loads(files["data/items/0001/custody.json"])["files"]
        assert first["sha256"] == hashlib.sha256(content(200_000)).hexdigest()
        kinds = {event["kind"] for event in first["events"]}
        assert {"signed_accepted", "signed_delivered", "released" if thread == sent else "received"} <= kinds
        assert all(set(event) == {"kind", "at", "place", "signed_by"} for event in first["events"])
        assert "cámara 0.JPG" in files["data/index.html"].decode()


@given(st.integers(1, 64), st.text(min_size=1, max_size=30) | st.from_regex(r"[a-z]{0,3}\\.[A-Za-z0-9.]{0,10}"))
def test_writer_and_verifier_agree_where_a_file_lies_and_it_is_no_path(position: int, name: str) -> None:
    place = place_of(position, name)
    assert place == package_files._place_of(position, name)
    assert place.count("/") == 1 and ".." not in place and place.isascii()


def test_the_other_program_finds_the_bag_valid(sent: Conversation, tmp_path: Path) -> None:
    assert bagit.Bag(str(packed(sent, tmp_path / "case"))).is_valid()


def test_every_change_of_a_file_or_its_custody_is_named(sent: Conversation, tmp_path: Path) -> None:
    files = dict(open_package(packed(sent, tmp_path / "case")))
    for name in (PHOTO, "data/items/0001/files/02", "data/items/0001/custody.json"):
        raw = files[name]
        changed = raw[:40] + bytes([raw[40] ^ 1]) + raw[41:]
        assert ("file.changed", name) in found(verdict_on(sent, {**files, name: changed}))
        assert ("file.changed", name) in found(verdict_on(sent, {**files, name: raw + b"\n"}))
        less = {other: data for other, data in files.items() if other != name}
        assert ("file.missing", name) in found(verdict_on(sent, less))
    more = {**files, "data/items/0001/files/03.jpg": b"x"}
    assert ("file.extra", "data/items/0001/files/03.jpg") in found(verdict_on(sent, more))


def signed_again(files: dict[str, bytes], **changed: bytes | None) -> dict[str, bytes]:
    """The package as its own agency would sign it with other files in it: a liar with the right key."""
    made = {name: data for name, data in {**files, **changed}.items() if data is not None}
    contents = json.loads(made["data/contents.json"])
    contents["files"] = [
        {"path": name, "size": len(data), "sha256": hashlib.sha256(data).hexdigest()}
        for name, data in sorted(made.items())
        if name.startswith("data/") and name not in {"data/contents.json", "data/contents.jws"}
    ]
    made["data/contents.json"] = canonical_json(contents, "contents")
    key = keyring.private_key("mx.fge-son", Purpose.TRANSPORT, now=timezone.now())
    made["data/contents.jws"] = jws.sign_detached(made["data/contents.json"], TYP, key)
    return made


def test_who_packages_cannot_put_another_file_in_the_place_of_the_one_that_was_signed(
    sent: Conversation, tmp_path: Path
) -> None:
    files = dict(open_package(packed(sent, tmp_path / "case")))
    custody = "data/items/0001/custody.json"
    other = signed_again(files, **{PHOTO: content(200_000, b"forged")})
    assert ("attachment.other", PHOTO) in found(verdict_on(sent, other))
    assert ("file.missing", PHOTO) in found(verdict_on(sent, signed_again(files, **{PHOTO: None})))
    extra = "data/items/0001/files/03.jpg"
    assert ("file.extra", extra) in found(verdict_on(sent, signed_again(files, **{extra: b"x"})))
    for text, code in ((b'"signed_delivered"', "custody.unsigned"), (b'"sha256"', "custody.unreadable")):
        told = files[custody].replace(text, b'"signed_opened"')
        assert (code, custody) in found(verdict_on(sent, signed_again(files, **{custody: told})))
    hashed = hashlib.sha256(content(77, b"b")).hexdigest().encode()
    told = files[custody].replace(hashed, b"0" * 64)
    assert ("custody.other", custody) in found(verdict_on(sent, signed_again(files, **{custody: told})))


def test_a_file_that_is_lost_or_changed_leaves_no_package_behind(sent: Conversation, tmp_path: Path) -> None:
    row = Attachment.objects.filter(agency="mx.fge-son").earliest("pk")
    kept = node_settings.HOME.folder("attachments") / row.file
    raw = bytearray(kept.read_bytes())
    raw[100_000] ^= 1
    kept.chmod(0o600)
    kept.write_bytes(raw)
    for _ in range(2):
        with pytest.raises(PackageUnprovableError) as refusal:
            packed(sent, tmp_path / "case.zip")
        assert refusal.value.params["what"] == "attachment"
        assert list(tmp_path.glob("*case*")) == [] and list(tmp_path.glob(".package-*")) == []
        kept.unlink(missing_ok=True)


def test_memory_does_not_grow_with_the_file(world: SmallWorld, tmp_path: Path) -> None:
    thread = send(world, tmp_path, content(24 * MIB))
    tracemalloc.start()
    try:
        files = open_package(packed(thread, tmp_path / "case.zip"))
        assert verdict_on(thread, files).findings == []
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 16 * MIB
