"""A recall reaches every holder, also one that was down and one that got the item onward, and each answers (P6.5)."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from contraparte.directory import actions as directory_actions
from contraparte.directory.queries import Role
from contraparte.exchange import actions, queries, registry
from contraparte.exchange.auditing import find_message_faults
from contraparte.exchange.court import file_in_court, note_filing
from contraparte.exchange.items import is_recalled
from contraparte.exchange.messages import RecallAnswer, RecallOrder
from contraparte.exchange.models import Conversation, Job, Message, Outbox, Permission, Recall, Refusal
from contraparte.exchange.permissions import ask_permission, grant_permission
from contraparte.exchange.recalls import answer_later, holders_of, order_recall
from contraparte.exchange.rules.permissions import Kind
from contraparte.exchange.speaking import Saying, say
from contraparte.ledger.fsck import check_ledger
from contraparte.ledger.models import Leaf
from contraparte.ledger.rules.leaves import Kind as LeafKind
from contraparte.ledger.rules.leaves import parse_leaf
from contraparte.protocol.errors import (
    FilingFieldError,
    ItemRecalledError,
    RecallPostError,
    ReleaseWithheldError,
    RightsRoleError,
)
from tests.exchange import small_world
from tests.exchange.crashes import crash_everywhere
from tests.exchange.rights_world import ANNEX, ask, draft_on, held, let_out, marking, people_of, send_item, soon
from tests.exchange.small_world import CENTRE, FEDERAL, SONORA, SmallWorld


@pytest.fixture
def world(desk_world: SmallWorld) -> SmallWorld:
    """One person after the other: no commit is needed."""
    return desk_world


def now() -> Any:
    return timezone.now()


def recall(sent: Message, by: Any, **more: Any) -> list[Recall]:
    return order_recall(sent, reason="source_at_risk", by=by, now=now(), **more)


def kinds(agency: str) -> list[Any]:
    return [
        parse_leaf(bytes(leaf.data)).kind for leaf in Leaf.objects.filter(log__agency=agency, log__mine=True)
    ]  # fmt: skip


def shown(item: Message, by: Any) -> Any:
    """What a person of the post reads of the item."""
    thread = queries.thread(item.conversation, tenure=by, now=now())
    return next(one.content for one in thread.messages if one.row.pk == item.pk)


def test_a_recalled_item_is_shown_to_nobody_at_its_holder_and_the_sender_reads_that_it_answered(
    world: SmallWorld,
) -> None:
    people = people_of(world)
    sent, item = send_item(world)
    assert shown(item, people.officers[FEDERAL]) is not None
    order = recall(sent, people.officers[CENTRE], note="Sent by mistake.")
    assert [(one.post, one.has_answered) for one in holders_of(sent)] == [(FEDERAL, False)]
    world.settle()
    assert shown(item, people.officers[FEDERAL]) is None
    assert [(one.post, one.outcome, one.has_answered) for one in holders_of(sent)] == [(FEDERAL, "quarantined", True)]
    assert Recall.objects.get(agency="mx.fgr").note == "Sent by mistake."
    assert recall(sent, people.officers[CENTRE]) == order, "once is enough"
    assert LeafKind.MESSAGE_RECALLED in kinds("mx.fgr")
    assert list(find_message_faults()) == [] and not check_ledger().findings


def test_drafts_that_draw_on_a_recalled_item_stay_at_home(world: SmallWorld) -> None:
    people = people_of(world)
    sent, item = send_item(world, marked=marking("H0"))
    draft = draft_on(world, people, item, SONORA)
    assert actions.preview(draft, now=now()).withheld == ()
    digest = actions.preview(draft, now=now()).content_digest
    actions.approve_draft(draft, digest=digest, by=people.chiefs[FEDERAL], now=now())
    recall(sent, people.officers[CENTRE])
    world.settle()
    with pytest.raises(ReleaseWithheldError) as withheld:
        actions.release_draft(draft, by=people.officers[FEDERAL], now=now())
    assert "source.recalled" in withheld.value.params["reasons"]
    with pytest.raises(ItemRecalledError):
        draft_on(world, people, item, SONORA)
    with pytest.raises(ItemRecalledError):
        ask_permission(item, Kind.PUBLICATION, until=soon(), by=people.officers[FEDERAL], now=now())
    with pytest.raises(ItemRecalledError):
        file_in_court(item, court="Juzgado", filed_on=now().date(), by=people.officers[FEDERAL], now=now())
    assert not Message.objects.filter(uuid=draft.uuid).exists()


def test_a_recall_goes_on_to_who_got_the_item_onward_and_the_sender_reads_of_them(world: SmallWorld) -> None:
    people = people_of(world)
    sent, at_federal = send_item(world)
    _, given = ask(world, people, at_federal, SONORA)
    grant_permission(given, by=people.chiefs[CENTRE], now=now())
    world.settle()
    passed = let_out(people, draft_on(world, people, at_federal, SONORA))
    world.settle()
    at_sonora = held(passed)
    actions.note_opened(at_sonora.conversation, by=people.officers[SONORA], now=now())
    world.settle()
    recall(sent, people.officers[CENTRE])
    world.settle()
    assert is_recalled(at_federal) and is_recalled(at_sonora)
    assert shown(at_sonora, people.officers[SONORA]) is None
    found = {one.post: one for one in holders_of(sent)}
    assert found.keys() == {FEDERAL, SONORA}
    assert all(one.has_answered for one in found.values())
    assert found[SONORA].through == FEDERAL and found[SONORA].opened_at is not None


def test_a_holder_that_was_down_gets_the_recall_when_it_is_back(world: SmallWorld) -> None:
    people = people_of(world)
    sent, item = send_item(world)
    recall(sent, people.officers[CENTRE])
    world.wire.faults = ["failed"] * 60
    world.settle()
    assert not is_recalled(item) and not holders_of(sent)[0].has_answered
    world.wire.faults = []
    world.settle()
    assert is_recalled(item) and holders_of(sent)[0].has_answered


def test_a_recall_that_overtakes_its_item_leaves_a_tombstone(world: SmallWorld) -> None:
    people = people_of(world)
    thread = world.conversation(CENTRE, FEDERAL)
    uuid = actions.send_all([world.note("take this", thread, marking=marking("H2"))], now=now())[0]
    sent = Message.objects.select_related("conversation__post").get(uuid=uuid, direction="out")
    Outbox.objects.filter(message=sent).update(due=now() + timedelta(hours=1))
    recall(sent, people.officers[CENTRE])
    world.deliver()
    world.handle()
    world.deliver()
    world.handle()
    assert not Message.objects.filter(uuid=uuid, direction="in").exists()
    assert [one.outcome for one in holders_of(sent)] == ["unknown"] and not holders_of(sent)[0].has_answered
    small_world.handled.clear()
    Outbox.objects.update(due=now())
    world.settle()
    item = Message.objects.get(uuid=uuid, direction="in")
    assert (item.state, item.code) == ("failed", "item.recalled"), "its feature never sees it"
    assert not small_world.handled and shown(item, people.officers[FEDERAL]) is None
    assert holders_of(sent)[0].outcome == "quarantined"
    assert Conversation.objects.get(agency="mx.fgr", uuid=thread.uuid).kind == "note"
    assert list(find_message_faults()) == []


def test_a_recalled_message_of_a_type_this_release_does_not_know_does_not_wait_for_one_that_does(
    world: SmallWorld,
) -> None:
    people = people_of(world)
    uuid = actions.send_all([world.note("take this", world.conversation(CENTRE, FEDERAL))], now=now())[0]
    sent = Message.objects.select_related("conversation__post").get(uuid=uuid, direction="out")
    recall(sent, people.officers[CENTRE])
    world.deliver()
    known = registry._types.pop("note.say/1")
    try:
        world.handle()
    finally:
        registry.register(known)
    item = Message.objects.get(uuid=uuid, direction="in")
    assert (item.state, item.code) == ("failed", "item.recalled")


def test_control_messages_wait_for_nothing_and_nothing_waits_for_them(world: SmallWorld) -> None:
    people = people_of(world)
    sent, item = send_item(world)
    thread = Conversation.objects.get(agency="us.ntc", uuid=sent.conversation.uuid)
    waiting = actions.send_all([world.note("held up", thread)], now=now())[0]
    Outbox.objects.filter(message__uuid=waiting).update(due=now() + timedelta(hours=1))
    recall(sent, people.officers[CENTRE])
    world.settle()
    assert is_recalled(item)
    order = Message.objects.get(type="recall.order/1", direction="out")
    assert order.seq is None
    Outbox.objects.filter(message__uuid=waiting).update(due=now())
    more = actions.send_all([world.note("in order", thread)], now=now())[0]
    world.settle()
    assert {row.state for row in Message.objects.filter(uuid__in=[waiting, more], direction="out")} == {"sent"}


def test_opening_the_conversation_afterwards_is_no_reading_of_what_was_recalled(world: SmallWorld) -> None:
    people = people_of(world)
    sent, item = send_item(world)
    recall(sent, people.officers[CENTRE])
    world.settle()
    actions.note_opened(item.conversation, by=people.officers[FEDERAL], now=now())
    assert not item.receipts.filter(kind="opened").exists()


def test_what_was_recalled_is_permitted_no_more(world: SmallWorld) -> None:
    people = people_of(world)
    sent, item = send_item(world)
    _, given = ask(world, people, item, SONORA)
    recall(sent, people.officers[CENTRE])
    with pytest.raises(ItemRecalledError):
        grant_permission(given, by=people.chiefs[CENTRE], now=now())


def test_copies_are_recalled_with_their_original(world: SmallWorld) -> None:
    people_of(world)
    thread = world.conversation(SONORA, CENTRE)
    uuid = actions.send_all([world.note("to both", thread)], now=now())[0]
    world.settle()
    sent = Message.objects.select_related("conversation__post").get(uuid=uuid, direction="out")
    assert len(recall(sent, world.officer)) == 2
    world.settle()
    assert {one.post for one in holders_of(sent) if one.has_answered} == {CENTRE, FEDERAL}


def test_an_item_that_stands_in_a_court_file_is_answered_with_court_and_day(world: SmallWorld) -> None:
    people = people_of(world)
    sent, item = send_item(world, marked=marking("H0", evidence="evidence"))
    day = now().date()
    file_in_court(item, court="Juzgado Primero de Distrito", filed_on=day, by=people.officers[FEDERAL], now=now())
    recall(sent, people.officers[CENTRE])
    world.settle()
    assert [(one.outcome, one.court, one.filed_on) for one in holders_of(sent)] == [
        ("filed", "Juzgado Primero de Distrito", day)
    ]


def test_a_filing_remembered_after_the_recall_is_told_as_well(world: SmallWorld) -> None:
    people = people_of(world)
    sent, item = send_item(world)
    with pytest.raises(FilingFieldError):
        note_filing(item, court="Juzgado", filed_on=now().date(), by=people.officers[FEDERAL], now=now())
    recall(sent, people.officers[CENTRE])
    world.settle()
    note_filing(item, court="Juzgado", filed_on=now().date(), by=people.officers[FEDERAL], now=now())
    world.settle()
    assert [(one.outcome, one.court) for one in holders_of(sent)] == [("filed", "Juzgado")]


def refusal_of(world: SmallWorld, sender: str, body: Any, name: str, to: str) -> str:
    """Say it without asking whether one may, as a node that lies would; the code it is refused with."""
    saying = Saying(name, body, world.conversation(sender, to), None, to)
    said = say(saying, by=world.services[sender], now=now())
    world.settle()
    return Message.objects.get(uuid=said, direction="out").code


def test_a_recall_by_anybody_else_is_refused_and_changes_nothing(world: SmallWorld) -> None:
    people = people_of(world)
    sent, item = send_item(world)
    body = RecallOrder(item=str(sent.uuid), reason="mistake")
    for sender, to in ((SONORA, FEDERAL), (ANNEX, FEDERAL), (FEDERAL, CENTRE)):
        assert refusal_of(world, sender, body, "recall.order/1", to) == "recall.post", sender
    assert not is_recalled(item) and not Recall.objects.exists()
    assert Refusal.objects.filter(code="recall.post").count() == 3
    for stranger in (people.officers[SONORA], world.appoint("a", CENTRE, Role.AUDITOR), world.services[CENTRE]):
        with pytest.raises(RightsRoleError):
            recall(sent, stranger)
    with pytest.raises(RecallPostError):
        recall(item, people.officers[FEDERAL])  # what came in is not recalled but given back


def test_an_answer_to_no_recall_is_refused(world: SmallWorld) -> None:
    people_of(world)
    sent, _ = send_item(world)
    body = RecallAnswer(item=str(sent.uuid), outcome="quarantined")
    assert refusal_of(world, FEDERAL, body, "recall.answer/1", CENTRE) == "item.unknown"


def test_an_older_answer_does_not_undo_a_newer_one(world: SmallWorld) -> None:
    people = people_of(world)
    sent, _ = send_item(world)
    recall(sent, people.officers[CENTRE])
    world.settle()
    ahead = now() + timedelta(minutes=2)
    Recall.objects.filter(direction="out").update(outcome="filed", answered_at=ahead)
    row = Recall.objects.get(direction="in")
    answer_later(row, now())
    world.settle()
    assert holders_of(sent)[0].outcome == "filed"


def test_a_recall_passes_a_suspended_accord_without_its_words(world: SmallWorld) -> None:
    people = people_of(world)
    sent, item = send_item(world)
    directory_actions.suspend_accord("mx-us-traces", country="mx", now=now())
    recall(sent, people.officers[CENTRE], note="Free words stay at home now.")
    world.settle()
    assert is_recalled(item) and holders_of(sent)[0].has_answered
    assert Recall.objects.get(direction="in").note == ""


def test_an_order_that_crashes_anywhere_has_not_happened_and_the_same_of_its_handling(world: SmallWorld) -> None:
    people = people_of(world)
    sent, item = send_item(world)

    def check() -> None:
        orders = Message.objects.filter(type="recall.order/1", direction="out").count()
        assert orders == Recall.objects.filter(direction="out").count() <= 1
        assert Recall.objects.filter(direction="in").count() <= 1
        Job.objects.update(tries=0, lease_until=None, due=now())  # a process that died counts no tries of the next one

    assert crash_everywhere(lambda: recall(sent, people.officers[CENTRE]), check) >= 5
    world.deliver()
    assert crash_everywhere(world.handle, check) >= 5
    world.settle()
    assert is_recalled(item) and holders_of(sent)[0].has_answered
    assert Message.objects.filter(type="recall.answer/1", direction="out").count() == 1
    assert list(find_message_faults()) == [] and not Permission.objects.exists()
