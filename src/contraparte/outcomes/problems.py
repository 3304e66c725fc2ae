"""The words of this room's error codes, for pages and the command line."""

from django.utils.translation import gettext_lazy as _

from contraparte.web.registry import Problem

PROBLEMS: dict[str, Problem] = {
    "outcome.field": Problem(
        _("This field is missing or cannot be so."),
        _(
            "A day may not lie ahead; a seizure needs what, how much and the unit, digits with a point for decimals; "
            "a contest, a correction and a retraction need a reason."
        ),
    ),
    "outcome.quarter": Problem(
        _("This is not a quarter: %(read)s."),
        _("Write the year and the quarter, as 2026Q4."),
    ),
    "outcome.about": Problem(
        _("Nothing has crossed in this conversation yet."),
        _("Wait until the first message has been sent or received."),
    ),
    "outcome.state": Problem(
        _("This step is not possible now."),
        _("Reload the page: it shows how the outcome stands and which steps are open."),
    ),
    "outcome.feedback.not_owed": Problem(
        _("No word on the use of this exchange is owed."),
        _("Feedback follows an answer to a request of this post; a refusal asks for none."),
    ),
    "outcome.feedback.given": Problem(
        _("What became of this answer has been said already."),
        _("Open the conversation to read it."),
    ),
    "outcome.link.state": Problem(
        _("The link of the cases does not allow this step now."),
        _("Reload the page: it shows whether the link is asked for, agreed or ended."),
    ),
}
