"""The release gate: Cedar policies in, a decision with reasons out (P6.1, P6.2).

Data flow: a composed message → one `release` question and one `disclose` question per data class in it → `Released`,
`Hold(needs)` or `Withhold(reasons)`. Default deny: no permit, an unknown class, an evaluation error or an invalid
policy set all mean Withhold. Cedar answers the same question the same way, so answers are kept per policy set.
"""

import hashlib
import threading
import time
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import cedarpy
from django.conf import settings

from contraparte.exchange import registry
from contraparte.exchange.rules.classes import leaves
from contraparte.exchange.rules.decisions import (
    NEEDS,
    Approvals,
    Context,
    Decision,
    FieldDecision,
    Hold,
    Released,
    Verdict,
    Withhold,
    unmet,
)
from contraparte.protocol.errors import PolicySetError
from contraparte.protocol.ids import agency_of, country_of
from contraparte.protocol.marking import Marking

FILE_CLASS = "file"
FILES = "attachments"  # where a field decision speaks of the files; no pointer into a body, which begins with a slash
SCHEMA = Path(__file__).parent / "policies" / "contraparte.cedarschema"


@dataclass(frozen=True, slots=True)
class Question:
    """What the gate is asked: this content, under this marking, from this post to that one."""

    message_type: str
    sender: str
    recipient: str
    accord: str
    body: dict[str, Any]
    marking: Marking
    automatic: bool
    copy: bool
    urgency: str
    approvals: Approvals
    files: bool = False  # whether files travel with it (P3.5)


