"""Words of this room's codes: states, steps, gaps with their remedies. For pages, the desk and the terminal."""

from dataclasses import dataclass

from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from contraparte.inquiries.catalogue import catalogue
from contraparte.inquiries.rules.catalogue import Entry

Text = str | Promise


def entry_words(entry: Entry | None, code: str = "") -> str:
    """What an entry of the catalogue is called in the reader's language."""
    return entry.words.in_language(translation.get_language() or "en") if entry else code


def instrument_words(code: str) -> str:
    """What an instrument is called."""
    return entry_words(catalogue().instruments.get(code), code)


def measure_words(code: str) -> str:
    """What a measure is called."""
    return entry_words(catalogue().measures.get(code), code)


def offence_words(code: str) -> str:
    """What an offence is called."""
    return entry_words(catalogue().offences.get(code), code)


def ground_words(code: str) -> str:
    """What a ground of refusal is called."""
    return entry_words(catalogue().grounds.get(code), code)


FAMILIES: dict[str, Text] = {
    "police": _("Police request"),
    "letter": _("Letter of request"),
    "spontaneous": _("Spontaneous information"),
    "note": _("Liaison note"),
}

STATES: dict[str, Text] = {
    "draft": _("being written"),
    "shared": _("draft shown before it is sent"),
    "drafted": _("drafted, has not left"),
    "release_review": _("waits for approval to leave"),
    "returned": _("returned with comments"),
    "sent": _("sent, not yet received"),
    "delivered": _("received"),
    "acknowledged": _("acknowledged"),
    "assessing": _("being assessed"),
    "clarification": _("waits for a clarification"),
    "transferred": _("transferred"),
    "conditions_offered": _("conditions offered"),
    "consulting": _("in consultation"),
    "consulted": _("consultation answered"),
    "refused": _("refused"),
    "postponed": _("postponed"),
    "accepted": pgettext_lazy("inquiry", "accepted"),
    "executing": _("being carried out"),
    "delayed": _("delayed"),
    "partial": _("answered in part"),
    "answered": pgettext_lazy("inquiry", "answered"),
    "verified": _("answer verified"),
    "rejected_delivery": _("answer sent back"),
    "used": pgettext_lazy("inquiry", "used"),
    "not_used": _("not used"),
    "outcome_due": _("used, outcome to be told"),
    "closed": _("closed"),
    "withdrawn": _("withdrawn"),
    "expired": _("expired, never confirmed"),
}

STEPS: dict[str, Text] = {
    "acknowledge": _("Acknowledge"),
    "assess": _("Begin the assessment"),
    "clarify": _("Ask for a clarification"),
    "clarification": _("Answer the clarification"),
    "transfer": _("Name the competent post"),
    "conditions": _("Offer conditions"),
    "agree": _("Agree to the conditions"),
    "consult": _("Consult before refusing"),
    "consult_reply": _("Answer the consultation"),
    "accept": _("Accept"),
    "refuse": pgettext_lazy("inquiry", "Refuse"),
    "postpone": _("Postpone"),
    "execute": _("Begin to carry it out"),
    "delay": _("Tell of a delay"),
    "part": _("Answer in part"),
    "answer": _("Give the final answer"),
    "verify": _("Verify the answer"),
    "reject": _("Send the answer back"),
    "use": _("Tell what became of it"),
    "close": _("Close"),
    "confirm": _("Confirm in writing"),
    "withdraw": _("Withdraw"),
}

