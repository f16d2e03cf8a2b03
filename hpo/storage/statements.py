"""The two statements that SQLite and PostgreSQL spell differently: a transaction that writes, and an upsert."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
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
    if rows:
        connection.execute(_upsert_statement(connection.dialect.name, table, key, tuple(rows[0])), rows)


@cache
def _upsert_statement(dialect_name: str, table: Any, key: tuple[str, ...], columns: tuple[str, ...]) -> Any:
    """Return the statement, which takes longer to make than to execute."""
    statement = (sqlite if dialect_name == "sqlite" else postgresql).insert(table)
    new_values = {column: statement.excluded[column] for column in columns if column not in key}
    return statement.on_conflict_do_update(index_elements=key, set_=new_values)
