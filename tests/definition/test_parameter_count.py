import random
from pathlib import Path

import pytest

from hpo.definition.parameter_count import parameter_count
from hpo.definition.random_trial import RandomTrial
from hpo.definition.study_file import load_study
from hpo.network.mlp import MLP

SEARCH = load_study(Path(__file__).parents[2] / "studies" / "search.toml", {"space.width.high": "80"})


@pytest.mark.parametrize("seed", range(20))
def test_parameters_are_counted_as_the_network_has_them(seed: int):
    rng = random.Random(seed)
    config = SEARCH.trial_config(SEARCH.suggest(RandomTrial(rng)), seed=0)
    n_features, n_classes = rng.randint(1, 60), rng.randint(1, 12)
    assert parameter_count(config, n_features, n_classes) == MLP(config, n_features, n_classes).parameter_count()
