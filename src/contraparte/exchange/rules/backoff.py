"""When to try again: exponential, with full jitter, up to an hour (P4.1)."""

FIRST_S = 0.5
LONGEST_S = 3600.0

#: Codes of deferred messages that mend by themselves soon, and how long to wait for that.
SOON_S = {
    "order.gap": 0.2,
    "accord.suspended": 60.0,
    "directory.stale": 60.0,
    "busy": 1.0,
    "attachment.missing": 60.0,  # at the latest: the envelope goes again as soon as its files are over
    "attachment.unproven": 0.5,
    "attachment.room": 300.0,
}


def delay_s(failures: int, share: float) -> float:
    """Seconds to wait after so many failures in a row; `share` in [0, 1) is the caller's random draw.

    The upper bound doubles from half a second to an hour; at least a quarter of it is always waited, so that a
    crowd of senders neither moves in step nor tries at once.
    """
    bound = min(LONGEST_S, FIRST_S * 2.0 ** min(failures, 20))
    return bound * (0.25 + 0.75 * share)
