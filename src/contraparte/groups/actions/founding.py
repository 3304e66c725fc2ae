"""The group itself: proposing it, its charter, its gate, its end. Sponsors approve; chairs write."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from contraparte.directory import queries as directory
from contraparte.directory.models import Tenure
from contraparte.directory.queries import Role
from contraparte.exchange import actions as exchange
from contraparte.exchange.writing import writing
from contraparte.groups.actions.speaking import KIND, require_post, say
from contraparte.groups.holders import sponsor_of
from contraparte.groups.models import Group, GroupWord
from contraparte.groups.recording import standing_of
from contraparte.groups.rules.chartering import ENDS, WISHES
from contraparte.groups.rules.charters import Gap, blocking, gaps
from contraparte.groups.rules.reading import read_charter
from contraparte.groups.rules.standing import CHARTERED, Standing, Version
from contraparte.groups.rules.words import other
from contraparte.protocol.errors import GroupFieldError, GroupGapsError, GroupWordError
from contraparte.protocol.ids import agency_of, country_of


def found_group(
    counterpart: str,
    *,
    name: Mapping[str, str],
    kind: str,
    by: Tenure,
    now: datetime,
    framework: str = "",
    succeeds: Iterable[Group] = (),
) -> Group:
    """Propose a group to a post of the other side. `succeeds`: groups of ours whose promises it shall take over.

    Raises GroupFieldError for a name that is missing or a counterpart in the same country, GroupRoleError.
    """
    require_post(by, by.post_id)
    if not any(str(text).strip() for text in name.values()):
        raise GroupFieldError(field="name", read="")
    if country_of(counterpart) == country_of(by.post_id):
        raise GroupFieldError(field="counterpart", read=counterpart)
    with writing(by.post.agency_id):
        thread = exchange.open_conversation(post=by.post, counterpart=counterpart, kind=KIND, by=by, now=now)
        group = Group.objects.create(
            agency=by.post.agency_id, uuid=thread.uuid, post=by.post, counterpart=counterpart, conversation=thread,
            side="a", since=now, opened_at=now, changed_at=now,
        )  # fmt: skip
        facts = {"name": dict(name), "kind": kind, "framework": framework, "succeeds": [str(g.uuid) for g in succeeds]}
        say(group, "group.found", facts, by=by, now=now)
    group.refresh_from_db()
    return group


def propose_charter(group: Group, charter: Mapping[str, Any], *, base: str, by: Tenure, now: datetime) -> GroupWord:
    """Propose a text of the charter, written on the one in force whose key is `base` ("" for none).

    It may have gaps: then it cannot be approved. Raises GroupBaseError, GroupFieldError for chairs that are not the
    two posts of this group, or a sponsor of another agency than its chair.
    """
    require_post(by, group.post_id)
    _require_parties(group, charter)
    return say(group, "charter.propose", {"charter": dict(charter), "base": base}, by=by, now=now)


def approve_charter(group: Group, version: str, *, by: Tenure, now: datetime) -> GroupWord:
    """Approve a text for our side; the sponsor it names does, nobody else.

    Raises GroupGapsError naming every field that is missing, GroupRoleError, GroupSaidError, GroupBaseError.
    """
    standing = standing_of(group, now)
    found = _version(standing, version)
    side = group.our_side
    require_post(by, found.charter.sponsors.get(side, ""), role=Role.AUTHORISER)
    missing = blocking(gaps(found.charter, on=found.at.date()))
    if missing:
        raise GroupGapsError(field=missing[0].field, fields={gap.field: [gap.code] for gap in missing})
    return say(group, "charter.approve", {"charter": version}, by=by, now=now)


def decline_charter(group: Group, version: str, *, reason: str, by: Tenure, now: datetime) -> GroupWord:
    """Decline a text, or take our own back. The chair may, and the sponsor. Raises GroupFieldError without a reason."""
    found = _version(standing_of(group, now), version)
    sponsor = found.charter.sponsors.get(group.our_side, "")
    if by.post_id == sponsor and Role.AUTHORISER in by.roles:
        require_post(by, sponsor, role=Role.AUTHORISER)
    else:
        require_post(by, group.post_id)
    if not reason.strip():
        raise GroupFieldError(field="reason", read="")
    return say(group, "charter.decline", {"charter": version, "reason": reason}, by=by, now=now)


def set_gate(group: Group, *, required: bool, by: Tenure, now: datetime) -> GroupWord:
    """Say whether our part in meetings called from now on needs our sponsor's authorisation."""
    require_sponsor(group, by, now)
    return say(group, "group.gate", {"required": required}, by=by, now=now)


