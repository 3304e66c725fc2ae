"""The manifest of a pouch and the layout of its parts (P4.5)."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contraparte.protocol import pouch
from contraparte.protocol.encoding import canonical_json
from contraparte.protocol.errors import ContraparteError, KeyPurposeError, PouchMalformedError, SignatureInvalidError
from contraparte.protocol.jws import sign_compact
from contraparte.protocol.keys import Purpose, generate
from contraparte.protocol.pouch import Manifest, Part

KEY = generate("mx.fgr", Purpose.TRANSPORT)
HASHES = st.binary(min_size=32, max_size=32)


@st.composite
def part(draw: st.DrawFn) -> Part:
    kind = draw(st.sampled_from(sorted(pouch.PART_BYTES)))
    return Part(
        kind,
        draw(st.integers(1, pouch.PART_BYTES[kind])),
        draw(st.integers(1, pouch.PART_COUNTS[kind])),
        draw(HASHES),
        "mx" if kind == pouch.DIRECTORY else "",
    )


@st.composite
def manifests(draw: st.DrawFn) -> Manifest:
    is_answer = draw(st.booleans())
    return Manifest(
        kind="answer" if is_answer else "pouch",
        number=draw(st.integers(1, 2**53 - 1)),
        sender="mx.fgr",
        recipient="us.ntc",
        made=draw(st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))),
        parts=tuple(draw(st.lists(part(), max_size=6))),
        previous=None if is_answer else draw(st.none() | HASHES),
        answers=draw(HASHES) if is_answer else None,
        refused=tuple(draw(st.lists(st.integers(0, 1000), max_size=5))) if is_answer else (),
    )


def token(sealed: bytes) -> bytes:
    length = pouch.manifest_length(sealed[: pouch.PREFIX_BYTES])
    assert len(sealed) == pouch.PREFIX_BYTES + length
    return sealed[pouch.PREFIX_BYTES :]


@given(manifests())
def test_what_was_sealed_is_read(manifest: Manifest) -> None:
    read, key = pouch.read_manifest(token(pouch.seal_manifest(manifest, KEY)), lambda _: KEY.public())
    assert read == manifest and key == KEY.public()


@given(manifests(), st.data())
def test_one_changed_byte_of_a_manifest_is_refused(manifest: Manifest, data: st.DataObject) -> None:
    sealed = token(pouch.seal_manifest(manifest, KEY))
    at = data.draw(st.integers(0, len(sealed) - 1))
    changed = sealed[:at] + bytes([sealed[at] ^ data.draw(st.integers(1, 255))]) + sealed[at + 1 :]
    with pytest.raises(ContraparteError):
        pouch.read_manifest(changed, lambda _: KEY.public())


FIRST = Manifest("pouch", 1, "mx.fgr", "us.ntc", datetime(2026, 3, 1, tzinfo=UTC), ())


@pytest.mark.parametrize(
    "change",
    [
        {"format": "contraparte-pouch/2"},
        {"kind": "bag"},
        {"number": 0},
        {"number": "1"},
        {"number": True},
        {"sender": "Mexico"},
        {"recipient": None},
        {"made": "yesterday"},
        {"parts": {}},
        {"parts": [1]},
        {"parts": [{"kind": "messages", "size": 0, "count": 1, "sha256": "A" * 43}]},
        {"parts": [{"kind": "messages", "size": 1, "count": 300, "sha256": "A" * 43}]},
        {"parts": [{"kind": "letters", "size": 1, "count": 1, "sha256": "A" * 43}]},
        {"parts": [{"kind": "messages", "size": 1, "count": 1, "sha256": "A" * 42}]},
        {"parts": [{"kind": "directory", "size": 1, "count": 1, "sha256": "A" * 43}]},
        {"parts": [{"kind": "directory", "size": 1, "count": 1, "sha256": "A" * 43, "country": "../"}]},
        {"previous": "AA"},
        {"answers": "A" * 43},
        {"refused": [1]},
        {"kind": "answer", "answers": "A" * 43, "refused": [-1]},
        {"kind": "answer", "answers": "A" * 43, "previous": "A" * 43},
    ],
)
def test_a_manifest_that_says_what_cannot_be_is_refused(change: dict[str, Any]) -> None:
    raw = sign_compact(canonical_json(FIRST.to_json() | change), pouch.TYP, KEY)
    with pytest.raises(PouchMalformedError):
        pouch.read_manifest(raw, lambda _: KEY.public())


def test_members_of_a_later_version_are_allowed() -> None:
    raw = sign_compact(canonical_json(FIRST.to_json() | {"colour": "brown"}), pouch.TYP, KEY)
    assert pouch.read_manifest(raw, lambda _: KEY.public())[0] == FIRST


def test_only_the_senders_transport_key_seals_one() -> None:
    with pytest.raises(KeyPurposeError):
        pouch.seal_manifest(FIRST, generate("mx.fgr", Purpose.MESSAGE))
    with pytest.raises(KeyPurposeError):
        pouch.seal_manifest(FIRST, generate("us.ntc", Purpose.TRANSPORT))
    other = generate("mx.fgr", Purpose.TRANSPORT)
    with pytest.raises(SignatureInvalidError):
        pouch.read_manifest(token(pouch.seal_manifest(FIRST, KEY)), lambda _: other.public())
    lent = sign_compact(canonical_json(replace(FIRST, sender="us.ntc").to_json()), pouch.TYP, KEY)
    with pytest.raises(KeyPurposeError):
        pouch.read_manifest(lent, lambda _: KEY.public())


@pytest.mark.parametrize("prefix", [b"", b"CPP1", b"CPP1\0\0\0\0", b"CPP1\xff\xff\xff\xff", b"PK\3\4\0\0\0\1"])
def test_a_file_that_is_no_pouch_is_known_by_its_first_bytes(prefix: bytes) -> None:
    with pytest.raises(PouchMalformedError):
        pouch.manifest_length(prefix)


NAMES = st.text("abcdefghijklmnopqrstuvwxyz0123456789./-", max_size=30)


@given(st.lists(st.tuples(NAMES, st.binary(max_size=50)), max_size=5))
def test_files_come_out_as_they_went_in(files: list[tuple[str, bytes]]) -> None:
    assert list(pouch.unpack_files(pouch.pack_files(files))) == files


@given(st.lists(st.tuples(NAMES, st.binary(max_size=20)), min_size=1, max_size=3), st.data())
def test_a_part_with_files_that_is_cut_or_longer_is_refused(
    files: list[tuple[str, bytes]], data: st.DataObject
) -> None:
    whole = pouch.pack_files(files)
    for raw in (whole[: data.draw(st.integers(0, len(whole) - 1))], whole + b"\0"):
        with pytest.raises(PouchMalformedError):
            list(pouch.unpack_files(raw))
