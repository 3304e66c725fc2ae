"""Pages of meetings, minutes and calendars as chairs, sponsors and others meet them, by the world's own clock."""

import io
import re
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pypdf
import pytest
import vobject
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from contraparte.directory.models import Post
from contraparte.exchange.models import Message
from contraparte.groups.actions import forgetting, founding
from contraparte.groups.actions import meeting as acts
from contraparte.groups.calendar_views import READS_PER_MINUTE
from contraparte.groups.meeting_queries import free_in
from contraparte.groups.messages import BODIES
from contraparte.groups.models import CalendarFeed, Group, Meeting, Promise
from contraparte.groups.recording import work_out
from contraparte.groups.rules.planning import working_day
from tests.groups.group_world import CHAIRS, SPONSORS, US, GroupWorld
from tests.traces.test_pages import BACKEND, browser

NO_LINES = {
    f"{name}-{count}": "0"
    for name in ("agenda", "decisions", "promises", "substitutes")
    for count in ("TOTAL_FORMS", "INITIAL_FORMS")
}


def workday(world: GroupWorld, days: int) -> str:
    """A day so many days on, or the first after it on which both sides work."""
    day = (world.now + timedelta(days=days)).date()
    return working_day(day, lambda one: not free_in(one, ("mx", "us"))).isoformat()


def sunday(month: int, number: int) -> str:
    """The so manieth Sunday of a month of next year."""
    first = date(timezone.now().year + 1, month, 1)
    return (first + timedelta(days=(6 - first.weekday()) % 7 + 7 * (number - 1))).isoformat()


def typed(day: str, at: str = "10:00", zone: str = "America/Hermosillo", **more: str) -> dict[str, str]:
    return {**NO_LINES, "day": day, "at": at, "zone": zone, "length": "120", **more}


def line(prefix: str, place: int = 0, **fields: str) -> dict[str, str]:
    return {
        f"{prefix}-TOTAL_FORMS": str(place + 1),
        **{f"{prefix}-{place}-{key}": text for key, text in fields.items()},
    }


def meeting_of(group: Group, number: int = 1) -> Meeting:
    return Meeting.objects.get(group=group, number=number)


def said(answer: Any) -> str:
    return str(answer.content.decode())


@pytest.fixture
def group(on_its_clock: GroupWorld) -> Group:
    return on_its_clock.chartered()


def test_a_meeting_is_called_moved_and_canceled_and_both_sides_see_when_it_is(world: GroupWorld, group: Group) -> None:
    chair, partner = browser(world.chair, "es"), browser(world.partner)
    call = f"/groups/{group.pk}/meetings/call/"
    refused = chair.post(call, typed("2020-01-07"))
    assert (refused.status_code, "La reunión no puede ser en ese momento" in said(refused)) == (422, True)
    christmas = date(timezone.now().year + 1, 12, 25).isoformat()
    refused = chair.post(call, typed(christmas))
    assert f"{christmas} es fin de semana o día inhábil en: MX, US." in said(refused)
    assert 'name="anyway"' in said(refused)
    above = typed(workday(world, 20)) | line("agenda", en="An informer", handling="H2")
    assert chair.post(call, above).status_code == 422
    assert not Meeting.objects.exists()
    more = chair.post(call, above | {"more": "agenda"})
    assert 'name="agenda-3-en"' in said(more)
    assert "An informer" in said(more)

    done = chair.post(call, typed(workday(world, 20), venue="Puerta 3") | line("agenda", es="Casos", handling="H1"))
    row = meeting_of(group)
    assert (done.status_code, row.state, row.zone) == (302, "agenda_out", "America/Hermosillo")
    world.settle()
    there = meeting_of(Group.objects.get(agency=US))
    Post.objects.filter(pk=CHAIRS["b"]).update(time_zone="America/New_York")
    shown, east = (
        said(partner.get(f"/groups/meetings/{there.pk}/")),
        row.starts.astimezone(ZoneInfo("America/New_York")),
    )
    assert east.hour in {12, 13}  # Sonora never changes its clocks
    for words in ("10:00–12:00", "(Hermosillo)", f"{east:%H:%M}–", "(New York)", "Puerta 3", "Casos", "H1"):
        assert words in shown
    partner.post(f"/groups/meetings/{there.pk}/move/", typed(workday(world, 30), at="09:00"))
    world.settle()
    assert [one.state for one in group.meetings.all()] == ["moved", "invited"]
    assert "La nueva fecha" in said(chair.get(f"/groups/meetings/{row.pk}/"))
    second = meeting_of(group, 2)
    stood = chair.post(
        f"/groups/meetings/{second.pk}/agenda/", {**line("agenda", en="Files", handling="H0"), "base": ""}
    )
    assert stood.status_code == 422  # no list of lines came along
    lines = NO_LINES | line("agenda", en="Files", handling="H0")
    assert chair.post(f"/groups/meetings/{second.pk}/agenda/", {**lines, "base": ""}).status_code == 302
    crossed = chair.post(f"/groups/meetings/{second.pk}/agenda/", {**lines, "base": ""})
    assert (crossed.status_code, "Alguien modificó este texto" in said(crossed)) == (422, True)
    assert chair.post(f"/groups/meetings/{second.pk}/cancel/", {"reason": " "}).status_code == 422
    chair.post(f"/groups/meetings/{second.pk}/cancel/", {"reason": "Huracán"})
    file = chair.get(f"/groups/meetings/{second.pk}.ics").content.decode()
    event = vobject.readOne(file).vevent
    assert (event.status.value, event.sequence.value) == ("CANCELLED", "2")
    assert "Huracán" not in file
    assert "Secuestro" not in file


