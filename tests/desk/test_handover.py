"""Who leaves a post does nothing any more, and everything they owed stands with somebody else."""

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from typer.testing import CliRunner

from contraparte.desk import vacancies
from contraparte.directory import actions as directory_actions
from contraparte.directory import continuity, duty, leaving
from contraparte.directory import queries as directory
from contraparte.directory.commands import GROUPS
from contraparte.directory.models import Departure, DutyShift, PostNotice, Tenure
from contraparte.directory.queries import Role
from contraparte.directory.rules.leaving import Standing, Step
from contraparte.exchange import actions as exchange
from contraparte.exchange.attaching import attach_pieces
from contraparte.exchange.handing_over import follow_departures
from contraparte.exchange.models import Conversation, Message, Refusal
from contraparte.protocol.errors import (
    DepartureFieldError,
    DepartureStepError,
    RightMissingError,
    TenureEndedError,
)
from contraparte.web.api.tokens import make_token
from contraparte.web.streams import while_in_post
from tests.exchange import small_world
from tests.exchange.conftest import prepared
from tests.exchange.small_world import CENTRE, FEDERAL, MARKING, SONORA, SmallWorld
from tests.exchange.test_one_officer import RULE, allowing, on_duty, released

BrowserOf = Callable[[Tenure], Client]
DAY = timedelta(days=1)


@pytest.fixture
def world(db: None, settings: Any, tmp_path: Path) -> Iterator[SmallWorld]:
    with prepared(settings, tmp_path):
        yield small_world.make_small_world()


lone_world = allowing({"one_officer": [RULE]})


def asked(world: SmallWorld) -> None:
    """The centre asks the state office something, which it owes from then on."""
    note = world.note("quick", world.conversation(CENTRE, SONORA), urgency="urgent", to=SONORA)
    exchange.send_all([note], now=timezone.now())
    world.settle()


def announced(world: SmallWorld, who: Tenure | None = None, days: int = 9) -> Departure:
    now, held = timezone.now(), who or world.officer
    return leaving.announce_leaving(held, leaves_at=now + days * DAY, by=world.chief, now=now)


def steps(departure: Departure) -> list[str]:
    return list(departure.steps.values_list("step", flat=True))


def text(client: Client, address: str, status: int = 200, **more: Any) -> str:
    answer = client.get(address, **more)
    assert answer.status_code == status, address
    return answer.content.decode()


def test_a_planned_leaving_goes_through_every_step_and_the_other_side_is_told_without_names(
    world: SmallWorld,
) -> None:
    asked(world)
    world.draft()
    departure = announced(world)
    pack = departure.packs.get()
    found = {section["code"]: section["rows"] for section in pack.sections}
    assert found["work"] and found["threads"] and found["drafts"] and found["contacts"]
    assert (
        found["work"][0]["due"] == "" and found["threads"][0]["marking"]["es"] != found["threads"][0]["marking"]["en"]
    )
    assert "olga" in found["drafts"][0]["detail"]["es"]
    assert follow_departures(timezone.now()) == 0, "announced alone changes nothing for the other side"
    leaving.write_note(departure, "Call the centre on Monday.", by=world.officer, now=timezone.now())
    walter = world.appoint("walter", SONORA, Role.OFFICER)
    assert walter.person is not None
    leaving.assign_successor(departure, walter.person, by=world.chief, now=timezone.now())
    assert follow_departures(timezone.now()) == 1
    assert follow_departures(timezone.now()) == 0, "told once"
    world.settle()
    told = PostNotice.objects.get(pk=SONORA)
    assert told.standing == Standing.HELD
    sent = Message.objects.get(type="post.handover/1", direction="in")
    assert b"olga" not in bytes(sent.content.presentation) and b"walter" not in bytes(sent.content.presentation)
    leaving.acknowledge_hand_over(departure, by=walter, now=timezone.now())
    leaving.end_access(departure, by=world.chief, now=timezone.now())
    assert steps(departure) == list(dict.fromkeys(step.value for step in Step))
    with pytest.raises(DepartureStepError):
        leaving.make_pack(departure, by=world.chief, now=timezone.now())


