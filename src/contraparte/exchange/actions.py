"""What posts do on the road: open a conversation, draft, have it approved, release it, send what is automatic.

The public face of the exchange for features, in one place. Each action is one transaction; actor and time are
arguments.
"""

import datetime
import uuid
from collections.abc import Sequence
from typing import Any

from django.db.models import Exists, OuterRef
from pydantic import BaseModel, ValidationError

from contraparte.directory import lineage
from contraparte.directory import queries as directory
from contraparte.directory.models import Post, Tenure
from contraparte.directory.rules.roles import CONTENT_ROLES
from contraparte.exchange import custody, registry
from contraparte.exchange.attaching import drop_files_of_draft
from contraparte.exchange.composing import Outgoing, compose_with_copies, require_road_open
from contraparte.exchange.escalating import stands_in
from contraparte.exchange.items import recalled_ids
from contraparte.exchange.models import Approval, CaseFile, Conversation, Draft, Message, Receipt
from contraparte.exchange.previewing import Preview, approvals_of, is_drafter, outgoing_of, preview_draft
from contraparte.exchange.receipts import sign_later_receipts
from contraparte.exchange.releasing import release
from contraparte.exchange.rules.classes import leaves
from contraparte.exchange.sources import cite
from contraparte.exchange.writing import writing
from contraparte.protocol import limits
from contraparte.protocol.errors import (
    ApprovalDrafterError,
    ApprovalOutdatedError,
    ApprovalRoleError,
    ConversationClosedError,
    DraftClosedError,
    DraftFieldError,
    PostNotLocalError,
    PostSucceededError,
    TenureEndedError,
)
from contraparte.protocol.ids import agency_of, new_id, parse_post_id
from contraparte.protocol.marking import Marking

OPEN_STATES = (Draft.State.DRAFT, Draft.State.REVIEW, Draft.State.RETURNED)


def open_case(*, post: Post, number: str, now: datetime.datetime) -> CaseFile:
    """The case of that number, opened where it is new. The number is the agency's own and never leaves here."""
    with writing():
        case, _ = CaseFile.objects.get_or_create(
            agency_id=post.agency_id, number=number, defaults={"post": post, "opened_at": now}
        )
    return case


def open_conversation(
    *,
    post: Post,
    counterpart: str,
    kind: str,
    by: Tenure,
    now: datetime.datetime,
    case: CaseFile | None = None,
    conversation_id: str | None = None,
) -> Conversation:
    """A conversation between a post of this node and one elsewhere; the same one where the id is already known here.

    Raises PostNotLocalError unless `by` belongs to the post's agency, or where the id is a thread of another of its
    posts; PostUnknownError for an unknown counterpart; PostSucceededError for a post whose work has passed on. An old
    counterpart is resolved to who holds its work now (P1.8).
    """
    if by.post.agency_id != post.agency_id or not post.agency.is_local:
        raise PostNotLocalError(post=post.pk)
    counterpart = lineage.present_post(parse_post_id(counterpart, "counterpart"), kind, now=now, since=now)
    directory.post(counterpart)
    if lineage.is_passed_on(post.pk, now):
        raise PostSucceededError(post=post.pk, successor=lineage.present_post(post.pk, kind, now=now))
    with writing():
        conversation, _ = Conversation.objects.get_or_create(
            agency=post.agency_id,
            uuid=uuid.UUID(conversation_id or new_id()),
            defaults={"post": post, "counterpart": counterpart, "kind": kind, "opened_at": now, "case": case},
        )
    if conversation.post_id != post.pk:
        raise PostNotLocalError(post=post.pk)
    return conversation


