"""Files of answers: they cross with the answer, and both sides sign that they changed hands, by their hashes."""

import hashlib
from collections.abc import Iterator
from dataclasses import replace

import pytest
from django.conf import settings
from django.utils import timezone

from contraparte.exchange import attaching, custody, registry
from contraparte.exchange.models import Attachment, Draft, Message
from contraparte.exchange.reading import read_message
from contraparte.inquiries.actions.asking import open_inquiry
from contraparte.inquiries.actions.handing_over import require_sent
from contraparte.inquiries.actions.stepping import take_step
from contraparte.inquiries.models import Inquiry
from contraparte.inquiries.rules.steps import ALONE, type_of
from contraparte.protocol.errors import InquiryFileChangedError, InquiryFileUnknownError
from tests.inquiries.inquiry_world import LETTER, InquiryWorld

MIB = 1024 * 1024


def put_in(world: InquiryWorld, draft: Draft, data: bytes, name: str = "statements.pdf") -> Attachment:
    """A file put into a draft by its officer, in pieces."""
    by = world.officer if draft.agency == "mx.fge-son" else world.agent
    pieces: Iterator[bytes] = (data[at : at + MIB] for at in range(0, len(data), MIB))
    return attaching.attach_pieces(
        draft, pieces, name=name, media_type="application/pdf", by=by, now=timezone.now()
    )  # fmt: skip


def answered(world: InquiryWorld, *contents: bytes) -> Inquiry:
    """A letter whose answer came with files; the side of who asked."""
    row = world.ask(LETTER)
    theirs = world.other(row)
    world.step(theirs, "acknowledge")
    world.step(theirs, "accept")
    answer_again(world, theirs, *contents)
    return row


def answer_again(world: InquiryWorld, theirs: Inquiry, *contents: bytes) -> None:
    draft = take_step(theirs, "answer", {"text": "Attached."}, by=world.agent, now=world.now)
    assert isinstance(draft, Draft)
    for number, data in enumerate(contents):
        put_in(world, draft, data, f"statement {number}.pdf")
    world.release(draft)
    world.settle()


def content(size: int, seed: bytes = b"a") -> bytes:
    return hashlib.shake_128(seed).digest(size)


def held(agency: str, direction: str) -> list[Attachment]:
    rows = Attachment.objects.filter(agency=agency, message__direction=direction, message__type="inquiry.answer/1")
    return list(rows.select_related("message").order_by("pk"))


def signed(rows: list[Attachment]) -> list[set[tuple[str, str]]]:
    chains = custody.chains_of(rows)
    return [{(link.kind, link.signed_by) for link in chains[row.pk] if link.signed_by} for row in rows]


def test_a_letters_answer_of_some_mib_crosses_and_both_sides_sign_that_it_changed_hands(world: InquiryWorld) -> None:
    data = [content(3 * MIB + 17), content(1000, b"b")]
    row = answered(world, *data)
    came, left = held("mx.fge-son", "in"), held("us.doj", "out")
    assert [b"".join(attaching.open_file(one)) for one in came] == data
    world.step(row, "verify")
    assert world.standing(world.other(row)).settled.state == "verified"
    said = read_message(Message.objects.get(agency="us.doj", type="inquiry.verify/1"))
    assert said.body["files"] == sorted(hashlib.sha256(one).hexdigest() for one in data)
    expected = {("signed_accepted", "mx.fge-son"), ("signed_delivered", "mx.fge-son"), ("verified", "mx.fge-son")}
    assert signed(left) == [expected] * 2
    assert signed(came) == [expected] * 2


def test_an_answer_sent_back_names_its_files_and_the_next_one_is_judged_with_them(world: InquiryWorld) -> None:
    row = answered(world, content(100))
    world.step(row, "reject", {"text": "The second account is missing."})
    assert ("sent_back", "mx.fge-son") in signed(held("us.doj", "out"))[0]
    answer_again(world, world.other(row), content(200, b"b"))
    world.step(row, "verify")
    assert [("verified", "mx.fge-son") in one for one in signed(held("us.doj", "out"))] == [True, True]


def test_one_changed_byte_keeps_an_answer_from_being_verified_and_names_the_file(world: InquiryWorld) -> None:
    row = answered(world, content(50_000))
    [came] = held("mx.fge-son", "in")
    path = settings.HOME.folder("attachments") / came.file
    raw = bytearray(path.read_bytes())
    raw[20_000] ^= 1
    path.chmod(0o600)
    path.write_bytes(raw)
    with pytest.raises(InquiryFileChangedError) as refusal:
        take_step(row, "verify", {}, by=world.officer, now=world.now)
    assert refusal.value.params == {"sha256": bytes(came.sha256).hex()}
    assert world.standing(row).settled.state == "answered"
    world.step(row, "reject", {"text": "A file does not open."})
    assert world.standing(row).settled.state == "rejected_delivery"


def test_a_step_that_names_a_file_nobody_sent_is_refused(world: InquiryWorld) -> None:
    row = answered(world, content(100))
    world.step(row, "verify")
    said = read_message(Message.objects.get(agency="us.doj", type="inquiry.verify/1"))
    require_sent(said, world.now)
    with pytest.raises(InquiryFileUnknownError):
        require_sent(replace(said, body={**said.body, "files": ["0" * 64]}), world.now)


def test_a_request_takes_files_and_a_step_that_an_officer_takes_alone_takes_none(world: InquiryWorld) -> None:
    draft = open_inquiry(world.save(LETTER), by=world.officer, now=world.now)
    assert isinstance(draft, Draft)
    put_in(world, draft, content(100), "orden judicial.pdf")
    world.release(draft)
    world.settle()
    came = Attachment.objects.get(agency="us.doj", message__direction="in")
    assert came.name == "orden judicial.pdf"
    alone = [registry.message_type(type_of(step)).takes_files for step in ALONE]
    assert alone == [False] * len(ALONE)
