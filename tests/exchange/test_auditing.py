"""`ledger fsck` holds every message row to its leaf, to its bytes, and to what its author signed."""

import uuid
from typing import Any

import pytest
from django.db.models import F
from django.utils import timezone

from contraparte.directory import keyfiles, view
from contraparte.directory.models import Key
from contraparte.exchange import actions
from contraparte.exchange.auditing import find_message_faults
from contraparte.exchange.models import Conversation, Message
from contraparte.exchange.resealing import reseal
from contraparte.protocol.keys import Purpose, generate
from tests.exchange.small_world import SmallWorld


@pytest.mark.parametrize("direction", ["out", "in"])
@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("type", "note.shout/1"),
        ("sender", "mx.fgr/firearms"),
        ("recipient", "us.ntc/annex"),
        ("seq", F("seq") + 1),
        ("in_reply_to", uuid.uuid4()),
        ("copy_of", uuid.uuid4()),
        ("agency", "us.nobody"),
        ("peer", "us.nobody"),
        ("uuid", uuid.uuid4()),
        ("envelope_hash", bytes(32)),
        ("digest", bytes(32)),
        ("leaf_hash", bytes(32)),
        ("log_index", 0),
    ],
)
def test_no_column_of_a_message_is_changed_unseen(world: SmallWorld, direction: str, column: str, value: Any) -> None:
    sent = actions.send_all([world.note("first")], now=timezone.now())[0]
    world.settle()
    assert list(find_message_faults()) == []
    assert Message.objects.filter(uuid=sent, direction=direction).update(**{column: value}) == 1
    found = list(find_message_faults())
    assert found
    assert all(one.code.startswith(("message.", "leaf.message.")) for one in found)


def test_a_message_moved_to_another_thread_is_found(world: SmallWorld) -> None:
    actions.send_all([world.note("first")], now=timezone.now())
    world.settle()
    Conversation.objects.filter(pk=Conversation.objects.earliest("pk").pk).update(uuid=uuid.uuid4())
    assert "message.conversation.changed" in {one.code for one in find_message_faults()}


def test_a_message_sealed_again_is_held_to_its_first_envelope_and_to_its_last(world: SmallWorld) -> None:
    sent = actions.send_all([world.note("first")], now=timezone.now())[0]
    fresh = generate("us.ntc", Purpose.SEAL)
    keyfiles.keep_all([fresh])
    Key.objects.filter(agency_id="us.ntc", purpose="seal").update(status=Key.RETIRED)
    Key.objects.create(
        kid=fresh.kid, agency_id="us.ntc", purpose="seal", raw=fresh.public().raw, valid_from=timezone.now()
    )
    view.forget()
    row = Message.objects.get(uuid=sent, direction="out")
    assert reseal(row, now=timezone.now())
    world.settle()
    assert list(find_message_faults()) == []
    Message.objects.filter(pk=row.pk).update(envelope_hash=bytes(32))
    assert {one.code for one in find_message_faults()} == {"message.resealed.changed"}
