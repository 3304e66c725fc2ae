"""Whatever is reorganised, in any order and over years: nothing anybody owes is without a holder (P1.8)."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contraparte.directory import actions as directory_actions
from contraparte.directory import lineage, view
from contraparte.directory import queries as directory
from contraparte.exchange import succession
from contraparte.exchange.actions import automatic, draft, open_conversation, send_all
from contraparte.exchange.disclosing import declare_duty
from contraparte.exchange.holds import place_hold
from contraparte.exchange.models import (
    Conversation,
    DisclosureDuty,
    Draft,
    Hold,
    Message,
    Obligation,
    Permission,
)
from contraparte.exchange.orphans import orphans
from contraparte.exchange.permissions import ask_permission, grant_permission
from contraparte.exchange.rules.permissions import Kind
from contraparte.groups.actions import promising
from contraparte.groups.models import Group, Promise
from contraparte.groups.recording import standing_of
from contraparte.protocol.encoding import instant
from contraparte.protocol.errors import LineageError
from tests.directory import factory
from tests.directory.lineage_events import event
from tests.exchange.changes import change
from tests.exchange.rights_world import marking
from tests.exchange.small_world import OPERATOR
from tests.groups.group_world import CHAIRS, MX, SPONSORS, US, GroupWorld, make_group_world

BODIES = {"mx": [MX, "mx.one", "mx.two"], "us": [US, "us.one", "us.two"]}
NAMES = {"mx": ("kidnapping", "principal"), "us": ("phoenix", "principal")}
POSTS = {
    country: [f"{body}/{name}" for body in bodies for name in NAMES[country]] for country, bodies in BODIES.items()
}
YEARS = (0, 1, 6)


@pytest.fixture
def world(db: None, settings: Any, tmp_path: Path) -> GroupWorld:
    """A group with a charter, goals and a commitment; a question owed, a draft, a permission, a hold, a duty."""
    settings.NODE_OPERATOR = OPERATOR
    settings.HOME = replace(settings.HOME, path=tmp_path)
    view.forget()
    world = make_group_world("note.*")
    for place, country in enumerate(BODIES):
        entries = [factory.agency_entry(body, *NAMES[country], operator=OPERATOR) for body in BODIES[country][1:]]
        keys = [key for entry in entries for key in factory.make_keys(entry.id).values()]
        register = world.registers[place].with_agencies(entries)
        world.registers[place] = register.with_keys(factory.register_of(country, [], keys).keys)
        factory.load(world.registers[place], world.now)
        for post in (f"{body}/{name}" for body in BODIES[country][1:] for name in NAMES[country]):
            directory_actions.appoint_service(directory.post(post), by=None, now=world.now)
    group = world.chartered()
    due = (world.now + timedelta(days=30)).date()
    promising.make_promise(group, owner=CHAIRS["a"], text={"en": "Liaison"}, due_on=due, by=world.chair, now=world.now)
    world.settle()
    _make_cases(world)
    return world


def _make_cases(world: GroupWorld) -> None:
    def ask(sender: str, to: str, mark: str) -> Message:
        post = directory.post(sender)
        by = directory.service_tenure(post)
        thread = open_conversation(post=post, counterpart=to, kind="note", by=by, now=world.now)
        told = automatic("note.say/1", {"text": "where?"}, conversation=thread, marking=marking(mark), by=by)
        sent = send_all([told], now=world.now)[0]
        world.settle()
        rows = Message.objects.select_related("content", "conversation__post__agency")
        return rows.get(uuid=sent, direction="in")

    item = ask(CHAIRS["b"], CHAIRS["a"], "H2")
    officer, chief = world.chair, world.sponsor
    until = world.now + timedelta(days=9_000)
    asked = ask_permission(
        item, Kind.ONWARD, recipients=[SPONSORS["a"]], until=until, by=officer, now=world.now
    )  # fmt: skip
    world.settle()
    given = Permission.objects.get(uuid=asked.uuid, side="granter")
    grant_permission(given, by=world.principal, now=world.now)
    place_hold(item, reason="review", review_on=date(world.now.year + 1, 1, 1), by=chief, now=world.now)
    world.settle()
    secret = ask(CHAIRS["b"], CHAIRS["a"], "H1")
    said = {"basis": "court_order", "citation": "Auto 311", "court": "Quinto", "dated": world.now.date()}
    declare_duty(secret, **said, by=chief, now=world.now)
    world.settle()
    ask(CHAIRS["a"], CHAIRS["b"], "H0")
    draft(
        "note.say/1", {"text": "found"}, conversation=item.conversation, marking=marking("H0"), by=officer,
        now=world.now,
    )  # fmt: skip
    assert Obligation.objects.filter(closed_at=None).exists() and Hold.objects.count() == 2
    assert DisclosureDuty.objects.count() == 2 and Draft.objects.filter(state="draft").exists()


@st.composite
def reorganisations(draw: Any) -> list[tuple[str, str, list[str], list[str], dict[str, Any], int]]:
    """Kind, country, bodies before and after, mapping, years after the last one. Not all of them can be."""
    steps = []
    for _ in range(draw(st.integers(1, 4))):
        country = draw(st.sampled_from(sorted(BODIES)))
        kind = draw(st.sampled_from(["absorb", "merge", "rename", "split", "abolish", "recreate", "recreate"]))
        bodies = draw(st.permutations(BODIES[country]))
        before = bodies[:2] if kind == "merge" else bodies[:1]
        after = {"merge": bodies[2:], "split": bodies[1:]}.get(kind, bodies[1:2])
        there = [post for post in POSTS[country] if post.split("/")[0] in after]
        mapping: dict[str, Any] = {}
        for old in (post for post in POSTS[country] if post.split("/")[0] in before):
            taker, other = draw(st.sampled_from(there)), draw(st.sampled_from(there))
            topic = draw(st.sampled_from(["", "note", "group"]))
            mapping[old] = [(other, [topic]), (taker, [])] if topic and taker != other else taker
        steps.append((kind, country, before, after, mapping, draw(st.sampled_from(YEARS))))
    return steps


# A world per example is rebuilt by rolling back; to shrink would take minutes, and the steps are few.
LIMITS = settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@LIMITS
@given(reorganisations())
def test_whatever_is_reorganised_every_obligation_has_a_living_holder(world: GroupWorld, steps: Any) -> None:
    now, made = world.now, 0
    with transaction.atomic():
        view.forget()
        for number, (kind, _, before, after, mapping, years) in enumerate(steps):
            now += timedelta(days=365 * years, hours=1)
            try:
                lineage.check_now(event(f"e{number}", kind, before, after, mapping, instant(now)))
            except LineageError:
                continue  # nobody could have signed it
            change(f"e{number}", kind, before, after, mapping, now)
            made += 1
            succession.reconcile(now)
            assert orphans(now) == []
        assert succession.reconcile(now) == 0
        if made:
            _all_are_held(now)
        transaction.set_rollback(True)
    view.forget()


def _all_are_held(now: datetime) -> None:
    """By posts that hold something, on rows that stand where the people of those posts look."""
    known = lineage.events()
    living = {
        post for posts in POSTS.values() for post in posts if not lineage.is_passed_on(post, now)
    }  # fmt: skip
    assert set(Obligation.objects.filter(closed_at=None).values_list("holder", flat=True)) <= living
    assert set(Promise.objects.filter(is_live=True).values_list("owner", flat=True)) <= living
    for group in Group.objects.all():
        standing = standing_of(group, now)
        charter = standing.in_force.charter if standing.in_force else standing.charter
        assert charter is not None
        named = {*charter.chairs.values(), *charter.sponsors.values(), *(goal.owner for goal in charter.goals)}
        assert named <= living and {group.post_id, group.counterpart, group.sponsor or group.post_id} <= living
        assert group.agency == group.post_id.split("/")[0]
    for held in (Hold.objects.filter(lifted_at=None), DisclosureDuty.objects.filter(state="declared")):
        threads = {row.item.conversation_id for row in held.select_related("item")}
        assert set(Conversation.objects.filter(pk__in=threads).values_list("post_id", flat=True)) <= living
    ended = {body for one in known for body in one.ended} - {body for one in known for body in one.document.after}
    assert not Conversation.objects.filter(agency__in=ended).exists()
