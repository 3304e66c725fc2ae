"""The pages of traces, from recording to the answer, as each role sees them."""

import re
from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from django.test import Client
from django.utils import timezone

from contraparte.desk.queries import to_do
from contraparte.directory.models import Post, Tenure
from contraparte.exchange.models import Obligation
from contraparte.traces.actions.requesting import open_trace
from contraparte.traces.models import CustodianTask, Event, Gun, SameGun, Trace
from tests.traces.trace_world import CENTRE, GUN, MAKER, SONORA, TraceWorld
from tests.web.people import BACKEND

HX = {"headers": {"HX-Request": "true"}}


def browser(tenure: Tenure, language: str = "en") -> Client:
    """The browser of the person in this tenure."""
    from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret

    assert tenure.person is not None
    TOTP.activate(tenure.person, generate_totp_secret())
    tenure.person.language = language
    tenure.person.save()
    client = Client()
    client.force_login(tenure.person, backend=BACKEND)
    return client


EVENT = {
    "case_number": "CI-77/2026",
    "recovered_on": "2026-11-01",
    "place": "Hermosillo",
    "region": "MX-SON",
    "requester_code": "MXSON01",
    "crime_code": "LFAFE-83",
    "counterpart": CENTRE,
    "priority": "routine",
}


def test_an_officer_records_a_gun_row_by_row_and_drafts_the_request(world: TraceWorld) -> None:
    client = browser(world.officer)
    answer = client.post("/traces/recoveries/new/", EVENT)
    assert answer.status_code == 302
    event = Event.objects.get()
    typed = {"row_key": "r1", "serial": GUN["serial"], "maker": "Ruger"}
    first = client.post(f"/traces/recoveries/{event.pk}/rows/", typed, **HX)
    assert first.status_code == 200
    assert 'hx-swap-oob="beforeend:#rows"' in first.text
    again = client.post(f"/traces/recoveries/{event.pk}/rows/", typed | GUN | {"is_known": "1"}, **HX)
    assert "ready to be sent" in again.text
    assert Gun.objects.count() == 1
    assert client.post(f"/traces/recoveries/{event.pk}/open/").status_code == 302
    trace = Trace.objects.get()
    shown = client.get(f"/traces/{trace.pk}/").text
    assert trace.reference in shown
    assert f"/release/{trace.draft_id}/" in shown


@pytest.mark.parametrize("language", ["en", "es"])
@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"country": "Austria"}, "trace.importer.missing"),
        ({"serial": "CAÑON 5512345"}, "trace.serial.barrel_number"),
        ({"calibre": "9"}, "trace.caliber.ambiguous"),
        ({"serial": "GLOCK 19"}, "trace.serial.is_model"),
        ({"serial": "1.23E+05"}, "trace.serial.scientific"),
        ({"serial": "LIMADO"}, "trace.serial.state"),
    ],
)
def test_bad_rows_are_refused_by_name_keep_what_was_typed_and_change_nothing(
    world: TraceWorld, changes: dict[str, str], code: str, language: str
) -> None:
    event = world.event()
    client = browser(world.officer, language)
    url = f"/traces/recoveries/{event.pk}/rows/"
    answer = client.post(url, {"row_key": "r1"} | GUN | changes, **HX)
    assert answer.status_code == 422
    assert code in answer.text
    whole = client.post(url, {"row_key": "r1"} | GUN | changes)
    assert whole.status_code == 422
    assert all(value in whole.text for value in changes.values())
    assert not Gun.objects.exists()


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"recovered_on": "2999-01-01"}, "recovered_on"),
        ({"possessor_born": "2012-05-05"}, "possessor_born"),
        ({"priority": "urgent"}, "urgent_reason"),
        ({"case_number": ""}, "case_number"),
    ],
)
def test_a_bad_recovery_is_refused_beside_its_field(world: TraceWorld, changes: dict[str, str], field: str) -> None:
    answer = browser(world.officer).post("/traces/recoveries/new/", EVENT | changes)
    assert answer.status_code == 422
    assert re.search(rf'id="id_{field}_error"', answer.text)
    assert not Event.objects.exists()


@pytest.mark.parametrize(("language", "name"), [("en", "Tracing desk"), ("es", "Mesa de rastreo")])
def test_the_form_of_a_recovery_speaks_the_readers_language(world: TraceWorld, language: str, name: str) -> None:
    Post.objects.filter(pk=CENTRE).update(name_en="Tracing desk", name_es="Mesa de rastreo")
    shown = browser(world.officer, language).get("/traces/recoveries/new/").text
    assert f">{name}, " in shown and f"({CENTRE})" not in shown


