"""What the page of pouches shows: the other nodes, what waits for each, which numbers are unanswered or missing."""

from dataclasses import dataclass

from django.conf import settings

from contraparte.directory.models import Agency, Tenure
from contraparte.exchange import pouch_numbers as book
from contraparte.exchange.queries import road

MOST_NODES = 200


@dataclass(frozen=True, slots=True)
class NodeShown:
    """One other node, by the agency that runs it."""

    operator: str
    agency: Agency | None
    queued: int
    is_silent: bool
    unanswered: list[int]
    missing: list[tuple[int, int]]


def may_carry(tenure: Tenure) -> bool:
    """A pouch holds what all agencies of the node have waiting, sealed; so it is for who runs the node."""
    return bool(tenure.post.agency_id == settings.NODE_OPERATOR)


def nodes() -> list[NodeShown]:
    """Every other node of the directories, those that something waits for first."""
    states = {state.operator: state for state in road()}
    listed = Agency.objects.filter(listed=True, is_local=False).order_by("operator")
    operators = list(listed.values_list("operator", flat=True).distinct()[:MOST_NODES])
    agencies = {row.pk: row for row in Agency.objects.filter(pk__in=operators)}
    shown = []
    for operator in operators:
        state = states.get(operator)
        shown.append(
            NodeShown(
                operator,
                agencies.get(operator),
                state.queued if state else 0,
                bool(state and state.failures),
                book.unheard(operator),
                book.gaps(book.numbers(book.IN, operator)),
            )
        )
    return sorted(shown, key=lambda one: (-one.queued, one.operator))
