"""The letter of an inquiry for programs: its other language, the PDF, signed copies; by what the pages do.

A signed copy is the body of its call, sealed while it comes in. What is said of it stands in the header that names it:

    Content-Disposition: attachment; filename="signed.pdf"; version="1a2b3c4d"; signed_by*=UTF-8''Directora%20Ramos
"""

from typing import Any

from django.http import HttpResponse, HttpResponseBase
from django.utils import timezone
from django.utils.http import parse_header_parameters
from ninja import Router, Schema

from contraparte.desk.file_api import NAME_AT, take_in
from contraparte.exchange.writing import writing
from contraparte.inquiries import presenting, queries
from contraparte.inquiries.actions.translating import COPY_BYTES, enclose_signed, take_in_signed, write_translation
from contraparte.inquiries.api import tag
from contraparte.inquiries.letter_forms import SignedForm
from contraparte.inquiries.letter_views import copy_answer, letter_for, letter_form, own_letter, pdf_answer
from contraparte.inquiries.letters import missing_in
from contraparte.inquiries.models import Inquiry, SignedCopy
from contraparte.inquiries.rules.translating import pairs_of
from contraparte.protocol.errors import LetterTooLargeError
from contraparte.web.api.answers import once, posted, require_key, require_known, require_match, require_valid
from contraparte.web.api.doors import ApiRequest, Opens
from contraparte.web.finding import or_404

router = Router(tags=["inquiries"])
KEPT = ("written_in", "letter_on", "signer", "translated_by", "translated_on")


class LetterTold(Schema):
    """The fields of the form of the letter: `text-` and the name of a text for its other language."""

    fields: dict[str, str]
    certify: bool = False


@router.get("/inquiries/{int:pk}/letter", auth=Opens("inquiries.view", "read"))
def show_letter(request: ApiRequest, pk: int, response: HttpResponse) -> dict[str, Any]:
    """A letter as a paper: its version or what it lacks, its texts beside their translations, its signed copies."""
    found = letter_for(request.tenure, pk)
    shown = or_404(presenting.letter_shown(found))
    response["ETag"] = tag(found)
    return {
        "version": shown.version,
        "missing": "" if shown.version else missing_in(queries.letter_body(found)),
        "stated": shown.stated,
        "signed_sha256": shown.signed_sha256,
        "is_unsigned": shown.is_unsigned,
        "signed_file": shown.file.pk if shown.file else None,
        **{name: found.typed.get(name, "") for name in KEPT},
        "texts": [
            {
                "name": pair.name,
                "source": pair.source,
                "translation": pair.translation,
                "is_needed": pair.is_needed,
                "is_changed": pair.changed,
            }
            for pair in pairs_of(found.typed)
            if pair.name != "signer"
        ],
        "copies": [_copy(one.row) for one in shown.copies],
    }


@router.put("/inquiries/{int:pk}/letter", auth=Opens("inquiries.ask", "write"))
def write_letter(request: ApiRequest, pk: int, told: LetterTold, response: HttpResponse) -> dict[str, Any]:
    """Replace a letter's other language, its day and who signs; `certify` binds it. Wants the ETag as If-Match."""
    found = own_letter(request.tenure, pk)
    form = letter_form(found, posted(told.fields))
    require_known(told.fields, set(form.fields))
    require_valid(form)
    certified_by, certified_on = form.certified(told.certify)
    with writing(request.tenure.post.agency_id):
        held = Inquiry.objects.select_for_update(of=("self",)).get(pk=found.pk)
        require_match(request, tag(held))
        row = write_translation(
            held,
            form.texts(),
            written_in=form.cleaned_data["written_in"],
            dated=form.cleaned_data["letter_on"],
            signer=form.cleaned_data["signer"],
            by=request.tenure,
            now=timezone.now(),
            certified_by=certified_by,
            certified_on=certified_on,
        )
    response["ETag"] = tag(row)
    shown = presenting.letter_shown(row)
    return {"id": row.pk, "version": shown.version if shown is not None else ""}


@router.get("/inquiries/{int:pk}/letter.pdf", auth=Opens("inquiries.view", "read"))
def read_letter(request: ApiRequest, pk: int) -> HttpResponseBase:
    """The letter as PDF: before it left as it would leave, then as it left. Refused by the text it lacks."""
    return pdf_answer(letter_for(request.tenure, pk), by=request.tenure)


@router.post("/inquiries/{int:pk}/letter/signed", auth=Opens("inquiries.ask", "write", takes_file=True))
def add_signed(request: ApiRequest, pk: int) -> dict[str, Any]:
    """Take in a signed copy: a PDF as the body, `version` and `signed_by` in Content-Disposition.

    Wants an Idempotency-Key and the Content-Length.
    """
    found = own_letter(request.tenure, pk)
    require_key(request)
    form = SignedForm(posted(_said(request)))
    require_valid(form)
    said = form.cleaned_data
    length = str(request.META.get("CONTENT_LENGTH") or "")
    if length.isascii() and length.isdecimal() and (len(length) > len(str(COPY_BYTES)) or int(length) > COPY_BYTES):
        raise LetterTooLargeError(field="file", limit=COPY_BYTES)
    copy = SignedCopy()
    intake = take_in(request, copy)
    taken: list[SignedCopy] = []

    def act() -> dict[str, Any]:
        row = take_in_signed(
            found, intake, copy, shown=said["version"], signed_by=said["signed_by"], by=request.tenure,
            now=timezone.now(),
        )  # fmt: skip
        taken.append(row)
        return {"copy": row.pk, "version": row.version, "sha256": intake.sha256.hex()}

    try:
        answer = once(request, act, told=said | {"sha256": intake.sha256.hex()})
    except BaseException:
        intake.drop()
        raise
    if not taken:  # a repeat: its bytes are here already
        intake.drop()
    return answer


@router.post("/inquiries/{int:pk}/letter/signed/{int:signed}/enclose", auth=Opens("inquiries.ask", "write"))
def enclose(request: ApiRequest, pk: int, signed: int) -> dict[str, Any]:
    """Let the signed copy that holds go along with its letter, as a file of its draft; what is not drafted yet is."""
    kept = or_404(own_letter(request.tenure, pk).signed_copies.filter(pk=signed).first())

    def act() -> dict[str, Any]:
        file = enclose_signed(kept, by=request.tenure, now=timezone.now())
        return {"draft": file.draft_id, "file": file.pk}

    return once(request, act)


@router.get("/inquiries/{int:pk}/letter/signed/{int:signed}", auth=Opens("inquiries.view", "read"))
def read_signed(request: ApiRequest, pk: int, signed: int) -> HttpResponseBase:
    """A signed copy as bytes, void or not, proven before the first is given."""
    return copy_answer(letter_for(request.tenure, pk), signed, by=request.tenure)


def _said(request: ApiRequest) -> dict[str, Any]:
    """What Content-Disposition says of the copy; where it cannot be read, nothing."""
    header = request.headers.get(NAME_AT, "")
    try:
        told = parse_header_parameters(header)[1] if header.isascii() else {}
    except ValueError:
        told = {}
    return {"version": str(told.get("version", "")), "signed_by": str(told.get("signed_by", ""))}


def _copy(row: SignedCopy) -> dict[str, Any]:
    return {
        "id": row.pk,
        "version": row.version,
        "name": row.name,
        "size": row.size,
        "sha256": bytes(row.sha256).hex(),
        "signed_by": row.signed_by,
        "taken_at": row.taken_at,
        "void_at": row.void_at,
        "void_reason": row.void_reason,
    }
