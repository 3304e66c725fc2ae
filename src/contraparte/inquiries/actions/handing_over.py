"""Files of an answer change hands: who asked proves them and says so by their hashes, who answered finds its own again.

    answer (hash of each file, signed by who answers) ─▶ verify, reject (the same hashes, signed by who asked)

Both nodes write it into the chain of custody of each file. A step that names a file nobody sent in that thread is
refused before it is taken in.
"""

from datetime import datetime

from contraparte.directory.models import Tenure
from contraparte.exchange import custody
from contraparte.exchange.attaching import prove_file
from contraparte.exchange.items import recalled_ids
from contraparte.exchange.models import Attachment, CustodyEvent, Message
from contraparte.inquiries.messages import MAX_FILES
from contraparte.inquiries.models import Inquiry
from contraparte.protocol.errors import (
    AttachmentChangedError,
    AttachmentLostError,
    InquiryFileChangedError,
    InquiryFileUnknownError,
)
from contraparte.protocol.ids import agency_of
from contraparte.protocol.message import Message as Content

ANSWERS = ("inquiry.part/1", "inquiry.answer/1")
JUDGED = {"verify": CustodyEvent.Kind.VERIFIED, "reject": CustodyEvent.Kind.SENT_BACK}


def files_answered(inquiry: Inquiry) -> list[Attachment]:
    """The files that came with the answers of a thread and may still be read, the latest first."""
    came = list(Message.objects.filter(conversation_id=inquiry.thread_id, direction="in", type__in=ANSWERS))
    recalled = recalled_ids(came)
    rows = Attachment.objects.filter(message__in=[one for one in came if one.pk not in recalled], removed_at=None)
    return list(rows.select_related("message").order_by("-message__at", "-pk")[:MAX_FILES])


def prove_answered(inquiry: Inquiry) -> None:
    """Read every file of the answers to its end. InquiryFileChangedError names the first that is not what was signed.

    Outside any transaction: files may be large.
    """
    for row in files_answered(inquiry):
        try:
            prove_file(row)
        except (AttachmentChangedError, AttachmentLostError) as error:
            raise InquiryFileChangedError(sha256=bytes(row.sha256).hex()) from error


def hashes_of(rows: list[Attachment]) -> list[str]:
    """SHA-256 of each, as a step names them: sorted, each once."""
    return sorted({bytes(row.sha256).hex() for row in rows})


def note_judged(inquiry: Inquiry, step: str, message: str, *, by: Tenure, now: datetime) -> None:
    """At who asked: that the files of the answers were taken, or sent back, in the transaction of the step."""
    custody.note(files_answered(inquiry), JUDGED[step], at=now, by=by, place=by.post_id, reason=message)


def note_judged_there(inquiry: Inquiry, step: str, message: Content, *, now: datetime) -> None:
    """At who answered: that the other side took the files it names, or sent them back."""
    named = {bytes.fromhex(one) for one in message.body.get("files", ())}
    rows = _sent(message).filter(sha256__in=named, message__conversation_id=inquiry.thread_id)
    custody.note(rows, JUDGED[step], at=now, by=None, place=message.sender, reason=message.id)


def require_sent(message: Content, now: datetime) -> None:
    """Refuse a step that names a file this side did not send in the thread. InquiryFileUnknownError."""
    if message.copy_of is not None:
        return
    named = set(message.body.get("files", ()))
    known = {bytes(one).hex() for one in _sent(message).values_list("sha256", flat=True)} if named else set()
    unknown = sorted(str(one) for one in named - known)
    if unknown:
        raise InquiryFileUnknownError(sha256=unknown[0][:64])


def _sent(message: Content):  # type: ignore[no-untyped-def]
    """The files this side sent with its answers in the thread of a step that came in."""
    return Attachment.objects.filter(
        agency=agency_of(message.recipient),
        message__conversation__uuid=message.conversation,
        message__direction="out",
        message__type__in=ANSWERS,
    )
