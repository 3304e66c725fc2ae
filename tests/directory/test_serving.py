"""Serving a directory over HTTP and fetching it: exact names only, bounded, and no redirects."""

from datetime import datetime, timedelta

import pytest
from tuf.api.exceptions import DownloadError, DownloadHTTPError, DownloadLengthMismatchError

from contraparte.directory import client, fetching, publisher, queries, store
from contraparte.directory.fetching import FolderFetcher, HttpFetcher
from contraparte.directory.models import Alarm, Country
from tests.directory.factory import NOW, agency_entry, register_of


@pytest.fixture
def published(roots):
    mark = publisher.create_directory("mx", root_folder=roots, now=NOW)
    publisher.publish(register_of("mx", [agency_entry("mx.fgr", "traces")], []), now=NOW)
    return mark


@pytest.mark.django_db
def test_what_is_published_is_served_with_lasting_names_cached(published, client):
    fresh = client.get("/directory/mx/metadata/timestamp.json")
    assert (fresh.status_code, fresh["Cache-Control"]) == (200, "no-cache")
    lasting = client.get("/directory/mx/metadata/1.root.json")
    assert (lasting.content, "immutable" in lasting["Cache-Control"]) == (publisher.first_root("mx"), True)
    again = client.get("/directory/mx/metadata/1.root.json", headers={"If-None-Match": lasting["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    for file in (store.published_folder("mx") / "targets").glob("*.json"):
        assert client.get(f"/directory/mx/targets/{file.name}").content == file.read_bytes()
    head = client.head("/directory/mx/metadata/timestamp.json")
    assert (head.status_code, head.content) == (200, b"")


@pytest.mark.django_db
@pytest.mark.parametrize(
    "path",
    [
        "mx/metadata/root.json",
        "mx/metadata/2.root.json",
        "mx/metadata/01.root.json",
        "mx/metadata/.lock",
        "mx/metadata/..%2f..%2fkeys%2fdjango-secret",
        "mx/metadata/%2e%2e/%2e%2e/node.toml",
        "mx/targets/../metadata/1.root.json",
        "mx/targets/agencies.json",
        "mx/targets/accords/../../metadata/1.root.json",
        "mx/targets/" + "0" * 64 + ".agencies.json",
        "MX/metadata/timestamp.json",
        "us/metadata/timestamp.json",
        "published/metadata/timestamp.json",
        "../mx/metadata/timestamp.json",
        "mx/metadata/timestamp.json%00",
        "mx/metadata/timestamp.json%0a",
    ],
)
def test_any_other_name_is_not_found(published, client, path):
    assert client.get(f"/directory/{path}").status_code == 404


@pytest.mark.django_db
def test_nothing_can_be_sent_to_it(published, client):
    for method in (client.post, client.put, client.delete):
        assert method("/directory/mx/metadata/timestamp.json").status_code == 405


@pytest.mark.django_db
def test_a_node_refreshes_over_real_http(published, live_server):
    client.trust_root("mx", publisher.first_root("mx"), published, url=live_server.url, now=NOW)
    client.refresh("mx", now=NOW, fetcher=HttpFetcher())
    assert queries.post("mx.fgr/traces").agency_id == "mx.fgr"


@pytest.mark.django_db
def test_a_value_nobody_thought_of_refuses_that_directory_alarms_and_lets_the_others_be_read(published, monkeypatch):
    client.trust_root("mx", publisher.first_root("mx"), published, url="http://127.0.0.1:1", now=NOW)
    Country.objects.create(id="zz", root_fingerprint="x")
    monkeypatch.setattr(client, "_update", lambda *_: datetime.max + timedelta(days=1))
    told = client.refresh_all(now=NOW)
    assert {country: error.code for country, error in told.items()} == {
        "mx": "directory.rejected",
        "zz": "directory.untrusted",
    }
    assert "OverflowError" in Country.objects.get(pk="mx").failure
    assert Alarm.objects.get(country_id="mx").code == "directory.rejected"


def test_a_kept_connection_closed_when_it_is_used_again_costs_nothing(rude):
    fetcher = HttpFetcher()
    for _ in range(3):
        assert fetcher.download_bytes(f"{rude}/once", 1000) == b"x" * 1000


def test_the_fetcher_bounds_and_follows_nowhere(rude, monkeypatch):
    fetcher = HttpFetcher()
    assert fetcher.download_bytes(f"{rude}/ok", 1000) == b"x" * 1000
    with pytest.raises(DownloadLengthMismatchError):
        fetcher.download_bytes(f"{rude}/ok", 999)
    with pytest.raises(DownloadHTTPError):
        fetcher.download_bytes(f"{rude}/redirect", 1000)
    with pytest.raises(DownloadHTTPError):
        fetcher.download_bytes(f"{rude}/endless", 1000)
    with pytest.raises(DownloadError):
        fetcher.download_bytes(f"{rude}/cut", 1000)
    with pytest.raises(DownloadError):
        fetcher.download_bytes("http://127.0.0.1:1/none", 1000)
    monkeypatch.setattr(fetching, "WHOLE_S", 0.2)
    with pytest.raises(DownloadError, match="ConnectionError"):
        fetcher.download_bytes(f"{rude}/drip", 1000)


def test_a_folder_serves_only_what_a_publisher_writes(tmp_path):
    (tmp_path / "metadata").mkdir()
    (tmp_path / "secret.json").write_bytes(b"secret")
    (tmp_path / "metadata" / "timestamp.json").write_bytes(b"{}")
    fetcher = FolderFetcher(tmp_path)
    base = "http://x/directory/mx/metadata/"
    assert fetcher.download_bytes(f"{base}timestamp.json", 10) == b"{}"
    for name in ("../secret.json", "%2e%2e/secret.json", "secret.json", ""):
        with pytest.raises(DownloadHTTPError):
            fetcher.download_bytes(base + name, 10)
