"""What a new trial is to train: its parameters, stated or proposed, and the configuration that they make."""

from __future__ import annotations

import itertools
import json
import random
import warnings
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from optuna.exceptions import ExperimentalWarning
from optuna.samplers import BaseSampler, PartialFixedSampler, RandomSampler
from optuna.trial import FrozenTrial, Trial
from pydantic import ValidationError

from hpo.definition.problem import describe
from hpo.definition.search_space import known_settings
from hpo.definition.study_definition import StudyDefinition
from hpo.definition.trial_config import TrialConfig
from hpo.errors import DefinitionError
from hpo.search.limits import Limits
from hpo.search.live_study import LiveStudy
from hpo.search.samplers import create_sampler
from hpo.search.seeds import derived_seed

# How often the sampler may propose what breaks a limit before a configuration is drawn at random: a Gaussian process
# insists, since it proposes the maximum of its model.
PROPOSALS = 20
# Of how many proposals one that was made before is refused; then a small space counts as searched through.
REFUSED_REPEATS = 10


class Proposals:
    """Fills in the parameters of trials that were begun, so that their configurations are new and keep the limits.

    Args:
        study: the study as it stands.
        definition: its definition.
        limits: of each configuration.
    """

    def __init__(self, study: LiveStudy, definition: StudyDefinition, limits: Limits) -> None:
        self._study = study
        self._definition = definition
        self._limits = limits
        self._first_with: dict[str, int] = {}
        for trial in study.trials:
            if trial.params:
                self._first_with.setdefault(_key(trial.params), trial.number)

    def suggest(self, number: int, shown: Sequence[FrozenTrial], stated: Mapping[str, Any]) -> None:
        """Suggest the parameters of a trial, again and again until its configuration is new and keeps the limits.

        Stated values may repeat others.

        Args:
            number: the trial's number.
            shown: the trials that the sampler sees.
            stated: values by parameter that stand as they are.

        Raises:
            ValueError: a stated value is not one of its parameter's.
            DefinitionError: nothing is found that keeps the limits, or the values contradict one another.
        """
        proposals = itertools.count(1)

        def is_accepted(trial: Trial) -> bool:
            may_repeat = next(proposals) > REFUSED_REPEATS or bool(stated)
            if self._limits.broken(self._config(number, self._definition.suggest(trial))) is not None:
                return False
            return may_repeat or _key(trial.params) not in self._first_with

        self._study.suggest(number, self._samplers(number, shown, stated), is_accepted, stated)

    def config(self, number: int) -> TrialConfig:
        """Return the configuration of a trial with parameters.

        Raises:
            DefinitionError: its parameters contradict one another.
        """
        return self._config(number, self._study.params(number))

    def first_with_params_of(self, number: int) -> int:
        """Return the number of the first trial with the parameters of this one, perhaps this one itself."""
        return self._first_with.setdefault(_key(self._study.params(number)), number)

    def _samplers(
        self, number: int, shown: Sequence[FrozenTrial], stated: Mapping[str, Any]
    ) -> Iterator[tuple[BaseSampler, Sequence[FrozenTrial]]]:
        """Yield what is to propose a trial and the trials that it sees, each if the proposal before breaks a limit."""
        definition, direction = self._definition, self._study.direction
        space, fixed, seed = definition.space, known_settings(definition.trial), definition.seed
        for redraw in range(PROPOSALS):
            yield create_sampler(definition.sampler, space, fixed, seed, number, shown, direction, redraw)
        rng = random.Random(derived_seed("sampler", seed, number, PROPOSALS))
        drawn = next(self._limits.drawn(definition, rng, stated=stated))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ExperimentalWarning)  # PartialFixedSampler has stood since 2021.
            yield PartialFixedSampler(drawn, RandomSampler(seed=0)), shown

    def _config(self, number: int, params: Mapping[str, Any]) -> TrialConfig:
        try:
            return self._definition.trial_config(params, derived_seed("trial", self._definition.seed, number))
        except ValidationError as error:
            raise DefinitionError(f"trial {number} was proposed a contradiction: {describe(error)}") from None


def _key(params: Mapping[str, Any]) -> str:
    return json.dumps(params, sort_keys=True)
