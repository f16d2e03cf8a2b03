from pathlib import Path

import optuna
import pytest
from optuna_dashboard import get_note, save_note

from hpo.display.study_note import KEPT_UP_TO_DATE
from hpo.storage.address import Address
from hpo.storage.database import open_database
from hpo.storage.note import note_attrs
from hpo.storage.study_note_record import record_study_note


@pytest.mark.parametrize("text", ["short", "ä" * 2045, "long " * 1000, ""])
def test_a_note_is_stored_as_optuna_dashboard_stores_it(text: str):
    theirs, ours = optuna.create_study(), optuna.create_study()
    for study in (theirs, ours):
        study.ask()
    save_note(theirs, text)
    for key, value in note_attrs(text, 1).items():
        ours._storage.set_study_system_attr(ours._study_id, key, value)
    assert get_note(ours) == get_note(theirs) == text
    stored, expected = (study._storage.get_study_system_attrs(study._study_id) for study in (ours, theirs))
    assert expected.items() <= stored.items()


def test_a_note_on_a_study_is_kept_up_to_date_until_a_person_takes_it_over(tmp_path: Path):
    with open_database(Address.of(tmp_path)) as database:
        study = optuna.create_study(storage=database.storage)

        def record(text: str, *, replace: bool = True) -> str:
            record_study_note(database, study._study_id, f"{text} {KEPT_UP_TO_DATE}", replace=replace)
            return get_note(study).removesuffix(f" {KEPT_UP_TO_DATE}")

        assert record("first " * 500) == "first " * 500
        assert record("second", replace=False) == "first " * 500
        assert record("third") == "third"
        save_note(study, "my own")
        assert record("fourth") == "my own"
