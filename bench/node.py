"""A node for measuring the road: the real one, with one message type more that says little and does nothing.

    python -m bench.node HOME                 commands as JSON lines on stdin, answers on stdout
    python -m bench.node HOME serve BIND      the web process, as `contraparte node serve` runs it
    python -m bench.node HOME work            the worker

Two of them are two processes with two homes, two directories' worth of keys and one accord, on loopback.
"""

import base64
import json
import sys
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from bench.messages import BODY

PARTIES = {"mx": "mx.bench", "us": "us.bench"}
TYPE = "bench.say/1"
MARKING = {"handling": ["H0"], "purposes": ["trace"], "circle": ["mx", "us"], "evidence": "intelligence"}


class Talk(BaseModel):
    """Any object; what is measured is the road, not the payload."""

    model_config = ConfigDict(extra="allow")


def open_node(home: Path) -> None:
    """Open the home with the bench's message type registered."""
    from contraparte.start import open_home

    open_home(home, migrate=True)
    from contraparte.exchange import registry

    registry.register(
        registry.MessageType(TYPE, Talk, lambda arrived: None, {"/**": "case"}, title="bench", takes_files=True)
    )
    registry.register_policies(Path(__file__).parent / "talk.cedar")


def make_keys(country: str, url: str) -> dict[str, Any]:
    """Keys of the country's one agency, kept here; returns what its directory says."""
    from contraparte.directory import keyfiles
    from contraparte.directory.rules.register import key_entry
    from contraparte.protocol.keys import Purpose, generate

    agency = PARTIES[country]
    keys = {purpose: generate(agency, purpose) for purpose in Purpose}
    keyfiles.keep_all(keys.values())
    now = datetime.now().astimezone()
    entry = {
        "id": agency,
        "name": {"en": agency, "es": agency},
        "kind": "bench",
        "operator": agency,
        "url": url,
        "posts": [{"id": f"{agency}/desk", "name": {"en": "desk", "es": "mesa"}, "handles": [TYPE]}],
    }
    return {
        "country": country,
        "agency": entry,
        "keys": [key_entry(key.public(), valid_from=now - timedelta(days=1)).model_dump() for key in keys.values()],
        "accord_key": keys[Purpose.ACCORD].kid,
    }


def load_directories(told: list[dict[str, Any]]) -> None:
    """Take both directories in, as a refresh that verified them would."""
    from contraparte.directory.loading import load_register
    from contraparte.directory.rules.register import AgencyEntry, KeyEntry, Register

    now = datetime.now().astimezone()
    for one in told:
        register = Register(
            one["country"],
            (AgencyEntry.model_validate(one["agency"]),),
            tuple(KeyEntry.model_validate(key) for key in one["keys"]),
            (one["accord_key"],),
        )
        load_register(register, now=now, expires_at=now + timedelta(days=7))


def sign_accord(country: str, signed: str | None) -> str:
    """The accord with one signature more, as base64."""
    from contraparte.directory import actions, keyring
    from contraparte.directory.rules.accord import example
    from contraparte.directory.rules.signatures import SignedDocument
    from contraparte.protocol.encoding import canonical_json
    from contraparte.protocol.keys import Purpose

    permits = [{"types": ["bench.*"], "from": "mx", "to": "us"}, {"types": ["bench.*"], "from": "us", "to": "mx"}]
    fresh = canonical_json(example(id="mx-us-bench", permits=permits, routing=[]), "accord")
    document: Any = SignedDocument.parse(base64.b64decode(signed)) if signed else fresh
    key = keyring.private_key(PARTIES[country], Purpose.ACCORD)
    return base64.b64encode(actions.sign_accord(document, country=country, key=key).to_bytes()).decode()


def adopt_accord(signed: str) -> None:
    """Take the accord that bears both signatures into effect, and appoint the desk's service."""
    from django.conf import settings

    from contraparte.directory import actions, queries
    from contraparte.directory.rules.signatures import SignedDocument

    now = datetime.now().astimezone()
    actions.adopt_accord(SignedDocument.parse(base64.b64decode(signed)), now=now)
    actions.appoint_service(queries.post(f"{settings.NODE_OPERATOR}/desk"), by=None, now=now)


def open_threads(recipient: str, count: int) -> int:
    """Open `count` conversations with a post of the other node, to be used in turn by `release`."""
    from django.conf import settings
    from django.utils import timezone

    from contraparte.directory import queries
    from contraparte.exchange.actions import open_conversation
    from contraparte.exchange.writing import writing

    post = queries.post(f"{settings.NODE_OPERATOR}/desk")
    service, now = queries.service_tenure(post), timezone.now()
    with writing():
        opened = [
            open_conversation(post=post, counterpart=recipient, kind="bench", by=service, now=now) for _ in range(count)
        ]
    return len(opened)


def release_many(count: int, batch: int) -> float:
    """Release `count` messages in batches, over all open conversations in turn; returns the seconds it took."""
    from django.conf import settings
    from django.utils import timezone

    from contraparte.directory import queries
    from contraparte.exchange.actions import automatic, send_all
    from contraparte.exchange.models import Conversation
    from contraparte.protocol.marking import Marking

    service = queries.service_tenure(queries.post(f"{settings.NODE_OPERATOR}/desk"))
    marking, threads = Marking.from_json(MARKING), list(Conversation.objects.order_by("pk"))
    started = time.perf_counter()
    for first in range(0, count, batch):
        turn = [threads[number % len(threads)] for number in range(first, min(first + batch, count))]
        outgoing = [automatic(TYPE, BODY, conversation=one, marking=marking, by=service) for one in turn]
        send_all(outgoing, now=timezone.now())
    return time.perf_counter() - started


