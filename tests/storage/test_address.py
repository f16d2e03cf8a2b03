from pathlib import Path

import pytest

from hpo.errors import StorageError
from hpo.storage.address import Address
from hpo.storage.database import open_database
from hpo.storage.stored_study import read_studies, read_study
from tests.studies import search, search_definition

PATHS = ["é", "a#b", "q'q", "[x]", "a:b", "a?b", "ws/feature%2Fx/runs", "e/p%20q", "{x}", "a b", "%s", "sqlite:"]


@pytest.mark.parametrize("name", PATHS)
def test_a_path_is_never_read_as_an_address(tmp_path: Path, name: str):
    address = Address.of(tmp_path / name)
    open_database(address).close()
    assert read_studies(address) == []
    assert (tmp_path / name / "hpo.db").exists()
    assert {path.relative_to(tmp_path).parts[0] for path in tmp_path.rglob("*")} == {name.split("/")[0]}


def test_a_study_trains_and_is_read_below_an_odd_path(tmp_path: Path):
    runs = tmp_path / "é a?b%20#{c}"
    search(search_definition(epochs=1), 1, runs)
    assert [trial.status for trial in read_study(Address.of(runs), "small").trials] == ["complete"]


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("x.db", "x.db"),
        ("e/my runs/x.sqlite3", "e/my runs/x.sqlite3"),
        ("sqlite:///e/x", "e/x"),
        ("sqlite+pysqlite:////abs/x.db", "/abs/x.db"),
        ("sqlite:///p%20q.db", "p%20q.db"),
    ],
)
def test_a_file_may_be_named_by_its_path_or_by_a_url(text: str, path: str):
    address = Address.parse(text)
    assert address.path == Path(path)
    assert Address.parse(str(address)) == address  # What is shown can be given again.


def test_a_tilde_is_the_home_folder(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HOME", "/home/somebody")
    assert Address.parse("~/x.db") == Address.parse("sqlite:///~/x.db") == Address(Path("/home/somebody/x.db"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("sqlite://x.db", "two slashes but needs three: sqlite:///x.db"),
        ("sqlite:///", "a study in memory cannot be resumed"),
        ("sqlite:///:memory:", "a study in memory cannot be resumed"),
        ("sqlite:///x.db?timeout=5", "options after '\\?' are not supported"),
        ("nonsense", "is not the address of a database"),
        ("postgresql://u:secret@h:port/d", "its host or port is wrong"),
        ("postgresql://u:secret@[h/d", "its host or port is wrong"),
        ("mysql://u:secret@h/d", "takes SQLite or PostgreSQL, not 'mysql'"),
    ],
)
def test_any_other_text_is_refused_with_the_right_form(text: str, message: str):
    with pytest.raises(StorageError, match=message) as error:
        Address.parse(text)
    assert "secret" not in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("postgresql://u:secret@h:5432/d", "postgresql://u@h:5432/d"),
        ("postgres://u@h/d?password=secret&sslmode=require", "postgresql://u@h/d?sslmode=require"),
        ("postgresql+psycopg2://:secret@/d?host=/run/pg&sslpassword=secret", "postgresql:///d?host=/run/pg"),
        ("postgresql://u:sec%40ret@[::1]:5/d", "postgresql://u@[::1]:5/d"),
    ],
)
def test_a_server_is_shown_without_its_password(text: str, shown: str):
    address = Address.parse(text)
    assert str(address) == shown
    assert "secret" not in repr(address)
    assert address.server.startswith("postgresql://")
