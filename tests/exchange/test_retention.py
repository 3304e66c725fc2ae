"""When its time is over content goes, on both sides; what proves that it passed stays (P5.5)."""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from contraparte.exchange import actions, delivery, queries, registry, remnants
from contraparte.exchange.auditing import find_message_faults
from contraparte.exchange.court import note_filing
from contraparte.exchange.disclosing import declare_duty, object_to_duty, withdraw_duty
from contraparte.exchange.holds import lift_hold, place_hold
from contraparte.exchange.inbox import accept_batch
from contraparte.exchange.models import (
    Content,
    DisclosureDuty,
    Draft,
    Erasure,
    Hold,
    Message,
    Outbox,
    Permission,
    Recall,
    Receipt,
    Retention,
)
from contraparte.exchange.permissions import grant_permission, refuse_permission, revoke_permission
from contraparte.exchange.recalls import holders_of, order_recall
from contraparte.exchange.registrations import TYPES
from contraparte.exchange.retention import erase_due, erase_item, note_retention, tend_retention
from contraparte.ledger.fsck import check_ledger
from contraparte.ledger.models import Leaf
from contraparte.ledger.rules.leaves import Kind, parse_leaf
from contraparte.node.database_copy import copy_database
from contraparte.protocol.errors import HoldFieldError, ItemErasedError, RightsRoleError
from contraparte.protocol.frames import encode_batch
from tests.exchange.canaries import cells_with, erase_everything
from tests.exchange.conftest import prepared
from tests.exchange.crashes import crash_everywhere
from tests.exchange.rights_world import ANNEX, ask, draft_on, held, let_out, marking, people_of, send_item
from tests.exchange.small_world import CENTRE, FEDERAL, OPERATOR, SONORA, SmallWorld, make_small_world

SECRET = "The informant meets them behind the Talvo warehouse at nine"
YESTERDAY = (timezone.now() - timedelta(days=1)).date().isoformat()
NEXT_YEAR = (timezone.now() + timedelta(days=365)).date()


@pytest.fixture
def world(desk_world: SmallWorld) -> SmallWorld:
    """One person after the other: no commit is needed."""
    return desk_world


@pytest.fixture
def committed(transactional_db: None, settings: Any, tmp_path: Path) -> Iterator[SmallWorld]:
    """A world whose writes reach the disk."""
    home = tmp_path / "home"
    home.mkdir()
    with prepared(settings, home):
        yield make_small_world()


def now() -> Any:
    return timezone.now()


def short_lived(world: SmallWorld, **more: Any) -> tuple[Message, Message]:
    """An item that both sides may keep until yesterday."""
    return send_item(world, SECRET, marked=marking("H0", retention_until=YESTERDAY), **more)


def forget(world: SmallWorld) -> None:
    tend_retention(now())
    world.settle()


def kinds_of(item: Message) -> list[Any]:
    """What the log of one side says of an item, in order."""
    leaves = (parse_leaf(bytes(one.data)) for one in Leaf.objects.filter(log__agency=item.agency, log__mine=True))
    return [leaf.kind for leaf in leaves if leaf.message_id == item.uuid.bytes]


def test_what_is_over_is_erased_on_both_sides_and_the_proofs_still_hold(world: SmallWorld) -> None:
    people = people_of(world)
    sent, item = short_lived(world)
    kept, _ = send_item(world, "This one stays.", marked=marking("H0", retention_until=NEXT_YEAR.isoformat()))
    forget(world)
    for side in (sent, item):
        content = Content.objects.get(message=side)
        assert bytes(content.presentation) == b"" and len(bytes(content.ciphertext)) == 32
        assert kinds_of(side)[-1 if side is sent else -2] is Kind.MESSAGE_ERASED
    assert kinds_of(item)[-1] is Kind.MESSAGE_DELETED
    assert Receipt.objects.filter(message=sent, kind="deleted", ours=False).count() == 1
    assert not Erasure.objects.filter(message__uuid=kept.uuid).exists()
    assert list(find_message_faults()) == [] and not check_ledger().findings
    thread = queries.thread(item.conversation, tenure=people.officers[FEDERAL], now=now())
    assert [one.content for one in thread.messages] == [None]


def test_erasing_once_is_enough(world: SmallWorld) -> None:
    _, item = short_lived(world)
    forget(world)
    before = Leaf.objects.count()
    forget(world)
    assert Leaf.objects.count() == before and kinds_of(item).count(Kind.MESSAGE_ERASED) == 1


