"""Words for how a post stands and for the steps of a leaving."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from contraparte.directory.rules.leaving import Standing, Step

STANDINGS: dict[str, str | Promise] = {
    Standing.HELD: pgettext_lazy("post", "held"),
    Standing.ACTING: pgettext_lazy("post", "with an acting person"),
    Standing.VACANT: pgettext_lazy("post", "vacant"),
}

STEPS: dict[Step, str | Promise] = {
    Step.ANNOUNCED: _("Leaving announced"),
    Step.INVENTORY: _("Inventory taken"),
    Step.NOTE: _("Note written"),
    Step.ASSIGNED: _("Successor named"),
    Step.COUNTERPART_NOTIFIED: _("Other side told"),
    Step.ACKNOWLEDGED: _("Taken over, acknowledged"),
    Step.ACCESS_ENDED: _("Access ended"),
}
VALUES: dict[str, str | Promise] = {f"/standing={code}": words for code, words in STANDINGS.items()}
FIELDS: dict[str, str | Promise] = {
    "standing": _("State"),
    "/since": _("Since"),
    "/event": _("Change of agency"),
    "/event_hash": _("Version of the change"),
    "was": _("Posts before"),
    "became": _("Who has their work now"),
    "concerned": _("Posts this concerns"),
    "/more": _("More that are not named"),
}
