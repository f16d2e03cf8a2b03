"""What a study will take on this machine: time and memory, measured with every worker busy."""

import math
import os
import random
import resource
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice, pairwise
from multiprocessing import get_context

from hpo.definition.counted import counted
from hpo.definition.duration import duration
from hpo.definition.study_definition import StudyDefinition
from hpo.definition.trial_config import TrialConfig
from hpo.execution.devices import processes
from hpo.execution.local_process import ENVIRONMENT
from hpo.run.checkpoint_size import checkpoint_bytes
from hpo.search.limits import Limits
from hpo.training.images import Images
from hpo.training.speed import chosen_precision, epoch_seconds, product_rate

# Configurations of a search space that are timed to know its mean.
SAMPLE = 24
# Configurations that are drawn to find the smallest and the largest of a search space.
DRAWS = 500


@dataclass(frozen=True)
class Forecast:
    """What trials take, without early stopping and Optuna's pruners, which only shorten them.

    Attributes:
        trials: how many are left.
        epochs: of all trials together.
        seconds: on all workers together.
        workers: trials that train at a time.
        bytes: memory of all of them together, the images' shared pages counted in each.
        waiting: the most trials that wait at a time for their promotion, each with a checkpoint; None without halving.
        waiting_bytes: the most that these checkpoints take on disk.
        at_random: whether random configurations were timed, where a sampler will move to others.
    """

    trials: int
    epochs: int
    seconds: float
    workers: int
    bytes: int
    waiting: int | None = None
    waiting_bytes: int = 0
    at_random: bool = False

    @property
    def trials_per_hour(self) -> float:
        """Trials that finish in an hour."""
        return 3600.0 * self.trials / self.seconds

    def __str__(self) -> str:
        text = (
            f"{counted(self.trials, 'trial')} of {counted(round(self.epochs / self.trials), 'epoch')}, "
            f"{counted(self.workers, 'worker')}: "
            f"{duration(self.seconds)} without {'pruning and ' * (self.waiting is None)}early stopping "
            f"({counted(round(self.trials_per_hour), 'trial')} an hour), {self.bytes / 2**30:.1f} GiB of memory."
        )
        if self.waiting is not None:
            text += (
                f" Up to {counted(self.waiting, 'trial')} at a time will wait for promotion, with checkpoints of up to "
                f"{self.waiting_bytes / 2**20:.0f} MiB on disk."
            )
        if self.at_random:
            text += " This is for random configurations; the sampler may move to larger networks, which take longer."
        return text


class Workers:
    """Processes set up as those of a study, to measure in.

    Args:
        pool: of the processes.
        devices: of each worker.
    """

    def __init__(self, pool: ProcessPoolExecutor, devices: Sequence[str]) -> None:
        self.pool, self.devices = pool, devices

    def epoch_seconds(self, config: TrialConfig, images: Images) -> float:
        """Return the mean seconds of an epoch with every worker at it."""
        jobs = [
            self.pool.submit(epoch_seconds, config, images, self.devices[slots[0]], len(slots))
            for slots in processes(self.devices)
        ]
        return sum(job.result() for job in jobs) / len(jobs)

    def product_rates(self) -> dict[str, float]:
        """Return the rates of one worker at large matrix products by precision, in operations a second."""
        device = self.devices[0]
        return {name: self.pool.submit(product_rate, name, device).result() for name in ("fp32", "bf16")}

    def precision(self, config: TrialConfig) -> str:
        """Return the precision that a configuration trains at."""
        return self.pool.submit(chosen_precision, config, self.devices[0]).result()

    def memory(self) -> int:
        """Return the most memory that a process has used, in bytes."""
        return max(self.pool.map(_most_memory, range(len(processes(self.devices)))))


@contextmanager
def measuring(devices: Sequence[str]) -> Iterator[Workers]:
    """Start the processes of a study."""
    before = {name: os.environ.get(name) for name in ENVIRONMENT}
    os.environ.update(ENVIRONMENT)  # Read by the children when they start.
    try:
        with ProcessPoolExecutor(len(processes(devices)), get_context("spawn"), initializer=_one_thread) as pool:
            yield Workers(pool, devices)
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def forecast(
    configs: Sequence[TrialConfig],
    trials: int,
    images: Images,
    workers: Workers,
    trained: Callable[[int], float] = float,
) -> Forecast:
    """Measure what trials will take.

    Args:
        configs: of the trials, or a sample of them that stands for all.
        trials: how many there are.
        images: the size of their data.
        workers: to measure in.
        trained: how many of a trial's epochs are trained on average.
    """
    timed: dict[str, float] = {}
    seconds = 0.0
    weight = trials / len(configs)
    for config in configs:
        key = _what_time_depends_on(config)
        if key not in timed:
            timed[key] = workers.epoch_seconds(config, images)
        seconds += weight * trained(config.epochs) * timed[key]
    epochs = round(weight * sum(trained(config.epochs) for config in configs))
    busy = min(len(workers.devices), trials)
    memory = min(len(processes(workers.devices)), trials) * workers.memory()
    return Forecast(trials, epochs, seconds / busy, busy, memory)


def typical_configs(definition: StudyDefinition, limits: Limits | None = None) -> list[TrialConfig]:
    """Return the configurations of a grid's experiments, or a sample of those that a search may propose."""
    if definition.kind == "grid":
        return [definition.experiment_config(experiment, seed=0) for experiment in definition.experiments]
    return _drawn(definition, limits, SAMPLE)


def extreme_configs(definition: StudyDefinition, limits: Limits | None = None) -> tuple[TrialConfig, TrialConfig]:
    """Return the configurations of the least and of the most work for an epoch, judged by weights and steps."""
    configs = _varied_configs(definition, limits)

    def work(config: TrialConfig) -> float:
        weights = sum(inputs * outputs for inputs, outputs in pairwise((config.n_inputs(3072), *config.hidden)))
        return weights * (1.0 + 64.0 / config.batch_size)

    return min(configs, key=work), max(configs, key=work)


def largest_checkpoint(definition: StudyDefinition, images: Images, limits: Limits | None = None) -> int:
    """Return the bytes of the largest checkpoint that a trial of a study may have."""
    n_features = math.prod(images.shape)
    varied = _varied_configs(definition, limits)
    return max(checkpoint_bytes(config, config.n_inputs(n_features), images.classes) for config in varied)


def _varied_configs(definition: StudyDefinition, limits: Limits | None) -> list[TrialConfig]:
    return typical_configs(definition) if definition.kind == "grid" else _drawn(definition, limits, DRAWS, ends=True)


def _drawn(definition: StudyDefinition, limits: Limits | None, count: int, *, ends: bool = False) -> list[TrialConfig]:
    drawn = (limits or Limits()).drawn(definition, random.Random(0), ends=ends)
    return [definition.trial_config(suggested, seed=0) for suggested in islice(drawn, count)]


def _what_time_depends_on(config: TrialConfig) -> str:
    same = {"lr": 1.0, "lr_multiplier": None, "epochs": 1, "seed": 0, "momentum": min(config.momentum, 0.5)}
    return config.model_copy(update=same | {"patience": None, "schedule": "constant"}).model_dump_json()


def _one_thread() -> None:
    import torch

    torch.set_num_threads(1)


def _most_memory(_worker: int) -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
