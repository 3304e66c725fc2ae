"""Evidence packages: written whole, verified alone, every change named."""

import io
import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import bagit
import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from contraparte.directory import client, keyring, publisher
from contraparte.directory.actions import rotate_key
from contraparte.exchange import actions
from contraparte.exchange.bags import Bag
from contraparte.exchange.models import Conversation, Message, Receipt
from contraparte.exchange.packaging import TYP, write_package
from contraparte.exchange.resealing import reseal
from contraparte.ledger.policies import trust_policy
from contraparte.protocol import jws
from contraparte.protocol.encoding import canonical_json
from contraparte.protocol.errors import (
    ContraparteError,
    PackageIntelligenceError,
    PackageItemError,
    PackageRestrictedError,
    PackageUnprovableError,
    PackageUnreadableError,
    PouchFileError,
)
from contraparte.protocol.keys import Purpose
from contraparte.protocol.marking import Marking
from contraparte.protocol.package import Verdict, verify_package
from contraparte.protocol.package_reading import open_package
from contraparte.protocol.tlog_proof import TrustPolicy
from tests.exchange.package_world import EVIDENCE, cosign, policies_of, publish_directories, thread_of
from tests.exchange.small_world import MARKING, SmallWorld

Files = dict[str, bytes]
EXAMPLES = hypothesis_settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture
def made(world: SmallWorld, tmp_path: Path, settings: Any) -> tuple[Conversation, Path, dict[str, str]]:
    """A cosigned thread of a question, its copy and the answer, packaged; and the fingerprints handed over."""
    roots = publish_directories(world, tmp_path / "safe")
    thread = thread_of(world)
    cosign(world)
    path = tmp_path / "package"
    write_package(thread, path, now=timezone.now())
    return thread, path, roots


Made = tuple[Conversation, Path, dict[str, str]]


def read(path: Path) -> Files:
    return dict(open_package(path))


def paths(verdict: Verdict) -> set[str]:
    return {finding.path for finding in verdict.findings}


def test_a_package_verifies_and_says_what_it_holds(made: Made) -> None:
    thread, path, roots = made
    verdict = verify_package(read(path), policies_of(thread), roots)
    assert verdict.findings == []
    assert (verdict.agency, verdict.conversation) == ("mx.fge-son", str(thread.uuid))
    assert verdict.items == 3 and verdict.roots == roots and verdict.logs == []
    names = set(read(path))
    assert {name.rpartition("/")[2].split("-", 1)[1] for name in names if name.endswith(".receipt")} == {
        "accepted.receipt",
        "delivered.receipt",
    }
    assert verdict.proofs == 8  # two left (released here; accepted, delivered there), one came (accepted, delivered)
    assert len([name for name in names if name.startswith("data/policies/")]) == 1


def test_the_bag_is_valid_to_the_other_program(made: Made) -> None:
    assert bagit.Bag(str(made[1])).is_valid()


def test_a_zip_file_holds_the_same_and_is_the_same_bytes_twice(made: Made, tmp_path: Path) -> None:
    thread, _, roots = made
    now = timezone.now()
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        write_package(thread, tmp_path / folder / "case.zip", now=now)
    assert verify_package(read(tmp_path / "one/case.zip"), policies_of(thread), roots).ok
    assert (tmp_path / "one/case.zip").read_bytes() == (tmp_path / "two/case.zip").read_bytes()


def test_the_index_shows_markings_and_content_in_both_languages_without_scripts(made: Made) -> None:
    index = read(made[1])["data/index.html"].decode()
    assert '<section id="en" lang="en"' in index and '<section id="es" lang="es"' in index
    for text in ("GH4471K", "H2 · not passed on without permission", "evidence", "Evidence package"):
        assert text in index
    for text in ("H2 · ", "Paquete probatorio", "prueba"):
        assert text in index.partition('<section id="es"')[2]
    assert "<script" not in index and "http" not in index


def test_one_changed_byte_in_any_file_is_named(made: Made) -> None:
    thread, path, roots = made
    files, policies = read(path), policies_of(thread)
    names = sorted(files)

    @EXAMPLES
    @given(st.sampled_from(names), st.data())
    def flip(name: str, data: st.DataObject) -> None:
        raw = files[name]
        at = data.draw(st.integers(0, len(raw) - 1))
        changed = raw[:at] + bytes([raw[at] ^ data.draw(st.integers(1, 255))]) + raw[at + 1 :]
        assert name in paths(verify_package({**files, name: changed}, policies, roots))

    flip()


