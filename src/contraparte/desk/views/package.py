"""An evidence package of a conversation: choose the messages, take the file."""

from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils import timezone

from contraparte.desk import packages, queries
from contraparte.desk.downloads import package_answer
from contraparte.exchange.models import Conversation
from contraparte.protocol.errors import ContraparteError
from contraparte.web.permissions import PageRequest, form_page
from contraparte.web.wording import status_of, words_of


@form_page("conversation.package")
def make(request: PageRequest, pk: int) -> HttpResponseBase:
    """The form, and the package of what was chosen; a refusal keeps the choice and says the way out."""
    conversation = queries.conversation_for(request.tenure, pk)
    if request.method != "POST":
        return _form(request, conversation)
    try:
        return package_answer(conversation, request.POST.getlist("items"), by=request.tenure, now=timezone.now())
    except ContraparteError as error:
        return _form(request, conversation, error)


def _form(request: PageRequest, conversation: Conversation, error: ContraparteError | None = None) -> HttpResponse:
    choices = packages.choices_of(conversation, timezone.now())
    context = {
        "conversation": conversation,
        "choices": choices,
        "chosen": request.POST.getlist("items"),
        "can_make": any(one.refused is None for one in choices),
        "posts": queries.names_of({who for one in choices for who in (one.row.sender, one.row.recipient)}),
        "words": words_of(error) if error is not None else None,
    }
    return render(request, "desk/package.html", context, status=status_of(error) if error is not None else 200)
