"""One notice to each counterpart of a change of agency, whatever is shared with it (P1.8)."""

import pytest
from django.utils import timezone

from contraparte.desk import lineage as pages
from contraparte.directory.models import Tenure
from contraparte.directory.queries import Role
from contraparte.directory.rules.lineage import read_event
from contraparte.exchange import succession
from contraparte.exchange.actions import send_all
from contraparte.exchange.messages import PostSucceeded
from contraparte.exchange.models import ChangeNotice, Conversation, Message, Refusal
from contraparte.exchange.telling_change import TYPE, tell_changes
from contraparte.protocol.encoding import instant
from tests.exchange.changes import HOUR, NEW, absorb, add_successor
from tests.exchange.rights_world import ANNEX, people_of
from tests.exchange.small_world import CENTRE, FEDERAL, MARKING, SONORA, SmallWorld


@pytest.fixture
def world(desk_world: SmallWorld) -> SmallWorld:
    """Sonora shares two threads with the centre's desk, one with its annex, and one nobody over there knows of."""
    world = add_successor(desk_world)
    people_of(world)
    threads = [world.conversation(), world.conversation(), world.conversation(SONORA, ANNEX)]
    send_all([world.note("where?", thread) for thread in threads], now=timezone.now())
    world.settle()
    world.conversation(SONORA, ANNEX)
    return world


def test_each_counterpart_is_told_once_for_all_threads_and_every_post_concerned_sees_it(world: SmallWorld) -> None:
    absorb(timezone.now())
    assert tell_changes(timezone.now()) == 0  # nothing has passed yet
    succession.reconcile(timezone.now())
    told = tell_changes(timezone.now())
    world.settle()
    peers = set(ChangeNotice.objects.filter(ours=True).values_list("peer", flat=True))
    assert told == len(peers) and {"us.ntc"} <= peers
    for _ in range(2):
        succession.reconcile(timezone.now())
        assert tell_changes(timezone.now() + HOUR) == 0
    world.settle()
    assert Message.objects.filter(type=TYPE, direction="out", peer="us.ntc").count() == 1
    got = ChangeNotice.objects.get(ours=False, agency="us.ntc")
    assert (got.rows["was"], got.rows["became"], got.rows["concerned"]) == ([SONORA], [NEW], [ANNEX, CENTRE])
    assert got.message == Message.objects.get(type=TYPE, direction="in", peer="mx.new", agency="us.ntc").uuid
    now = timezone.now()
    for name, post, role, seen in (
        ("one", CENTRE, Role.OFFICER, 1), ("two", ANNEX, Role.OFFICER, 1), ("six", ANNEX, Role.AUTHORISER, 1),
        ("ten", FEDERAL, Role.OFFICER, 0), ("new", NEW, Role.OFFICER, 0),
    ):  # fmt: skip
        tenure = world.appoint(name, post, role)
        mine = [one for one in pages.notices_told(tenure, now) if one.agency == "us.ntc"]
        assert len(mine) == seen and [one.count for one in pages.told_notices(tenure, now)] == [
            len(pages.notices_told(tenure, now))
        ]
    for n in range(pages.EVENTS):
        rows = {"was": [SONORA], "became": [NEW], "concerned": [ANNEX]}
        fresh = {"pk": None, "event_hash": f"{n:064}", "rows": rows, "at": now}
        ChangeNotice.objects.create(**{field.name: getattr(got, field.name) for field in got._meta.fields} | fresh)
    assert got in pages.notices_told(Tenure.objects.get(person__username="one"), now)
    assert not Message.objects.exclude(state__in=(Message.State.SENT, Message.State.HANDLED)).exists()


def test_nobody_is_told_of_what_did_not_happen(world: SmallWorld) -> None:
    row = absorb(timezone.now())
    event = read_event(bytes(row.document))
    succession.reconcile(timezone.now())
    thread = Conversation.objects.filter(agency="mx.new", counterpart=CENTRE)[0]
    stranger = world.conversation(FEDERAL)
    send_all([world.note("hello", stranger)], now=timezone.now())
    world.settle()
    true = PostSucceeded(
        event="one", event_hash=row.hash, since=row.effective, until=event.accepts_until, was=[SONORA], became=[NEW],
        concerned=[CENTRE],
    ).model_dump(mode="json")  # fmt: skip
    for sender, change in (
        (thread, {"became": [FEDERAL]}), (thread, {"was": [SONORA, SONORA]}), (thread, {"event_hash": "0" * 64}),
        (stranger, {}), (thread, {"since": "0001-01-01T00:00:00Z"}), (thread, {"until": "2199-01-01T00:00:00Z"}),
        (thread, {"concerned": [FEDERAL]}), (thread, {"event": "two"}),
    ):  # fmt: skip
        bad = world.note("", sender, type=TYPE, body={**true, **change}, marking=MARKING)
        bad.body.pop("text")
        send_all([bad], now=timezone.now())
    world.settle()
    codes = sorted(Refusal.objects.filter(agency="us.ntc").values_list("code", flat=True))
    assert codes == ["lineage.forged"] * 7
    # The view of the directory here may lag behind: what is not known yet is put off.
    assert Message.objects.get(type=TYPE, direction="out", state=Message.State.QUEUED)
    assert not ChangeNotice.objects.exists()
    assert instant(row.effective)
