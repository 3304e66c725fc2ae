"""Files for programs: put into a draft, listed with their chain of custody, taken out of a draft, downloaded.

A file is the body of its call, sealed while it comes in: no part of one is written to a disk in clear, or held in
memory. Its name stands in a header, for addresses are written into the logs of servers and proxies.
"""

from typing import Any

from django.http import HttpResponseBase
from django.http.request import UnreadablePostError
from django.utils import timezone
from django.utils.http import parse_header_parameters
from ninja import Router, Schema

from contraparte.desk import packages, queries
from contraparte.desk.attachments import file_of_conversation, file_of_draft
from contraparte.desk.downloads import file_answer, package_answer
from contraparte.exchange import actions as exchange
from contraparte.exchange import attaching
from contraparte.exchange.custody import Link, chains_of
from contraparte.exchange.items import recalled_ids
from contraparte.exchange.models import Attachment
from contraparte.protocol import limits
from contraparte.protocol.errors import ApiLengthError, AttachmentNameError, AttachmentTooLargeError
from contraparte.web.api.answers import is_repeat, once, page_of
from contraparte.web.api.doors import ApiRequest, Opens

router = Router(tags=["files"])
PIECE_BYTES = 256 * 1024  # of a body, in memory at a time
NAME_AT = "Content-Disposition"
LENGTH_DIGITS = 15  # more than the largest file's length has
OF_FORMS = "application/x-www-form-urlencoded"  # what clients say of a body when nobody told them; no file is one


class Chosen(Schema):
    """The messages of a package, by their numbers (`uuid`)."""

    items: list[str]


@router.get("/drafts/{int:pk}/files", auth=Opens("release.view", "read"))
def list_draft_files(request: ApiRequest, pk: int) -> dict[str, Any]:
    """The files that would leave with a draft, with their chains of custody."""
    return {"items": _told(attaching.files_of_draft(queries.draft_for(request.tenure, pk)))}


@router.post("/drafts/{int:pk}/files", auth=Opens("release.prepare", "write", takes_file=True))
def add_file(request: ApiRequest, pk: int) -> dict[str, Any]:
    """Put one file into a draft: its bytes are the body, its name stands in Content-Disposition.

    Wants an Idempotency-Key and the Content-Length.
    """
    draft = queries.draft_for(request.tenure, pk)
    if not is_repeat(request):
        attaching.require_may_attach(draft, by=request.tenure, now=timezone.now())
    intake = take_in(request, draft)
    added: list[Attachment] = []

    def act() -> dict[str, Any]:
        added.append(attaching.attach(draft, intake, by=request.tenure, now=timezone.now()))
        return {"id": added[0].pk, "sha256": intake.sha256.hex(), "size": intake.size}

    told = {"name": intake.name, "type": intake.media_type, "sha256": intake.sha256.hex()}
    try:
        answer = once(request, act, told=told)
    except BaseException:
        intake.drop()
        raise
    if not added:  # a repeat: its bytes are in the draft already
        intake.drop()
    return answer


@router.get("/drafts/{int:pk}/files/{int:file}", auth=Opens("release.view", "read"))
def read_draft_file(request: ApiRequest, pk: int, file: int) -> HttpResponseBase:
    """A file that would leave, as bytes; that it was taken is on record."""
    return file_answer(
        file_of_draft(queries.draft_for(request.tenure, pk), file), by=request.tenure, now=timezone.now()
    )


@router.delete("/drafts/{int:pk}/files/{int:file}", auth=Opens("release.prepare", "write"))
def remove_file(request: ApiRequest, pk: int, file: int) -> dict[str, Any]:
    """Take a file out of a draft. Its bytes are gone; that it was there stays on record."""
    found = file_of_draft(queries.draft_for(request.tenure, pk), file)
    attaching.remove_file(found, by=request.tenure, now=timezone.now())
    return {"id": found.pk}


@router.get("/conversations/{int:pk}/files", auth=Opens("conversation.view", "read"))
def list_files(request: ApiRequest, pk: int, cursor: str = "") -> dict[str, Any]:
    """The files that crossed in a conversation, with their chains of custody; those of recalled messages stay away."""
    found = queries.conversation_for(request.tenure, pk)
    rows = Attachment.objects.filter(message__conversation=found).select_related("message")
    page = page_of(rows, cursor, lambda row: {"row": row})
    shown = [one["row"] for one in page["items"]]
    recalled = recalled_ids(list({row.message_id: row.message for row in shown}.values()))
    page["items"] = _told([row for row in shown if row.message_id not in recalled])
    exchange.note_opened(found, by=request.tenure, now=timezone.now())
    return page


