"""Groups in a real browser: from the charter to its approval, from dormancy to reconvening.

With `GROUP_SHOTS=folder` each page is kept as a picture.
"""

import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Page, expect

from contraparte.directory.models import Person, Tenure
from contraparte.groups.actions import founding, promising
from contraparte.groups.models import Group, Promise
from tests.browser.harness import assert_accessible, assert_fits, follow, visit
from tests.browser.ways import Mouse
from tests.groups.group_world import CHAIRS, GroupWorld
from tests.groups.talk import charter, goal
from tests.groups.test_pages import typed

OpenPage = Callable[..., Page]
SHOTS = os.environ.get("GROUP_SHOTS", "")
WORDS = {
    "en": {"check": "Check", "propose": "Propose", "approve": "Approve", "call": "Call the meeting", "active": "active",
           "whole": "Nothing is missing."},
    "es": {"check": "Revisar", "propose": "Proponer", "approve": "Aprobar", "call": "Convocar a la reunión",
           "active": "activo", "whole": "No falta nada."},
}  # fmt: skip


@pytest.mark.parametrize(("language", "width"), [("en", "desk"), ("es", "telephone")])
def test_a_charter_is_written_and_approved_and_a_silent_group_reconvened(
    world: GroupWorld,
    open_page: OpenPage,
    browser_of: Callable[[Tenure], Client],
    monkeypatch: pytest.MonkeyPatch,
    language: str,
    width: str,
) -> None:
    monkeypatch.setattr(timezone, "now", lambda: world.now)
    say, mouse = WORDS[language], Mouse()
    opened: dict[Tenure, Page] = {}
    Person.objects.update(language=language)

    def sees(tenure: Tenure, name: str, address: str) -> Page:
        if tenure not in opened:
            opened[tenure] = open_page(browser_of(tenure), language=language, width=width)
        page = visit(opened[tenure], address)
        looked_at(page, name)
        return page

    def looked_at(page: Page, name: str) -> None:
        if SHOTS:
            page.screenshot(path=str(Path(SHOTS) / f"{name}-{language}-{width}.png"), full_page=True)
        assert_fits(page)
        assert_accessible(page)

    def press(page: Page, label: str) -> None:
        follow(page.locator("main").get_by_role("button", name=label, exact=True), mouse.press)

    group = world.founded(framework="1.1.1.1")
    page = sees(world.chair, "charter", f"/groups/{group.pk}/charter/")
    press(page, say["check"])
    looked_at(page, "charter-gaps")
    for name, value in typed(world).items():
        field = page.locator(f'.gr-form [name="{name}"]')
        if name == "handling" or field.get_attribute("type") == "hidden":
            continue
        if field.evaluate("field => field.tagName") == "SELECT":
            mouse.pick(field, value)
        else:
            field.fill(value)
    press(page, say["check"])
    expect(page.locator("main")).to_contain_text(say["whole"])
    press(page, say["propose"])
    world.settle()
    key = group.words.get(act="charter.propose").message.uuid
    for row, tenure in zip(world.sides(group), (world.sponsor, world.principal), strict=True):
        page = sees(tenure, f"version-{row.side}", f"/groups/{row.pk}/charter/{key}/")
        press(page, say["approve"])
        world.settle()
    assert [row.state for row in world.sides(group)] == ["active", "active"]

    world.attended(group, [CHAIRS["a"]], [CHAIRS["b"]])
    promising.make_promise(
        group, text={"en": "Name a liaison", "es": "Nombrar enlace"}, owner=CHAIRS["a"],
        due_on=(world.now + timedelta(days=9)).date(), by=world.chair, now=world.now,
    )  # fmt: skip
    until = (world.now - timedelta(days=1)).date()
    for value, back in (("452", 30), ("371", 0)):
        ends = until - timedelta(days=back)
        promising.report_goal(
            group, "g1", value=value, since=ends - timedelta(days=364), until=ends, by=world.chair, now=world.now
        )
    world.called(group, 12)
    world.wait(days=60)
    world.settle()
    opened.clear()
    sees(world.chair, "board", "/groups/")
    sees(world.chair, "group", f"/groups/{group.pk}/")
    sees(world.chair, "goal", f"/groups/{group.pk}/goals/g1/")
    sees(world.chair, "promise", f"/groups/promises/{Promise.objects.get(group=group).pk}/")
    page = sees(world.chair, "reconvene", f"/groups/{group.pk}/reconvene/")
    press(page, say["call"])
    assert Group.objects.get(pk=group.pk).next_at is not None
    if SHOTS:
        few = goal(key="g2", baseline="40", target="38")
        change = charter(quorum=2, goals=[goal(target="300"), few], **world.days())
        base = world.both(group).in_force.key  # type: ignore[union-attr]
        founding.propose_charter(group, change, base=base, by=world.chair, now=world.now)
        world.settle()
        other = world.founded(name={"en": "Arms trafficking", "es": "Tráfico de armas"})
        world.chartered(other)
        theirs = world.sides(group)[1]
        founding.decide_extent(theirs, "refocus", by=world.principal, now=world.now)
        world.settle()
        sees(world.chair, "found", "/groups/new/")
        sees(world.chair, "board-two", "/groups/")
        sees(world.chair, "promises", "/groups/promises/")
        sees(world.chair, "make", f"/groups/{group.pk}/promise/")
        sees(world.chair, "story", f"/groups/{group.pk}/story/")
        change_key = group.words.filter(act="charter.propose").last().message.uuid  # type: ignore[union-attr]
        sees(world.sponsor, "change", f"/groups/{group.pk}/charter/{change_key}/")
        sees(world.sponsor, "decline", f"/groups/{group.pk}/charter/{change_key}/decline/")
        sees(world.sponsor, "extent", "/groups/extent/")
        sees(world.sponsor, "tree", "/groups/framework/")
        sees(world.sponsor, "framework", f"/groups/{group.pk}/framework/")
        sees(world.sponsor, "end", f"/groups/{group.pk}/end/")
        sees(world.partner, "beside", f"/groups/{theirs.pk}/charter/")
        sees(world.sponsor, "desk", "/")
