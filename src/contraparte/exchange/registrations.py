"""The message types of the exchange itself: permissions, recalls, holds and duties of items, hand-overs of posts."""

from pathlib import Path

from django.utils.translation import gettext_lazy as _

from contraparte.exchange import (
    disclosure_handlers,
    handing_over,
    handlers,
    messages,
    one_officer,
    registry,
    telling_change,
)
from contraparte.exchange.permissions import TELL
from contraparte.exchange.recalls import ANSWER, answer_recall
from contraparte.exchange.registry import MessageType

TYPES = (
    MessageType(
        "permission.ask/1", messages.PermissionAsk, handlers.on_ask, messages.ASK_CLASSES,
        _("Request for permission"), asks="permission", admit=handlers.admit_ask,
    ),
    MessageType(
        "permission.grant/1", messages.PermissionGrant, handlers.on_grant, messages.ASK_CLASSES,
        _("Permission given"), answers=True, admit=handlers.admit_grant,
    ),
    MessageType(
        "permission.refuse/1", messages.PermissionRefuse, handlers.on_refuse, messages.ASK_CLASSES,
        _("Permission refused"), answers=True, admit=handlers.admit_refuse,
    ),
    MessageType(
        "permission.revoke/1", messages.PermissionRevoke, handlers.on_revoke, messages.ASK_CLASSES,
        _("Permission withdrawn"), control=True, admit=handlers.admit_revoke,
    ),
    MessageType(
        "permission.report/1", messages.PermissionReport, handlers.on_report, messages.ANSWER_CLASSES,
        _("Who had the item"), control=True, admit=handlers.admit_report,
    ),
    MessageType(
        "recall.order/1", messages.RecallOrder, handlers.on_order, messages.ASK_CLASSES,
        _("Recall"), control=True, admit=handlers.admit_order,
    ),
    MessageType(
        "recall.answer/1", messages.RecallAnswer, handlers.on_answer, messages.ANSWER_CLASSES,
        _("Answer to the recall"), control=True, admit=handlers.admit_answer,
    ),
    MessageType(
        "hold.place/1", messages.HoldPlace, handlers.on_hold, messages.ASK_CLASSES,
        _("Legal hold"), control=True, admit=handlers.admit_hold,
    ),
    MessageType(
        "hold.lift/1", messages.HoldLift, handlers.on_lift, messages.ASK_CLASSES,
        _("Legal hold lifted"), control=True, admit=handlers.admit_hold,
    ),
    MessageType(
        "post.handover/1", messages.PostHandover, handing_over.on_handover, messages.HANDOVER_CLASSES,
        _("Who answers for the post"), control=True, admit=handing_over.admit_handover,
    ),
    MessageType(
        "post.succeeded/1", messages.PostSucceeded, telling_change.on_succeeded, messages.SUCCEEDED_CLASSES,
        _("Change of agency"), control=True, admit=telling_change.admit_succeeded,
    ),
    MessageType(
        "disclosure.notify/1", messages.DisclosureNotify, disclosure_handlers.on_notify, messages.DUTY_CLASSES,
        _("Duty of disclosure"), control=True, admit=disclosure_handlers.admit_of_sent_item,
    ),
    MessageType(
        "disclosure.withdraw/1", messages.DisclosureWithdraw, disclosure_handlers.on_withdraw, messages.DUTY_CLASSES,
        _("Duty of disclosure withdrawn"), control=True, admit=disclosure_handlers.admit_of_sent_item,
    ),
    MessageType(
        "disclosure.object/1", messages.DisclosureObject, disclosure_handlers.on_object, messages.DUTY_CLASSES,
        _("Objection to a duty of disclosure"), control=True, admit=disclosure_handlers.admit_object,
    ),
)  # fmt: skip


def register() -> None:
    """Called once when the applications are ready."""
    for message_type in TYPES:
        registry.register(message_type)
    registry.register_policies(Path(__file__).parent / "policies" / "rights.cedar")
    registry.register_keeper(one_officer.forget)
    registry.register_job(ANSWER, answer_recall)
    registry.register_job(TELL, handlers.tell_end)
