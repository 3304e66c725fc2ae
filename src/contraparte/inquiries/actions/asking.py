"""From a form to a request on its way: saved as typed, judged, drafted; a lead converted once."""

from datetime import datetime
from typing import Any

from contraparte.directory import queries as directory
from contraparte.directory.models import Tenure
from contraparte.exchange import actions as exchange
from contraparte.exchange.escalating import stands_in
from contraparte.exchange.models import Draft, Message
from contraparte.exchange.writing import writing
from contraparte.inquiries.actions.handing import note_version
from contraparte.inquiries.actions.signing import void_outdated
from contraparte.inquiries.catalogue import catalogue
from contraparte.inquiries.letters import version_of
from contraparte.inquiries.models import Inquiry, Step
from contraparte.inquiries.queries import latest_shown
from contraparte.inquiries.rules.completeness import completeness, read_handling
from contraparte.inquiries.rules.reading import asked_of, note_of, request_of
from contraparte.inquiries.rules.steps import OPENERS, facts_of
from contraparte.inquiries.rules.translating import digest_of, texts_of
from contraparte.protocol.errors import InquirySentError, LeadConvertedError, PostNotLocalError, TenureEndedError
from contraparte.protocol.ids import country_of
from contraparte.protocol.marking import Evaluation, Marking

KIND = "inquiry"
PURPOSES = {"letter": frozenset({"prosecution"})}
INVESTIGATION = frozenset({"criminal_investigation"})


def save_inquiry(
    typed: dict[str, Any],
    *,
    by: Tenure,
    now: datetime,
    inquiry: Inquiry | None = None,
    lead: Inquiry | None = None,
    author: str = "",
) -> Inquiry:
    """Keep a request as typed, complete or not. Nothing is drafted by this. `author` is as `note_version` takes it.

    Raises HandlingUnknownError for a code nobody has defined; InquirySentError once the request has left;
    LeadConvertedError where another request was made from the same lead.
    """
    read_handling(typed.get("handling", ()))
    instrument = catalogue().instruments.get(typed.get("instrument", ""))
    family = instrument.family if instrument else Inquiry.Family.POLICE
    with writing():
        if inquiry is None:
            row = Inquiry(
                agency=by.post.agency_id,
                post=by.post,
                side=Inquiry.Side.INITIATOR,
                requester=by.post_id,
                opened_by=by,
                opened_at=now,
            )
            if lead is not None:
                row.lead = _locked_lead(lead)
        else:
            row = locked_unsent(inquiry)
        require_own(row, by, now)
        # Once drafted, a request stays in the thread with the post it is addressed to.
        if row.conversation_id is None:
            row.family, row.counterpart = family, str(typed.get("counterpart", ""))
        row.instrument = str(typed.get("instrument", ""))
        row.case_number = str(typed.get("case_number", ""))
        row.group = str(typed.get("group", "")).strip()
        row.urgency = str(typed.get("urgency") or "routine")
        row.typed = with_translation(typed, row.typed)
        row.save()
        void_outdated(row, by=by, now=now)
        note_version(row, by=by, now=now, author=author)
    return row


#: What another page than the form writes, and the form leaves as it is.
_KEPT = ("written_in", "letter_on", "signer", "translations", "translation_of")


def with_translation(typed: dict[str, Any], before: dict[str, Any]) -> dict[str, Any]:
    """What is typed, with the letter's other language kept; a hash that is new is of the texts as they are now."""
    kept = {name: before[name] for name in _KEPT if name in before and name not in typed}
    if not typed.get("translation_hash"):
        kept.pop("translation_of", None)
    elif typed["translation_hash"] != before.get("translation_hash") and (
        typed.get("translation_of") in {None, before.get("translation_of")}
    ):
        kept["translation_of"] = digest_of(texts_of(typed))
    return typed | kept


def open_inquiry(inquiry: Inquiry, *, by: Tenure, now: datetime, leave_out: bool = False) -> Draft | str:
    """Draft the request, or write its draft anew; a liaison note leaves at once and its message id is returned.

    With `leave_out`, measures that have gaps are held back and the others go. Raises InquiryIncompleteError naming
    every gap, InquirySentError, PostNotLocalError, TenureEndedError.
    """
    with writing(by.post.agency_id):
        row = locked_unsent(inquiry)
        require_own(row, by, now)
        report = completeness(asked_of(row.typed), catalogue())
        report.raise_if_stopped(leave_out=leave_out)
        marking = marking_of(row.typed, family=row.family, by=by)
        row.marking = marking.to_json()
        row.left_out = sorted(one + 1 for one in report.stopped)
        void_outdated(row, by=by, now=now)
        ensure_thread(row, by=by, now=now)
        body = body_of(row, report.stopped)
        row.save()
        assert row.conversation is not None
        words: dict[str, Any] = {
            "conversation": row.conversation,
            "marking": marking,
            "by": by,
            "now": now,
            "urgency": row.urgency,
        }
        if row.family == Inquiry.Family.NOTE:
            told = exchange.send(OPENERS["note"], body, **words)
            _note_opening(row, told, body.to_body())
            return told
        if row.draft is not None and row.draft.state in exchange.OPEN_STATES:
            exchange.revise_draft(row.draft, body, by=by, now=now, marking=marking)
            Draft.objects.filter(pk=row.draft.pk).update(urgency=row.urgency)
            Step.objects.filter(inquiry=row, uuid=row.draft.uuid).update(facts=facts_of("open", body.to_body()))
            return row.draft
        shown = latest_shown(row.lead) if row.lead is not None else None
        words["sources"] = [shown] if shown is not None else []
        row.draft = exchange.draft(OPENERS[row.family], body, **words)  # type: ignore[index]
        row.save(update_fields=["draft"])
        _note_opening(row, str(row.draft.uuid), body.to_body())
        return row.draft


