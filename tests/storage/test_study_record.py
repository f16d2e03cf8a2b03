import json
import sqlite3
import sys
from pathlib import Path

import pytest

from hpo.errors import StorageError
from hpo.storage.address import Address
from hpo.storage.database import Database
from hpo.storage.stored_study import read_study
from hpo.storage.study_record import StudyRecord, refuse_changes, shareable
from tests.studies import NO_IMAGES, live_study, recorded, search_definition, search_plan

STUDY = search_definition(epochs=1)


@pytest.mark.parametrize(
    ("command", "stored"),
    [
        (["/home/me/.venv/bin/hpo", "search", "--runs", "/hpo"], "hpo search --runs /hpo"),
        (["/lib/hpo/__main__.py", "search"], "hpo search"),
        (["hpo", "search", "--runs", "my runs"], "hpo search --runs 'my runs'"),
        (["hpo", "--storage=postgresql://me:secret@h/d"], "hpo --storage=postgresql://me@h/d"),
        (["hpo", "--storage", "postgresql://h/d?password=secret"], "hpo --storage postgresql://h/d"),
        (["hpo", "--storage", "postgres://me@h/d?password=secret&sslmode=off"], None),
        (["hpo", "--storage", "postgresql://me:s3c@secret@h/d"], None),
    ],
)
def test_a_command_line_is_stored_without_paths_of_programs_and_passwords(command: list[str], stored: str | None):
    text = shareable(command)
    assert stored is None or text == stored
    assert "secret" not in text
    assert shareable(text) == text


def test_the_password_of_an_early_version_is_removed_when_its_study_is_opened(database: Database, monkeypatch):
    definition = search_definition()
    recorded(database, definition, NO_IMAGES)
    key = database.storage.get_study_id_from_name(definition.name)
    database.storage.set_study_user_attr(key, "command", ["hpo", "--storage", "postgresql://me:secret@h/d"])
    monkeypatch.setattr(sys, "argv", ["hpo"])
    assert recorded(database, definition, NO_IMAGES).command == "hpo --storage postgresql://me@h/d"
    assert "secret" not in json.dumps(database.storage.get_study_user_attrs(key))


def test_a_setting_that_a_later_version_adds_does_not_strand_a_study(database: Database):
    definition = search_definition()
    recorded(database, definition, NO_IMAGES)
    key = database.storage.get_study_id_from_name(definition.name)
    # To the version that began the study its definition looked different: its fingerprint is another.
    database.storage.set_study_user_attr(key, "definition_sha256", "of an earlier version")
    assert recorded(database, definition, NO_IMAGES).kind == "search"


def test_a_study_of_a_newer_version_is_shown_but_not_resumed(tmp_path: Path):
    with live_study(STUDY, tmp_path) as live:
        search_plan(live, STUDY, 1).next_job()
    with sqlite3.connect(tmp_path / "hpo.db") as connection:
        (text,) = connection.execute("SELECT value_json FROM study_user_attributes WHERE key = 'definition'").fetchone()
        newer = {
            "definition": json.loads(text) + "\n[hyperband3]\nx = 1\n",
            "versions": {"hpo": "99.1"},
        }
        for key, value in newer.items():
            connection.execute(
                "UPDATE study_user_attributes SET value_json = ? WHERE key = ?", (json.dumps(value), key)
            )
    stored = read_study(Address.of(tmp_path), "small")
    assert (stored.direction, stored.trials[0].status) == ("maximize", "running")
    refused = r"'small' was begun by hpo 99\.1, this is hpo .*: install the newer version"
    with pytest.raises(StorageError, match=refused), live_study(STUDY, tmp_path):
        pass


def test_a_newer_version_is_refused_even_where_its_definition_can_be_read():
    record = StudyRecord.new(search_definition(), NO_IMAGES).model_copy(update={"versions": {"hpo": "99.0"}})
    with pytest.raises(StorageError, match=r"was begun by hpo 99\.0"):
        refuse_changes(record, search_definition(), NO_IMAGES)
