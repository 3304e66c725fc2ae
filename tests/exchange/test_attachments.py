"""Files cross beside their message, whole and proven or not at all (P3.5)."""

import hashlib
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.utils import timezone

from contraparte.directory.models import Tenure
from contraparte.exchange import actions, arriving, attaching, custody, delivery, files, shipping
from contraparte.exchange.attachment_auditing import find_attachment_faults
from contraparte.exchange.auditing import find_message_faults
from contraparte.exchange.models import (
    Arrival,
    Attachment,
    CustodyEvent,
    Draft,
    Message,
    Outbox,
    Release,
    Shipment,
)
from contraparte.exchange.reading import read_message
from contraparte.protocol import limits
from contraparte.protocol.attachments import files_of, sealed_size
from contraparte.protocol.errors import (
    ApprovalDrafterError,
    ApprovalOutdatedError,
    AttachmentChangedError,
    AttachmentEmptyError,
    AttachmentLostError,
    AttachmentNameError,
    AttachmentNotTakenError,
    AttachmentTooManyError,
    DraftClosedError,
    PostNotLocalError,
    ReleaseHeldError,
    ReleaseWithheldError,
    RightMissingError,
    TenureEndedError,
)
from tests.exchange.crashes import crash_everywhere
from tests.exchange.small_world import CENTRE, FEDERAL, SONORA, Role, SmallWorld
from tests.exchange.test_worker import states


def content(size: int, seed: bytes = b"a") -> bytes:
    """Bytes that look like nothing, the same for the same seed."""
    return hashlib.shake_128(seed).digest(size)


def put_in(
    world: SmallWorld, draft: Draft, data: bytes, *, name: str = "frame.jpg", by: Tenure | None = None
) -> Attachment:
    pieces: Iterator[bytes] = (data[at : at + 100_000] for at in range(0, len(data), 100_000))
    return attaching.attach_pieces(
        draft, pieces, name=name, media_type="image/jpeg", by=by or world.officer, now=timezone.now()
    )


def approve(world: SmallWorld, draft: Draft, by: Tenure | None = None) -> None:
    digest = actions.preview(draft, now=timezone.now()).content_digest
    actions.approve_draft(draft, digest=digest, by=by or world.chief, now=timezone.now())


def release(world: SmallWorld, draft: Draft) -> Message:
    approve(world, draft)
    return actions.release_draft(draft, by=world.officer, now=timezone.now())


def sent(world: SmallWorld, *contents: bytes, post: str = SONORA) -> Message:
    """A note with files, released; nothing is delivered yet."""
    draft = world.draft()
    for number, data in enumerate(contents):
        put_in(world, draft, data, name=f"photo {number}.jpg")
    return release(world, draft)


def arrived(agency: str = "us.ntc") -> list[Attachment]:
    return list(Attachment.objects.filter(agency=agency, message__direction="in").order_by("pk"))


def clear(attachment: Attachment) -> bytes:
    return b"".join(attaching.open_file(attachment))


def folder(name: str) -> list[Path]:
    return sorted((settings.HOME.path / name).glob("*"))


def require_whole() -> None:
    assert list(find_message_faults()) == []
    assert list(find_attachment_faults()) == []


# --- drafts ---


def test_a_file_of_a_draft_lies_sealed_and_its_key_lies_elsewhere(world: SmallWorld) -> None:
    data = b"JFIF" + content(200_000)
    row = put_in(world, world.draft(), data)
    assert (row.size, bytes(row.sha256)) == (len(data), hashlib.sha256(data).digest())
    [file] = folder("attachments")
    assert file.name == row.file and file.stat().st_size == sealed_size(len(data))
    raw = file.read_bytes()
    assert b"JFIF" not in raw and bytes(row.key) not in raw and data[1000:1100] not in raw
    assert folder("arriving") == [] and file.stat().st_mode & 0o077 == 0
    assert clear(row) == data


