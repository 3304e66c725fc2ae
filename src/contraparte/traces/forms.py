"""Forms of traces: what is typed becomes the plain values the actions take; the rules refuse, not the forms."""

from datetime import datetime
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from contraparte.directory import queries as directory
from contraparte.directory.models import Tenure
from contraparte.protocol.ids import country_of
from contraparte.traces import queries
from contraparte.traces.actions.recording import EventInput, Possessor
from contraparte.traces.messages import LinkAnswer, LinkLine, PurchaserFacts
from contraparte.traces.rules.codes import DECLINE_CODES, ResultCode
from contraparte.traces.rules.disposals import DisposalKind
from contraparte.traces.rules.recovery import TypedGun
from contraparte.traces.wording import DISPOSALS, FIELDS, RESULTS
from contraparte.web.templatetags.pages import named

DATE = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
PROTECTION = [
    ("", _("no minor is concerned")),
    ("withhold", _("withhold the person")),
    ("review", _("second reviewer")),
]

# The fields of one row in the order they are typed, with the width of their column.
ROW_FIELDS = (
    "serial", "maker", "model", "type", "calibre", "country", "importer", "markings", "restoration", "serial_place",
)  # fmt: skip


def _end_today(form: forms.Form, *names: str) -> None:
    """Days that cannot lie in the future: the browser offers none, and its year takes four digits."""
    for name in names:
        form.fields[name].widget.attrs["max"] = timezone.localdate().isoformat()


