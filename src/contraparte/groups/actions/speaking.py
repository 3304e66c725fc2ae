"""Saying something about a group, and hearing it said: the one way in for every word (ADR 0110).

A word is judged by the same function that will read it on both sides; what would move nothing is refused before it
leaves. What crosses on the road all the same is kept with the reason why it has no effect.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from django.db.models import Max
from pydantic import ValidationError

from contraparte.directory import queries as directory
from contraparte.directory.models import Tenure
from contraparte.directory.queries import Role
from contraparte.exchange import actions as exchange
from contraparte.exchange.models import Message
from contraparte.exchange.registry import Arrived
from contraparte.exchange.writing import writing
from contraparte.groups.messages import BODIES, Said
from contraparte.groups.models import Group, GroupWord
from contraparte.groups.recording import standing_of, work_out
from contraparte.groups.rules.hearing import hear as judge
from contraparte.groups.rules.standing import Standing
from contraparte.groups.rules.words import Word
from contraparte.protocol.errors import (
    CommitmentStepError,
    ContraparteError,
    GroupBaseError,
    GroupEndedError,
    GroupFieldError,
    GroupHandlingError,
    GroupInformalError,
    GroupRoleError,
    GroupSaidError,
    GroupWordError,
    MeetingGateError,
    MeetingOffError,
    MeetingTimeError,
    PostNotLocalError,
    TenureEndedError,
)
from contraparte.protocol.ids import country_of
from contraparte.protocol.marking import Marking

KIND: Final = "group"
PURPOSES: Final = frozenset({"criminal_investigation"})
UNSENT: Final = "~"  # the id of a word that is only tried

_BY_REASON: Final[Mapping[str, type[GroupWordError]]] = {
    **dict.fromkeys(("base", "another_waits", "charter_closed", "minutes_final"), GroupBaseError),
    **dict.fromkeys(("said_already",), GroupSaidError),
    **dict.fromkeys(("ended", "founded", "not_founded"), GroupEndedError),
    **dict.fromkeys(("meeting_off", "not_held", "begun"), MeetingOffError),
    **dict.fromkeys(("no_gate", "not_authorised"), MeetingGateError),
    **dict.fromkeys(("informal_decides_nothing", "exploratory"), GroupInformalError),
}
_TIMES: Final[Mapping[str, str]] = {
    "past": "starts", "ends": "ends", "zone": "zone", "not_yet": "present", "too_late": "present",
}  # fmt: skip


def say(
    group: Group, act: str, body: Mapping[str, Any], *, by: Tenure, now: datetime, level: frozenset[str] = frozenset()
) -> GroupWord:
    """Say something about a group of this post; it leaves at once. `level`: handling beyond the charter's own.

    Raises what `refusal` gives, PostNotLocalError, TenureEndedError, and what the gate refuses.
    """
    if not directory.is_running(by, now):
        raise TenureEndedError(tenure=str(by.pk))
    with writing(group.agency):
        row = Group.objects.select_for_update(of=("self",)).select_related("conversation", "post").get(pk=group.pk)
        if by.post.agency_id != row.agency:
            raise PostNotLocalError(post=row.post_id)
        payload = _payload(act, {**body, "turn": _own(row) + 1, "seen": _read_of(row)})
        plain = payload.model_dump(mode="json")
        standing = standing_of(row, now)
        word = Word(UNSENT, row.our_side, payload.turn, payload.seen, now, act, plain)
        reason = judge(standing, word)
        if reason:
            raise refusal(reason, standing, word)
        sent = exchange.send(
            f"{act}/1", payload, conversation=row.conversation, marking=marking_of(row, standing, level), by=by, now=now
        )
        message = Message.objects.get(agency=row.agency, direction="out", uuid=sent)
        kept = _keep(row, message, act, payload, side=row.side, at=now)
        work_out(row, now)
    return kept


def _payload(act: str, body: Mapping[str, Any]) -> Said:
    """The word as it travels. Raises GroupFieldError naming the first field that is no such thing, or is too long."""
    try:
        return BODIES[f"{act}/1"].model_validate(body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        field = ".".join(map(str, first["loc"]))
        raise GroupFieldError(field=field, read=str(first.get("input", ""))[:100]) from error


def hear(arrived: Arrived) -> None:
    """A word of the other side. Its first one makes the group here."""
    if arrived.is_copy:
        return
    row, act = arrived.row, arrived.row.type.removesuffix("/1")
    assert isinstance(arrived.body, Said)
    group = Group.objects.filter(conversation=arrived.conversation).first()
    if group is None:
        if act != "group.found":
            raise GroupEndedError(reason="not_founded")
        group = Group.objects.create(
            agency=row.agency, uuid=arrived.conversation.uuid, post_id=row.recipient, counterpart=row.sender,
            conversation=arrived.conversation, side="b", since=row.at, opened_at=row.at, changed_at=row.at,
        )  # fmt: skip
    side = "b" if group.side == "a" else "a"
    taken = group.words.filter(side=side, turn=arrived.body.turn).exclude(message=row)
    if arrived.body.turn < 1 or taken.exists():
        raise GroupWordError(reason="turn")
    _keep(group, row, act, arrived.body, side=side, at=row.created)
    work_out(group, arrived.now)


def refusal(reason: str, standing: Standing, word: Word) -> ContraparteError:
    """The error that says why a word cannot be said."""
    if reason in _TIMES:
        return MeetingTimeError(field=_TIMES[reason], reason=reason)
    if reason == "handling":
        charter = standing.charter
        return GroupHandlingError(field="handling", level=", ".join(charter.handling) if charter else "H0")
    if reason.startswith("commitment_"):
        field = reason.removeprefix("commitment_")
        if field != "act":
            return GroupFieldError(field=field, read=str(word.facts.get(field, "")))
        promise = standing.promises[str(word.facts["commitment"])]
        return CommitmentStepError(reason=reason, allowed=", ".join(promise.allowed(word.side)))
    if reason in {"how", "wish", "text", "commitment"}:
        return GroupFieldError(field=reason, read=str(word.facts.get(reason, ""))[:100])
    return _BY_REASON.get(reason, GroupWordError)(reason=reason)


def require_post(by: Tenure, *posts: str, role: Role = Role.OFFICER) -> None:
    """Raise GroupRoleError unless a person of one of these posts acts in that role."""
    if by.person_id is None or by.post_id not in posts or role not in by.roles:
        raise GroupRoleError(posts=", ".join(dict.fromkeys(posts)))


def marking_of(group: Group, standing: Standing, level: frozenset[str] = frozenset()) -> Marking:
    """The marking of what is said in a group: the handling of its charter, between the two countries."""
    charter = standing.charter
    handling = frozenset(charter.handling) if charter else frozenset({"H0"})
    return Marking(
        handling=handling | level,
        purposes=PURPOSES,
        circle=circle_of(group),
    )


def circle_of(group: Group) -> frozenset[str]:
    """Who may read what is said in a group: the two countries."""
    return frozenset({country_of(group.post_id), country_of(group.counterpart)})


def _read_of(group: Group) -> int:
    """How many words of the other side are here."""
    theirs = GroupWord.objects.filter(group=group).exclude(side=group.side)
    return int(theirs.aggregate(last=Max("turn"))["last"] or 0)


def _own(group: Group) -> int:
    mine = GroupWord.objects.filter(group=group, side=group.side)
    return int(mine.aggregate(last=Max("turn"))["last"] or 0)


def _keep(group: Group, message: Message, act: str, body: Said, *, side: str, at: datetime) -> GroupWord:
    return GroupWord.objects.get_or_create(
        message=message,
        defaults={
            "group": group, "act": act, "side": side, "turn": body.turn, "seen": body.seen, "at": at,
            "facts": body.model_dump(mode="json"),
        },
    )[0]  # fmt: skip
