"""An evidence package of a thread that passed on: older messages lie in the old body's log (P1.8, P5.8)."""

from dataclasses import replace
from pathlib import Path

import pytest
from django.utils import timezone

from contraparte.exchange import actions, succession
from contraparte.exchange.models import Conversation
from contraparte.exchange.packaging import write_package
from contraparte.protocol.package import Verdict, verify_package
from contraparte.protocol.package_reading import open_package
from contraparte.protocol.tlog_proof import TrustPolicy
from tests.exchange.changes import absorb_signed, add_successor
from tests.exchange.package_world import EVIDENCE, cosign, policies_of, publish_directories, thread_of
from tests.exchange.small_world import SmallWorld

LINEAGE = "targets/lineage/"


@pytest.fixture
def world(desk_world: SmallWorld) -> SmallWorld:
    return add_successor(desk_world)


def moved_thread(world: SmallWorld) -> Conversation:
    """A question and its answer under the old body, and a question of the new one."""
    thread = thread_of(world)
    absorb_signed(world, timezone.now())
    assert succession.reconcile(timezone.now())
    thread = Conversation.objects.select_related("post__agency").get(pk=thread.pk)
    actions.send_all([world.note("And this one?", thread, marking=EVIDENCE)], now=timezone.now())
    world.settle()
    cosign(world)
    return thread


def verify(path: Path, policies: list[TrustPolicy], roots: dict[str, str], **changed: bytes) -> Verdict:
    return verify_package({**dict(open_package(path)), **changed}, policies, roots)


def codes(verdict: Verdict) -> set[tuple[str, str]]:
    return {(finding.code, finding.path) for finding in verdict.findings}


def test_a_moved_thread_is_verified_alone_and_a_changed_file_is_named(world: SmallWorld, tmp_path: Path) -> None:
    thread = moved_thread(world)
    roots = publish_directories(world, tmp_path / "safe")
    path = tmp_path / "package"
    write_package(thread, path, now=timezone.now())
    policies = policies_of(thread)
    verdict = verify(path, policies, roots)
    assert verdict.findings == []
    assert (verdict.agency, verdict.items) == ("mx.new", 4)
    files = dict(open_package(path))
    origins = {name for name in files if name.startswith("data/items/0001/proofs/") and "mx.fge-son" in name}
    change = next(name for name in files if LINEAGE in name)
    for name in (*origins, change, "data/items/0001/presentation.sd-jwt"):
        changed = verify(path, policies, roots, **{name: files[name] + b" "})
        assert name in {finding.path for finding in changed.findings}
    # Without the policy of the old body's log nothing of the time before is proven.
    fewer = [one for one in policies if not one.logs[0].name.startswith("mx.fge-son/")]
    assert {code for code, _ in codes(verify(path, fewer, roots))} == {"item.unproven"}


def test_a_change_that_the_other_side_did_not_sign_ties_no_log(world: SmallWorld, tmp_path: Path) -> None:
    thread = moved_thread(world)
    world.registers["us"] = replace(world.registers["us"], lineage={})
    roots = publish_directories(world, tmp_path / "safe")
    write_package(thread, tmp_path / "package", now=timezone.now())
    found = codes(verify(tmp_path / "package", policies_of(thread), roots))
    assert found and {code for code, _ in found} == {"item.unproven"}
