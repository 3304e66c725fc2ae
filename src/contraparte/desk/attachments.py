"""Files as people see them: name, size, hash, and through whose hands they went."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from contraparte.desk.words import CUSTODY, PURPOSES
from contraparte.directory.models import Tenure
from contraparte.exchange.custody import Link, chains_of
from contraparte.exchange.models import Attachment, Conversation, CustodyEvent, Draft
from contraparte.web.finding import or_404


@dataclass(frozen=True, slots=True)
class HandShown:
    """One link of the chain of custody, in words."""

    what: str
    at: datetime
    who: str
    place: str
    why: str
    is_signed: bool


@dataclass(frozen=True, slots=True)
class FileShown:
    """One file with its chain; `is_here` is false once its bytes were taken out or erased."""

    row: Attachment
    sha256: str
    chain: list[HandShown]
    is_here: bool


def shown_files(rows: Sequence[Attachment]) -> list[FileShown]:
    """Files for a page; two queries, however many."""
    if not rows:
        return []
    chains = chains_of(rows)
    return [
        FileShown(row, bytes(row.sha256).hex(), [_hand(link) for link in chains[row.pk]], bool(row.file))
        for row in rows
    ]


def files_by_message(message_ids: Sequence[int]) -> dict[int, list[FileShown]]:
    """Message row id → its files."""
    found: dict[int, list[FileShown]] = {}
    for one in shown_files(list(Attachment.objects.filter(message__in=message_ids).order_by("pk"))):
        found.setdefault(one.row.message_id or 0, []).append(one)
    return found


def file_of_draft(draft: Draft, pk: int) -> Attachment:
    """A file that would leave with a draft. Raises Http404."""
    rows = Attachment.objects.select_related("draft__conversation", "message")
    return or_404(rows.filter(draft=draft, message=None, removed_at=None, pk=pk).first())


def file_of_conversation(conversation: Conversation, pk: int) -> Attachment:
    """A file that crossed in a conversation. Raises Http404."""
    rows = Attachment.objects.select_related("message", "draft")
    return or_404(rows.filter(message__conversation=conversation, pk=pk).first())


def _hand(link: Link) -> HandShown:
    return HandShown(
        what=str(CUSTODY.get(link.kind, link.kind)),
        at=link.at,
        who=_person(link.by),
        place=link.place,
        why=_why(link),
        is_signed=bool(link.signed_by),
    )


def _person(tenure: Tenure | None) -> str:
    return "" if tenure is None else str(tenure.person) if tenure.person is not None else _("automatically")


def _why(link: Link) -> str:
    if link.kind == CustodyEvent.Kind.ADDED:
        return ", ".join(str(PURPOSES.get(one, one)) for one in link.reason.split(", "))
    return _("message %(id)s") % {"id": link.reason[:8]}
