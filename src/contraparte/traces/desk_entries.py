"""What the desk shows of traces: titles of threads, their pages, work that waits here, words for codes."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from contraparte.desk.registry import DeskItem, Text
from contraparte.directory.models import Tenure
from contraparte.exchange.models import Conversation
from contraparte.traces.custodians import named
from contraparte.traces.models import CustodianTask, Event, Hop, SameGun, Trace, Walk
from contraparte.traces.rules.countries import COUNTRIES
from contraparte.traces.rules.walk import HopState
from contraparte.traces.wording import DISPOSALS, FIELDS, RESULTS, ROLES, SERIAL_STATES, TYPES

MOST_ITEMS = 100


def titles(conversations: Sequence[Conversation], tenure: Tenure) -> Mapping[int, str]:
    """Our own number of each thread; a thread with a custodian bears the number of the walk and the custodian."""
    ids = [one.pk for one in conversations]
    told = {
        row.conversation_id: _("Trace %(reference)s") % {"reference": row.reference}
        for row in Trace.objects.filter(conversation__in=ids)
    }
    told |= {
        row.conversation_id: _("Walk %(reference)s") % {"reference": row.reference}
        for row in Walk.objects.filter(conversation__in=ids)
    }
    for hop in Hop.objects.filter(conversation__in=ids).select_related("walk"):
        told[hop.conversation_id] = f"{hop.walk.reference} · {named(hop.licence, hop.custodian).name}"
    return {pk: text for pk, text in told.items() if pk is not None}


def page_of(conversation: Conversation) -> str:
    """Our own page about a thread, or ""."""
    if trace := Trace.objects.filter(conversation=conversation).first():
        return reverse("traces:trace", args=[trace.pk])
    walk = Walk.objects.filter(conversation=conversation).order_by("-pk").first()
    if walk is None:
        hop = Hop.objects.filter(conversation=conversation).select_related("walk").first()
        walk = hop.walk if hop else None
    return reverse("traces:walk", args=[walk.pk]) if walk else ""


def questions(tenure: Tenure, now: datetime) -> Iterable[DeskItem]:
    """Questions to a custodian's book that a person decides: the gun only."""
    rows = CustodianTask.objects.filter(post_id=tenure.post_id, state=CustodianTask.State.OPEN)[:MOST_ITEMS]
    for row in rows:
        yield DeskItem(
            title=_("Where did this gun go?"),
            detail=" ".join(filter(None, (row.gun.get("serial", ""), row.gun.get("maker", "")))),
            url=reverse("traces:task", args=[row.uuid]),
            action=_("Answer"),
            since=row.opened_at,
            due_at=row.due_at,
            conversation=row.conversation_id,
        )


def calls(tenure: Tenure, now: datetime) -> Iterable[DeskItem]:
    """Custodians without a system, to be called; and warnings of the same gun, to be decided."""
    waiting = Hop.objects.filter(
        walk__post_id=tenure.post_id, state=HopState.TO_CALL.value, walk__state=Walk.State.WALKING
    ).select_related("walk")
    for hop in waiting.order_by("asked_at")[:MOST_ITEMS]:
        yield DeskItem(
            title=hop.walk.reference,
            detail=_("Call %(name)s") % {"name": named(hop.licence, hop.custodian).name},
            url=reverse("traces:assist", args=[hop.walk_id, hop.index]),
            action=_("Enter the answer"),
            since=hop.asked_at,
            urgent=hop.walk.priority == Event.Priority.URGENT,
            conversation=hop.walk.conversation_id,
        )
    undecided = SameGun.objects.filter(state=SameGun.State.OPEN, later__event__post_id=tenure.post_id)
    for row in undecided.select_related("later__event").order_by("raised_at")[:MOST_ITEMS]:
        yield DeskItem(
            title=_("The same gun twice?"),
            detail=row.later.event.reference,
            url=reverse("traces:warning", args=[row.pk]),
            action=_("Decide"),
            since=row.raised_at,
        )


