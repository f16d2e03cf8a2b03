"""The compared trials as a study in memory, for Optuna's importances and plots."""

from collections.abc import Sequence

import optuna
from optuna.distributions import json_to_distribution

from hpo.report.scale import Scale
from hpo.storage.stored_trial import StoredTrial


def optuna_study(trials: Sequence[StoredTrial], scale: Scale) -> optuna.Study:
    """Return a study of finished trials, with their values in the unit that is shown.

    Optuna's plots leave out the pruned trials; here each one that is compared counts.

    Args:
        trials: with values.
        scale: of the metric.
    """
    shown = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(direction=scale.direction)
    optuna.logging.set_verbosity(shown)
    for trial in trials:
        assert trial.value is not None
        try:
            study.add_trial(
                optuna.trial.create_trial(
                    params=trial.params,
                    distributions={name: json_to_distribution(text) for name, text in trial.distributions.items()},
                    value=scale.of(trial.value),
                )
            )
        except ValueError:  # Somebody enqueued a value outside its range.
            continue
    return study
