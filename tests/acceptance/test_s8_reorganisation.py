"""S8: a ministry is absorbed with 58 requests open and created again years later; nothing is left without a holder.

Both sides stand on one node, with real keys and signatures; what goes between them goes through the peers' doors.
"""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from contraparte.directory import actions as directory_actions
from contraparte.directory import lineage
from contraparte.directory import queries as directory
from contraparte.directory.models import Alarm
from contraparte.directory.rules.lineage import write_event
from contraparte.directory.rules.register import key_entry
from contraparte.directory.rules.succession import vouch
from contraparte.exchange import succession
from contraparte.exchange.actions import send_all
from contraparte.exchange.auditing import find_message_faults
from contraparte.exchange.models import Conversation, Message, Moved, Obligation
from contraparte.exchange.orphans import orphans
from contraparte.exchange.reading import read_message
from contraparte.protocol.encoding import instant
from contraparte.protocol.errors import (
    LineageCycleError,
    LineageForgedError,
    LineagePeriodError,
    LineagePostMissingError,
    LineageRuleError,
)
from contraparte.protocol.keys import Purpose
from tests.directory import factory
from tests.directory.lineage_events import document
from tests.exchange.conftest import prepared
from tests.exchange.small_world import CENTRE, OPERATOR, SmallWorld, make_small_world

REQUESTS, POSTS, MAPPED = 58, 31, 27
HOUR = timedelta(hours=1)
OLD = [f"mx.old/p{number:02}" for number in range(POSTS)]
NEW = [f"mx.new/p{number:02}" for number in range(MAPPED)]


@pytest.fixture
def ministry(db: None, settings: Any, tmp_path: Path) -> Iterator[SmallWorld]:
    """The ministry of 31 posts, its successor with 27, and 58 questions that the centre or the ministry owes."""
    with prepared(settings, tmp_path):
        world = make_small_world()
        old, new = factory.make_keys("mx.old"), factory.make_keys("mx.new")
        begun = factory.NOW - timedelta(days=1)
        fresh = [
            vouch(key_entry(key.public(), valid_from=begun), old[Purpose.MESSAGE if of is Purpose.SEAL else of])
            for of, key in new.items()
        ]
        register = world.registers["mx"].with_agencies(
            factory.agency_entry(name, *(post.split("/")[1] for post in posts), operator=OPERATOR)
            for name, posts in (("mx.old", OLD), ("mx.new", NEW))
        )
        entries = [key_entry(key.public(), valid_from=begun) for key in old.values()]
        world.registers["mx"] = register.with_keys([*entries, *fresh])
        factory.load(world.registers["mx"], timezone.now())
        for post in (*OLD, *NEW):
            world.services[post] = directory_actions.appoint_service(directory.post(post), now=timezone.now())
        pairs = [(OLD[n % POSTS], CENTRE) if n % 2 else (CENTRE, OLD[n % POSTS]) for n in range(REQUESTS)]
        send_all([world.note("open", world.conversation(*pair)) for pair in pairs], now=timezone.now())
        world.settle()
        Conversation.objects.update(opened_at=timezone.now() - 2_000 * HOUR)
        yield world


def absorption(at: datetime, **more: Any) -> dict[str, Any]:
    posts = {old: NEW[place] if place < MAPPED else NEW[0] for place, old in enumerate(OLD)}
    told = document("absorb", "absorb", ["mx.old"], ["mx.new"], posts, instant(at), reviewers=["us"])
    for line in told["mapping"][MAPPED:]:
        line["abolished"] = True
    return {**told, "accepts_until": instant(at + 900 * HOUR), **more}


def agreed(told: dict[str, Any]) -> None:
    """Announced by one side, reviewed and signed by the other."""
    directory_actions.sign_event(write_event(told), country="mx", now=timezone.now())
    assert directory_actions.agree_to_event(told["id"], country="us", now=timezone.now()).is_complete


