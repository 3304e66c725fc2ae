"""The letter as a paper: both languages, certified, printed, signed for one version, void once edited."""

import io
import os
from collections.abc import Iterator
from datetime import date
from typing import Any

import pypdf
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from contraparte.exchange import arriving, files
from contraparte.exchange.attaching import files_of_draft
from contraparte.exchange.models import Attachment, Draft, Message
from contraparte.exchange.writing import writing
from contraparte.inquiries import queries
from contraparte.inquiries.actions.asking import open_inquiry, redirect_request, save_inquiry
from contraparte.inquiries.actions.signing import forget_signed, open_copy
from contraparte.inquiries.actions.translating import COPY_BYTES, enclose_signed, write_translation
from contraparte.inquiries.letters import version_of
from contraparte.inquiries.models import Inquiry, SignedCopy
from contraparte.inquiries.presenting import letter_shown, report_of
from contraparte.inquiries.rules.translating import pairs_of
from contraparte.ledger.fsck import check_ledger
from contraparte.protocol.errors import (
    InquiryFieldError,
    InquiryIncompleteError,
    InquirySentError,
    LetterVersionError,
    ReleaseWithheldError,
)
from tests.inquiries.inquiry_world import CENTRAL, COURT, LETTER, InquiryWorld
from tests.inquiries.test_pages import form_of
from tests.traces.test_pages import browser

TEXTS = {
    "facts": "El rescate se pagó en dos cuentas.",
    "purpose": "Juicio de la persona acusada.",
    "offences-1-text": "Article 390: whoever without right compels another…",
    "measures-1-object": "Cuenta 1",
    "measures-1-nexus": "Primer pago.",
    "measures-2-object": "Gerente de la sucursal",
    "measures-2-nexus": "Abrió la cuenta.",
}
SIGNED = b"%PDF-1.7\nsigned by hand\n%%EOF"
LANGUAGES = ["en", "es"]


def translate(world: InquiryWorld, row: Inquiry, *, certified: bool = True, **changes: Any) -> Inquiry:
    """The letter with its other language, as its officer wrote it."""
    said: dict[str, Any] = {
        "written_in": "en",
        "dated": date(2026, 11, 20),
        "signer": "Director of International Affairs",
        "certified_by": "Perita traductora 77" if certified else "",
        "certified_on": date(2026, 11, 21) if certified else None,
    }
    return write_translation(row, changes.pop("texts", TEXTS), by=world.officer, now=world.now, **said | changes)


def version(row: Inquiry) -> str:
    """The version of the letter as it stands."""
    return version_of(queries.letter_body(Inquiry.objects.get(pk=row.pk)))


def sign(client: Client, row: Inquiry, shown: str, data: bytes = SIGNED) -> Any:
    """A signed copy, sent in by the page."""
    paper = SimpleUploadedFile("firmada.pdf", data, content_type="application/pdf")
    told = {"version": shown, "signed_by": "Directora Ramos", "file": paper}
    return client.post(f"/inquiries/{row.pk}/letter/sign/", told)


@pytest.fixture
def letter(world: InquiryWorld) -> Iterator[Inquiry]:
    """A letter whose instrument asks for a signature, whole in both languages, not drafted."""
    yield translate(world, world.save(LETTER, instrument="reciprocity", article=""))


def test_the_pdf_of_a_draft_says_what_was_typed_in_both_languages(world: InquiryWorld, letter: Inquiry) -> None:
    answer = browser(world.officer).get(f"/inquiries/{letter.pk}/letter.pdf")
    assert answer.status_code == 200
    assert answer["Content-Type"] == "application/pdf"
    assert answer["Cache-Control"] == "private, no-store"
    assert answer["Content-Disposition"] == f'attachment; filename="{letter.reference}-{version(letter)[:8]}.pdf"'
    told = " ".join("".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(answer.content)).pages).split())
    for text in (LETTER["facts"], *TEXTS.values(), "First payment.", "International reciprocity", "Extorsión"):
        assert text in told
    assert version(letter) in told.replace(" ", "")


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_letter_without_its_other_language_names_what_is_missing(world: InquiryWorld, language: str) -> None:
    client = browser(world.officer, language)
    row = translate(world, world.save(LETTER), certified=False, texts=TEXTS | {"measures-2-nexus": ""})
    answer = client.get(f"/inquiries/{row.pk}/letter.pdf")
    assert answer.status_code == 422
    missing = {"en": "Measure 2: nexus to the case", "es": "Diligencia 2: nexo con el caso"}[language]
    assert missing in answer.text
    assert missing in client.get(f"/inquiries/{row.pk}/").text


