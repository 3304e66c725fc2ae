"""The pages of inquiries as each role sees them, in both languages, with what is typed wrongly."""

import re
from datetime import time
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from django.utils import timezone

from contraparte.directory import duty
from contraparte.directory.models import Post
from contraparte.exchange.models import Draft, Lane, Message
from contraparte.inquiries.actions.asking import open_inquiry
from contraparte.inquiries.models import Inquiry
from tests.exchange.small_world import OPERATOR
from tests.inquiries.inquiry_world import CENTRAL, COURT, LETTER, NOTE, POLICE, SHERIFF, SONORA, InquiryWorld
from tests.traces.test_pages import HX, browser


def form_of(typed: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """A request as the form posts it."""
    told = typed | changes
    fields: dict[str, Any] = {name: value for name, value in told.items() if not isinstance(value, list | bool)}
    fields |= {name: "on" for name, value in told.items() if value is True}
    for name in ("handling", "rights"):
        if told.get(name):
            fields[name] = told[name]
    for kind in ("offences", "measures", "persons"):
        rows = told.get(kind, [])
        fields |= {f"{kind}-TOTAL_FORMS": len(rows), f"{kind}-INITIAL_FORMS": 0}
        for place, row in enumerate(rows):
            fields |= {f"{kind}-{place}-{name}": value for name, value in row.items()}
    return fields


WORDS = {
    "en": {"statute": "The text of the law is missing.", "nexus": "Measure 2: The nexus is missing.",
           "reason": "Urgent without a reason.", "date": "Urgent without a date.",
           "handling": "This handling code does not exist.", "grade": "A reliable source (A)",
           "consult": "A refusal comes after a consultation.", "court": "Intelligence does not enter a court file.",
           "conflict": "not everything this case holds may stand in a court file",
           "dual": "Dual criminality is not set out.", "expired": "expired, never confirmed"},
    "es": {"statute": "Falta el texto de la ley.", "nexus": "Diligencia 2: Falta el nexo.",
           "reason": "Urgente sin motivo.", "date": "Urgente sin fecha.",
           "handling": "Esta condición de uso y difusión no existe.", "grade": "Una fuente confiable (A)",
           "consult": "La negativa se emite después de consultar.",
           "court": "La inteligencia no se incorpora a un expediente judicial.",
           "conflict": "no todo lo que hay en este caso puede constar en un expediente judicial",
           "dual": "No se expone la doble incriminación.", "expired": "vencida, nunca confirmada"},
}  # fmt: skip
LANGUAGES = ["en", "es"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_both_gaps_of_a_letter_are_named_at_once_and_what_was_typed_stays(world: InquiryWorld, language: str) -> None:
    client = browser(world.officer, language)
    measures = [LETTER["measures"][0], {"code": "bank_records", "object": "Account 2", "nexus": ""}]
    fields = form_of(LETTER, offences=[{"code": "extortion", "text": ""}], measures=measures)
    answer = client.post("/inquiries/new/", fields | {"do": "draft"})
    assert answer.status_code == 409
    assert WORDS[language]["statute"] in answer.text
    assert WORDS[language]["nexus"] in re.sub(r"\s+", " ", answer.text)
    assert "Account 2" in answer.text and LETTER["facts"] in answer.text
    assert not Draft.objects.exists()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("changes", "status", "words"),
    [
        ({"urgency": "urgent"}, 409, ("reason", "date")),
        ({"handling": ["H1", "H9"]}, 422, ("handling",)),
    ],
)
def test_what_is_typed_wrongly_is_refused_by_name(
    world: InquiryWorld, language: str, changes: dict[str, Any], status: int, words: tuple[str, ...]
) -> None:
    client = browser(world.officer, language)
    answer = client.post("/inquiries/new/", form_of(POLICE, **changes) | {"do": "draft"})
    assert answer.status_code == status
    for name in words:
        assert WORDS[language][name] in answer.text
    assert POLICE["facts"] in answer.text
    assert not Draft.objects.exists()


@pytest.mark.parametrize("language", LANGUAGES)
def test_gaps_are_listed_as_one_types_and_nothing_is_kept(world: InquiryWorld, language: str) -> None:
    client = browser(world.officer, language)
    fields = form_of(POLICE, source_grade="A", information_grade="4")
    answer = client.post("/inquiries/gaps/", fields, **HX)
    assert answer.status_code == 200
    assert WORDS[language]["grade"] in answer.text and 'value="100"' in answer.text
    assert not Inquiry.objects.exists()
    search = {"code": "search", "object": "Warehouse", "nexus": "Goods."}
    letter = client.post("/inquiries/gaps/?whole=1", form_of(LETTER, measures=[search, LETTER["measures"][1]]), **HX)
    assert WORDS[language]["dual"] in letter.text
    assert 'name="leave_out"' in letter.text and 'name="competent_authority"' in letter.text


def test_the_form_adapts_to_what_the_request_is_based_on(world: InquiryWorld) -> None:
    client = browser(world.officer)
    for instrument, shown, hidden in (
        ("police_channel", "is_oral", "competent_authority"),
        ("mlat_mx_us_1987", "competent_authority", "is_oral"),
        ("liaison_note", "note_subject", "measures-0-code"),
        ("spontaneous", "facts", "measures-0-code"),
    ):
        page = client.get(f"/inquiries/new/?instrument={instrument}&to={CENTRAL}").text
        assert f'name="{shown}"' in page and f'name="{hidden}"' not in page
        assert f'value="{CENTRAL}" selected' in page
    bare = client.get("/inquiries/new/").text
    assert 'name="facts"' not in bare
    more = client.post("/inquiries/new/", form_of(POLICE) | {"add": "measures"}).text
    assert 'name="measures-1-code"' in more and POLICE["facts"] in more
    assert not Inquiry.objects.exists()


def test_a_request_is_asked_answered_and_used_through_the_pages(world: InquiryWorld) -> None:
    officer, chief, agent, head = map(browser, (world.officer, world.chief, world.agent, world.supervisor))
    sent = officer.post("/inquiries/new/", form_of(POLICE, handling=["H1"]) | {"do": "draft"})
    draft = Draft.objects.get()
    assert sent["Location"] == f"/release/{draft.pk}/"
    release(chief, officer, draft)
    world.settle()
    row = Inquiry.objects.get(agency="mx.fge-son")
    theirs = world.other(row)
    listed = agent.get("/inquiries/").text
    assert theirs.reference in listed and "due in" in listed
    page = agent.get(f"/inquiries/{theirs.pk}/").text
    assert POLICE["facts"] in page and "Acknowledge" in page and "Verify the answer" not in page
    assert agent.post(f"/inquiries/{theirs.pk}/steps/acknowledge/").status_code == 302
    world.settle()
    answer = agent.post(
        f"/inquiries/{theirs.pk}/steps/answer/",
        {"text": "The line belongs to a shop.", "outcome_1": "done", "result_1": "Owner: a shop.", "handling": ["H1"],
         "source_grade": "B", "information_grade": "2"},
    )  # fmt: skip
    assert answer.status_code == 302
    release(head, agent, Draft.objects.latest("pk"))
    world.settle()
    shown = officer.get(f"/inquiries/{row.pk}/").text
    assert "The line belongs to a shop." in shown and "not in court without permission" in shown
    used = officer.post(f"/inquiries/{row.pk}/steps/use/", {"used": "yes", "way": "prevention", "text": "Freed."})
    assert used.status_code == 302
    world.settle()
    assert world.standing(row).settled.state == world.standing(theirs).settled.state == "used"


def release(chief: Client, officer: Client, draft: Draft) -> None:
    """Have a draft approved by a person who sees it, and released by another."""
    shown = chief.get(f"/release/{draft.pk}/").text
    digest = re.search(r'name="digest" value="([0-9a-f]{64})"', shown)
    assert digest
    assert chief.post(f"/release/{draft.pk}/approve/", {"digest": digest[1]}).status_code == 302
    assert officer.post(f"/release/{draft.pk}/send/").status_code == 302


@pytest.mark.parametrize("language", LANGUAGES)
def test_refusing_without_a_consultation_names_what_is_open_and_keeps_what_was_typed(
    world: InquiryWorld, language: str
) -> None:
    theirs = world.other(world.ask(LETTER))
    world.step(theirs, "acknowledge")
    client = browser(world.agent, language)
    answer = client.post(f"/inquiries/{theirs.pk}/steps/refuse/", {"ground": "sovereignty", "text": "Not this one."})
    assert answer.status_code == 409
    assert WORDS[language]["consult"] in answer.text and "Not this one." in answer.text
    assert {"en": "Consult before refusing", "es": "Consultar antes de negar"}[language] in answer.text
    closed = client.get(f"/inquiries/{theirs.pk}/steps/verify/")
    assert closed.status_code == 409
    assert client.get(f"/inquiries/{theirs.pk}/steps/nonsense/").status_code == 404


@pytest.mark.parametrize("language", LANGUAGES)
def test_intelligence_for_a_court_file_is_refused_and_the_formal_request_offered(
    world: InquiryWorld, language: str
) -> None:
    lead = world.ask(POLICE)
    world.step(world.other(lead), "answer", {"text": "A shop."})
    client = browser(world.officer, language)
    answer = client.post(f"/inquiries/{lead.pk}/steps/use/", {"used": "yes", "way": "court_file", "text": "…"})
    assert answer.status_code == 403
    assert WORDS[language]["court"] in answer.text and f"/inquiries/{lead.pk}/convert/" in answer.text
    said = Message.objects.get(type="inquiry.answer/1", direction="in")
    page = client.get(f"/inquiries/{lead.pk}/").text
    assert WORDS[language]["conflict"] in page and f'href="/items/{said.pk}/"' in page
    made = client.post(f"/inquiries/{lead.pk}/convert/", {"instrument": "untoc"})
    formal = Inquiry.objects.get(lead=lead)
    assert made["Location"] == f"/inquiries/{formal.pk}/edit/"
    assert POLICE["facts"] in client.get(made["Location"]).text
    again = client.post(f"/inquiries/{lead.pk}/convert/", {"instrument": "untoc"})
    assert again.status_code == 409 and formal.reference in again.text
    assert Inquiry.objects.filter(lead=lead).count() == 1


def test_a_transferred_request_is_sent_on_with_one_press(world: InquiryWorld) -> None:
    row = world.ask(LETTER)
    theirs = world.other(row)
    agent = browser(world.agent)
    offered = agent.get(f"/inquiries/{theirs.pk}/steps/transfer/").text
    assert f'value="{COURT}"' in offered
    assert agent.post(f"/inquiries/{theirs.pk}/steps/transfer/", {"to": COURT, "text": "…"}).status_code == 302
    world.settle()
    officer = browser(world.officer)
    assert COURT in officer.get(f"/inquiries/{row.pk}/").text
    assert officer.post(f"/inquiries/{row.pk}/redirect/").status_code == 302
    assert Inquiry.objects.get(lead=row).counterpart == COURT
    assert officer.post(f"/inquiries/{row.pk}/redirect/").status_code == 404


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_request_that_was_never_confirmed_shows_that_it_expired(world: InquiryWorld, language: str) -> None:
    from datetime import timedelta

    from contraparte.exchange.models import Receipt

    row = world.ask(POLICE, is_oral=True, oral_by="Duty officer 12")
    # The pages ask the clock themselves: the request was received six days ago.
    Receipt.objects.filter(kind="accepted").update(at=world.now - timedelta(days=6))
    Message.objects.update(at=world.now - timedelta(days=6))
    page = browser(world.officer, language).get(f"/inquiries/{row.pk}/").text
    assert WORDS[language]["expired"] in page
    assert "/steps/" not in page


def test_an_approver_sees_the_agencys_inquiries_and_takes_no_step_in_them(world: InquiryWorld) -> None:
    row = world.ask(POLICE)
    chief = browser(world.chief)
    assert "/steps/" not in chief.get(f"/inquiries/{row.pk}/").text
    assert chief.post(f"/inquiries/{row.pk}/steps/withdraw/", {"text": "…"}).status_code == 403


def test_a_returned_draft_shows_its_comment_where_it_is_mended(world: InquiryWorld) -> None:
    from contraparte.exchange import actions as exchange

    row = world.save(POLICE)
    draft = open_inquiry(row, by=world.officer, now=world.now)
    assert isinstance(draft, Draft)
    exchange.submit_draft(draft, by=world.officer, now=world.now)
    exchange.return_draft(draft, note="Say who called.", by=world.chief, now=world.now)
    client = browser(world.officer)
    assert "Say who called." in client.get(f"/inquiries/{row.pk}/").text
    assert "Say who called." in client.get(f"/inquiries/{row.pk}/edit/").text
    mended = client.post(f"/inquiries/{row.pk}/edit/", form_of(POLICE, facts="Who called said…") | {"do": "draft"})
    assert mended["Location"] == f"/release/{draft.pk}/"
    assert Draft.objects.get().body["facts"] == "Who called said…"


def test_the_desk_and_the_search_find_an_inquiry_by_its_numbers(world: InquiryWorld) -> None:
    row = world.ask(POLICE)
    client = browser(world.officer)
    for text in (row.reference, "CI-FGE/91"):
        assert f"/inquiries/{row.pk}/" in client.get("/search/", {"q": text}).text
    thread = client.get(f"/conversations/{row.conversation_id}/").text
    assert row.reference in thread and f"/inquiries/{row.pk}/steps/withdraw/" in thread
    theirs = world.other(row)
    desk = browser(world.agent).get("/desk/").text
    assert theirs.reference in desk and "answer to the inquiry" in desk


def test_who_handles_it_leads_to_a_new_request_addressed_to_that_post(world: InquiryWorld) -> None:
    client = browser(world.officer)
    shown = client.get("/contacts/", {"topic": "inquiry"}).text
    assert shown.count("Ask this post") == 4
    address = f"/inquiries/new/?to={CENTRAL.replace('/', '%2F')}"
    assert address in shown
    assert f'value="{CENTRAL}" selected' in client.get(address).text
    assert "Ask this post" not in browser(world.chief).get("/contacts/", {"topic": "inquiry"}).text


def test_the_list_asks_the_database_a_fixed_number_of_questions(
    world: InquiryWorld, django_assert_max_num_queries: Any
) -> None:
    client = browser(world.officer)
    for number in range(4):
        world.ask(POLICE, case_number=f"CI-{number}")
    client.get("/inquiries/")
    with django_assert_max_num_queries(30):
        assert client.get("/inquiries/").status_code == 200


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("extorsion", {SONORA, CENTRAL, COURT, SHERIFF}),
        ("Extorsión Court", {COURT}),
        ("bank records us", {CENTRAL, COURT, SHERIFF}),
        ("carta ROGATORIA nowhere", set()),
        ("liaison note", {SONORA, CENTRAL, COURT, SHERIFF}),
        ("estados", set()),
    ],
)
def test_who_handles_an_offence_or_a_measure_is_found_in_both_languages(
    world: InquiryWorld, text: str, found: set[str]
) -> None:
    shown = browser(world.officer).get("/contacts/", {"q": text}).text
    assert {post for post in (SONORA, CENTRAL, COURT, SHERIFF) if f">{post}<" in shown} == found