def test_clocks_that_jump_are_explained_on_the_page(world: GroupWorld, on_its_clock: GroupWorld) -> None:
    group = world.chartered(time_zone="America/Ciudad_Juarez")
    chair, call = browser(world.chair), f"/groups/{group.pk}/meetings/call/"
    spring, autumn = sunday(3, 2), sunday(11, 1)
    gone = chair.post(call, typed(spring, "02:30", "America/Ciudad_Juarez", anyway="on"))
    assert f"{spring} 02:30 does not exist in America/Ciudad_Juarez" in said(gone)
    twice = chair.post(call, typed(autumn, "01:30", "America/Ciudad_Juarez", anyway="on"))
    assert "the first is UTC-06:00, the second UTC-07:00" in said(twice).replace("&#x27;", "'")
    assert 'name="which"' in said(twice)
    chair.post(call, typed(autumn, "01:30", "America/Ciudad_Juarez", anyway="on", which="second"))
    assert meeting_of(group).starts.isoformat() == f"{autumn}T08:30:00+00:00"


def test_attendance_minutes_and_commitments_by_the_pages_of_both(world: GroupWorld, group: Group) -> None:
    world.called(group)
    world.wait(days=12, hours=3)
    chair, partner = browser(world.chair), browser(world.partner, "es")
    ours, theirs = meeting_of(group), meeting_of(world.sides(group)[1])
    attend = f"/groups/meetings/{ours.pk}/attend/"
    assert chair.post(attend, NO_LINES).status_code == 422  # who came, or nobody
    assert chair.post(attend, {**NO_LINES, "nobody": "on", "present": CHAIRS["a"]}).status_code == 422
    twice = NO_LINES | line("substitutes", post="mx.fgr/uecs", absent=CHAIRS["a"]) | {"present": CHAIRS["a"]}
    assert chair.post(attend, twice).status_code == 422  # nobody stands in for who is there
    stood_in = NO_LINES | line("substitutes", post="mx.fgr/uecs", absent=SPONSORS["a"]) | {"present": CHAIRS["a"]}
    assert chair.post(attend, stood_in).status_code == 302
    partner.post(f"/groups/meetings/{theirs.pk}/attend/", {**NO_LINES, "present": CHAIRS["b"]})
    world.settle()
    shown = said(partner.get(f"/groups/meetings/{theirs.pk}/"))
    assert "en lugar de" in shown
    assert "celebrada con ambas partes" in shown

    write = f"/groups/meetings/{ours.pk}/minutes/"
    assert chair.post(write, NO_LINES).status_code == 422
    due = (world.now + timedelta(days=30)).date().isoformat()
    half = NO_LINES | {"en": "We met."} | line("promises", en="Name a liaison", owner=CHAIRS["b"])
    assert chair.post(write, half).status_code == 422  # a commitment without its day
    whole = (
        half | line("promises", en="Name a liaison", owner=CHAIRS["b"], due_on=due) | line("decisions", es="Aprobado")
    )
    assert chair.post(write, whole).status_code == 302
    world.settle()
    other = partner.post(f"/groups/meetings/{theirs.pk}/minutes/dispute/", {"es": "No todo.", "base": "", "en": ""})
    assert other.status_code == 422  # it names no text
    standing = world.both(group).meetings[str(ours.key)].minutes[-1]
    partner.post(f"/groups/meetings/{theirs.pk}/minutes/dispute/", {"es": "No todo.", "en": "", "base": standing.key})
    world.settle()
    shown = said(chair.get(f"/groups/meetings/{ours.pk}/"))
    assert all(words in shown for words in ("We met.", "No todo.", "disputed: both texts are kept", "Name a liaison"))
    pdf = chair.get(f"/groups/meetings/{ours.pk}/minutes.pdf")
    assert partner.get(f"/groups/meetings/{theirs.pk}/minutes.pdf").content == pdf.content  # both print the same
    read = pypdf.PdfReader(io.BytesIO(pdf.content))
    assert read.trailer["/Root"]["/MarkInfo"]["/Marked"]  # type: ignore[index]
    text = " ".join(" ".join(page.extract_text().split()) for page in read.pages)
    for words in ("Minutes of meeting 1", "Minuta de la reunión 1", "(written in Spanish only)", "Lo tratado",
                  "(escrito solo en inglés", "Aprobado", "Kidnapping and extortion",
                  "Secuestro y extorsión"):  # fmt: skip
        assert words in text
    assert (text.count("We met."), text.count("No todo.")) == (2, 2)
    again = partner.post(
        f"/groups/meetings/{theirs.pk}/minutes/", {**NO_LINES, "es": "Casi todo.", "base": standing.key}
    )
    assert again.status_code == 302
    world.settle()
    latest = world.both(group).meetings[str(ours.key)].minutes[-1]
    old = chair.post(f"/groups/meetings/{ours.pk}/minutes/agree/", {"minutes": standing.key})
    assert old.status_code == 409  # what was read is no longer what stands
    chair.post(f"/groups/meetings/{ours.pk}/minutes/agree/", {"minutes": latest.key})
    world.settle()
    assert {row.minutes for row in Meeting.objects.all()} == {"final"}
    assert not Promise.objects.exists()  # the text both agreed on promises nothing
    for message in Message.objects.filter(type__in=BODIES):
        forgetting.forget(message, world.now)
    for path in ("", "minutes.pdf"):  # what is forgotten is no error
        answer = chair.get(f"/groups/meetings/{ours.pk}/{path}")
        assert (answer.status_code, b"Casi todo." in answer.content) == (200, False)