#: What a step does, said before it is taken.
STEP_HELP: dict[str, Text] = {
    "acknowledge": _("Tells the other side that you have it, under your own number."),
    "assess": _("Tells the other side that the assessment has begun."),
    "clarify": _("Your clock stands still until the other side has answered. Ask everything at once."),
    "clarification": _("The clock of the other side runs again when this arrives."),
    "transfer": _("Ends the request here. The requester is told which post is competent and can ask there at once."),
    "conditions": _("The requester agrees or withdraws. Agreed conditions travel with every answer."),
    "agree": _("The conditions will bind every copy and quotation of the answer."),
    "consult": _("Say what stands in the way and what would remove it. The clock goes on."),
    "consult_reply": _("Say what you can change, narrow or explain."),
    "accept": _("From here on the time to carry it out runs."),
    "refuse": _("Ends the request. It comes after a consultation unless the law prohibits the measure."),
    "postpone": _("Names the reason, and the day on which you look at it again."),
    "execute": _("Tells the other side that the work has begun."),
    "delay": _("Names the reason and a new estimate. The agreed deadline stays as it is."),
    "part": _("What is ready goes now; the rest follows."),
    "answer": _("Ends your part. The requester verifies it or sends it back."),
    "verify": _("Says that the answer is complete and what was asked."),
    "reject": _("Says what is missing or wrong; the other side answers again."),
    "use": _("The other side is told whether its answer was used, and how."),
    "close": _("Ends the conversation. Nothing can follow in it."),
    "confirm": _("A request by word of mouth ends after five days unless it is confirmed."),
    "withdraw": _("Ends the request. What was answered already may no longer be used."),
}

URGENCIES: dict[str, Text] = {
    "routine": pgettext_lazy("urgency", "routine"),
    "urgent": pgettext_lazy("urgency", "urgent"),
    "at_hand": pgettext_lazy("urgency", "urgent, with the data at hand"),
}

PERSON_STATES: dict[str, Text] = {
    "suspect": _("suspect"),
    "victim": _("victim"),
    "witness": _("witness"),
    "third_party": _("third party"),
    "unknown": _("not known"),
}

RIGHTS: dict[str, Text] = {
    "death_penalty": _("Death penalty possible"),
    "torture": _("Risk of torture or ill-treatment"),
    "political_offence": _("Political offence"),
    "journalist": _("Journalist or defender of human rights"),
    "minor": _("A minor is concerned"),
}

OUTCOMES: dict[str, Text] = {
    "done": pgettext_lazy("measure", "done"),
    "nothing_found": _("nothing found"),
    "refused": pgettext_lazy("measure", "refused"),
    "not_held": _("not held"),
}

WAYS: dict[str, Text] = {
    "investigation": _("in the investigation"),
    "prevention": _("to prevent or end a crime"),
    "court_file": _("in a court file"),
}


LEGS: dict[str, Text] = {
    "submitted": _("Handed on"),
    "returned": _("Returned with comments"),
}

VERDICTS: dict[str, Text] = {
    "incomplete": _("Something is missing"),
    "complete": _("Complete for us"),
}
#: What is said of a draft that is sent on, by the way it goes.
WAYS_ON: dict[str, Text] = {"taken_up": _("Taken up, to be sent on"), "sent_on": _("Sent on")}

TONGUES: dict[str, Text] = {"es": _("Spanish"), "en": _("English")}

#: Texts of a letter by their names; those in rows come with the number of their row.
LETTER_TEXTS: dict[str, Text] = {
    "requesting_authority": _("Requesting authority"),
    "competent_authority": _("Competent authority"),
    "signer": _("Who signs"),
    "facts": _("Facts"),
    "purpose": _("Purpose"),
    "formalities": _("Formalities wanted"),
    "confidentiality": _("Confidentiality and its reason"),
    "attendance": _("Attendance of officials"),
    "urgent_reason": _("Reason for the urgency"),
    "due_reason": _("Reason for the date"),
    "offences-text": _("Offence %(number)s: text of the law"),
    "measures-object": _("Measure %(number)s: what exactly"),
    "measures-nexus": _("Measure %(number)s: nexus to the case"),
    "measures-dual": _("Measure %(number)s: offence on the other side"),
    "letter": _("The letter's other language"),
}

