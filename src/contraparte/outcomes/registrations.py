"""What this room tells the rooms below it: message types, policies, pages, permissions, words."""

from dataclasses import replace
from pathlib import Path

from django.utils.translation import gettext_lazy as _

from contraparte.desk import registry as desk
from contraparte.directory.rules.roles import Role
from contraparte.exchange import registry as exchange
from contraparte.exchange.registry import MessageType
from contraparte.outcomes import desk_entries, handlers, messages
from contraparte.outcomes.actions.forgetting import forget
from contraparte.outcomes.models import CaseLink, Outcome
from contraparte.outcomes.problems import PROBLEMS
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
    "outcomes.view": {Role.OFFICER, Role.AUTHORISER},
    "outcomes.report": {Role.OFFICER},
    "outcomes.decide": {Role.OFFICER},
    "outcomes.feedback": {Role.OFFICER},
    "outcomes.link": {Role.OFFICER},
}
# Figures without content; open to who sees no content.
CONTENT_FREE = {"outcomes.figures": {Role.OFFICER, Role.AUTHORISER, Role.AUDITOR}}

TYPES = (
    MessageType(
        "outcome.report/1", messages.OutcomeReport, handlers.on_outcome, messages.REPORT_CLASSES,
        _("Outcome reported"), asks="outcome",
    ),
    MessageType(
        "outcome.correct/1", messages.OutcomeCorrect, handlers.on_outcome, messages.CORRECT_CLASSES,
        _("Outcome corrected"),
    ),
    MessageType(
        "outcome.retract/1", messages.OutcomeRetract, handlers.on_outcome, messages.REASON_CLASSES,
        _("Outcome retracted"), closes=True,
    ),
    MessageType(
        "outcome.confirm/1", messages.OutcomeConfirm, handlers.on_outcome, messages.CONFIRM_CLASSES,
        _("Outcome confirmed"), answers=True,
    ),
    MessageType(
        "outcome.contest/1", messages.OutcomeContest, handlers.on_outcome, messages.REASON_CLASSES,
        _("Outcome contested"), answers=True,
    ),
    MessageType(
        "feedback.give/1", messages.FeedbackGive, handlers.on_feedback, messages.FEEDBACK_CLASSES,
        _("Use of the answer"),
    ),
    MessageType(
        "case.link_ask/1", messages.CaseLinkAsk, handlers.on_link_ask, messages.LINK_CLASSES,
        _("Shall our cases be linked?"), asks="case_link",
    ),
    MessageType(
        "case.link_agree/1", messages.CaseLinkAgree, handlers.on_link_agree, messages.LINK_CLASSES,
        _("Cases linked"), answers=True,
    ),
    MessageType(
        "case.link_end/1", messages.CaseLinkEnd, handlers.on_link_end, messages.REASON_CLASSES,
        _("Link of cases ended"), answers=True, closes=True,
    ),
)  # fmt: skip


def register() -> None:
    """Called once when the applications are ready."""
    for message_type in TYPES:
        exchange.register(replace(message_type, keeps_codes=True))
    exchange.register_policies(Path(__file__).parent / "policies" / "outcomes.cedar")
    exchange.register_keeper(forget)
    exchange.register_bound(
        exchange.Bound(Outcome, "outcome", named=("counterpart",)),
        exchange.Bound(CaseLink, "case", named=("counterpart",)),
    )
    permissions.register_permissions(PERMISSIONS)
    permissions.register_permissions(CONTENT_FREE, content_free=True)
    register_problems(PROBLEMS)
    desk.register_subject(
        desk.Subject(
            "outcome", _("Outcome"), titles=desk_entries.outcome_titles, url=desk_entries.outcome_page,
            steps=desk_entries.outcome_steps,
        )
    )  # fmt: skip
    desk.register_subject(
        desk.Subject(
            "case", _("Link of cases"), titles=desk_entries.link_titles, url=desk_entries.link_page,
            steps=desk_entries.link_steps,
        )
    )  # fmt: skip
    desk.register_steps(desk_entries.further_steps)
    desk.register_results(desk_entries.came_of)
    desk.register_desk_source(desk.DeskSource("outcomes.decide", desk_entries.decisions))
    desk.register_desk_source(desk.DeskSource("outcomes.report", desk_entries.replies))
    desk.register_desk_source(desk.DeskSource("outcomes.feedback", desk_entries.feedback))
    desk.register_words("field", desk_entries.FIELD_WORDS)
    desk.register_words("value", desk_entries.VALUE_WORDS)
    desk.register_words("policy", desk_entries.POLICY_WORDS)
    desk.register_words("stage", desk_entries.STAGE_WORDS)
    desk.register_words("close", desk_entries.CLOSE_WORDS)
    register_api("contraparte.outcomes.api")
    register_api("contraparte.outcomes.link_api")
    register_nav(NavItem(_("Outcomes"), "outcomes:desk", "outcomes.view", 50, icon="flag"))
    register_nav(NavItem(_("Quarterly figures"), "outcomes:figures", "outcomes.figures", 61, icon="assessment"))
    register_notices(NoticeSource("outcomes.view", desk_entries.notices))
