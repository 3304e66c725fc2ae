"""What to do when a message of this room arrives. Each runs in one transaction with the mark that it was handled."""

from contraparte.exchange.registry import Arrived
from contraparte.groups.actions import speaking


def on_word(arrived: Arrived) -> None:
    """A word of the other side about a group."""
    speaking.hear(arrived)
