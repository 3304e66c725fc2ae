"""Pouches carried by hand: lost, repeated, reordered, renamed, cut short or mixed, each by a stated rule (P4.5)."""

import datetime
import hashlib
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from contraparte.directory import client, keyring, publisher, view
from contraparte.directory.actions import rotate_key
from contraparte.directory.models import Key
from contraparte.exchange import actions, packing, pouch_numbers, unpacking
from contraparte.exchange.auditing import find_message_faults
from contraparte.exchange.models import Incident, Message, Outbox, Receipt, Refusal
from contraparte.exchange.packing import Packed
from contraparte.exchange.unpacking import Taken
from contraparte.ledger.models import HeadSeen, Leaf
from contraparte.protocol import pouch
from contraparte.protocol.errors import (
    ContraparteError,
    PouchAnswerError,
    PouchChainError,
    PouchDamagedError,
    PouchFileError,
    PouchMalformedError,
    PouchNumberError,
    PouchRecipientError,
    PouchUnprovenError,
)
from contraparte.protocol.keys import Purpose, generate
from contraparte.protocol.pouch import Manifest, Part, peek_manifest, seal_manifest
from tests.exchange import small_world
from tests.exchange.package_world import publish_directories
from tests.exchange.small_world import OPERATOR, SmallWorld

TABLES = (Message, Outbox, Receipt, Refusal, Leaf, Incident, HeadSeen)
PREFIX = pouch.PREFIX_BYTES


def rows() -> dict[str, list[dict[str, Any]]]:
    return {model.__name__: list(model.objects.order_by("pk").values()) for model in TABLES}


def states(direction: str) -> Counter[str]:
    return Counter(Message.objects.filter(direction=direction).values_list("state", flat=True))


def send(world: SmallWorld, *texts: str) -> list[str]:
    thread = world.conversation()
    return [actions.send_all([world.note(text, thread)], now=timezone.now())[0] for text in texts]


def pack(file: Path, **more: Any) -> Packed:
    return packing.pack("us.ntc", file, now=timezone.now(), **more)


def take(file: Path, **more: Any) -> Taken:
    return unpacking.take_in(file, answer=file.with_suffix(".answer"), now=timezone.now(), **more)


def test_messages_cross_by_file_and_only_the_answer_marks_them_as_sent(world: SmallWorld, tmp_path: Path) -> None:
    send(world, "first", "second")
    made = pack(tmp_path / "one.pouch")
    assert made.manifest.number == 1 and made.manifest.count(pouch.MESSAGES) == 4  # two notes, two copies
    assert states("out") == {"queued": 4} and Outbox.objects.count() == 4
    taken = take(tmp_path / "one.pouch")
    assert (taken.accepted, taken.rejected, taken.deferred, taken.refused, taken.missing) == (4, 0, 0, {}, [])
    assert states("in") == {"accepted": 4} and states("out") == {"queued": 4}
    heard = take(tmp_path / "one.answer")
    assert heard.receipts == 4 and heard.answer is None
    assert states("out") == {"sent": 4} and Outbox.objects.count() == 0
    world.handle()
    assert [one.message.body["text"] for one in small_world.handled if not one.is_copy] == ["first", "second"]


def test_receipts_of_delivery_go_by_pouch_until_an_answer_confirms_them(world: SmallWorld, tmp_path: Path) -> None:
    send(world, "first")
    pack(tmp_path / "one.pouch")
    take(tmp_path / "one.pouch")
    take(tmp_path / "one.answer")
    world.handle()

    def owed() -> Any:
        return Receipt.objects.filter(ours=True, due__isnull=False)

    assert {row.kind for row in owed()} == {"delivered"} and owed().count() == 2
    assert pack(tmp_path / "two.pouch").manifest.count(pouch.RECEIPTS) == 2
    assert owed().count() == 2
    assert take(tmp_path / "two.pouch").receipts == 2
    assert Receipt.objects.filter(ours=False, kind="delivered").count() == 2
    take(tmp_path / "two.answer")
    assert owed().count() == 0
    assert pack(tmp_path / "three.pouch").manifest.count(pouch.RECEIPTS) == 0


def test_taking_in_the_same_pouch_and_answer_again_changes_nothing(world: SmallWorld, tmp_path: Path) -> None:
    send(world, "first", "second")
    pack(tmp_path / "one.pouch")
    take(tmp_path / "one.pouch")
    first_answer = peek_manifest_of(tmp_path / "one.answer")
    take(tmp_path / "one.answer")
    before = rows()
    again = take(tmp_path / "one.pouch")
    assert again.again and again.accepted == 4
    assert peek_manifest_of(tmp_path / "one.answer").parts == first_answer.parts  # the stored receipts, byte for byte
    assert take(tmp_path / "one.answer").again
    assert rows() == before
    assert pouch_numbers.numbers(pouch_numbers.IN, OPERATOR) == [1]


