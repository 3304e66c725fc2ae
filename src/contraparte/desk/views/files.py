"""Files of drafts and of messages: put in, taken out, given out."""

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.csrf import csrf_exempt, csrf_protect

from contraparte.desk import queries
from contraparte.desk.attachments import file_of_conversation, file_of_draft
from contraparte.desk.downloads import file_answer, file_headers
from contraparte.desk.uploads import SealedUpload, SealingUploadHandler
from contraparte.desk.views.release import show_preview, step
from contraparte.exchange import attaching
from contraparte.exchange.models import Attachment, Draft
from contraparte.protocol.errors import AttachmentNameError, ContraparteError
from contraparte.web.permissions import PageRequest, page, require_post
from contraparte.web.wording import status_of


@csrf_exempt  # looked for by `_attach`, when the handler that reads the body is in place
@require_post("release.prepare")
def attach(request: PageRequest, pk: int) -> HttpResponseBase:
    """Put files into a draft. The body is read only for who may, and sealed while it is read."""
    draft = queries.draft_for(request.tenure, pk)
    try:
        attaching.require_may_attach(draft, by=request.tenure, now=timezone.now())
    except ContraparteError as error:
        return show_preview(request, draft, error=error, status=status_of(error))
    handler = SealingUploadHandler(request, draft)
    request.upload_handlers = [handler]
    try:
        return _attach(request, draft, handler)
    finally:
        handler.drop()


@csrf_protect
def _attach(request: PageRequest, draft: Draft, handler: SealingUploadHandler) -> HttpResponse:
    uploads: list[SealedUpload] = request.FILES.getlist("file")  # type: ignore[assignment]
    refused = handler.refused
    if refused is None and not uploads:
        refused = AttachmentNameError(field="file", read="")
    attached = 0
    for upload in uploads if refused is None else ():
        try:
            attaching.attach(draft, upload.intake, by=request.tenure, now=timezone.now())
        except ContraparteError as error:
            refused = error
            break
        upload.is_attached = True
        attached += 1
    if refused is not None:
        return show_preview(
            request, queries.draft_for(request.tenure, draft.pk), error=refused, status=status_of(refused)
        )
    told = ngettext(
        "The file is in the draft. Approvals given before no longer count.",
        "%(n)s files are in the draft. Approvals given before no longer count.",
        attached,
    )
    messages.success(request, told % {"n": attached})
    return redirect("desk:release", draft.pk)


@require_post("release.prepare")
def detach(request: PageRequest, pk: int, file: int) -> HttpResponse:
    """Take a file out of a draft."""
    draft = queries.draft_for(request.tenure, pk)
    found = file_of_draft(draft, file)
    return step(
        request,
        draft,
        lambda: attaching.remove_file(found, by=request.tenure, now=timezone.now()),
        _("The file is out of the draft, and its bytes are gone."),
    )


@page("release.view")
def read_draft_file(request: PageRequest, pk: int, file: int) -> HttpResponseBase:
    """A file that would leave, for who prepares or approves it."""
    return _given(request, file_of_draft(queries.draft_for(request.tenure, pk), file))


@page("conversation.view")
def read_file(request: PageRequest, pk: int, file: int) -> HttpResponseBase:
    """A file that crossed, for who may read the conversation. That it was taken is on record."""
    conversation = queries.conversation_for(request.tenure, pk)
    return _given(request, file_of_conversation(conversation, file))


def _given(request: PageRequest, found: Attachment) -> HttpResponseBase:
    """The file, or what is told of it before it is asked for."""
    if request.method == "HEAD":
        return HttpResponse(content_type=attaching.UNKNOWN_TYPE, headers=file_headers(found))
    return file_answer(found, by=request.tenure, now=timezone.now())
