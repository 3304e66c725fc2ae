"""Both sides write the agenda or the minutes at once: one text stands on both, the other may be said anew."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from hypothesis import given, settings
from hypothesis import strategies as st

from contraparte.groups.actions import forgetting, meeting
from contraparte.groups.models import GroupWord, Meeting
from contraparte.groups.rules.hearing import read_standing
from contraparte.groups.rules.standing import Standing
from contraparte.groups.rules.words import Side
from tests.groups.group_world import CHAIRS, GroupWorld
from tests.groups.talk import Talk
from tests.groups.test_meeting_pages import NO_LINES, line, said
from tests.traces.test_pages import BACKEND, browser

KINDS = ("meeting.agenda", "minutes.propose")


def texts_of(told: Standing, key: str, act: str) -> list[str]:
    """The texts of that kind that have stood, the one that stands last."""
    if act == "meeting.agenda":
        return [item.text.en for item in told.meetings[key].agenda]
    return [one.text.en for one in told.meetings[key].minutes]


def write(talk: Talk, side: Side, act: str, key: str, words: str) -> str:
    """One text by one side, on the one it sees standing."""
    seen = talk.at(side).meetings[key]
    if act == "meeting.agenda":
        return talk.say(side, act, meeting=key, base=seen.agenda_key, items=[{"text": {"en": words}, "handling": "H0"}])
    base = seen.current_minutes.key if seen.current_minutes else ""
    return talk.say(side, act, meeting=key, base=base, text={"en": words})


@pytest.mark.parametrize("act", KINDS)
@given(data=st.data())
@settings(max_examples=25, deadline=None)
def test_whatever_is_delivered_first_both_end_alike_and_no_text_is_lost(act: str, data: st.DataObject) -> None:
    talk = Talk()
    talk.chartered()
    key = talk.meeting(3)
    if act == "minutes.propose":
        talk.wait(days=3, hours=3)
        talk.tell("a", "meeting.attend", meeting=key, present=[CHAIRS["a"]])
        talk.tell("b", "meeting.attend", meeting=key, present=[CHAIRS["b"]])
    words: dict[str, str] = {}
    for number in range(data.draw(st.integers(2, 5))):
        side: Side = data.draw(st.sampled_from(["a", "b"]))
        words[write(talk, side, act, key, f"text {number}")] = f"text {number}"
        talk.wait(minutes=data.draw(st.sampled_from([0, 7])))
        if data.draw(st.booleans()):  # the road delivers one way; the other way is late
            talk.read[side] = len(talk.said["b" if side == "a" else "a"])
    order = data.draw(st.permutations([*talk.said["a"], *talk.said["b"]]))
    told = talk.both()
    assert read_standing(order, until=talk.now) == told
    crossed = {word.uuid: word.facts for word, code in told.crossed if code == "base"}
    for uuid, text in words.items():
        stood = told.meetings[key].agenda_key == uuid or text in texts_of(told, key, act)
        # An agenda that was followed by another on top of it has stood, and its message is in the conversation.
        followed = act == "meeting.agenda" and any(
            word.facts.get("base") == uuid for word in (*talk.said["a"], *talk.said["b"])
        )
        assert stood or followed or text in str(crossed[uuid])
    for uuid in crossed:
        author: Side = "a" if uuid.startswith("a") else "b"
        write(talk, author, act, key, words[uuid])  # said anew on top of what stands
        assert texts_of(talk.both(), key, act)[-1] == words[uuid]


def test_who_lost_finds_the_text_with_the_reason_and_proposes_it_again(on_its_clock: GroupWorld) -> None:
    world = on_its_clock
    group = world.chartered()
    key = world.called(group)
    sides = world.sides(group)
    chairs = {"a": world.chair, "b": world.partner}
    for row in sides:
        items = [{"text": {"en": f"Agenda of {row.side}"}, "handling": "H0"}]
        meeting.set_agenda(row, key, items, base="", by=chairs[row.side], now=world.now)
    world.settle()
    clients = {side: browser(chair) for side, chair in chairs.items()}
    _say_again(world, clients, key, "agenda", lambda told: line("agenda", en=told, handling="H0"))

    world.wait(days=12, hours=3)
    for side, client in clients.items():
        client.force_login(chairs[side].person, backend=BACKEND)  # the session of twelve days ago is over
    for row in sides:
        meeting.record_attendance(row, key, [CHAIRS[row.side]], by=chairs[row.side], now=world.now)
    world.settle()
    owed = {"key": "c1", "text": {"en": "A liaison"}, "owner": CHAIRS["b"], "side": "b",
            "due_on": (world.now + timedelta(days=30)).date().isoformat()}  # fmt: skip
    for row in sides:
        meeting.propose_minutes(
            row, key, text={"en": f"Minutes of {row.side}"}, base="", decisions=[{"es": "Aprobado"}],
            commitments=[owed], by=chairs[row.side], now=world.now,
        )  # fmt: skip
    world.settle()
    lost = _say_again(world, clients, key, "minutes", lambda told: {"en": told})
    forgetting.forget(lost.message, world.now)  # what is erased is offered to nobody
    loser = next(row for row in sides if row.side == lost.side)
    page = said(clients[lost.side].get(f"/groups/meetings/{_row(loser, key).pk}/"))
    assert f"from={lost.message.uuid}" not in page


def _say_again(world: GroupWorld, clients: dict[str, Client], key: str, kind: str, typed: Any) -> GroupWord:
    act = {"agenda": "meeting.agenda", "minutes": "minutes.propose"}[kind]
    lost = GroupWord.objects.select_related("message").filter(act=act).exclude(crossed="").order_by("pk").first()
    assert lost is not None
    loser = next(row for row in Meeting.objects.filter(key=key) if row.group.side == lost.side)
    winner = "b" if lost.side == "a" else "a"
    client, other = clients[lost.side], clients[winner]
    shown = said(client.get(f"/groups/meetings/{loser.pk}/"))
    text = f"{kind.capitalize()} of {lost.side}"
    assert text in shown
    assert "the text it was written on had changed meanwhile" in shown
    found = re.search(rf'href="(/groups/meetings/\d+/{kind}/\?from=[0-9a-f-]+)"', shown)
    assert found is not None
    assert found.group(1) in said(client.get(f"/groups/{loser.group_id}/story/"))
    form = client.get(found.group(1))
    assert text in said(form)
    assert f"{kind.capitalize()} of {winner}" in said(form)  # beside it, what stands
    if kind == "minutes":
        assert form.context["promises"].initial[0]["owner"] == CHAIRS["b"]
        assert form.context["decisions"].initial == [{"en": "", "es": "Aprobado"}]
    base = re.search(r'name="base" value="([0-9a-f-]{36})"', said(form))
    assert base is not None
    there = next(row for row in Meeting.objects.filter(key=key) if row.group.side == winner)
    assert "?from=" not in said(other.get(f"/groups/meetings/{there.pk}/"))
    address = f"/groups/meetings/{there.pk}/{kind}/?from={lost.message.uuid}"
    assert f"{kind.capitalize()} of {lost.side}" not in said(other.get(address))  # not the other side's to say anew
    assert other.get(f"/groups/meetings/{there.pk}/{kind}/?from=x").status_code == 200
    assert client.post(found.group(1), NO_LINES | typed(text) | {"base": base.group(1)}).status_code == 302
    told = world.both(loser.group).meetings[key]
    stands = told.agenda[0].text if kind == "agenda" else told.minutes[-1].text
    assert stands.en == text
    return lost


def _row(group: Any, key: str) -> Meeting:
    return Meeting.objects.get(group=group, key=key)
