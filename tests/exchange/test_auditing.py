"""`ledger fsck` holds every message row to its leaf, to its bytes, and to what its author signed."""

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.models import F
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from contraparte.directory import keyfiles, view
from contraparte.directory.models import Key
from contraparte.exchange import actions
from contraparte.exchange.auditing import find_message_faults
from contraparte.exchange.models import (
    Content,
    Conversation,
    Message,
    Obligation,
    PolicyText,
    Receipt,
    Release,
    Resealing,
)
from contraparte.exchange.resealing import reseal
from contraparte.protocol.keys import Purpose, generate
from tests.exchange.small_world import SmallWorld

Change = dict[str, Any]


@pytest.fixture
def passed(desk_world: SmallWorld) -> tuple[Message, Message]:
    """A drafted note that left and arrived, as both sides have it."""
    draft = desk_world.draft("first", body={"serial": "AB1"})
    digest = actions.preview(draft, now=timezone.now()).content_digest
    actions.approve_draft(draft, digest=digest, by=desk_world.chief, now=timezone.now())
    sent = actions.release_draft(draft, by=desk_world.officer, now=timezone.now())
    desk_world.settle()
    assert list(find_message_faults()) == []
    return Message.objects.get(pk=sent.pk), Message.objects.get(uuid=sent.uuid, direction="in")


COLUMNS: list[Change] = [
    {"agency": "us.nobody"},
    {"direction": "up"},
    {"peer": "us.nobody"},
    {"uuid": uuid.uuid4()},
    {"seq": F("seq") + 1},
    {"seq": None},
    {"type": "note.shout/1"},
    {"sender": "mx.fgr/firearms"},
    {"recipient": "us.ntc/annex"},
    {"in_reply_to": uuid.uuid4()},
    {"copy_of": uuid.uuid4()},
    {"urgency": "urgent"},
    {"digest": bytes(32)},
    {"envelope_hash": bytes(32)},
    {"state": "expired"},
    {"state": "failed"},
    {"state": "queued"},
    {"state": "accepted"},
    {"state": "rejected"},
    {"code": "message.clock"},
    {"created": F("created") - timedelta(microseconds=1)},
    {"expires": F("expires") + timedelta(days=1)},
    {"at": F("at") - timedelta(seconds=1)},
    {"log_origin": "mx.fge-son/us.ntc/1999"},
    {"log_index": 0},
    {"log_index": 1_000_000},
    {"leaf_hash": bytes(32)},
]


def _ids(changes: list[Change]) -> list[str]:
    return ["-".join(map(str, change)) for change in changes]


@pytest.mark.parametrize("side", [0, 1], ids=["out", "in"])
@pytest.mark.parametrize("change", COLUMNS, ids=_ids(COLUMNS))
def test_no_column_of_a_message_is_changed_unseen(passed: tuple[Message, Message], side: int, change: Change) -> None:
    Message.objects.filter(pk=passed[side].pk).update(**change)
    found = list(find_message_faults())
    assert found and all(one.code.startswith(("message.", "leaf.message.")) for one in found)


def test_the_changes_cover_every_column_of_a_message() -> None:
    # the thread has a test of its own
    columns = {field.name for field in Message._meta.concrete_fields} - {"id", "conversation"}
    assert columns == {name for change in COLUMNS for name in change}


@pytest.mark.parametrize("side", [0, 1], ids=["out", "in"])
@pytest.mark.parametrize("column", [f.name for f in Content._meta.concrete_fields if f.name != "message"])
def test_no_byte_of_what_was_said_is_changed_unseen(passed: tuple[Message, Message], side: int, column: str) -> None:
    stored = bytes(getattr(passed[side].content, column))
    for changed in (stored[:-1] + bytes([stored[-1] ^ 1]), stored + b" ", b""):
        Content.objects.filter(pk=passed[side].pk).update(**{column: changed})
        assert len(list(find_message_faults())) == 1
    Content.objects.filter(pk=passed[side].pk).update(**{column: stored})
    assert list(find_message_faults()) == []


RELEASES: list[Change] = [
    {"content_digest": bytes(32)},
    {"policy_hash": "0" * 64},
    {"at": F("at") - timedelta(seconds=1)},
]


@pytest.mark.parametrize("change", RELEASES, ids=_ids(RELEASES))
def test_no_part_of_a_decision_is_changed_unseen(passed: tuple[Message, Message], change: Change) -> None:
    Release.objects.filter(pk=passed[0].pk).update(**change)
    assert "message.release.changed" in {one.code for one in find_message_faults()}


def test_who_let_it_out_is_not_changed_unseen(passed: tuple[Message, Message], desk_world: SmallWorld) -> None:
    Release.objects.filter(pk=passed[0].pk).update(by=desk_world.chief)
    assert [one.code for one in find_message_faults()] == ["message.release.changed"]