def test_what_is_approved_is_what_leaves_files_and_all(world: SmallWorld) -> None:
    draft = world.draft()
    first = actions.preview(draft, now=timezone.now()).content_digest
    row = put_in(world, draft, content(5000))
    seen = actions.preview(draft, now=timezone.now())
    assert seen.content_digest != first and [one.pk for one in seen.files] == [row.pk]
    approve(world, draft)
    put_in(world, draft, content(10, b"b"), name="second.jpg")
    with pytest.raises(ReleaseHeldError):
        actions.release_draft(draft, by=world.officer, now=timezone.now())
    with pytest.raises(ApprovalOutdatedError):
        actions.approve_draft(draft, digest=seen.content_digest, by=world.second_chief, now=timezone.now())
    # Taken out again, what would leave is what was approved, and it leaves.
    attaching.remove_file(Attachment.objects.latest("pk"), by=world.officer, now=timezone.now())
    message = actions.release_draft(draft, by=world.officer, now=timezone.now())
    told = files_of(read_message(message).attachments)
    assert [(one.name, one.size, one.sha256) for one in told] == [("frame.jpg", 5000, bytes(row.sha256))]
    assert Release.objects.filter(message=message).exists()


def test_nobody_approves_a_file_they_put_in_themselves(world: SmallWorld) -> None:
    draft = world.draft()
    put_in(world, draft, content(100), by=world.chief)
    with pytest.raises(ApprovalDrafterError):
        approve(world, draft)
    approve(world, draft, by=world.second_chief)


def test_a_file_taken_out_of_a_draft_is_gone_and_that_it_was_there_is_not(world: SmallWorld) -> None:
    draft = world.draft()
    row = put_in(world, draft, content(100))
    attaching.remove_file(row, by=world.officer, now=timezone.now())
    row.refresh_from_db()
    assert folder("attachments") == [] and bytes(row.key) == b"" and row.removed_at is not None
    assert list(row.events.values_list("kind", flat=True)) == ["added", "removed"]
    assert attaching.files_of_draft(draft) == []
    attaching.remove_file(row, by=world.officer, now=timezone.now())
    assert row.events.count() == 2


def test_files_of_a_draft_that_is_given_up_are_gone(world: SmallWorld) -> None:
    draft = world.draft()
    put_in(world, draft, content(100))
    actions.discard_draft(draft, by=world.officer, now=timezone.now())
    assert folder("attachments") == []
    with pytest.raises(DraftClosedError):
        put_in(world, draft, content(100))


@pytest.mark.parametrize("name", ["", " ", "..", "x" * 201, "a\u202eb.jpg", "a\nb"])
def test_a_file_without_a_proper_name_is_not_taken(world: SmallWorld, name: str) -> None:
    with pytest.raises(AttachmentNameError):
        put_in(world, world.draft(), content(10), name=name)
    assert folder("arriving") == folder("attachments") == [] and not Attachment.objects.exists()


def test_folders_of_a_name_stay_at_home(world: SmallWorld) -> None:
    assert put_in(world, world.draft(), content(10), name="C:\\casos\\77\\foto.jpg").name == "foto.jpg"
    assert put_in(world, world.draft(), content(10), name="casos/77/foto.jpg").name == "foto.jpg"


def test_nothing_in_a_file_is_no_file(world: SmallWorld) -> None:
    with pytest.raises(AttachmentEmptyError):
        put_in(world, world.draft(), b"")
    assert folder("arriving") == [] and not Attachment.objects.exists()


def test_only_types_that_take_files_get_them(world: SmallWorld) -> None:
    with pytest.raises(AttachmentNotTakenError):
        put_in(world, world.draft(type="note.review/1"), content(10))


def test_a_draft_takes_as_many_files_as_a_message(world: SmallWorld) -> None:
    draft = world.draft()
    for _ in range(limits.ATTACHMENTS):
        put_in(world, draft, b"x")
    with pytest.raises(AttachmentTooManyError):
        put_in(world, draft, b"x")


def test_only_who_may_prepare_the_draft_puts_files_in_or_takes_them_out(world: SmallWorld) -> None:
    draft = world.draft()
    row = put_in(world, draft, content(10))
    stranger = world.appoint("stranger", CENTRE, Role.OFFICER)
    auditor = world.appoint("ada", SONORA, Role.AUDITOR)
    for by, refused in ((stranger, PostNotLocalError), (auditor, RightMissingError)):
        with pytest.raises(refused):
            put_in(world, draft, content(10), by=by)
        with pytest.raises(refused):
            attaching.remove_file(row, by=by, now=timezone.now())
    with pytest.raises(TenureEndedError):
        attaching.remove_file(row, by=world.officer, now=timezone.now() - timedelta(days=400))
    assert len(attaching.files_of_draft(draft)) == 1


