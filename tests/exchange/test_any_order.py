"""Whatever is sent, lost, doubled, reordered or crashed, in whatever order: in the end both sides hold the same.

A state machine chooses what happens to a small world; when it stops, the road is left open until all is quiet.
"""

import contextlib
from collections.abc import Callable
from typing import Any

from django.utils import timezone
from hypothesis import HealthCheck, assume
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from contraparte.exchange import actions, delivery
from contraparte.exchange.inbox import accept_batch
from contraparte.exchange.models import Conversation, Incident, Message, Obligation, Outbox, Receipt, Refusal
from contraparte.exchange.receipts import keep_receipts
from contraparte.protocol.frames import encode_batch
from tests.exchange import small_world
from tests.exchange.crashes import CrashError, crash_at_write
from tests.exchange.small_world import CENTRE, FEDERAL, OPERATOR, SONORA, SmallWorld
from tests.exchange.test_crashes import hurry, require_whole

PAIRS = [(SONORA, CENTRE), (FEDERAL, CENTRE), (CENTRE, SONORA), (SONORA, FEDERAL)]


def machine_of(world: SmallWorld) -> type[RuleBasedStateMachine]:
    """The machine over one world; every run of it opens threads of its own."""

    class Road(RuleBasedStateMachine):
        @initialize(pairs=st.lists(st.sampled_from(PAIRS), min_size=1, max_size=3))
        def open_threads(self, pairs: list[tuple[str, str]]) -> None:
            self.threads = [world.conversation(*pair) for pair in pairs]
            world.wire.requests.clear()
            world.wire.faults.clear()

        def _try(self, crash: int | None, operation: Callable[[], Any]) -> None:
            if crash is None:
                operation()
                return
            with contextlib.suppress(CrashError), crash_at_write(crash):
                operation()
            require_whole()

        @rule(data=st.data(), count=st.integers(1, 3), crash=st.none() | st.integers(0, 12))
        def send(self, data: st.DataObject, count: int, crash: int | None) -> None:
            thread = data.draw(st.sampled_from(self.threads))
            notes = [world.note(f"{i}", thread) for i in range(count)]
            self._try(crash, lambda: actions.send_all(notes, now=timezone.now()))

        @rule(data=st.data(), crash=st.none() | st.integers(0, 12))
        def answer(self, data: st.DataObject, crash: int | None) -> None:
            asked = list(
                Message.objects.filter(
                    direction="in",
                    type="note.say/1",
                    copy_of=None,
                    conversation__uuid__in=[thread.uuid for thread in self.threads],
                ).select_related("conversation")
            )
            assume(asked)
            row = data.draw(st.sampled_from(asked))
            note = world.note("yes", row.conversation, type="note.answer/1", in_reply_to=str(row.uuid))
            self._try(crash, lambda: actions.send_all([note], now=timezone.now()))

        @rule(
            fault=st.sampled_from(["", "", "failed", "done_but_reply_lost"]),
            crash=st.none() | st.integers(0, 25),
        )
        def deliver(self, fault: str, crash: int | None) -> None:
            world.wire.faults = [fault]
            hurry()
            self._try(crash, world.deliver)

        @rule(crash=st.none() | st.integers(0, 12))
        def handle(self, crash: int | None) -> None:
            hurry()
            self._try(crash, world.handle)

        @rule(data=st.data())
        def repeat_an_old_request(self, data: st.DataObject) -> None:
            assume(world.wire.requests)
            url, body = data.draw(st.sampled_from(world.wire.requests))
            world.wire._answer(url, body)

        @rule(data=st.data(), keep=st.booleans())
        def deliver_some_in_another_order(self, data: st.DataObject, keep: bool) -> None:
            waiting = list(Outbox.objects.select_related("message__content").order_by("pk"))
            assume(waiting)
            chosen = data.draw(st.lists(st.sampled_from(waiting), min_size=1, max_size=4))
            body = encode_batch([delivery._envelope(row.message) for row in chosen])
            receipts = accept_batch(body, peer=OPERATOR, now=timezone.now())
            if keep:
                keep_receipts(receipts, peer=OPERATOR)

        def teardown(self) -> None:
            world.wire.faults = []
            for _ in range(8):
                hurry()
                world.settle()
            require_whole()
            require_same_on_both_sides([thread.uuid for thread in getattr(self, "threads", [])])

    return Road


def require_same_on_both_sides(threads: list[Any]) -> None:
    """Both hold the same events of each conversation, each once, with the same receipts (invariants 4 and 5)."""
    rows = Message.objects.filter(conversation__uuid__in=threads).select_related("conversation")
    told: dict[str, list[Any]] = {"out": [], "in": []}
    for row in rows:
        told[row.direction].append(
            (row.conversation.uuid, row.uuid, row.seq, row.type, row.sender, row.recipient, bytes(row.digest))
        )
    assert sorted(told["out"]) == sorted(told["in"]) and len(set(told["out"])) == len(told["out"])
    assert set(rows.values_list("direction", "state")) <= {("out", "sent"), ("in", "handled")}
    receipts = Receipt.objects.filter(uuid__in=rows.values("uuid"))
    held = {
        ours: sorted(bytes(said) for said in receipts.filter(ours=ours).values_list("statement", flat=True))
        for ours in (True, False)
    }
    assert held[True] == held[False] and len(set(held[True])) == len(held[True])
    clocks: dict[Any, list[Any]] = {}
    for clock in Obligation.objects.filter(conversation__uuid__in=threads).select_related("message"):
        clocks.setdefault(clock.message.uuid, []).append((clock.holder, clock.opened_at, clock.closed_at))
    assert all(len(sides) == 2 and len(set(sides)) == 1 for sides in clocks.values()), "both count the same time"
    assert not Incident.objects.exists() and not Refusal.objects.exists() and not Outbox.objects.exists()
    assert Conversation.objects.filter(uuid__in=threads).exists() == bool(threads)


def test_both_sides_hold_the_same_in_the_end_whatever_happened_on_the_way(world: SmallWorld) -> None:
    small_world.handler.append(lambda arrived: None)
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        machine_of(world),
        settings=hypothesis_settings(
            max_examples=15,
            stateful_step_count=12,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
