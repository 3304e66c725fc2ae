"""What a draft draws on: the marking that follows from it, and what stands in the way (P2.2, P6.4, invariant 2).

The gate decides on a draft with sources only after this: every source must still be usable, and passing it on must be
free under its marking or permitted to this very recipient by whoever sent it.
"""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass, replace

from contraparte.directory.models import Tenure
from contraparte.exchange.items import origins_of, recalled_ids, require_usable
from contraparte.exchange.models import Draft, Message, Permission, Source
from contraparte.exchange.reading import is_erased, read_message
from contraparte.exchange.rules.permissions import Grant, Kind, Need, derived_marking, may_use
from contraparte.protocol.errors import PostNotLocalError
from contraparte.protocol.ids import agency_of
from contraparte.protocol.marking import Marking


@dataclass(frozen=True, slots=True)
class Drawn:
    """The marking of a draft with its sources, why it may not leave, and the permissions it leaves by."""

    marking: Marking
    reasons: tuple[str, ...] = ()
    permissions: tuple[str, ...] = ()


def cite(draft: Draft, items: Sequence[Message], *, by: Tenure, now: datetime.datetime) -> None:
    """Record that a draft quotes or forwards these items; called where the draft is written, in its transaction.

    Raises PostNotLocalError for another agency's or another post's item, ItemRecalledError, ItemErasedError.
    """
    for item in items:
        if item.conversation.agency != draft.agency or item.conversation.post_id != by.post_id:
            raise PostNotLocalError(post=item.conversation.post_id)
        require_usable(item)
    Source.objects.bulk_create(
        [Source(draft=draft, item=item, cited_by=by, at=now) for item in items], ignore_conflicts=True
    )


def draw_on(source_ids: Sequence[int], own: Marking, recipient: str, *, now: datetime.datetime) -> Drawn:
    """Judge the sources of something that is to go to the post `recipient`."""
    if not source_ids:
        return Drawn(own)
    rows = Message.objects.select_related("content", "conversation__post__agency")
    items = {row.pk: row for row in rows.filter(pk__in=source_ids)}
    for row in list(items.values()):
        items |= {origin.pk: origin for origin in origins_of(row)}
    recalled = recalled_ids(items.values())
    markings: list[Marking] = []
    reasons: set[str] = set()
    permitted: set[str] = set()
    for row in items.values():
        if is_erased(row):
            reasons.add("source.erased")
            continue
        if row.pk in recalled:
            reasons.add("source.recalled")
        marking = read_message(row).marking
        if row.direction == "out" or agency_of(recipient) == row.peer:
            markings.append(marking)
            continue  # one's own words, and giving an item back to who sent it, are no passing on
        grants, need = grants_of(row), Need(Kind.ONWARD, recipient=recipient)
        verdict = may_use(marking, grants, need, now)
        # Whether it must be asked for or not: who sent the item has named this recipient, beyond the circle it drew.
        grant = may_use(replace(marking, handling=frozenset({"H2"})), grants, need, now).grant
        if not verdict.allowed:
            reasons.add(verdict.reason)
        elif grant:
            permitted.add(f"permission:{grant}")
            marking = replace(marking, circle=marking.circle | {recipient})
        markings.append(marking)
    return Drawn(derived_marking(own, markings), tuple(sorted(reasons)), tuple(sorted(permitted)))


def grants_of(item: Message) -> list[Grant]:
    """The permissions this agency holds or has held for an item that came in."""
    return grants_by_item([item.pk]).get(item.pk, [])


def grants_by_item(items: Sequence[int]) -> dict[int, list[Grant]]:
    """The same of many items, by row id; one query."""
    held = Permission.objects.filter(
        item__in=items,
        side=Permission.Side.HOLDER,
        state__in=(Permission.State.GRANTED, Permission.State.REVOKED),
    )
    found: dict[int, list[Grant]] = {}
    for row in held:
        grant = Grant(
            id=str(row.uuid),
            kind=Kind(row.kind),
            recipients=frozenset(row.recipients),
            purposes=frozenset(row.purposes),
            starts=row.decided_at or _began(row),
            until=row.until,
            is_revoked=row.state == Permission.State.REVOKED,
        )
        found.setdefault(row.item_id, []).append(grant)
    return found


def _began(row: Permission) -> datetime.datetime:
    """When a permission began that was never asked for here: a notice that it has ended."""
    return row.revoked_at or row.until
