"""One stored value changed at a time: whatever a database holds, a command shows it or says in one line why not."""

import random
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Call, Told

# Of another type, out of range, no JSON, JSON of another shape, huge, with control characters.
ODD_VALUES: tuple[Any, ...] = (
    None, -1, 2**62, 1e308, float("inf"), "", "x", b"\xff\x00", "null", "[]", "{}", '"MNIST"', "-3", "1e999", "{",
    '{"a": 1}', '{"name": 1, "attributes": []}', '[[1], {"b": null}]', "[" * 3000, "9" * 5000, "a\n\x1b[31mb",
    "é" * 70_000, '{"val_loss": 1}', '{"val_loss": ["x"]}', '{"val_accuracy": [0.5, 0.6]}',
    '{"epochs": "many", "test_accuracy": "x"}', '{"test_accuracy": 1e400, "parameters": -5}',
)  # fmt: skip
COMMANDS = (
    "list",
    "list --json",
    "show tiny",
    "show pair --csv",
    "trial tiny 0",
    "trial pair 1 --json",
    "findings pair",
    "compare pair/wide pair/narrow",
    "compare pair tiny --markdown",
)
MUTATIONS = 120
# Commands after each mutation: all of them would take a minute.
TRIED = 3
MOST_SAID = 600


@pytest.fixture(scope="module")
def original(work: Path, searched: Told, replayed: Told, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("original") / "hpo.db"
    with closing(sqlite3.connect(work / "runs" / "hpo.db")) as source, closing(sqlite3.connect(path)) as copy:
        source.backup(copy)
        copy.execute("PRAGMA journal_mode = DELETE")
    return path


def cells(path: Path) -> list[tuple[str, str, int]]:
    """Every value of the database: its table, column and row."""
    with closing(sqlite3.connect(path)) as database:
        tables = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return [
            (table, column, row)
            for table in sorted(tables)
            for _, column, *_ in database.execute(f"PRAGMA table_info({table})").fetchall()
            for (row,) in database.execute(f"SELECT rowid FROM {table} ORDER BY rowid").fetchall()
        ]


def change(path: Path, table: str, column: str, row: int, value: Any) -> bool:
    """Change one value, and return whether the schema lets it be changed."""
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA ignore_check_constraints = 1")
        try:
            with database:
                database.execute(f"UPDATE {table} SET {column} = ? WHERE rowid = ?", (value, row))
        except (sqlite3.IntegrityError, sqlite3.OperationalError):
            return False
    return True


def mutations(path: Path) -> Iterator[tuple[str, str, int, Any]]:
    """A sample of values to change, the same each time; each column of each table is in it."""
    rng = random.Random(0)
    found = cells(path)
    columns = sorted({(table, column) for table, column, _ in found})
    for number in range(MUTATIONS):
        table, column = columns[number % len(columns)]
        rows = [row for t, c, row in found if (t, c) == (table, column)]
        yield table, column, rng.choice(rows), rng.choice(ODD_VALUES)


def test_no_stored_value_ends_a_command_in_an_exception(original: Path, tmp_path: Path, call: Call) -> None:
    rng = random.Random(1)
    changed, faults = 0, []
    for mutation in mutations(original):
        shutil.copy(original, tmp_path / "hpo.db")
        if not change(tmp_path / "hpo.db", *mutation):
            continue
        changed += 1
        for command in rng.sample(COMMANDS, TRIED):
            told = f"{command} after {mutation[:3]} became {mutation[3]!r:.80}"
            try:
                code, out, err = call(f"{command} --runs {tmp_path}")
            except Exception as error:
                faults.append(f"{told}: {error!r}")
                continue
            one_line = err.startswith("hpo: ") and err.count("\n") == 1 and len(err) < MOST_SAID
            if not ((code == 0 and err == "") or (code == 2 and one_line)) or "\x1b" in out + err:
                faults.append(f"{told}: {code} {err}")
    assert not faults, "\n".join(faults)
    assert changed > MUTATIONS / 2


@pytest.mark.parametrize(
    "attrs",
    [
        {"dataset": '"MNIST"'},
        {"definition": '{"a": 1}'},
        {"kind": '"search"', "definition": "3", "definition_sha256": "[]"},
        {"outcome": '"complete"', "run_id": "7"},
    ],
    ids=str,
)
def test_a_study_of_another_program_is_shown_as_what_it_is(
    attrs: dict[str, str], original: Path, tmp_path: Path, call: Call
) -> None:
    shutil.copy(original, tmp_path / "hpo.db")
    with closing(sqlite3.connect(tmp_path / "hpo.db")) as database, database:
        key = database.execute("INSERT INTO studies (study_name) VALUES ('tutorial') RETURNING study_id").fetchone()[0]
        database.execute(
            "INSERT INTO study_directions (direction, study_id, objective) VALUES ('MINIMIZE', ?, 0)", (key,)
        )
        for name, text in attrs.items():
            database.execute(
                "INSERT INTO study_user_attributes (study_id, key, value_json) VALUES (?, ?, ?)", (key, name, text)
            )
    code, out, err = call(f"list --runs {tmp_path}")
    assert (code, err) == (0, "")
    assert "tutorial  not made by hpo" in out
    assert "tiny      search" in out and "pair      grid" in out
    assert call(f"show tutorial --runs {tmp_path}")[0] == 0
    assert call(f"findings tutorial --runs {tmp_path}") == (2, "", "hpo: study 'tutorial' was not made by hpo.\n")


def test_one_unreadable_study_leaves_the_others_in_the_list(original: Path, tmp_path: Path, call: Call) -> None:
    shutil.copy(original, tmp_path / "hpo.db")
    with closing(sqlite3.connect(tmp_path / "hpo.db")) as database, database:
        database.execute(
            "UPDATE trials SET number = -1 WHERE study_id = (SELECT study_id FROM studies WHERE study_name = 'tiny')"
        )
    code, out, err = call(f"list --runs {tmp_path}")
    assert (code, err) == (0, "")
    assert "study 'tiny': trial -1 cannot be read" in out and "pair   grid" in out
