"""Reading a recovered gun: what is kept, what is refused under which name."""

from datetime import date

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from contraparte.protocol.errors import (
    BarrelNumberError,
    CaliberAmbiguousError,
    ContraparteError,
    FieldUnreadableError,
    ImporterMissingError,
    PossessorMinorError,
    RecoveryAfterRequestError,
    RestorationMissingError,
    SerialIsModelError,
    SerialIsStateError,
    SerialScientificError,
    TraceIncompleteError,
    UrgentUnjustifiedError,
)
from contraparte.traces.rules.completeness import EventFacts, completeness
from contraparte.traces.rules.countries import read_country
from contraparte.traces.rules.recovery import TypedGun, check_dates, check_possessor, read_gun

WHOLE = {
    "serial": "ABX-4172",
    "maker": "Ruger",
    "type": "PISTOLA",
    "model": "SR9",
    "calibre": "9x19 mm",
    "country": "Estados Unidos",
}
FACTS = EventFacts("MXSON01", "FED/SON/77/2026", "LFAFE-83", "2026-11-01", "Hermosillo")


def read(**typed):
    return read_gun(TypedGun.of(typed), requested_country="us")


@pytest.mark.parametrize(
    ("typed", "error"),
    [
        (WHOLE | {"country": "Austria"}, ImporterMissingError),
        (WHOLE | {"serial": "CAÑÓN 55123"}, BarrelNumberError),
        (WHOLE | {"serial": "55123", "serial_place": "corredera"}, BarrelNumberError),
        (WHOLE | {"calibre": "9"}, CaliberAmbiguousError),
        (WHOLE | {"serial": "GLOCK 19"}, SerialIsModelError),
        (WHOLE | {"serial": "AR-15"}, SerialIsModelError),
        (WHOLE | {"serial": "SR9"}, SerialIsModelError),
        (WHOLE | {"serial": "1.23E+05"}, SerialScientificError),
        (WHOLE | {"serial": "LIMADO"}, SerialIsStateError),
        (WHOLE | {"serial": "S/N"}, SerialIsStateError),
        (WHOLE | {"country": "Ruritania"}, FieldUnreadableError),
    ],
)
def test_each_bad_input_of_a_row_is_refused_under_its_own_name(typed, error):
    with pytest.raises(error):
        read(**typed).raise_if_refused()


def test_every_refusal_of_a_row_is_told_at_once():
    found = read(**(WHOLE | {"serial": "LIMADO", "calibre": "9", "country": "Brasil"}))
    assert {type(e) for e in found.errors} == {SerialIsStateError, CaliberAmbiguousError, ImporterMissingError}


@pytest.mark.parametrize(
    ("serial", "searched"),
    [("abx 41-72", "ABX4172"), ("AB?41*", "AB?41*"), ("12[8B]45", "12[8B]45"), ("12[8]45", "12845")],
)
def test_a_serial_is_kept_in_the_form_custodians_are_asked_for(serial, searched):
    assert read(**(WHOLE | {"serial": serial})).serial.searched == searched


def test_a_confirmed_state_is_kept_and_never_searched():
    found = read(**(WHOLE | {"serial": "limado", "state_confirmed": "erased"}))
    assert found.errors == ()
    assert (found.serial.state, found.serial.searched) == ("erased", "")


def test_a_whole_request_scores_a_hundred():
    found = completeness(FACTS, read(**WHOLE), requested_country="us")
    assert (found.score, found.gaps) == (100, ())


@pytest.mark.parametrize("missing", ["serial", "maker", "type", "model", "calibre", "country"])
def test_each_missing_field_is_named_and_stops_the_request(missing):
    found = completeness(FACTS, read(**(WHOLE | {missing: ""})), requested_country="us")
    assert [gap.field for gap in found.gaps] == [missing]
    with pytest.raises(TraceIncompleteError) as refusal:
        found.raise_if_incomplete()
    assert refusal.value.params["gaps"] == missing


def test_a_doubtful_field_costs_points_and_stops_nothing():
    found = completeness(FACTS, read(**(WHOLE | {"serial": "AB?4172"})), requested_country="us")
    assert found.is_enough
    assert 0 < found.score < 100


def test_an_erased_serial_asks_what_was_done_to_restore_it():
    erased = WHOLE | {"serial": "LIMADO", "state_confirmed": "erased"}
    with pytest.raises(RestorationMissingError):
        completeness(FACTS, read(**erased), requested_country="us").raise_if_incomplete()
    mended = read(**(erased | {"restoration": "ácido; sin resultado"}))
    assert completeness(FACTS, mended, requested_country="us").is_enough


def test_urgent_needs_a_reason():
    urgent = EventFacts("MXSON01", "C1", "X", "2026-11-01", "Hermosillo", is_urgent=True)
    with pytest.raises(UrgentUnjustifiedError):
        completeness(urgent, read(**WHOLE), requested_country="us").raise_if_incomplete()


def test_a_recovery_after_the_request_is_refused():
    check_dates(date(2026, 11, 1), date(2026, 11, 1))
    with pytest.raises(RecoveryAfterRequestError):
        check_dates(date(2026, 11, 2), date(2026, 11, 1))


def test_a_minor_possessor_is_recorded_only_under_protection():
    with pytest.raises(PossessorMinorError):
        check_possessor(date(2009, 11, 2), date(2026, 11, 1), is_protected=False)
    assert check_possessor(date(2009, 11, 2), date(2026, 11, 1), is_protected=True)
    assert not check_possessor(date(2008, 11, 1), date(2026, 11, 1), is_protected=False)


@pytest.mark.parametrize(
    ("text", "code"), [("EE.UU.", "us"), ("República Checa", "cz"), ("AT", "at"), ("Freedonia", "")]
)
def test_countries_are_read_in_both_languages(text, code):
    assert read_country(text) == code


@given(st.fixed_dictionaries({}, optional={name: st.text(max_size=80) for name in (*WHOLE, "importer", "markings")}))
@example({"serial": "straße"})
@example({"serial": "[", "calibre": "9"})
def test_reading_a_row_refuses_or_reads_and_never_fails_otherwise(typed):
    try:
        gun = TypedGun.of(typed)
    except ContraparteError:
        return
    found = read_gun(gun, requested_country="us")
    score = completeness(FACTS, found, requested_country="us").score
    assert 0 <= score <= 100
    assert all(isinstance(error, ContraparteError) for error in found.errors)
    assert bool(found.serial.searched) + bool(found.serial.state) <= 1