def test_no_day_of_a_recovery_lies_in_the_future(world: TraceWorld) -> None:
    shown = browser(world.officer).get("/traces/recoveries/new/").text
    for name in ("recovered_on", "possessor_born"):
        (tag,) = re.findall(rf'<input[^>]*name="{name}"[^>]*>', shown)
        assert f'max="{timezone.localdate().isoformat()}"' in tag
    assert "(needed when urgent)" in shown


def test_a_minor_is_recorded_when_withheld(world: TraceWorld) -> None:
    minor = {"possessor_name": "N. N.", "possessor_born": "2012-05-05", "protection": "withhold"}
    assert browser(world.officer).post("/traces/recoveries/new/", EVENT | minor).status_code == 302
    assert Event.objects.get().possessor == {"withheld": True}


def test_the_serial_field_shows_how_it_is_read(world: TraceWorld) -> None:
    client = browser(world.officer)
    shown = client.get("/traces/serial/", {"serial": "abo-4172"}).text
    assert '<abbr title="may also be 0DQ">O</abbr>' in shown
    assert "erased" in client.get("/traces/serial/", {"serial": "limado"}).text


def test_pasted_rows_are_saved_and_each_refusal_is_told(world: TraceWorld) -> None:
    event = world.event()
    lines = ["Serie;Marca;Tipo;Modelo;Calibre;País", "361-58921;Ruger;pistola;SR9;9x19;EUA", "LIMADO;Ruger;;;9;EUA"]
    table = "\n".join(lines).replace(";", "\t")
    answer = browser(world.officer).post(f"/traces/recoveries/{event.pk}/import/", {"rows": table})
    assert answer.status_code == 200
    assert "Row 2:" in answer.text
    assert [gun.serial for gun in Gun.objects.all()] == ["36158921"]


def test_a_warning_shows_of_another_agency_the_post_only(world: TraceWorld) -> None:
    federal = world.event(by=world.federal, case_number="SECRET-1", place="Nogales")
    world.gun(federal, by=world.federal)
    event = world.event()
    world.gun(event, serial="361-58927")
    warning = SameGun.objects.get()
    client = browser(world.officer)
    shown = client.get(f"/traces/same-gun/{warning.pk}/").text
    assert "Agency mx.fgr" in shown
    assert "SECRET-1" not in shown and "361-58921" not in shown and "Nogales" not in shown
    assert "Agency mx.fgr" in client.get(f"/traces/recoveries/{event.pk}/").text


def test_the_answer_is_shown_with_chain_purchaser_and_next_step(world: TraceWorld) -> None:
    world.chain()
    trace = world.trace()
    shown = browser(world.officer).get(f"/traces/{trace.pk}/").text
    assert "Talvo Brenmark" in shown and "Purchaser identified" in shown and "Time to crime" in shown
    spanish = browser(world.chief, "es").get(f"/traces/{trace.pk}/").text
    assert "Talvo Brenmark" in spanish and "Purchaser identified" not in spanish


def test_the_centre_sees_its_walk_and_the_custodian_the_gun_only(world: TraceWorld) -> None:
    world.chain(serial="361-58921")
    trace = open_trace(world.gun(serial="361-5892?"), by=world.officer, now=timezone.now())
    world.release(trace)
    world.settle()
    task = CustodianTask.objects.get()
    assert task.agency == MAKER
    client = browser(world.keeper)
    assert str(task.uuid) in client.get("/traces/book-questions/").text
    shown = client.get(f"/traces/book-questions/{task.uuid}/").text
    assert "361-58921" in shown
    for secret in ("CI-FGE/77/2026", "Hermosillo", "MXSON01"):
        assert secret not in shown
    choice = re.search(r'value="(line:\d+)"', shown)
    assert choice
    assert client.post(f"/traces/book-questions/{task.uuid}/", {"choice": choice[1]}).status_code == 302
    world.settle()
    assert Trace.objects.get(pk=trace.pk).code == "purchaser_identified"
    centre = browser(world.specialist)
    assert world.walk().reference in centre.get("/traces/?show=answered").text
    walked = centre.get(f"/traces/walks/{world.walk().pk}/").text
    assert "us.dealer-az-1" in walked
    assert f"Confirmed by a person of Agency {MAKER}." in walked
    officer = browser(world.officer)
    for address in (f"/traces/{trace.pk}/", "/traces/?show=answered"):
        told = officer.get(address).text
        assert "found:" in told and "36158921" in told and "361-5892?" in told, "the serial found beside the one typed"


