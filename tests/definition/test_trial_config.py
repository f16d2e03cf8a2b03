import json
import random

import pytest
from pydantic import ValidationError

from hpo.definition.problem import describe
from hpo.definition.trial_config import TrialConfig


def config(**settings: object) -> TrialConfig:
    return TrialConfig.model_validate({"hidden": "8"} | settings)


def refusal(**settings: object) -> str:
    with pytest.raises(ValidationError) as error:
        TrialConfig.model_validate({"hidden": "8"} | settings)
    return describe(error.value)


@pytest.mark.parametrize("hidden", ["256-128-64", [256, 128, 64], (256, 128, 64), " 256 - 128 - 64 "])
def test_hidden_layers_are_read_from_text_or_a_list(hidden: object) -> None:
    assert config(hidden=hidden).hidden == (256, 128, 64)


def test_depth_counts_the_hidden_layers_and_width_is_the_first() -> None:
    by_depth = TrialConfig.model_validate({"depth": 3, "width": 256, "taper": 0.5})
    assert by_depth.hidden == config(hidden="256-128-64").hidden
    assert TrialConfig.model_validate({"depth": 4, "width": 2, "taper": 0.1}).hidden == (2, 1, 1, 1)


@pytest.mark.parametrize(
    ("settings", "lr"),
    [
        ({}, 0.001),
        ({"optimizer": "sgd"}, 0.01),
        ({"optimizer": "sgd", "lr_multiplier": 3.0}, 0.03),
        ({"lr": 0.5}, 0.5),
    ],
)
def test_the_learning_rate_follows_the_optimizer_unless_it_is_stated(settings: dict[str, object], lr: float) -> None:
    assert config(**settings).lr == pytest.approx(lr)


def test_one_dropout_rate_is_for_every_layer() -> None:
    assert config(hidden="8-8-8", dropout=0.3).dropouts == (0.3, 0.3, 0.3)
    assert config(hidden="8-8-8", dropout="0.3-0-0.1").dropouts == (0.3, 0.0, 0.1)


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"hidden": None, "depth": 3, "width": 77, "taper": 0.7, "dropout": 1e-5},
        {"hidden": "8-8", "dropout": "0.1-1e-05", "optimizer": "sgd", "momentum": 0.9, "lr_multiplier": 0.123456789},
        {"patience": 3, "schedule": "plateau", "checkpoint_monitor": "val_loss", "seed": 2**63 - 1},
    ],
)
def test_a_configuration_that_was_stored_is_read_back_the_same(settings: dict[str, object]) -> None:
    stored = config(**settings)
    assert TrialConfig.model_validate(json.loads(json.dumps(stored.model_dump(mode="json")))) == stored


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"hidden": "8-0"}, "'hidden.1': must be at least 1 but got 0"),
        ({"hidden": ""}, "'hidden.0': takes a whole number"),
        ({"batch_size": 0}, "'batch_size': must be at least 1 but got 0"),
        ({"lr": float("nan")}, "'lr': takes a finite number but got nan"),
        ({"lr": 0}, "'lr': must be above 0 but got 0"),
        ({"dropout": 1.0}, "'dropout.0': must be below 1 but got 1.0"),
        ({"norm": "batc"}, "'norm': unknown 'batc'. Did you mean 'batch'?"),
        ({"norm": 3}, "'norm': unknown 3. Choose from batch, layer, none."),
        ({"optimizer": ["sgd"]}, "'optimizer': unknown ['sgd']. Did you mean 'sgd'?"),
        ({"lr_multiplier": "x"}, "'lr_multiplier': takes a number"),
        ({"hiden": "8"}, "unknown key 'hiden'. Did you mean 'hidden'?"),
    ],
)
def test_a_value_out_of_range_is_refused_by_name_rule_and_value(settings: dict[str, object], message: str) -> None:
    assert refusal(**settings).startswith(message)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"hidden": None}, "the hidden layers need either 'hidden' or both 'depth' and 'width'"),
        ({"depth": 2}, "'depth' and 'width' go together"),
        ({"depth": 2, "width": 4}, "'hidden' contradicts 'depth' and 'width': state one of the two forms"),
        ({"taper": 0.5}, "'taper' needs 'depth' and 'width'; it is not read with 'hidden'"),
        ({"lr": 0.1, "lr_multiplier": 2}, "'lr' contradicts 'lr_multiplier': state one of the two"),
        ({"dropout": "0.1-0.2"}, "'dropout' has 2 rates for 1 hidden layers; give one or one each"),
        ({"momentum": 0.9}, "'momentum' is not read by optimizer 'adam', only by sgd"),
        ({"rho": 0.5}, "'rho' is not read by optimizer 'adam', only by rmsprop"),
        ({"weight_decay": 0.1}, "'weight_decay' is not read by optimizer 'adam', only by adamw and sgd and rmsprop"),
        ({"plateau_patience": 3}, "'plateau_patience' is not read by schedule 'constant', only by plateau"),
        ({"optimizer": "sgd", "nesterov": True}, "'nesterov' needs 'momentum' above 0"),
        ({"restore_best": True}, "'restore_best' and 'min_delta' belong to early stopping: set 'patience' too"),
        ({"schedule": "cosine", "min_lr": 0.1}, "'min_lr' 0.1 is above 'lr' 0.001"),
        ({"schedule": "one_cycle", "warmup_epochs": 1}, "'warmup_epochs' contradicts schedule 'one_cycle'"),
        ({"epochs": 2, "warmup_epochs": 2}, "'warmup_epochs' 2 must be below 'epochs' 2"),
    ],
)
def test_settings_that_contradict_each_other_are_refused(settings: dict[str, object], message: str) -> None:
    assert refusal(**settings).startswith(message)


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        ({"depth": 10**9, "width": 8}, "depth"),
        ({"depth": 8, "width": 10**400}, "width"),
        ({"depth": 3, "width": 8, "taper": 1e300}, "taper"),
        ({"depth": 64, "width": 8, "taper": -1e300}, "taper"),
        ({"depth": 64, "width": 8, "taper": float("nan")}, "taper"),
    ],
)
def test_a_network_beyond_any_machine_is_refused_at_once(settings: dict[str, object], name: str) -> None:
    assert f"'{name}'" in refusal(hidden=None, **settings)


