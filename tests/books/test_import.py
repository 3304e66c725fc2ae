"""Books come in once, whole, and can be interrupted anywhere; corrections keep what was there."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from contraparte.books import actions, reader
from contraparte.books.actions import append_lines, import_file, load_lines
from contraparte.books.index import folder_of, reader_of, rebuild
from contraparte.books.models import Book, Import, ImportRefusal, Line
from contraparte.books.rules.dates import DateFormat
from contraparte.books.search import Inquiry, look_up
from contraparte.protocol.errors import BookFileError, BookHeaderError
from tests.books.conftest import NOW
from tests.books.guns import guns
from tests.books.test_rows import GOOD, HEADER, table

pytestmark = pytest.mark.django_db


def gun(serial: str, **changes: str) -> dict[str, str]:
    return {**GOOD, "serial": serial, **changes}


def file_of(folder: Path, *rows: Mapping[str, str], encoding: str = "utf-8", delimiter: str = ",") -> Path:
    names = [*HEADER, "line_id"] if any("line_id" in row for row in rows) else HEADER
    path = folder / "book.csv"
    path.write_bytes(
        table([names, *([row.get(name, "") for name in names] for row in rows)], delimiter).encode(encoding)
    )
    return path


def bring(book: Book, path: Path, **options: Any) -> Import:
    return import_file(book, path, by="test", now=NOW, **options)


def stored(book: Book) -> list[tuple[str, str, bool]]:
    return list(Line.objects.filter(book=book).order_by("id").values_list("serial", "disposed_to", "is_current"))


def counts(origin: Import) -> tuple[int, int, int, int, int]:
    return origin.added, origin.completed, origin.corrected, origin.unchanged, origin.refused


def test_the_same_file_again_adds_nothing(book: Book, tmp_path: Path) -> None:
    path = file_of(tmp_path, gun("A1000"), gun("A1001"))
    assert counts(bring(book, path)) == (2, 0, 0, 0, 0)
    assert counts(bring(book, path)) == (0, 0, 0, 2, 0)
    assert Line.objects.filter(book=book).count() == Book.objects.get(pk=book.pk).lines == 2


def test_the_same_row_twice_in_one_file_is_one_line(book: Book, tmp_path: Path) -> None:
    unsold = gun("A1000", disposed_on="", disposed_to="")
    origin = bring(book, file_of(tmp_path, unsold, gun("A1000"), gun("A1000"), unsold))
    assert counts(origin) == (1, 1, 0, 2, 0)
    assert stored(book) == [("A1000", GOOD["disposed_to"], True)]


def test_a_later_disposition_completes_its_line_and_an_older_file_does_not_undo_it(book: Book, tmp_path: Path) -> None:
    unsold = file_of(tmp_path, gun("A1000", disposed_on="", disposed_to=""))
    bring(book, unsold)
    (tmp_path / "later").mkdir()
    assert counts(bring(book, file_of(tmp_path / "later", gun("A1000")))) == (0, 1, 0, 0, 0)
    assert counts(bring(book, unsold)) == (0, 0, 0, 1, 0)
    assert stored(book) == [("A1000", GOOD["disposed_to"], True)]


def test_a_correction_keeps_the_old_line_and_the_old_file_does_not_bring_it_back(book: Book, tmp_path: Path) -> None:
    old = file_of(tmp_path, gun("A1000"))
    bring(book, old)
    (tmp_path / "new").mkdir()
    origin = bring(book, file_of(tmp_path / "new", gun("A1000", model="G17")))
    assert counts(origin) == (0, 0, 1, 0, 0)
    assert counts(bring(book, old)) == (0, 0, 0, 1, 0)
    first, second = Line.objects.filter(book=book).order_by("id")
    assert (first.is_current, second.is_current, second.supersedes_id) == (False, True, first.pk)
    assert (first.description.model, second.description.model) == ("G19", "G17")
    assert [candidate.model for candidate in look_up([book], Inquiry.read("A1000")).candidates] == ["G17"]


def test_the_custodians_own_number_lets_a_serial_be_corrected(book: Book) -> None:
    first = append_lines(book, [gun("A1000", line_id="7")])
    again = append_lines(book, [gun("A1000", line_id="7")])
    mended = append_lines(book, [gun("A1008", line_id="7")])
    assert (first.counts.added, again.counts.unchanged, mended.counts.corrected) == (1, 1, 1)
    assert stored(book) == [("A1000", GOOD["disposed_to"], False), ("A1008", GOOD["disposed_to"], True)]


def test_two_guns_of_one_serial_and_two_makers_are_two_lines(book: Book, tmp_path: Path) -> None:
    origin = bring(book, file_of(tmp_path, gun("A1000"), gun("A1000", manufacturer="Colt")))
    assert counts(origin) == (2, 0, 0, 0, 0)


def test_refused_rows_are_reported_and_the_rest_is_taken(book: Book, tmp_path: Path) -> None:
    path = file_of(
        tmp_path, gun("A1000"), gun("1.23E+05"), gun("A1001", acquired_on="03/04/2011"), gun("A1002", disposed_on=""),
        gun("A1003", disposed_to="x\x07José"), gun("S/N"), gun("LIMADO", acquired_on="2011-02-04"),
    )  # fmt: skip
    origin = bring(book, path)
    assert counts(origin) == (3, 0, 0, 0, 4)
    assert list(ImportRefusal.objects.filter(origin=origin).values_list("row", "field", "code", "read")) == [
        (3, "serial", "trace.serial.scientific", "1.23E+05"),
        (4, "acquired_on", "books.date.ambiguous", "03/04/2011"),
        (5, "disposed_on", "books.row.undated", ""),
        (6, "disposed_to", "books.row.control", ""),
    ]


def test_naming_the_format_of_dates_brings_in_what_was_refused(book: Book, tmp_path: Path) -> None:
    path = file_of(tmp_path, gun("A1000"), gun("A1001", acquired_on="03/04/2011", disposed_on="13/05/2011"))
    assert counts(bring(book, path)) == (1, 0, 0, 0, 1)
    assert counts(bring(book, path, dates=DateFormat.DMY)) == (1, 0, 0, 1, 0)
    assert Line.objects.get(serial="A1001").acquired_on.isoformat() == "2011-04-03"


@pytest.mark.parametrize(("encoding", "delimiter"), [("cp1252", ";"), ("utf-8-sig", ","), ("utf-8", "\t")])
def test_names_with_accents_survive_every_encoding(book: Book, tmp_path: Path, encoding: str, delimiter: str) -> None:
    bring(
        book,
        file_of(tmp_path, gun("A1000", disposed_to="individual; Núñez, Íñigo"), encoding=encoding, delimiter=delimiter),
    )
    assert stored(book) == [("A1000", "individual; Núñez, Íñigo", True)]


def test_a_file_that_is_no_book_changes_nothing(book: Book, tmp_path: Path) -> None:
    for data, error in ((b"", BookFileError), (b"a,b\n1,2\n", BookHeaderError)):
        (tmp_path / "x.csv").write_bytes(data)
        with pytest.raises(error):
            bring(book, tmp_path / "x.csv")
    assert not Import.objects.exists()


@pytest.fixture
def small_chunks() -> Any:
    """A file is read a few rows at a time."""
    before, reader.CHUNK_BYTES = reader.CHUNK_BYTES, 400  # type: ignore[misc]
    yield
    reader.CHUNK_BYTES = before  # type: ignore[misc]


class Killed(BaseException):
    """Stands for `kill -9`: nothing catches it."""


@pytest.mark.parametrize("after", range(1, 6))
def test_an_import_goes_on_where_it_was_killed(book: Book, tmp_path: Path, small_chunks: None, after: int) -> None:
    path = file_of(tmp_path, *(gun(f"A{number}") for number in range(1000, 1040)))
    told: list[int] = []

    def die(done: int, total: int) -> None:
        told.append(done)
        if len(told) == after:
            raise Killed

    with pytest.raises(Killed):
        bring(book, path, progress=die)
    half = Line.objects.filter(book=book).count()
    assert 0 < half < 40
    origin = bring(book, path)
    assert counts(origin) == (40, 0, 0, 0, 0)
    assert origin.state == Import.State.DONE
    assert Import.objects.count() == 1
    assert Line.objects.filter(book=book).count() == 40
    assert reader_of(book).reach == Line.objects.filter(book=book).latest("id").pk


def test_an_index_that_is_behind_or_gone_is_caught_up_by_the_next_search(
    book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = list(guns(60))
    load_lines(book, rows[:30])
    with monkeypatch.context() as killed:
        killed.setattr(actions.index, "catch_up", lambda book: 0)
        load_lines(book, rows[30:])
    assert look_up([book], Inquiry.read(rows[-1].serial)).candidates[0].serial == rows[-1].serial
    for file in folder_of(book).iterdir():
        file.unlink()
    assert look_up([book], Inquiry.read(rows[0].serial)).candidates[0].serial == rows[0].serial
    assert rebuild(book) == 60


def test_the_index_of_another_history_of_the_database_is_thrown_away(book: Book) -> None:
    rows = list(guns(30))
    load_lines(book, rows)
    Line.objects.filter(book=book, serial__in=[row.serial for row in rows[20:]]).delete()
    book.last_line = Line.objects.filter(book=book).latest("id").pk
    book.save()
    assert look_up([book], Inquiry.read(rows[0].serial)).candidates[0].serial == rows[0].serial
    assert reader_of(book).reach == book.last_line


def test_a_search_sees_what_another_writer_appends(book: Book) -> None:
    rows = list(guns(40))
    for row in rows:
        load_lines(book, [row])
        assert look_up([book], Inquiry.read(row.serial)).candidates[0].serial == row.serial


def test_no_persons_name_is_in_the_index(book: Book, tmp_path: Path) -> None:
    bring(book, file_of(tmp_path, *(gun(f"A{number}") for number in range(1000, 1100))))
    told = {field: reader_of(book).terms(field, 10_000) for field in "frg"}
    assert "41042" in told["f"]  # the serial A1042, folded
    assert set("".join(term for terms in told.values() for term in terms)) <= set("^$0123456789")
    stored = {field["name"] for field in json.loads((folder_of(book) / "meta.json").read_text())["schema"]}
    assert stored == set("frgabcdi")


def test_appending_refuses_line_by_line(book: Book) -> None:
    appended = append_lines(book, [gun("A1000", line_id="1"), gun("", line_id="2"), gun("A1002", line_id="3")])
    assert appended.counts.added == 2
    assert [(position, error.code) for position, error in appended.refusals] == [(1, "books.row.missing")]
