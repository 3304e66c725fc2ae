"""The command line of this room, end to end in one home."""

import json

import pytest
from django.conf import settings
from typer.testing import CliRunner

from contraparte.directory import keyfiles, queries
from contraparte.directory.commands import GROUPS
from contraparte.directory.models import Agency, Post
from contraparte.directory.rules.accord import example
from contraparte.directory.rules.register import plain
from tests.directory.factory import agency_entry

pytestmark = pytest.mark.django_db


@pytest.fixture
def run(monkeypatch):
    home = str(settings.HOME.path)
    for name in ("CONTRAPARTE_HOME", "CONTRAPARTE_OPENED"):
        monkeypatch.setenv(name, home if name.endswith("HOME") else "")

    def call(group, *words, refused=False):
        answer = CliRunner().invoke(GROUPS[group], [str(word) for word in words])
        assert answer.exit_code == (1 if refused else 0), answer.output
        return answer.output.strip()

    return call


def test_a_country_is_published_trusted_and_asked(run, roots, tmp_path):
    fingerprint = run("directory", "init", "mx", "--root-keys", roots)
    kids = run("directory", "key", "make", "mx.fgr", "-o", tmp_path / "keys.json").splitlines()
    accord_kid = run("directory", "key", "make", "mx.fgr", "--purpose", "accord", "-o", tmp_path / "accord.json")
    agencies = tmp_path / "agencies.json"
    agencies.write_text(json.dumps({"agencies": [plain(agency_entry("mx.fgr", "traces"))]}))
    publication = ["directory", "publish", "mx", "--agencies", agencies]
    for file in ("keys.json", "accord.json"):
        publication += ["--keys", tmp_path / file]
    assert "version 1" in run(*publication, "--accord-key", accord_kid)
    assert run("directory", "root", "mx", "-o", tmp_path / "root.json") == fingerprint
    trust = ["directory", "trust", "mx", "--root", tmp_path / "root.json", "--url", "https://mx.test"]
    assert "directory.root.fingerprint" in run(*trust, "--fingerprint", "0" * 64, refused=True)
    run(*trust, "--fingerprint", fingerprint)
    assert "good until" in run("directory", "refresh", "mx")
    told = json.loads(run("directory", "show", "--json"))
    assert told["countries"][0]["freshness"] == "fresh"
    assert set(kids) <= {line.split()[0] for line in run("directory", "key", "list").splitlines() if "in use" in line}

    order = tmp_path / "order.json"
    permits = [{"types": ["trace.*"], "from": "mx", "to": "mx"}]
    order.write_text(json.dumps(example(id="mx-order", parties=["mx", "mx"], permits=permits)))
    run("accord", "check", order)
    run("accord", "sign", order, "--country", "mx", "-o", tmp_path / "signed.json")
    run("accord", "adopt", tmp_path / "signed.json")
    run("directory", "publish", "mx", "--accord", tmp_path / "signed.json")
    run("directory", "refresh")
    run("accord", "suspend", "mx-order", "--country", "mx", "-o", tmp_path / "suspended.json")
    assert queries.is_suspended("mx-order")
    assert "counts" in run("accord", "take", tmp_path / "suspended.json")
    assert "accord mx-order  suspended" in run("directory", "show")
    run("accord", "resume", "mx-order", "--country", "mx", "-o", tmp_path / "resumed.json")
    assert not queries.is_suspended("mx-order")

    run("person", "add", "ana", "--name", "Ana", "--language", "es")
    tenure = run("directory", "appoint", "mx.fgr/traces", "ana", "--role", "officer", "--role", "authoriser")
    assert run("directory", "appoint", "mx.fgr/traces")
    assert "tenure.roles.incompatible" in run("directory", "appoint", "mx.fgr/traces", "ana", refused=True)
    run("directory", "end-tenure", tenure)
    assert "tenure.ended" in run("directory", "end-tenure", tenure, refused=True)
    assert run("person", "disable", "ana") == "ana 0 tenures ended"

    rotated = run("directory", "key", "rotate", "mx.fgr", "message", "-o", tmp_path / "next.json")
    run("directory", "publish", "mx", "--keys", tmp_path / "next.json")
    run("directory", "rotate-root", "mx", "--root-keys", roots, "--fresh-online")
    run("directory", "renew", "mx")
    run("directory", "refresh", "mx")
    assert f"{rotated}  in use" in run("directory", "key", "list")
    assert keyfiles.hosted_agencies()


def test_a_wrong_accord_is_named_by_its_path(run, tmp_path):
    run("accord", "example", "-o", tmp_path / "draft.json")
    run("accord", "check", tmp_path / "draft.json")
    (tmp_path / "draft.json").write_text(json.dumps(example(purposes=[])))
    assert "$.purposes" in run("accord", "check", tmp_path / "draft.json", refused=True)


def test_a_command_for_a_country_nobody_knows_is_refused_without_a_traceback(run, roots, tmp_path):
    for words in (
        ("refresh", "zz"),
        ("refresh", "../x"),
        ("publish", "zz"),
        ("root", "zz", "-o", tmp_path / "x"),
        ("init", "USA", "--root-keys", tmp_path),
        ("appoint", "mx.none/none"),
        ("end-tenure", "not-a-uuid"),
    ):
        assert "refused" in run("directory", *words, refused=True)


def test_the_command_line_tells_who_handles_what_where(run):
    for agency, slug, handles in (("mx.fgr", "traces", ["trace.*"]), ("us.doj", "help", ["inquiry.letter/1"])):
        told = Agency.objects.create(id=agency, country=agency[:2], name_en=agency, name_es=agency)
        Post.objects.create(
            id=f"{agency}/{slug}", agency=told, name_en="Desk", name_es="Mesa", handles=handles, channel="+1 555",
            time_zone="America/New_York",
        )  # fmt: skip
    (found,) = json.loads(run("directory", "who", "inquiry", "--json"))
    assert found["post"] == "us.doj/help" and found["time_zone"] == "America/New_York" and found["local_time"]
    assert run("directory", "who", "trace.request/1").startswith("mx.fgr/traces  Desk, mx.fgr")
    assert run("directory", "who", "trace", "--at", "us") == ""
    assert run("directory", "who", "inquiry.letter/1", "--at", "us.doj").endswith("+1 555")
    assert run("directory", "who", "inquiry.note/1") == ""
