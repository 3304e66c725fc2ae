"""What nobody holds: the question that must answer "nothing" after every change of agency (P1.8)."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import F

from contraparte.directory import lineage
from contraparte.exchange import registry
from contraparte.exchange.models import (
    FOLDED,
    CaseFile,
    Conversation,
    DisclosureDuty,
    Draft,
    Hold,
    Obligation,
    Permission,
    Recall,
)
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
    """Every record whose post has passed its work on, or that stands under another agency than its thread.

    Steps owed, threads, cases, drafts, permissions, legal holds, duties of disclosure, recalls, and the rows of rooms:
    chairs, sponsors, owners of goals and commitments among them. Empty is right.
    """
    old = {post for event in lineage.events() if event.effective <= now for post in event.successors}
    gone = sorted(post for post in old if lineage.is_passed_on(post, now))
    return [*_of_gone(gone), *_astray()] if gone else []


def _of_gone(gone: list[str]) -> Iterator[Orphan]:
    for row in Obligation.objects.filter(closed_at=None, holder__in=gone):
        yield Orphan("obligation", str(row.pk), row.holder, row.agency)
    for row in Obligation.objects.filter(closed_at=None, post_id__in=gone):
        yield Orphan("obligation", str(row.pk), row.post_id, row.agency)
    threads = Conversation.objects.exclude(close_code=FOLDED)
    for thread in threads.filter(post_id__in=gone):
        yield Orphan("conversation", str(thread.uuid), thread.post_id, thread.agency)
    for thread in threads.filter(counterpart__in=gone):
        yield Orphan("conversation", str(thread.uuid), thread.counterpart, thread.agency)
    for case in CaseFile.objects.filter(post_id__in=gone):
        yield Orphan("case", str(case.pk), case.post_id, agency_of(case.post_id))
    for draft in Draft.objects.filter(state__in=OPEN_DRAFTS, recipient__in=gone):
        yield Orphan("draft", str(draft.uuid), draft.recipient, draft.agency)
    for permission in Permission.objects.filter(state__in=LIVE):
        for post in sorted({permission.other, *permission.recipients} & set(gone)):
            yield Orphan("permission", str(permission.uuid), post, permission.agency)
    yield from _of_rooms(gone)


def _of_rooms(gone: list[str]) -> Iterator[Orphan]:
    for bound in registry.bound_models():
        rows = bound.model._default_manager.all()
        if bound.conversation:
            rows = rows.exclude(**{f"{bound.conversation}__close_code": FOLDED})
        for name in ("post_id", *bound.named):
            for pk, post, agency in rows.filter(**{f"{name}__in": gone}).values_list("pk", name, "agency"):
                yield Orphan(bound.topic, str(pk), post, agency)
    for heir in registry.heirs():
        for kind, number, post, agency in heir.left(gone):
            yield Orphan(kind, number, post, agency)


def _astray() -> Iterator[Orphan]:
    """What hangs on a thread and is not where the thread's people look for it, or on one that nobody keeps."""
    for step in Obligation.objects.filter(closed_at=None).exclude(agency=F("conversation__agency")):
        yield Orphan("obligation", str(step.pk), step.post_id, step.agency)
    for draft in Draft.objects.filter(state__in=OPEN_DRAFTS).exclude(agency=F("conversation__agency")):
        yield Orphan("draft", str(draft.uuid), draft.recipient, draft.agency)
    for permission in Permission.objects.filter(state__in=LIVE).exclude(agency=F("conversation__agency")):
        yield Orphan("permission", str(permission.uuid), permission.other, permission.agency)
    left = _unkept_threads()
    if left:
        for hold in Hold.objects.filter(lifted_at=None, item__conversation__in=left):
            yield Orphan("hold", str(hold.uuid), hold.agency, hold.agency)
        for duty in DisclosureDuty.objects.filter(state="declared", item__conversation__in=left):
            yield Orphan("duty", str(duty.uuid), duty.other, duty.agency)
        for recall in Recall.objects.filter(direction="out", outcome="", conversation__in=left):
            yield Orphan("recall", str(recall.order), recall.other, recall.agency)


def _unkept_threads() -> list[int]:
    """Threads that were folded into one that is not there (any more)."""
    folded = Conversation.objects.filter(close_code=FOLDED).values_list("pk", "uuid", "agency")
    return [pk for pk, uuid, agency in folded if not _is_kept(uuid, lineage.line_of(agency))]


def _is_kept(uuid: UUID, agencies: Iterable[str]) -> bool:
    return Conversation.objects.filter(uuid=uuid, agency__in=agencies).exclude(close_code=FOLDED).exists()
