"""Words for the error codes of the ledger: what is wrong, and how to mend it."""

from django.utils.translation import gettext_lazy as _

from contraparte.web.registry import Problem

WORDS: dict[str, Problem] = {
    "ledger.leaf.invalid": Problem(
        _("An entry of the log is not of its fixed form."),
        _("Have the administrator check the log with fsck; it names the first bad entry."),
    ),
    "ledger.log.unknown": Problem(
        _("This node neither keeps nor mirrors that log."),
        _("Choose one of the logs listed."),
    ),
    "ledger.rolled_back": Problem(
        _("An older copy of the records was restored, so this node signs nothing."),
        _("Stop here. The administrator recovers what the other side holds before work goes on."),
    ),
    "ledger.forked": Problem(
        _("The records tell another history of the log than the one signed before."),
        _("Stop here and call the administrator and the auditor; do not delete anything."),
    ),
    "ledger.guard.unreadable": Problem(
        _("The guard of the log cannot be read, so this node signs nothing."),
        _("The administrator looks at the guard folder before work goes on."),
    ),
    "ledger.unready": Problem(
        _("The log was not set up on this node."),
        _("The administrator finishes setting up the node."),
    ),
    "ledger.message.not_logged": Problem(
        _("No entry of this node's logs is about that message."),
        _("Check the number; a draft that was never released has no entry."),
    ),
    "ledger.log.choice": Problem(
        _("Several logs could be meant."),
        _("Name one of these: %(origins)s."),
    ),
    "ledger.peer.contradiction": Problem(
        _("The other side's log has answered what cannot be true."),
        _("It is kept as an incident with the proof. Tell the auditor."),
    ),
}
