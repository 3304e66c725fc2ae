"""The hand-over pack as a tagged PDF in both languages (PDF/UA-1): an annex to the record of hand-over.

Facts in, bytes out: the same pack gives the same bytes. Both halves have the same numbered sections and rows and bear
the SHA-256 of the pack. Texts reach typst as data, never as markup.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from django.utils.translation import override

from contraparte.directory.calendars import zone_of
from contraparte.directory.models import Departure, Pack
from contraparte.protocol.encoding import parse_instant
from contraparte.web.letters import LANGUAGES, day_in_words

WORDS: Final = {
    "title": ("Hand-over of a post: what is open", "Entrega-recepción de un puesto: asuntos en trámite"),
    "annex": ("Annex to the record of hand-over", "Anexo del acta de entrega-recepción"),
    "post": ("Post", "Puesto"),
    "agency": ("Agency", "Institución"),
    "leaves": ("Who leaves", "Quien entrega"),
    "takes": ("Who takes over", "Quien recibe"),
    "until": ("Access ends", "Fin del acceso"),
    "made": ("Inventory taken", "Inventario al"),
    "note": ("Note of who leaves", "Nota de quien entrega"),
    "none": ("Nothing.", "Nada."),
    "more": ("Further ones, not listed here", "Otros, que no se enlistan aquí"),
    "since": ("since", "desde"),
    "due": ("due", "vence"),
    "with": ("with", "con"),
    "restricted": ("Restrictions", "Condiciones"),
    "nobody": ("not named yet", "sin designar"),
    "signature": ("Name and signature", "Nombre y firma"),
    "version": ("Version of the inventory (SHA-256)", "Versión del inventario (SHA-256)"),
    "page": ("page", "página"),
    "ack": ("Taken over, acknowledged", "Recibido, con acuse"),
}


def print_pack(departure: Departure, pack: Pack, *, acknowledged_at: datetime | None) -> bytes:
    """The pack on paper."""
    import typst

    halves = [_half(departure, pack, number, language, acknowledged_at) for number, language in enumerate(LANGUAGES)]
    told = {"halves": halves, "title": " · ".join(WORDS["title"])}
    return bytes(
        typst.compile(
            (Path(__file__).parent / "pack.typ").read_bytes(),
            format="pdf",
            ignore_system_fonts=True,  # the same paper everywhere
            sys_inputs={"pack": json.dumps(told, ensure_ascii=False)},
            pdf_standards="ua-1",
            timestamp=pack.made_at.replace(microsecond=0),
        )
    )


def _half(
    departure: Departure, pack: Pack, number: int, language: str, acknowledged_at: datetime | None
) -> dict[str, Any]:
    words = {name: both[number] for name, both in WORDS.items()}
    post, zone = departure.post, zone_of(departure.post.time_zone)

    def at(moment: datetime) -> str:
        local = moment.astimezone(zone)
        return f"{day_in_words(local.date(), language)}, {local:%H:%M} ({post.time_zone})"

    named = "name_es" if language == "es" else "name_en"
    successor = departure.successor.person if departure.successor is not None else None
    facts = [
        (words["post"], f"{getattr(post, named)} ({post.pk})"),
        (words["agency"], getattr(post.agency, named)),
        (words["leaves"], str(departure.tenure.person)),
        (words["takes"], str(successor) if successor is not None else words["nobody"]),
        (words["until"], at(departure.tenure.ends or departure.leaves_at)),
        (words["made"], at(pack.made_at)),
    ]
    if acknowledged_at is not None:
        facts.append((words["ack"], at(acknowledged_at)))
    with override(language):
        sections = [
            {
                "title": section["label"][language],
                "rows": [_row(row, language, words, at) for row in section["rows"]],
                "more": section["more"],
            }
            for section in pack.sections
        ]
    note = departure.note.split("\n") if departure.note else []
    return {
        "language": language, "words": words, "facts": facts, "sections": sections, "note": note,
        "version": pack.sha256,
    }  # fmt: skip


def _row(row: Mapping[str, Any], language: str, words: Mapping[str, str], at: Any) -> dict[str, str]:
    facts = [row["detail"][language]]
    if row["waits_on"][language]:
        facts.append(f"{words['with']} {row['waits_on'][language]}")
    for name in ("since", "due"):
        if row[name]:
            facts.append(f"{words[name]} {at(parse_instant(row[name], name))}")
    return {
        "title": row["title"][language],
        "facts": "; ".join(filter(None, facts)),
        "marking": row["marking"][language],
    }
