"""Backups are read to their end before anything of them is used."""

import io
import tarfile

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contraparte.node import backup
from contraparte.node.backup import Manifest, Part
from contraparte.node.database_copy import BackupDamagedError
from contraparte.node.founding import HomeTakenError, Settings, found

FILES = {"node.toml": b"[node]\n", "database/node.sqlite3": bytes(range(256)) * 9, "policies/own.cedar": b"permit();"}


def make(target, files=FILES, manifest=None):
    import hashlib

    parts = tuple(Part(name, len(data), hashlib.sha256(data).hexdigest()) for name, data in files.items())
    head = manifest or Manifest("n", "mx.a", "2026-01-01T00:00:00+00:00", "sqlite", {"a/b/2026": 3}, ("x.0001",), parts)
    with tarfile.open(target, "w") as tar:
        for name, data in {backup.MANIFEST: head.to_bytes(), **files}.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            tar.addfile(entry, io.BytesIO(data))
    return target


def moment():
    from datetime import UTC, datetime

    return datetime(2026, 3, 1, tzinfo=UTC)


def test_a_whole_backup_is_restored_whole(tmp_path):
    home = tmp_path / "home"
    manifest = backup.restore(make(tmp_path / "b.tar"), home, now=moment())
    assert manifest.heads == {"a/b/2026": 3}
    assert (home / "node.sqlite3").read_bytes() == FILES["database/node.sqlite3"]
    assert (home / "policies" / "own.cedar").read_bytes() == FILES["policies/own.cedar"]
    assert (home / backup.RESTORED).exists()
    assert [entry.name for entry in tmp_path.iterdir() if entry.name.startswith(".")] == []


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(st.sampled_from(sorted(FILES)), st.integers(0, 10_000), st.integers(1, 255))
def test_any_changed_byte_of_a_part_is_found_and_nothing_is_made(tmp_path, name, place, change):
    source = make(tmp_path / "b.tar")
    data = bytearray(source.read_bytes())
    with tarfile.open(source) as tar:
        member = tar.getmember(name)
        data[member.offset_data + place % member.size] ^= change
    source.write_bytes(data)
    with pytest.raises(BackupDamagedError, match="not what was backed up"):
        backup.restore(source, tmp_path / "home", now=moment())
    assert not (tmp_path / "home").exists()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(st.integers(0, 8_000))
def test_a_backup_cut_short_is_refused(tmp_path, length):
    whole = make(tmp_path / "whole.tar")
    with tarfile.open(whole) as tar:
        last = tar.getmembers()[-1]
    data = whole.read_bytes()[: min(length, last.offset_data + last.size - 1)]
    cut = tmp_path / "cut.tar"
    cut.write_bytes(data)
    with pytest.raises(BackupDamagedError):
        backup.verify(cut)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(st.binary(max_size=3_000))
def test_no_bytes_are_taken_for_a_backup(tmp_path, data):
    file = tmp_path / "x.tar"
    file.write_bytes(data)
    with pytest.raises(BackupDamagedError):
        backup.verify(file)


@given(st.binary(max_size=400))
def test_no_bytes_are_taken_for_a_manifest(data):
    with pytest.raises(BackupDamagedError):
        Manifest.parse(data)


@pytest.mark.parametrize(
    "name", ["../x", "/etc/passwd", "keys/a.key", "guard/x", "database/../../x", "a\\b", "", "database//x", "run/x"]
)
def test_a_name_that_leads_elsewhere_is_refused(tmp_path, name):
    source = make(tmp_path / "b.tar", {"node.toml": b"x"})
    with tarfile.open(source) as tar:
        manifest = Manifest.parse(tar.extractfile(backup.MANIFEST).read())
    bad = Manifest(**{**{f: getattr(manifest, f) for f in manifest.__slots__}, "parts": (Part(name, 1, "0" * 64),)})
    with pytest.raises(BackupDamagedError):
        Manifest.parse(bad.to_bytes())


def test_a_part_too_many_too_few_or_out_of_place_is_refused(tmp_path):
    with tarfile.open(make(tmp_path / "b.tar")) as tar:
        manifest = Manifest.parse(tar.extractfile(backup.MANIFEST).read())
    less = dict(list(FILES.items())[:-1])
    with pytest.raises(BackupDamagedError, match="missing"):
        backup.verify(make(tmp_path / "less.tar", less, manifest))
    with pytest.raises(BackupDamagedError, match="not where"):
        backup.verify(make(tmp_path / "more.tar", {**FILES, "policies/x": b""}, manifest))
    with pytest.raises(BackupDamagedError, match="not where"):
        backup.verify(make(tmp_path / "turned.tar", dict(reversed(FILES.items())), manifest))


def test_a_home_in_use_is_never_restored_over(tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    (home / "mine").write_text("x")
    with pytest.raises(HomeTakenError):
        backup.restore(make(tmp_path / "b.tar"), home, now=moment())
    with pytest.raises(HomeTakenError):
        found(home, Settings("x"), now=moment())
    assert [file.name for file in home.iterdir()] == ["mine"]


def test_keys_travel_apart_and_nothing_else_with_them(tmp_path):
    home, new = tmp_path / "home", tmp_path / "new"
    (home / "keys").mkdir(parents=True)
    new.mkdir()
    (home / "keys" / "a.key").write_bytes(b"secret")
    assert backup.save_keys(tmp_path / "k.tar", home) == 1
    backup.load_keys(tmp_path / "k.tar", new)
    assert (new / "keys" / "a.key").read_bytes() == b"secret"
    assert (new / "keys" / "a.key").stat().st_mode & 0o777 == 0o600
    with pytest.raises(BackupDamagedError):
        backup.load_keys(make(tmp_path / "b.tar"), new)
