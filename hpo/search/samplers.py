"""Samplers, one a trial: seeded by the study's seed and the trial's number, so that a restart repeats nothing."""

from __future__ import annotations

import warnings

from optuna.exceptions import ExperimentalWarning
from optuna.samplers import BaseSampler, GPSampler, QMCSampler, RandomSampler, TPESampler

from hpo.definition.sampler_config import SamplerConfig
from hpo.search.seeds import derived_seed


def create_sampler(config: SamplerConfig, study_seed: int, trial_number: int, redraw: int = 0) -> BaseSampler:
    """Return the sampler of one trial.

    It lives for that trial alone: whatever it knows, it reads from the study, and what it draws does not depend on
    which trials this process happened to ask before.

    Args:
        config: which sampler.
        study_seed: the study's seed.
        trial_number: the trial's number.
        redraw: how many proposals for the trial were refused before.
    """
    seed = derived_seed("sampler", study_seed, trial_number, redraw)
    with warnings.catch_warnings():
        # QMCSampler and TPE's `group`, which models conditional parameters jointly, have been "experimental" for years.
        warnings.simplefilter("ignore", ExperimentalWarning)
        return _create(config, study_seed, seed)


def _create(config: SamplerConfig, study_seed: int, seed: int) -> BaseSampler:
    match config.name:
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
        case "gp":
            return GPSampler(
                seed=seed,
                n_startup_trials=config.n_startup_trials,
                independent_sampler=RandomSampler(seed=seed),
                warn_independent_sampling=False,
            )
        case "tpe":
            return TPESampler(seed=seed, n_startup_trials=config.n_startup_trials, multivariate=True, group=True)
