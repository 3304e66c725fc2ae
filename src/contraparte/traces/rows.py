"""Rows from a pasted table or a file (CSV, XLSX), as plain texts by field; refuses what is no table."""

import csv
import io
from collections.abc import Iterable, Iterator
from typing import Final

from contraparte.books.rules.descriptions import compact
from contraparte.protocol.errors import RowsTooManyError, RowsUnreadableError

MAX_BYTES: Final = 2_000_000
MAX_ROWS: Final = 2000
MAX_UNPACKED: Final = 40_000_000  # bytes an XLSX may unfold to; a sheet of MAX_ROWS is far below

# Names of columns as forms and spreadsheets have them, in comparable form.
COLUMNS: Final = {
    "serial": "SERIAL|SERIE|NUMERODESERIE|NOSERIE|MATRICULA|SERIALNUMBER|NSERIE",
    "serial_place": "SERIALPLACE|UBICACIONDELASERIE",
    "maker": "MAKER|MARCA|MANUFACTURER|FABRICANTE|MAKE",
    "importer": "IMPORTER|IMPORTADOR|IMPORTADORA",
    "type": "TYPE|TIPO|TIPODEARMA",
    "model": "MODEL|MODELO",
    "calibre": "CALIBRE|CALIBER|CAL",
    "nominal_calibre": "NOMINALCALIBRE|CALIBRENOMINAL",
    "country": "COUNTRY|PAIS|ORIGEN|PAISDEORIGEN|COUNTRYOFORIGIN",
    "markings": "MARKINGS|MARCAS|OTRASMARCAS|ADDITIONALMARKINGS",
    "restoration": "RESTORATION|RESTAURACION",
    "state_confirmed": "STATECONFIRMED",
}
_BY_NAME: Final = {name: field for field, names in COLUMNS.items() for name in names.split("|")}


def read_table(text: str) -> list[dict[str, str]]:
    """Rows of a pasted table: tabs, semicolons or commas, the first line naming the columns.

    Raises RowsUnreadableError, RowsTooManyError.
    """
    if len(text) > MAX_BYTES:
        raise RowsUnreadableError(field="rows", reason="2 MB")
    if "\x00" in text:
        raise RowsUnreadableError(field="rows", reason="NUL")
    head = text.lstrip("\ufeff\r\n").split("\n", 1)[0]
    delimiter = max("\t;,", key=head.count)
    try:
        return _rows(csv.reader(io.StringIO(text.lstrip("\ufeff"), newline=""), delimiter=delimiter))
    except csv.Error as error:
        raise RowsUnreadableError(field="rows", reason=str(error)) from error


def read_file(name: str, data: bytes) -> list[dict[str, str]]:
    """Rows of an uploaded file: XLSX by its name, anything else as CSV in UTF-8 or cp1252."""
    if len(data) > MAX_BYTES:
        raise RowsUnreadableError(field="file", reason="2 MB")
    if name.lower().endswith(".xlsx"):
        return _rows(_cells(data))
    try:
        return read_table(data.decode("utf-8-sig"))
    except UnicodeDecodeError:
        return read_table(data.decode("cp1252", errors="replace"))


def _cells(data: bytes) -> Iterator[list[str]]:
    """The first sheet's cells as texts. Numbers are written in full: a serial of digits is no quantity."""
    from zipfile import BadZipFile, ZipFile

    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        with ZipFile(io.BytesIO(data)) as packed:
            if sum(part.file_size for part in packed.infolist()) > MAX_UNPACKED:
                raise RowsUnreadableError(field="file", reason="XLSX")
        book = load_workbook(io.BytesIO(data), read_only=True, data_only=True)
        sheet = book.worksheets[0]
        for row in sheet.iter_rows(max_row=MAX_ROWS + 2, max_col=40, values_only=True):
            yield [_as_text(value) for value in row]
    except (BadZipFile, InvalidFileException, KeyError, ValueError, IndexError, OSError) as error:
        raise RowsUnreadableError(field="file", reason="XLSX") from error


def _as_text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    return str(value)


def _rows(lines: Iterable[list[str]]) -> list[dict[str, str]]:
    header: list[str] | None = None
    rows: list[dict[str, str]] = []
    for line in lines:
        if not any(cell.strip() for cell in line):
            continue
        if header is None:
            header = [_BY_NAME.get(compact(cell), "") for cell in line]
            if "serial" not in header:
                raise RowsUnreadableError(field="rows", reason="")
            continue
        rows.append({name: cell.strip() for name, cell in zip(header, line, strict=False) if name})
        if len(rows) > MAX_ROWS:
            raise RowsTooManyError(count=len(rows), limit=MAX_ROWS)
    if not rows:
        raise RowsUnreadableError(field="rows", reason="")
    return rows
