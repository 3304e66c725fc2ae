"""Minutes as the answer to a page or a program."""

from datetime import datetime

from django.http import HttpResponse
from django.utils.http import content_disposition_header

from contraparte.groups.models import Meeting
from contraparte.groups.rules.meetings import Meeting as Told
from contraparte.groups.rules.standing import Standing
from contraparte.web.finding import or_404


def minutes_answer(row: Meeting, standing: Standing, told: Told, now: datetime) -> HttpResponse:
    """The minutes that stand as a tagged PDF in both languages. Raises Http404 where there are none."""
    from contraparte.groups.minutes_pdf import render_minutes

    current = or_404(told.current_minutes)
    answer = HttpResponse(render_minutes(row.group, standing, told, now), content_type="application/pdf")
    name = f"minuta-{row.number}-{current.key[:8]}.pdf"
    answer["Content-Disposition"] = content_disposition_header(True, name) or "attachment"
    answer["Cache-Control"] = "private, no-store"
    return answer
