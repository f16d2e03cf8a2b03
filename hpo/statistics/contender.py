"""A configuration that could be a study's best: the runs that speak for it, its value, and the noise of that."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from hpo.statistics.estimate import mean
from hpo.statistics.grid import grid
from hpo.statistics.quantities import resolution
from hpo.storage.stored_study import StoredStudy
from hpo.storage.stored_trial import StoredTrial

# Quantile of the normal distribution that leaves 2.5 % above it.
NORMAL = 1.96


@dataclass(frozen=True)
class Contender:
    """One configuration, and the runs that speak for it: one trial of a search, or one run a seed.

    Attributes:
        name: the number of the trial, or the experiment.
        study: that trained the runs.
        runs: at least one.
        trial: the number of the trial of a search; None for an experiment of a grid.
        searched: its value in the search, where its runs are those of a confirmation.
    """

    name: str
    study: StoredStudy
    runs: Sequence[StoredTrial]
    trial: int | None = None
    searched: float | None = None

    @property
    def label(self) -> str:
        """What it is called in a sentence."""
        return f"trial {self.trial}" if self.trial is not None else f"experiment {self.name}"

    @property
    def config(self) -> dict[str, Any]:
        """Its settings; what another program's trial was suggested."""
        return self.runs[0].config or self.runs[0].params

    @property
    def value(self) -> float:
        """The mean of the metric over its runs."""
        return statistics.fmean(run.reached for run in self.runs if run.reached is not None)

    def mean(self, name: str) -> float | None:
        """Return the mean of a result over its runs; None where one lacks it."""
        values = [value for run in self.runs if isinstance(value := run.result.get(name), int | float)]
        return statistics.fmean(values) if len(values) == len(self.runs) else None

    @property
    def gap(self) -> float | None:
        """Train accuracy minus validation accuracy."""
        train, validation = self.mean("train_accuracy"), self.mean("val_accuracy")
        return None if train is None or validation is None else train - validation

    @property
    def epochs(self) -> int:
        """The epochs of its longest run."""

        def trained(run: StoredTrial) -> int:
            if not run.is_finished:
                return max(run.intermediate_values, default=0)
            return len(run.curve.get("val_loss", ())) or int(run.result.get("epochs") or 0)

        return max(map(trained, self.runs))


@dataclass(frozen=True)
class Noise:
    """What is known of the noise of a contender's value; each is None where it is not known.

    Attributes:
        error: the standard error: of one run, that of an accuracy a over n validation images, sqrt(a (1 - a) / n).
        half: half of the 95% interval: of one run by the normal distribution, of several over their seeds.
    """

    error: float | None = None
    half: float | None = None

    @classmethod
    def of(cls, found: Contender, metric: str | None, images: int | None) -> "Noise":
        """Return the noise of a contender's value, from the metric and the number of validation images."""
        if metric is None:
            return cls()
        if len(found.runs) > 1:
            unit = 100 if metric.endswith("accuracy") else 1
            over = mean([run.value for run in found.runs if run.value is not None], resolution(metric) / unit)
            return cls(over.error, (over.interval[1] - over.interval[0]) / 2) if over.interval else cls()
        if not metric.endswith("accuracy") or not images:
            return cls()
        error = math.sqrt(found.value * (1 - found.value) / images)
        return cls(error, NORMAL * error)


def contenders(study: StoredStudy) -> list[Contender]:
    """Return the configurations of a study that have a value, the best first.

    Experiments of a grid are ranked by their means. Trials of a search that were given up, or wait, come after those
    that trained to their end, by their epochs: a value is compared with those of as many epochs.
    """
    sign = -1.0 if study.direction == "maximize" else 1.0
    experiments = grid(study.trials)
    if experiments:
        found = [Contender(name, study, [*runs.values()]) for name, runs in experiments.items()]
        return sorted(found, key=lambda each: sign * each.value)
    known = [trial for trial in study.trials if trial.reached is not None and math.isfinite(trial.reached)]

    def rank(each: Contender) -> tuple[bool, int, float]:
        complete = each.runs[0].state == "complete"
        return not complete, 0 if complete else -each.epochs, sign * each.value

    return sorted((Contender(str(trial.number), study, [trial], trial.number) for trial in known), key=rank)
