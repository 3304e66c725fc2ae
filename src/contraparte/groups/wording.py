"""Words for the codes of this room, in the reader's language."""

from collections.abc import Mapping
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

Text = str | Promise
Words = Mapping[str, Text]

STATES: Final[Words] = {
    "proposed": pgettext_lazy("group", "proposed"),
    "chartering": pgettext_lazy("group", "charter being agreed"),
    "provisional": pgettext_lazy("group", "provisional charter"),
    "active": pgettext_lazy("group", "active"),
    "dormant": pgettext_lazy("group", "dormant"),
    "rechartering": pgettext_lazy("group", "dormant, new charter being agreed"),
    "concluded": pgettext_lazy("group", "concluded"),
    "replaced": pgettext_lazy("group", "replaced"),
    "merged": pgettext_lazy("group", "merged"),
}
STATE_LOOKS: Final[Mapping[str, str]] = {
    "active": "proven", "dormant": "danger", "rechartering": "danger", "concluded": "stopped", "replaced": "stopped",
    "merged": "stopped",
}  # fmt: skip

BEATS: Final[Words] = {
    "held": pgettext_lazy("meeting", "held by both sides"),
    "held_informal": pgettext_lazy("meeting", "one-sided or below quorum"),
    "not_held": pgettext_lazy("meeting", "missed"),
    "canceled": pgettext_lazy("meeting", "canceled"),
}

MEETINGS: Final[Words] = {
    **BEATS,
    "invited": pgettext_lazy("meeting", "called"),
    "agenda_out": pgettext_lazy("meeting", "called, with agenda"),
    "recording": pgettext_lazy("meeting", "attendance to be recorded"),
    "moved": pgettext_lazy("meeting", "moved"),
}

VERDICTS: Final[Words] = {
    "achieved": pgettext_lazy("goal", "achieved"),
    "on_track": pgettext_lazy("goal", "on track"),
    "behind": pgettext_lazy("goal", "behind"),
    "no_detectable_change": pgettext_lazy("goal", "no detectable change"),
    "worse": pgettext_lazy("goal", "worse"),
    "not_comparable": pgettext_lazy("goal", "not comparable"),
    "too_few_events": pgettext_lazy("goal", "too few events to tell"),
    "unmeasured": pgettext_lazy("goal", "not measured yet"),
}
VERDICT_LOOKS: Final[Mapping[str, str]] = {
    "achieved": "proven", "on_track": "proven", "behind": "waiting", "worse": "danger", "not_comparable": "stopped",
    "unmeasured": "stopped",
}  # fmt: skip

PROMISE_STATES: Final[Words] = {
    "open": pgettext_lazy("promise", "open"),
    "accepted": pgettext_lazy("promise", "accepted by its owner"),
    "in_progress": pgettext_lazy("promise", "in progress"),
    "done_claimed": pgettext_lazy("promise", "reported done, to be verified"),
    "verified": pgettext_lazy("promise", "verified"),
    "reopened": pgettext_lazy("promise", "reopened"),
    "reported": pgettext_lazy("promise", "reported done (one-sided)"),
    "dropped": pgettext_lazy("promise", "dropped by agreement"),
}
PROMISE_LOOKS: Final[Mapping[str, str]] = {
    "verified": "proven", "done_claimed": "waiting", "reopened": "waiting", "dropped": "stopped", "reported": "stopped",
}  # fmt: skip
PROMISE_ACTS: Final[Words] = {
    "accept": pgettext_lazy("promise", "Accept it"),
    "begin": pgettext_lazy("promise", "Work has begun"),
    "claim": pgettext_lazy("promise", "It is done"),
    "verify": pgettext_lazy("promise", "Verified: it is done"),
    "reopen": pgettext_lazy("promise", "Not done: open it again"),
    "carry": pgettext_lazy("promise", "Carry to a new day"),
    "hand": pgettext_lazy("promise", "Hand to another post"),
    "drop": pgettext_lazy("promise", "Agree to drop it"),
}

