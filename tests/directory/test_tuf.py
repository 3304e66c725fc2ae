"""A country's directory over TUF: what an honest mirror brings, and what a lying one cannot (P1.1, P1.7)."""

import json
import shutil
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings

from contraparte.directory import actions, client, publisher, queries, store
from contraparte.directory.models import Agency, Alarm, Country, Key, LineageEvent
from contraparte.directory.rules.freshness import Freshness
from contraparte.directory.rules.register import Register, key_entry
from contraparte.directory.rules.signatures import SignedDocument
from contraparte.protocol.encoding import canonical_json, instant
from contraparte.protocol.errors import (
    AddressInsecureError,
    DirectoryRejectedError,
    DirectoryUnreachableError,
    DirectoryUntrustedError,
    DocumentMalformedError,
    LineageForgedError,
    LocalKeyMissingError,
    RootFingerprintError,
)
from contraparte.protocol.keys import Purpose, generate
from tests.directory.factory import NOW, agency_entry, make_keys, register_of
from tests.directory.lineage_events import event
from tests.directory.mirror import Mirror, files_of

pytestmark = pytest.mark.django_db
FGE = "mx.fge-son"
URL = "https://directory.test"
DAY = timedelta(days=1)


@pytest.fixture
def register() -> Register:
    return register_of("mx", [agency_entry(FGE, "firearms")], make_keys(FGE).values())


@pytest.fixture
def trusted(roots: Path, register: Register) -> Register:
    """mx published, pinned and refreshed once."""
    mark = publisher.create_directory("mx", root_folder=roots, now=NOW)
    publisher.publish(register, now=NOW)
    client.trust_root("mx", publisher.first_root("mx"), mark, url=URL, now=NOW)
    client.refresh("mx", now=NOW, fetcher=mirror())
    return register


def mirror() -> Mirror:
    return Mirror(files_of(store.published_folder("mx")))


def seen() -> tuple[object, ...]:
    """All that a refused update must leave as it was."""
    current = (store.trusted_folder("mx") / "current").resolve()
    rows = Country.objects.values_list("root_version", "timestamp_version", "targets_version", "expires_at")
    return (
        sorted(files_of(current).items()),
        list(rows),
        list(Agency.objects.values_list("id", "name_en", "listed")),
        list(Key.objects.values_list("kid", "status")),
    )


def refused(fetcher: Mirror, *, now=NOW, error: type[Exception] = DirectoryRejectedError) -> None:
    before = seen()
    with pytest.raises(error):
        client.refresh("mx", now=now, fetcher=fetcher)
    assert seen() == before
    assert Country.objects.get(pk="mx").failure


def renamed(register: Register, name: str) -> Register:
    return register.with_agencies([agency_entry(FGE, "firearms", name={"en": name, "es": name})])


def test_a_refresh_brings_agencies_posts_and_keys(trusted):
    row = Country.objects.get(pk="mx")
    assert (row.root_version, row.timestamp_version, row.targets_version) == (1, 1, 1)
    assert row.expires_at == NOW + publisher.GOOD_FOR["timestamp"]
    assert queries.post(f"{FGE}/firearms").agency_id == FGE
    assert Key.objects.count() == len(trusted.keys)
    client.refresh("mx", now=NOW, fetcher=mirror())
    assert queries.freshness(NOW, "mx") is Freshness.FRESH


def test_a_second_refresh_fetches_no_target_again(trusted):
    again = mirror()
    client.refresh("mx", now=NOW, fetcher=again)
    assert not [path for path in again.asked if path.startswith("targets/")]


def test_a_change_is_seen_and_what_left_the_list_stays_resolvable(trusted):
    other = agency_entry("mx.fgr", "traces")
    publisher.publish(replace(renamed(trusted, "New name"), agencies=(other,), keys=()), now=NOW)
    client.refresh("mx", now=NOW, fetcher=mirror())
    assert [post.pk for post in queries.who_handles("trace.request/1")] == ["mx.fgr/traces"]
    assert not queries.agency(FGE).listed
    assert queries.post(f"{FGE}/firearms").name_en == "firearms"


def test_publishing_the_same_again_makes_no_new_version(trusted):
    assert publisher.publish(trusted, now=NOW).timestamp_version == 1
    assert publisher.current_register("mx").targets() == trusted.targets()


def test_the_daily_renewal_keeps_the_view_fresh_and_the_content_as_it_is(trusted):
    for day in range(1, 120):
        (state,) = publisher.renew_all(now=NOW + day * DAY)
        if day % 6 == 0:
            client.refresh("mx", now=NOW + day * DAY, fetcher=mirror())
            assert queries.freshness(NOW + day * DAY, "mx") is Freshness.FRESH
    assert state.targets_version == 2
    assert publisher.current_register("mx").targets() == trusted.targets()