def draft(
    message_type: str,
    body: BaseModel | dict[str, Any],
    *,
    conversation: Conversation,
    marking: Marking,
    by: Tenure,
    now: datetime.datetime,
    to: str | None = None,
    in_reply_to: str | None = None,
    supersedes: str | None = None,
    urgency: str = "routine",
    sources: Sequence[Message] = (),
) -> Draft:
    """Write something that may leave one day. Nothing leaves before the gate releases it.

    `sources` are the items it quotes or forwards: their restrictions become its own, and the gate asks whether they
    may be passed on. Raises MessageTypeUnknownError, DraftFieldError naming the field, ConversationClosedError,
    PostNotLocalError, TenureEndedError, ItemRecalledError, ItemErasedError.
    """
    _require_own(conversation, by)
    _require_running(by, now)
    _require_not_closed(conversation)
    plain = plain_body(message_type, body)
    with writing():
        draft_row = Draft.objects.create(
            agency=conversation.agency,
            conversation=conversation,
            type=message_type,
            recipient=to or conversation.counterpart,
            body=plain,
            marking=marking.to_json(),
            in_reply_to=in_reply_to,
            supersedes=supersedes,
            urgency=urgency,
            drafted_by=by,
            drafted_at=now,
        )
        cite(draft_row, sources, by=by, now=now)
    return draft_row


def cite_item(draft: Draft, item: Message, *, by: Tenure, now: datetime.datetime) -> Draft:
    """Name an item as a source of a draft that quotes it. Its marking may become stricter; approvals are void."""
    _require_running(by, now)
    with writing():
        locked = _lock_open(draft, by)
        cite(locked, [item], by=by, now=now)
        locked.approvals.all().delete()  # who approved did not know where the words come from
        locked.version += 1
        locked.save(update_fields=["version"])
    return locked


