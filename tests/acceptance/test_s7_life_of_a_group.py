"""S7 on two nodes through their pages: a working group's life, from its charter to the group that replaces it.

The Mexican side reads Spanish, the other English; their clock moves by months. Every bad input is refused in both
languages and changes nothing, and whenever all has crossed both nodes hold the same words and figures.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
import requests
import vobject

from contraparte.node.demo_cast import HERMOSILLO, Player
from tests.acceptance import audit
from tests.acceptance.group_pair import (
    CHAIR,
    COUNTRIES,
    PARTNER,
    PRINCIPAL,
    SPONSOR,
    GroupPair,
    done,
    founded_pair,
    main_of,
    squeezed,
)
from tests.acceptance.trio import Databases, read_rows
from tests.acceptance.visitor import Visitor
from tests.groups.test_meeting_pages import NO_LINES, line

pytestmark = [pytest.mark.store, pytest.mark.timeout(600)]

NAME = ("Kidnapping and extortion", "Secuestro y extorsión")
NO_BASELINE = ("Missing. A charter cannot be approved without it.", "Falta. Sin este dato el acta no puede aprobarse.")
GAPS = (
    "The charter cannot be approved yet: something is missing.",
    "El acta constitutiva aún no puede aprobarse: falta algo.",
)
SAID = ("Your side has said so already.", "Su parte ya lo declaró.")
PAST = ("The meeting cannot be at that time", "La reunión no puede ser en ese momento")
ABOVE = (
    "This asks for more protection than the group's charter gives: H2.",
    "Esto exige más protección que la que da el acta del grupo: H2.",
)
INFORMAL = ("This meeting decides nothing: a side was missing", "Esta reunión no decide nada: faltó una de las partes")
TAKEN = ("Another group has this objective.", "Otro grupo tiene este objetivo.")
ENDED = ("The group has ended.", "El grupo ha concluido.")
NO_DAY = ("A commitment names the post that owns it", "Un compromiso nombra el puesto responsable")
DUE_IN = 20  # days a promise of the first meeting is given


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory, databases: Databases) -> Iterator[GroupPair]:
    with founded_pair(tmp_path_factory.mktemp("s7"), databases) as made:
        yield made


@dataclass
class Life:
    """One group as the people of both sides find it on their pages."""

    pair: GroupPair
    uuid: str

    @classmethod
    def begun(cls, pair: GroupPair, names: tuple[str, str], **more: Any) -> "Life":
        """Proposed by the chair; the other side has heard of it."""
        fields = {"counterpart": PARTNER, "name_en": names[0], "name_es": names[1], "kind": "working_group",
                  "framework": "1.1.1.1"}  # fmt: skip
        done(pair.chair.post("/groups/new/", fields | more, seen_on="/groups/new/"))
        pair.settle()
        made = cls(
            pair, str(read_rows(pair.trio.nodes["mx"], "SELECT uuid FROM groups_group ORDER BY id DESC")[0]["uuid"])
        )
        assert names[1] in pair.chair.get(made.at("mx"))
        return made

    def number(self, node: str) -> int:
        """The number a node gives it."""
        return self.pair.row(node, "groups_group", f"uuid = '{self.uuid}'")

    def at(self, node: str, path: str = "") -> str:
        """Where the group stands on a node."""
        return f"/groups/{self.number(node)}/{path}"

    def meeting(self, node: str, key: str, path: str = "") -> str:
        """Where one of its meetings stands on a node."""
        number = self.pair.row(node, "groups_meeting", f"key = '{key}'")
        return f"/groups/meetings/{number}/{path}"

    def states(self) -> set[str]:
        """How both nodes say the group stands."""
        return {one["state"] for node in COUNTRIES for one in self.pair.record(node, "groups")["groups"]
                if one["uuid"] == self.uuid}  # fmt: skip

    def latest(self, act: str) -> str:
        """The id of the last word of a kind, as it stands in an address."""
        wanted = (
            "SELECT m.uuid AS uuid FROM groups_groupword w JOIN exchange_message m ON m.id = w.message_id "
            f"WHERE w.act = '{act}' ORDER BY w.id DESC"
        )
        return str(UUID(read_rows(self.pair.trio.nodes["mx"], wanted)[0]["uuid"]))

    def charter(self, **changed: str) -> dict[str, Any]:
        """A charter without a gap as its chair types it: a count, and a milestone that the other side owns."""
        later, soon = self.pair.day(390), self.pair.day(120)
        count = {
            "key": "g1", "statement_en": "Fewer kidnappings", "statement_es": "Menos secuestros",
            "indicator_en": "Files opened", "indicator_es": "Carpetas abiertas", "measure": "count", "baseline": "468",
            "baseline_days": "365", "target": "370", "due_on": later, "source_en": "SESNSP", "source_es": "SESNSP",
            "owner": CHAIR,
        }  # fmt: skip
        milestone = {"key": "m1", "statement_en": "One window", "statement_es": "Ventanilla única",
                     "measure": "milestone", "due_on": soon, "owner": PARTNER}  # fmt: skip
        return {
            "name_en": NAME[0], "name_es": NAME[1], "kind": "working_group", "purpose_en": "Work them together",
            "purpose_es": "Atenderlos juntos", "scope_en": "Both states", "scope_es": "Ambos estados",
            "out_of_scope_en": "Migration", "out_of_scope_es": "Migración", "sponsor_ours": SPONSOR,
            "sponsor_theirs": PRINCIPAL, "every": "1", "unit": "month", "quorum": "1", "rule": "consensus",
            "handling": ["H1"], "time_zone": HERMOSILLO, "review_on": self.pair.day(400), "base": "", "goals": "2",
            **{f"goals-0-{name}": text for name, text in count.items()},
            **{f"goals-1-{name}": text for name, text in milestone.items()},
            "do": "propose",
        } | changed  # fmt: skip

    # --- meetings ---

    def typed(self, day: str) -> dict[str, str]:
        """A meeting of two hours, on that day even where it is a holiday."""
        return {**NO_LINES, "day": day, "at": "10:00", "zone": HERMOSILLO, "length": "120", "anyway": "on"}

    def called(self, days: int) -> tuple[str, datetime]:
        """The chair calls a meeting; gives its key and when it begins."""
        day = self.pair.day(days)
        fields = self.typed(day) | line("agenda", en="Open cases", es="Casos abiertos", handling="H1")
        done(self.pair.chair.post(self.at("mx", "meetings/call/"), fields, seen_on=self.at("mx", "meetings/call/")))
        meetings = self.pair.settle()["meetings"]
        starts = datetime.combine(date.fromisoformat(day), time(10), ZoneInfo(HERMOSILLO))
        return str(max(meetings, key=lambda one: str(one["starts"]))["key"]), starts

    def took_place(self, days: int, *came: str, told_after_hours: int = 3) -> str:
        """A meeting to which these posts came, as each side tells once it is over."""
        key, starts = self.called(days)
        self.pair.wait_for(starts, hours=told_after_hours)
        for post, who, node in ((CHAIR, "chair", "mx"), (PARTNER, "partner", "us")):
            if post in came:
                path = self.meeting(node, key, "attend/")
                done(getattr(self.pair, who).post(path, {**NO_LINES, "present": post}, seen_on=path))
        self.pair.settle()
        return key

    def minuted(self, key: str, **more: str) -> str:
        """The chair writes minutes; gives their key."""
        path = self.meeting("mx", key, "minutes/")
        done(self.pair.chair.post(path, {**NO_LINES, "en": "We met.", "es": "", "base": "", **more}, seen_on=path))
        self.pair.settle()
        return self.latest("minutes.propose")

    def agreed(self, key: str, **more: str) -> None:
        """Minutes of the chair that the partner agrees to."""
        minutes = self.minuted(key, **more)
        page = self.meeting("us", key)
        done(self.pair.partner.post(f"{page}minutes/agree/", {"minutes": minutes}, seen_on=page))
        self.pair.settle()


def test_s7_a_working_groups_life_by_the_pages_of_both_nodes(pair: GroupPair) -> None:
    life = Life.begun(pair, NAME)
    due = charter_is_refused_without_a_baseline_and_approved_by_both(life)
    nothing_is_called_in_the_past_or_above_the_level(life)
    last = five_meetings(life)
    figures_are_the_same_on_both(life, last)
    nobody_else_finds_it(life, last)
    a_promise_twice_overdue_is_with_both_principals(life)
    an_owner_leaves_and_another_takes_over(life)
    the_milestone_keeps_its_chartered_day(life, due)
    another_group_replaces_it(life)
    assert audit.faults(pair.trio.nodes.values()) == []


def charter_is_refused_without_a_baseline_and_approved_by_both(life: Life) -> str:
    pair, write = life.pair, life.at("mx", "charter/")
    poor = life.charter(**{"goals-0-baseline": ""})
    pair.refused(pair.chair, write, poor, NO_BASELINE)
    done(pair.chair.post(write, poor | {"do": "propose_gaps"}, seen_on=write))
    pair.settle()
    key = life.latest("charter.propose")
    pair.refused(pair.sponsor, life.at("mx", f"charter/{key}/approve/"), {}, GAPS, status=302)
    number = life.number("us")
    as_principal = ("--as", "principal", "--post", PRINCIPAL)
    assert "goals.0.baseline: missing" in pair.run(
        "group", "approve", number, key, *as_principal, node="us", fails=True
    )
    back = life.at("mx", f"charter/{key}/decline/")
    done(pair.chair.post(back, {"reason": "Falta la línea base."}, seen_on=back))

    whole = life.charter()
    done(pair.chair.post(write, whole, seen_on=write))
    pair.settle()
    key = life.latest("charter.propose")
    approve = {node: life.at(node, f"charter/{key}/approve/") for node in COUNTRIES}
    for who, node in (("chair", "mx"), ("partner", "us"), ("auditor", "mx")):  # who runs it does not approve it
        assert getattr(pair, who).post(approve[node], {}, seen_on="/account/")[0] == 403, who
    done(pair.sponsor.post(approve["mx"], {}, seen_on="/groups/"))
    pair.settle()
    # One side cannot say both words: the second is refused, and the other side's is still missing.
    pair.refused(pair.sponsor, approve["mx"], {}, SAID, status=302)
    assert life.states() == {"chartering"}
    said = pair.run("group", "approve", number, key, *as_principal, node="us")
    assert "approved; the group is active" in said
    pair.settle()
    assert life.states() == {"active"}
    return str(whole["goals-1-due_on"])


def nothing_is_called_in_the_past_or_above_the_level(life: Life) -> None:
    pair, call = life.pair, life.at("mx", "meetings/call/")
    pair.refused(pair.chair, call, life.typed(pair.day(-3)), PAST)
    above = life.typed(pair.day(20)) | line("agenda", en="An informer", es="Un informante", handling="H2")
    pair.refused(pair.chair, call, above, ABOVE)


def five_meetings(life: Life) -> str:
    """One a month: the third is not held, to the fourth one side comes, of the fifth the minutes are disputed."""
    pair = life.pair
    first = life.took_place(30, CHAIR, PARTNER)
    promise = line("promises", en="Name a liaison", es="Nombrar un enlace", owner=PARTNER)
    pair.refused(pair.chair, life.meeting("mx", first, "minutes/"), {**NO_LINES, "en": "We met.", **promise}, NO_DAY)
    life.agreed(first, **promise, **{"promises-0-due_on": pair.day(DUE_IN)})
    life.agreed(life.took_place(30, CHAIR, PARTNER))
    _third, starts = life.called(30)
    pair.wait_for(starts, days=3)
    fourth = life.took_place(27, CHAIR, told_after_hours=72)  # the other side's silence counts as absence by then
    decided = {**NO_LINES, "en": "We met.", "base": "", **line("decisions", en="Yes.", es="Sí.")}
    pair.refused(pair.chair, life.meeting("mx", fourth, "minutes/"), decided, INFORMAL)
    life.agreed(fourth)
    fifth = life.took_place(27, CHAIR, PARTNER)
    minutes = life.minuted(fifth, en="All agreed.", es="Todo acordado.")
    dispute = life.meeting("us", fifth, "minutes/dispute/")
    done(pair.partner.post(dispute, {"en": "Not all.", "es": "", "base": minutes}, seen_on=dispute))
    pair.settle()
    return fifth


def figures_are_the_same_on_both(life: Life, last: str) -> None:
    pair = life.pair
    meetings = sorted(pair.settle()["meetings"], key=lambda one: one["number"])
    assert [one["state"] for one in meetings] == ["held", "held", "not_held", "held_informal", "held"]
    assert [one["minutes"] for one in meetings] == ["final", "final", "", "final", "disputed"]
    for who, node in ((pair.chair, "mx"), (pair.partner, "us")):
        page = who.get(life.at(node, "meetings/"))
        assert [figure for figure in ("4/5", "3/5", "3/4") if f"<dd>{figure}</dd>" not in page] == []
        both = who.get(life.meeting(node, last))
        assert "Todo acordado." in both and "Not all." in both
    assert told(pair, life, "chair", "mx") == told(pair, life, "partner", "us")

    # A calendar programme that knows the address alone reads when, and nothing of what about.
    page = pair.partner.post("/groups/calendar/", {}, seen_on="/groups/calendar/")[1]
    address = page.split('id="new-address">')[1].split("<")[0]
    read = requests.get(address, timeout=60)
    assert (read.status_code, read.headers["Content-Type"]) == (200, "text/calendar; charset=utf-8")
    events = vobject.readOne(read.text).vevent_list
    # The first was more than 120 days ago: calendars have let it go.
    assert sorted(one.dtstart.value.astimezone(UTC) for one in events) == [at_utc(one) for one in meetings[1:]]
    assert not [word for word in (*NAME, "liaison", "Casos") if word in read.text]
    assert requests.get(f"{address[:-8]}wrong.ics", timeout=60).status_code == 404


def at_utc(meeting: dict[str, Any]) -> datetime:
    """When a meeting begins; one of the two databases keeps its zone to itself."""
    starts = datetime.fromisoformat(str(meeting["starts"]))
    return starts.astimezone(UTC) if starts.tzinfo else starts.replace(tzinfo=UTC)


def told(pair: GroupPair, life: Life, name: str, node: str) -> dict[str, Any]:
    """What the API of a node says of the group, but for what each side calls its own."""
    who: Visitor = getattr(pair, name)
    number = life.number(node)
    answer = pair.ask(who, f"groups/{number}", pair.token(who))
    assert answer.status_code == 200, answer.text
    same = ("uuid", "name", "state", "meetings", "goals", "in_force", "charter", "history", "open_commitments")
    return {key: value for key, value in answer.json().items() if key in same} | {
        "versions": [{key: value for key, value in one.items() if key != "is_ours"}
                     for one in answer.json()["versions"]],
    }  # fmt: skip


def nobody_else_finds_it(life: Life, last: str) -> None:
    """Another agency, another role, nobody signed in: over the socket they get nothing, and change nothing."""
    pair, before = life.pair, life.pair.settle()
    pages = [life.at("mx"), *(life.at("mx", path) for path in ("story/", "charter/", "meetings/", "goals/g1/", "end/")),
             *(life.meeting("mx", last, path) for path in ("", "minutes/", "attend/", "minutes.pdf"))]  # fmt: skip
    outsider, stranger = pair.outsider, requests.Session()
    stranger.trust_env = False
    for path in pages:
        assert outsider.session.get(outsider.root + path, timeout=60).status_code in {403, 404}, path
        assert outsider.post(path, {}, seen_on="/groups/")[0] in {403, 404, 405}, path
        assert stranger.get(outsider.root + path, timeout=60, allow_redirects=False).status_code == 302, path
    number = life.number("mx")
    assert pair.ask(outsider, f"groups/{number}", pair.token(outsider)).status_code == 404
    assert pair.ask(outsider, f"groups/{number}", "wrong").status_code == 401
    # Who reads the log opens no group, and a sponsor does not do the chair's work.
    for who in (pair.auditor, pair.sponsor):
        for path in (life.at("mx", "meetings/call/"), life.meeting("mx", last, "minutes/"), life.at("mx", "charter/")):
            assert who.post(path, life.typed(pair.day(9)), seen_on="/account/")[0] == 403, path
    assert pair.settle() == before


def a_promise_twice_overdue_is_with_both_principals(life: Life) -> None:
    pair = life.pair
    promise = {node: pair.row(node, "groups_promise", "1 = 1") for node in COUNTRIES}
    path = f"/groups/promises/{promise['us']}/"
    late = {"do": "carry", "due_on": pair.day(10), "note": "Budget"}
    assert pair.partner.post(path, late | {"note": ""}, seen_on=path)[0] == 422
    done(pair.partner.post(path, late, seen_on=path))
    pair.settle()
    principals = (("sponsor", "mx"), ("principal", "us"))
    for who, node in principals:
        assert f"/groups/promises/{promise[node]}/" not in getattr(pair, who).get("/desk/")
    pair.pass_time(days=12)
    for (who, node), words in zip(principals, ("incumplidos dos veces: con ambos titulares",
                                               "missed twice: with both principals"), strict=True):  # fmt: skip
        visitor: Visitor = getattr(pair, who)
        assert f"<strong>1</strong>{words}" in squeezed(visitor.get("/groups/promises/"))
        assert f"/groups/promises/{promise[node]}/" in visitor.get("/desk/")


def an_owner_leaves_and_another_takes_over(life: Life) -> None:
    """What the leaver has open ends at once; the post stands vacant on the board until its successor acts."""
    pair, page = life.pair, life.at("us")
    leaver = pair.partner
    assert leaver.get(page)
    pair.run("post", "leave", "partner", PARTNER, node="us")
    assert leaver.session.get(leaver.root + page, timeout=60, allow_redirects=False).status_code != 200
    for language, words in (("en", "Nobody holds:"), ("es", "Sin titular:")):
        done(pair.principal.post("/language/", {"language": language}, seen_on="/groups/"))
        assert words in pair.principal.get(page)
    pair.run("post", "assign", "partner", PARTNER, "heir", node="us")
    pair.run("post", "acknowledge", "partner", PARTNER, "--as", "heir", node="us")
    pair.trio.cast.players.append(Player("us", "heir", "heir", "en", PARTNER, ("officer",), "/groups/"))
    assert "Nobody holds:" not in pair.heir.get(page)


def the_milestone_keeps_its_chartered_day(life: Life, due: str) -> None:
    pair, path = life.pair, life.at("us", "goals/m1/")
    late = (date.fromisoformat(due) + timedelta(days=90)).isoformat()
    done(pair.heir.post(path, {"expected_on": late, "done_on": "", "note": "Moved twice."}, seen_on=path))
    pair.settle()
    for who, node, words in (("chair", "mx", "con retraso"), ("heir", "us", "behind")):
        assert words in getattr(pair, who).get(life.at(node, "goals/m1/"))
        charter = told(pair, life, who, node)["charter"]
        assert [goal["due_on"] for goal in charter["goals"] if goal["key"] == "m1"] == [due]


def another_group_replaces_it(life: Life) -> None:
    pair = life.pair
    new = Life.begun(pair, ("Extortion", "Extorsión"), succeeds=[life.number("mx")])
    for language, words in zip(("en", "es"), TAKEN, strict=True):  # it warns, and does not forbid
        done(pair.chair.post("/language/", {"language": language}, seen_on="/groups/"))
        status, page = pair.chair.post(new.at("mx", "charter/"), new.charter(do="check"), seen_on="/groups/")
        assert (status, words in squeezed(page)) == (200, True), main_of(page)
    done(pair.chair.post(new.at("mx", "charter/"), new.charter(), seen_on="/groups/"))
    pair.settle()
    key = new.latest("charter.propose")
    assert TAKEN[1] in pair.sponsor.get(new.at("mx", f"charter/{key}/"))
    for who, node in (("sponsor", "mx"), ("principal", "us")):
        done(getattr(pair, who).post(new.at(node, f"charter/{key}/approve/"), {}, seen_on="/groups/"))
        pair.settle()
    assert new.states() == {"active"}
    for who, node in (("sponsor", "mx"), ("principal", "us")):
        assert life.states() == {"active"} or life.states() == {"dormant"}, "one side alone ends nothing"
        into = new.number(node)
        end = life.at(node, "end/")
        done(getattr(pair, who).post(end, {"how": "replaced", "into": into, "reason": ""}, seen_on=end))
        pair.settle()
    assert life.states() == {"replaced"}
    (moved,) = [one for one in pair.settle()["promises"] if one["is_live"]]
    assert (moved["of"], moved["owner"], moved["missed_before"]) == (new.uuid, PARTNER, 1)
    assert "Nombrar un enlace" in pair.chair.get(new.at("mx"))
    assert "Name a liaison" in pair.heir.get(new.at("us"))
    pair.refused(pair.chair, life.at("mx", "meetings/call/"), life.typed(pair.day(9)), ENDED)