def peek_manifest_of(file: Path) -> Manifest:
    data = file.read_bytes()
    return peek_manifest(data[PREFIX : PREFIX + pouch.manifest_length(data[:PREFIX])])


def test_a_lost_pouch_is_told_as_a_gap_and_its_messages_go_again_in_the_next(world: SmallWorld, tmp_path: Path) -> None:
    send(world, "first")
    pack(tmp_path / "one.pouch")
    (tmp_path / "one.pouch").unlink()
    send(world, "second")
    made = pack(tmp_path / "two.pouch")
    assert made.unheard == [1]
    taken = take(tmp_path / "two.pouch")
    assert taken.missing == [(1, 1)] and taken.accepted == 4


def test_pouches_taken_in_out_of_order_end_the_same(world: SmallWorld, tmp_path: Path) -> None:
    send(world, "first")
    pack(tmp_path / "one.pouch")
    send(world, "second")
    pack(tmp_path / "two.pouch")
    assert take(tmp_path / "two.pouch").missing == [(1, 1)]
    late = take(tmp_path / "one.pouch")
    assert late.missing == [] and late.accepted == 2
    take(tmp_path / "one.answer")
    take(tmp_path / "two.answer")
    assert states("out") == {"sent": 4}


def test_a_name_means_nothing(world: SmallWorld, tmp_path: Path) -> None:
    send(world, "first")
    pack(tmp_path / "one.pouch")
    (tmp_path / "one.pouch").rename(tmp_path / "holiday.jpg")
    assert take(tmp_path / "holiday.jpg").accepted == 2


def test_a_message_whose_earlier_one_was_not_carried_is_put_off_and_comes_again(
    world: SmallWorld, tmp_path: Path
) -> None:
    thread = world.conversation()
    actions.send_all([world.note("first", thread)], now=timezone.now())
    held = list(Outbox.objects.all())
    Outbox.objects.all().delete()
    actions.send_all([world.note("second", thread)], now=timezone.now())
    pack(tmp_path / "one.pouch")
    assert take(tmp_path / "one.pouch").deferred == 2
    before = rows()
    take(tmp_path / "one.answer")
    assert rows() == before and states("out") == {"queued": 4}
    Outbox.objects.bulk_create(held)
    pack(tmp_path / "two.pouch")
    assert take(tmp_path / "two.pouch").accepted == 4


def test_a_file_is_never_written_over(world: SmallWorld, tmp_path: Path) -> None:
    (tmp_path / "one.pouch").write_bytes(b"mine")
    with pytest.raises(PouchFileError):
        pack(tmp_path / "one.pouch")
    assert (tmp_path / "one.pouch").read_bytes() == b"mine"
    assert pouch_numbers.numbers(pouch_numbers.OUT, OPERATOR) == []
    with pytest.raises(PouchFileError):
        pack(tmp_path / "no-such-folder" / "one.pouch")


def refused(file: Path, error: type[ContraparteError]) -> ContraparteError:
    """The refusal of a file; nothing has changed and no answer was left."""
    before, book = rows(), pouch_numbers.numbers(pouch_numbers.IN, OPERATOR)
    with pytest.raises(error) as caught:
        take(file)
    assert rows() == before and pouch_numbers.numbers(pouch_numbers.IN, OPERATOR) == book
    assert not file.with_suffix(".answer").exists()
    return caught.value


def test_a_pouch_cut_short_at_any_byte_or_with_more_is_refused_as_a_whole(world: SmallWorld, tmp_path: Path) -> None:
    send(world, "first", "second")
    pack(tmp_path / "one.pouch")
    whole = (tmp_path / "one.pouch").read_bytes()
    file = tmp_path / "cut.pouch"

    @hypothesis_settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(st.integers(0, len(whole) - 1))
    def cut(length: int) -> None:
        file.write_bytes(whole[:length])
        assert isinstance(refused(file, ContraparteError), PouchMalformedError | PouchDamagedError)

    cut()
    file.write_bytes(whole + b"\0")
    assert refused(file, PouchDamagedError).params == {"part": 0}
    file.write_bytes(b"")
    refused(file, PouchMalformedError)
    refused(tmp_path / "no-such.pouch", PouchMalformedError)


