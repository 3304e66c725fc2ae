"""Signed copies of a letter: each holds for one version, and is void once the letter says something else.

What leaves is held against them here (`keeps_back`); they are taken in by `actions/translating.py`.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from django.db import transaction
from django.db.models import Q

from contraparte.directory.models import Tenure
from contraparte.exchange import files
from contraparte.exchange.attaching import OPEN_STATES, files_of_draft, remove_file
from contraparte.exchange.models import Draft, Message
from contraparte.inquiries.catalogue import catalogue
from contraparte.inquiries.letters import unsent_body, version_of
from contraparte.inquiries.models import Inquiry, SignedCopy
from contraparte.protocol.attachments import FileOpener
from contraparte.protocol.errors import AttachmentLostError

UNSIGNED: Final = "letter.unsigned"


def void_outdated(row: Inquiry, *, by: Tenure, now: datetime) -> None:
    """Void the signed copy where the letter says something else by now, in the caller's transaction."""
    for copy in row.signed_copies.filter(void_at=None):
        if copy.version != version_of(unsent_body(row)):
            void_copy(copy, SignedCopy.Reason.EDITED, by=by, now=now)


def void_copy(copy: SignedCopy, reason: SignedCopy.Reason, *, by: Tenure, now: datetime) -> None:
    """Keep a signed copy as one that no longer holds; out of the draft it goes, if it was to go along."""
    draft = copy.inquiry.draft
    for file in files_of_draft(draft) if draft is not None and draft.state in OPEN_STATES else ():
        if file.sha256 == copy.sha256:
            remove_file(file, by=by, now=now)
    copy.void_at, copy.void_by, copy.void_reason = now, by, reason
    copy.save(update_fields=["void_at", "void_by", "void_reason"])


def open_copy(copy: SignedCopy) -> Iterator[bytes]:
    """What is in a signed copy, in pieces. AttachmentLostError, AttachmentChangedError."""
    if not copy.file:
        raise AttachmentLostError
    opener = FileOpener(bytes(copy.key), str(copy.uuid), copy.number)
    for piece in files.read(files.kept(copy.file)):
        yield opener.update(piece)
    yield opener.finish(size=copy.size, sha256=bytes(copy.sha256), sealed_sha256=bytes(copy.sealed_sha256))


def keeps_back(body: Mapping[str, Any], uuid: str) -> tuple[str, ...]:
    """Why a letter may not leave yet: its instrument asks for a signature, and no signed copy of this version is here.

    What is compared is what would leave: the draft's own words, not those somebody saved since.
    """
    instrument = catalogue().instruments.get(str(body.get("instrument", "")))
    if instrument is None or "signature" not in instrument.needs:
        return ()
    version = version_of(body)
    told = str((body.get("letter") or {}).get("signed_sha256", ""))
    drafts = Draft.objects.filter(uuid=uuid).values("pk")
    signed = SignedCopy.objects.filter(inquiry__draft__in=drafts, version=version, void_at=None) if version else ()
    return () if any(bytes(copy.sha256).hex() == told for copy in signed) else (UNSIGNED,)


def owns_file(name: str) -> bool:
    """Whether a file of the attachments folder is a signed copy."""
    return SignedCopy.objects.filter(file=name).exists()


def forget_signed(message: Message, now: datetime) -> None:
    """Forget key and bytes of a letter's signed copies with its content (P5.5), in the caller's transaction.

    So with a letter that never left and draws on the message, once its draft was emptied.
    """
    left = Q(
        inquiry__agency=message.agency, inquiry__conversation=message.conversation_id, inquiry__draft__uuid=message.uuid
    )
    emptied = Draft.objects.filter(sources__item=message, state=Draft.State.DISCARDED, body={})
    for copy in SignedCopy.objects.filter(left | Q(inquiry__draft__in=emptied)).exclude(file=""):
        name = copy.file
        SignedCopy.objects.filter(pk=copy.pk).update(key=b"", file="", name="–", signed_by="–")
        transaction.on_commit(lambda gone=name: files.drop(gone))  # type: ignore[misc]
