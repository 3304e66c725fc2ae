"""Before a charge: items that may not stand in a court file, so that nobody finds out before the judge (P6.7).

A warning and no bar. Rooms above show it with `desk/parts/conflicts.html` where somebody is about to report a charge,
to link a case or to convert a lead.
"""

from dataclasses import dataclass
from datetime import datetime

from contraparte.desk import queries
from contraparte.desk.items import is_item
from contraparte.directory.models import Post, Tenure
from contraparte.exchange.items import recalled_ids
from contraparte.exchange.models import Conversation, Filing, Message
from contraparte.exchange.reading import is_erased, read_message
from contraparte.exchange.rules.permissions import Kind, Need, may_use
from contraparte.exchange.sources import grants_by_item

READ = 100  # items whose marking is read, the latest first
SHOWN = 5
NEED = Need(Kind.EVIDENCE)


@dataclass(frozen=True, slots=True)
class Conflict:
    """One item that may not be filed: by its row id, which leads to its page."""

    pk: int
    title: str
    sender: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Conflicts:
    """The latest of them, how many more there are, and the posts they came from, as the directory names them."""

    items: list[Conflict]
    more: int
    posts: dict[str, Post]


def conflicts_of(about: Conversation | None, tenure: Tenure, now: datetime) -> Conflicts | None:
    """What a case holds under H1 or as intelligence without permission or settled duty; None where there is nothing.

    The case of the conversation with all its conversations that this tenure may open; without one, that conversation.
    """
    if about is None:
        return None
    threads = queries.conversations_of(tenure)
    threads = threads.filter(case=about.case_id) if about.case_id is not None else threads.filter(pk=about.pk)
    came = Message.objects.filter(conversation__in=threads, direction="in", erasure=None)
    came = came.exclude(pk__in=Filing.objects.exclude(duty=None).values("item_id")).select_related("content")
    rows = [row for row in came.order_by("-at", "-pk")[:READ] if is_item(row) and not is_erased(row)]
    recalled, grants = recalled_ids(rows), grants_by_item([row.pk for row in rows])
    found = [
        Conflict(row.pk, queries.type_title(row.type), row.sender, row.at)
        for row in rows
        if row.pk not in recalled and not may_use(read_message(row).marking, grants.get(row.pk, ()), NEED, now).allowed
    ]
    if not found:
        return None
    shown = found[:SHOWN]
    return Conflicts(shown, len(found[SHOWN:]), queries.names_of(one.sender for one in shown))
