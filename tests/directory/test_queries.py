"""Questions to the trusted view."""

from datetime import UTC, datetime, timedelta

import pytest

from contraparte.directory import queries, view
from contraparte.directory.models import Agency
from contraparte.directory.rules.accord import example, read_accord
from contraparte.directory.rules.freshness import Freshness
from contraparte.protocol.encoding import canonical_json
from contraparte.protocol.errors import AgencyUnknownError, PostUnknownError
from tests.directory.factory import NOW, agency_entry, load, register_of

pytestmark = pytest.mark.django_db


def posts(*handled):
    return [
        {"id": f"us.atf/{name}", "name": {"en": name, "es": name}, "handles": topics, "channel": "desk", **zone}
        for name, topics, zone in handled
    ]


@pytest.fixture
def world(settings):
    settings.NODE_OPERATOR = "mx.fgr"
    load(
        register_of(
            "mx",
            [agency_entry("mx.fgr", "traces"), agency_entry("mx.fge-son", "firearms", operator="mx.fgr")],
            [],
        )
    )
    found = posts(
        ("tracing", ["trace.request/1"], {"time_zone": "America/New_York"}),
        ("books", ["trace"], {}),
        ("letters", ["letter.*"], {}),
    )
    load(register_of("us", [agency_entry("us.atf", url="https://us.test", posts=found)], []))


def test_a_route_says_who_runs_the_node_where_and_whether_it_is_this_one(world):
    assert queries.route_of("mx.fge-son") == queries.Route("mx.fgr", "http://127.0.0.1:8001", True)
    assert queries.route_of("us.atf") == queries.Route("us.atf", "https://us.test", False)
    assert [agency.pk for agency in queries.agencies_of_operator("mx.fgr")] == ["mx.fge-son", "mx.fgr"]
    assert [agency.pk for agency in queries.local_agencies()] == ["mx.fge-son", "mx.fgr"]
    with pytest.raises(AgencyUnknownError):
        queries.route_of("mx.nobody")
    with pytest.raises(PostUnknownError):
        queries.post("us.atf/nobody")


def test_who_handles_a_type_is_found_by_exact_type_or_by_noun(world):
    def found(topic, agency=None):
        return [post.pk for post in queries.who_handles(topic, agency)]

    assert found("trace.request/1", "us.atf") == ["us.atf/books", "us.atf/tracing"]
    assert found("trace.result/1", "us.atf") == ["us.atf/books"]
    assert found("letter.request/1") == ["us.atf/letters"]
    assert found("extradition.request/1") == []
    assert len(queries.who_handles("trace.request/1", limit=1)) == 1
    assert queries.who_handles("letter.request/1")[0].channel == "desk"


def test_a_deadline_is_kept_in_the_recipients_time_zone(world):
    accord = read_accord(canonical_json(example()))
    start = datetime(2026, 3, 2, 15, tzinfo=UTC)
    urgent = queries.due_at(accord, "trace.request/1", "urgent", "us.atf/tracing", start)
    assert urgent == start + timedelta(hours=24)
    routine = queries.due_at(accord, "trace.request/1", "routine", "us.atf/tracing", start)
    assert routine == datetime(2026, 3, 14, 3, 59, 59, tzinfo=UTC)  # nine working days on, 23:59:59 in New York
    assert queries.due_at(accord, "trace.result/1", None, "us.atf/tracing", start) is None


def test_freshness_is_asked_for_the_countries_concerned(world):
    load(register_of("us", [agency_entry("us.atf")], []), now=NOW + timedelta(days=10))
    late = NOW + timedelta(days=8)
    assert queries.freshness(late, "mx") is Freshness.STALE
    assert queries.freshness(late, "us") is Freshness.FRESH
    assert queries.freshness(late, "ca") is Freshness.EXPIRED
    assert queries.freshness(late) is Freshness.STALE
    assert queries.freshness_between("us.atf/a", "us.atf/b", late) is Freshness.FRESH
    assert queries.freshness_between("mx.fgr/a", "us.atf/b", late) is Freshness.STALE


def test_what_is_remembered_costs_no_query(world, django_assert_num_queries):
    queries.route_of("us.atf")
    queries.post("us.atf/tracing")
    with django_assert_num_queries(0):
        queries.route_of("us.atf")
        queries.post("us.atf/tracing")


def test_a_change_by_another_process_is_seen_within_the_recheck(world, monkeypatch):
    assert queries.agency("us.atf").url == "https://us.test"
    clock = [view.time.monotonic()]
    monkeypatch.setattr(view.time, "monotonic", lambda: clock[0])
    Agency.objects.filter(pk="us.atf").update(url="https://moved.test")
    view.ViewNumber.objects.update(number=view.F("number") + 1)
    assert queries.agency("us.atf").url == "https://us.test"
    clock[0] += view.RECHECK_S
    assert queries.agency("us.atf").url == "https://moved.test"


def test_the_overview_is_plain_values(world):
    told = queries.overview(NOW)
    assert [(line["country"], line["freshness"], line["agencies"]) for line in told["countries"]] == [
        ("mx", "fresh", 2),
        ("us", "fresh", 1),
    ]
