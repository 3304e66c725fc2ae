"""A mapping is reviewed by both sides: disputes, agreed pauses, and one end in any order (P1.8)."""

import json

import pytest
from django.conf import settings as django_settings
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from contraparte.directory import actions, lineage, reviewing, view
from contraparte.directory import lineage_statements as statements
from contraparte.directory.lineage_commands import lineage as lineage_commands
from contraparte.directory.models import LineageEvent, LineageStatement
from contraparte.directory.rules.lineage import read_event
from contraparte.directory.rules.lineage_statements import (
    DisputedRow,
    agreed_pauses,
    proposed_pauses,
    state,
    write_statement,
)
from contraparte.directory.rules.signatures import SignedDocument
from contraparte.protocol import limits
from contraparte.protocol.encoding import instant
from contraparte.protocol.errors import (
    BoundExceededError,
    DocumentMalformedError,
    LineageCountryError,
    LineageForgedError,
    LineagePeriodError,
    LineagePostUnknownError,
    LineageSignedError,
    LineageStatementUnknownError,
    LineageUnknownError,
)
from tests.directory.factory import NOW, load
from tests.directory.test_lineage import DAY, OLD, World, published

pytestmark = pytest.mark.django_db
WHY = [DisputedRow.model_validate({"from": OLD, "reason": "Traces belong to the institute.", "language": "en"})]
FROM, UNTIL = NOW + 2 * DAY, NOW + 5 * DAY


@pytest.fixture
def world() -> World:
    view.forget()
    world = World()
    load(world.with_successor())
    yield world
    view.forget()


def announced(world: World, **more: object) -> LineageEvent:
    return actions.sign_event(world.event(**more), country="mx", now=NOW)


def dispute(**more: object) -> LineageStatement:
    return reviewing.dispute_event("one", more.pop("rows", WHY), **{"country": "us", "now": NOW, **more})


def pause(country: str = "mx", begins=FROM, until=UNTIL) -> LineageStatement:
    return reviewing.propose_pause("one", begins=begins, until=until, country=country, now=NOW)


def agreed() -> list[tuple[object, object]]:
    return [(one.begins, one.until) for found in statements.pauses().values() for one in found]


def test_a_disputed_version_says_why_until_it_is_withdrawn_or_signed(world):
    row = announced(world)
    said = dispute()
    assert [one.statement.rows[0].reason for one in statements.disputes_of(row)] == [WHY[0].reason]
    assert lineage.events() == []
    reviewing.withdraw_statement(said.pk[:12], country="us", now=NOW)
    assert statements.disputes_of(row) == []
    again = dispute(now=NOW + DAY)
    assert len(statements.disputes_of(row)) == 1
    signed = actions.agree_to_event("one", country="us", now=NOW)
    assert statements.disputes_of(signed) == [] and len(lineage.events()) == 1
    states = {one["statement"]: one["state"] for one in statements.listed()}
    assert states[again.pk] == "stands no more"
    with pytest.raises(LineageSignedError):
        dispute(now=NOW + 2 * DAY)


@pytest.mark.parametrize(
    ("more", "refusal"),
    [
        ({"country": "ca"}, LineageCountryError),
        ({"rows": [WHY[0].model_copy(update={"old": "mx.else/desk"})]}, LineagePostUnknownError),
        ({"rows": []}, DocumentMalformedError),
        ({"rows": [WHY[0].model_copy(update={"reason": ""})]}, DocumentMalformedError),
        ({"rows": [WHY[0], WHY[0]]}, DocumentMalformedError),
    ],
)
def test_a_dispute_that_cannot_be_is_refused_by_name(world, more, refusal):
    announced(world)
    with pytest.raises(refusal):
        dispute(**more)
    assert not LineageStatement.objects.exists()


