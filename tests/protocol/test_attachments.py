"""Files beside the envelope: described exactly, sealed in pieces, opened only as they were sealed (P3.5)."""

import hashlib
from dataclasses import replace

import pytest
from cryptography.cobblestone import Cobblestone256Decryptor
from hypothesis import example, given
from hypothesis import strategies as st

from contraparte.protocol import ids, limits
from contraparte.protocol.attachments import (
    SEALED_LEAST,
    FileDescription,
    FileOpener,
    FileSealer,
    files_of,
    is_media_type,
    is_name,
    new_key,
    sealed_size,
)
from contraparte.protocol.errors import AttachmentChangedError, AttachmentMalformedError, BoundExceededError
from tests.protocol.builders import a_file, scalars, values

CHUNK = 16 * 1024
ID, OTHER_ID = ids.new_id(), ids.new_id()


def seal(
    content: bytes, *, message_id: str = ID, number: int = 3, piece: int = 10_000
) -> tuple[bytes, FileDescription]:
    """The ciphertext of `content`, sealed in pieces, and its description."""
    key = new_key()
    sealer = FileSealer(key, message_id, number)
    parts = [sealer.update(content[at : at + piece]) for at in range(0, len(content), piece)]
    sealed = b"".join([*parts, sealer.finish()])
    described = a_file(
        number=number, size=sealer.size, sha256=sealer.sha256, key=key, sealed_sha256=sealer.sealed_sha256
    )
    return sealed, described


def opened(
    sealed: bytes, file: FileDescription, *, message_id: str = ID, piece: int = 7_000, own_hash: bool = False
) -> bytes:
    """What a reader gets; with `own_hash` the description was made to fit the changed ciphertext, as a liar would."""
    opener = FileOpener(file.key, message_id, file.number)
    parts = [opener.update(sealed[at : at + piece]) for at in range(0, len(sealed), piece)]
    sealed_sha256 = hashlib.sha256(sealed).digest() if own_hash else file.sealed_sha256
    return b"".join([*parts, opener.finish(size=file.size, sha256=file.sha256, sealed_sha256=sealed_sha256)])


# --- sealing and opening ---


