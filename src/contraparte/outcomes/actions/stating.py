"""What either party says about an outcome: report, correct, retract, confirm, contest; and hearing it said."""

from datetime import date, datetime

from pydantic import BaseModel

from contraparte.directory import calendars
from contraparte.directory import queries as directory
from contraparte.directory.models import Tenure
from contraparte.exchange import actions as exchange
from contraparte.exchange.models import Conversation, Message
from contraparte.exchange.registry import Arrived
from contraparte.exchange.writing import writing
from contraparte.outcomes.messages import (
    OutcomeConfirm,
    OutcomeContest,
    OutcomeCorrect,
    OutcomeReport,
    OutcomeRetract,
)
from contraparte.outcomes.models import Outcome, OutcomeWord, VictimDuty
from contraparte.outcomes.rules.kinds import Contribution
from contraparte.outcomes.rules.lifecycle import Act, Facts, State, allowed, standing
from contraparte.outcomes.saying import facts_read, facts_told, marking_of, said
from contraparte.protocol.errors import OutcomeFieldError, OutcomeStateError, PostNotLocalError
from contraparte.protocol.marking import Marking

KIND = "outcome"
TYPES = {act: f"outcome.{act.value}/1" for act in Act}


def report_outcome(about: Conversation, facts: Facts, *, by: Tenure, now: datetime, victim: bool = False) -> Outcome:
    """Tell the other side of an exchange what came of it. `victim`: somebody is to be informed, by us.

    Raises OutcomeFieldError, OutcomeAboutError, PostNotLocalError, and what the gate refuses.
    """
    if about.post_id != by.post_id:
        raise PostNotLocalError(post=about.post_id)
    facts.require_sound(today_at(about.post_id, now))
    marking = marking_of(about)
    with writing(about.agency):
        thread = exchange.open_conversation(
            post=directory.post(about.post_id),
            counterpart=about.counterpart,
            kind=KIND,
            by=by,
            now=now,
            case=about.case,
        )
        outcome = Outcome.objects.create(
            agency=about.agency,
            uuid=thread.uuid,
            post_id=about.post_id,
            counterpart=about.counterpart,
            conversation=thread,
            about=about,
            is_ours=True,
            marking=marking.to_json(),
            opened_at=now,
            changed_at=now,
        )
        if victim:
            note_victim(outcome, now=now)
        return _say(outcome, Act.REPORT, OutcomeReport(about=str(about.uuid), facts=facts_told(facts)), by=by, now=now)


def correct_outcome(outcome: Outcome, facts: Facts, *, reason: str, by: Tenure, now: datetime) -> Outcome:
    """Replace the facts of an outcome this side reported, say by a conviction that was overturned.

    Raises OutcomeFieldError, OutcomeStateError.
    """
    _require_text(reason)
    facts.require_sound(today_at(outcome.post_id, now))
    with writing(outcome.agency):
        row = _locked(outcome, Act.CORRECT, by)
        if facts_told(facts).model_dump(mode="json") == row.facts:
            raise OutcomeFieldError(field="happened_on", read=facts.happened_on.isoformat())
        body = OutcomeCorrect(version=row.version + 1, facts=facts_told(facts), reason=reason)
        return _say(row, Act.CORRECT, body, by=by, now=now)


def retract_outcome(outcome: Outcome, *, reason: str, by: Tenure, now: datetime) -> Outcome:
    """Take back what this side reported; final. Raises OutcomeFieldError, OutcomeStateError."""
    _require_text(reason)
    with writing(outcome.agency):
        return _say(_locked(outcome, Act.RETRACT, by), Act.RETRACT, OutcomeRetract(reason=reason), by=by, now=now)


def confirm_outcome(
    outcome: Outcome,
    *,
    contribution: frozenset[Contribution],
    by: Tenure,
    now: datetime,
    same_as: str = "",
    victim: bool = False,
) -> Outcome:
    """Say that it happened and what our part was; `same_as`: it is an event known here under that id.

    Raises OutcomeStateError; OutcomeFieldError where `same_as` is no other outcome of this post.
    """
    with writing(outcome.agency):
        row = _locked(outcome, Act.CONFIRM, by)
        others = Outcome.objects.filter(agency=row.agency, post_id=row.post_id).exclude(pk=row.pk)
        if same_as and not others.filter(uuid=same_as).exists():
            raise OutcomeFieldError(field="same_as", read=same_as)
        if victim:
            note_victim(row, now=now)
        body = OutcomeConfirm(version=row.version, contribution=sorted(contribution), same_as=same_as or None)
        return _say(row, Act.CONFIRM, body, by=by, now=now)


def contest_outcome(outcome: Outcome, *, reason: str, by: Tenure, now: datetime) -> Outcome:
    """Say that it was not so, and why. Raises OutcomeFieldError, OutcomeStateError."""
    _require_text(reason)
    with writing(outcome.agency):
        row = _locked(outcome, Act.CONTEST, by)
        return _say(row, Act.CONTEST, OutcomeContest(version=row.version, reason=reason), by=by, now=now)


def note_victim(outcome: Outcome, *, now: datetime) -> VictimDuty:
    """Put the duty to inform a victim on the desk; there once, however often it is noted."""
    return VictimDuty.objects.get_or_create(outcome=outcome, defaults={"opened_at": now})[0]