def test_a_pause_counts_once_both_have_signed_it_and_ends_early_as_it_began(world):
    announced(world)
    actions.agree_to_event("one", country="us", now=NOW)
    proposed = pause()
    assert agreed() == []
    with pytest.raises(LineageCountryError):
        reviewing.agree_to_statement(proposed.pk, country="ca", now=NOW)
    reviewing.agree_to_statement(proposed.pk, country="us", now=NOW)
    assert agreed() == [(FROM, UNTIL)]
    # One side alone does not end what both agreed on; nor does the proposer.
    end = reviewing.withdraw_statement(proposed.pk, country="mx", now=NOW + 3 * DAY)
    assert agreed() == [(FROM, UNTIL)]
    reviewing.agree_to_statement(end.pk, country="us", now=NOW + 3 * DAY)
    assert agreed() == [(FROM, NOW + 3 * DAY)]
    # A proposal that was withdrawn is signed no more.
    other = pause(until=UNTIL + DAY)
    reviewing.withdraw_statement(other.pk, country="mx", now=NOW)
    with pytest.raises(LineageStatementUnknownError):
        reviewing.agree_to_statement(other.pk, country="us", now=NOW)
    with pytest.raises(LineageStatementUnknownError):
        reviewing.agree_to_statement("0" * 64, country="us", now=NOW)
    with pytest.raises(LineageUnknownError):
        reviewing.propose_pause("none", begins=FROM, until=UNTIL, country="mx", now=NOW)
    for begins, until in ((UNTIL, FROM), (FROM, FROM + 91 * DAY), (NOW, UNTIL)):
        with pytest.raises(LineagePeriodError):
            pause(begins=begins, until=until)


def test_a_statement_that_is_forged_makes_the_directory_refused(world):
    row = announced(world)
    said = reviewing.signed_statement(dispute())
    LineageStatement.objects.all().delete()
    with pytest.raises(LineageForgedError):
        load(published(world.us, SignedDocument(said.document, ((said.signatures[0][0], b"\x01" * 64),))))
    with pytest.raises(LineageForgedError):  # the other side's word, published by who did not say it
        load(published(world.with_successor(), said))
    assert not LineageStatement.objects.exists()
    load(published(world.us, said))
    assert len(statements.disputes_of(row)) == 1


def test_who_did_not_speak_is_not_spoken_for(world):
    """A pause in another's name counts, and is shown, once that other has signed the same bytes."""
    row = announced(world)
    data = write_statement(
        event="one", event_hash=row.pk, country="mx", at=instant(NOW), kind="pause",
        **{"from": instant(FROM), "until": instant(UNTIL)},
    )  # fmt: skip
    event = read_event(bytes(row.document))
    shown = []
    for country, register in (("us", world.us), ("mx", world.with_successor())):
        load(published(register, SignedDocument(data).sign(reviewing.accord_key_of(country))))
        said = statements.said_of(row.pk)
        shown.append((len(proposed_pauses(event, said)), len(agreed_pauses(event, said))))
    assert shown == [(0, 0), (0, 1)]


def test_one_country_cannot_say_without_end(world, monkeypatch):
    monkeypatch.setattr(limits, "LINEAGE_STATEMENTS", 2)
    announced(world)
    for days in (1, 2):
        pause(until=FROM + days * DAY)
    with pytest.raises(BoundExceededError):
        pause(until=FROM + 3 * DAY)
    dispute()


@pytest.mark.parametrize("at", ["9999-12-01T00:00:00Z", "0001-01-01T00:00:00Z"])
def test_an_instant_at_the_end_of_the_calendar_is_no_instant(world, at):
    row = announced(world)
    told = {"event": "one", "event_hash": row.pk, "country": "mx", "at": instant(NOW), "kind": "pause"}
    with pytest.raises(DocumentMalformedError):
        write_statement(**told, **{"from": at, "until": "9999-12-31T00:00:00Z"})


