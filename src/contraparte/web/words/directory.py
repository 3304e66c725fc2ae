"""Words for the error codes of the directory: what is wrong, and how to mend it."""

from django.utils.translation import gettext_lazy as _

from contraparte.web.registry import Problem

WORDS: dict[str, Problem] = {
    "agency.unknown": Problem(
        _("No agency “%(agency)s” stands in the signed directory."),
        _("Look it up under Directory; names change, identifiers do not."),
    ),
    "post.unknown": Problem(
        _("No post “%(post)s” stands in the signed directory."),
        _("Look it up under Directory: who handles what, at which agency."),
    ),
    "tenure.roles.incompatible": Problem(
        _("These roles cannot be held together: %(roles)s."),
        _("Give them in separate tenures. Administrator and auditor each stand alone."),
    ),
    "tenure.period": Problem(
        _("The tenure would end before it begins."),
        _("It runs from %(starts)s; choose a later end."),
    ),
    "tenure.ended": Problem(
        _("Your time in this post has ended, or has not begun."),
        _("Switch to a post you hold now. What you wrote stays with the post."),
    ),
    "tenure.right.missing": Problem(
        _("Your role in this post does not carry this right."),
        _("Ask a person of the post whose role does."),
    ),
    "tenure.acting": Problem(
        _("“%(person)s” holds no role at the post %(post)s that may do this."),
        _("Name a person whose time in that post is running and whose role carries the right."),
    ),
    "key.local.missing": Problem(
        _("This node lacks a private key it needs."),
        _("The administrator restores the key folder or makes new keys and publishes them."),
    ),
    "key.unknown": Problem(
        _("No trusted directory names this key."),
        _("Refresh the directory of that country; a key that is in none is not trusted."),
    ),
    "key.retired": Problem(
        _("The key is no longer good for anything new."),
        _("The sender refreshes the directory and uses the key that replaced it."),
    ),
    "directory.document.malformed": Problem(
        _("A signed document of the directory breaks its form at %(path)s."),
        _("The country that publishes it mends and signs it again; until then the last good one counts."),
    ),
    "lineage.invalid": Problem(
        _("The change of agency “%(event)s” cannot be as it is written."),
        _("Whoever wrote it mends what is named and has it signed again."),
    ),
    "lineage.period": Problem(
        _("The dates of the change “%(event)s” do not fit together: %(field)s."),
        _("It is announced first, then it counts, and old addresses are accepted no shorter than that."),
    ),
    "lineage.country": Problem(
        _("The change “%(event)s” names “%(read)s”, which is of the wrong country."),
        _("A country changes its own agencies only; reviewers are the others."),
    ),
    "lineage.kind": Problem(
        _("A change of the kind “%(kind)s” does not have that many agencies under “%(field)s”."),
        _("A merger has several before and one after, a split one before and several after."),
    ),
    "lineage.rule": Problem(
        _("It is not clear who takes the work of the post %(post)s."),
        _("Name one successor, or say for each further one which topics it takes and leave one for the rest."),
    ),
    "lineage.cycle": Problem(
        _("The post %(successor)s would take the work of %(post)s and give its own away at the same moment."),
        _("Map %(post)s to the post that holds the work in the end, or make it two changes one after the other."),
    ),
    "lineage.post.missing": Problem(
        _("The change leaves out the post %(post)s."),
        _("Say who takes its work; of an abolished post, who takes what is still open."),
    ),
    "lineage.post.unknown": Problem(
        _("The post %(post)s is not in the directory, or not of the agencies of this change."),
        _("Publish the new posts first; a successor must go on to exist."),
    ),
    "lineage.forged": Problem(
        _("A change of agency does not bear the signature of %(country)s that it should."),
        _("Nothing of that directory was taken in. Ask its publisher by telephone what happened."),
    ),
    "lineage.statement.unknown": Problem(
        _("No statement “%(statement)s” on a change of agency is open to that here."),
        _("Look its number up with `contraparte directory lineage statements`; what was withdrawn is signed no more."),
    ),
    "lineage.signed": Problem(
        _("%(country)s has signed this version of the change “%(event)s” and cannot dispute it."),
        _("Publish the next version with another mapping; of those all have signed the highest counts."),
    ),
    "lineage.unknown": Problem(
        _("No change of agency “%(event)s” is known here."),
        _("Refresh the directory, or look it up under Directory: who became whom."),
    ),
    "post.succeeded": Problem(
        _("The post %(post)s has passed its work on."),
        _("Write to %(successor)s, which has it now, or go on there."),
    ),
    "agency.succeeded": Problem(
        _("The agency %(agency)s is no more, and its last day is over."),
        _("Its successor sends again under its own key; see Directory: who became whom."),
    ),
    "permission.reconfirmed": Problem(
        _("Somebody has decided on this permission already."),
        _("Open the item to see how it stands now."),
    ),
    "directory.rejected": Problem(
        _("The directory of %(country)s was not accepted."),
        _("It fails verification; the last trusted one stays in use. Its publisher must look at it."),
    ),
    "directory.stale": Problem(
        _("The directory of %(country)s is out of date, so nothing is released."),
        _("What is written stays. It goes on as soon as the directory is renewed; the administrator can refresh it."),
    ),
    "directory.expired": Problem(
        _("The directory of %(country)s expired more than 30 days ago, so nothing is accepted."),
        _("Refresh it; the other side keeps what it has queued."),
    ),
    "directory.untrusted": Problem(
        _("This node does not trust any directory of %(country)s yet."),
        _("The administrator enters the root whose fingerprint was handed over in person."),
    ),
    "directory.unreachable": Problem(
        _("The directory of %(country)s could not be fetched."),
        _("The last trusted one stays in use; it is tried again by itself."),
    ),
    "directory.root.fingerprint": Problem(
        _("This is not the root whose fingerprint was handed over."),
        _("Do not go on. Compare the fingerprint with the other side by another road."),
    ),
    "directory.address": Problem(
        _("This is no address a directory can be fetched from."),
        _("It begins with https, or names this very machine; mend it where the source is entered."),
    ),
    "person.invalid": Problem(
        _("The account “%(read)s” cannot be opened or found like this."),
        _("A user name is new and has plain letters, digits, dots and dashes; a password has 12 characters or more."),
    ),
    "accord.missing": Problem(
        _("No accord in force covers this exchange."),
        _("Without an accord between the two countries nothing crosses; ask your central office."),
    ),
    "accord.type.forbidden": Problem(
        _("The accord does not let this post send this to that recipient."),
        _("See under Directory who handles it, or which central office it goes through."),
    ),
    "accord.signature": Problem(
        _("The accord does not bear exactly the signatures of its parties."),
        _("It is not in force here. Both sides sign the very same bytes."),
    ),
    "accord.conflict": Problem(
        _("Another text was adopted under this name before."),
        _("An amended accord takes a new name; both stay on record."),
    ),
    "accord.suspended": Problem(
        _("The accord is suspended."),
        _("What carries content waits until both sides resume. Receipts, recalls and deletions still pass."),
    ),
    "substitute.field": Problem(
        _("This substitute cannot be set."),
        _("It is another post of the same agency, and stands in after 15 minutes at the least and 7 days at the most."),
    ),
    "departure.field": Problem(
        _("This leaving cannot be kept like this."),
        _(
            "A day to come, a note of at most 5,000 characters, and a successor of the same agency who works there and "
            "holds one of the roles."
        ),
    ),
    "departure.step": Problem(
        _("This step of the hand-over is not open now."),
        _("Look at the steps taken so far. What was acknowledged changes no more."),
    ),
    "departure.post": Problem(
        _("A notice about the post %(post)s came from another post."),
        _("It was refused and changes nothing here. Only the post itself says who answers for it."),
    ),
    "duty.field": Problem(
        _("This line cannot stand in the roster."),
        _("Name either a weekday or one day that is not over, and somebody who serves at the post; 200 lines at most."),
    ),
}
