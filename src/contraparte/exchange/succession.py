"""What a change of agency does to the records here, from the moment it counts (P1.8): nobody is left without a holder.

    events in effect ─▶ each thread: who holds its post now? who holds its counterpart now?
                     ─▶ ONE transaction a thread: post, agency, steps owed, drafts, permissions, rooms' rows, `Moved`

It may run at any time and any number of times: a thread that stands where it should is left alone. A message stays in
the name of the agency that sent or got it, for its receipt and its leaf say so. Clocks go on as they were.
"""

import datetime
import logging
from collections.abc import Iterable

from django.db.models import Model, Q, QuerySet

from contraparte.directory import lineage
from contraparte.directory import queries as directory
from contraparte.directory.models import Tenure
from contraparte.directory.rules import lineage as rules
from contraparte.directory.rules.lineage import Event
from contraparte.exchange import registry
from contraparte.exchange.clockwork import follow_pauses, settle_clocks
from contraparte.exchange.models import (
    FOLDED,
    CaseFile,
    Conversation,
    Draft,
    Moved,
    Obligation,
    Permission,
    Reconfirmation,
)
from contraparte.exchange.permissions import end_permission
from contraparte.exchange.speaking import DECIDES, require_right
from contraparte.exchange.writing import writing
from contraparte.protocol.errors import AgencyUnknownError, PostUnknownError, ReconfirmationStateError
from contraparte.protocol.ids import agency_of

log = logging.getLogger(__name__)

EVERY_S = 30.0
LIVE = (Permission.State.ASKED, Permission.State.GRANTED)
OPEN_DRAFTS = (Draft.State.DRAFT, Draft.State.REVIEW, Draft.State.RETURNED)
OWN, OTHER = Moved.Side.OWN, Moved.Side.OTHER


def install() -> None:
    """Tell the worker."""
    registry.register_periodic("lineage", EVERY_S, reconcile)


def reconcile(now: datetime.datetime) -> int:
    """Bring every record to who holds its post now; returns how many threads moved."""
    in_effect = [event for event in lineage.events() if event.effective <= now]
    if not in_effect and not Moved.objects.exists():
        return 0
    moved = _take_back(in_effect, now)
    old = {post for event in in_effect for post in event.successors}
    threads = Conversation.objects.filter(Q(post_id__in=old) | Q(counterpart__in=old)).order_by("pk")
    for pk, agency in threads.values_list("pk", "agency"):
        with writing(*lineage.line_of(agency)):
            moved += _follow(Conversation.objects.select_for_update().get(pk=pk), in_effect, now)
    with writing():
        _follow_without_thread(old, now)
        _follow_recipients(old, now)
        _follow_holders(old, now)
        for heir in registry.heirs():
            heir.follow(now)
        follow_pauses(now)
        for event in in_effect:
            if lineage.note_in_effect(event, now):
                log.info("the change %s of %s counts from now on", event.id, event.country)
    return moved


def _follow(thread: Conversation, events: list[Event], now: datetime.datetime) -> int:
    if thread.close_code == FOLDED:
        return 0
    count = 0
    for side in (OWN, OTHER):
        was = _post(thread, side)
        steps = rules.path(was, events, now, thread.kind, _since(thread, side))
        if steps and steps[-1][1] != was and (side == OTHER or _is_here(steps[-1][1])):
            count += _move(thread, side, steps[-1][1], now)
            for event, became in steps if _post(thread, side) == steps[-1][1] else ():
                Moved.objects.create(
                    conversation=thread, side=side, was=was, became=became, event=event.id, event_hash=event.hash,
                    effective=event.effective, at=now,
                )  # fmt: skip
                was = became
    return count


def _since(thread: Conversation, side: str) -> datetime.datetime:
    """Since when a post has had the thread: what happened to its name before does not concern it."""
    last = thread.moves.filter(side=side).order_by("effective").last()
    return max(thread.opened_at, last.effective) if last else thread.opened_at


def _post(thread: Conversation, side: str) -> str:
    return thread.post_id if side == OWN else thread.counterpart