def test_the_other_side_prints_the_same_version_once_it_has_arrived(world: InquiryWorld) -> None:
    row = translate(world, world.save(LETTER))
    before = version(row)
    world.release(open_inquiry(row, by=world.officer, now=world.now))  # type: ignore[arg-type]
    world.settle()
    theirs = world.other(Inquiry.objects.get(pk=row.pk))
    assert version(theirs) == version(row) == before
    shown = letter_shown(theirs)
    assert shown is not None and shown.stated == before and not shown.differs
    answer = browser(world.agent).get(f"/inquiries/{theirs.pk}/letter.pdf")
    assert answer.status_code == 200 and answer.content.startswith(b"%PDF-")


def test_a_text_edited_after_certification_is_a_gap_until_it_is_certified_again(world: InquiryWorld) -> None:
    row = translate(world, world.save(LETTER))
    assert report_of(row.typed).is_complete
    row = save_inquiry(row.typed | {"facts": "Ransom was paid into three accounts."}, by=world.officer, now=world.now,
                       inquiry=row)  # fmt: skip
    assert [gap.code for gap in report_of(row.typed).gaps] == ["translation_stale"]
    row = translate(world, row, certified=False)
    assert [pair.name for pair in pairs_of(row.typed) if pair.is_missing] == ["facts"], "saving is not certifying"
    assert version(row) == ""
    with pytest.raises(InquiryIncompleteError) as caught:
        open_inquiry(row, by=world.officer, now=world.now)
    assert caught.value.params["gaps"] == "translation_stale"
    row = translate(world, row, texts=TEXTS | {"facts": "El rescate se pagó en tres cuentas."})
    assert report_of(row.typed).is_complete and version(row)


def test_a_translation_file_named_by_its_hash_is_stale_once_a_text_changes(world: InquiryWorld) -> None:
    row = world.save(LETTER)
    again = save_inquiry(dict(LETTER) | {"purpose": "Another."}, by=world.officer, now=world.now, inquiry=row)
    assert [gap.code for gap in report_of(again.typed).gaps] == ["translation_stale"]
    mended = save_inquiry(dict(LETTER) | {"purpose": "Another.", "translation_hash": "b" * 64}, by=world.officer,
                          now=world.now, inquiry=again)  # fmt: skip
    assert report_of(mended.typed).is_complete
    sent_on = redirect_request(again, to=COURT, by=world.officer, now=world.now)
    assert [gap.code for gap in report_of(sent_on.typed).gaps] == ["translation_stale"]


def test_certifying_needs_every_text_a_translator_and_a_day(world: InquiryWorld) -> None:
    row = world.save(LETTER)
    for changes, field in (
        ({"texts": TEXTS | {"purpose": " "}}, "text-purpose"),
        ({"certified_on": None}, "translated_on"),
        ({"certified_by": ""}, "translated_by"),
    ):
        with pytest.raises(InquiryFieldError) as caught:
            translate(world, row, **changes)
        assert caught.value.params["field"] == field
    assert "translations" not in Inquiry.objects.get(pk=row.pk).typed


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_letter_that_needs_a_signature_stays_until_a_copy_of_its_version_is_here(
    world: InquiryWorld, letter: Inquiry, language: str
) -> None:
    officer = browser(world.officer, language)
    draft = open_inquiry(letter, by=world.officer, now=world.now)
    assert isinstance(draft, Draft)
    why = {"en": "no signed copy of this very version", "es": "ninguna copia firmada de esta misma versión"}[language]
    assert why in officer.get(f"/release/{draft.pk}/").text
    with pytest.raises(ReleaseWithheldError) as caught:
        world.release(draft)
    assert "letter.unsigned" in caught.value.params["reasons"]
    assert sign(officer, letter, version(letter)[:8]).status_code == 302
    draft = Draft.objects.get(pk=draft.pk)
    world.release(draft)
    world.settle()
    theirs = world.other(Inquiry.objects.get(pk=letter.pk))
    copy = letter.signed_copies.get()
    assert queries.letter_body(theirs)["letter"]["signed_sha256"] == bytes(copy.sha256).hex()
    assert b"".join(open_copy(copy)) == SIGNED