def packed_requests(size: int) -> list[str]:
    """What the outbox would send, as batches of at most `size` in base64; nothing is sent or marked."""
    from contraparte.exchange.models import Outbox
    from contraparte.protocol.envelope import Envelope
    from contraparte.protocol.frames import encode_batch

    packed, waiting = [], []
    for row in Outbox.objects.select_related("message__content").order_by("pk").iterator(chunk_size=2000):
        content = row.message.content
        waiting.append(Envelope(bytes(content.header), bytes(content.ciphertext), bytes(content.signature)))
        if len(waiting) == size:
            packed.append(base64.b64encode(encode_batch(waiting)).decode())
            waiting = []
    if waiting:
        packed.append(base64.b64encode(encode_batch(waiting)).decode())
    return packed


def post_all(url: str, packed: list[str]) -> float:
    """Send batches over the real client, one after the other, each signed; returns the seconds it took."""
    from contraparte.exchange.transport import send_signed

    bodies = [base64.b64decode(one) for one in packed]
    started = time.perf_counter()
    for body in bodies:
        status, told = send_signed("POST", f"{url}/peer/messages", body, "application/vnd.contraparte.batch")
        if status != 200:
            raise SystemExit(f"the other node answered {status}: {told[:200]!r}")
    return time.perf_counter() - started


def counts() -> dict[str, int]:
    """What the database holds: messages by direction and state, what waits, leaves."""
    from django.db.models import Count

    from contraparte.exchange.models import Message, Outbox
    from contraparte.ledger.models import Leaf

    found = {
        f"{row['direction']}.{row['state']}": row["n"]
        for row in Message.objects.order_by().values("direction", "state").annotate(n=Count("id"))
    }
    return {**found, "outbox": Outbox.objects.count(), "leaves": Leaf.objects.count()}


def send_file(recipient: str, path: str) -> float:
    """Put a file into a draft and release it; returns the seconds it took to take it in."""
    from django.conf import settings
    from django.utils import timezone

    from contraparte.directory import actions as directory_actions
    from contraparte.directory import queries
    from contraparte.directory.models import Person
    from contraparte.directory.queries import Role
    from contraparte.exchange import actions, attaching
    from contraparte.exchange.files import read
    from contraparte.protocol.marking import Marking

    post, now = queries.post(f"{settings.NODE_OPERATOR}/desk"), timezone.now()
    person, is_new = Person.objects.get_or_create(username="bench", defaults={"display_name": "bench"})
    if is_new:
        directory_actions.appoint(person, post, [Role.OFFICER], by=None, now=now)
    officer = queries.active_tenures(person, timezone.now())[0]
    thread = actions.open_conversation(post=post, counterpart=recipient, kind="bench", by=officer, now=now)
    draft = actions.draft(TYPE, BODY, conversation=thread, marking=Marking.from_json(MARKING), by=officer, now=now)
    started = time.perf_counter()
    attaching.attach_pieces(draft, read(Path(path)), name="file.bin", media_type="", by=officer, now=timezone.now())
    spent = time.perf_counter() - started
    actions.release_draft(draft, by=officer, now=timezone.now())
    return spent


def files_held() -> list[dict[str, Any]]:
    """Files of messages that left or came in: direction of the message, its state, size and hash of the file."""
    from contraparte.exchange.models import Attachment

    return [
        {
            "direction": row.message.direction,
            "state": row.message.state,
            "size": row.size,
            "sha256": bytes(row.sha256).hex(),
        }
        for row in Attachment.objects.filter(message__isnull=False).select_related("message").order_by("pk")
        if row.message is not None
    ]


def faults_of_files() -> list[str]:
    """What the audit finds wrong with files."""
    from contraparte.exchange.attachment_auditing import find_attachment_faults

    return [finding.code for finding in find_attachment_faults()]


COMMANDS: dict[str, Callable[..., Any]] = {
    "keys": make_keys,
    "load": load_directories,
    "sign": sign_accord,
    "adopt": adopt_accord,
    "open": open_threads,
    "release": release_many,
    "pack": packed_requests,
    "post": post_all,
    "counts": counts,
    "send_file": send_file,
    "files": files_held,
    "file_faults": faults_of_files,
}


def main() -> None:
    """Serve, work, or obey."""
    home = Path(sys.argv[1])
    open_node(home)
    if sys.argv[2:3] == ["serve"]:
        from django.conf import settings

        from contraparte.node.processes import serve

        serve(bind=sys.argv[3], url=settings.NODE_URL, announce=lambda url: print(url, flush=True))
        return
    if sys.argv[2:3] == ["work"]:
        from contraparte.node.processes import work

        work()
        return
    for line in sys.stdin:
        name, arguments = json.loads(line)
        print(json.dumps(COMMANDS[name](*arguments)), flush=True)


if __name__ == "__main__":
    main()
