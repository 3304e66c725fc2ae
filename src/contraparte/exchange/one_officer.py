"""Release by one officer in an emergency, with a review owed afterwards (P6.2). Not allowed unless the accord says so.

    draft that wants one approval ─▶ accord allows type and urgency? ─▶ on duty at the sending post now? ─▶ released,
    the decision says so ─▶ review owed ─▶ upheld, or not upheld with a word why (then it may be recalled)

It replaces the approval of one person and nothing else: where a minor or rights at risk want a second look, the
message waits. Whoever drafted or released it never reviews it.
"""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass

from contraparte.directory import duty
from contraparte.directory import queries as directory
from contraparte.directory.models import Tenure
from contraparte.exchange.actions import OPEN_STATES
from contraparte.exchange.commitments import commitment
from contraparte.exchange.composing import Composed, compose_with_copies, require_road_open
from contraparte.exchange.models import Draft, Message, OneOfficerRelease
from contraparte.exchange.previewing import approvals_of, outgoing_of
from contraparte.exchange.releasing import release
from contraparte.exchange.rules.decisions import Alone, Approvals, Hold, Released
from contraparte.exchange.writing import writing
from contraparte.ledger import actions as ledger
from contraparte.protocol.encoding import instant
from contraparte.protocol.errors import (
    ApprovalRoleError,
    ConversationClosedError,
    DraftClosedError,
    OneOfficerAccordError,
    OneOfficerDutyError,
    OneOfficerNeedsError,
    OneOfficerReasonError,
    PostNotLocalError,
    ReviewDoneError,
    ReviewOwnError,
    ReviewTextError,
    TenureEndedError,
)

APPROVAL = "approval"
REASON_CHARS = 1_000
RELEASES = frozenset({directory.Role.OFFICER, directory.Role.AUTHORISER})


@dataclass(frozen=True, slots=True)
class Emergency:
    """Under which accord, and within how many hours it is reviewed."""

    accord: str
    review_hours: int


def emergency_rule(composed: Sequence[Composed]) -> Emergency:
    """The rule that lets one officer release these (a message and its copies); the shortest review counts.

    Raises OneOfficerAccordError unless each one's accord allows it.
    """
    found = []
    for one in composed:
        rule = one.accord.one_officer(one.outgoing.type, one.outgoing.urgency)
        if rule is None:
            raise OneOfficerAccordError(type=one.outgoing.type, urgency=one.outgoing.urgency)
        found.append(Emergency(one.accord.id, rule.review_hours))
    return min(found, key=lambda rule: rule.review_hours)


def is_offered(draft: Draft, *, by: Tenure, now: datetime.datetime) -> bool:
    """Whether this person could release the draft alone now, as far as accord, duty and gate say."""
    try:
        _judge(draft, by=by, now=now)
    except (OneOfficerAccordError, OneOfficerDutyError, OneOfficerNeedsError, PostNotLocalError, ApprovalRoleError):
        return False
    return True


def release_alone(draft: Draft, *, reason: str, by: Tenure, now: datetime.datetime) -> Message:
    """Let an urgent draft out without the approval it wants; a review is owed from now on.

    Raises OneOfficerReasonError, OneOfficerAccordError, OneOfficerDutyError, OneOfficerNeedsError, and what every
    release raises.
    """
    words = reason.strip()
    if not words or len(words) > REASON_CHARS or "\x00" in words:
        raise OneOfficerReasonError(field="reason")
    if not directory.is_running(by, now):
        raise TenureEndedError(tenure=str(by.pk))
    with writing(draft.agency):
        row = (
            Draft.objects.select_for_update(of=("self",))
            .select_related("conversation__post", "drafted_by__post")
            .get(pk=draft.pk)
        )
        if row.state not in OPEN_STATES:
            raise DraftClosedError(state=row.state)
        if row.conversation.closed_at is not None:
            raise ConversationClosedError(close_code=row.conversation.close_code)
        composed, alone = _judge(row, by=by, now=now)
        require_road_open(composed, now=now)
        ids = release(composed, now=now)
        Draft.objects.filter(pk=row.pk).update(state=Draft.State.RELEASED)
        OneOfficerRelease.objects.create(
            message_id=ids[0],
            agency=row.agency,
            drafted_by=row.drafted_by,
            by=by,
            reason=words,
            accord=alone.accord,
            at=now,
            review_due=datetime.datetime.fromisoformat(alone.review_due),
        )
        return Message.objects.get(pk=ids[0])


