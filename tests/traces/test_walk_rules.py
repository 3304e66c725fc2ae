"""The walk over custodians: every step and every dead end follows from what is known."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contraparte.protocol.errors import RecoveryBeforeSaleError
from contraparte.traces.rules.codes import DECLINE_CODES, RULES, ResultCode
from contraparte.traces.rules.disposals import Disposal, DisposalKind, read_disposal, read_purchaser
from contraparte.traces.rules.time_to_crime import Band, band_of, time_to_crime
from contraparte.traces.rules.walk import (
    MAX_HOPS,
    AskCount,
    AskCountry,
    Asked,
    AskLink,
    Call,
    Conclude,
    Custodian,
    Finders,
    HopView,
    Reach,
    Role,
    after_count,
    after_link,
    begin,
    retail_sales,
)

MAKER = Custodian("us.maker", "us.maker/records", Reach.NODE, Role.MAKER)
IMPORTER = Custodian("us.importer", "us.importer/records", Reach.NODE, Role.IMPORTER)
DEALER = Custodian("us.dealer", "us.dealer/counter", Reach.NODE)
SHUT = Custodian("us.shut", "", Reach.CLOSED)
PHONE = Custodian("us.phone", "", Reach.CALL)
BY_LICENCE = {c.licence: c for c in (DEALER, SHUT, PHONE)}
FIND = Finders(
    maker={"Ruger": MAKER}.get,
    importer={"Glock Inc": IMPORTER}.get,
    licence=BY_LICENCE.get,
    country={"ca": "ca.centre/traces"}.get,
)
GUN = Asked("Ruger", "", "us", "", 7, False)
SOLD = Disposal(DisposalKind.INDIVIDUAL, date(2019, 5, 2))


def chain(*disposals, licence="us.dealer"):
    return [HopView("us.maker", Role.MAKER), HopView(licence, Role.LICENSEE, disposals)]


@pytest.mark.parametrize(
    ("changes", "step"),
    [
        ({}, AskCount(MAKER)),
        ({"country": "at", "maker": "Glock", "importer": "Glock Inc"}, AskCount(IMPORTER)),
        ({"country": "at", "importer": ""}, Conclude(ResultCode.NOT_IMPORTED_HERE)),
        ({"country": "at", "importer": "Nobody"}, Conclude(ResultCode.LICENSEE_UNKNOWN)),
        ({"maker": "Nobody"}, Conclude(ResultCode.LICENSEE_UNKNOWN)),
        ({"serial_state": "erased"}, Conclude(ResultCode.SERIAL_OBLITERATED)),
        ({"serial_state": "unread"}, Conclude(ResultCode.SERIAL_PARTIAL)),
        ({"serial_state": "never_had"}, Conclude(ResultCode.RECORD_TOO_OLD)),
        ({"known_characters": 2}, Conclude(ResultCode.SERIAL_PARTIAL)),
        ({"is_privately_made": True}, Conclude(ResultCode.PRIVATELY_MADE)),
    ],
)
def test_the_first_step_follows_from_the_description(changes, step):
    fields = {name: getattr(GUN, name) for name in GUN.__slots__} | changes
    assert begin(Asked(**fields), FIND, home_country="us") == step


@pytest.mark.parametrize(
    ("role", "count", "unread", "step"),
    [
        (Role.MAKER, 1, False, AskLink()),
        (Role.LICENSEE, 7, True, AskLink()),
        (Role.MAKER, 0, False, Conclude(ResultCode.SERIAL_INVALID_FOR_MAKER)),
        (Role.MAKER, 0, True, Conclude(ResultCode.SERIAL_PARTIAL)),
        (Role.IMPORTER, 0, False, Conclude(ResultCode.NOT_IMPORTED_HERE)),
        (Role.LICENSEE, 0, False, Conclude(ResultCode.NO_RECORD)),
    ],
)
def test_a_count_leads_to_the_link_or_to_a_result(role, count, unread, step):
    assert after_count(role, count, has_unread=unread) == step


@pytest.mark.parametrize(
    ("disposals", "step"),
    [
        ([SOLD], Conclude(ResultCode.PURCHASER_IDENTIFIED)),
        ([Disposal(DisposalKind.GOVERNMENT)], Conclude(ResultCode.GOVERNMENT_SALE)),
        ([Disposal(DisposalKind.STOLEN)], Conclude(ResultCode.REPORTED_STOLEN)),
        ([Disposal(DisposalKind.RECORD_LOST)], Conclude(ResultCode.RECORD_LOST)),
        ([Disposal(DisposalKind.IN_STOCK)], Conclude(ResultCode.STILL_IN_INVENTORY)),
        ([Disposal(DisposalKind.FOREIGN, country="py")], Conclude(ResultCode.EXPORTED_FOREIGN_SALE)),
        ([Disposal(DisposalKind.FOREIGN, country="ca")], AskCountry("ca", "ca.centre/traces")),
        ([Disposal(DisposalKind.LICENSEE, licence="us.dealer")], Conclude(ResultCode.NO_RECORD)),
        ([Disposal(DisposalKind.LICENSEE, licence="us.shut")], Conclude(ResultCode.OUT_OF_BUSINESS_SEARCHING)),
        ([Disposal(DisposalKind.LICENSEE, licence="us.phone")], Call(PHONE)),
        ([Disposal(DisposalKind.LICENSEE, licence="us.other")], Conclude(ResultCode.LICENSEE_UNKNOWN)),
        ([], Conclude(ResultCode.NO_RECORD)),
    ],
)
def test_the_last_disposition_decides_where_the_walk_goes_on(disposals, step):
    assert after_link(chain(*disposals), FIND, purchaser_known=True) == step


def test_an_individual_without_a_name_is_on_the_form():
    step = after_link(chain(SOLD), FIND, purchaser_known=False)
    assert step == Conclude(ResultCode.PURCHASER_ON_4473)


def test_first_and_last_retail_sale_are_told_apart_after_a_trade_in():
    again = Disposal(DisposalKind.INDIVIDUAL, date(2022, 1, 9))
    sales = retail_sales(chain(again, SOLD))
    assert (sales.first, sales.last) == (date(2019, 5, 2), date(2022, 1, 9))


def test_a_walk_that_comes_back_to_a_book_ends():
    back = [*chain(Disposal(DisposalKind.LICENSEE, licence="us.maker"))]
    assert after_link(back, FIND, purchaser_known=False) == Conclude(ResultCode.NO_RECORD)


def test_no_walk_is_longer_than_its_bound():
    long = [HopView(f"us.w{i}", Role.LICENSEE) for i in range(MAX_HOPS - 1)]
    last = HopView("us.end", Role.LICENSEE, (Disposal(DisposalKind.LICENSEE, licence="us.dealer"),))
    assert after_link([*long, last], FIND, purchaser_known=False) == Conclude(ResultCode.NO_RECORD)


disposals = st.builds(
    Disposal,
    kind=st.sampled_from(DisposalKind),
    disposed_on=st.none() | st.dates(),
    licence=st.sampled_from(["", "us.dealer", "us.shut", "us.phone", "us.maker"]),
    country=st.sampled_from(["", "ca", "py"]),
)


@given(st.lists(disposals, max_size=6), st.booleans())
def test_every_answer_has_a_next_step(lines, known):
    step = after_link(chain(*lines, licence="us.last"), FIND, purchaser_known=known)
    assert isinstance(step, AskCount | AskLink | AskCountry | Call | Conclude)


@pytest.mark.parametrize(
    ("cell", "kind", "licence", "country"),
    [
        ("", DisposalKind.IN_STOCK, "", ""),
        ("Saguaro Bend Outfitters (us.dealer-az-013-002)", DisposalKind.LICENSEE, "us.dealer-az-013-002", ""),
        ("us.dealer-az-1", DisposalKind.LICENSEE, "us.dealer-az-1", ""),
        ("1-23-456-07-8a-12345", DisposalKind.LICENSEE, "1-23-456-07-8A-12345", ""),
        ("Police Supply Inc 1-23-456-01-8A-12345", DisposalKind.LICENSEE, "1-23-456-01-8A-12345", ""),
        ("individual; 4473 AZ-1; Talvo Brenmark", DisposalKind.INDIVIDUAL, "", ""),
        ("Individual", DisposalKind.INDIVIDUAL, "", ""),
        ("government; Calder Flats Patrol", DisposalKind.GOVERNMENT, "", ""),
        ("export; PY; Comercial Yvoty", DisposalKind.FOREIGN, "", "py"),
        ("exported to MX", DisposalKind.FOREIGN, "", "mx"),
        ("record lost; ledger stolen 2014-08-19", DisposalKind.RECORD_LOST, "", ""),
        ("stolen 2011", DisposalKind.STOLEN, "", ""),
        ("see other book", DisposalKind.UNREADABLE, "", ""),
    ],
)
def test_a_book_cell_is_read_as_where_the_gun_went(cell, kind, licence, country):
    found = read_disposal(cell, date(2020, 1, 1))
    assert (found.kind, found.licence, found.country) == (kind, licence, country)


@given(st.text(max_size=60))
def test_any_cell_is_read_as_something(cell):
    assert read_disposal(cell, None).kind in DisposalKind


def test_the_purchaser_is_read_from_the_last_line():
    assert read_purchaser("individual; 4473 AZ-1; Talvo Brenmark") == type(read_purchaser(""))("Talvo Brenmark", "AZ-1")
    assert read_purchaser("individual").name == ""


@given(st.dates(), st.integers(0, 20000))
def test_time_to_crime_is_whole_days_and_falls_in_a_band(sold, days):
    try:
        recovered = sold + timedelta(days=days)
    except OverflowError:
        return
    assert time_to_crime(sold, recovered) == days
    assert band_of(days) in Band


def test_a_gun_recovered_before_its_sale_is_refused():
    with pytest.raises(RecoveryBeforeSaleError):
        time_to_crime(date(2020, 1, 2), date(2020, 1, 1))


@pytest.mark.parametrize(
    ("days", "band"),
    [(0, Band.UNDER_3_MONTHS), (90, Band.UNDER_3_MONTHS), (91, Band.MONTHS_3_TO_7), (364, Band.MONTHS_7_TO_12),
     (365, Band.YEARS_1_TO_2), (1094, Band.YEARS_2_TO_3), (1095, Band.YEARS_3_AND_MORE)],
)  # fmt: skip
def test_bands_meet_without_a_hole(days, band):
    assert band_of(days) is band


def test_every_result_code_has_its_rule():
    assert set(RULES) == set(ResultCode)
    assert set(ResultCode) > DECLINE_CODES