def test_every_file_matters(made: Made) -> None:
    thread, path, roots = made
    files, policies = read(path), policies_of(thread)
    for name in files:
        for changed in (files[name][:-1], files[name] + b"\n"):
            assert name in paths(verify_package({**files, name: changed}, policies, roots)), name
        less = {other: data for other, data in files.items() if other != name}
        assert name in paths(verify_package(less, policies, roots)), name


def test_a_file_more_is_named(made: Made) -> None:
    thread, path, roots = made
    files, policies = read(path), policies_of(thread)
    for name in (
        "data/items/0001/more.txt",
        "data/items/0009/x.jws",
        "data/more",
        "more.txt",
        "fetch.txt",
    ):
        assert name in paths(verify_package({**files, name: b"more"}, policies, roots))


def test_two_files_exchanged_are_both_named(made: Made) -> None:
    thread, path, roots = made
    files, policies = read(path), policies_of(thread)
    names = sorted(files)

    @EXAMPLES
    @given(st.lists(st.sampled_from(names), min_size=2, max_size=2, unique=True))
    def swap(pair: list[str]) -> None:
        one, other = pair
        if files[one] != files[other]:
            named = paths(verify_package({**files, one: files[other], other: files[one]}, policies, roots))
            assert {one, other} <= named

    swap()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=6,
)


def test_contents_that_say_anything_at_all_are_named_and_break_nothing(made: Made) -> None:
    thread, path, roots = made
    files, policies = read(path), policies_of(thread)
    contents = json.loads(files["data/contents.json"])

    @EXAMPLES
    @given(st.sampled_from(sorted(contents)), st.booleans(), JSON, st.data())
    def replace_one(name: str, inside: bool, value: Any, data: st.DataObject) -> None:
        changed = json.loads(files["data/contents.json"])
        if inside and name in {"items", "files"}:
            entry = data.draw(st.sampled_from(changed[name]))
            entry[data.draw(st.sampled_from(sorted(entry)))] = value
        else:
            changed[name] = value
        raw = canonical_json(changed)
        if raw != files["data/contents.json"]:
            verdict = verify_package({**files, "data/contents.json": raw}, policies, roots)
            assert {"data/contents.json", "data/contents.jws"} & paths(verdict)

    replace_one()


@pytest.mark.parametrize("value", [[None], [1], [["01.receipt"]], {"01.receipt": 1}, "01.receipt", None])
@pytest.mark.parametrize("name", ["receipts", "proofs"])
def test_a_list_of_file_names_that_is_none_is_named(made: Made, name: str, value: Any) -> None:
    thread, path, roots = made
    files = read(path)
    changed = json.loads(files["data/contents.json"])
    changed["items"][0][name] = value
    verdict = verify_package({**files, "data/contents.json": canonical_json(changed)}, policies_of(thread), roots)
    assert "data/contents.json" in paths(verdict)


# --- a forger who makes the lists anew ---


def reissued(made: Made, tmp_path: Path, change: Callable[[dict[str, Any], Files], None], name: str) -> Files:
    """The same package with changed contents, signed and bagged anew by the packaging agency itself."""
    files = read(made[1])
    contents = json.loads(files.pop("data/contents.json"))
    payload = {path.removeprefix("data/"): data for path, data in files.items() if path.startswith("data/")}
    del payload["contents.jws"]
    change(contents, payload)
    with Bag(tmp_path / name, timezone.now()) as bag:
        for path, data in payload.items():
            bag.add(path, data)
        contents["files"] = [
            {"path": path, "size": size, "sha256": sha256} for path, (size, sha256) in sorted(bag.sizes.items())
        ]
        raw = canonical_json(contents)
        bag.add("contents.json", raw)
        bag.add("contents.jws", jws.sign_detached(raw, TYP, keyring.private_key("mx.fge-son", Purpose.TRANSPORT)))
        bag.finish(
            {
                "Source-Organization": contents["agency"],
                "External-Identifier": contents["conversation"],
                "Bagging-Date": contents["made"][:10],
            }
        )
    return read(tmp_path / name)


def exchange_receipts(contents: dict[str, Any], files: Files) -> None:
    first, other = (f"items/{item['place']}/receipts/{item['receipts'][0]}" for item in contents["items"][:2])
    files[first], files[other] = files[other], files[first]


