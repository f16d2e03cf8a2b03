"""A study definition as a plain Optuna objective."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import optuna

from hpo.data.tensors import TensorData
from hpo.definition.outcome import Outcome
from hpo.definition.study_definition import StudyDefinition
from hpo.display.trial_page import TrialPage
from hpo.errors import Diverged, StorageError
from hpo.run.logging_config import LoggingConfig
from hpo.run.training_run import TrainingRun
from hpo.search.limits import Limits
from hpo.search.live_study import CURVE_COLUMNS
from hpo.search.seeds import derived_seed
from hpo.storage.artifact import write_artifacts
from hpo.storage.artifact_store import open_artifact_store
from hpo.storage.note import note_attrs
from hpo.storage.stored_trial import OWN_PREFIX, result_attrs, trial_run_id
from hpo.storage.study_folder import FolderNote, claim_free_folder
from hpo.training.overflow import overflow_diverges


class Objective:
    """Trains one trial in this process: `study.optimize(Objective(definition, data), n_trials=20)`.

    Trial n is configured and seeded as `hpo search` would, and carries the same attributes; storage, sampler and
    pruner are the study's own. A configuration with more parameters than `[limits]` allows is pruned and not trained.
    Its runs lie in a folder of their own: `runs/NAME`, or `runs/NAME-2` where another study has that one.

    Args:
        definition: a study with a search space.
        data: what to train on.
        runs: folder in which the study gets a folder.

    Raises:
        DefinitionError: no configuration of the search space keeps the limits.
    """

    def __init__(self, definition: StudyDefinition, data: TensorData, runs: Path = Path("runs")) -> None:
        self.definition = definition
        self.data = data
        self.runs = runs
        self._limits = Limits(definition.limits, data.n_features, data.n_classes).checked(definition)
        self._folders: dict[str, Path] = {}  # By the id of the study.
        self._lock = threading.Lock()  # Of the folders: `optimize` may call from several threads.

    def __call__(self, trial: optuna.Trial) -> float:
        """Train one trial and return its metric.

        Raises:
            optuna.TrialPruned: the study's pruner found the trial unpromising, the trial diverged, or its configuration
                breaks a limit.
            StorageError: the study improves in another direction than the metric.
        """
        folder = self._folder(trial.study)
        seed = derived_seed("trial", self.definition.seed, trial.number)
        config = self.definition.trial_config(self.definition.suggest(trial), seed)
        run_id = trial_run_id(trial.number)
        trial.set_user_attr("run_id", run_id)
        if limit := self._limits.broken(config):
            trial.set_constraint("trainable", 1.0)
            trial.set_user_attr("message", limit)
            raise optuna.TrialPruned(limit)
        run = TrainingRun(config, self.data, folder / run_id, logging=LoggingConfig(varied=self.definition.varied))
        outcome, message, result = Outcome.CRASHED, None, {}
        try:
            with overflow_diverges():
                for epoch in run:
                    trial.report(getattr(epoch, self.definition.metric), epoch.epoch)
                    if trial.should_prune():
                        outcome = Outcome.PRUNED
                        raise optuna.TrialPruned
                result = run.finish().as_dict()
            outcome = Outcome.EARLY_STOPPED if run.stopped_early else Outcome.COMPLETE
            return float(result[self.definition.metric])
        except Diverged as error:
            outcome = Outcome.DIVERGED
            message = str(error)
            trial.set_constraint("trainable", 1.0)
            trial.set_user_attr("message", message)
            raise optuna.TrialPruned(message) from error
        finally:
            epochs = [epoch.as_dict() for epoch in run.history]
            details: dict[str, Any] = {
                "config": config.model_dump(mode="json"),
                "curve": {column: [epoch[column] for epoch in epochs] for column in CURVE_COLUMNS},
                **result_attrs(result),
            }
            trial.set_user_attr("outcome", outcome)
            shown = {key: value for key, value in details.items() if key != "correct"}
            self._show(trial, details, TrialPage(run_id, outcome=outcome, message=message, **shown))
            run.discard_checkpoint()

    def _show(self, trial: optuna.Trial, details: Mapping[str, Any], page: TrialPage) -> None:
        """Store with a trial what `hpo search` would: the details, and what a page shows."""
        for name, value in page.columns().items():
            if name not in trial.params:
                trial.set_user_attr(name, value)
        attrs = {OWN_PREFIX + key: value for key, value in details.items() if value}
        with suppress(OSError):  # A figure is worth no failure of the trial.
            names = f"{trial.study.user_attrs['study_id']}/{page.title}"
            attrs |= write_artifacts(open_artifact_store(self.runs), names, page.figures())
        storage, key = trial.storage, trial._trial_id
        for name, value in attrs.items():
            storage.set_trial_system_attr(key, name, value)
        for name, value in note_attrs(page.note(), 1, key).items():
            storage.set_study_system_attr(trial.study._study_id, name, value)

    def _folder(self, study: optuna.Study) -> Path:
        """Return the folder of a study, known by an id that the study carries."""
        directions = [direction.name.lower() for direction in study.directions]
        if directions != [self.definition.direction]:
            raise StorageError(
                f"study '{study.study_name}' is to {' and '.join(directions)}, but {self.definition.metric} is to "
                f"{self.definition.direction}: create it with direction='{self.definition.direction}'."
            )
        with self._lock:
            study_id = study.user_attrs.get("study_id")
            if study_id is None:
                study_id = uuid.uuid4().hex
                study.set_user_attr("study_id", study_id)
            if study_id not in self._folders:
                name = self.definition.name
                note = FolderNote(study_id, name, f"the study '{study.study_name}' of a Python program")
                self._folders[study_id] = claim_free_folder(self.runs / name, note)
            return self._folders[study_id]