VOIDED: dict[str, Text] = {
    "edited": _("void: the letter was edited after it was signed"),
    "replaced": _("void: replaced by another signed copy"),
}


def letter_text_words(name: str) -> str:
    """What a text of the letter is called."""
    kind, _dash, rest = name.partition("-")
    number, _dash, field = rest.partition("-")
    words = str(LETTER_TEXTS.get(f"{kind}-{field}" if field else name, name))
    return words % {"number": number} if field else words


@dataclass(frozen=True, slots=True)
class GapWords:
    """What is missing, and what to do about it."""

    what: Text
    remedy: Text


GAPS: dict[str, GapWords] = {
    "instrument": GapWords(_("No instrument is chosen."), _("Choose what the request is based on.")),
    "counterpart": GapWords(_("Nobody is addressed."), _("Choose the post that handles such requests.")),
    "facts": GapWords(_("The facts are missing."), _("Say what happened, when and where.")),
    "purpose": GapWords(_("The purpose is missing."), _("Say what the answer will be used for.")),
    "article": GapWords(_("The article is missing."), _("Name the article of the instrument.")),
    "requesting_authority": GapWords(
        _("The requesting authority is missing."), _("Name the authority that conducts the case.")
    ),
    "competent_authority": GapWords(
        _("The competent authority is missing."), _("Name the court or office that is to carry it out.")
    ),
    "translation": GapWords(_("The certified translation is missing."), _("Enter its SHA-256 and who certified it.")),
    "translation_stale": GapWords(
        _("A text changed after its translation was certified."),
        _("Have the new text translated and certified; the letter's page shows which one it is."),
    ),
    "oral": GapWords(_("Who spoke is missing."), _("Name the person who made the request by word of mouth.")),
    "oral_not_here": GapWords(
        _("This instrument knows no request by word of mouth."), _("Send it in writing, or by the police channel.")
    ),
    "offences": GapWords(_("No offence is named."), _("Name the offence that is investigated.")),
    "offence_unknown": GapWords(_("The offence is not in the list."), _("Choose one, or “another offence”.")),
    "statute": GapWords(
        _("The text of the law is missing."), _("Copy the article that makes the act an offence, with its penalty.")
    ),
    "measures": GapWords(_("Nothing is asked for."), _("Add what you ask for.")),
    "measure_unknown": GapWords(
        _("This cannot be asked for by this instrument."), _("Choose another measure, or a letter of request.")
    ),
    "object": GapWords(
        _("What exactly is missing."), _("Name the account, line, person, place or document as exactly as you can.")
    ),
    "nexus": GapWords(_("The nexus is missing."), _("Say how this belongs to the case.")),
    "dual_criminality": GapWords(
        _("Dual criminality is not set out."), _("Name the offence on the other side; without it only this stops.")
    ),
    "measure_statute": GapWords(
        _("This measure needs the text of the law."), _("Copy the article of at least one offence.")
    ),
    "urgent_reason": GapWords(_("Urgent without a reason."), _("Say why it cannot wait.")),
    "urgent_date": GapWords(_("Urgent without a date."), _("Say by what day it is needed.")),
    "due_reason": GapWords(_("A date without a reason."), _("Say why it is needed by that day.")),
    "handling_text": GapWords(_("H3 without its text."), _("Write the restriction in words.")),
    "grade": GapWords(_("Half an evaluation."), _("Grade both the source and the information, or neither.")),
    "grade_contradicts": GapWords(
        _("A reliable source (A) with information that cannot be judged (4)."),
        _("Check both grades; you may send it as it is."),
    ),
    "note_subject": GapWords(_("The subject is missing."), _("Say in a line what it is about.")),
    "note_what": GapWords(_("What happened is missing."), _("Say it in a few sentences.")),
    "note_when": GapWords(_("When and where is missing."), _("Name the day and the place.")),
    "note_asked": GapWords(
        _("What you ask is missing."), _("Say what the other side should do, or “for information”.")
    ),
}
