"""One conversation as people read it: both sides in order, marks of receipts, who held it for how long."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import groupby
from typing import Any

from contraparte.desk.attachments import FileShown, files_by_message
from contraparte.desk.items import is_item, is_item_type
from contraparte.desk.queries import moment_word, type_title
from contraparte.desk.registry import field_word, value_word
from contraparte.desk.rules.elapsed import Share, Stretch, shares
from contraparte.desk.rules.reading import element_of, place_of
from contraparte.exchange import registry as exchange
from contraparte.exchange.items import recalled_ids
from contraparte.exchange.models import Conversation, Draft, Message, Obligation, Receipt
from contraparte.exchange.reading import is_erased, read_message
from contraparte.exchange.rules.classes import leaves
from contraparte.ledger import queries as ledger
from contraparte.ledger.models import Log
from contraparte.protocol.errors import MessageTypeUnknownError
from contraparte.protocol.message import Message as Content

PER_PAGE = 50

# In the order things happen to a message; the row of marks always has the same places.
OUT_MARKS = ("logged", "accepted", "cosigned", "delivered", "opened", "used")
IN_MARKS = ("logged", "cosigned", "delivered", "opened", "used")
NUMBERS = frozenset({"/item", "/permission", "/hold", "/duty", "/post"})  # a link, or who says it, tells people
LATE_MARKS = ("deleted",)  # shown only once it has happened


@dataclass(frozen=True, slots=True)
class Mark:
    """One place in the row of marks: done at `at`, or still open (`at` None and not `done`)."""

    name: str
    done: bool
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """One leaf of a message, named."""

    name: str
    pointer: str
    value: Any


@dataclass(frozen=True, slots=True)
class Group:
    """Lines that belong together: those of one element of a list under its name, or those of no list, without one."""

    name: str
    lines: list[Line]


@dataclass(frozen=True, slots=True)
class Kept:
    """Something the sender withheld: where, and what they gave as reason."""

    name: str
    pointer: str
    reason: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One message of the thread."""

    row: Message
    title: str
    is_ours: bool
    content: Content | None  # None once erased, and while recalled
    is_recalled: bool = False
    is_item: bool = True
    about: int | None = None  # the item it speaks of, where that is a message here
    groups: list[Group] = field(default_factory=list)
    kept: list[Kept] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)
    template: str = ""
    files: list[FileShown] = field(default_factory=list)


