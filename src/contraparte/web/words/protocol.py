"""Words for the error codes of the tree's branches and of the protocol: what is wrong, and how to mend it."""

from django.utils.translation import gettext_lazy as _

from contraparte.web.registry import Problem

WORDS: dict[str, Problem] = {
    "input": Problem(
        _("This cannot be read."),
        _("Look at the field that is marked, mend it and send it again."),
    ),
    "protocol": Problem(
        _("What came from the other node breaks the protocol."),
        _("Nothing of it was taken. The other node is told the code; its administrator mends it."),
    ),
    "policy": Problem(
        _("A rule of this node or of the accord forbids it."),
        _("Nothing was changed. The rule and who may decide otherwise are named where it is decided."),
    ),
    "state": Problem(
        _("This is not possible now."),
        _("Load the page again to see what has happened meanwhile and which steps are open."),
    ),
    "node": Problem(
        _("This node cannot do it at present."),
        _("Nothing is lost. Tell the administrator of this node the code below."),
    ),
    "error": Problem(
        _("This could not be done."),
        _("Nothing was changed. Tell the administrator of this node the code below."),
    ),
    "identifier.invalid": Problem(
        _("“%(read)s” is not an identifier."),
        _("An agency reads like mx.fge-son, a post like mx.fge-son/firearms. Check for blanks, capitals and accents."),
    ),
    "protocol.bound": Problem(
        _("It is larger than the protocol allows."),
        _("Send less at once: split it, or leave out what is not needed."),
    ),
    "protocol.encoding": Problem(
        _("It is not written the way the protocol writes it."),
        _("The sending node must write it again; a text copied by hand or changed on its way is refused."),
    ),
    "key.malformed": Problem(
        _("These bytes are not the key they claim to be."),
        _("Fetch the key again from the signed directory."),
    ),
    "key.purpose": Problem(
        _("A key was used for something it was not made for."),
        _("Each agency has one key for each purpose; the sender signs again with the right one."),
    ),
    "signature.invalid": Problem(
        _("The signature does not fit what was signed."),
        _("Something was changed after signing, or another key signed. It is refused; the sender sends it again."),
    ),
    "signature.header": Problem(
        _("The signature is not of the form the protocol asks for."),
        _("The sending node must be brought up to date or mended by its administrator."),
    ),
    "marking.malformed": Problem(
        _("The marking cannot be read."),
        _("Choose handling restrictions, purposes and circle from the lists; H3 needs its text."),
    ),
    "message.malformed": Problem(
        _("The message cannot be read."),
        _("Nothing of it was kept but this refusal. The sender mends it and sends it under a new number."),
    ),
    "message.disclosure": Problem(
        _("The message shows parts that its signature does not cover."),
        _("It is refused. The sender issues it again."),
    ),
    "message.clock": Problem(
        _("The message was made too long ago or bears a time that is still to come."),
        _("Compare the clocks of the two nodes; then the sender sends it anew."),
    ),
    "message.expired": Problem(
        _("The message had expired before it was read."),
        _("Ask the sender to send it again if it is still needed."),
    ),
    "envelope.malformed": Problem(
        _("The envelope cannot be read."),
        _("It was not opened. The sending node sends it again."),
    ),
    "envelope.mismatch": Problem(
        _("The envelope and what lies in it name different things."),
        _("It is refused, since one of the two was exchanged on the way."),
    ),
    "envelope.unopenable": Problem(
        _("The seal does not open with this agency's key."),
        _("It was sealed for another key. The sender fetches the current key and seals it again."),
    ),
    "batch.malformed": Problem(
        _("The delivery is cut off or counts wrongly."),
        _("Nothing of it was taken; it is delivered again by itself."),
    ),
    "receipt.malformed": Problem(
        _("A receipt cannot be read."),
        _("It is set aside; the other node is asked for it again."),
    ),
    "receipt.invalid": Problem(
        _("A receipt was not signed by who it says."),
        _("It proves nothing and is set aside as an incident."),
    ),
    "request.signature": Problem(
        _("The request does not bear the signature that nodes owe each other."),
        _("Only nodes of the signed directory are answered here."),
    ),
    "request.clock": Problem(
        _("The request was signed too long ago, or by a clock that runs ahead."),
        _("Compare the clocks of the two nodes."),
    ),
    "proof.invalid": Problem(
        _("The proof does not prove what it claims."),
        _("Ask for a fresh proof. If that fails too, tell the auditor: the log and the claim disagree."),
    ),
    "note.malformed": Problem(
        _("This is not a signed note or checkpoint of the expected form."),
        _("Export it again; do not open it in an editor that changes line ends."),
    ),
    "note.unverified": Problem(
        _("No trusted key has signed this note."),
        _("Check the file of trusted logs and witnesses against the fingerprints exchanged in person."),
    ),
    "tlog.policy.malformed": Problem(
        _("Line %(line)s of the file of trusted logs and witnesses cannot be read."),
        _("Mend that line or export the file again."),
    ),
    "tlog.policy.unmet": Problem(
        _("The checkpoint lacks the cosignatures that the file asks for."),
        _("Wait until the other side has cosigned, then export the proof again."),
    ),
}
