"""The calendar's address of a tenure: its page, and what a calendar programme reads there (ADR 0111)."""

import hashlib

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import get_conditional_response
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from contraparte.groups.actions.feeding import end_feed, find_feed, make_feed
from contraparte.groups.calendars import MOST_MEETINGS, SHOWN_BACK, calendar_of
from contraparte.groups.models import CalendarFeed
from contraparte.groups.queries import meetings_of
from contraparte.protocol.errors import ApiRateError
from contraparte.web.api.doors import MINUTE_S, count_call
from contraparte.web.permissions import PageRequest, form_page, public_page, require_post

READS_PER_MINUTE = 20  # of one address; programmes ask once in minutes at most
REFUSALS_PER_MINUTE = 30  # from one network address


@never_cache
@form_page("groups.view")
def feed(request: PageRequest) -> HttpResponse:
    """Whether this tenure has a calendar address; POST makes one and shows it this once."""
    address = ""
    if request.method == "POST":
        _row, secret = make_feed(by=request.tenure, now=timezone.now())
        address = settings.NODE_URL.rstrip("/") + reverse("groups:calendar_read", args=[secret])
    live = CalendarFeed.objects.filter(tenure=request.tenure, ended_at=None).first()
    return render(request, "groups/calendar.html", {"live": live, "address": address})


@require_post("groups.view")
def end(request: PageRequest) -> HttpResponse:
    """End the address of this tenure at once."""
    if end_feed(by=request.tenure, now=timezone.now()):
        messages.success(request, _("Ended. The address opens nothing any more."))
    return redirect("groups:calendar")


@require_safe
@public_page
def read(request: HttpRequest, secret: str) -> HttpResponseBase:
    """The calendar behind an address. Whoever knows the secret reads it; a wrong one is not told from an ended one."""
    network = hashlib.sha256(str(request.META.get("REMOTE_ADDR", "")).encode()).hexdigest()[:16]
    now = timezone.now()
    found = find_feed(secret, now=now)
    try:
        if found is None:
            count_call(f"calendar-refused-{network}", REFUSALS_PER_MINUTE)
            raise Http404
        count_call(f"calendar-read-{found.pk}", READS_PER_MINUTE)
    except ApiRateError:
        return HttpResponse(status=429, headers={"Retry-After": str(MINUTE_S)})
    person = found.tenure.person
    assert person is not None
    rows = meetings_of(found.tenure).filter(starts__gte=now - SHOWN_BACK)[:MOST_MEETINGS]
    told = calendar_of(rows, language=person.language)
    etag = f'"{hashlib.sha256(told).hexdigest()[:32]}"'
    headers = {
        "ETag": etag,
        "Cache-Control": "private, no-cache",
        "Content-Disposition": 'inline; filename="meetings.ics"',
        "Referrer-Policy": "no-referrer",
        "X-Robots-Tag": "noindex",
    }
    answer = HttpResponse(told, content_type="text/calendar; charset=utf-8", headers=headers)
    return get_conditional_response(request, etag=etag, response=answer) or answer
