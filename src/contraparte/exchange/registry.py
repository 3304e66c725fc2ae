"""What features tell the exchange about themselves, in their `AppConfig.ready()`.

The exchange carries, checks and logs messages without knowing what they are about; a feature brings the payload
type, the data class of each field, the handler and the policies.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from django.db import models
from django.utils.functional import Promise
from pydantic import BaseModel

from contraparte.directory.models import Tenure
from contraparte.exchange.models import Conversation
from contraparte.exchange.models import Message as MessageRow
from contraparte.exchange.rules.classes import ClassMap
from contraparte.protocol.errors import MessageTypeUnknownError
from contraparte.protocol.message import Message

if TYPE_CHECKING:
    from contraparte.exchange.packaging import Package


@dataclass(frozen=True, slots=True)
class Arrived:
    """A message handed to its feature: read, verified, durable, in conversation order."""

    message: Message
    body: BaseModel
    conversation: Conversation
    row: MessageRow
    now: datetime
    by: Tenure  # the receiving post's service: what is done automatically is done in its name

    @property
    def is_copy(self) -> bool:
        """True where the accord copies this post in on a message to another (P1.2)."""
        return self.message.copy_of is not None


Handler = Callable[[Arrived], None]
Admission = Callable[[Message, datetime], None]
Eraser = Callable[[MessageRow, datetime], None]


@dataclass(frozen=True, slots=True)
class MessageType:
    """One kind of message. `name` is `noun.verb/version`, `classes` maps pointer patterns to data classes.

    `asks` names the stage of the step the recipient now owes (P8.1); `answers` marks a message whose `in_reply_to`
    ends such a step. `promises` names the stage its sender owes after the one it ends. While a step asked for by a
    type that `pauses` is owed, the clocks of the other side stand still, that long at most. `releases` ends every step
    owed in the conversation. `closes` ends the conversation and whatever was still owed in it.

    A `request` is counted as asked until one that `concludes` is there: "answered" (`refusal(body)` gives the ground
    on which it refuses, or "") or "dropped", which is no answer. After an answer to a type with `feedback` its asker
    owes a word on its use by `feedback.give`; `use(body)` tells the same where a type of its own says it. Of an erased
    one `kept(row)` gives the codes that its room still holds, so that what was counted stays counted.

    The handler of a type that `keeps_codes` writes down no content, or forgets it (`register_keeper`): it is called
    for a message that was recalled before it came, too, so that both sides count the same steps.

    `takes_files` lets files travel with it (P3.5). A `control` type carries no seq, overtakes, and passes while an
    accord is suspended (P1.3, P4.1). `admit` looks at one that arrives and raises to have it refused with a code.
    `keeps_back(body, uuid)` names what is still missing outside the body before a message of this id may leave.
    """

    name: str
    body: type[BaseModel]
    handler: Handler
    classes: Mapping[str, str]
    title: str | Promise
    asks: str = ""
    answers: bool = False
    closes: bool = False
    promises: str = ""
    pauses: timedelta | None = None
    releases: bool = False
    request: bool = False
    concludes: Literal["", "answered", "dropped"] = ""
    feedback: bool = False
    use: Callable[[Mapping[str, Any]], bool] | None = None
    kept: Callable[[MessageRow], Mapping[str, Any]] | None = None
    refusal: Callable[[Mapping[str, Any]], str] | None = None
    template: str = ""
    takes_files: bool = False
    keeps_codes: bool = False
    control: bool = False
    admit: Admission | None = None
    keeps_back: Callable[[Mapping[str, Any], str], tuple[str, ...]] | None = None
    class_map: ClassMap = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "class_map", ClassMap(self.classes))


_types: dict[str, MessageType] = {}
_policies: list[Path] = []
_periodic: dict[str, tuple[float, Callable[[datetime], object]]] = {}
_job_kinds: dict[str, Callable[[int, datetime], None]] = {}
_erasers: list[Eraser] = []
_keepers: list[Eraser] = []
_following: list[Callable[[Iterable[int]], Mapping[int, int]]] = []


def register(message_type: MessageType) -> None:
    """Add a message type. Its name is taken once."""
    if message_type.name in _types:
        raise ValueError(f"message type {message_type.name} is registered twice")
    _types[message_type.name] = message_type


def message_type(name: str) -> MessageType:
    """The type of this name. Raises MessageTypeUnknownError."""
    try:
        return _types[name]
    except KeyError:
        raise MessageTypeUnknownError(type=name) from None


def find_type(name: str) -> MessageType | None:
    """The type of this name, or None: a message outlives the release that knew its type."""
    return _types.get(name)


def message_types() -> list[MessageType]:
    """All registered types, by name."""
    return [_types[name] for name in sorted(_types)]


def moving_nouns() -> frozenset[str]:
    """Nouns of types that stop or end the clocks of others (`inquiry` of `inquiry.clarify/1`)."""
    return frozenset(one.name.partition(".")[0] for one in _types.values() if one.pauses or one.releases)


def register_policies(file: Path) -> None:
    """Add a Cedar file to the release policies every node starts with."""
    _policies.append(file)


def policy_files() -> list[Path]:
    """The Cedar files of all rooms, in the order of their names."""
    return sorted(_policies, key=lambda file: (file.parent.parent.name, file.name))


def register_periodic(name: str, every_s: float, run: Callable[[datetime], object]) -> None:
    """Have the worker call `run(now)` about every `every_s` seconds; two workers never at once."""
    _periodic[name] = (every_s, run)


def periodic() -> dict[str, tuple[float, Callable[[datetime], object]]]:
    """What the worker does by the clock: name → (seconds, function)."""
    return dict(_periodic)


def register_job(lane: str, run: Callable[[int, datetime], None]) -> None:
    """Have the worker call `run(subject, now)` for jobs of this lane, inside a transaction that also ends the job."""
    _job_kinds[lane] = run


def job_kinds() -> dict[str, Callable[[int, datetime], None]]:
    """Lane → its function, of all lanes that rooms above have registered."""
    return dict(_job_kinds)


_package_index: "list[Callable[[Package], dict[str, bytes]]]" = []


def register_package_index(render: "Callable[[Package], dict[str, bytes]]") -> None:
    """Have `render` write the index of evidence packages, for people: the room that has the words for what it shows."""
    _package_index[:] = [render]


def package_index(package: "Package") -> dict[str, bytes]:
    """The files of a package's index, by name: HTML without scripts, and its stylesheet."""
    return _package_index[0](package)


