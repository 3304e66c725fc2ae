"""One node's hands in the demo: a process that has opened the node's home and does what the driver says.

Commands come as JSON lines on stdin, `{"do": name, "with": {…}}`; answers go as JSON lines to stdout: any number of
`{"progress": n}`, then `{"result": …}` or `{"error": code, "text": …}`. What it does are the same actions a person's
click or an administrator's command calls; nothing is written behind their back.
"""

import base64
import json
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

Tell = Callable[[int], None]


def obey(home: Path) -> None:
    """Read commands until stdin ends. The first must be `found` or `open`."""
    answers = sys.stdout
    # A stray print of a library must not look like an answer.
    sys.stdout = sys.stderr

    def tell(line: dict[str, Any]) -> None:
        answers.write(json.dumps(line) + "\n")
        answers.flush()

    for line in sys.stdin:
        asked = json.loads(line)
        try:
            result = COMMANDS[asked["do"]](home=home, tell=lambda done: tell({"progress": done}), **asked["with"])
            tell({"result": result})
        except Exception as error:  # noqa: BLE001 (whatever it was, the driver must hear of it)
            import traceback

            traceback.print_exc()
            tell({"error": getattr(error, "code", type(error).__name__), "text": str(error)})


def now() -> datetime:
    """The time of the act."""
    from django.utils import timezone

    return timezone.now()


# --- the node and its directory ---


def found_node(home: Path, tell: Tell, **settings: Any) -> None:
    """Make the node and open it. Django knows no home yet, so its clock cannot be asked."""
    from contraparte.node.founding import Settings, found

    found(home, Settings(**settings), now=datetime.now(UTC))


def open_node(home: Path, tell: Tell) -> None:
    """Open a node made before."""
    from contraparte.start import open_home

    open_home(home)


def make_keys(home: Path, tell: Tell, agencies: list[str]) -> list[dict[str, Any]]:
    """Keys of agencies this node hosts; gives the entries to publish. The operator's were made with the node."""
    from django.conf import settings

    from contraparte.directory import actions
    from contraparte.directory.rules.register import plain
    from contraparte.node.founding import PUBLIC_KEYS

    own = json.loads((home / PUBLIC_KEYS).read_text("utf-8"))["keys"]
    others = [agency for agency in agencies if agency != settings.NODE_OPERATOR]
    return [*own, *(plain(entry) for entry in actions.make_keys(others, now=now()))]


def make_country(home: Path, tell: Tell, country: str, root_folder: str) -> dict[str, Any]:
    """Root keys, first root and accord key of a country this node publishes."""
    from django.conf import settings

    from contraparte.directory import actions, publisher
    from contraparte.directory.rules.register import plain
    from contraparte.protocol.keys import Purpose

    fingerprint = publisher.create_directory(country, root_folder=Path(root_folder), now=now())
    (entry,) = actions.make_agency_keys(settings.NODE_OPERATOR, [Purpose.ACCORD], now=now())
    root = base64.b64encode(publisher.first_root(country)).decode()
    return {"root": root, "fingerprint": fingerprint, "accord_key": plain(entry)}


def publish(home: Path, tell: Tell, *, country: str, agencies: list[Any], keys: list[Any], accord_kid: str) -> int:
    """Publish the country's agencies, posts and keys; gives the version."""
    from contraparte.directory import publisher
    from contraparte.directory.rules.register import AgencyEntry, KeyEntry, Register

    register = Register(
        country,
        agencies=tuple(AgencyEntry.model_validate(entry) for entry in agencies),
        keys=tuple(KeyEntry.model_validate(entry) for entry in keys),
        accord_keys=(accord_kid,),
    )
    return publisher.publish(register, now=now()).targets_version


def trust(home: Path, tell: Tell, *, country: str, root: str, fingerprint: str, url: str) -> None:
    """Trust a country's first root by its fingerprint."""
    from contraparte.directory import client

    client.trust_root(country, base64.b64decode(root), fingerprint, url=url, now=now())


def refresh(home: Path, tell: Tell, countries: list[str]) -> None:
    """Fetch and verify the directories."""
    from contraparte.directory import client

    for country in countries:
        client.refresh(country, now=now())


def sign(home: Path, tell: Tell, country: str, document: Any) -> str:
    """Sign an accord in the name of a country; `document` is the accord or, in base64, one signed by the other."""
    from contraparte.directory import actions
    from contraparte.directory.rules.signatures import SignedDocument
    from contraparte.protocol.encoding import canonical_json

    offered: Any = (
        SignedDocument.parse(base64.b64decode(document))
        if isinstance(document, str)
        else canonical_json(document, "accord")
    )
    return base64.b64encode(actions.sign_accord(offered, country=country).to_bytes()).decode()


