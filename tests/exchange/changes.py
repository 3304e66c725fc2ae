"""Changes of agency in the small world: events as if all had signed them, and an agency to be a successor."""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from contraparte.directory import actions as directory_actions
from contraparte.directory import lineage, view
from contraparte.directory import queries as directory
from contraparte.directory.models import LineageEvent
from contraparte.directory.rules.signatures import SignedDocument
from contraparte.protocol.encoding import canonical_json, instant
from tests.directory import factory
from tests.directory.lineage_events import document
from tests.exchange.small_world import OPERATOR, SONORA, SmallWorld

HOUR = timedelta(hours=1)
NEW = "mx.new/firearms"


def add_successor(world: SmallWorld) -> SmallWorld:
    """One more agency on the node, new and with nothing to do."""
    entry = factory.agency_entry("mx.new", "firearms", operator=OPERATOR)
    register = world.registers["mx"].with_agencies([entry])
    keys = factory.make_keys("mx.new").values()
    world.registers["mx"] = register.with_keys(factory.register_of("mx", [], keys).keys)
    factory.load(world.registers["mx"], timezone.now())
    world.services[NEW] = directory_actions.appoint_service(directory.post(NEW), now=timezone.now())
    return world


def change(
    name: str, kind: str, before: list[str], after: list[str], posts: dict[str, Any], at: Any, **more: Any
) -> LineageEvent:
    """An event as if both had signed it: the signatures are the directory's own tests."""
    terms = {"accepts_until": instant(at + 24 * HOUR), **more}
    data = canonical_json(document(name, kind, before, after, posts, instant(at), **terms))
    event = lineage.read_event(data)
    row = LineageEvent.objects.create(
        hash=event.hash, event=event.id, version=event.document.version, country=event.country, kind=kind,
        effective=event.effective, document=data, is_complete=True, seen_at=at,
    )  # fmt: skip
    view.mark_changed()
    return row


def absorb(at: Any, **more: Any) -> LineageEvent:
    """The state prosecutor's desk becomes that of a new body."""
    return change("one", "absorb", ["mx.fge-son"], ["mx.new"], {SONORA: NEW}, at, **more)


def absorb_signed(world: SmallWorld, at: Any) -> LineageEvent:
    """The same, signed by both countries; each publishes the file with its own signature alone."""
    told = document("one", "absorb", ["mx.fge-son"], ["mx.new"], {SONORA: NEW}, instant(at), reviewers=["us"])
    data = canonical_json({**told, "accepts_until": instant(at + 24 * HOUR)})
    for country in ("mx", "us"):
        row = directory_actions.sign_event(data, country=country, now=timezone.now())
        mine = [pair for pair in directory_actions.signed_event(row).signatures if pair[0].startswith(country)]
        file = SignedDocument(data, tuple(mine)).to_bytes()
        world.registers[country] = world.registers[country].with_lineage(row.hash, file)
    return row