def note_victim_told(outcome: Outcome, *, told_on: date, by: Tenure, now: datetime) -> VictimDuty:
    """Write down when the victim was informed. Raises OutcomeFieldError for a day to come or too early."""
    with writing():
        duty = VictimDuty.objects.select_for_update().filter(outcome=outcome, told_on=None).first()
        if duty is None or by.post_id != outcome.post_id:
            raise OutcomeStateError(state=outcome.state, allowed="")
        if told_on > today_at(outcome.post_id, now) or (outcome.happened_on and told_on < outcome.happened_on):
            raise OutcomeFieldError(field="told_on", read=told_on.isoformat())
        duty.told_on, duty.told_by = told_on, by
        duty.save(update_fields=["told_on", "told_by"])
    return duty


def today_at(post_id: str, now: datetime) -> date:
    """The day at a post."""
    return now.astimezone(calendars.zone_of(directory.post(post_id).time_zone)).date()


def hear(arrived: Arrived) -> None:
    """A word of the other side about an outcome. Raises OutcomeStateError for one that is not its to say."""
    if arrived.is_copy:
        return
    body, row = arrived.body, arrived.row
    act = Act(row.type.removeprefix("outcome.").removesuffix("/1"))
    if act is Act.REPORT:
        assert isinstance(body, OutcomeReport)
        facts_read(body.facts).require_sound(today_at(row.recipient, arrived.now))
        outcome, _ = Outcome.objects.get_or_create(
            agency=row.agency,
            uuid=arrived.conversation.uuid,
            defaults={
                "post_id": row.recipient,
                "counterpart": row.sender,
                "conversation": arrived.conversation,
                "about": Conversation.objects.filter(
                    agency=row.agency, uuid=body.about, post_id=row.recipient, counterpart=row.sender
                ).first(),
                "is_ours": False,
                "marking": arrived.message.marking.to_json(),
                "opened_at": row.at,
                "changed_at": row.at,
            },
        )
    else:
        found = Outcome.objects.filter(agency=row.agency, conversation=arrived.conversation).first()
        if found is None:
            raise OutcomeStateError(state="", allowed=Act.REPORT.value)
        outcome = found
    theirs_to_say = {Act.CONFIRM, Act.CONTEST} if outcome.is_ours else {Act.REPORT, Act.CORRECT, Act.RETRACT}
    if act not in theirs_to_say:
        raise OutcomeStateError(state=outcome.state, allowed=", ".join(sorted(theirs_to_say)))
    if isinstance(body, OutcomeCorrect):
        facts_read(body.facts).require_sound(today_at(row.recipient, arrived.now))
    outcome.marking = Marking.from_json(outcome.marking).combine(arrived.message.marking).to_json()
    _keep_word(outcome, act, row, body, by_reporter=not outcome.is_ours)
    _work_out(outcome, at=row.at)


def _say(outcome: Outcome, act: Act, body: BaseModel, *, by: Tenure, now: datetime) -> Outcome:
    """Send a word and keep it. Confirmations and contests answer the report: they end the step it asked for."""
    answered = None
    if act in (Act.CONFIRM, Act.CONTEST):
        answered = outcome.words.filter(act=Act.REPORT.value).values_list("message__uuid", flat=True).first()
    sent = exchange.send(
        TYPES[act],
        body,
        conversation=outcome.conversation,
        marking=Marking.from_json(outcome.marking),
        by=by,
        now=now,
        in_reply_to=str(answered) if answered else None,
    )
    row = Message.objects.get(agency=outcome.agency, direction="out", uuid=sent)
    _keep_word(outcome, act, row, body, by_reporter=outcome.is_ours)
    return _work_out(outcome, at=now)


def _keep_word(outcome: Outcome, act: Act, row: Message, body: BaseModel, *, by_reporter: bool) -> None:
    OutcomeWord.objects.get_or_create(
        message=row,
        defaults={
            "outcome": outcome,
            "act": act.value,
            "by_reporter": by_reporter,
            "turn": row.seq or 0,
            "body": body.model_dump(mode="json"),
        },
    )


def _work_out(outcome: Outcome, *, at: datetime) -> Outcome:
    """Write down what follows from all words."""
    found = standing(said(outcome.words.all()))
    facts = found.facts
    outcome.state, outcome.version, outcome.reason = found.state.value, found.version, found.reason
    outcome.facts = facts_told(facts).model_dump(mode="json") if facts else {}
    outcome.kind = facts.kind.value if facts else ""
    outcome.happened_on = facts.happened_on if facts else None
    outcome.same_as = sorted(found.same_as)
    outcome.changed_at = at
    outcome.save()
    return outcome


def _locked(outcome: Outcome, act: Act, by: Tenure) -> Outcome:
    row = Outcome.objects.select_for_update(of=("self",)).select_related("conversation").get(pk=outcome.pk)
    if by.post_id != row.post_id:
        raise PostNotLocalError(post=row.post_id)
    steps = allowed(State(row.state), is_reporter=row.is_ours)
    if act not in steps:
        raise OutcomeStateError(state=row.state, allowed=", ".join(sorted(steps)))
    return row


def _require_text(reason: str) -> None:
    if not reason.strip():
        raise OutcomeFieldError(field="reason", read="")
