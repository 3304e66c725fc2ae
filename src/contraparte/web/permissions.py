"""Who may open which page. Nothing opens by default: every view says which door it has.

    @page("traces.view")            GET by a tenure whose role holds the permission
    @require_post("traces.open")    POST by such a tenure
    @form_page("traces.open")       both at one address
    @person_page                    any signed-in person, whatever the post (choose a post, notices)
    @public_page                    anybody, said on purpose

The decorator itself enforces (`admit`), so a view is closed wherever it is called from; the middleware
`DenyUndeclared` refuses what has no decorator at all. A refusal says who may, never whether the object exists:
objects are read afterwards, through queries that take the tenure and answer 404.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import wraps
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, cast

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from contraparte.directory.rules.roles import CONTENT_ROLES, Role

if TYPE_CHECKING:
    from django_htmx.middleware import HtmxDetails

    from contraparte.directory.models import Person, Tenure

P = ParamSpec("P")
READ = frozenset({"GET", "HEAD"})
WRITE = frozenset({"POST"})

# These serve the node and the proof, not the case: no page with content opens for them.
CONTENT_BLIND = frozenset(Role) - CONTENT_ROLES

ROLE_NAMES: dict[Role, Promise] = {
    Role.OFFICER: _("officer"),
    Role.AUTHORISER: _("authorising person"),
    Role.CUSTODIAN: _("custodian"),
    Role.AUDITOR: _("auditor"),
    Role.ADMINISTRATOR: _("administrator"),
    Role.SERVICE: _("automatic service"),
}


class PageRequest(HttpRequest):
    """The request a declared view gets: signed in, second factor shown, acting for a post."""

    tenure: "Tenure"
    tenures: "list[Tenure]"
    user: "Person"
    htmx: "HtmxDetails"


class Door(StrEnum):
    """How much somebody must have shown before a view answers."""

    PUBLIC = "public"
    ENROLLING = "enrolling"  # signed in; the second factor may still be missing
    PERSON = "person"  # signed in with a second factor
    TENURE = "tenure"  # the same, acting for a post in a role that holds the permission


@dataclass(frozen=True, slots=True)
class Declaration:
    """What a view declares: its door, its methods, and for `Door.TENURE` the permission."""

    door: Door
    methods: frozenset[str]
    permission: str = ""


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether a tenure may, and why: `reason` is a sentence a reader understands and names who may."""

    allowed: bool
    reason: str | Promise
    permission: str = ""

    def __bool__(self) -> bool:
        return self.allowed


PERMISSIONS: dict[str, frozenset[Role]] = {}


def register_permissions(holders: Mapping[str, Iterable[Role]], *, content_free: bool = False) -> None:
    """Name permissions and the roles that hold them; called from `AppConfig.ready()`.

    Raises ValueError for a permission named twice, held by nobody, or given to a role that sees no content
    (administrator, auditor) without `content_free=True`, which says that such pages show no content.
    """
    for permission, roles in holders.items():
        held = frozenset(roles)
        if permission in PERMISSIONS:
            raise ValueError(f"permission named twice: {permission}")
        if not held:
            raise ValueError(f"nobody holds {permission}")
        if not content_free and held & CONTENT_BLIND:
            raise ValueError(f"{permission}: {sorted(held & CONTENT_BLIND)} see no content; say content_free=True")
        PERMISSIONS[permission] = held


def may(tenure: "Tenure | None", permission: str) -> Decision:
    """Decide whether `tenure` holds `permission`. An unknown permission is held by nobody."""
    holders = PERMISSIONS.get(permission, frozenset())
    names = ", ".join(str(ROLE_NAMES[role]) for role in Role if role in holders)
    if tenure is None:
        return Decision(False, _("This page is opened on behalf of a post, and you hold none at present."), permission)
    if not holders:
        return Decision(False, _("No role holds this permission."), permission)
    held = holders.intersection(tenure.roles)
    if not held:
        text = _("Your role in this post does not open this page. It is for: %(roles)s.")
        return Decision(False, text % {"roles": names}, permission)
    text = _("Allowed by your role in this post: %(roles)s.")
    shown = ", ".join(str(ROLE_NAMES[role]) for role in Role if role in held)
    return Decision(True, text % {"roles": shown}, permission)


View = Callable[Concatenate[Any, P], HttpResponseBase]


def _declare(view: View[P], declaration: Declaration) -> View[P]:
    @wraps(view)
    def enforced(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        from contraparte.web.admission import admit

        refusal = admit(request, declaration)
        return refusal if refusal is not None else view(request, *args, **kwargs)

    enforced.declaration = declaration  # type: ignore[attr-defined]
    return enforced


def page(permission: str) -> Callable[[View[P]], View[P]]:
    """Declare a view that reads: GET and HEAD for tenures that hold `permission`."""
    return lambda view: _declare(view, Declaration(Door.TENURE, READ, permission))


def require_post(permission: str) -> Callable[[View[P]], View[P]]:
    """Declare a view that changes something: POST for tenures that hold `permission`."""
    return lambda view: _declare(view, Declaration(Door.TENURE, WRITE, permission))


def form_page(permission: str) -> Callable[[View[P]], View[P]]:
    """Declare a view that shows a form and takes it: GET, HEAD and POST for tenures that hold `permission`."""
    return lambda view: _declare(view, Declaration(Door.TENURE, READ | WRITE, permission))


def person_page(view: View[P]) -> View[P]:
    """Declare a view for any signed-in person; it must show nothing that belongs to a post."""
    return _declare(view, Declaration(Door.PERSON, READ | WRITE))


def enrolling_page(view: View[P]) -> View[P]:
    """Declare a view for who is signed in and may still lack a second factor: how to set one up."""
    return _declare(view, Declaration(Door.ENROLLING, READ))


def public_page(view: View[P]) -> View[P]:
    """Declare, on purpose, a view for anybody."""
    return _declare(view, Declaration(Door.PUBLIC, READ | WRITE))


def declaration_of(view: Callable[..., Any]) -> Declaration | None:
    """What `view` declares, or None: then nobody may open it."""
    return cast("Declaration | None", getattr(view, "declaration", None))


def refused(request: HttpRequest, decision: Decision) -> HttpResponse:
    """The page that says who may, with status 403."""
    from django.shortcuts import render

    return render(request, "web/refused.html", {"decision": decision}, status=403)
