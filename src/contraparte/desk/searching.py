"""Search across conversations and posts: identifiers only."""

from uuid import UUID

from django.db.models import Q
from django.urls import reverse

from contraparte.desk.queries import conversation_url, conversations_of, titles_of
from contraparte.directory.models import Post, Tenure
from contraparte.exchange.models import Message
from contraparte.web.registry import Hit
from contraparte.web.templatetags.pages import named


def find_conversations(tenure: Tenure, text: str, limit: int) -> list[Hit]:
    """Conversations of this tenure by own case number, conversation or message number (whole or its beginning)."""
    rows = conversations_of(tenure).select_related("case")
    wanted = Q(case__number__icontains=text)
    exact = _uuid(text)
    if exact is not None:
        own = Message.objects.filter(conversation__agency=tenure.post.agency_id)
        inside = own.filter(uuid=exact).values("conversation_id")
        wanted |= Q(uuid=exact) | Q(pk__in=inside)
    found = list(rows.filter(wanted).order_by("-opened_at", "-id")[:limit])
    titles = titles_of(found, tenure)
    return [
        Hit(
            titles[row.pk], f"{row.case.number if row.case else ''} {row.counterpart}".strip(), conversation_url(row.pk)
        )
        for row in found
    ]


def find_contacts(tenure: Tenure, text: str, limit: int) -> list[Hit]:
    """Posts by name or identifier."""
    rows = Post.objects.select_related("agency").filter(listed=True)
    for part in text.split()[:6]:
        rows = rows.filter(
            Q(name_en__icontains=part)
            | Q(name_es__icontains=part)
            | Q(id__icontains=part)
            | Q(agency__name_en__icontains=part)
            | Q(agency__name_es__icontains=part)
        )
    address = reverse("desk:contacts")
    return [Hit(named(row), named(row.agency), f"{address}?q={row.pk}") for row in rows.order_by("id")[:limit]]


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