def _is_here(post: str) -> bool:
    try:
        return directory.post(post).agency.is_local
    except (PostUnknownError, AgencyUnknownError):
        return False


def _take_back(events: list[Event], now: datetime.datetime) -> int:
    """Undo what a version did that has lost against another since; the winner is followed afterwards."""
    stale = Moved.objects.exclude(event_hash__in=[event.hash for event in events])
    count = 0
    for pk, side in set(stale.values_list("conversation_id", "side")):
        thread = Conversation.objects.get(pk=pk)
        with writing(*lineage.line_of(thread.agency)):
            first = stale.filter(conversation=thread, side=side).order_by("effective", "pk")[0]
            later = thread.moves.filter(side=side, effective__gte=first.effective)
            if _post(thread, side) == later.order_by("effective", "pk").reverse()[0].became:
                count += _move(thread, side, first.was, now)
            later.delete()
            settle_clocks(pk, now)
    return count


def _move(thread: Conversation, side: str, target: str, now: datetime.datetime) -> int:
    """One side of one thread with all that hangs on it; 0 where it had to be folded into another thread."""
    post = _post(thread, side)
    steps = Obligation.objects.filter(conversation=thread)
    permissions = Permission.objects.filter(conversation=thread)
    if side == OTHER:
        thread.counterpart = target
        thread.save(update_fields=["counterpart"])
        Draft.objects.filter(conversation=thread, recipient=post, state__in=OPEN_DRAFTS).update(recipient=target)
        _ask_again(permissions.filter(other=post, side=Permission.Side.GRANTER), post, target, now)
        permissions.filter(other=post).update(other=target)
        steps.filter(holder=post).update(holder=target)
        _move_rows(thread, post, target, own=False)
        return 1
    before, agency = thread.agency, agency_of(target)
    twin = Conversation.objects.filter(agency=agency, uuid=thread.uuid).exclude(pk=thread.pk).first()
    if twin is not None:
        return _fold(thread, twin, now)
    _move_rows(thread, post, target, own=True)
    thread.post_id, thread.agency = target, agency
    thread.save(update_fields=["post", "agency"])
    if agency != before:
        thread.turns.filter(own="").update(own=before)
        thread.turns.filter(own=agency).update(own="")
    steps.filter(holder=post).update(holder=target)
    steps.filter(post_id=post).update(post_id=target, agency=agency)
    permissions.update(agency=agency)
    Draft.objects.filter(conversation=thread, state__in=OPEN_DRAFTS).update(agency=agency)
    if thread.case_id is not None:
        CaseFile.objects.filter(pk=thread.case_id, post_id=post).update(post_id=target)
    return 1


def _fold(thread: Conversation, twin: Conversation, now: datetime.datetime) -> int:
    """The successor was in this thread already: what is open goes on in its own record, the old one stays to read."""
    if thread.closed_at is not None:
        return 0
    log.info("thread %s of %s goes on in the record of %s", thread.uuid, thread.agency, twin.agency)
    steps = Obligation.objects.filter(conversation=thread, closed_at=None)
    steps.filter(holder=thread.post_id).update(holder=twin.post_id)
    steps.update(conversation=twin, agency=twin.agency, post_id=twin.post_id)
    Draft.objects.filter(conversation=thread, state__in=OPEN_DRAFTS).update(conversation=twin, agency=twin.agency)
    Permission.objects.filter(conversation=thread, state__in=LIVE).update(conversation=twin, agency=twin.agency)
    if lineage.holds_for(twin.post_id, twin.counterpart, now=now):
        # It had only been copied in on what its forerunner wrote: now it speaks itself with the other side.
        Conversation.objects.filter(pk=twin.pk).update(counterpart=thread.counterpart)
    thread.closed_at, thread.close_code = now, FOLDED
    thread.save(update_fields=["closed_at", "close_code"])
    return 1


