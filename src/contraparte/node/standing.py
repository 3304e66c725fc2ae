"""How a node stands, for people and for monitors: no content, only counts, ages and heads."""

from datetime import datetime
from typing import Any

from contraparte.node.processes import pending_migrations


def standing(now: datetime) -> dict[str, Any]:
    """All of it as plain values. `problems` names what needs a person; an empty list means the node may be left alone.

    The home is open already. Ages are whole seconds.
    """
    from django.conf import settings

    pending = pending_migrations()
    report: dict[str, Any] = {
        "node": settings.NODE_NAME,
        "url": settings.NODE_URL,
        "operator": settings.NODE_OPERATOR,
        "database": _database(),
        "migrations_pending": pending,
        "problems": [],
    }
    if pending:
        report["problems"].append(f"{len(pending)} migrations are pending")
        return report
    report |= {"directory": _directory(now), "heads": _heads(), "road": _road(now), "attachments": _attachments()}
    if not report["directory"]:
        report["problems"].append("no directory is trusted yet")
    report["problems"] += [
        f"the directory of {row['country']} is {row['freshness']}"
        for row in report["directory"]
        if row["freshness"] != "fresh"
    ]
    for head in report["heads"]:
        if head["guard_size"] is None:
            report["problems"].append(f"the guard of {head['origin']} cannot be read")
        elif head["guard_size"] > head["size"]:
            report["problems"].append(f"the guard knows a later head of {head['origin']} than the database")
    if report["road"]["incidents"]:
        report["problems"].append(f"{report['road']['incidents']} incidents are recorded")
    if report["attachments"]["lost"]:
        report["problems"].append(f"{report['attachments']['lost']} files on record are not in the attachments folder")
    if report["road"]["failed"]:
        report["problems"].append(f"{report['road']['failed']} messages failed in their feature")
    return report


def _database() -> dict[str, Any]:
    from django.db import connection

    found: dict[str, Any] = {"vendor": connection.vendor}
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            found["version"] = cursor.execute("SELECT sqlite_version()").fetchone()[0]
            pages = cursor.execute("PRAGMA page_count").fetchone()[0]
            found["bytes"] = pages * cursor.execute("PRAGMA page_size").fetchone()[0]
        else:
            cursor.execute("SELECT current_setting('server_version'), pg_database_size(current_database())")
            found["version"], found["bytes"] = cursor.fetchone()
    return found


def _directory(now: datetime) -> list[dict[str, Any]]:
    from contraparte.directory import queries

    return [
        {
            "country": row.pk,
            "freshness": queries.freshness(now, row.pk).value,
            "version": row.targets_version,
            "expires_at": row.expires_at.isoformat() if row.expires_at else None,
            "failure": row.failure,
        }
        for row in queries.countries()
    ]


def _heads() -> list[dict[str, Any]]:
    """Every log this node writes: its size in the database and in the guard, and how far a peer has cosigned it.

    `guard_size` is 0 for a log the guard does not know, None where the guard's file cannot be read.
    """
    from django.db.models import Max

    from contraparte.ledger import guard
    from contraparte.ledger.models import Cosignature, Log
    from contraparte.protocol.errors import GuardUnreadableError

    cosigned = dict(Cosignature.objects.values_list("log").annotate(size=Max("size")))
    found = []
    for log in Log.objects.filter(mine=True).order_by("origin"):
        try:
            held = guard.read(log.origin)
            guard_size = held.size if held else 0
        except GuardUnreadableError:
            guard_size = None
        found.append(
            {"origin": log.origin, "size": log.size, "guard_size": guard_size, "cosigned_size": cosigned.get(log.pk, 0)}
        )
    known = {head["origin"] for head in found}
    for origin in guard.origins():
        if origin not in known:
            held = guard.read(origin)
            found.append({"origin": origin, "size": 0, "guard_size": held.size if held else 0, "cosigned_size": 0})
    return found


def _road(now: datetime) -> dict[str, Any]:
    """What waits on the road: messages out and in, open steps by who owes them, incidents."""
    from django.db.models import Min

    from contraparte.exchange.models import Incident, Message, Obligation, Outbox
    from contraparte.ledger.models import Incident as LogIncident

    oldest_out = Outbox.objects.aggregate(at=Min("message__at"))["at"]
    steps = Obligation.objects.filter(closed_at=None)
    oldest_step = steps.order_by("opened_at").first()
    return {
        "outbox": Outbox.objects.count(),
        "oldest_out_s": _age(oldest_out, now),
        "waiting_to_be_handled": Message.objects.filter(direction="in", state=Message.State.ACCEPTED).count(),
        "failed": Message.objects.filter(state=Message.State.FAILED).count(),
        "steps_open": steps.count(),
        "steps_overdue": steps.filter(due_at__lt=now).count(),
        "oldest_step_s": _age(oldest_step.opened_at if oldest_step else None, now),
        "oldest_step_holder": oldest_step.holder if oldest_step else "",
        "incidents": Incident.objects.count() + LogIncident.objects.count(),
    }


def _attachments() -> dict[str, Any]:
    """Files of messages and drafts: how many, how large, how many on record are not on the disk, what is on its way."""
    from contraparte.exchange import files
    from contraparte.exchange.models import Arrival, Attachment, Shipment

    kept = Attachment.objects.filter(removed_at=None).values_list("file", flat=True).distinct()
    sizes = {name: files.kept_bytes(name) for name in kept.iterator()}
    return {
        "files": len(sizes),
        "bytes": sum(size or 0 for size in sizes.values()),
        "lost": sum(size is None for size in sizes.values()),
        "arriving": Arrival.objects.count(),
        "leaving": Shipment.objects.count(),
        "free_bytes": files.room(),
    }


def _age(at: datetime | None, now: datetime) -> int | None:
    return int((now - at).total_seconds()) if at else None
