"""The words of this room's error codes, for pages and the command line."""

from django.utils.translation import gettext_lazy as _

from contraparte.web.registry import Problem

PROBLEMS: dict[str, Problem] = {
    "trace.field.missing": Problem(
        _("A required field is empty."),
        _("Fill in the field and save again."),
    ),
    "trace.field.unreadable": Problem(
        _("A field cannot be read."),
        _("Shorten or correct what is typed there; dates are written year-month-day."),
    ),
    "trace.importer.missing": Problem(
        _("A gun made abroad needs its importer."),
        _(
            "The gun was made in “%(country)s” and is traced in “%(requested)s”: enter the importer stamped on the "
            "frame or barrel. If there is no such mark, type “none”."
        ),
    ),
    "trace.serial.barrel_number": Problem(
        _("This is a number from the barrel or slide."),
        _("Barrels and slides are exchanged and mislead. Enter the serial from the frame or receiver."),
    ),
    "trace.serial.is_model": Problem(
        _("This is a model, not a serial."),
        _("“%(model)s” is the name of a model. Enter it in the model field, and the number from the frame as serial."),
    ),
    "trace.serial.restoration_missing": Problem(
        _("The serial is erased and nothing is said about restoring it."),
        _("Say what was done to restore it and what it showed, or have it done first."),
    ),
    "trace.recovery.after_request": Problem(
        _("The recovery lies after the request."),
        _("Recovered on %(recovered)s, requested on %(requested)s: correct the day of the recovery."),
    ),
    "trace.recovery.before_sale": Problem(
        _("The recovery lies before the last retail sale."),
        _("Sold on %(sold)s, recovered on %(recovered)s: check both dates; one of them belongs to another gun."),
    ),
    "trace.possessor.minor": Problem(
        _("The possessor was a minor."),
        _("Withhold the person from the request, or name a second reviewer. Age on the day: %(age)s years."),
    ),
    "trace.possessor.reviewer": Problem(
        _("The second reviewer must be somebody else."),
        _("Name another person of the same agency."),
    ),
    "trace.urgent.unjustified": Problem(
        _("An urgent request needs a reason."),
        _("Say why it is urgent, or choose routine."),
    ),
    "trace.rows.too_many": Problem(
        _("Too many rows at once."),
        _("%(count)s rows were given and %(limit)s are allowed: divide them between events."),
    ),
    "trace.rows.unreadable": Problem(
        _("The table cannot be read."),
        _("The first row must name the columns (serial, maker, type, model, calibre, country, importer). %(reason)s"),
    ),
    "trace.call_log.missing": Problem(
        _("The call is not recorded."),
        _("Enter who answered, when, and by what means: telephone, fax or page image."),
    ),
    "trace.incomplete": Problem(
        _("The request is not complete."),
        _("Still missing: %(gaps)s. Score now: %(score)s of 100."),
    ),
    "trace.same_gun.undecided": Problem(
        _("Another post may have recorded the same gun."),
        _("Speak with %(other)s and decide first which serial is true."),
    ),
    "trace.already_open": Problem(
        _("This gun has a trace already."),
        _("Open that trace and resubmit it if something has changed."),
    ),
    "trace.state": Problem(
        _("This cannot be done now."),
        _("The present state is “%(state)s”. Load the page again to see what is possible."),
    ),
    "trace.row.locked": Problem(
        _("This row has been sent."),
        _("Row %(row)s is part of a request. Mend it by resubmitting the trace."),
    ),
    "trace.task.decided": Problem(
        _("This question was answered already."),
        _("Nothing was changed. Load the page again to see the answer."),
    ),
    "trace.walk.step": Problem(
        _("An answer came that nobody is waiting for."),
        _("The walk waits for “%(step)s”. Nothing was changed; the answer is kept in the log."),
    ),
    "trace.custodian.unknown": Problem(
        _("Nobody keeps this book here."),
        _("Choose the custodian whose book it is, or ask your administrator to add it."),
    ),
}
