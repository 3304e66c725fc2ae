"""Heads are cosigned by the other side, also by one on the same node, and a peer out of reach is asked again soon."""

from django.db.models import Max
from django.utils import timezone

from contraparte.exchange import actions, rounds
from contraparte.ledger.models import Log
from tests.exchange.small_world import SmallWorld


def test_logs_between_agencies_of_one_node_are_cosigned_whoever_operates_it(world: SmallWorld) -> None:
    actions.send_all([world.note("first")], now=timezone.now())
    world.settle()
    seen: rounds.Seen = {}
    assert rounds.exchange_heads(now=timezone.now(), seen=seen) == 4
    logs = Log.objects.filter(mine=True).annotate(cosigned=Max("cosignatures__size"))
    assert {log.origin: log.cosigned for log in logs} == {log.origin: log.size for log in logs}
    assert rounds.exchange_heads(now=timezone.now(), seen=seen) == 0, "what has not grown is left alone"


def test_a_log_is_taken_up_at_once_when_it_grows_and_ever_more_rarely_while_its_peer_is_silent() -> None:
    assert rounds._pause_s(4, 5) == 0
    assert rounds._pause_s(5, 5) == rounds.ANYHOW_S
    pauses = [rounds._pause_s(-failed, 5) for failed in range(1, 9)]
    assert pauses == sorted(pauses)
    assert pauses[0] <= 2 * rounds.LEDGER_EVERY_S
    assert pauses[-1] == rounds.AGAIN_S