def publish_accords(home: Path, tell: Tell, country: str, signed: dict[str, str]) -> int:
    """Publish signed accords with what the country publishes already."""
    from contraparte.directory import publisher

    register = publisher.current_register(country)
    for name, data in signed.items():
        register = register.with_accord(name, base64.b64decode(data))
    return publisher.publish(register, now=now()).targets_version


def appoint(home: Path, tell: Tell, players: list[dict[str, Any]], services: list[str]) -> int:
    """People and services of this node into their posts; gives how many."""
    from django.db import transaction

    from contraparte.directory import actions, queries

    with transaction.atomic():
        for player in players:
            person = actions.add_person(player["username"], player["name"], language=player["language"])
            actions.appoint(person, queries.post(player["post"]), player["roles"], by=None, now=now())
        for post in services:
            actions.appoint_service(queries.post(post), now=now())
    return len(players) + len(services)


# --- books ---


def import_books(home: Path, tell: Tell, files: list[str]) -> int:
    """Import one book for each file, named after its custodian; gives the lines taken."""
    from contraparte.books.actions import LOCAL_MAINTENANCE, create_book, import_file
    from contraparte.directory import queries

    taken = 0
    for name in files:
        path = Path(name)
        book = create_book(queries.agency(path.stem), "bound-book", now=now())
        report = import_file(book, path, by=LOCAL_MAINTENANCE, now=now())
        if report.refused:
            raise ValueError(f"{report.refused} lines of {path.name} were refused")
        taken += report.added
        tell(taken)
    return taken


# --- the Mexican side ---


def record(home: Path, tell: Tell, events: list[dict[str, Any]]) -> dict[str, Any]:
    """Record events and their guns; erased serials lack their restoration at first, which is named and supplied.

    Gives how many rows were saved and how many were stopped for want of a restoration.
    """
    from contraparte.node.demo_cast import CENTRE, FEDERAL_DESK, STATE_DESK
    from contraparte.protocol.errors import RestorationMissingError
    from contraparte.traces.actions import recording, requesting
    from contraparte.traces.actions.recording import EventInput

    saved = stopped = 0
    for given in events:
        by = _tenure(STATE_DESK if given["office"] == "state" else FEDERAL_DESK, "officer")
        event = recording.record_event(
            EventInput(
                case_number=given["case"], recovered_on=date.fromisoformat(given["recovered_on"]), place=given["place"],
                counterpart=CENTRE, crime_code=given["crime_code"], requester_code="MXSON0001", region="MX-SON",
                priority="urgent" if given["urgent_reason"] else "routine", urgent_reason=given["urgent_reason"],
            ),
            by=by, now=now(),
        )  # fmt: skip
        for number, typed in given["guns"]:
            told = {name: text for name, text in typed.items() if name != "restoration"}
            row = recording.save_gun_row(event, f"r{number:02d}", told, by=by, now=now())
            if "restoration" in typed:
                try:
                    requesting.require_sendable(row)
                except RestorationMissingError:
                    stopped += 1
                recording.save_gun_row(event, f"r{number:02d}", typed, by=by, now=now())
            saved += 1
            tell(saved)
    return {"saved": saved, "stopped_for_restoration": stopped}


def merge_duplicates(home: Path, tell: Tell) -> int:
    """The federal officer looks at each warning of the same gun and decides that the state's serial is the true one."""
    from contraparte.node.demo_cast import FEDERAL_DESK
    from contraparte.traces.actions.comparing import resolve_same_gun
    from contraparte.traces.models import SameGun

    by, merged = _tenure(FEDERAL_DESK, "officer"), 0
    for warning in SameGun.objects.filter(state=SameGun.State.OPEN).select_related("earlier"):
        resolve_same_gun(
            warning, is_same=True, reason="Mismo hecho y misma arma; un dígito mal leído",
            true_serial=warning.earlier.serial, by=by, now=now(),
        )  # fmt: skip
        merged += 1
    return merged


