"""What this room tells the rooms below it: message types, policies, permissions, words."""

from pathlib import Path

from django.utils.translation import gettext_lazy as _

from contraparte.desk import registry as desk
from contraparte.directory.rules.roles import Role
from contraparte.exchange import registry as exchange
from contraparte.exchange.registry import MessageType
from contraparte.groups import handlers, meeting_desk, messages
from contraparte.groups.actions.forgetting import forget
from contraparte.groups.actions.tending import EVERY_S, tend_groups
from contraparte.groups.problems import PROBLEMS
from contraparte.web import permissions
from contraparte.web.registry import register_problems

PERMISSIONS = {
    "groups.view": {Role.OFFICER, Role.AUTHORISER},
    "groups.write": {Role.OFFICER},
    "groups.approve": {Role.AUTHORISER},
}

TITLES = {
    "group.found/1": _("Group proposed"),
    "group.gate/1": _("Authorisation of meetings"),
    "group.decide/1": _("Keep, refocus or conclude"),
    "group.framework/1": _("Word on the framework goal"),
    "group.end/1": _("End of the group"),
    "charter.propose/1": _("Charter proposed"),
    "charter.approve/1": _("Charter approved"),
    "charter.decline/1": _("Charter declined"),
    "goal.report/1": _("Figure of a goal"),
    "meeting.call/1": _("Meeting called"),
    "meeting.agenda/1": _("Agenda"),
    "meeting.cancel/1": _("Meeting canceled"),
    "meeting.authorise/1": _("Authorisation of a meeting"),
    "meeting.attend/1": _("Attendance"),
    "minutes.propose/1": _("Minutes proposed"),
    "minutes.agree/1": _("Minutes agreed"),
    "minutes.dispute/1": _("Minutes disputed"),
    "commitment.make/1": _("Commitment"),
    "commitment.take/1": _("Step of a commitment"),
}


def register() -> None:
    """Called once when the applications are ready."""
    for name, title in TITLES.items():
        exchange.register(
            MessageType(name, messages.BODIES[name], handlers.on_word, messages.CLASSES[name], title, keeps_codes=True)
        )
    exchange.register_policies(Path(__file__).parent / "policies" / "groups.cedar")
    exchange.register_keeper(forget)
    exchange.register_periodic("groups", EVERY_S, tend_groups)
    permissions.register_permissions(PERMISSIONS)
    register_problems(PROBLEMS)
    desk.register_desk_source(desk.DeskSource("groups.write", meeting_desk.calendar_duties))
