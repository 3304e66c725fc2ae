"""What to do when a message of this room arrives. Each runs in one transaction with the mark that it was handled."""

from contraparte.exchange.registry import Arrived
from contraparte.traces.actions import custody, hearing, stopping, walking
from contraparte.traces.messages import TraceMerge
from contraparte.traces.models import Trace
from contraparte.traces.rules.codes import ResultCode


def on_request(arrived: Arrived) -> None:
    """A request to this tracing centre is walked; a copy of one is kept for adoption."""
    if arrived.is_copy:
        hearing.note_copy(arrived)
    else:
        walking.start_walk(arrived)


def on_acknowledge(arrived: Arrived) -> None:
    """The centre gave the request its own number."""
    hearing.note_acknowledged(arrived)


def on_cancel(arrived: Arrived) -> None:
    """The requester no longer needs the answer; a copied post hears of it too."""
    if arrived.is_copy:
        Trace.objects.filter(agency=arrived.conversation.agency, conversation=arrived.conversation).update(
            state=Trace.State.CANCELLED, code=ResultCode.CANCELLED.value, concluded_at=arrived.row.at
        )
    else:
        stopping.cancel_walk(arrived)


def on_count(arrived: Arrived) -> None:
    """A custodian is asked how many guns match a serial."""
    custody.answer_count(arrived)


def on_count_answer(arrived: Arrived) -> None:
    """The centre learns the count."""
    walking.note_count(arrived)


def on_link(arrived: Arrived) -> None:
    """A custodian is asked where one gun went."""
    custody.answer_link(arrived)


def on_link_answer(arrived: Arrived) -> None:
    """The centre learns the next link."""
    walking.note_link(arrived)


def on_result(arrived: Arrived) -> None:
    """A result ends a trace of this post, or the step abroad of a walk."""
    if not arrived.is_copy and walking.note_foreign_result(arrived):
        return
    hearing.note_result(arrived)


def on_adopt(arrived: Arrived) -> None:
    """A national office took a request over."""
    hearing.note_adopted(arrived)


def on_merge(arrived: Arrived) -> None:
    """Two requests are one gun: the walk of the later one ends as a duplicate."""
    assert isinstance(arrived.body, TraceMerge)
    stopping.merge_walk(arrived)