def test_a_repeat_of_an_erased_message_still_gets_its_stored_receipt(world: SmallWorld) -> None:
    thread = world.conversation(CENTRE, FEDERAL)
    actions.send_all([world.note(SECRET, thread, marking=marking("H0", retention_until=YESTERDAY))], now=now())
    rows = Outbox.objects.select_related("message__content")
    batch = encode_batch([delivery._envelope(row.message) for row in rows])
    world.settle()
    forget(world)
    receipt = Receipt.objects.get(kind="accepted", ours=True)
    again = accept_batch(batch, peer=OPERATOR, now=now())
    assert [one.statement for one in again] == [bytes(receipt.statement)]
    assert Message.objects.filter(direction="in").count() == 1


def test_an_erased_item_may_no_longer_be_used_and_drafts_that_draw_on_it_are_emptied(world: SmallWorld) -> None:
    people = people_of(world)
    _, item = short_lived(world)
    draft = draft_on(world, people, item, SONORA, SECRET)
    passed = let_out(people, draft_on(world, people, item, SONORA, SECRET + " again"))
    world.settle()
    forget(world)
    draft.refresh_from_db()
    assert (draft.state, draft.body) == (Draft.State.DISCARDED, {})
    assert Draft.objects.get(uuid=passed.uuid).body == {}
    assert bytes(Content.objects.get(message=passed).presentation) == b"", "its marking took over the last day"
    with pytest.raises(ItemErasedError):
        draft_on(world, people, item, SONORA)
    with pytest.raises(ItemErasedError):
        place_hold(item, reason="review", review_on=NEXT_YEAR, by=people.chiefs[FEDERAL], now=now())
    assert list(find_message_faults()) == []


def test_what_other_rooms_keep_of_an_item_goes_with_it(world: SmallWorld) -> None:
    _, item = short_lived(world)
    told: list[int] = []

    def erase(row: Message, at: Any) -> None:
        told.append(row.pk)

    registry.register_eraser(erase)
    try:
        forget(world)
    finally:
        registry._erasers.remove(erase)
    assert item.pk in told and len(told) == 2


def test_the_accord_sets_a_last_day_where_the_marking_has_none(world: SmallWorld) -> None:
    _, item = send_item(world, marked=marking("H0"))
    note_retention(now())
    assert Retention.objects.get(message=item).keep_until == (item.at + timedelta(days=3650)).date()
    assert erase_due(now()) == 0
    assert erase_due(now() + timedelta(days=3651)) == 2


def test_a_last_day_moved_in_the_database_erases_nothing_too_early(world: SmallWorld) -> None:
    _, _ = send_item(world, marked=marking("H0"))
    note_retention(now())
    Retention.objects.update(keep_until=date(2020, 1, 1))
    assert erase_due(now()) == 0 and not Erasure.objects.exists()


def test_what_is_still_under_way_is_not_erased(world: SmallWorld) -> None:
    thread = world.conversation(CENTRE, FEDERAL)
    actions.send_all([world.note(SECRET, thread, marking=marking("H0", retention_until=YESTERDAY))], now=now())
    tend_retention(now())
    assert not Erasure.objects.exists()
    world.settle()
    forget(world)
    assert Erasure.objects.count() == 2


def test_what_cannot_be_read_is_left_for_the_audit_and_holds_up_no_other(world: SmallWorld) -> None:
    broken, _ = short_lived(world)
    Content.objects.filter(message=broken).update(presentation=b"no message")
    _, item = short_lived(world)
    forget(world)
    assert Erasure.objects.filter(message=item).exists() and not Erasure.objects.filter(message=broken).exists()
    assert "message.content.changed" in {one.code for one in find_message_faults()}


# --- legal hold ---


@pytest.mark.parametrize("by_holder", [True, False])
def test_a_hold_stops_the_deletion_on_both_sides_until_it_is_lifted(world: SmallWorld, by_holder: bool) -> None:
    people = people_of(world)
    sent, item = short_lived(world)
    mine, post = (item, FEDERAL) if by_holder else (sent, CENTRE)
    hold = place_hold(mine, reason="litigation", review_on=NEXT_YEAR, by=people.chiefs[post], now=now())
    world.settle()
    assert Hold.objects.filter(item__uuid=item.uuid, lifted_at=None).count() == 2
    forget(world)
    assert not Erasure.objects.filter(message__in=[sent, item]).exists()
    assert kinds_of(sent)[-1] is kinds_of(item)[-1] is Kind.HOLD_PLACED
    theirs = Hold.objects.exclude(pk=hold.pk).get()
    with pytest.raises(RightsRoleError):
        lift_hold(theirs, by=people.chiefs[CENTRE if by_holder else FEDERAL], now=now())
    lift_hold(hold, by=people.chiefs[post], now=now())
    world.settle()
    forget(world)
    assert Erasure.objects.filter(message__uuid=item.uuid).count() == 2
    assert Kind.HOLD_LIFTED in kinds_of(sent) and Kind.HOLD_LIFTED in kinds_of(item)
    assert list(find_message_faults()) == []