def test_an_older_state_played_back_is_refused(trusted):
    old = mirror()
    publisher.publish(renamed(trusted, "New"), now=NOW)
    client.refresh("mx", now=NOW, fetcher=mirror())
    refused(old)


def test_an_older_state_is_refused_even_when_the_trusted_files_were_lost(trusted):
    old = mirror()
    publisher.publish(renamed(trusted, "New"), now=NOW)
    client.refresh("mx", now=NOW, fetcher=mirror())
    (store.trusted_folder("mx") / "current").unlink()
    with pytest.raises(DirectoryRejectedError):
        client.refresh("mx", now=NOW, fetcher=old)
    assert queries.agency(FGE).name_en == "New"
    client.refresh("mx", now=NOW, fetcher=mirror())


def test_a_frozen_directory_goes_stale_and_then_expires(trusted):
    frozen = mirror()
    late = NOW + publisher.GOOD_FOR["timestamp"]
    refused(frozen, now=late)
    assert queries.freshness(late - timedelta(seconds=1), "mx") is Freshness.FRESH
    assert queries.freshness(late, "mx") is Freshness.STALE
    assert queries.freshness(late + 30 * DAY - timedelta(seconds=1), "mx") is Freshness.STALE
    assert queries.freshness(late + 30 * DAY, "mx") is Freshness.EXPIRED


@pytest.mark.parametrize("name", ["timestamp.json", "2.snapshot.json", "2.targets.json", "2.root.json"])
def test_a_file_that_never_ends_is_cut_off(trusted, name):
    publisher.publish(renamed(trusted, "New"), now=NOW)
    attack = mirror()
    attack.files.setdefault(f"metadata/{name}", b"")
    attack.endless = f"metadata/{name}"
    refused(attack)
    assert attack.sent_bytes < 3_000_000


def test_a_target_that_never_ends_is_cut_off_at_its_signed_length(trusted):
    publisher.publish(renamed(trusted, "New"), now=NOW)
    attack = mirror()
    attack.endless = next(
        path for path in attack.files if path.endswith(".agencies.json") and "New" in attack.files[path].decode()
    )
    refused(attack)
    assert attack.sent_bytes < 200_000


@pytest.mark.parametrize("name", ["timestamp", "2.snapshot", "2.targets", "target"])
def test_a_changed_byte_is_refused(trusted, name):
    publisher.publish(renamed(trusted, "Newname"), now=NOW)
    attack = mirror()
    if name == "target":
        path = next(path for path, data in attack.files.items() if path.startswith("targets/") and b"Newname" in data)
        attack.change(path, lambda data: data.replace(b"Newname", b"Newnane"))
    else:
        version = b'"version":2'
        attack.change(f"metadata/{name}.json", lambda data: data.replace(version, b'"version":9', 1))
    refused(attack)


def test_metadata_signed_by_a_strangers_key_is_refused(trusted, tmp_path):
    publisher.publish(renamed(trusted, "New"), now=NOW)
    true = mirror()
    shutil.rmtree(store.published_folder("mx"))
    for file in (settings.HOME.path / "keys").glob("directory-mx-*"):
        file.unlink()
    publisher.create_directory("mx", root_folder=tmp_path / "stranger", now=NOW)
    for _ in range(3):
        publisher.publish(renamed(trusted, f"Forged {_}"), now=NOW)
    forged = mirror()
    forged.files["metadata/1.root.json"] = true.files["metadata/1.root.json"]
    refused(forged)


def test_parts_of_two_true_states_do_not_mix(trusted):
    publisher.publish(renamed(trusted, "Second"), now=NOW)
    second = mirror()
    publisher.publish(renamed(trusted, "Third"), now=NOW)
    third = mirror()
    third.files["metadata/3.targets.json"] = second.files["metadata/2.targets.json"]
    refused(third)
    third = mirror()
    third.files["metadata/3.snapshot.json"] = second.files["metadata/2.snapshot.json"]
    refused(third)


def test_a_broken_connection_changes_nothing_and_the_next_try_works(trusted):
    publisher.publish(renamed(trusted, "New"), now=NOW)
    attack = mirror()
    attack.cut = "metadata/2.targets.json"
    refused(attack, error=DirectoryUnreachableError)
    client.refresh("mx", now=NOW, fetcher=mirror())
    assert queries.agency(FGE).name_en == "New"
    assert Country.objects.get(pk="mx").failure == ""


