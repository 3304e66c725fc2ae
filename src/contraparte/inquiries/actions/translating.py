"""The letter's other language, and its signed copy: written, certified, taken in for one version.

texts ─▶ translation, certified ─▶ version (SHA-256 of all it says) ─▶ printed, signed, taken in ─▶ release
                                      any later edit ─▶ another version ─▶ the copy is kept and void
                                      enclosed ─▶ a file of the draft, which goes where the letter goes
"""

import hashlib
from collections.abc import Mapping
from datetime import date, datetime
from typing import Final

from contraparte.directory import queries as directory
from contraparte.directory.models import Tenure
from contraparte.exchange import actions as exchange
from contraparte.exchange import files
from contraparte.exchange.attaching import Intake, attach_pieces, files_of_draft
from contraparte.exchange.models import Attachment
from contraparte.exchange.writing import writing
from contraparte.inquiries.actions.asking import locked_unsent, open_inquiry, require_own
from contraparte.inquiries.actions.handing import note_version
from contraparte.inquiries.actions.signing import open_copy, void_copy, void_outdated
from contraparte.inquiries.catalogue import catalogue
from contraparte.inquiries.letters import letter_of, pdf_of, unsent_body, version_of
from contraparte.inquiries.models import Inquiry, SignedCopy
from contraparte.inquiries.rules.completeness import completeness
from contraparte.inquiries.rules.reading import asked_of
from contraparte.inquiries.rules.translating import digest_of, hash_of, pairs_of, plain, texts_of
from contraparte.protocol.errors import (
    InquiryFieldError,
    LetterNotPdfError,
    LetterTooLargeError,
    LetterUnsignedError,
    LetterVersionError,
    TenureEndedError,
)

COPY_BYTES: Final = 32 * 1024 * 1024
"""Bytes of a signed copy: a scan of some hundred pages."""
SHOWN_DIGITS: Final = 8
"""Digits of the version that a person reads off the paper."""


def write_translation(
    inquiry: Inquiry,
    texts: Mapping[str, str],
    *,
    written_in: str,
    dated: date,
    signer: str,
    by: Tenure,
    now: datetime,
    certified_by: str = "",
    certified_on: date | None = None,
) -> Inquiry:
    """Keep the other language of a letter, text by text; with a translator and a day it is certified as it stands.

    Raises InquiryFieldError for a certification of which one half, or a text, is missing; InquirySentError,
    PostNotLocalError, TenureEndedError.
    """
    if bool(certified_by) != (certified_on is not None):
        raise InquiryFieldError(field="translated_on" if certified_by else "translated_by")
    with writing():
        row = locked_unsent(inquiry)
        require_own(row, by, now)
        typed = dict(row.typed) | {"written_in": written_in, "letter_on": dated.isoformat(), "signer": plain(signer)}
        sources = texts_of(typed)
        before = {} if certified_on is not None else row.typed.get("translations", {})
        typed["translations"] = {
            name: _bound(plain(text), sources[name], before.get(name, {}))
            for name, text in texts.items()
            if name in sources and plain(text)
        }
        if certified_on is not None:
            missing = next((pair.name for pair in pairs_of(typed) if pair.is_missing), "")
            if missing:
                raise InquiryFieldError(field=f"text-{missing}")
            typed |= {
                "translation_language": "English" if written_in == "es" else "español",
                "translation_hash": digest_of({name: one["text"] for name, one in typed["translations"].items()}),
                "translated_by": certified_by,
                "translated_on": certified_on.isoformat(),
                "translation_of": digest_of(sources),
            }
        row.typed = typed
        row.save(update_fields=["typed"])
        void_outdated(row, by=by, now=now)
        note_version(row, by=by, now=now)
        _draft_anew(row, by=by, now=now)
    return row


def _bound(text: str, source: str, before: Mapping[str, str]) -> dict[str, str]:
    """A translation with the hash of what it translates; one that nobody touched stays bound to what it was made of."""
    return dict(before) if before.get("text") == text else {"text": text, "of": hash_of(source)}