def test_a_hold_that_says_too_little_names_the_field(world: SmallWorld) -> None:
    people = people_of(world)
    _, item = short_lived(world)
    for reason, day, field in (("because", NEXT_YEAR, "reason"), ("review", now().date(), "review_on")):
        with pytest.raises(HoldFieldError) as wrong:
            place_hold(item, reason=reason, review_on=day, by=people.chiefs[FEDERAL], now=now())
        assert wrong.value.params["field"] == field
    with pytest.raises(RightsRoleError):
        place_hold(item, reason="review", review_on=NEXT_YEAR, by=people.officers[FEDERAL], now=now())
    assert not Hold.objects.exists()


def test_a_recall_of_an_erased_item_is_answered_so(world: SmallWorld) -> None:
    people = people_of(world)
    sent, _ = short_lived(world)
    forget(world)
    order_recall(Message.objects.get(pk=sent.pk), reason="mistake", by=people.officers[CENTRE], now=now())
    world.settle()
    assert [one.outcome for one in holders_of(sent)] == ["erased"]


def test_what_a_holder_told_of_an_item_goes_with_its_answer_and_its_report(world: SmallWorld) -> None:
    people = people_of(world)
    sent, item = send_item(world)
    kept, given = ask(world, people, item, SONORA)
    grant_permission(given, by=people.chiefs[CENTRE], now=now())
    world.settle()
    passed = let_out(people, draft_on(world, people, item, SONORA))
    world.settle()
    actions.note_opened(held(passed).conversation, by=people.officers[SONORA], now=now())
    actions.note_opened(item.conversation, by=people.officers[FEDERAL], now=now())
    revoke_permission(given, by=people.chiefs[CENTRE], now=now())
    order_recall(sent, reason="legal", by=people.officers[CENTRE], now=now())
    world.settle()
    note_filing(item, court="Juzgado canario", filed_on=now().date(), by=people.officers[FEDERAL], now=now())
    world.settle()
    recall = Recall.objects.get(direction="out", other=FEDERAL)
    assert recall.court and recall.filed_on and recall.opened_at and recall.onward
    assert Permission.objects.get(pk=given.pk).onward
    answers = list(Message.objects.filter(type="recall.answer/1", direction="in", recipient=CENTRE).order_by("pk"))
    assert len(answers) >= 2
    erase_item(answers[0], now=now())
    recall.refresh_from_db()
    assert recall.court and recall.onward, "a newer answer has taken its place"
    erase_everything()
    recall.refresh_from_db()
    told = (recall.court, recall.filed_on, recall.opened_at, recall.onward)
    assert told == ("", None, None, []) and recall.outcome == "filed", "codes stay"
    assert Permission.objects.get(pk=given.pk).onward == Permission.objects.get(pk=kept.pk).onward == []
    assert {table for table, _, _ in cells_with(["Juzgado canario"])} == {"exchange_filing"}, "the holder's own record"


def test_whatever_was_said_about_items_no_row_shows_it_when_its_time_is_over(world: SmallWorld) -> None:
    people = people_of(world)
    marked = marking("H2", "H3", handling_text="Canary of the condition")
    sent, item = send_item(world, "Canary of the item", marked=marked)
    _, given = ask(world, people, item, SONORA, why="Canary of the asking")
    grant_permission(given, by=people.chiefs[CENTRE], now=now())
    _, refused = ask(world, people, item, ANNEX, why="Canary of the second")
    refuse_permission(refused, ground="source", note="Canary of the refusal", by=people.chiefs[CENTRE], now=now())
    world.settle()
    draft = draft_on(world, people, item, SONORA, "Canary of the draft")
    actions.redact_field(draft, "/text", reason="Canary of the redaction", by=people.officers[FEDERAL], now=now())
    hold = place_hold(item, reason="review", review_on=NEXT_YEAR, by=people.chiefs[FEDERAL], now=now())
    world.settle()
    lift_hold(hold, by=people.chiefs[FEDERAL], now=now())
    order = {"basis": "court_order", "citation": "Canary of the order", "court": "Canary of the court"}
    duty = declare_duty(item, dated=now().date(), by=people.chiefs[FEDERAL], now=now(), **order)
    world.settle()
    theirs = DisclosureDuty.objects.get(ours=False)
    object_to_duty(theirs, ground="third_party", note="Canary of the objection", by=people.chiefs[CENTRE], now=now())
    world.settle()
    withdraw_duty(duty, by=people.chiefs[FEDERAL], now=now())
    revoke_permission(given, by=people.chiefs[CENTRE], now=now())
    order_recall(sent, reason="legal", note="Canary of the recall", by=people.officers[CENTRE], now=now())
    world.settle()
    taken = set(Message.objects.values_list("type", flat=True))
    # A hand-over says who answers for a post: codes only, of no item.
    assert taken == {"note.say/1", *(one.name for one in TYPES)} - {"post.handover/1", "post.succeeded/1"}
    assert len({table for table, _, _ in cells_with(["canary"])}) >= 4
    assert erase_everything() == Message.objects.count()
    assert cells_with(["canary"]) == set()