def _move_rows(thread: Conversation, post: str, target: str, *, own: bool) -> None:
    """The rows that rooms keep of this thread."""
    for bound in registry.bound_models():
        if bound.conversation:
            rows = bound.model._default_manager.filter(**{bound.conversation: thread})
            _pass_on(bound, rows, post, target, own=own)


def _pass_on(bound: registry.Bound, rows: QuerySet[Model], post: str, target: str, *, own: bool) -> None:
    if own:
        rows.filter(post_id=post).update(post_id=target, agency=agency_of(target))
    for name in bound.named:
        rows.filter(**{name: post}).update(**{name: target})


def _follow_without_thread(old: set[str], now: datetime.datetime) -> None:
    """Rows of rooms that have no thread yet, and cases."""
    for bound in registry.bound_models():
        rows = bound.model._default_manager.all()
        free = rows.filter(**{f"{bound.conversation}__isnull": True}) if bound.conversation else rows
        for post in sorted(old):
            target = lineage.present_post(post, bound.topic, now=now, since=now)
            if target != post:
                _pass_on(bound, free, post, target, own=_is_here(target))
    for post in sorted(old):
        if lineage.is_passed_on(post, now) and _is_here(target := lineage.present_post(post, now=now, since=now)):
            CaseFile.objects.filter(post_id=post, conversations__isnull=True).update(post_id=target)


def _follow_recipients(old: set[str], now: datetime.datetime) -> None:
    """Who may get an item onward: the post that has the function now, and nobody else of its agency."""
    for row in Permission.objects.filter(state__in=LIVE).select_related("conversation"):
        for post in sorted(old & set(row.recipients)):
            target = lineage.present_post(post, row.conversation.kind, now=now, since=row.asked_at)
            if target == post:
                continue
            row.recipients = sorted({*(set(row.recipients) - {post}), target})
            row.save(update_fields=["recipients"])
            if row.side == Permission.Side.GRANTER:
                _ask_again([row], post, target, now)


def _follow_holders(old: set[str], now: datetime.datetime) -> None:
    """Steps owed by a post that is no side of the thread: one that was copied in, say."""
    for row in Obligation.objects.filter(closed_at=None, holder__in=old).select_related("conversation"):
        target = lineage.present_post(row.holder, row.conversation.kind, now=now, since=row.opened_at)
        if target != row.holder:
            Obligation.objects.filter(pk=row.pk).update(holder=target)


def _ask_again(rows: Iterable[Permission], was: str, became: str, now: datetime.datetime) -> None:
    """Put permissions on the list of those to be confirmed; they go on for the function moved meanwhile."""
    for row in rows:
        if row.state == Permission.State.GRANTED:
            Reconfirmation.objects.get_or_create(permission=row, was=was, became=became, defaults={"at": now})


def confirm_permission(row: Reconfirmation, *, by: Tenure, now: datetime.datetime) -> Reconfirmation:
    """Say that a permission holds for the successor too. Raises ReconfirmationStateError, RightsRoleError."""
    return _decide(row, Reconfirmation.State.CONFIRMED, by, now)


def withdraw_permission(row: Reconfirmation, *, by: Tenure, now: datetime.datetime) -> Reconfirmation:
    """End a permission because another post has the function now; its holder is told as by any withdrawal."""
    return _decide(row, Reconfirmation.State.WITHDRAWN, by, now)


def _decide(row: Reconfirmation, state: Reconfirmation.State, by: Tenure, now: datetime.datetime) -> Reconfirmation:
    require_right(by, row.permission.conversation, DECIDES, now)
    with writing(row.permission.agency):
        locked = Reconfirmation.objects.select_for_update(of=("self",)).select_related("permission").get(pk=row.pk)
        if locked.state != Reconfirmation.State.WAITING:
            raise ReconfirmationStateError(state=locked.state)
        if state == Reconfirmation.State.WITHDRAWN and locked.permission.state == Permission.State.GRANTED:
            end_permission(locked.permission, by=by, now=now)
        locked.state, locked.decided_at, locked.decided_by = state, now, by
        locked.save(update_fields=["state", "decided_at", "decided_by"])
    return locked
