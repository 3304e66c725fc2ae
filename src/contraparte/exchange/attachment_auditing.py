"""Files held against their messages: what `ledger fsck` asks about attachments (P3.5).

    description inside the signature ─ the header's hash and size ─ the row ─ the ciphertext on the disk

Every file is read to its end. One finding for each message, the first that is wrong with it.
"""

import hashlib
from collections.abc import Iterable, Iterator

from contraparte.exchange import files
from contraparte.exchange.composing import describe
from contraparte.exchange.models import Attachment, Message
from contraparte.exchange.reading import is_erased, read_message
from contraparte.ledger.registry import Finding
from contraparte.protocol.attachments import FileDescription, files_of, sealed_size
from contraparte.protocol.envelope import Header
from contraparte.protocol.errors import AttachmentLostError, ContraparteError

PAGE = 50  # messages with their bytes, in memory at once
#: Where the header keeps its list of files: what has none is not opened.
NAMED = b'"attachments"'


def find_attachment_faults() -> Iterable[Finding]:
    """Every message whose files are not those it describes, and every file on record that is in no message."""
    last = 0
    while True:
        rows = Message.objects.filter(pk__gt=last).select_related("content").order_by("pk")[:PAGE]
        page = list(rows.prefetch_related("attachments"))
        if not page:
            break
        for message in page:
            fault = _fault(message)
            if fault:
                yield Finding(fault, message.log_origin, message.log_index, str(message.uuid))
        last = page[-1].pk
    yield from _without_end()


def _fault(message: Message) -> str:
    rows = list(message.attachments.all())
    here = [row for row in rows if row.removed_at is None]
    if is_erased(message):
        return "attachment.content.missing" if here else ""
    if not rows and NAMED not in bytes(message.content.header):
        return ""
    return _description_fault(message, rows) or next((fault for row in here if (fault := _file_fault(row))), "")


def _description_fault(message: Message, rows: list[Attachment]) -> str:
    """Rows and header against what the author signed; of erased files only that there were so many is left to hold."""
    try:
        described = files_of(read_message(message).attachments)
        named = Header.parse(bytes(message.content.header)).attachments
    except ContraparteError:
        return "attachment.description.unreadable"
    if tuple(file.sealed for file in described) != named:
        return "attachment.header.changed"
    here = [row for row in rows if row.removed_at is None]
    if len(rows) != len(described) or not _tell_the_same(here, described):
        return "attachment.row.changed"
    return ""


def _tell_the_same(rows: list[Attachment], described: tuple[FileDescription, ...]) -> bool:
    plain = {file.number: {**file.to_json()} for file in described}
    for row in rows:
        told = plain.get(row.number)
        try:
            mine = describe(row).to_json()
        except ContraparteError:
            return False
        if told is None or any(told[name] != value for name, value in mine.items()):
            return False
    return True


def _file_fault(row: Attachment) -> str:
    digest, length = hashlib.sha256(), 0
    try:
        for piece in files.read(files.kept(row.file)):
            digest.update(piece)
            length += len(piece)
    except AttachmentLostError:
        return "attachment.file.missing"
    is_whole = length == sealed_size(row.size) and digest.digest() == bytes(row.sealed_sha256)
    return "" if is_whole else "attachment.file.changed"


def _without_end() -> Iterator[Finding]:
    """Files on record that belong to nothing: no draft and no message."""
    for row in Attachment.objects.filter(draft=None, message=None).order_by("pk"):
        yield Finding("attachment.without.message", "", None, str(row.pk))