def test_a_serial_found_as_it_was_asked_for_is_told_once(world: TraceWorld) -> None:
    world.chain()
    trace = world.trace()
    officer = browser(world.officer)
    for address in (f"/traces/{trace.pk}/", "/traces/?show=answered"):
        assert "found:" not in officer.get(address).text


def test_a_clock_stands_only_where_one_runs(world: TraceWorld) -> None:
    world.chain()
    trace = world.trace()
    open_trace(world.gun(key="r9", serial="340-71155"), by=world.officer, now=timezone.now())
    officer = browser(world.officer)
    today = timezone.localtime().strftime("%Y-%m-%d")
    drafted = officer.get("/traces/").text.split("<tbody>")[1].split("</tbody>")[0]
    assert "cp-due--stopped" in drafted and today not in drafted
    answered = officer.get("/traces/?show=answered").text
    assert "Ended on" in answered and "Clock" not in answered and today in answered
    assert trace.reference in answered


def test_posts_are_called_by_their_names(
    world: TraceWorld, django_assert_max_num_queries: Callable[[int], AbstractContextManager[object]]
) -> None:
    world.chain()
    trace = world.trace()
    waiting = open_trace(world.gun(key="r9", serial="340-71155"), by=world.officer, now=timezone.now())
    world.line(MAKER, "Paper Trail Guns (us.dealer-tx-9)", serial="340-71155")
    officer, centre = browser(world.officer), browser(world.specialist)
    world.release(waiting)
    world.settle()
    pages = (f"/traces/{waiting.pk}/", f"/traces/{trace.pk}/", f"/traces/recoveries/{Event.objects.latest('pk').pk}/")
    for address in ("/traces/", *pages):
        with django_assert_max_num_queries(40):
            told = officer.get(address).text.split("<main")[1].split("</main>")[0]
        assert CENTRE not in told, address
        assert "desk" in told, address
    for address in ("/traces/", f"/traces/walks/{world.walk().pk}/"):
        with django_assert_max_num_queries(40):
            told = centre.get(address).text.split("<main")[1].split("</main>")[0]
        assert SONORA not in told, address


def test_figures_open_without_content(world: TraceWorld) -> None:
    world.chain()
    world.trace()
    shown = browser(world.officer).get("/traces/figures/").text
    assert "First-pass yield" in shown and "Talvo" not in shown


def test_a_call_that_is_owed_stands_on_the_desk_once_under_its_clock(world: TraceWorld) -> None:
    world.line(MAKER, "Paper Trail Guns (us.dealer-tx-9)")
    world.trace()
    (owed,) = Obligation.objects.filter(agency="us.ntc", holder=CENTRE, closed_at=None)
    Obligation.objects.filter(pk=owed.pk).update(due_at=timezone.now())
    (item,) = to_do(world.specialist, timezone.now())
    assert item.url == f"/traces/walks/{world.walk().pk}/custodians/2/"
    assert (item.due_at is not None, item.other) == (True, SONORA)


def test_a_question_that_is_owed_stands_on_the_desk_once(world: TraceWorld) -> None:
    world.chain(serial="361-58921")
    world.trace(serial="361-5892?")
    (item,) = to_do(world.keeper, timezone.now())
    assert item.url == f"/traces/book-questions/{CustodianTask.objects.get().uuid}/"


def test_a_tracing_centre_is_not_invited_to_record(world: TraceWorld) -> None:
    officer, centre = browser(world.officer), browser(world.specialist)
    for address in ("/traces/", "/traces/recoveries/"):
        assert "Record a recovery" in officer.get(address).text
        assert "Record a recovery" not in centre.get(address).text


def test_another_post_finds_nothing_of_it(world: TraceWorld) -> None:
    event = world.event()
    gun = world.gun(event)
    trace = open_trace(gun, by=world.officer, now=timezone.now())
    other = browser(world.specialist)
    for url in (f"/traces/recoveries/{event.pk}/", f"/traces/{trace.pk}/", f"/traces/{trace.pk}/cancel/"):
        assert other.get(url).status_code == 404
    assert other.post(f"/traces/recoveries/{event.pk}/rows/", {"row_key": "x"} | GUN, **HX).status_code == 404
