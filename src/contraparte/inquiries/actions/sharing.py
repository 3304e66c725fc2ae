"""A draft shown to the other side before it is sent, and the word that comes back. No lifecycle and no clock begins."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from contraparte.directory.models import Tenure
from contraparte.exchange import actions as exchange
from contraparte.exchange.items import recalled_ids
from contraparte.exchange.models import Draft, Message
from contraparte.exchange.reading import is_erased
from contraparte.exchange.registry import Arrived
from contraparte.exchange.writing import writing
from contraparte.inquiries.actions.asking import body_of, ensure_thread, locked_unsent, marking_of, require_own
from contraparte.inquiries.catalogue import catalogue
from contraparte.inquiries.messages import Comment, SharedDraft
from contraparte.inquiries.models import Inquiry
from contraparte.inquiries.rules.completeness import completeness
from contraparte.inquiries.rules.reading import asked_of
from contraparte.inquiries.rules.steps import COMMENT, OPENERS, SHAREABLE, SHARED
from contraparte.protocol.errors import InquiryFieldError, InquiryIncompleteError, InquiryStepError
from contraparte.protocol.marking import Marking

NEEDED = ("instrument", "counterpart")


def share_draft(inquiry: Inquiry, *, question: str, by: Tenure, now: datetime) -> Draft:
    """Draft what is typed so far to be shown to the other side; it leaves by the release, like all else.

    Gaps do not stop it, for it asks whether it is complete; an instrument and an addressee it needs. A showing that
    has not left is written anew. What is shown is no evidence, whatever the request will be.
    Raises InquiryIncompleteError, InquiryFieldError for a kind that is not shown, InquirySentError.
    """
    with writing(by.post.agency_id):
        row = locked_unsent(inquiry)
        require_own(row, by, now)
        report = completeness(asked_of(row.typed), catalogue())
        missing = [name for name in NEEDED if not row.typed.get(name)]
        if missing:
            raise InquiryIncompleteError(gaps=", ".join(missing), score=report.score)
        if row.family not in SHAREABLE:
            raise InquiryFieldError(field="instrument")
        ensure_thread(row, by=by, now=now)
        marking = replace(marking_of(row.typed, family=row.family, by=by), evidence="intelligence")
        row.marking = row.marking or marking.to_json()
        row.save(update_fields=["conversation", "marking"])
        body = SharedDraft(**_named_rows(row).to_body(), question=question.strip())
        assert row.conversation is not None
        waiting = Draft.objects.filter(
            conversation=row.conversation, type=SHARED, state__in=exchange.OPEN_STATES
        ).first()
        if waiting is not None:
            return exchange.revise_draft(waiting, body, by=by, now=now, marking=marking)
        return exchange.draft(
            SHARED, body, conversation=row.conversation, marking=marking, by=by, now=now, urgency=row.urgency
        )


def _named_rows(row: Inquiry) -> Any:
    """The payload as far as it is typed: a row that does not say yet what it is stays at home."""
    typed = dict(row.typed)
    unnamed = frozenset(place for place, one in enumerate(typed.get("measures", ())) if not one.get("code"))
    kept = row.typed
    row.typed = typed | {"offences": [one for one in typed.get("offences", ()) if one.get("code")]}
    try:
        return body_of(row, unnamed)
    finally:
        row.typed = kept


def comment_on_draft(inquiry: Inquiry, *, verdict: str, text: str, by: Tenure, now: datetime) -> str:
    """Say whether a draft that was shown is complete for this side; returns the message id.

    Raises InquiryFieldError where nothing says what is missing; InquiryStepError where no draft is shown, or the
    request has come by now; PostNotLocalError, TenureEndedError.
    """
    if verdict not in {"complete", "incomplete"}:
        raise InquiryFieldError(field="verdict")
    if verdict == "incomplete" and not text.strip():
        raise InquiryFieldError(field="text")
    with writing(by.post.agency_id):
        row = Inquiry.objects.select_for_update(of=("self",)).select_related("conversation", "post").get(pk=inquiry.pk)
        require_own(row, by, now)
        shown = latest_shown(row)
        if row.side != Inquiry.Side.RESPONDER or shown is None:
            raise InquiryStepError(step="comment", state="draft", allowed="")
        assert row.conversation is not None
        return exchange.send(
            COMMENT,
            Comment(reference=row.reference, verdict=verdict, text=text.strip()),  # type: ignore[arg-type]
            conversation=row.conversation,
            marking=Marking.from_json(dict(row.marking)),
            by=by,
            now=now,
            in_reply_to=str(shown.uuid),
            urgency=row.urgency,
        )


def latest_shown(row: Inquiry) -> Message | None:
    """The draft that was shown last and still may be read; None once the request itself has come."""
    messages = Message.objects.filter(conversation_id=row.thread_id)
    if messages.filter(type__in=OPENERS.values()).exists():
        return None
    shown = messages.filter(type=SHARED).select_related("content").order_by("-pk").first()
    if shown is None or shown.pk in recalled_ids([shown]) or is_erased(shown):
        return None
    return shown


def note_shared(arrived: Arrived) -> Inquiry:
    """Keep that a draft was shown here. No step is taken by it, so no state moves."""
    body = arrived.message.body
    instrument = catalogue().instruments.get(str(body.get("instrument", "")))
    row, _ = Inquiry.objects.get_or_create(
        agency=arrived.row.agency,
        conversation=arrived.conversation,
        defaults={
            "post_id": arrived.row.recipient,
            "side": Inquiry.Side.COPY if arrived.is_copy else Inquiry.Side.RESPONDER,
            "family": instrument.family if instrument else Inquiry.Family.POLICE,
            "instrument": instrument.code if instrument else "",
            "urgency": arrived.row.urgency,
            "counterpart": arrived.message.sender,
            "requester": arrived.message.sender,
            "their_reference": str(body.get("reference", ""))[:60],
            "marking": arrived.message.marking.to_json(),
            "opened_by": arrived.by,
            "opened_at": arrived.row.at,
        },
    )
    return row
