"""Forms of inquiries: what is typed becomes plain JSON; the rules say what is missing, not the forms."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from contraparte.directory.models import Post
from contraparte.inquiries.catalogue import catalogue
from contraparte.inquiries.messages import MAX_ROWS
from contraparte.inquiries.rules.completeness import RIGHTS as RIGHT_CODES
from contraparte.inquiries.wording import PERSON_STATES, RIGHTS, URGENCIES, entry_words

DATE = forms.DateInput(attrs={"type": "date"})
MOMENT = forms.DateTimeInput(attrs={"type": "datetime-local"})
HANDLING = [
    ("H0", _("H0 · only to prevent or combat crime")),
    ("H1", _("H1 · not in court without permission")),
    ("H2", _("H2 · not passed on without permission")),
    ("H3", _("H3 · other, as the text says")),
]
SOURCES = [
    ("", "–"),
    ("A", _("A · no doubt")),
    ("B", _("B · mostly reliable")),
    ("C", _("C · mostly not reliable")),
    ("X", _("X · cannot be judged")),
]
INFORMATION = [
    ("", "–"),
    ("1", _("1 · known to be true")),
    ("2", _("2 · known to the source itself")),
    ("3", _("3 · heard, and supported")),
    ("4", _("4 · cannot be judged")),
]

#: Which fields a form shows, by what it is based on.
MAIN = ("case_number", "group")
URGENT = ("urgency", "urgent_reason", "due_on", "due_reason")
MARKED = ("handling", "handling_text")
GRADED = ("source_grade", "information_grade")
SECTIONS: dict[str, dict[str, tuple[str, ...]]] = {
    "police": {
        "who": MAIN, "when": URGENT, "oral": ("is_oral", "oral_by", "oral_to", "oral_at"),
        "what": ("facts", "purpose"), "marking": (*MARKED, *GRADED), "rights": ("rights",),
    },
    "letter": {
        "who": (*MAIN, "article", "requesting_authority", "competent_authority"), "when": URGENT,
        "what": ("facts", "purpose", "formalities", "confidentiality", "attendance"),
        "translation": ("translation_language", "translation_hash", "translated_by", "translated_on"),
        "marking": MARKED, "rights": ("rights",),
    },
    "spontaneous": {
        "who": MAIN, "what": ("facts", "purpose"), "marking": (*MARKED, *GRADED), "rights": ("rights",),
    },
    "note": {
        "who": MAIN, "note": ("note_matter", "note_subject", "note_what", "note_when", "note_asked"), "marking": MARKED,
    },
}  # fmt: skip
ROWS_OF: dict[str, tuple[str, ...]] = {
    "police": ("offences", "measures", "persons"),
    "letter": ("offences", "measures", "persons"),
    "spontaneous": ("offences", "persons"),
    "note": (),
}


def _text(label: Any, rows: int = 0, length: int = 300, **more: Any) -> forms.CharField:
    widget = forms.Textarea(attrs={"rows": rows}) if rows else forms.TextInput()
    return forms.CharField(label=label, max_length=8000 if rows else length, required=False, widget=widget, **more)


class CodesField(forms.MultipleChoiceField):
    """Several codes; one that nobody defined is refused by the rules, with their words, not by the form."""

    def valid_value(self, value: Any) -> bool:
        return True


class InquiryForm(forms.Form):
    """Everything a request may say; which of it is shown depends on what it is based on."""

    instrument = forms.ChoiceField(label=_("Based on"), required=False)
    counterpart = forms.ChoiceField(label=_("Addressed to"), required=False)
    case_number = _text(_("Own case number"), length=120, help_text=_("Stays here; the other side does not see it."))
    group = _text(
        _("Working group"), length=120, help_text=_("Where the matter belongs to one; the other side reads its name.")
    )
    article = _text(_("Article of the instrument"))
    requesting_authority = _text(_("Requesting authority"))
    competent_authority = _text(_("Competent authority there"))
    urgency = forms.ChoiceField(label=_("Urgency"), choices=list(URGENCIES.items()), required=False, initial="routine")
    urgent_reason = _text(_("Reason for the urgency"), 2)
    due_on = forms.DateField(label=_("Needed by"), required=False, widget=DATE)
    due_reason = _text(_("Reason for the date"))
    is_oral = forms.BooleanField(label=_("It was made by word of mouth first"), required=False)
    oral_by = _text(_("Who spoke"))
    oral_to = _text(_("Who took it there"))
    oral_at = forms.DateTimeField(label=_("When"), required=False, widget=MOMENT)
    facts = _text(_("Facts"), 5)
    purpose = _text(_("Purpose"), 2, help_text=_("What the answer will be used for."))
    formalities = _text(_("Formalities wanted"), 2, help_text=_("What the answer needs to be admitted here."))
    confidentiality = _text(_("Confidentiality and its reason"), 2)
    attendance = _text(_("Attendance of officials"), 2)
    translation_language = _text(_("Language of the translation"), length=60)
    translation_hash = forms.RegexField(
        r"^[0-9a-f]{64}$", label=_("SHA-256 of the certified translation"), required=False,
        error_messages={"invalid": _("A SHA-256 is 64 digits of 0–9 and a–f; copy it from the file.")},
    )  # fmt: skip
    translated_by = _text(_("Certified by"))
    translated_on = forms.DateField(label=_("Certified on"), required=False, widget=DATE)
    handling = CodesField(
        label=_("Handling restrictions"), choices=HANDLING, required=False, widget=forms.CheckboxSelectMultiple
    )
    handling_text = _text(_("Text of H3"))
    source_grade = forms.ChoiceField(label=_("Source"), choices=SOURCES, required=False)
    information_grade = forms.ChoiceField(label=_("Information"), choices=INFORMATION, required=False)
    rights = forms.MultipleChoiceField(
        label=_("Rights screen"), choices=[(code, RIGHTS[code]) for code in RIGHT_CODES if code != "minor"],
        required=False, widget=forms.CheckboxSelectMultiple,
        help_text=_("What is ticked is looked at by a second authorising person before it leaves."),
    )  # fmt: skip
    note_matter = forms.ChoiceField(label=_("Kind of matter"), required=False)
    note_subject = _text(_("Subject"))
    note_what = _text(_("What happened"), 3)
    note_when = _text(_("When and where"))
    note_asked = _text(_("What is asked"), 2)

    def __init__(self, *args: Any, posts: Sequence[Post], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        kinds = [(code, entry_words(one)) for code, one in catalogue().instruments.items()]
        _choose(self, "instrument", [("", "–"), *kinds])
        named = [(post.pk, f"{post.agency.country.upper()} · {_named(post.agency)} · {_named(post)}") for post in posts]
        _choose(self, "counterpart", [("", "–"), *named])
        matters = [(code, entry_words(one)) for code, one in catalogue().matters.items()]
        _choose(self, "note_matter", [("", "–"), *matters])

    def typed(self) -> dict[str, Any]:
        """What was typed, as JSON. Only for a form that is valid."""
        return {name: _plain(value) for name, value in self.cleaned_data.items() if value not in (None, "", [], False)}


def _choose(form: forms.Form, name: str, choices: list[Any]) -> None:
    field = form.fields[name]
    assert isinstance(field, forms.ChoiceField)
    field.choices = choices


def _named(thing: Any) -> str:
    from django.utils.translation import get_language

    return str(thing.name_es if (get_language() or "en").startswith("es") else thing.name_en)


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date | datetime) else value


class OffenceForm(forms.Form):
    """One offence."""

    code = forms.ChoiceField(label=_("Offence"), required=False)
    text = _text(_("Text of the law"), 2)
    jurisdiction = _text(_("Where it applies"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _choose(self, "code", [("", "–"), *((code, entry_words(one)) for code, one in catalogue().offences.items())])


class MeasureForm(forms.Form):
    """One measure asked for."""

    code = forms.ChoiceField(label=_("Measure"), required=False)
    object = _text(_("What exactly"), 2)
    nexus = _text(_("Nexus to the case"), 2)
    dual = _text(_("Offence on the other side"), 2)

    def __init__(self, *args: Any, family: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fitting = [(code, one) for code, one in catalogue().measures.items() if not family or family in one.families]
        _choose(self, "code", [("", "–"), *((code, entry_words(one)) for code, one in fitting)])


class PersonForm(forms.Form):
    """One person of the case."""

    name = _text(_("Name"))
    born = forms.DateField(label=_("Date of birth"), required=False, widget=DATE)
    status = forms.ChoiceField(
        label=_("Standing in the case"), choices=[("", "–"), *PERSON_STATES.items()], required=False
    )
    minor = forms.BooleanField(label=_("A minor"), required=False)


ROW_FORMS: Mapping[str, type[forms.Form]] = {
    "offences": OffenceForm,
    "measures": MeasureForm,
    "persons": PersonForm,
}


def row_set(kind: str, data: Any, typed: Mapping[str, Any], *, family: str, more: bool) -> Any:
    """The rows of a kind as a formset: bound to `data`, else filled from `typed`; `more` adds an empty one."""
    if data is not None and more:
        data = data.copy()
        total = str(data.get(f"{kind}-TOTAL_FORMS", "0"))
        data[f"{kind}-TOTAL_FORMS"] = str(min((int(total) if total.isdigit() else 0) + 1, MAX_ROWS))
    rows = list(typed.get(kind, ()))
    made = forms.formset_factory(
        ROW_FORMS[kind], extra=0 if rows else 1, max_num=MAX_ROWS, absolute_max=MAX_ROWS, validate_max=True
    )
    extra: dict[str, Any] = {"form_kwargs": {"family": family}} if kind == "measures" else {}
    # A bound row that equals its initial value would count as not filled in.
    return made(data, initial=(rows or None) if data is None else None, prefix=kind, **extra)


def rows_typed(formset: Any) -> list[dict[str, Any]]:
    """What was typed in the rows of a valid formset; rows left empty are no rows."""
    rows = []
    for form in formset.forms:
        row = {name: _plain(value) for name, value in form.cleaned_data.items() if value not in (None, "", False)}
        if row:
            rows.append(row)
    return rows


# --- steps ---

Make = Callable[[], forms.Field]


def _words(label: Any, *, required: bool = True) -> Make:
    return lambda: forms.CharField(
        label=label, max_length=8000, required=required, widget=forms.Textarea(attrs={"rows": 4})
    )


def _day(label: Any, *, required: bool = True) -> Make:
    return lambda: forms.DateField(label=label, required=required, widget=DATE)


def _choice(label: Any, choices: Callable[[], list[Any]], *, required: bool = True) -> Make:
    return lambda: forms.ChoiceField(label=label, choices=[("", "–"), *choices()], required=required)


def _grounds() -> list[Any]:
    return [(code, entry_words(one)) for code, one in catalogue().grounds.items()]


def _ways() -> list[Any]:
    from contraparte.inquiries.wording import WAYS

    return list(WAYS.items())


STEP_FIELDS: dict[str, dict[str, Make]] = {
    "clarify": {"text": _words(_("What must be clarified"))},
    "clarification": {"text": _words(_("Clarification"))},
    "conditions": {"text": _words(_("Conditions"))},
    "consult": {"text": _words(_("What stands in the way"))},
    "consult_reply": {"text": _words(_("Your word on it"))},
    "withdraw": {"text": _words(_("Reason"))},
    "reject": {"text": _words(_("What is missing or wrong"))},
    "accept": {"text": _words(_("Remark"), required=False)},
    "confirm": {"text": _words(_("Remark"), required=False)},
    "transfer": {
        "to": lambda: forms.ChoiceField(label=_("Competent post")),
        "text": _words(_("Reason"), required=False),
    },
    "refuse": {"ground": _choice(_("Ground"), _grounds), "text": _words(_("In words"))},
    "postpone": {"text": _words(_("Reason")), "review_on": _day(_("Looked at again on"))},
    "delay": {"text": _words(_("Reason")), "estimate": _day(_("New estimate"))},
    "part": {"text": _words(_("Answer"), required=False)},
    "answer": {"text": _words(_("Answer"), required=False)},
    "use": {
        "used": _choice(_("Was it used?"), lambda: [("yes", _("yes")), ("no", _("no"))]),
        "way": _choice(_("How"), _ways, required=False),
        "text": _words(_("In words")),
        "outcome_due": _day(_("Outcome to be told by"), required=False),
    },
}


class StepForm(forms.Form):
    """The small form of one step; an answer also asks what came of each measure, and for its marking."""

    def __init__(
        self, *args: Any, step: str, measures: Sequence[tuple[int, str]] = (), posts: Sequence[Post] = (),
        is_formal: bool = False, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(*args, **kwargs)
        self.numbers = [number for number, _label in measures] if step in {"part", "answer"} else []
        for name, make in STEP_FIELDS.get(step, {}).items():
            self.fields[name] = make()
        if step == "transfer":
            _choose(self, "to", [(post.pk, f"{_named(post.agency)} · {_named(post)}") for post in posts])
        if step in {"part", "answer"}:
            self._ask_for_results(measures)
            self.fields["handling"] = CodesField(
                label=_("Handling restrictions"), choices=HANDLING, required=False, widget=forms.CheckboxSelectMultiple
            )
            self.fields["handling_text"] = _text(_("Text of H3"))
            if not is_formal:
                self.fields["source_grade"] = forms.ChoiceField(label=_("Source"), choices=SOURCES, required=False)
                self.fields["information_grade"] = forms.ChoiceField(
                    label=_("Information"), choices=INFORMATION, required=False
                )

    def _ask_for_results(self, measures: Sequence[tuple[int, str]]) -> None:
        from contraparte.inquiries.wording import OUTCOMES

        for number, label in measures:
            self.fields[f"outcome_{number}"] = forms.ChoiceField(
                label=label, choices=[("", _("not in this answer")), *OUTCOMES.items()], required=False
            )
            self.fields[f"ground_{number}"] = forms.ChoiceField(
                label=_("Ground, where refused"), choices=[("", "–"), *_grounds()], required=False
            )
            self.fields[f"result_{number}"] = _text(_("Result"), 2)

    def body(self) -> dict[str, Any]:
        """What was typed, as the step's payload."""
        typed = self.cleaned_data
        told = {
            name: _plain(typed[name])
            for name in ("text", "to", "ground", "review_on", "estimate", "way", "outcome_due")
            if typed.get(name)
        }
        if "used" in typed:
            told["used"] = typed["used"] == "yes"
        results = [
            {
                "number": number,
                "outcome": typed[f"outcome_{number}"],
                "ground": typed[f"ground_{number}"] if typed[f"outcome_{number}"] == "refused" else "",
                "text": typed[f"result_{number}"],
            }
            for number in self.numbers
            if typed[f"outcome_{number}"]
        ]
        return told | ({"results": results} if results else {})

    def marked(self) -> dict[str, Any]:
        """The marking typed with an answer."""
        names = ("handling", "handling_text", "source_grade", "information_grade")
        return {name: self.cleaned_data[name] for name in names if self.cleaned_data.get(name)}