def ensure_thread(row: Inquiry, *, by: Tenure, now: datetime) -> None:
    """Open the conversation of a request that has none; the caller saves the row."""
    if row.conversation_id is None:
        case = exchange.open_case(post=row.post, number=row.case_number, now=now) if row.case_number else None
        row.conversation = exchange.open_conversation(
            post=row.post, counterpart=row.counterpart, kind=KIND, by=by, now=now, case=case
        )


def convert_lead(lead: Inquiry, *, instrument: str, by: Tenure, now: datetime) -> Inquiry:
    """A formal request from a lead: linked, pre-filled with what this side itself knows, counted once.

    What the other side said is not copied: it is intelligence, and the request asks for it as evidence.
    Raises LeadConvertedError where that was done before.
    """
    own = dict(lead.typed) if lead.side == Inquiry.Side.INITIATOR else {}
    typed = {name: value for name, value in own.items() if name not in _LEFT_BEHIND}
    # Measures of the police are no measures of a court: who asks names them anew.
    typed["measures"] = [row for row in own.get("measures", ()) if _fits(row.get("code", ""))]
    typed |= {
        "instrument": instrument,
        "counterpart": lead.counterpart,
        "case_number": lead.case_number,
        "handling": sorted(set(lead.marking.get("handling", ()))),
        "handling_text": lead.marking.get("handling_text", ""),
    }
    return save_inquiry(typed, by=by, now=now, lead=lead)


_LEFT_BEHIND = frozenset(
    {"is_oral", "oral_by", "oral_to", "oral_at", "source_grade", "information_grade", "urgency", "urgent_reason",
     "due_on", "due_reason"}
)  # fmt: skip


def _fits(code: str) -> bool:
    kind = catalogue().measures.get(code)
    return kind is not None and "letter" in kind.families


def redirect_request(inquiry: Inquiry, *, to: str, by: Tenure, now: datetime) -> Inquiry:
    """The same request to the post that is competent, after a transfer: linked, counted once."""
    return save_inquiry(dict(inquiry.typed) | {"counterpart": to}, by=by, now=now, lead=inquiry)


def marking_of(typed: dict[str, Any], *, family: str, by: Tenure) -> Marking:
    """The marking of what a form holds; an evaluation belongs to intelligence only."""
    formal = family == Inquiry.Family.LETTER
    graded = typed.get("source_grade") and typed.get("information_grade") and not formal
    return Marking(
        handling=read_handling(typed.get("handling", ())),
        handling_text=str(typed.get("handling_text", "")),
        purposes=PURPOSES.get(family, INVESTIGATION),
        circle=frozenset({country_of(by.post_id), country_of(str(typed.get("counterpart", "")) or by.post_id)}),
        evaluation=Evaluation(typed["source_grade"], int(typed["information_grade"])) if graded else None,
        evidence="evidence" if formal else "intelligence",
    )


def _signed(row: Inquiry, body: Any) -> Any:
    """A letter's payload with its version and the hash of the signed copy that holds for it."""
    if body.letter is None:
        return body
    version = version_of(body.to_body())
    copy = row.signed_copies.filter(void_at=None, version=version).first() if version else None
    told = {"version": version, "signed_sha256": bytes(copy.sha256).hex() if copy else ""}
    return body.model_copy(update={"letter": body.letter.model_copy(update=told)})


def body_of(row: Inquiry, stopped: frozenset[int]) -> Any:
    """The payload of what a form holds, without the measures that are held back."""
    if row.family == Inquiry.Family.NOTE:
        return note_of(row.typed, reference=row.reference)
    lead = ("", "")
    if row.lead is not None and row.lead.conversation is not None:
        lead = (str(row.lead.conversation.uuid), row.lead.their_reference or row.lead.reference)
    body = request_of(row.typed, reference=row.reference, known=catalogue(), stopped=stopped, lead=lead)
    return _signed(row, body)


def _note_opening(row: Inquiry, uuid: str, body: dict[str, Any]) -> None:
    Step.objects.create(inquiry=row, uuid=uuid, step="open", side="initiator", facts=facts_of("open", body))


def require_own(row: Inquiry, by: Tenure, now: datetime) -> None:
    """Raise unless `by` acts now for the post whose inquiry it is: PostNotLocalError, TenureEndedError.

    A substitute to which a step of the thread went acts for that post (P8.1).
    """
    if by.post_id != row.post_id and (row.conversation is None or not stands_in(by, row.conversation)):
        raise PostNotLocalError(post=row.post_id)
    if not directory.is_running(by, now):
        raise TenureEndedError(tenure=str(by.pk))


def locked_unsent(inquiry: Inquiry) -> Inquiry:
    """The row, locked, of a request that has not left; one whose draft was only shown has not. InquirySentError."""
    row = (
        Inquiry.objects.select_for_update(of=("self",))
        .select_related("conversation", "draft", "post", "lead__conversation")
        .get(pk=inquiry.pk)
    )
    if row.side != Inquiry.Side.INITIATOR or (
        row.conversation_id is not None
        and Message.objects.filter(
            conversation_id=row.conversation_id, direction="out", type__in=OPENERS.values()
        ).exists()
    ):
        raise InquirySentError
    return row


def _locked_lead(lead: Inquiry) -> Inquiry:
    row = Inquiry.objects.select_for_update(of=("self",)).get(pk=lead.pk)
    follower = row.followers.order_by("pk").first()
    if follower is not None:
        raise LeadConvertedError(reference=follower.reference)
    return row
