"""Accords in force: signatures of exactly the parties, suspension by one, resumption by both (P1.2, P1.3)."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from contraparte.directory import actions, keyfiles, queries
from contraparte.directory.models import Accord, Country, Suspension
from contraparte.directory.rules.accord import example
from contraparte.directory.rules.register import key_entry
from contraparte.directory.rules.signatures import SignedDocument
from contraparte.directory.rules.succession import vouch
from contraparte.protocol.errors import (
    AccordConflictError,
    AccordMissingError,
    AccordSignatureError,
    DirectoryRejectedError,
    DocumentMalformedError,
    LocalKeyMissingError,
)
from contraparte.protocol.keys import Purpose, generate
from tests.directory.factory import NOW, agency_entry, load, register_of

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.fixture
def accord_keys():
    """Two countries, each with one pinned accord key held here."""
    held = {country: generate(f"{country}.foreign", Purpose.ACCORD) for country in ("mx", "us")}
    keyfiles.keep_all(held.values())
    for country, key in held.items():
        load(register_of(country, [agency_entry(key.agency)], [key]))
    return held


def document(**changes) -> bytes:
    return json.dumps(example(**changes)).encode()


def signed(data: bytes, *countries: str) -> SignedDocument:
    result = SignedDocument(data)
    for country in countries:
        result = actions.sign_accord(result, country=country)
    return result


def adopted() -> Accord:
    return actions.adopt_accord(signed(document(), "mx", "us"), now=NOW)


def test_an_accord_signed_by_both_is_in_force_and_found_from_either_side(accord_keys):
    with pytest.raises(AccordMissingError):
        queries.accord_between("mx", "us", now=NOW)
    row = adopted()
    for pair in (("mx", "us"), ("us", "mx")):
        assert queries.accord_between(*pair, now=NOW).hash == row.hash
    assert queries.accord(row.pk).hash == row.hash
    assert not queries.is_suspended(row.pk)
    assert adopted().pk == row.pk


def test_an_accord_is_in_force_in_its_own_period_only(accord_keys):
    ends = "2026-06-01T00:00:00Z"
    actions.adopt_accord(signed(document(effective_until=ends), "mx", "us"), now=NOW)
    assert queries.accord_between("mx", "us", now=NOW)
    for moment in (NOW.replace(month=7), NOW.replace(year=2025)):
        with pytest.raises(AccordMissingError):
            queries.accord_between("mx", "us", now=moment)


def test_an_amended_accord_takes_a_new_id_and_follows_the_old_one(accord_keys):
    adopted()
    later = document(id="mx-us-traces-2", effective_from="2026-05-01T00:00:00Z")
    actions.adopt_accord(signed(later, "mx", "us"), now=NOW)
    assert queries.accord_between("mx", "us", now=NOW).id == "mx-us-traces"
    assert queries.accord_between("mx", "us", now=NOW.replace(month=6)).id == "mx-us-traces-2"
    with pytest.raises(AccordConflictError):
        actions.adopt_accord(signed(document(purposes=["other"]), "mx", "us"), now=NOW)


def test_signatures_that_are_not_exactly_those_of_the_parties_are_refused(accord_keys):
    stranger = generate("us.foreign", Purpose.ACCORD)
    other_purpose = generate("us.foreign", Purpose.MESSAGE)
    data = document()
    both = signed(data, "mx", "us")
    moved = replace(both, document=document(purposes=["other"]))
    wrong = {
        "none": SignedDocument(data),
        "one": signed(data, "mx"),
        "a stranger": signed(data, "mx").sign(stranger),
        "another purpose": signed(data, "mx").sign(other_purpose),
        "three": both.sign(stranger),
        "other bytes": moved,
        "one byte": replace(both, signatures=tuple((kid, value[:-1] + b"\0") for kid, value in both.signatures)),
        "swapped": replace(
            both,
            signatures=tuple(zip([k for k, _ in both.signatures], [v for _, v in both.signatures][::-1], strict=True)),
        ),
    }
    for name, bad in wrong.items():
        with pytest.raises(AccordSignatureError):
            actions.adopt_accord(bad, now=NOW)
        assert not Accord.objects.exists(), name


def test_a_domestic_order_bears_one_signature_and_no_second(accord_keys):
    permits = [{"types": ["trace.*"], "from": "us", "to": "us"}]
    order = document(id="us-order", parties=["us", "us"], permits=permits)
    second = generate("us.foreign", Purpose.ACCORD)
    first = accord_keys["us"]
    entries = [key_entry(first.public()), vouch(key_entry(second.public()), first)]
    load(
        replace(
            register_of("us", [agency_entry("us.foreign")], [first]).with_keys(entries),
            accord_keys=(first.kid, second.kid),
        )
    )
    with pytest.raises(AccordSignatureError):
        actions.adopt_accord(signed(order, "us").sign(second), now=NOW)
    actions.adopt_accord(signed(order, "us"), now=NOW)
    assert queries.accord_between("us", "us", now=NOW).is_domestic
    with pytest.raises(AccordMissingError):
        queries.accord_between("mx", "mx", now=NOW)
    with pytest.raises(AccordMissingError):
        actions.sign_accord(order, country="mx")


def test_an_accord_is_adopted_from_the_directories_once_the_second_party_is_known():
    held = {country: generate(f"{country}.foreign", Purpose.ACCORD) for country in ("mx", "us")}
    both = SignedDocument(document()).sign(held["mx"]).sign(held["us"])
    proposal = SignedDocument(document(id="draft")).sign(held["mx"])
    for country, key in held.items():
        assert not Accord.objects.exists()
        register = register_of(country, [agency_entry(key.agency)], [key]).with_accord("mx-us-traces", both.to_bytes())
        load(register.with_accord("draft", proposal.to_bytes()))
    assert list(Accord.objects.values_list("pk", flat=True)) == ["mx-us-traces"]


def test_a_country_publishes_only_accords_it_is_a_party_of(accord_keys):
    signed_here = SignedDocument(document(parties=["us", "us"], permits=[{"types": ["a.*"], "from": "us", "to": "us"}]))
    key = accord_keys["mx"]
    register = register_of("mx", [agency_entry("mx.foreign")], [key]).with_accord("x", signed_here.to_bytes())
    with pytest.raises(DocumentMalformedError):
        load(register)


def test_the_pinned_accord_key_changes_only_with_its_own_signature(accord_keys):
    old, new = accord_keys["mx"], generate("mx.foreign", Purpose.ACCORD)
    elsewhere = generate("mx.fgr", Purpose.ACCORD)
    register = register_of("mx", [agency_entry("mx.foreign"), agency_entry("mx.fgr")], [old])
    for stray in (new, elsewhere):  # one that follows nobody, and one of an agency that never had an accord key
        taken = replace(register.with_keys([key_entry(stray.public())]), accord_keys=(stray.kid,))
        with pytest.raises(DirectoryRejectedError):
            load(taken)
    followed = register.with_keys([vouch(key_entry(new.public()), old)])
    load(replace(followed, accord_keys=(old.kid, new.kid)))
    assert Country.objects.get(pk="mx").accord_kids == [old.kid, new.kid]


def test_a_stolen_accord_key_signs_nothing_new_and_what_it_signed_stays(accord_keys):
    row = adopted()
    key = accord_keys["us"]
    register = register_of("us", [agency_entry("us.foreign")], [key])
    load(register.with_keys([key_entry(key.public(), status="compromised")]))
    assert adopted() == row
    with pytest.raises(AccordSignatureError):
        actions.adopt_accord(signed(document(id="another"), "mx", "us"), now=NOW)
    with pytest.raises(AccordSignatureError):
        actions.suspend_accord(row.pk, country="us", now=NOW)


def test_two_documents_under_one_id_alarm_people_and_hold_up_nothing_else(accord_keys):
    row = adopted()
    other = signed(document(purposes=["other"]), "mx", "us")
    register = register_of("us", [agency_entry("us.foreign", "desk")], [accord_keys["us"]])
    for days in range(3):  # the same document again is no news
        load(register.with_accord(row.pk, other.to_bytes()), NOW + timedelta(days=days))
    assert queries.accord(row.pk).hash == row.hash
    assert queries.post("us.foreign/desk")
    (alarm,) = queries.alarms()
    assert (alarm.code, alarm.at) == ("accord.conflict", NOW)
    third = signed(document(purposes=["third"]), "mx", "us")
    load(register.with_accord(row.pk, third.to_bytes()))
    assert len(queries.alarms()) == 2


def test_either_party_suspends_alone_and_only_both_resume(accord_keys):
    row = adopted()
    actions.suspend_accord(row.pk, country="us", now=NOW)
    assert queries.is_suspended(row.pk)
    half = actions.resume_accord(row.pk, country="us", now=NOW + HOUR)
    assert not half.is_complete
    assert queries.is_suspended(row.pk)
    whole = actions.resume_accord(row.pk, country="mx", now=NOW + 2 * HOUR)
    assert (whole.pk, whole.is_complete) == (half.pk, True)
    assert not queries.is_suspended(row.pk)


def test_a_suspension_made_after_the_resumption_was_drafted_stays(accord_keys):
    row = adopted()
    actions.suspend_accord(row.pk, country="us", now=NOW)
    actions.resume_accord(row.pk, country="us", now=NOW + HOUR)
    actions.suspend_accord(row.pk, country="mx", now=NOW + 2 * HOUR)
    assert not actions.resume_accord(row.pk, country="mx", now=NOW + 3 * HOUR).is_complete
    assert queries.is_suspended(row.pk)
    assert actions.resume_accord(row.pk, country="us", now=NOW + 4 * HOUR).is_complete
    assert not queries.is_suspended(row.pk)


def test_statements_travel_as_files_and_by_directory_and_their_signatures_add_up(accord_keys):
    row = adopted()
    suspension = actions.signed_statement(actions.suspend_accord(row.pk, country="us", now=NOW)).to_bytes()
    half = actions.resume_accord(row.pk, country="us", now=NOW + HOUR)
    first = actions.signed_statement(half)
    second = SignedDocument(first.document).sign(accord_keys["mx"])
    Suspension.objects.all().delete()
    actions.take_statement(suspension)
    actions.take_statement(suspension)
    actions.take_statement(second.to_bytes())
    assert queries.is_suspended(row.pk)
    register = register_of("us", [agency_entry("us.foreign")], [accord_keys["us"]])
    load(register.with_suspension(first.hash, first.to_bytes()))
    assert not queries.is_suspended(row.pk)


def test_a_forged_statement_suspends_nothing(accord_keys):
    row = adopted()
    true = actions.signed_statement(actions.suspend_accord(row.pk, country="us", now=NOW))
    Suspension.objects.all().delete()
    for forged in (
        SignedDocument(true.document),
        SignedDocument(true.document).sign(generate("us.foreign", Purpose.ACCORD)),
        SignedDocument(true.document).sign(accord_keys["mx"]),
        SignedDocument(true.document).merge([(accord_keys["us"].kid, b"\0" * 64)]),
    ):
        with pytest.raises(AccordSignatureError):
            actions.take_statement(forged.to_bytes())
    for other in (b'"mx-us-traces"', row.hash.encode()):
        changed = true.document.replace(other, b'"another"' if b"-" in other else b"0" * 64)
        with pytest.raises(AccordMissingError):
            actions.take_statement(SignedDocument(changed).sign(accord_keys["us"]).to_bytes())
    with pytest.raises(DocumentMalformedError):
        actions.take_statement(b"{}")
    assert not Suspension.objects.exists()


def test_without_the_accord_key_nobody_signs_here(accord_keys):
    row = adopted()
    file = keyfiles.folder() / (accord_keys["us"].kid.replace("#", "__") + ".key")
    file.unlink()
    from contraparte.directory import view

    view.forget()
    for act in (
        lambda: actions.suspend_accord(row.pk, country="us", now=NOW),
        lambda: actions.resume_accord(row.pk, country="us", now=NOW),
        lambda: actions.sign_accord(document(), country="us"),
    ):
        with pytest.raises(LocalKeyMissingError):
            act()
