"""Words about promises."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from contraparte.groups.rules.promises import Promise, PromiseRefusedError, take
from contraparte.groups.rules.reading import read_text
from contraparte.groups.rules.standing import Standing, WordRefusedError
from contraparte.groups.rules.words import Side, Word


def make_promise(standing: Standing, word: Word) -> None:
    """A side promises something outside a meeting, for a post of its own."""
    if word.facts.get("side", word.side) != word.side:
        raise WordRefusedError("commitment")
    keep_promise(standing, word, word.uuid, {**word.facts, "side": word.side})


def take_promise(standing: Standing, word: Word) -> None:
    """A side does something with a promise."""
    promise = standing.promises.get(str(word.facts.get("commitment", "")))
    if promise is None:
        raise WordRefusedError("no_such_commitment")
    at = standing.now
    try:
        changed = take(promise, str(word.facts.get("do", "")), word.side, word.facts, at=at, on=standing.day(at))
    except PromiseRefusedError as refused:
        raise WordRefusedError(f"commitment_{refused.args[0]}") from refused
    standing.promises[promise.key] = changed


def keep_promise(standing: Standing, word: Word, key: str, facts: Mapping[str, Any], source: str = "") -> None:
    due_on = date.fromisoformat(str(facts["due_on"]))
    side: Side = "a" if facts.get("side") == "a" else "b"
    text = facts.get("text")
    standing.promises[key] = Promise(
        key=key,
        text=read_text(text if isinstance(text, Mapping) else None),
        owner=str(facts["owner"]),
        side=side,
        due_on=due_on,
        first_due=due_on,
        made_at=standing.now,
        source=source,
        one_sided=bool(facts.get("one_sided")),
    )
