"""What nobody holds: the question that must answer "nothing" after every change of agency (P1.8)."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from contraparte.directory import lineage
from contraparte.exchange import registry
from contraparte.exchange.models import FOLDED, Conversation, Draft, Obligation, Permission
from contraparte.exchange.succession import LIVE, OPEN_DRAFTS
from contraparte.protocol.ids import agency_of


@dataclass(frozen=True, slots=True)
class Orphan:
    """One record and the post it hangs on, whose work is somebody else's now."""

    kind: str
    id: str
    post: str
    agency: str  # whose record it is


def orphans(now: datetime) -> list[Orphan]:
    """Every obligation, thread, draft, permission and room's row whose post has passed its work on. Empty is right."""
    old = {post for event in lineage.events() if event.effective <= now for post in event.successors}
    gone = sorted(post for post in old if lineage.is_passed_on(post, now))
    return list(_found(gone)) if gone else []


def _found(gone: list[str]) -> Iterator[Orphan]:
    for row in Obligation.objects.filter(closed_at=None, holder__in=gone):
        yield Orphan("obligation", str(row.pk), row.holder, row.agency)
    for row in Obligation.objects.filter(closed_at=None, post_id__in=gone):
        yield Orphan("obligation", str(row.pk), row.post_id, row.agency)
    threads = Conversation.objects.exclude(close_code=FOLDED)
    for thread in threads.filter(post_id__in=gone):
        yield Orphan("conversation", str(thread.uuid), thread.post_id, thread.agency)
    for thread in threads.filter(counterpart__in=gone):
        yield Orphan("conversation", str(thread.uuid), thread.counterpart, thread.agency)
    for draft in Draft.objects.filter(state__in=OPEN_DRAFTS, recipient__in=gone):
        yield Orphan("draft", str(draft.uuid), draft.recipient, draft.agency)
    for permission in Permission.objects.filter(state__in=LIVE):
        for post in sorted({permission.other, *permission.recipients} & set(gone)):
            yield Orphan("permission", str(permission.uuid), post, permission.agency)
    for bound in registry.bound_models():
        rows = bound.model._default_manager.filter(post_id__in=gone)
        if bound.conversation:
            rows = rows.exclude(**{f"{bound.conversation}__close_code": FOLDED})
        for pk, post in rows.values_list("pk", "post_id"):
            yield Orphan(bound.topic, str(pk), post, agency_of(post))