def test_one_changed_byte_anywhere_is_refused_as_a_whole(world: SmallWorld, tmp_path: Path) -> None:
    send(world, "first")
    pack(tmp_path / "one.pouch")
    whole = (tmp_path / "one.pouch").read_bytes()
    file = tmp_path / "changed.pouch"

    @hypothesis_settings(max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(st.integers(0, len(whole) - 1), st.integers(1, 255))
    def change(at: int, by: int) -> None:
        file.write_bytes(whole[:at] + bytes([whole[at] ^ by]) + whole[at + 1 :])
        found = refused(file, ContraparteError)
        assert isinstance(found, PouchMalformedError | PouchDamagedError | PouchUnprovenError)

    change()


def resealed(file: Path, to: Path, **other: Any) -> Path:
    """The same parts under a manifest that says something else and is signed anew."""
    data = file.read_bytes()
    start = PREFIX + pouch.manifest_length(data[:PREFIX])
    manifest = peek_manifest(data[PREFIX:start])
    key = other.pop("key", None) or keyring.private_key(OPERATOR, Purpose.TRANSPORT)
    members = {name: getattr(manifest, name) for name in Manifest.__dataclass_fields__} | other
    to.write_bytes(seal_manifest(Manifest(**members), key) + data[start:])
    return to


def test_a_pouch_for_another_node_is_refused(world: SmallWorld, tmp_path: Path) -> None:
    send(world, "first")
    pack(tmp_path / "one.pouch")
    found = refused(resealed(tmp_path / "one.pouch", tmp_path / "x.pouch", recipient="us.atf"), PouchRecipientError)
    assert found.params == {"recipient": "us.atf", "here": OPERATOR}


def test_a_pouch_signed_by_no_operator_of_the_directory_is_refused(world: SmallWorld, tmp_path: Path) -> None:
    send(world, "first")
    pack(tmp_path / "one.pouch")
    stranger = generate(OPERATOR, Purpose.TRANSPORT)
    refused(resealed(tmp_path / "one.pouch", tmp_path / "x.pouch", key=stranger), PouchUnprovenError)
    hosted = keyring.private_key("us.ntc", Purpose.TRANSPORT)  # an agency of the node, but not the one that runs it
    refused(resealed(tmp_path / "one.pouch", tmp_path / "x.pouch", key=hosted, sender="us.ntc"), PouchUnprovenError)


def test_a_number_used_for_two_pouches_is_refused_and_can_be_left_behind(world: SmallWorld, tmp_path: Path) -> None:
    send(world, "first")
    pack(tmp_path / "one.pouch")
    take(tmp_path / "one.pouch")
    later = timezone.now() + datetime.timedelta(seconds=1)
    twin = resealed(tmp_path / "one.pouch", tmp_path / "twin.pouch", made=later)
    assert refused(twin, PouchNumberError).params == {"sender": OPERATOR, "number": 1}
    made = pack(tmp_path / "above.pouch", above=7)
    assert (made.manifest.number, made.manifest.previous) == (8, None)
    assert take(tmp_path / "above.pouch").missing == [(2, 7)]


@pytest.mark.parametrize("order", [("one", "other"), ("other", "one")])
def test_a_pouch_that_cites_another_predecessor_is_refused(
    world: SmallWorld, tmp_path: Path, order: tuple[str, str]
) -> None:
    pack(tmp_path / "start.pouch")
    send(world, "first")
    pack(tmp_path / "one.pouch")
    resealed(tmp_path / "one.pouch", tmp_path / "next.pouch", number=3, previous=hashlib.sha256(b"another").digest())
    (tmp_path / "next.pouch").rename(tmp_path / "other.pouch")
    take(tmp_path / f"{order[0]}.pouch")
    refused(tmp_path / f"{order[1]}.pouch", PouchChainError)


def test_an_answer_to_a_pouch_nobody_made_is_refused(world: SmallWorld, tmp_path: Path) -> None:
    send(world, "first")
    pack(tmp_path / "one.pouch")
    take(tmp_path / "one.pouch")
    odd = resealed(tmp_path / "one.answer", tmp_path / "odd.pouch", answers=hashlib.sha256(b"another").digest())
    refused(odd, PouchAnswerError)
    refused(resealed(tmp_path / "one.answer", tmp_path / "odd.pouch", number=9), PouchAnswerError)


def test_receipts_that_speak_of_nothing_sent_here_hold_up_no_other_and_stay_owed(
    world: SmallWorld, tmp_path: Path
) -> None:
    send(world, "first")
    world.settle()
    Receipt.objects.filter(ours=True, kind="delivered").update(due=timezone.now())
    strange = Receipt.objects.filter(ours=True, kind="delivered").order_by("pk").first()
    assert strange is not None
    pack(tmp_path / "one.pouch")
    # The first of the two speaks of a message whose envelope was another, as if it were not ours.
    Message.objects.filter(direction="out", uuid=strange.uuid).update(envelope_hash=b"\1" * 32)
    taken = take(tmp_path / "one.pouch")
    assert taken.refused == {"receipt.mismatch": 1} and taken.receipts == 1
    take(tmp_path / "one.answer")
    assert list(Receipt.objects.filter(ours=True, due__isnull=False)) == [strange]


def test_signed_heads_of_the_senders_logs_are_kept_to_hold_it_to_them(world: SmallWorld, tmp_path: Path) -> None:
    send(world, "first")
    made = pack(tmp_path / "one.pouch")
    heads = made.manifest.count(pouch.CHECKPOINTS)
    assert heads == 2
    assert take(tmp_path / "one.pouch").heads == heads
    assert HeadSeen.objects.count() >= heads


def test_what_cannot_be_a_batch_is_counted_and_the_rest_is_taken(world: SmallWorld, tmp_path: Path) -> None:
    send(world, "first")
    pack(tmp_path / "one.pouch")
    data = (tmp_path / "one.pouch").read_bytes()
    start = PREFIX + pouch.manifest_length(data[:PREFIX])
    parts = peek_manifest(data[PREFIX:start]).parts
    junk = b"CPB1 no batch"
    more = (Part(pouch.MESSAGES, len(junk), 1, hashlib.sha256(junk).digest()), *parts)
    mixed = resealed(tmp_path / "one.pouch", tmp_path / "mixed.pouch", parts=more)
    body = data[start:]
    mixed.write_bytes(mixed.read_bytes()[: -len(body)] + junk + body)
    taken = take(mixed)
    assert taken.accepted == 2 and sum(taken.refused.values()) == 1


@given(st.lists(st.integers(1, 40), unique=True).map(sorted))
def test_gaps_are_exactly_the_numbers_missing_below_the_highest(known: list[int]) -> None:
    missing = {number for first, last in pouch_numbers.gaps(known) for number in range(first, last + 1)}
    assert missing == set(range(1, max(known, default=0))) - set(known)
    assert all(first <= last for first, last in pouch_numbers.gaps(known))


def test_whatever_happens_to_pouches_every_message_is_handled_once_and_in_order(
    world: SmallWorld, tmp_path: Path
) -> None:
    """Sending, packing, taking in, hearing answers and losing files in any order, in one world that goes on and on."""
    thread, sent, files = world.conversation(), [], []

    def send_one() -> None:
        sent.append(f"note {len(sent)}")
        actions.send_all([world.note(sent[-1], thread)], now=timezone.now())

    def pack_one() -> None:
        files.append(tmp_path / f"{len(files)}.pouch")
        pack(files[-1])

    steps = st.one_of(
        st.just(send_one),
        st.just(pack_one),
        st.tuples(st.sampled_from(["take", "hear", "lose"]), st.integers(0, 50)),
        st.just(world.handle),
    )

    def there(kind: str, number: int) -> list[Path]:
        named = [file if kind == "take" else file.with_suffix(".answer") for file in files]
        return [file for file in named if file.exists()][number:][:1]

    @hypothesis_settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(st.lists(steps, max_size=12))
    def happen(chosen: list[Any]) -> None:
        for step in chosen:
            if callable(step):
                step()
                continue
            kind, number = step
            for file in there("take" if kind == "lose" else kind, number):
                file.unlink() if kind == "lose" else take(file)
        handled = [one.message.body["text"] for one in small_world.handled if not one.is_copy]
        assert handled == sent[: len(handled)], "in order, none twice, none left out"

    happen()
    pack_one()
    take(files[-1])
    take(files[-1].with_suffix(".answer"))
    world.handle()
    assert [one.message.body["text"] for one in small_world.handled if not one.is_copy] == sent
    assert states("out") == ({"sent": 2 * len(sent)} if sent else {}) and not Incident.objects.exists()
    assert list(find_message_faults()) == []


def test_a_senders_new_key_is_vouched_for_by_the_directory_in_its_pouch(
    world: SmallWorld, tmp_path: Path, settings: Any
) -> None:
    publish_directories(world, tmp_path / "safe")
    send(world, "first")
    home, now = settings.HOME.path / "directory", timezone.now()
    shutil.copytree(home, tmp_path / "yesterday", symlinks=True)
    with transaction.atomic():  # the sender's view of today, of which this node knows nothing yet
        keys = rotate_key(OPERATOR, Purpose.TRANSPORT, now=now)
        publisher.publish(world.registers["mx"].with_keys(keys), now=now)
        client.refresh("mx", now=now)
        pack(tmp_path / "one.pouch")
        transaction.set_rollback(True)
    shutil.rmtree(home)
    shutil.copytree(tmp_path / "yesterday", home, symlinks=True)
    view.forget()
    known = set(Key.objects.values_list("kid", flat=True))
    taken = take(tmp_path / "one.pouch")
    assert taken.directories == {"mx": "taken", "us": "not newer"} and taken.accepted == 2
    assert {kid.partition("-")[0] for kid in set(Key.objects.values_list("kid", flat=True)) - known} == {
        f"{OPERATOR}#transport"
    }
