"""Halving in a study: trials pause at rungs, are promoted from them, or given up."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Sequence

from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState

from hpo.definition.outcome import Outcome
from hpo.definition.pruner_config import PrunerConfig
from hpo.search.brackets import Brackets
from hpo.search.halving import Entrant, Verdicts, judge, rungs, trained_epochs
from hpo.search.live_study import LiveStudy
from hpo.search.paused import is_paused
from hpo.search.plan import Decision


class Promotion:
    """Applies the rule of `halving` to the trials on record.

    All that decides is on record: the values at the rungs, and how each trial ended. So a study that is resumed after
    a kill comes to the same verdicts.

    Args:
        study: the study as it stands.
        config: the pruner's settings.
        epochs: the longest that a trial of the study can train.
        brackets: which trials are compared with one another.

    Attributes:
        closed: whether no trial begins any more, so that nobody waits for trials to come.
    """

    def __init__(self, study: LiveStudy, config: PrunerConfig, epochs: int, brackets: Brackets) -> None:
        self._study = study
        self._config = config
        self._epochs = epochs
        self._rungs = rungs(config.min_resource, config.reduction_factor, epochs)
        self._brackets = brackets
        self.closed = False
        self._passed: dict[int, int] = {}  # By trials promoted in this session, perhaps with no epoch since.
        self._ended: dict[int, Entrant] = {}  # Trials that have ended never change, and are most of a long study.

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

    def bracket_for(self, number: int) -> int:
        """Return the bracket of a trial: its own, or if it only begins, the last one until this has all its trials."""
        trial = self._study.trials[number]
        return bracket_of(trial) if "run_id" in trial.user_attrs else self._next_bracket()

    def opens_bracket(self) -> bool:
        """Return whether the next trial that begins is the first of its bracket."""
        return not self._members()[self._next_bracket()]

    def settled(self) -> list[FrozenTrial]:
        """Return the trials of the brackets before the next trial's, up to the first bracket that has not ended."""
        trials = [trial for trial in self._study.trials if "run_id" in trial.user_attrs]
        open_brackets = [bracket_of(trial) for trial in trials if not trial.state.is_finished()]
        first_open = min([self._next_bracket(), *open_brackets])
        return [trial for trial in trials if bracket_of(trial) < first_open]

    def epochs_left(self) -> int | None:
        """Return how many epochs of the study are left to train if no trial ends early; None if nobody knows."""
        trials = [trial for trial in self._study.trials if "run_id" in trial.user_attrs]
        if self._brackets.total is None:
            return None
        total = max(self._brackets.total, len(trials))
        members = self._members()
        trained = sum(trial.last_step or 0 for trial in trials)
        while (left := total - members.total()) > 0:
            last = max(members, default=0)
            more = self._brackets.upcoming(members.total(), members[last])
            members[last if more else last + 1] += min(left, more or self._brackets.size or left)
        config = self._config
        whole = sum(
            trained_epochs(size, config.min_resource, config.reduction_factor, self._epochs)
            for size in members.values()
        )
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

    def _members(self) -> Counter[int]:
        """Return how many trials each bracket has."""
        return Counter(bracket_of(trial) for trial in self._study.trials if "run_id" in trial.user_attrs)

    def _next_bracket(self) -> int:
        members, size = self._members(), self._brackets.size
        last = max(members, default=0)
        return last if size is None or members[last] < size else last + 1

    def _verdicts(self) -> Verdicts:
        trials = self._study.trials
        begun = [trial for trial in trials if "run_id" in trial.user_attrs]
        enqueued = sum(trial.state == TrialState.WAITING and "run_id" not in trial.user_attrs for trial in trials)
        members: dict[int, list[Entrant]] = {}
        for trial in begun:
            members.setdefault(bracket_of(trial), []).append(self._entrant(trial))
        found = Verdicts([], [])
        for bracket in sorted(members):
            entrants, to_come = members[bracket], 0
            if bracket == max(members) and not self.closed:
                to_come = self._brackets.upcoming(len(trials) - enqueued, len(entrants))
                # Those that are enqueued begin, whatever the total is.
                to_come = max(to_come, enqueued if self._brackets.size is None else 0)
            verdicts = judge(entrants, len(self._rungs), self._config.reduction_factor, to_come)
            found.promoted.extend(verdicts.promoted)
            found.given_up.extend(verdicts.given_up)
        return found

    def _entrant(self, trial: FrozenTrial) -> Entrant:
        if trial.number in self._ended:
            return self._ended[trial.number]
        sign = 1.0 if self._study.direction == StudyDirection.MAXIMIZE else -1.0
        values = [trial.intermediate_values.get(rung) for rung in self._rungs]
        if trial.state == TrialState.COMPLETE:  # A trial that ended early keeps its place.
            values = [trial.value if value is None else value for value in values]
        scores = tuple(sign * value for value in values if value is not None)
        is_open = trial.state == TrialState.COMPLETE or not trial.state.is_finished()
        entrant = Entrant(trial.number, scores, self._passed_by(trial), is_open)
        if trial.state.is_finished():
            self._ended[trial.number] = entrant
        return entrant

    def _passed_by(self, trial: FrozenTrial) -> int:
        """Return from how many rungs a trial was promoted: those before its last epoch.

        A trial that failed after its epoch at a rung had been promoted, or it would have paused.
        """
        epochs = trial.last_step or 0
        if trial.state in (TrialState.PRUNED, TrialState.FAIL) and trial.user_attrs["outcome"] != Outcome.PRUNED:
            epochs += 1
        return max(sum(rung < epochs for rung in self._rungs), self._passed.get(trial.number, 0))


def bracket_of(trial: FrozenTrial) -> int:
    """Return the number of a trial's bracket; studies of earlier versions have one."""
    return int(trial.user_attrs.get("bracket", 0))