FIELD_WORDS: dict[str, Text] = {name: text for name, text in FIELDS.items() if "_" in name} | {
    "serial": FIELDS["serial"],
    "serial_state": gettext_lazy("State of the serial"),
    "maker": FIELDS["maker"],
    "importer": FIELDS["importer"],
    "model": FIELDS["model"],
    "calibre": FIELDS["calibre"],
    "restoration": FIELDS["restoration"],
    "markings": FIELDS["markings"],
    "privately_made": gettext_lazy("Privately made"),
    "resubmits": gettext_lazy("Resubmissions"),
    "why_again": gettext_lazy("What is new"),
    "centre_reference": gettext_lazy("Number at the centre"),
    "disposed_on": gettext_lazy("Disposed on"),
    "custodian": gettext_lazy("Custodian"),
    "chain": gettext_lazy("Chain of custodians"),
    "first_retail_on": gettext_lazy("First retail sale"),
    "last_retail_on": gettext_lazy("Last retail sale"),
    "source_region": gettext_lazy("State of the sale"),
    "confirmed_by_person": gettext_lazy("Confirmed by a person"),
    "assisted": gettext_lazy("By telephone"),
    "adopted_as": gettext_lazy("Taken over as"),
    "duplicate_of": gettext_lazy("Same gun as"),
    "/gun/type": FIELDS["type"],
    "/gun/country": FIELDS["country"],
    "/recovery/place": FIELDS["place"],
    "/recovery/region": FIELDS["region"],
    "/possessor/name": gettext_lazy("Possessor"),
    "/possessor/born": gettext_lazy("Possessor's date of birth"),
    "/minor/name": gettext_lazy("Possessor, a minor"),
    "/minor/born": gettext_lazy("Minor's date of birth"),
    "/purchaser/name": gettext_lazy("Purchaser"),
    "/purchaser/form": gettext_lazy("Number of the form"),
    "/code": gettext_lazy("Result"),
    "/count": gettext_lazy("Number of matches"),
    "/reference": gettext_lazy("Reference"),
    "/priority": gettext_lazy("Priority"),
    "/urgent_reason": gettext_lazy("Reason for the urgency"),
    "/reason": gettext_lazy("Reason"),
    "/note": gettext_lazy("Note"),
    "/recovery/country": gettext_lazy("Country of the recovery"),
    "/chain/*": gettext_lazy("Custodian"),
    "/chain/*/custodian": gettext_lazy("Name"),
    "/chain/*/licence": gettext_lazy("Licence of the custodian"),
    "/chain/*/role": gettext_lazy("Role of the custodian"),
    "/chain/*/kind": gettext_lazy("Went to"),
    "/lines/*": gettext_lazy("Disposition"),
    "/lines/*/licence": gettext_lazy("Next licence"),
    "/lines/*/kind": gettext_lazy("Went to"),
    "/lines/*/country": gettext_lazy("Country"),
    "/lines/*/is_return": gettext_lazy("Was a return"),
}

VALUE_WORDS: dict[str, Text] = {
    **{f"/code={code.value}": words.short for code, words in RESULTS.items()},
    **{f"/gun/type={code}": text for code, text in TYPES.items()},
    **{f"/gun/serial_state={state}": text for state, text in SERIAL_STATES.items()},
    **{f"/chain/*/role={role}": text for role, text in ROLES.items()},
    **{f"{place}={kind}": text for place in ("/chain/*/kind", "/lines/*/kind") for kind, text in DISPOSALS.items()},
    **{
        f"{place}={code}": code.upper()
        for place in ("/gun/country", "/recovery/country", "/lines/*/country")
        for code in COUNTRIES
    },
    "/priority=routine": gettext_lazy("routine"),
    "/priority=urgent": gettext_lazy("urgent"),
}

POLICY_WORDS: dict[str, Text] = {
    "trace-request-needs-approval": gettext_lazy("A trace request leaves once an authorising person has approved it."),
    "trace-request-onward": gettext_lazy(
        "A walk follows an exported gun by itself, with the gun and nothing of the case."
    ),
    "trace-steps-go-alone": gettext_lazy("The steps of a walk and their answers go out by themselves."),
    "trace-request-tells-the-recovery": gettext_lazy("A request tells the gun and its recovery."),
    "trace-custodian-sees-the-gun-only": gettext_lazy("A custodian sees the gun only."),
    "trace-link-answers-the-next-link": gettext_lazy("A custodian answers with the next link."),
    "trace-purchaser-to-own-centre": gettext_lazy(
        "A purchaser's name leaves a custodian for the tracing centre of its own country only."
    ),
    "trace-result-tells-the-chain": gettext_lazy("A result tells the chain of custodians."),
    "trace-purchaser-to-requester": gettext_lazy("The purchaser goes to the post that asked and to the copies agreed."),
    "trace-cancel-tells-why": gettext_lazy("Calling a trace off tells why."),
}

STAGE_WORDS: dict[str, Text] = {
    "trace": gettext_lazy("answer to the trace"),
    "count": gettext_lazy("number of matches"),
    "link": gettext_lazy("next link"),
}

CLOSE_WORDS: dict[str, Text] = {
    "trace.link_answer/1": gettext_lazy("the next link was given"),
    "trace.adopt/1": gettext_lazy("the request was taken over"),
}
