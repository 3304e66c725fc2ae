"""The files of one message in an evidence package: each is the one its sender signed, and custody speaks of these.

The bytes themselves are held to the signed list of contents by whoever reads them, in pieces; here the list is held to
what the message describes inside its signature.
"""

import re
from collections.abc import Callable, Mapping, Set
from typing import Any, Final

from contraparte.protocol.attachments import FileDescription, files_of
from contraparte.protocol.encoding import parse_object
from contraparte.protocol.errors import ContraparteError
from contraparte.protocol.message import Message

FOLDER: Final = "files/"
CUSTODY: Final = "custody.json"
SIGNED: Final = "signed_"
"""In front of the kind of a receipt by which the other side signed that a file changed hands."""
_SUFFIX: Final = re.compile(r"\.[a-z0-9]{1,8}", re.ASCII)


def _place_of(position: int, name: str) -> str:
    """Where the file at that place of its message lies, from 1; its own name stands in the message alone."""
    suffix = name[name.rindex(".") :].lower() if "." in name else ""
    return f"{FOLDER}{position:02d}{suffix if _SUFFIX.fullmatch(suffix) else ''}"


def check_files(
    base: str,
    message: Message,
    listed: Mapping[str, tuple[int, str]],
    files: Mapping[str, bytes],
    blame: Callable[..., None],
    *,
    receipts: Set[tuple[str, str]],
) -> None:
    """Hold the listed files below `base` to the message. `receipts`: kind and instant of each that is proven."""
    try:
        described = files_of(message.attachments)
    except ContraparteError as error:
        blame("message.unproven", f"{base}presentation.sd-jwt", error.code)
        return
    places = [f"{base}{_place_of(position, file.name)}" for position, file in enumerate(described, 1)]
    for path, file in zip(places, described, strict=True):
        if path not in listed:
            blame("file.missing", path)
        elif listed[path] != (file.size, file.sha256.hex()):
            blame("attachment.other", path)
    for path in sorted(name for name in listed if name.startswith(f"{base}{FOLDER}") and name not in places):
        blame("file.extra", path)
    _check_custody(f"{base}{CUSTODY}", described, files, blame, receipts)


def _check_custody(
    path: str,
    described: tuple[FileDescription, ...],
    files: Mapping[str, bytes],
    blame: Callable[..., None],
    receipts: Set[tuple[str, str]],
) -> None:
    """The chain of custody is about these files in their order, each in the order of time, its receipts beside it."""
    if path not in files or not described:
        if described or path in files:
            blame("file.missing" if described else "file.extra", path)
        return
    try:
        told = parse_object(files[path], "custody")["files"]
        if [(one["number"], one["sha256"]) for one in told] != [(one.number, one.sha256.hex()) for one in described]:
            blame("custody.other", path)
        for one in told:
            _check_chain(path, one["events"], blame, receipts)
    except (ContraparteError, KeyError, TypeError, AttributeError) as error:
        blame("custody.unreadable", path, type(error).__name__)


def _check_chain(path: str, events: Any, blame: Callable[..., None], receipts: Set[tuple[str, str]]) -> None:
    times = [event["at"] for event in events]
    if times != sorted(times):
        blame("order", path)
    for event in events:
        kind = event["kind"]
        if kind.startswith(SIGNED) and (kind.removeprefix(SIGNED), event["at"]) not in receipts:
            blame("custody.unsigned", path, kind)