def exchange_proofs(contents: dict[str, Any], files: Files) -> None:
    first, other = (f"items/{item['place']}/proofs/{item['proofs'][0]}" for item in contents["items"][:2])
    files[first], files[other] = files[other], files[first]


def drop_a_disclosure(contents: dict[str, Any], files: Files) -> None:
    token, *rest = files["items/0001/presentation.sd-jwt"].split(b"~")
    files["items/0001/presentation.sd-jwt"] = b"~".join([token, *rest[1:]])


def soften_a_marking(contents: dict[str, Any], files: Files) -> None:
    contents["items"][0]["marking"]["handling"] = []


def turn_the_order(contents: dict[str, Any], files: Files) -> None:
    contents["items"].reverse()


def turn_the_receipts(contents: dict[str, Any], files: Files) -> None:
    contents["items"][0]["receipts"].reverse()


def turn_the_proofs(contents: dict[str, Any], files: Files) -> None:
    contents["items"][0]["proofs"].reverse()


def another_decision(contents: dict[str, Any], files: Files) -> None:
    decision = json.loads(files["items/0001/decision.json"])
    files["items/0001/decision.json"] = json.dumps(decision | {"content_digest": "0" * 64}).encode()


def another_policy(contents: dict[str, Any], files: Files) -> None:
    name = next(name for name in files if name.startswith("policies/"))
    files[name] += b"// and more"


def a_stranger_in_the_bag(contents: dict[str, Any], files: Files) -> None:
    files["extra/letter.txt"] = b"believe me"


def hide_a_receipt_from_the_list(contents: dict[str, Any], files: Files) -> None:
    contents["items"][0]["receipts"].pop()


def another_ciphertext(contents: dict[str, Any], files: Files) -> None:
    files["items/0001/ciphertext.sha256"] = b"0" * 64 + b"\n"


def no_proof(contents: dict[str, Any], files: Files) -> None:
    for name in contents["items"][0]["proofs"]:
        del files[f"items/0001/proofs/{name}"]
    contents["items"][0]["proofs"] = []


@pytest.mark.parametrize(
    ("change", "code", "path"),
    [
        (exchange_receipts, "receipt.other", "data/items/0001/receipts/"),
        (exchange_proofs, "proof.other", "data/items/0001/proofs/"),
        (drop_a_disclosure, "message.digest", "data/items/0001/presentation.sd-jwt"),
        (soften_a_marking, "message.marking", "data/items/0001/presentation.sd-jwt"),
        (turn_the_order, "order", "data/contents.json"),
        (turn_the_receipts, "order", "data/contents.json"),
        (turn_the_proofs, "order", "data/contents.json"),
        (another_decision, "decision.other", "data/items/0001/decision.json"),
        (another_policy, "policy.hash", "data/policies/"),
        (a_stranger_in_the_bag, "file.stranger", "data/extra/letter.txt"),
        (hide_a_receipt_from_the_list, "file.extra", "data/items/0001/receipts/"),
        (another_ciphertext, "envelope.unproven", "data/items/0001/"),
        (no_proof, "item.unproven", "data/items/0001/proofs/"),
    ],
)
def test_even_the_packaging_agency_cannot_sign_for_what_was_not_so(
    made: Made, tmp_path: Path, change: Callable[[dict[str, Any], Files], None], code: str, path: str
) -> None:
    thread, _, roots = made
    untouched = reissued(made, tmp_path, lambda contents, files: None, "untouched")
    assert verify_package(untouched, policies_of(thread), roots).ok
    verdict = verify_package(reissued(made, tmp_path, change, "changed"), policies_of(thread), roots)
    assert [finding for finding in verdict.findings if finding.code == code and finding.path.startswith(path)]


# --- whom to trust ---


def test_a_root_that_is_not_the_one_handed_over_is_named(made: Made) -> None:
    thread, path, roots = made
    verdict = verify_package(read(path), policies_of(thread), roots | {"us": "0" * 64})
    assert [(one.code, one.path) for one in verdict.findings] == [
        ("directory.root.other", "data/directory/us/metadata/1.root.json")
    ]
    verdict = verify_package(read(path), policies_of(thread), roots | {"ca": "0" * 64})
    assert [one.code for one in verdict.findings] == ["directory.missing"]


