"""The limits of a search, held against a configuration before it trains."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

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
        n_features: number of inputs of a network, H * W * C.
        n_classes: number of classes.
    """

    config: LimitsConfig = field(default_factory=LimitsConfig)
    n_features: int = 0
    n_classes: int = 0

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
        limits = cls(definition.limits, math.prod(image_shape), n_classes)
        if definition.kind == "search":
            next(limits.drawn(definition, random.Random(0), ends=True))
        return limits

    def broken(self, config: TrialConfig) -> str | None:
        """Return which limit a configuration breaks, in words; None if it breaks none."""
        most = self.config.parameters
        if most is not None:
            count = parameter_count(config, self.n_features, self.n_classes)
            if count > most:
                return f"{count:,} parameters, where [limits] allows {most:,}"
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
