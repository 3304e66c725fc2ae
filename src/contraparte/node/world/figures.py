"""The real figures the demo's world is drawn from, read from the tables in `figures/` (see the README there)."""

import csv
from collections import Counter
from collections.abc import Iterator
from functools import cache
from importlib import resources

OTHER_COUNTIES = "(all other counties)"


def rows(table: str) -> Iterator[dict[str, str]]:
    """Rows of `figures/<table>.csv` as dictionaries."""
    file = resources.files(__package__) / "figures" / f"{table}.csv"
    yield from csv.DictReader(file.read_text("utf-8").splitlines())


@cache
def volumes(licensee: str, flow: str = "manufactured") -> Counter[tuple[str, str]]:
    """Guns of a licensee in 2020–2024 by (firearm type, calibre class), as AFMER prints them."""
    found: Counter[tuple[str, str]] = Counter()
    for row in rows("makers"):
        if row["licensee"] == licensee and row["flow"] == flow:
            found[row["firearm_type"], row["calibre_class"]] += int(row["count_2020_2024"])
    return found


def export_share(licensee: str) -> float:
    """Share of a maker's guns that were exported in 2020–2024, 0 to 1."""
    made = sum(volumes(licensee).values())
    return sum(volumes(licensee, "exported").values()) / made if made else 0.0


@cache
def dealers_by_county(state: str) -> tuple[tuple[str, str, int], ...]:
    """(fips, county, dealers in 2022) of a state's largest counties, largest first."""
    found = [
        (row["fips"], row["county"], int(row["dealers_2022"]))
        for row in rows("dealers")
        if row["state"] == state and row["county"] != OTHER_COUNTIES
    ]
    return tuple(sorted(found, key=lambda county: (-county[2], county[0])))


@cache
def dealers_by_state() -> Counter[str]:
    """Dealers in 2022 by state, all counties."""
    found: Counter[str] = Counter()
    for row in rows("dealers"):
        found[row["state"]] += int(row["dealers_2022"])
    return found


@cache
def mexico(measure: str) -> dict[tuple[str, str], float]:
    """Published figures on guns recovered in Mexico: (source, recovery) → value, for one measure."""
    return {
        (row["source"], row["recovery"]): float(row["value"]) for row in rows("mexico") if row["measure"] == measure
    }


@cache
def source_weights(recovery: str = "MX-SON") -> dict[str, float]:
    """Relative weight of each US source state for guns recovered in one Mexican state.

    A published route counts as printed. For a pair without one the documented default is the state's national
    figure less its published routes, spread evenly over the 32 states (no figure exists). States without any
    figure share, by their number of dealers, as much as the smallest state that has one.
    """
    national = {source: value for (source, _), value in mexico("source_state").items()}
    routes = mexico("route")
    weights: dict[str, float] = {}
    for source, total in national.items():
        published = {end: count for (start, end), count in routes.items() if start == source}
        weights[source] = published.get(recovery, (total - sum(published.values())) / (32 - len(published)))
    dealers = {state: count for state, count in dealers_by_state().items() if state not in national and count}
    smallest, every = min(weights.values()), sum(dealers.values())
    weights.update({state: smallest * count / every for state, count in dealers.items()})
    return weights
