"""Two sides that talk about a group: each says its words having read what has reached it."""

from datetime import UTC, datetime, timedelta
from typing import Any

from contraparte.groups.rules.hearing import read_standing
from contraparte.groups.rules.standing import Standing
from contraparte.groups.rules.words import Side, Word, other

BEGAN = datetime(2026, 1, 5, 16, tzinfo=UTC)
ZONE = "America/Hermosillo"


def goal(**changed: Any) -> dict[str, Any]:
    """A goal that lacks nothing."""
    return {
        "key": "g1",
        "statement": {"en": "Fewer kidnappings", "es": "Menos secuestros"},
        "indicator": {"en": "Investigation files opened", "es": "Carpetas de investigación abiertas"},
        "measure": "count",
        "baseline": "468",
        "baseline_days": 365,
        "target": "370",
        "due_on": "2027-12-31",
        "source": {"en": "SESNSP", "es": "SESNSP"},
        "owner": "mx.fge-son/kidnapping",
    } | changed


def charter(**changed: Any) -> dict[str, Any]:
    """A charter that lacks nothing."""
    return {
        "name": {"en": "Kidnapping and extortion", "es": "Secuestro y extorsión"},
        "kind": "working_group",
        "purpose": {"en": "Work kidnappings together", "es": "Atender juntos los secuestros"},
        "scope": {"en": "Both border states", "es": "Ambos estados fronterizos"},
        "out_of_scope": {"en": "Migration", "es": "Migración"},
        "chairs": {"a": "mx.fge-son/kidnapping", "b": "us.fbi/phoenix"},
        "sponsors": {"a": "mx.fge-son/principal", "b": "us.fbi/principal"},
        "cadence": {"every": 1, "unit": "month"},
        "quorum": 1,
        "rule": "consensus",
        "handling": ["H1"],
        "time_zone": ZONE,
        "goals": [goal()],
        "review_on": "2027-06-30",
        "provisional": False,
    } | changed


class Talk:
    """What both sides said, and how much of it each has read."""

    def __init__(self) -> None:
        self.said: dict[Side, list[Word]] = {"a": [], "b": []}
        self.read: dict[Side, int] = {"a": 0, "b": 0}
        self.now = BEGAN

    def say(self, side: Side, act: str, **facts: Any) -> str:
        """Say something; the other side has not read it yet."""
        turn = len(self.said[side]) + 1
        word = Word(f"{side}{turn:04}", side, turn, self.read[side], self.now, act, facts)
        self.said[side].append(word)
        return word.uuid

    def cross(self) -> None:
        """All that was said reaches the other side."""
        self.read = {"a": len(self.said["b"]), "b": len(self.said["a"])}

    def tell(self, side: Side, act: str, **facts: Any) -> str:
        """Say something and have it read."""
        key = self.say(side, act, **facts)
        self.cross()
        return key

    def wait(self, **span: float) -> None:
        """Let time pass."""
        self.now += timedelta(**span)

    def at(self, side: Side) -> Standing:
        """The group as one side sees it now."""
        words = [*self.said[side], *self.said[other(side)][: self.read[side]]]
        return read_standing(words, until=self.now)

    def both(self) -> Standing:
        """The group as both see it once all has crossed."""
        self.cross()
        seen, told = self.at("a"), self.at("b")
        assert seen == told
        return seen

    def chartered(self, **changed: Any) -> str:
        """Found the group and approve its charter; returns the charter's key."""
        self.tell("a", "group.found", name={"en": "Kidnapping"}, kind="working_group")
        key = self.tell("a", "charter.propose", charter=charter(**changed), base="")
        self.tell("a", "charter.approve", charter=key)
        self.tell("b", "charter.approve", charter=key)
        return key

    def meeting(self, days: float = 12, **facts: Any) -> str:
        """Call a meeting of two hours, so many days from now."""
        starts = self.now + timedelta(days=days)
        return self.tell(
            "a", "meeting.call", starts=starts.isoformat(), ends=(starts + timedelta(hours=2)).isoformat(), zone=ZONE,
            agenda=[{"text": {"en": "Open cases"}, "handling": "H1"}], **facts,
        )  # fmt: skip
