"""The payloads an inquiry speaks: what each carries, bounded, and the data class of every field for the gate.

    who asks → who is asked    inquiry.request/1 (police)   inquiry.letter/1   inquiry.note/1   inquiry.spontaneous/1
                               .draft/1 (before it is sent)
                               .clarification/1 .agree/1 .consult_reply/1 .confirm/1 .verify/1 .reject/1 .use/1
                               .withdraw/1 .close/1
    who is asked → who asks    .comment/1 (on a draft)
                               .acknowledge/1 .progress/1 .clarify/1 .transfer/1 .conditions/1 .consult/1 .accept/1
                               .refuse/1 .postpone/1 .delay/1 .part/1 .answer/1

Unknown fields are kept (`extra="allow"`, invariant 9) and have no data class, so no node sends them on.
"""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Any, Final, Literal

from pydantic import Field

from contraparte.protocol.payload import Payload

MAX_ROWS: Final = 24  # offences, measures or persons of one request

MAX_FILES: Final = 512  # of the answers to one request that a step names

Short = Annotated[str, Field(max_length=60)]
#: The working group a matter belongs to, by the name both sides know it by.
Group = Annotated[str, Field(max_length=120)]
Line = Annotated[str, Field(max_length=300)]
Words = Annotated[str, Field(max_length=8000)]
Hash = Annotated[str, Field(pattern=r"^([0-9a-f]{64})?$")]


class Offence(Payload):
    """An offence: its code, the text of the law, and where that law applies."""

    code: Short
    text: Words = ""
    jurisdiction: Line = ""


class Measure(Payload):
    """What is asked: the exact thing, how it belongs to the case, and the offence on the other side.

    `number` names it in answers, from 1; a measure that was held back keeps its number.
    """

    number: Annotated[int, Field(ge=1, le=MAX_ROWS)]
    code: Short
    object: Words = ""
    nexus: Words = ""
    dual: Words = ""


class Person(Payload):
    """A person of the case. Victims and minors stand under names of their own, so that policy never mistakes them."""

    name: Line = ""
    born: date | None = None
    status: Literal["", "suspect", "victim", "witness", "third_party", "unknown"] = ""


class Spoken(Payload):
    """That the request was first made by word of mouth: by whom, to whom, when."""

    by: Line
    to: Line = ""
    at: datetime | None = None


class Translation(Payload):
    """The certified translation that goes with it, by its hash."""

    language: Short = ""
    sha256: Hash = ""
    certified_by: Line = ""
    certified_on: date | None = None


class LetterText(Payload):
    """One text of the letter in its other language, named as the rules of translation name it."""

    name: Short
    text: Words


class LetterPart(Payload):
    """What makes a letter of it: the language it was written in, its day, who signs, and its other language.

    `version` is the SHA-256 of all it says in both languages, `signed_sha256` of the signed copy of that version.
    """

    written_in: Literal["en", "es"]
    dated: date
    signer: Line = ""
    version: Hash = ""
    signed_sha256: Hash = ""
    texts: Annotated[list[LetterText], Field(max_length=200)] = []


class InquiryRequest(Payload):
    """`inquiry.request/1` and `inquiry.letter/1`: everything a request says. `follows` is the thread of its lead."""

    reference: Short
    instrument: Short
    article: Line = ""
    requesting_authority: Line = ""
    competent_authority: Line = ""
    urgency: Literal["routine", "urgent", "at_hand"] = "routine"
    urgent_reason: Words = ""
    due_on: date | None = None
    due_reason: Words = ""
    offences: Annotated[list[Offence], Field(max_length=MAX_ROWS)] = []
    facts: Words = ""
    purpose: Words = ""
    measures: Annotated[list[Measure], Field(max_length=MAX_ROWS)] = []
    subjects: Annotated[list[Person], Field(max_length=MAX_ROWS)] = []
    victims: Annotated[list[Person], Field(max_length=MAX_ROWS)] = []
    minors: Annotated[list[Person], Field(max_length=MAX_ROWS)] = []
    formalities: Words = ""
    confidentiality: Words = ""
    attendance: Words = ""
    translation: Translation | None = None
    letter: LetterPart | None = None
    spoken: Spoken | None = None
    rights: Annotated[list[Short], Field(max_length=8)] = []
    follows: Short = ""
    follows_reference: Short = ""
    group: Group = ""


class SharedDraft(InquiryRequest):
    """`inquiry.draft/1`: a request as it stands, shown before it is sent. It asks nothing yet and starts no clock.

    `send_on_to` is the post abroad to which the reader, an agency of the same country, is asked to send it on.
    """

    question: Words = ""
    send_on_to: Annotated[str, Field(max_length=106)] = ""


class InquiryNote(Payload):
    """`inquiry.note/1`: a small matter in four fields. `matter` is its kind, kept also where nobody here knows it."""

    reference: Short
    instrument: Short = "liaison_note"
    matter: Short = ""
    subject: Line
    what: Words = ""
    when: Line = ""
    asked: Words = ""


class Step(Payload):
    """What every later step may say. `reference` is the number at the side that takes it."""

    reference: Short = ""


