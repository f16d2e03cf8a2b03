"""A study definition as a plain Optuna objective."""

from __future__ import annotations

from pathlib import Path

import optuna

from hpo.data.tensors import TensorData
from hpo.definition.outcome import Outcome
from hpo.definition.study_definition import StudyDefinition
from hpo.errors import Diverged
from hpo.search.live_study import CURVE_COLUMNS
from hpo.search.seeds import derived_seed
from hpo.storage.stored_trial import trial_run_id
from hpo.training.run import Run


class Objective:
    """Trains one trial in this process: `study.optimize(Objective(definition, data), n_trials=20)`.

    Trial n is configured and seeded as `hpo search` would, and carries the same attributes; storage, sampler and
    pruner are the study's own.

    Args:
        definition: a study with a search space.
        data: what to train on.
        runs: folder in which each trial gets one; as `hpo search`, `runs/STUDY/trial_00000`.
    """

    def __init__(self, definition: StudyDefinition, data: TensorData, runs: Path = Path("runs")) -> None:
        self.definition = definition
        self.data = data
        self.folder = runs / definition.name

    def __call__(self, trial: optuna.Trial) -> float:
        """Train one trial and return its metric.

        Raises:
            optuna.TrialPruned: the study's pruner found it hopeless, or it diverged.
        """
        seed = derived_seed("trial", self.definition.seed, trial.number)
        config = self.definition.trial_config(self.definition.suggest(trial), seed)
        run_id = trial_run_id(trial.number)
        trial.set_user_attr("run_id", run_id)
        trial.set_user_attr("config", config.model_dump(mode="json"))
        run = Run(config, self.data, self.folder / run_id)
        outcome = Outcome.CRASHED
        try:
            for epoch in run:
                trial.report(getattr(epoch, self.definition.metric), epoch.epoch)
                if trial.should_prune():
                    outcome = Outcome.PRUNED
                    raise optuna.TrialPruned
            result = run.finish().as_dict()
            outcome = Outcome.EARLY_STOPPED if run.stopped_early else Outcome.COMPLETE
            trial.set_user_attr("result", result)
            return float(result[self.definition.metric])
        except Diverged as error:
            outcome = Outcome.DIVERGED
            trial.set_constraint("trainable", 1.0)
            trial.set_user_attr("message", str(error))
            raise optuna.TrialPruned(str(error)) from error
        finally:
            epochs = [epoch.as_dict() for epoch in run.history]
            trial.set_user_attr("curve", {column: [epoch[column] for epoch in epochs] for column in CURVE_COLUMNS})
            trial.set_user_attr("outcome", outcome)
            run.discard_checkpoint()
