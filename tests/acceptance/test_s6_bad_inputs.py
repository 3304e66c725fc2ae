"""S6: each bad input is refused under its own name, in English and in Spanish, and changes nothing."""

import json
import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from contraparte.node.demo_cast import CENTRE, STATE_DESK
from tests.acceptance.trio import Trio, contraparte, read_rows, row_counts
from tests.acceptance.visitor import Visitor, typed_in

pytestmark = [pytest.mark.store, pytest.mark.timeout(900)]

GUN = {
    "serial": "361-58921", "maker": "Ruger", "type": "PISTOLA", "model": "SR9", "calibre": "9x19 mm", "country": "EUA",
    "importer": "",
}  # fmt: skip
EVENT = {
    "case_number": "CI-77/2026", "recovered_on": "2026-06-01", "place": "Hermosillo, Sonora", "region": "MX-SON",
    "requester_code": "MXSON0001", "crime_code": "LFAFE-83", "counterpart": CENTRE, "priority": "routine",
}  # fmt: skip


@dataclass(frozen=True)
class Bad:
    """What is typed in which field, and what must be said about it in each language: name of the field, fault."""

    field: str
    typed: str
    code: str
    en: tuple[str, str]
    es: tuple[str, str]
    blamed: str = ""

    def __str__(self) -> str:
        return f"{self.blamed or self.field}={self.typed}"


SERIAL = ("Serial", "Número de serie")
STATE = (
    "This says what became of the serial; it is not one.",
    "Esto dice qué pasó con el número de serie; no es un número.",
)
BARREL = ("This is a number from the barrel or slide.", "Es un número del cañón o de la corredera.")
MODEL = ("This is a model, not a serial.", "Es un modelo, no un número de serie.")
ALTERED = ("A spreadsheet has altered this serial.", "Una hoja de cálculo alteró este número de serie.")


def in_serial(typed: str, code: str, words: tuple[str, str]) -> Bad:
    return Bad("serial", typed, f"trace.serial.{code}", (SERIAL[0], words[0]), (SERIAL[1], words[1]))


ROWS = [
    Bad("country", "Austria", "trace.importer.missing",
        ("Importer", "A gun made abroad needs its importer."),
        ("Importador", "Un arma fabricada en el extranjero necesita su importador."), blamed="importer"),
    Bad("calibre", "9", "trace.caliber.ambiguous",
        ("Calibre", "This calibre names several cartridges."), ("Calibre", "Este calibre designa varios cartuchos.")),
    in_serial("CAÑON 5512345", "barrel_number", BARREL),
    in_serial("slide 5512345", "barrel_number", BARREL),
    in_serial("GLOCK 19", "is_model", MODEL),
    in_serial("SR9", "is_model", MODEL),
    in_serial("1.23E+05", "scientific", ALTERED),
    in_serial("LIMADO", "state", STATE),
    in_serial("SIN NÚMERO", "state", STATE),
    in_serial("ilegible", "state", STATE),
    in_serial("S/N", "state", STATE),
]  # fmt: skip

RECOVERIES = [
    Bad("recovered_on", "2999-01-01", "trace.recovery.after_request",
        ("Day of the recovery", "The recovery lies after the request."),
        ("Día de la recuperación", "La recuperación es posterior a la solicitud.")),
    Bad("possessor_born", "2012-05-05", "trace.possessor.minor",
        ("Possessor's date of birth", "The possessor was a minor."),
        ("Fecha de nacimiento de la persona poseedora", "La persona poseedora era menor de edad.")),
]  # fmt: skip


@pytest.fixture(scope="module")
def officer(traced: Trio) -> Visitor:
    """The officer of the state's firearms desk before the pages of the Mexican node."""
    return Visitor(traced.links("mx")["officer"])


@pytest.fixture(scope="module")
def event(traced: Trio) -> int:
    """A recovery of the state's desk."""
    rows = read_rows(traced.nodes["mx"], f"SELECT min(id) AS id FROM traces_event WHERE post_id = '{STATE_DESK}'")
    return int(rows[0]["id"])


