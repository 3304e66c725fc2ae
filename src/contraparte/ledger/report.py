"""What `ledger fsck` looked at and what it found."""

from dataclasses import dataclass, field

from contraparte.ledger.registry import Finding


@dataclass(slots=True)
class Report:
    """What was looked at and what was found; `ok` where nothing was found."""

    logs: int = 0
    leaves: int = 0
    checkpoints: int = 0
    tiles: int = 0
    matched: int = 0
    findings: list[Finding] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether everything holds."""
        return not self.findings

    @property
    def first_bad_leaf(self) -> Finding | None:
        """The first finding that names a leaf, by log and index."""
        named = [finding for finding in self.findings if finding.code.startswith("leaf.") and finding.index is not None]
        return min(named, key=lambda finding: (finding.origin, finding.index or 0), default=None)

    def to_json(self) -> dict[str, object]:
        """As `--json` prints it."""
        bad = self.first_bad_leaf
        return {
            "ok": self.ok,
            "logs": self.logs,
            "leaves": self.leaves,
            "checkpoints": self.checkpoints,
            "tiles": self.tiles,
            "cross_checked": self.matched,
            "first_bad_leaf": {"origin": bad.origin, "index": bad.index} if bad else None,
            "findings": [
                {"code": f.code, "origin": f.origin, "index": f.index, "detail": f.detail} for f in self.findings
            ],
        }
