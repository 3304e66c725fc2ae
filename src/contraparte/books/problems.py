"""The words of this room's error codes, for pages, import reports and the command line."""

from django.utils.translation import gettext_lazy as _

from contraparte.web.registry import Problem

PROBLEMS: dict[str, Problem] = {
    "trace.serial.unreadable": Problem(
        _("This cannot be a serial number."),
        _("A serial is 1 to 24 letters A–Z and digits; blanks, dots, dashes and slashes do not count. Correct it."),
    ),
    "trace.serial.state": Problem(
        _("This says what became of the serial; it is not one."),
        _("Choose the state (erased, never had one, not read) instead of typing it as a serial."),
    ),
    "trace.serial.scientific": Problem(
        _("A spreadsheet has altered this serial."),
        _("It was turned into a number such as 1.23E+05. Format the column as text and enter the serial again."),
    ),
    "books.query.unreadable": Problem(
        _("This serial is not in investigators' notation."),
        _("Write ? for one unread character, * for an unread run, [8B] for one of these; close every bracket."),
    ),
    "books.query.vague": Problem(
        _("Too little of the serial is read."),
        _("At least %(needed)s characters must be known; %(known)s are. Restore more of the number and try again."),
    ),
    "books.query.purpose": Problem(
        _("A search needs a purpose and a case."),
        _("Fill in both: every search of a book is logged with them."),
    ),
    "books.import.header": Problem(
        _("The first line does not name the columns."),
        _("Missing or named twice: %(missing)s. Name the columns as 27 CFR 478.125 does, in any order."),
    ),
    "books.import.file": Problem(
        _("This file is not a table of text."),
        _("Save the book as CSV, in UTF-8 or Windows-1252, with the names of the columns in the first line."),
    ),
    "books.import.large": Problem(
        _("This file is too large for a page."),
        _("Up to %(most)s MiB go through the page. Ask your administrator to run “contraparte book import”."),
    ),
    "books.import.changed": Problem(
        _("This import goes on elsewhere."),
        _("Another process is bringing in “%(file)s”. Wait for it, then look at the report."),
    ),
    "books.row": Problem(
        _("This row cannot be a line of a book."),
        _("Correct the row in the file and bring the file in again; what is there already is not added twice."),
    ),
    "books.row.cells": Problem(
        _("The row has more or fewer cells than the header."),
        _("Look for a separator inside a cell; put such a cell between quotation marks."),
    ),
    "books.row.missing": Problem(
        _("A cell that every line needs is empty."),
        _("Maker, serial and date of acquisition must be filled in."),
    ),
    "books.row.long": Problem(
        _("A cell is too long."),
        _("At most %(most)s characters are taken. A quotation mark may be missing."),
    ),
    "books.row.control": Problem(
        _("A cell holds characters that cannot be shown."),
        _("Export the book again, or clean the cell of control characters."),
    ),
    "books.row.undated": Problem(
        _("The gun was handed over, but no date is given."),
        _("Fill in the date of disposition."),
    ),
    "books.row.unaddressed": Problem(
        _("The gun left, but nobody is named who received it."),
        _("Fill in to whom it was disposed: a licence, or “individual”."),
    ),
    "books.row.order": Problem(
        _("The gun left before it came."),
        _("It was acquired on %(acquired)s. Check both dates, and whether day and month are exchanged."),
    ),
    "books.row.quotes": Problem(
        _("A quotation mark is never closed."),
        _("Close it, or double it where it belongs to the text."),
    ),
    "books.row.encoding": Problem(
        _("The letters of this row cannot be read."),
        _("Save the whole file in one encoding, UTF-8 or Windows-1252."),
    ),
    "books.date.ambiguous": Problem(
        _("This date may be two days."),
        _("Name how the file writes dates: day first (dmy), month first (mdy) or year first (iso)."),
    ),
    "books.date.unreadable": Problem(
        _("This is not a date a book may hold."),
        _("Write year-month-day, or name how the file writes dates."),
    ),
    "trace.caliber.ambiguous": Problem(
        _("This calibre names several cartridges."),
        _("Write which one is meant: %(choices)s."),
    ),
    "trace.type.unknown": Problem(
        _("No type of firearm goes by this word."),
        _("Choose pistol, rifle, shotgun or another NCIC type."),
    ),
    "books.unknown": Problem(
        _("There is no such book."),
        _("Check the name of the book; only books of your own agency can be asked."),
    ),
    "books.not_named": Problem(
        _("It is not clear whose book is meant."),
        _("Name the custodian's agency: %(choices)s."),
    ),
    "books.several_custodians": Problem(
        _("No search spans the books of two custodians."),
        _("Ask each custodian for itself; a register of all guns is never built."),
    ),
    "books.index.busy": Problem(
        _("The search index of this book is being written."),
        _("Try again in a minute. Nothing is lost: the index is derived from the book."),
    ),
}