class Comment(Step):
    """`inquiry.comment/1`: the word on a shown draft: whether it is complete, taken up, or sent on."""

    verdict: Literal["complete", "incomplete", "taken_up", "sent_on"]
    text: Words = ""


class Acknowledge(Step):
    """`inquiry.acknowledge/1`: taken up, under a number of its own."""


class Progress(Step):
    """`inquiry.progress/1`: the work has come to a stage: it is being assessed, or carried out."""

    step: Literal["assess", "execute"]


Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
Files = Annotated[list[Sha256], Field(max_length=MAX_FILES)]


class Verify(Step):
    """`inquiry.verify/1`: the answer is what was asked for. `files`: SHA-256 of each file that came with it, proven."""

    files: Files = []


class Said(Step):
    """A step that says something: a question, an answer to one, conditions, a reason."""

    text: Words


class Reject(Said):
    """`inquiry.reject/1`: the answer goes back. `files`: SHA-256 of each file that goes back with it."""

    files: Files = []


class Remark(Step):
    """A step that needs no words and may have some."""

    text: Words = ""


class Transfer(Step):
    """`inquiry.transfer/1`: another post is competent; the requester may ask there."""

    to: Line
    text: Words = ""


class Refuse(Step):
    """`inquiry.refuse/1`: the ground, and in words why."""

    ground: Short
    text: Words = ""


class Postpone(Step):
    """`inquiry.postpone/1`: why, and when it is looked at again."""

    text: Words
    review_on: date


class Delay(Step):
    """`inquiry.delay/1`: why it takes longer, and the new estimate."""

    text: Words
    estimate: date


class MeasureResult(Payload):
    """What came of one measure."""

    number: Annotated[int, Field(ge=1, le=MAX_ROWS)]
    outcome: Literal["done", "nothing_found", "refused", "not_held"]
    ground: Short = ""
    text: Words = ""


class Answer(Step):
    """`inquiry.part/1` and `inquiry.answer/1`: what is answered, by measure, under its own marking."""

    text: Words = ""
    results: Annotated[list[MeasureResult], Field(max_length=MAX_ROWS)] = []


class Use(Step):
    """`inquiry.use/1`: what became of the answer. `outcome_due` is when its outcome will be told."""

    used: bool = False
    way: Literal["", "investigation", "prevention", "court_file"] = ""
    text: Words = ""
    outcome_due: date | None = None


def ground_of_refusal(refused: Mapping[str, Any]) -> str:
    """The ground on which an `inquiry.refuse/1` refuses."""
    return str(refused.get("ground", ""))


def was_used(told: Mapping[str, Any]) -> bool:
    """Whether an `inquiry.use/1` tells of a use."""
    return told.get("used") is True


REFERENCES: Final = {"/reference": "administrative"}
SAID: Final = {**REFERENCES, "/text": "case"}
VERIFY_CLASSES: Final = {**REFERENCES, "/files": "administrative", "/files/*": "administrative"}
REJECT_CLASSES: Final = {**SAID, "/files": "administrative", "/files/*": "administrative"}
REQUEST_CLASSES: Final = {
    **REFERENCES,
    **{f"/{name}": "administrative" for name in ("instrument", "article", "urgency", "due_on", "follows", "group")},
    "/follows_reference": "administrative",
    "/requesting_authority": "administrative",
    "/competent_authority": "administrative",
    **{f"/{name}": "case" for name in ("urgent_reason", "due_reason", "facts", "purpose", "formalities")},
    "/confidentiality": "case",
    "/attendance": "case",
    "/offences/*/*": "case",
    "/measures/*/number": "administrative",
    "/measures/*/code": "administrative",
    "/measures/*/*": "case",
    "/translation/*": "administrative",
    "/letter/*": "administrative",
    "/letter/texts/*/name": "administrative",
    "/letter/texts/*/text": "case",
    "/spoken/*": "case",
    "/rights": "rights",
    "/rights/*": "rights",
    "/subjects/*/*": "person",
    "/victims/*/*": "victim",
    "/minors/*/*": "minor",
}
NOTE_CLASSES: Final = {
    **REFERENCES,
    "/instrument": "administrative",
    "/matter": "administrative",
    "/subject": "case",
    "/what": "case",
    "/when": "event",
    "/asked": "case",
}
SHARED_CLASSES: Final = {**REQUEST_CLASSES, "/question": "case", "/send_on_to": "administrative"}
COMMENT_CLASSES: Final = {**SAID, "/verdict": "administrative"}
PROGRESS_CLASSES: Final = {**REFERENCES, "/step": "administrative"}
TRANSFER_CLASSES: Final = {**SAID, "/to": "administrative"}
REFUSE_CLASSES: Final = {**SAID, "/ground": "administrative"}
POSTPONE_CLASSES: Final = {**SAID, "/review_on": "administrative"}
DELAY_CLASSES: Final = {**SAID, "/estimate": "administrative"}
ANSWER_CLASSES: Final = {
    **SAID,
    "/results/*/number": "administrative",
    "/results/*/outcome": "administrative",
    "/results/*/ground": "administrative",
    "/results/*/text": "case",
}
USE_CLASSES: Final = {
    **SAID,
    "/used": "administrative",
    "/way": "administrative",
    "/outcome_due": "administrative",
}
