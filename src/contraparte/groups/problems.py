"""The words of this room's error codes, for pages and the command line."""

from django.utils.translation import gettext_lazy as _

from contraparte.web.registry import Problem

PROBLEMS: dict[str, Problem] = {
    "group.field": Problem(
        _("This field is missing or cannot be so."),
        _("A charter names the chairs of both sides; a refusal and a new day need a reason; days lie ahead."),
    ),
    "group.gaps": Problem(
        _("The charter cannot be approved yet: something is missing."),
        _("Every gap is named on the charter's page. Propose it again with the gaps filled."),
    ),
    "group.meeting.time": Problem(
        _("The meeting cannot be at that time, or this cannot be said of it now."),
        _(
            "A meeting lies ahead, ends after it begins and within seven days, in a known time zone. Attendance is "
            "recorded once it has begun, for 30 days."
        ),
    ),
    "group.meeting.time_missing": Problem(
        _("%(read)s does not exist in %(zone)s: the clocks go forward over it."),
        _("Choose another time; that moment would be %(instead)s there."),
    ),
    "group.meeting.time_twice": Problem(
        _("%(read)s exists twice in %(zone)s: the clocks go back over it."),
        _("Say which one: the first is %(first)s, the second %(second)s."),
    ),
    "group.meeting.day": Problem(
        _("%(read)s is a weekend or a public holiday in: %(countries)s."),
        _("Choose another day, or tick that the meeting is on that day all the same."),
    ),
    "group.handling": Problem(
        _("This asks for more protection than the group's charter gives: %(level)s."),
        _("Leave the line out, or agree on a charter with that handling level."),
    ),
    "group.role": Problem(
        _("Another post says this for its side: %(posts)s."),
        _("Sign in for that post, or ask it."),
    ),
    "group.word": Problem(
        _("This cannot be said of the group now."),
        _("Reload the page: it shows how the group stands and what may be done."),
    ),
    "group.base": Problem(
        _("Somebody has changed this text in the meantime, or another proposal waits."),
        _("Reload the page, read the text that stands, and propose yours on top of it. What you wrote is kept."),
    ),
    "group.said": Problem(
        _("Your side has said so already."),
        _("Reload the page: it shows what each side has said."),
    ),
    "group.ended": Problem(
        _("The group has ended."),
        _("Its open commitments are with the group that took over; its page names it."),
    ),
    "group.meeting.off": Problem(
        _("The meeting was canceled or moved, has begun, or was not held."),
        _("Reload the page: it shows how the meeting stands."),
    ),
    "group.meeting.gate": Problem(
        _("The authorisation for this meeting is missing, or none is asked for."),
        _("The sponsor of your side authorises meetings once your side has asked for that."),
    ),
    "group.informal": Problem(
        _("This meeting decides nothing: a side was missing or too few came, or the group has no charter yet."),
        _("Write what was said without decisions and commitments."),
    ),
    "group.commitment": Problem(
        _("The commitment does not allow this step to your side now."),
        _("Open steps: %(allowed)s."),
    ),
}
