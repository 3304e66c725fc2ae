"""Forms of groups but for the charter: what is typed becomes the plain values the actions take."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils.translation import gettext_lazy as _

from contraparte.groups import catalogue
from contraparte.groups.messages import FIRST_DAY, FIRST_MEETING, LAST_DAY
from contraparte.groups.models import Group
from contraparte.groups.rules.charters import Text
from contraparte.groups.wording import ENDS, LEVELS, PROMISE_ACTS, WISHES

Choices = Sequence[tuple[str, Any]]
DATE = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
NOTHING: list[tuple[str, Any]] = [("", "–")]


def area(label: Any, *, length: int = 2_000, rows: int = 3, **more: Any) -> forms.CharField:
    """A text of some lines."""
    return forms.CharField(
        label=label, max_length=length, widget=forms.Textarea(attrs={"rows": rows}), **({"required": False} | more)
    )


def line(label: Any, length: int = 300, **more: Any) -> forms.CharField:
    """A text in one line."""
    return forms.CharField(label=label, max_length=length, **({"required": False} | more))


def day(label: Any, *, first: date = FIRST_DAY, **more: Any) -> forms.DateField:
    """A calendar day within the years a message may name."""
    bounds = [MinValueValidator(first), MaxValueValidator(LAST_DAY - timedelta(days=2))]
    return forms.DateField(label=label, widget=DATE, validators=bounds, **({"required": False} | more))


def set_choices(form: forms.Form, **choices: Iterable[tuple[str, Any]]) -> None:
    """Give fields of a form their choices."""
    for name, told in choices.items():
        found = form.fields[name]
        assert isinstance(found, forms.ChoiceField)
        found.choices = list(told)


def kind_choices() -> Choices:
    """Kinds of groups in the reader's language."""
    return [(code, catalogue.in_language(kind)) for code, kind in catalogue.kinds().items()]


def framework_choices() -> Choices:
    """The framework tree, each line moved in under the one it hangs on."""
    return [
        ("", _("under no goal of the framework")),
        *(
            (code, f"{'– ' * node.depth}{code} {catalogue.in_language(node)} ({LEVELS[node.level]})")
            for code, node in catalogue.framework().items()
        ),
    ]


def group_name(row: Group) -> str:
    """The name of a group in the reader's language."""
    return catalogue.in_language(Text(row.name_en, row.name_es)) or str(row.uuid)[:8]


