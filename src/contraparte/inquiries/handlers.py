"""What to do when a message of this room arrives. Each runs in one transaction with the mark that it was handled."""

from contraparte.exchange.registry import Arrived
from contraparte.inquiries.actions import hearing, sharing


def on_opening(arrived: Arrived) -> None:
    """A request, a piece of information or a note came in."""
    hearing.note_opening(arrived)


def on_step(arrived: Arrived) -> None:
    """The other side took a step."""
    hearing.note_step(arrived)


def on_shared(arrived: Arrived) -> None:
    """A draft is shown before it is sent."""
    sharing.note_shared(arrived)


def on_comment(arrived: Arrived) -> None:
    """The other side said a word on a draft: it stands in the thread, and nothing moves."""