@pytest.mark.parametrize("junk", [b"", b"{}", b"[" * 100_000, b"\xff\xfe", b'{"signed":{},"signatures":[]}', b"null"])
def test_junk_instead_of_metadata_is_refused(trusted, junk):
    for name in ("timestamp.json", "2.root.json"):
        attack = mirror()
        attack.files[f"metadata/{name}"] = junk
        refused(attack)


def test_well_signed_nonsense_is_refused_and_named(trusted, monkeypatch):
    """Whoever holds a country's targets key still cannot speak for another country or break the rows."""
    keys = generate("us.atf", Purpose.MESSAGE)
    for wrong in (
        replace(trusted, agencies=(*trusted.agencies, agency_entry("us.atf", "traces"))),
        replace(trusted, keys=(*trusted.keys, key_entry(keys.public()))),
        replace(trusted, keys=(*trusted.keys, trusted.keys[0])),
        replace(trusted, accord_keys=(trusted.keys[0].kid,)),
        replace(trusted, accords={"x": b"{}"}),
    ):
        with pytest.raises(DocumentMalformedError):
            client_side(wrong)


def test_a_forged_statement_of_succession_leaves_everything_as_it_was_and_is_recorded(trusted):
    told = event("one", "absorb", [FGE], ["mx.new"], {f"{FGE}/firearms": "mx.new/firearms"}, instant(NOW))
    document = canonical_json(told.document.model_dump(mode="json", by_alias=True))
    register = trusted.with_agencies([agency_entry("mx.new", "firearms")])
    outsider = generate("us.atf", Purpose.ACCORD)
    stolen = generate(FGE, Purpose.ACCORD)  # of the country, and pinned by nobody
    for signed in (SignedDocument(document).sign(outsider), SignedDocument(document).sign(stolen)):
        with pytest.raises(LineageForgedError):
            client_side(register.with_lineage(signed.hash, signed.to_bytes()))
        assert Country.objects.get(pk="mx").failure
    assert not LineageEvent.objects.exists()


def client_side(register: Register) -> None:
    """Publish without the publisher's own check, as a compromised publisher would, and refresh from it."""
    from contraparte.directory.publisher import _write

    _write("mx", register.targets(), NOW)
    before = seen()
    try:
        client.refresh("mx", now=NOW, fetcher=mirror())
    finally:
        assert seen() == before


def test_new_online_keys_under_a_new_root_are_followed(trusted, roots):
    assert publisher.rotate_root("mx", root_folder=roots, now=NOW, fresh_online=True, fresh_root=True) == 2
    publisher.publish(renamed(trusted, "After"), now=NOW)
    client.refresh("mx", now=NOW, fetcher=mirror())
    assert queries.agency(FGE).name_en == "After"
    assert Country.objects.get(pk="mx").root_version == 2
    kept = (store.trusted_folder("mx") / "current" / "root_history").glob("*.root.json")
    assert sorted(file.name for file in kept) == ["1.root.json", "2.root.json"]
    assert publisher.rotate_root("mx", root_folder=roots, now=NOW) == 3
    client.refresh("mx", now=NOW, fetcher=mirror())


def test_a_root_below_the_threshold_cannot_be_made_and_is_not_followed(trusted, roots):
    for file in sorted(roots.glob("mx-root-*"))[:2]:
        file.unlink()
    with pytest.raises(LocalKeyMissingError):
        publisher.rotate_root("mx", root_folder=roots, now=NOW)
    attack = mirror()
    root = json.loads(attack.files["metadata/1.root.json"])
    root["signed"]["version"] = 2
    attack.files["metadata/2.root.json"] = json.dumps(root).encode()
    refused(attack)


def test_a_first_root_is_pinned_only_with_the_fingerprint_handed_over(roots, register):
    mark = publisher.create_directory("mx", root_folder=roots, now=NOW)
    root = publisher.first_root("mx")
    for wrong in ("", "0" * 64, mark[:-1] + ("0" if mark[-1] != "0" else "1")):
        with pytest.raises(RootFingerprintError):
            client.trust_root("mx", root, wrong, url=URL, now=NOW)
    assert not Country.objects.exists()
    with pytest.raises(DirectoryUntrustedError):
        client.refresh("mx", now=NOW, fetcher=mirror())
    spoken = " ".join(mark.upper()[at : at + 4] for at in range(0, 64, 4))
    assert client.trust_root("mx", root, spoken, url=URL, now=NOW).root_fingerprint == mark


def test_another_first_root_never_takes_the_place_of_the_pinned_one(trusted, tmp_path):
    shutil.rmtree(store.published_folder("mx"))
    for file in (settings.HOME.path / "keys").glob("directory-mx-*"):
        file.unlink()
    mark = publisher.create_directory("mx", root_folder=tmp_path / "other", now=NOW)
    with pytest.raises(RootFingerprintError):
        client.trust_root("mx", publisher.first_root("mx"), mark, url=URL, now=NOW)


