"""What an epoch of any configuration will take on this machine, from timing a few."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from itertools import islice

import numpy as np

from hpo.definition.study_definition import StudyDefinition
from hpo.search.limits import Limits
from hpo.training.images import Images

# Configurations that are timed; more of them did not predict others better.
TIMED = 12


def with_epoch_cost(limits: Limits, definition: StudyDefinition, images: Images, devices: Sequence[str]) -> Limits:
    """Return limits that can tell the seconds of an epoch, where the study limits them.

    The seconds are a sum of what `Limits.epoch_work` counts, with weights by non-negative least squares of the relative
    errors over random configurations. On two busy cores, half of other configurations were predicted within a tenth.

    Args:
        limits: of the study.
        definition: the study.
        images: the size of its data.
        devices: of each worker, all of which are busy meanwhile.

    Raises:
        DefinitionError: no configuration of the search space keeps the limits.
    """
    if definition.limits.epoch_seconds is None:
        return limits
    # Few studies limit the seconds; the others start without PyTorch and SciPy.
    from scipy.optimize import nnls

    from hpo.execution.forecast import measuring

    drawn = islice(limits.drawn(definition, random.Random(0)), TIMED)
    configs = [definition.trial_config(suggested, seed=0) for suggested in drawn]
    with measuring(devices) as workers:
        seconds = np.array([workers.epoch_seconds(config, images) for config in configs])
    work = images.train * np.array([limits.epoch_work(config) for config in configs])
    scale = work.max(axis=0)
    weights, _ = nnls(work / scale / seconds[:, None], np.ones(TIMED))
    cost = tuple(float(weight) for weight in images.train * weights / scale)
    return replace(limits, epoch_cost=cost).checked(definition)
