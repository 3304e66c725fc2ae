"""What this room tells the page shell: permissions, navigation, search, notices, the footer, words of the road."""

from collections.abc import Iterable
from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from contraparte.desk import (
    disclosures,
    duties,
    footer,
    handover_words,
    lineage,
    pack_sections,
    packages,
    queries,
    reviews,
    rights_words,
    searching,
    vacancies,
)
from contraparte.desk.registry import DeskSource, register_desk_source, register_quiet, register_words
from contraparte.desk.words import POLICIES, REASONS
from contraparte.directory.models import Tenure
from contraparte.directory.rules.roles import Role
from contraparte.exchange.registry import register_package_index
from contraparte.web.permissions import register_permissions
from contraparte.web.registry import (
    FooterFacts,
    NavItem,
    Notice,
    NoticeSource,
    SearchSource,
    register_api,
    register_footer,
    register_nav,
    register_notices,
    register_search,
)

PERMISSIONS = {
    "desk.view": {Role.OFFICER, Role.AUTHORISER, Role.CUSTODIAN},
    "conversation.view": {Role.OFFICER, Role.AUTHORISER, Role.CUSTODIAN},
    "conversation.package": {Role.OFFICER, Role.AUTHORISER},
    "release.view": {Role.OFFICER, Role.AUTHORISER},
    "release.prepare": {Role.OFFICER, Role.AUTHORISER},
    "release.decide": {Role.AUTHORISER},
    "release.send": {Role.OFFICER, Role.AUTHORISER},
    "release.review": {Role.AUTHORISER},
    "duty.view": {Role.OFFICER, Role.AUTHORISER},
    "duty.keep": {Role.AUTHORISER},
    "handover.view": {Role.OFFICER, Role.AUTHORISER, Role.CUSTODIAN},
    "handover.take": {Role.OFFICER, Role.AUTHORISER, Role.CUSTODIAN},
    "item.view": {Role.OFFICER, Role.AUTHORISER},
    "item.ask": {Role.OFFICER, Role.AUTHORISER},
    "item.decide": {Role.AUTHORISER},
    "item.recall": {Role.OFFICER, Role.AUTHORISER},
    "item.file": {Role.OFFICER, Role.AUTHORISER},
    "item.hold": {Role.AUTHORISER},
    "item.disclose": {Role.AUTHORISER},
}
# Posts and proofs hold no content: an auditor reads the log, an administrator helps to find a post.
CONTENT_FREE = {
    "contacts.view": {Role.OFFICER, Role.AUTHORISER, Role.CUSTODIAN, Role.AUDITOR, Role.ADMINISTRATOR},
    "posts.view": {Role.OFFICER, Role.AUTHORISER, Role.CUSTODIAN, Role.ADMINISTRATOR},
    "posts.leave": {Role.OFFICER, Role.AUTHORISER, Role.CUSTODIAN, Role.ADMINISTRATOR},
    "handover.assign": {Role.AUTHORISER, Role.ADMINISTRATOR},
    "pouches.carry": {Role.ADMINISTRATOR},
    "log.view": {Role.OFFICER, Role.AUTHORISER, Role.AUDITOR, Role.ADMINISTRATOR},
}


def register() -> None:
    """Called once when the applications are ready."""
    register_permissions(PERMISSIONS)
    register_permissions(CONTENT_FREE, content_free=True)
    for name in ("api", "duty_api", "file_api", "handover_api", "item_api", "lineage_api", "log_api"):
        register_api(f"contraparte.desk.{name}")
    register_nav(NavItem(_("Desk"), "desk:board", "desk.view", 10, icon="inbox"))
    register_nav(NavItem(_("Directory"), "desk:contacts", "contacts.view", 80, icon="contact_page"))
    register_nav(NavItem(_("Duty roster"), "desk:duty", "duty.view", 82, icon="schedule"))
    register_nav(NavItem(_("Pouches"), "desk:pouches", "pouches.carry", 85, icon="file_present"))
    register_nav(NavItem(_("Log"), "desk:log", "log.view", 90, icon="verified_user"))
    register_search(SearchSource(_("Conversations"), "conversation.view", searching.find_conversations))
    register_search(SearchSource(_("Contacts"), "contacts.view", searching.find_contacts))
    register_notices(NoticeSource("desk.view", _notices))
    register_notices(NoticeSource("duty.view", duties.notices))
    register_notices(NoticeSource("release.review", reviews.notices))
    register_notices(NoticeSource("posts.view", vacancies.notices))
    register_notices(NoticeSource("item.decide", lineage.notices))
    register_notices(NoticeSource("item.view", lineage.told_notices))
    register_desk_source(DeskSource("release.review", reviews.work, of_post=False))
    register_desk_source(DeskSource("handover.assign", vacancies.work, of_post=False))
    register_desk_source(DeskSource("handover.take", vacancies.acknowledgements, of_post=False))
    pack_sections.install()
    register_desk_source(DeskSource("item.disclose", disclosures.work, of_post=False))
    register_footer(FooterFacts(footer.accords_of, footer.cosigned_at, footer.silent_peers))
    register_package_index(packages.index_of)
    register_words("policy", {**POLICIES, **rights_words.POLICIES})
    register_words("reason", {**REASONS, **rights_words.REASONS})
    register_words("field", {**rights_words.FIELDS, **handover_words.FIELDS})
    register_words("value", {**rights_words.VALUES, **handover_words.VALUES})
    register_words("stage", rights_words.STAGES)
    # Answers a node gives by itself: they stand in the thread and on the page of the item.
    register_quiet(("permission.report/1", "recall.answer/1"))


def _notices(tenure: Tenure, now: datetime) -> Iterable[Notice]:
    unread, since = queries.unread_count(tenure)
    desk = reverse("desk:board")
    yield Notice(_("steps past their time"), queries.overdue_count(tenure, now), desk)
    yield Notice(_("drafts that ask for your approval"), queries.review_count(tenure), desk)
    yield Notice(_("conversations with news nobody of the post has opened"), unread, f"{desk}#came-in", since)
