"""What is decided of a message holds for its files: recalled they are given to nobody, erased they are gone."""

import pytest
from django.utils import timezone

from contraparte.exchange import attaching
from contraparte.exchange.attachment_auditing import find_attachment_faults
from contraparte.exchange.auditing import find_message_faults
from contraparte.exchange.models import Attachment, CustodyEvent, Message
from contraparte.exchange.packaging import refusal
from contraparte.exchange.recalls import order_recall
from contraparte.exchange.retention import erase_item
from contraparte.ledger.fsck import check_ledger
from contraparte.protocol.errors import ItemErasedError, ItemRecalledError
from tests.exchange.rights_world import people_of
from tests.exchange.small_world import CENTRE, SmallWorld
from tests.exchange.test_attachments import arrived, clear, content, folder, sent

PHOTO = content(300_000, b"photo")


def test_the_files_of_a_recalled_message_are_given_to_nobody(world: SmallWorld) -> None:
    message = sent(world, PHOTO)
    world.settle()
    [row] = arrived()
    reader = people_of(world).officers[CENTRE]
    assert b"".join(attaching.give_out(row, by=reader, now=timezone.now())) == PHOTO
    order_recall(message, reason="source_at_risk", by=world.officer, now=timezone.now())
    world.settle()
    taken = CustodyEvent.objects.filter(kind=CustodyEvent.Kind.DOWNLOADED).count()
    with pytest.raises(ItemRecalledError):
        attaching.give_out(row, by=reader, now=timezone.now())
    assert CustodyEvent.objects.filter(kind=CustodyEvent.Kind.DOWNLOADED).count() == taken == 1
    assert row.message is not None and isinstance(refusal(row.message, timezone.now()), ItemRecalledError)
    assert clear(row) == PHOTO, "kept under quarantine, not destroyed"


def test_files_go_with_the_content_they_came_with_and_the_audit_knows(world: SmallWorld) -> None:
    message = sent(world, PHOTO)
    world.settle()
    assert len(folder("attachments")) == 3
    for side in Message.objects.filter(type=message.type):
        assert erase_item(side, now=timezone.now())
    assert folder("attachments") == []
    assert not Attachment.objects.exclude(key=b"").exists()
    for side in Message.objects.filter(type=message.type):
        assert isinstance(refusal(side, timezone.now()), ItemErasedError)
    assert list(find_message_faults()) == [] and list(find_attachment_faults()) == []
    assert check_ledger().ok
