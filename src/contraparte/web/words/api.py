"""Words for the error codes of the API for programs: what is wrong, and how to mend it."""

from django.utils.translation import gettext_lazy as _

from contraparte.web.registry import Problem

WORDS: dict[str, Problem] = {
    "api.token.refused": Problem(
        _("This token opens nothing."),
        _("It is missing, unknown, expired or revoked, or its holder no longer acts for the post. Make a new one."),
    ),
    "api.token.field": Problem(
        _("The token cannot be made like this."),
        _("Give it a name, choose at least one kind of call and at most %(days)s days."),
    ),
    "api.scope": Problem(
        _("The token was not made for this kind of call."),
        _("It needs the scope “%(scope)s”. Make a token that has it."),
    ),
    "api.right": Problem(
        _("The role of the token’s holder does not open this call."),
        _("It needs the permission “%(permission)s”; the administrator of this node assigns roles."),
    ),
    "api.rate": Problem(
        _("Too many calls in a short time."),
        _("Wait a minute; at most %(most)s calls a minute are answered."),
    ),
    "api.body": Problem(
        _("The body of the call cannot be read."),
        _("Send one JSON object in UTF-8, at most %(most)s levels deep, without control character 0."),
    ),
    "api.body.size": Problem(
        _("The body of the call is too large."),
        _("Send at most %(most)s bytes."),
    ),
    "api.body.length": Problem(
        _("The file is not as long as the call says."),
        _("Send the whole file, with its exact number of bytes as Content-Length; no other transfer coding is taken."),
    ),
    "api.method": Problem(
        _("This address is not open for this kind of call."),
        _("It is open for: %(allowed)s."),
    ),
    "api.broken": Problem(
        _("The node failed at this call. Nothing of the case is told here."),
        _("Send it again with the same Idempotency-Key. If it fails again, tell the administrator of this node when."),
    ),
    "api.field": Problem(
        _("A field cannot be read: %(field)s."),
        _("The list “fields” says what is wrong with each; mend them and send the call again."),
    ),
    "api.missing": Problem(
        _("There is nothing here that you may see."),
        _("Compare the address with what a list has given, and the post the token was made for."),
    ),
    "api.repeat": Problem(
        _("The Idempotency-Key does not fit this call."),
        _("Send a key of 8 to 80 letters, digits, hyphens or underscores; a new one for each new call."),
    ),
    "api.outdated": Problem(
        _("The object has changed since you read it."),
        _("Read it again and send its ETag as If-Match."),
    ),
}