def test_the_desk_asks_for_the_next_meeting_and_for_its_agenda(world: GroupWorld, group: Group) -> None:
    chair = browser(world.chair)
    assert "nobody has called the meeting" not in said(chair.get("/desk/"))
    world.wait(days=15)
    chair.force_login(world.chair.person, backend=BACKEND)
    assert "nobody has called the meeting" in said(chair.get("/desk/"))
    assert "Nobody has called the meeting" in said(chair.get(f"/groups/{group.pk}/meetings/"))
    world.called(group, 20)
    desk = said(chair.get("/desk/"))
    assert "nobody has called the meeting" not in desk
    world.wait(days=60)
    chair.force_login(world.chair.person, backend=BACKEND)
    reconvened = said(chair.get(f"/groups/{group.pk}/meetings/call/"))
    assert 'value="Fewer kidnappings"' in reconvened  # a silent group begins with what it left open
    assert "The agenda is due ten days before" in desk


def test_the_sponsor_authorises_and_nobody_else_does_or_finds_it(world: GroupWorld, group: Group) -> None:
    founding.set_gate(group, required=True, by=world.sponsor, now=world.now)
    world.called(group, 1)
    row = meeting_of(group)
    page = f"/groups/meetings/{row.pk}/"
    assert browser(world.chair).get(f"{page}authorise/").status_code == 403
    for stranger in (world.principal, world.outsider):
        client = browser(stranger)
        paths = ("", "minutes.pdf", "authorise/") if stranger is world.principal else ("", "cancel/", "attend/")
        assert {client.get(page + path).status_code for path in paths} == {404}
        assert client.get(f"/groups/meetings/{row.pk}.ics").status_code == 404
        assert client.get(f"/groups/{group.pk}/meetings/").status_code == 404
    sponsor = browser(world.sponsor)
    assert sponsor.get(f"{page}cancel/").status_code == 403
    assert "Authorise, or not" in said(sponsor.get(page))
    assert sponsor.post(f"{page}authorise/", {"granted": "perhaps"}).status_code == 422
    assert sponsor.post(f"{page}authorise/", {"granted": "yes"}).status_code == 302
    assert world.both(group).meetings[str(row.key)].authorised == {"a"}


