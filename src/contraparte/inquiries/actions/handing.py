"""The way inside an agency before a request leaves: handed to another post, returned with comments, its authors kept.

The post that holds it writes and sends it; whoever held it before goes on reading it. Nothing of this leaves.
"""

import hashlib
import json
from datetime import datetime

from contraparte.directory.models import Post, Tenure
from contraparte.exchange.writing import writing
from contraparte.inquiries.models import Inquiry, Leg, Version
from contraparte.inquiries.queries import inside_posts
from contraparte.protocol.errors import InquiryBoundError, InquiryFieldError


def note_version(row: Inquiry, *, by: Tenure, now: datetime, author: str = "") -> None:
    """Keep who wrote what is typed now, in the caller's transaction; what says the same is no new version.

    `author` is the post of another agency whose draft `by` took up.
    """
    told = {name: value for name, value in row.typed.items() if name != "case_number"}
    text = json.dumps(told, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    digest = hashlib.sha256(text.encode()).hexdigest()
    last = row.versions.order_by("-number").first()
    if last is None or last.digest != digest:
        number = last.number + 1 if last else 1
        Version.objects.create(inquiry=row, number=number, digest=digest, author=author, by=by, at=now)


def hand_on(inquiry: Inquiry, *, to: str, note: str, by: Tenure, now: datetime) -> Leg:
    """Hand a request to another post of the agency, which goes on with it and sends it.

    Raises InquiryFieldError for a post that does not handle such requests here; InquiryBoundError once it was drafted
    or shown; InquirySentError, PostNotLocalError, TenureEndedError.
    """
    post = next((one for one in inside_posts(by) if one.pk == to), None)
    if post is None:
        raise InquiryFieldError(field="to")
    return _move(inquiry, Leg.Kind.SUBMITTED, post, note, by=by, now=now)


def return_back(inquiry: Inquiry, *, note: str, by: Tenure, now: datetime) -> Leg:
    """Return a request to the post it was handed over by, with comments. Raises as `hand_on`."""
    if not note.strip():
        raise InquiryFieldError(field="note")
    giver = giver_of(inquiry)
    if giver is None:
        raise InquiryFieldError(field="to")
    return _move(inquiry, Leg.Kind.RETURNED, giver, note, by=by, now=now)


def giver_of(inquiry: Inquiry) -> Post | None:
    """The post that handed it to the one that holds it now and waits for it; None where nobody did."""
    waiting: list[Post] = []
    for leg in inquiry.legs.select_related("start", "end"):
        if leg.kind == Leg.Kind.SUBMITTED:
            waiting.append(leg.start)
        elif waiting:
            waiting.pop()
    return waiting[-1] if waiting else None


def _move(inquiry: Inquiry, kind: Leg.Kind, post: Post, note: str, *, by: Tenure, now: datetime) -> Leg:
    from contraparte.inquiries.actions.asking import locked_unsent, require_own

    with writing():
        row = locked_unsent(inquiry)
        require_own(row, by, now)
        if row.conversation_id is not None:
            raise InquiryBoundError
        last = row.versions.order_by("-number").first()
        leg = Leg.objects.create(
            inquiry=row, kind=kind, start=row.post, end=post, note=note.strip(), by=by, at=now,
            version=last.number if last else 0,
        )  # fmt: skip
        row.post, row.requester = post, post.pk
        row.save(update_fields=["post", "requester"])
    return leg