class FoundForm(forms.Form):
    """A group that is proposed."""

    counterpart = forms.ChoiceField(label=_("With which post"))
    name_en = line(_("Name in English"))
    name_es = line(_("Name in Spanish"))
    kind = forms.ChoiceField(label=_("Kind of group"))
    framework = forms.ChoiceField(label=_("Under which goal"), required=False)
    succeeds = forms.MultipleChoiceField(
        label=_("Takes over the open commitments of"), required=False, widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, *args: Any, posts: Choices, groups: Iterable[Group], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        before = [(str(row.pk), group_name(row)) for row in groups]
        set_choices(
            self, counterpart=[*NOTHING, *posts], kind=kind_choices(), framework=framework_choices(), succeeds=before
        )
        if not before:
            del self.fields["succeeds"]


class ReasonForm(forms.Form):
    """Why."""

    reason = area(_("Reason"), required=True, help_text=_("The other side reads it."))


class WishForm(forms.Form):
    """Keep, refocus or conclude."""

    wish = forms.ChoiceField(label=_("Decision"), choices=[*NOTHING, *WISHES.items()])
    note = line(_("In words"), 2_000, help_text=_("The other side reads it."))


class FrameworkForm(forms.Form):
    """Agree to the goal of the framework, or disown it."""

    agreed = forms.ChoiceField(
        label=_("Word of your side"), choices=[("yes", _("We agree to it")), ("no", _("We disown it"))]
    )
    note = line(_("In words"), 2_000, help_text=_("The other side reads it."))


class EndForm(forms.Form):
    """How the group ends."""

    how = forms.ChoiceField(label=_("How it ends"), choices=[*NOTHING, *ENDS.items()])
    into = forms.ChoiceField(
        label=_("The group that takes over"), required=False,
        help_text=_("Its open commitments go there. Empty where it is concluded."),
    )  # fmt: skip
    reason = area(_("Reason"), help_text=_("The other side reads it."))

    def __init__(self, *args: Any, groups: Iterable[Group], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        set_choices(self, into=[*NOTHING, *((str(row.pk), group_name(row)) for row in groups)])


class ReconveneForm(forms.Form):
    """When a silent group meets again; the agenda comes from what it left open."""

    day = day(_("Day"), first=FIRST_MEETING + timedelta(days=1), required=True)
    begins = forms.TimeField(label=_("Begins at"), widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"))
    hours = forms.IntegerField(label=_("Hours it lasts"), min_value=1, max_value=12)
    # What the action names and this form asks in other words.
    FIELDS = {"starts": "day", "ends": "hours"}

    def times(self, zone: str) -> tuple[datetime, datetime]:
        """Beginning and end in the time zone of the group."""
        told = self.cleaned_data
        starts = datetime.combine(told["day"], told["begins"], tzinfo=ZoneInfo(zone))
        return starts, starts + timedelta(hours=told["hours"])


class PromiseForm(forms.Form):
    """A promise outside a meeting."""

    text_en = area(_("Commitment in English"), rows=2)
    text_es = area(_("Commitment in Spanish"), rows=2)
    owner = forms.ChoiceField(label=_("Which post owns it"))
    due_on = day(_("Due"), required=True)
    one_sided = forms.BooleanField(
        label=_("Of one side only"), required=False,
        help_text=_("A national step of reform: it is reported, and the other side does not verify it."),
    )  # fmt: skip
    FIELDS = {"text": "text_en"}

    def __init__(self, *args: Any, posts: Choices, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        set_choices(self, owner=posts)


class TakeForm(forms.Form):
    """What happens with a promise."""

    do = forms.ChoiceField(label=_("What happened"), required=True)
    due_on = day(_("New day"), help_text=_("To carry it only; the days it was due before stay visible."))
    owner = forms.ChoiceField(label=_("New owner"), required=False, help_text=_("To hand it on only."))
    note = area(_("In words"), help_text=_("The other side reads it. A new day needs a reason."))

    def __init__(self, *args: Any, allowed: Iterable[str], posts: Choices, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        acts = list(allowed)
        set_choices(self, do=[(act, PROMISE_ACTS[act]) for act in acts], owner=[*NOTHING, *posts])
        if "carry" not in acts:
            del self.fields["due_on"]
        if "hand" not in acts:
            del self.fields["owner"]


class FigureForm(forms.Form):
    """A figure of a goal that is a count or a level."""

    value = line(_("Figure"), 40, required=True, help_text=_("Digits, with a point for decimals: 12.5"))
    since = day(_("First day"), help_text=_("Of a count."))
    until = day(_("Last day"), required=True, help_text=_("Last day the count covers, or the day of the level."))
    source = line(_("Source of the figure"))
    incomparable = forms.BooleanField(
        label=_("Not comparable with the baseline"), required=False,
        help_text=_("Another instrument or another way of counting."),
    )  # fmt: skip
    note = area(_("In words"), rows=2)

    def facts(self) -> dict[str, Any]:
        """What the action takes."""
        told = dict(self.cleaned_data)
        return told | {"comparable": not told.pop("incomparable")}


class MilestoneForm(forms.Form):
    """Whether a milestone is done, or when it is expected."""

    done_on = day(_("Done on"))
    expected_on = day(_("Expected on"), help_text=_("Where it is not done yet."))
    note = area(_("In words"), rows=2)

    def facts(self) -> dict[str, Any]:
        """What the action takes."""
        return dict(self.cleaned_data)
