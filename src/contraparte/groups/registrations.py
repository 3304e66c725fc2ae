"""What this room tells the rooms below it: message types, policies, permissions, words."""

from pathlib import Path

from django.utils.translation import gettext_lazy as _

from contraparte.desk import registry as desk
from contraparte.directory.packs import PackSection, register_pack_section
from contraparte.directory.rules.roles import Role
from contraparte.exchange import registry as exchange
from contraparte.exchange.registry import MessageType
from contraparte.groups import desk_entries, handlers, meeting_desk, messages, pack
from contraparte.groups.actions.forgetting import forget
from contraparte.groups.actions.tending import EVERY_S, follow_holders, tend_groups
from contraparte.groups.field_words import FIELD_WORDS
from contraparte.groups.holders import left_behind
from contraparte.groups.models import Group
from contraparte.groups.problems import PROBLEMS
from contraparte.web import permissions
from contraparte.web.registry import (
    NavItem,
    NoticeSource,
    register_api,
    register_nav,
    register_notices,
    register_problems,
)

PERMISSIONS = {
    "groups.view": {Role.OFFICER, Role.AUTHORISER},
    "groups.write": {Role.OFFICER},
    "groups.decline": {Role.OFFICER, Role.AUTHORISER},
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
    exchange.register_bound(exchange.Bound(Group, "group", named=("counterpart",)))
    exchange.register_heir(exchange.Heir(follow_holders, left_behind))
    register_pack_section(PackSection("groups", _("Working groups, their next meetings and promises"), pack.rows, 50))
    exchange.register_periodic("groups", EVERY_S, tend_groups)
    permissions.register_permissions(PERMISSIONS)
    register_problems(PROBLEMS)
    desk.register_subject(
        desk.Subject(
            "group", _("Working group"), titles=desk_entries.titles, url=desk_entries.page_of, steps=desk_entries.steps
        )
    )
    desk.register_desk_source(desk.DeskSource("groups.view", desk_entries.work))
    desk.register_desk_source(desk.DeskSource("groups.view", desk_entries.promises))
    desk.register_desk_source(desk.DeskSource("groups.write", meeting_desk.calendar_duties))
    desk.register_contact_link(desk.ContactLink("group", "groups.write", _("Propose a group"), desk_entries.new_group))
    desk.register_words("policy", desk_entries.POLICY_WORDS)
    desk.register_words("field", FIELD_WORDS)
    for name in ("api", "standing_api", "meeting_api", "minutes_api", "promise_api"):
        register_api(f"contraparte.groups.{name}")
    register_nav(NavItem(_("Groups"), "groups:board", "groups.view", 40, icon="groups"))
    register_notices(NoticeSource("groups.view", desk_entries.notices))
