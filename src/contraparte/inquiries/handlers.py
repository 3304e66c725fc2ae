"""What to do when a message of this room arrives. Each runs in one transaction with the mark that it was handled."""

from contraparte.exchange.registry import Arrived
from contraparte.inquiries.actions import hearing


def on_opening(arrived: Arrived) -> None:
    """A request, a piece of information or a note came in."""
    hearing.note_opening(arrived)


def on_step(arrived: Arrived) -> None:
    """The other side took a step."""
    hearing.note_step(arrived)
