"""Words for what may be done with items: permissions, recalls, holds, duties, and the fields their messages carry."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

KINDS: dict[str, str | Promise] = {
    "use": _("use for another purpose"),
    "evidence": _("use in judicial proceedings"),
    "onward": _("pass on"),
    "publication": _("make public"),
}

PERMISSION_STATES: dict[str, str | Promise] = {
    "asked": _("asked, not answered"),
    "granted": pgettext_lazy("permission", "given"),
    "refused": pgettext_lazy("permission", "refused"),
    "revoked": pgettext_lazy("permission", "withdrawn"),
    "expired": pgettext_lazy("permission", "its time is over"),
}

OUTCOMES: dict[str, str | Promise] = {
    "": _("has not answered"),
    "quarantined": _("withdrawn from everybody"),
    "filed": _("stands in a court file already"),
    "erased": _("was erased before"),
    "unknown": _("has not arrived there yet; it is held back when it does"),
}

RECALL_REASONS: dict[str, str | Promise] = {
    "mistake": _("sent by mistake"),
    "wrong_recipient": _("sent to the wrong post"),
    "source_at_risk": _("a source is at risk"),
    "legal": _("a legal reason"),
    "incorrect": _("what it says is not correct"),
    "withdrawn": _("no longer supported"),
}

GROUNDS: dict[str, str | Promise] = {
    "source_protection": _("Protection of a source"),
    "prejudices_investigation": _("Would harm an investigation here"),
    "rights_risk": _("Discrimination or risk to rights"),
    "third_party": _("it comes from a third party that does not agree"),
    "not_necessary": _("not necessary for the purpose stated"),
}

HOLD_REASONS: dict[str, str | Promise] = {
    "litigation": _("litigation"),
    "disclosure": _("duty of disclosure"),
    "review": _("internal review"),
    "data_subject": _("rights of a person it is about"),
}

BASES: dict[str, str | Promise] = {
    "law": pgettext_lazy("basis", "a law"),
    "court_order": pgettext_lazy("basis", "a court order"),
}

OBJECTIONS: dict[str, str | Promise] = {
    **{code: words for code, words in GROUNDS.items() if code != "not_necessary"},
    "not_covered": _("the law or the order named does not cover it"),
}

DUTY_STATES: dict[str, str | Promise] = {
    "untold": _("declared; who sent it has not been told yet"),
    "refused": _("declared; the other node did not take the notice"),
    "told": _("declared and told; a second authorising person must confirm it"),
    "heard": _("declared by who holds it"),
    "confirmed": pgettext_lazy("duty", "confirmed"),
    "withdrawn": pgettext_lazy("duty", "withdrawn"),
}

REASONS: dict[str, str | Promise] = {
    "marking.unknown": _("The marking holds a restriction this node does not know; nothing lifts it."),
    "source.recalled": _("An item it draws on was recalled by who sent it."),
    "source.erased": _("An item it draws on was erased; its restrictions are no longer known."),
    "permission.use.missing": _("The marking does not name this purpose, and nobody was asked."),
    "permission.use.scope": _("The permission held is for another purpose."),
    "permission.use.expired": _("The time of the permission for this purpose is over."),
    "permission.use.revoked": _("The permission for this purpose was withdrawn."),
    "permission.evidence.missing": _("It may not be used in judicial proceedings without permission of who sent it."),
    "permission.evidence.scope": _("The permission for judicial proceedings is for another purpose."),
    "permission.evidence.expired": _("The time of the permission for judicial proceedings is over."),
    "permission.evidence.revoked": _("The permission for judicial proceedings was withdrawn."),
    "permission.onward.missing": _("An item it draws on may not be passed on without permission of who sent it."),
    "permission.onward.scope": _("The permission to pass it on does not name this post."),
    "permission.onward.expired": _("The time of the permission to pass it on is over."),
    "permission.onward.revoked": _("The permission to pass it on was withdrawn."),
    "permission.publication.missing": _("It may not be made public without permission of who sent it."),
    "permission.publication.scope": _("The permission to make it public is for another purpose."),
    "permission.publication.expired": _("The time of the permission to make it public is over."),
    "permission.publication.revoked": _("The permission to make it public was withdrawn."),
}

FIELDS: dict[str, str | Promise] = {
    "item": _("Item"),
    "permission": _("Permission"),
    "hold": _("Legal hold"),
    "duty": _("Duty of disclosure"),
    "basis": _("Basis"),
    "citation": _("Article or order"),
    "dated": _("Date of the order"),
    "kind": _("What for"),
    "recipients": _("Recipients"),
    "purposes": _("Purposes"),
    "until": _("Until"),
    "why": _("Why"),
    "ground": _("Ground"),
    "note": _("Note"),
    "reason": _("Reason"),
    "review_on": _("Reviewed on"),
    "outcome": _("Outcome"),
    "court": _("Court"),
    "filed_on": _("Filed on"),
    "opened_at": _("Opened"),
    "answered_at": _("Answered on"),
    "post": _("Post"),
    "onward": _("Who got it onward"),
    "unnamed": _("More posts, not named"),
}

VALUES: dict[str, str | Promise] = {
    **{f"/kind={code}": words for code, words in KINDS.items()},
    **{f"/outcome={code}": words for code, words in OUTCOMES.items() if code},
    **{f"/onward/*/outcome={code}": words for code, words in OUTCOMES.items() if code},
    **{f"/ground={code}": words for code, words in {**GROUNDS, **OBJECTIONS}.items()},
    **{f"/basis={code}": words for code, words in BASES.items()},
    **{f"/reason={code}": words for code, words in {**RECALL_REASONS, **HOLD_REASONS}.items()},
}

STAGES: dict[str, str | Promise] = {"permission": _("answer a request for permission")}

POLICIES: dict[str, str | Promise] = {
    "rights-of-items-pass": _("What is said about an item goes between the posts that have it."),
    "rights-of-items-say-why": _(
        "Why it is asked, refused, recalled, disclosed or objected to goes between the posts that have the item."
    ),
}
