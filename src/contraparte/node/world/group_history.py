"""Years of many groups, word by word: what both sides said, each word judged as a node judges it.

One seed and one last day give the same words, wherever they are made. Nothing here touches a database: a `Story` is the
words of one group in the order in which they were said, with a diary that plans what happens when.

    diary ─▶ call ─▶ both attend | one side | nobody | canceled | moved ─▶ minutes ─▶ agreed | disputed | crossed
                                                                             └─▶ promises: kept, late, carried, left
"""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from heapq import heappop, heappush
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from contraparte.groups import messages
from contraparte.groups.rules.cadence import Cadence
from contraparte.groups.rules.hearing import hear
from contraparte.groups.rules.standing import Standing
from contraparte.groups.rules.words import SIDES, Side, Word, other
from contraparte.node.world import group_texts as texts
from contraparte.node.world.group_posts import Cast

ZONE: Final = "America/Hermosillo"
SATURDAY: Final = 5
REVIEW: Final = timedelta(days=900)
RENEWED: Final = timedelta(days=870)  # before the review is due
CADENCES: Final = ((1, "month"), (1, "month"), (2, "month"), (3, "month"), (3, "month"))
#: How a group is kept: of 100 meetings so many are held by both, by one side, by nobody, canceled, moved.
HABITS: Final = ((88, 5, 2, 3, 2), (72, 14, 7, 4, 3), (52, 22, 16, 6, 4))
FATES: Final = ("alive",) * 14 + ("silent",) * 3 + ("concluded", "merged", "begun")
#: How a promise goes: kept in time, kept late after a new day, never kept, claimed and sent back first.
ENDINGS: Final = ("kept",) * 11 + ("carried",) * 4 + ("left",) + ("reopened",) * 2 + ("dropped",)


class WordNotHeardError(RuntimeError):
    """A word that moves nothing on the day it is said: the history would be false."""


@dataclass(slots=True)
class Story:
    """One group while it is told: its words so far, how it stands, and what is still to happen."""

    number: int
    uuid: UUID
    cast: Cast
    chance: random.Random
    until: datetime
    words: list[Word] = field(default_factory=list)
    crossed: int = 0  # words that lost against one said at the same time
    standing: Standing = field(default_factory=Standing)
    diary: list[tuple[datetime, int, Callable[[datetime], None]]] = field(default_factory=list)
    planned: int = 0

    def plan(self, at: datetime, act: Callable[[datetime], None]) -> None:
        """Have something happen at an instant, unless the history ends before."""
        if at < self.until:
            self.planned += 1
            heappush(self.diary, (at, self.planned, act))

    def live(self) -> None:
        """Let everything planned happen, and what follows from it, until the last day or the group's end."""
        while self.diary and self.standing.end is None:
            at, _, act = heappop(self.diary)
            act(at)

    def say(self, side: Side, act: str, at: datetime, **body: Any) -> str:
        """One word, said by a side that has read all of the other's. Raises WordNotHeardError."""
        word = self._word(side, act, at, body)
        reason = hear(self.standing, word)
        if reason:
            raise WordNotHeardError(f"group {self.number}: {act} at {at}: {reason}")
        self.words.append(word)
        return word.uuid

    def say_at_once(self, act: str, at: datetime, bodies: Mapping[Side, Mapping[str, Any]]) -> str:
        """Both sides say it before either reads the other; the first in the order stands. Gives its id."""
        both = sorted((self._word(side, act, at, bodies[side]) for side in SIDES), key=lambda word: word.uuid)
        reasons = [hear(self.standing, word) for word in both]
        if reasons[0] or not reasons[1]:
            raise WordNotHeardError(f"group {self.number}: {act} at {at} did not cross: {reasons}")
        self.words += both
        self.crossed += 1
        return both[0].uuid

    def _word(self, side: Side, act: str, at: datetime, body: Mapping[str, Any]) -> Word:
        mine = sum(word.side == side for word in self.words)
        told = messages.BODIES[f"{act}/1"].model_validate(
            {**body, "turn": mine + 1, "seen": len(self.words) - mine}
        )  # the very form a node checks
        uuid = str(UUID(int=self.chance.getrandbits(128), version=4))
        return Word(uuid, side, told.turn, told.seen, at, act, told.model_dump(mode="json"))

    def post(self, side: Side, at: datetime) -> str:
        """Who chairs a side at an instant."""
        return self.cast.chair(side, at)


