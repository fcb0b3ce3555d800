"""Rows put in at the pace of conversations.

What a turn of every call writes goes in by one statement of SQL that is made once: putting such a
query together the peewee way takes five times what the database takes for it, holds the
interpreter meanwhile, and with it the event loop.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import peewee as pw

from agentd.store.models import as_text

Row = Sequence[Any]  # of texts, numbers, truth values, None


def insert(
    database: pw.Database, table: str, columns: tuple[str, ...], rows: Sequence[Row], then: str = ""
) -> int:
    """How many were put in. rows: of values in the order of `columns`; not empty. then: what
    follows VALUES (`ON CONFLICT ...`). Raises as peewee does (IntegrityError, ...)."""
    sql = _sql(table, columns, len(rows), then, database.param)
    values = [as_text(v) if isinstance(v, str) else v for row in rows for v in row]
    return int(database.execute_sql(sql, values).rowcount)


@lru_cache(maxsize=512)
def _sql(table: str, columns: tuple[str, ...], rows: int, then: str, param: str) -> str:
    names = ", ".join(f'"{name}"' for name in columns)
    row = f"({', '.join([param] * len(columns))})"
    return f'INSERT INTO "{table}" ({names}) VALUES {", ".join([row] * rows)} {then}'