def test_disputes_and_pauses_are_made_agreed_listed_and_taken_back_by_command(world, monkeypatch, tmp_path):
    monkeypatch.setenv("CONTRAPARTE_HOME", str(django_settings.HOME.path))
    monkeypatch.setattr("contraparte.start.open_home", lambda home: None)
    announced(world)
    (tmp_path / "rows.json").write_text(json.dumps({"rows": [WHY[0].model_dump(mode="json", by_alias=True)]}))
    (tmp_path / "none.json").write_text('{"rows": []}')

    def run(*words: object, code: int = 0) -> str:
        answer = CliRunner().invoke(lineage_commands, [str(word) for word in words])
        assert answer.exit_code == code, answer.output
        return answer.output.strip()

    out = ("-o", tmp_path / "signed.json")
    assert "document.malformed" in run(
        "dispute", "one", "--country", "us", "--rows", tmp_path / "none.json", *out, code=1
    )
    number = run("dispute", "one", "--country", "us", "--rows", tmp_path / "rows.json", *out).split()[-1]
    assert SignedDocument.parse((tmp_path / "signed.json").read_bytes()).hash == number
    span = ("--from", "2026-03-04T12:00:00", "--until", "2026-03-07T12:00:00")
    stop = run("pause", "one", "--country", "mx", *span, *out).split()[-1]
    assert f"{stop[:16]}  one  pause  mx  waits for the others" in run("statements")
    run("agree-statement", stop[:12], "--country", "us", *out)
    run("withdraw", number, "--country", "us", *out)
    assert "lineage.statement.unknown" in run("agree-statement", number, "--country", "mx", *out, code=1)
    told = {one["statement"]: one["state"] for one in json.loads(run("statements", "--json"))}
    assert (told[stop], told[number]) == ("agreed", "stands no more")


def _everything(world: World) -> list[tuple[str, SignedDocument]]:
    """What two countries could publish about one mapping at the same time; each with its own signature alone."""
    first, second = world.event(version=2), world.event(version=2, accepts_until=instant(NOW + 20 * DAY))
    number = {data: read_event(data).hash for data in (first, second)}
    told = {"format": "contraparte-lineage-statement/1", "event": "one", "at": instant(NOW)}
    span = {"kind": "pause", "from": instant(FROM), "until": instant(UNTIL), "event_hash": number[first]}

    def said(**more: object) -> bytes:
        return json.dumps({**told, **more}, sort_keys=True).encode()

    rows = [row.model_dump(mode="json", by_alias=True) for row in WHY]
    mine = said(kind="dispute", rows=rows, event_hash=number[first], country="us")
    other = said(kind="dispute", rows=rows, event_hash=number[second], country="mx")
    stop = said(**span, country="mx")
    back = said(kind="withdrawal", withdraws=SignedDocument(stop).hash, event_hash=number[first], country="mx")
    by = [
        (first, "mx"), (first, "us"), (second, "us"), (mine, "us"), (other, "mx"), (stop, "mx"), (stop, "us"),
        (back, "mx"),
    ]  # fmt: skip
    agency = {"mx": "mx.old", "us": "us.ntc"}
    return [(country, world.signed(data, agency[country])) for data, country in by]


def _known() -> dict[str, object]:
    rows = {row.pk: (read_event(bytes(row.document)), statements.signers_of(row)) for row in LineageEvent.objects.all()}
    said = [one for number in rows for one in statements.said_of(number)]
    return {"state": state(rows, said), "counts": [one.hash for one in lineage.standing()], "pauses": agreed()}


@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.permutations(range(8)))
def test_in_whatever_order_versions_disputes_and_pauses_come_every_node_ends_the_same_and_loses_none(world, order):
    told = _everything(world)
    with transaction.atomic():
        ends = []
        for places in (range(8), order):
            LineageEvent.objects.all().delete()
            LineageStatement.objects.all().delete()
            view.mark_changed()
            registers = {"mx": world.with_successor(), "us": world.us}
            for place in places:
                country, signed = told[place]
                registers[country] = published(registers[country], signed)
                load(registers[country])
            assert (LineageEvent.objects.count(), LineageStatement.objects.count()) == (2, 4)
            ends.append(_known())
        assert ends[0] == ends[1]
        # Mexico proposed the pause and took it back while the other side agreed: what both signed counts.
        assert ends[0]["pauses"] == [(FROM, UNTIL)]
        transaction.set_rollback(True)
    view.forget()
