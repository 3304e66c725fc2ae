"""What features tell the desk: what a conversation is about, which steps are open, and words for their codes.

The desk shows every conversation in one way and knows none of their subjects. A feature registers in
`AppConfig.ready()`:

    register_subject(Subject("trace", _("Firearm trace"), titles=…, url=…, steps=…))
    register_desk_source(DeskSource("traces.custody", find_tasks))
    register_steps(further_steps)
    register_words("field", {"serial": _("Serial")})     also: policy, stage, reason, close
    register_words("value", {"/code=refused": _("Refused")})     what a coded field says
    register_group_work(matters_of)      register_results(what_came)     for the page of a working group
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from django.utils.functional import Promise
from django.utils.translation import gettext, gettext_lazy

if TYPE_CHECKING:
    from contraparte.directory.models import Tenure
    from contraparte.exchange.models import Conversation

Text = str | Promise
OPEN: Text = gettext_lazy("Open")
Vocabulary = Literal["field", "value", "policy", "stage", "reason", "close"]


@dataclass(frozen=True, slots=True)
class Step:
    """A next step that is open now: a link, or with `post` a button that sends to `url` at once."""

    label: Text
    url: str
    post: bool = False
    main: bool = False


@dataclass(frozen=True, slots=True)
class DeskItem:
    """One row of work: what it is (identifiers, no content), since when, until when, and where it is done."""

    title: Text
    detail: Text
    url: str
    action: Text
    since: datetime | None = None
    due_at: datetime | None = None
    urgent: bool = False
    other: str = ""  # the post on the other side, if there is one
    stopped: bool = False  # its clock stands still while the other side owes a clarification
    conversation: int | None = None  # row id of the thread in which this does the step that is owed


@dataclass(frozen=True, slots=True)
class ContactLink:
    """What may be begun with a post of the directory that handles `noun` (`inquiry` of `inquiry.letter/1`).

    Shown to who holds `permission`, for posts of other agencies; `url(post)` leads there.
    """

    noun: str
    permission: str
    label: Text
    url: "Callable[[str], str]"


def _no_titles(_: "Sequence[Conversation]", __: "Tenure") -> Mapping[int, str]:
    return {}


def _no_url(_: "Conversation") -> str:
    return ""


def _no_steps(_: "Conversation", __: "Tenure", ___: datetime) -> Sequence[Step]:
    return ()


@dataclass(frozen=True, slots=True)
class Subject:
    """What conversations of one `kind` are about.

    `action` stands on the button that leads to the feature's own page about a conversation.
    `titles(conversations, tenure)` gives row id → reference for many at once; `url(conversation)` the feature's own
    page about it ("" for none); `steps(conversation, tenure, now)` what may be done next, allowed steps only.
    """

    kind: str
    label: Text
    titles: "Callable[[Sequence[Conversation], Tenure], Mapping[int, str]]" = _no_titles
    url: "Callable[[Conversation], str]" = _no_url
    steps: "Callable[[Conversation, Tenure, datetime], Sequence[Step]]" = _no_steps
    action: Text = OPEN


@dataclass(frozen=True, slots=True)
class DeskSource:
    """More work for the desk: `find(tenure, now)` lists what waits, bounded; asked for who holds `permission`.

    `of_post` is false where it waits for anybody of the agency, or for one person, and not for the tenure's post.
    """

    permission: str
    find: "Callable[[Tenure, datetime], Iterable[DeskItem]]"
    of_post: bool = True


@dataclass(frozen=True, slots=True)
class GroupWork:
    """A matter that names a working group: its title, how it stands, where it is read, and its thread."""

    title: Text
    detail: Text
    url: str
    conversation: int | None = None
    results: "Sequence[GroupWork]" = ()


GroupWorkSource = Callable[[Sequence[str], str, "Tenure"], Iterable[GroupWork]]
ResultSource = Callable[[Sequence[int], "Tenure"], Mapping[int, Sequence[GroupWork]]]

StepSource = Callable[["Conversation", "Tenure", datetime], Sequence[Step]]

TopicSource = Callable[[str], Iterable[str]]

SUBJECTS: dict[str, Subject] = {}
TOPIC_SOURCES: list[TopicSource] = []
STEP_SOURCES: list[StepSource] = []
GROUP_WORK: list[GroupWorkSource] = []
RESULTS: list[ResultSource] = []
QUIET_TYPES: set[str] = set()
DESK_SOURCES: list[DeskSource] = []
CONTACT_LINKS: list[ContactLink] = []
_WORDS: dict[str, dict[str, Text]] = {"field": {}, "value": {}, "policy": {}, "stage": {}, "reason": {}, "close": {}}


def register_subject(subject: Subject) -> None:
    """Say what conversations of a kind are about. A kind is told once."""
    if subject.kind in SUBJECTS:
        raise ValueError(f"conversations of kind {subject.kind} are described twice")
    SUBJECTS[subject.kind] = subject


def register_quiet(message_types: Iterable[str]) -> None:
    """Name message types that a post answers or takes up by itself: they are in the thread, not announced as news."""
    QUIET_TYPES.update(message_types)


def register_desk_source(source: DeskSource) -> None:
    """Add work to the desk."""
    DESK_SOURCES.append(source)


def register_steps(source: StepSource) -> None:
    """Add steps to conversations of any kind, ended ones included: what another feature may do about them."""
    STEP_SOURCES.append(source)


def steps_of(conversation: "Conversation", tenure: "Tenure", now: datetime) -> list[Step]:
    """What may be done next: by the conversation's own subject while it runs, and by everybody else."""
    own = subject_of(conversation.kind).steps(conversation, tenure, now) if conversation.closed_at is None else ()
    return [*own, *(step for source in STEP_SOURCES for step in source(conversation, tenure, now))]


