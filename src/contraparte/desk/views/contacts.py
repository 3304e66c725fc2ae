"""The directory as people use it: who handles X at Y."""

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone

from contraparte.desk import contacts
from contraparte.web.permissions import PageRequest, may, page


@page("contacts.view")
def show(request: PageRequest) -> HttpResponse:
    """Posts by name, agency and topic."""
    text = request.GET.get("q", "")[:200].replace("\0", "")
    agency, topic = request.GET.get("agency", "")[:64].replace("\0", ""), request.GET.get("topic", "")[:60]
    number = request.GET.get("page", "")
    found, shown = contacts.contacts_page(
        text=text,
        agency=agency,
        topic=topic,
        number=int(number) if number.isdecimal() else 1,
        now=timezone.now(),
        tenure=request.tenure,
    )
    context = {
        "page": found,
        "contacts": shown,
        "agencies": contacts.agencies(),
        "topics": contacts.topics(),
        "text": text,
        "agency": agency,
        "topic": topic,
        "can_see_posts": bool(may(request.tenure, "posts.view")),
    }
    return render(request, "desk/contacts.html", context)
