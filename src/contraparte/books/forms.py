"""Forms of books: what is typed becomes the plain values the actions take; the rules refuse, not the forms."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from contraparte.books.models import Book
from contraparte.books.rules.dates import DateFormat
from contraparte.books.search import Inquiry

SERIAL = forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"})


class SearchForm(forms.Form):
    """A damaged serial, what else is known of the gun, and why it is asked."""

    serial = forms.CharField(
        label=_("Serial as read"),
        max_length=120,
        widget=SERIAL,
        help_text=_("? one unread character, * an unread run, [8B] one of these."),
    )
    maker = forms.CharField(label=_("Maker"), max_length=120, required=False)
    type = forms.CharField(label=_("Type"), max_length=60, required=False)
    caliber = forms.CharField(label=_("Calibre"), max_length=60, required=False)
    model = forms.CharField(label=_("Model"), max_length=60, required=False)
    purpose = forms.CharField(label=_("Purpose"), max_length=120)
    case = forms.CharField(label=_("Case"), max_length=120)

    def inquiry(self) -> Inquiry:
        """What is asked. Raises what `SerialPattern.parse` raises."""
        told: dict[str, Any] = self.cleaned_data
        return Inquiry.read(
            told["serial"], maker=told["maker"], type=told["type"], caliber=told["caliber"], model=told["model"]
        )


class ImportForm(forms.Form):
    """A file for a book, and how it writes dates."""

    file = forms.FileField(label=_("File (CSV)"), help_text=_("The columns of 27 CFR 478.125, in any order."))
    dates = forms.ChoiceField(
        label=_("Dates are written"),
        required=False,
        choices=[
            ("", _("so that no doubt is possible")),
            (DateFormat.DMY.value, _("day first: 31/12/2020")),
            (DateFormat.MDY.value, _("month first: 12/31/2020")),
            (DateFormat.ISO.value, _("year first: 2020-12-31")),
        ],
    )

    def date_format(self) -> DateFormat | None:
        """The format named, if one is."""
        return DateFormat(self.cleaned_data["dates"]) if self.cleaned_data["dates"] else None


class NewBookForm(forms.ModelForm):
    """A book's name and kind."""

    class Meta:
        model = Book
        fields = ("name", "kind")
        labels = {"name": _("Name of the book"), "kind": _("What it records")}
