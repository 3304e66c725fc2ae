"""The road for programs: who one is, conversations and their messages, drafts through the release gate."""

from typing import Any

from django.http import HttpResponse
from django.utils import timezone
from ninja import Router, Schema

from contraparte.desk import queries, threads
from contraparte.desk.items import item_for
from contraparte.desk.markings import marking_parts
from contraparte.exchange import actions as exchange
from contraparte.exchange.items import recalled_ids
from contraparte.exchange.models import Conversation, Draft, Message
from contraparte.exchange.previewing import Leaf, Preview
from contraparte.exchange.reading import is_erased, read_message
from contraparte.exchange.rules.classes import leaves
from contraparte.protocol.errors import ApiFieldError
from contraparte.web.api.answers import page_of, tag_of
from contraparte.web.api.doors import ApiRequest, Opens

router = Router(tags=["road"])
REASON_MAX = 300  # characters, as on the page


class Digest(Schema):
    """What was read and is approved, as the preview gave it."""

    digest: str


class Keeping(Schema):
    """A field that stays at home, by its pointer in the preview, and why: the other side may read the reason."""

    pointer: str
    text: str


class Source(Schema):
    """The item whose words stand in a draft."""

    item: int


class Reason(Schema):
    """Why something is given back."""

    text: str


@router.get("/me", auth=Opens("conversation.view", "read"))
def me(request: ApiRequest) -> dict[str, Any]:
    """For which post the token acts, in which roles, until when."""
    tenure = request.tenure
    return {
        "post": tenure.post_id,
        "agency": tenure.post.agency_id,
        "roles": tenure.roles,
        "scopes": request.token.scopes,
        "expires_at": request.token.expires_at,
    }


@router.get("/conversations", auth=Opens("conversation.view", "read"))
def list_conversations(request: ApiRequest, cursor: str = "") -> dict[str, Any]:
    """Conversations the tenure may open, in the order of their numbers."""
    return page_of(queries.conversations_of(request.tenure), cursor, _told)


@router.get("/conversations/{int:pk}", auth=Opens("conversation.view", "read"))
def show_conversation(request: ApiRequest, pk: int) -> dict[str, Any]:
    """One conversation, its open steps and open drafts."""
    found = queries.conversation_for(request.tenure, pk)
    return _told(found) | {
        "owed": [{"stage": one.stage, "holder": one.holder, "due_at": one.due_at} for one in threads.open_steps(found)],
        "drafts": [{"id": one.pk, "type": one.type, "state": one.state} for one in threads.open_drafts(found)],
    }


@router.get("/conversations/{int:pk}/messages", auth=Opens("conversation.view", "read"))
def list_messages(request: ApiRequest, pk: int, cursor: str = "") -> dict[str, Any]:
    """The messages of a conversation as they were logged here; `content` is null once recalled or erased."""
    found = queries.conversation_for(request.tenure, pk)
    page = page_of(
        Message.objects.filter(conversation=found).select_related("content"), cursor, lambda row: {"row": row}
    )
    recalled = recalled_ids([one["row"] for one in page["items"]])
    page["items"] = [_message(one["row"], one["row"].pk in recalled) for one in page["items"]]
    exchange.note_opened(found, by=request.tenure, now=timezone.now())
    return page


@router.get("/drafts/{int:pk}", auth=Opens("release.view", "read"))
def show_draft(request: ApiRequest, pk: int, response: HttpResponse) -> dict[str, Any]:
    """What would leave now, what stays and why, which approvals are missing. `digest` is what an approval names."""
    found = queries.draft_for(request.tenure, pk)
    told = _preview(exchange.preview(found, now=timezone.now()))
    response["ETag"] = tag_of([found.pk, found.version, found.state])
    return told


@router.post("/drafts/{int:pk}/redact", auth=Opens("release.prepare", "write"))
def redact(request: ApiRequest, pk: int, told: Keeping) -> dict[str, Any]:
    """Keep one field at home, with a reason the other side may read. Approvals given before no longer count."""
    found = queries.draft_for(request.tenure, pk)
    if told.pointer not in {pointer for pointer, _ in leaves(found.body) if pointer}:
        raise ApiFieldError(field="pointer", fields={"pointer": ["unknown"]})
    return _state(
        exchange.redact_field(found, told.pointer, reason=_reason(told.text), by=request.tenure, now=timezone.now())
    )