def register_group_work(source: GroupWorkSource) -> None:
    """Tell which matters name a working group: `source(names, agency, tenure)`, by right and bounded.

    `names` are what both sides call the group, `agency` is the other side's.
    """
    GROUP_WORK.append(source)


def register_results(source: ResultSource) -> None:
    """Tell what came of conversations: `source(conversations, tenure)` gives row id → results, by right."""
    RESULTS.append(source)


def group_work(names: Sequence[str], agency: str, tenure: "Tenure") -> list[GroupWork]:
    """The matters that name a working group, each with what came of it; only what the tenure may open."""
    found = [one for source in GROUP_WORK for one in source(names, agency, tenure)]
    threads = [one.conversation for one in found if one.conversation is not None]
    told = [source(threads, tenure) for source in RESULTS] if threads else []
    return [
        replace(one, results=[result for part in told for result in part.get(one.conversation or 0, ())])
        for one in found
    ]


def register_contact_link(link: ContactLink) -> None:
    """Add something that may be begun from the directory's page."""
    CONTACT_LINKS.append(link)


def register_topics(source: TopicSource) -> None:
    """Help to find who handles something: `source(word)` gives the message types in which that may matter.

    The word comes without case and accents (`matching.fold`), in either language.
    """
    TOPIC_SOURCES.append(source)


def register_words(vocabulary: Vocabulary, words: Mapping[str, Text]) -> None:
    """Add words for codes. A field is named by its last step or by its whole pointer; a code is worded once."""
    known = _WORDS[vocabulary]
    twice = known.keys() & words.keys()
    if twice:
        raise ValueError(f"{vocabulary} codes worded twice: {sorted(twice)}")
    known.update(words)


def subject_of(kind: str) -> Subject:
    """What a kind is about; of an unknown kind, only its name."""
    return SUBJECTS.get(kind) or Subject(kind, kind)


def word(vocabulary: Vocabulary, code: str) -> str:
    """The words of a code in the active language; a code nobody worded stands as it is, with blanks."""
    return str(_WORDS[vocabulary].get(code) or code.replace("_", " ").replace("-", " "))


def is_worded(vocabulary: Vocabulary, code: str) -> bool:
    """Whether somebody gave this code words."""
    return code in _WORDS[vocabulary]


def field_word(pointer: str) -> str:
    """The name of a field: worded as a whole ("/chain/*/role"), else by its last step ("/gun/serial" → serial).

    An element of a list bears its number: "/chain/0" is named by the words of "/chain/*", else of "chain", and 1.
    """
    fields, general = _WORDS["field"], _general(pointer)
    steps = [step for step in pointer.split("/") if step]
    number = f" {int(steps[-1]) + 1}" if steps and steps[-1].isdigit() else ""
    if general in fields:
        return str(fields[general]) + number
    name = next((step for step in reversed(steps) if not step.isdigit()), pointer)
    return word("field", name) + number


def value_word(pointer: str, value: object) -> object:
    """What a field says, in words where it is a code somebody worded or a yes or no; else as it stands."""
    if isinstance(value, bool):
        return gettext("yes") if value else gettext("no")
    worded = _WORDS["value"].get(f"{_general(pointer)}={value}")
    return value if worded is None else str(worded)


def _general(pointer: str) -> str:
    """A pointer with `*` for every index."""
    return "/".join("*" if step.isdigit() else step for step in pointer.split("/"))
