"""Words for the error codes of the exchange: what is wrong, and how to mend it."""

from django.utils.translation import gettext_lazy as _

from contraparte.web.registry import Problem

WORDS: dict[str, Problem] = {
    "message.type.unknown": Problem(
        _("This node does not speak the message type “%(type)s”."),
        _("Its administrator brings the node up to date, or the sender uses another form."),
    ),
    "message.body.invalid": Problem(
        _("The message does not have the form of its type."),
        _("The sender mends it and sends it under a new number."),
    ),
    "message.accord.other": Problem(
        _("The message cites an accord, or a wording of it, that is not in effect here."),
        _("Both sides refresh the directory; then the sender sends it again."),
    ),
    "message.author.wrong": Problem(
        _("The message was not signed by the agency it names as sender."),
        _("It is refused; only an agency speaks for its own posts."),
    ),
    "message.recipient.unknown": Problem(
        _("There is no such post here."),
        _("The sender looks it up in the directory and addresses it again."),
    ),
    "message.id.conflict": Problem(
        _("This number was used before for something else."),
        _("It is refused. The sender sends it under a new number."),
    ),
    "message.seq.used": Problem(
        _("Another message has this place in the conversation."),
        _("The sender sends it again in the next place."),
    ),
    "message.marking.unknown": Problem(
        _("The marking holds a restriction this node cannot honour, or lets nobody see it."),
        _("It was not opened. The sender marks it anew."),
    ),
    "conversation.not_party": Problem(
        _("The sender is no party to this conversation."),
        _("A new conversation is opened instead."),
    ),
    "order.gap": Problem(
        _("An earlier message of the conversation has not arrived yet."),
        _("It waits; the order restores itself when the earlier one is delivered."),
    ),
    "envelope.unproven": Problem(
        _("It could not be established who wrote this."),
        _("Nothing final is said about it; it is delivered again when the directory is up to date."),
    ),
    "peer.unproven": Problem(
        _("The request does not prove which node sends it."),
        _("Only nodes of the signed directory are answered."),
    ),
    "peer.answer.invalid": Problem(
        _("The other node answered with something that is no answer."),
        _("What was sent stays queued and is sent again."),
    ),
    "receipt.mismatch": Problem(
        _("A receipt speaks of something this node did not send."),
        _("It is kept as an incident; nothing is ticked off by it."),
    ),
    "attachment.malformed": Problem(
        _("The description of a file does not have the form it needs."),
        _("The sender mends it and sends the message under a new number."),
    ),
    "attachment.changed": Problem(
        _("The file is not the one that was signed: a byte was changed, cut off or moved."),
        _("Nothing of it is given out. Ask the other side to send it again; the log check names the message."),
    ),
    "attachment.missing": Problem(
        _("Bytes of a file have yet to come."),
        _("They come by themselves and go on where they stopped; the message is accepted with the last one."),
    ),
    "attachment.unproven": Problem(
        _("All bytes of the file are here and are being compared with what was signed."),
        _("It takes a moment; the message is accepted when that is done."),
    ),
    "attachment.unexpected": Problem(
        _("These bytes belong to no file that was announced."),
        _("They are not kept. The message is sent first; its answer says which bytes are missing."),
    ),
    "attachment.room": Problem(
        _("There is no room for the announced files at present."),
        _("They are asked for again later. The administrator makes room on the disk of the node."),
    ),
    "attachment.not_taken": Problem(
        _("Messages of this kind carry no files."),
        _("Send the file with a message of a kind that does; the message stays as it is."),
    ),
    "attachment.name": Problem(
        _("Choose a file. Its name has 1 to 200 characters, on one line and without slashes."),
        _("Rename the file and add it again; the draft stays as it is."),
    ),
    "attachment.empty": Problem(
        _("The file is empty."),
        _("Choose the right one; the draft stays as it is."),
    ),
    "attachment.too_large": Problem(
        _("The file is larger than a message may carry."),
        _("Divide it into parts below %(limit)s bytes and add them one by one."),
    ),
    "attachment.too_many": Problem(
        _("The draft holds %(limit)s files, as many as a message may carry."),
        _("Take one out, or put several into one archive file."),
    ),
    "attachment.lost": Problem(
        _("The file is on record, and its bytes are not whole on this node."),
        _("The administrator restores the folder “attachments” from the backup. What it held stays proven."),
    ),
    "release.held": Problem(
        _("The draft is held until the approvals still needed are there."),
        _("The release preview names them. Ask an authorising person who did not draft it."),
    ),
    "release.withheld": Problem(
        _("The gate lets nothing of this draft out."),
        _("The release preview names the rule. Change the draft, its marking or its recipient."),
    ),
    "approval.drafter": Problem(
        _("Who drafted it cannot approve it."),
        _("Ask another authorising person of your agency."),
    ),
    "approval.role": Problem(
        _("Only an authorising person of the sending agency approves."),
        _("Ask one of them; the directory names the posts."),
    ),
    "approval.outdated": Problem(
        _("The draft has changed since you read it."),
        _("Read it again below and approve what it says now."),
    ),
    "draft.closed": Problem(
        _("The draft has left, or was discarded."),
        _("It can no longer be changed. Answer in the conversation, or recall what was sent."),
    ),
    "draft.field": Problem(
        _("The field “%(field)s” does not have the form it needs."),
        _("Mend it and save again; the rest is kept."),
    ),
    "conversation.closed": Problem(
        _("The conversation has ended."),
        _("Open a new one; it may cite this one."),
    ),
    "post.not_local": Problem(
        _("The post belongs to another node or agency."),
        _("Act for a post of your own; switch it at the top left."),
    ),
    "policy.set.invalid": Problem(
        _("The release policies of this node do not validate, so it releases nothing."),
        _("The administrator mends the policy folder; what is written stays."),
    ),
    "worker.running": Problem(
        _("Another worker is at work for this node already."),
        _("On SQLite there is one; end it first, or move the node to PostgreSQL."),
    ),
    "peer.unreachable": Problem(
        _("The other node does not answer."),
        _("What is queued is kept, sealed, and sent again by itself."),
    ),
    "peer.insecure": Problem(
        _("The other node's address is neither encrypted nor on this machine."),
        _("Its operator publishes an https address in the directory."),
    ),
    "rights.role": Problem(
        _("This is decided by another role, or by the post whose item it is."),
        _("The page of the item says who; act for that post, or ask one of its authorising persons."),
    ),
    "item.unknown": Problem(
        _("There is no such item here."),
        _("Look for it in the conversation in which it crossed."),
    ),
    "item.recalled": Problem(
        _("Its sender has recalled the item; nobody may use it any more."),
        _("If it stands in a court file already, record that on its page: court and day are told to the sender."),
    ),
    "item.erased": Problem(
        _("The content was erased when its time was over."),
        _("Ask its sender for it again, if the law allows it to be kept."),
    ),
    "permission.post": Problem(
        _("Only the post that sent the item permits its use."),
        _("Nothing was changed. Ask the post from which the item came."),
    ),
    "permission.unknown": Problem(
        _("This answers no request for permission."),
        _("Nothing was changed. Who holds the item asks on its page first."),
    ),
    "permission.expired": Problem(
        _("The time of this permission is over."),
        _("Ask again, with a later day."),
    ),
    "permission.wider": Problem(
        _("The permission is for more than was asked."),
        _("Nothing was changed. Who holds the item asks for what it needs; that can be permitted."),
    ),
    "permission.state": Problem(
        _("The permission was answered or withdrawn already."),
        _("Look at its present state on the page of the item. A new request is always possible."),
    ),
    "permission.scope": Problem(
        _("The request does not say what it is for."),
        _("Passing on names a recipient, another use names its purpose, and the last day lies ahead."),
    ),
    "permission.origin": Problem(
        _("The item comes from %(origin)s, which has not permitted this."),
        _("Ask that post first, on the page of its item; then permit this."),
    ),
    "recall.post": Problem(
        _("Only the post that sent an item recalls it."),
        _("Nothing was changed. Tell the post that sent it."),
    ),
    "hold.field": Problem(
        _("The hold has no known reason, or no day ahead on which it is looked at again."),
        _("Choose a reason and a day after today."),
    ),
    "filing.field": Problem(
        _("The court file is not named, or its day lies ahead."),
        _("Enter court and file number, and the day on which it was filed."),
    ),
    "evidence.forbidden": Problem(
        _("This item may not stand in a court file: it is intelligence, or not for judicial proceedings (H1)."),
        _(
            "Ask who sent it for permission; or convert the lead into a formal request and file the answer to that; or,"
            " where law or a court obliges you, have a duty of disclosure declared."
        ),
    ),
    "disclosure.field": Problem(
        _("The duty of disclosure lacks its basis, or the objection its ground."),
        _(
            "Name article or order in one line; of an order its court and day, too. "
            "An objection takes its ground from the list."
        ),
    ),
    "disclosure.needless": Problem(
        _("This item may stand in a court file without a duty of disclosure."),
        _("Put it into the court file directly, on its page."),
    ),
    "disclosure.untold": Problem(
        _("A duty of disclosure was declared; who sent the item has not been told yet."),
        _(
            "Wait for its signed receipt; then a second authorising person confirms. "
            "If the other node is cut off, send a pouch."
        ),
    ),
    "disclosure.unconfirmed": Problem(
        _("A duty of disclosure was declared and told; nobody has confirmed it yet."),
        _("A second authorising person of your agency confirms it on the page of the item, with court and day."),
    ),
    "disclosure.same_person": Problem(
        _("Who declared a duty of disclosure does not confirm it."),
        _("Another authorising person of your agency confirms it."),
    ),
    "disclosure.objection": Problem(
        _("Who sent the item objects, and this was not marked as read."),
        _("Read the objection below and say so; it does not stop you."),
    ),
    "disclosure.state": Problem(
        _("The duty of disclosure was confirmed, withdrawn or objected to before, or one is open already."),
        _("Look at its present state on the page of the item."),
    ),
    "disclosure.unknown": Problem(
        _("No such duty of disclosure was declared to this post."),
        _("Nothing was changed. Look at the page of the item."),
    ),
    "one_officer.accord": Problem(
        _("The accord does not let one officer alone release this."),
        _("It names the types and urgencies for which that is allowed. Ask an authorising person for approval."),
    ),
    "one_officer.duty": Problem(
        _("Only who is on duty at the sending post releases alone."),
        _("See the duty roster who is, or ask an authorising person for approval."),
    ),
    "one_officer.needs": Problem(
        _("A later review replaces the approval of one person and nothing else."),
        _("The release preview names what else is needed; it waits for that."),
    ),
    "one_officer.reason": Problem(
        _("It does not say why it cannot wait."),
        _("Say in a sentence why no approval can be waited for; 1,000 characters at most."),
    ),
    "review.own": Problem(
        _("Who drafted or released it does not review it."),
        _("Another authorising person of your agency reviews it."),
    ),
    "review.done": Problem(
        _("This release was reviewed before."),
        _("The first review stands; it is shown below."),
    ),
    "review.text": Problem(
        _("A release that is not upheld needs a word why."),
        _("Say what should not have left, or why it could have waited; 1,000 characters at most."),
    ),
}
