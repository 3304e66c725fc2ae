"""What this room keeps of a message that somebody wrote in words goes with it (P5.5, P6.5).

Who was to do what by when, which text was approved by whom and which meeting was held stay: the group's history is
worked out of them on both sides, and they name posts only.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from contraparte.exchange.models import Message
from contraparte.groups.models import GroupWord
from contraparte.groups.recording import work_out

WRITTEN: Final = frozenset({"en", "es", "note", "reason", "venue", "source", "value", "baseline", "target"})


def forget(row: Message, now: datetime) -> None:
    """Empty the words of one message. Must run in a transaction; running twice changes nothing."""
    word = GroupWord.objects.select_related("group").filter(message=row.pk).first()
    if word is None or word.facts.get("forgotten"):
        return
    word.facts = {**wordless(word.facts), "forgotten": True}
    word.save(update_fields=["facts"])
    work_out(word.group, now)


def wordless(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Facts without anything somebody wrote: codes, days, posts and keys stay."""
    return {name: _kept(value) for name, value in facts.items() if name not in WRITTEN}


def _kept(value: Any) -> Any:
    if isinstance(value, Mapping):
        return wordless(value)
    return [_kept(one) for one in value] if isinstance(value, list) else value