def take_in_signed(
    inquiry: Inquiry, intake: Intake, copy: SignedCopy, *, shown: str, signed_by: str, by: Tenure, now: datetime
) -> SignedCopy:
    """Take a signed copy in, for the version whose first digits a person read off it (`shown`).

    Raises LetterIncompleteError while there is no version; LetterVersionError for a copy of another one;
    LetterNotPdfError, LetterUnsignedError, LetterTooLargeError; InquiryFieldError without a name;
    InquirySentError, PostNotLocalError, TenureEndedError.
    """
    if not signed_by.strip():
        raise InquiryFieldError(field="signed_by")
    if intake.size > COPY_BYTES:
        raise LetterTooLargeError(field="file", limit=COPY_BYTES)
    _fill(copy, intake)
    files.keep(intake.file)
    try:
        _require_pdf(copy)
        with writing():
            row = locked_unsent(inquiry)
            require_own(row, by, now)
            if not directory.still_runs(by, now):  # the copy may have taken long to come in
                raise TenureEndedError(tenure=str(by.pk))
            body = unsent_body(row)
            version = letter_of(body).version
            read = shown.strip().lower().replace(" ", "")
            if len(read) < SHOWN_DIGITS or not version.startswith(read):
                raise LetterVersionError(field="version", read=read[:64], version=version[:SHOWN_DIGITS])
            if intake.sha256 == hashlib.sha256(pdf_of(body)).digest():
                raise LetterUnsignedError(field="file")
            for old in row.signed_copies.filter(void_at=None):
                void_copy(old, SignedCopy.Reason.REPLACED, by=by, now=now)
            copy.inquiry, copy.version, copy.signed_by = row, version, signed_by.strip()
            copy.taken_by, copy.taken_at = by, now
            copy.save()
            _draft_anew(row, by=by, now=now)
    except BaseException:
        files.drop(intake.file)
        raise
    return copy


def enclose_signed(copy: SignedCopy, *, by: Tenure, now: datetime) -> Attachment:
    """Let the signed copy that holds go along with its letter, as a file of the draft; what is not drafted yet is.

    Once is enough: a repeat finds it there. Raises LetterVersionError for a copy that no longer holds,
    InquiryIncompleteError, InquirySentError, PostNotLocalError, TenureEndedError, AttachmentTooManyError,
    AttachmentLostError, AttachmentChangedError.
    """
    with writing(by.post.agency_id):
        row = locked_unsent(copy.inquiry)
        require_own(row, by, now)
        if row.draft is None or row.draft.state not in exchange.OPEN_STATES:
            open_inquiry(row, by=by, now=now, leave_out=bool(row.left_out))
            row.refresh_from_db()
        kept, version = SignedCopy.objects.get(pk=copy.pk), version_of(unsent_body(row))
        if kept.void_at is not None or kept.version != version:
            raise LetterVersionError(field="copy", read=kept.version[:SHOWN_DIGITS], version=version[:SHOWN_DIGITS])
        assert row.draft is not None
        inside = next((file for file in files_of_draft(row.draft) if file.sha256 == kept.sha256), None)
        return inside or attach_pieces(
            row.draft, open_copy(kept), name=kept.name, media_type="application/pdf", by=by, now=now
        )


def _fill(copy: SignedCopy, intake: Intake) -> None:
    copy.name, copy.size, copy.number = intake.name, intake.size, intake.number
    copy.sha256, copy.key, copy.sealed_sha256, copy.file = intake.sha256, intake.key, intake.sealed_sha256, intake.file


def _require_pdf(copy: SignedCopy) -> None:
    """PDF readers look for the mark in the first 1024 bytes; so does this."""
    start = b""
    for piece in open_copy(copy):
        start += piece
        if len(start) >= 1024:
            break
    if b"%PDF-" not in start[:1024]:
        raise LetterNotPdfError(field="file")


def _draft_anew(row: Inquiry, *, by: Tenure, now: datetime) -> None:
    """Write an open draft anew, so that what is approved is what the letter says, with the hash of its signed copy.

    While something is missing the draft stays as it was; the next drafting names the gaps.
    """
    report = completeness(asked_of(row.typed), catalogue())
    is_ready = not report.blocking and (not report.stopped or bool(row.left_out))
    if is_ready and row.draft is not None and row.draft.state in exchange.OPEN_STATES:
        open_inquiry(row, by=by, now=now, leave_out=bool(row.left_out))
