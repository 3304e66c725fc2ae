"""The duty roster and the release by one officer on the pages: who sees and does what, what is kept when refused."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from contraparte.directory.models import DutyShift, Tenure
from contraparte.directory.queries import Role
from contraparte.exchange.models import Draft, Message, OneOfficerRelease
from tests.exchange import small_world
from tests.exchange.conftest import prepared
from tests.exchange.small_world import FEDERAL, SONORA, SmallWorld
from tests.exchange.test_one_officer import RULE, WHY, on_duty, released

BrowserOf = Callable[[Tenure], Client]
SPANISH = {"HTTP_ACCEPT_LANGUAGE": "es"}


@pytest.fixture
def world(db: None, settings: Any, tmp_path: Path) -> Iterator[SmallWorld]:
    with prepared(settings, tmp_path):
        yield small_world.make_small_world(one_officer=[RULE])


def line(holder: Tenure, **more: str) -> dict[str, str]:
    return {"weekday": "0", "day": "", "begins": "00:00", "ends": "00:00", "holder": str(holder.pk)} | more


def text(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return answer.content.decode()


def test_the_keeper_plans_and_takes_out_and_an_officer_reads(world: SmallWorld, browser_of: BrowserOf) -> None:
    chief, officer = browser_of(world.chief), browser_of(world.officer)
    assert "No weekly pattern yet." in text(officer, "/duty/")
    for weekday in range(7):
        assert chief.post("/duty/plan/", line(world.officer, weekday=str(weekday))).status_code == 302
    shown = text(officer, "/duty/")
    assert "On duty now" in shown and "olga" in shown and "Add a line" not in shown and "Monday" in shown
    assert officer.post("/duty/plan/", line(world.officer)).status_code == 403
    pk = DutyShift.objects.latest("pk").pk
    assert officer.post(f"/duty/{pk}/end/").status_code == 403
    assert chief.post(f"/duty/{pk}/end/").status_code == 302
    assert chief.post(f"/duty/{pk}/end/").status_code == 404
    assert DutyShift.objects.filter(ended_at=None).count() == 6


@pytest.mark.parametrize(
    "wrong",
    [{"weekday": ""}, {"day": "2099-01-01"}, {"weekday": "", "day": "2020-01-01"}, {"holder": ""}, {"begins": "25:00"},
     {"holder": "x"}, {"ends": ""}, {"weekday": "9"}],
    ids=str,
)  # fmt: skip
def test_a_wrong_line_is_named_kept_and_changes_nothing(
    world: SmallWorld, browser_of: BrowserOf, wrong: dict[str, str]
) -> None:
    answer = browser_of(world.chief).post("/duty/plan/", line(world.officer, begins="06:30") | wrong)
    assert answer.status_code == 422 and not DutyShift.objects.exists()
    shown = answer.content.decode()
    assert "usa-error-message" in shown and (wrong.get("begins") or "06:30") in shown


def test_another_posts_line_is_not_there(world: SmallWorld, browser_of: BrowserOf) -> None:
    on_duty(world, world.officer)
    elsewhere = browser_of(world.appoint("walter", FEDERAL, Role.AUTHORISER))
    assert elsewhere.post(f"/duty/{DutyShift.objects.latest('pk').pk}/end/").status_code == 404
    assert "olga" not in text(elsewhere, "/duty/")


def test_release_alone_is_offered_only_to_who_is_on_duty(world: SmallWorld, browser_of: BrowserOf) -> None:
    officer, draft = browser_of(world.officer), world.draft(urgency="urgent")
    routine = world.draft()
    assert "Release alone" not in text(officer, f"/release/{draft.pk}/")
    assert officer.post(f"/release/{draft.pk}/alone/", {"alone-text": WHY}).status_code == 403
    on_duty(world, world.officer)
    assert "Release alone" in text(officer, f"/release/{draft.pk}/")
    assert "Release alone" not in text(officer, f"/release/{routine.pk}/")
    assert "Release alone" not in text(browser_of(world.chief), f"/release/{draft.pk}/")
    assert not Message.objects.exists()


def test_released_alone_it_stands_on_the_desk_of_who_may_review(world: SmallWorld, browser_of: BrowserOf) -> None:
    on_duty(world, world.officer)
    officer, chief = browser_of(world.officer), browser_of(world.chief)
    draft = world.draft(urgency="urgent")
    assert officer.post(f"/release/{draft.pk}/alone/", {"alone-text": " "}).status_code == 422
    assert officer.post(f"/release/{draft.pk}/alone/", {"alone-text": WHY}).status_code == 302
    assert Draft.objects.get(pk=draft.pk).state == "released"
    lone = OneOfficerRelease.objects.get()
    left = text(officer, f"/release/{draft.pk}/")
    assert "One officer released this alone." in left and "still needed:" not in left
    assert "review of a release by one officer" not in text(officer, "/desk/")
    assert "review of a release by one officer" in text(chief, "/desk/") and f"/reviews/{lone.pk}/" in text(
        chief, "/desk/"
    )
    assert "releases by one officer to review" in text(chief, "/notices/")
    assert officer.get(f"/reviews/{lone.pk}/").status_code == 403
    assert WHY in text(chief, f"/reviews/{lone.pk}/") and WHY not in text(chief, "/notices/")


def test_a_late_review_is_shown_as_overdue(world: SmallWorld, browser_of: BrowserOf) -> None:
    lone, chief = released(world), browser_of(world.chief)
    assert "reviews past their time" not in text(chief, "/notices/")
    OneOfficerRelease.objects.update(review_due=timezone.now() - timedelta(hours=3))
    assert "overdue by 3 h" in text(chief, "/desk/") and "overdue by 3 h" in text(chief, f"/reviews/{lone.pk}/")
    assert "reviews past their time" in text(chief, "/notices/")


def test_not_upheld_wants_a_word_and_leads_to_the_recall(world: SmallWorld, browser_of: BrowserOf) -> None:
    lone, chief = released(world), browser_of(world.chief)
    wrong = chief.post(f"/reviews/{lone.pk}/decide/", {"result": "not_upheld", "note": " "})
    assert wrong.status_code == 422 and "usa-error-message" in wrong.content.decode()
    assert chief.post(f"/reviews/{lone.pk}/decide/", {"result": "maybe", "note": "x"}).status_code == 422
    told = {"result": "not_upheld", "note": "It could have waited."}
    assert chief.post(f"/reviews/{lone.pk}/decide/", told).status_code == 302
    shown = text(chief, f"/reviews/{lone.pk}/")
    assert "It could have waited." in shown and f"/items/{lone.pk}/#h-recall" in shown
    assert chief.post(f"/reviews/{lone.pk}/decide/", told).status_code == 409
    assert "review of a release by one officer" not in text(chief, "/desk/")


def test_who_had_a_part_in_it_may_look_but_not_review(world: SmallWorld, browser_of: BrowserOf) -> None:
    lone = released(world, by=world.second_chief)
    own = browser_of(world.second_chief)
    assert "so another authorising person reviews it" in text(own, f"/reviews/{lone.pk}/")
    assert own.post(f"/reviews/{lone.pk}/decide/", {"result": "upheld", "note": ""}).status_code == 403
    elsewhere = browser_of(world.appoint("walter", FEDERAL, Role.AUTHORISER))
    assert elsewhere.get(f"/reviews/{lone.pk}/").status_code == 404


def test_who_is_on_duty_is_told_of_urgent_steps_and_the_others_are_not(
    world: SmallWorld, browser_of: BrowserOf
) -> None:
    from tests.exchange.small_world import CENTRE

    world.conversation()
    asked = world.note("quick", world.conversation(CENTRE, SONORA), urgency="urgent", to=SONORA)
    from contraparte.exchange.actions import send_all

    send_all([asked], now=timezone.now())
    world.settle()
    on_duty(world, world.officer)
    assert "urgent steps, and you are on duty" in text(browser_of(world.officer), "/notices/")
    assert "urgent steps, and you are on duty" not in text(browser_of(world.chief), "/notices/")
    assert "quick" not in text(browser_of(world.officer), "/notices/")
