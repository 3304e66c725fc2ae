"""Two agencies that keep a group: chairs, sponsors and member posts on both sides, over the real road."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from contraparte.directory import actions as directory_actions
from contraparte.directory import queries as directory
from contraparte.directory.models import Person, Tenure
from contraparte.directory.queries import Role
from contraparte.directory.rules.accord import RIGHTS_OF_ITEMS, example
from contraparte.directory.rules.register import Register
from contraparte.exchange import delivery, handling
from contraparte.groups.actions import founding, meeting
from contraparte.groups.actions.tending import tend_groups
from contraparte.groups.models import Group, GroupWord
from contraparte.groups.recording import standing_of
from contraparte.groups.rules.standing import Standing
from contraparte.protocol.keys import Purpose
from tests.directory import factory
from tests.exchange.small_world import OPERATOR, Wire, adopt
from tests.groups.talk import charter

MX, US = "mx.fge-son", "us.fbi"
CHAIRS = {"a": "mx.fge-son/kidnapping", "b": "us.fbi/phoenix"}
SPONSORS = {"a": "mx.fge-son/principal", "b": "us.fbi/principal"}
TYPES = ["group.*", "charter.*", "goal.*", "meeting.*", "minutes.*", "commitment.*", *RIGHTS_OF_ITEMS]


@dataclass
class GroupWorld:
    """The people of both sides, and the clock all of them read."""

    wire: Wire
    chair: Tenure
    sponsor: Tenure
    partner: Tenure
    principal: Tenure
    outsider: Tenure
    registers: list[Register]
    now: datetime = field(default_factory=timezone.now)

    def __post_init__(self) -> None:
        self.wire.clock = lambda: self.now

    def wait(self, **span: float) -> None:
        """Let time pass, and have the worker look."""
        self.now += timedelta(**span)
        for register in self.registers:
            factory.load(register, self.now)
        tend_groups(self.now)

    def settle(self) -> None:
        """Deliver and handle until all is quiet."""
        for _ in range(50):
            turn = delivery.deliver_once(OPERATOR, now=self.now, clock=lambda: self.now, send=self.wire.send)
            handled = handling.handle_waiting(now=self.now) + handling.run_jobs(now=self.now)
            if not turn.more and not handled:
                return
        raise AssertionError("the world does not come to rest")

    def sides(self, group: Group) -> tuple[Group, Group]:
        """The rows of both sides, fresh: Sonora's and the bureau's."""
        return tuple(Group.objects.get(agency=agency, uuid=group.uuid) for agency in (MX, US))  # type: ignore[return-value]

    def both(self, group: Group) -> Standing:
        """How the group stands, the same on both sides once all has crossed."""
        self.settle()
        ours, theirs = (standing_of(row, self.now) for row in self.sides(group))
        assert ours == theirs
        return ours

    def founded(self, **changed: Any) -> Group:
        """A group both sides know of, without a charter."""
        facts = {"name": {"en": "Kidnapping and extortion", "es": "Secuestro y extorsión"}, "kind": "working_group"}
        group = founding.found_group(CHAIRS["b"], **(facts | changed), by=self.chair, now=self.now)
        self.settle()
        return group

    def chartered(self, group: Group | None = None, **changed: Any) -> Group:
        """A group with a charter in force; its days lie after this clock."""
        group = group or self.founded()
        text = charter(**(self.days() | changed))
        proposed = founding.propose_charter(group, text, base="", by=self.chair, now=self.now)
        self.settle()
        key = str(proposed.message.uuid)
        founding.approve_charter(group, key, by=self.sponsor, now=self.now)
        self.settle()
        founding.approve_charter(self.sides(group)[1], key, by=self.principal, now=self.now)
        self.settle()
        return self.sides(group)[0]

    def days(self) -> dict[str, Any]:
        """The days of a charter that are to lie ahead."""
        return {"review_on": (self.now + timedelta(days=400)).date().isoformat()}

    def called(self, group: Group, days: float = 12, **more: Any) -> str:
        """A meeting of two hours; gives its key."""
        starts = self.now + timedelta(days=days)
        word = meeting.call_meeting(
            group, starts=starts, ends=starts + timedelta(hours=2), zone="America/Hermosillo", by=self.chair,
            now=self.now, **more,
        )  # fmt: skip
        self.settle()
        return str(word.message.uuid)

    def attended(self, group: Group, ours: list[str], theirs: list[str] | None, days: float = 12) -> str:
        """A meeting that took place, with who came of each side; None: that side says nothing."""
        key = self.called(group, days)
        self.wait(days=days, hours=3)
        meeting.record_attendance(group, key, ours, by=self.chair, now=self.now)
        if theirs is not None:
            meeting.record_attendance(self.sides(group)[1], key, theirs, by=self.partner, now=self.now)
        self.settle()
        return key

    def words(self, group: Group) -> list[str]:
        """What was said of a group, on our side."""
        return list(GroupWord.objects.filter(group=group).values_list("act", flat=True))


def make_group_world(*more: str) -> GroupWorld:
    """Directory, accord, posts and people; the caller has set NODE_OPERATOR. `more` types than those of groups."""
    now = timezone.now()
    keys = {name: factory.make_keys(name) for name in (MX, US, "mx.fgr")}
    keys["mx.fgr"] |= factory.make_keys("mx.fgr", [Purpose.ACCORD])
    keys[US] |= factory.make_keys(US, [Purpose.ACCORD])
    posts = {MX: ("kidnapping", "principal"), "mx.fgr": ("uecs",), US: ("phoenix", "principal")}
    registers: list[Register] = []
    for country, names in (("mx", (MX, "mx.fgr")), ("us", (US,))):
        entries = [factory.agency_entry(name, *posts[name], operator=OPERATOR) for name in names]
        held = [key for name in names for key in keys[name].values()]
        registers.append(factory.register_of(country, entries, held))
        factory.load(registers[-1], now)
    permits = [{"types": [*TYPES, *more], "from": start, "to": end} for start, end in (("mx", "us"), ("us", "mx"))]
    adopt(example(permits=permits, routing=[], clocks=[]), keys | {"us.ntc": keys[US]})
    for post in (*CHAIRS.values(), *SPONSORS.values()):
        directory_actions.appoint_service(directory.post(post), by=None, now=now)
    people = [
        directory_actions.appoint(
            Person.objects.create_user(name, display_name=name), directory.post(post), [role], by=None, now=now
        )
        for name, post, role in (
            ("olga", CHAIRS["a"], Role.OFFICER),
            ("arturo", SPONSORS["a"], Role.AUTHORISER),
            ("walter", CHAIRS["b"], Role.OFFICER),
            ("ruth", SPONSORS["b"], Role.AUTHORISER),
            ("fernanda", "mx.fgr/uecs", Role.OFFICER),
        )
    ]
    return GroupWorld(Wire(), *people, registers)
