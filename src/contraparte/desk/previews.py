"""The release preview as both people read it: what leaves, what stays and which rule keeps it, who will see it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from contraparte.desk.attachments import FileShown, shown_files
from contraparte.desk.markings import marking_parts
from contraparte.desk.queries import names_of, parties_of
from contraparte.desk.registry import field_word, is_worded, value_word, word
from contraparte.desk.words import COUNTRIES, DATA_CLASSES, NEEDS
from contraparte.directory.models import Post, Tenure
from contraparte.directory.rules.roles import Role
from contraparte.exchange import actions as exchange
from contraparte.exchange import one_officer
from contraparte.exchange import registry as exchange_types
from contraparte.exchange.models import Draft, Message, OneOfficerRelease
from contraparte.exchange.previewing import Leaf, Preview, Recipient
from contraparte.exchange.quoting import Quote, find_quotes
from contraparte.web.templatetags.pages import named


@dataclass(frozen=True, slots=True)
class Rule:
    """A policy by its id and in words (None where nobody worded it)."""

    code: str
    words: str | None


@dataclass(frozen=True, slots=True)
class Shown:
    """One field of the preview."""

    pointer: str
    name: str
    value: Any
    data_class: str
    rules: tuple[Rule, ...]
    by_person: bool


@dataclass(frozen=True, slots=True)
class Reader:
    """One post that would receive the message."""

    post: Post | None
    post_id: str
    is_copy: bool
    leaving: tuple[Shown, ...]
    staying: tuple[Shown, ...]
    outcome: str
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PreviewPage:
    """Everything the preview page shows, and what this person may do on it."""

    draft: Draft
    readers: tuple[Reader, ...]
    digest: str
    marking: list[str]
    circle: list[str]
    until: str
    approvals: Sequence[Tenure]
    needs: list[str]
    may_leave: bool
    may_approve: bool
    has_approved: bool
    why_not_approve: str
    may_release: bool
    may_release_alone: bool
    lone: OneOfficerRelease | None  # how it left, where one officer released it alone
    is_open: bool
    files: list[FileShown]
    takes_files: bool
    sources: Sequence[Message]
    quotes: Sequence[Quote]


OPEN = (Draft.State.DRAFT, Draft.State.REVIEW, Draft.State.RETURNED)


def preview_page(draft: Draft, tenure: Tenure, *, now: datetime) -> PreviewPage:
    """The preview of a draft for one reader. The gate is asked now, not when it was drafted."""
    preview = exchange.preview(draft, now=now)
    posts = names_of(one.post for one in preview.recipients)
    is_open = draft.state in OPEN
    why_not = _why_not_approve(preview, tenure)
    marking = preview.marking
    return PreviewPage(
        draft=draft,
        readers=tuple(_reader(one, posts) for one in preview.recipients),
        digest=preview.content_digest.hex(),
        marking=marking_parts(marking),
        circle=_onward(marking.circle),
        until=marking.retention_until.isoformat() if marking.retention_until else "",
        approvals=preview.approvals,
        needs=[str(NEEDS.get(need, need)) for need in preview.needs],
        may_leave=preview.may_leave,
        may_approve=is_open and not why_not and not preview.withheld,
        has_approved=any(one.pk == tenure.pk for one in preview.approvals),
        why_not_approve=why_not,
        may_release=is_open and preview.may_leave and bool({Role.OFFICER, Role.AUTHORISER} & set(tenure.roles)),
        may_release_alone=is_open and bool(preview.needs) and one_officer.is_offered(draft, by=tenure, now=now),
        lone=None if is_open else one_officer.release_of_draft(draft),
        is_open=is_open,
        files=shown_files(preview.files),
        takes_files=exchange_types.message_type(draft.type).takes_files,
        sources=[one.item for one in draft.sources.select_related("item")],
        quotes=find_quotes(draft) if is_open else (),
    )


def _why_not_approve(preview: Preview, tenure: Tenure) -> str:
    """Why this person cannot approve, in words; "" when they can."""
    draft = preview.draft
    if Role.AUTHORISER not in tenure.roles:
        return _("Approvals are given by an authorising person of your agency.")
    if tenure.pk == draft.drafted_by_id or tenure.person_id == draft.drafted_by.person_id:
        return _("You drafted it, so another authorising person approves it.")
    return ""


def _onward(circle: Iterable[str]) -> list[str]:
    """Whom it may be passed on to: countries and agencies by name."""
    agencies = parties_of(one for one in circle if "." in one)
    return [str(named(agencies[one]) if one in agencies else COUNTRIES.get(one, one.upper())) for one in sorted(circle)]


def _reader(recipient: Recipient, posts: dict[str, Post]) -> Reader:
    decision = recipient.decision
    codes = [*getattr(decision, "reasons", ()), *(decision.policies if decision.outcome == "withhold" else ())]
    return Reader(
        post=posts.get(recipient.post),
        post_id=recipient.post,
        is_copy=recipient.copy,
        leaving=tuple(_shown(leaf) for leaf in recipient.leaving),
        staying=tuple(_shown(leaf, stays=True) for leaf in recipient.staying),
        outcome=decision.outcome,
        reasons=tuple(dict.fromkeys(_reason(code) for code in codes)),
    )


def _reason(code: str) -> str:
    return word("reason", code) if is_worded("reason", code) else word("policy", code)


def _shown(leaf: Leaf, *, stays: bool = False) -> Shown:
    by_person = stays and not leaf.data_class
    rules = tuple(Rule(code, word("policy", code) if is_worded("policy", code) else None) for code in leaf.policies)
    if stays and not rules:
        rules = (Rule("", _("No policy permits a field of this class.")),)
    return Shown(
        pointer=leaf.pointer,
        name=field_word(leaf.pointer),
        value=value_word(leaf.pointer, leaf.value),
        data_class=str(DATA_CLASSES.get(leaf.data_class, leaf.data_class)),
        rules=rules,
        by_person=by_person,
    )