class PolicySet:
    """The policies of this node, validated, parsed once, with a memory of answers."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.hash = hashlib.sha256(text.encode()).hexdigest()
        try:
            checked = cedarpy.validate_policies(text, SCHEMA.read_text("utf-8"))
            self._set = cedarpy.PolicySet.from_str(text)
        except ValueError as error:
            raise PolicySetError(reason=str(error)) from error
        if not checked.validation_passed:
            raise PolicySetError(reason="; ".join(str(error) for error in checked.errors))
        import json

        policies = json.loads(cedarpy.policies_to_json_str(text))["staticPolicies"]
        annotations = {key: policy.get("annotations", {}) for key, policy in policies.items()}
        names = [found.get("id", "") for found in annotations.values()]
        if "" in names or len(set(names)) != len(names):
            raise PolicySetError(reason="every policy needs an @id of its own")
        self._needs = {found["id"]: frozenset(found.get("needs", "").split()) for key, found in annotations.items()}
        unknown = sorted(frozenset().union(*self._needs.values()) - NEEDS)
        if unknown:
            raise PolicySetError(reason=f"unknown @needs: {unknown}")
        self.answer = lru_cache(maxsize=8192)(self._answer)

    def _answer(self, sender: str, recipient: str, context: Context, data_class: str | None) -> Verdict:
        """One question to Cedar. `data_class` None asks for the whole message, else for fields of that class."""
        facts = dict(context.to_cedar(recipient, agency_of(recipient), country_of(recipient)))
        result = cedarpy.is_authorized(
            {
                "principal": {"type": "Post", "id": sender},
                "action": {"type": "Action", "id": "release" if data_class is None else "disclose"},
                "resource": {"type": "Message", "id": context.message_type},
                "context": facts if data_class is None else {"facts": facts, "class": data_class},
            },
            self._set,
            [
                {
                    "uid": {"type": "Post", "id": sender},
                    "attrs": {"agency": agency_of(sender), "country": country_of(sender)},
                    "parents": [],
                }
            ],
        )
        names = tuple(sorted(result.diagnostics.id_annotations_by_reason.get(r, r) for r in result.diagnostics.reasons))
        # An erroring `forbid` would be skipped, so any error at all means no.
        failed = bool(result.diagnostics.errors) or result.decision == cedarpy.Decision.NoDecision
        needs = (
            frozenset().union(*(self._needs.get(name, frozenset()) for name in names))
            if result.allowed
            else frozenset()
        )
        return Verdict(result.allowed and not failed, names, needs, failed)


RECHECK_S = 1.0  # seconds; how long a changed policy file may go unnoticed by a running process

Stamp = tuple[tuple[str, int, int], ...]


@dataclass(slots=True)
class _Loaded:
    """The set in force, of which files it was made, and when these were last looked at."""

    policies: PolicySet
    stamp: Stamp
    looked_at: float


_lock = threading.Lock()
_loaded: _Loaded | None = None
_texts: dict[str, str] = {}  # by hash; a set that decided may be replaced before its release is written


def policy_set() -> PolicySet:
    """The policies in force: the rooms' own and every `*.cedar` in the node's `policies` folder.

    Read again when a file changes. Raises PolicySetError where they do not validate; then nothing is released.
    """
    global _loaded  # noqa: PLW0603  (one set per process, replaced as a whole)
    loaded = _loaded
    if loaded is not None and time.monotonic() - loaded.looked_at < RECHECK_S:
        return loaded.policies
    try:
        own = sorted((settings.HOME.path / "policies").glob("*.cedar"))
        files = [Path(__file__).parent / "policies" / "base.cedar", *registry.policy_files(), *own]
        stamp = tuple((str(file), *_changed(file)) for file in files)
        with _lock:
            if _loaded is None or _loaded.stamp != stamp:
                policies = PolicySet("\n".join(file.read_text("utf-8") for file in files))
                _loaded = _Loaded(policies, stamp, time.monotonic())
                _texts[policies.hash] = policies.text
            _loaded.looked_at = time.monotonic()
            return _loaded.policies
    except (OSError, UnicodeDecodeError) as error:
        raise PolicySetError(reason=str(error)) from error


def forget_policies() -> None:
    """Read the files again at the next question, without waiting for `RECHECK_S`."""
    global _loaded  # noqa: PLW0603
    with _lock:
        _loaded = None


def text_of(policy_hash: str) -> str:
    """The text of a set that decided in this process, also where another is in force by now."""
    return _texts[policy_hash]


def _changed(file: Path) -> tuple[int, int]:
    found = file.stat()
    return found.st_mtime_ns, found.st_size


def decide(question: Question) -> Decision:
    """Decide on the whole message and on each of its fields. Never raises for a refusal: a decision is a value."""
    policies = policy_set()
    class_map = registry.message_type(question.message_type).class_map
    # The empty pointer is a body without anything in it: nothing to keep back.
    found = [(pointer, class_map.class_of(pointer)) for pointer, _ in leaves(question.body) if pointer]
    marking = question.marking
    context = Context(
        message_type=question.message_type,
        accord=question.accord,
        automatic=question.automatic,
        copy=question.copy,
        urgency=question.urgency,
        handling=marking.handling,
        purposes=marking.purposes,
        circle=marking.circle,
        evidence=marking.evidence,
        classes=frozenset(name for _, name in found if name) | ({FILE_CLASS} if question.files else set()),
    )
    whole = policies.answer(question.sender, question.recipient, context, None)
    if not whole.allowed:
        reasons = ("policy.error",) if whole.failed else (("policy.forbids",) if whole.policies else ("policy.silent",))
        return Withhold(whole.policies, policies.hash, reasons=reasons)
    problems = marking.problems()
    if problems:
        # The receiver would refuse it for good (P2.2); no policy of a node can say otherwise.
        return Withhold(whole.policies, policies.hash, reasons=tuple(sorted({found.code for found in problems})))
    fields, needs, deciding = [], set(whole.needs), set(whole.policies)
    if question.files:
        verdict = policies.answer(question.sender, question.recipient, context, FILE_CLASS)
        if not verdict.allowed:
            # A message that speaks of its files without them would mislead: all or nothing.
            return Withhold(whole.policies, policies.hash, reasons=("attachment.forbidden",))
        fields.append(FieldDecision(FILES, FILE_CLASS, True, verdict.policies))
        needs |= verdict.needs
        deciding |= set(verdict.policies)
    for pointer, name in found:
        if name is None:
            fields.append(FieldDecision(pointer, "", False, ("class-unknown",)))
            continue
        verdict = policies.answer(question.sender, question.recipient, context, name)
        fields.append(FieldDecision(pointer, name, verdict.allowed, verdict.policies or ("no-permit",)))
        if verdict.allowed:
            needs |= verdict.needs
            deciding |= set(verdict.policies)
    missing = unmet(frozenset(needs), question.approvals)
    ids = tuple(sorted(deciding))
    if missing:
        return Hold(ids, policies.hash, tuple(fields), needs=missing)
    replaced = "approval" in needs and not question.approvals.others
    return Released(ids, policies.hash, tuple(fields), alone=question.approvals.alone if replaced else None)
