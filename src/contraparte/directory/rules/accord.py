"""An accord: the agreement of two parties as data, read, checked and asked (P1.2).

Everything here is a decision over the document alone. Whether it is signed is `signatures.py`, whether it is
suspended is `suspension.py`, when a deadline falls is `clocks.py`.

A party selector is a country (`mx`), an agency (`mx.fge-son`) or a post (`mx.fge-son/firearms`): it covers itself
and everything below. A type pattern is an exact type (`trace.request/1`) or all of one noun (`trace.*`).
"""

import hashlib
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from contraparte.directory.rules.documents import Document, Instant, Signed, read_document, read_instant
from contraparte.protocol import limits
from contraparte.protocol.errors import AccordTypeForbiddenError

FORMAT = "contraparte-accord/1"

#: Permissions, recalls, holds and duties of disclosure of items: an accord without them lets nobody take an item back.
RIGHTS_OF_ITEMS = ("permission.*", "recall.*", "hold.*", "disclosure.*")

Country = Annotated[str, Field(pattern=r"^[a-z]{2}$")]
Code = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")]
Party = Annotated[str, Field(pattern=r"^[a-z]{2}(\.[a-z0-9-]{1,40}(/[a-z0-9-]{1,40})?)?$")]
PostPattern = Annotated[str, Field(pattern=r"^[a-z]{2}\.[a-z0-9-]{1,40}/[a-z0-9-]{1,40}$")]
TypePattern = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,39}\.(\*|[a-z][a-z0-9_.-]{0,59}/[1-9][0-9]{0,3})$")]
AccordId = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$")]
Language = Annotated[str, Field(pattern=r"^[a-z]{2,3}(-[A-Z]{2})?$")]
EVERY = limits.ACCORD_ENTRIES


class Words(Signed):
    """A text in the two languages of the house."""

    en: str
    es: str


class Permitted(Signed):
    """Message types that may go from one party to another."""

    types: Annotated[list[TypePattern], Field(min_length=1, max_length=EVERY)]
    sender: Annotated[Party, Field(alias="from")]
    recipient: Annotated[Party, Field(alias="to")]


class Route(Permitted):
    """How those messages travel: straight, with copies, or through one window; for a period if dated."""

    mode: Literal["direct", "copy", "window"]
    copy_to: Annotated[list[PostPattern], Field(max_length=20)] = []
    window: PostPattern | None = None
    effective_from: Instant | None = None
    effective_until: Instant | None = None

    @model_validator(mode="after")
    def _complete(self) -> "Route":
        if self.mode == "copy" and not self.copy_to:
            raise ValueError("a route by copy names the posts that get one")
        if self.mode == "window" and self.window is None:
            raise ValueError("a route through a single window names it")
        return self

    def covers(self, at: datetime | None) -> bool:
        """Whether the route is in effect at `at`; without an instant only undated ends count as in effect."""
        if at is None:
            return self.effective_until is None
        begun = self.effective_from is None or read_instant(self.effective_from) <= at
        return begun and (self.effective_until is None or at < read_instant(self.effective_until))


class Source(Signed):
    """Where a rule comes from, so that a reader can go and look."""

    kind: Literal["law", "accord", "proposal"]
    cite: str


class Clock(Signed):
    """How long a stage may take. Exactly one of `hours` and `days`; `calendar` says which of them count."""

    types: Annotated[list[TypePattern], Field(min_length=1, max_length=EVERY)]
    stage: Code = "answer"
    urgency: Code | None = None
    hours: Annotated[int, Field(ge=1, le=24 * 366)] | None = None
    days: Annotated[int, Field(ge=1, le=3_660)] | None = None
    calendar: Code
    source: Source

    @model_validator(mode="after")
    def _one_unit(self) -> "Clock":
        if (self.hours is None) == (self.days is None):
            raise ValueError("a clock has either hours or days")
        return self


class Calendar(Signed):
    """Which days count. `continuous` counts every hour of every day, weekends and holidays included."""

    continuous: bool = False
    weekdays: Annotated[list[Annotated[int, Field(ge=0, le=6)]], Field(max_length=7)] = [0, 1, 2, 3, 4]
    holidays_of: str | None = Field(default=None, pattern=r"^[A-Z]{2}(-[A-Z0-9]{1,3})?$")
    also_free: Annotated[list[date], Field(max_length=EVERY)] = []

    @model_validator(mode="after")
    def _some_day_counts(self) -> "Calendar":
        if not self.continuous and not self.weekdays:
            raise ValueError("no day of the week counts")
        return self


class Ground(Signed):
    """A ground for refusal. `after_consultation`: only once both sides have talked."""

    code: Code
    words: Words
    after_consultation: bool = True


class Handling(Signed):
    """A handling code and what it asks, as the parties understand it."""

    code: Code
    words: Words