def review_release(
    lone: OneOfficerRelease, *, upheld: bool, note: str, by: Tenure, now: datetime.datetime
) -> OneOfficerRelease:
    """Say afterwards whether the release was right; logged, once.

    Raises ApprovalRoleError, TenureEndedError, ReviewOwnError, ReviewDoneError, ReviewTextError where it is not upheld
    without a word why.
    """
    if by.person_id is None or directory.Role.AUTHORISER not in by.roles or by.post.agency_id != lone.agency:
        raise ApprovalRoleError(roles=[directory.Role.AUTHORISER.value])
    if not directory.is_running(by, now):
        raise TenureEndedError(tenure=str(by.pk))
    words = note.strip()
    if len(words) > REASON_CHARS or "\x00" in words or not (upheld or words):
        raise ReviewTextError(field="note")
    with writing(lone.agency):
        row = (
            OneOfficerRelease.objects.select_for_update(of=("self",))
            .select_related("message", "by", "drafted_by")
            .get(pk=lone.pk)
        )
        if is_own(row, by):
            raise ReviewOwnError
        if row.reviewed_at is not None:
            raise ReviewDoneError
        row.reviewed_by, row.reviewed_at, row.upheld, row.note = by, now, upheld, words
        row.save(update_fields=["reviewed_by", "reviewed_at", "upheld", "note"])
        _log(row, by=by, now=now)
    return row


def is_own(lone: OneOfficerRelease, tenure: Tenure) -> bool:
    """Whether this is who drafted or released it, in whatever post."""
    persons = {lone.by.person_id, lone.drafted_by.person_id} - {None}
    return tenure.pk in {lone.by_id, lone.drafted_by_id} or tenure.person_id in persons


def owed_reviews(tenure: Tenure) -> Sequence[OneOfficerRelease]:
    """Reviews this authorising person may give, the earliest due first; at most 100."""
    rows = OneOfficerRelease.objects.filter(agency=tenure.post.agency_id, reviewed_at=None)
    rows = rows.select_related("message__conversation", "by", "drafted_by")
    return [row for row in rows[:200] if not is_own(row, tenure)][:100]


def release_of_draft(draft: Draft) -> OneOfficerRelease | None:
    """How a draft left, where one officer released it alone."""
    rows = OneOfficerRelease.objects.select_related("by__person", "reviewed_by__person")
    return rows.filter(message__uuid=draft.uuid, message__direction="out", agency=draft.agency).first()


def forget(message: Message, _: datetime.datetime) -> None:
    """Forget the words of reason and review with the content they speak of; that it was reviewed stays."""
    OneOfficerRelease.objects.filter(message=message).update(reason="", note="")


def _judge(draft: Draft, *, by: Tenure, now: datetime.datetime) -> tuple[list[Composed], Alone]:
    """The draft as one officer would release it now. Raises what forbids it."""
    if not RELEASES & set(by.roles) or by.person_id is None:
        raise ApprovalRoleError(roles=sorted(role.value for role in RELEASES))
    post = draft.conversation.post_id
    if by.post_id != post:
        raise PostNotLocalError(post=post)
    approvals = approvals_of(draft, now=now)
    first = compose_with_copies(outgoing_of(draft, approvals, by=by), now=now)
    needs = {need for one in first if isinstance(one.decision, Hold) for need in one.decision.needs}
    if needs != {APPROVAL}:
        raise OneOfficerNeedsError(needs=sorted(needs - {APPROVAL}))
    rule = emergency_rule([one for one in first if isinstance(one.decision, Hold)])
    if not duty.is_on_duty(by, now):
        raise OneOfficerDutyError(post=post)
    due = now + datetime.timedelta(hours=rule.review_hours)
    alone = Alone(rule.accord, draft.urgency, instant(due))
    composed = compose_with_copies(outgoing_of(draft, Approvals(others=approvals.others, alone=alone), by=by), now=now)
    assert all(not isinstance(one.decision, Released) or one.decision.alone in {alone, None} for one in composed)
    return composed, alone


def _log(row: OneOfficerRelease, *, by: Tenure, now: datetime.datetime) -> None:
    item = row.message
    facts = {"at": instant(now), "by": str(by.pk), "release": str(item.uuid), "upheld": bool(row.upheld)}
    ledger.append(
        [
            ledger.Entry(
                agency=row.agency,
                peer=item.peer,
                kind=ledger.Kind.RELEASE_REVIEWED,
                direction=ledger.Direction.OUT,
                message_id=str(item.uuid),
                envelope_hash=bytes(item.envelope_hash),
                commitment=commitment(facts),
                signature_hash=None,
                references=(bytes(item.leaf_hash),),
                retention="upheld" if row.upheld else "not-upheld",
                at=now,
            )
        ],
        now=now,
    )
