"""Words for the error codes of sign-in and the page shell: what is wrong, and how to mend it."""

from django.utils.translation import gettext_lazy as _

from contraparte.web.registry import Problem

WORDS: dict[str, Problem] = {
    "sign_in.link.refused": Problem(
        _("This link does not sign anybody in."),
        _("It was used before, has expired, or belongs to another machine. Ask for a new one or sign in as usual."),
    ),
    "sign_in.post.not_held": Problem(
        _("You do not hold that post now."),
        _("Choose one of the posts listed."),
    ),
    "mail.off": Problem(
        _("This node sends no mail."),
        _("Look at your desk instead. Who keeps the node can name a mail server in its settings."),
    ),
}
