"""The form of a charter and of its goals. Nothing is required here: the rules name what is missing, all at once."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, Final

from django import forms
from django.utils.translation import gettext_lazy as _

from contraparte.groups.forms import NOTHING, Choices, area, day, kind_choices, line, set_choices
from contraparte.groups.rules.charters import Charter, Gap, Goal
from contraparte.groups.rules.words import SIDES, Side, other
from contraparte.groups.wording import GAPS, HANDLING, MEASURES, RULES, UNITS, words

MOST_GOALS: Final = 60
TEXTS: Final = ("name", "purpose", "scope", "out_of_scope")
GOAL_TEXTS: Final = ("statement", "indicator", "source")


class CharterForm(forms.Form):
    """What a charter says, but for its goals."""

    name_en = line(_("Name in English"))
    name_es = line(_("Name in Spanish"))
    kind = forms.ChoiceField(label=_("Kind of group"), required=False)
    purpose_en = area(_("Purpose in English"))
    purpose_es = area(_("Purpose in Spanish"))
    scope_en = area(_("In scope, in English"))
    scope_es = area(_("In scope, in Spanish"))
    out_of_scope_en = area(_("Out of scope, in English"))
    out_of_scope_es = area(_("Out of scope, in Spanish"))
    sponsor_ours = forms.ChoiceField(
        label=_("Sponsor of this side"), required=False, help_text=_("The post that approves the charter here.")
    )
    sponsor_theirs = forms.ChoiceField(label=_("Sponsor of the other side"), required=False)
    members = forms.MultipleChoiceField(
        label=_("Members besides the co-chairs"), required=False, widget=forms.SelectMultiple(attrs={"size": 6}),
        help_text=_("Posts that take part and read the group."),
    )  # fmt: skip
    every = forms.IntegerField(label=_("Meets every"), required=False, min_value=1, max_value=60)
    unit = forms.ChoiceField(label=_("Weeks or months"), required=False, choices=list(UNITS.items()))
    quorum = forms.IntegerField(
        label=_("Quorum of each side"), required=False, min_value=0, max_value=60,
        help_text=_("Posts of each side that must be there."),
    )  # fmt: skip
    rule = forms.ChoiceField(label=_("Decision rule"), required=False, choices=[*NOTHING, *RULES.items()])
    handling = forms.MultipleChoiceField(
        label=_("Handling level"), required=False, choices=list(HANDLING.items()), widget=forms.CheckboxSelectMultiple
    )
    time_zone = forms.ChoiceField(
        label=_("Time zone"), required=False, help_text=_("Days of the group begin and end there.")
    )
    review_on = day(_("Reviewed by"))
    provisional = forms.BooleanField(
        label=_("Provisional"), required=False,
        help_text=_("Ends by itself after 90 days. Baselines may be owed by a post."),
    )  # fmt: skip

    def __init__(
        self, *args: Any, own: Choices, theirs: Choices, members: Choices, zones: Iterable[str], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        zone_choices = [("", "–"), *((zone, zone.replace("_", " ")) for zone in zones)]
        set_choices(
            self, kind=kind_choices(), sponsor_ours=[*NOTHING, *own], sponsor_theirs=[*NOTHING, *theirs],
            members=members, time_zone=zone_choices,
        )  # fmt: skip

    def plain(self, side: Side, chairs: Mapping[Side, str]) -> dict[str, Any]:
        """The charter as it travels, without goals."""
        told = self.cleaned_data
        every = told.get("every")
        sponsors = {side: told.get("sponsor_ours", ""), other(side): told.get("sponsor_theirs", "")}
        return {
            **{name: _text(told, name) for name in TEXTS},
            "kind": told.get("kind", ""),
            "chairs": dict(chairs),
            "sponsors": {whose: post for whose, post in sponsors.items() if post},
            "members": told.get("members", []),
            "cadence": {"every": every, "unit": told.get("unit") or "month"} if every else None,
            "quorum": told.get("quorum") or 0,
            "rule": told.get("rule", ""),
            "handling": told.get("handling", []),
            "time_zone": told.get("time_zone", ""),
            "review_on": _day(told.get("review_on")),
            "provisional": told.get("provisional", False),
        }


class GoalForm(forms.Form):
    """One goal."""

    key = forms.CharField(required=False, max_length=40, widget=forms.HiddenInput)
    statement_en = area(_("Statement in English"), rows=2)
    statement_es = area(_("Statement in Spanish"), rows=2)
    indicator_en = line(_("Indicator in English"))
    indicator_es = line(_("Indicator in Spanish"))
    measure = forms.ChoiceField(label=_("Kind of goal"), required=False, choices=list(MEASURES.items()))
    baseline = line(_("Baseline"), 20)
    baseline_days = forms.IntegerField(
        label=_("Days the baseline covers"), required=False, min_value=1, max_value=3_660, help_text=_("Of a count.")
    )
    baseline_on = day(_("Day of the baseline"), help_text=_("Of a level."))
    baseline_owed_by = forms.ChoiceField(
        label=_("Who owes the baseline"), required=False, help_text=_("Where a provisional charter lacks it.")
    )
    target = line(_("Target"), 20)
    due_on = day(_("Due"))
    source_en = line(_("Source of the figure, in English"))
    source_es = line(_("Source of the figure, in Spanish"))
    owner = forms.ChoiceField(label=_("Owner"), required=False)
    one_sided = forms.ChoiceField(label=_("Goal of one side only"), required=False)
    drop = forms.BooleanField(label=_("Leave this goal out"), required=False)

    def __init__(self, *args: Any, posts: Choices, side: Side, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        sides = [("", _("of both sides")), (side, _("of this side")), (other(side), _("of the other side"))]
        set_choices(self, owner=[*NOTHING, *posts], baseline_owed_by=[*NOTHING, *posts], one_sided=sides)

    def plain(self) -> dict[str, Any]:
        """The goal as it travels."""
        told = self.cleaned_data
        return {
            **{name: _text(told, name) for name in GOAL_TEXTS},
            **{name: str(told.get(name, "")).strip() for name in ("key", "baseline", "target")},
            "measure": told.get("measure") or "count",
            "baseline_days": told.get("baseline_days") or 365,
            "baseline_on": _day(told.get("baseline_on")),
            "due_on": _day(told.get("due_on")),
            "owner": told.get("owner", ""),
            "baseline_owed_by": told.get("baseline_owed_by", ""),
            "one_sided": told.get("one_sided") or None,
        }


def typed_charter(charter: Charter, side: Side) -> dict[str, Any]:
    """A charter as the form shows it."""
    return {
        **{f"{name}_{tongue}": getattr(getattr(charter, name), tongue) for name in TEXTS for tongue in ("en", "es")},
        "kind": charter.kind,
        "sponsor_ours": charter.sponsors.get(side, ""),
        "sponsor_theirs": charter.sponsors.get(other(side), ""),
        "members": list(charter.members),
        "every": charter.cadence.every if charter.cadence else None,
        "unit": charter.cadence.unit if charter.cadence else "month",
        "quorum": charter.quorum,
        "rule": charter.rule or "",
        "handling": list(charter.handling),
        "time_zone": charter.time_zone,
        "review_on": charter.review_on,
        "provisional": charter.provisional,
    }


def typed_goal(goal: Goal) -> dict[str, Any]:
    """A goal as the form shows it."""
    texts = {f"{name}_{tongue}": getattr(getattr(goal, name), tongue) for name in GOAL_TEXTS for tongue in ("en", "es")}
    same = ("key", "measure", "baseline", "baseline_days", "baseline_on", "target", "due_on", "owner")
    return {
        **texts,
        **{name: getattr(goal, name) for name in same},
        "baseline_owed_by": goal.baseline_owed_by,
        "one_sided": goal.one_sided or "",
    }


def new_key(taken: Iterable[str]) -> str:
    """A key for one more goal."""
    held = set(taken)
    return next(key for key in (f"g{n}" for n in range(1, 10_000)) if key not in held)


def blame(form: CharterForm, goals: Sequence[GoalForm], found: Iterable[Gap], side: Side) -> list[tuple[str, str]]:
    """Put every gap at its field; what only warns comes back as (field, words)."""
    warnings: list[tuple[str, str]] = []
    for gap in found:
        target, name = _place(form, goals, gap.field, side)
        text = str(words(GAPS, gap.code))
        if gap.warns:
            label = str(target.fields[name].label) if name in target.fields else ""
            warnings.append((label, text))
        else:
            target.add_error(name if name in target.fields else None, text)
    return warnings


def _place(form: CharterForm, goals: Sequence[GoalForm], path: str, side: Side) -> tuple[forms.Form, str]:
    """The form and field a path of the charter stands in."""
    head, _dot, rest = path.partition(".")
    if head == "goals" and rest:
        index, _dot, name = rest.partition(".")
        return goals[int(index)], _field(name, GOAL_TEXTS)
    if head == "sponsors" and rest in SIDES:
        return form, "sponsor_ours" if rest == side else "sponsor_theirs"
    return form, {"cadence": "every"}.get(path) or _field(path, TEXTS)


def _field(path: str, texts: Sequence[str]) -> str:
    name, _dot, tongue = path.partition(".")
    return f"{name}_{tongue or 'en'}" if name in texts else name


def _text(told: Mapping[str, Any], name: str) -> dict[str, str]:
    return {tongue: str(told.get(f"{name}_{tongue}", "")).strip() for tongue in ("en", "es")}


def _day(value: date | None) -> str | None:
    return value.isoformat() if value else None
