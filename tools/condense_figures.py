"""Condense the public trace figures into the small tables the demo's world is drawn from.

    python tools/condense_figures.py [SOURCE] [TARGET]

SOURCE holds the files that `../shared/data/trace/README.md` describes, TARGET is the package's figures folder.
The tables are committed, so the package needs no SOURCE; run this again when the source files change.
Only business names leave: rows of individual licensees are summed under "(all other licensees)".
"""

import csv
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

HERE = Path(__file__).resolve().parent.parent
SOURCE = HERE.parent / "shared" / "data" / "trace"
TARGET = HERE / "src" / "contraparte" / "node" / "world" / "figures"

CALIBRES = ("cal_22", "cal_25", "cal_32", "cal_357mag", "cal_38spl", "cal_380", "cal_9mm", "cal_44mag", "cal_50")
MAKERS_KEPT = 40
COUNTIES_KEPT = 15
OTHERS = "(all other licensees)"
INDIVIDUAL = "(individual licensee)"
PERIOD = "2022-2023"
# How the source prints the four states it names, and the states' codes.
STATE_CODES = {"Texas": "TX", "Arizona": "AZ", "California": "CA", "New Mexico": "NM"}
RECOVERY_CODES = {
    "Sonora": "MX-SON",
    "Tamaulipas": "MX-TAM",
    "Nuevo Leon": "MX-NLE",
    "Guanajuato": "MX-GUA",
    "Chihuahua": "MX-CHH",
}


def read(path: Path) -> Iterator[dict[str, str]]:
    """Rows of a UTF-8 CSV with a header."""
    with path.open(encoding="utf-8", newline="") as handle:
        yield from csv.DictReader(handle)


def write(path: Path, header: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> int:
    """Write rows under a header; gives how many."""
    count = 0
    with path.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.writer(handle, lineterminator="\n")
        writer.writerow(header)
        for row in rows:
            writer.writerow(row)
            count += 1
    return count


def condense_makers(source: Path, target: Path) -> int:
    """AFMER 2020–2024 summed by licensee, flow, type and calibre class; the largest makers by name, the rest together.

    Calibres are printed for pistols and revolvers only; for other types, and where a row's calibres do not add up
    to its total, the difference stands under the class `not_stated`. So the sum over classes is the printed total.
    """
    sums: dict[tuple[str, str, str], Counter[str]] = defaultdict(Counter)
    made: Counter[str] = Counter()
    for row in read(source / "afmer_2020_2024_by_licensee.csv"):
        name, total = row["licensee_name"], int(row["total"] or 0)
        stated = {calibre: int(row[calibre] or 0) for calibre in CALIBRES}
        cell = sums[name, row["flow"], row["firearm_type"]]
        cell.update(stated)
        cell["not_stated"] += total - sum(stated.values())
        if row["flow"] == "manufactured" and name != INDIVIDUAL:
            made[name] += total
    kept = {name for name, _ in made.most_common(MAKERS_KEPT)}
    merged: dict[tuple[str, str, str], Counter[str]] = defaultdict(Counter)
    for (name, flow, kind), cell in sums.items():
        merged[name if name in kept else OTHERS, flow, kind].update(cell)
    rows = (
        (name, flow, kind, calibre, count)
        for (name, flow, kind), cell in sorted(merged.items())
        for calibre, count in sorted(cell.items())
        if count
    )
    header = ("licensee", "flow", "firearm_type", "calibre_class", "count_2020_2024")
    return write(target / "makers.csv", header, rows)


def condense_dealers(source: Path, target: Path) -> int:
    """Dealers by county 2022: the largest counties of each state by name, the rest of the state together."""
    states: dict[str, list[tuple[str, str, int]]] = defaultdict(list)
    for row in read(source / "ffl_dealers_by_county_2022.csv"):
        states[row["state"]].append((row["fips"], _mended(row["county"]), int(row["ffl_dealer_count"])))
    rows: list[tuple[object, ...]] = []
    for state, counties in sorted(states.items()):
        counties.sort(key=lambda county: (-county[2], county[0]))
        rows += [(state, fips, name, count) for fips, name, count in counties[:COUNTIES_KEPT]]
        rest = sum(count for _, _, count in counties[COUNTIES_KEPT:])
        if rest:
            rows.append((state, "", "(all other counties)", rest))
    return write(target / "dealers.csv", ("state", "fips", "county", "dealers_2022"), rows)


def _mended(name: str) -> str:
    """Undo the double encoding of a few names in the source ("DoÃ±a Ana")."""
    try:
        return name.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return name


def condense_mexico(source: Path, target: Path) -> int:
    """What is published of guns recovered in Mexico: source states, routes, types, and how far a trace gets."""
    kept = []
    for row in read(source / "mexico_trace_figures.csv"):
        measure, value, period = row["measure"], row["value"], row["period"]
        origin = row["source"]
        if period == PERIOD and measure.startswith("source state "):
            kept.append(("source_state", STATE_CODES[measure.removeprefix("source state ")], "", value, period, origin))
        elif period == PERIOD and measure.startswith("route "):
            start, _, end = measure.removeprefix("route ").partition("-")
            kept.append(("route", STATE_CODES[start], RECOVERY_CODES[end], value, period, origin))
        elif period == "2012-2017" and measure.startswith("type "):
            kept.append(("type_percent", measure.split()[1], "", value, period, origin))
        elif period == PERIOD and measure == "share traced to purchaser (%)":
            kept.append(("purchaser_percent", "", "", value, period, origin))
        elif period == PERIOD and measure.startswith("time-to-crime Mexico"):
            kept.append(("time_to_crime_years", "", "", value, period, origin))
        elif period == "2024" and measure in ("Mexico submitted for tracing", "US sourced"):
            kept.append(("submitted" if "submitted" in measure else "us_sourced", "", "", value, period, origin))
    header = ("measure", "source", "recovery", "value", "period", "origin")
    return write(target / "mexico.csv", header, kept)


def condense_types(source: Path, target: Path) -> int:
    """First character of the NCIC type code and its meaning."""
    rows = ((row["code"], row["meaning"]) for row in read(source / "ncic_gun_type_codes.csv"))
    return write(target / "types.csv", ("code", "meaning"), rows)


def main(arguments: list[str]) -> None:
    """Write the four tables and say how many rows each holds."""
    source = Path(arguments[0]) if arguments else SOURCE
    target = Path(arguments[1]) if len(arguments) > 1 else TARGET
    target.mkdir(parents=True, exist_ok=True)
    for condense in (condense_makers, condense_dealers, condense_mexico, condense_types):
        sys.stdout.write(f"{condense.__name__}: {condense(source, target)} rows\n")


if __name__ == "__main__":
    main(sys.argv[1:])
