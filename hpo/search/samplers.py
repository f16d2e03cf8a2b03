"""Samplers, one a trial: seeded by the study's seed and the trial's number, so that a restart repeats nothing."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from optuna.exceptions import ExperimentalWarning
from optuna.samplers import BaseSampler, QMCSampler, RandomSampler, TPESampler
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState

from hpo.definition.sampler_config import SamplerConfig
from hpo.definition.search_space import Parameter, suggest
from hpo.search.prior_sampler import PriorSampler
from hpo.search.seeds import derived_seed
from hpo.search.study_memory import BEST_MODELLED, NEWEST_MODELLED, recent_and_best

MODELS = ("tpe", "gp", "alternate")


def create_sampler(
    config: SamplerConfig,
    space: Mapping[str, Parameter],
    fixed: Mapping[str, Any],
    study_seed: int,
    trial_number: int,
    trials: Sequence[FrozenTrial],
    direction: StudyDirection,
    redraw: int = 0,
) -> tuple[BaseSampler, Sequence[FrozenTrial]]:
    """Return the sampler of one trial, and the trials as this sampler is to see them.

    The sampler lives for that trial alone: whatever it knows, it reads from the study, and what it draws does not
    depend on which trials this process happened to ask before.

    Args:
        config: the sampler's settings.
        space: parameters by name.
        fixed: the settings that all trials share, which conditions may name.
        study_seed: of the study.
        trial_number: of the trial that is to be proposed.
        trials: those that the proposal may depend on.
        direction: of the study.
        redraw: how many proposals for the trial were refused before.
    """
    seed = derived_seed("sampler", study_seed, trial_number, redraw)
    if config.name in MODELS and any(parameter.prior is not None for parameter in space.values()):
        ended = sum(trial.state in (TrialState.COMPLETE, TrialState.PRUNED) for trial in trials)
        if ended < config.n_startup_trials:
            return PriorSampler(space, seed), trials
    name = config.name if config.name != "alternate" else ("tpe", "gp")[trial_number % 2]
    if name == "gp":
        # Its libraries take a second to load, and few studies need them.
        from hpo.search.gaussian_process import GaussianProcessSampler

        modelled = recent_and_best(trials, direction, NEWEST_MODELLED, BEST_MODELLED)
        model = GaussianProcessSampler(lambda trial: suggest(space, trial, fixed), config.n_startup_trials, seed)
        return model, modelled
    with warnings.catch_warnings():
        # QMCSampler and TPE's `group`, which models conditional parameters jointly, have been "experimental" for years.
        warnings.simplefilter("ignore", ExperimentalWarning)
        return _create(name, config.n_startup_trials, study_seed, seed), recent_and_best(trials, direction)


def _create(name: Literal["tpe", "random", "qmc"], n_startup_trials: int, study_seed: int, seed: int) -> BaseSampler:
    match name:
        case "random":
            return RandomSampler(seed=seed)
        case "qmc":
            # The sequence is the study's, the place in it is stored with the study; only what conditions leave out of
            # the sequence is drawn by the trial.
            return QMCSampler(
                seed=study_seed,
                scramble=True,
                independent_sampler=RandomSampler(seed=seed),
                warn_independent_sampling=False,
            )
        case "tpe":
            return TPESampler(seed=seed, n_startup_trials=n_startup_trials, multivariate=True, group=True)
