"""How a log is called: one log per agency, peer and year of the log's own append (P5.1)."""

import re
from typing import NamedTuple

from contraparte.protocol import limits
from contraparte.protocol.errors import IdentifierInvalidError

_AGENCY = rf"[a-z]{{2}}\.[a-z0-9-]{{1,{limits.SLUG_CHARS}}}"
_ORIGIN = re.compile(rf"({_AGENCY})/({_AGENCY})/([1-9][0-9]{{3}})", re.ASCII)


class Origin(NamedTuple):
    """Whose log, about the exchange with whom, and of which year (UTC)."""

    agency: str
    peer: str
    year: int

    def __str__(self) -> str:
        """The origin line, `mx.fge-son/us.ntc/2026`: a path below which other people's tools find the log's tiles."""
        return f"{self.agency}/{self.peer}/{self.year}"


def parse_origin(text: str) -> Origin:
    """Read an origin line. Raises IdentifierInvalidError."""
    found = _ORIGIN.fullmatch(text) if len(text) <= limits.ORIGIN_CHARS else None
    if not found or found[1] == found[2]:
        raise IdentifierInvalidError(field="origin", read=text[:80])
    return Origin(found[1], found[2], int(found[3]))


def witness_name(agency: str) -> str:
    """Key name under which an agency cosigns other logs; its slash keeps it apart from every origin."""
    return f"{agency}/witness"
