"""The page of one item: what may be done with it, who read and has it, what was permitted, recalled, filed, held."""

from dataclasses import dataclass
from datetime import datetime

from contraparte.desk import queries
from contraparte.desk.markings import marking_parts
from contraparte.desk.registry import word
from contraparte.desk.rights_words import KINDS
from contraparte.directory.models import Tenure
from contraparte.exchange.items import onward_of, recalled_ids
from contraparte.exchange.models import Filing, Hold, Message, Permission, Recall, Receipt
from contraparte.exchange.reading import is_erased, read_message
from contraparte.exchange.recalls import Holder, holders_of, recall_of
from contraparte.exchange.rules.permissions import Kind, Need, may_use
from contraparte.exchange.sources import grants_of
from contraparte.protocol.marking import Marking
from contraparte.web.finding import or_404

FATES = ("accepted", "delivered", "opened", "used", "deleted")
RIGHTS_NOUNS = frozenset({"permission", "recall", "hold", "disclosure", "post"})


@dataclass(frozen=True, slots=True)
class Allowed:
    """One kind of use: whether it is open now, and why not."""

    kind: str
    label: str
    is_allowed: bool
    reason: str


@dataclass(frozen=True, slots=True)
class Passed:
    """One post that got the item onward from here."""

    post: str
    at: datetime
    opened_at: datetime | None


@dataclass(frozen=True, slots=True)
class ItemPage:
    """Everything the page of an item shows."""

    row: Message
    title: str
    is_ours: bool
    is_erased: bool
    recall: Recall | None  # where it was recalled from us
    marking: list[str]
    uses: list[Allowed]
    fates: list[tuple[str, datetime]]
    onward: list[Passed]
    permissions: list[Permission]
    holders: list[Holder]
    unnamed: int  # onward holders that no list names
    filings: list[Filing]
    holds: list[Hold]


def item_for(tenure: Tenure, pk: int) -> Message:
    """One item of a conversation this tenure may open. Raises Http404; what is only said about items is none itself."""
    rows = Message.objects.select_related("content", "conversation__post__agency")
    row = rows.filter(conversation__in=queries.conversations_of(tenure), pk=pk).first()
    return or_404(row if row is not None and is_item(row) else None)


def is_item(row: Message) -> bool:
    """Whether a message is something to permit, recall or file, not something said about such a thing."""
    return is_item_type(row.type)


def is_item_type(name: str) -> bool:
    """The same of a type."""
    return name.partition(".")[0] not in RIGHTS_NOUNS


def permission_for(tenure: Tenure, pk: int) -> Permission:
    """One permission about an item of a conversation this tenure may open. Raises Http404."""
    rows = Permission.objects.select_related("item__content", "conversation__post__agency")
    return or_404(rows.filter(item__conversation__in=queries.conversations_of(tenure), pk=pk).first())


def hold_for(tenure: Tenure, pk: int) -> Hold:
    """One legal hold on an item of a conversation this tenure may open. Raises Http404."""
    rows = Hold.objects.select_related("item__content", "item__conversation__post__agency")
    return or_404(rows.filter(item__conversation__in=queries.conversations_of(tenure), pk=pk).first())


def page_of(row: Message, now: datetime) -> ItemPage:
    """The page of an item, a fixed number of questions."""
    gone = is_erased(row)
    marking = None if gone else read_message(row).marking
    came_in = row.direction == "in"
    recall = None
    if came_in and recalled_ids([row]):
        recall = recall_of(row)
    passed = onward_of(row) if came_in else []
    read = dict(Receipt.objects.filter(message__in=passed, kind="opened").values_list("message_id", "at"))
    told = dict(Receipt.objects.filter(message=row).order_by("-at").values_list("kind", "at"))
    return ItemPage(
        row=row,
        title=queries.type_title(row.type),
        is_ours=not came_in,
        is_erased=gone,
        recall=recall,
        marking=marking_parts(marking) if marking else [],
        uses=_uses(row, marking, now) if came_in and marking and recall is None else [],
        fates=[(kind, told[kind]) for kind in FATES if kind in told],
        onward=[Passed(one.recipient, one.at, read.get(one.pk)) for one in passed],
        permissions=list(row.permissions.all()[:50]),
        holders=holders_of(row) if not came_in else [],
        unnamed=sum(
            Recall.objects.filter(agency=row.agency, direction="out", item_uuid=row.uuid).values_list(
                "unnamed", flat=True
            )
        ),
        filings=list(row.filings.select_related("by__person", "duty")[:50]),
        holds=list(row.holds.all()[:50]),
    )


def _uses(row: Message, marking: Marking, now: datetime) -> list[Allowed]:
    """What is open without naming a recipient or purpose; passing on is asked for each post at the gate."""
    grants, found = grants_of(row), []
    for kind in (Kind.EVIDENCE, Kind.PUBLICATION):
        verdict = may_use(marking, grants, Need(kind), now)
        found.append(Allowed(kind, str(KINDS[kind]), verdict.allowed, word("reason", verdict.reason)))
    return found


def may_need_duty(page: ItemPage) -> bool:
    """Whether it came in and may not be filed as it stands: then a duty of disclosure may be declared."""
    return any(one.kind == Kind.EVIDENCE and not one.is_allowed for one in page.uses)


def posts_on(page: ItemPage) -> set[str]:
    """Every post the page names."""
    row = page.row
    named = {row.sender, row.recipient, *(one.other for one in page.permissions), *(one.post for one in page.onward)}
    named |= {post for one in page.permissions for post in (*one.recipients, *(told["post"] for told in one.onward))}
    return named | {one.post for one in page.holders} | {one.through for one in page.holders if one.through}
