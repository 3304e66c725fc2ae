"""Linked cases: asked, agreed, ended. A link by consent and never a join: each side keeps its own case to itself."""

import uuid
from datetime import datetime

from contraparte.directory import queries as directory
from contraparte.directory.models import Tenure
from contraparte.exchange import actions as exchange
from contraparte.exchange.models import CaseFile, Conversation, Message
from contraparte.exchange.registry import Arrived
from contraparte.exchange.writing import writing
from contraparte.outcomes.messages import CaseLinkAgree, CaseLinkAsk, CaseLinkEnd
from contraparte.outcomes.models import CaseLink
from contraparte.outcomes.saying import marking_of
from contraparte.protocol.errors import CaseLinkStateError, OutcomeFieldError, PostNotLocalError
from contraparte.protocol.marking import Marking

KIND = "case"
State = CaseLink.State


def ask_link(about: Conversation, *, by: Tenure, now: datetime) -> CaseLink:
    """Ask the other side of an exchange to link its case to ours. What leaves is a reference without meaning.

    Raises OutcomeFieldError where the exchange has no case of ours, CaseLinkStateError where a link was asked for or
    stands, OutcomeAboutError, PostNotLocalError.
    """
    if about.post_id != by.post_id:
        raise PostNotLocalError(post=about.post_id)
    if about.case is None:
        raise OutcomeFieldError(field="case", read="")
    marking = marking_of(about)
    with writing(about.agency):
        living = CaseLink.objects.filter(agency=about.agency, about=about).exclude(state=State.ENDED).first()
        if living is not None:
            raise CaseLinkStateError(state=living.state)
        thread = exchange.open_conversation(
            post=directory.post(about.post_id),
            counterpart=about.counterpart,
            kind=KIND,
            by=by,
            now=now,
            case=about.case,
        )
        link = CaseLink.objects.create(
            agency=about.agency, uuid=thread.uuid, post_id=about.post_id, counterpart=about.counterpart,
            conversation=thread, about=about, case=about.case, is_ours=True, marking=marking.to_json(),
            opened_at=now, changed_at=now,
        )  # fmt: skip
        body = CaseLinkAsk(about=str(about.uuid), reference=str(link.our_reference))
        sent = exchange.send("case.link_ask/1", body, conversation=thread, marking=marking, by=by, now=now)
        link.asked = Message.objects.get(agency=link.agency, direction="out", uuid=sent)
        link.save(update_fields=["asked"])
    return link


def agree_link(link: CaseLink, case: CaseFile, *, by: Tenure, now: datetime) -> CaseLink:
    """Agree that one of our cases is linked. Raises CaseLinkStateError, OutcomeFieldError for a case not our post's."""
    with writing(link.agency):
        row = _locked(link, by)
        if row.is_ours or row.state != State.ASKED:
            raise CaseLinkStateError(state=row.state)
        if case.agency_id != row.agency or case.post_id != row.post_id:
            raise OutcomeFieldError(field="case", read="")
        _send(row, "case.link_agree/1", CaseLinkAgree(reference=str(row.our_reference)), by=by, now=now)
        row.state, row.case, row.changed_at = State.AGREED, case, now
        row.save()
        Conversation.objects.filter(pk=row.conversation_id).update(case=case)
    return row


def end_link(link: CaseLink, *, reason: str, by: Tenure, now: datetime) -> CaseLink:
    """Decline a link, take the question back, or end what was agreed; either side may, at any time."""
    with writing(link.agency):
        row = _locked(link, by)
        if row.state == State.ENDED:
            raise CaseLinkStateError(state=row.state)
        _send(row, "case.link_end/1", CaseLinkEnd(reason=reason.strip()), by=by, now=now)
        row.state, row.reason, row.changed_at = State.ENDED, reason.strip(), now
        row.save()
    return row


def hear_ask(arrived: Arrived) -> None:
    """The other side asks; an officer decides."""
    body, row = arrived.body, arrived.row
    assert isinstance(body, CaseLinkAsk)
    if arrived.is_copy:
        return
    about = Conversation.objects.filter(
        agency=row.agency, uuid=body.about, post_id=row.recipient, counterpart=row.sender
    ).first()
    CaseLink.objects.get_or_create(
        agency=row.agency,
        uuid=arrived.conversation.uuid,
        defaults={
            "post_id": row.recipient, "counterpart": row.sender, "conversation": arrived.conversation, "about": about,
            "case": about.case if about else None, "is_ours": False, "their_reference": uuid.UUID(body.reference),
            "asked": row, "marking": arrived.message.marking.to_json(), "opened_at": row.at, "changed_at": row.at,
        },
    )  # fmt: skip


def hear_agree(arrived: Arrived) -> None:
    """The other side agrees; where we have taken the question back meanwhile, it stays ended."""
    body = arrived.body
    assert isinstance(body, CaseLinkAgree)
    if arrived.is_copy:
        return
    link = _heard(arrived)
    if not link.is_ours:
        raise CaseLinkStateError(state=link.state)
    link.their_reference = uuid.UUID(body.reference)
    if link.state == State.ASKED:
        link.state = State.AGREED
    link.changed_at = arrived.row.at
    link.save()


def hear_end(arrived: Arrived) -> None:
    """The other side ends it."""
    body = arrived.body
    assert isinstance(body, CaseLinkEnd)
    if arrived.is_copy:
        return
    link = _heard(arrived)
    if link.state != State.ENDED:
        link.state, link.reason, link.changed_at = State.ENDED, body.reason, arrived.row.at
        link.save()


def _heard(arrived: Arrived) -> CaseLink:
    rows = CaseLink.objects.select_for_update(of=("self",))
    found = rows.filter(agency=arrived.conversation.agency, conversation=arrived.conversation).first()
    if found is None:
        raise CaseLinkStateError(state="")
    return found


def _locked(link: CaseLink, by: Tenure) -> CaseLink:
    row = CaseLink.objects.select_for_update(of=("self",)).select_related("conversation", "asked").get(pk=link.pk)
    if by.post_id != row.post_id:
        raise PostNotLocalError(post=row.post_id)
    return row


def _send(link: CaseLink, kind: str, body: CaseLinkAgree | CaseLinkEnd, *, by: Tenure, now: datetime) -> None:
    asked = link.asked
    exchange.send(
        kind,
        body,
        conversation=link.conversation,
        marking=Marking.from_json(link.marking),
        by=by,
        now=now,
        in_reply_to=str(asked.uuid) if asked is not None and not link.is_ours else None,
    )
