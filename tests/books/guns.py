"""Guns of ten serial formats that run in blocks, and everything that goes wrong with a serial on the way to a desk."""

import random
from collections.abc import Callable, Iterator
from typing import NamedTuple

from contraparte.books.rules.columns import Made, Row, RowReader
from contraparte.books.rules.confusables import lookalikes

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
HEADER = (
    "manufacturer", "importer", "type", "model", "caliber", "country",
    "serial", "acquired_on", "acquired_from", "disposed_on", "disposed_to",
)  # fmt: skip


class Maker(NamedTuple):
    """A maker: what its guns are called, and how its serials are made from a running number."""

    made: tuple[Made, ...]
    serial: Callable[[int], str]
    numbers: int


def _letters(number: int, length: int) -> str:
    text = ""
    for _ in range(length):
        text = LETTERS[number % 26] + text
        number //= 26
    return text


def _made(maker: str, kind: str, caliber: str, *models: str) -> tuple[Made, ...]:
    return tuple(Made(maker, "", kind, model, caliber, "") for model in models)


def _lettered(letters: int, digits: int, before: str = "", after: str = "") -> Callable[[int], str]:
    """Serials of letters that count up when the digits behind them are used up."""
    size = 10**digits
    return lambda n: f"{before}{_letters(n // size, letters)}{n % size:0{digits}d}{after}"


def _ruger(n: int) -> str:
    return f"{n // 10**5:03d}-{n % 10**5:05d}"


def _romanian(n: int) -> str:
    return f"1-{_letters(n // 10_000, 2)}{n % 10_000:04d}-{n // 10_000 % 17:02d}"


MAKERS = (
    Maker(_made("Glock", "pistol", "9x19", "G19", "G17"), _lettered(3, 3), 17_000_000),
    Maker(_made("Smith & Wesson", "pistol", ".40 S&W", "M&P40", "SD40"), _lettered(3, 4), 170_000_000),
    Maker(_made("Sturm, Ruger & Co.", "rifle", ".22 LR", "10/22"), _ruger, 99_000_000),
    Maker(_made("Colt", "pistol", ".45 ACP", "1911"), _lettered(2, 5), 67_000_000),
    Maker(_made("Beretta", "pistol", "9x19", "92FS", "PX4"), _lettered(1, 5, after="Z"), 2_600_000),
    Maker(_made("Taurus", "revolver", ".38 Special", "85"), _lettered(2, 6, before="T"), 600_000_000),
    Maker(_made("SIG Sauer", "pistol", "9x19", "P320"), lambda n: f"{10 + n // 10**6:02d}C{n % 10**6:06d}", 60_000_000),
    Maker(_made("Romarm", "rifle", "7.62x39", "WASR-10"), _romanian, 6_000_000),
    Maker(_made("Mossberg", "shotgun", "12 gauge", "500"), lambda n: f"MV{n:07d}", 9_900_000),
    Maker(_made("Remington", "rifle", ".223", "700"), lambda n: f"{n + 100_000}", 890_000),
)


def guns(count: int, seed: int = 1) -> Iterator[Row]:
    """`count` rows of a book, makers mixed, serials in blocks of running numbers."""
    draw = random.Random(seed)
    reader = RowReader(HEADER)
    blocks = [[draw.randrange(maker.numbers), 0] for maker in MAKERS]
    for _ in range(count):
        which = draw.randrange(len(MAKERS))
        maker, block = MAKERS[which], blocks[which]
        if block[1] == 0:
            block[0], block[1] = draw.randrange(maker.numbers - 6000), draw.randrange(500, 5000)
        block[0], block[1] = block[0] + 1, block[1] - 1
        made = draw.choice(maker.made)
        day = f"20{draw.randrange(5, 20):02d}-{draw.randrange(1, 13):02d}-{draw.randrange(1, 29):02d}"
        yield reader.read([*made, maker.serial(block[0]), day, "Wholesaler", "", ""])


class Damage:
    """What happens to a serial; each method takes a canonical serial or a pattern and returns another."""

    def __init__(self, seed: int) -> None:
        self.draw = random.Random(seed)

    def _at(self, text: str) -> int:
        return self.draw.choice([index for index, character in enumerate(text) if character.isalnum()])

    def _like(self, character: str) -> str:
        return self.draw.choice("0123456789" if character.isdigit() else LETTERS)

    def confused(self, text: str) -> str:
        places = [index for index, character in enumerate(text) if lookalikes(character)]
        if not places:
            return self.mistaken(text)
        at = self.draw.choice(places)
        return text[:at] + self.draw.choice(lookalikes(text[at])) + text[at + 1 :]

    def mistaken(self, text: str) -> str:
        at = self._at(text)
        other = text[at]
        while other == text[at]:
            other = self._like(text[at])
        return text[:at] + other + text[at + 1 :]

    def missed(self, text: str) -> str:
        at = self._at(text)
        return text[:at] + text[at + 1 :]

    def added(self, text: str) -> str:
        at = self._at(text)
        return text[:at] + self._like(text[at]) + text[at:]

    def swapped(self, text: str) -> str:
        places = [at for at in range(len(text) - 1) if text[at] != text[at + 1] and text[at : at + 2].isalnum()]
        at = self.draw.choice(places) if places else 0
        return text[:at] + text[at + 1] + text[at] + text[at + 2 :] if places else self.mistaken(text)

    def unread(self, text: str) -> str:
        at = self._at(text)
        return text[:at] + "?" + text[at + 1 :]

    def one_of(self, text: str) -> str:
        at = self._at(text)
        other = text[at]
        while other == text[at]:
            other = self._like(text[at])
        return f"{text[:at]}[{''.join(sorted((text[at], other)))}]{text[at + 1 :]}"

    def run(self, text: str) -> str:
        at = self.draw.randrange(1, len(text) - 2)
        return text[:at] + "*" + text[at + 2 :]

    def head_lost(self, text: str) -> str:
        return "*" + text[2:]

    def tail_lost(self, text: str) -> str:
        return text[:-2] + "*"

    def zeros(self, text: str) -> str:
        return "00" + text


ONE = (
    "confused", "mistaken", "missed", "added", "swapped", "unread", "one_of", "run", "head_lost", "tail_lost", "zeros",
)  # fmt: skip
SIMPLE = ("confused", "mistaken", "missed", "added", "swapped")
TWO = tuple((one, other) for one in SIMPLE for other in (*SIMPLE, "unread", "one_of", "head_lost", "tail_lost"))
CLASSES: tuple[tuple[str, ...], ...] = ((), *((one,) for one in ONE), *TWO)