def test_any_later_edit_voids_the_signed_copy_and_keeps_it(world: InquiryWorld, letter: Inquiry) -> None:
    officer = browser(world.officer)
    sign(officer, letter, version(letter))
    draft = open_inquiry(letter, by=world.officer, now=world.now)
    assert isinstance(draft, Draft)
    row = Inquiry.objects.get(pk=letter.pk)
    save_inquiry(row.typed | {"case_number": "CI-FGE/18/2026"}, by=world.officer, now=world.now, inquiry=row)
    assert letter.signed_copies.get().void_at is None, "the own case number is no part of the letter"
    save_inquiry(row.typed | {"formalities": "Certified copies."}, by=world.officer, now=world.now, inquiry=row)
    copy = letter.signed_copies.get()
    assert (copy.void_reason, copy.void_by) == ("edited", world.officer)
    assert "void: the letter was edited after it was signed" in officer.get(f"/inquiries/{letter.pk}/").text
    assert officer.get(f"/inquiries/{letter.pk}/letter/signed/{copy.pk}/").getvalue() == SIGNED
    with pytest.raises(ReleaseWithheldError):
        world.release(Draft.objects.get(pk=draft.pk))
    save_inquiry(row.typed, by=world.officer, now=world.now, inquiry=row)
    assert letter.signed_copies.get().void_at is not None, "a void copy stays void, also where the words come back"


def test_a_measure_held_back_makes_another_version(world: InquiryWorld) -> None:
    measures = [LETTER["measures"][0], {"code": "search", "object": "Warehouse", "nexus": "Goods.", "dual": "x"}]
    texts = TEXTS | {"measures-2-object": "Bodega", "measures-2-nexus": "Mercancía.", "measures-2-dual": "x"}
    row = translate(world, world.save(LETTER, instrument="reciprocity", measures=measures), texts=texts)
    sign(browser(world.officer), row, version(row))
    whole = version(row)
    row = Inquiry.objects.get(pk=row.pk)
    row.typed["measures"][1].pop("dual")
    row.typed |= {"translation_of": "", "translation_hash": "c" * 64}
    row = save_inquiry(row.typed, by=world.officer, now=world.now, inquiry=row)
    open_inquiry(row, by=world.officer, now=world.now, leave_out=True)
    assert version(row) not in {"", whole}
    assert row.signed_copies.get().void_reason == "edited"


def test_a_later_signed_copy_replaces_the_one_before(world: InquiryWorld, letter: Inquiry) -> None:
    officer = browser(world.officer)
    draft = open_inquiry(letter, by=world.officer, now=world.now)
    assert isinstance(draft, Draft)
    for data in (SIGNED, SIGNED + b"\n"):
        assert sign(officer, letter, version(letter)[:8], data).status_code == 302
    assert [copy.void_reason for copy in letter.signed_copies.all()] == ["", "replaced"]
    world.release(Draft.objects.get(pk=draft.pk))


def test_a_signed_copy_goes_along_where_its_officer_says_so(world: InquiryWorld, letter: Inquiry) -> None:
    officer, chief, agent = map(browser, (world.officer, world.chief, world.agent))
    sign(officer, letter, version(letter))
    address = f"/inquiries/{letter.pk}/letter/signed/{letter.signed_copies.get().pk}/enclose/"
    assert [one.post(address).status_code for one in (chief, agent)] == [403, 404]
    for _ in range(2):
        assert officer.post(address).status_code == 302
    draft = Inquiry.objects.get(pk=letter.pk).draft
    assert draft is not None and [file.name for file in files_of_draft(draft)] == ["firmada.pdf"]
    page = officer.get(f"/inquiries/{letter.pk}/letter/").text
    assert "Goes along with the letter" in page and address not in page
    world.release(Draft.objects.get(pk=draft.pk))
    world.settle()
    assert officer.post(address).status_code == 409
    theirs = world.other(Inquiry.objects.get(pk=letter.pk))
    came = Attachment.objects.get(agency=theirs.agency)
    read = agent.get(f"/conversations/{theirs.conversation_id}/files/{came.pk}/")
    assert read.getvalue() == SIGNED
    for client, row in ((agent, theirs), (officer, letter)):
        assert "Signed copy" in client.get(f"/inquiries/{row.pk}/").text
    assert f"/files/{came.pk}/" in agent.get(f"/inquiries/{theirs.pk}/").text


