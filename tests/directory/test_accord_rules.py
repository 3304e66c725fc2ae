"""An accord's document: what is refused and where, and what it answers."""

import hashlib
import json
from copy import deepcopy
from datetime import UTC, datetime

import pytest
from hypothesis import example as pinned
from hypothesis import given
from hypothesis import strategies as st

from contraparte.directory.rules.accord import example, read_accord
from contraparte.directory.rules.freshness import Freshness, judge, worst
from contraparte.directory.rules.signatures import SignedDocument
from contraparte.directory.rules.suspension import read_statement, standing_suspensions, write_statement
from contraparte.protocol.errors import AccordTypeForbiddenError, ContraparteError, DocumentMalformedError

DESK, TRACING = "mx.fge-son/firearms", "us.atf/tracing"
FEDERAL = "mx.fgr/traces"


def encoded(**changes):
    return json.dumps(example(**changes)).encode()


def view(**changes):
    return read_accord(encoded(**changes))


def test_the_example_is_an_accord_and_is_cited_by_the_hash_of_its_bytes():
    data = encoded()
    accord = read_accord(data)
    assert accord.hash == hashlib.sha256(data).hexdigest()
    assert (accord.id, accord.parties, accord.is_domestic) == ("mx-us-traces", ("mx", "us"), False)
    assert accord.purposes == {"criminal-investigation"}
    assert accord.handling == {"H0"}
    assert accord.languages == ("en", "es")
    assert set(accord.grounds) == {"not_held"}
    assert accord.retention_of("trace.request/1") == accord.retention_days["default"]


WRONG = [
    ("$.parties", {"parties": ["mx"]}),
    ("$.parties[1]", {"parties": ["mx", "USA"]}),
    ("$.id", {"id": "../x"}),
    ("$.id", {"id": 5}),
    ("$.effective_from", {"effective_from": "2026-01-01"}),
    ("$.effective_from", {"effective_from": "2026-01-01T00:00:00+06:00"}),
    ("$", {"effective_until": "2025-01-01T00:00:00Z"}),
    ("$.languages", {"languages": []}),
    ("$.permits", {"permits": []}),
    ("$.permits[0].types[0]", {"permits": [{"types": ["trace"], "from": "mx", "to": "us"}]}),
    ("$.permits[0].from", {"permits": [{"types": ["trace.*"], "to": "us"}]}),
    ("$", {"permits": [{"types": ["trace.*"], "from": "ca", "to": "us"}]}),
    ("$.routing[0]", {"routing": [{"types": ["trace.*"], "from": "mx", "to": "us", "mode": "copy"}]}),
    ("$.routing[0]", {"routing": [{"types": ["trace.*"], "from": "mx", "to": "us", "mode": "window"}]}),
    ("$.routing[0].mode", {"routing": [{"types": ["trace.*"], "from": "mx", "to": "us", "mode": "pigeon"}]}),
    ("$", {"calendars": {}}),
    ("$.calendars.working", {"calendars": {"always": {"continuous": True}, "working": {"weekdays": []}}}),
    ("$.calendars.working.weekdays[0]", {"calendars": {"working": {"weekdays": [7]}}}),
    ("$.clocks[0]", {"clocks": [{"types": ["trace.*"], "calendar": "always", "source": {"kind": "law", "cite": "x"}}]}),
    (
        "$.clocks[0].source.kind",
        {"clocks": [{"types": ["trace.*"], "hours": 1, "calendar": "always", "source": {"kind": "x", "cite": "x"}}]},
    ),
    ("$.purposes", {"purposes": []}),
    ("$.retention_days", {"retention_days": {}}),
    ("$.retention_days.default", {"retention_days": {"default": 0}}),
    ("$.retention_days.default", {"retention_days": {"default": True}}),
    ("$.format", {"format": "contraparte-accord/2"}),
]


@pytest.mark.parametrize(("path", "change"), WRONG)
def test_a_wrong_accord_is_refused_with_the_path_of_what_is_wrong(path, change):
    with pytest.raises(DocumentMalformedError) as refused:
        view(**change)
    assert refused.value.params["path"] == path


@pytest.mark.parametrize("field", sorted(set(example()) - {"calendars", "clocks", "grounds"}))
def test_an_accord_lacks_none_of_its_parts(field):
    document = example()
    del document[field]
    with pytest.raises(DocumentMalformedError) as refused:
        read_accord(json.dumps(document).encode())
    assert refused.value.params["path"] in {f"$.{field}", "$"}


@given(st.binary(max_size=400) | st.text(max_size=200).map(str.encode) | st.just(b"[" * 3000))
@pinned(b'{"id":"a","id":"b"}')
@pinned(b'{"a":NaN}')
@pinned(b'{"a":"\\u0000"}')
@pinned(b"\xef\xbb\xbf{}")
def test_any_other_bytes_are_refused_and_nothing_else_happens(data):
    for read in (read_accord, read_statement, SignedDocument.parse):
        with pytest.raises(DocumentMalformedError):
            read(data)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(st.data())
