"""Forms on the page of an item: what is typed becomes the plain values the actions take; the actions refuse."""

from datetime import UTC, datetime, time
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from contraparte.desk.rights_words import BASES, GROUNDS, HOLD_REASONS, KINDS, OBJECTIONS, RECALL_REASONS
from contraparte.desk.words import PURPOSES
from contraparte.directory.models import Post
from contraparte.exchange.court import COURT_CHARS
from contraparte.exchange.rules.disclosure import LINE_CHARS
from contraparte.exchange.rules.permissions import Kind

DATE = forms.DateInput(attrs={"type": "date"})
MOST_POSTS = 500  # offered in one list, by agency


def _words(label: Any) -> forms.CharField:
    area = forms.Textarea(attrs={"rows": 2, "maxlength": 1000, "class": "cp-short"})
    return forms.CharField(label=label, max_length=1000, required=False, widget=area)


class AskForm(forms.Form):
    """A request for permission."""

    kind = forms.ChoiceField(label=_("What for"), choices=list(KINDS.items()))
    recipient = forms.ChoiceField(label=_("Pass on to"), required=False)
    purpose = forms.ChoiceField(label=_("Purpose"), required=False, choices=[("", _("as marked")), *PURPOSES.items()])
    until = forms.DateField(label=_("Until the end of"), widget=DATE)
    why = _words(_("Why it is needed"))

    def __init__(self, *args: Any, spanish: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        name = "name_es" if spanish else "name_en"
        posts = Post.objects.filter(listed=True).select_related("agency").order_by("agency_id", "id")[:MOST_POSTS]
        field = self.fields["recipient"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [
            ("", _("nobody")),
            *((one.pk, f"{getattr(one, name)}, {getattr(one.agency, name)} ({one.pk})") for one in posts),
        ]

    def asked(self) -> dict[str, Any]:
        """What was typed, for `ask_permission`."""
        typed = self.cleaned_data
        return {
            "kind": Kind(typed["kind"]),
            "recipients": [typed["recipient"]] if typed["recipient"] else [],
            "purposes": [typed["purpose"]] if typed["purpose"] else [],
            "until": datetime.combine(typed["until"], time(23, 59, 59), UTC),
            "why": typed["why"],
        }


class RefuseForm(forms.Form):
    """A no to a request for permission."""

    ground = forms.ChoiceField(label=_("Ground"), choices=list(GROUNDS.items()))
    note = _words(_("Note to who asked"))


class RecallForm(forms.Form):
    """A recall."""

    reason = forms.ChoiceField(label=_("Reason"), choices=list(RECALL_REASONS.items()))
    note = _words(_("Note to who holds it"))


class CourtForm(forms.Form):
    """A court file the item was put into."""

    court = forms.CharField(label=_("Court and file number"), max_length=COURT_CHARS)
    filed_on = forms.DateField(label=_("Filed on"), widget=DATE)


class HoldForm(forms.Form):
    """A legal hold."""

    reason = forms.ChoiceField(label=_("Reason"), choices=list(HOLD_REASONS.items()))
    review_on = forms.DateField(label=_("Looked at again on"), widget=DATE)


class DutyForm(forms.Form):
    """A declaration that law or a court obliges to disclose: article or order in a line, no facts of a case."""

    basis = forms.ChoiceField(label=_("What obliges you"), choices=list(BASES.items()))
    citation = forms.CharField(
        label=_("Article or order"), max_length=LINE_CHARS,
        help_text=_(
            "In one line, as a court cites it. The other side reads it: name no person and no fact of the case."
        ),
    )  # fmt: skip
    court = forms.CharField(
        label=_("Court that ordered it"), max_length=LINE_CHARS, required=False, help_text=_("For an order only.")
    )
    dated = forms.DateField(
        label=_("Date of the order"), required=False, widget=DATE, help_text=_("For an order only.")
    )


class ConfirmDutyForm(CourtForm):
    """The second person's yes: the court file, and that the objection, if there is one, was read."""

    objection = forms.CharField(required=False, widget=forms.HiddenInput)
    read = forms.BooleanField(label=_("I have read the objection of who sent it"), required=False)

    def confirmed(self) -> dict[str, Any]:
        """What was typed, for `confirm_duty`."""
        typed = self.cleaned_data
        read = typed["objection"] if typed["read"] else ""
        return {"court": typed["court"], "filed_on": typed["filed_on"], "objection_read": read}


class ObjectForm(forms.Form):
    """An objection of who sent the item."""

    ground = forms.ChoiceField(label=_("Ground"), choices=list(OBJECTIONS.items()))
    note = _words(_("Note to who must confirm it"))
