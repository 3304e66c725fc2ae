"""How a stamped serial turns into what an officer types: every class of damage DOMAIN names.

Each function takes the stamped text and gives what is typed, or None where that serial cannot be damaged that way.
"""

import random
import re
from collections.abc import Callable

from contraparte.node.world.serials import plain

CONFUSABLE = ("0ODQ", "1IL", "5S", "8B", "2Z", "6G", "UV", "4A")
_ALIKE = {character: group.replace(character, "") for group in CONFUSABLE for character in group}


def clean(stamped: str, rng: random.Random) -> str | None:
    """As stamped."""
    del rng
    return stamped


def spaced(stamped: str, rng: random.Random) -> str | None:
    """Blanks, dots and dashes that are not on the gun, or one that is left out."""
    if "-" in stamped:
        return stamped.replace("-", " ")
    middle = len(stamped) // 2
    return stamped[:middle] + rng.choice((" ", "-", ".", " - ")) + stamped[middle:]


def lowered(stamped: str, rng: random.Random) -> str | None:
    """Small letters."""
    del rng
    return stamped.lower() if stamped.lower() != stamped else None


def zeros(stamped: str, rng: random.Random) -> str | None:
    """Without its leading zeros."""
    del rng
    return stamped.lstrip("0") if stamped.startswith("0") else None


def confused(stamped: str, rng: random.Random) -> str | None:
    """One character taken for another that looks like it."""
    text = plain(stamped)
    places = [place for place, character in enumerate(text) if character in _ALIKE and place > 0]
    if not places or text.isdigit():
        return None
    place = rng.choice(places)
    # A letter among digits or a digit among letters: what worn steel makes of them.
    other = sorted(_ALIKE[text[place]], key=lambda c: (c.isdigit() == text[place].isdigit(), c))[0]
    return text[:place] + other + text[place + 1 :]


def unread(stamped: str, rng: random.Random) -> str | None:
    """One character unread."""
    text = plain(stamped)
    place = rng.randrange(max(1, len(text) - 3))
    return text[:place] + "?" + text[place + 1 :]


def run_lost(stamped: str, rng: random.Random) -> str | None:
    """The first characters unread, nobody knows how many."""
    text = plain(stamped)
    return "*" + text[rng.choice((1, 2)) :] if len(text) >= 7 else None


def one_of(stamped: str, rng: random.Random) -> str | None:
    """One character that may be either of two."""
    text = plain(stamped)
    places = [place for place, character in enumerate(text) if character in _ALIKE]
    if not places:
        return None
    place = rng.choice(places)
    return f"{text[:place]}[{text[place]}{_ALIKE[text[place]][0]}]{text[place + 1 :]}"


def tail_lost(stamped: str, rng: random.Random) -> str | None:
    """The last two digits unread: a whole run of guns answers to what is left."""
    del rng
    text = plain(stamped)
    return text[:-2] + "??" if text[-2:].isdigit() and len(text) >= 6 else None


def one_digit_wrong(stamped: str, rng: random.Random) -> str:
    """One digit typed as another."""
    places = [place for place, character in enumerate(stamped) if character.isdigit()][1:]
    place = rng.choice(places)
    other = rng.choice([digit for digit in "0123456789" if digit != stamped[place]])
    return stamped[:place] + other + stamped[place + 1 :]


Damage = Callable[[str, random.Random], str | None]
CLASSES: dict[str, Damage] = {
    "clean": clean, "spaced": spaced, "lowered": lowered, "zeros": zeros, "confused": confused, "unread": unread,
    "run_lost": run_lost, "one_of": one_of, "tail_lost": tail_lost,
}  # fmt: skip


def explained_by(typed: str, serials: str) -> int:
    """How many of a maker's serials (plain, one a line) a typed one may stand for: by its marks, or by look-alikes."""
    if re.search(r"[?*\[]", typed):
        shape = typed.upper().replace("?", "[A-Z0-9]").replace("*", "[A-Z0-9]*")
    else:
        wanted = plain(typed).lstrip("0")
        shape = "0*" + "".join(f"[{character}{_ALIKE.get(character, '')}]" for character in wanted)
    return sum(1 for _ in re.finditer(f"^{shape}$", serials, re.MULTILINE))
