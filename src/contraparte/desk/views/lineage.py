"""Who became whom: the picture, the table, and a word on permissions given to a body that is another now."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from contraparte.desk import lineage
from contraparte.desk.rights_words import KINDS
from contraparte.desk.words import CHANGES
from contraparte.exchange import succession
from contraparte.protocol.errors import ContraparteError
from contraparte.web.permissions import PageRequest, may, page, require_post
from contraparte.web.wording import status_of, words_of


@page("contacts.view")
def show(request: PageRequest) -> HttpResponse:
    """All changes of agency that this node knows."""
    return _page(request)


@require_post("item.decide")
def confirm(request: PageRequest, pk: int) -> HttpResponse:
    """The permission holds for the successor too."""
    row = lineage.reconfirmation_for(request.tenure, pk)
    try:
        succession.confirm_permission(row, by=request.tenure, now=timezone.now())
    except ContraparteError as error:
        return _page(request, error)
    messages.success(request, _("Confirmed for the post that has the function now."))
    return redirect("desk:lineage")


@require_post("item.decide")
def withdraw(request: PageRequest, pk: int) -> HttpResponse:
    """The permission ends; its holder is told."""
    row = lineage.reconfirmation_for(request.tenure, pk)
    try:
        succession.withdraw_permission(row, by=request.tenure, now=timezone.now())
    except ContraparteError as error:
        return _page(request, error)
    messages.success(request, _("Withdrawn. Whoever relies on it is told."))
    return redirect("desk:lineage")


def _page(request: PageRequest, error: ContraparteError | None = None) -> HttpResponse:
    now = timezone.now()
    decides = bool(may(request.tenure, "item.decide"))
    context = {
        "picture": lineage.picture(now),
        "table": lineage.table(now),
        "waiting": lineage.to_confirm(request.tenure) if may(request.tenure, "item.view") else [],
        "told": lineage.notices_shown(request.tenure, now) if may(request.tenure, "item.view") else [],
        "decides": decides,
        "kinds": KINDS,
        "changes": CHANGES,
        "language": "es" if (get_language() or "en").startswith("es") else "en",
        "now": now,
        "words": words_of(error) if error else None,
    }
    return render(request, "desk/lineage.html", context, status=status_of(error) if error else 200)