def test_without_a_policy_for_the_log_nothing_is_proven(made: Made) -> None:
    _, path, roots = made
    strange = TrustPolicy.parse(b"quorum none\n")
    verdict = verify_package(read(path), [strange], roots)
    assert {one.code for one in verdict.findings} == {"item.unproven"}
    assert len(verdict.logs) == 4


def test_the_other_sides_log_without_a_policy_is_told_and_held_to_the_directory(made: Made) -> None:
    thread, path, roots = made
    own = [policy for policy in policies_of(thread) if policy.logs[0].name.startswith("mx.fge-son/")]
    verdict = verify_package(read(path), own, roots)
    assert verdict.ok and {origin.partition("/")[0] for origin in verdict.logs} == {"us.ntc", "mx.fgr"}


def test_an_entry_that_nobody_cosigned_fails_a_policy_that_asks_for_it(world: SmallWorld, tmp_path: Path) -> None:
    roots = publish_directories(world, tmp_path / "safe")
    thread = thread_of(world)
    package = write_package(thread, tmp_path / "package", now=timezone.now())
    assert package.uncosigned == 3
    assert verify_package(read(tmp_path / "package"), policies_of(thread, quorum="none"), roots).ok
    verdict = verify_package(read(tmp_path / "package"), policies_of(thread), roots)
    assert "tlog.policy.unmet" in {one.detail for one in verdict.findings}


# --- what may enter ---


@pytest.mark.parametrize(
    ("marking", "error"),
    [
        (MARKING, PackageIntelligenceError),
        (replace(EVIDENCE, evidence="intelligence"), PackageIntelligenceError),
        (replace(EVIDENCE, handling=frozenset({"H1"})), PackageRestrictedError),
    ],
)
def test_intelligence_and_what_may_not_stand_in_court_is_refused(
    world: SmallWorld, tmp_path: Path, marking: Marking, error: type[ContraparteError]
) -> None:
    publish_directories(world, tmp_path / "safe")
    thread = thread_of(world)
    lead = actions.send_all([world.note("a lead", thread, marking=marking)], now=timezone.now())[0]
    world.settle()
    with pytest.raises(error) as caught:
        write_package(thread, tmp_path / "package", now=timezone.now())
    named = Message.objects.filter(conversation=thread, uuid=caught.value.params["item"]).first()
    assert named is not None and lead in {str(named.uuid), str(named.copy_of)} and not (tmp_path / "package").exists()
    # The way out: the others alone.
    copies = [str(row.uuid) for row in Message.objects.filter(copy_of=lead)]
    others = [str(row.uuid) for row in Message.objects.filter(conversation=thread).exclude(uuid=lead)]
    others = [one for one in others if one not in copies]
    assert len(write_package(thread, tmp_path / "package", uuids=others, now=timezone.now()).items) == 3


def test_an_item_of_another_conversation_is_refused(world: SmallWorld, tmp_path: Path) -> None:
    publish_directories(world, tmp_path / "safe")
    thread, other = thread_of(world), thread_of(world)
    foreign = str(Message.objects.filter(conversation=other)[0].uuid)
    for wanted in ([foreign], [], ["x"]):
        with pytest.raises(PackageItemError):
            write_package(thread, tmp_path / "package", uuids=wanted, now=timezone.now())
    assert not list(tmp_path.glob("*package*"))


def test_without_signed_directories_no_package_is_made_and_nothing_is_left(world: SmallWorld, tmp_path: Path) -> None:
    thread = thread_of(world)
    for name in ("package", "package.zip"):
        with pytest.raises(PackageUnprovableError):
            write_package(thread, tmp_path / name, now=timezone.now())
    assert not list(tmp_path.glob("*package*"))


def test_what_lies_there_is_never_written_over(made: Made) -> None:
    thread, path, _ = made
    with pytest.raises(PouchFileError):
        write_package(thread, path, now=timezone.now())


