"""A stored message read again: verified like the first time, from the bytes kept."""

from contraparte.directory import keyring
from contraparte.exchange.models import Message as MessageRow
from contraparte.protocol.errors import ItemErasedError
from contraparte.protocol.message import Message, read


def read_message(row: MessageRow) -> Message:
    """The message of a row. Its signature is checked again; keys of old messages resolve for ever (P1.5).

    Raises ItemErasedError where the content was erased. Whether it was recalled is for the caller to ask (`items`).
    """
    if is_erased(row):
        raise ItemErasedError(item=str(row.uuid))
    return read(bytes(row.content.presentation), keyring.public_key)


def is_erased(row: MessageRow) -> bool:
    """Whether the content is gone: erased when its time was over, or taken away."""
    return not hasattr(row, "content") or not bytes(row.content.presentation)
