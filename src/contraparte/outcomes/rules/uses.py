"""How an answer was used, and why one was not: the codes of feedback, and what they ask for."""

from enum import StrEnum


class Used(StrEnum):
    """What an answer was good for."""

    LEAD = "lead"
    IDENTIFICATION = "identification"
    CASE_FILE = "case_file"
    EVIDENCE = "evidence"
    PREVENTION = "prevention"
    FURTHER_REQUEST = "further_request"


class NotUsed(StrEnum):
    """Why an answer was of no use."""

    TOO_LATE = "too_late"
    NOT_RELEVANT = "not_relevant"
    ALREADY_KNOWN = "already_known"
    INCOMPLETE = "incomplete"
    NOT_ADMISSIBLE = "not_admissible"
    CASE_CLOSED = "case_closed"
    OTHER = "other"


#: A reason in words goes with these.
IN_WORDS = frozenset({NotUsed.OTHER})