def release_requests(home: Path, tell: Tell, at_most: int | None = None) -> dict[str, int]:
    """Open a trace for every recorded gun that has none, or for the first `at_most` of them.

    Each draft is approved by the authorising person and let out.
    """
    from contraparte.exchange import actions as exchange
    from contraparte.node.demo_cast import STATE_DESK
    from contraparte.traces.actions import requesting
    from contraparte.traces.models import Gun

    officer, authoriser = _tenure(STATE_DESK, "officer"), _tenure(STATE_DESK, "authoriser")
    waiting = Gun.objects.filter(event__post_id=STATE_DESK, duplicate_of=None, trace=None)
    guns = waiting.select_related("event").order_by("pk")[:at_most]
    opened = requesting.open_traces(list(guns), by=officer, now=now())
    if opened.refused:
        row, error = opened.refused[0]
        raise RuntimeError(f"row {row.row_key} may not be sent: {error.code}")
    for draft in opened.drafts:
        shown = exchange.preview(draft, now=now())
        exchange.approve_draft(draft, digest=shown.content_digest, by=authoriser, now=now())
    released = exchange.release_drafts(opened.drafts, by=officer, now=now())
    return {"opened": len(opened.traces), "released": len(released)}


def results(home: Path, tell: Tell) -> dict[str, Any]:
    """How each recorded gun ended, by its row key; open traces have no code."""
    from contraparte.traces.models import Gun, Trace

    traces = {trace.gun_id: trace for trace in Trace.objects.filter(standing=Trace.Standing.OWN)}
    found: dict[str, Any] = {}
    for gun in Gun.objects.select_related("duplicate_of").order_by("pk"):
        trace = traces.get(gun.pk)
        if gun.duplicate_of is not None:
            found[gun.row_key] = {"code": "duplicate_of", "duplicate_of": gun.duplicate_of.row_key}
        elif trace is not None:
            found[gun.row_key] = {
                "code": trace.code,
                "chain": [hop["custodian"] for hop in trace.result.get("chain", [])],
                "purchaser": trace.result.get("purchaser", {}).get("name", ""),
                "first_sold": trace.first_retail_on.isoformat() if trace.first_retail_on else None,
                "last_sold": trace.last_retail_on.isoformat() if trace.last_retail_on else None,
                "time_to_crime_days": trace.time_to_crime_days,
            }
    return found


# --- persons the walk waits for ---


def answer_questions(home: Path, tell: Tell) -> int:
    """Records clerks look at the questions put before them; gives how many were decided.

    A clerk confirms the one gun of its own book that the serial may stand for and the description fits; where several
    do, or none, says so.
    """
    from contraparte.protocol.ids import agency_of
    from contraparte.traces.actions import custody
    from contraparte.traces.models import CustodianTask
    from contraparte.traces.rules.codes import ResultCode

    decided = 0
    for task in CustodianTask.objects.filter(state=CustodianTask.State.OPEN).order_by("opened_at"):
        by = _tenure(f"{agency_of(task.post_id)}/records", "custodian")
        fitting = [one for one in custody.candidates_of(task, by=by, now=now()) if _fits(one)]
        if len(fitting) == 1:
            custody.confirm_link(task, fitting[0].line_id, by=by, now=now())
        else:
            code = ResultCode.MULTIPLE_MATCH if fitting else ResultCode.NO_RECORD
            custody.decline_link(task, code, by=by, now=now())
        decided += 1
    return decided


def _fits(candidate: Any) -> bool:
    """Whether every character of a candidate is what was read, what was left open, or one that looks alike."""
    from contraparte.books.rules.channel import Event

    allowed = {Event.AGREES, Event.ZERO, Event.UNREAD, Event.RUN, Event.CONFUSED}
    alike = all(Event(event) in allowed for _, _, event in candidate.reading)
    return alike and all(how != "different" for name, how in candidate.agreements if name != "model")


def make_calls(home: Path, tell: Tell, papers: str) -> int:
    """The analyst calls custodians without a system, who read from their paper books, and enters what they say."""
    from django.utils import timezone

    from contraparte.node.demo_cast import CENTRE
    from contraparte.traces.actions.walking import assisted_hop
    from contraparte.traces.models import Hop, Walk
    from contraparte.traces.rules.walk import HopState

    calls = 0
    waiting = Hop.objects.filter(state=HopState.TO_CALL.value, walk__state=Walk.State.WALKING).select_related("walk")
    for hop in waiting:
        told = _read_paper(Path(papers) / f"{hop.licence}.csv", hop.walk.gun)
        log = {"answered_by": "the dealer", "at": timezone.now().isoformat(timespec="minutes"), "means": "telephone"}
        assisted_hop(hop, told, call_log=log, by=_tenure(CENTRE, "officer"), now=now())
        calls += 1
    return calls