def test_one_changed_part_gives_an_accord_or_a_refusal_never_a_crash(data):
    document = deepcopy(example())
    spot, name = document, data.draw(st.sampled_from(sorted(document)))
    while isinstance(spot[name], dict | list) and spot[name] and data.draw(st.booleans()):
        spot = spot[name]
        name = data.draw(st.sampled_from(sorted(spot) if isinstance(spot, dict) else range(len(spot))))
    spot[name] = data.draw(values)
    try:
        accord = read_accord(json.dumps(document).encode("utf-8", "surrogatepass"))
    except DocumentMalformedError as error:
        assert error.params["path"].startswith("$")
    else:
        accord.permits("trace.request/1", DESK, TRACING)
        accord.routing("trace.request/1", DESK, TRACING, datetime(2026, 5, 1, tzinfo=UTC))
        accord.clocks("trace.request/1", "urgent")


def test_unknown_fields_are_kept_and_change_the_hash_only():
    accord = view(annex={"a": [1, 2]}, calendars={"always": {"continuous": True, "note": "x"}, "working": {}})
    assert accord.unknown == {"annex": {"a": [1, 2]}}
    assert accord.calendar("always").unknown == {"note": "x"}
    assert accord.hash != view().hash


def test_a_type_passes_only_where_the_accord_lets_it():
    accord = view(permits=[{"types": ["trace.request/1"], "from": "mx.fge-son", "to": TRACING}])
    accord.require_type("trace.request/1", DESK, TRACING)
    for kind, sender, recipient in (
        ("trace.request/2", DESK, TRACING),
        ("trace.request/1", TRACING, DESK),
        ("trace.request/1", FEDERAL, TRACING),
        ("trace.request/1", "mx.fge-sonora/firearms", TRACING),
        ("trace.request/1", DESK, "us.atf/tracing-two"),
        ("letter.request/1", DESK, TRACING),
    ):
        with pytest.raises(AccordTypeForbiddenError):
            accord.require_type(kind, sender, recipient)


def test_routing_names_copies_and_the_window_of_its_day():
    accord = view(
        routing=[
            {"types": ["trace.*"], "from": "mx", "to": "us", "mode": "copy", "copy_to": [FEDERAL]},
            {
                "types": ["trace.*"],
                "from": "mx",
                "to": "us",
                "mode": "window",
                "window": FEDERAL,
                "effective_from": "2026-07-01T00:00:00Z",
                "effective_until": "2026-09-01T00:00:00Z",
            },
        ]
    )

    def on(month, sender=DESK):
        return accord.routing("trace.request/1", sender, TRACING, datetime(2026, month, 1, tzinfo=UTC))

    assert (on(6).mode, on(6).copy_to) == ("copy", (FEDERAL,))
    assert (on(7).mode, on(7).via) == ("window", FEDERAL)
    assert on(9).mode == "copy"
    assert on(6, sender=FEDERAL).copy_to == ()
    assert accord.routing("trace.result/1", TRACING, DESK).mode == "direct"


def test_the_clock_for_the_very_urgency_comes_first():
    accord = view()
    assert accord.clock("trace.request/1", "urgent").hours == 24
    assert accord.clock("trace.request/1", "routine").days == 9
    assert accord.clock("trace.request/1").days == 9
    assert accord.clock("trace.result/1") is None
    assert accord.clock("trace.request/1", "urgent", stage="acknowledge") is None
    assert [clock.hours for clock in accord.clocks("trace.request/1", "urgent")] == [24]


def test_freshness_is_judged_to_the_second():
    ends = datetime(2026, 3, 1, tzinfo=UTC)
    assert judge(None, ends) is Freshness.EXPIRED
    assert worst([]) is Freshness.EXPIRED
    assert worst([Freshness.FRESH, Freshness.STALE]) is Freshness.STALE


def test_a_resumption_lifts_what_it_cites_and_nothing_else():
    def statement(suspended, lifts=(), day=1):
        at = datetime(2026, 3, day, tzinfo=UTC)
        return write_statement(accord="a", accord_hash="0" * 64, country="mx", suspended=suspended, lifts=lifts, at=at)

    first, second = statement(True, day=1), statement(True, day=2)
    marks = [hashlib.sha256(data).hexdigest() for data in (first, second)]
    assert standing_suspensions([first, second]) == set(marks)
    assert standing_suspensions([statement(False, marks[:1]), second, first]) == {marks[1]}
    assert standing_suspensions([first, second, statement(False, marks)]) == set()
    for wrong in (statement(True, marks), statement(False)):
        with pytest.raises(DocumentMalformedError):
            read_statement(wrong)


@given(st.binary(max_size=300), st.dictionaries(st.text(max_size=20), st.binary(max_size=70), max_size=4))
def test_a_signed_document_survives_its_file(document, signatures):
    signed = SignedDocument(document).merge(signatures.items())
    try:
        read = SignedDocument.parse(signed.to_bytes())
    except ContraparteError:
        assert any("\x00" in kid or not kid.isprintable() for kid in signatures)
    else:
        assert read == signed
