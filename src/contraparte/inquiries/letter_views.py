"""Pages of the letter: its other language, the PDF, signed copies. Parse, call one action or query, answer."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt, csrf_protect

from contraparte.desk.uploads import SealedUpload, SealingUploadHandler
from contraparte.directory.models import Tenure
from contraparte.exchange import actions as exchange
from contraparte.inquiries import presenting, queries
from contraparte.inquiries.actions.signing import open_copy
from contraparte.inquiries.actions.translating import COPY_BYTES, enclose_signed, take_in_signed, write_translation
from contraparte.inquiries.letter_forms import LetterForm, SignedForm
from contraparte.inquiries.letters import file_name, letter_of
from contraparte.inquiries.models import Inquiry, SignedCopy
from contraparte.inquiries.rules.translating import pairs_of
from contraparte.protocol.errors import (
    AttachmentNameError,
    AttachmentTooLargeError,
    ContraparteError,
    LetterTooLargeError,
)
from contraparte.protocol.ids import country_of
from contraparte.web.finding import or_404
from contraparte.web.letters import render_letter
from contraparte.web.permissions import PageRequest, form_page, page, require_post
from contraparte.web.streams import while_in_post
from contraparte.web.wording import status_of, words_of

NO_STORE = "private, no-store"


def letter_for(tenure: Tenure, pk: int) -> Inquiry:
    """A letter the tenure may read, or 404."""
    found = queries.inquiry(tenure, pk)
    if found.family != Inquiry.Family.LETTER:
        raise Http404
    return found


def own_letter(tenure: Tenure, pk: int) -> Inquiry:
    """A letter this post writes itself, or 404."""
    found = letter_for(tenure, pk)
    if found.side != Inquiry.Side.INITIATOR or found.post_id != tenure.post_id:
        raise Http404
    return found


@form_page("inquiries.ask")
def letter(request: PageRequest, pk: int) -> HttpResponse:
    """The letter's other language, its day, who signs, and its signed copies."""
    found = own_letter(request.tenure, pk)
    if queries.has_left(found):
        return redirect("inquiries:inquiry", found.pk)
    form = letter_form(found, request.POST if request.method == "POST" else None)
    error: ContraparteError | None = None
    if request.method == "POST" and form.is_valid():
        told = form.cleaned_data
        certifies = request.POST.get("do") == "certify"
        try:
            certified_by, certified_on = form.certified(certifies)
            write_translation(
                found,
                form.texts(),
                written_in=told["written_in"],
                dated=told["letter_on"],
                signer=told["signer"],
                by=request.tenure,
                now=timezone.now(),
                certified_by=certified_by,
                certified_on=certified_on,
            )
        except ContraparteError as refusal:
            error = refusal
        else:
            messages.success(request, _("Certified as it stands.") if certifies else _("Kept."))
            return redirect("inquiries:letter", found.pk)
    status = 200 if request.method != "POST" else (status_of(error) if error else 422)
    return _letter_page(request, found, form=form, error=error, status=status)


def letter_form(found: Inquiry, data: Any = None) -> LetterForm:
    """The form of a letter as it stands, or as it was filled in."""
    typed = found.typed
    initial = {
        "written_in": typed.get("written_in") or ("es" if country_of(found.post_id) == "mx" else "en"),
        "letter_on": typed.get("letter_on") or timezone.localdate(),
        "signer": typed.get("signer", ""),
        "translated_by": typed.get("translated_by", ""),
        "translated_on": typed.get("translated_on", ""),
    }
    pairs = [pair for pair in pairs_of(typed) if pair.name != "signer"]
    return LetterForm(data, pairs=pairs, initial=initial, use_required_attribute=False)


def _letter_page(
    request: PageRequest,
    found: Inquiry,
    *,
    form: LetterForm | None = None,
    signed: SignedForm | None = None,
    error: ContraparteError | None = None,
    status: int = 200,
) -> HttpResponse:
    form = form or letter_form(found)
    signed = signed or SignedForm(use_required_attribute=False)
    words = words_of(error) if error is not None else None
    if words is not None:
        bound = next((one for one in (form, signed) if one.is_bound and words.field in one.fields), None)
        if bound is not None:
            bound.add_error(words.field, f"{words.title} {words.remedy}")
    context = {
        "inquiry": found,
        "form": form,
        "signed": signed,
        "letter": presenting.letter_shown(found),
        "words": words,
        "marking": presenting.marking_words(found.marking),
    }
    return render(request, "inquiries/letter.html", context, status=status)


