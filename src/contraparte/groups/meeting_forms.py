"""Forms of meetings and minutes: what is typed becomes the plain values the actions take; the rules refuse."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, cast

from django import forms
from django.utils.translation import gettext_lazy as _

from contraparte.groups.forms import day
from contraparte.groups.meeting_wording import LENGTHS
from contraparte.groups.messages import FIRST_MEETING, MOST
from contraparte.groups.rules.local_times import Which, instant_of
from contraparte.groups.rules.words import Side, other
from contraparte.protocol.ids import country_of

Choices = Sequence[tuple[str, Any]]
CLOCK = forms.TimeInput(attrs={"type": "time"}, format="%H:%M")
MORE = 3  # empty lines a list shows, and how many more it gives at a time
LINE_MAX, WORDS_MAX, PAGES_MAX = 300, 2_000, 40_000
NOTHING: list[tuple[str, Any]] = [("", "–")]


def _area(label: Any, longest: int, rows: int, **more: Any) -> forms.CharField:
    return forms.CharField(label=label, max_length=longest, widget=forms.Textarea(attrs={"rows": rows}), **more)


class CallForm(forms.Form):
    """When and where: a local time in a zone that is named."""

    day = day(_("Day"), first=FIRST_MEETING + timedelta(days=1), required=True)
    at = forms.TimeField(label=_("Begins at"), widget=CLOCK, help_text=_("Local time of the zone below."))
    zone = forms.ChoiceField(label=_("Time zone"))
    which = forms.ChoiceField(
        label=_("Which of the two"), required=False,
        choices=[("", "–"), ("first", _("the first, before the clocks go back")),
                 ("second", _("the second, after the clocks went back"))],
    )  # fmt: skip
    length = forms.TypedChoiceField(label=_("How long"), coerce=int, choices=LENGTHS, initial=120)
    venue = forms.CharField(
        label=_("Place or link"), max_length=LINE_MAX, required=False,
        help_text=_("Both sides read it on this page. It is in no calendar file."),
    )  # fmt: skip
    anyway = forms.BooleanField(label=_("On that day all the same"), required=False)

    def __init__(self, *args: Any, zones: Sequence[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        cast(forms.ChoiceField, self.fields["zone"]).choices = [(zone, zone.replace("_", " ")) for zone in zones]

    @property
    def asks_which(self) -> bool:
        """Whether the time typed exists twice, or was said to."""
        return bool(self.errors.get("which")) or bool(self.data.get("which"))

    @property
    def asks_anyway(self) -> bool:
        """Whether the day typed is no working day on both sides."""
        return bool(self.errors.get("anyway")) or bool(self.data.get("anyway"))

    def times(self) -> tuple[datetime, datetime]:
        """Begin and end. Raises MeetingTimeMissingError, MeetingTimeTwiceError."""
        told = self.cleaned_data
        starts = instant_of(told["day"], told["at"], told["zone"], cast(Which, told["which"]))
        return starts, starts + timedelta(minutes=told["length"])


class AgendaLine(forms.Form):
    """A line of the agenda in one or both languages, with the handling it needs."""

    en = forms.CharField(label=_("In English"), max_length=LINE_MAX, required=False)
    es = forms.CharField(label=_("In Spanish"), max_length=LINE_MAX, required=False)
    handling = forms.ChoiceField(
        label=_("Handling"), initial="H0",
        error_messages={"invalid_choice": _(
            "This asks for more protection than the group's charter gives: %(value)s. Leave the line out, or agree on "
            "a charter with that handling level."
        )},
    )  # fmt: skip

    def __init__(self, *args: Any, levels: Sequence[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        cast(forms.ChoiceField, self.fields["handling"]).choices = [(level, level) for level in levels]


class DecisionLine(forms.Form):
    """A decision in one or both languages."""

    en = _area(_("In English"), WORDS_MAX, 2, required=False)
    es = _area(_("In Spanish"), WORDS_MAX, 2, required=False)


class PromiseLine(forms.Form):
    """A commitment: what, which post, until when."""

    en = _area(_("In English"), WORDS_MAX, 2, required=False)
    es = _area(_("In Spanish"), WORDS_MAX, 2, required=False)
    owner = forms.ChoiceField(label=_("Owner"), required=False)
    due_on = day(_("Due"))
    one_sided = forms.BooleanField(
        label=_("A step of that side alone: it is reported, nobody verifies it"), required=False
    )

    def __init__(self, *args: Any, owners: Choices, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        cast(forms.ChoiceField, self.fields["owner"]).choices = [*NOTHING, *owners]

    def clean(self) -> dict[str, Any]:
        """A line with words wants an owner and a day; a line without words wants nothing."""
        told = self.cleaned_data
        if _has_words(told):
            for name in ("owner", "due_on"):
                if not told.get(name) and name not in self.errors:
                    self.add_error(name, _("A commitment names the post that owns it and the day it is due."))
        elif told.get("owner") or told.get("due_on"):
            self.add_error("en", _("Say in one language at least what is promised."))
        return told


class SubstituteLine(forms.Form):
    """Who stood in for whom."""

    post = forms.ChoiceField(label=_("Came as substitute"), required=False)
    absent = forms.ChoiceField(label=_("In place of"), required=False)

    def __init__(self, *args: Any, others: Choices, named: Choices, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        cast(forms.ChoiceField, self.fields["post"]).choices = [*NOTHING, *others]
        cast(forms.ChoiceField, self.fields["absent"]).choices = [*NOTHING, *named]

    def clean(self) -> dict[str, Any]:
        """Both, or none."""
        told = self.cleaned_data
        if bool(told.get("post")) != bool(told.get("absent")):
            self.add_error(
                "absent" if told.get("post") else "post", _("Name both posts: who came, and in whose place.")
            )
        return told


class AttendForm(forms.Form):
    """Which posts of this side came."""

    present = forms.MultipleChoiceField(
        label=_("Who of this side was there"), required=False, widget=forms.CheckboxSelectMultiple
    )
    nobody = forms.BooleanField(label=_("Nobody of this side came"), required=False)

    def __init__(self, *args: Any, named: Choices, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        cast(forms.MultipleChoiceField, self.fields["present"]).choices = named


class MinutesForm(forms.Form):
    """What was said, in one or both languages."""

    en = _area(_("In English"), PAGES_MAX, 8, required=False)
    es = _area(_("In Spanish"), PAGES_MAX, 8, required=False)
    base = forms.CharField(widget=forms.HiddenInput, required=False)

    def clean(self) -> dict[str, Any]:
        """At least one language."""
        if not _has_words(self.cleaned_data):
            self.add_error("en", _("Write the text in English, in Spanish, or in both."))
        return self.cleaned_data

    def text(self) -> dict[str, str]:
        """The text in both languages."""
        return {"en": self.cleaned_data["en"], "es": self.cleaned_data["es"]}


class CancelForm(forms.Form):
    """Why it does not take place."""

    reason = _area(_("Reason"), WORDS_MAX, 3, help_text=_("The other side reads it."))


class AuthoriseForm(forms.Form):
    """Whether our people may go."""

    granted = forms.ChoiceField(
        label=_("Our part in this meeting is"), widget=forms.RadioSelect,
        choices=[("yes", _("authorised")), ("no", _("not authorised"))],
    )  # fmt: skip
    reason = _area(_("Reason"), WORDS_MAX, 2, required=False, help_text=_("The other side reads it."))


def lines(
    kind: type[forms.Form],
    prefix: str,
    data: Mapping[str, Any] | None = None,
    *,
    initial: Sequence[Mapping[str, Any]] = (),
    **options: Any,
) -> Any:
    """A list of lines with some empty ones at its end."""
    made = forms.formset_factory(kind, extra=MORE, max_num=MOST, validate_max=True, absolute_max=MOST)
    return made(data, prefix=prefix, initial=list(initial), form_kwargs=options)


def more_lines(data: Any, prefix: str) -> Any:
    """What was typed, with more empty lines of that list."""
    told = data.copy()
    count = str(told.get(f"{prefix}-TOTAL_FORMS", "0"))
    told[f"{prefix}-TOTAL_FORMS"] = str(min(MOST, (int(count) if count.isdecimal() else 0) + MORE))
    return told


def agenda_of(formset: Any) -> list[dict[str, Any]]:
    """The lines that say something, as the action takes them."""
    return [
        {"text": {"en": told["en"], "es": told["es"]}, "handling": told["handling"]}
        for told in formset.cleaned_data
        if _has_words(told)
    ]


def decisions_of(formset: Any) -> list[dict[str, str]]:
    """The decisions that say something."""
    return [{"en": told["en"], "es": told["es"]} for told in formset.cleaned_data if _has_words(told)]


def promises_of(formset: Any, *, home: str, side: Side) -> list[dict[str, Any]]:
    """The commitments; each belongs to the side of its owner. `home`: a post of `side`."""
    return [
        {
            "key": f"c{number}",
            "text": {"en": told["en"], "es": told["es"]},
            "owner": told["owner"],
            "side": side if country_of(told["owner"]) == country_of(home) else other(side),
            "due_on": told["due_on"].isoformat(),
            "one_sided": told["one_sided"],
        }
        for number, told in enumerate((one for one in formset.cleaned_data if _has_words(one)), start=1)
    ]


def substitutes_in(formset: Any) -> dict[str, str]:
    """Post → the post it stood in for."""
    return {told["post"]: told["absent"] for told in formset.cleaned_data if told.get("post")}


def _has_words(told: Mapping[str, Any]) -> bool:
    return bool((told.get("en") or "").strip() or (told.get("es") or "").strip())