def test_a_calendar_address_tells_when_to_whoever_has_it_until_the_tenure_ends(world: GroupWorld, group: Group) -> None:
    cache.clear()
    world.called(group)
    chair, programme = browser(world.chair, "es"), Client()

    def make() -> str:
        shown = said(chair.post("/groups/calendar/"))
        return shown.split('id="new-address">')[1].split("<")[0].partition("/groups/")[2]

    address = f"/groups/{make()}"
    secret = address.rsplit("/", 1)[1].removesuffix(".ics")
    assert secret not in said(chair.get("/groups/calendar/"))
    assert secret not in str(list(CalendarFeed.objects.values()))
    told = programme.get(address)
    assert (told.status_code, told["Content-Type"]) == (200, "text/calendar; charset=utf-8")
    assert len(vobject.readOne(said(told)).vevent_list) == 1
    assert "Grupo de trabajo" in said(told)
    assert not any(words in said(told) for words in ("Secuestro", "Kidnapping", "kidnapping", "olga"))
    assert programme.get(address, headers={"If-None-Match": told["ETag"]}).status_code == 304
    assert programme.head(address)["ETag"] == told["ETag"]

    # Every change raises SEQUENCE; what is moved or canceled stays, and its place in time is another event.
    def events() -> dict[str, tuple[str, int]]:
        found = vobject.readOne(said(programme.get(address))).vevent_list
        return {one.uid.value: (one.status.value, int(one.sequence.value)) for one in found}

    first = str(meeting_of(group).key)
    assert events() == {first: ("CONFIRMED", 0)}
    acts.set_agenda(group, first, [{"text": {"en": "Files"}}], base="", by=world.chair, now=world.now)
    assert events() == {first: ("CONFIRMED", 1)}
    later = world.called(group, 15, replaces=first)
    assert events() == {first: ("CANCELLED", 2), later: ("CONFIRMED", 0)}
    world.now += timedelta(minutes=5)
    acts.cancel_meeting(group, later, reason="Huracán", by=world.chair, now=world.now)
    assert events() == {first: ("CANCELLED", 2), later: ("CANCELLED", 1)}
    changed = programme.get(address, headers={"If-None-Match": told["ETag"]})
    assert (changed.status_code, changed["ETag"] != told["ETag"]) == (200, True)
    stamps = re.findall(r"LAST-MODIFIED:(\w+)", said(changed))
    assert len(stamps) == 2
    assert stamps == re.findall(r"DTSTAMP:(\w+)", said(changed))
    assert max(stamps) == f"{world.now:%Y%m%dT%H%M%SZ}" > max(re.findall(r"LAST-MODIFIED:(\w+)", said(told)))
    # A cancellation whose word lost its effect to one that came late is taken back with a number that is higher still.
    Meeting.objects.filter(key=first).update(state="canceled", sequence=7)
    Meeting.objects.filter(key=later).update(state="invited", sequence=7)
    work_out(group, world.now)
    assert events() == {first: ("CANCELLED", 7), later: ("CANCELLED", 8)}
    assert programme.get("/groups/calendar/wrong.ics").status_code == 404
    assert programme.post(address).status_code == 405

    second = f"/groups/{make()}"
    assert programme.get(address).status_code == 404  # ended by the new one
    answers = [programme.get(second).status_code for _ in range(READS_PER_MINUTE + 1)]
    assert (answers[0], answers[-1]) == (200, 429)
    cache.clear()
    world.chair.ends = world.now
    world.chair.save()
    assert programme.get(second).status_code == 404
    world.chair.ends = None
    world.chair.save()
    chair.post("/groups/calendar/end/")
    assert programme.get(second).status_code == 404
