"""Characters that are taken for one another on worn steel and in handwriting (DOMAIN, "Serials").

One table serves the folded fields of the index, the noisy channel and the marks under a serial as it is typed.
"""

from collections.abc import Iterable
from typing import Final

GROUPS: Final[tuple[str, ...]] = ("0ODQ", "1IL", "5S", "8B", "2Z", "6G", "UV", "4A")
ALPHABET: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"

_FOLDING: Final = bytes.maketrans("".join(GROUPS).encode(), "".join(group[0] * len(group) for group in GROUPS).encode())
_GROUP_OF: Final = {member: group for group in GROUPS for member in group}


def fold(text: str) -> str:
    """`text` (canonical characters) with every confusable replaced by the first of its group."""
    return text.encode().translate(_FOLDING).decode()


def lookalikes(character: str) -> str:
    """The other characters `character` may be mistaken for; empty for one that is not doubtful."""
    return _GROUP_OF.get(character, "").replace(character, "")


def are_confusable(one: str, other: str) -> bool:
    """True when two different characters stand in one group."""
    return one != other and other in _GROUP_OF.get(one, "")


def fold_all(characters: Iterable[str]) -> str:
    """The distinct folded forms of `characters`, sorted."""
    return "".join(sorted({fold(character) for character in characters}))
