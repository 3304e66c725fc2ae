"""Forms of outcomes: what is typed becomes the plain values the actions take; the rules refuse, not the forms."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from contraparte.directory.models import Tenure
from contraparte.outcomes import queries
from contraparte.outcomes.rules.kinds import Contribution, Kind, Thing
from contraparte.outcomes.rules.lifecycle import Facts
from contraparte.outcomes.rules.quantities import Quantity
from contraparte.outcomes.rules.uses import NotUsed, Used
from contraparte.outcomes.wording import CONTRIBUTIONS, KINDS, NOT_USED, THINGS, UNITS, USED

DATE = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
WAYS = [(way.value, words) for way, words in CONTRIBUTIONS.items()]
NOTHING: list[tuple[str, Any]] = [("", "–")]


def _reason(label: Any) -> forms.CharField:
    return forms.CharField(label=label, max_length=2000, widget=forms.Textarea(attrs={"rows": 3}))


class FactsForm(forms.Form):
    """One real event: what, when, in which state, how much, who did what."""

    kind = forms.ChoiceField(label=_("What came of it"), choices=[(kind.value, words) for kind, words in KINDS.items()])
    happened_on = forms.DateField(label=_("Day"), widget=DATE)
    region = forms.CharField(
        label=_("State"), max_length=10, required=False, help_text=_("Code such as MX-SON or US-AZ; no closer place.")
    )
    what = forms.ChoiceField(
        label=_("What was seized or frozen"), required=False,
        choices=[*NOTHING, *((thing.value, words) for thing, words in THINGS.items())],
        help_text=_("For a seizure or a frozen asset only."),
    )  # fmt: skip
    quantity = forms.CharField(
        label=_("Quantity"), max_length=24, required=False, help_text=_("Digits, with a point for decimals: 12.5")
    )
    unit = forms.ChoiceField(
        label=_("Unit"), required=False, choices=[*NOTHING, *((unit.value, words) for unit, words in UNITS.items())]
    )
    ours = forms.MultipleChoiceField(
        label=_("What this side did"), choices=WAYS, required=False, widget=forms.CheckboxSelectMultiple
    )
    yours = forms.MultipleChoiceField(
        label=_("What the other side did"), choices=WAYS, required=False, widget=forms.CheckboxSelectMultiple
    )

    def facts(self) -> Facts:
        """The event as typed. Raises OutcomeFieldError."""
        told = self.cleaned_data
        number, unit = told["quantity"].strip(), told["unit"]
        region = told["region"].strip().upper()
        return Facts(
            kind=Kind(told["kind"]),
            happened_on=told["happened_on"],
            region=region,
            country=region[:2].lower(),
            what=Thing(told["what"]) if told["what"] else None,
            quantity=Quantity.parse(number, unit) if number or unit else None,
            ours=frozenset(map(Contribution, told["ours"])),
            yours=frozenset(map(Contribution, told["yours"])),
            overturned_on=told.get("overturned_on"),
        )


class ReportForm(FactsForm):
    """A first report."""

    victim = forms.BooleanField(
        label=_("A victim is to be informed of it"), required=False,
        help_text=_("Stays here: it becomes a task on this post's desk."),
    )  # fmt: skip


class CorrectForm(FactsForm):
    """The facts as they are now."""

    overturned_on = forms.DateField(
        label=_("Overturned by a court on"), required=False, widget=DATE,
        help_text=_("Then it no longer counts as what it was."),
    )  # fmt: skip
    reason = _reason(_("What has changed"))

    @staticmethod
    def typed(facts: Facts) -> dict[str, Any]:
        """Facts as the form shows them."""
        return {
            "kind": facts.kind.value,
            "happened_on": facts.happened_on,
            "region": facts.region,
            "what": facts.what.value if facts.what else "",
            "quantity": facts.quantity.number if facts.quantity else "",
            "unit": facts.quantity.unit.value if facts.quantity else "",
            "ours": sorted(facts.ours),
            "yours": sorted(facts.yours),
            "overturned_on": facts.overturned_on,
        }


class ConfirmForm(forms.Form):
    """Our part in it, and whether it is an event known already."""

    contribution = forms.MultipleChoiceField(
        label=_("What this side did"), choices=WAYS, required=False, widget=forms.CheckboxSelectMultiple
    )
    same_as = forms.ChoiceField(
        label=_("Is it an event known here already?"), required=False,
        help_text=_("Then both count as one."),
    )  # fmt: skip
    victim = forms.BooleanField(
        label=_("A victim is to be informed of it"), required=False,
        help_text=_("Stays here: it becomes a task on this post's desk."),
    )  # fmt: skip

    def __init__(self, *args: Any, alike: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["same_as"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", _("no, it is new")), *alike]
        if not alike:
            del self.fields["same_as"]


class ReasonForm(forms.Form):
    """Why."""

    reason = _reason(_("Reason"))


class InformForm(forms.Form):
    """When a victim was informed."""

    told_on = forms.DateField(label=_("Informed on"), widget=DATE)


class FeedbackForm(forms.Form):
    """What became of an answer."""

    code = forms.ChoiceField(
        label=_("What became of it"),
        choices=[
            *NOTHING,
            (_("It was used"), [(f"used:{code}", words) for code, words in USED.items()]),
            (_("It was not used"), [(f"not:{code}", words) for code, words in NOT_USED.items()]),
        ],
    )
    note = forms.CharField(
        label=_("In words"), max_length=2000, required=False, widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("The other side reads it. Name nobody."),
    )  # fmt: skip

    @property
    def used(self) -> Used | None:
        """How it was used."""
        way, _, code = self.cleaned_data["code"].partition(":")
        return Used(code) if way == "used" else None

    @property
    def not_used(self) -> NotUsed | None:
        """Why it was not."""
        way, _, code = self.cleaned_data["code"].partition(":")
        return NotUsed(code) if way == "not" else None


class LinkForm(forms.Form):
    """Decide on a link: agree with one of our cases, or end it."""

    step = forms.ChoiceField(choices=[("agree", "agree"), ("end", "end")], widget=forms.HiddenInput, required=True)
    case = forms.ChoiceField(label=_("Our case"), required=False)
    reason = forms.CharField(
        label=_("Reason"), max_length=2000, required=False, widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("The other side reads it."),
    )  # fmt: skip

    def __init__(self, *args: Any, tenure: Tenure, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["case"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [*NOTHING, *((str(row.pk), row.number) for row in queries.cases_of(tenure)[:200])]
        field.required = self.data.get("step") != "end"


class FiguresForm(forms.Form):
    """Which figures: with whom, which quarter, for whom."""

    agency = forms.ChoiceField(label=_("With"))
    quarter = forms.ChoiceField(label=_("Quarter"))
    post = forms.ChoiceField(label=_("Of"), required=False)
    public = forms.BooleanField(label=_("As published: fewer than five hidden"), required=False)

    def __init__(self, *args: Any, agencies: list[Any], quarters: list[Any], posts: list[Any], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, choices in (("agency", agencies), ("quarter", quarters), ("post", posts)):
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)
            field.choices = choices
