"""The payloads a trace speaks: what each carries, bounded, and the data class of every field for the gate.

    state or federal office → centre   trace.request/1   trace.cancel/1
    centre → requester                 trace.acknowledge/1   trace.result/1
    centre → custodian                 trace.count/1   trace.link/1
    custodian → centre                 trace.count_answer/1   trace.link_answer/1
    federal office ↔ state             trace.adopt/1   trace.merge/1

Unknown fields are kept (`extra="allow"`, invariant 9) and have no data class, so no node sends them on.
"""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Final, Literal

from pydantic import Field

from contraparte.protocol.payload import Payload
from contraparte.traces.rules.codes import ResultCode
from contraparte.traces.rules.disposals import DisposalKind

MAX_HOPS_TOLD: Final = 32
MAX_LINES: Final = 32  # dispositions of one gun in one book
MAX_COUNT: Final = 1_000_000

Short = Annotated[str, Field(max_length=60)]
Line = Annotated[str, Field(max_length=200)]
Words = Annotated[str, Field(max_length=2000)]


class GunDescription(Payload):
    """A gun as its finder describes it. `serial` is canonical or in investigators' notation; `serial_state` else."""

    serial: Annotated[str, Field(max_length=120)] = ""
    serial_state: Literal["", "erased", "never_had", "unread"] = ""
    restoration: Words = ""
    maker: Line = ""
    importer: Line = ""
    type: Annotated[str, Field(max_length=1)] = ""
    model: Line = ""
    calibre: Line = ""
    nominal_calibre: Line = ""
    country: Annotated[str, Field(max_length=2)] = ""
    markings: Line = ""
    privately_made: bool = False


class RecoveryFacts(Payload):
    """When and where the gun was found, and in which case. Any of it may have been withheld on the way."""

    recovered_on: date | None = None
    place: Line = ""
    region: Short = ""
    country: Annotated[str, Field(max_length=2)] = ""
    case_number: Short = ""
    crime_code: Short = ""
    requester_code: Short = ""


class PersonFacts(Payload):
    """The possessor. A minor's stand under a name of their own, so that policy never mistakes one for the other."""

    name: Line = ""
    born: date | None = None


class TraceRequest(Payload):
    """`trace.request/1`: one gun to be traced. `reference` is the requester's own number of the trace."""

    reference: Short
    priority: Literal["routine", "urgent"] = "routine"
    urgent_reason: Words = ""
    gun: GunDescription
    recovery: RecoveryFacts = RecoveryFacts()
    possessor: PersonFacts | None = None
    minor: PersonFacts | None = None
    resubmits: Annotated[int, Field(ge=0, le=1000)] = 0
    why_again: Words = ""


class TraceAcknowledge(Payload):
    """`trace.acknowledge/1`: the centre has taken the request under a number of its own."""

    reference: Short
    centre_reference: Short


class TraceCancel(Payload):
    """`trace.cancel/1`: the requester no longer needs the answer."""

    reference: Short
    reason: Words = ""


class CountQuestion(Payload):
    """`trace.count/1`: how many of your records match this serial? The serial goes alone."""

    serial: Annotated[str, Field(min_length=1, max_length=120)]


class CountAnswer(Payload):
    """`trace.count_answer/1`: the number of guns, and nothing else."""

    count: Annotated[int, Field(ge=0, le=MAX_COUNT)]


class LinkQuestion(Payload):
    """`trace.link/1`: the description goes along now; where did that gun go?"""

    gun: GunDescription


class LinkLine(Payload):
    """One disposition of the gun: when, and to whom as far as the next link goes. A return is no sale."""

    kind: DisposalKind
    disposed_on: date | None = None
    licence: Line = ""
    country: Annotated[str, Field(max_length=2)] = ""
    is_return: bool = False


class PurchaserFacts(Payload):
    """The retail purchaser as the last custodian's record names them."""

    name: Line = ""
    form: Short = ""


class LinkAnswer(Payload):
    """`trace.link_answer/1`: either the dispositions of the one gun, or the reason why there is no link.

    `gun` is the gun as the custodian's book has it, so that the next custodian is asked for the whole serial.
    """

    gun: GunDescription | None = None
    lines: Annotated[list[LinkLine], Field(max_length=MAX_LINES)] = []
    purchaser: PurchaserFacts | None = None
    code: ResultCode | None = None
    confirmed_by_person: bool = False


class HopTold(Payload):
    """One custodian of the chain as the requester is told of it."""

    custodian: Line
    licence: Line = ""
    role: Short
    disposed_on: date | None = None
    kind: DisposalKind | None = None
    assisted: bool = False


class TraceResult(Payload):
    """`trace.result/1`: how the trace ended. `first_retail_on` and `last_retail_on` are told apart on purpose."""

    reference: Short
    code: ResultCode
    gun: GunDescription | None = None
    chain: Annotated[list[HopTold], Field(max_length=MAX_HOPS_TOLD)] = []
    first_retail_on: date | None = None
    last_retail_on: date | None = None
    source_region: Short = ""
    purchaser: PurchaserFacts | None = None
    note: Words = ""


class TraceAdopt(Payload):
    """`trace.adopt/1`: a federal office takes over a request it has a copy of, instead of typing it again."""

    reference: Short
    adopted_as: Short


class TraceMerge(Payload):
    """`trace.merge/1`: two requests are one gun; this one ends as `duplicate_of` and follows the other."""

    reference: Short
    duplicate_of: Short


def ground_of_refusal(result: Mapping[str, Any]) -> str:
    """The ground on which a `trace.result/1` refuses, or ""."""
    return "refused" if result.get("code") == ResultCode.REFUSED else ""


GUN: Final = {"/gun/*": "firearm"}
REQUEST_CLASSES: Final = {
    "/reference": "administrative",
    "/priority": "administrative",
    "/urgent_reason": "case",
    "/resubmits": "administrative",
    "/why_again": "case",
    **GUN,
    "/recovery/recovered_on": "event",
    "/recovery/place": "location",
    "/recovery/region": "location",
    "/recovery/country": "location",
    "/recovery/case_number": "case",
    "/recovery/crime_code": "case",
    "/recovery/requester_code": "administrative",
    "/possessor": "person",
    "/possessor/*": "person",
    "/minor": "minor",
    "/minor/*": "minor",
}
RESULT_CLASSES: Final = {
    "/reference": "administrative",
    "/code": "administrative",
    **GUN,
    "/gun": "firearm",
    "/chain": "dealer",
    "/chain/*/*": "dealer",
    "/first_retail_on": "firearm",
    "/last_retail_on": "firearm",
    "/source_region": "dealer",
    "/purchaser": "purchaser",
    "/purchaser/*": "purchaser",
    "/note": "case",
}
LINK_ANSWER_CLASSES: Final = {
    **GUN,
    "/gun": "firearm",
    "/lines": "dealer",
    "/lines/*/*": "dealer",
    "/purchaser": "purchaser",
    "/purchaser/*": "purchaser",
    "/code": "administrative",
    "/confirmed_by_person": "administrative",
}
REFERENCES: Final = {"/*": "administrative"}
CANCEL_CLASSES: Final = {"/reference": "administrative", "/reason": "case"}
COUNT_CLASSES: Final = {"/serial": "firearm"}
