"""The two statements that SQLite and PostgreSQL spell differently: a transaction that writes, and an upsert."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite


@contextmanager
def begin(engine: sa.Engine) -> Iterator[sa.Connection]:
    """Begin a transaction that writes; commit it at the end of the context, or roll it back if the context fails."""
    with engine.begin() as connection:
        if connection.dialect.name == "sqlite":
            # A write lock that is asked for halfway through may be refused without waiting.
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        yield connection


def upsert(connection: sa.Connection, table: Any, key: tuple[str, ...], rows: list[dict[str, Any]]) -> None:
    """Insert rows, or update those that exist.

    Args:
        connection: in a transaction.
        table: of the schema.
        key: the columns by which a row is known.
        rows: column values by name, the same columns in each.
    """
    if not rows:
        return
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    statement = dialect.insert(table)
    new_values = {column: statement.excluded[column] for column in rows[0] if column not in key}
    connection.execute(statement.on_conflict_do_update(index_elements=key, set_=new_values), rows)
