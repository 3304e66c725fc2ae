"""The board of a hundred groups after ten years, beside an empty page of the same node.

The history is the demo's (`contraparte demo history`), in a home of its own. Pages go through the whole middleware
list in this process, without a socket: what a socket adds is the same for both. The other pages of groups are measured
on the group that has said most.
"""

import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from bench.rows import Row, Size, percentile

GROUPS, YEARS = 100, 10
ROUNDS = {Size.QUICK: 200, Size.FULL: 1_000}
FLOOR = "an empty view behind the same middleware"


def measure(size: Size) -> Iterator[Row]:
    """Seconds of loading, then p50 and p95 of the board and p95 of the pages behind it, in milliseconds."""
    from contraparte.node.founding import Settings, found
    from contraparte.node.history_command import OPERATOR

    home = Path(os.environ["CONTRAPARTE_HOME"])
    database = os.environ.get("BENCH_DATABASE_URL", "")
    found(home, Settings("Bench", OPERATOR, database_url=database, demo=True), now=datetime.now(UTC))
    from django.utils import timezone

    from contraparte.node.history import load_history

    started = time.perf_counter()
    loaded = load_history(home / "root-keys", groups=GROUPS, years=YEARS, seed=1, now=timezone.now())
    yield Row(
        f"load {GROUPS} groups of {YEARS} years into a demo node",
        time.perf_counter() - started,
        "s",
        goal="under 90 s",
        note=(
            f"{loaded.words:,} words of both sides, {loaded.meetings:,} meetings, {loaded.promises:,} commitments, "
            f"{loaded.changes} changes of agency. Messages are not sealed and have no leaf; see node/history.py."
        ),
        more_is_better=False,
    )
    yield from _pages(size)


def _pages(size: Size) -> Iterator[Row]:
    from django.conf import settings
    from django.db import connection
    from django.http import HttpResponse
    from django.test import Client, override_settings
    from django.urls import include, path, reverse

    from contraparte.node.processes import settle_memory
    from contraparte.web.permissions import public_page

    urls = type("Urls", (), {})
    urls.urlpatterns = [  # type: ignore[attr-defined]
        path("empty/", public_page(lambda request: HttpResponse("empty"))),
        path("", include("contraparte.node.urls")),
    ]
    principal, group = _principal()
    client = Client()
    client.force_login(principal, backend=settings.AUTHENTICATION_BACKENDS[0])
    with override_settings(ROOT_URLCONF=urls, ALLOWED_HOSTS=["*"]):
        board, asked = reverse("groups:board"), []

        def count(execute, sql, *rest):  # type: ignore[no-untyped-def]
            asked.append(sql)
            return execute(sql, *rest)

        with connection.execute_wrapper(count):
            shown = client.get(board)
        assert shown.status_code == 200, shown.status_code
        assert shown.content.decode().count("gr-beats") >= GROUPS * 0.8
        pages = {
            "group": reverse("groups:group", args=[group]),
            "meetings of a group": reverse("groups:meetings", args=[group]),
            "what we promised each other": reverse("groups:promises"),
        }
        for address in (board, *pages.values()):
            client.get(address)
        settle_memory()  # as the web process does before it answers
        empty, _ = _times(client, "/empty/", ROUNDS[size])
        ours, worked = _times(client, board, ROUNDS[size])
        what = f"board of {GROUPS} groups after {YEARS} years"
        note = (
            f"{len(asked)} queries, as many as for three groups; {connection.vendor}, one process. Of the processor "
            f"alone, which neighbours on the machine change less: p50 {percentile(worked, 0.5):.0f} ms, p95 "
            f"{percentile(worked, 0.95):.0f} ms."
        )
        yield _row(f"{what}, p50", ours, empty, 0.5)
        yield _row(f"{what}, p95", ours, empty, 0.95, goal="p95 under 100 ms", note=note)
        for name, address in pages.items():
            took, worked = _times(client, address, ROUNDS[size] // 4)
            note = f"Of the processor alone: p95 {percentile(worked, 0.95):.0f} ms."
            yield _row(f"page of ten years: {name}, p95", took, empty, 0.95, note=note)


def _row(what: str, ours: list[float], empty: list[float], share: float, **more: str) -> Row:
    return Row(
        what, percentile(ours, share), "ms", percentile(empty, share), FLOOR,
        more_is_better=False, **more,
    )  # fmt: skip


def _principal():  # type: ignore[no-untyped-def]
    """The principal who sponsors every group, with a second factor; and the group that has said most."""
    from allauth.mfa.models import Authenticator
    from django.db.models import Count

    from contraparte.directory.models import Person
    from contraparte.groups.models import Group

    person = Person.objects.get(username="mx-principal")
    Authenticator.objects.create(user=person, type=Authenticator.Type.TOTP, data={"secret": "bench"})
    agency = person.tenures.get().post.agency_id
    group = Group.objects.filter(agency=agency).annotate(said=Count("words")).order_by("-said", "pk").first()
    return person, group.pk


def _times(client, address: str, rounds: int) -> tuple[list[float], list[float]]:  # type: ignore[no-untyped-def]
    """Milliseconds of each round by the clock, and of the processor."""
    passed, worked = [], []
    for _ in range(rounds):
        started, begun = time.perf_counter(), time.process_time()
        client.get(address)
        passed.append((time.perf_counter() - started) * 1000)
        worked.append((time.process_time() - begun) * 1000)
    return passed, worked
