"""What to do when a message of this room arrives. Each runs in one transaction with the mark that it was handled."""

from contraparte.exchange.registry import Arrived
from contraparte.outcomes.actions import linking, stating, using


def on_outcome(arrived: Arrived) -> None:
    """A word about an outcome: reported, corrected, retracted, confirmed or contested."""
    stating.hear(arrived)


def on_feedback(arrived: Arrived) -> None:
    """What became of an answer of this post."""
    using.hear_feedback(arrived)


def on_link_ask(arrived: Arrived) -> None:
    """The other side asks to link two cases."""
    linking.hear_ask(arrived)


def on_link_agree(arrived: Arrived) -> None:
    """The other side agrees."""
    linking.hear_agree(arrived)


def on_link_end(arrived: Arrived) -> None:
    """The other side declines or ends a link."""
    linking.hear_end(arrived)
