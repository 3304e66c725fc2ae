"""What this room tells the rooms below it: message types, policies, periodic work, pages, permissions, words."""

from dataclasses import replace
from datetime import datetime
from pathlib import Path

from django.utils.translation import gettext_lazy as _

from contraparte.desk import registry as desk
from contraparte.directory.packs import PackSection, register_pack_section
from contraparte.directory.rules.roles import Role
from contraparte.exchange import registry as exchange
from contraparte.exchange.registry import MessageType
from contraparte.inquiries import desk_entries, messages, topics
from contraparte.inquiries.actions.forgetting import facts_kept, forget
from contraparte.inquiries.actions.handing_over import require_sent
from contraparte.inquiries.actions.sharing import tell_sent_on
from contraparte.inquiries.actions.signing import forget_signed, keeps_back, owns_file
from contraparte.inquiries.actions.stepping import lapse_unconfirmed
from contraparte.inquiries.copy_auditing import find_copy_faults
from contraparte.inquiries.handlers import on_comment, on_opening, on_shared, on_step
from contraparte.inquiries.models import Inquiry
from contraparte.inquiries.problems import PROBLEMS
from contraparte.inquiries.queries import find_inquiries, taken_up_by
from contraparte.inquiries.rules.lifecycle import PAUSE_CAP
from contraparte.ledger.registry import register_cross_check
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
    "inquiries.view": {Role.OFFICER, Role.AUTHORISER},
    "inquiries.ask": {Role.OFFICER},
    "inquiries.step": {Role.OFFICER},
}
LAPSE_EVERY_S = 300.0
TELL_EVERY_S = 60.0

TYPES = (
    MessageType(
        "inquiry.request/1", messages.InquiryRequest, on_opening, messages.REQUEST_CLASSES,
        _("Request for police information"), asks="inquiry", request=True, takes_files=True,
    ),
    MessageType(
        "inquiry.letter/1", messages.InquiryRequest, on_opening, messages.REQUEST_CLASSES,
        _("Letter of request"), asks="acknowledge", request=True, takes_files=True, keeps_back=keeps_back,
    ),
    MessageType(
        "inquiry.spontaneous/1", messages.InquiryRequest, on_opening, messages.REQUEST_CLASSES,
        _("Spontaneous information"), takes_files=True,
    ),
    MessageType(
        "inquiry.note/1", messages.InquiryNote, on_opening, messages.NOTE_CLASSES, _("Liaison note"), asks="inquiry",
    ),
    MessageType(
        "inquiry.draft/1", messages.SharedDraft, on_shared, messages.SHARED_CLASSES, _("Draft shown before it is sent"),
    ),
    MessageType(
        "inquiry.comment/1", messages.Comment, on_comment, messages.COMMENT_CLASSES, _("Word on a draft"),
    ),
    MessageType(
        "inquiry.acknowledge/1", messages.Acknowledge, on_step, messages.REFERENCES, _("Request acknowledged"),
        answers=True, promises="decide",
    ),
    MessageType("inquiry.progress/1", messages.Progress, on_step, messages.PROGRESS_CLASSES, _("Work has moved on")),
    MessageType(
        "inquiry.clarify/1", messages.Said, on_step, messages.SAID, _("Clarification asked for"),
        asks="clarification", pauses=PAUSE_CAP,
    ),
    MessageType(
        "inquiry.clarification/1", messages.Said, on_step, messages.SAID, _("Clarification"), answers=True,
        takes_files=True,
    ),
    MessageType(
        "inquiry.transfer/1", messages.Transfer, on_step, messages.TRANSFER_CLASSES,
        _("Another post is competent"), releases=True, concludes="dropped",
    ),
    MessageType(
        "inquiry.conditions/1", messages.Said, on_step, messages.SAID, _("Conditions offered"),
        asks="conditions", answers=True,
    ),
    MessageType(
        "inquiry.agree/1", messages.Step, on_step, messages.REFERENCES, _("Conditions agreed"),
        asks="execute", answers=True,
    ),
    MessageType(
        "inquiry.consult/1", messages.Said, on_step, messages.SAID, _("Consultation before a refusal"),
        asks="consultation",
    ),
    MessageType(
        "inquiry.consult_reply/1", messages.Said, on_step, messages.SAID, _("Answer to the consultation"), answers=True,
    ),
    MessageType(
        "inquiry.accept/1", messages.Remark, on_step, messages.SAID, _("Request accepted"),
        answers=True, promises="execute",
    ),
    MessageType(
        "inquiry.refuse/1", messages.Refuse, on_step, messages.REFUSE_CLASSES, _("Request refused"),
        releases=True, concludes="answered", refusal=messages.ground_of_refusal, kept=facts_kept,
    ),
    MessageType(
        "inquiry.postpone/1", messages.Postpone, on_step, messages.POSTPONE_CLASSES, _("Request postponed"),
        answers=True, promises="review",
    ),
    MessageType("inquiry.delay/1", messages.Delay, on_step, messages.DELAY_CLASSES, _("Delay, with a new estimate")),
    MessageType(
        "inquiry.part/1", messages.Answer, on_step, messages.ANSWER_CLASSES, _("Answer in part"), takes_files=True,
    ),
    MessageType(
        "inquiry.answer/1", messages.Answer, on_step, messages.ANSWER_CLASSES, _("Answer to an inquiry"),
        asks="verify", answers=True, concludes="answered", takes_files=True,
    ),
    MessageType(
        "inquiry.verify/1", messages.Verify, on_step, messages.VERIFY_CLASSES, _("Answer verified"),
        answers=True, promises="use", admit=require_sent,
    ),
    MessageType(
        "inquiry.reject/1", messages.Reject, on_step, messages.REJECT_CLASSES, _("Answer sent back"),
        asks="redo", answers=True, admit=require_sent,
    ),
    MessageType(
        "inquiry.use/1", messages.Use, on_step, messages.USE_CLASSES, _("What became of the answer"),
        answers=True, use=messages.was_used, kept=facts_kept,
    ),
    MessageType("inquiry.confirm/1", messages.Remark, on_step, messages.SAID, _("Confirmed in writing")),
    MessageType(
        "inquiry.withdraw/1", messages.Said, on_step, messages.SAID, _("Request withdrawn"),
        releases=True, concludes="dropped",
    ),
    MessageType(
        "inquiry.close/1", messages.Step, on_step, messages.REFERENCES, _("Inquiry closed"),
        releases=True, closes=True,
    ),
)  # fmt: skip


