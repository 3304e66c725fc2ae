"""`ledger fsck`: derive everything again from the leaves' bytes and say what differs, naming the first bad leaf (P5.6).

leaves       index without gap, layout, hash; the root at every stored checkpoint (`audit.py`)
heads        origin, size, frontier, note of each log row; each checkpoint's columns and signature
tiles        every stored tile against the tree
the guard    not above, not another history
evidence     cosignatures, heads seen, incidents, the witness's own store
two sides    what one side released against what the other accepted: same message, same envelope
and          whatever other rooms registered, such as messages against leaves
"""

from collections.abc import Callable

from contraparte.ledger import guard, registry
from contraparte.ledger.audit import Audit
from contraparte.ledger.evidence import check_evidence
from contraparte.ledger.models import Log
from contraparte.ledger.registry import Finding
from contraparte.ledger.report import Report
from contraparte.ledger.sides import check_sides
from contraparte.ledger.storage import check_types


def check_ledger(progress: Callable[[int], None] | None = None) -> Report:
    """Check every log of this node, written or mirrored; `progress` is told the leaves read so far."""
    report, sides = Report(), []
    report.findings += check_types()
    if any(not finding.code.startswith("leaf.") for finding in report.findings):
        return report  # what has not even its type cannot be read, let alone derived
    for log in Log.objects.order_by("origin"):
        audit = Audit(log, report, progress)
        audit.run()
        sides.append(audit.side)
    _check_guard_files(report)
    report.findings += check_evidence()
    found, report.matched = check_sides(sides)
    report.findings += found
    for check in registry.cross_checks():
        report.findings += check()
    return report


def _check_guard_files(report: Report) -> None:
    known = set(Log.objects.filter(mine=True).values_list("origin", flat=True))
    for origin in guard.origins():
        if origin not in known:
            report.findings.append(Finding("guard.above", origin, None, "the database has no such log"))
