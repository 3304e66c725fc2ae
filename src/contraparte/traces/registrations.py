"""What this room tells the rooms below it: message types, policies, periodic work, pages, permissions, words."""

from datetime import datetime
from pathlib import Path

from django.utils.translation import gettext_lazy as _

from contraparte.desk import registry as desk
from contraparte.directory.rules.roles import Role
from contraparte.exchange import registry as exchange
from contraparte.exchange.registry import MessageType
from contraparte.traces import desk_entries, handlers, messages
from contraparte.traces.actions.forgetting import code_kept, forget
from contraparte.traces.actions.stopping import give_up_on_silence
from contraparte.traces.models import CustodianTask, Event, Trace, Walk
from contraparte.traces.problems import PROBLEMS
from contraparte.traces.queries import find_traces
from contraparte.web import permissions
from contraparte.web.registry import (
    NavItem,
    SearchSource,
    register_api,
    register_nav,
    register_problems,
    register_search,
)

PERMISSIONS = {
    "traces.view": {Role.OFFICER, Role.AUTHORISER},
    "traces.record": {Role.OFFICER},
    "traces.open": {Role.OFFICER},
    "traces.decide": {Role.OFFICER},
    "traces.assist": {Role.OFFICER},
    "traces.custody": {Role.CUSTODIAN},
}
# Figures without content; open to who sees no content.
CONTENT_FREE = {"traces.trends": {Role.OFFICER, Role.AUTHORISER, Role.AUDITOR}}

SILENCE_EVERY_S = 60.0

TYPES = (
    MessageType(
        "trace.request/1", messages.TraceRequest, handlers.on_request, messages.REQUEST_CLASSES,
        _("Trace request"), asks="trace", takes_files=True, request=True, feedback=True,
    ),
    MessageType(
        "trace.acknowledge/1", messages.TraceAcknowledge, handlers.on_acknowledge, messages.REFERENCES,
        _("Trace taken up"),
    ),
    MessageType(
        "trace.cancel/1", messages.TraceCancel, handlers.on_cancel, messages.CANCEL_CLASSES,
        _("Trace called off"), answers=True, concludes="dropped",
    ),
    MessageType(
        "trace.count/1", messages.CountQuestion, handlers.on_count, messages.COUNT_CLASSES,
        _("How many match this serial?"), asks="count",
    ),
    MessageType(
        "trace.count_answer/1", messages.CountAnswer, handlers.on_count_answer, messages.REFERENCES,
        _("Number of matches"), answers=True,
    ),
    MessageType(
        "trace.link/1", messages.LinkQuestion, handlers.on_link, messages.GUN, _("Where did this gun go?"), asks="link",
    ),
    MessageType(
        "trace.link_answer/1", messages.LinkAnswer, handlers.on_link_answer, messages.LINK_ANSWER_CLASSES,
        _("Next link"), answers=True, closes=True,
    ),
    MessageType(
        "trace.result/1", messages.TraceResult, handlers.on_result, messages.RESULT_CLASSES,
        _("Trace result"), answers=True, concludes="answered", refusal=messages.ground_of_refusal, kept=code_kept,
    ),
    MessageType(
        "trace.adopt/1", messages.TraceAdopt, handlers.on_adopt, messages.REFERENCES, _("Request taken over"),
        closes=True,
    ),
    MessageType(
        "trace.merge/1", messages.TraceMerge, handlers.on_merge, messages.REFERENCES, _("Same gun as another trace"),
    ),
)  # fmt: skip


def register() -> None:
    """Called once when the applications are ready."""
    for message_type in TYPES:
        exchange.register(message_type)
    exchange.register_policies(Path(__file__).parent / "policies" / "traces.cedar")
    exchange.register_keeper(forget)
    exchange.register_bound(
        exchange.Bound(Event, "trace", conversation="", named=("counterpart",)),
        exchange.Bound(Trace, "trace", named=("counterpart", "requester")),
        exchange.Bound(Walk, "trace", named=("requester",)),
        exchange.Bound(CustodianTask, "trace"),
    )
    exchange.register_periodic("traces.silence", SILENCE_EVERY_S, _end_silent_walks)
    permissions.register_permissions(PERMISSIONS)
    permissions.register_permissions(CONTENT_FREE, content_free=True)
    register_problems(PROBLEMS)
    desk.register_subject(
        desk.Subject(
            "trace",
            _("Firearm trace"),
            titles=desk_entries.titles,
            url=desk_entries.page_of,
            action=_("Open the trace"),
        )
    )
    # A walk's questions and answers are taken up by the posts themselves; a person is told when one is owed.
    desk.register_quiet(f"trace.{name}/1" for name in ("acknowledge", "count", "count_answer", "link", "link_answer"))
    desk.register_desk_source(desk.DeskSource("traces.custody", desk_entries.questions))
    desk.register_desk_source(desk.DeskSource("traces.decide", desk_entries.calls))
    desk.register_words("field", desk_entries.FIELD_WORDS)
    desk.register_words("value", desk_entries.VALUE_WORDS)
    desk.register_words("policy", desk_entries.POLICY_WORDS)
    desk.register_words("stage", desk_entries.STAGE_WORDS)
    desk.register_words("close", desk_entries.CLOSE_WORDS)
    register_api("contraparte.traces.api")
    register_api("contraparte.traces.walk_api")
    register_nav(NavItem(_("Traces"), "traces:desk", "traces.view", 20, icon="location_on"))
    register_nav(NavItem(_("Questions to our book"), "traces:tasks", "traces.custody", 21, icon="local_library"))
    register_nav(NavItem(_("Figures on traces"), "traces:trends", "traces.trends", 60, icon="insights"))
    register_search(SearchSource(_("Traces"), "traces.view", find_traces))


def _end_silent_walks(now: datetime) -> None:
    give_up_on_silence(now)
