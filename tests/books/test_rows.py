"""Rows of a book and the bytes of its file: what is taken, what is refused, and by which name."""

import csv
import io
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contraparte.books import reader
from contraparte.books.reader import MAX_LINE, chunks, logical_lines, probe
from contraparte.books.rules.columns import COLUMNS, Change, Row, RowReader, compare_rows
from contraparte.books.rules.dates import DateFormat, read_date
from contraparte.protocol.errors import (
    BookCellControlError,
    BookCellMissingError,
    BookCellTooLongError,
    BookDateAmbiguousError,
    BookDateUnreadableError,
    BookFileError,
    BookHeaderError,
    BookRowCellsError,
    BookRowOrderError,
    BookRowQuotesError,
    BookRowUnaddressedError,
    BookRowUndatedError,
    ContraparteError,
    SerialScientificError,
    SerialUnreadableError,
)

GOOD = {
    "manufacturer": "Glock, Inc.",
    "importer": "",
    "type": "pistol",
    "model": "G19",
    "caliber": "9x19",
    "country": "AT",
    "serial": "abc-123",
    "acquired_on": "2011-02-03",
    "acquired_from": "Wholesaler",
    "disposed_on": "2011-05-06",
    "disposed_to": "individual; 4473 A-1; José Peña",
}


def read(**changes: str) -> Row:
    row = {**GOOD, **changes}
    return RowReader(tuple(row)).read(list(row.values()))


def test_a_row_is_read_into_canonical_values_and_keeps_what_was_written() -> None:
    row = read()
    assert (row.serial, row.key, row.state) == ("abc-123", "ABC123", "")
    assert (row.acquired_on, row.disposed_on) == (date(2011, 2, 3), date(2011, 5, 6))
    assert row.made.manufacturer == "Glock, Inc."


def test_a_state_in_the_serial_is_kept_and_gives_no_key() -> None:
    row = read(serial="S/N")
    assert (row.serial, row.key, row.state) == ("S/N", "", "never_had")


@pytest.mark.parametrize(
    ("changes", "error", "field"),
    [
        ({"serial": ""}, BookCellMissingError, "serial"),
        ({"manufacturer": " "}, BookCellMissingError, "manufacturer"),
        ({"acquired_on": ""}, BookCellMissingError, "acquired_on"),
        ({"serial": "1.23E+05"}, SerialScientificError, "serial"),
        ({"serial": "AB_1"}, SerialUnreadableError, "serial"),
        ({"serial": "A\x00B"}, BookCellControlError, "serial"),
        ({"disposed_to": "a\x1bb"}, BookCellControlError, "disposed_to"),
        ({"model": "x" * 500}, BookCellTooLongError, "model"),
        ({"acquired_on": "03/04/2020"}, BookDateAmbiguousError, "acquired_on"),
        ({"acquired_on": "31/31/2020"}, BookDateUnreadableError, "acquired_on"),
        ({"acquired_on": "3/4/20"}, BookDateUnreadableError, "acquired_on"),
        ({"acquired_on": "0011-02-03"}, BookDateUnreadableError, "acquired_on"),
        ({"disposed_on": ""}, BookRowUndatedError, "disposed_on"),
        ({"disposed_to": ""}, BookRowUnaddressedError, "disposed_to"),
        ({"disposed_on": "2010-01-01"}, BookRowOrderError, "disposed_on"),
        ({"line_id": "9" * 65}, BookCellTooLongError, "line_id"),
    ],
)
def test_a_row_that_cannot_be_a_line_names_its_field(
    changes: dict[str, str], error: type[ContraparteError], field: str
) -> None:
    with pytest.raises(error) as refusal:
        read(**changes)
    assert refusal.value.params["field"] == field


def test_a_row_with_a_cell_too_many_is_refused() -> None:
    with pytest.raises(BookRowCellsError):
        RowReader(COLUMNS).read(["x"] * (len(COLUMNS) + 1))


def test_columns_come_in_any_order_and_unknown_ones_are_named() -> None:
    order = list(reversed([*COLUMNS, "Colour"]))
    made = RowReader(order)
    assert made.ignored == ("colour",)
    assert made.read([{**GOOD, "Colour": "black"}[name] for name in order]) == read()


@pytest.mark.parametrize("header", [("serial",), ("manufacturer", "acquired_on"), (*COLUMNS, "serial")])
def test_a_header_without_a_required_column_or_with_one_twice_is_refused(header: tuple[str, ...]) -> None:
    with pytest.raises(BookHeaderError):
        RowReader(header)


def test_a_date_that_can_be_read_one_way_only_needs_no_format() -> None:
    assert read_date("13/02/2020", None, "x") == read_date("02/13/2020", None, "x") == date(2020, 2, 13)
    assert read_date("05/05/2020", None, "x") == date(2020, 5, 5)
    assert read_date("03/04/2020", DateFormat.DMY, "x") == date(2020, 4, 3)
    assert read_date("03/04/2020", DateFormat.MDY, "x") == date(2020, 3, 4)
    assert read_date("20200403", None, "x") == date(2020, 4, 3)
    with pytest.raises(BookDateUnreadableError):
        read_date("03/04/2020", DateFormat.ISO, "x")


