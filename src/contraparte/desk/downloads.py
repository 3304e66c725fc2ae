"""What is taken from the node as a file, by a person from a page or by a program: files, packages, proofs."""

import tempfile
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.http import FileResponse, HttpResponse, StreamingHttpResponse
from django.utils.http import content_disposition_header

from contraparte.directory.models import Tenure
from contraparte.exchange import attaching
from contraparte.exchange.models import Attachment, Conversation
from contraparte.exchange.packaging import write_package
from contraparte.ledger import queries as ledger


def file_headers(found: Attachment) -> dict[str, str]:
    """Always as a file to keep, whatever its sender calls it, and in no cache."""
    return {
        "Content-Disposition": content_disposition_header(True, found.name) or "attachment",
        "Content-Length": str(found.size),
        "Cache-Control": "private, no-store",
    }


def file_answer(found: Attachment, *, by: Tenure, now: datetime) -> StreamingHttpResponse:
    """A file. Every byte is proven before the first is sent; that it was taken is on record.

    Raises AttachmentChangedError, AttachmentLostError, ItemRecalledError, ItemErasedError.
    """
    pieces = attaching.give_out(found, by=by, now=now)
    return StreamingHttpResponse(pieces, content_type=attaching.UNKNOWN_TYPE, headers=file_headers(found))


def package_answer(conversation: Conversation, uuids: Sequence[str], *, now: datetime) -> FileResponse:
    """An evidence package as a zip file; on the disk it has no name any more when the answer begins.

    Raises what `write_package` raises.
    """
    with tempfile.TemporaryDirectory(prefix="package-", dir=settings.HOME.folder("run")) as folder:
        path = Path(folder) / f"package-{str(conversation.uuid)[:8]}-{now:%Y%m%d-%H%M%S}.zip"
        write_package(conversation, path, uuids=uuids, now=now)
        handle = path.open("rb")
    return FileResponse(handle, as_attachment=True, filename=path.name, content_type="application/zip")


def proof_answer(origin: str, index: int) -> HttpResponse:
    """The proof of a log's entry, as `contraparte tlog verify` and other people's tools read it."""
    data = ledger.prove(origin, index).to_bytes()
    name = f"{origin.replace('/', '-')}-{index}.tlog-proof"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(data, content_type="text/plain; charset=utf-8", headers=headers)