@pytest.mark.parametrize(
    "url", ["http://directory.test", "https://x/y", "ftp://x", "https://a@b", "", "http://127.0.0.1.evil.test"]
)
def test_a_directory_is_fetched_over_tls_or_from_this_machine(roots, url):
    mark = publisher.create_directory("mx", root_folder=roots, now=NOW)
    with pytest.raises(AddressInsecureError):
        client.trust_root("mx", publisher.first_root("mx"), mark, url=url, now=NOW)
    assert not Country.objects.exists()


def test_a_root_that_its_own_keys_did_not_sign_is_no_root(roots):
    publisher.create_directory("mx", root_folder=roots, now=NOW)
    root = json.loads(publisher.first_root("mx"))
    root["signatures"] = root["signatures"][:1]
    data = json.dumps(root).encode()
    with pytest.raises(DirectoryRejectedError):
        client.trust_root("mx", data, publisher.fingerprint(data), url=URL, now=NOW)


def test_an_unvouched_key_is_believed_with_the_roots_threshold_and_people_are_alarmed(trusted, roots):
    stray = key_entry(generate(FGE, Purpose.MESSAGE).public())
    publisher.publish(trusted.with_keys([stray]), now=NOW)
    refused(mirror())
    assert Alarm.objects.get().code == "directory.rejected"
    publisher.publish(trusted.with_keys([publisher.vouch_by_root(stray, "mx", root_folder=roots)]), now=NOW)
    client.refresh("mx", now=NOW, fetcher=mirror())
    assert Alarm.objects.filter(code="key.vouched_by_root", subject=stray.kid).count() == 1


def test_one_root_key_alone_vouches_for_nothing(trusted, roots):
    stray = key_entry(generate(FGE, Purpose.MESSAGE).public())
    vouched = publisher.vouch_by_root(stray, "mx", root_folder=roots)
    one = dict([next(iter(vouched.vouched.items()))])
    publisher.publish(trusted.with_keys([stray.model_copy(update={"vouched": one})]), now=NOW)
    refused(mirror())


def test_the_publisher_itself_refuses_what_readers_would_refuse(trusted):
    with pytest.raises(DocumentMalformedError):
        publisher.publish(replace(trusted, agencies=()), now=NOW)
    assert publisher.current_register("mx").targets() == trusted.targets()


def test_a_publication_torn_before_the_timestamp_is_not_seen_and_is_mended_by_the_next(trusted):
    before = (store.published_folder("mx") / "metadata" / "timestamp.json").read_bytes()
    publisher.publish(renamed(trusted, "Torn"), now=NOW)
    store.write_file(store.published_folder("mx") / "metadata" / "timestamp.json", before)
    client.refresh("mx", now=NOW, fetcher=mirror())
    assert queries.agency(FGE).name_en != "Torn"
    publisher.publish(renamed(trusted, "Whole"), now=NOW)
    client.refresh("mx", now=NOW, fetcher=mirror())
    assert queries.agency(FGE).name_en == "Whole"


def test_unknown_fields_of_a_directory_are_kept(trusted):
    entry = agency_entry(FGE, "firearms", motto={"en": "x"})
    publisher.publish(replace(trusted.with_agencies([entry]), unknown={"agencies.json": {"lineage": []}}), now=NOW)
    client.refresh("mx", now=NOW, fetcher=mirror())
    assert queries.agency(FGE).extra == {"motto": {"en": "x"}}
    assert publisher.current_register("mx").unknown["agencies.json"] == {"lineage": []}
    assert Country.objects.get(pk="mx").extra["agencies.json"] == {"lineage": []}


def test_a_published_country_is_refreshed_from_its_own_folder(trusted):
    publisher.publish(renamed(trusted, "Own"), now=NOW)
    assert client.refresh_all(now=NOW) == {"mx": None}
    assert queries.agency(FGE).name_en == "Own"


def test_a_hundred_custodians_are_made_and_published_in_seconds(roots):
    import time

    began = time.perf_counter()
    ids = [f"us.dealer-{number:03d}" for number in range(120)]
    entries = actions.make_keys(ids, now=NOW)
    register = Register("us").with_agencies(agency_entry(one, "book", operator="us.atf") for one in ids)
    publisher.create_directory("us", root_folder=roots, now=NOW)
    publisher.publish(register.with_keys(entries), now=NOW)
    root = publisher.first_root("us")
    client.trust_root("us", root, publisher.fingerprint(root), url=URL, now=NOW)
    client.refresh("us", now=NOW)
    assert Key.objects.count() == 600
    assert time.perf_counter() - began < 15
