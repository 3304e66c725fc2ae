"""Where words that must be gone still stand: every byte of a node's home, of a backup, and of every row.

A word is looked for as it is, as JSON escapes it, inside base64 wherever it begins there, and all of these in
hexadecimal, as PostgreSQL prints bytes.
"""

import json
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterable, Iterator
from pathlib import Path

import psycopg
from psycopg import sql

from contraparte.node.demo_nodes import Node


def needles(word: str | bytes) -> set[bytes]:
    """Every form in which a word, or a run of bytes, may lie about."""
    plain = {word} if isinstance(word, bytes) else {word.encode(), json.dumps(word)[1:-1].encode()}
    packed = {core for one in plain for core in _in_base64(one)}
    return {form for one in plain | packed for form in (one, one.hex().encode())}


def _in_base64(word: bytes) -> Iterator[bytes]:
    """What base64 makes of it, without the letters at both ends that depend on what stands beside it."""
    for before in range(3):
        first, last = -(-before * 8 // 6), (before + len(word)) * 8 // 6
        for encode in (b64encode, urlsafe_b64encode):
            yield encode(bytes(before) + word)[first:last]


def found_in(node: Node, words: Iterable[str | bytes], *more: Path) -> set[tuple[str, str]]:
    """(where, word) for everything a node's home, its database and `more` files still show."""
    wanted = [(repr(word), needles(word)) for word in words]
    return {
        (name, word)
        for name, data in (*_files(node, more), *_tables(node))
        for word, forms in wanted
        if any(form in data for form in forms)
    }


def _files(node: Node, more: Iterable[Path]) -> Iterator[tuple[str, bytes]]:
    for file in (*sorted(node.home.rglob("*")), *sorted(node.logs.rglob("*")), *more):
        try:
            yield file.name, file.read_bytes() if file.is_file() else b""
        except FileNotFoundError:
            continue  # a node at work puts files aside and removes them


def _tables(node: Node) -> Iterator[tuple[str, bytes]]:
    """Every column of every row of a node on PostgreSQL, as the server itself writes them out."""
    if not node.database_url:
        return
    with psycopg.connect(node.database_url) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename")
        for (name,) in cursor.fetchall():
            with cursor.copy(sql.SQL("COPY {} TO STDOUT").format(sql.Identifier(name))) as rows:
                # The server doubles every backslash.
                yield name, b"".join(map(bytes, rows)).replace(b"\\\\", b"\\")
