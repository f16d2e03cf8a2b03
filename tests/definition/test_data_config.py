import pytest
from pydantic import ValidationError

from hpo.definition.data_config import DataConfig
from hpo.definition.problem import describe


def test_without_settings_it_is_cifar10_with_a_tenth_held_out() -> None:
    config = DataConfig()
    assert (config.dataset, config.split, config.validation, config.scaling) == (
        "cifar10",
        "stratified",
        5000,
        "documented",
    )


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"validation": 0}, "'validation': must be at least 1 but got 0"),
        ({"validation": 0.5}, "'validation': takes a whole number"),
        ({"image_size": 5000}, "'image_size': must be at most 1024 but got 5000"),
        ({"split": "frist"}, "'split': unknown 'frist'. Did you mean 'first'?"),
        ({"scaling": "min-max"}, "'scaling': unknown 'min-max'. Choose from documented, standardize."),
        ({"split_seed": -1}, "'split_seed': must be at least 0 but got -1"),
        ({"size": 3}, "unknown key 'size'. Choose from dataset, evaluate_test, image_size"),
    ],
)
def test_a_value_out_of_range_is_refused(settings: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError) as error:
        DataConfig.model_validate(settings)
    assert describe(error.value).startswith(message)