def test_files_that_no_policy_permits_keep_the_message_at_home(world: SmallWorld) -> None:
    from contraparte.exchange import gate

    draft = world.draft()
    put_in(world, draft, content(10))
    (settings.HOME.folder("policies") / "no-files.cedar").write_text(
        '@id("no-files") forbid (principal, action == Action::"disclose", resource) when { context.class == "file" };'
    )
    gate.forget_policies()
    seen = actions.preview(draft, now=timezone.now())
    assert seen.withheld == ("attachment.forbidden",)
    with pytest.raises(ReleaseWithheldError):
        actions.release_draft(draft, by=world.officer, now=timezone.now())


def test_a_file_that_crashes_anywhere_is_in_the_draft_or_not(world: SmallWorld) -> None:
    draft = world.draft()

    def check() -> None:
        assert len(folder("attachments")) == Attachment.objects.count()
        assert CustodyEvent.objects.count() == Attachment.objects.count()
        assert folder("arriving") == []

    assert crash_everywhere(lambda: put_in(world, draft, content(100)), check) >= 2
    assert Attachment.objects.count() == 1


# --- crossing ---


def test_files_cross_whole_with_their_message_and_to_its_copies(world: SmallWorld) -> None:
    photo, clip = content(300_000, b"photo"), content(9_000_000, b"clip")
    message = sent(world, photo, clip)
    world.settle()
    assert states() == {"handled": 2} and states("out") == {"sent": 2}
    for agency in ("us.ntc", "mx.fgr"):
        got = arrived(agency)
        assert [clear(one) for one in got] == [photo, clip]
        assert [one.name for one in got] == ["photo 0.jpg", "photo 1.jpg"]
    copy = Message.objects.get(direction="out", copy_of=message.uuid)
    assert Attachment.objects.filter(message=copy).count() == 2
    assert not Arrival.objects.exists() and not Shipment.objects.exists() and folder("arriving") == []
    # One ciphertext for original and copy at the sender's, one for each at the receivers'.
    assert len(folder("attachments")) == 2 + 2 * 2
    require_whole()


def test_the_message_is_not_accepted_before_its_last_byte_is_proven(world: SmallWorld) -> None:
    sent(world, content(5_000_000))
    world.deliver()
    assert not Message.objects.filter(direction="in").exists() and Arrival.objects.count() == 2
    assert set(Outbox.objects.values_list("code", flat=True)) == {"attachment.missing"}
    while shipping.ship_once(clock=timezone.now, send=world.wire.send):
        continue
    assert set(Arrival.objects.values_list("state", flat=True)) == {"whole"}
    world.deliver()
    assert not Message.objects.filter(direction="in").exists()
    assert set(Outbox.objects.values_list("code", flat=True)) == {"attachment.unproven"}
    assert arriving.prove_whole() == 2
    world.deliver(timezone.now() + timedelta(seconds=2))
    assert states() == {"accepted": 2}


def test_other_messages_pass_one_that_waits_for_its_files(world: SmallWorld) -> None:
    sent(world, content(5_000_000))
    actions.send_all([world.note("meanwhile")], now=timezone.now())
    world.deliver()
    world.handle()
    assert states() == {"handled": 2} and states("out") == {"sent": 2, "queued": 2}


def test_a_cut_costs_the_piece_that_was_under_way_and_no_more(world: SmallWorld) -> None:
    data = content(3 * limits.ATTACHMENT_PIECE_BYTES + 5)
    draft = world.draft(conversation=world.conversation(SONORA, FEDERAL))
    put_in(world, draft, data)
    release(world, draft)
    world.deliver()
    [arrival] = Arrival.objects.all()
    late = timezone.now()
    for cut, reached in (("", 1), ("failed", 1), ("done_but_reply_lost", 2), ("", 2)):
        late += timedelta(hours=2)
        world.wire.faults.append(cut)
        assert shipping.ship_once(clock=lambda at=late: at, send=world.wire.send, slice_bytes=1)
        assert files.length_of(arrival.file) == reached * limits.ATTACHMENT_PIECE_BYTES
    late += timedelta(hours=2)
    world.ship(late)
    world.deliver(late)
    assert clear(arrived("mx.fgr")[0]) == data
    pieces = [len(body) for url, body in world.wire.requests if "/attachments/" in url]
    # One piece was sent twice, the one whose answer was lost; the cut before sending cost nothing.
    assert sum(pieces) == sealed_size(len(data)) + limits.ATTACHMENT_PIECE_BYTES


