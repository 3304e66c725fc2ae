"""The last number sent or accepted in each turn, written for a whole batch at once (P2.1, P4.1)."""

from collections.abc import Mapping

from django.db import connection

from contraparte.exchange.models import Turn

TurnKey = tuple[int, str, str]  # conversation row, peer, our own agency of that time ("": the conversation's)


def advance_turns(reached: Mapping[TurnKey, int], direction: str) -> None:
    """Set the number of each turn to what was reached. The caller holds the locks of the rows, which are there.

    On the hot path: one prepared statement for all rows instead of a `CASE` that the ORM builds anew each time.
    """
    table = Turn._meta.db_table
    with connection.cursor() as cursor:
        cursor.executemany(
            f'UPDATE "{table}" SET seq = %s WHERE conversation_id = %s AND peer = %s AND own = %s AND direction = %s',  # noqa: S608
            [(seq, conversation, peer, own, direction) for (conversation, peer, own), seq in reached.items()],
        )
