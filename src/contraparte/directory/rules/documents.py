"""Reading documents that somebody signed: bounded, without ambiguity, unknown fields kept.

The spelling (strict JSON, one meaning for the same bytes) is `protocol.encoding`; this module adds the shapes and
turns whatever is wrong into one error that names the JSON path.
"""

from datetime import datetime
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError

from contraparte.protocol.encoding import parse_instant, parse_object
from contraparte.protocol.errors import ContraparteError, DocumentMalformedError

TEXT_MAX = 4_000  # characters of one text: names, citations and reasons, never files

_BLANKS = b" \t\r\n"  # JSON's own white space: an editor's last line end is no fault

Document = dict[str, Any]


class Signed(BaseModel):
    """Base of every part of a signed document: frozen, and what this release does not know is carried along."""

    model_config = ConfigDict(extra="allow", frozen=True, str_max_length=TEXT_MAX, strict=True, populate_by_name=True)

    @property
    def unknown(self) -> Document:
        """Fields this release gives no meaning to, as signed (invariant 9)."""
        return dict(self.__pydantic_extra__ or {})


Shape = TypeVar("Shape", bound=Signed)


YEARS = range(1800, 2200)


def read_instant(text: str) -> datetime:
    """The aware datetime of an instant in a document, of this age. Raises ValueError, which names it to pydantic.

    At the ends of the calendar no page could say it in its reader's zone, and no span be added to it.
    """
    try:
        read = parse_instant(text, "instant")
    except ContraparteError as error:
        raise ValueError("an instant reads like 2026-02-03T04:05:06Z") from error
    if read.year not in YEARS:
        raise ValueError(f"an instant lies between the years {YEARS.start} and {YEARS.stop}")
    return read


def _instant_text(text: str) -> str:
    read_instant(text)
    return text


Instant = Annotated[str, AfterValidator(_instant_text)]
"""An instant kept as it was written; `read_instant` gives its value."""


def read_document(kind: type[Shape], data: bytes, *, document: str, limit: int) -> Shape:
    """`data` as `kind`, at most `limit` bytes. Raises DocumentMalformedError with the path of the first thing wrong.

    Two passes: the strict reader refuses what has two meanings, pydantic then gives the shape from the same bytes.
    """
    if len(data) > limit:
        raise DocumentMalformedError(document=document, path="$", problem=f"more than {limit} bytes")
    try:
        parse_object(data.strip(_BLANKS), document)
    except ContraparteError as error:
        problem = f"{error.code}: {error.params.get('reason') or error.params.get('what')}"
        raise DocumentMalformedError(document=document, path="$", problem=problem) from error
    try:
        return kind.model_validate_json(data)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        path = "$" + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in first["loc"])
        raise DocumentMalformedError(document=document, path=path[:200], problem=first["msg"][:200]) from error
