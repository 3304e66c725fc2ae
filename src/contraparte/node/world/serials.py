"""How the makers of this world number their guns: invented formats that behave like real ones.

A format writes a running number as letters and digits (`NKX4821`), some with a letter for the year, a check digit,
a dash or an ending. Numbers run in blocks; a number of one maker is never used twice, two makers may share one.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

# Letters that may run: without those a reader takes for a digit.
RUNNING = "ABCDEFGHJKLMNPRSTUVWXYZ"
YEARS = "ABCDEFGHJKLMNPRSTVWXY"


@dataclass(frozen=True)
class SerialFormat:
    """One maker's way of writing running numbers.

    `prefix` and `suffix` are literal, with `~` where the letter of the year stands; then `letters` running letters,
    a `separator`, `digits` running digits and, where `check` is set, one check digit.
    """

    prefix: str = ""
    letters: int = 0
    digits: int = 6
    separator: str = ""
    suffix: str = ""
    check: bool = False

    @property
    def capacity(self) -> int:
        """How many numbers the format can write."""
        return int(len(RUNNING) ** self.letters * 10**self.digits)

    def encode(self, number: int, year: int) -> str:
        """The serial of a running number, as the maker stamps it."""
        head, tail = divmod(number, 10**self.digits)
        letters = ""
        for _ in range(self.letters):
            head, place = divmod(head, len(RUNNING))
            letters = RUNNING[place] + letters
        mark = YEARS[year % len(YEARS)]
        digits = f"{tail:0{self.digits}d}"
        check = str(check_digit(digits)) if self.check else ""
        return (
            f"{self.prefix.replace('~', mark)}{letters}{self.separator}{digits}{check}{self.suffix.replace('~', mark)}"
        )

    def block(self, start: int, count: int, year: int) -> list[str]:
        """The serials of `count` numbers from `start`, made a thousand at a time where the head does not change."""
        mark = YEARS[year % len(YEARS)]
        suffix, span, found = self.suffix.replace("~", mark), 10**self.digits, []
        number, end = start, start + count
        while number < end:
            stop = min(end, (number // span + 1) * span)
            first = self.encode(number, year)
            head = first[: len(first) - self.digits - self.check - len(suffix)]
            tails = range(number % span, number % span + stop - number)
            if self.check:
                found += [f"{head}{t:0{self.digits}d}{check_digit(str(t))}{suffix}" for t in tails]
            else:
                found += [f"{head}{t:0{self.digits}d}{suffix}" for t in tails]
            number = stop
        return found

    @cached_property
    def _shape(self) -> re.Pattern[str]:
        year = f"[{YEARS}]"
        return re.compile(
            re.escape(plain(self.prefix)).replace(re.escape("~"), year)
            + f"([{RUNNING}]{{{self.letters}}})([0-9]{{{self.digits}}})"
            + ("[0-9]" if self.check else "")
            + re.escape(plain(self.suffix)).replace(re.escape("~"), year)
        )

    def decode(self, text: str) -> int | None:
        """The running number of a serial in plain form, or None where the format could not have written it.

        The year's letter is not judged here: a caller who knows the block compares with `encode`.
        """
        match = self._shape.fullmatch(text)
        if match is None:
            return None
        head = 0
        for letter in match[1]:
            head = head * len(RUNNING) + RUNNING.index(letter)
        return int(head * 10**self.digits + int(match[2]))


def check_digit(digits: str) -> int:
    """The sum of the digits to the base 10: weak on purpose, as such digits are."""
    return sum(map(int, digits)) % 10


def plain(text: str) -> str:
    """A serial as it is compared: upper case, without blanks, dots, dashes and slashes (DOMAIN, Serials)."""
    return re.sub(r"[\s.\-/]", "", text).upper()


def plain_lines(serials: Iterable[str]) -> str:
    """Many serials in plain form, one a line."""
    return re.sub(r"[ .\-/]", "", "\n".join(serials)).upper()