@pytest.mark.parametrize("change", ["edited", "replaced"])
def test_a_void_copy_leaves_the_draft_it_was_to_go_along_with(
    world: InquiryWorld, letter: Inquiry, change: str
) -> None:
    officer = browser(world.officer)
    sign(officer, letter, version(letter))
    copy = letter.signed_copies.get()
    draft = enclose_signed(copy, by=world.officer, now=world.now).draft
    assert draft is not None
    row = Inquiry.objects.get(pk=letter.pk)
    if change == "edited":
        save_inquiry(row.typed | {"formalities": "Certified copies."}, by=world.officer, now=world.now, inquiry=row)
    else:
        sign(officer, letter, version(letter), SIGNED + b"\n")
    assert files_of_draft(draft) == []
    with pytest.raises(LetterVersionError):
        enclose_signed(copy, by=world.officer, now=world.now)


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_no_signed_copy_of_this_version_is_refused_by_name(
    world: InquiryWorld, letter: Inquiry, language: str
) -> None:
    officer = browser(world.officer, language)
    printed = officer.get(f"/inquiries/{letter.pk}/letter.pdf").content
    shown = version(letter)[:8]
    words = {
        "other": {"en": "another version of the letter", "es": "otra versión de la solicitud"},
        "pdf": {"en": "The signed copy is no PDF.", "es": "La copia firmada no es un PDF."},
        "unsigned": {"en": "without a signature", "es": "sin firma"},
        "large": {"en": "too large", "es": "demasiado grande"},
    }
    for told, data, name in (
        ("0" * 8, SIGNED, "other"),
        (shown[:7], SIGNED, "other"),
        (shown, b"GIF89a", "pdf"),
        (shown, printed, "unsigned"),
        (shown, b"%PDF-1.7" + bytes(COPY_BYTES), "large"),
    ):
        answer = sign(officer, letter, told, data)
        assert answer.status_code == 422 and words[name][language] in answer.text, name
        assert "Directora Ramos" in answer.text
    assert officer.post(f"/inquiries/{letter.pk}/letter/sign/", {"version": shown, "signed_by": "x"}).status_code == 422
    assert not SignedCopy.objects.exists()
    assert (
        files.names_older_than(files.KEPT, float("inf")) == files.names_older_than(files.ARRIVING, float("inf")) == []
    )


def test_a_signed_copy_is_not_swept_away_and_goes_with_the_letters_content(
    world: InquiryWorld, letter: Inquiry
) -> None:
    officer = browser(world.officer)
    sign(officer, letter, version(letter))
    draft = open_inquiry(letter, by=world.officer, now=world.now)
    assert isinstance(draft, Draft)
    world.release(draft)
    copy = letter.signed_copies.get()
    orphan = files.kept(files.new_name())
    orphan.write_bytes(b"nobody's")
    for path in (orphan, files.kept(copy.file)):
        os.utime(path, (0, 0))
    arriving.tidy(world.now)
    assert not orphan.exists()
    assert b"".join(open_copy(copy)) == SIGNED
    with writing():
        forget_signed(Message.objects.get(uuid=draft.uuid), world.now)
    copy.refresh_from_db()
    assert (copy.file, bytes(copy.key), copy.name, copy.signed_by) == ("", b"", "–", "–")
    assert files.names_older_than(files.KEPT, float("inf")) == []
    page = officer.get(f"/inquiries/{letter.pk}/letter/signed/{copy.pk}/")
    assert page.status_code == 404


