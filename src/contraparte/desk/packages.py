"""Evidence packages as people see them: what may enter one, and the index that lies in it in both languages."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.template.loader import render_to_string
from django.utils import translation

from contraparte.desk.markings import marking_parts
from contraparte.desk.queries import names_of, type_title
from contraparte.desk.registry import field_word, word
from contraparte.desk.rights_words import BASES
from contraparte.desk.threads import groups_of
from contraparte.desk.words import MARKS
from contraparte.directory.models import Post
from contraparte.exchange.models import Conversation, DisclosureDuty, Message
from contraparte.exchange.packaging import MOST_ITEMS, Package, PackedItem, refusal
from contraparte.exchange.packed_files import place_of
from contraparte.protocol.attachments import files_of
from contraparte.web.wording import Words, words_of

LANGUAGES = ("en", "es")
STYLE = Path(__file__).parent / "static/desk/package.css"


@dataclass(frozen=True, slots=True)
class Choice:
    """A message that may enter a package, or the words why not."""

    row: Message
    title: str
    refused: Words | None


def choices_of(conversation: Conversation, now: datetime) -> list[Choice]:
    """The messages of a conversation, oldest first."""
    rows = Message.objects.filter(conversation=conversation).select_related("content").order_by("created", "id")
    return [Choice(row, type_title(row.type), _words(row, now)) for row in rows[:MOST_ITEMS]]


def _words(row: Message, now: datetime) -> Words | None:
    refused = refusal(row, now)
    return words_of(refused) if refused is not None else None


def index_of(package: Package) -> dict[str, bytes]:
    """The index: plain HTML without scripts, the same facts in English and in Spanish; and how it looks."""
    posts = names_of({who for item in package.items for who in (item.message.sender, item.message.recipient)})
    parts = []
    for language in LANGUAGES:
        with translation.override(language):
            shown = [_shown(item, posts, language) for item in package.items]
            context = {"package": package, "made": _utc(package.made), "items": shown, "language": language}
            parts.append(render_to_string("desk/package/section.html", context))
    page = render_to_string("desk/package/index.html", {"package": package, "parts": parts})
    return {"index.html": page.encode(), "index.css": STYLE.read_bytes()}


def _shown(item: PackedItem, posts: dict[str, Post], language: str) -> dict[str, Any]:
    """One message in words of the active language."""
    message = item.message
    return {
        "place": item.place,
        "id": message.id,
        "title": type_title(message.type),
        "sender": _named(message.sender, posts, language),
        "recipient": _named(message.recipient, posts, language),
        "created": _utc(message.created),
        "marking": marking_parts(message.marking),
        "groups": groups_of(message.type, message.body),
        "kept": [(field_word(one.pointer), word("policy", one.reason)) for one in message.withheld],
        "permission": item.permission,
        "duty": _duty(item.duty),
        "files": [
            (place_of(position, one.name), one.name, one.size, one.sha256.hex())
            for position, one in enumerate(files_of(message.attachments), 1)
        ],
        "receipts": [
            (str(MARKS.get(str(said.kind), said.kind)), said.receiver, _utc(said.at)) for said in item.receipts
        ],
        "log": (item.row.log_origin, item.row.log_index),
        "digest": bytes(item.row.digest).hex(),
    }


def _duty(duty: DisclosureDuty | None) -> str:
    """The duty of disclosure by which a message stands there against its marking, in a line."""
    if duty is None:
        return ""
    told = [str(BASES.get(duty.basis, duty.basis)), duty.citation, duty.court]
    told += [duty.dated.isoformat()] if duty.dated else []
    return ", ".join([*(part for part in told if part), str(duty.uuid)])


def _utc(at: datetime) -> str:
    """To the second and always in UTC, whatever zone the page's reader lives in."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def _named(post_id: str, posts: dict[str, Post], language: str) -> str:
    post = posts.get(post_id)
    if post is None:
        return post_id
    names: Sequence[str] = [str(getattr(one, f"name_{language}")) for one in (post, post.agency)]
    return f"{names[0]}, {names[1]} ({post_id})"
