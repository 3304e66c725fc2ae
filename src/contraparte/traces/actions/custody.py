"""What a custodian does when asked: count, answer by itself where all agrees, else put it before its own person."""

from dataclasses import dataclass
from datetime import datetime

from contraparte.directory import queries as directory
from contraparte.directory.models import Tenure
from contraparte.exchange import actions as exchange
from contraparte.exchange.models import Obligation
from contraparte.exchange.registry import Arrived
from contraparte.exchange.writing import writing
from contraparte.protocol.errors import FieldUnreadableError, TaskDecidedError
from contraparte.protocol.marking import Marking
from contraparte.traces.messages import (
    CountAnswer,
    CountQuestion,
    GunDescription,
    LinkAnswer,
    LinkLine,
    LinkQuestion,
    PurchaserFacts,
)
from contraparte.traces.models import CustodianTask
from contraparte.traces.own_book import (
    Asking,
    BookGun,
    disposals_of,
    gun_of_line,
    guns_matching,
    nearby_guns,
    purchaser_of,
)
from contraparte.traces.rules.agreement import Described, the_one
from contraparte.traces.rules.codes import DECLINE_CODES, ResultCode


def answer_count(arrived: Arrived) -> None:
    """Tell how many guns of the book match the serial, and nothing else."""
    assert isinstance(arrived.body, CountQuestion)
    guns = guns_matching(arrived.conversation.agency, arrived.body.serial, _asking(arrived))
    exchange.send(
        "trace.count_answer/1",
        CountAnswer(count=len(guns)),
        conversation=arrived.conversation,
        marking=arrived.message.marking,
        by=arrived.by,
        now=arrived.now,
        in_reply_to=arrived.message.id,
    )


def answer_link(arrived: Arrived) -> CustodianTask | None:
    """Answer with the next link where one gun agrees in serial and description; else leave it to a person."""
    question = arrived.body
    assert isinstance(question, LinkQuestion)
    guns = guns_matching(arrived.conversation.agency, question.gun.serial, _asking(arrived), kind="link")
    place = the_one(described(question.gun), [gun.described for gun in guns])
    if place is not None and guns[place].is_exact:
        exchange.send(
            "trace.link_answer/1",
            link_of(guns[place]),
            conversation=arrived.conversation,
            marking=arrived.message.marking,
            by=arrived.by,
            now=arrived.now,
            in_reply_to=arrived.message.id,
        )
        return None
    clock = Obligation.objects.filter(agency=arrived.conversation.agency, message=arrived.row).first()
    return CustodianTask.objects.create(
        agency=arrived.conversation.agency,
        post_id=arrived.row.recipient,
        conversation=arrived.conversation,
        message=arrived.row,
        gun=question.gun.to_body(),
        marking=arrived.message.marking.to_json(),
        opened_at=arrived.now,
        due_at=clock.due_at if clock else None,
    )


def _asking(arrived: Arrived) -> Asking:
    return Asking(by=str(arrived.by.pk), case=str(arrived.conversation.uuid), now=arrived.now)


def described(gun: GunDescription) -> Described:
    """A gun asked for, as the comparison takes it."""
    return Described(gun.maker, gun.calibre, gun.type, gun.model)


def link_of(gun: BookGun, *, by_person: bool = False) -> LinkAnswer:
    """The dispositions of one gun, its description as the book has it, and the purchaser of the last retail line."""
    told = gun.last_line.description
    person = purchaser_of(gun)
    return LinkAnswer(
        gun=GunDescription(
            serial=gun.key,
            maker=told.manufacturer[:200],
            type=told.type_code,
            model=told.model[:200],
            calibre=told.caliber[:200],
        ),
        lines=[
            LinkLine(
                kind=disposal.kind,
                disposed_on=disposal.disposed_on,
                licence=disposal.licence,
                country=disposal.country,
                is_return=disposal.is_return,
            )
            for disposal in disposals_of(gun)[-32:]
        ],
        purchaser=PurchaserFacts(name=person.name[:200], form=person.form[:60]) if person.name else None,
        confirmed_by_person=by_person,
    )


@dataclass(frozen=True, slots=True)
class TaskCandidate:
    """One gun of the own book that may be meant: the reading under the query, what agrees, how probable."""

    line_id: int
    title: str
    serial: str
    maker: str
    model: str
    calibre: str
    type: str
    percent: float
    reading: tuple[tuple[str, str, str], ...]
    agreements: tuple[tuple[str, str], ...]


def candidates_of(task: CustodianTask, *, by: Tenure, now: datetime) -> list[TaskCandidate]:
    """The guns of the custodian's own books that may be meant, best first; shown to its own person only."""
    gun = GunDescription.model_validate(task.gun)
    if not gun.serial:
        return []
    return [
        TaskCandidate(
            line_id=found.lines[-1].pk,
            title=f"{found.serial} · {found.maker} {found.model} · {found.caliber}",
            serial=found.serial,
            maker=found.maker,
            model=found.model,
            calibre=found.caliber,
            type=found.type,
            percent=round(100 * found.probability, 1),
            reading=tuple((step.read, step.true, step.event.value) for step in found.reading),
            agreements=tuple((name, how.name.lower()) for name, how in found.agreements.items()),
        )
        for found in nearby_guns(task.agency, gun.serial, described(gun))
    ]


def confirm_link(task: CustodianTask, line: int, *, by: Tenure, now: datetime) -> CustodianTask:
    """The custodian's person chose a line: answer with that gun's dispositions.

    Raises TaskDecidedError, FieldUnreadableError for a line that is not of this custodian's books.
    """
    gun = gun_of_line(task.agency, line)
    if gun is None:
        raise FieldUnreadableError(field="choice", read=str(line))
    return _decide(task, link_of(gun, by_person=True), by=by, now=now, line=line)


def decline_link(task: CustodianTask, code: ResultCode, *, by: Tenure, now: datetime) -> CustodianTask:
    """The custodian's person found no line that fits: answer with the reason."""
    if code not in DECLINE_CODES:
        raise FieldUnreadableError(field="choice", read=code.value)
    return _decide(task, LinkAnswer(code=code, confirmed_by_person=True), by=by, now=now, code=code)


def _decide(
    task: CustodianTask,
    answer: LinkAnswer,
    *,
    by: Tenure,
    now: datetime,
    line: int | None = None,
    code: ResultCode | None = None,
) -> CustodianTask:
    with writing():
        row = (
            CustodianTask.objects.select_for_update(of=("self",))
            .select_related("conversation__post", "message")
            .get(pk=task.pk)
        )
        if row.state != CustodianTask.State.OPEN:
            raise TaskDecidedError(state=row.state)
        row.state = CustodianTask.State.LINKED if line is not None else CustodianTask.State.DECLINED
        row.line, row.code = line, code.value if code else ""
        row.decided_by, row.decided_at = by, now
        row.save()
        exchange.send(
            "trace.link_answer/1",
            answer,
            conversation=row.conversation,
            marking=Marking.from_json(row.marking),
            by=directory.service_tenure(row.post_id),
            now=now,
            in_reply_to=str(row.message.uuid),
        )
        return row
