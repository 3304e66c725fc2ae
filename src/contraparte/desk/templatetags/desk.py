"""Tags of the desk's pages: posts by name, codes in words, marks of receipts.

{% post_name "us.ntc/tracing" posts %}   side, name and agency of a post, as far as the directory knows it
{{ code|stage }}  {{ code|policy }}      the words of a code
{{ mapping|at:key }}                     a value of a mapping
"""

from collections.abc import Mapping
from typing import Any

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from contraparte.desk.handover_words import STANDINGS
from contraparte.desk.queries import Party
from contraparte.desk.registry import subject_of, word
from contraparte.desk.words import MARKS
from contraparte.directory.models import Agency, Post
from contraparte.exchange.models import Draft
from contraparte.web.templatetags.pages import country, named

register = template.Library()


@register.filter
def at(mapping: Mapping[Any, Any], key: Any) -> Any:
    """The value under `key`, or "" where there is none."""
    return mapping.get(key, "")


@register.simple_tag
def post_name(post_id: str, posts: Mapping[str, Party], agency: bool = True) -> SafeString | str:
    """A post in a line: the side's code, its name and its agency. One the directory no longer names shows its id.

    An agency that is known by no post stands with its name alone.
    """
    if not post_id:
        return ""
    post = posts.get(post_id)
    if post is None:
        return format_html('{} <span class="cp-id">{}</span>', country(post_id), post_id)
    if not agency or isinstance(post, Agency):
        return format_html("{} {}", country(post_id), named(post))
    return format_html('{} {}<span class="cp-of">, {}</span>', country(post_id), named(post), named(post.agency))


@register.filter
def post_url(post: Post) -> str:
    """The page of a post of this node."""
    from contraparte.desk.vacancies import posts_url

    return posts_url(post)


@register.filter
def standing(code: str) -> str:
    """How a post stands, in words."""
    return str(STANDINGS.get(code, code))


@register.filter
def stage(code: str) -> str:
    """The step that is owed, in words."""
    return word("stage", code)


@register.filter
def policy(code: str) -> str:
    """A policy or a withholding reason, in words."""
    return word("policy", code)


@register.filter
def close_word(code: str) -> str:
    """Why a conversation ended, in words."""
    return word("close", code)


@register.filter
def subject(kind: str) -> str:
    """What a conversation is about."""
    return str(subject_of(kind).label)


@register.filter
def mark(name: str) -> str:
    """A receipt's mark, in a word."""
    return str(MARKS.get(name, name))


@register.filter
def draft_state(draft: Draft) -> str:
    """How far a draft has come."""
    from contraparte.desk.words import DRAFT_STATES

    return str(DRAFT_STATES.get(draft.state, draft.state))


@register.filter
def type_title(name: str) -> str:
    """What a message type is called."""
    from contraparte.desk import queries

    return queries.type_title(name)
