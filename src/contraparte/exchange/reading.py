"""A stored message read again: verified like the first time, from the bytes kept."""

from contraparte.directory import keyring
from contraparte.exchange.models import Message as MessageRow
from contraparte.protocol.message import Message, read


def read_message(row: MessageRow) -> Message:
    """The message of a row. Its signature is checked again; keys of old messages resolve for ever (P1.5)."""
    return read(bytes(row.content.presentation), keyring.public_key)
