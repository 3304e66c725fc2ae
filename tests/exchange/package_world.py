"""A conversation of items that may stand before a court, cosigned, in a world whose directories are published."""

from pathlib import Path
from typing import Any

from django.utils import timezone

from contraparte.directory import client, publisher
from contraparte.exchange import actions, rounds
from contraparte.exchange.models import Conversation, Message
from contraparte.ledger.policies import trust_policy
from contraparte.protocol.marking import Marking
from contraparte.protocol.tlog_proof import TrustPolicy
from tests.exchange.small_world import SmallWorld

EVIDENCE = Marking.from_json(
    {"handling": ["H2"], "purposes": ["prosecution"], "circle": ["mx", "us"], "evidence": "evidence"}
)


def publish_directories(world: SmallWorld, safe: Path) -> dict[str, str]:
    """Publish what the world was made of, pin it, refresh; returns country → fingerprint of the first root."""
    now, roots = timezone.now(), {}
    for country, register in world.registers.items():
        roots[country] = publisher.create_directory(country, root_folder=safe / country, now=now)
        publisher.publish(register, now=now)
        client.trust_root(country, publisher.first_root(country), roots[country], url="https://directory.test", now=now)
        client.refresh(country, now=now)
    return roots


def cosign(world: SmallWorld) -> None:
    """Every log's head cosigned by its peer, both on this node."""
    rounds.exchange_heads(now=timezone.now(), seen={})


def thread_of(world: SmallWorld, **more: Any) -> Conversation:
    """A question, delivered and answered; the side of Sonora."""
    thread = world.conversation()
    question = world.note("Whose is it?", thread, marking=EVIDENCE, body={"serial": "GH4471K", "informer": "x"}, **more)
    asked = actions.send_all([question], now=timezone.now())[0]
    world.settle()
    theirs = Conversation.objects.get(agency="us.ntc", uuid=thread.uuid)
    answer = world.note("Ann's.", theirs, type="note.answer/1", marking=EVIDENCE, in_reply_to=asked)
    actions.send_all([answer], now=timezone.now())
    world.settle()
    return thread


def policies_of(thread: Conversation, *, quorum: str = "peer") -> list[TrustPolicy]:
    """A policy for each log in which a message of the thread stands, as both agencies would hand it over."""
    origins = set(Message.objects.filter(conversation=thread).values_list("log_origin", flat=True))
    origins |= set(Message.objects.filter(conversation__uuid=thread.uuid).values_list("log_origin", flat=True))
    return [TrustPolicy.parse(trust_policy(origin, quorum=quorum).encode()) for origin in sorted(origins)]
