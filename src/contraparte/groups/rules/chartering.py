"""Words about the group itself: its founding, its charter, its goals, its end."""

from dataclasses import replace
from datetime import UTC
from typing import Final

from contraparte.groups.rules.charters import blocking, gaps
from contraparte.groups.rules.reading import read_charter, read_text
from contraparte.groups.rules.standing import Report, Standing, Version, WordRefusedError
from contraparte.groups.rules.words import SIDES, Word

ENDS: Final = ("concluded", "replaced", "merged")
WISHES: Final = ("keep", "refocus", "conclude")


def found(standing: Standing, word: Word) -> None:
    """A side proposes the group."""
    facts = word.facts
    standing.name, standing.kind = read_text(facts.get("name")), str(facts.get("kind", ""))
    standing.framework = str(facts.get("framework", ""))
    standing.succeeds = tuple(map(str, facts.get("succeeds", ())))
    standing.founded_at = word.at


def propose_charter(standing: Standing, word: Word) -> None:
    """A side proposes a text, written on the one in force."""
    base = str(word.facts.get("base", ""))
    if base != (standing.in_force.key if standing.in_force else ""):
        raise WordRefusedError("base")
    waiting = standing.proposal
    if waiting is not None and waiting.side != word.side:
        raise WordRefusedError("another_waits")
    if waiting is not None:  # its own side writes it anew; what was approved of it is void
        standing.versions[waiting.key] = replace(waiting, declined={word.side: "replaced"})
    standing.versions[word.uuid] = Version(
        word.uuid,
        len(standing.versions) + 1,
        word.side,
        word.at,
        read_charter(word.facts["charter"]),
        base,
        is_forgotten=bool(word.facts.get("forgotten")),
    )


def approve_charter(standing: Standing, word: Word) -> None:
    """The sponsor of a side approves a text. The second approval puts it in force."""
    version = _open_version(standing, word)
    if word.side in version.approved:
        raise WordRefusedError("said_already")
    if not version.is_forgotten and blocking(gaps(version.charter, on=version.at.astimezone(UTC).date())):
        raise WordRefusedError("gaps")
    approved = replace(version, approved={**version.approved, word.side: standing.now})
    standing.versions[version.key] = approved
    if approved.in_force_at is not None:
        standing.in_force = approved
        standing.name, standing.kind = approved.charter.name, approved.charter.kind


def decline_charter(standing: Standing, word: Word) -> None:
    """A side declines a text, or takes its own back."""
    version = _open_version(standing, word)
    reason = str(word.facts.get("reason", ""))
    standing.versions[version.key] = replace(version, declined={**version.declined, word.side: reason})


def _open_version(standing: Standing, word: Word) -> Version:
    version = standing.versions.get(str(word.facts.get("charter", "")))
    if version is None:
        raise WordRefusedError("no_such_charter")
    if not version.is_open:
        raise WordRefusedError("charter_closed")
    return version


def set_gate(standing: Standing, word: Word) -> None:
    """A side says whether its part in a meeting needs an authorisation beforehand."""
    (standing.gates.add if word.facts.get("required") else standing.gates.discard)(word.side)


def decide_extent(standing: Standing, word: Word) -> None:
    """A side says keep, refocus or conclude."""
    wish = str(word.facts.get("wish", ""))
    if wish not in WISHES:
        raise WordRefusedError("wish")
    standing.wishes[word.side] = wish


def speak_of_framework(standing: Standing, word: Word) -> None:
    """The principal of a side agrees to, or disowns, the goal of the framework this group stands under."""
    standing.framework_words[word.side] = "agreed" if word.facts.get("agreed") else "disowned"


def end_group(standing: Standing, word: Word) -> None:
    """A side asks to end the group; once both have asked for the same, it has ended."""
    how, into = str(word.facts.get("how", "")), str(word.facts.get("into", ""))
    if how not in ENDS or (how == "concluded") == bool(into):
        raise WordRefusedError("how")
    standing.ending[word.side] = (how, into)
    if len(standing.ending) == len(SIDES) and len(set(standing.ending.values())) == 1:
        standing.end, standing.ended_at = (how, into), standing.now


def report_goal(standing: Standing, word: Word) -> None:
    """A side reports the figure of a goal."""
    goal = str(word.facts.get("goal", ""))
    charter = standing.charter
    known = next((one for one in charter.goals if one.key == goal), None) if charter else None
    if known is None:
        raise WordRefusedError("no_such_goal")
    if known.one_sided is not None and known.one_sided != word.side:
        raise WordRefusedError("goal_of_the_other")
    standing.reports.append(Report(word.uuid, goal, word.side, word.at, word.facts))