@pytest.mark.parametrize("part", ["outcome", "policies", "fields"])
def test_what_was_decided_is_not_changed_unseen(passed: tuple[Message, Message], part: str) -> None:
    decision = Release.objects.get(pk=passed[0].pk).decision
    other = {"outcome": "hold", "policies": decision["policies"][1:], "fields": decision["fields"][1:]}
    Release.objects.filter(pk=passed[0].pk).update(decision={**decision, part: other[part]})
    assert [one.code for one in find_message_faults()] == ["message.release.changed"]


def test_the_policies_of_that_day_are_not_changed_or_lost_unseen(passed: tuple[Message, Message]) -> None:
    PolicyText.objects.update(text="permit (principal, action, resource);")
    assert [one.code for one in find_message_faults()] == ["policy.text.changed"]
    PolicyText.objects.all().delete()
    assert [one.code for one in find_message_faults()] == ["policy.text.missing"]


@pytest.mark.parametrize("table", [Release, Content])
def test_nothing_is_taken_away_unseen(passed: tuple[Message, Message], table: Any) -> None:
    table.objects.filter(pk=passed[0].pk).delete()
    assert len(list(find_message_faults())) == 1


def test_receipts_are_not_taken_away_unseen(passed: tuple[Message, Message]) -> None:
    Receipt.objects.filter(message=passed[0], kind="accepted").delete()
    Receipt.objects.filter(message=passed[1], kind="accepted").delete()
    assert {one.code for one in find_message_faults()} == {"message.state.changed", "message.receipt.missing"}


def test_a_message_taken_away_leaves_its_leaf_behind(passed: tuple[Message, Message]) -> None:
    row = passed[1]
    Obligation.objects.filter(message=row).delete()
    row.receipts.all().delete()
    row.content.delete()
    row.delete()
    assert [(one.code, one.index) for one in find_message_faults()] == [("leaf.message.missing", row.log_index)]


def test_a_message_moved_to_another_thread_is_found(passed: tuple[Message, Message]) -> None:
    other = Conversation.objects.exclude(agency=passed[0].agency).earliest("pk")
    for change in ({"uuid": uuid.uuid4()}, {"agency": "mx.fgr"}):
        Conversation.objects.filter(pk=passed[0].conversation_id).update(uuid=uuid.uuid4())
        assert "message.conversation.changed" in {one.code for one in find_message_faults()}, change
    Message.objects.filter(pk=passed[0].pk).update(conversation=other)
    assert "message.conversation.changed" in {one.code for one in find_message_faults()}


def test_a_lost_commitment_key_is_told_once_and_the_rest_is_still_checked(
    passed: tuple[Message, Message], settings: Any
) -> None:
    (settings.HOME.folder("keys") / "commitment.key").unlink()
    assert [one.code for one in find_message_faults()] == ["commitment.key.missing"]
    Message.objects.filter(pk=passed[0].pk).update(type="note.shout/1")
    assert [one.code for one in find_message_faults()] == ["commitment.key.missing", "message.type.changed"]


def questions_of_an_audit() -> int:
    """Queries of a clean audit, but for those about the view of the directory: the clock asks them, not the page."""
    with CaptureQueriesContext(connection) as asked:
        assert list(find_message_faults()) == []
    return sum("directory_" not in one["sql"] for one in asked.captured_queries)


def test_a_page_of_messages_costs_the_same_questions_however_many_they_are(
    passed: tuple[Message, Message], desk_world: SmallWorld
) -> None:
    few = questions_of_an_audit()
    threads = [desk_world.conversation() for _ in range(12)]
    actions.send_all([desk_world.note("more", thread) for thread in threads], now=timezone.now())
    desk_world.settle()
    assert questions_of_an_audit() == few > 0


def test_a_message_sealed_again_is_held_to_its_first_envelope_and_to_its_last(desk_world: SmallWorld) -> None:
    sent = actions.send_all([desk_world.note("first")], now=timezone.now())[0]
    fresh = generate("us.ntc", Purpose.SEAL)
    keyfiles.keep_all([fresh])
    Key.objects.filter(agency_id="us.ntc", purpose="seal").update(status=Key.RETIRED)
    Key.objects.create(
        kid=fresh.kid, agency_id="us.ntc", purpose="seal", raw=fresh.public().raw, valid_from=timezone.now()
    )
    view.forget()
    row = Message.objects.get(uuid=sent, direction="out")
    assert reseal(row, now=timezone.now())
    desk_world.settle()
    assert list(find_message_faults()) == []
    sealed_last = bytes(Message.objects.get(pk=row.pk).envelope_hash)
    Message.objects.filter(pk=row.pk).update(envelope_hash=bytes(32))
    assert [one.code for one in find_message_faults()] == ["message.envelope_hash.changed"]
    row.refresh_from_db()
    Message.objects.filter(pk=row.pk).update(envelope_hash=sealed_last)
    for change in ({"replaced": bytes(32)}, {"log_index": 0}, {"leaf_hash": bytes(32)}, {"at": row.at}):
        before = Resealing.objects.values().get()
        Resealing.objects.update(**change)
        assert "message.resealed.changed" in {one.code for one in find_message_faults()}, change
        Resealing.objects.update(**before)