def register() -> None:
    """Called once when the applications are ready."""
    for message_type in TYPES:
        # A step keeps codes and days only; what it says is read from its message.
        exchange.register(replace(message_type, keeps_codes=True))
    exchange.register_policies(Path(__file__).parent / "policies" / "inquiries.cedar")
    exchange.register_keeper(forget)
    exchange.register_bound(exchange.Bound(Inquiry, "inquiry", named=("counterpart", "requester")))
    exchange.register_following(taken_up_by)
    exchange.register_periodic("inquiries.lapse", LAPSE_EVERY_S, _lapse)
    exchange.register_periodic("inquiries.sent_on", TELL_EVERY_S, tell_sent_on)
    exchange.register_file_owner(owns_file)
    exchange.register_eraser(forget_signed)
    register_cross_check("signed copies", find_copy_faults)
    permissions.register_permissions(PERMISSIONS)
    register_problems(PROBLEMS)
    desk.register_subject(
        desk.Subject(
            "inquiry", _("Inquiry"), titles=desk_entries.titles, url=desk_entries.page_of, steps=desk_entries.steps
        )
    )
    desk.register_contact_link(
        desk.ContactLink("inquiry", "inquiries.ask", _("Ask this post"), desk_entries.new_request)
    )
    desk.register_topics(topics.types_about)
    desk.register_group_work(desk_entries.matters_of_group)
    desk.register_words("field", desk_entries.FIELD_WORDS)
    desk.register_words("value", desk_entries.VALUE_WORDS)
    desk.register_words("policy", desk_entries.POLICY_WORDS)
    desk.register_words("stage", desk_entries.STAGE_WORDS)
    desk.register_words("close", desk_entries.CLOSE_WORDS)
    register_pack_section(PackSection("written", _("Requests being written"), desk_entries.being_written, 45))
    register_api("contraparte.inquiries.api")
    register_api("contraparte.inquiries.way_api")
    register_api("contraparte.inquiries.letter_api")
    register_nav(NavItem(_("Inquiries"), "inquiries:desk", "inquiries.view", 15, icon="forum"))
    register_search(SearchSource(_("Inquiries"), "inquiries.view", find_inquiries))


def _lapse(now: datetime) -> None:
    lapse_unconfirmed(now)
