"""Recalls: an item is given back, by its holder and by whoever got it from there (P6.5, invariant 6).

    sender: order ─▶ holder: row = quarantine ─▶ job: pass it on, answer ─▶ sender: who has answered, who has not
                                        onward holder answers ─▶ holder answers again, with what it learned

The incoming row *is* the quarantine: whoever reads an item asks for it. So an order that comes before its item leaves
a tombstone, and the item is held back on arrival. The answer is a job of its own: what cannot be sent now never undoes
the quarantine.
"""

import datetime
import logging
from dataclasses import dataclass

from django.db import transaction

from contraparte.directory import queries as directory
from contraparte.directory.lineage import line_of
from contraparte.directory.models import Tenure
from contraparte.exchange import jobs, registry
from contraparte.exchange.commitments import commitment
from contraparte.exchange.items import held_item, is_originator, onward_of, opened_at
from contraparte.exchange.messages import MAX_ONWARD, Onward, Outcome, RecallAnswer, RecallOrder
from contraparte.exchange.models import Filing, Message, Recall
from contraparte.exchange.reading import is_erased
from contraparte.exchange.speaking import ACTS, Saying, require_right, say
from contraparte.exchange.writing import writing
from contraparte.ledger import actions as ledger
from contraparte.protocol.encoding import instant
from contraparte.protocol.errors import ContraparteError, NodeError, RecallPostError
from contraparte.protocol.ids import agency_of, new_id

log = logging.getLogger(__name__)

ANSWER = "recall.answer"
REASONS = ("mistake", "wrong_recipient", "source_at_risk", "legal", "incorrect", "withdrawn")


def order_recall(item: Message, *, reason: str, note: str = "", by: Tenure, now: datetime.datetime) -> list[Recall]:
    """Recall what this post sent, copies included; the same orders where it was recalled before.

    Raises RecallPostError for what another post sent, RightsRoleError.
    """
    if item.direction != "out" or not is_originator(item.conversation.post_id, item):
        raise RecallPostError(post=by.post_id)
    require_right(by, item.conversation, ACTS, now)
    with writing(item.agency, item.conversation.agency):
        copies = Message.objects.filter(agency=item.agency, direction="out", copy_of=item.uuid)
        rows = [item, *copies.select_related("conversation__post__agency", "content")]
        return [
            _order(row, reason=reason, note=note, by=by, now=now)
            for row in rows
            if row.state != Message.State.REJECTED  # the other side has nothing of it
        ]


def _order(
    row: Message, *, reason: str, note: str, by: Tenure, now: datetime.datetime, passes_on: Recall | None = None
) -> Recall:
    found = Recall.objects.filter(agency=row.agency, direction="out", item_uuid=row.uuid, other=row.recipient).first()
    if found is not None:
        return found
    order = new_id()
    recall = Recall.objects.create(
        agency=row.agency, direction="out", item_uuid=row.uuid, conversation=row.conversation, other=row.recipient,
        order=order, reason=reason, note=note, at=now, passes_on=passes_on,
    )  # fmt: skip
    body = RecallOrder(item=str(row.uuid), reason=reason, note=note)
    say(
        Saying("recall.order/1", body, row.conversation, row, row.recipient),
        by=by,
        now=now,
        message_id=order,
    )
    return recall


def quarantine(recall: Recall, now: datetime.datetime) -> None:
    """Log an incoming order once, have rooms forget what it said, and have it answered.

    Must run in the transaction that wrote its row.
    """
    item = held_item(recall.agency, str(recall.item_uuid), recall.other)
    if item is not None:
        registry.forget(item, now)
    ledger.append(
        [
            ledger.Entry(
                agency=recall.agency,
                peer=agency_of(recall.other),
                kind=ledger.Kind.MESSAGE_RECALLED,
                direction=ledger.Direction.IN,
                message_id=str(recall.item_uuid),
                envelope_hash=bytes(item.envelope_hash) if item else None,
                commitment=commitment({"at": instant(now), "order": str(recall.order), "reason": recall.reason}),
                signature_hash=None,
                references=(bytes(item.leaf_hash),) if item else (),
                at=now,
            )
        ],
        now=now,
    )
    answer_later(recall, now)


def answer_later(recall: Recall, now: datetime.datetime) -> None:
    """Have the worker pass an incoming order on and answer it with what is known now."""
    jobs.enqueue(ANSWER, recall.pk, due=now, key=str(recall.pk))


def answer_again(item: Message, now: datetime.datetime) -> None:
    """An item under recall has arrived, was found in a court file or erased: its sender is told."""
    recall = recall_of(item)
    if recall is not None:
        answer_later(recall, now)