def plain_body(message_type: str, body: BaseModel | dict[str, Any]) -> dict[str, Any]:
    """The JSON form of a payload, absent fields left out. Raises DraftFieldError naming the first bad field."""
    model = registry.message_type(message_type).body
    try:
        payload = body if isinstance(body, model) else model.model_validate(body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise DraftFieldError(field="/".join(map(str, first["loc"])), reason=first["type"]) from None
    plain: dict[str, Any] = payload.model_dump(mode="json", by_alias=True, exclude_none=True)
    for pointer, value in leaves(plain):
        # NUL and half characters pass through JSON and neither database nor signature takes them.
        text = f"{pointer}{value}" if isinstance(value, str) else pointer
        if "\x00" in text or (not text.isascii() and _is_broken(text)):
            raise DraftFieldError(field=pointer.removeprefix("/"), reason="character")
    return plain


def _is_broken(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False


def revise_draft(
    draft: Draft,
    body: BaseModel | dict[str, Any],
    *,
    by: Tenure,
    now: datetime.datetime,
    marking: Marking | None = None,
) -> Draft:
    """Change what a draft says. Approvals given to the old words no longer count, for their digest is another.

    Who wrote the last words is their drafter: an authorising person who rewrites a draft cannot approve it as well.
    """
    _require_running(by, now)
    plain = plain_body(draft.type, body)
    with writing():
        locked = _lock_open(draft, by)
        locked.body = plain
        if marking is not None:
            locked.marking = marking.to_json()
        locked.version += 1
        locked.state = Draft.State.DRAFT
        locked.drafted_by = by
        locked.save(update_fields=["body", "marking", "version", "state", "drafted_by"])
    return locked


def redact_field(draft: Draft, pointer: str, *, reason: str, by: Tenure, now: datetime.datetime) -> Draft:
    """Keep the leaf at `pointer` at home; the other side sees that something is withheld, and `reason`."""
    _require_running(by, now)
    with writing():
        locked = _lock_open(draft, by)
        locked.redactions = [*(entry for entry in locked.redactions if entry[0] != pointer), [pointer, reason]]
        locked.version += 1
        locked.save(update_fields=["redactions", "version"])
    return locked


def submit_draft(draft: Draft, *, by: Tenure, now: datetime.datetime) -> Draft:
    """Ask for approval: the draft appears on the desks of the agency's authorising persons."""
    _require_running(by, now)
    with writing():
        locked = _lock_open(draft, by)
        locked.state = Draft.State.REVIEW
        locked.save(update_fields=["state"])
    return locked


def return_draft(draft: Draft, *, note: str, by: Tenure, now: datetime.datetime) -> Draft:
    """Send a draft back to its author with a note; approvals given so far are void."""
    _require_authoriser(draft, by, now)
    with writing():
        locked = _lock_open(draft, by)
        locked.state, locked.note = Draft.State.RETURNED, note
        locked.save(update_fields=["state", "note"])
        locked.approvals.all().delete()
    return locked


def discard_draft(draft: Draft, *, by: Tenure, now: datetime.datetime) -> Draft:
    """Give a draft up. It stays on record and can no longer leave."""
    _require_running(by, now)
    with writing():
        locked = _lock_open(draft, by)
        locked.state = Draft.State.DISCARDED
        locked.save(update_fields=["state"])
        drop_files_of_draft(locked, by=by, now=now)
    return locked


def approve_draft(draft: Draft, *, digest: bytes, by: Tenure, now: datetime.datetime) -> Approval:
    """Say yes to exactly what was shown: `digest` is that of the preview the person looked at (P6.3).

    Raises ApprovalRoleError, TenureEndedError, ApprovalDrafterError (also for the drafter in another post),
    ApprovalOutdatedError where the content has changed since.
    """
    _require_authoriser(draft, by, now)
    with writing():
        locked = _lock_open(draft, by)
        if is_drafter(locked, by):
            raise ApprovalDrafterError
        if preview_draft(locked, now=now).content_digest != digest:
            raise ApprovalOutdatedError
        approval, _ = Approval.objects.get_or_create(draft=locked, content_digest=digest, by=by, defaults={"at": now})
    return approval


def preview(draft: Draft, *, now: datetime.datetime) -> Preview:
    """Exactly what would leave now, what would stay and why, who would see it, what is still needed (P6.3)."""
    return preview_draft(draft, now=now)


def release_draft(draft: Draft, *, by: Tenure, now: datetime.datetime) -> Message:
    """Let a draft out. See `release_drafts`."""
    return release_drafts([draft], by=by, now=now)[0]


def release_drafts(drafts: Sequence[Draft], *, by: Tenure, now: datetime.datetime) -> list[Message]:
    """Let drafts out, all or none: sealed, logged and queued in one transaction.

    Returns the rows of the messages in the drafts' order (their copies are released with them). Raises
    ReleaseHeldError naming what is still needed, ReleaseWithheldError, DirectoryStaleError, AccordSuspendedError,
    DraftClosedError, ConversationClosedError, PostNotLocalError, ApprovalRoleError, TenureEndedError.
    """
    if not {directory.Role.OFFICER, directory.Role.AUTHORISER, directory.Role.SERVICE} & set(by.roles):
        raise ApprovalRoleError(roles=[directory.Role.OFFICER.value, directory.Role.AUTHORISER.value])
    _require_running(by, now)
    ids = list(dict.fromkeys(one.pk for one in drafts))
    with writing(agency_of(by.post_id)):
        locked = {one.pk: one for one in _open_drafts(ids)}
        composed = []
        for pk in ids:
            row = locked.get(pk)
            if row is None:
                raise DraftClosedError(state=Draft.objects.get(pk=pk).state)
            _require_own(row.conversation, by)
            _require_not_closed(row.conversation)
            composed += compose_with_copies(outgoing_of(row, approvals_of(row, now=now), by=by), now=now)
        require_road_open(composed, now=now)
        release(composed, now=now)
        Draft.objects.filter(pk__in=ids).update(state=Draft.State.RELEASED)
        originals = [locked[pk].uuid for pk in ids]
        rows = {row.uuid: row for row in Message.objects.filter(direction="out", uuid__in=originals)}
    return [rows[original] for original in originals]


def send(
    message_type: str,
    body: BaseModel | dict[str, Any],
    *,
    conversation: Conversation,
    marking: Marking,
    by: Tenure,
    now: datetime.datetime,
    to: str | None = None,
    in_reply_to: str | None = None,
    supersedes: str | None = None,
    urgency: str = "routine",
) -> str:
    """Say at once what policy lets a post say by itself (`automatic`); returns the message id.

    Raises ReleaseHeldError where a person's approval is needed: then it must be drafted instead.
    """
    return send_all(
        [
            automatic(
                message_type,
                body,
                conversation=conversation,
                marking=marking,
                by=by,
                to=to,
                in_reply_to=in_reply_to,
                supersedes=supersedes,
                urgency=urgency,
            )
        ],
        now=now,
    )[0]


def automatic(
    message_type: str,
    body: BaseModel | dict[str, Any],
    *,
    conversation: Conversation,
    marking: Marking,
    by: Tenure,
    to: str | None = None,
    in_reply_to: str | None = None,
    supersedes: str | None = None,
    urgency: str = "routine",
) -> Outgoing:
    """Something to be sent by `send_all`. Same arguments as `send`."""
    _require_own(conversation, by)
    return Outgoing(
        conversation=conversation,
        type=message_type,
        sender=conversation.post_id,
        recipient=to or conversation.counterpart,
        body=plain_body(message_type, body),
        marking=marking,
        by=by,
        uuid=new_id(),
        automatic=True,
        in_reply_to=in_reply_to,
        supersedes=supersedes,
        urgency=urgency,
    )


def send_all(outgoing: Sequence[Outgoing], *, now: datetime.datetime) -> list[str]:
    """Send many at once: one commit, one checkpoint per log. All or none; returns the message ids in order."""
    composed = [one for each in outgoing for one in compose_with_copies(each, now=now)]
    require_road_open(composed, now=now)
    release(composed, now=now)
    return [each.uuid for each in outgoing]


def close_conversation(conversation: Conversation, *, code: str, now: datetime.datetime) -> None:
    """End a conversation; once closed it stays so, with the first reason given."""
    with writing():
        Conversation.objects.filter(pk=conversation.pk, closed_at__isnull=True).update(closed_at=now, close_code=code)


def note_opened(conversation: Conversation, *, by: Tenure, now: datetime.datetime) -> None:
    """A person of the post has opened the conversation: say so, signed, for each message not opened before.

    A read by somebody outside the receiving post (an auditor of the agency) is none of the sender's business here,
    and neither is one by who keeps the node and sees no content. A page that has nothing to say so takes no lock.
    """
    reads = by.person_id is not None and bool(CONTENT_ROLES & set(by.roles))
    if not reads or (by.post_id != conversation.post_id and not stands_in(by, conversation)):
        return
    said = Receipt.objects.filter(message=OuterRef("pk"), ours=True, kind="opened")
    fresh = Message.objects.filter(conversation=conversation, direction="in", state=Message.State.HANDLED)
    unopened = fresh.exclude(Exists(said)).order_by("pk")
    rows = list(unopened[: limits.RECEIPTS])
    hidden = recalled_ids(rows)  # whoever opens the conversation now does not read these
    seen = [row for row in rows if row.pk not in hidden]
    if seen:
        with writing(conversation.agency):
            sign_later_receipts("opened", seen, now=now)
            custody.note_opened(seen, by=by, at=now)


def _require_own(conversation: Conversation, by: Tenure) -> None:
    if agency_of(by.post_id) != conversation.agency:
        raise PostNotLocalError(post=conversation.post_id)


def _require_running(by: Tenure, now: datetime.datetime) -> None:
    if not directory.is_running(by, now):
        raise TenureEndedError(tenure=str(by.pk))


def _require_not_closed(conversation: Conversation) -> None:
    if conversation.closed_at is not None:
        raise ConversationClosedError(close_code=conversation.close_code)


def _require_authoriser(draft: Draft, by: Tenure, now: datetime.datetime) -> None:
    if by.person_id is None or directory.Role.AUTHORISER not in by.roles or agency_of(by.post_id) != draft.agency:
        raise ApprovalRoleError(roles=[directory.Role.AUTHORISER.value])
    _require_running(by, now)


def _open_drafts(ids: Sequence[int]) -> Sequence[Draft]:
    rows = Draft.objects.select_for_update(of=("self",)).filter(pk__in=ids, state__in=OPEN_STATES).order_by("pk")
    return list(rows.select_related("conversation__post", "drafted_by__post"))


def _lock_open(draft: Draft, by: Tenure) -> Draft:
    """The draft locked and still open, or DraftClosedError; of the actor's own agency, or PostNotLocalError."""
    found = _open_drafts([draft.pk])
    if not found:
        raise DraftClosedError(state=Draft.objects.get(pk=draft.pk).state)
    _require_own(found[0].conversation, by)
    return found[0]