class OneOfficer(Signed):
    """Messages that in an emergency the officer on duty releases alone, and within what time it is reviewed."""

    types: Annotated[list[TypePattern], Field(min_length=1, max_length=EVERY)]
    urgencies: Annotated[list[Code], Field(min_length=1, max_length=20)]
    review_hours: Annotated[int, Field(ge=1, le=24 * 31)]
    source: Source

    @field_validator("urgencies")
    @classmethod
    def _no_routine(cls, urgencies: list[str]) -> list[str]:
        if "routine" in urgencies:
            raise ValueError("what is routine is never released by one officer")
        return urgencies


class AccordDocument(Signed):
    """The accord as signed; `AccordView` is how the rest of the house asks it."""

    format: Literal["contraparte-accord/1"]
    id: AccordId
    parties: Annotated[list[Country], Field(min_length=2, max_length=2)]
    title: Words
    effective_from: Instant
    effective_until: Instant | None = None
    languages: Annotated[list[Language], Field(min_length=1, max_length=20)]
    permits: Annotated[list[Permitted], Field(min_length=1, max_length=EVERY)]
    routing: Annotated[list[Route], Field(max_length=EVERY)] = []
    calendars: dict[Code, Calendar] = {}
    clocks: Annotated[list[Clock], Field(max_length=EVERY)] = []
    one_officer: Annotated[list[OneOfficer], Field(max_length=EVERY)] = []
    grounds: Annotated[list[Ground], Field(max_length=EVERY)] = []
    purposes: Annotated[list[Code], Field(min_length=1, max_length=EVERY)]
    handling: Annotated[list[Handling], Field(min_length=1, max_length=EVERY)]
    retention_days: dict[str, Annotated[int, Field(ge=1, le=36_600)]]

    @field_validator("retention_days")
    @classmethod
    def _has_default(cls, days: dict[str, int]) -> dict[str, int]:
        if "default" not in days:
            raise ValueError("retention needs a `default`")
        return days

    @model_validator(mode="after")
    def _hangs_together(self) -> "AccordDocument":
        for position, clock in enumerate(self.clocks):
            if clock.calendar not in self.calendars:
                raise ValueError(f"clocks[{position}].calendar names no calendar of this accord")
        for name, lines in (("permits", self.permits), ("routing", self.routing)):
            for position, line in enumerate(lines):
                if not {line.sender[:2], line.recipient[:2]} <= set(self.parties):
                    raise ValueError(f"{name}[{position}] names somebody who is no party")
        if self.effective_until and read_instant(self.effective_until) <= read_instant(self.effective_from):
            raise ValueError("effective_until is not after effective_from")
        return self


@dataclass(frozen=True, slots=True)
class Routing:
    """How a message must travel. `via` is the single window where `mode` is "window"."""

    mode: Literal["direct", "copy", "window"]
    copy_to: tuple[str, ...] = ()
    via: str | None = None


