"""Changes of agency in the signed directory: who must sign, whose keys count, which version wins (P1.8)."""

from dataclasses import replace
from datetime import timedelta

import pytest

from contraparte.directory import actions, lineage, view
from contraparte.directory.models import Agency, Alarm, Country, Key, LineageEvent, Post
from contraparte.directory.rules.lineage import write_event
from contraparte.directory.rules.register import Register, key_entry
from contraparte.directory.rules.signatures import SignedDocument
from contraparte.directory.rules.succession import vouch
from contraparte.protocol.encoding import instant
from contraparte.protocol.errors import (
    AgencySucceededError,
    DirectoryRejectedError,
    LineageCountryError,
    LineageForgedError,
    LineagePostMissingError,
    PostSucceededError,
)
from contraparte.protocol.keys import Purpose
from tests.directory.factory import NOW, agency_entry, load, make_keys, register_of
from tests.directory.lineage_events import document

pytestmark = pytest.mark.django_db
OLD, NEW = "mx.old/desk", "mx.new/desk"
DAY = timedelta(days=1)


class World:
    """Two countries that trust each other's directories, and an agency that is to be absorbed by a new one."""

    def __init__(self) -> None:
        self.keys = {name: make_keys(name) | make_keys(name, [Purpose.ACCORD]) for name in ("mx.old", "us.ntc")}
        self.mx = register_of("mx", [agency_entry("mx.old", "desk")], self.keys["mx.old"].values())
        self.us = register_of("us", [agency_entry("us.ntc", "desk")], self.keys["us.ntc"].values())
        self.successor = make_keys("mx.new")
        load(self.mx)
        load(self.us)

    def with_successor(self, *, vouched: bool = True) -> Register:
        """The register with the new agency; its keys bear the word of the old one's."""
        entries = [key_entry(key.public(), valid_from=NOW - DAY) for key in self.successor.values()]
        old = self.keys["mx.old"]
        voucher = {purpose: old[Purpose.MESSAGE if purpose is Purpose.SEAL else purpose] for purpose in old}
        if vouched:
            entries = [vouch(entry, voucher[Purpose(entry.public().purpose)]) for entry in entries]
        return self.mx.with_agencies([agency_entry("mx.new", "desk")]).with_keys(entries)

    def event(self, **more) -> bytes:
        terms = {"reviewers": ["us"], "accepts_until": instant(NOW + 10 * DAY), **more}
        return write_event(document("one", "absorb", ["mx.old"], ["mx.new"], {OLD: NEW}, instant(NOW + DAY), **terms))

    def signed(self, data: bytes, *agencies: str) -> SignedDocument:
        signed = SignedDocument(data)
        for agency in agencies:
            signed = signed.sign(self.keys[agency][Purpose.ACCORD])
        return signed


@pytest.fixture
def world() -> World:
    view.forget()
    yield World()
    view.forget()


def published(register: Register, *signed: SignedDocument) -> Register:
    for one in signed:
        register = register.with_lineage(one.hash, one.to_bytes())
    return Register.parse(register.country, register.targets())


def test_an_event_counts_once_both_have_signed_the_same_bytes(world):
    data = world.event()
    load(published(world.with_successor(), world.signed(data, "mx.old")))
    assert not LineageEvent.objects.get().is_complete
    assert lineage.present_post(OLD, now=NOW + 2 * DAY) == OLD
    load(published(world.us, world.signed(data, "us.ntc")))
    assert LineageEvent.objects.get().is_complete
    assert lineage.present_post(OLD, now=NOW) == OLD
    assert lineage.present_post(OLD, now=NOW + 2 * DAY) == NEW
    assert lineage.line_of("mx.new") == {"mx.old", "mx.new"}


def test_old_signatures_stay_good_and_nothing_new_is_taken_after_the_last_day(world):
    data = world.event()
    load(published(world.with_successor(), world.signed(data, "mx.old", "us.ntc")))
    lineage.require_open_post(OLD, NOW + 9 * DAY)
    lineage.require_open_agency("mx.old", NOW + 9 * DAY)
    with pytest.raises(PostSucceededError) as told:
        lineage.require_open_post(OLD, NOW + 10 * DAY)
    assert told.value.params["successor"] == NEW
    with pytest.raises(AgencySucceededError):
        lineage.require_open_agency("mx.old", NOW + 10 * DAY)
    lineage.require_open_agency("mx.new", NOW + 10 * DAY)
    # The key, the post and the agency stay as rows: what they signed can be verified for ever.
    gone = replace(published(world.with_successor(), world.signed(data, "mx.old", "us.ntc")), agencies=())
    load(gone)
    assert Post.objects.filter(pk=OLD, listed=False).exists()
    assert Key.objects.filter(kid=world.keys["mx.old"][Purpose.MESSAGE].kid).exists()


