"""Permissions over the road: only who sent an item permits, for a scope and a time (P6.4, S3)."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from contraparte.directory import actions as directory_actions
from contraparte.exchange import actions
from contraparte.exchange.auditing import find_message_faults
from contraparte.exchange.court import file_in_court
from contraparte.exchange.messages import PermissionAsk, PermissionGrant, PermissionRevoke
from contraparte.exchange.models import Draft, Message, Obligation, Permission, Receipt, Refusal, Release
from contraparte.exchange.permissions import (
    ask_permission,
    grant_permission,
    refuse_permission,
    revoke_permission,
)
from contraparte.exchange.quoting import find_quotes
from contraparte.exchange.reading import read_message
from contraparte.exchange.rules.permissions import Kind
from contraparte.exchange.speaking import Saying, say
from contraparte.protocol.errors import (
    EvidenceForbiddenError,
    FilingFieldError,
    PermissionExpiredError,
    PermissionOriginError,
    PermissionScopeError,
    PermissionStateError,
    PostNotLocalError,
    PostUnknownError,
    ReleaseWithheldError,
    RightsRoleError,
)
from tests.exchange.crashes import crash_everywhere
from tests.exchange.rights_world import ANNEX, TIP, ask, draft_on, held, let_out, marking, people_of, send_item, soon
from tests.exchange.small_world import CENTRE, FEDERAL, SONORA, SmallWorld


@pytest.fixture
def world(desk_world: SmallWorld) -> SmallWorld:
    """One person after the other: no commit is needed."""
    return desk_world


def now() -> Any:
    return timezone.now()


def test_passing_on_a_third_partys_item_waits_for_its_permission_and_ends_with_it(world: SmallWorld) -> None:
    """S3: centre → federal office → state office, which wants to tell another post."""
    people = people_of(world)
    _, at_federal = send_item(world)
    # the provider itself may not pass it on without asking
    first = draft_on(world, people, at_federal, SONORA, TIP)
    assert actions.preview(first, now=now()).withheld == ("permission.onward.missing",)
    with pytest.raises(ReleaseWithheldError):
        let_out(people, first)
    mine, asked = ask(world, people, at_federal, SONORA, why="Sonora has the road watched.")
    assert asked.why == "Sonora has the road watched." and asked.state == "asked"
    assert Obligation.objects.filter(stage="permission", closed_at=None).count() == 2
    grant_permission(asked, by=people.chiefs[CENTRE], now=now())
    world.settle()
    assert not Obligation.objects.filter(stage="permission", closed_at=None).exists()
    passed = let_out(people, first)
    world.settle()
    release = Release.objects.get(message=passed)
    assert f"permission:{mine.uuid}" in release.decision["policies"]
    at_sonora = held(passed)
    assert read_message(at_sonora).marking.handling == {"H0", "H2"}
    assert read_message(at_sonora).marking.evidence == "intelligence"

    # the next one asks its provider, who cannot give what it was not given
    second = draft_on(world, people, at_sonora, ANNEX, "A pickup comes on Tuesday.")
    assert "permission.onward.missing" in actions.preview(second, now=now()).withheld
    ours, theirs = ask(world, people, at_sonora, ANNEX)
    with pytest.raises(PermissionOriginError) as refused:
        grant_permission(theirs, by=people.chiefs[FEDERAL], now=now())
    assert refused.value.params["origin"] == CENTRE
    through, at_centre = ask(world, people, at_federal, ANNEX)
    grant_permission(at_centre, by=people.chiefs[CENTRE], now=now())
    world.settle()
    grant_permission(theirs, by=people.chiefs[FEDERAL], now=now())
    world.settle()
    onward = let_out(people, second)
    world.settle()
    at_annex = held(onward)
    actions.note_opened(at_annex.conversation, by=people.officers[ANNEX], now=now())
    world.settle()

    # withdrawn at the origin: everybody down the line is told, and the origin reads who had it and who read it
    revoke_permission(at_centre, by=people.chiefs[CENTRE], now=now())
    world.settle()
    states = dict(Permission.objects.values_list("agency", "state").filter(uuid__in=[ours.uuid, through.uuid]))
    assert set(states.values()) == {"revoked"}
    assert Permission.objects.filter(agency="us.ntc", item=at_annex, state="revoked").exists()
    at_centre.refresh_from_db()
    told = {one["post"]: one.get("opened_at") for one in at_centre.onward}
    assert told.keys() == {SONORA, ANNEX, FEDERAL} and told[ANNEX] is not None
    again = draft_on(world, people, at_sonora, ANNEX, "Once more.")
    assert "permission.onward.revoked" in actions.preview(again, now=now()).withheld
    assert not Refusal.objects.exists(), "nothing honest is refused on the way"
    assert list(find_message_faults()) == []


def test_a_draft_takes_over_the_restrictions_of_its_sources_whatever_its_author_chose(world: SmallWorld) -> None:
    people = people_of(world)
    _, item = send_item(world, marked=marking("H1", retention_until="2031-05-01", purposes=["trace", "prosecution"]))
    draft = draft_on(world, people, item, SONORA)
    Draft.objects.filter(pk=draft.pk).update(marking=marking("H0", evidence="evidence").to_json())
    draft.refresh_from_db()
    shown = actions.preview(draft, now=now()).marking
    assert shown.handling == {"H0", "H1"} and shown.evidence == "intelligence"
    assert str(shown.retention_until) == "2031-05-01" and shown.purposes == {"trace"}


def test_naming_a_source_later_voids_approvals_given_before(world: SmallWorld) -> None:
    people = people_of(world)
    _, item = send_item(world, marked=marking("H0"))
    thread = world.conversation(FEDERAL, SONORA)
    draft = actions.draft(
        "note.say/1", {"text": "x"}, conversation=thread, marking=marking("H0"), by=people.officers[FEDERAL], now=now()
    )
    digest = actions.preview(draft, now=now()).content_digest
    actions.approve_draft(draft, digest=digest, by=people.chiefs[FEDERAL], now=now())
    actions.cite_item(draft, item, by=people.officers[FEDERAL], now=now())
    assert actions.preview(draft, now=now()).needs == ("approval",)


def test_giving_an_item_back_to_who_sent_it_is_no_passing_on(world: SmallWorld) -> None:
    people = people_of(world)
    _, item = send_item(world)
    assert actions.preview(draft_on(world, people, item, ANNEX), now=now()).withheld == ()


def test_another_posts_item_cannot_be_cited(world: SmallWorld) -> None:
    people = people_of(world)
    _, item = send_item(world)
    thread = world.conversation(SONORA, CENTRE)
    with pytest.raises(PostNotLocalError):
        actions.draft(
            "note.say/1", {"text": "x"}, conversation=thread, marking=marking("H0"), by=people.officers[SONORA],
            now=now(), sources=[item],
        )  # fmt: skip
    assert not Draft.objects.exists()


# --- who may, and how it is refused ---


def forged(row: Permission, **changes: Any) -> PermissionGrant:
    members = {
        "permission": str(row.uuid), "item": str(row.item.uuid), "kind": row.kind, "recipients": row.recipients,
        "purposes": row.purposes, "until": row.until,
    }  # fmt: skip
    return PermissionGrant.model_validate({**members, **changes})


def refusal_of(world: SmallWorld, sender: str, body: Any, name: str, to: str = FEDERAL, **more: Any) -> str:
    """Say it without asking whether one may, as a node that lies would; the code it is refused with."""
    thread = more.pop("thread", None) or world.conversation(sender, to)
    said = say(Saying(name, body, thread, None, to), by=world.services[sender], now=now())
    world.settle()
    row = Message.objects.get(uuid=said, direction="out")
    assert row.state in {"rejected", "sent"}
    return row.code


@pytest.mark.parametrize(
    ("sender", "changes", "code"),
    [
        (SONORA, {}, "permission.post"),
        (CENTRE, {"permission": "3f1d6f0e-0000-4000-8000-000000000000"}, "permission.unknown"),
        (CENTRE, {"item": "3f1d6f0e-0000-4000-8000-000000000000"}, "permission.unknown"),
        (CENTRE, {"recipients": [SONORA, ANNEX]}, "permission.wider"),
        (CENTRE, {"recipients": []}, "permission.wider"),
        (CENTRE, {"purposes": ["prosecution"]}, "permission.wider"),
        (CENTRE, {"kind": "publication"}, "permission.wider"),
        (CENTRE, {"until": soon(400)}, "permission.wider"),
        (CENTRE, {"until": soon(-1)}, "permission.expired"),
    ],
)
def test_a_grant_that_is_none_is_refused_with_its_code_and_changes_nothing(
    world: SmallWorld, sender: str, changes: dict[str, Any], code: str
) -> None:
    people = people_of(world)
    _, item = send_item(world)
    row, _ = ask(world, people, item, SONORA)
    before = Permission.objects.values().get(pk=row.pk)
    assert refusal_of(world, sender, forged(row, **changes), "permission.grant/1") == code
    assert Permission.objects.values().get(pk=row.pk) == before
    assert Refusal.objects.get().code == code
    assert actions.preview(draft_on(world, people, item, SONORA), now=now()).withheld == ("permission.onward.missing",)


def test_only_who_sent_the_item_withdraws_a_permission(world: SmallWorld) -> None:
    people = people_of(world)
    _, item = send_item(world)
    row, given = ask(world, people, item, SONORA)
    grant_permission(given, by=people.chiefs[CENTRE], now=now())
    world.settle()
    body = PermissionRevoke(permission=str(row.uuid), item=str(item.uuid), kind=Kind.ONWARD)
    assert refusal_of(world, SONORA, body, "permission.revoke/1") == "permission.post"
    assert refusal_of(world, SONORA, body, "permission.revoke/1", to=CENTRE) == "permission.unknown"
    row.refresh_from_db()
    assert row.state == "granted"


def test_a_permission_asked_of_who_did_not_send_the_item_is_refused(world: SmallWorld) -> None:
    people = people_of(world)
    _, item = send_item(world)
    thread = world.conversation(FEDERAL, SONORA)
    row = ask_permission(
        item, Kind.PUBLICATION, until=soon(), by=people.officers[FEDERAL], now=now()
    )  # fmt: skip
    body = PermissionAsk(item=str(item.uuid), kind=Kind.PUBLICATION, until=row.until)
    assert refusal_of(world, FEDERAL, body, "permission.ask/1", to=SONORA, thread=thread) == "item.unknown"


def test_an_expired_permission_no_longer_lets_anything_out(world: SmallWorld) -> None:
    people = people_of(world)
    _, item = send_item(world)
    _, given = ask(world, people, item, SONORA, until=soon(1))
    grant_permission(given, by=people.chiefs[CENTRE], now=now())
    world.settle()
    draft = draft_on(world, people, item, SONORA)
    assert actions.preview(draft, now=now()).withheld == ()
    later = now() + timedelta(days=2)
    assert actions.preview(draft, now=later).withheld == ("permission.onward.expired",)


def test_a_permission_is_decided_once_by_an_authorising_person_of_the_post(world: SmallWorld) -> None:
    people = people_of(world)
    _, item = send_item(world)
    row, given = ask(world, people, item, SONORA)
    for stranger in (people.officers[CENTRE], people.chiefs[SONORA], world.services[CENTRE]):
        with pytest.raises(RightsRoleError):
            grant_permission(given, by=stranger, now=now())
    with pytest.raises(PermissionStateError):
        grant_permission(row, by=people.chiefs[FEDERAL], now=now())  # whoever asks does not answer
    refuse_permission(given, ground="source_protection", note="Not now.", by=people.chiefs[CENTRE], now=now())
    world.settle()
    row.refresh_from_db()
    assert (row.state, row.ground, row.note) == ("refused", "source_protection", "Not now.")
    for late in (grant_permission, revoke_permission):
        with pytest.raises(PermissionStateError):
            late(given, by=people.chiefs[CENTRE], now=now())


def test_a_request_that_lacks_its_scope_names_the_field_and_asks_nothing(world: SmallWorld) -> None:
    people = people_of(world)
    _, item = send_item(world)
    asks: list[tuple[dict[str, Any], str]] = [
        ({"kind": Kind.ONWARD}, "recipients"),
        ({"kind": Kind.USE}, "purposes"),
        ({"kind": Kind.EVIDENCE, "until": soon(-1)}, "until"),
    ]
    for more, field in asks:
        with pytest.raises(PermissionScopeError) as wrong:
            ask(world, people, item, "", **more)
        assert wrong.value.params["field"] == field
    with pytest.raises(PostUnknownError):
        ask(world, people, item, "us.nobody/desk")
    with pytest.raises(RightsRoleError):
        ask_permission(item, Kind.EVIDENCE, until=soon(), by=people.officers[SONORA], now=now())
    assert not Permission.objects.exists()


def test_a_late_grant_of_a_request_whose_time_is_over_is_not_sent(world: SmallWorld) -> None:
    people = people_of(world)
    _, item = send_item(world)
    _, given = ask(world, people, item, SONORA, until=soon(1))
    with pytest.raises(PermissionExpiredError):
        grant_permission(given, by=people.chiefs[CENTRE], now=now() + timedelta(days=2))
    assert Permission.objects.get(pk=given.pk).state == "asked"


def test_a_withdrawal_passes_while_the_accord_is_suspended(world: SmallWorld) -> None:
    people = people_of(world)
    _, item = send_item(world)
    row, given = ask(world, people, item, SONORA)
    grant_permission(given, by=people.chiefs[CENTRE], now=now())
    world.settle()
    directory_actions.suspend_accord("mx-us-traces", country="us", now=now())
    revoke_permission(given, by=people.chiefs[CENTRE], now=now())
    world.settle()
    row.refresh_from_db()
    assert row.state == "revoked"


def test_a_grant_that_crashes_anywhere_has_not_happened(world: SmallWorld) -> None:
    people = people_of(world)
    _, item = send_item(world)
    row, given = ask(world, people, item, SONORA)

    def grant() -> None:
        grant_permission(given, by=people.chiefs[CENTRE], now=now())

    def check() -> None:
        state = Permission.objects.get(pk=given.pk).state
        said = Message.objects.filter(type="permission.grant/1", direction="out").count()
        assert (state == "granted") is bool(said) and said <= 1

    assert crash_everywhere(grant, check) >= 5
    world.settle()
    row.refresh_from_db()
    assert row.state == "granted" and list(find_message_faults()) == []


# --- pasting ---


def test_pasting_an_items_text_into_a_draft_is_noticed(world: SmallWorld) -> None:
    people = people_of(world)
    _, item = send_item(world)
    send_item(world, "An open notice: " + TIP, marked=marking("H0"))
    thread = world.conversation(FEDERAL, SONORA)
    draft = actions.draft(
        "note.say/1", {"text": f"Please watch the road: {TIP.lower()}"}, conversation=thread,
        marking=marking("H0"), by=people.officers[FEDERAL], now=now(),
    )  # fmt: skip
    found = find_quotes(draft)
    assert [(one.item.pk, one.handling) for one in found] == [(item.pk, ("H2",))]
    assert found[0].run in TIP.lower()
    actions.cite_item(draft, item, by=people.officers[FEDERAL], now=now())
    assert find_quotes(draft) == []
    assert "permission.onward.missing" in actions.preview(draft, now=now()).withheld


def test_another_posts_items_are_not_told_of_in_a_warning(world: SmallWorld) -> None:
    people = people_of(world)
    send_item(world)
    draft = actions.draft(
        "note.say/1", {"text": TIP}, conversation=world.conversation(SONORA, FEDERAL), marking=marking("H0"),
        by=people.officers[SONORA], now=now(),
    )  # fmt: skip
    assert find_quotes(draft) == []


# --- standing as evidence ---


def test_intelligence_enters_no_court_file_without_permission_and_the_refusal_names_the_ways_out(
    world: SmallWorld,
) -> None:
    people = people_of(world)
    today = now().date()
    for marked in (marking("H1"), marking("H0"), marking("H1", evidence="evidence")):
        _, item = send_item(world, marked=marked)
        with pytest.raises(EvidenceForbiddenError) as refused:
            file_in_court(item, court="Juzgado Primero", filed_on=today, by=people.officers[FEDERAL], now=now())
        assert refused.value.params["ways"] == ["ask_permission", "convert_to_request", "declare_duty"]
        assert refused.value.params["reason"] == "permission.evidence.missing"
        assert not item.filings.exists()
    sent, item = send_item(world, marked=marking("H1"))
    row, given = ask(world, people, item, "", kind=Kind.EVIDENCE)
    grant_permission(given, by=people.chiefs[CENTRE], now=now())
    world.settle()
    filing = file_in_court(item, court="Juzgado Primero", filed_on=today, by=people.officers[FEDERAL], now=now())
    assert filing.permission == row
    world.settle()
    assert Receipt.objects.filter(message=sent, kind="used", ours=False).exists()


def test_evidence_is_filed_without_asking(world: SmallWorld) -> None:
    people = people_of(world)
    _, item = send_item(world, marked=marking("H0", evidence="evidence"))
    filing = file_in_court(item, court="Juzgado", filed_on=now().date(), by=people.officers[FEDERAL], now=now())
    assert filing.permission is None


def test_a_filing_names_its_court_and_no_day_to_come(world: SmallWorld) -> None:
    people = people_of(world)
    _, item = send_item(world, marked=marking("H0", evidence="evidence"))
    later = (now() + timedelta(days=2)).date()
    for court, day, field in ((" ", now().date(), "court"), ("Juzgado", later, "filed_on")):
        with pytest.raises(FilingFieldError) as wrong:
            file_in_court(item, court=court, filed_on=day, by=people.officers[FEDERAL], now=now())
        assert wrong.value.params["field"] == field
    assert not item.filings.exists()
