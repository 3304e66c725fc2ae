"""What the sides of a group promise each other, and how a promise stands.

    open ─▶ accepted ─▶ in_progress ─▶ done_claimed ─▶ verified
                                            └─▶ reopened ─▶ in_progress …
    any that is not over ─▶ carried to a new day (counted) · dropped (by both)

The side whose post owns it accepts, works and claims; the other verifies or reopens. A one-sided promise (a national
step of reform) is reported by its owner and verified by nobody. The first day it was due never changes; each day that
passed undone counts as missed, and the second sends it to both principals (DOMAIN "Groups", S7).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Final

from contraparte.groups.rules.charters import Text
from contraparte.groups.rules.words import Side, other

ESCALATES_AT: Final = 2
LIVE: Final = frozenset({"open", "accepted", "in_progress", "done_claimed", "reopened"})
OVER: Final = frozenset({"verified", "reported", "dropped"})
WORKING: Final = frozenset({"open", "accepted", "in_progress", "reopened"})

#: Act → who may: the owner's side or the other one; from which states; where it leads ("": it stays).
ACTS: Final[Mapping[str, tuple[bool, frozenset[str], str]]] = {
    "accept": (True, frozenset({"open"}), "accepted"),
    "begin": (True, frozenset({"accepted", "reopened"}), "in_progress"),
    "claim": (True, WORKING, "done_claimed"),
    "verify": (False, frozenset({"done_claimed"}), "verified"),
    "reopen": (False, frozenset({"done_claimed", "verified"}), "reopened"),
    "carry": (True, WORKING, ""),
    "hand": (True, LIVE, ""),
}
DROP: Final = "drop"


class PromiseRefusedError(ValueError):
    """An act that does not fit. `args[0]` is the code of the reason."""


@dataclass(frozen=True, slots=True)
class Promise:
    """One promise. `owner` is a post, `side` the side it belongs to; `first_due` never changes."""

    key: str
    text: Text
    owner: str
    side: Side
    due_on: date
    first_due: date
    made_at: datetime
    source: str = ""  # the minutes it comes from
    one_sided: bool = False
    state: str = "open"
    since: datetime | None = None
    carried: tuple[date, ...] = ()  # days it was due before
    missed_before: int = 0  # of those, how many had passed undone
    dropped_by: frozenset[Side] = frozenset()
    note: str = ""

    @property
    def is_live(self) -> bool:
        """Whether somebody still owes something."""
        return self.state in LIVE

    @property
    def holder(self) -> Side | None:
        """Whose move it is."""
        if not self.is_live:
            return None
        return other(self.side) if self.state == "done_claimed" else self.side

    def is_overdue(self, on: date) -> bool:
        """Whether its owner is late on a local day."""
        return self.state in WORKING and on > self.due_on

    def missed(self, on: date) -> int:
        """How many of its days have passed undone."""
        return self.missed_before + self.is_overdue(on)

    def is_escalated(self, on: date) -> bool:
        """Whether it goes to both principals."""
        return self.is_live and self.missed(on) >= ESCALATES_AT

    def allowed(self, side: Side) -> tuple[str, ...]:
        """What a side may do with it now."""
        found = [act for act in ACTS if self._fits(act, side)]
        if self.is_live and side not in self.dropped_by and (not self.one_sided or side == self.side):
            found.append(DROP)
        return tuple(found)

    def _fits(self, act: str, side: Side) -> bool:
        by_owner, sources, _ = ACTS[act]
        if self.one_sided and not by_owner:
            return False
        return (side == self.side) == by_owner and self.state in sources


def take(promise: Promise, act: str, side: Side, facts: Mapping[str, Any], *, at: datetime, on: date) -> Promise:
    """The promise after one act of a side; `on` is the local day. Raises PromiseRefusedError."""
    if act not in promise.allowed(side):
        raise PromiseRefusedError("act")
    note = str(facts.get("note", ""))
    if act == DROP:
        by = promise.dropped_by | {side}
        is_over = promise.one_sided or len(by) > 1
        return replace(
            promise, dropped_by=by, note=note, state="dropped" if is_over else promise.state,
            since=at if is_over else promise.since,
        )  # fmt: skip
    if act == "carry":
        due_on = date.fromisoformat(str(facts["due_on"]))
        if due_on <= promise.due_on or due_on <= on:
            raise PromiseRefusedError("due_on")
        return replace(
            promise, due_on=due_on, carried=(*promise.carried, promise.due_on), note=note,
            missed_before=promise.missed(on),
        )  # fmt: skip
    if act == "hand":
        return replace(promise, owner=str(facts["owner"]), note=note)
    state = ACTS[act][2]
    if act == "claim" and promise.one_sided:
        state = "reported"
    # Whoever goes on working has not agreed to drop it.
    return replace(promise, state=state, since=at, note=note, dropped_by=frozenset())
