"""What permissions and recalls say is gone with the message that said it, also while the item itself stays (P5.5)."""

import pytest
from django.utils import timezone

from contraparte.exchange.models import Message
from contraparte.exchange.permissions import refuse_permission
from contraparte.exchange.recalls import order_recall
from contraparte.exchange.retention import erase_item
from tests.exchange.canaries import cells_with
from tests.exchange.rights_world import ask, people_of, send_item
from tests.exchange.small_world import CENTRE, SONORA, SmallWorld

pytestmark = pytest.mark.store

WHY, REFUSED, RECALLED = "Canary of the reason asked", "Canary of the refusal", "Canary of the recall"


def erase_type(name: str) -> int:
    """The time of every message of this type is over, on both sides; returns how many were erased."""
    rows = Message.objects.select_related("content", "conversation").filter(type=name)
    return sum(erase_item(row, now=timezone.now()) for row in rows)


def test_the_words_of_a_permission_go_with_the_message_that_said_them(desk_world: SmallWorld) -> None:
    people = people_of(desk_world)
    _, at_federal = send_item(desk_world)
    _, asked = ask(desk_world, people, at_federal, SONORA, why=WHY)
    refuse_permission(asked, ground="other", note=REFUSED, by=people.chiefs[CENTRE], now=timezone.now())
    desk_world.settle()
    assert cells_with([WHY]) and cells_with([REFUSED]), "each stood somewhere"
    assert erase_type("permission.ask/1") == 2
    assert cells_with([WHY]) == set()
    assert cells_with([REFUSED]), "what the refusal said has a time of its own"
    assert erase_type("permission.refuse/1") == 2
    assert cells_with([REFUSED]) == set()


def test_the_words_of_a_recall_go_with_its_order(desk_world: SmallWorld) -> None:
    people = people_of(desk_world)
    sent, _ = send_item(desk_world)
    order_recall(sent, reason="incorrect", note=RECALLED, by=people.officers[CENTRE], now=timezone.now())
    desk_world.settle()
    assert cells_with([RECALLED]), "it stood somewhere"
    assert erase_type("recall.order/1") == 2
    assert cells_with([RECALLED]) == set()
