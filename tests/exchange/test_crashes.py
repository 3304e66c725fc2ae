"""Crashes at every write, replies that get lost, many at once: nothing is lost, doubled or half done (1, 4 and 5)."""

import threading
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from contraparte.directory import keyfiles, keyring, view
from contraparte.directory.models import Agency, Country, Key
from contraparte.exchange import actions, delivery, handling, outbox, queries
from contraparte.exchange.auditing import find_message_faults
from contraparte.exchange.inbox import accept_batch
from contraparte.exchange.models import (
    Conversation,
    Incident,
    Job,
    Lane,
    Message,
    Obligation,
    Outbox,
    Receipt,
    Refusal,
    Release,
    Resealing,
    Turn,
)
from contraparte.exchange.receipts import keep_receipts
from contraparte.exchange.resealing import reseal
from contraparte.ledger import guard
from contraparte.ledger.models import Log
from contraparte.protocol.frames import encode_batch
from contraparte.protocol.keys import Purpose, generate
from contraparte.protocol.receipts import Statement
from tests.exchange import small_world
from tests.exchange.crashes import CrashError, crash_everywhere
from tests.exchange.small_world import CENTRE, FEDERAL, OPERATOR, SONORA, SmallWorld
from tests.exchange.test_worker import in_threads, one_arrived, states


def require_whole() -> None:
    """What must be so at any moment, whatever has happened (invariants 1, 4, 5)."""
    assert list(find_message_faults()) == []
    left = Message.objects.filter(direction="out")
    assert left.count() == Release.objects.count(), "every message that left has its decision"
    for row in Message.objects.filter(direction="in"):
        assert row.receipts.filter(ours=True, kind="accepted").count() == 1
        twin = Message.objects.filter(direction="out", uuid=row.uuid, peer=row.agency).first()
        assert twin is None or bytes(twin.digest) == bytes(row.digest)
    for turn in Turn.objects.all():
        rows = Message.objects.filter(
            conversation=turn.conversation_id, peer=turn.peer, direction=turn.direction, seq__isnull=False
        )
        seqs = sorted(rows.values_list("seq", flat=True))
        refused = Refusal.objects.filter(conversation=turn.conversation.uuid, agency=turn.conversation.agency).count()
        assert len(set(seqs)) == len(seqs) and (refused or seqs == list(range(1, turn.seq + 1)))
    assert not Message.objects.filter(direction="out", state="queued", outbox__isnull=True).exists()
    assert not Message.objects.filter(direction="out", state="sent", outbox__isnull=False).exists()
    waiting = set(Job.objects.filter(lane="handle").values_list("subject", flat=True))
    assert waiting == set(Message.objects.filter(direction="in", state="accepted").values_list("pk", flat=True))
    for log in Log.objects.filter(mine=True):
        held = guard.read(log.origin)
        assert held is None or held.size <= log.size


# --- a crash at each write ---


def test_a_release_that_crashes_anywhere_has_not_happened(world: SmallWorld) -> None:
    draft = world.draft()
    actions.approve_draft(
        draft,
        digest=actions.preview(draft, now=timezone.now()).content_digest,
        by=world.chief,
        now=timezone.now(),
    )

    def release() -> None:
        actions.release_draft(draft, by=world.officer, now=timezone.now())

    def check() -> None:
        require_whole()
        draft.refresh_from_db()
        assert Message.objects.exists() == (draft.state == draft.State.RELEASED)

    assert crash_everywhere(release, check) >= 8
    world.settle()
    require_whole()
    assert states() == {"handled": 2}


def test_an_acceptance_that_crashes_anywhere_is_repeated_and_counts_once(world: SmallWorld) -> None:
    actions.send_all([world.note("x")], now=timezone.now())
    envelopes = [delivery._envelope(row.message) for row in Outbox.objects.select_related("message__content")]
    body = encode_batch(envelopes)

    def accept() -> None:
        accept_batch(body, peer=OPERATOR, now=timezone.now())

    assert crash_everywhere(accept, require_whole) >= 8
    assert states() == {"accepted": 2}
    world.settle()
    require_whole()
    assert states() == {"handled": 2} and states("out") == {"sent": 2}


def test_receipts_whose_keeping_crashes_anywhere_come_again(world: SmallWorld) -> None:
    actions.send_all([world.note("x", world.conversation(FEDERAL, CENTRE))], now=timezone.now())
    body = encode_batch([delivery._envelope(row.message) for row in Outbox.objects.select_related("message__content")])
    receipts = accept_batch(body, peer=OPERATOR, now=timezone.now())

    def keep() -> None:
        keep_receipts(receipts, peer=OPERATOR)

    assert crash_everywhere(keep, require_whole) >= 4
    keep()
    assert states("out") == {"sent": 1} and Receipt.objects.filter(ours=False).count() == 1
    assert Obligation.objects.filter(agency="mx.fgr").count() == 1


