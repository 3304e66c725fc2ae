"""Promises outside a meeting, what becomes of a promise, and the figures of goals."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from contraparte.directory.models import Tenure
from contraparte.groups.actions.speaking import require_post, say
from contraparte.groups.models import Group, GroupWord, Promise
from contraparte.groups.recording import standing_of
from contraparte.groups.rules.charters import number
from contraparte.protocol.errors import GroupFieldError, GroupWordError
from contraparte.protocol.ids import country_of


def make_promise(
    group: Group,
    *,
    text: Mapping[str, str],
    owner: str,
    due_on: date,
    one_sided: bool = False,
    by: Tenure,
    now: datetime,
) -> GroupWord:
    """Promise something for a post of our country. Raises GroupFieldError."""
    require_post(by, group.post_id)
    if not any(value.strip() for value in text.values()):
        raise GroupFieldError(field="text", read="")
    if country_of(owner) != country_of(group.post_id):
        raise GroupFieldError(field="owner", read=owner)
    if due_on <= standing_of(group, now).day(now):
        raise GroupFieldError(field="due_on", read=due_on.isoformat())
    facts = {"text": dict(text), "owner": owner, "due_on": due_on.isoformat(), "one_sided": one_sided}
    return say(group, "commitment.make", facts, by=by, now=now)


def take_promise(
    promise: Promise, do: str, *, due_on: date | None = None, owner: str = "", note: str = "", by: Tenure, now: datetime
) -> GroupWord:
    """Accept, begin, claim, verify, reopen, carry, hand or drop a promise.

    The chair's post speaks, and of our own promises the post that owns it. Raises CommitmentStepError naming the steps
    that are open, GroupFieldError for a new day without a reason or a new owner of the other country.
    """
    group = promise.group
    owners = (promise.owner,) if promise.side == group.side else ()
    require_post(by, group.post_id, *owners)
    if do == "carry" and (due_on is None or not note.strip()):
        raise GroupFieldError(field="due_on" if due_on is None else "note", read="")
    if do == "hand" and (not owner or country_of(owner) != country_of(promise.owner)):
        raise GroupFieldError(field="owner", read=owner)
    facts: dict[str, Any] = {"commitment": promise.key, "do": do, "owner": owner, "note": note}
    if due_on is not None:
        facts["due_on"] = due_on.isoformat()
    return say(group, "commitment.take", facts, by=by, now=now)


def report_goal(
    group: Group,
    goal: str,
    *,
    value: str = "",
    since: date | None = None,
    until: date | None = None,
    source: str = "",
    comparable: bool = True,
    done_on: date | None = None,
    expected_on: date | None = None,
    note: str = "",
    by: Tenure,
    now: datetime,
) -> GroupWord:
    """Report a figure of a goal, or that a milestone is done. Raises GroupFieldError naming the field."""
    standing = standing_of(group, now)
    charter = standing.charter
    known = next((one for one in charter.goals if one.key == goal), None) if charter else None
    if known is None:
        raise GroupWordError(reason="no_such_goal")
    require_post(by, group.post_id, known.owner)
    today = standing.day(now)
    if known.measure == "milestone":
        if done_on is None and expected_on is None:
            raise GroupFieldError(field="done_on", read="")
        if done_on is not None and done_on > today:
            raise GroupFieldError(field="done_on", read=done_on.isoformat())
    else:
        _require_figure(value, since, until, today, counts=known.measure == "count")
    facts = {
        "goal": goal, "value": value, "since": since, "until": until, "source": source, "comparable": comparable,
        "done_on": done_on, "expected_on": expected_on, "note": note,
    }  # fmt: skip
    return say(group, "goal.report", facts, by=by, now=now)


def _require_figure(value: str, since: date | None, until: date | None, today: date, *, counts: bool) -> None:
    read = number(value)
    if read is None or (counts and (read < 0 or read != int(read))):
        raise GroupFieldError(field="value", read=value)
    if until is None or until > today:
        raise GroupFieldError(field="until", read=until.isoformat() if until else "")
    if counts and (since is None or since > until):
        raise GroupFieldError(field="since", read=since.isoformat() if since else "")
