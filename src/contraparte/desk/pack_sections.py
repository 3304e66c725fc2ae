"""What a post hands over, as the desk knows it: steps, threads, permissions, holds, contacts, duty.

The work of all rooms comes through their desk sources, asked as somebody who holds every role of the post would ask:
what stands on anybody's desk there is in the pack.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from contraparte.desk import queries
from contraparte.desk.markings import marking_words
from contraparte.desk.registry import DeskItem, subject_of
from contraparte.desk.rights_words import KINDS
from contraparte.directory import duty
from contraparte.directory.models import Post, Tenure
from contraparte.directory.packs import MOST_ROWS, PackRow, PackSection, register_pack_section
from contraparte.directory.rules.roles import CONTENT_ROLES
from contraparte.exchange.items import recalled_ids
from contraparte.exchange.models import Conversation, Draft, Hold, Message, Permission
from contraparte.exchange.reading import is_erased, read_message
from contraparte.protocol.marking import Marking
from contraparte.web.templatetags.pages import day_text, named

BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)
MOST_READ = 20  # messages of one thread read for its marking, the newest first


def install() -> None:
    """Called once when the applications are ready."""
    for section in (
        PackSection("work", gettext_lazy("Steps this post owes"), _work, 10),
        PackSection("waiting", gettext_lazy("What it waits for"), _waiting, 20),
        PackSection("threads", gettext_lazy("Open conversations, and what restricts them"), _threads, 30),
        PackSection("drafts", gettext_lazy("Drafts that have not left"), _drafts, 40),
        PackSection("permissions", gettext_lazy("Permissions asked for and given"), _permissions, 60),
        PackSection("holds", gettext_lazy("Legal holds to look at again"), _holds, 70),
        PackSection("contacts", gettext_lazy("Contacts"), _contacts, 80),
        PackSection("duty", gettext_lazy("Duty roster"), _duty, 90),
    ):
        register_pack_section(section)


def everybody_at(post: Post) -> Tenure:
    """A tenure that is nowhere kept and holds every role that sees content: it asks for all that the post has."""
    return at_post(post, CONTENT_ROLES)


def at_post(post: Post, roles: Collection[str]) -> Tenure:
    """The same with some roles: what a post has for who holds them."""
    return Tenure(post=post, roles=sorted(roles), starts=BEGINNING)


def _work(post: Post, now: datetime) -> Iterable[PackRow]:
    written = {reverse("desk:release", args=[pk]) for pk in _unfinished(post).values_list("pk", flat=True)}
    found = queries.to_do(everybody_at(post), now, most=MOST_ROWS + 1)
    return _rows([item for item in found if item.url not in written])  # these stand under drafts, with their author


def _waiting(post: Post, now: datetime) -> Iterable[PackRow]:
    return _rows(queries.waiting(everybody_at(post), now, most=MOST_ROWS + 1))


def _rows(items: Sequence[DeskItem]) -> list[PackRow]:
    names = queries.names_of(item.other for item in items)
    return [
        PackRow(
            title=item.title,
            detail=item.detail,
            url=item.url,
            since=item.since,
            due=item.due_at,
            waits_on=_name(item.other, names),
        )
        for item in items
    ]


def _threads(post: Post, now: datetime) -> Iterable[PackRow]:
    rows = list(Conversation.objects.filter(post=post, closed_at=None).order_by("opened_at", "pk")[: MOST_ROWS + 1])
    titles = queries.titles_of(rows, everybody_at(post))
    names = queries.names_of(row.counterpart for row in rows)
    for row in rows:
        yield PackRow(
            title=titles[row.pk],
            detail=str(subject_of(row.kind).label),
            url=queries.conversation_url(row.pk),
            since=row.opened_at,
            waits_on=_name(row.counterpart, names),
            marking=_marking(row),
        )


def _marking(conversation: Conversation) -> str:
    """The strictest of what crossed lately, in words."""
    rows = Message.objects.filter(conversation=conversation).select_related("content").order_by("-at", "-id")
    shown = list(rows[:MOST_READ])
    recalled = recalled_ids(shown)
    combined: Marking | None = None
    for row in shown:
        if row.pk in recalled or is_erased(row):
            continue
        one = read_message(row).marking
        combined = one if combined is None else combined.combine(one)
    return marking_words(combined) if combined is not None else ""


def _unfinished(post: Post) -> QuerySet[Draft]:
    states = (Draft.State.DRAFT, Draft.State.REVIEW, Draft.State.RETURNED)
    return Draft.objects.filter(drafted_by__post=post, state__in=states)


def _drafts(post: Post, now: datetime) -> Iterable[PackRow]:
    found = _unfinished(post).select_related("conversation", "drafted_by__person")
    rows = list(found.order_by("drafted_at", "id")[: MOST_ROWS + 1])
    titles = queries.titles_of([row.conversation for row in rows], everybody_at(post))
    names = queries.names_of(row.recipient for row in rows)
    for row in rows:
        who = row.drafted_by.person
        yield PackRow(
            title=f"{titles[row.conversation_id]} · {queries.type_title(row.type)}",
            detail=_("written by %(person)s") % {"person": who} if who is not None else "",
            url=reverse("desk:release", args=[row.pk]),
            since=row.drafted_at,
            waits_on=_name(row.recipient, names),
            marking=marking_words(Marking.from_json(row.marking)),
        )


def _permissions(post: Post, now: datetime) -> Iterable[PackRow]:
    states = (Permission.State.ASKED, Permission.State.GRANTED)
    rows = list(
        Permission.objects.filter(conversation__post=post, state__in=states, until__gt=now)
        .select_related("item__conversation")
        .order_by("until", "pk")[: MOST_ROWS + 1]
    )
    titles = queries.titles_of([row.item.conversation for row in rows], everybody_at(post))
    names = queries.names_of(row.other for row in rows)
    told = {
        (Permission.Side.HOLDER, Permission.State.ASKED): _("asked by this post: %(kind)s"),
        (Permission.Side.HOLDER, Permission.State.GRANTED): _("given to this post: %(kind)s"),
        (Permission.Side.GRANTER, Permission.State.ASKED): _("asked of this post: %(kind)s"),
        (Permission.Side.GRANTER, Permission.State.GRANTED): _("given by this post: %(kind)s"),
    }
    for row in rows:
        words = told[Permission.Side(row.side), Permission.State(row.state)]
        yield PackRow(
            title=titles[row.item.conversation_id],
            detail=words % {"kind": KINDS.get(row.kind, row.kind)},
            url=reverse("desk:item", args=[row.item_id]),
            since=row.asked_at,
            due=row.until,
            waits_on=_name(row.other, names),
        )


def _holds(post: Post, now: datetime) -> Iterable[PackRow]:
    rows = list(
        Hold.objects.filter(item__conversation__post=post, lifted_at=None)
        .select_related("item__conversation")
        .order_by("review_on", "pk")[: MOST_ROWS + 1]
    )
    titles = queries.titles_of([row.item.conversation for row in rows], everybody_at(post))
    for row in rows:
        yield PackRow(
            title=titles[row.item.conversation_id],
            detail=_("to be looked at again on %(day)s") % {"day": day_text(row.review_on)},
            url=reverse("desk:item", args=[row.item_id]),
            since=row.placed_at,
        )


def _contacts(post: Post, now: datetime) -> Iterable[PackRow]:
    rows = Conversation.objects.filter(post=post, closed_at=None).order_by("counterpart").values_list("counterpart")
    wanted = [name for (name,) in rows.distinct()[: MOST_ROWS + 1]]
    names = queries.names_of(wanted)
    for one in wanted:
        found = names.get(one)
        yield PackRow(title=_name(one, names), detail=found.channel if found is not None else "", waits_on=one)


def _duty(post: Post, now: datetime) -> Iterable[PackRow]:
    for line in duty.roster_of(post, now):
        when = str(WEEKDAYS[line.weekday]) if line.weekday is not None else day_text(line.day or now.date())
        yield PackRow(
            title=f"{when.capitalize()} {line.begins:%H:%M}–{line.ends:%H:%M}",
            detail=str(line.holder.person) if line.holder is not None else _("nobody"),
            url=reverse("desk:duty"),
        )


def _name(post_id: str, names: dict[str, Post]) -> str:
    found = names.get(post_id)
    return f"{named(found)}, {named(found.agency)}" if found is not None else post_id