def test_a_message_sealed_again_is_proven_in_its_last_envelope(world: SmallWorld, tmp_path: Path) -> None:
    roots = publish_directories(world, tmp_path / "safe")
    thread = world.conversation()
    actions.send_all([world.note("first", thread, marking=EVIDENCE)], now=timezone.now())
    now = timezone.now()
    publisher.publish(world.registers["us"].with_keys(rotate_key("us.ntc", Purpose.SEAL, now=now)), now=now)
    client.refresh("us", now=now)
    row = Message.objects.get(conversation=thread, direction="out", peer="us.ntc")
    assert reseal(row, now=timezone.now())
    world.settle()
    cosign(world)
    write_package(thread, tmp_path / "package", now=timezone.now())
    verdict = verify_package(read(tmp_path / "package"), policies_of(thread), roots)
    assert verdict.findings == [] and Receipt.objects.filter(message=row, ours=False).count() == 2


# --- the command of an expert ---


def alone(*words: str | Path) -> "subprocess.CompletedProcess[str]":
    """`contraparte …` on a machine without a node; says at its end whether Django was loaded."""
    code = (
        "import atexit, sys\n"
        "atexit.register(lambda: print('django' in sys.modules, file=sys.stderr))\n"
        f"sys.argv = {['contraparte', *map(str, words)]!r}\n"
        "from contraparte.node.cli import main\nmain()\n"
    )
    bare = {name: value for name, value in os.environ.items() if name in {"PATH", "LANG", "HOME", "VIRTUAL_ENV"}}
    return subprocess.run(
        [sys.executable, "-c", code], env=bare, capture_output=True, text=True, check=False, timeout=120
    )


def test_an_expert_verifies_a_package_with_the_command_alone(made: Made, tmp_path: Path) -> None:
    _, path, roots = made
    files = []
    for number, origin in enumerate(sorted(set(Message.objects.values_list("log_origin", flat=True)))):
        files.append(tmp_path / f"{number}.policy")
        files[-1].write_text(trust_policy(origin), "utf-8")
    options = [word for file in files for word in ("--policy", file)]
    pins = [word for country, mark in roots.items() for word in ("--root", f"{country}={mark}")]
    good = alone("tlog", "verify-package", path, *options, *pins)
    assert good.returncode == 0, good.stdout + good.stderr
    assert "verified: 3 messages" in good.stdout and good.stderr.splitlines()[-1] == "False"
    told = json.loads(alone("tlog", "verify-package", path, *options, "--json").stdout)
    assert told["ok"] and told["roots"] == roots
    (path / "data/items/0001/envelope-signature.jws").write_bytes(b"x..y")
    bad = alone("tlog", "verify-package", path, *options)
    assert bad.returncode == 1 and "file.changed: data/items/0001/envelope-signature.jws" in bad.stdout
    assert bad.stderr.splitlines()[-1] == "False"


def test_the_command_refuses_what_is_no_package(tmp_path: Path) -> None:
    policy = tmp_path / "policy"
    policy.write_text("quorum none\n")
    (tmp_path / "empty").mkdir()
    (tmp_path / "letter.zip").write_bytes(b"PK no zip")
    for path in (tmp_path / "empty", tmp_path / "letter.zip", tmp_path / "nothing"):
        ran = alone("tlog", "verify-package", path, "--policy", policy, "--json")
        assert ran.returncode == 1 and json.loads(ran.stdout)["code"] == PackageUnreadableError.code


@pytest.mark.parametrize("name", ["../climb", "bag/../../climb", "/root", "two\\steps"])
def test_an_archive_whose_names_climb_is_refused(tmp_path: Path, name: str) -> None:
    file = tmp_path / "bad.zip"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(zipfile.ZipInfo(name), b"x")
    with pytest.raises(PackageUnreadableError):
        open_package(file)


def test_an_archive_damaged_anywhere_is_refused_or_named(made: Made, tmp_path: Path) -> None:
    thread, _, roots = made
    write_package(thread, tmp_path / "case.zip", now=timezone.now())
    whole, policies = (tmp_path / "case.zip").read_bytes(), policies_of(thread)
    with zipfile.ZipFile(io.BytesIO(whole)) as archive:
        entry = archive.infolist()[3]
    file = tmp_path / "damaged.zip"
    file.write_bytes(whole[: entry.header_offset + 80] + b"\xff\xff\xff" + whole[entry.header_offset + 83 :])
    with pytest.raises(PackageUnreadableError):
        verify_package(read(file), policies, roots)
    file.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(PackageUnreadableError):
        open_package(file)


def test_a_link_in_a_folder_is_refused(made: Made) -> None:
    (made[1] / "data" / "link").symlink_to(made[1] / "bagit.txt")
    with pytest.raises(PackageUnreadableError):
        open_package(made[1])
