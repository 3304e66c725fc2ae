"""Steps after the opening: judged by the table, then sent at once or drafted for an authorising person."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from contraparte.directory.models import Tenure
from contraparte.exchange import actions as exchange
from contraparte.exchange.clockwork import release_steps
from contraparte.exchange.items import readable_content
from contraparte.exchange.models import Draft, Message, Obligation
from contraparte.exchange.reading import is_erased, read_message
from contraparte.exchange.writing import writing
from contraparte.inquiries.actions.asking import require_own
from contraparte.inquiries.actions.handing_over import JUDGED, files_answered, hashes_of, note_judged, prove_answered
from contraparte.inquiries.catalogue import catalogue
from contraparte.inquiries.models import Inquiry, Step
from contraparte.inquiries.rules.completeness import read_handling
from contraparte.inquiries.rules.lifecycle import require_step
from contraparte.inquiries.rules.steps import ALONE, ENDING, facts_of, type_of
from contraparte.inquiries.standings import Standing, standing_of, standings_of
from contraparte.protocol.errors import (
    GroundNotCoerciveError,
    InquiryFieldError,
    InquiryStepError,
    IntelligenceInCourtError,
    StepDraftedError,
)
from contraparte.protocol.ids import agency_of
from contraparte.protocol.marking import Evaluation, Marking

Body = dict[str, Any]
LAPSES_LOOKED_AT = 200  # provisional requests looked at in one turn


def take_step(
    inquiry: Inquiry,
    step: str,
    body: Body,
    *,
    by: Tenure,
    now: datetime,
    marked: Mapping[str, Any] | None = None,
) -> Draft | str:
    """Take a step: the draft that waits for approval, or the id of the message an officer sends alone.

    `marked` (handling, handling_text, source_grade, information_grade) marks an answer. Raises InquiryStepError naming
    the steps that are open, RefusalUnconsultedError, StepDraftedError, GroundNotCoerciveError,
    IntelligenceInCourtError, InquiryFieldError, HandlingUnknownError, PostNotLocalError, TenureEndedError,
    InquiryFileChangedError where an answer is to be verified whose file is not what was signed.
    """
    if step == "verify":
        prove_answered(inquiry)
    with writing(by.post.agency_id):
        row = Inquiry.objects.select_for_update(of=("self",)).select_related("conversation__post").get(pk=inquiry.pk)
        require_own(row, by, now)
        standing = standing_of(row, now)
        if standing.side is None or row.conversation is None or standing.settled.state == "draft":
            raise InquiryStepError(step=step, state=standing.state, allowed="")
        if step in standing.drafted:
            raise StepDraftedError(step=step)
        facts = facts_of(step, body)
        _check(standing, step, body)
        require_step(standing.fold, step, standing.side, facts, now)
        type_name = type_of(step)
        told: Body = {"step": step} if step in {"assess", "execute"} else {}
        if step in JUDGED and (named := hashes_of(files_answered(row))):
            told["files"] = named
        body = {"reference": row.reference} | told | {name: value for name, value in body.items() if value}
        said: dict[str, Any] = {
            "conversation": row.conversation,
            "marking": _marking(row, step, marked or {}, standing),
            "by": by,
            "now": now,
            "in_reply_to": _owed(row, step),
            "urgency": row.urgency,
        }
        if step in ALONE:
            done: Draft | str = exchange.send(type_name, body, **said)
            uuid = str(done)
            if step in JUDGED:
                note_judged(row, step, uuid, by=by, now=now)
        else:
            done = exchange.draft(type_name, body, **said)
            uuid = str(done.uuid)
        Step.objects.create(inquiry=row, uuid=uuid, step=step, side=standing.side, facts=facts)
    return done


def _check(standing: Standing, step: str, body: Body) -> None:
    """What a step may not say. Everything here is said again by nobody else: the other side only reads it."""
    known = catalogue()
    if step == "refuse":
        ground = known.grounds.get(str(body.get("ground", "")))
        if ground is None:
            raise InquiryFieldError(field="ground")
        if ground.coercive_only:
            _require_coercive(standing.inquiry, None, "ground", ground.code)
    if step in {"part", "answer"}:
        results = body.get("results", ())
        if not results and not str(body.get("text", "")).strip():
            raise InquiryFieldError(field="text")
        for result in results:
            ground = known.grounds.get(str(result.get("ground", "")))
            if result.get("outcome") == "refused" and ground is None:
                raise InquiryFieldError(field=f"ground_{result['number']}")
            if ground is not None and ground.coercive_only:
                _require_coercive(standing.inquiry, result["number"], f"ground_{result['number']}", ground.code)
    if step == "use" and body.get("way") == "court_file" and standing.inquiry.family != Inquiry.Family.LETTER:
        raise IntelligenceInCourtError(field="way")


def _require_coercive(inquiry: Inquiry, number: int | None, field: str, ground: str) -> None:
    """The ground of dual criminality stops coercive measures only: a statement goes where a search may not."""
    measures = [one for one in request_body(inquiry).get("measures", ()) if number in {None, one.get("number")}]
    kinds = catalogue().measures
    if not measures or any(not kinds[one["code"]].coercive for one in measures if one.get("code") in kinds):
        raise GroundNotCoerciveError(field=field, read=ground)


def request_body(inquiry: Inquiry) -> Body:
    """The request as it left or came; empty while it has done neither, or once it was recalled or erased."""
    openings = inquiry.steps.filter(step="open").values("uuid")
    rows = Message.objects.filter(conversation_id=inquiry.thread_id, uuid__in=openings)
    row = rows.select_related("content").first()
    content = readable_content(row) if row is not None else None
    return dict(content.body) if content is not None else {}


def _marking(row: Inquiry, step: str, marked: Mapping[str, Any], standing: Standing) -> Marking:
    """The marking of a step: that of the inquiry; of an answer also its own, and the conditions agreed on (P2.2)."""
    base = Marking.from_json(dict(row.marking))
    if step not in {"part", "answer"}:
        return base if base.evaluation is None else _with(base, base.handling, base.handling_text, None)
    texts = [base.handling_text, str(marked.get("handling_text", "")).strip(), _conditions(row, standing)]
    handling = base.handling | read_handling(marked.get("handling", ()))
    text = "\n".join(dict.fromkeys(text for text in texts if text))
    grade = None
    if marked.get("source_grade") and marked.get("information_grade") and base.evidence == "intelligence":
        grade = Evaluation(marked["source_grade"], int(marked["information_grade"]))
    return _with(base, handling | ({"H3"} if text else set()), text, grade)


def _with(base: Marking, handling: frozenset[str], text: str, grade: Evaluation | None) -> Marking:
    return Marking(
        handling=handling,
        handling_text=text,
        purposes=base.purposes,
        circle=base.circle,
        retention_until=base.retention_until,
        evaluation=grade,
        evidence=base.evidence,
        extra=base.extra,
    )


def _conditions(row: Inquiry, standing: Standing) -> str:
    """The conditions the requester has agreed to, in words: they go with every answer."""
    if not any(event.step == "agree" for event in standing.fold.applied):
        return ""
    offered = [event.uuid for event in standing.fold.applied if event.step == "conditions"]
    told = Message.objects.filter(conversation_id=row.thread_id, uuid__in=offered).select_related("content")
    return "\n".join(str(read_message(one).body.get("text", "")) for one in told if not is_erased(one))


def _owed(row: Inquiry, step: str) -> str | None:
    """The message whose step this one ends: what this post's agency owes longest in the thread."""
    if step == "acknowledge" and row.family != Inquiry.Family.LETTER:
        return None
    if step not in ENDING | {"acknowledge"}:
        return None
    owed = Obligation.objects.filter(
        conversation_id=row.thread_id, closed_at=None, holder__startswith=f"{agency_of(row.post_id)}/"
    )
    if row.family == Inquiry.Family.POLICE and step in {"accept", "postpone"}:
        return None  # the police owe the answer; a decision on the way ends no clock
    first = owed.select_related("message").order_by("opened_at", "pk").first()
    return str(first.message.uuid) if first else None


def lapse_unconfirmed(now: datetime) -> int:
    """End the clocks of requests by word of mouth that nobody confirmed; returns how many ended now.

    Their state needs no act: it follows from the time. Both sides end the same clocks at the same instant.
    """
    waiting = Obligation.objects.filter(closed_at=None, conversation__kind="inquiry").values("conversation")
    rows = Inquiry.objects.filter(conversation__in=waiting, steps__facts__oral=True).distinct().order_by("pk")
    ended = 0
    rows_now = list(rows.select_related("conversation")[:LAPSES_LOOKED_AT])
    for standing in standings_of(rows_now, now).values():
        if standing.settled.state == "expired" and standing.settled.since and standing.inquiry.conversation:
            with writing():
                release_steps(standing.inquiry.conversation, at=standing.settled.since)
            ended += 1
    return ended