MEASURES: Final[Words] = {
    "count": _("count of events"),
    "level": _("level reached"),
    "milestone": _("milestone, done or not"),
}
RULES: Final[Words] = {
    "consensus": _("consensus"),
    "majority_each_side": _("majority of each side"),
    "chairs": _("both co-chairs agree"),
}
UNITS: Final[Words] = {"week": _("weeks"), "month": _("months")}
HANDLING: Final[Words] = {
    "H0": _("H0 · only to prevent or combat crime"),
    "H1": _("H1 · not in court without permission"),
    "H2": _("H2 · not passed on without permission"),
    "H3": _("H3 · further conditions, in words"),
}
WISHES: Final[Words] = {
    "keep": pgettext_lazy("extent", "keep"),
    "refocus": pgettext_lazy("extent", "refocus"),
    "conclude": pgettext_lazy("extent", "conclude"),
}
ENDS: Final[Words] = {
    "concluded": _("It has done its work: conclude it"),
    "replaced": _("Another group replaces it"),
    "merged": _("It is merged into another group"),
}
FRAMEWORK_WORDS: Final[Words] = {"agreed": _("agreed to"), "disowned": _("disowned")}
LEVELS: Final[Words] = {
    "goal": pgettext_lazy("framework", "goal"),
    "area": pgettext_lazy("framework", "area"),
    "objective": pgettext_lazy("framework", "objective"),
    "action": pgettext_lazy("framework", "action"),
}

#: What is wrong with a field of a charter, with the remedy.
GAPS: Final[Words] = {
    "missing": _("Missing. A charter cannot be approved without it."),
    "sponsor_is_chair": _("The sponsor chairs the group. Choose another post: who approves does not run it."),
    "not_positive": _("At least 1."),
    "unknown": _("Not known here. Choose one of the list."),
    "one_language": _("Written in one language only. Both sides read it better in both."),
    "past": _("The day is past. Choose one that lies ahead."),
    "too_far": _("More than three years ahead. A charter is reviewed within three years."),
    "repeated": _("Two goals have the same key. Remove one and add it again."),
    "another_group_has_it": _("Another group has this objective. Agree which of the two keeps it, or merge them."),
    "no_number": _("Not a number. Write digits, with a point for decimals: 12.5"),
    "no_change": _("Target and baseline are the same. Say what shall change."),
    "no_count": _("A count is a whole number, 0 or more."),
    "too_few_to_see": _(
        "So few events cannot show this change: chance alone moves them as much. Agree on a greater change, a longer "
        "baseline, or a milestone."
    ),
}

#: Why a word moves nothing.
CROSSED: Final[Words] = {
    "base": _("the text it was written on had changed meanwhile"),
    "another_waits": _("another proposal was there first and still waited"),
    "charter_closed": _("the proposal had been decided already"),
    "minutes_final": _("the minutes were final already"),
    "said_already": _("that side had said so already"),
    "gaps": _("the charter lacked something"),
    "ended": _("the group had ended"),
    "meeting_off": _("the meeting was off"),
    "begun": _("the meeting had begun"),
    "not_held": _("the meeting was not held"),
    "not_yet": _("the meeting had not begun"),
    "too_late": _("it came too late"),
    "handling": _("it asked for more protection than the charter gives"),
    "commitment_act": _("the commitment did not allow that step any more"),
}

OWED: Final[Words] = {
    "charter": _("A charter waits for your approval"),
    "charter_gaps": _("The proposed charter lacks something"),
    "end": _("The other side asks to end the group"),
    "authorise": _("A meeting waits for your authorisation"),
    "attend": _("Record who of your side was there"),
    "minutes": _("Minutes wait for your word"),
    "minutes_missing": _("Minutes are to be written"),
}

FIELDS: Final[Words] = {
    "name": _("Name of the group"),
    "kind": _("Kind of group"),
    "purpose": _("Purpose"),
    "scope": _("In scope"),
    "out_of_scope": _("Out of scope"),
    "chairs": _("Co-chairs"),
    "sponsors": _("Sponsors"),
    "members": _("Members"),
    "cadence": _("Meets every"),
    "quorum": _("Quorum of each side"),
    "rule": _("Decision rule"),
    "handling": _("Handling level"),
    "time_zone": _("Time zone"),
    "review_on": _("Reviewed by"),
    "provisional": _("Provisional"),
    "goals": _("Goals"),
    "statement": _("Statement"),
    "indicator": _("Indicator"),
    "measure": _("Kind of goal"),
    "baseline": _("Baseline"),
    "baseline_days": _("Days the baseline covers"),
    "baseline_on": _("Day of the baseline"),
    "target": _("Target"),
    "due_on": _("Due"),
    "source": _("Source of the figure"),
    "owner": _("Owner"),
    "baseline_owed_by": _("Who owes the baseline"),
    "one_sided": _("Goal of one side only"),
    "key": _("Key"),
}


def words(table: Words, code: str) -> Text:
    """The words of a code; a code nobody worded stands as it is, with blanks."""
    return table.get(code) or code.replace("_", " ")