def tell(number: int, *, seed: int, cast: Cast, since: datetime, until: datetime, into: UUID | None = None) -> Story:
    """The whole history of one group. `into`: the group it is merged into where its fate is that."""
    chance = random.Random(f"{seed} {number}")  # noqa: S311 (a world, not a secret)
    story = Story(number, uuid_of(number, seed), cast, chance, until)
    fate = FATES[number % len(FATES)]
    span = until - since
    if fate == "begun":
        begins = until - timedelta(days=chance.randint(15, 60))
    else:
        begins = since + span * chance.uniform(0, 0.12)
    _Life(story, fate, into, chance.choice(HABITS), chance.choice(CADENCES)).begin(_at_work(begins, 11))
    story.live()
    return story


def uuid_of(number: int, seed: int) -> UUID:
    """The id of a group, known before its story is."""
    return UUID(int=random.Random(f"{seed} group {number}").getrandbits(128), version=4)  # noqa: S311


def subject_of(number: int) -> tuple[texts.Subject, texts.Both]:
    """What a group is about, and where."""
    return texts.SUBJECTS[number % len(texts.SUBJECTS)], texts.REGIONS[
        number // len(texts.SUBJECTS) % len(texts.REGIONS)
    ]


@dataclass(slots=True)
class _Life:
    """The habits of one group, and everything that happens to it."""

    story: Story
    fate: str
    into: UUID | None
    habits: Sequence[int]
    cadence: tuple[int, str]
    goal: int = 0

    def begin(self, at: datetime) -> None:
        """Proposed, chartered, and on its way."""
        story, chance = self.story, self.story.chance
        subject, region = subject_of(story.number)
        self.goal = chance.randint(400, 1_600)
        name = {"en": f"{subject.en}: {region.en}", "es": f"{subject.es}: {region.es}"}
        story.say("a", "group.found", at, name=name, kind=subject.kind, framework=subject.framework)
        self.charter(at + timedelta(days=2))
        if self.fate == "begun":
            return
        story.plan(at + timedelta(days=20), self.call)
        length = story.until - at
        if self.fate in {"concluded", "merged"}:
            story.plan(at + length * chance.uniform(0.55, 0.9), self.end)

    def charter(self, at: datetime) -> None:
        """A text, approved by both sponsors; the next one is written before its review is due."""
        story = self.story
        base = story.standing.in_force.key if story.standing.in_force else ""
        key = story.say("a", "charter.propose", at, charter=self.text(at), base=base)
        if self.fate == "begun":
            return
        story.say("a", "charter.approve", at + timedelta(hours=20), charter=key)
        story.say("b", "charter.approve", at + timedelta(hours=44), charter=key)
        story.plan(at + RENEWED, self.charter)
        story.plan(at + timedelta(days=365), self.report)

    def text(self, at: datetime) -> dict[str, Any]:
        """The charter as it is written on a day."""
        story = self.story
        subject, region = subject_of(story.number)
        counted = {"en": subject.counted.en, "es": subject.counted.es}
        chairs = {side: story.post(side, at) for side in SIDES}
        every, unit = self.cadence
        goal = {
            "key": "g1", "statement": _each(texts.STATEMENT, counted=counted),
            "indicator": _each(texts.INDICATOR, counted=counted), "measure": "count", "baseline": str(self.goal),
            "target": str(int(self.goal * 0.8)), "due_on": (at + REVIEW).date(), "source": texts.SOURCE.plain(),
            "owner": chairs["a"],
        }  # fmt: skip
        return {
            "name": {"en": f"{subject.en}: {region.en}", "es": f"{subject.es}: {region.es}"},
            "kind": subject.kind,
            "purpose": _each(texts.PURPOSE, subject={"en": subject.en.lower(), "es": subject.es.lower()}),
            "scope": _each(texts.SCOPE, region={"en": region.en, "es": region.es}),
            "out_of_scope": texts.OUT_OF_SCOPE.plain(),
            "chairs": chairs,
            "sponsors": {side: story.cast.sponsor(side, at) for side in SIDES},
            "cadence": {"every": every, "unit": unit},
            "quorum": 1, "rule": "consensus", "handling": ["H1"], "time_zone": ZONE, "goals": [goal],
            "review_on": (at + REVIEW).date(),
        }  # fmt: skip

    def report(self, at: datetime) -> None:
        """The figure of twelve months."""
        value = round(self.goal * self.story.chance.uniform(0.68, 1.12))
        last = at.date() - timedelta(days=1)
        self.story.say(
            "a", "goal.report", at, goal="g1", since=last - timedelta(days=364), until=last, value=str(value),
            source=texts.SOURCE.es,
        )  # fmt: skip
        if self.story.chance.random() < 0.3:
            self.reform(at + timedelta(hours=1))
        self.story.plan(at + timedelta(days=365), self.report)

    def reform(self, at: datetime) -> None:
        """A step of its own that a side promises by itself: reported by it, verified by nobody."""
        side: Side = self.story.chance.choice(SIDES)
        due = at + timedelta(days=180)
        key = self.story.say(
            side, "commitment.make", at, text=texts.REFORM.plain(), owner=self.story.post(side, at),
            due_on=due.date(), one_sided=True,
        )  # fmt: skip
        self.story.plan(due - timedelta(days=10), self.step(key, "claim", side))

    # --- meetings ---

    def call(self, at: datetime) -> None:
        """The next meeting is called; how it goes is up to the habits of the group."""
        story, chance = self.story, self.story.chance
        if self.fate == "silent" and at > story.until - timedelta(days=200 + 37 * (story.number % 9)):
            return
        starts = _at_work(at + timedelta(days=chance.randint(11, 16)), chance.choice((9, 10, 12)))
        caller: Side = chance.choice(SIDES)
        key = self.called(caller, at, starts)
        went = chance.choices(("both", "one", "nobody", "canceled", "moved"), self.habits)[0]
        if went == "canceled":
            story.say(caller, "meeting.cancel", at + timedelta(days=4), meeting=key, reason=texts.CANCELED)
        elif went == "moved":
            starts = _at_work(starts + timedelta(days=7), 11)
            key = self.called(caller, at + timedelta(days=5), starts, replaces=key)
            went = "both"
        if went in {"both", "one"}:
            story.plan(starts + timedelta(hours=3), lambda when: self.attend(when, key, caller, went))
        every, unit = self.cadence
        following = Cadence(every, "week" if unit == "week" else "month").after(starts.date())
        story.plan(_at_work(datetime.combine(following, time(12), UTC) - timedelta(days=14), 9), self.call)

    def called(self, side: Side, at: datetime, starts: datetime, replaces: str = "") -> str:
        """One call; gives its key."""
        chance = self.story.chance
        items = [{"text": one.plain(), "handling": "H1"} for one in chance.sample(texts.AGENDAS, chance.randint(1, 3))]
        return self.story.say(
            side, "meeting.call", at, starts=starts, ends=starts + timedelta(hours=2), zone=ZONE,
            venue=chance.choice(texts.VENUES), agenda=items, replaces=replaces,
        )  # fmt: skip

    def attend(self, at: datetime, key: str, caller: Side, went: str) -> None:
        """Both sides say who of theirs came, or one alone."""
        story, chance = self.story, self.story.chance
        there = SIDES if went == "both" else (chance.choice(SIDES),)
        for side in SIDES:
            if side in there or chance.random() < 0.5:  # else it says nothing, and silence is absence
                present = [story.post(side, at)] if side in there else []
                story.say(side, "meeting.attend", at + timedelta(minutes=20), meeting=key, present=present)
        if went == "both" or chance.random() < 0.4:
            story.plan(at + timedelta(days=3), lambda when: self.minutes(when, key, caller, informal=went != "both"))

    def minutes(self, at: datetime, key: str, writer: Side, *, informal: bool) -> None:
        """A side writes them; the other agrees, disputes, leaves them lie, or has written at the same moment."""
        story, chance = self.story, self.story.chance
        body: dict[str, Any] = {
            "meeting": key,
            "text": (texts.INFORMAL if informal else chance.choice(texts.MINUTES)).plain(),
        }
        if not informal:
            body |= {"decisions": [chance.choice(texts.DECISIONS).plain()], "handling": "H1"}
            body["commitments"] = [self.promised(at, n) for n in range(chance.choices((0, 1, 2), (35, 45, 20))[0])]
        lot = chance.random()
        if lot < 0.02 and not informal:
            bodies = {side: body | {"text": chance.choice(texts.MINUTES).plain()} for side in SIDES}
            written = story.say_at_once("minutes.propose", at, bodies)
            writer = "a" if story.words[-2].side == "a" else "b"
        else:
            written = story.say(writer, "minutes.propose", at, **body)
        if lot > 0.97:
            return
        answer = self.dispute if lot > 0.93 else self.agree
        story.plan(at + timedelta(days=chance.randint(1, 9)), lambda when: answer(when, written, other(writer)))

    def agree(self, at: datetime, written: str, side: Side) -> None:
        """So it was; what was promised counts from now."""
        self.story.say(side, "minutes.agree", at, minutes=written)
        for name, promise in self.story.standing.promises.items():
            if promise.source == written:
                self.take_up(at, name)

    def dispute(self, at: datetime, written: str, side: Side) -> None:
        """It was not so; both texts stay."""
        self.story.say(side, "minutes.dispute", at, minutes=written, text=texts.DISPUTED.plain())

    # --- promises ---

    def promised(self, at: datetime, number: int) -> dict[str, Any]:
        """One line of what the minutes promise."""
        chance = self.story.chance
        side: Side = chance.choice(SIDES)
        return {
            "key": f"p{number + 1}", "text": chance.choice(texts.PROMISES).plain(), "side": side,
            "owner": self.story.post(side, at), "due_on": (at + timedelta(days=chance.randint(30, 120))).date(),
        }  # fmt: skip

    def take_up(self, at: datetime, key: str) -> None:
        """Accepted by its owner, and on its way to one of its ends."""
        story = self.story
        promise = story.standing.promises[key]
        ending = story.chance.choice(ENDINGS)
        due = datetime.combine(promise.due_on, time(17), ZoneInfo(ZONE)).astimezone(UTC)
        story.plan(at + timedelta(days=1), self.step(key, "accept", promise.side))
        if ending == "left":
            return
        if ending == "dropped":
            for days, side in enumerate(SIDES, start=9):
                story.plan(at + timedelta(days=days), self.step(key, "drop", side))
            return
        if ending == "carried":
            story.plan(due + timedelta(days=4), self.step(key, "carry", promise.side, days=50))
            due += timedelta(days=40)
        claimed = max(due - timedelta(days=story.chance.randint(1, 20)), at + timedelta(days=12))
        story.plan(claimed, self.step(key, "claim", promise.side))
        if ending == "reopened":
            story.plan(claimed + timedelta(days=3), self.step(key, "reopen", other(promise.side)))
            story.plan(claimed + timedelta(days=20), self.step(key, "claim", promise.side))
            claimed += timedelta(days=21)
        story.plan(claimed + timedelta(days=5), self.step(key, "verify", other(promise.side)))

    def step(self, key: str, do: str, side: Side, *, days: int = 0) -> Callable[[datetime], None]:
        """What happens with a promise one day, where it still fits."""

        def act(at: datetime) -> None:
            if do in self.story.standing.promises[key].allowed(side):
                until = {"due_on": (at + timedelta(days=days)).date()} if days else {}
                self.story.say(side, "commitment.take", at, commitment=key, do=do, **until)

        return act

    def end(self, at: datetime) -> None:
        """Both sponsors end it: concluded, or merged into another."""
        into = str(self.into) if self.fate == "merged" and self.into else ""
        how, reason = ("merged", texts.MERGED) if into else ("concluded", texts.CONCLUDED)
        for hours, side in ((0, SIDES[0]), (30, SIDES[1])):
            self.story.say(side, "group.end", at + timedelta(hours=hours), how=how, into=into, reason=reason)


def _each(text: texts.Both, **words: Mapping[str, str]) -> dict[str, str]:
    """A text with words in its own language."""
    return {
        tongue: getattr(text, tongue).format(**{name: told[tongue] for name, told in words.items()})
        for tongue in ("en", "es")
    }


def _at_work(moment: datetime, hour: int) -> datetime:
    """That day at an hour of the group's zone, or the next working day."""
    day = moment.astimezone(ZoneInfo(ZONE)).date()
    while day.weekday() >= SATURDAY:
        day += timedelta(days=1)
    return datetime.combine(day, time(hour), ZoneInfo(ZONE)).astimezone(UTC)
