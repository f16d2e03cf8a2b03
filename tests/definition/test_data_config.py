import pytest
from pydantic import ValidationError

from hpo.definition.data_config import DataConfig
from hpo.definition.study_definition import describe


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
        ({"validation": 0}, "'validation': input should be greater than or equal to 1 but got 0"),
        ({"validation": 0.5}, "'validation': input should be a valid integer"),
        ({"image_size": 5000}, "'image_size': input should be less than or equal to 1024 but got 5000"),
        ({"split": "frist"}, "'split': unknown 'frist'. Did you mean 'first'?"),
        ({"scaling": "min-max"}, "'scaling': unknown 'min-max'. Choose from documented, standardize."),
        ({"split_seed": -1}, "'split_seed': input should be greater than or equal to 0 but got -1"),
        ({"size": 3}, "'size': extra inputs are not permitted"),
    ],
)
def test_a_value_out_of_range_is_refused(settings: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError) as error:
        DataConfig.model_validate(settings)
    assert describe(error.value).startswith(message)
