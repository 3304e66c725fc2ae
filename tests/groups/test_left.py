"""Who has left does nothing a second later by any way that was open; what they owed is on somebody else's desk."""

import re
from datetime import timedelta
from typing import Any

from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from contraparte.directory import actions as directory_actions
from contraparte.directory import leaving
from contraparte.directory import queries as directory
from contraparte.directory.models import Person, Tenure
from contraparte.directory.queries import Role
from contraparte.groups.actions import founding, meeting, promising
from contraparte.groups.models import Group, Meeting
from contraparte.web.api.mounting import operations
from contraparte.web.api.tokens import SCOPES, make_token
from tests.groups.group_world import CHAIRS, SPONSORS, GroupWorld
from tests.groups.passkey import HOST, Passkey
from tests.groups.talk import charter
from tests.groups.test_meeting_pages import NO_LINES, line, said
from tests.guard.test_api import ask
from tests.guard.test_routes import OF_TENURES, knock, others, rows
from tests.traces.test_pages import BACKEND, browser


def leave(world: GroupWorld, who: Tenure) -> None:
    """Access ends now; a second goes by."""
    leaving.announce_leaving(who, leaves_at=world.now, by=None, now=world.now)
    world.now += timedelta(seconds=1)


def appoint(world: GroupWorld, name: str, post: str, role: Role) -> Tenure:
    person = Person.objects.create_user(name, display_name=name)
    return directory_actions.appoint(person, directory.post(post), [role], by=None, now=world.now)


def test_who_left_finds_every_way_shut_that_was_open_a_second_before(on_its_clock: GroupWorld, settings: Any) -> None:
    world = on_its_clock
    settings.ALLOWED_HOSTS = [HOST]
    cache.clear()
    assert world.chair.person is not None
    group = world.chartered()
    key = world.called(group)
    row = Meeting.objects.get(group=group, key=key)
    # A page open in a browser that proves its forms, a session, a token, an address, a link, a challenge.
    page, session, strict = f"/groups/meetings/{row.pk}/", browser(world.chair), Client(enforce_csrf_checks=True)
    strict.force_login(world.chair.person, backend=BACKEND)
    form = strict.get(f"{page}agenda/").content.decode()
    proof = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', form)
    assert proof is not None
    typed = NO_LINES | {"csrfmiddlewaretoken": proof.group(1), "base": ""} | line("agenda", en="Files", handling="H0")
    assert strict.post(f"{page}agenda/", typed | {"more": "agenda"}).status_code == 200
    _row, token = make_token(name="night job", scopes=SCOPES, days=9, by=world.chair, now=world.now)
    program = {"HTTP_AUTHORIZATION": f"Bearer {token}"}
    assert Client().get("/api/v1/conversations", **program).status_code == 200
    made = said(session.post("/groups/calendar/")).split('id="new-address">')[1].split("<")[0]
    address = "/groups/" + made.partition("/groups/")[2]
    assert Client().get(address).status_code == 200
    download = f"{page[:-1]}.ics"
    assert session.get(download).status_code == 200
    passkey, late = Passkey(world.chair.person), Client()
    options = late.get(reverse("mfa_login_webauthn"), headers={"Accept": "application/json"}).json()
    challenge = options["request_options"]["publicKey"]["challenge"]

    leave(world, world.chair)

    before = rows()
    assert strict.post(f"{page}agenda/", typed).status_code == 403
    assert others(knock(session, OF_TENURES), 403) == {}
    some = operations()[::9]  # of more, refusals are limited; each one alone stands in tests/guard
    assert {ask(call, token).status_code for call in some} == {401}
    assert Client().get(address).status_code == 404
    assert session.get(download).status_code == 403
    late.post(reverse("mfa_login_webauthn"), {"credential": passkey.answer(challenge)})
    assert late.session.get("_auth_user_id") == str(world.chair.person_id), "the key itself is good"
    assert {late.get(place).status_code for place in ("/desk/", page, download)} == {403}
    assert rows() == before


def test_what_a_post_owed_its_groups_is_on_the_desk_of_who_authorises_until_somebody_follows(
    on_its_clock: GroupWorld,
) -> None:
    world = on_its_clock
    group = world.chartered()
    key = world.attended(group, [CHAIRS["a"]], [CHAIRS["b"]])
    theirs = world.sides(group)[1]
    meeting.propose_minutes(theirs, key, text={"en": "We met."}, base="", by=world.partner, now=world.now)
    promising.make_promise(
        group, text={"en": "A list of liaisons"}, owner=CHAIRS["a"], due_on=(world.now + timedelta(days=3)).date(),
        by=world.chair, now=world.now,
    )  # fmt: skip
    world.called(group, 20)
    owed = ("Minutes wait for your word", "A commitment of your side is due", "The agenda is due ten days before")
    assert all(words in desk_of(world.chair) for words in owed)
    assert not any(words in desk_of(world.sponsor) for words in owed)

    leave(world, world.chair)
    shown = desk_of(world.sponsor)
    place = reverse("desk:post", args=CHAIRS["a"].split("/"))
    for words in owed:
        assert re.search(rf"{words}, owed by [^<]+, a post without anybody", shown), words
    assert shown.count(f'href="{place}"') >= len(owed)
    assert not any(words in desk_of(world.outsider) for words in owed)

    successor = appoint(world, "sofia", CHAIRS["a"], Role.OFFICER)
    assert all(words in desk_of(successor) for words in owed)
    assert "a post without anybody" not in desk_of(world.sponsor)

    # The sponsor's post keeps an assistant, who may not approve: what only an authorising person does lies there.
    text = charter(**world.days(), quorum=2)
    base = world.both(group).in_force
    assert base is not None
    founding.propose_charter(Group.objects.get(pk=group.pk), text, base=base.key, by=successor, now=world.now)
    assistant = appoint(world, "ana", SPONSORS["a"], Role.OFFICER)
    legal = appoint(world, "lucia", CHAIRS["a"], Role.AUTHORISER)
    waits = "A charter waits for your approval"
    assert waits in desk_of(world.sponsor)
    assert waits not in desk_of(legal)
    leave(world, world.sponsor)
    assert waits not in desk_of(assistant)
    assert re.search(rf"{waits}, owed by [^<]+, where nobody may do it", desk_of(legal))


def desk_of(who: Tenure) -> str:
    """The desk as its person sees it now."""
    assert who.person is not None
    client = Client()
    client.force_login(who.person, backend=BACKEND)
    if not who.person.authenticator_set.exists():
        client = browser(who)
    return said(client.get("/desk/"))
