from pathlib import Path

import pytest

from tests.studies import search, search_definition, stored, what_came_out

N_TRIALS = 14


@pytest.fixture(scope="module")
def with_one_worker(tmp_path_factory: pytest.TempPathFactory) -> list:
    runs = tmp_path_factory.mktemp("one")
    search(search_definition(), N_TRIALS, runs, workers=1, deterministic=True)
    return what_came_out(stored(runs))


def test_the_reference_prunes_and_completes(with_one_worker):
    assert {"pruned", "complete"} <= {outcome for _, _, outcome, *_ in with_one_worker}


@pytest.mark.parametrize("workers", [4])
def test_any_number_of_workers_gives_the_same_study(with_one_worker, tmp_path: Path, workers: int):
    search(search_definition(), N_TRIALS, tmp_path, workers=workers, deterministic=True)
    assert what_came_out(stored(tmp_path)) == with_one_worker