def all_say_something(world: SmallWorld, text: str) -> None:
    threads = list(Conversation.objects.filter(closed_at=None).select_related("post__agency"))
    send_all([world.note(text, thread) for thread in threads], now=timezone.now())
    world.settle()
    assert not Message.objects.exclude(state__in=(Message.State.SENT, Message.State.HANDLED)).exists()


def test_a_ministry_is_absorbed_and_created_again_and_no_case_is_lost(ministry: SmallWorld) -> None:
    owed = Counter(Obligation.objects.filter(closed_at=None).values_list("message__uuid", "due_at", "opened_at"))
    assert sum(owed.values()) == 2 * REQUESTS
    begins = timezone.now() - 1_000 * HOUR
    agreed(absorption(begins))
    assert len(orphans(timezone.now())) > REQUESTS
    assert succession.reconcile(begins + HOUR) == 2 * REQUESTS
    assert orphans(timezone.now()) == []
    held = Obligation.objects.filter(closed_at=None)
    assert Counter(held.values_list("message__uuid", "due_at", "opened_at")) == owed  # no clock stopped
    assert set(held.values_list("holder", flat=True)) <= {*NEW, CENTRE}
    assert Alarm.objects.filter(code="lineage.in_effect").count() == 1
    assert {lineage.present_post(post, now=timezone.now()) for post in OLD} == set(NEW)
    assert lineage.present_post(OLD[-1], now=timezone.now()) == NEW[0]
    all_say_something(ministry, "we go on")
    assert list(find_message_faults()) == []
    assert all(read_message(row) for row in Message.objects.filter(sender__startswith="mx.old/")[:5])
    # Years later: what came from the first twenty posts works back, the rest stays.
    back = dict(zip(NEW[:20], OLD[:20], strict=True))
    told = document("again", "recreate", ["mx.new"], ["mx.old"], back, instant(begins + 950 * HOUR), reviewers=["us"])
    agreed(told)
    assert succession.reconcile(timezone.now()) > 0
    assert orphans(timezone.now()) == []
    posts = set(Conversation.objects.exclude(agency="us.ntc").values_list("post_id", flat=True))
    assert posts == {*OLD[:20], *NEW[20:]}
    all_say_something(ministry, "home again")
    assert list(find_message_faults()) == []
    assert succession.reconcile(timezone.now()) == 0
    assert Moved.objects.filter(side="own", event="absorb").count() == REQUESTS


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        (
            {"mapping": [{"from": a, "to": [{"post": b}]} for a, b in ((OLD[0], OLD[1]), (OLD[1], OLD[0]))]},
            LineageCycleError,
        ),
        ({"mapping": [{"from": OLD[0], "to": [{"post": NEW[0]}, {"post": NEW[1]}]}]}, LineageRuleError),
        ({"announced": "2099-01-01T00:00:00Z"}, LineagePeriodError),
    ],
)
def test_a_bad_mapping_is_refused_by_name(change: dict[str, Any], refusal: type[Exception]) -> None:
    with pytest.raises(refusal):
        write_event(absorption(datetime.fromisoformat("2027-01-01T00:00:00+00:00"), **change))


def test_a_post_left_out_a_forged_statement_and_an_old_key_are_refused(ministry: SmallWorld) -> None:
    at = timezone.now() - 1_000 * HOUR
    told = absorption(at, accepts_until=instant(at + HOUR))
    with pytest.raises(LineagePostMissingError):
        directory_actions.sign_event(
            write_event({**told, "mapping": told["mapping"][:-1]}), country="mx", now=timezone.now()
        )
    signed = directory_actions.sign_event(write_event(told), country="us", now=timezone.now())
    forged = directory_actions.signed_event(signed)
    with pytest.raises(LineageForgedError):
        factory.load(ministry.registers["mx"].with_lineage(forged.hash, forged.to_bytes()), timezone.now())
    thread = Conversation.objects.filter(agency="mx.old").select_related("post__agency").first()
    send_all([ministry.note("too late", thread)], now=timezone.now())
    agreed(told)
    ministry.deliver()
    late = Message.objects.get(state=Message.State.QUEUED)
    assert late.outbox.code == "agency.succeeded"