def test_fsck_names_a_signed_copy_that_was_changed_or_lost(world: InquiryWorld, letter: Inquiry) -> None:
    sign(browser(world.officer), letter, version(letter))
    draft = open_inquiry(letter, by=world.officer, now=world.now)
    assert isinstance(draft, Draft)
    world.release(draft)
    world.settle()
    copy = letter.signed_copies.get()
    path, named = files.kept(copy.file), [f"{letter.reference} {copy.uuid}"]

    def found() -> list[tuple[str, str]]:
        return [(one.code, one.detail) for one in check_ledger().findings]

    assert found() == []
    whole = path.read_bytes()
    path.write_bytes(whole[:9] + bytes([whole[9] ^ 1]) + whole[10:])
    assert found() == [("letter.copy.changed", *named)]
    path.write_bytes(whole[:-1])
    assert found() == [("letter.copy.changed", *named)]
    path.unlink()
    assert found() == [("letter.copy.missing", *named)]
    path.write_bytes(whole)
    kept = SignedCopy.objects.filter(pk=copy.pk)
    for column, value in (("size", 99), ("sealed_sha256", b"\1" * 32), ("key", b"\1" * 31), ("number", 5)):
        kept.update(**{column: value})
        assert found() == [("letter.copy.changed", *named)], column
        kept.update(**{column: getattr(copy, column)})
    kept.update(sha256=b"\1" * 32)
    assert [code for code, _ in found()] == ["letter.copy.changed", "letter.copy.unknown"]
    kept.update(sha256=copy.sha256, file="")
    assert found() == [("letter.copy.unknown", str(draft.uuid))]
    kept.update(file=copy.file)
    assert found() == []


def test_the_other_language_is_written_on_its_page_and_kept_by_the_form(world: InquiryWorld) -> None:
    officer = browser(world.officer)
    row = world.save(LETTER)
    page = officer.get(f"/inquiries/{row.pk}/letter/")
    assert page.status_code == 200 and LETTER["facts"] in page.text and 'name="text-measures-2-nexus"' in page.text
    fields = {f"text-{name}": text for name, text in TEXTS.items()}
    fields |= {"written_in": "en", "letter_on": "2026-11-20", "signer": "Director", "do": "certify"}
    refused = officer.post(f"/inquiries/{row.pk}/letter/", fields)
    assert refused.status_code == 422 and TEXTS["purpose"] in refused.text
    fields |= {"translated_by": "Perita traductora 77", "translated_on": "2026-11-21"}
    assert officer.post(f"/inquiries/{row.pk}/letter/", fields).status_code == 302
    whole = version(row)
    typed = Inquiry.objects.get(pk=row.pk).typed
    assert typed["translation_language"] == "español" and typed["translation_hash"] != "a" * 64
    assert officer.post(f"/inquiries/{row.pk}/edit/", form_of(typed) | {"do": "save"}).status_code == 302
    assert version(row) == whole != ""
    live = officer.post(f"/inquiries/gaps/?inquiry={row.pk}", form_of(typed, facts="Other facts."))
    assert "A text changed after its translation was certified." in live.text
    assert browser(world.agent).post(f"/inquiries/gaps/?inquiry={row.pk}", form_of(typed)).status_code == 404


def test_once_it_has_left_a_letter_is_neither_translated_nor_signed(world: InquiryWorld) -> None:
    row = translate(world, world.save(LETTER))
    world.release(open_inquiry(row, by=world.officer, now=world.now))  # type: ignore[arg-type]
    officer = browser(world.officer)
    assert officer.get(f"/inquiries/{row.pk}/letter/")["Location"] == f"/inquiries/{row.pk}/"
    assert sign(officer, row, version(row)).status_code == 409
    with pytest.raises(InquirySentError):
        translate(world, Inquiry.objects.get(pk=row.pk))


def test_only_letters_have_a_paper_and_only_their_post_writes_it(world: InquiryWorld, letter: Inquiry) -> None:
    officer, chief, agent = map(browser, (world.officer, world.chief, world.agent))
    note = world.save({"instrument": "liaison_note", "counterpart": CENTRAL})
    for address in ("letter/", "letter.pdf"):
        assert officer.get(f"/inquiries/{note.pk}/{address}").status_code == 404
        assert agent.get(f"/inquiries/{letter.pk}/{address}").status_code == 404
    assert chief.get(f"/inquiries/{letter.pk}/letter.pdf").status_code == 200
    assert chief.get(f"/inquiries/{letter.pk}/letter/").status_code == 403
    assert sign(chief, letter, version(letter)).status_code == 403
    assert sign(agent, letter, version(letter)).status_code == 404
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = officer.cookies
    assert sign(strict, letter, version(letter)).status_code == 403
    assert not SignedCopy.objects.exists()
