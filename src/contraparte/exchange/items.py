"""Items that crossed, as one agency holds them: which may still be read, what they rest on, who got them onward."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from django.db.models import Q

from contraparte.directory import lineage
from contraparte.exchange.models import Draft, Erasure, Message, Recall, Receipt, Source
from contraparte.exchange.reading import is_erased, read_message
from contraparte.protocol.errors import ItemErasedError, ItemRecalledError
from contraparte.protocol.ids import agency_of
from contraparte.protocol.message import Message as Content


def held_item(agency: str, message_id: str, sender: str) -> Message | None:
    """The item of that id that `agency` got from the agency of the post `sender`."""
    rows = Message.objects.select_related("content", "conversation__post__agency")
    peers = lineage.line_of(agency_of(sender))
    return rows.filter(agency__in=lineage.line_of(agency), direction="in", peer__in=peers, uuid=message_id).first()


def sent_item(agency: str, message_id: str, recipient: str) -> Message | None:
    """The item of that id that `agency` sent to the post `recipient`."""
    rows = Message.objects.select_related("content", "conversation__post__agency")
    found = rows.filter(agency__in=lineage.line_of(agency), direction="out", uuid=message_id)
    return next((row for row in found if was_sent_to(recipient, row)), None)


def was_sent_to(post: str, item: Message) -> bool:
    """Whether an item that left is the post's: sent to it or its forerunner, or through the window in its thread."""
    return lineage.holds_for(post, item.recipient) or post == item.conversation.counterpart


def is_originator(post: str, item: Message) -> bool:
    """Whether a post may permit and recall: the one that sent the item, or who holds its work now (P1.8, P6.5)."""
    return lineage.holds_for(post, item.sender)


def recalled_ids(rows: Iterable[Message]) -> set[int]:
    """Those of `rows` that came in and were recalled by who sent them, by row id; one query."""
    came = [row for row in rows if row.direction == "in"]
    if not came:
        return set()
    orders = Recall.objects.filter(direction="in", item_uuid__in={row.uuid for row in came})
    told = set(orders.values_list("agency", "item_uuid", "other"))
    return {row.pk for row in came if any(_recalls(order, row) for order in told)}


def _recalls(order: tuple[str, UUID, str], row: Message) -> bool:
    agency, item, sender = order
    return item == row.uuid and agency in lineage.line_of(row.agency) and is_originator(sender, row)


def is_recalled(row: Message) -> bool:
    """Whether its sender wants it back."""
    return bool(recalled_ids([row]))


def readable_content(row: Message) -> Content | None:
    """The message of a row as a person may read it now; None once it was recalled or erased."""
    return None if is_erased(row) or is_recalled(row) else read_message(row)


def require_not_erased(row: Message) -> None:
    """Raise ItemErasedError where the content is gone, also since the row was read."""
    if is_erased(row) or Erasure.objects.filter(pk=row.pk).exists():
        raise ItemErasedError(item=str(row.uuid))


def require_usable(row: Message) -> None:
    """Raise ItemRecalledError or ItemErasedError for what nobody may use any more."""
    require_not_erased(row)
    if is_recalled(row):
        raise ItemRecalledError(item=str(row.uuid))


def origins_of(row: Message) -> list[Message]:
    """The items of others that an item rests on: itself where it came in, else what its draft drew on, all the way."""
    if row.direction == "in":
        return [row]
    found: dict[int, Message] = {}
    drawn = Source.objects.filter(draft__uuid=row.copy_of or row.uuid, draft__agency=row.agency)
    for source in drawn.select_related("item__content", "item__conversation__post__agency"):
        for origin in origins_of(source.item):
            found[origin.pk] = origin
    return list(found.values())


def onward_of(row: Message) -> list[Message]:
    """What left this agency resting on the item, copies included: who got it onward."""
    found: dict[int, Message] = {}
    line, waiting = lineage.line_of(row.agency), [row]
    while waiting:
        drafts = Source.objects.filter(item__in=waiting, draft__state=Draft.State.RELEASED)
        ids = set(drafts.values_list("draft__uuid", flat=True))
        left = Message.objects.filter(Q(uuid__in=ids) | Q(copy_of__in=ids), agency__in=line, direction="out")
        waiting = [one for one in left.select_related("conversation__post__agency") if one.pk not in found]
        found |= {one.pk: one for one in waiting}
    return list(found.values())


def opened_at(rows: Sequence[Message]) -> dict[int, datetime]:
    """When each was opened at its receiver, as the receiver signed it: row id → instant."""
    said = Receipt.objects.filter(message__in=rows, kind="opened").values_list("message_id", "at")
    return {pk: at for pk, at in said if pk is not None}
