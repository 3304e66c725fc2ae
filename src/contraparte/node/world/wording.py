"""How this world's people write: the last columns of a book, spellings of makers and calibres, names of types.

The one place where the form of `acquired_from` and `disposed_to` is decided:

    a licensee            Saguaro Bend Outfitters (us.dealer-az-013-002)
    a person              individual; 4473 AZ013-000421; Talvo Brenmark
    a government body     government; Pima Basin Constabulary
    an export             export; PY; Comercial Yvoty
    a destroyed record    record lost; flood 2014-08-19
"""

import random

HEADER = "manufacturer,importer,type,model,caliber,country,serial,acquired_on,acquired_from,disposed_on,disposed_to"
MADE = "manufactured"

# Calibre by key: as books write it (a house keeps to one), as officers type it in Mexico.
CALIBRES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "9mm": (("9mm Luger", "9x19mm", "9 mm Parabellum"), ("9x19 mm", "9 mm Parabellum", "9mm Luger")),
    "380": ((".380 ACP", "380 Auto", ".380 Auto"), (".380 ACP", "380 AUTO", ".380")),
    "45": ((".45 ACP", "45 Auto", ".45 Auto"), (".45 ACP", "45 AUTO", ".45 ACP")),
    "40": ((".40 S&W", "40 S&W", "40 SW"), (".40 S&W", "40 S&W", ".40 S&W")),
    "10mm": (("10mm Auto", "10mm", "10 mm Auto"), ("10 mm Auto", "10mm AUTO", "10 mm Auto")),
    "38super": ((".38 Super", "38 Super", ".38 Super Auto"), (".38 SÚPER", "38 Super", ".38 super")),
    "38spl": ((".38 Special", "38 Spl", ".38 Spl"), (".38 ESPECIAL", ".38 Special", "38 SPL")),
    "357": ((".357 Magnum", "357 Mag", ".357 Mag"), (".357 MAGNUM", "357 Magnum", ".357 Mag")),
    "44": ((".44 Magnum", "44 Mag", ".44 Mag"), (".44 MAGNUM", "44 Magnum", ".44 Mag")),
    "22lr": ((".22 LR", "22 LR", ".22 Long Rifle"), (".22 LR", "22 L.R.", ".22 Long Rifle")),
    "223": (("5.56x45mm NATO", "5.56 NATO", "5.56mm"), ("5.56x45 mm", "5.56 NATO", "5.56 x 45")),
    "308": ((".308 Winchester", "308 Win", ".308 Win"), (".308 WIN", "308 Winchester", ".308 Winchester")),
    "3030": ((".30-30 Winchester", "30-30 Win", ".30-30 Win"), (".30-30", "30-30 WIN", ".30-30 Winchester")),
    "762x39": (("7.62x39mm", "7.62x39", "7.62 x 39mm"), ("7.62x39 mm", "7.62 x 39", "7.62X39")),
    "12": (("12 gauge", "12 GA", "12ga"), ("calibre 12", "12 GA", "12 gauge")),
    "20": (("20 gauge", "20 GA", "20ga"), ("calibre 20", "20 GA", "20 gauge")),
    "50": ((".50 BMG", "50 BMG", ".50 BMG"), (".50 BMG", "50 BMG", ".50 BMG")),
}

# Type as books write it → NCIC first character (a revolver is a kind of pistol there), as officers type it.
TYPES: dict[str, tuple[str, tuple[str, ...]]] = {
    "pistol": ("P", ("PISTOLA", "Pistola", "pistola")),
    "revolver": ("P", ("REVÓLVER", "Revolver", "revólver")),
    "rifle": ("R", ("RIFLE", "Rifle", "rifle")),
    "shotgun": ("S", ("ESCOPETA", "Escopeta", "escopeta")),
}

LOSSES = ("flood", "fire", "ledger stolen")
BODIES = ("Ocotillo Basin Constabulary", "Mesa Prieta Marshals", "Calder Flats Patrol", "Sotol County Wardens")
FOREIGN_BUYERS = (
    ("PY", "Comercial Yvoty"),
    ("CO", "Armería Guatavita"),
    ("PH", "Lakambini Trading"),
    ("CA", "Kestrel Narrows Arms"),
    ("HN", "Importadora Celaque"),
)

_FIRST = (
    "Tal",
    "Bre",
    "Ori",
    "Mav",
    "Quen",
    "Dor",
    "Ilva",
    "Sen",
    "Wyr",
    "Cal",
    "Fenn",
    "Jor",
    "Lys",
    "Nev",
    "Ulr",
    "Zan",
)
_SECOND = ("vo", "da", "mir", "lin", "reth", "sa", "wick", "to", "nell", "ro")
_LAST = (
    "Bren",
    "Quill",
    "Harro",
    "Vester",
    "Dunlo",
    "Ashk",
    "Merri",
    "Tollo",
    "Caver",
    "Lindo",
    "Orro",
    "Pell",
    "Strave",
    "Wend",
)
_ENDING = ("mark", "more", "vane", "ditch", "low", "sby", "gate", "thorne", "beck", "dine", "quist", "well")

# Every invented purchaser's name; syllables, so that no real person is meant.
PERSONS = tuple(f"{a}{b} {c}{d}" for a in _FIRST for b in _SECOND for c in _LAST for d in _ENDING)


def licensee(name: str, agency: str) -> str:
    """A licensee as a book names it: trading name and, in brackets, the id by which the walk goes on."""
    return f"{name} ({agency})"


def person(form: str, name: str) -> str:
    """A private purchaser: the number of the form 4473 and an invented name."""
    return f"individual; 4473 {form}; {name}"


def government(rng: random.Random) -> str:
    """A public body that bought the gun; invented."""
    return f"government; {rng.choice(BODIES)}"


def export(rng: random.Random) -> str:
    """A buyer abroad, in a country that no accord of the demo binds; invented."""
    country, name = rng.choice(FOREIGN_BUYERS)
    return f"export; {country}; {name}"


def lost(rng: random.Random, day: str) -> str:
    """A disposition nobody can read any more, and what became of the record."""
    return f"record lost; {rng.choice(LOSSES)} {day}"
