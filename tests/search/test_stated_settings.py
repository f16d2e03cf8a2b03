"""A configuration as a study file states it."""

from typing import Any

import pytest

from hpo.definition.trial_config import TrialConfig
from hpo.search.stated_settings import READ_BY_TRAINING, stated_settings

LAYERS = {"depth": 2, "width": 16, "taper": 0.5}
RATE = {"optimizer": "sgd", "lr_multiplier": 2.0}


@pytest.mark.parametrize(
    ("settings", "given", "expected"),
    [
        ({"hidden": "8", "seed": 5}, (), {"hidden": "8", "lr": 0.001}),
        ({**LAYERS, "lr": 0.01}, (), {**LAYERS, "lr": 0.01}),
        ({**LAYERS, "lr": 0.01}, ("hidden",), {"hidden": "16-8", "lr": 0.01}),
        ({**LAYERS, **RATE}, ("width",), {**LAYERS, **RATE}),
        ({**LAYERS, **RATE}, READ_BY_TRAINING, {"hidden": "16-8", "optimizer": "sgd", "lr": 0.02}),
        ({"hidden": "8", "optimizer": "sgd", "momentum": 0.5}, ("optimizer",), {"hidden": "8", "optimizer": "sgd"}),
    ],
)
def test_each_setting_is_stated_in_one_form_and_only_where_it_is_not_the_default(
    settings: dict[str, Any], given: tuple[str, ...], expected: dict[str, Any]
) -> None:
    config = TrialConfig.model_validate(settings)
    stated = stated_settings(config, given)
    assert stated == expected | ({"lr": config.lr} if "lr" in stated else {})
    if "momentum" not in settings:
        assert TrialConfig.model_validate({**stated, "seed": config.seed}).hidden == config.hidden
        assert TrialConfig.model_validate({**stated, "seed": config.seed}).lr == config.lr
