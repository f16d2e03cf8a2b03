"""The limits of a search, held against a configuration before it trains."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from hpo.definition.counted import counted
from hpo.definition.limits_config import LimitsConfig
from hpo.definition.parameter_count import parameter_count
from hpo.definition.random_trial import RandomTrial
from hpo.definition.study_definition import StudyDefinition
from hpo.definition.trial_config import TrialConfig
from hpo.errors import DefinitionError

# How many configurations are drawn to find one that keeps the limits.
DRAWS = 5_000


@dataclass(frozen=True)
class Limits:
    """What a configuration may cost on the images of a study.

    Attributes:
        config: the limits as the study states them.
        n_features: number of values in an image, H * W * C.
        n_classes: number of classes.
        epoch_cost: seconds of an epoch for each unit of `epoch_work`; None where no limit needs it.
    """

    config: LimitsConfig = field(default_factory=LimitsConfig)
    n_features: int = 0
    n_classes: int = 0
    epoch_cost: tuple[float, ...] | None = None

    @classmethod
    def of(cls, definition: StudyDefinition, image_shape: tuple[int, int, int], n_classes: int) -> Limits:
        """Return the limits of a study.

        Args:
            definition: the study.
            image_shape: height, width and channels of its images.
            n_classes: number of their classes.

        Raises:
            DefinitionError: no configuration of the search space keeps them.
        """
        return cls(definition.limits, math.prod(image_shape), n_classes).checked(definition)

    def checked(self, definition: StudyDefinition) -> Limits:
        """Return these limits.

        Raises:
            DefinitionError: no configuration of the search space keeps them.
        """
        if definition.kind == "search":
            next(self.drawn(definition, random.Random(0), ends=True))
        return self

    def epoch_work(self, config: TrialConfig) -> tuple[float, ...]:
        """Return what takes time in an epoch, for one image.

        Products with every weight, the updates of the weights, the values that pass through the layers, and the calls
        of each step.
        """
        weights = self._parameters(config)
        values = config.n_inputs(self.n_features) + sum(config.hidden)
        return weights, weights / config.batch_size, values, (len(config.hidden) + 1) / config.batch_size

    def _parameters(self, config: TrialConfig) -> int:
        return parameter_count(config, config.n_inputs(self.n_features), self.n_classes)

    def broken(self, config: TrialConfig) -> str | None:
        """Return which limit a configuration breaks, in words; None if it breaks none."""
        most = self.config.parameters
        if most is not None:
            count = self._parameters(config)
            if count > most:
                return f"{counted(count, 'parameter')}, where [limits] allows {most:,}"
        most_seconds = self.config.epoch_seconds
        if most_seconds is not None and self.epoch_cost is not None:
            seconds = sum(cost * work for cost, work in zip(self.epoch_cost, self.epoch_work(config), strict=True))
            if seconds > most_seconds:
                return f"epochs of about {seconds:.3g} s, where [limits] allows {most_seconds:g} s"
        return None

    def drawn(
        self,
        definition: StudyDefinition,
        rng: random.Random,
        *,
        ends: bool = False,
        stated: Mapping[str, Any] | None = None,
    ) -> Iterator[dict[str, Any]]:
        """Yield random suggestions of a search space that keep the limits, without an end.

        Args:
            definition: whose search space it is.
            rng: the source of randomness.
            ends: whether the ends of a range are drawn as often as its inside.
            stated: values by parameter that are not drawn.

        Raises:
            DefinitionError: many were drawn in a row, and none keeps the limits.
        """
        drawn = 0
        while True:
            suggested = definition.suggest(RandomTrial(rng, ends=ends, stated=stated))
            limit = self.broken(definition.trial_config(suggested, seed=0))
            if limit is None:
                drawn = 0
                yield suggested
                continue
            drawn += 1
            if drawn == DRAWS:
                raise DefinitionError(
                    f"[limits] none of {DRAWS:,} random configurations keeps them; the last has {limit}"
                )
