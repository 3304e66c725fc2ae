"""The leaf's layout: one spelling, readable by any CBOR library, and the page that describes it says the same."""

import re
from datetime import UTC, datetime
from pathlib import Path

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contraparte.ledger.rules.leaves import (
    KIND_NUMBERS,
    LAYOUT,
    MAX_MINUTE,
    MESSAGE_ID_AT,
    Direction,
    Kind,
    Leaf,
    message_id_bytes,
    message_id_text,
    parse_leaf,
)
from contraparte.ledger.rules.origins import Origin, parse_origin
from contraparte.protocol import leaf_reading, limits
from contraparte.protocol.errors import IdentifierInvalidError, LeafInvalidError

HASH = st.binary(min_size=32, max_size=32)
LEAVES = st.builds(
    Leaf,
    kind_number=st.sampled_from(sorted(KIND_NUMBERS.values())),
    direction=st.sampled_from(list(Direction)),
    message_id=st.none() | st.binary(min_size=16, max_size=16),
    envelope_hash=st.none() | HASH,
    commitment=st.none() | HASH,
    signature_hash=st.none() | HASH,
    references=st.lists(HASH, max_size=limits.LEAF_REFERENCES).map(tuple),
    retention=st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=limits.RETENTION_CHARS),
    at=st.integers(0, MAX_MINUTE).map(lambda minute: datetime.fromtimestamp(minute * 60, UTC)),
)


@given(LEAVES)
def test_a_leaf_is_what_a_cbor_library_writes_and_comes_back_whole(leaf):
    data = leaf.to_bytes()
    assert len(data) <= limits.LEAF_BYTES
    assert cbor2.dumps(cbor2.loads(data)) == data
    assert parse_leaf(data) == leaf
    if leaf.message_id:
        assert data[MESSAGE_ID_AT : MESSAGE_ID_AT + 16] == leaf.message_id
        assert data[MESSAGE_ID_AT - 1] == 0x50


@given(LEAVES, st.integers(0, 300), st.integers(0, 255))
def test_a_changed_byte_gives_another_leaf_or_none(leaf, place, value):
    data = bytearray(leaf.to_bytes())
    data[place % len(data)] = value
    try:
        read = parse_leaf(bytes(data))
    except LeafInvalidError:
        return
    assert (read == leaf) is (bytes(data) == leaf.to_bytes())
    assert cbor2.dumps(cbor2.loads(bytes(data))) == bytes(data)


@given(st.binary(max_size=400))
def test_only_its_own_error_comes_out_of_random_bytes(data):
    try:
        parse_leaf(data)
    except LeafInvalidError:
        return
    assert LAYOUT.fullmatch(data)


def test_a_peers_leaf_of_the_year_10000_is_refused_and_breaks_nothing():
    leaf = Leaf(1, Direction.NONE, None, None, None, None, (), "", datetime.fromtimestamp(MAX_MINUTE * 60, UTC))
    assert parse_leaf(leaf.to_bytes()) == leaf
    beyond = leaf.to_bytes()[:-4] + (MAX_MINUTE + 1).to_bytes(4, "big")
    with pytest.raises(LeafInvalidError):
        parse_leaf(beyond)
    assert leaf_reading.read_leaf(beyond) == {}


@given(LEAVES)
def test_the_offline_verifier_reads_the_same_from_a_leaf(leaf):
    told = leaf_reading.read_leaf(leaf.to_bytes())
    assert told["kind"] == leaf.kind
    assert told["direction"] == leaf.direction
    assert told.get("message_id") == (message_id_text(leaf.message_id) if leaf.message_id else None)
    assert told.get("envelope_hash") == (leaf.envelope_hash.hex() if leaf.envelope_hash else None)
    assert told["at"] == leaf.at.isoformat()


def test_kinds_have_numbers_that_the_page_and_the_verifier_know():
    assert list(KIND_NUMBERS) == list(Kind)
    assert [leaf_reading._KINDS[number - 1] for number in KIND_NUMBERS.values()] == list(Kind)
    page = (Path(__file__).parents[2] / "docs" / "protocol" / "ledger.md").read_text("utf-8")
    listed = dict(re.findall(r"^\| (\d+) \| `([a-z:]+)`", page, re.MULTILINE))
    assert {int(number): kind for number, kind in listed.items()} == {n: str(k) for k, n in KIND_NUMBERS.items()}


@pytest.mark.parametrize("at", [datetime(1969, 12, 31, tzinfo=UTC), datetime(2026, 1, 1)])
def test_a_time_without_zone_or_before_1970_is_refused(at):
    with pytest.raises(LeafInvalidError):
        Leaf(1, Direction.NONE, None, None, None, None, (), "", at).to_bytes()


def test_message_ids_go_both_ways():
    text = "6f1c9f1e-94c4-4f43-8e2d-6a0f0a6a1b2c"
    assert message_id_text(message_id_bytes(text)) == text
    with pytest.raises(LeafInvalidError):
        message_id_bytes(text[:-2])


def test_an_origin_names_agency_peer_and_year():
    assert parse_origin("mx.fge-son/us.ntc/2026") == Origin("mx.fge-son", "us.ntc", 2026)
    for wrong in ("", "mx.fge-son/us.ntc", "mx.fge-son/mx.fge-son/2026", "mx.fge-son/us.ntc/0026", "a/b/2026"):
        with pytest.raises(IdentifierInvalidError):
            parse_origin(wrong)
