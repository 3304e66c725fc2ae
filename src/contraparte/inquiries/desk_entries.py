"""What the desk shows of inquiries: titles, next steps, and words for fields, values, policies and stages."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from urllib.parse import urlencode

from django.urls import reverse
from django.utils import timezone
from django.utils.functional import lazy
from django.utils.translation import gettext_lazy as _

from contraparte.desk.registry import GroupWork, Step, Text
from contraparte.desk.rights_words import VALUES as DESK_VALUES
from contraparte.directory.models import Tenure
from contraparte.exchange.models import Conversation
from contraparte.inquiries import queries
from contraparte.inquiries.catalogue import catalogue
from contraparte.inquiries.standings import standing_of, standings_of
from contraparte.inquiries.wording import (
    FAMILIES,
    OUTCOMES,
    PERSON_STATES,
    RIGHTS,
    STATES,
    STEPS,
    TONGUES,
    URGENCIES,
    VERDICTS,
    WAYS,
    WAYS_ON,
    entry_words,
)
from contraparte.web.permissions import may

MAIN = frozenset({"acknowledge", "clarification", "answer", "verify", "confirm", "agree"})


def titles(conversations: Sequence[Conversation], tenure: Tenure) -> Mapping[int, str]:
    """Our own number of each thread, with what kind of inquiry it is."""
    found = queries.of_conversations([one.pk for one in conversations])
    return {pk: f"{FAMILIES[one.family]} {one.reference}" for pk, one in found.items()}


def page_of(conversation: Conversation) -> str:
    """Our own page about a thread, or ""."""
    found = queries.of_conversation(conversation)
    return reverse("inquiries:inquiry", args=[found.pk]) if found else ""


def new_request(post: str) -> str:
    """Where a request to that post is begun."""
    return f"{reverse('inquiries:new')}?{urlencode({'to': post})}"


def matters_of_group(names: Sequence[str], agency: str, tenure: Tenure) -> list[GroupWork]:
    """The inquiries with an agency that name a working group, as far as this tenure may open them."""
    if not may(tenure, "inquiries.view"):
        return []
    rows = list(
        queries.inquiries_of(tenure)
        .filter(group__in=names, counterpart__startswith=f"{agency}/")
        .order_by("-opened_at", "-pk")[: queries.ROWS]
    )
    told = standings_of(rows, timezone.now())
    return [
        GroupWork(
            f"{FAMILIES[row.family]} {row.reference}",
            STATES[told[row.pk].fold.state],
            reverse("inquiries:inquiry", args=[row.pk]),
            row.conversation_id,
        )
        for row in rows
    ]


def steps(conversation: Conversation, tenure: Tenure, now: datetime) -> Sequence[Step]:
    """The steps open now, to who may take them."""
    found = queries.of_conversation(conversation)
    if found is None or not may(tenure, "inquiries.step"):
        return ()
    return [
        Step(STEPS[name], reverse("inquiries:step", args=[found.pk, name]), main=name in MAIN)
        for name in standing_of(found, now).steps
    ]


def _catalogue_text(kind: str, code: str) -> str:
    return entry_words(getattr(catalogue(), kind)[code])


_catalogue_words = lazy(_catalogue_text, str)


def _entries(pointer: str, kind: str) -> dict[str, Text]:
    return {f"{pointer}={code}": _catalogue_words(kind, code) for code in getattr(catalogue(), kind)}


FIELD_WORDS: dict[str, Text] = {
    "/instrument": _("Instrument"),
    "/article": _("Article"),
    "/requesting_authority": _("Requesting authority"),
    "/competent_authority": _("Competent authority"),
    "/urgency": _("Urgency"),
    "/due_on": _("Needed by"),
    "/due_reason": _("Reason for the date"),
    "/facts": _("Facts"),
    "/files": _("SHA-256 of a file"),
    "/files/*": _("SHA-256 of a file"),
    "/purpose": _("Purpose"),
    "/formalities": _("Formalities wanted"),
    "/confidentiality": _("Confidentiality and its reason"),
    "/attendance": _("Attendance of officials"),
    "/offences/*": _("Offence"),
    "/offences/*/code": _("Offence"),
    "/offences/*/text": _("Text of the law"),
    "/offences/*/jurisdiction": _("Where it applies"),
    "/measures/*": _("Measure"),
    "/measures/*/number": _("Measure number"),
    "/measures/*/code": _("Measure"),
    "/measures/*/object": _("What exactly"),
    "/measures/*/nexus": _("Nexus to the case"),
    "/measures/*/dual": _("Offence on the other side"),
    **{f"/{kind}/*{part}": name for part in ("", "/name") for kind, name in (
        ("subjects", _("Person")), ("victims", _("Victim")), ("minors", _("Minor")))},
    **{f"/{kind}/*/born": _("Date of birth") for kind in ("subjects", "victims", "minors")},
    **{f"/{kind}/*/status": _("Standing in the case") for kind in ("subjects", "victims", "minors")},
    "/translation/language": _("Language of the translation"),
    "/translation/sha256": _("SHA-256 of the translation"),
    "/translation/certified_by": _("Translation certified by"),
    "/translation/certified_on": _("Translation certified on"),
    "/letter/written_in": _("Written in"),
    "/letter/dated": _("Date of the letter"),
    "/letter/signer": _("Who signs"),
    "/letter/version": _("Version of the letter (SHA-256)"),
    "/letter/signed_sha256": _("SHA-256 of the signed copy"),
    "/letter/texts/*": _("Translation"),
    "/letter/texts/*/name": _("Translated text"),
    "/letter/texts/*/text": _("Translation"),
    "/spoken/by": _("Made by word of mouth by"),
    "/spoken/to": _("Taken by"),
    "/spoken/at": _("Spoken at"),
    "/rights": _("For a second look"),
    "/rights/*": _("For a second look"),
    "/group": _("Working group"),
    "/follows": _("Thread it follows"),
    "/follows_reference": _("Follows"),
    "/question": _("Question"),
    "/send_on_to": _("To be sent on to"),
    "/verdict": _("Word of the other side"),
    "/subject": _("Subject"),
    "/what": _("What happened"),
    "/when": _("When and where"),
    "/asked": _("What is asked"),
    "/step": _("Stage"),
    "/text": _("Text"),
    "/to": _("Competent post"),
    "/ground": _("Ground"),
    "/review_on": _("Looked at again on"),
    "/estimate": _("New estimate"),
    "/results/*": _("Result"),
    "/results/*/number": _("Measure number"),
    "/results/*/outcome": _("Outcome"),
    "/results/*/ground": _("Ground"),
    "/results/*/text": _("Result"),
    "/way": _("How it was used"),
    "/outcome_due": _("Outcome to be told by"),
}  # fmt: skip

VALUE_WORDS: dict[str, Text] = {
    **_entries("/instrument", "instruments"),
    **_entries("/offences/*/code", "offences"),
    **_entries("/measures/*/code", "measures"),
    # Grounds on which a permission is refused too are worded by the desk.
    **{code: words for code, words in _entries("/ground", "grounds").items() if code not in DESK_VALUES},
    **_entries("/results/*/ground", "grounds"),
    **{f"/urgency={code}": text for code, text in URGENCIES.items()},
    **{f"/rights/*={code}": text for code, text in RIGHTS.items()},
    **{f"/results/*/outcome={code}": text for code, text in OUTCOMES.items()},
    **{f"/way={code}": text for code, text in WAYS.items()},
    **{f"/verdict={code}": text for code, text in (VERDICTS | WAYS_ON).items()},
    **{f"/letter/written_in={code}": text for code, text in TONGUES.items()},
    **{f"/step={code}": STEPS[code] for code in ("assess", "execute")},
    **{
        f"/{kind}/*/status={code}": text
        for kind in ("subjects", "victims", "minors")
        for code, text in PERSON_STATES.items()
    },
}

POLICY_WORDS: dict[str, Text] = {
    "inquiry-words-need-approval": _("What is asked, answered or decided leaves once an authorising person approves."),
    "inquiry-rights-need-a-second-look": _("Where rights are at risk, a second person looks before it leaves."),
    "inquiry-steps-go-alone": _("Steps that only move the work go out by the officer's own hand."),
    "inquiry-request-tells-the-case": _("A request tells the case it belongs to."),
    "inquiry-answer-tells-what-was-found": _("An answer tells what was found."),
    "inquiry-steps-tell-why": _("A step tells its reason."),
    "letter.unsigned": _(
        "The instrument asks for a signed letter, and no signed copy of this very version is here."
        " Take it in on the page of the letter."
    ),
}

STAGE_WORDS: dict[str, Text] = {
    "inquiry": _("answer to the inquiry"),
    "acknowledge": _("acknowledgement of the letter"),
    "decide": _("decision on the letter"),
    "execute": _("carrying it out"),
    "clarification": _("clarification"),
    "conditions": _("word on the conditions"),
    "consultation": _("word on the consultation"),
    "review": _("review of the postponement"),
    "verify": _("verification of the answer"),
    "redo": _("new answer"),
    "use": _("feedback on the use"),
}

CLOSE_WORDS: dict[str, Text] = {"inquiry.close/1": _("the inquiry was closed")}
