"""The state of the road under every page: accords, last cosignature, peers that do not answer."""

from collections.abc import Iterable
from datetime import datetime

from django.db.models import Count, Q

from contraparte.directory import queries as directory
from contraparte.directory.models import Accord, Agency, Suspension, Tenure
from contraparte.exchange.models import Lane, Outbox
from contraparte.ledger.models import Cosignature
from contraparte.protocol.ids import agency_of
from contraparte.web.registry import AccordState

SILENT_AFTER = 3  # failed deliveries in a row; one may be a restart


def accords_of(tenure: Tenure) -> Iterable[AccordState]:
    """The instruments this post's country is a party to."""
    country = tenure.post.agency.country
    rows = Accord.objects.filter(Q(country_a=country) | Q(country_b=country)).order_by("id")[:20]
    for accord in rows:
        suspended = directory.is_suspended(accord.pk)
        since = None
        if suspended:
            since = (
                Suspension.objects.filter(accord=accord, suspended=True)
                .order_by("-at")
                .values_list("at", flat=True)[:1]
            )
        yield AccordState(accord.pk, suspended, next(iter(since), None) if since is not None else None)


def cosigned_at(tenure: Tenure) -> datetime | None:
    """When a peer last cosigned a log of this post's agency."""
    rows = Cosignature.objects.filter(log__agency=tenure.post.agency_id, log__mine=True).order_by("-at")
    return rows.values_list("at", flat=True).first()


def silent_peers(tenure: Tenure) -> Iterable[tuple[str, int]]:
    """Nodes that have not answered several times in a row, and how many messages of this agency wait for each."""
    silent = list(Lane.objects.filter(failures__gte=SILENT_AFTER).values_list("operator", flat=True)[:10])
    if not silent:
        return []
    waiting = Outbox.objects.filter(operator__in=silent, conversation__agency=agency_of(tenure.post_id))
    counts = {row["operator"]: row["queued"] for row in waiting.values("operator").annotate(queued=Count("pk"))}
    names = {agency.pk: agency for agency in Agency.objects.filter(pk__in=counts)}
    return [(_name(names.get(operator), operator), queued) for operator, queued in sorted(counts.items())]


def _name(agency: Agency | None, operator: str) -> str:
    from contraparte.web.templatetags.pages import named

    return named(agency) if agency is not None else operator