@given(st.text(max_size=40), st.sampled_from([None, *DateFormat]))
def test_any_text_is_a_date_or_a_named_refusal(text: str, form: DateFormat | None) -> None:
    try:
        assert read_date(text, form, "acquired_on").year >= 1850
    except ContraparteError as refusal:
        assert refusal.params["field"] == "acquired_on"


def test_the_same_row_changes_nothing_and_an_older_one_takes_no_disposition_away() -> None:
    sold, unsold = read(), read(disposed_on="", disposed_to="")
    assert sold.line_id == unsold.line_id
    assert compare_rows(sold, sold) is Change.NONE
    assert compare_rows(sold, unsold) is Change.NONE
    assert compare_rows(unsold, sold) is Change.DISPOSITION
    assert compare_rows(sold, read(model="G17")) is Change.CORRECTION
    assert compare_rows(sold, read(disposed_to="licence 1-86-013")) is Change.CORRECTION


@given(st.lists(st.text(max_size=30), min_size=11, max_size=12))
def test_any_cells_are_a_row_or_a_named_refusal(cells: list[str]) -> None:
    try:
        RowReader(COLUMNS).read(cells)
    except ContraparteError as refusal:
        assert refusal.code


# --- bytes -------------------------------------------------------------------------------------------------------


def write(folder: Path, data: bytes) -> reader.Probe:
    file = folder / "book.csv"
    file.write_bytes(data)
    return probe(file)


def table(rows: list[list[str]], delimiter: str = ",") -> str:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter).writerows(rows)
    return out.getvalue()


HEADER = list(COLUMNS)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_encoding_and_separator_are_found(tmp_path: Path, encoding: str, delimiter: str) -> None:
    text = table([HEADER, [*list(GOOD.values())[:-1], "Muñoz, José"]], delimiter)
    found = write(tmp_path, text.encode(encoding))
    assert found.header == tuple(HEADER)
    assert found.delimiter == delimiter
    assert "Muñoz" in "".join(text for chunk in chunks(found) for text in chunk.texts)


@pytest.mark.parametrize("data", [b"", b"\n\n", b"\xef\xbb\xbf", b"a\0b,c\n", b"x" * (MAX_LINE + 2)])
def test_what_is_no_table_is_refused(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(BookFileError):
        write(tmp_path, data)


def test_a_line_of_ten_megabytes_costs_its_own_row_only(tmp_path: Path) -> None:
    found = write(tmp_path, b"serial,x\nA1,1\n" + b"y" * 10_000_000 + b"\nA2,2\n")
    read_lines = list(logical_lines(found))
    assert [line.text.strip() for line in read_lines if line.error is None] == ["A1,1", "A2,2"]
    assert [type(line.error) for line in read_lines if line.error] == [BookCellTooLongError]
    assert read_lines[-1].end == found.size


def test_a_quote_that_is_never_closed_costs_its_own_row_only(tmp_path: Path) -> None:
    body = 'A1,"open\n' + "".join(f"B{number},x\n" for number in range(40))
    found = write(tmp_path, ("serial,x\n" + body).encode())
    made = list(chunks(found))
    assert [number for chunk in made for number, error in chunk.errors] == [2]
    assert isinstance(made[0].errors[0][1], BookRowQuotesError)
    assert sum(len(chunk.texts) for chunk in made) == 40


def test_a_line_break_between_quotes_stays_in_its_cell(tmp_path: Path) -> None:
    found = write(tmp_path, b'serial,x\nA1,"street\ncity"\nA2,b\n')
    (chunk,) = chunks(found)
    assert list(csv.reader(chunk.texts)) == [["A1", "street\ncity"], ["A2", "b"]]
    assert list(chunk.numbers) == [2, 4]


@settings(max_examples=300, deadline=None)
@given(
    data=st.one_of(st.binary(max_size=600), st.text('ab"\n;é', max_size=200).map(str.encode)), size=st.integers(8, 80)
)
def test_reading_can_go_on_at_the_end_of_any_chunk(
    data: bytes, size: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("bytes")
    found = write(folder, b"serial,x\n" + data)
    before, reader.CHUNK_BYTES = reader.CHUNK_BYTES, size  # type: ignore[misc]
    try:
        whole = list(chunks(found))
        offset, number, again = 0, 1, []
        while part := next(chunks(found, offset, number), None):
            again.append(part)
            offset, number = part.end, part.end_number
    finally:
        reader.CHUNK_BYTES = before  # type: ignore[misc]
    assert [chunk.texts for chunk in again] == [chunk.texts for chunk in whole]
    assert (whole[-1].end if whole else found.body) == found.size
    numbers = [number for chunk in whole for number in (*chunk.numbers, *(number for number, _ in chunk.errors))]
    assert len(numbers) == len(set(numbers))
