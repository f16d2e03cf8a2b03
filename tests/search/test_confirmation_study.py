from pathlib import Path

import pytest

from hpo.definition.experiment import Experiment
from hpo.errors import StorageError
from hpo.search.candidates import best_candidates
from hpo.search.confirmation_study import confirmation_definition, find_earlier
from hpo.storage.address import Address
from hpo.storage.look import Look, LookResult
from hpo.storage.look_record import record_look
from hpo.storage.stored_study import find_confirmation, read_study
from hpo.storage.study_removal import rename_study
from tests.search.test_candidates import STUDY, searched, trial
from tests.studies import live_study

SEARCH = searched(trial(0, 0.5), trial(1, 0.7, width=16), trial(2, 0.6, width=32))
TOP = best_candidates(SEARCH, 2)
YARDSTICK = Experiment(name="yardstick", control=True, settings={"hidden": "4", "lr": 0.001})


def test_the_definition_says_what_is_confirmed_and_how_its_runs_are_seeded():
    found = confirmation_definition(SEARCH, "small-confirmed", [*TOP, YARDSTICK])
    assert (found.kind, found.seed, found.metric, found.data) == ("grid", STUDY.seed, STUDY.metric, STUDY.data)
    assert found.confirms and (found.confirms.study, found.confirms.study_id) == ("small", SEARCH.record.study_id)
    assert found.experiments == (*TOP, YARDSTICK)
    assert [claim.id for claim in found.claims] == [
        "trial_00001-gain",
        "trial_00001-curse",
        "trial_00002-gain",
        "trial_00002-curse",
    ]


def test_a_confirmation_grows_and_keeps_what_it_had():
    first = confirmation_definition(SEARCH, "c", [TOP[1], YARDSTICK], seed=7, dataset="elsewhere")
    changed = YARDSTICK.model_copy(update={"settings": {"hidden": "5", "lr": 0.001}})
    grown = confirmation_definition(SEARCH, "c", [*TOP, changed], first)
    assert grown.experiments == (TOP[1], YARDSTICK, TOP[0])
    assert (grown.seed, grown.data.dataset) == (7, "elsewhere")


def test_it_draws_fresh_splits_where_the_search_says_so_and_keeps_them():
    fresh = confirmation_definition(SEARCH, "c", TOP, split="fresh")
    assert fresh.data == STUDY.data.model_copy(update={"split": "fresh"})
    assert confirmation_definition(SEARCH, "c", [YARDSTICK], fresh).data == fresh.data
    one_split = confirmation_definition(SEARCH, "c", TOP)
    assert confirmation_definition(SEARCH, "c", [YARDSTICK], one_split, split="fresh").data == STUDY.data


@pytest.mark.parametrize("quote", ['"', "'", "\\", "é", "\x7f", "\U0001f600"])
def test_any_path_of_images_is_written_and_read_back(quote: str):
    found = confirmation_definition(SEARCH, "c", TOP, dataset=f"a/{quote}b")
    assert found.data.dataset == f"a/{quote}b"


def test_it_is_stored_extended_found_after_renaming_and_remembers_its_looks(tmp_path: Path):
    address = Address.of(tmp_path)
    with live_study(STUDY, tmp_path):
        pass
    search = read_study(address, "small")
    assert find_confirmation(address, search) is None
    name, earlier = find_earlier(address, search, None)
    assert (name, earlier) == ("small-confirmed", None)
    with live_study(confirmation_definition(search, name, TOP), tmp_path):
        pass
    look = Look(when="2026-01-31 12:30", images=9, results=(LookResult(experiment="a", runs=("b",), accuracy=0.5),))
    record_look(address, name, look, {})
    rename_study(address, name, "other", tmp_path)
    assert find_confirmation(address, search) == "other"

    name, earlier = find_earlier(address, search, None)
    assert name == "other" and earlier is not None
    with live_study(confirmation_definition(search, name, [YARDSTICK], earlier), tmp_path):
        pass
    stored = read_study(address, "other")
    assert stored.definition.experiments == (*TOP, YARDSTICK)
    assert stored.record is not None and stored.record.looks == (look,)
    fewer = confirmation_definition(search, name, [YARDSTICK])
    with pytest.raises(StorageError, match="was begun with other settings"), live_study(fewer, tmp_path):
        pass


def test_a_study_of_the_name_that_confirms_another_search_is_left_alone(tmp_path: Path):
    address = Address.of(tmp_path)
    with live_study(confirmation_definition(SEARCH, "small-confirmed", TOP), tmp_path):
        pass
    again = searched(*SEARCH.trials)  # A search of the same name with an id of its own.
    assert find_earlier(address, again, None) == ("small-confirmed-2", None)
    assert find_earlier(address, SEARCH, None)[1] is not None
    with pytest.raises(StorageError, match="'small-confirmed' exists and does not confirm 'small'"):
        find_earlier(address, again, "small-confirmed")
