"""From an error to words: what was read, what is wrong, how to mend it; for pages, the API and the command line."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from contraparte.protocol.errors import ContraparteError, InputError, NodeError, PolicyError, ProtocolError, StateError
from contraparte.web.registry import PROBLEMS


@dataclass(frozen=True, slots=True)
class Words:
    """A refusal in the reader's language. `field` names the form field to blame, `read` what was read there."""

    code: str
    title: str
    remedy: str
    field: str = ""
    read: str = ""


class _Params(dict[str, Any]):
    """Parameters of a message; one that is missing shows as an ellipsis rather than breaking the page."""

    def __missing__(self, key: str) -> str:
        return "…"


def words_of(error: ContraparteError) -> Words:
    """The refusal in the active language; an error class without words of its own speaks with its parent's."""
    codes = (str(getattr(kind, "code", "")) for kind in type(error).__mro__)
    problem = next(PROBLEMS[code] for code in codes if code in PROBLEMS)
    params = _Params(error.params)
    return Words(
        code=error.code,
        title=_fill(problem.title, params),
        remedy=_fill(problem.remedy, params),
        field=str(error.params.get("field", "")),
        read=str(error.params.get("read", "")),
    )


def told_of(error: ContraparteError) -> str:
    """What is wrong and how to mend it, in one line of the active language."""
    words = words_of(error)
    return f"{words.title} {words.remedy}"


def _fill(text: Any, params: Mapping[str, Any]) -> str:
    return str(text) % params


def status_of(error: ContraparteError) -> int:
    """The HTTP status that fits: 422 unreadable, 403 forbidden, 409 not now, 503 this node cannot."""
    for kind, status in ((InputError, 422), (ProtocolError, 422), (PolicyError, 403), (StateError, 409)):
        if isinstance(error, kind):
            return status
    return 503 if isinstance(error, NodeError) else 400