@page("inquiries.view")
def letter_pdf(request: PageRequest, pk: int) -> HttpResponse:
    """The letter as PDF: of a draft as it would leave, of one that left as it left."""
    found = letter_for(request.tenure, pk)
    try:
        return pdf_answer(found, by=request.tenure)
    except ContraparteError as refusal:
        return render(
            request,
            "inquiries/letter_missing.html",
            {"inquiry": found, "words": words_of(refusal), "letter": presenting.letter_shown(found)},
            status=status_of(refusal),
        )


def pdf_answer(found: Inquiry, *, by: Tenure) -> HttpResponse:
    """The PDF of a letter, opened by `by`. LetterIncompleteError; Http404 where nothing is left of it."""
    body = queries.letter_body(found)
    if not body:
        raise Http404
    told = letter_of(body)
    data = render_letter(told)
    if found.conversation is not None:
        exchange.note_opened(found.conversation, by=by, now=timezone.now())
    name = file_name(str(body.get("reference", "")), told.version)
    return HttpResponse(
        data,
        content_type="application/pdf",
        headers={"Content-Disposition": content_disposition_header(True, name) or "", "Cache-Control": NO_STORE},
    )


@csrf_exempt  # looked for by `_sign`, when the handler that reads the body is in place
@require_post("inquiries.ask")
def sign(request: PageRequest, pk: int) -> HttpResponseBase:
    """Take in a signed copy. The body is read only for who may, and sealed while it is read."""
    found = own_letter(request.tenure, pk)
    copy = SignedCopy()
    handler = SealingUploadHandler(request, copy, limit=COPY_BYTES)
    request.upload_handlers = [handler]
    try:
        return _sign(request, found, copy, handler)
    finally:
        handler.drop()


@csrf_protect
def _sign(request: PageRequest, found: Inquiry, copy: SignedCopy, handler: SealingUploadHandler) -> HttpResponse:
    uploads: list[SealedUpload] = request.FILES.getlist("file")  # type: ignore[assignment]
    form = SignedForm(request.POST, use_required_attribute=False)
    refused = handler.refused
    if isinstance(refused, AttachmentTooLargeError):
        refused = LetterTooLargeError(field="file", limit=COPY_BYTES)
    if not form.is_valid() and refused is None:
        return _letter_page(request, found, signed=form, status=422)
    if refused is None and len(uploads) != 1:
        refused = AttachmentNameError(field="file", read="")
    if refused is None:
        told = form.cleaned_data
        try:
            take_in_signed(
                found,
                uploads[0].intake,
                copy,
                shown=told["version"],
                signed_by=told["signed_by"],
                by=request.tenure,
                now=timezone.now(),
            )
        except ContraparteError as error:
            refused = error
        else:
            uploads[0].is_attached = True
            messages.success(request, _("The signed copy is taken in. It holds for this version of the letter alone."))
            return redirect("inquiries:letter", found.pk)
    return _letter_page(request, found, signed=form, error=refused, status=status_of(refused))


@require_post("inquiries.ask")
def enclose(request: PageRequest, pk: int, copy: int) -> HttpResponse:
    """Let the signed copy that holds go along with its letter."""
    found = own_letter(request.tenure, pk)
    kept = or_404(found.signed_copies.filter(pk=copy).first())
    try:
        enclose_signed(kept, by=request.tenure, now=timezone.now())
    except ContraparteError as refusal:
        return _letter_page(request, found, error=refusal, status=status_of(refusal))
    messages.success(request, _("The signed copy goes along with the letter."))
    return redirect("inquiries:letter", found.pk)


@page("inquiries.view")
def signed_copy(request: PageRequest, pk: int, copy: int) -> HttpResponseBase:
    """A signed copy, void or not, for who may read the letter. It is proven before the first byte is given."""
    return copy_answer(letter_for(request.tenure, pk), copy, by=request.tenure)


def copy_answer(found: Inquiry, copy: int, *, by: Tenure) -> HttpResponseBase:
    """The bytes of a signed copy, or 404. AttachmentLostError, AttachmentChangedError."""
    kept = or_404(found.signed_copies.filter(pk=copy).exclude(file="").first())
    for _piece in open_copy(kept):
        continue
    headers = {
        "Content-Disposition": content_disposition_header(True, kept.name) or "attachment",
        "Content-Length": str(kept.size),
        "Cache-Control": NO_STORE,
    }
    pieces = while_in_post(open_copy(kept), by)
    return StreamingHttpResponse(pieces, content_type="application/octet-stream", headers=headers)