def test_bytes_spoilt_on_the_way_come_again(world: SmallWorld) -> None:
    data = content(50_000)
    draft = world.draft(conversation=world.conversation(SONORA, FEDERAL))
    put_in(world, draft, data)
    release(world, draft)
    world.deliver()
    while shipping.ship_once(clock=timezone.now, send=world.wire.send):
        continue
    [arrival] = Arrival.objects.all()
    path = files.arriving(arrival.file)
    raw = bytearray(path.read_bytes())
    raw[30_000] ^= 1
    path.write_bytes(raw)
    assert arriving.prove_whole() == 1
    arrival.refresh_from_db()
    assert arrival.state == Arrival.State.OPEN and not path.exists()
    later = timezone.now() + timedelta(minutes=3)
    world.deliver(later)
    world.ship(later)
    world.deliver(later)
    assert clear(arrived("mx.fgr")[0]) == data


def test_a_resealed_message_keeps_its_files(world: SmallWorld) -> None:
    from tests.exchange.test_crashes import rotate_sealing_key

    data = content(40_000)
    draft = world.draft(conversation=world.conversation(SONORA, FEDERAL))
    put_in(world, draft, data)
    message = release(world, draft)
    rotate_sealing_key("mx.fgr")
    world.settle()
    assert message.resealings.count() == 1
    assert clear(arrived("mx.fgr")[0]) == data
    require_whole()


def test_shipping_that_crashes_anywhere_comes_through(world: SmallWorld) -> None:
    sent(world, content(6_000_000))

    hours = iter(range(2, 600, 2))

    def through() -> None:
        late = timezone.now() + timedelta(hours=next(hours))
        world.deliver(late)
        world.ship(late)
        world.deliver(late + timedelta(seconds=90))
        assert states() == {"accepted": 2}

    def check() -> None:
        shipping.forget_leases()
        assert (
            Attachment.objects.filter(message__direction="in").count() == Message.objects.filter(direction="in").count()
        )

    assert crash_everywhere(through, check) >= 10
    require_whole()
    assert [clear(one) for one in arrived()] == [content(6_000_000)]


def test_what_never_came_whole_is_removed_when_its_message_is_worth_nothing(world: SmallWorld) -> None:
    sent(world, content(9_000_000))
    world.deliver()
    assert shipping.ship_once(clock=timezone.now, send=world.wire.send)
    assert len(folder("arriving")) == 1
    assert arriving.tidy(timezone.now() + timedelta(days=29)) == 0
    assert arriving.tidy(timezone.now() + timedelta(days=31)) == 2
    assert folder("arriving") == [] and not Arrival.objects.exists()


def test_a_file_nobody_has_a_row_for_is_removed_after_a_day(world: SmallWorld) -> None:
    import os
    import time

    row = put_in(world, world.draft(), content(10))
    for place in ("attachments", "arriving"):
        for age_s in (0, 2 * 86_400):
            orphan = settings.HOME.folder(place) / files.new_name()
            orphan.write_bytes(b"x")
            os.utime(orphan, (time.time() - age_s,) * 2)
    os.utime(files.kept(row.file), (0, 0))
    arriving.tidy(timezone.now())
    assert (len(folder("attachments")), len(folder("arriving"))) == (2, 1) and files.kept(row.file).exists()


# --- afterwards ---


