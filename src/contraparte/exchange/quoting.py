"""Text pasted from restricted items: what the release preview warns of (S3)."""

from dataclasses import dataclass

from contraparte.exchange.items import recalled_ids
from contraparte.exchange.models import Draft, Message
from contraparte.exchange.reading import is_erased, read_message
from contraparte.exchange.rules.classes import leaves
from contraparte.exchange.rules.quoting import RUN_WORDS, quoted_run, runs_of, words_of

LOOKED_AT = 200  # items of the post, the newest first; a preview must not wait for more
RESTRICTED = frozenset({"H1", "H2"})


@dataclass(frozen=True, slots=True)
class Quote:
    """An item whose text stands in a draft that does not name it as a source."""

    item: Message
    run: str
    handling: tuple[str, ...]


def find_quotes(draft: Draft) -> list[Quote]:
    """Items under H1 or H2 that the drafting post holds and whose words stand in the draft, but for its sources."""
    words = words_of(_texts(draft.body))
    if len(words) <= RUN_WORDS:
        return []
    rows = Message.objects.filter(direction="in", conversation__post_id=draft.conversation.post_id)
    rows = rows.exclude(pk__in=draft.sources.values("item_id")).select_related("content").order_by("-at", "-pk")
    items = [row for row in rows[:LOOKED_AT] if not is_erased(row)]
    recalled = recalled_ids(items)
    found = []
    for row in items:
        message = read_message(row)
        restricted = tuple(sorted(message.marking.handling & RESTRICTED))
        if not restricted:
            continue
        run = quoted_run(words, runs_of(words_of(_texts(message.body))))
        if run:
            found.append(Quote(row, "" if row.pk in recalled else run, restricted))
    return found


def _texts(body: object) -> list[str]:
    return [value for _, value in leaves(body) if isinstance(value, str)]
