"""Data classes of fields: what kind of thing stands at a pointer, so that policy can speak of kinds (P2.5, P6.1).

A pattern is a JSON pointer whose steps may be `*` (any one key or index) and whose last step may be `**` (all below).
The most exact pattern wins; a leaf without one has no class, and the gate withholds it.
"""

from collections.abc import Iterator, Mapping
from typing import Any

#: The classes policies know. A pattern may name no other.
DATA_CLASSES = frozenset(
    {
        "administrative",  # references, codes, dates of the exchange itself
        "case",
        "citizen",
        "dealer",
        "event",
        "file",  # an attachment as a whole: policy cannot look into it
        "financial",
        "firearm",
        "group",  # what a working group says of itself: charters, agendas, minutes, promises
        "location",
        "minor",
        "person",
        "purchaser",
        "rights",  # what a second person looks at before it leaves: risk to life, politics, press, minors
        "source",
        "victim",
    }
)


def leaves(value: Any, pointer: str = "") -> Iterator[tuple[str, Any]]:
    """Yield (JSON pointer, scalar or empty container) for every leaf of a JSON value, in document order."""
    if isinstance(value, dict) and value:
        for key, below in value.items():
            yield from leaves(below, f"{pointer}/{str(key).replace('~', '~0').replace('/', '~1')}")
    elif isinstance(value, list) and value:
        for index, below in enumerate(value):
            yield from leaves(below, f"{pointer}/{index}")
    else:
        yield pointer, value


def without(value: Any, pointers: frozenset[str], pointer: str = "") -> Any:
    """A copy of a JSON value without the leaves at `pointers`. Array elements go, the others keep their order.

    An object or array that is emptied by this stays, empty: its type may require it, and what is withheld is named.
    """
    if isinstance(value, dict) and value:
        kept = {}
        for key, below in value.items():
            here = f"{pointer}/{str(key).replace('~', '~0').replace('/', '~1')}"
            if here not in pointers:
                kept[key] = without(below, pointers, here)
        return kept
    if isinstance(value, list) and value:
        return [
            without(below, pointers, f"{pointer}/{index}")
            for index, below in enumerate(value)
            if f"{pointer}/{index}" not in pointers
        ]
    return value


class ClassMap:
    """Pointer patterns → data class, compiled once per message type."""

    def __init__(self, patterns: Mapping[str, str]) -> None:
        unknown = sorted(set(patterns.values()) - DATA_CLASSES)
        if unknown:
            raise ValueError(f"data classes that no policy knows: {unknown}")
        self._patterns = sorted(
            ((tuple(pattern.split("/")[1:]), name) for pattern, name in patterns.items()),
            key=lambda entry: (sum(step in {"*", "**"} for step in entry[0]), -len(entry[0]), "**" in entry[0]),
        )
        self._known: dict[str, str | None] = {}

    def class_of(self, pointer: str) -> str | None:
        """The data class of the leaf at `pointer`, or None: a field without a class is withheld (P2.5)."""
        if pointer in self._known:
            return self._known[pointer]
        steps = tuple(pointer.split("/")[1:])
        found = next((name for pattern, name in self._patterns if _matches(pattern, steps)), None)
        if len(self._known) < 4096:
            self._known[pointer] = found
        return found


def _matches(pattern: tuple[str, ...], steps: tuple[str, ...]) -> bool:
    if pattern and pattern[-1] == "**":
        head = pattern[:-1]
        return len(steps) >= len(pattern) and all(p in {"*", s} for p, s in zip(head, steps, strict=False))
    return len(pattern) == len(steps) and all(p in {"*", s} for p, s in zip(pattern, steps, strict=True))