def test_a_file_is_given_out_only_when_every_byte_of_it_is_proven(world: SmallWorld) -> None:
    data = content(100_000)
    sent(world, data)
    world.settle()
    reader = world.appoint("nina", CENTRE, Role.OFFICER)
    [row] = arrived()
    assert b"".join(attaching.give_out(row, by=reader, now=timezone.now())) == data
    assert row.events.filter(kind="downloaded", by=reader).count() == 1
    path = files.kept(row.file)
    whole = path.read_bytes()
    for at in (0, 60, 50_000, len(whole) - 1):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        with pytest.raises(AttachmentChangedError):
            attaching.give_out(row, by=reader, now=timezone.now())
        assert [finding.code for finding in find_attachment_faults()] == ["attachment.file.changed"]
    path.write_bytes(whole[:-1])
    with pytest.raises(AttachmentLostError):
        attaching.give_out(row, by=reader, now=timezone.now())
    path.unlink()
    with pytest.raises(AttachmentLostError):
        attaching.give_out(row, by=reader, now=timezone.now())
    assert [finding.code for finding in find_attachment_faults()] == ["attachment.file.missing"]
    assert row.events.filter(kind="downloaded").count() == 1


@pytest.mark.parametrize(
    ("column", "value"),
    [("name", "other.jpg"), ("size", 99), ("sha256", b"\1" * 32), ("key", b"\1" * 32), ("number", 5)],
)
def test_the_audit_holds_every_column_of_a_file_to_its_message(world: SmallWorld, column: str, value: object) -> None:
    sent(world, content(1000))
    world.settle()
    Attachment.objects.filter(pk=arrived()[0].pk).update(**{column: value})
    assert [finding.code for finding in find_attachment_faults()] == ["attachment.row.changed"]


def test_the_audit_misses_a_file_without_its_row(world: SmallWorld) -> None:
    sent(world, content(1000))
    world.settle()
    row = arrived()[0]
    row.events.all().delete()
    row.delete()
    assert [finding.code for finding in find_attachment_faults()] == ["attachment.row.changed"]


def test_the_chain_of_custody_runs_from_the_first_hand_to_the_last(world: SmallWorld) -> None:
    sent(world, content(1000))
    world.settle()
    reader = world.appoint("nina", CENTRE, Role.OFFICER)
    [row] = arrived()
    assert row.message is not None
    actions.note_opened(row.message.conversation, by=reader, now=timezone.now())
    b"".join(attaching.give_out(row, by=reader, now=timezone.now()))
    world.settle()
    ours = Attachment.objects.get(draft__isnull=False)
    chains = custody.chains_of([ours, row])
    assert [link.kind for link in chains[ours.pk]] == [
        "added", "released", "signed_accepted", "signed_delivered", "signed_opened",
    ]  # fmt: skip
    assert {link.kind for link in chains[row.pk]} == {
        "received", "signed_accepted", "signed_delivered", "opened", "signed_opened", "downloaded",
    }  # fmt: skip
    assert {link.signed_by for link in chains[ours.pk] if link.signed_by} == {"us.ntc"}
    hashes = {bytes(event.sha256) for event in CustodyEvent.objects.filter(attachment__in=[ours, row])}
    assert hashes == {hashlib.sha256(content(1000)).digest()}


def test_erasing_a_message_takes_bytes_and_keys_of_its_files_along(world: SmallWorld) -> None:
    message = sent(world, content(1000))
    world.settle()
    copy = Message.objects.get(direction="out", copy_of=message.uuid)
    [row] = arrived()
    assert row.message is not None
    before = len(folder("attachments"))
    assert attaching.erase_files_of([row.message], now=timezone.now()) == 1
    row.refresh_from_db()
    assert bytes(row.key) == b"" and row.file == "" and len(folder("attachments")) == before - 1
    # A ciphertext stays as long as a copy holds it.
    attaching.erase_files_of([message], now=timezone.now())
    assert len(folder("attachments")) == before - 1
    attaching.erase_files_of([copy], now=timezone.now())
    assert len(folder("attachments")) == before - 2
    assert list(find_attachment_faults()) == []


def test_a_released_file_can_no_longer_be_taken_out(world: SmallWorld) -> None:
    message = sent(world, content(10))
    with pytest.raises(DraftClosedError):
        attaching.remove_file(Attachment.objects.get(message=message), by=world.officer, now=timezone.now())


def test_a_shipment_without_its_file_waits_and_says_why(world: SmallWorld) -> None:
    message = sent(world, content(100))
    world.deliver()
    files.drop(Attachment.objects.get(message=message).file)
    assert shipping.ship_once(clock=timezone.now, send=world.wire.send)
    assert set(Shipment.objects.values_list("code", flat=True)) >= {"attachment.lost"}
    assert delivery.due_operators(timezone.now()) == []