def decide_extent(group: Group, wish: str, *, note: str = "", by: Tenure, now: datetime) -> GroupWord:
    """Say keep, refocus or conclude: the incoming principal's word, row by row. Raises GroupFieldError."""
    require_sponsor(group, by, now)
    if wish not in WISHES:
        raise GroupFieldError(field="wish", read=wish[:40])
    return say(group, "group.decide", {"wish": wish, "note": note}, by=by, now=now)


def speak_of_framework(group: Group, *, agreed: bool, note: str = "", by: Tenure, now: datetime) -> GroupWord:
    """Agree to, or disown, the goal of the framework the group stands under."""
    require_sponsor(group, by, now)
    return say(group, "group.framework", {"agreed": agreed, "note": note}, by=by, now=now)


def end_group(
    group: Group, how: str, *, into: Group | None = None, reason: str = "", by: Tenure, now: datetime
) -> GroupWord:
    """Ask to end the group, or agree with the other side that did. Its open promises go to `into`.

    Raises GroupFieldError for an unknown way, or `into` where it does not belong.
    """
    require_sponsor(group, by, now)
    if how not in ENDS:
        raise GroupFieldError(field="how", read=how[:40])
    if (how == "concluded") == (into is not None) or (into is not None and into.pk == group.pk):
        raise GroupFieldError(field="into", read=str(into.uuid) if into else "")
    facts = {"how": how, "into": str(into.uuid) if into else "", "reason": reason}
    return say(group, "group.end", facts, by=by, now=now)


def require_sponsor(group: Group, by: Tenure, now: datetime) -> None:
    """Raise GroupRoleError unless our sponsor speaks; before there is a charter, an authorising person of the chair."""
    require_post(by, sponsor_of(group, standing_of(group, now)), role=Role.AUTHORISER)


def gaps_of(group: Group, charter: Mapping[str, Any], *, now: datetime) -> tuple[Gap, ...]:
    """Everything a text lacks, and the warning where another group of ours has the same objective."""
    return gaps(read_charter(charter), on=now.date(), taken=objectives_of_others(group, now))


def objectives_of_others(group: Group, now: datetime) -> list[str]:
    """What the goals of our other groups state."""
    taken: list[str] = []
    for row in Group.objects.filter(agency=group.agency, state__in=CHARTERED):
        if row.pk != group.pk:
            goals = (standing_of(row, now).charter or read_charter({})).goals
            taken += [text for goal in goals for text in (goal.statement.en, goal.statement.es) if text.strip()]
    return taken


def _require_parties(group: Group, charter: Mapping[str, Any]) -> None:
    told, side = read_charter(charter), group.our_side
    for whose, post in ((side, group.post_id), (other(side), group.counterpart)):
        if told.chairs.get(whose, post) != post:
            raise GroupFieldError(field=f"chairs.{whose}", read=told.chairs[whose])
        sponsor = told.sponsors.get(whose, "")
        if sponsor and agency_of(sponsor) != agency_of(post):
            raise GroupFieldError(field=f"sponsors.{whose}", read=sponsor)
        if sponsor:
            directory.post(sponsor)


def _version(standing: Standing, key: str) -> Version:
    found = standing.versions.get(key)
    if found is None:
        raise GroupWordError(reason="no_such_charter")
    return found
