"""One stored value changed at a time: the study resumes, or one line says why it does not."""

import random
import shutil
from collections import Counter
from pathlib import Path

import pytest

from hpo.definition.outcome import Outcome
from hpo.errors import HpoError
from hpo.training.epoch import Epoch
from tests.cli.test_odd_databases import ODD_VALUES, cells, change
from tests.studies import live_study, search_definition, search_plan

STUDY = search_definition(epochs=1)
MUTATIONS = 80


def carry_out(runs: Path, n_trials: int) -> None:
    with live_study(STUDY, runs) as live:
        plan = search_plan(live, STUDY, n_trials)
        while job := plan.next_job():
            live.report(job.number, Epoch(1, 1.0, 0.5, 1.0, 0.5, 0.1, 0.1))
            plan.decide(job.number)
            live.tell(job.number, Outcome.COMPLETE, {"val_accuracy": 0.5})


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    runs = tmp_path_factory.mktemp("original")
    carry_out(runs, 3)
    return runs


@pytest.mark.filterwarnings("ignore")  # Optuna warns of what it finds; what it raises must be ours.
def test_no_stored_value_ends_a_resumed_study_in_an_exception(original: Path, tmp_path: Path):
    rng = random.Random(0)
    found = cells(original / "hpo.db")
    columns = sorted({(table, column) for table, column, _ in found})
    ended: Counter[str] = Counter()
    faults = []
    for number in range(MUTATIONS):
        table, column = columns[number % len(columns)]
        row = rng.choice([row for t, c, row in found if (t, c) == (table, column)])
        value = rng.choice(ODD_VALUES)
        runs = tmp_path / str(number)
        shutil.copytree(original, runs)
        if not change(runs / "hpo.db", table, column, row, value):
            continue
        try:
            carry_out(runs, 5)
            ended["resumed"] += 1
        except HpoError as error:
            ended["refused"] += 1
            if "\n" in str(error) or len(str(error)) > 900:
                faults.append(f"{table}.{column} = {value!r:.60}: {str(error)!r:.300}")
        except Exception as error:
            faults.append(f"{table}.{column} of row {row} = {value!r:.60}: {error!r:.300}")
    assert not faults, "\n".join(faults)
    assert ended["resumed"] > 5
    assert ended["refused"] > 5
