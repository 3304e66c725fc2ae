"""Words for the codes of the road itself: policies, reasons, needs, data classes, receipts, kinds of log entries."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from contraparte.ledger.rules.leaves import Kind

POLICIES: dict[str, str | Promise] = {
    "unknown-restriction-stays": _("A handling restriction this node does not know keeps the message at home."),
    "empty-circle-stays": _("The onward circle names neither this country nor this agency."),
    "no-purpose-stays": _("A message without a purpose stays at home."),
    "administrative-goes-along": _("References, codes and dates of the exchange go where the message goes."),
    "source-stays-home": _("A source is never named to the other side."),
    "minor-needs-two": _("What concerns a minor leaves only after two persons have approved it."),
}

REASONS: dict[str, str | Promise] = {
    "policy.error": _("A policy could not be evaluated; what cannot be decided does not leave."),
    "policy.forbids": _("A policy forbids it."),
    "attachment.forbidden": _("No policy permits files with this message to this post."),
    "policy.silent": _("No policy permits it; what nothing permits does not leave."),
}

NEEDS: dict[str, str | Promise] = {
    "approval": _("the approval of an authorising person who did not draft it"),
    "second_approval": _("the approval of a second authorising person"),
    "senior_review": _("the review of a second, senior person"),
}

DATA_CLASSES: dict[str, str | Promise] = {
    "": _("chosen by a person"),
    "administrative": _("administrative"),
    "case": _("case"),
    "citizen": _("citizen"),
    "dealer": _("dealer"),
    "event": _("event"),
    "file": _("file"),
    "financial": _("financial"),
    "firearm": _("firearm"),
    "group": _("working group"),
    "location": _("location"),
    "minor": _("minor"),
    "person": _("person"),
    "purchaser": _("purchaser"),
    "rights": _("rights at risk"),
    "source": _("source"),
    "victim": _("victim"),
}

MARKS: dict[str, str | Promise] = {
    "logged": _("logged"),
    "accepted": _("accepted"),
    "cosigned": _("cosigned"),
    "delivered": _("delivered"),
    "opened": _("opened"),
    "used": _("used"),
    "deleted": _("deleted"),
    "rejected": _("rejected"),
}

ENTRIES: dict[str, str | Promise] = {
    Kind.LOG_OPENED: _("Log opened"),
    Kind.MESSAGE_RELEASED: _("Message released"),
    Kind.MESSAGE_ACCEPTED: _("Message accepted"),
    Kind.MESSAGE_REJECTED: _("Message rejected"),
    Kind.MESSAGE_DELIVERED: _("Message delivered"),
    Kind.MESSAGE_OPENED: _("Message opened"),
    Kind.MESSAGE_USED: _("Message used"),
    Kind.MESSAGE_DELETED: _("Message deleted"),
    Kind.MESSAGE_RESEALED: _("Message sealed again"),
    Kind.MESSAGE_ERASED: _("Message erased"),
    Kind.HOLD_PLACED: _("Hold placed"),
    Kind.HOLD_LIFTED: _("Hold lifted"),
    Kind.NODE_RECOVERED: _("Node recovered"),
    Kind.MESSAGE_RECALLED: _("Message recalled"),
    Kind.RELEASE_REVIEWED: _("Release reviewed"),
    Kind.DISCLOSURE_CONFIRMED: _("Duty of disclosure confirmed"),
}

CUSTODY: dict[str, str | Promise] = {
    "added": _("Put into the draft"),
    "removed": _("Taken out of the draft"),
    "released": _("Left with the message"),
    "received": _("Came in, every byte proven"),
    "opened": _("Message opened"),
    "downloaded": _("File taken"),
    "verified": _("Proven and taken over, signed by who asked"),
    "sent_back": _("Sent back, signed by who asked"),
    "erased": _("Erased"),
    "signed_accepted": _("Hand-over accepted, signed by the receiver"),
    "signed_delivered": _("Delivered to the post, signed by the receiver"),
    "signed_opened": _("Opened by the post, signed by the receiver"),
}

HANDLING: dict[str, str | Promise] = {
    "H0": _("only to prevent or combat crime"),
    "H1": _("not in court without permission"),
    "H2": _("not passed on without permission"),
    "H3": _("other restriction"),
}

PURPOSES: dict[str, str | Promise] = {
    "firearms_tracing": _("firearms tracing"),
    "criminal_investigation": _("criminal investigation"),
    "prosecution": _("prosecution"),
}

COUNTRIES: dict[str, str | Promise] = {
    "mx": _("Mexico"),
    "us": _("United States"),
}

EVIDENCE: dict[str, str | Promise] = {
    "intelligence": _("intelligence, not evidence"),
    "evidence": _("evidence"),
}

URGENCY: dict[str, str | Promise] = {
    "urgent": pgettext_lazy("clock", "urgent"),
    "at_hand": pgettext_lazy("clock", "urgent and at hand"),
    "routine": pgettext_lazy("clock", "routine"),
}

DRAFT_STATES: dict[str, str | Promise] = {
    "draft": _("draft"),
    "review": _("waits for approval"),
    "returned": _("returned with a note"),
    "released": _("released"),
    "discarded": _("given up"),
}

# What happened to an agency, by the kind of the event.
CHANGES: dict[str, str | Promise] = {
    "rename": _("New name"),
    "merge": _("Merger"),
    "split": _("Split"),
    "absorb": _("Absorption"),
    "abolish": _("Abolition"),
    "recreate": _("Created again"),
}
