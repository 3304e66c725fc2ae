"""A draft shown to the other side before it is sent, and the word that comes back. No lifecycle and no clock begins."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef

from contraparte.directory.models import Tenure
from contraparte.directory.queries import service_tenure
from contraparte.exchange import actions as exchange
from contraparte.exchange.models import Draft, Message
from contraparte.exchange.reading import read_message
from contraparte.exchange.registry import Arrived
from contraparte.exchange.writing import writing
from contraparte.inquiries import queries
from contraparte.inquiries.actions.asking import (
    body_of,
    ensure_thread,
    locked_unsent,
    marking_of,
    require_own,
    save_inquiry,
)
from contraparte.inquiries.catalogue import catalogue
from contraparte.inquiries.messages import Comment, SharedDraft
from contraparte.inquiries.models import Inquiry
from contraparte.inquiries.rules.completeness import HANDLING, completeness
from contraparte.inquiries.rules.reading import asked_of, typed_of
from contraparte.inquiries.rules.steps import COMMENT, OPENERS, SHAREABLE, SHARED
from contraparte.protocol.errors import InquiryFieldError, InquiryIncompleteError, InquiryStepError
from contraparte.protocol.ids import country_of
from contraparte.protocol.marking import Marking

NEEDED = ("instrument", "counterpart")
TOLD_AT_ONCE = 50  # requests sent on, of which authors are told in one turn


def share_draft(inquiry: Inquiry, *, question: str, by: Tenure, now: datetime, send_on_to: str = "") -> Draft:
    """Draft what is typed so far to be shown to the other side; it leaves by the release, like all else.

    An agency of the same country may be asked to send it on to a post abroad (`send_on_to`); then the circle of the
    marking takes that post's country in, and a letter's draft bears the letter's standing: the letter is made of it.

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
        marking = marking_of(row.typed, family=row.family, by=by)
        if send_on_to:
            _require_way_on(row, send_on_to, by)
            marking = replace(marking, circle=marking.circle | {country_of(send_on_to)})
        else:
            marking = replace(marking, evidence="intelligence")
        row.marking = row.marking or marking.to_json()
        row.save(update_fields=["conversation", "marking"])
        body = SharedDraft(**_named_rows(row).to_body(), question=question.strip(), send_on_to=send_on_to)
        assert row.conversation is not None
        waiting = Draft.objects.filter(
            conversation=row.conversation, type=SHARED, state__in=exchange.OPEN_STATES
        ).first()
        if waiting is not None:
            return exchange.revise_draft(waiting, body, by=by, now=now, marking=marking)
        return exchange.draft(
            SHARED, body, conversation=row.conversation, marking=marking, by=by, now=now, urgency=row.urgency
        )


def _require_way_on(row: Inquiry, send_on_to: str, by: Tenure) -> None:
    """Sending on is for another agency of the same country, to a post abroad that handles such requests."""
    abroad = {post.pk for post in queries.posts_abroad(by)}
    if country_of(row.counterpart) != country_of(by.post_id) or send_on_to not in abroad:
        raise InquiryFieldError(field="send_on_to")


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
        shown = queries.latest_shown(row)
        if row.side != Inquiry.Side.RESPONDER or shown is None:
            raise InquiryStepError(step="comment", state="draft", allowed="")
        return _say(row, shown, row.reference, verdict, text.strip(), by=by, now=now)


def _say(row: Inquiry, shown: Message, reference: str, verdict: str, text: str, *, by: Tenure, now: datetime) -> str:
    assert row.conversation is not None
    return exchange.send(
        COMMENT,
        Comment(reference=reference, verdict=verdict, text=text),  # type: ignore[arg-type]
        conversation=row.conversation,
        marking=Marking.from_json(dict(row.marking)),
        by=by,
        now=now,
        in_reply_to=str(shown.uuid),
        urgency=row.urgency,
    )


def take_up(inquiry: Inquiry, *, by: Tenure, now: datetime) -> Inquiry:
    """Take a shown draft up as a request of one's own, to be sent on where its author asks; the author is told.

    The shown draft is a source of what leaves: its marking stays, and what needs a permission still does. Taken up
    twice it is the same request. Raises InquiryStepError where nobody asked for it.
    """
    with writing(by.post.agency_id):
        row = Inquiry.objects.select_for_update(of=("self",)).select_related("conversation", "post").get(pk=inquiry.pk)
        require_own(row, by, now)
        made = row.followers.order_by("pk").first()
        if made is not None:
            return made
        shown = queries.latest_shown(row)
        body = dict(read_message(shown).body) if shown is not None else {}
        if row.side != Inquiry.Side.RESPONDER or shown is None or not body.get("send_on_to"):
            raise InquiryStepError(step="take_up", state="draft", allowed="")
        marking = read_message(shown).marking
        typed = typed_of(body) | {
            "counterpart": body["send_on_to"],
            "handling": sorted(marking.handling & HANDLING),
            "handling_text": marking.handling_text,
        }
        made = save_inquiry(typed, by=by, now=now, lead=row, author=shown.sender)
        _say(row, shown, made.reference, "taken_up", "", by=by, now=now)
    return made


def tell_sent_on(now: datetime) -> int:
    """Tell authors of other agencies that what they wrote was sent on; returns how many were told now."""
    left = Message.objects.filter(conversation=OuterRef("conversation"), direction="out", type__in=OPENERS.values())
    waiting = Inquiry.objects.filter(
        Exists(left),
        told_author_at=None,
        side=Inquiry.Side.INITIATOR,
        lead__side=Inquiry.Side.RESPONDER,
        lead__steps=None,
    ).select_related("lead__conversation", "lead__post", "post")
    told = 0
    for row in waiting.order_by("-pk")[:TOLD_AT_ONCE]:
        lead = row.lead
        shown = queries.latest_shown(lead) if lead is not None else None
        if lead is None or shown is None:
            continue
        with writing(row.agency):
            _say(lead, shown, row.reference, "sent_on", "", by=service_tenure(lead.post), now=now)
            Inquiry.objects.filter(pk=row.pk).update(told_author_at=now)
        told += 1
    return told


def note_shared(arrived: Arrived) -> Inquiry:
    """Keep that a draft was shown here. No step is taken by it, so no state moves."""
    body = arrived.message.body
    instrument = catalogue().instruments.get(str(body.get("instrument", "")))
    row, _ = Inquiry.objects.get_or_create(
        agency=arrived.conversation.agency,
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
