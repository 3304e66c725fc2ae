"""Files of drafts: put in, taken out, bound to the message they leave with, read again, erased (P3.5).

    bytes in pieces ─▶ Intake seals them into arriving/ ─▶ attach: row, key, custody event; the file moves over
    release ─▶ the same ciphertext leaves, under the draft's id, which becomes the message's (ADR 0080)

Nobody but the sealing step sees a file in clear, and no file in clear is written to any disk of the node.
"""

import datetime
import secrets
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self
from uuid import UUID

from django.db import transaction

from contraparte.directory import queries as directory
from contraparte.directory.models import Tenure
from contraparte.exchange import custody, files, registry
from contraparte.exchange.items import require_usable
from contraparte.exchange.models import Attachment, CustodyEvent, Draft, Message
from contraparte.exchange.writing import writing
from contraparte.protocol import limits
from contraparte.protocol.attachments import (
    FileOpener,
    FileSealer,
    is_media_type,
    is_name,
    new_key,
    sealed_size,
)
from contraparte.protocol.errors import (
    AttachmentEmptyError,
    AttachmentLostError,
    AttachmentNameError,
    AttachmentNotTakenError,
    AttachmentTooLargeError,
    AttachmentTooManyError,
    BoundExceededError,
    DraftClosedError,
    PostNotLocalError,
    RightMissingError,
    TenureEndedError,
)
from contraparte.protocol.ids import agency_of

UNKNOWN_TYPE = "application/octet-stream"
OPEN_STATES = (Draft.State.DRAFT, Draft.State.REVIEW, Draft.State.RETURNED)
MAY_ATTACH = frozenset({directory.Role.OFFICER, directory.Role.AUTHORISER})


def read_name(read: str) -> str:
    """The name of a file as somebody's browser or shell gave it. AttachmentNameError."""
    name = read.replace("\\", "/").rpartition("/")[2].strip()
    if not is_name(name):
        raise AttachmentNameError(field="file", read=name[:80])
    return name


def read_media_type(read: str) -> str:
    """A media type as a browser names it, without parameters; one that is none becomes the one for plain bytes."""
    plain = read.partition(";")[0].strip().lower()
    return plain if is_media_type(plain) else UNKNOWN_TYPE


def message_id_of(attachment: Attachment) -> str:
    """The id in the cipher's context: the draft's, which the message bears; a copy cites its original."""
    if attachment.message is not None:
        return str(attachment.message.copy_of or attachment.message.uuid)
    assert attachment.draft is not None
    return str(attachment.draft.uuid)


class Holder(Protocol):
    """What a file is sealed for: its id is part of the cipher's context."""

    uuid: UUID


class Intake:
    """Takes one file in, sealed from the first byte on. Leaving it without `done` removes what was written."""

    def __init__(self, draft: Holder, *, name: str, media_type: str) -> None:
        self.name, self.media_type = read_name(name), read_media_type(media_type)
        self.number = secrets.randbits(32)
        self.key = new_key()
        self.file = files.new_name()
        self._sealer = FileSealer(self.key, str(draft.uuid), self.number)
        self._length = 0
        self._is_done = False

    def write(self, piece: bytes) -> None:
        """One piece more. AttachmentTooLargeError."""
        try:
            self._append(self._sealer.update(piece))
        except BoundExceededError as error:
            raise AttachmentTooLargeError(field="file", limit=limits.ATTACHMENT_BYTES) from error

    def done(self) -> None:
        """That was all of it. AttachmentEmptyError where it was nothing."""
        if not self._sealer.size:
            raise AttachmentEmptyError(field="file")
        self._append(self._sealer.finish(), last=True)
        self._is_done = True

    def _append(self, sealed: bytes, *, last: bool = False) -> None:
        end = self._length + len(sealed)
        size = end if last else end + 1
        if sealed and files.append(self.file, self._length, sealed, size=size) != end:
            raise AttachmentLostError
        self._length = end

    def drop(self) -> None:
        """Remove what was written."""
        files.drop(self.file)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self._is_done or kind is not None:
            self.drop()

    @property
    def size(self) -> int:
        """Bytes in clear."""
        return self._sealer.size

    @property
    def sha256(self) -> bytes:
        """Of what was taken in."""
        return self._sealer.sha256

    @property
    def sealed_sha256(self) -> bytes:
        """Of the ciphertext."""
        return self._sealer.sealed_sha256


