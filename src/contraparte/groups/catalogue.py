"""Kinds of groups and the framework tree, as the data files of this room tell them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from django.utils.translation import get_language

from contraparte.groups.rules.charters import Text

DATA: Final = Path(__file__).parent / "data"


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of group and how such groups usually work: where a first charter starts."""

    code: str
    en: str
    es: str
    every: int
    unit: str
    quorum: int
    rule: str
    handling: tuple[str, ...]
    verified: bool
    source: str


@dataclass(frozen=True, slots=True)
class Node:
    """One line of the framework: a goal, an area, an objective or an action."""

    code: str
    level: str
    parent: str
    en: str
    es: str
    verified: bool

    @property
    def depth(self) -> int:
        """How far below the goals it stands."""
        return self.code.count(".")


@cache
def kinds() -> Mapping[str, Kind]:
    """Code → kind."""
    return {
        str(one["code"]): Kind(**(one | {"handling": tuple(one["handling"])})) for one in _read("kinds.json")["kinds"]
    }


@cache
def framework() -> Mapping[str, Node]:
    """Code → node, each after the one it hangs on."""
    return {str(one["code"]): Node(**one) for one in _read("framework.json")["nodes"]}


def framework_source() -> str:
    """Where the framework comes from, in the reader's language."""
    told = _read("framework.json")["source"]
    return in_language(Text(told["en"], told["es"]))


def path_of(code: str) -> list[Node]:
    """A node and what it hangs on, the goal first; empty for a code this node does not know."""
    found: list[Node] = []
    nodes = framework()
    while code in nodes:
        found.append(nodes[code])
        code = nodes[code].parent
    return found[::-1]


def in_language(thing: Any) -> str:
    """The words of a kind, a node or a text in the reader's language; the other one where it has only that."""
    is_spanish = (get_language() or "en").startswith("es")
    first, second = (thing.es, thing.en) if is_spanish else (thing.en, thing.es)
    return str(first) if str(first).strip() else str(second)


def kind_words(code: str) -> str:
    """A kind in words; one of another node as it stands."""
    found = kinds().get(code)
    return in_language(found) if found else code.replace("_", " ")


@cache
def _read(name: str) -> Mapping[str, Any]:
    told: Mapping[str, Any] = json.loads((DATA / name).read_text("utf-8"))
    return told
