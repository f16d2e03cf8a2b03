import random
from pathlib import Path

import optuna
import pytest
from optuna.trial import TrialState

from hpo.definition.outcome import Outcome
from hpo.definition.study_file import parse_study
from hpo.search.plan import Decision
from hpo.search.pruners import create_pruner
from hpo.training.epoch import Epoch
from tests.studies import live_study, search_definition, search_plan

EPOCHS = 12


@pytest.mark.parametrize("patience", [0, 2])
@pytest.mark.parametrize("name", ["median", "percentile", "successive_halving", "hyperband"])
def test_decisions_are_optuna_s_own_before_and_after_a_restart(tmp_path: Path, name: str, patience: int):
    overrides = {"name": name, "patience": patience, "n_startup_trials": 3, "percentile": 40.0}
    text = search_definition(epochs=EPOCHS).text
    settings = {f"pruner.{key}": str(value) for key, value in overrides.items()}
    study = parse_study(text, settings, source="test", default_name="small")
    reference = optuna.create_study(
        study_name=study.name, direction="maximize", pruner=create_pruner(study.pruner, EPOCHS)
    )
    rng = random.Random(0)
    pruned = 0
    for session in range(3):
        with live_study(study, tmp_path) as live:
            plan = search_plan(live, study, 20 * (session + 1))
            while job := plan.next_job():
                trial = reference.ask()
                height = rng.random()
                for step in range(1, EPOCHS + 1):
                    value = height * (1 - 1 / (step + 1)) + rng.gauss(0, 0.05)
                    trial.report(value, step)
                    live.report(job.number, Epoch(step, 0.0, 0.0, 0.0, value, 0.0, 0.0))
                    expected = trial.should_prune()
                    assert (plan.decide(job.number) == Decision.PRUNE) == expected
                    if expected:
                        break
                pruned += expected
                reference.tell(trial, state=TrialState.PRUNED) if expected else reference.tell(trial, value)
                live.tell(job.number, Outcome.PRUNED if expected else Outcome.COMPLETE, {"val_accuracy": value})
    assert 0 < pruned < 60
