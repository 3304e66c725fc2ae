"""Forms of the letter: its other language text by text, and the signed copy."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from contraparte.inquiries.forms import DATE
from contraparte.inquiries.rules.translating import NAMES, Pair
from contraparte.inquiries.wording import TONGUES, letter_text_words
from contraparte.protocol.errors import InquiryFieldError

TEXT = "text-"


class LetterForm(forms.Form):
    """The letter's day, who signs, the other language of every text, and who certified it."""

    written_in = forms.ChoiceField(label=_("Written in"), choices=list(TONGUES.items()))
    letter_on = forms.DateField(label=_("Date of the letter"), widget=DATE)
    signer = forms.CharField(
        label=_("Who signs"), max_length=300, help_text=_("Name and office, as below the signature.")
    )
    translated_by = forms.CharField(label=_("Certified by"), max_length=300, required=False)
    translated_on = forms.DateField(label=_("Certified on"), required=False, widget=DATE)

    def __init__(self, *args: Any, pairs: Sequence[Pair], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.pairs = list(pairs)
        for pair in self.pairs:
            rows = min(8, 2 + len(pair.source) // 200)
            self.fields[TEXT + pair.name] = forms.CharField(
                label=letter_text_words(pair.name),
                max_length=8000,
                required=False,
                initial=pair.translation,
                widget=forms.TextInput() if pair.name in NAMES else forms.Textarea(attrs={"rows": rows}),
            )

    def texts(self) -> Mapping[str, str]:
        """The translations typed, by the names of their texts. Only for a form that is valid."""
        return {pair.name: str(self.cleaned_data[TEXT + pair.name]) for pair in self.pairs}

    def certified(self, certifies: bool) -> tuple[str, date | None]:
        """Who certifies the translation and on which day, or neither. Raises InquiryFieldError for half of it."""
        if not certifies:
            return "", None
        by, on = self.cleaned_data["translated_by"], self.cleaned_data["translated_on"]
        if not (by and on):
            raise InquiryFieldError(field="translated_on" if by else "translated_by")
        return str(by), on

    def beside(self) -> list[tuple[Pair, Any]]:
        """Every text with the field of its translation. Labels say which the letter needs; saving needs none."""
        for pair in self.pairs:
            self.fields[TEXT + pair.name].required = pair.is_needed
        return [(pair, self[TEXT + pair.name]) for pair in self.pairs]


class SignedForm(forms.Form):
    """What is said of a signed copy; its bytes are taken in beside the form."""

    version = forms.CharField(
        label=_("Version printed below the signature"), max_length=80,
        help_text=_("The first eight characters, read from the signed paper."),
    )  # fmt: skip
    signed_by = forms.CharField(label=_("Signed by"), max_length=300)