class EventForm(forms.Form):
    """A recovery: case, day, place, who is asked, possessor."""

    case_number = forms.CharField(label=_("Case number or carpeta"), max_length=60, strip=True)
    recovered_on = forms.DateField(label=_("Day of the recovery"), widget=DATE)
    place = forms.CharField(label=_("Place"), max_length=200, help_text=_("Municipality and where exactly."))
    region = forms.CharField(
        label=_("State"), max_length=60, required=False, help_text=_("Code such as MX-SON; for the figures.")
    )
    requester_code = forms.CharField(label=_("Organisation code (ORI)"), max_length=60, required=False)
    crime_code = forms.CharField(label=_("Offence"), max_length=60, required=False)
    counterpart = forms.ChoiceField(label=_("Tracing centre to be asked"))
    priority = forms.ChoiceField(
        label=_("Priority"), choices=[("routine", _("routine")), ("urgent", _("urgent"))], initial="routine"
    )
    urgent_reason = forms.CharField(
        label=_("Reason for urgency"), max_length=2000, required=False, widget=forms.Textarea(attrs={"rows": 2})
    )
    possessor_name = forms.CharField(label=_("Possessor"), max_length=200, required=False)
    possessor_born = forms.DateField(label=_("Possessor's date of birth"), required=False, widget=DATE)
    protection = forms.ChoiceField(
        label=_("If the possessor is a minor"), choices=PROTECTION, required=False,
        help_text=_("A minor is withheld, or the data leave after two persons have looked."),
    )  # fmt: skip
    reviewed_by = forms.ChoiceField(label=_("Second reviewer"), required=False)

    def __init__(self, *args: Any, tenure: Tenure, now: datetime, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _end_today(self, "recovered_on", "possessor_born")
        self.reviewers = {str(one.pk): one for one in queries.reviewers(tenure, now)}
        own = country_of(tenure.post_id)
        centres = [post for post in directory.who_handles("trace.request/1") if post.agency.country != own]
        self._choices("counterpart", [(post.pk, f"{named(post)}, {named(post.agency)}") for post in centres])
        people = [(pk, f"{one.person}, {named(one.post)}") for pk, one in self.reviewers.items()]
        self._choices("reviewed_by", [("", _("nobody")), *people])

    def _choices(self, name: str, choices: list[Any]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = choices

    def event(self) -> EventInput:
        """What was typed, for `record_event`."""
        typed = self.cleaned_data
        return EventInput(
            case_number=typed["case_number"],
            recovered_on=typed["recovered_on"],
            place=typed["place"],
            counterpart=typed["counterpart"],
            crime_code=typed["crime_code"],
            requester_code=typed["requester_code"],
            region=typed["region"],
            priority=typed["priority"],
            urgent_reason=typed["urgent_reason"],
            possessor=Possessor(
                name=typed["possessor_name"],
                born=typed["possessor_born"],
                withhold=typed["protection"] == "withhold",
                reviewed_by=self.reviewers.get(typed["reviewed_by"]) if typed["protection"] == "review" else None,
            ),
        )


class ReasonForm(forms.Form):
    """A reason in words, for cancelling and refusing."""

    reason = forms.CharField(label=_("Reason"), max_length=2000, widget=forms.Textarea(attrs={"rows": 2}))


class SameGunForm(forms.Form):
    """The decision on two rows that may be one gun."""

    is_same = forms.ChoiceField(
        label=_("Is it the same gun?"), choices=[("yes", _("Yes, one gun")), ("no", _("No, two guns"))],
        widget=forms.RadioSelect(attrs={"class": "usa-radio__input"}),
    )  # fmt: skip
    true_serial = forms.CharField(label=_("True serial"), max_length=60, required=False)
    reason = forms.CharField(label=_("Reason"), max_length=2000, widget=forms.Textarea(attrs={"rows": 2}))


class GunForm(forms.Form):
    """One gun to be mended for a resubmission; what is typed is read by the same rules as a row."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in TypedGun.__dataclass_fields__:
            if name != "state_confirmed":
                self.fields[name] = forms.CharField(label=str(FIELDS[name]), max_length=200, required=False)
        self.fields["state_confirmed"] = forms.CharField(required=False, max_length=12, widget=forms.HiddenInput)
        self.fields["why"] = forms.CharField(
            label=_("What is new"), max_length=2000, widget=forms.Textarea(attrs={"rows": 2}), required=False
        )


class AssistedForm(forms.Form):
    """A custodian's answer by telephone, fax or page image, with its call log."""

    answered_by = forms.CharField(label=_("Who answered"), max_length=200, required=False)
    at = forms.CharField(label=_("When"), max_length=60, required=False, help_text=_("Day and hour of the call."))
    means = forms.ChoiceField(
        label=_("By what means"),
        choices=[("telephone", _("telephone")), ("fax", _("fax")), ("image", _("page image"))],
    )
    answer = forms.ChoiceField(label=_("Answer"))
    disposed_on = forms.DateField(label=_("Disposed on"), required=False, widget=DATE)
    licence = forms.CharField(
        label=_("Next licence"), max_length=106, required=False, help_text=_("Only for a sale to another licensee.")
    )
    country = forms.CharField(label=_("Country"), max_length=2, required=False, help_text=_("Only for a sale abroad."))
    purchaser = forms.CharField(label=_("Purchaser"), max_length=200, required=False)
    form_number = forms.CharField(label=_("Number of the form"), max_length=60, required=False)
    note = forms.CharField(
        label=_("Note to the call"), max_length=400, required=False, widget=forms.Textarea(attrs={"rows": 2})
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _end_today(self, "disposed_on")
        kinds = [(f"kind:{kind.value}", DISPOSALS[kind.value]) for kind in DisposalKind]
        codes = [(f"code:{code.value}", RESULTS[code].short) for code in ResultCode if code in DECLINE_CODES]
        field = self.fields["answer"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [(_("Where the gun went"), kinds), (_("No link"), codes)]

    def link_answer(self) -> LinkAnswer:
        """The answer as the walk takes it."""
        typed = self.cleaned_data
        what, _sep, value = typed["answer"].partition(":")
        if what == "code":
            return LinkAnswer(code=ResultCode(value), confirmed_by_person=True)
        line = LinkLine(
            kind=DisposalKind(value),
            disposed_on=typed["disposed_on"],
            licence=typed["licence"].strip(),
            country=typed["country"].strip().lower(),
        )
        purchaser = PurchaserFacts(name=typed["purchaser"].strip(), form=typed["form_number"].strip())
        is_named = bool(purchaser.name or purchaser.form)
        return LinkAnswer(lines=[line], purchaser=purchaser if is_named else None, confirmed_by_person=True)


class TaskForm(forms.Form):
    """A custodian's own decision: the line that is meant, or why none is."""

    def __init__(self, *args: Any, candidates: list[tuple[int, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [(f"line:{pk}", text) for pk, text in candidates]
        choices += [(f"code:{code.value}", str(RESULTS[code].short)) for code in ResultCode if code in DECLINE_CODES]
        self.fields["choice"] = forms.ChoiceField(label=_("Answer"), choices=choices, widget=forms.RadioSelect)

    @property
    def line(self) -> int | None:
        """The chosen line, or None where there is no link."""
        what, _sep, value = self.cleaned_data["choice"].partition(":")
        return int(value) if what == "line" else None

    @property
    def code(self) -> ResultCode | None:
        """The reason why there is no link, or None."""
        what, _sep, value = self.cleaned_data["choice"].partition(":")
        return ResultCode(value) if what == "code" else None
