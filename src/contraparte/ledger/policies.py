"""The file of whom to trust when a proof from one of this node's logs is verified (C2SP tlog-policy)."""

from contraparte.ledger import heads
from contraparte.ledger.models import Log
from contraparte.ledger.queries import log_of
from contraparte.protocol.errors import InputError, LogChoiceError


def trust_policy(origin: str | None, *, quorum: str = "peer") -> str:
    """The file for one log: every key the directory names for it, and its counterpart's witness keys.

    `quorum` is "peer" or "none". Without `origin` the node's only log is meant; raises LogChoiceError where there are
    several, LogUnknownError, InputError.
    """
    if quorum not in ("peer", "none"):
        raise InputError(field="quorum", read=quorum)
    if origin is None:
        origins = list(Log.objects.filter(mine=True).order_by("origin").values_list("origin", flat=True))
        if len(origins) != 1:
            raise LogChoiceError(origins=", ".join(origins))
        origin = origins[0]
    log = log_of(origin)
    lines = [f"# Whom to trust for the log {log.origin}; compare the keys with those of the directory."]
    lines += [f"log {key}" for key in heads.log_keys(log.origin)]
    names = []
    for number, key in enumerate(heads.witness_keys(log.peer), start=1):
        names.append(f"{log.peer}-{number}")
        lines.append(f"witness {names[-1]} {key}")
    if quorum == "none" or not names:
        lines.append("quorum none")
    else:
        lines += [f"group {log.peer} any {' '.join(names)}", f"quorum {log.peer}"]
    return "\n".join(lines) + "\n"
