"""Pages of the shell itself: choosing a post and a language, search, notices, the second factor, errors."""

from typing import cast

from django.conf import settings
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from contraparte.protocol.errors import TenureNotHeldError
from contraparte.web.admission import choose_tenure, has_second_factor
from contraparte.web.one_time import enter_by_link
from contraparte.web.permissions import PageRequest, enrolling_page, may, person_page, public_page
from contraparte.web.registry import NAVIGATION, SEARCH_SOURCES, Hit, Text, notices_for

HITS_PER_SOURCE = 20
QUERY_MAX = 200  # characters; longer than any identifier


@person_page
def home(request: PageRequest) -> HttpResponse:
    """Go to the first page this post may open."""
    if request.tenure is None:
        return redirect("web:choose_post")
    first = next((item for item in NAVIGATION if may(request.tenure, item.permission)), None)
    return redirect(first.url_name) if first else redirect("web:notices")


@person_page
def choose_post(request: PageRequest) -> HttpResponse:
    """List the posts held now; POST takes one for the pages that follow."""
    if request.method == "POST":
        wanted = request.POST.get("tenure", "")
        tenure = next((held for held in request.tenures if str(held.id) == wanted), None)
        if tenure is None:
            raise TenureNotHeldError
        choose_tenure(cast(HttpRequest, request), tenure)
        return HttpResponseRedirect(next_address(request, reverse("web:home")))
    return render(request, "web/choose_post.html", {"next": request.GET.get("next", "")})


@public_page
def choose_language(request: HttpRequest) -> HttpResponse:
    """Switch the language and stay on the page; remembered in a cookie and, signed in, with the person."""
    if request.method != "POST":
        raise BadRequest
    language = request.POST.get("language", "")
    response = HttpResponseRedirect(next_address(request, "/"))
    if language in dict(settings.LANGUAGES):
        translation.activate(language)
        response.set_cookie(
            settings.LANGUAGE_COOKIE_NAME,
            language,
            max_age=365 * 86400,
            samesite="Lax",
            httponly=True,
            secure=settings.SESSION_COOKIE_SECURE,
        )
        if request.user.is_authenticated:
            request.user.language = language
            request.user.save(update_fields=["language"])
    return response


@person_page
def search(request: PageRequest) -> HttpResponse:
    """Look into every registered place this tenure may search; shows identifiers and links."""
    text = request.GET.get("q", "").strip()[:QUERY_MAX].replace("\0", "")
    found: list[tuple[Text, list[Hit]]] = []
    if text and request.tenure is not None:
        for source in SEARCH_SOURCES:
            if may(request.tenure, source.permission):
                found.append((source.label, source.find(request.tenure, text, HITS_PER_SOURCE)))
    total = sum(len(hits) for _, hits in found)
    return render(request, "web/search.html", {"query": text, "found": found, "total": total})


@person_page
def notices(request: PageRequest) -> HttpResponse:
    """What waits for this post: kinds, counts and links, no content."""
    waiting = notices_for(request.tenure, timezone.now()) if request.tenure is not None else []
    return render(request, "web/notices.html", {"notices": waiting})


@enrolling_page
def second_factor(request: HttpRequest) -> HttpResponse:
    """Where a person without a second factor lands: choose a passkey or a code generator before anything else."""
    if has_second_factor(request):
        return redirect("web:home")
    return render(request, "web/second_factor.html")


@never_cache
@public_page
def one_time(request: HttpRequest, token: str) -> HttpResponse:
    """Sign in by a demo's one-time link. GET, because it is clicked in a terminal; spent at the first use."""
    return HttpResponseRedirect(enter_by_link(request, token, now=timezone.now()))


@require_safe
@public_page
def healthz(request: HttpRequest) -> JsonResponse:
    """Whether this process answers and reaches its database; says nothing else."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return JsonResponse({"ok": True})


def next_address(request: HttpRequest | PageRequest, default: str) -> str:
    """The page named by `next`, if it is on this node; else `default`."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    allowed = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure())
    return wanted if allowed else default
