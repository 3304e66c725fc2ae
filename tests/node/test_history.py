"""The demo's history of groups: it loads into a demo node only, and both sides read the same."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from contraparte.directory import view
from contraparte.directory.models import Person, Tenure
from contraparte.exchange.orphans import orphans
from contraparte.groups import boards
from contraparte.groups.models import Group, GroupWord, Meeting, Promise
from contraparte.groups.queries import PAGE
from contraparte.groups.recording import standing_of
from contraparte.node import history_command
from contraparte.node.history import NotADemoError, load_history
from contraparte.node.history_command import OPERATOR
from contraparte.node.world import group_history, group_posts
from tests.desk.conftest import browser_of as browser_of  # noqa: PLC0414  (the fixture, under its own name)

pytestmark = pytest.mark.store


@pytest.fixture
def loading(transactional_db: None, settings: Any, tmp_path: Path) -> Callable[..., Any]:
    """Loads into this very store, as an empty demo node; a real one with `demo=False`."""
    settings.NODE_OPERATOR, settings.NODE_URL = OPERATOR, "http://127.0.0.1:8000"
    settings.HOME = replace(settings.HOME, path=tmp_path)
    view.forget()

    def load(*, demo: bool = True, **sizes: int) -> Any:
        settings.DEMO = demo
        return load_history(tmp_path / "root-keys", seed=1, now=timezone.now(), **sizes)

    return load


def test_a_history_loads_and_both_sides_read_the_same(
    loading: Callable[..., Any], browser_of: Callable[[Tenure], Client]
) -> None:
    now = timezone.now()
    loaded = loading(groups=6, years=2)
    assert (loaded.groups, loaded.changes) == (6, 3)
    assert loaded.words * 2 == GroupWord.objects.count()
    assert loaded.meetings > 30
    assert loaded.promises > loaded.open_promises > 0

    # Three reorganisations later one agency of each country has every group, and nobody is left without a holder.
    sides = {agency: list(Group.objects.filter(agency=agency)) for agency in (group_posts.MX, group_posts.US)}
    assert [len(rows) for rows in sides.values()] == [6, 6]
    assert orphans(now) == []
    theirs = {row.uuid: row for row in sides[group_posts.US]}
    for ours in sides[group_posts.MX]:
        assert standing_of(ours, now) == standing_of(theirs[ours.uuid], now)
        kept = [
            set(Meeting.objects.filter(group=row).values_list("key", "state", "minutes"))
            for row in (ours, theirs[ours.uuid])
        ]
        assert kept[0] == kept[1]
    assert {"held", "held_informal", "not_held"} <= set(Meeting.objects.values_list("state", flat=True))
    assert "verified" in set(Promise.objects.values_list("state", flat=True))

    tenure = Tenure.objects.select_related("post__agency", "person").get(person__username="mx-principal")
    assert len(boards.board_of(tenure, now).rows) == 6

    # What is over is shown page by page, and never pushes out what is open.
    seen = Promise.objects.filter(group__in=sides[group_posts.MX])
    page = browser_of(tenure).get("/groups/promises/").content.decode()
    assert all(f"/groups/promises/{row.pk}/" in page for row in seen.filter(is_live=True))
    over = [row.pk for row in seen.filter(is_live=False) if f"/groups/promises/{row.pk}/" in page]
    assert 0 < len(over) <= PAGE


def test_a_history_of_which_the_sides_read_unlike_ends_with_words(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def unlike(*_: Any) -> None:
        raise RuntimeError("the two sides of group 3 do not read the same")

    monkeypatch.setattr(history_command, "_open", lambda *_: None)
    monkeypatch.setattr(history_command, "_load", unlike)
    with pytest.raises(SystemExit, match="no history was made: the two sides of group 3"):
        history_command.history(tmp_path)


def test_a_history_is_never_mixed_with_records_or_put_into_a_node_that_is_no_demo(loading: Callable[..., Any]) -> None:
    with pytest.raises(NotADemoError):
        loading(groups=1, years=1, demo=False)
    Person.objects.create_user("somebody", display_name="Somebody")
    with pytest.raises(NotADemoError, match="delete the folder, or name another with --home"):
        loading(groups=1, years=1)


def test_the_same_seed_and_day_tell_the_same_words() -> None:
    until = timezone.now()
    since = until - group_history.RENEWED
    cast = group_posts.cast_of(3, since, until)
    first, second = (group_history.tell(3, seed=5, cast=cast, since=since, until=until) for _ in range(2))
    other = group_history.tell(3, seed=6, cast=cast, since=since, until=until)
    assert first.words == second.words != other.words
