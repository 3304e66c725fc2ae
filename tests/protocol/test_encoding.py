import base64
import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from contraparte.protocol import limits
from contraparte.protocol.encoding import (
    base64url,
    canonical_json,
    check_json,
    instant,
    parse_base64url,
    parse_instant,
    parse_json,
    parse_object,
)
from contraparte.protocol.errors import BoundExceededError, EncodingInvalidError, ProtocolError
from tests.protocol.builders import values


@given(st.binary())
def test_base64url_has_one_spelling_and_is_the_standard_one(data):
    text = base64url(data)
    assert text == base64.urlsafe_b64encode(data).decode().rstrip("=")
    assert parse_base64url(text.encode(), "x") == data


@given(st.text("ABQgwxyz_-+/=~ \n\té", max_size=9) | st.text(max_size=9))
@example("QQ==")
@example("QR")
@example("A+__")
@example("A/__")
@example("QQ\n")
def test_what_base64url_reads_it_would_have_written(text):
    raw = text.encode()
    try:
        data = parse_base64url(raw, "x")
    except EncodingInvalidError:
        return
    assert base64url(data).encode() == raw


@given(values)
def test_json_survives_writing_and_reading(value):
    check_json(value, "x")
    assert parse_json(canonical_json(value), "x") == value


@pytest.mark.parametrize(
    "raw",
    [
        b'{"a":1,"a":1}',
        b'{"a":{"b":1,"b":2}}',
        b"NaN",
        b"[Infinity]",
        b"-Infinity",
        b"1e999",
        b"9007199254740992",
        b"-9007199254740993",
        b"0." + b"0" * 40 + b"1",
        b"1" * 5000,
        b'"\\u0000"',
        b'{"\\u0000":1}',
        b'"\\ud800"',
        b'["\\udc00\\ud800"]',
        b'"\x00"',
        b'"\xff"',
        b'"\xed\xa0\x80"',
        b"\xef\xbb\xbf1",
        b" 1",
        b"1 ",
        b"[1]]",
        b"'a'",
        b"",
        b"[" * 100_000,
        b'{"a":' * 50 + b"1" + b"}" * 50,
        b'{"' + b"k" * 200 + b'":1}',
    ],
)
def test_json_that_two_readers_could_read_differently_is_refused(raw):
    with pytest.raises(ProtocolError):
        parse_json(raw, "x")


def test_pairs_of_surrogates_and_brackets_in_texts_are_fine():
    assert parse_json(b'"\\ud83d\\ude00"', "x") == "😀"
    crowded = json.dumps("[" * 100).encode()
    assert parse_json(crowded, "x") == "[" * 100
    escaped = json.dumps(['"[' * 50, "\\"]).encode()
    assert parse_json(escaped, "x") == ['"[' * 50, "\\"]


def test_depth_is_bounded_before_parsing_and_exactly():
    deepest = b"[" * limits.JSON_DEPTH + b"]" * limits.JSON_DEPTH
    assert parse_json(deepest, "x")
    with pytest.raises(BoundExceededError):
        parse_json(b"[" + deepest + b"]", "x")
    with pytest.raises(BoundExceededError):
        check_json(json.loads(b"[" + deepest + b"]"), "x")
    broad = b"[" + b",".join([b"[]"] * 100) + b"]"
    assert len(parse_json(broad, "x")) == 100


@given(st.binary())
def test_parsing_random_bytes_gives_a_value_or_a_protocol_error(raw):
    try:
        parse_object(raw, "x")
    except ProtocolError:
        return


@given(st.text('{}[]",:\\u0d8a1e-.tfn ', max_size=60))
def test_parsing_near_json_gives_a_value_or_a_protocol_error(text):
    try:
        value = parse_json(text.encode(), "x")
    except ProtocolError:
        return
    check_json(value, "x")
    assert value == json.loads(text)


@pytest.mark.parametrize(
    "value", [float("nan"), float("inf"), 2**53, "\0", "\ud800", {1: 2}, (1,), b"a", {"a": "\udfff"}]
)
def test_what_could_not_be_read_is_not_written(value):
    with pytest.raises(ProtocolError):
        check_json(value, "x")


@given(st.datetimes(timezones=st.just(UTC)))
def test_an_instant_has_one_spelling(at):
    text = instant(at)
    assert text.endswith("Z")
    assert parse_instant(text, "x") == at


def test_instants_are_written_in_utc_whatever_zone_they_came_in():
    sonora = timezone(timedelta(hours=-7))
    assert instant(datetime(2026, 1, 1, 17, 0, tzinfo=sonora)) == "2026-01-02T00:00:00Z"
    with pytest.raises(EncodingInvalidError):
        instant(datetime(2026, 1, 1))


@given(st.text(max_size=30) | st.from_regex(r"\A\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00|z)?\Z"))
@example("2026-02-30T00:00:00Z")
@example("2026-01-01T00:00:00.000000Z")
@example("２026-01-01T00:00:00Z")
@example("2016-12-31T23:59:60Z")
def test_an_instant_that_is_read_would_be_written_the_same(text):
    try:
        at = parse_instant(text, "x")
    except EncodingInvalidError:
        return
    assert instant(at) == text