def _read_paper(book: Path, gun: dict[str, Any]) -> Any:
    """What a dealer finds in a paper book: the lines of one serial and maker."""
    import csv

    from contraparte.books.rules.descriptions import canonical_maker
    from contraparte.books.rules.serials import parse_key
    from contraparte.traces.messages import LinkAnswer, LinkLine, PurchaserFacts
    from contraparte.traces.rules.codes import ResultCode
    from contraparte.traces.rules.disposals import read_disposal, read_purchaser

    with book.open(encoding="utf-8", newline="") as handle:
        rows = [
            row
            for row in csv.DictReader(handle)
            if parse_key(row["serial"]) == gun["serial"]
            and canonical_maker(row["manufacturer"]) == canonical_maker(gun["maker"])
        ]
    if not rows:
        return LinkAnswer(code=ResultCode.NO_RECORD)
    lines, before = [], ""
    for row in rows:
        day = date.fromisoformat(row["disposed_on"]) if row["disposed_on"] else None
        disposal = read_disposal(row["disposed_to"], day)
        lines.append(
            LinkLine(
                kind=disposal.kind, disposed_on=disposal.disposed_on, licence=disposal.licence,
                country=disposal.country, is_return=bool(before) and row["disposed_to"] == before,
            )
        )  # fmt: skip
        before = row["disposed_to"]
    person = read_purchaser(rows[-1]["disposed_to"])
    return LinkAnswer(
        lines=lines, purchaser=PurchaserFacts(name=person.name, form=person.form) if person.name else None
    )


# --- counting ---


def progress(home: Path, tell: Tell) -> dict[str, int]:
    """What still waits on this node."""
    from django.db.models import F

    from contraparte.exchange.models import Message, Outbox, Receipt
    from contraparte.ledger.models import Log
    from contraparte.traces.models import Trace

    own = Trace.objects.filter(standing=Trace.Standing.OWN)
    return {
        "outbox": Outbox.objects.count(),
        "unhandled": Message.objects.filter(direction="in", state=Message.State.ACCEPTED).count(),
        "failed": Message.objects.filter(state=Message.State.FAILED).count(),
        "receipts_due": Receipt.objects.filter(ours=True, due__isnull=False).count(),
        "open_traces": own.exclude(state=Trace.State.CONCLUDED).count(),
        "uncosigned": Log.objects.filter(mine=True).exclude(cosignatures__size=F("size")).distinct().count(),
    }


def counts(home: Path, tell: Tell) -> dict[str, Any]:
    """Everything the summary says, read from this node's database."""
    from django.db.models import Sum

    from contraparte.books.models import Book
    from contraparte.exchange.models import Incident, Message, Receipt
    from contraparte.ledger.fsck import check_ledger
    from contraparte.ledger.models import Incident as LogIncident
    from contraparte.ledger.models import Leaf, Log

    def ids(direction: str) -> list[str]:
        rows = Message.objects.filter(direction=direction).values_list("uuid", flat=True)
        return sorted(map(str, rows))

    report = check_ledger()
    return {
        "released": ids("out"),
        "accepted": ids("in"),
        "receipts": Receipt.objects.filter(ours=False).count(),
        "leaves": Leaf.objects.filter(log__mine=True).count(),
        "logs": Log.objects.filter(mine=True).count(),
        "book_records": Book.objects.aggregate(lines=Sum("lines"))["lines"] or 0,
        "incidents": Incident.objects.count() + LogIncident.objects.count(),
        "ledger_ok": report.ok,
        "ledger_matched": report.matched,
        "findings": [f"{one.code} {one.origin} {one.index} {one.detail}" for one in report.findings[:10]],
    }


def links(home: Path, tell: Tell, players: list[dict[str, Any]]) -> list[list[str]]:
    """A one-time sign-in address for each player: [label, address]."""
    from contraparte.directory.models import Tenure
    from contraparte.web.one_time import make_one_time_link

    made = []
    for player in players:
        tenure = Tenure.objects.select_related("person").get(
            person__username=player["username"], post_id=player["post"]
        )
        assert tenure.person is not None
        made.append(
            [player["label"], make_one_time_link(tenure.person, tenure=tenure, lands_on=player["lands_on"], now=now())]
        )
    return made


def _tenure(post: str, role: str) -> Any:
    """The tenure of the post's person with a role."""
    from contraparte.directory import queries
    from contraparte.directory.rules.roles import Role

    return queries.holders_of(post, Role(role), now())[0]


COMMANDS: dict[str, Callable[..., Any]] = {
    "found": found_node,
    "open": open_node,
    "make_keys": make_keys,
    "make_country": make_country,
    "publish": publish,
    "trust": trust,
    "refresh": refresh,
    "sign": sign,
    "publish_accords": publish_accords,
    "appoint": appoint,
    "import_books": import_books,
    "record": record,
    "merge_duplicates": merge_duplicates,
    "release_requests": release_requests,
    "results": results,
    "answer_questions": answer_questions,
    "make_calls": make_calls,
    "progress": progress,
    "counts": counts,
    "links": links,
}
