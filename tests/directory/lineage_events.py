"""Changes of agency for tests: short to write, complete when signed."""

from collections.abc import Mapping
from typing import Any

from contraparte.directory.rules.lineage import FORMAT, Event, read_event
from contraparte.protocol.encoding import canonical_json

BASIS = {"en": "Decree of reorganisation", "es": "Decreto de reorganización"}

Targets = str | list[tuple[str, list[str]]]


def document(
    name: str,
    how: str,
    before: list[str],
    after: list[str],
    posts: Mapping[str, Targets],
    effective: str,
    **more: Any,
) -> dict[str, Any]:
    """An event as JSON. A target is a post, or a list of (post, topics) of which one has no topics."""
    lines = []
    for old, targets in posts.items():
        found = [(targets, [])] if isinstance(targets, str) else targets
        to = [{"post": post, **({"topics": topics} if topics else {})} for post, topics in found]
        lines.append({"from": old, "to": to})
    return {
        "format": FORMAT,
        "id": name,
        "version": 1,
        "country": before[0][:2],
        "kind": how,
        "announced": "2020-01-01T00:00:00Z",
        "effective": effective,
        "accepts_until": effective,
        "legal_basis": BASIS,
        "from": before,
        "to": after,
        "mapping": lines,
        **more,
    }


def event(*args: Any, **more: Any) -> Event:
    """The same, read."""
    return read_event(canonical_json(document(*args, **more)))