@pytest.mark.parametrize("language", ["en", "es"])
@pytest.mark.parametrize("bad", ROWS, ids=str)
def test_a_bad_row_is_refused_by_name_kept_as_typed_and_changes_nothing(
    traced: Trio, officer: Visitor, event: int, bad: Bad, language: str
) -> None:
    officer.read_in(language)
    before = row_counts(traced.nodes["mx"])
    page = f"/traces/recoveries/{event}/"
    status, shown = officer.post(f"{page}rows/", {**GUN, "row_key": "bad-1", bad.field: bad.typed}, seen_on=page)
    assert status == 422
    name, fault = bad.en if language == "en" else bad.es
    assert f"{name}: {fault}" in shown
    assert bad.code in shown
    assert bad.typed in typed_in(shown, bad.field)
    assert re.search(rf'name="{bad.blamed or bad.field}"[^>]*aria-invalid="true"', shown), "the field is marked"
    for field, typed in GUN.items():
        if field != bad.field:
            assert typed in typed_in(shown, field), "what else was typed is kept"
    assert row_counts(traced.nodes["mx"]) == before


@pytest.mark.parametrize("language", ["en", "es"])
@pytest.mark.parametrize("bad", RECOVERIES, ids=str)
def test_a_bad_recovery_is_refused_beside_its_field_and_changes_nothing(
    traced: Trio, officer: Visitor, bad: Bad, language: str
) -> None:
    officer.read_in(language)
    before = row_counts(traced.nodes["mx"])
    status, shown = officer.post(
        "/traces/recoveries/new/", {**EVENT, bad.field: bad.typed}, seen_on="/traces/recoveries/new/"
    )
    assert status == 422
    label, fault = bad.en if language == "en" else bad.es
    assert re.search(rf'<label[^>]*for="id_{bad.field}"[^>]*>\s*{re.escape(label)}', shown)
    beside = re.search(rf'<div id="id_{bad.field}_error">(.*?)</div>', shown, re.DOTALL)
    assert beside and fault in beside[1]
    for field, typed in {**EVENT, bad.field: bad.typed}.items():
        assert f'value="{typed}"' in shown, f"{field} is kept"
    assert row_counts(traced.nodes["mx"]) == before


@pytest.mark.parametrize("language", ["en", "es"])
def test_pasted_rows_are_each_refused_by_name(traced: Trio, officer: Visitor, event: int, language: str) -> None:
    officer.read_in(language)
    before = row_counts(traced.nodes["mx"])
    page = f"/traces/recoveries/{event}/"
    table = "\n".join("\t".join(line) for line in [list(GUN), *([*(GUN | {b.field: b.typed}).values()] for b in ROWS)])
    status, shown = officer.post(f"{page}import/", {"rows": table}, seen_on=page)
    assert status == 200
    for bad in ROWS:
        assert (bad.en if language == "en" else bad.es)[1] in shown
    assert table in shown.replace("\r\n", "\n"), "what was pasted is kept"
    assert row_counts(traced.nodes["mx"]) == before


def test_a_file_of_bad_rows_is_refused_on_the_command_line(traced: Trio, event: int, tmp_path: Path) -> None:
    node = traced.nodes["mx"]
    before = row_counts(node)
    file = tmp_path / "guns.csv"
    lines = [",".join(GUN), *(",".join((GUN | {bad.field: bad.typed}).values()) for bad in ROWS)]
    file.write_text("\n".join(lines) + "\n", "utf-8")
    opened = read_rows(node, f"SELECT recorded_at FROM traces_event WHERE id = {event}")[0]["recorded_at"]
    reference = f"E-{str(opened)[2:4]}-{event:06d}"
    ran = contraparte(
        "trace", "import", file, "--as", "officer", "--post", STATE_DESK, "--event", reference, "--json", node=node
    )
    assert ran.returncode == 1, ran.stderr
    told = json.loads(ran.stdout)
    assert told["saved"] == 0
    assert [one["code"] for one in told["refused"]] == [bad.code for bad in ROWS]
    assert [one["title"] for one in told["refused"]] == [bad.en[1] for bad in ROWS]
    assert row_counts(node) == before