@router.get("/conversations/{int:pk}/files/{int:file}", auth=Opens("conversation.view", "read"))
def read_file(request: ApiRequest, pk: int, file: int) -> HttpResponseBase:
    """A file that crossed, as bytes, proven before the first is given; that it was taken is on record."""
    found = queries.conversation_for(request.tenure, pk)
    answer = file_answer(file_of_conversation(found, file), by=request.tenure, now=timezone.now())
    # A page was opened before its file is taken; a program may come here first, and its reading is told the same.
    exchange.note_opened(found, by=request.tenure, now=timezone.now())
    return answer


@router.get("/conversations/{int:pk}/package", auth=Opens("conversation.package", "read"))
def list_package(request: ApiRequest, pk: int) -> dict[str, Any]:
    """The messages of a conversation that may enter an evidence package, and of the others the code why not."""
    choices = packages.choices_of(queries.conversation_for(request.tenure, pk), timezone.now())
    return {
        "items": [
            {"uuid": str(one.row.uuid), "type": one.row.type, "refused": one.refused.code if one.refused else None}
            for one in choices
        ]
    }


@router.post("/conversations/{int:pk}/package", auth=Opens("conversation.package", "write"))
def make_package(request: ApiRequest, pk: int, told: Chosen) -> HttpResponseBase:
    """An evidence package of the messages named, signed by the agency, as a zip file."""
    return package_answer(
        queries.conversation_for(request.tenure, pk), told.items, by=request.tenure, now=timezone.now()
    )


def take_in(request: ApiRequest, holder: attaching.Holder) -> attaching.Intake:
    """The body, sealed piece by piece. Raises ApiLengthError, AttachmentNameError, AttachmentTooLargeError."""
    length = _length(request)
    with attaching.Intake(holder, name=_name(request), media_type=_media_type(request)) as intake:
        try:
            while piece := request.read(PIECE_BYTES):
                intake.write(piece)
        except UnreadablePostError:
            raise ApiLengthError from None
        if intake.size != length:
            raise ApiLengthError
        intake.done()
    return intake


def _length(request: ApiRequest) -> int:
    """How long the file is said to be. A body in chunks has no length, and would be read as an empty one."""
    said = str(request.META.get("CONTENT_LENGTH") or "")
    if not (said.isascii() and said.isdecimal()):
        raise ApiLengthError
    if len(said) > LENGTH_DIGITS or int(said) > limits.ATTACHMENT_BYTES:
        raise AttachmentTooLargeError(field="file", limit=limits.ATTACHMENT_BYTES)
    return int(said)


def _name(request: ApiRequest) -> str:
    """The name in the header: in ASCII, or another one as RFC 8187 writes it (`filename*`). AttachmentNameError."""
    said = request.headers.get(NAME_AT, "")
    try:
        # Bytes beyond ASCII stand for different letters with every client, so they are not guessed at.
        name = str(parse_header_parameters(said)[1].get("filename", "")) if said.isascii() else ""
    except ValueError:
        name = ""
    if not name or "\ufffd" in name:
        raise AttachmentNameError(field=NAME_AT, read="")
    return name


def _media_type(request: ApiRequest) -> str:
    said = request.headers.get("Content-Type", "")
    return "" if said.startswith(OF_FORMS) else said


def _told(rows: list[Attachment]) -> list[dict[str, Any]]:
    chains = chains_of(rows)
    return [
        {
            "id": row.pk,
            "message": row.message_id,
            "name": row.name,
            "media_type": row.media_type,
            "size": row.size,
            "sha256": bytes(row.sha256).hex(),
            "is_here": bool(row.file),
            "custody": [_link(link) for link in chains[row.pk]],
        }
        for row in rows
    ]


def _link(link: Link) -> dict[str, Any]:
    person = link.by.person if link.by is not None else None
    return {
        "kind": link.kind,
        "at": link.at,
        "by": str(person) if person is not None else None,
        "place": link.place,
        "reason": link.reason,
        "signed_by": link.signed_by or None,
    }
