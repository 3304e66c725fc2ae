"""Words for the error codes of pouches carried by hand, evidence packages and letters."""

from django.utils.translation import gettext_lazy as _

from contraparte.web.registry import Problem

WORDS: dict[str, Problem] = {
    "pouch.malformed": Problem(
        _("This file is not a pouch, or its beginning is missing."),
        _("Nothing was taken. Copy the file again from the node that made it, without opening it in another program."),
    ),
    "pouch.damaged": Problem(
        _("The pouch was cut short or changed on its way."),
        _("Nothing was taken. Copy it again, or have the sender make a new one; the messages in it are not lost."),
    ),
    "pouch.unproven": Problem(
        _("No node of a trusted directory has signed this pouch."),
        _("Nothing was taken. Compare the sender with the directory; its new key needs its newer directory."),
    ),
    "pouch.recipient": Problem(
        _("This pouch is for the node of %(recipient)s, not for this one."),
        _("Nothing was taken. Carry it there, or ask the sender for the one that is meant for %(here)s."),
    ),
    "pouch.number": Problem(
        _("The sender has used number %(number)s before for another pouch."),
        _("Nothing was taken. If its node was restored, it makes a new pouch with “--above” and the last number seen."),
    ),
    "pouch.chain": Problem(
        _("Pouch %(number)s follows another one than the pouch that was taken in here."),
        _("Nothing was taken. Call the sender: two different pouches were made under one number."),
    ),
    "pouch.answer": Problem(
        _("This answers a pouch that this node has not made."),
        _("Nothing was taken. It belongs to another node, or this node was restored since; make a new pouch."),
    ),
    "pouch.file": Problem(
        _("The file “%(file)s” is there already or cannot be written."),
        _("Choose another name or folder; nothing is written over."),
    ),
    "conversation.unknown": Problem(
        _("There is no such conversation here, or more than one agency of this node takes part in it."),
        _("Copy the id from the conversation’s page and name the agency."),
    ),
    "package.item": Problem(
        _("Nothing was chosen, or a chosen message is not in this conversation or was erased."),
        _("Choose messages from the list; what was erased when its time was over cannot be packaged."),
    ),
    "package.intelligence": Problem(
        _("Intelligence cannot enter a court file."),
        _("Ask for it by a formal request; what is answered as evidence can be packaged. Or leave it out."),
    ),
    "package.restricted": Problem(
        _("The restriction %(restriction)s keeps this message out of judicial proceedings."),
        _("Ask who sent it for permission to use it as evidence. Or leave it out."),
    ),
    "package.permission.expired": Problem(
        _("The permission to use this message before a court has run out."),
        _("Ask who sent it for a new permission, or leave the message out."),
    ),
    "package.permission.revoked": Problem(
        _("The permission to use this message before a court was withdrawn."),
        _("Leave the message out. Who sent it may permit it again if you ask."),
    ),
    "package.unprovable": Problem(
        _("Something an expert needs to verify the package is not on this node: %(what)s, %(item)s."),
        _("The administrator refreshes the directories of both countries; then make the package again."),
    ),
    "letter.incomplete": Problem(
        _("The letter lacks the field “%(field)s” in one of its languages, or it is too long."),
        _("Write it in both languages; a letter leaves only whole. What you have typed is kept."),
    ),
    "package.unreadable": Problem(
        _("This cannot be read as an evidence package."),
        _("Unpack nothing by hand and change nothing; ask for the package again as one file."),
    ),
}
