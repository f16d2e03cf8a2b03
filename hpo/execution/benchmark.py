"""How fast this machine trains the documented network, and the smallest and largest of a study."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from hpo.definition.study_definition import StudyDefinition
from hpo.definition.trial_config import TrialConfig
from hpo.execution.forecast import Workers, extreme_configs
from hpo.search.limits import Limits
from hpo.training.images import Images
from hpo.training.speed import floor_seconds

# The documented winner's network.
DOCUMENTED = {"hidden": "256-128-64", "init": "he_normal", "norm": "batch", "dropout": "0.3-0.3-0.2"}
BATCH_SIZES = (32, 64, 128, 512)


@dataclass(frozen=True)
class SpeedRow:
    """The speed of one network.

    Attributes:
        what: which network.
        hidden: units of each hidden layer.
        seconds_per_epoch: of one worker, with every worker busy.
        epochs_per_hour: of all workers together.
        floor_seconds: what the matrix products of an epoch alone take.
        share_of_floor: the floor as a share of the measured time.
    """

    what: str
    hidden: str
    batch_size: int
    precision: str
    seconds_per_epoch: float
    epochs_per_hour: float
    floor_seconds: float
    share_of_floor: float


def measure_speed(
    definition: StudyDefinition, limits: Limits, images: Images, workers: Workers, rates: Mapping[str, float]
) -> list[SpeedRow]:
    """Return the speed of the documented network at several batch sizes, and of a study's extremes.

    Args:
        definition: the study.
        limits: of its configurations.
        images: the size of the data.
        workers: to measure in.
        rates: of matrix products by precision, in operations a second.
    """
    documented = [TrialConfig.model_validate({**DOCUMENTED, "batch_size": size, "lr": 1e-3}) for size in BATCH_SIZES]
    smallest, largest = extreme_configs(definition, limits)
    networks = [("documented network", config) for config in documented]
    networks += [(f"smallest of {definition.name}", smallest), (f"largest of {definition.name}", largest)]
    return [_measured(what, config, images, workers, rates) for what, config in networks]


def _measured(what: str, config: TrialConfig, images: Images, workers: Workers, rates: Mapping[str, float]) -> SpeedRow:
    precision = workers.precision(config)
    seconds = workers.epoch_seconds(config, images)
    floor = floor_seconds(config, images, rates[precision])
    return SpeedRow(
        what=what,
        hidden="-".join(str(units) for units in config.hidden),
        batch_size=config.batch_size,
        precision=precision,
        seconds_per_epoch=seconds,
        epochs_per_hour=3600.0 * len(workers.devices) / seconds,
        floor_seconds=floor,
        share_of_floor=floor / seconds,
    )
