from typing import Any

import psycopg
import pytest
import sqlalchemy as sa

from hpo.errors import StorageError
from hpo.storage.address import Address
from hpo.storage.connection import read
from hpo.storage.database import open_database
from hpo.storage.owner import Owner
from hpo.storage.ownership import Lease
from hpo.storage.retry import retried
from hpo.storage.statements import begin
from hpo.storage.study_creation import find_or_create_study
from tests.studies import search_definition

END_OWN_CONNECTION = "SELECT pg_terminate_backend(pg_backend_pid())"


def test_a_reader_and_a_writer_whose_connections_are_cut_begin_again(postgresql: str):
    address = Address.parse(postgresql)
    attempts: list[str] = []

    def query(connection: Any) -> list[tuple[Any, ...]]:
        attempts.append("read")
        if attempts.count("read") == 1:
            connection.execute(END_OWN_CONNECTION)
        return list(connection.execute("SELECT 7"))

    with open_database(address) as database:

        def write() -> int:
            attempts.append("write")
            with begin(database.engine) as connection:
                if attempts.count("write") == 1:
                    connection.execute(sa.text(END_OWN_CONNECTION))
                return int(connection.scalar(sa.text("SELECT 8")))

        assert read(address, query) == [(7,)]
        assert retried(write) == 8
    assert attempts == ["read", "read", "write", "write"]


def test_what_is_not_a_cut_connection_is_not_tried_again(postgresql: str):
    attempts = 0

    def wrong(connection: Any) -> None:
        nonlocal attempts
        attempts += 1
        connection.execute("SELECT nonsense")

    with pytest.raises(StorageError, match='column "nonsense" does not exist'):
        read(Address.parse(postgresql), wrong)
    assert attempts == 1


def test_idle_connections_that_were_cut_are_replaced_unnoticed(postgresql: str):
    with open_database(Address.parse(postgresql)) as database:
        with psycopg.connect(postgresql, autocommit=True) as admin:
            admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()")
        assert database.storage.get_all_studies() == []


def test_a_lease_whose_commit_was_carried_out_without_an_answer_can_be_taken_again(postgresql: str):
    with open_database(Address.parse(postgresql)) as database:
        key = find_or_create_study(database, search_definition())
        lease = Lease(database, key, "small", Owner.this_process())
        lease.take()
        lease.take()
        assert lease.lost is None
        with pytest.raises(StorageError, match="is being run by process"):
            Lease(database, key, "small", Owner.this_process()).take()