def recall_of(item: Message) -> Recall | None:
    """The order by which an item that came in was recalled: by who sent it, or by who holds its post now."""
    orders = Recall.objects.filter(agency__in=line_of(item.agency), direction="in", item_uuid=item.uuid)
    return next((one for one in orders if is_originator(one.other, item)), None)


def answer_recall(pk: int, now: datetime.datetime) -> None:
    """The job: pass the order on to who got the item from here, then say what became of it."""
    recall = Recall.objects.select_related("conversation__post__agency").get(pk=pk)
    item = held_item(recall.agency, str(recall.item_uuid), recall.other)
    onward = onward_of(item) if item is not None else []
    for row in onward:
        _pass_on(recall, row, now)
    service = directory.service_tenure(recall.conversation.post)
    body = _answer_of(recall, item, onward)
    saying = Saying("recall.answer/1", body, recall.conversation, item, recall.other, str(recall.order))
    say(saying, by=service, now=now)
    Recall.objects.filter(pk=pk).update(outcome=body.outcome, answered_at=now)


def _pass_on(recall: Recall, row: Message, now: datetime.datetime) -> None:
    """One order to one onward holder. Where it may not be said to them, the list shows them without an answer."""
    service = directory.service_tenure(row.conversation.post)
    try:
        with transaction.atomic():
            _order(row, reason=recall.reason, note="", by=service, now=now, passes_on=recall)
    except NodeError:
        raise  # not the order's fault: the whole job is tried again
    except ContraparteError as error:
        log.warning("the recall of %s does not reach %s: %s", recall.item_uuid, row.recipient, error.code)


def _answer_of(recall: Recall, item: Message | None, onward: list[Message]) -> RecallAnswer:
    outcome: Outcome = "unknown"
    filing = None
    if item is not None:
        filing = Filing.objects.filter(item=item).first()
        outcome = "filed" if filing else "erased" if is_erased(item) else "quarantined"
    read = opened_at(onward)
    orders = {
        one.item_uuid: one
        for one in Recall.objects.filter(
            agency=recall.agency, direction="out", item_uuid__in=[row.uuid for row in onward]
        )
    }
    named: list[Onward] = []
    for row in onward:
        order = orders.get(row.uuid)
        named.append(
            Onward(
                post=row.recipient,
                outcome=order.outcome if order else "",
                opened_at=read.get(row.pk),
                answered_at=order.answered_at if order else None,
            )
        )
        named += [Onward.model_validate(one) for one in (order.onward if order else [])]
    ours = None
    if item is not None:
        ours = item.receipts.filter(kind="opened", ours=True).values_list("at", flat=True).first()
    return RecallAnswer(
        item=str(recall.item_uuid),
        outcome=outcome,
        court=filing.court if filing else "",
        filed_on=filing.filed_on if filing else None,
        opened_at=ours,
        onward=named[:MAX_ONWARD],
        unnamed=max(0, len(named) - MAX_ONWARD) + sum(one.unnamed for one in orders.values()),
    )


@dataclass(frozen=True, slots=True)
class Holder:
    """One post that holds or held an item, as its sender sees it."""

    post: str
    item: str
    since: datetime.datetime
    outcome: str
    answered_at: datetime.datetime | None
    opened_at: datetime.datetime | None
    court: str = ""
    filed_on: datetime.date | None = None
    through: str = ""  # the post that passed it on

    @property
    def has_answered(self) -> bool:
        """Whether the holder has said that it has the item under lock, or where it is."""
        return self.outcome in {"quarantined", "filed", "erased"}


def holders_of(item: Message) -> list[Holder]:
    """Who was asked to give the item back, copies and onward holders included, in the order they were asked."""
    uuids = Message.objects.filter(agency=item.agency, direction="out", copy_of=item.uuid).values_list("uuid")
    orders = Recall.objects.filter(
        agency=item.agency, direction="out", item_uuid__in=[item.uuid, *(u for (u,) in uuids)]
    )
    found = []
    for one in orders:
        found.append(
            Holder(
                one.other, str(one.item_uuid), one.at, one.outcome, one.answered_at, one.opened_at, one.court,
                one.filed_on,
            )
        )  # fmt: skip
        for told in one.onward:
            onward = Onward.model_validate(told)
            found.append(
                Holder(
                    onward.post, str(one.item_uuid), one.at, onward.outcome, onward.answered_at, onward.opened_at,
                    through=one.other,
                )
            )  # fmt: skip
    return found