@dataclass(frozen=True, slots=True)
class AccordView:
    """One accord, ready to be asked. Made by `read_accord` only."""

    document: AccordDocument
    hash: str

    @property
    def id(self) -> str:
        """The identifier messages cite."""
        return self.document.id

    @property
    def parties(self) -> tuple[str, str]:
        """The two countries; twice the same for a domestic order."""
        first, second = self.document.parties
        return first, second

    @property
    def is_domestic(self) -> bool:
        """Whether it orders exchange inside one country."""
        return len(set(self.parties)) == 1

    @property
    def purposes(self) -> frozenset[str]:
        """Purposes a message may state."""
        return frozenset(self.document.purposes)

    @property
    def handling(self) -> frozenset[str]:
        """Handling codes both parties understand."""
        return frozenset(rule.code for rule in self.document.handling)

    @property
    def languages(self) -> tuple[str, ...]:
        """Languages a message may be written in, the preferred first."""
        return tuple(self.document.languages)

    @property
    def grounds(self) -> dict[str, Ground]:
        """Grounds for refusal by code."""
        return {ground.code: ground for ground in self.document.grounds}

    @property
    def retention_days(self) -> dict[str, int]:
        """Days a message is kept, by type; `default` for the rest."""
        return dict(self.document.retention_days)

    def retention_of(self, kind: str) -> int:
        """Days a message of type `kind` is kept at most."""
        return self.document.retention_days.get(kind, self.document.retention_days["default"])

    def calendar(self, name: str) -> Calendar:
        """A calendar of this accord by name."""
        return self.document.calendars[name]

    def in_effect(self, at: datetime) -> bool:
        """Whether `at` lies in the accord's own period."""
        if at < read_instant(self.document.effective_from):
            return False
        return self.document.effective_until is None or at < read_instant(self.document.effective_until)

    def permits(self, kind: str, sender: str, recipient: str) -> bool:
        """Whether `sender` may send type `kind` to `recipient` (posts or agencies)."""
        return any(_covers(line, kind, sender, recipient) for line in self.document.permits)

    def require_type(self, kind: str, sender: str, recipient: str) -> None:
        """Raise AccordTypeForbiddenError unless `sender` may send `kind` to `recipient`."""
        if not self.permits(kind, sender, recipient):
            raise AccordTypeForbiddenError(type=kind, sender=sender, recipient=recipient, accord=self.id)

    def routing(self, kind: str, sender: str, recipient: str, at: datetime | None = None) -> Routing:
        """How `kind` travels from `sender` to `recipient`: the last route that covers it wins, direct without one.

        The sender itself never gets a copy of what it sends.
        """
        for route in reversed(self.document.routing):
            if route.covers(at) and _covers(route, kind, sender, recipient):
                copies = tuple(post for post in route.copy_to if post not in {sender, recipient})
                return Routing(route.mode, copies, route.window)
        return Routing("direct")

    def clock(self, kind: str, urgency: str | None = None, stage: str = "answer") -> Clock | None:
        """The clock of a stage: one for that very urgency before one for any; None where the accord sets none."""
        fitting = [
            clock
            for clock in self.document.clocks
            if clock.stage == stage and _names(clock.types, kind) and clock.urgency in {urgency, None}
        ]
        return min(fitting, key=lambda clock: clock.urgency is None, default=None)

    def clocks(self, kind: str, urgency: str | None = None) -> tuple[Clock, ...]:
        """One clock for each stage the accord times for this type, in the document's order."""
        stages = dict.fromkeys(clock.stage for clock in self.document.clocks if _names(clock.types, kind))
        found = (self.clock(kind, urgency, stage) for stage in stages)
        return tuple(clock for clock in found if clock is not None)

    def one_officer(self, kind: str, urgency: str) -> OneOfficer | None:
        """The rule under which one officer alone may release `kind` at that urgency; None: not at all."""
        for rule in self.document.one_officer:
            if _names(rule.types, kind) and urgency in rule.urgencies:
                return rule
        return None

    @property
    def unknown(self) -> Document:
        """Fields this release gives no meaning to, as signed."""
        return self.document.unknown


@lru_cache(maxsize=256)
def read_accord(data: bytes) -> AccordView:
    """Read the exact bytes of an accord. Raises DocumentMalformedError naming the JSON path."""
    document = read_document(AccordDocument, data, document="accord", limit=limits.ACCORD_BYTES)
    return AccordView(document, hashlib.sha256(data).hexdigest())


def _names(patterns: list[str], kind: str) -> bool:
    noun = kind.partition(".")[0]
    return any(pattern in {kind, f"{noun}.*"} for pattern in patterns)


def _selects(selector: str, party: str) -> bool:
    """Whether a party selector covers an agency or post; agency identifiers hold no slash, countries no dot."""
    below = "." if len(selector) == 2 else "/"
    return party == selector or party.startswith(selector + below)


def _covers(line: Permitted, kind: str, sender: str, recipient: str) -> bool:
    return _names(line.types, kind) and _selects(line.sender, sender) and _selects(line.recipient, recipient)


def example(**changes: Any) -> Document:
    """A small complete accord between Mexico and the United States, for a first draft and for tests."""
    words = {"en": "Firearm traces", "es": "Rastreo de armas de fuego"}
    document: Document = {
        "format": FORMAT,
        "id": "mx-us-traces",
        "parties": ["mx", "us"],
        "title": words,
        "effective_from": "2026-01-01T00:00:00Z",
        "languages": ["en", "es"],
        "permits": [
            {"types": ["trace.*", *RIGHTS_OF_ITEMS], "from": "mx", "to": "us"},
            {"types": ["trace.*", *RIGHTS_OF_ITEMS], "from": "us", "to": "mx"},
        ],
        "calendars": {"always": {"continuous": True}, "working": {"weekdays": [0, 1, 2, 3, 4], "holidays_of": "US"}},
        "clocks": [
            {
                "types": ["trace.request/1"],
                "urgency": "urgent",
                "hours": 24,
                "calendar": "always",
                "source": {"kind": "proposal", "cite": "urgent goal under 24 hours"},
            },
            {
                "types": ["trace.request/1"],
                "days": 9,
                "calendar": "working",
                "source": {"kind": "proposal", "cite": "routine traces took nine days on average"},
            },
        ],
        "grounds": [
            {
                "code": "not_held",
                "words": {"en": "Not held", "es": "No se cuenta con ello"},
                "after_consultation": False,
            }
        ],
        "purposes": ["criminal-investigation"],
        "handling": [
            {
                "code": "H0",
                "words": {"en": "Only to prevent or combat crime", "es": "Solo para prevenir o combatir el delito"},
            }
        ],
        "retention_days": {"default": 3_650},
    }
    return {**document, **changes}
