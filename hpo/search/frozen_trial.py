"""A stored trial as Optuna's samplers and pruners read it."""

from __future__ import annotations

import functools
from datetime import UTC, datetime
from typing import Any

from optuna.distributions import json_to_distribution
from optuna.trial import FrozenTrial, TrialState

from hpo.storage.stored_trial import StoredTrial

_distribution = functools.lru_cache(maxsize=None)(json_to_distribution)


class LoadedTrial(FrozenTrial):
    """A trial that need not be copied to be shared: Optuna's storages replace a trial to change it."""

    def __deepcopy__(self, memo: dict[int, Any]) -> LoadedTrial:
        return self


def frozen(trial: StoredTrial) -> LoadedTrial:
    """Return a stored trial as Optuna's, without the attributes that only tables read."""
    own = {
        "run_id": trial.run_id,
        "outcome": trial.outcome,
        "experiment": trial.experiment,
        "replicate": trial.replicate,
        "replicate_of": trial.replicate_of,
        "message": trial.message,
    }
    return LoadedTrial(
        number=trial.number,
        trial_id=trial.key,
        state=TrialState[trial.state.upper()],
        value=trial.value,
        datetime_start=_local(trial.started),
        datetime_complete=_local(trial.ended),
        params=dict(trial.params),
        distributions={name: _distribution(text) for name, text in trial.distributions.items()},
        user_attrs={**trial.user_attrs, **{key: value for key, value in own.items() if value is not None}},
        system_attrs=dict(trial.system_attrs),
        intermediate_values=dict(trial.intermediate_values),
    )


def _local(moment: datetime | None) -> datetime | None:
    """Optuna stores naive UTC and shows naive local time."""
    return moment.replace(tzinfo=UTC).astimezone().replace(tzinfo=None) if moment else None
