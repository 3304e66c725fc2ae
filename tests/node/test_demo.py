"""The demo's cast and its judgement of a run: what can be held without starting a node."""

import copy
import signal
import subprocess
import sys
from collections import Counter

import pytest

from contraparte.directory.rules.accord import read_accord
from contraparte.directory.rules.register import AgencyEntry, Register
from contraparte.directory.rules.roles import check_roles
from contraparte.node import demo, demo_cast, demo_summary
from contraparte.node.demo_nodes import end_left_over
from contraparte.node.world.build import build
from contraparte.node.world.firms import Status
from contraparte.protocol.encoding import canonical_json

URLS = {"mx": "http://127.0.0.1:1001", "us": "http://127.0.0.1:1002", "custodians": "http://127.0.0.1:1003"}


@pytest.fixture(scope="module")
def world():
    return build(1, 20_000)


@pytest.fixture(scope="module")
def cast(world):
    return demo_cast.cast_for(world, URLS)


def test_every_country_can_publish_its_cast(cast):
    for country, entries in cast.agencies.items():
        register = Register(country, tuple(AgencyEntry.model_validate(entry) for entry in entries))
        assert Register.parse(country, register.targets()).agencies


def test_every_accord_can_be_read_and_permits_the_road_of_a_trace():
    read = {name: read_accord(canonical_json(told, "accord")) for name, told in demo_cast.accords().items()}
    abroad = read["mx-us-firearms"]
    abroad.require_type("trace.request/1", demo_cast.STATE_DESK, demo_cast.CENTRE)
    abroad.require_type("trace.result/1", demo_cast.CENTRE, demo_cast.FEDERAL_DESK)
    assert abroad.routing("trace.request/1", demo_cast.STATE_DESK, demo_cast.CENTRE).copy_to == (
        demo_cast.FEDERAL_DESK,
    )
    assert abroad.routing("trace.result/1", demo_cast.CENTRE, demo_cast.STATE_DESK).copy_to == (demo_cast.FEDERAL_DESK,)
    assert abroad.clock("trace.request/1", "urgent").hours == 24
    assert read["us-firearms"].clock("trace.link/1").hours == 24
    assert read["mx-firearms"].is_domestic


def test_posts_are_the_casts_own_and_nobody_unites_what_must_be_apart(cast):
    posts = {post["id"] for entries in cast.agencies.values() for entry in entries for post in entry["posts"]}
    for player in cast.players:
        assert player.post in posts
        assert player.post.partition("/")[0] in cast.hosted[player.node]
        check_roles(player.roles, has_person=True)
    names = Counter((player.node, player.username) for player in cast.players)
    assert set(names.values()) == {1}


def test_only_custodians_with_a_system_are_hosted_and_asked(cast, world):
    handles = {
        entry["id"]: {topic for post in entry["posts"] for topic in post["handles"]} for entry in cast.agencies["us"]
    }
    for custodian in world.firms.all:
        is_connected = custodian.status is Status.CONNECTED
        assert ("trace.count/1" in handles[custodian.agency]) is is_connected
        assert (custodian.agency in cast.hosted["custodians"]) is is_connected
        assert ("call" in handles[custodian.agency]) is (custodian.status is Status.PAPER)
        assert ("closed" in handles[custodian.agency]) is (custodian.status is Status.CLOSED)


def honest(world):
    """What a run that found the truth would have told."""
    return {f"r{r.number:02d}": demo_summary._expected(world, world.truth(r)) for r in world.recoveries}


def test_a_run_that_found_the_truth_has_no_disagreement(world):
    assert demo_summary.disagreements(world, honest(world)) == {}


def test_each_single_lie_about_a_result_is_named(world):
    for row, told in honest(world).items():
        for name in told:
            lied = copy.deepcopy(honest(world))
            lied[row][name] = "something else"
            assert list(demo_summary.disagreements(world, lied)) == [row]
    missing = honest(world)
    missing.pop("r07")
    assert list(demo_summary.disagreements(world, missing)) == ["r07"]


GOOD = {
    "messages": {"released": 9, "accepted": 9, "duplicates": 0, "lost": 0},
    "ledgers": {"cross_checked": True},
    "world": {"disagreeing": {}},
}


@pytest.mark.parametrize(
    ("part", "name", "value"),
    [
        ("messages", "lost", 1), ("messages", "duplicates", 1), ("messages", "accepted", 8),
        ("ledgers", "cross_checked", False), ("world", "disagreeing", {"r01": "x"}),
    ],
)  # fmt: skip
def test_a_run_is_good_only_if_nothing_is_lost_doubled_or_untrue(part, name, value):
    assert demo_summary.is_good(GOOD)
    told = copy.deepcopy(GOOD)
    told[part][name] = value
    assert not demo_summary.is_good(told)


def test_only_a_folder_of_an_earlier_demo_is_cleared(tmp_path):
    root = tmp_path / "d"
    with demo.demo_folder(root):
        (root / "old").mkdir()
    with demo.demo_folder(root):
        assert [file.name for file in root.iterdir()] == [demo.MARK]
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "work").write_text("x")
    with pytest.raises(SystemExit), demo.demo_folder(mine):
        pass
    assert (mine / "work").exists()


def test_a_folder_holds_one_running_demo(tmp_path):
    with demo.demo_folder(tmp_path / "d"), pytest.raises(SystemExit), demo.demo_folder(tmp_path / "d"):
        pass


def test_processes_left_behind_are_ended_and_no_others(tmp_path):
    waits = "import sys; sys.stdin.read()"
    homes = (tmp_path / "d" / "mx", tmp_path / "elsewhere")
    left, other = (subprocess.Popen([sys.executable, "-c", waits, str(home)], stdin=subprocess.PIPE) for home in homes)
    try:
        logs = tmp_path / "d" / "logs" / "mx"
        logs.mkdir(parents=True)
        for name, process in (("serve", left), ("worker", other)):
            (logs / f"{name}.pid").write_text(str(process.pid))
        assert end_left_over(tmp_path / "d") == 1
        assert left.wait(20) == -signal.SIGTERM
        assert other.poll() is None
    finally:
        for process in (left, other):
            process.kill()
            process.communicate()
