"""Posts and proofs for programs: who handles what at which post, the heads of both logs, a proof as a file.

None of it holds content, so it opens for auditors and administrators as well, as its pages do.
"""

from typing import Any

from django.http import Http404, HttpResponse
from django.utils import timezone
from ninja import Router

from contraparte.desk import contacts, proofs
from contraparte.desk.downloads import proof_answer
from contraparte.directory.models import Tenure
from contraparte.exchange.models import Message
from contraparte.ledger import queries as ledger
from contraparte.protocol.errors import ApiFieldError
from contraparte.protocol.ids import parse_uuid
from contraparte.web.api.doors import ApiRequest, Opens
from contraparte.web.finding import or_404

router = Router(tags=["directory and log"])
TEXT_MAX = 200  # characters of a search, as on the page
PAGE_DIGITS = 6


@router.get("/contacts", auth=Opens("contacts.view", "read"))
def list_contacts(
    request: ApiRequest, q: str = "", agency: str = "", topic: str = "", cursor: str = ""
) -> dict[str, Any]:
    """Who handles what: posts by words in either language (`q`), by agency and by topic, fifty at a time."""
    for name, value in (("q", q), ("agency", agency), ("topic", topic)):
        if len(value) > TEXT_MAX or "\0" in value:
            raise ApiFieldError(field=name, fields={name: ["length"]})
    if cursor and not (cursor.isascii() and cursor.isdecimal() and len(cursor) <= PAGE_DIGITS):
        raise ApiFieldError(field="cursor", fields={"cursor": ["number"]})
    page, shown = contacts.contacts_page(
        text=q, agency=agency, topic=topic, number=int(cursor or 1), now=timezone.now(), tenure=request.tenure
    )
    return {
        "items": [_contact(one) for one in shown],
        "next": str(page.next_page_number()) if page.has_next() else None,
    }


@router.get("/logs", auth=Opens("log.view", "read"))
def list_logs(request: ApiRequest) -> dict[str, Any]:
    """Both logs with each other agency: their heads as signed notes, and up to where the other side cosigned."""
    return {
        "items": [
            {
                "peer": one.peer,
                "mine": _head(one.mine),
                "theirs": _head(one.theirs),
                "incidents": [{"code": found.code, "origin": found.origin, "at": found.at} for found in one.incidents],
            }
            for one in proofs.pairs_of(request.tenure)
        ]
    }


@router.get("/logs/{int:pk}/entries/{int:index}/proof", auth=Opens("log.view", "read"))
def prove_entry(request: ApiRequest, pk: int, index: int) -> HttpResponse:
    """The proof of an entry of either log, as a `.tlog-proof` file."""
    log = proofs.logs_of(request.tenure).filter(pk=pk).first()
    if log is None or index >= log.size:
        raise Http404
    return proof_answer(log.origin, index)


@router.get("/messages/{message}/proof", auth=Opens("log.view", "read"))
def prove_message(request: ApiRequest, message: str) -> HttpResponse:
    """The proof that a message stands in the agency's own log, by its number, as a `.tlog-proof` file."""
    row = or_404(_message(request.tenure, parse_uuid(message, "message")))
    return proof_answer(row.log_origin, row.log_index)


def _message(tenure: Tenure, uuid: str) -> Message | None:
    rows = Message.objects.filter(conversation__agency=tenure.post.agency_id, uuid=uuid)
    return rows.only("log_origin", "log_index").first()


def _head(shown: proofs.HeadShown | None) -> dict[str, Any] | None:
    if shown is None:
        return None
    return {
        "id": shown.log.pk,
        "origin": shown.log.origin,
        "size": shown.log.size,
        "at": shown.at,
        "cosigned_size": shown.cosigned_size,
        "cosigned_at": shown.cosigned_at,
        "checkpoint": ledger.latest_note(shown.log).decode(),
    }


def _contact(shown: contacts.Contact) -> dict[str, Any]:
    post = shown.post
    return {
        "post": post.pk,
        "name": {"en": post.name_en, "es": post.name_es},
        "agency": post.agency_id,
        "agency_name": {"en": post.agency.name_en, "es": post.agency.name_es},
        "country": shown.country,
        "handles": list(post.handles),
        "handles_words": shown.handles,
        "time_zone": post.time_zone,
        "local_time": shown.local_time,
        "holders": [{"name": str(one.person), "roles": one.roles} for one in shown.holders],
        "on_duty": [{"name": str(one.tenure.person), "until": one.until} for one in shown.on_duty],
        "is_vacant": shown.is_vacant,
        "is_silent": shown.is_silent,
    }
