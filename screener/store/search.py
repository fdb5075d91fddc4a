"""Words in transcripts, found by the database's own index.

A word that few utterances hold is found by the index alone. One that many hold is better looked for call by call,
the newest first: somebody who searches for it wants a page of them, not all.
"""

from typing import Any

from sqlalchemy import Connection, bindparam, exists, func, select, text

from screener.store.log import CallLog
from screener.store.tables import CallRow, SegmentRow

GRAM = 3
"""Characters of a piece of the index."""
FEW = 20_000
"""Utterances that are looked at one by one."""
ENDINGS_MOST = 500
"""A word of one or two characters goes on in at most so many ways where the index looks for it."""
MERGED_PAGES = 500
"""How much of the index one transaction rewrites."""


def said(words: str) -> Any:  # noqa: ANN401 - SQLAlchemy's own
    """The condition that a call holds these very words, whoever said them."""
    return exists().where(SegmentRow.call_id == CallRow.id, SegmentRow.text.icontains(words, autoescape=True))


def said_by_index(connection: Connection, words: str) -> Any:  # noqa: ANN401
    """The same as a set of calls that the index finds; None where there are many, or no index."""
    found = _by_index(connection, words)
    if found is None:
        return None
    few = select(func.count()).select_from(found.limit(FEW + 1).subquery())
    if int(connection.scalar(few) or 0) > FEW:
        return None
    return CallRow.id.in_(select(SegmentRow.call_id).where(SegmentRow.id.in_(found)))


def _by_index(connection: Connection, words: str) -> Any:  # noqa: ANN401
    """Ids of utterances that may hold the words."""
    if connection.dialect.name == "postgresql":
        return select(SegmentRow.id).where(SegmentRow.text.icontains(words, autoescape=True))
    if not connection.exec_driver_sql("SELECT 1 FROM sqlite_master WHERE name = 'segment_texts'").first():
        return None
    match = _match(connection, words)
    if match is None:
        return None
    table = text("SELECT rowid AS id FROM segment_texts WHERE segment_texts MATCH :words ORDER BY rowid DESC")
    return table.bindparams(bindparam("words", match, unique=True)).columns(SegmentRow.id).subquery().select()


def _match(connection: Connection, words: str) -> str | None:
    """What FTS5 is asked: all pieces of a longer word, any that a shorter one begins; None for too many."""
    if "\0" in words:
        return None
    if len(words) >= GRAM:
        pieces = dict.fromkeys(words[start : start + GRAM] for start in range(len(words) - GRAM + 1))
        return " AND ".join(map(_quoted, pieces))
    begins = words.casefold()
    query = "SELECT term FROM segment_terms WHERE term >= ? AND term < ? LIMIT ?"
    terms = connection.exec_driver_sql(query, (begins, begins + "\U0010ffff", ENDINGS_MOST + 1)).scalars().all()
    if len(terms) > ENDINGS_MOST:
        return None
    return " OR ".join(map(_quoted, terms)) or _quoted(words.ljust(GRAM))


def _quoted(piece: str) -> str:
    return '"' + piece.replace('"', '""') + '"'


def forget(log: CallLog) -> None:
    """Rewrite the index without what was deleted: until then its pieces lie about in it, marked as gone.

    Raises:
        StoreError: the database failed; a second time does the rest.
    """
    if log.engine.dialect.name != "sqlite":
        return
    with log.reading() as connection:
        if not connection.exec_driver_sql("SELECT 1 FROM sqlite_master WHERE name = 'segment_texts'").first():
            return
    pages = -MERGED_PAGES  # begins a merge of everything; the others go on with it
    while True:
        with log.writing() as connection:
            connection.exec_driver_sql("PRAGMA secure_delete = ON")
            before = int(connection.exec_driver_sql("SELECT total_changes()").scalar() or 0)
            merge = "INSERT INTO segment_texts (segment_texts, rank) VALUES ('merge', ?)"
            connection.exec_driver_sql(merge, (pages,))
            after = int(connection.exec_driver_sql("SELECT total_changes()").scalar() or 0)
        if after - before < 2:  # nothing was left to merge, as FTS5 says it
            return
        pages = MERGED_PAGES
