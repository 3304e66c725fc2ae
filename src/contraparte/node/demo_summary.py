"""What a run of the demo comes to: counted by the nodes, compared with what the world knows."""

import time
from collections import Counter
from typing import Any

from contraparte.node.demo_acts import Demo
from contraparte.node.world.build import World
from contraparte.node.world.truth import Truth


def summarise(demo: Demo, started: float) -> dict[str, Any]:
    """The summary of the issue, every number from the nodes' databases; `world` compares with what the world knows."""
    counted = dict(zip(demo.nodes, demo.everywhere(lambda node: demo.hands[node.name].do("counts")), strict=True))
    found = demo.hands["mx"].do("results")
    released = Counter(one for told in counted.values() for one in told["released"])
    accepted = Counter(one for told in counted.values() for one in told["accepted"])
    wrong = disagreements(demo.world, found)
    demo.seconds["total"] = round(time.monotonic() - started, 2)
    return {
        "recoveries": len(found),
        "results": dict(sorted(Counter(result["code"] for result in found.values()).items())),
        "messages": {
            "released": released.total(),
            "accepted": accepted.total(),
            "duplicates": sum(count - 1 for count in (*released.values(), *accepted.values())),
            "lost": len(released.keys() - accepted.keys()),
        },
        "receipts": sum(told["receipts"] for told in counted.values()),
        "ledgers": {
            "cross_checked": all(told["ledger_ok"] and told["incidents"] == 0 for told in counted.values()),
            "leaves": sum(told["leaves"] for told in counted.values()),
            "logs": sum(told["logs"] for told in counted.values()),
            "matched": sum(told["ledger_matched"] for told in counted.values()),
            "findings": [line for told in counted.values() for line in told["findings"]],
        },
        "world": {
            "seed": demo.world.seed,
            "book_records": sum(told["book_records"] for told in counted.values()),
            "agreeing": len(found) - len(wrong),
            "disagreeing": wrong,
        },
        "processes_restarted": sum(node.restarts for node in demo.nodes.values()),
        "seconds": demo.seconds,
    }


# What the summary for programs holds, and of its parts where they hold more for people.
PROMISED: dict[str, tuple[str, ...] | None] = {
    "recoveries": None,
    "results": None,
    "messages": None,
    "receipts": None,
    "ledgers": ("cross_checked", "leaves"),
    "seconds": None,
}


def for_programs(summary: dict[str, Any]) -> dict[str, Any]:
    """The summary as `--json` writes it: the members that are promised and no other."""
    return {
        name: summary[name] if parts is None else {part: summary[name][part] for part in parts}
        for name, parts in PROMISED.items()
    }


def disagreements(world: World, found: dict[str, dict[str, Any]]) -> dict[str, str]:
    """Each recovery whose result is not the world's own truth: row → what differs. Empty where all agree."""
    wrong = {}
    for recovery in world.recoveries:
        row = f"r{recovery.number:02d}"
        told, truth = found.get(row, {}), world.truth(recovery)
        for name, expected in _expected(world, truth).items():
            if told.get(name) != expected:
                wrong[row] = f"{name} is {told.get(name)!r}, not {expected!r} ({recovery.damage})"
                break
    return wrong


def _expected(world: World, truth: Truth) -> dict[str, Any]:
    """What the requester must have been told."""
    expected: dict[str, Any] = {"code": truth.code}
    if truth.duplicate_of:
        expected["duplicate_of"] = f"r{truth.duplicate_of:02d}"
    elif truth.chain:
        expected["chain"] = [world.firms.by_agency(agency).name for agency in truth.chain]
    if truth.last_sold and truth.first_sold:
        expected["purchaser"] = truth.purchaser.split("; ")[-1]
        expected |= {"first_sold": truth.first_sold.isoformat(), "last_sold": truth.last_sold.isoformat()}
    return expected


def is_good(summary: dict[str, Any]) -> bool:
    """Whether a summary says that all went as it must."""
    messages, ledgers = summary["messages"], summary["ledgers"]
    lossless = messages["lost"] == messages["duplicates"] == 0 and messages["released"] == messages["accepted"]
    return bool(lossless and ledgers["cross_checked"] and not summary["world"]["disagreeing"])
