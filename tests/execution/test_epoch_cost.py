import dataclasses

from hpo.definition.limits_config import LimitsConfig
from hpo.execution.epoch_cost import with_epoch_cost
from hpo.search.limits import Limits
from hpo.training.images import Images
from tests.studies import definition, search_definition

SMALL = Images(shape=(8, 8, 1), classes=10, train=500, validation=50)
SPACE = """
[limits]
epoch_seconds = 1000.0
[trial]
depth = 2
[space]
width = { low = 8, high = 256, log = true }
batch_size = { choices = [8, 128] }
"""


def test_seconds_of_an_epoch_are_estimated_before_it_is_trained():
    study = definition(SPACE)
    limits = with_epoch_cost(Limits.of(study, SMALL.shape, SMALL.classes), study, SMALL, ["cpu"])
    assert limits.epoch_cost is not None
    strict = dataclasses.replace(limits, config=LimitsConfig(epoch_seconds=1e-9))

    def seconds(width: int, batch_size: int) -> float:
        config = study.trial_config({"width": width, "batch_size": batch_size}, seed=0)
        assert limits.broken(config) is None
        told = strict.broken(config)
        assert told is not None
        return float(told.removeprefix("epochs of about ").split(" s")[0])

    assert seconds(256, 8) > seconds(8, 8) > 0
    assert seconds(256, 8) > seconds(256, 128) > 0


def test_a_study_without_that_limit_measures_nothing():
    limits = Limits()
    assert with_epoch_cost(limits, search_definition(), SMALL, ["cpu"]) is limits