def test_a_post_that_takes_no_letters_is_not_found_for_what_only_letters_ask(world: InquiryWorld) -> None:
    Post.objects.filter(pk=SHERIFF).update(handles=["inquiry.note/1"])
    client = browser(world.officer)
    shown = client.get("/contacts/", {"q": "extortion"}).text
    assert f">{CENTRAL}<" in shown and f">{SHERIFF}<" not in shown
    Post.objects.filter(pk=SHERIFF).update(handles=["inquiry.*"])
    assert f">{SHERIFF}<" in client.get("/contacts/", {"q": "extortion"}).text


def test_the_answer_tells_the_clock_there_and_who_is_silent(world: InquiryWorld) -> None:
    Post.objects.filter(pk=CENTRAL).update(time_zone="Asia/Tokyo")
    client = browser(world.officer)
    here = f"{timezone.now().astimezone(ZoneInfo('Asia/Tokyo')):%H:}"
    shown = client.get("/contacts/", {"q": CENTRAL}).text
    assert f">{here}" in shown and "does not answer" not in shown
    Lane.objects.update_or_create(operator=OPERATOR, defaults={"failures": 3})
    assert "does not answer" in client.get("/contacts/", {"q": CENTRAL}).text


def test_who_is_on_duty_is_told_to_ones_own_agency_only(world: InquiryWorld) -> None:
    for weekday in range(7):
        duty.plan_shift(
            world.agent.post, holder=world.agent, begins=time(0), ends=time(0), weekday=weekday, by=world.supervisor,
            now=timezone.now(),
        )  # fmt: skip
    assert "on duty: walter" in browser(world.clerk).get("/contacts/", {"q": CENTRAL}).text
    assert "on duty: walter" not in browser(world.officer).get("/contacts/", {"q": CENTRAL}).text