@pytest.mark.parametrize("seed", range(3))
def test_every_rate_is_stored_exactly(seed: int) -> None:
    rng = random.Random(seed)
    for _ in range(200):
        rates = tuple(rng.random() ** rng.choice([1, 9, 99]) for _ in range(rng.randint(1, 4)))
        stored = config(hidden=[8] * len(rates), dropout=rates)
        assert TrialConfig.model_validate(json.loads(stored.model_dump_json())) == stored
        assert stored.dropout == rates


def test_what_earlier_versions_stored_is_read_and_stored_the_same() -> None:
    stored = config(hidden="256-128-64", dropout="0.271828-0-1e-05").model_dump(mode="json")
    assert (stored["hidden"], stored["dropout"]) == ("256-128-64", "0.271828-0-1e-05")
    assert config(dropout=0.27182818284).model_dump(mode="json")["dropout"] == "0.27182818284"


@pytest.mark.parametrize("name", ["depth", "width", "lr_multiplier", "patience", "checkpoint_monitor", "lr"])
@pytest.mark.parametrize("none", [None, "none", "None"])
def test_none_is_said_by_a_text_where_there_may_be_none(name: str, none: object) -> None:
    assert config(**{name: none}) == config()


def test_where_none_is_a_choice_it_stays_that_choice() -> None:
    assert config(norm="none", augmentation="none").norm == "none"
    assert refusal(epochs="none") == "'epochs': takes a whole number but got 'none'"


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"epochs": "2.0"}, "'epochs': takes a whole number without quotes but got '2.0'"),
        ({"epochs": 2.5}, "'epochs': takes a whole number but got 2.5"),
        ({"epochs": True}, "'epochs': takes a whole number but got true"),
        ({"epochs": 2**62}, "'epochs': must be at most 1000000000 but got 4611686018427387904"),
        ({"epochs": 10**5000}, "'epochs': must be at most 1000000000 but got int that is too large to show"),
        ({"lr": "0.1"}, "'lr': takes a number without quotes but got '0.1'"),
        ({"lr": False}, "'lr': takes a number but got false"),
        ({"lr": 1e40}, "'lr': must be a number that 32 bits can hold but got 1e+40"),
        ({"eps": 1e-300}, "'eps': must be a number that 32 bits can hold but got 1e-300"),
        ({"l2": 1e300}, "'l2': must be a number that 32 bits can hold but got 1e+300"),
        ({"l2": 3e38}, "'l2': must be a number that 32 bits can hold but got 3e+38"),
        ({"optimizer": "adamw", "lr": 1e30, "weight_decay": 1e30}, "'lr' 1e+30 times 'weight_decay' 1e+30 is beyond"),
        ({"nesterov": "yes"}, "'nesterov': takes true or false but got 'yes'"),
        ({"nesterov": 1}, "'nesterov': takes true or false but got 1"),
        ({"hidden": {}}, "'hidden': takes a list but got {}"),
        ({"hidden": []}, "'hidden': needs at least 1 of them but got []"),
        ({"hidden": None, "depth": 2, "width": "64"}, "'width': takes a whole number without quotes but got '64'"),
        ({"hidden": None, "depth": 2.5, "width": 64}, "'depth': takes a whole number but got 2.5"),
        ({"norm": "a\nb\x1b"}, r"'norm': unknown 'a\nb\x1b'. Choose from batch, layer, none."),
        ({"norm": "\ud800"}, r"'norm': takes text but got '\ud800'"),
        ({"learning_rate": 1}, "unknown key 'learning_rate'. Did you mean 'lr' or 'lr_multiplier'?"),
        ({"layers": 1}, "unknown key 'layers'. Did you mean 'depth' or 'hidden'?"),
        ({"bs": 1}, "unknown key 'bs'. Did you mean 'batch_size'?"),
    ],
)
def test_a_type_is_checked_before_anything_is_computed_from_it(settings: dict[str, object], message: str) -> None:
    assert refusal(**settings).startswith(message)


def test_a_whole_number_may_be_written_with_a_decimal_point() -> None:
    assert config(hidden=None, depth=2.0, width=64.0).hidden == (64, 64)


def test_a_configuration_cannot_be_changed() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        config().epochs = 3  # type: ignore[misc]
