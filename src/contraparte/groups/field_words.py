"""The names of the fields of this room's messages, for the pages that show a message field by field."""

from collections.abc import Iterator
from typing import Final

from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from contraparte.desk.registry import Text
from contraparte.groups.wording import FIELDS

_LANGUAGES: Final = {"en": _("in English"), "es": _("in Spanish")}
_SIDES: Final = {"a": _("side that proposed the group"), "b": _("other side")}


def _texts(pointer: str, name: Text) -> Iterator[tuple[str, Text]]:
    """A text in both languages."""
    yield pointer, name
    for code, language in _LANGUAGES.items():
        yield f"{pointer}/{code}", format_lazy("{name} ({language})", name=name, language=language)


def _sides(pointer: str, name: Text) -> Iterator[tuple[str, Text]]:
    """A post of each side."""
    for side, whose in _SIDES.items():
        yield f"{pointer}/{side}", format_lazy("{name} ({whose})", name=name, whose=whose)


FIELD_WORDS: Final[dict[str, Text]] = {
    "/turn": _("Number of the word on its side"),
    "/seen": _("Words of the other side read before"),
    **dict(_texts("/name", FIELDS["name"])),
    "/kind": FIELDS["kind"],
    "/framework": _("Goal of the framework"),
    "/succeeds": _("Takes over from"),
    "/succeeds/*": _("Takes over from"),
    "/required": _("Authorisation needed"),
    "/wish": _("Keep, refocus or conclude"),
    "/agreed": _("Goal of the framework agreed to"),
    "/how": _("How it ends"),
    "/into": _("Group that takes over"),
    "/base": _("Written on"),
    "/charter": _("Charter"),
    **dict(_texts("/charter/name", FIELDS["name"])),
    "/charter/kind": FIELDS["kind"],
    **dict(_texts("/charter/purpose", FIELDS["purpose"])),
    **dict(_texts("/charter/scope", FIELDS["scope"])),
    **dict(_texts("/charter/out_of_scope", FIELDS["out_of_scope"])),
    **dict(_sides("/charter/chairs", _("Co-chair"))),
    **dict(_sides("/charter/sponsors", _("Sponsor"))),
    "/charter/members": FIELDS["members"],
    "/charter/members/*": _("Member"),
    "/charter/cadence/every": FIELDS["cadence"],
    "/charter/cadence/unit": _("Weeks or months"),
    "/charter/handling/*": FIELDS["handling"],
    **{
        f"/charter/{name}": FIELDS[name]
        for name in ("quorum", "rule", "handling", "time_zone", "review_on", "provisional")
    },
    "/charter/goals": FIELDS["goals"],
    "/charter/goals/*": _("Goal"),
    **{
        key: text
        for name in ("statement", "indicator", "source")
        for key, text in _texts(f"/charter/goals/*/{name}", FIELDS[name])
    },
    **{
        f"/charter/goals/*/{name}": FIELDS[name]
        for name in (
            "key", "measure", "baseline", "baseline_days", "baseline_on", "target", "due_on", "owner",
            "baseline_owed_by", "one_sided",
        )
    },
    "/goal": _("Goal"),
    "/until": _("Up to"),
    "/comparable": _("Same instrument as the baseline"),
    "/done_on": _("Done on"),
    "/expected_on": _("Expected on"),
    "/starts": _("Begins"),
    "/ends": _("Ends"),
    "/zone": FIELDS["time_zone"],
    "/venue": _("Place"),
    "/replaces": _("Instead of the meeting"),
    "/meeting": _("Meeting"),
    **{
        key: text
        for name in ("agenda", "items")
        for key, text in (
            (f"/{name}", _("Agenda")),
            (f"/{name}/*", _("Line of the agenda")),
            (f"/{name}/*/handling", FIELDS["handling"]),
            *_texts(f"/{name}/*/text", _("Line of the agenda")),
        )
    },
    "/granted": _("Authorised"),
    "/present": _("Posts that were there"),
    "/present/*": _("Post that was there"),
    "/substitutes": _("Substitutes"),
    "/substitutes/*": _("Stood in for"),
    **{key: name for key, name in _texts("/text", _("Text")) if key != "/text"},  # "/text" is worded for inquiries
    "/decisions": _("Decisions"),
    **dict(_texts("/decisions/*", _("Decision"))),
    "/commitments": _("Commitments"),
    "/commitments/*": _("Commitment"),
    **dict(_texts("/commitments/*/text", _("Commitment"))),
    "/commitments/*/key": FIELDS["key"],
    "/commitments/*/owner": FIELDS["owner"],
    "/commitments/*/side": _("Side that promises"),
    "/commitments/*/due_on": FIELDS["due_on"],
    "/commitments/*/one_sided": _("Reported, not verified"),
    "/handling": FIELDS["handling"],
    "/minutes": _("Minutes"),
    "/commitment": _("Commitment"),
    "/do": _("Step"),
    "/owner": FIELDS["owner"],
    "/one_sided": _("Reported, not verified"),
}  # fmt: skip