def test_who_left_can_do_nothing_a_second_later(world: SmallWorld, browser_of: BrowserOf) -> None:
    asked(world)
    draft, submitted = world.draft(), world.draft()
    exchange.submit_draft(submitted, by=world.officer, now=timezone.now())
    approval = exchange.approve_draft(
        submitted, digest=exchange.preview(submitted, now=timezone.now()).content_digest, by=world.chief,
        now=timezone.now(),
    )  # fmt: skip
    browser = browser_of(world.officer)
    _, token = make_token(name="night job", scopes=["read", "write"], days=9, by=world.officer, now=timezone.now())
    program = {"HTTP_AUTHORIZATION": f"Bearer {token}"}
    assert Client().get("/api/v1/conversations", **program).status_code == 200
    pieces = while_in_post(iter([b"one", b"two"]), world.officer, every_s=0)
    assert next(pieces) == b"one"
    on_duty(world, world.officer)

    for held in (world.officer, world.chief):
        leaving.announce_leaving(held, leaves_at=timezone.now(), by=world.second_chief, now=timezone.now())

    assert browser.get("/desk/").status_code == 403
    assert browser.get("/desk/", headers={"HX-Request": "true"}).status_code == 403
    assert browser.post(f"/release/{draft.pk}/ask/").status_code == 403
    assert Client().get("/api/v1/conversations", **program).status_code == 401
    with pytest.raises(TenureEndedError):
        next(pieces)
    officer = Tenure.objects.get(pk=world.officer.pk)
    for act in (
        lambda: exchange.submit_draft(draft, by=officer, now=timezone.now()),
        lambda: exchange.discard_draft(draft, by=officer, now=timezone.now()),
        lambda: exchange.release_draft(draft, by=officer, now=timezone.now()),
        lambda: make_token(name="more", scopes=["read"], days=1, by=officer, now=timezone.now()),
    ):
        with pytest.raises(TenureEndedError):
            act()
    assert duty.on_duty(world.officer.post, timezone.now()) == []
    assert exchange.preview(submitted, now=timezone.now()).needs, "the approval of who left counts no more"
    assert approval.by == world.chief


def test_duty_lines_drafts_and_approvals_go_to_who_takes_over(world: SmallWorld, browser_of: BrowserOf) -> None:
    on_duty(world, world.officer)
    draft = world.draft()
    departure = leaving.announce_leaving(
        world.officer, leaves_at=timezone.now(), by=world.chief, now=timezone.now()
    )  # fmt: skip
    assert not departure.is_planned and steps(departure)[:2] == ["announced", "access_ended"]
    walter = world.appoint("walter", SONORA, Role.OFFICER)
    assert walter.person is not None
    leaving.assign_successor(departure, walter.person, by=world.chief, now=timezone.now())
    lines = DutyShift.objects.filter(ended_at=None)
    assert lines and {line.holder_id for line in lines} == {walter.pk}
    shown = text(browser_of(walter), "/desk/")
    assert f"/release/{draft.pk}/" in shown and f"/handovers/{departure.pk}/" in shown
    assert f"/release/{draft.pk}/" in text(browser_of(world.chief), "/desk/"), "left behind by who is gone"


def test_the_day_itself_ends_access_and_the_node_writes_it_down(world: SmallWorld) -> None:
    departure = announced(world, days=1)
    later = timezone.now() + 2 * DAY
    assert directory.tenure(world.officer.pk, later) is None
    follow_departures(later)
    follow_departures(later)
    assert steps(departure).count(Step.ACCESS_ENDED.value) == 1
    assert departure.steps.get(step=Step.ACCESS_ENDED.value).by is None


