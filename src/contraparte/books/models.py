"""A custodian's books: lines as 27 CFR 478.125 has them, the imports that brought them, the log of who asked what.

A book belongs to one agency, and every read starts from a book or from one agency's books. Persons stand in
`Line.disposed_to` only, which no index of this database or of the search covers.
"""

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _

from contraparte.directory.models import Agency


class BookKind(models.TextChoices):
    """What a book records; stolen guns, multiple sales and watch-lists are small books of their own."""

    ACQUISITIONS = "acquisitions", _("acquisitions and dispositions")
    STOLEN = "stolen", _("reported stolen or lost")
    MULTIPLE_SALES = "multiple_sales", _("multiple sales")
    WATCH = "watch", _("guns watched for")


class Book(models.Model):
    """One custodian's book. `lines` counts current lines (the prior of a search); `last_line` is the newest line's
    key, up to which the derived index must reach."""

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False, help_text="names the folder of its index")
    agency = models.ForeignKey(Agency, models.PROTECT, related_name="+")
    name = models.CharField(max_length=80)
    kind = models.CharField(max_length=20, choices=BookKind.choices, default=BookKind.ACQUISITIONS)
    created_at = models.DateTimeField()
    lines = models.PositiveBigIntegerField(default=0)
    last_line = models.PositiveBigIntegerField(default=0)

    class Meta:
        ordering = ("agency_id", "name")
        constraints = [models.UniqueConstraint(fields=("agency", "name"), name="books_book_name")]

    def __str__(self) -> str:
        return self.name


class Description(models.Model):
    """What a gun is called, once per book: as written, and in canonical form for comparing."""

    book = models.ForeignKey(Book, models.CASCADE, related_name="descriptions")
    digest = models.CharField(max_length=32)
    manufacturer = models.CharField(max_length=400)
    importer = models.CharField(max_length=400, blank=True)
    type = models.CharField(max_length=400, blank=True)
    model = models.CharField(max_length=400, blank=True)
    caliber = models.CharField(max_length=400, blank=True)
    country = models.CharField(max_length=400, blank=True)
    maker_name = models.CharField(max_length=400)
    type_code = models.CharField(max_length=1, blank=True)
    caliber_code = models.CharField(max_length=400, blank=True)
    model_key = models.CharField(max_length=400, blank=True)

    class Meta:
        ordering = ("id",)
        constraints = [models.UniqueConstraint(fields=("book", "digest"), name="books_description_once")]

    def __str__(self) -> str:
        return f"{self.manufacturer} {self.model}".strip()


class Import(models.Model):
    """One reading of one file into a book. `offset` is where the next chunk begins: lines before it are committed."""

    class State(models.TextChoices):
        RUNNING = "running", _("running")
        DONE = "done", _("done")
        ABANDONED = "abandoned", _("abandoned")

    book = models.ForeignKey(Book, models.CASCADE, related_name="imports")
    file_name = models.CharField(max_length=200)
    file_hash = models.CharField(max_length=64)
    size = models.PositiveBigIntegerField(help_text="bytes")
    encoding = models.CharField(max_length=12)
    delimiter = models.CharField(max_length=1)
    dates = models.CharField(max_length=3, blank=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.RUNNING)
    offset = models.PositiveBigIntegerField(default=0, help_text="bytes")
    row = models.PositiveBigIntegerField(default=0, help_text="lines of the file read so far, the header too")
    added = models.PositiveBigIntegerField(default=0)
    completed = models.PositiveBigIntegerField(default=0, help_text="lines that got their disposition")
    corrected = models.PositiveBigIntegerField(default=0)
    unchanged = models.PositiveBigIntegerField(default=0)
    refused = models.PositiveBigIntegerField(default=0)
    ignored_columns = models.JSONField(default=list)
    by = models.CharField(max_length=64)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-id",)
        indexes = [models.Index(fields=("book", "file_hash"), name="books_import_file")]

    def __str__(self) -> str:
        return self.file_name


class ImportRefusal(models.Model):
    """A row that was not taken, and why. `read` is left out where the column may name a person."""

    origin = models.ForeignKey(Import, models.CASCADE, related_name="refusals")
    row = models.PositiveBigIntegerField()
    field = models.CharField(max_length=20)
    code = models.CharField(max_length=60)
    read = models.CharField(max_length=120, blank=True)

    class Meta:
        ordering = ("row", "id")

    def __str__(self) -> str:
        return f"{self.row} {self.field} {self.code}"


class Line(models.Model):
    """One acquisition of one gun and where it went. A correction is a new revision; the old line is kept."""

    book = models.ForeignKey(Book, models.CASCADE, related_name="+", db_index=False)
    line_id = models.CharField(max_length=64)
    revision = models.PositiveIntegerField(default=0)
    supersedes = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    is_current = models.BooleanField(default=True)
    description = models.ForeignKey(Description, models.PROTECT, related_name="+", db_index=False)
    serial = models.CharField(max_length=400, help_text="as written")
    serial_key = models.CharField(max_length=24, blank=True, help_text="canonical; empty where it is a state")
    serial_state = models.CharField(max_length=10, blank=True)
    acquired_on = models.DateField()
    acquired_from = models.CharField(max_length=400, blank=True)
    disposed_on = models.DateField(null=True, blank=True)
    disposed_to = models.CharField(max_length=400, blank=True, help_text="may name a person: never indexed")

    class Meta:
        ordering = ("id",)
        constraints = [models.UniqueConstraint(fields=("book", "line_id", "revision"), name="books_line_once")]
        indexes = [models.Index(fields=("book", "serial_key"), name="books_line_serial")]

    def __str__(self) -> str:
        return self.serial


class Query(models.Model):
    """Who asked a book what, why and for which case. Kept for the custodian's own oversight; never an answer."""

    class Kind(models.TextChoices):
        SEARCH = "search", _("search")
        COUNT = "count", _("count")
        LINK = "link", _("next link")

    agency = models.ForeignKey(Agency, models.PROTECT, related_name="+")
    books = models.JSONField(default=list, help_text="names of the books asked")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    at = models.DateTimeField()
    by = models.CharField(max_length=64, help_text="tenure id, or the words of local maintenance")
    purpose = models.CharField(max_length=120)
    case = models.CharField(max_length=120)
    serial = models.CharField(max_length=120)
    description = models.CharField(max_length=400, blank=True)
    matched = models.PositiveBigIntegerField(default=0)
    shown = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ("-id",)
        indexes = [models.Index(fields=("agency", "-at"), name="books_query_when")]
        verbose_name_plural = "queries"

    def __str__(self) -> str:
        return f"{self.kind} {self.at:%Y-%m-%d %H:%M}"
