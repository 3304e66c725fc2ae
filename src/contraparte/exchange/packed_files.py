"""The files of a message in an evidence package, in clear, with their chain of custody (P3.5, P5.8).

They are opened while they are written, in pieces; a file that is not what was signed leaves no package behind.
"""

from pathlib import PurePosixPath
from typing import Any

from contraparte.exchange.attaching import open_file
from contraparte.exchange.bags import Bag
from contraparte.exchange.custody import chains_of
from contraparte.exchange.models import Attachment, Message
from contraparte.protocol.attachments import files_of
from contraparte.protocol.encoding import canonical_json, instant
from contraparte.protocol.errors import AttachmentChangedError, AttachmentLostError, PackageUnprovableError
from contraparte.protocol.message import Message as Said

SUFFIX_CHARS = 8


def place_of(position: int, name: str) -> str:
    """Where the file at that place of its message, from 1, lies below the item: a number, and what kind it says it is.

    Its own name stands in the message: a name somebody chose abroad is nobody's path.
    """
    suffix = PurePosixPath(f"x{name[name.rindex('.') :].lower()}").suffix if "." in name else ""
    letters = suffix[1:]
    plain = letters.isascii() and letters.isalnum() and len(letters) <= SUFFIX_CHARS
    return f"files/{position:02d}{suffix if plain else ''}"


def write_files(bag: Bag, base: str, row: Message, message: Said) -> None:
    """Every file the message describes, and whose hands each went through. PackageUnprovableError for one not here."""
    described = files_of(message.attachments)
    if not described:
        return
    rows = {one.number: one for one in Attachment.objects.filter(message=row).select_related("message", "draft")}
    for position, file in enumerate(described, 1):
        held = rows.get(file.number)
        try:
            if held is None:
                raise AttachmentLostError
            bag.add_pieces(f"{base}/{place_of(position, file.name)}", open_file(held))
        except (AttachmentLostError, AttachmentChangedError) as error:
            raise PackageUnprovableError(what="attachment", item=str(row.uuid)) from error
    bag.add(f"{base}/custody.json", _custody([rows[file.number] for file in described]))


def _custody(rows: list[Attachment]) -> bytes:
    """What happened to each file, where and when. Who did it stays at home, as with decisions (P2.4)."""
    chains = chains_of(rows)
    told: list[dict[str, Any]] = [
        {
            "number": row.number,
            "sha256": bytes(row.sha256).hex(),
            "events": [
                {"kind": str(link.kind), "at": instant(link.at), "place": link.place, "signed_by": link.signed_by}
                for link in chains[row.pk]
            ],
        }
        for row in rows
    ]
    return canonical_json({"files": told}, "custody")
