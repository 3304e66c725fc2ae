"""Signed copies of letters held against their rows and letters: what `ledger fsck` asks about them.

    hash inside the letter that left ─ the row ─ the ciphertext on the disk ─ what it opens to

Every copy is opened to its end. One finding for each copy, or for each letter whose copy is gone.
"""

from collections.abc import Iterable, Iterator

from contraparte.exchange.models import Message
from contraparte.exchange.reading import is_erased, read_message
from contraparte.inquiries.actions.signing import open_copy
from contraparte.inquiries.models import SignedCopy
from contraparte.inquiries.rules.steps import OPENERS
from contraparte.ledger.registry import Finding
from contraparte.protocol.errors import AttachmentLostError, ContraparteError

PAGE = 50  # copies or letters in memory at once


def find_copy_faults() -> Iterable[Finding]:
    """Every signed copy that is lost or is not what was taken in, and every letter that names one nobody has."""
    last = 0
    kept = SignedCopy.objects.exclude(file="").select_related("inquiry").order_by("pk")
    while page := list(kept.filter(pk__gt=last)[:PAGE]):
        for copy in page:
            fault = _copy_fault(copy)
            if fault:
                yield Finding(fault, copy.inquiry.agency, None, f"{copy.inquiry.reference} {copy.uuid}")
        last = page[-1].pk
    yield from _letters_without_theirs()


def _copy_fault(copy: SignedCopy) -> str:
    try:
        for _piece in open_copy(copy):
            continue
    except AttachmentLostError:
        return "letter.copy.missing"
    except (ContraparteError, ValueError):  # a key of another length is no key
        return "letter.copy.changed"
    return ""


def _letters_without_theirs() -> Iterator[Finding]:
    """Letters that left naming the hash of a signed copy which is not on record, though their content still is."""
    last = 0
    sent = Message.objects.filter(direction="out", type=OPENERS["letter"], copy_of=None).select_related("content")
    while page := list(sent.filter(pk__gt=last).order_by("pk")[:PAGE]):
        for message in page:
            if not is_erased(message) and not _has_copy(message):
                yield Finding("letter.copy.unknown", message.log_origin, message.log_index, str(message.uuid))
        last = page[-1].pk


def _has_copy(message: Message) -> bool:
    """Whether it names no signed copy, or one that is on record. A letter that cannot be read is named elsewhere."""
    try:
        part = read_message(message).body.get("letter")
    except ContraparteError:
        return True
    named = str(part.get("signed_sha256", "")) if isinstance(part, dict) else ""
    if not named:
        return True
    copies = SignedCopy.objects.filter(inquiry__conversation=message.conversation_id).exclude(file="")
    return any(bytes(copy.sha256).hex() == named for copy in copies)
