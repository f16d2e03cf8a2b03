"""A PostgreSQL server that cannot be used: one line that says why and what to do, and nothing is left behind."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.cli.conftest import SEARCH, Call
from tests.studies import wait_until


@pytest.fixture(scope="module")
def host(postgresql_server: str) -> Iterator[str]:
    """The folder of a server's socket, with a role that needs a password and one that may create nothing."""
    with psycopg.connect(postgresql_server, autocommit=True) as admin:
        [(rules,)] = admin.execute("SHOW hba_file")
        before = Path(rules).read_text()
        Path(rules).write_text("local all guarded scram-sha-256\n" + before)
        admin.execute("CREATE ROLE guarded LOGIN PASSWORD 'right'")
        admin.execute("CREATE ROLE reader LOGIN")
        admin.execute("CREATE DATABASE bare")
        admin.execute("SELECT pg_reload_conf()")
        folder = postgresql_server.partition("host=")[2]
        wait_until(lambda: is_refused(f"postgresql://guarded@/bare?host={folder}"))  # The server reloads in its time.
        yield folder
        admin.execute("DROP DATABASE bare")
        admin.execute("DROP ROLE guarded")
        admin.execute("DROP ROLE reader")
        Path(rules).write_text(before)
        admin.execute("SELECT pg_reload_conf()")


def is_refused(url: str) -> bool:
    try:
        psycopg.connect(url).close()
    except psycopg.OperationalError:
        return True
    return False


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("guarded:secret@/bare?host={}", 'password authentication failed for user "guarded". Check the user\'s name'),
        ("guarded@/bare?host={}", "no password supplied. Write the password into PGPASSWORD or ~/.pgpass."),
        ("nobody:secret@/bare?host={}", 'role "nobody" does not exist.'),
        ("postgres@/nowhere?host={}", 'database "nowhere" does not exist. Create it with createdb'),
        ("reader@/bare?host={}", "permission denied for schema public. Ask the database's owner for the right to"),
        ("postgres@/bare?host=/nowhere", "No such file or directory. Start the server, or check its host."),
        ("me:secret@127.0.0.1:1/bare", "Connection refused. Start the server, or check its host and port."),
        ("me:%secret@127.0.0.1/bare", "--storage is not an address that PostgreSQL's library can read"),
        ("me:12#secret@127.0.0.1:1/bare", "postgresql://me@127.0.0.1:1/bare: connection failed"),
        ("me:12/secret@127.0.0.1:1/bare", "--storage is not an address that PostgreSQL's library can read"),
        ("me:secret@127.0.0.1/bare?secret", "--storage is not an address that PostgreSQL's library can read"),
    ],
)
def test_a_server_that_cannot_be_used_is_one_line(
    host: str, url: str, says: str, call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PGPASSWORD", raising=False)
    Path("tiny.toml").write_text(SEARCH)
    # As from the environment: a password on the command line has a line of its own.
    monkeypatch.setenv("HPO_STORAGE", "postgresql://" + url.format(host))
    code, printed, said = call("search --study tiny.toml --trials 1 --workers 1 --device cpu")
    [line] = [line for line in said.splitlines() if line.startswith("hpo: ")]
    assert (code, printed) == (2, "")
    assert says in line and said.endswith(line + "\n")
    assert "secret" not in said
    assert os.listdir() == ["tiny.toml"]


def test_a_database_without_tables_holds_no_studies(host: str, call: Call, tmp_path: Path):
    storage = f"postgresql://postgres@/bare?host={host}"
    code, printed, _ = call(f"list --storage {storage} --json")
    assert (code, printed) == (0, '{\n  "rows": [],\n  "unreadable": []\n}\n')
    code, _, said = call(f"show tiny --storage {storage}")
    assert code == 2 and said.endswith(
        "bare?host=" + host + ": the database holds no studies; nothing has been run here yet.\n"
    )


def test_a_password_on_the_command_line_is_overwritten_in_the_list_of_processes():
    program = "from hpo.cli.process_list import hide_passwords as f; print(f(), open('/proc/self/cmdline').read())"
    urls = ("postgresql://me:secret@h/d", "--storage=postgresql://h/d?sslmode=off&password=secret")
    shown = subprocess.run([sys.executable, "-c", program, *urls], capture_output=True, text=True).stdout
    assert shown.split("\0")[3:5] == [url.replace("secret", "xxxxxx") for url in urls]
    assert shown.startswith("True ")
