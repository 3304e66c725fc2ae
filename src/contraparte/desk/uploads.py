"""Files from a browser, sealed while they come in: no part of one is written to a disk in clear, or held in memory.

Django reads the body of a form where it first asks for it, which is when it looks for the token against forged forms.
So the view is opened first (door, draft, right), then names this handler, and only then is the token looked for.
"""

from typing import Any

from django.core.files.uploadhandler import FileUploadHandler, SkipFile
from django.http import HttpRequest

from contraparte.exchange.attaching import Holder, Intake
from contraparte.protocol.errors import AttachmentTooLargeError, ContraparteError


class SealedUpload:
    """One file of the form, taken in. Django closes it with the request; what nobody attached by then is removed."""

    def __init__(self, intake: Intake) -> None:
        self.intake = intake
        self.is_attached = False

    def close(self) -> None:
        """Remove the bytes unless the file belongs to a draft by now."""
        if not self.is_attached:
            self.intake.drop()


class SealingUploadHandler(FileUploadHandler):
    """Hands each file of a form to an intake of the draft. `refused` is what was wrong with the first bad one."""

    chunk_size = 256 * 1024

    def __init__(self, request: HttpRequest, draft: Holder, *, limit: int | None = None) -> None:
        super().__init__(request)
        self.limit = limit  # bytes of one file, where it is less than what a message may carry
        self.draft = draft
        self.refused: ContraparteError | None = None
        self._intake: Intake | None = None

    def new_file(self, *args: Any, **more: Any) -> None:
        """A file begins."""
        super().new_file(*args, **more)
        if self.refused is not None:
            raise SkipFile
        try:
            self._intake = Intake(self.draft, name=self.file_name or "", media_type=self.content_type or "")
        except ContraparteError as error:
            self._refuse(error)

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        """A piece of it."""
        assert self._intake is not None
        try:
            self._intake.write(raw_data)
            if self.limit is not None and self._intake.size > self.limit:
                raise AttachmentTooLargeError(field="file", limit=self.limit)
        except ContraparteError as error:
            self._refuse(error)

    def file_complete(self, file_size: int) -> SealedUpload | None:  # type: ignore[override]
        """It ended."""
        intake, self._intake = self._intake, None
        assert intake is not None
        try:
            intake.done()
        except ContraparteError as error:
            self.refused = error
            intake.drop()
            return None
        return SealedUpload(intake)

    def upload_interrupted(self) -> None:
        """The browser went away in the middle of it."""
        self.drop()

    def drop(self) -> None:
        """Remove what was begun and not ended."""
        if self._intake is not None:
            self._intake.drop()
            self._intake = None

    def _refuse(self, error: ContraparteError) -> None:
        self.refused = error
        self.drop()
        raise SkipFile from error
