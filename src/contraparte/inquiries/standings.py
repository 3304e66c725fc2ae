"""Where inquiries stand: their events from steps, messages and receipts, folded. Three queries for many at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from contraparte.exchange.actions import OPEN_STATES
from contraparte.exchange.models import Draft, Message, Receipt
from contraparte.inquiries.models import Inquiry, Step
from contraparte.inquiries.rules.catalogue import Family
from contraparte.inquiries.rules.lifecycle import Event, Fold, Side, allowed_steps, fold_events


@dataclass(frozen=True, slots=True)
class Standing:
    """Where one inquiry stands for its keeper.

    `fold` counts what this side has released already; `settled` only what both sides hold, so it is the same on both.
    """

    inquiry: Inquiry
    fold: Fold
    settled: Fold
    draft: Draft | None  # of the opening, while it has not left
    drafted: frozenset[str]  # steps written and not released
    under_way: frozenset[str]  # ids of messages the other side has not confirmed yet

    @property
    def side(self) -> Side | None:
        """Which side the keeper is; None for who holds a copy."""
        return None if self.inquiry.side == Inquiry.Side.COPY else cast(Side, self.inquiry.side)

    @property
    def state(self) -> str:
        """The state as pages name it, with what lies before the first receipt."""
        if self.fold.state != "draft" and self.settled.state == "draft":
            return "sent" if self.fold.state == "delivered" else self.fold.state
        if self.fold.state == "draft" and self.inquiry.side != Inquiry.Side.INITIATOR:
            return "shared"
        if self.fold.state == "draft" and self.draft is not None:
            return {"review": "release_review", "returned": "returned"}.get(self.draft.state, "drafted")
        return self.fold.state

    @property
    def steps(self) -> tuple[str, ...]:
        """What this side may do now; what is drafted already is left out."""
        if self.side is None or self.settled.state == "draft":
            return ()
        return tuple(step for step in allowed_steps(self.fold, self.side) if step not in self.drafted)


def standing_of(inquiry: Inquiry, now: datetime) -> Standing:
    """Where one inquiry stands."""
    return standings_of([inquiry], now)[inquiry.pk]


def standings_of(inquiries: Sequence[Inquiry], now: datetime) -> dict[int, Standing]:
    """Row id → where it stands."""
    by_conversation = {one.conversation_id: one for one in inquiries if one.conversation_id is not None}
    messages = {
        (row.conversation_id, row.uuid): row
        for row in Message.objects.filter(conversation__in=by_conversation).only(
            "conversation_id", "uuid", "direction", "at"
        )
    }
    accepted = dict(
        Receipt.objects.filter(
            kind="accepted", message__conversation__in=by_conversation, message__direction="out"
        ).values_list("message_id", "at")
    )
    drafts: dict[int, list[Draft]] = {}
    for draft in Draft.objects.filter(conversation__in=by_conversation, state__in=OPEN_STATES):
        drafts.setdefault(draft.conversation_id, []).append(draft)
    steps: dict[int, list[Step]] = {}
    for step in Step.objects.filter(inquiry__in=inquiries):
        steps.setdefault(step.inquiry_id, []).append(step)
    told = {}
    for one in inquiries:
        open_drafts = {draft.uuid: draft for draft in drafts.get(one.thread_id, ())}
        own = steps.get(one.pk, [])
        held: list[Event] = []
        released: list[Event] = []
        for step in own:
            row = messages.get((one.thread_id, step.uuid))
            if row is None:
                continue
            at = row.at if row.direction == "in" else accepted.get(row.pk)
            event = Event(str(step.uuid), step.step, cast(Side, step.side), at or now, step.facts)
            (held if at is not None else released).append(event)
        family = cast(Family, one.family)
        opening = next((step for step in own if step.step == "open" and step.uuid in open_drafts), None)
        told[one.pk] = Standing(
            inquiry=one,
            fold=fold_events(family, [*held, *released], now),
            settled=fold_events(family, held, now),
            draft=open_drafts[opening.uuid] if opening else None,
            drafted=frozenset(step.step for step in own if step.uuid in open_drafts),
            under_way=frozenset(event.uuid for event in released),
        )
    return told