# --- an erasure cannot be faked, undone or half done ---


def test_an_erasure_that_crashes_anywhere_has_not_happened(world: SmallWorld) -> None:
    short_lived(world)
    note_retention(now())

    def check() -> None:
        assert list(find_message_faults()) == []

    assert crash_everywhere(lambda: erase_due(now()), check) >= 8
    world.settle()
    assert Erasure.objects.count() == 2 and list(find_message_faults()) == []


def test_content_taken_away_without_its_leaf_is_found(world: SmallWorld) -> None:
    _, other = send_item(world, marked=marking("H0"))
    kept = bytes(Content.objects.get(message=other).presentation)
    Content.objects.filter(message=other).update(presentation=b"")
    assert [one.code for one in find_message_faults()] == ["message.content.changed"]
    Content.objects.filter(message=other).update(presentation=kept)
    _, item = short_lived(world)
    forget(world)
    erasure = Erasure.objects.get(message=item)
    for change in ({"log_index": 0}, {"leaf_hash": bytes(32)}, {"at": erasure.at - timedelta(seconds=1)}):
        before = Erasure.objects.values().get(message=item)
        Erasure.objects.filter(message=item).update(**change)
        assert any("erasure" in one.code or "leaf" in one.code for one in find_message_faults()), change
        Erasure.objects.filter(message=item).update(**before)
    Content.objects.filter(message=item).update(presentation=b"back again")
    assert [one.code for one in find_message_faults()] == ["message.erasure.undone"]


@pytest.mark.parametrize(
    "change",
    [
        {"type": "note.shout/1"},
        {"sender": "mx.fgr/x"},
        {"recipient": "us.ntc/annex"},
        {"seq": 9},
        {"urgency": "urgent"},
    ],
    ids=str,
)
def test_no_column_of_an_erased_message_is_changed_unseen(world: SmallWorld, change: dict[str, Any]) -> None:
    _, item = short_lived(world)
    forget(world)
    Message.objects.filter(pk=item.pk).update(**change)
    assert "message.erasure.changed" in {one.code for one in find_message_faults()}


# --- outside the transaction: what lies on the disk ---


def lies_in(folder: Path, needles: list[bytes]) -> bool:
    """Whether any of these bytes stands in a file of the folder, as it is or in hexadecimal."""
    return in_files(sorted(folder.iterdir()), needles)


def in_files(files: list[Path], needles: list[bytes]) -> bool:
    held = b"".join(file.read_bytes() for file in files)
    return any(one in held or one.hex().encode() in held for one in needles)


def own_files() -> list[Path]:
    """The file of the SQLite database and its log; none where rows are kept elsewhere."""
    name = str(connection.settings_dict["NAME"])
    return [Path(name + tail) for tail in ("", "-wal")] if connection.vendor == "sqlite" else []


def test_neither_the_live_file_nor_a_backup_made_afterwards_shows_anything_of_it(
    committed: SmallWorld, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = people_of(committed)
    _, item = short_lived(committed)
    draft = draft_on(committed, people, item, SONORA, SECRET)
    for number in range(20):  # older wordings of a draft lie in the database file, too
        actions.revise_draft(draft, {"text": f"{SECRET} {number}"}, by=people.officers[FEDERAL], now=now())
    disclosures = bytes(Content.objects.get(message=item).presentation).split(b"~")[1:-1]
    needles = [SECRET.encode(), *disclosures]
    copy_database(tmp_path / "before")
    assert lies_in(tmp_path / "before", needles)
    assert in_files(own_files(), needles) is (connection.vendor == "sqlite")
    with monkeypatch.context() as patched:
        patched.setattr(remnants, "MOST_BYTES", 0)
        forget(committed)  # too large to be written anew at work: a later round does what this one has left
    forget(committed)
    assert not in_files(own_files(), needles)
    copy_database(tmp_path / "after")
    assert not lies_in(tmp_path / "after", needles)
    assert list(find_message_faults()) == [] and not check_ledger().findings