def test_handling_that_crashes_anywhere_has_not_happened_and_happens_once(world: SmallWorld) -> None:
    one_arrived(world, 2)
    minutes = iter(range(1, 1000))

    def handle() -> None:
        # each crash leaves a lease behind, as a worker that died would
        handling.handle_waiting(now=timezone.now() + next(minutes) * timedelta(minutes=2))

    assert crash_everywhere(handle, require_whole) >= 4
    assert states() == {"handled": 2}
    # the handler itself saw more than two calls, for its own transaction was undone: that is what "once in effect" says
    assert Receipt.objects.filter(kind="delivered", ours=True).count() == 2


@pytest.mark.parametrize("step", ["release", "accept"])
def test_a_crash_between_commit_and_guard_costs_a_repeat_and_nothing_else(
    world: SmallWorld, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(heads: Any) -> None:
        raise CrashError

    if step == "accept":
        actions.send_all([world.note("x")], now=timezone.now())
    with monkeypatch.context() as broken:
        broken.setattr(guard, "advance", crash)
        with pytest.raises(CrashError):
            if step == "release":
                actions.send_all([world.note("x")], now=timezone.now())
            else:
                world.deliver()
    require_whole()
    world.settle()
    require_whole()
    assert states() == {"handled": 2} and states("out") == {"sent": 2}


def test_a_peer_that_delivers_twice_at_once_gets_one_answer(world: SmallWorld) -> None:
    threads = [world.conversation(FEDERAL, CENTRE) for _ in range(3)]
    for _ in range(3):
        actions.send_all([world.note("x", thread) for thread in threads], now=timezone.now())
    rows = list(Outbox.objects.select_related("message__content").order_by("pk"))
    body = encode_batch([delivery._envelope(row.message) for row in rows])
    answers: list[list[Statement]] = []

    def accept() -> None:
        told = accept_batch(body, peer=OPERATOR, now=timezone.now())
        answers.append([Statement.parse(receipt.statement) for receipt in told])

    in_threads([accept] * 5)
    assert all(told == answers[0] for told in answers)
    assert {statement.kind for statement in answers[0]} == {"accepted"}
    assert not Refusal.objects.exists() and states() == {"accepted": 9}
    require_whole()


# --- many at once ---


def hurry() -> None:
    """Whatever waits is due now."""
    now = timezone.now()
    Outbox.objects.update(due=now)
    Receipt.objects.filter(due__isnull=False).update(due=now)
    Job.objects.update(due=now, lease_until=None)
    Lane.objects.update(resume_at=None)


def test_many_senders_and_deliveries_at_once_lose_and_double_nothing(world: SmallWorld) -> None:
    threads = [world.conversation(), world.conversation(FEDERAL, CENTRE), world.conversation(CENTRE, SONORA)]
    released: list[str] = []
    lock = threading.Lock()

    def send(offset: int) -> Any:
        def run() -> None:
            for i in range(6):
                chosen = [threads[(offset + i) % 3], threads[(offset + i + 1) % 3]]
                ids = actions.send_all([world.note(f"{offset}.{i}", one) for one in chosen], now=timezone.now())
                with lock:
                    released.extend(ids)

        return run

    def overlap() -> None:
        """Deliver without a lane, so that the same rows are under way several times."""
        for _ in range(4):
            delivery.deliver_once(OPERATOR, now=timezone.now(), clock=timezone.now, send=world.wire.send)

    def handle() -> None:
        for _ in range(4):
            handling.handle_waiting(now=timezone.now(), limit=5)

    def answer(arrived: Any) -> None:
        """Handlers send too: turns, heads, turns again in one transaction."""
        if arrived.message.type == "note.say/1" and not arrived.is_copy:
            outgoing = actions.automatic(
                "note.answer/1",
                {"text": "yes"},
                conversation=arrived.conversation,
                marking=small_world.MARKING,
                by=arrived.by,
                in_reply_to=arrived.message.id,
            )
            actions.send_all([outgoing], now=arrived.now)

    small_world.handler.append(answer)
    in_threads([send(0), send(1), send(2), overlap, overlap, handle, handle])
    for _ in range(8):
        hurry()
        world.settle()
    require_whole()
    assert len(released) == 36
    originals = Message.objects.filter(direction="out", type="note.say/1", copy_of__isnull=True)
    assert Counter(str(row.uuid) for row in originals) == Counter(released)
    assert states("out").keys() == {"sent"} and states().keys() == {"handled"}
    assert Message.objects.filter(direction="in", type="note.answer/1", copy_of__isnull=True).count() == 36
    for log in Log.objects.filter(mine=True):
        out = Message.objects.filter(agency=log.agency, peer=log.peer, direction="out").count()
        arrived = Message.objects.filter(agency=log.agency, peer=log.peer, direction="in").count()
        assert log.size == 1 + out + 2 * arrived, "opened; released; accepted and delivered"
    assert not Obligation.objects.filter(closed_at__isnull=True).exists()
    assert not Incident.objects.exists() and not Refusal.objects.exists()


# --- clocks and receipts in the wrong order ---


def test_an_answer_that_comes_before_the_receipt_of_its_request_ends_the_clock(world: SmallWorld) -> None:
    ours = world.conversation(FEDERAL, CENTRE)
    asked = actions.send_all([world.note("who?", ours)], now=timezone.now())[0]
    world.wire.faults = ["done_but_reply_lost"]
    world.deliver()
    world.handle()
    assert Message.objects.get(uuid=asked, direction="out").state == "queued"
    theirs = Conversation.objects.get(agency="us.ntc", uuid=ours.uuid)
    # its answer reaches us while our own request still waits for its receipt
    waiting = Outbox.objects.get()
    Outbox.objects.filter(pk=waiting.pk).update(due=timezone.now() + timedelta(hours=1))
    answer = world.note("he", theirs, type="note.answer/1", in_reply_to=asked)
    actions.send_all([answer], now=timezone.now())
    world.deliver()
    world.handle()
    assert Message.objects.get(uuid=asked, direction="out").state == "queued"
    world.deliver(timezone.now() + timedelta(hours=2))
    world.handle(timezone.now() + timedelta(hours=2))
    clocks = list(Obligation.objects.filter(message__uuid=asked))
    assert len(clocks) == 2 and len({(clock.opened_at, clock.closed_at) for clock in clocks}) == 1
    assert clocks[0].closed_at is not None
    require_whole()


def test_only_who_owes_the_answer_ends_the_clock(world: SmallWorld) -> None:
    ours = world.conversation()
    asked = actions.send_all([world.note("who?", ours)], now=timezone.now())[0]
    world.settle()
    federal = Conversation.objects.get(agency="mx.fgr", uuid=ours.uuid)
    meddling = world.note("I know", federal, type="note.answer/1", in_reply_to=asked, to=SONORA)
    actions.send_all([meddling], now=timezone.now())
    world.settle()
    assert {clock.closed_at for clock in Obligation.objects.filter(message__uuid=asked)} == {None}


def test_delivered_without_accepted_fetches_the_accepted(world: SmallWorld) -> None:
    one = world.conversation(FEDERAL, CENTRE)
    sent = actions.send_all([world.note("x", one)], now=timezone.now())[0]
    world.wire.faults = ["done_but_reply_lost"]
    world.deliver()
    world.handle()
    row = Outbox.objects.get()
    Outbox.objects.filter(pk=row.pk).update(due=timezone.now() + timedelta(hours=1))
    world.deliver()  # the receipt that it was delivered, and nothing else
    mine = Message.objects.get(uuid=sent, direction="out")
    assert {r.kind for r in mine.receipts.all()} == {"delivered"} and mine.state == "queued"
    world.deliver(timezone.now() + timedelta(hours=2))
    mine.refresh_from_db()
    assert {r.kind for r in mine.receipts.all()} == {"delivered", "accepted"} and mine.state == "sent"
    assert not Incident.objects.exists()


# --- expiry, moves, retired keys ---


def test_what_was_never_acknowledged_expires_is_shown_and_leaves_no_gap(world: SmallWorld) -> None:
    thread = world.conversation(FEDERAL, CENTRE)
    first = actions.send_all([world.note("too late", thread)], now=timezone.now())[0]
    now = timezone.now() + timedelta(days=31)
    assert outbox.expire_overdue(timezone.now()) == 0
    assert outbox.expire_overdue(now) == 1 and outbox.expire_overdue(now) == 0
    row = Message.objects.get(uuid=first)
    assert (row.state, row.code) == ("expired", "message.expired")
    assert [found.uuid for found in queries.failed_at(FEDERAL)] == [row.uuid]
    assert [state.queued for state in queries.road()] in ([], [0])
    # the directory has run out by then; renewed as a refresh would
    Country.objects.update(expires_at=now + timedelta(days=1))
    view.forget()
    actions.send_all([world.note("in time", thread)], now=now)
    body = [delivery._envelope(r.message) for r in Outbox.objects.select_related("message__content").order_by("pk")]
    told = [Statement.parse(r.statement) for r in accept_batch(encode_batch(body), peer=OPERATOR, now=now)]
    assert told[0].kind == "rejected" and told[0].code in {"message.expired", "message.clock"}
    again = accept_batch(encode_batch(body), peer=OPERATOR, now=now)
    keep_receipts(again, peer=OPERATOR)
    assert [Statement.parse(r.statement).kind for r in again] == ["rejected", "accepted"]
    row.refresh_from_db()
    assert row.state == "expired" and not Outbox.objects.exists()
    require_whole()


def test_an_acceptance_that_was_under_way_when_its_message_expired_counts(world: SmallWorld) -> None:
    one = world.conversation(FEDERAL, CENTRE)
    sent = actions.send_all([world.note("x", one)], now=timezone.now())[0]
    body = encode_batch([delivery._envelope(r.message) for r in Outbox.objects.select_related("message__content")])
    receipts = accept_batch(body, peer=OPERATOR, now=timezone.now())
    outbox.expire_overdue(timezone.now() + timedelta(days=31))
    keep_receipts(receipts, peer=OPERATOR)
    row = Message.objects.get(uuid=sent, direction="out")
    assert (row.state, row.code) == ("sent", "") and not Outbox.objects.exists()


def test_messages_follow_an_agency_to_the_node_it_moved_to(world: SmallWorld) -> None:
    actions.send_all([world.note("x")], now=timezone.now())
    assert outbox.follow_routes() == 0
    Agency.objects.filter(pk="us.ntc").update(operator="us.ntc")
    view.forget()
    assert outbox.follow_routes() == 1
    assert dict(Outbox.objects.values_list("peer", "operator")) == {"us.ntc": "us.ntc", "mx.fgr": OPERATOR}
    assert delivery.due_operators(timezone.now()) == [OPERATOR, "us.ntc"]


def test_a_message_for_a_retired_key_is_sealed_again_and_stays_the_same(world: SmallWorld) -> None:
    one = world.conversation(FEDERAL, CENTRE)
    sent = actions.send_all([world.note("x", one)], now=timezone.now())[0]
    before = Message.objects.get(uuid=sent)
    rotate_sealing_key("us.ntc")
    world.deliver()
    row = Message.objects.get(uuid=sent, direction="out")
    assert row.state == "sent" and bytes(row.digest) == bytes(before.digest)
    assert bytes(row.envelope_hash) != bytes(before.envelope_hash)
    resealed = Resealing.objects.get()
    assert bytes(resealed.replaced) == bytes(before.envelope_hash)
    arrived = Message.objects.get(uuid=sent, direction="in")
    assert bytes(arrived.digest) == bytes(row.digest) and bytes(arrived.envelope_hash) == bytes(row.envelope_hash)
    world.handle()
    require_whole()


def test_a_receipt_for_the_envelope_that_was_replaced_still_settles(world: SmallWorld) -> None:
    one = world.conversation(FEDERAL, CENTRE)
    sent = actions.send_all([world.note("x", one)], now=timezone.now())[0]
    world.wire.faults = ["done_but_reply_lost"]
    world.deliver()
    rotate_sealing_key("us.ntc", destroy=False)
    assert reseal(Message.objects.get(uuid=sent, direction="out"), now=timezone.now())
    world.deliver()
    assert Message.objects.get(uuid=sent, direction="out").state == "sent"
    assert Message.objects.filter(uuid=sent, direction="in").count() == 1
    require_whole()


def rotate_sealing_key(agency: str, *, destroy: bool = True) -> None:
    """A new sealing key in the directory; the old one withdrawn and, unless kept, its private half destroyed."""
    old = keyring.sealing_key_of(agency)
    fresh = generate(agency, Purpose.SEAL)
    keyfiles.keep_all([fresh])
    Key.objects.create(
        kid=fresh.kid,
        agency_id=agency,
        purpose=Purpose.SEAL.value,
        raw=fresh.public().raw,
        valid_from=timezone.now() - timedelta(minutes=1),
    )
    Key.objects.filter(kid=old.kid).update(status=Key.RETIRED)
    if destroy:
        keyfiles._file_of(old.kid).unlink()
    view.forget()
    assert keyring.sealing_key_of(agency).kid == fresh.kid