@router.post("/drafts/{int:pk}/cite", auth=Opens("release.prepare", "write"))
def cite(request: ApiRequest, pk: int, told: Source) -> dict[str, Any]:
    """Name an item as a source of the draft: its restrictions become the draft's, approvals no longer count."""
    found, source = queries.draft_for(request.tenure, pk), item_for(request.tenure, told.item)
    return _state(exchange.cite_item(found, source, by=request.tenure, now=timezone.now()))


@router.post("/drafts/{int:pk}/ask", auth=Opens("release.prepare", "write"))
def ask(request: ApiRequest, pk: int) -> dict[str, Any]:
    """Ask the authorising persons of the agency."""
    return _state(exchange.submit_draft(queries.draft_for(request.tenure, pk), by=request.tenure, now=timezone.now()))


@router.post("/drafts/{int:pk}/approve", auth=Opens("release.decide", "release"))
def approve(request: ApiRequest, pk: int, told: Digest) -> dict[str, Any]:
    """Say yes to exactly what was read. Never by who drafted it."""
    found = queries.draft_for(request.tenure, pk)
    try:
        digest = bytes.fromhex(told.digest)
    except ValueError:
        raise ApiFieldError(field="digest", fields={"digest": ["hex"]}) from None
    exchange.approve_draft(found, digest=digest, by=request.tenure, now=timezone.now())
    return _state(found)


@router.post("/drafts/{int:pk}/return", auth=Opens("release.decide", "release"))
def give_back(request: ApiRequest, pk: int, told: Reason) -> dict[str, Any]:
    """Return the draft to its author with a note."""
    note = _reason(told.text)
    return _state(
        exchange.return_draft(queries.draft_for(request.tenure, pk), note=note, by=request.tenure, now=timezone.now())
    )


@router.post("/drafts/{int:pk}/release", auth=Opens("release.send", "release"))
def send(request: ApiRequest, pk: int) -> dict[str, Any]:
    """Release: sealed, logged and queued in one step. A draft that has left cannot leave again."""
    row = exchange.release_draft(queries.draft_for(request.tenure, pk), by=request.tenure, now=timezone.now())
    return {"message": str(row.uuid), "log": row.log_origin, "index": row.log_index}


@router.post("/drafts/{int:pk}/discard", auth=Opens("release.prepare", "write"))
def discard(request: ApiRequest, pk: int) -> dict[str, Any]:
    """Give the draft up; it stays on record."""
    return _state(exchange.discard_draft(queries.draft_for(request.tenure, pk), by=request.tenure, now=timezone.now()))


def _told(row: Conversation) -> dict[str, Any]:
    return {
        "id": row.pk,
        "uuid": str(row.uuid),
        "kind": row.kind,
        "post": row.post_id,
        "counterpart": row.counterpart,
        "opened_at": row.opened_at,
        "closed_at": row.closed_at,
    }


def _message(row: Message, is_recalled: bool) -> dict[str, Any]:
    content = None if is_recalled or is_erased(row) else read_message(row)
    return {
        "id": row.pk,
        "uuid": str(row.uuid),
        "type": row.type,
        "direction": row.direction,
        "sender": row.sender,
        "at": row.at,
        "log": row.log_origin,
        "index": row.log_index,
        "is_recalled": is_recalled,
        "content": content.body if content is not None else None,
        "withheld": [{"pointer": one.pointer, "reason": one.reason} for one in content.withheld] if content else [],
    }


def _reason(typed: str) -> str:
    text = typed.strip()
    if not text or len(text) > REASON_MAX:
        raise ApiFieldError(field="text", fields={"text": ["length"]})
    return text


def _state(row: Draft) -> dict[str, Any]:
    return {"draft": row.pk, "state": row.state}


def _preview(preview: Preview) -> dict[str, Any]:
    draft = preview.draft
    return {
        "id": draft.pk,
        "type": draft.type,
        "state": draft.state,
        "note": draft.note,
        "digest": preview.content_digest.hex(),
        "may_leave": preview.may_leave,
        "needs": list(preview.needs),
        "approvals": len(preview.approvals),
        "marking": marking_parts(preview.marking),
        "files": [
            {"id": one.pk, "name": one.name, "size": one.size, "sha256": bytes(one.sha256).hex()}
            for one in preview.files
        ],
        "recipients": [
            {
                "post": one.post,
                "is_copy": one.copy,
                "outcome": one.decision.outcome,
                "leaving": [_leaf(leaf) for leaf in one.leaving],
                "staying": [_leaf(leaf) | {"policies": list(leaf.policies)} for leaf in one.staying],
            }
            for one in preview.recipients
        ],
    }


def _leaf(leaf: Leaf) -> dict[str, Any]:
    return {"pointer": leaf.pointer, "value": leaf.value, "data_class": leaf.data_class}