@pytest.mark.parametrize("signers", [(), ("us.ntc",)])
def test_a_forged_event_leaves_the_whole_directory_as_it_was(world, signers):
    with pytest.raises(LineageForgedError):
        load(published(world.with_successor(), world.signed(world.event(), *signers)))
    assert not LineageEvent.objects.exists()


def test_a_signature_that_does_not_fit_is_a_forgery(world):
    other = world.signed(world.event(version=2), "mx.old")
    forged = SignedDocument(world.event(), other.signatures)
    with pytest.raises(LineageForgedError):
        load(published(world.with_successor(), forged))


def test_a_successor_whose_keys_nobody_vouches_for_is_refused(world):
    signed = world.signed(world.event(), "mx.old")
    with pytest.raises(DirectoryRejectedError):
        load(published(world.with_successor(vouched=False), signed))
    assert not Agency.objects.filter(pk="mx.new").exists()
    load(published(world.with_successor(), signed))


def test_the_root_may_vouch_for_a_successor_and_people_are_alarmed(world):
    from contraparte.directory.loading import load_register

    register = published(world.with_successor(vouched=False), world.signed(world.event(), "mx.old"))
    entries = [entry.model_copy(update={"vouched": {"root:one": "00"}}) for entry in register.keys]
    told = replace(register, keys=tuple(entries))
    load_register(told, now=NOW, root_vouches=lambda data, signatures: "one" in signatures)
    assert Alarm.objects.filter(code="key.vouched_by_root").exists()


def test_a_post_left_out_is_refused_where_the_event_is_made_and_where_it_is_read(world):
    register = world.with_successor()
    load(register)
    mx = register.with_agencies([agency_entry("mx.old", "desk", "annex")])
    load(mx)
    with pytest.raises(LineagePostMissingError):
        actions.sign_event(world.event(), country="mx", now=NOW)
    with pytest.raises(LineagePostMissingError):
        load(published(mx, world.signed(world.event(), "mx.old")))


def test_nodes_that_edit_one_mapping_at_the_same_time_end_with_the_same_version_and_lose_none(world):
    load(world.with_successor())
    first = actions.sign_event(world.event(), country="mx", now=NOW)
    ours = actions.sign_event(world.event(version=2), country="mx", now=NOW)
    theirs = actions.sign_event(world.event(version=2, accepts_until=instant(NOW + 20 * DAY)), country="us", now=NOW)
    winner = min(ours.hash, theirs.hash)
    assert lineage.proposal("one").hash == winner
    actions.agree_to_event("one", country="mx", now=NOW)
    assert actions.agree_to_event("one", country="us", now=NOW).is_complete
    assert [event.hash for event in lineage.events()] == [winner]
    assert {row.hash for row in lineage.versions()} == {first.hash, ours.hash, theirs.hash}
    # A version both had signed before still loses to the higher number, in whatever order the signatures come.
    actions.sign_event(bytes(first.document), country="us", now=NOW)
    assert [event.hash for event in lineage.events()] == [winner]


def test_nobody_signs_for_a_country_the_event_does_not_concern(world):
    load(world.with_successor())
    with pytest.raises(LineageCountryError):
        actions.sign_event(world.event(), country="ca", now=NOW)


def test_a_node_that_joins_later_believes_what_was_signed_before_its_time(world):
    signed = world.signed(world.event(), "mx.old", "us.ntc")
    register = world.with_successor().with_agencies([agency_entry("mx.old")])
    Key.objects.filter(agency__country="mx").delete()
    Post.objects.filter(agency__country="mx").delete()
    Agency.objects.filter(country="mx").delete()
    Country.objects.filter(pk="mx").delete()
    view.forget()
    load(published(register, signed))
    assert not Post.objects.filter(pk=OLD).exists()
    assert lineage.present_post(OLD, now=NOW + 2 * DAY) == NEW
