"""Values as the pages of this room show them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from django.urls import reverse

from contraparte.books.rules.serials import read_serial
from contraparte.desk.markings import marking_words as words_of_marking
from contraparte.exchange.models import Draft
from contraparte.protocol.errors import ContraparteError
from contraparte.protocol.marking import Marking
from contraparte.traces.forms import ROW_FIELDS
from contraparte.traces.models import Event, Gun
from contraparte.traces.queries import Warned
from contraparte.traces.rules.recovery import TypedGun, read_gun
from contraparte.traces.wording import FIELDS, SERIAL_STATES, STATES, TYPES, gap_words
from contraparte.web.wording import words_of


def marking_words(marking: Mapping[str, Any]) -> str:
    """A stored marking in words, as it stands under the title."""
    return words_of_marking(Marking.from_json(dict(marking))) if marking else ""


def release_url(draft: Draft) -> str:
    """Where a draft is previewed, approved and released."""
    return reverse("desk:release", args=[draft.pk])


def conversation_url(pk: int | None) -> str:
    """The thread on the desk, or "" where there is none."""
    return reverse("desk:conversation", args=[pk]) if pk else ""


@dataclass(frozen=True, slots=True)
class Reading:
    """How a serial field is read: characters with their look-alikes, or a state to confirm, or a refusal."""

    raw: str
    characters: tuple[tuple[str, str], ...] = ()
    canonical: str = ""
    pattern: str = ""
    state: str = ""
    label: str = ""
    title: str = ""
    remedy: str = ""


def serial_reading(raw: str, typed: Mapping[str, str] | None = None) -> Reading:
    """Read what is typed so far, by the same rules as saving does."""
    if not raw.strip():
        return Reading(raw)
    gun = read_gun(TypedGun.of({**(typed or {}), "serial": raw, "country": ""}), requested_country="")
    plain = read_serial(raw)
    if plain.state is not None:
        return Reading(raw, state=plain.state.value)
    for error in gun.errors:
        if error.params.get("field") == "serial":
            told = words_of(error)
            return Reading(raw, title=told.title, remedy=told.remedy)
    doubts = {doubt.position: doubt.lookalikes for doubt in plain.doubtful}
    text = gun.serial.canonical
    return Reading(
        raw,
        characters=tuple((character, doubts.get(place, "")) for place, character in enumerate(text)),
        canonical=text,
        pattern=gun.serial.pattern,
        label=gun.serial.label,
    )


@dataclass(frozen=True, slots=True)
class Cell:
    """One field of a row."""

    name: str
    label: Any
    value: str
    error: str = ""
    remedy: str = ""


def row_context(
    event: Event,
    gun: Gun | None,
    warned: Sequence[Warned],
    *,
    typed: Mapping[str, str] | None = None,
    refusal: ContraparteError | None = None,
    row_key: str = "",
) -> dict[str, Any]:
    """One row as the page shows it: what was typed, how it is read, its gaps, warnings, and its trace."""
    said = dict(typed) if typed is not None else (gun.typed if gun else {})
    told = words_of(refusal) if refusal else None
    cells = [
        Cell(
            name,
            FIELDS[name],
            str(said.get(name, "")),
            told.title if told and told.field == name else "",
            told.remedy if told and told.field == name else "",
        )
        for name in ROW_FIELDS
    ]
    trace = getattr(gun, "trace", None) if gun else None
    state = said.get("state_confirmed", "")
    proposed = str(refusal.params.get("state", "")) if refusal and refusal.code == "trace.serial.state" else ""
    return {
        "has_more": any(cell.value or cell.error for cell in cells[6:]),
        "key": row_key or (gun.row_key if gun else f"r-{uuid4().hex[:16]}"),
        "gun": gun,
        "cells": cells,
        "is_new": gun is None,
        "is_locked": bool(trace) or bool(gun and gun.duplicate_of_id),
        "is_ready": gun is not None and is_ready(gun, warned),
        "score": gun.score if gun else 0,
        "gaps": [(FIELDS.get(name, name), gap_words(name, why), blocked) for name, why, blocked in gun.gaps]
        if gun
        else [],
        "warned": warned,
        "trace": trace,
        "trace_state": STATES.get(trace.state, "") if trace else "",
        "error": told,
        "other_error": told if told and told.field not in ROW_FIELDS else None,
        "state_confirmed": state,
        "proposed_state": proposed,
        "position": gun.position if gun else None,
        "reading": serial_reading(str(said.get("serial", "")), {k: str(v) for k, v in said.items()}) if gun else None,
    }


def is_ready(gun: Gun, warned: Sequence[Warned]) -> bool:
    """Whether a request may be drafted for a row: whole, no warning undecided, none drafted yet."""
    is_whole = not any(blocked for _field, _why, blocked in gun.gaps)
    return is_whole and not warned and not hasattr(gun, "trace") and gun.duplicate_of_id is None


def gun_words(gun: Mapping[str, Any]) -> list[tuple[Any, str]]:
    """A described gun as pairs of name and text, in a fixed order, the empty ones left out."""
    names = ("serial", "serial_state", "maker", "model", "type", "calibre", "country", "importer", "markings")
    words: dict[str, Callable[[str], Any]] = {
        "serial_state": lambda code: SERIAL_STATES.get(code, code),
        "type": lambda code: TYPES.get(code, code),
        "country": str.upper,
    }
    return [
        (FIELDS.get(name, FIELDS["serial"]), str(words.get(name, str)(str(gun[name]))))
        for name in names
        if gun.get(name)
    ]