@given(st.integers(1, 3 * CHUNK), st.integers(1, 40_000), st.integers(1, 40_000))
@example(CHUNK, CHUNK, CHUNK)
@example(CHUNK - 1, 1024, 1)
@example(2 * CHUNK, 5, 2 * CHUNK)
def test_what_was_sealed_opens_whatever_the_pieces(size: int, sealing: int, opening: int) -> None:
    content = hashlib.shake_128(size.to_bytes(4, "big")).digest(size)
    sealed, file = seal(content, piece=max(sealing, size // 50))
    assert (file.size, file.sha256) == (size, hashlib.sha256(content).digest())
    assert len(sealed) == sealed_size(size) == file.sealed.size
    assert hashlib.sha256(sealed).hexdigest() == file.sealed.sha256
    assert opened(sealed, file, piece=max(opening, size // 50)) == content


def test_another_implementation_of_the_cipher_opens_it() -> None:
    sealed, file = seal(b"x" * 50_000)
    other = Cobblestone256Decryptor(file.key, bytes.fromhex(ID.replace("-", "")) + (3).to_bytes(4, "big"))
    assert other.update(sealed) + other.finalize() == b"x" * 50_000


CONTENT = bytes(range(256)) * 400  # 100 KiB: seven chunks
SEALED, FILE = seal(CONTENT)
FRONT, WHOLE = 56, CHUNK + 16


@given(st.integers(0, len(SEALED) - 1), st.integers(1, 255), st.booleans())
@example(0, 1, True)
@example(FRONT - 1, 1, True)
@example(FRONT, 1, True)
@example(len(SEALED) // 2, 1, True)
@example(len(SEALED) - 1, 128, True)
def test_one_changed_byte_anywhere_is_refused(at: int, flip: int, own_hash: bool) -> None:
    changed = SEALED[:at] + bytes([SEALED[at] ^ flip]) + SEALED[at + 1 :]
    with pytest.raises(AttachmentChangedError):
        opened(changed, FILE, own_hash=own_hash)


def chunks() -> list[bytes]:
    body = SEALED[FRONT:]
    return [body[at : at + WHOLE] for at in range(0, len(body), WHOLE)]


@pytest.mark.parametrize(
    "forged",
    [
        SEALED[:-1],
        SEALED[: FRONT + 3 * WHOLE],
        SEALED[:FRONT],
        b"",
        SEALED + b"\0",
        SEALED[:FRONT] + b"".join([chunks()[1], chunks()[0], *chunks()[2:]]),
        SEALED[:FRONT] + b"".join([*chunks()[:-2], chunks()[-1]]),
        SEALED[:FRONT] + b"".join([*chunks(), chunks()[-1]]),
        seal(CONTENT)[0],
    ],
    ids=["a byte short", "cut between chunks", "nothing but the front", "empty", "a byte more", "chunks swapped",
         "a chunk left out", "the last twice", "the same content under another key"],
)  # fmt: skip
def test_what_is_cut_moved_or_of_another_file_is_refused(forged: bytes) -> None:
    with pytest.raises(AttachmentChangedError):
        opened(forged, FILE, own_hash=True)


def test_a_file_of_another_message_or_number_is_refused() -> None:
    with pytest.raises(AttachmentChangedError):
        opened(SEALED, FILE, message_id=OTHER_ID)
    with pytest.raises(AttachmentChangedError):
        opened(SEALED, replace(FILE, number=4))


@pytest.mark.parametrize("said", [{"size": FILE.size + 1}, {"sha256": b"\0" * 32}, {"sealed_sha256": b"\0" * 32}])
def test_a_file_that_is_not_the_one_described_is_refused(said: dict[str, object]) -> None:
    with pytest.raises(AttachmentChangedError):
        opened(SEALED, replace(FILE, **said))


def test_more_than_a_file_may_hold_is_not_sealed() -> None:
    sealer = FileSealer(new_key(), ID, 1)
    sealer.size = limits.ATTACHMENT_BYTES
    with pytest.raises(BoundExceededError):
        sealer.update(b"x")


# --- descriptions ---

members = st.sampled_from(["number", "name", "media_type", "size", "sha256", "cipher", "key", "sealed", "note"])


@given(st.dictionaries(members, values, max_size=4))
def test_a_description_is_read_as_written_or_refused_by_name(changes: dict[str, object]) -> None:
    entry = a_file().to_json() | changes
    try:
        read = FileDescription.from_json(entry)
    except AttachmentMalformedError as error:
        assert error.params["field"] in {"number", "name", "media_type", "size", "sha256", "cipher", "key", "sealed"}
    else:
        assert read.to_json() == entry


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"number": -1}, "number"),
        ({"number": 2**32}, "number"),
        ({"number": True}, "number"),
        ({"name": ""}, "name"),
        ({"name": "a/b"}, "name"),
        ({"name": "x" * 201}, "name"),
        ({"name": "invoice\u202efdp.exe"}, "name"),
        ({"media_type": "image/jpeg; a=b"}, "media_type"),
        ({"size": 0}, "size"),
        ({"size": 2**40 + 1}, "size"),
        ({"size": 1.0}, "size"),
        ({"sha256": "AB" * 32}, "sha256"),
        ({"sealed": "ab"}, "sealed"),
        ({"key": "AAAA"}, "key"),
        ({"key": "\u00e9" * 43}, "key"),
        ({"cipher": "rot13"}, "cipher"),
    ],
)
def test_a_description_out_of_bounds_is_refused(changes: dict[str, object], field: str) -> None:
    with pytest.raises(AttachmentMalformedError) as refused:
        FileDescription.from_json(a_file().to_json() | changes)
    assert refused.value.params["field"] == field


def test_each_file_of_a_message_has_a_number_of_its_own() -> None:
    assert files_of([a_file().to_json(), a_file(number=8).to_json()]) == (a_file(), a_file(number=8))
    with pytest.raises(AttachmentMalformedError):
        files_of([a_file().to_json(), a_file(name="b.jpg").to_json()])


def test_members_of_later_versions_are_kept_and_written_again() -> None:
    entry = a_file().to_json() | {"pages": 3}
    assert FileDescription.from_json(entry).to_json() == entry


@given(st.text(max_size=210))
@example("informe pericial (2).pdf")
@example("Peña Ñandú.docx")
def test_a_name_is_one_line_without_folders_or_turned_writing(name: str) -> None:
    if is_name(name):
        assert 0 < len(name) <= 200 and name.isprintable() and not {"/", "\\", "\0"} & set(name)
        assert name.strip(". ") and FileDescription.from_json(a_file(name=name).to_json()).name == name


@given(scalars)
def test_a_media_type_is_two_words(read: object) -> None:
    assert is_media_type("application/vnd.ms-excel")
    assert not is_media_type(read) or str(read).count("/") == 1


def test_the_smallest_ciphertext_is_that_of_nothing() -> None:
    assert sealed_size(0) == SEALED_LEAST < sealed_size(1)