@pytest.mark.parametrize(
    ("language", "matter", "words"),
    [
        ("en", "stolen_vehicle", "Stolen vehicle"), ("es", "stolen_vehicle", "Vehículo robado"),
        ("en", "drone_sighting", "drone_sighting"), ("es", "", ""),
    ],
)  # fmt: skip
def test_both_sides_read_what_kind_of_matter_a_note_is_also_one_nobody_here_knows_or_none(
    world: InquiryWorld, language: str, matter: str, words: str
) -> None:
    row = world.ask(NOTE, note_subject="Camioneta gris", note_matter=matter)
    label = {"en": "Kind of matter", "es": "Tipo de asunto"}[language]
    for reader, side in ((world.officer, row), (world.agent, world.other(row))):
        page = browser(reader, language).get(f"/inquiries/{side.pk}/").text
        assert "Camioneta gris" in page
        assert (f'<dt>{label}</dt><dd class="iq-text">{words}</dd>' in page) == bool(matter)


@pytest.mark.parametrize(("language", "words"), [("en", "Change of contact"), ("es", "Cambio de contacto")])
def test_the_form_of_a_note_offers_the_kinds_and_keeps_the_choice(
    world: InquiryWorld, language: str, words: str
) -> None:
    client = browser(world.officer, language)
    assert words in client.get("/inquiries/new/?instrument=liaison_note").text
    made = client.post("/inquiries/new/", form_of(NOTE, note_matter="change_of_contact") | {"do": "save"})
    assert made.status_code == 302
    assert Inquiry.objects.get().typed["note_matter"] == "change_of_contact"
    refused = client.post("/inquiries/new/", form_of(NOTE, note_matter="weather") | {"do": "save"})
    assert refused.status_code == 422 and Inquiry.objects.count() == 1
