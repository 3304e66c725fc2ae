"""What the tests of outcomes need of a world of traces: answered exchanges, and both sides' rows of one outcome."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils import timezone

from contraparte.exchange.models import Conversation, Obligation
from contraparte.outcomes.actions.stating import report_outcome
from contraparte.outcomes.models import Outcome
from contraparte.outcomes.rules.kinds import Contribution, Kind
from contraparte.outcomes.rules.lifecycle import Facts
from contraparte.traces.models import Trace
from tests.traces.trace_world import TraceWorld, make_world

MX, US = "mx.fge-son", "us.ntc"
SERIALS = ("340-71155", "XK-99182", "777-10203", "990-11223", "555-90121")  # no two alike
REQUESTED, PROVIDED = frozenset({Contribution.REQUESTED}), frozenset({Contribution.PROVIDED})


def arrest(**changes: Any) -> Facts:
    """An arrest in Sonora that a trace led to."""
    given: dict[str, Any] = {
        "kind": Kind.ARREST, "happened_on": date(2026, 11, 20), "region": "MX-SON", "country": "mx",
        "ours": REQUESTED, "yours": PROVIDED,
    }  # fmt: skip
    return Facts(**(given | changes))


@dataclass
class OutcomeWorld:
    """A world of traces and what the tests do in it."""

    traces: TraceWorld

    def answered(self, key: str = "r1", **changes: Any) -> Trace:
        """A trace that was asked and answered at once: nobody makes such guns."""
        return self.traces.trace(key=key, maker="Nobody Arms", **changes)

    def exchange(self, **changes: Any) -> Conversation:
        """Our side of an answered exchange."""
        conversation = self.answered(**changes).conversation
        assert conversation is not None
        return conversation

    def step(self, conversation: Conversation) -> Obligation:
        """The step that was answered in it."""
        return Obligation.objects.get(conversation=conversation, stage="trace")

    def report(self, about: Conversation | None = None, facts: Facts | None = None, **more: Any) -> Outcome:
        """An outcome reported by Sonora and heard by the centre."""
        about = about or self.exchange()
        made = report_outcome(about, facts or arrest(), by=self.traces.officer, now=timezone.now(), **more)
        self.traces.settle()
        return made

    def sides(self, outcome: Outcome) -> tuple[Outcome, Outcome]:
        """The rows of both sides, fresh: Sonora's and the centre's."""
        return tuple(Outcome.objects.get(agency=agency, uuid=outcome.uuid) for agency in (MX, US))  # type: ignore[return-value]


def make_outcome_world(*clocks: dict[str, Any]) -> OutcomeWorld:
    """The caller has set NODE_OPERATOR. `clocks` are added to those of the accord."""
    return OutcomeWorld(make_world(*clocks))