def require_may_attach(draft: Draft, *, by: Tenure, now: datetime.datetime) -> None:
    """Before a byte is read: the draft is open, its type takes files, and the person may prepare it."""
    if not registry.message_type(draft.type).takes_files:
        raise AttachmentNotTakenError(type=draft.type)
    _require_own(draft, by, now)
    if draft.state not in OPEN_STATES:
        raise DraftClosedError(state=draft.state)
    if Attachment.objects.filter(draft=draft, removed_at=None).count() >= limits.ATTACHMENTS:
        raise AttachmentTooManyError(field="file", limit=limits.ATTACHMENTS)


def _require_own(draft: Draft, by: Tenure, now: datetime.datetime) -> None:
    if not directory.is_running(by, now):
        raise TenureEndedError(tenure=str(by.pk))
    if agency_of(by.post_id) != draft.agency:
        raise PostNotLocalError(post=draft.conversation.post_id)
    is_its_post = by.post_id == draft.conversation.post_id
    if not MAY_ATTACH & set(by.roles) or not (is_its_post or directory.Role.AUTHORISER in by.roles):
        raise RightMissingError(right="release.prepare")


def attach(draft: Draft, intake: Intake, *, by: Tenure, now: datetime.datetime) -> Attachment:
    """Put a file that was taken in into a draft. Approvals given before no longer count: what would leave is another.

    Raises DraftClosedError, AttachmentTooManyError, AttachmentNotTakenError, RightMissingError, TenureEndedError.
    """
    files.keep(intake.file)
    try:
        with writing():
            locked = _lock(draft)
            require_may_attach(locked, by=by, now=now)
            row = Attachment.objects.create(
                agency=locked.agency,
                draft=locked,
                number=intake.number,
                name=intake.name,
                media_type=intake.media_type,
                size=intake.size,
                sha256=intake.sha256,
                key=intake.key,
                sealed_sha256=intake.sealed_sha256,
                file=intake.file,
                added_at=now,
            )
            _touch(locked, by)
            custody.note(
                [row], CustodyEvent.Kind.ADDED, at=now, by=by, place=by.post_id, reason=custody.purposes(locked.marking)
            )
    except BaseException:
        files.drop(intake.file)
        raise
    return row


def attach_pieces(
    draft: Draft, pieces: Iterable[bytes], *, name: str, media_type: str, by: Tenure, now: datetime.datetime
) -> Attachment:
    """Take a file in from pieces and put it into a draft. Raises as `attach`, and for its name or an empty file."""
    require_may_attach(draft, by=by, now=now)
    with Intake(draft, name=name, media_type=media_type) as intake:
        for piece in pieces:
            intake.write(piece)
        intake.done()
        return attach(draft, intake, by=by, now=now)


def remove_file(attachment: Attachment, *, by: Tenure, now: datetime.datetime) -> None:
    """Take a file out of a draft that has not left. Its bytes and key go, that it was there stays on record."""
    draft = attachment.draft
    if draft is None:
        raise DraftClosedError(state=Draft.State.RELEASED)
    with writing():
        locked = _lock(draft)
        _require_own(locked, by, now)
        if locked.state not in OPEN_STATES or attachment.message_id is not None:
            raise DraftClosedError(state=locked.state)
        row = Attachment.objects.select_for_update().get(pk=attachment.pk)
        if row.removed_at is None:
            _touch(locked, by)
            _forget([row], CustodyEvent.Kind.REMOVED, by=by, place=by.post_id, reason=str(locked.uuid), now=now)


def drop_files_of_draft(draft: Draft, *, by: Tenure, now: datetime.datetime) -> None:
    """Remove the bytes of a draft that was given up, in the caller's transaction."""
    rows = list(Attachment.objects.filter(draft=draft, message=None, removed_at=None))
    _forget(rows, CustodyEvent.Kind.REMOVED, by=by, place=by.post_id, reason=str(draft.uuid), now=now)


def erase_files_of(messages: Sequence[Message], *, now: datetime.datetime) -> int:
    """Forget bytes, key and name of the files of messages whose content is erased (P5.5); returns how many.

    In the caller's transaction. A ciphertext that a copy still holds stays until the copy's time is over, too.
    """
    rows = list(Attachment.objects.filter(message__in=messages, removed_at=None).select_related("message"))
    for row in rows:
        assert row.message is not None
        _erase(row, str(row.message.uuid), now)
    return len(rows)


