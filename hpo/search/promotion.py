"""Halving in a study: trials pause at rungs, are promoted from them, or given up."""

from __future__ import annotations

import copy
from collections.abc import Sequence

from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState

from hpo.definition.outcome import Outcome
from hpo.definition.pruner_config import PrunerConfig
from hpo.search.halving import Entrant, Verdicts, judge, rungs, trained_epochs
from hpo.search.live_study import LiveStudy, is_paused
from hpo.search.plan import Decision


class Promotion:
    """Applies the rule of `halving` to the trials on record.

    All that decides is on record: the values at the rungs, and how each trial ended. So a study that is resumed after
    a kill comes to the same verdicts.

    Args:
        study: the study as it stands.
        config: the pruner's settings.
        epochs: the longest that a trial of the study can train.
        n_trials: the study's total, trials of earlier calls included.
    """

    def __init__(self, study: LiveStudy, config: PrunerConfig, epochs: int, n_trials: int) -> None:
        self._study = study
        self._config = config
        self._epochs = epochs
        self._rungs = rungs(config.min_resource, config.reduction_factor, epochs)
        self._n_trials = n_trials
        self._passed: dict[int, int] = {}  # By trials promoted in this session, perhaps with no epoch since.

    def decide(self, number: int) -> Decision:
        """Decide how a running trial continues; at its rung it pauses, unless its fate is certain already."""
        passed = self._passed_by(self._study.trials[number])
        if passed == len(self._rungs) or self._study.epoch(number) != self._rungs[passed]:
            return Decision.CONTINUE
        verdicts = self._verdicts()
        if number in verdicts.promoted:
            self._passed[number] = passed + 1
            return Decision.CONTINUE
        return Decision.PRUNE if number in verdicts.given_up else Decision.PAUSE

    def promote(self) -> int | None:
        """Return the number of a paused trial that is to be resumed; None while nobody's promotion is certain."""
        for number in self._verdicts().promoted:
            trial = self._study.trials[number]
            if is_paused(trial):
                self._passed[number] = self._passed_by(trial) + 1
                return number
        return None

    def given_up(self) -> list[int]:
        """Return the numbers of the paused trials that cannot be promoted any more."""
        return [number for number in self._verdicts().given_up if is_paused(self._study.trials[number])]

    def epochs_left(self) -> int:
        """Return how many epochs of the study are left to train if no trial ends early."""
        trials = [trial for trial in self._study.trials if "run_id" in trial.user_attrs]
        total = max(self._n_trials, len(trials))
        trained = sum(trial.last_step or 0 for trial in trials)
        config = self._config
        whole = trained_epochs(total, config.min_resource, config.reduction_factor, self._epochs)
        return max(0, whole - trained)

    def reached_first_rung(self, trial: FrozenTrial) -> bool:
        """Return whether a trial's value at the first rung is on record."""
        return bool(self._rungs) and self._rungs[0] in trial.intermediate_values

    def as_pruned(self, trials: Sequence[FrozenTrial], *, at_first_rung: bool) -> list[FrozenTrial]:
        """Return trials as samplers may see them: one that has reached a rung, as if it had been pruned there.

        A sampler learns nothing from a running trial, and a trial that is promoted runs for long.

        Args:
            trials: the trials.
            at_first_rung: whether every trial is shown at the first rung, where all can be compared whatever has become
                of them since; otherwise one that has not ended is shown at the last rung that it has reached.
        """
        return [self._as_pruned(trial, at_first_rung=at_first_rung) for trial in trials]

    def _as_pruned(self, trial: FrozenTrial, *, at_first_rung: bool) -> FrozenTrial:
        if not self.reached_first_rung(trial) or (trial.state.is_finished() and not at_first_rung):
            return trial
        reached = [rung for rung in self._rungs if rung in trial.intermediate_values]
        last = reached[0 if at_first_rung else -1]
        trial = copy.copy(trial)
        trial.state = TrialState.PRUNED
        trial.intermediate_values = {step: value for step, value in trial.intermediate_values.items() if step <= last}
        trial.values = [trial.intermediate_values[last]]
        trial.system_attrs = {}  # What was infeasible later was not so at this rung.
        return trial

    def _verdicts(self) -> Verdicts:
        trials = self._study.trials
        begun = [self._entrant(trial) for trial in trials if "run_id" in trial.user_attrs]
        enqueued = sum(trial.state == TrialState.WAITING and "run_id" not in trial.user_attrs for trial in trials)
        to_come = max(0, self._n_trials - len(trials)) + enqueued
        return judge(begun, len(self._rungs), self._config.reduction_factor, to_come)

    def _entrant(self, trial: FrozenTrial) -> Entrant:
        sign = 1.0 if self._study.direction == StudyDirection.MAXIMIZE else -1.0
        values = [trial.intermediate_values.get(rung) for rung in self._rungs]
        if trial.state == TrialState.COMPLETE:  # A trial that ended early keeps its place.
            values = [trial.value if value is None else value for value in values]
        scores = tuple(sign * value for value in values if value is not None)
        is_open = trial.state == TrialState.COMPLETE or not trial.state.is_finished()
        return Entrant(trial.number, scores, self._passed_by(trial), is_open)

    def _passed_by(self, trial: FrozenTrial) -> int:
        """Return from how many rungs a trial was promoted: those before its last epoch.

        A trial that failed after its epoch at a rung had been promoted, or it would have paused.
        """
        epochs = trial.last_step or 0
        if trial.state in (TrialState.PRUNED, TrialState.FAIL) and trial.user_attrs["outcome"] != Outcome.PRUNED:
            epochs += 1
        return max(sum(rung < epochs for rung in self._rungs), self._passed.get(trial.number, 0))
