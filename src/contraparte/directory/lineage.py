"""Who became whom, as this node knows it: taking signed events in, and what an old identifier means now (P1.8)."""

from collections.abc import Callable, Iterable
from datetime import datetime

from django.utils import timezone

from contraparte.directory.models import Alarm, Country, LineageEvent, Post
from contraparte.directory.rules import lineage as rules
from contraparte.directory.rules.lineage import Event, read_event
from contraparte.directory.rules.signatures import SignedDocument
from contraparte.directory.view import mark_changed, remember
from contraparte.protocol.errors import (
    AgencySucceededError,
    ContraparteError,
    LineageForgedError,
    LineageUnknownError,
    PostSucceededError,
)
from contraparte.protocol.ids import agency_of, country_of
from contraparte.protocol.keys import PublicKey, parse_kid

Pinned = Callable[[Iterable[str]], dict[str, frozenset[str]]]
Resolve = Callable[[str], PublicKey]


def keep_event(
    signed: SignedDocument, *, publisher: str, pinned: Pinned, resolve: Resolve, now: datetime
) -> LineageEvent:
    """Keep a version with every valid signature seen on it; it counts once all that it needs have signed.

    `publisher`: the country in whose name it comes, whose signature must be there. Raises LineageForgedError where it
    is not, or where any signature is false, and what `read_event` and `check_against` raise.
    """
    event = read_event(signed.document)
    row = LineageEvent.objects.filter(pk=event.hash).first()
    kept = {kid: bytes.fromhex(value) for kid, value in row.signatures} if row else {}
    # What was verified once stays good, whatever becomes of the key; only what is new here is looked at.
    fresh = [(kid, value) for kid, value in signed.signatures if kid not in kept]
    kept |= _verified(signed.document, event, fresh, publisher, pinned=pinned(event.signers), resolve=resolve)
    signers = {country_of(parse_kid(kid)[0]) for kid in kept}
    if publisher not in signers:
        raise LineageForgedError(event=event.id, country=publisher)
    if row is None:
        _check_first_sight(event, publisher)
        row = LineageEvent(pk=event.hash, seen_at=now)
    row.event, row.version, row.country = event.id, event.document.version, event.country
    row.kind, row.effective, row.document = event.document.kind, event.effective, signed.document
    row.signatures = [[kid, value.hex()] for kid, value in sorted(kept.items())]
    row.is_complete = signers == event.signers
    row.save()
    mark_changed()
    return row


def _verified(
    document: bytes,
    event: Event,
    fresh: Iterable[tuple[str, bytes]],
    publisher: str,
    *,
    pinned: dict[str, frozenset[str]],
    resolve: Resolve,
) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for kid, signature in fresh:
        country = country_of(parse_kid(kid)[0])
        if kid not in pinned.get(country, frozenset()):
            if country == publisher:
                raise LineageForgedError(event=event.id, country=country)
            continue  # of a country whose directory this node has not seen yet; it is looked at again
        try:
            resolve(kid).verify(signature, document)
        except ContraparteError as error:
            raise LineageForgedError(event=event.id, country=country) from error
        found[kid] = signature
    return found


def _check_first_sight(event: Event, publisher: str) -> None:
    """A node that joins later has never seen the old posts: it believes the signatures, and judges what is to come."""
    is_known_country = Country.objects.filter(pk=event.country, refreshed_at__isnull=False).exists()
    if is_known_country or publisher != event.country:
        check_now(event)


def check_now(event: Event) -> None:
    """Judge an event by the posts and events this node knows. Raises the refusal that fits."""
    posts = Post.objects.filter(agency__country=event.country).values_list("pk", flat=True)
    rules.check_against(event, posts, standing())


def standing() -> list[Event]:
    """The events that count, one version each, in the order of time; straight from the rows."""
    rows = LineageEvent.objects.filter(is_complete=True)
    return rules.in_order(rules.choose(read_event(bytes(row.document)) for row in rows).values())


def events() -> list[Event]:
    """The same from memory: asked for at every message."""
    return remember(("lineage",), standing)


def present_post(post: str, topic: str = "", *, now: datetime | None = None, since: datetime | None = None) -> str:
    """Who holds now what was `post`'s; the post itself where nothing changed (P1.8)."""
    known = events()
    return rules.present(post, known, now or timezone.now(), topic, since) if known else post


def holds_for(post: str, old: str, *, now: datetime | None = None) -> bool:
    """Whether `post` is `old` itself or holds now a part of what was `old`'s."""
    return post == old or post in rules.holders(old, events(), now or timezone.now())


def line_of(agency: str) -> frozenset[str]:
    """Agencies under whose name records of this one may stand, itself included."""
    known = events()
    return rules.line_of(agency, known) if known else frozenset({agency})


def require_open_post(post: str, now: datetime) -> None:
    """Raise PostSucceededError, naming who holds its work, once the last day of an old post is over."""
    if rules.closed_since(post, events(), now) is not None:
        raise PostSucceededError(post=post, successor=present_post(post, now=now))


def require_open_agency(agency: str, now: datetime) -> None:
    """Raise AgencySucceededError once the last day of an old agency is over: its keys sign nothing new."""
    ended = rules.closed_since(agency, events(), now)
    if ended is not None:
        raise AgencySucceededError(agency=agency, event=ended.id)


def is_passed_on(post: str, now: datetime) -> bool:
    """Whether all that was the post's is somebody else's now, and it has got nothing since."""
    return rules.given_up(post, events(), now) is not None


def versions() -> list[LineageEvent]:
    """Every version ever seen, those that lost included, in the order of time."""
    return list(LineageEvent.objects.all())


def event_row(event: str) -> LineageEvent:
    """The version people look at: of those that count the winner, else the one that would win. LineageUnknownError."""
    rows = {row.pk: row for row in LineageEvent.objects.filter(event=event)}
    if not rows:
        raise LineageUnknownError(event=event)
    asked = [row for row in rows.values() if row.is_complete] or list(rows.values())
    return rows[rules.choose(read_event(bytes(row.document)) for row in asked)[event].hash]


def proposal(event: str) -> LineageEvent:
    """The version to sign next: that of the highest number, then of the smallest hash. LineageUnknownError."""
    rows = {row.pk: row for row in LineageEvent.objects.filter(event=event)}
    if not rows:
        raise LineageUnknownError(event=event)
    return rows[rules.choose(read_event(bytes(row.document)) for row in rows.values())[event].hash]


def note_in_effect(event: Event, now: datetime) -> bool:
    """Tell people once that a change counts from now on; False where they were told before."""
    country = Country.objects.filter(pk=event.country).first()
    if country is None:
        return False
    subject = f"{event.id} {event.hash[:16]}"
    _, is_new = Alarm.objects.get_or_create(
        country=country, code="lineage.in_effect", subject=subject, defaults={"at": now}
    )
    return is_new


def agencies_of(event: Event) -> tuple[str, ...]:
    """Old and new agencies of an event, in the order it names them."""
    return tuple(dict.fromkeys([*event.document.before, *event.document.after]))


def agency_now(post: str, now: datetime) -> str:
    """The agency that holds now what was the post's."""
    return agency_of(present_post(post, now=now))
