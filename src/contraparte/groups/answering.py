"""What every page of this room does with a form: act, or say at the field why not."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from django.db.models import Q

from contraparte.directory.models import Post, Tenure
from contraparte.groups.models import Group
from contraparte.protocol.errors import ContraparteError
from contraparte.web.permissions import PageRequest
from contraparte.web.templatetags.pages import named
from contraparte.web.wording import words_of

MOST_POSTS = 400


def done(request: PageRequest, form: Any, act: Callable[[], Any]) -> Any:
    """What the act made, or None where nothing was sent yet or it was refused: then the form says why."""
    if request.method != "POST" or not form.is_valid():
        return None
    try:
        return act()
    except ContraparteError as refusal:
        say_refused(form, refusal)
        return None


def say_refused(form: Any, refusal: ContraparteError) -> None:
    """Put a refusal at the field it names, or above the form."""
    told = words_of(refusal)
    asked: Mapping[str, str] = getattr(form, "FIELDS", {})
    name = asked.get(told.field, told.field)
    if name == "name" and "name_en" in form.fields:
        name = "name_en"
    form.add_error(name if name in form.fields else None, f"{told.title} {told.remedy}")


def own_posts(tenure: Tenure) -> list[tuple[str, str]]:
    """Posts of the tenure's country, its own agency's first."""
    country = tenure.post.agency.country
    rows = _posts(Q(agency__country=country))
    return sorted(rows, key=lambda one: not one[0].startswith(f"{tenure.post.agency_id}/"))


def foreign_posts(tenure: Tenure, *, first: str = "") -> list[tuple[str, str]]:
    """Posts of other countries; those of `first`, an agency, before the rest."""
    rows = _posts(~Q(agency__country=tenure.post.agency.country))
    return sorted(rows, key=lambda one: not one[0].startswith(f"{first}/"))


def posts_of(agency: str, *, without: str = "") -> list[tuple[str, str]]:
    """Posts of one agency."""
    return _posts(Q(agency=agency) & ~Q(pk=without))


def zones_for(row: Group) -> list[str]:
    """Time zones a charter may be kept in: those of the posts of both agencies, and UTC."""
    agencies = [row.agency, row.counterpart.partition("/")[0]]
    found = Post.objects.filter(agency__in=agencies, listed=True).order_by("time_zone").values_list("time_zone")
    return list(dict.fromkeys([zone for (zone,) in found.distinct()[:60]] + ["UTC"]))


def _posts(which: Q) -> list[tuple[str, str]]:
    rows: Iterable[Post] = Post.objects.select_related("agency").filter(which, listed=True)[:MOST_POSTS]
    return [(row.pk, f"{row.agency.country.upper()} · {named(row)}, {named(row.agency)}") for row in rows]
