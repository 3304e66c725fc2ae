"""Instruments, offences, measures, grounds and matters of notes as they ship: data with source and verification.

Nothing of this is a rule of law. An entry with `verified: false` was not read at its source; pages say so.
"""

import json
from collections.abc import Mapping
from functools import lru_cache
from importlib import resources
from typing import Any

from contraparte.inquiries.rules.catalogue import Catalogue, Ground, Instrument, Matter, Measure, Offence, Words


@lru_cache(maxsize=1)
def catalogue() -> Catalogue:
    """Everything, read once per process."""
    return Catalogue(
        instruments=_read("instruments", Instrument, {"articles": tuple, "needs": frozenset}),
        offences=_read("offences", Offence, {"screen": frozenset}),
        measures=_read("measures", Measure, {"families": frozenset, "needs": frozenset}),
        grounds=_read("grounds", Ground, {}),
        matters=_read("matters", Matter, {}),
    )


def _read(name: str, kind: type, shapes: Mapping[str, Any]) -> dict[str, Any]:
    text = resources.files("contraparte.inquiries").joinpath("data", f"{name}.json").read_text("utf-8")
    found = {}
    for entry in json.loads(text):
        plain = {key: shapes[key](value) if key in shapes else value for key, value in entry.items()}
        found[entry["code"]] = kind(**(plain | {name: Words(**entry[name]) for name in ("words", "source")}))
    return found