def erase_files_of_draft(draft: Draft, *, now: datetime.datetime) -> None:
    """The same for files of a draft that never left and draws on what was erased; in the caller's transaction."""
    for row in Attachment.objects.filter(draft=draft, message=None):
        _erase(row, str(draft.uuid), now)


def _erase(row: Attachment, reason: str, now: datetime.datetime) -> None:
    if row.removed_at is None:
        _forget([row], CustodyEvent.Kind.ERASED, by=None, place=row.agency, reason=reason, now=now)
    Attachment.objects.filter(pk=row.pk).update(name="–")


def _forget(
    rows: Sequence[Attachment],
    kind: CustodyEvent.Kind,
    *,
    by: Tenure | None,
    place: str,
    reason: str,
    now: datetime.datetime,
) -> None:
    custody.note(rows, kind, at=now, by=by, place=place, reason=reason)
    names = [row.file for row in rows if row.file]
    Attachment.objects.filter(pk__in=[row.pk for row in rows]).update(key=b"", file="", removed_at=now)
    for name in names:
        if not Attachment.objects.filter(file=name).exists():
            transaction.on_commit(lambda gone=name: files.drop(gone))  # type: ignore[misc]


def _lock(draft: Draft) -> Draft:
    return Draft.objects.select_for_update(of=("self",)).select_related("conversation").get(pk=draft.pk)


def _touch(draft: Draft, by: Tenure) -> None:
    """Who changed last what would leave is its drafter, as with words: nobody approves a file they put in."""
    draft.version += 1
    draft.state = Draft.State.DRAFT
    draft.drafted_by = by
    draft.save(update_fields=["version", "state", "drafted_by"])


def files_of_draft(draft: Draft) -> list[Attachment]:
    """The files that would leave with a draft, in the order they were put in."""
    return list(Attachment.objects.filter(draft=draft, removed_at=None).order_by("pk"))


def bind(rows: Sequence[Attachment], message: Message, *, by: Tenure, now: datetime.datetime) -> None:
    """Tie the files of a draft to the message they leave with, in the transaction of the release.

    A copy of a message gets rows of its own over the same ciphertext.
    """
    if message.copy_of is None:
        Attachment.objects.filter(pk__in=[row.pk for row in rows]).update(message=message)
        bound = list(rows)
    else:
        bound = Attachment.objects.bulk_create(
            Attachment(
                agency=message.agency,
                message=message,
                number=row.number,
                name=row.name,
                media_type=row.media_type,
                size=row.size,
                sha256=bytes(row.sha256),
                key=bytes(row.key),
                sealed_sha256=bytes(row.sealed_sha256),
                file=row.file,
                added_at=now,
            )
            for row in rows
        )
    custody.note_released(bound, message, by=by, at=now)


def open_file(attachment: Attachment) -> Iterator[bytes]:
    """What is in a file, in pieces. AttachmentChangedError, AttachmentLostError.

    Whoever gives it out proves it before (`prove_file`): here each chunk is proven alone, and the whole at the end.
    """
    path = _path(attachment)
    opener = FileOpener(bytes(attachment.key), message_id_of(attachment), attachment.number)
    for piece in files.read(path):
        yield opener.update(piece)
    yield opener.finish(
        size=attachment.size, sha256=bytes(attachment.sha256), sealed_sha256=bytes(attachment.sealed_sha256)
    )


def prove_file(attachment: Attachment) -> None:
    """Read a file to its end and compare it with what was signed. AttachmentChangedError, AttachmentLostError."""
    for _ in open_file(attachment):
        pass


def give_out(attachment: Attachment, *, by: Tenure, now: datetime.datetime) -> Iterator[bytes]:
    """The pieces of a file for a person who may read its message; that they took it is on record.

    It is read to its end before the first byte is given: AttachmentChangedError, AttachmentLostError. Of what was
    recalled or erased nothing is given: ItemRecalledError, ItemErasedError.
    """
    if attachment.message is not None:
        require_usable(attachment.message)
    prove_file(attachment)
    with writing():
        reason = str(attachment.message.uuid) if attachment.message is not None else str(attachment.draft_id)
        custody.note([attachment], CustodyEvent.Kind.DOWNLOADED, at=now, by=by, place=by.post_id, reason=reason)
    return open_file(attachment)


def _path(attachment: Attachment) -> Path:
    if not attachment.file:
        raise AttachmentLostError
    path = files.kept(attachment.file)
    if not path.exists() or path.stat().st_size != sealed_size(attachment.size):
        raise AttachmentLostError
    return path