def register_eraser(erase: Eraser) -> None:
    """Have what a room keeps of a message's content erased with it: called in the transaction that erases it."""
    _erasers.append(erase)


def erasers() -> list[Eraser]:
    """What else is erased with a message's content."""
    return list(_erasers)


def register_keeper(forget: Eraser) -> None:
    """For a room that keeps rows of its own with what messages said: `forget(row, now)` empties what they said.

    Called in the transaction that takes a recall in, and in the one that erases. The item itself stays under the lock
    of the recall until its time is over; nobody reads it, so no copy of it needs to stay.
    """
    _keepers.append(forget)


def forget(row: MessageRow, now: datetime) -> None:
    """Have every room forget what it keeps of a message's content. Must run in a transaction; may run twice."""
    for keeper in _keepers:
        keeper(row, now)


@dataclass(frozen=True, slots=True)
class Bound:
    """A room's model whose rows belong to posts: `post` and `agency` are ours.

    `conversation` says whose thread it follows, "" where it has none; `topic` stands for its kind then. `named` are
    further fields that hold the id of a post, on either side.
    """

    model: type[models.Model]
    topic: str
    conversation: str = "conversation"
    named: tuple[str, ...] = ()


_bound: list[Bound] = []


def register_bound(*bound: Bound) -> None:
    """For a room with rows of posts: they follow when an agency changes (P1.8)."""
    _bound.extend(bound)


def bound_models() -> list[Bound]:
    """Models whose rows follow their posts."""
    return list(_bound)


@dataclass(frozen=True, slots=True)
class Heir:
    """How a room's rows that name posts in other ways follow a change of agency.

    `follow(now)` brings them to who holds the posts now; `left(gone)` names (kind, id, post, agency) of each record of
    that agency which still names one of these posts, which have passed all their work on.
    """

    follow: Callable[[datetime], object]
    left: Callable[[Collection[str]], Iterable[tuple[str, str, str, str]]]


_heirs: list[Heir] = []


def register_heir(heir: Heir) -> None:
    """For a room whose rows name posts in other ways than `Bound` says."""
    _heirs.append(heir)


def heirs() -> list[Heir]:
    """What rooms do themselves when an agency changes."""
    return list(_heirs)


_file_owners: list[Callable[[str], bool]] = []


def register_file_owner(owns: Callable[[str], bool]) -> None:
    """Have files in the attachments folder kept that `owns` knows by name: a room's own, which no message carries."""
    _file_owners.append(owns)


def is_owned_file(name: str) -> bool:
    """Whether a room keeps this file of the attachments folder."""
    return any(owns(name) for owns in _file_owners)


def register_following(of: Callable[[Iterable[int]], Mapping[int, int]]) -> None:
    """For a room in which one request takes up another: of these conversations, which was taken up by which."""
    _following.append(of)


def followed_by(conversations: Iterable[int]) -> dict[int, int]:
    """Conversation → the one that took its matter up: a matter is counted once, with what it has become."""
    asked = list(conversations)
    return {first: then for of in _following for first, then in of(asked).items()}


def is_control(name: str) -> bool:
    """Whether a type is known here as a control type."""
    known = _types.get(name)
    return known is not None and known.control


def control_nouns() -> frozenset[str]:
    """The nouns of control types: no conversation is about them."""
    return frozenset(known.name.partition(".")[0] for known in _types.values() if known.control)
