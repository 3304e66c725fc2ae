"""The preview both see before release: what leaves, what stays and why, who sees it, what is needed (P6.3)."""

import datetime
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from contraparte.directory import queries as directory
from contraparte.directory.models import Tenure
from contraparte.exchange import gate, registry
from contraparte.exchange.attaching import files_of_draft
from contraparte.exchange.composing import Composed, Outgoing, compose_with_copies
from contraparte.exchange.models import Attachment, Draft
from contraparte.exchange.rules.classes import leaves
from contraparte.exchange.rules.decisions import Approvals, Decision
from contraparte.protocol.marking import Marking


@dataclass(frozen=True, slots=True)
class Leaf:
    """One field: its pointer, what stands there, its data class, and the policies that let it go or keep it."""

    pointer: str
    value: Any
    data_class: str
    policies: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Recipient:
    """One post that would receive it, and the gate's word on that."""

    post: str
    copy: bool
    leaving: tuple[Leaf, ...]
    staying: tuple[Leaf, ...]
    decision: Decision


@dataclass(frozen=True, slots=True)
class Preview:
    """What release would do now. `content_digest` is what an approval of this very preview covers."""

    draft: Draft
    recipients: tuple[Recipient, ...]
    content_digest: bytes
    marking: Marking
    approvals: tuple[Tenure, ...]
    needs: tuple[str, ...]
    withheld: tuple[str, ...]
    files: tuple[Attachment, ...] = ()

    @property
    def may_leave(self) -> bool:
        """Whether release would succeed as far as the gate is concerned."""
        return not self.needs and not self.withheld


def outgoing_of(draft: Draft, approvals: Approvals, *, by: Tenure | None = None) -> Outgoing:
    """A draft as the road takes it. `by` releases it; without, its drafter would."""
    return Outgoing(
        conversation=draft.conversation,
        type=draft.type,
        sender=draft.conversation.post_id,
        recipient=draft.recipient,
        body=draft.body,
        marking=Marking.from_json(draft.marking),
        by=by or draft.drafted_by,
        uuid=str(draft.uuid),
        in_reply_to=str(draft.in_reply_to) if draft.in_reply_to else None,
        supersedes=str(draft.supersedes) if draft.supersedes else None,
        urgency=draft.urgency,
        redactions=tuple((pointer, reason) for pointer, reason in draft.redactions),
        files=tuple(files_of_draft(draft)) if registry.message_type(draft.type).takes_files else (),
        approvals=approvals,
        sources=tuple(draft.sources.values_list("item_id", flat=True)),
    )


def approval_digest(composed: Sequence[Composed]) -> bytes:
    """What one approval covers: the message and every copy the accord routes, each as it would leave."""
    return hashlib.sha256(b"".join(one.content_digest for one in composed)).digest()


def approvals_of(draft: Draft, *, now: datetime.datetime) -> Approvals:
    """The approvals that count for what a draft says now: of the same digest, by persons in post who did not draft."""
    return Approvals(others=len(_approvers(draft, now=now)))


def _approvers(draft: Draft, *, now: datetime.datetime) -> list[Tenure]:
    digest = approval_digest(compose_with_copies(outgoing_of(draft, Approvals()), now=now))
    found: dict[Any, Tenure] = {}
    for approval in draft.approvals.select_related("by__person", "by__post"):
        tenure = approval.by
        counts = (
            bytes(approval.content_digest) == digest
            and not is_drafter(draft, tenure)
            and directory.Role.AUTHORISER in tenure.roles
            and directory.is_running(tenure, now)
            and tenure.person is not None
            and tenure.person.is_active
        )
        if counts:
            found.setdefault(tenure.person_id, tenure)
    return list(found.values())


def is_drafter(draft: Draft, tenure: Tenure) -> bool:
    """Whether this is who drafted it, in whatever post: two tenures of one person are not two persons."""
    author = draft.drafted_by
    return tenure.pk == author.pk or (tenure.person_id is not None and tenure.person_id == author.person_id)


def preview_draft(draft: Draft, *, now: datetime.datetime) -> Preview:
    """The preview of a draft as it stands."""
    approvers = _approvers(draft, now=now)
    composed = compose_with_copies(outgoing_of(draft, Approvals(others=len(approvers))), now=now)
    needs: set[str] = set()
    withheld: set[str] = set()
    for one in composed:
        needs |= set(getattr(one.decision, "needs", ()))
        withheld |= set(getattr(one.decision, "reasons", ()))
    return Preview(
        draft=draft,
        recipients=tuple(_recipient(one) for one in composed),
        content_digest=approval_digest(composed),
        marking=composed[0].message.marking,
        approvals=tuple(approvers),
        needs=tuple(sorted(needs)),
        withheld=tuple(sorted(withheld)),
        files=tuple(composed[0].outgoing.files),
    )


def _recipient(composed: Composed) -> Recipient:
    outgoing, decision = composed.outgoing, composed.decision
    values = {pointer: value for pointer, value in leaves(outgoing.body) if pointer}
    chosen = dict(outgoing.redactions)
    leaving: list[Leaf] = []
    staying = [Leaf(pointer, values.get(pointer), "", (reason,)) for pointer, reason in chosen.items()]
    for field in decision.fields:
        if field.pointer == gate.FILES:
            continue
        leaf = Leaf(field.pointer, values.get(field.pointer), field.data_class, field.policies)
        (leaving if field.disclosed else staying).append(leaf)
    if not decision.fields:
        staying += [Leaf(p, value, "", decision.policies) for p, value in values.items() if p not in chosen]
    return Recipient(outgoing.recipient, outgoing.copy_of is not None, tuple(leaving), tuple(staying), decision)