def entries_of(conversation: Conversation, *, page: int = 1) -> tuple[list[Entry], int]:
    """The messages of one page, oldest first (the last page holds the newest), and how many pages there are."""
    rows = Message.objects.filter(conversation=conversation).select_related("content").order_by("at", "id")
    total = rows.count()
    pages = max(1, -(-total // PER_PAGE))
    first = (min(max(page, 1), pages) - 1) * PER_PAGE
    shown = list(rows[first : first + PER_PAGE])
    receipts = _receipts(shown)
    cosigned = _cosigned_sizes({row.log_origin for row in shown})
    files = files_by_message([row.pk for row in shown])
    recalled = recalled_ids(shown)
    entries = [
        _entry(
            row,
            receipts.get(row.pk, {}),
            cosigned.get(row.log_origin, 0),
            # What is recalled is shown to nobody, its files neither.
            [] if row.pk in recalled else files.get(row.pk, []),
            is_recalled=row.pk in recalled,
        )
        for row in shown
    ]
    return _with_subjects(entries, conversation), pages


def _with_subjects(entries: list[Entry], conversation: Conversation) -> list[Entry]:
    """What is said about items leads to them."""
    named = {str(one.content.body.get("item", "")) for one in entries if one.content is not None and not one.is_item}
    if not named:
        return entries
    rows = Message.objects.filter(conversation=conversation, uuid__in=named - {""})
    known = {str(uuid): pk for uuid, pk in rows.values_list("uuid", "pk")}
    return [
        replace(one, about=known.get(str(one.content.body.get("item", ""))))
        if one.content is not None and not one.is_item
        else one
        for one in entries
    ]


def page_count(conversation: Conversation) -> int:
    """How many pages the thread has."""
    return max(1, -(-Message.objects.filter(conversation=conversation).count() // PER_PAGE))


def elapsed_of(conversation: Conversation, now: datetime) -> list[Share]:
    """The bar of elapsed time by holder, to now or to the end of the conversation."""
    rows = Obligation.objects.filter(conversation=conversation).order_by("opened_at")[:500]
    stretches = [Stretch(row.holder, row.opened_at, row.closed_at) for row in rows]
    return shares(stretches, opened=conversation.opened_at, until=conversation.closed_at or now)


def open_steps(conversation: Conversation) -> list[Obligation]:
    """Who owes what now, the earliest clock first."""
    return list(Obligation.objects.filter(conversation=conversation, closed_at=None)[:20])


def open_drafts(conversation: Conversation) -> list[Draft]:
    """What is written in this conversation and has not left."""
    states = (Draft.State.DRAFT, Draft.State.REVIEW, Draft.State.RETURNED)
    rows = Draft.objects.filter(conversation=conversation, state__in=states)
    return list(rows.select_related("drafted_by__person").order_by("drafted_at", "id")[:20])


def _receipts(rows: list[Message]) -> dict[int, dict[str, datetime]]:
    found: dict[int, dict[str, datetime]] = {}
    for pk, kind, at in Receipt.objects.filter(message__in=rows).values_list("message_id", "kind", "at"):
        found.setdefault(pk, {}).setdefault(kind, at)
    return found


def _cosigned_sizes(origins: set[str]) -> dict[str, int]:
    return {log.origin: ledger.cosigned_size(log) for log in Log.objects.filter(origin__in=origins)}


def _entry(
    row: Message, receipts: Mapping[str, datetime], cosigned: int, files: list[FileShown], *, is_recalled: bool
) -> Entry:
    content = None if is_recalled or is_erased(row) else read_message(row)
    body = content.body if content is not None else {}
    names = (OUT_MARKS if row.direction == "out" else IN_MARKS) + tuple(n for n in LATE_MARKS if n in receipts)
    facts: dict[str, tuple[bool, datetime | None]] = {
        "logged": (True, row.at),
        "cosigned": (row.log_index < cosigned, None),
        **{kind: (True, at) for kind, at in receipts.items()},
    }
    marks = [Mark(name, *facts.get(name, (False, None))) for name in names]
    if row.state == Message.State.REJECTED:
        marks = [marks[0], Mark("rejected", True, receipts.get("rejected"))]
    return Entry(
        row=row,
        title=type_title(row.type),
        is_ours=row.direction == "out",
        content=content,
        groups=groups_of(row.type, body),
        is_recalled=is_recalled,
        is_item=is_item(row),
        kept=[Kept(field_word(one.pointer), one.pointer, one.reason) for one in (content.withheld if content else ())],
        marks=marks,
        template=_template(row.type),
        files=files,
    )


def groups_of(name: str, body: dict[str, Any]) -> list[Group]:
    """The leaves in the order in which the type writes its fields, the elements of a list each by itself."""
    known = exchange.find_type(name)
    found = [(pointer, value) for pointer, value in leaves(body) if value not in ({}, [])]
    if not is_item_type(name):
        found = [(pointer, moment_word(value)) for pointer, value in found if _is_for_people(pointer)]
    found.sort(key=lambda leaf: place_of(leaf[0], known.body if known else None))
    return [
        Group(
            field_word(element) if element else "",
            [Line(field_word(pointer), pointer, value_word(pointer, value)) for pointer, value in part],
        )
        for element, part in groupby(found, key=lambda leaf: element_of(leaf[0]))
    ]


def _is_for_people(pointer: str) -> bool:
    """Numbers are for machines, and who got an item onward is listed on its page."""
    return pointer not in NUMBERS and not pointer.startswith("/onward/")


def _template(name: str) -> str:
    try:
        return exchange.message_type(name).template
    except MessageTypeUnknownError:
        return ""
