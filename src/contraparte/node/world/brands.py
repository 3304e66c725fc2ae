"""The makers of this world: real brands with the volumes they reported, invented numbering.

Names of licensees and volumes come from `figures/makers.csv`. `brands.csv` lists the brands; those of imported guns,
models and calibres are common knowledge and were not read at a source: `VERIFIED` says so. Serial formats are invented.
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources

from contraparte.node.world import figures
from contraparte.node.world.serials import SerialFormat

VERIFIED = False


@dataclass(frozen=True)
class Model:
    """One model: its name, its type as books write it, and the key of its calibre in `wording.CALIBRES`."""

    name: str
    kind: str
    calibre: str


@dataclass(frozen=True)
class Brand:
    """A maker's mark: how it is written in books and by officers, where it is made, how its guns are numbered."""

    key: str
    name: str
    spellings: tuple[str, ...]
    country: str
    format: SerialFormat
    models: tuple[Model, ...]
    licensees: tuple[str, ...] = ()

    @property
    def is_imported(self) -> bool:
        """Made outside the US; its guns enter through an importer, whose mark they bear."""
        return self.country != "US"


def _read() -> Iterator[Brand]:
    """Brands as `brands.csv` lists them: models as `name|type|calibre`, several parted by semicolons."""
    file = resources.files(__package__) / "brands.csv"
    for row in csv.DictReader(file.read_text("utf-8").splitlines()):
        yield Brand(
            key=row["key"],
            name=row["name"],
            spellings=tuple(row["spellings"].split("|")),
            country=row["country"],
            format=SerialFormat(
                row["prefix"],
                int(row["letters"]),
                int(row["digits"]),
                row["separator"],
                row["suffix"],
                check=bool(row["check"]),
            ),
            models=tuple(Model(*part.strip().split("|")) for part in row["models"].split(";")),
            licensees=tuple(name.strip() for name in row["licensees"].split(";") if name),
        )


BRANDS: tuple[Brand, ...] = tuple(_read())
BY_KEY = {brand.key: brand for brand in BRANDS}

# No table of imports was found: a documented default, as a share of all guns of this world.
IMPORTED_SHARE = 0.22
# The calibre classes AFMER prints for pistols and revolvers that each calibre falls into.
CLASSES = {
    "22lr": "cal_22", "380": "cal_380", "9mm": "cal_9mm", "38super": "cal_9mm", "45": "cal_50", "40": "cal_50",
    "10mm": "cal_50", "38spl": "cal_38spl", "357": "cal_357mag", "44": "cal_44mag",
}  # fmt: skip


def model_weights(brand: Brand) -> list[float]:
    """How often each model of a maker occurs: its reported volume of that type and calibre, shared by the models.

    Rifles and shotguns report no calibre, so their models share the type's volume; imported brands share evenly.
    """
    if brand.is_imported:
        return [1.0] * len(brand.models)
    volumes: dict[tuple[str, str], float] = {}
    for licensee in brand.licensees:
        for cell, count in figures.volumes(licensee).items():
            volumes[cell] = volumes.get(cell, 0) + count

    def cell_of(model: Model) -> tuple[str, str]:
        calibre = CLASSES[model.calibre] if model.kind in ("pistol", "revolver") else "not_stated"
        return model.kind, calibre

    cells = [cell_of(model) for model in brand.models]
    return [max(volumes.get(cell, 0), 1) / cells.count(cell) for cell in cells]


def brand_weights() -> list[float]:
    """Share of each brand among all guns, summing to 1; imported brands share `IMPORTED_SHARE` evenly."""
    made = [sum(sum(figures.volumes(name).values()) for name in brand.licensees) for brand in BRANDS]
    abroad = sum(brand.is_imported for brand in BRANDS)
    return [
        IMPORTED_SHARE / abroad if brand.is_imported else (1 - IMPORTED_SHARE) * volume / sum(made)
        for brand, volume in zip(BRANDS, made, strict=True)
    ]