def test_a_tenure_that_ended_by_any_other_way_is_inventoried_and_told_too(world: SmallWorld) -> None:
    asked(world)
    directory_actions.end_tenure(world.officer, by=None, now=timezone.now())
    assert follow_departures(timezone.now()) == 1
    departure = Departure.objects.get()
    assert steps(departure) == ["announced", "access_ended", "inventory", "counterpart_notified"]
    keeper = world.appoint("keeper", SONORA, Role.ADMINISTRATOR)
    leaving.announce_leaving(keeper, leaves_at=timezone.now(), by=None, now=timezone.now())
    assert follow_departures(timezone.now()) == 0, "who keeps the node has no work of the post"
    assert list(continuity.successions_owed("mx.fge-son")) == [departure]


def test_a_file_that_came_in_for_longer_than_its_sender_was_in_post_is_refused(world: SmallWorld) -> None:
    draft = world.draft()
    as_the_request_began = Tenure.objects.select_related("post").get(pk=world.officer.pk)
    directory_actions.end_tenure(world.officer, by=None, now=timezone.now())
    with pytest.raises(TenureEndedError):
        attach_pieces(
            draft, [b"late"], name="late.txt", media_type="text/plain", by=as_the_request_began, now=timezone.now()
        )
    assert not draft.attachments.exists()


