"""The words of this room's error codes, for pages and the command line."""

from django.utils.translation import gettext_lazy as _

from contraparte.web.registry import Problem

PROBLEMS: dict[str, Problem] = {
    "inquiry.handling.unknown": Problem(
        _("This handling code does not exist."),
        _("“%(read)s” is none of H0, H1, H2 and H3. Choose from these; write anything else as the text of H3."),
    ),
    "inquiry.field": Problem(
        _("A required field is empty or cannot be read."),
        _("Fill it in and try again; what you typed is kept."),
    ),
    "inquiry.ground.not_coercive": Problem(
        _("This ground stops coercive measures only."),
        _("What is asked is not coercive. Choose another ground, or give it against the coercive measure alone."),
    ),
    "inquiry.use.intelligence": Problem(
        _("Intelligence does not enter a court file."),
        _("Convert the lead to a formal request: it is pre-filled and linked, and its answer will be evidence."),
    ),
    "inquiry.incomplete": Problem(
        _("The request is not complete."),
        _("Every gap is listed with what to do about it. Complete now: %(score)s of 100."),
    ),
    "inquiry.step": Problem(
        _("This step is not open now."),
        _("Open now: %(allowed)s. Load the page again to see where the request stands."),
    ),
    "inquiry.refuse.unconsulted": Problem(
        _("A refusal comes after a consultation."),
        _("Consult the requester first. Only what the law prohibits may be refused at once. Open now: %(allowed)s."),
    ),
    "inquiry.step.drafted": Problem(
        _("This step is drafted already."),
        _("It waits for its release. Open the draft, or give it up and write it anew."),
    ),
    "inquiry.file.changed": Problem(
        _("A file of the answer is not what its sender signed: SHA-256 %(sha256)s."),
        _("Restore it from a backup, or send the answer back and have the file sent again."),
    ),
    "inquiry.file.unknown": Problem(
        _("The step names a file that was not sent here: SHA-256 %(sha256)s."),
        _("Compare the files of the answer with those the other side holds, then take the step again."),
    ),
    "inquiry.sent": Problem(
        _("The request has left."),
        _("It can no longer be changed. Answer a clarification, or withdraw it and ask again."),
    ),
    "inquiry.converted": Problem(
        _("This lead was converted already."),
        _("Open %(reference)s, which was made from it. A lead is counted once."),
    ),
    "inquiry.bound": Problem(
        _("The request has a thread at this post already."),
        _("It was drafted or shown from here, so it goes on here. Hand requests on before they are drafted."),
    ),
    "letter.version": Problem(
        _("The signed copy is of another version of the letter."),
        _("It shows “%(read)s”; the letter is now %(version)s. Print this version, have it signed, and take that in."),
    ),
    "letter.pdf": Problem(
        _("The signed copy is no PDF."),
        _("Scan the signed letter as a PDF, or sign the PDF itself with a certificate, and choose that file."),
    ),
    "letter.too_large": Problem(
        _("The signed copy is too large."),
        _("A signed copy has at most %(limit)s bytes. Scan it in black and white, or at a lower resolution."),
    ),
    "letter.unsigned": Problem(
        _("This is the letter as it was printed, without a signature."),
        _("Have it signed, then take in the scan, or the PDF that was signed with a certificate."),
    ),
}