def test_a_vacant_post_that_owes_stands_on_the_desks_of_who_authorises_elsewhere(
    world: SmallWorld, browser_of: BrowserOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    from contraparte.directory.models import Post

    Post.objects.create(id="mx.fge-son/legal", agency=world.officer.post.agency, name_en="Legal", name_es="Jurídico")
    boss = world.appoint("boss", "mx.fge-son/legal", Role.AUTHORISER)
    keeper = world.appoint("keeper", "mx.fge-son/legal", Role.ADMINISTRATOR)
    asked(world)
    assert "posts without anybody" not in text(browser_of(keeper), "/notices/")
    for held in (world.officer, world.chief, world.second_chief):
        leaving.announce_leaving(held, leaves_at=timezone.now(), by=boss, now=timezone.now())
    assert continuity.standing_of(world.officer.post, timezone.now()) is Standing.VACANT
    shown = text(browser_of(boss), "/desk/")
    assert "a post without anybody" in shown and "name who takes over" in shown
    # Another vacant post, earlier in the alphabet and with an open thread, owes nothing: it takes nobody's place.
    idle = Post.objects.create(id="mx.fge-son/aaa", agency=world.officer.post.agency, name_en="Idle", name_es="Ociosa")
    Conversation.objects.create(agency="mx.fge-son", post=idle, counterpart=CENTRE, opened_at=timezone.now())
    monkeypatch.setattr(vacancies, "MOST_POSTS", 1)
    assert "a post without anybody" in text(browser_of(boss), "/desk/")
    told = text(browser_of(keeper), "/notices/")
    assert "posts without anybody that owe a step" in told and "olga" not in told
    assert browser_of(keeper).get("/desk/").status_code == 403
    departure = Departure.objects.get(tenure=world.chief)
    with pytest.raises(DepartureFieldError):
        leaving.assign_successor(departure, boss.person, by=boss, now=timezone.now())  # nobody for himself
    assert browser_of(keeper).post(
        f"/handovers/{departure.pk}/assign/", {"successor": boss.person_id}
    ).status_code == 302  # fmt: skip
    acting = Departure.objects.get(pk=departure.pk).successor
    assert acting is not None and acting.acting and acting.post_id == SONORA and acting.roles == ["authoriser"]
    assert continuity.standing_of(world.officer.post, timezone.now()) is Standing.ACTING
    follow_departures(timezone.now())
    world.settle()
    assert PostNotice.objects.get(pk=SONORA).standing == Standing.ACTING


def test_approvals_and_reviews_owed_go_to_who_else_authorises_and_are_counted_where_nobody_does(
    lone_world: SmallWorld, browser_of: BrowserOf
) -> None:
    from contraparte.directory.models import Post

    world = lone_world
    Post.objects.create(id="mx.fge-son/legal", agency=world.officer.post.agency, name_en="Legal", name_es="Jurídico")
    boss = world.appoint("boss", "mx.fge-son/legal", Role.AUTHORISER)
    keeper = world.appoint("keeper", "mx.fge-son/legal", Role.ADMINISTRATOR)
    review = released(world)
    draft = world.draft()
    exchange.submit_draft(draft, by=world.officer, now=timezone.now())
    for held in (world.officer, world.chief, world.second_chief):
        leaving.announce_leaving(held, leaves_at=timezone.now(), by=boss, now=timezone.now())
    shown = text(browser_of(boss), "/desk/")
    assert f"/release/{draft.pk}/" in shown
    assert reverse("desk:review", args=[review.pk]) in shown
    words = ("nobody of the agency may approve them", "nobody of the agency may settle")
    assert not any(one in text(browser_of(keeper), "/notices/") for one in words)
    leaving.announce_leaving(boss, leaves_at=timezone.now(), by=None, now=timezone.now())
    assert all(one in text(browser_of(keeper), "/notices/") for one in words)


def test_an_authorising_person_hands_on_no_role_that_is_not_held_already(world: SmallWorld) -> None:
    from contraparte.directory.models import Post

    Post.objects.create(id="mx.fge-son/legal", agency=world.officer.post.agency, name_en="Legal", name_es="Jurídico")
    clerk = world.appoint("clerk", "mx.fge-son/legal", Role.OFFICER)
    departure = announced(world, world.second_chief)
    with pytest.raises(DepartureFieldError):
        leaving.assign_successor(departure, clerk.person, by=world.chief, now=timezone.now())
    assert not Tenure.objects.filter(person=clerk.person, post_id=SONORA).exists()


def test_outsiders_wrong_roles_and_other_agencies_get_nothing(world: SmallWorld, browser_of: BrowserOf) -> None:
    abroad = world.appoint("walter", FEDERAL, Role.AUTHORISER)
    second = world.appoint("oscar", SONORA, Role.OFFICER)
    with pytest.raises(RightMissingError):
        leaving.announce_leaving(world.officer, leaves_at=timezone.now(), by=abroad, now=timezone.now())
    with pytest.raises(RightMissingError):
        leaving.announce_leaving(world.chief, leaves_at=timezone.now(), by=second, now=timezone.now())
    departure = announced(world)
    for by in (world.chief, second):
        with pytest.raises(RightMissingError):
            leaving.write_note(departure, "words", by=by, now=timezone.now())
    leaving.assign_successor(departure, second.person, by=world.chief, now=timezone.now())
    with pytest.raises(RightMissingError):
        leaving.acknowledge_hand_over(departure, by=world.chief, now=timezone.now())
    far = browser_of(abroad)
    for address in (f"/handovers/{departure.pk}/", f"/handovers/{departure.pk}/pdf/", f"/posts/{SONORA}/"):
        assert far.get(address).status_code == 404
    assert far.post(f"/handovers/{departure.pk}/end/").status_code == 404
    assert "olga" not in text(far, "/contacts/"), "persons are named to their own agency only"
    assert browser_of(second).post(f"/handovers/{departure.pk}/assign/").status_code == 403
    assert directory.tenure(world.officer.pk, timezone.now()) is not None


def test_the_pages_lead_through_it_and_refuse_what_is_wrong_with_words(
    world: SmallWorld, browser_of: BrowserOf
) -> None:
    asked(world)
    chief, officer = browser_of(world.chief), browser_of(world.officer)
    place = f"/posts/{SONORA}/"
    held = {"tenure": str(world.officer.pk), "leaves_at": "2020-01-01T10:00"}
    wrong = chief.post(f"{place}leave/", held)
    assert wrong.status_code == 422 and "usa-error-message" in wrong.content.decode()
    assert chief.post(f"{place}leave/", held | {"leaves_at": "2099-01-01T10:00"}).status_code == 302
    departure = Departure.objects.get()
    page = f"/handovers/{departure.pk}/"
    assert officer.post(f"{page}note/", {"note": " "}).status_code == 422
    assert officer.post(f"{page}note/", {"note": "Call on Monday."}).status_code == 302
    assert chief.post(f"{page}assign/", {"successor": "x"}).status_code == 422
    walter = world.appoint("walter", SONORA, Role.OFFICER)
    assert chief.post(f"{page}assign/", {"successor": walter.person_id}).status_code == 302
    shown = text(browser_of(walter), page)
    assert "Call on Monday." in shown and "I have read it and take it over" in shown
    assert browser_of(walter).post(f"{page}pack/").status_code == 302
    assert browser_of(walter).post(f"{page}acknowledge/").status_code == 302
    assert chief.post(f"{page}pack/").status_code == 409
    chief.cookies[django_settings.LANGUAGE_COOKIE_NAME] = "es"
    assert "Entrega-recepción" in text(chief, page)
    chief.cookies[django_settings.LANGUAGE_COOKIE_NAME] = "en"
    data = chief.get(f"{page}pdf/").content
    assert data.startswith(b"%PDF") and b"/MarkInfo" in data and b"/StructTreeRoot" in data
    assert "Exits in twelve months" in text(chief, "/posts/")


def test_the_other_side_reads_on_its_pages_how_the_post_stands_and_refuses_a_false_word(
    world: SmallWorld, browser_of: BrowserOf
) -> None:
    asked(world)
    abroad = world.appoint("carla", CENTRE, Role.OFFICER)
    for held in (world.chief, world.second_chief, world.officer):
        leaving.announce_leaving(held, leaves_at=timezone.now(), by=None, now=timezone.now())
    follow_departures(timezone.now())
    world.settle()
    thread = Message.objects.get(type="post.handover/1", direction="in").conversation_id
    browser = browser_of(abroad)
    assert "Its own agency says of the post on the other side" in text(browser, f"/conversations/{thread}/")
    false = {"post": FEDERAL, "standing": "vacant", "since": timezone.now()}
    lie = exchange.automatic(
        "post.handover/1", false, conversation=world.conversation(CENTRE, SONORA), marking=MARKING,
        by=world.services[CENTRE],
    )  # fmt: skip
    exchange.send_all([lie], now=timezone.now())
    world.settle()
    assert Refusal.objects.get().code == "departure.post" and not PostNotice.objects.filter(pk=FEDERAL).exists()


def test_the_commands_do_the_same(world: SmallWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    home = str(django_settings.HOME.path)
    monkeypatch.setenv("CONTRAPARTE_HOME", home)
    monkeypatch.setenv("CONTRAPARTE_OPENED", "")

    def run(*words: str, refused: bool = False) -> str:
        answer = CliRunner().invoke(GROUPS["post"], list(words))
        assert answer.exit_code == (1 if refused else 0), answer.output
        return answer.output

    day = f"{timezone.now() + 9 * DAY:%Y-%m-%dT%H:%M:%SZ}"
    assert SONORA in run("leave", "olga", SONORA, "--at", day)
    assert json.loads(run("pack", "olga", SONORA, "--renew"))["sections"]
    run("assign", "olga", SONORA, "nobody", refused=True)
    run("assign", "olga", SONORA, "arturo", "--as", "beatriz")
    run("acknowledge", "olga", SONORA, "--as", "beatriz", refused=True)
    run("acknowledge", "olga", SONORA, "--as", "arturo")
    told = json.loads(run("show", "mx.fge-son", "--json"))
    assert told["posts"][0]["standing"] == "held" and "held" in run("show", "mx.fge-son")
