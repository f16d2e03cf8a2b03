from typing import Any

import pytest

from hpo.definition.study_definition import StudyDefinition
from hpo.errors import DefinitionError

SPACE = {"depth": {"low": 1, "high": 3}, "width": {"low": 4, "high": 8}}


def search(space: dict[str, Any] | None = None, **trial: Any) -> StudyDefinition:
    return StudyDefinition.model_validate({"name": "s", "trial": trial, "space": SPACE if space is None else space})


def grid(*experiments: dict[str, Any], **trial: Any) -> StudyDefinition:
    return StudyDefinition.model_validate({"name": "g", "trial": trial, "experiments": experiments})


def refusal(*args: Any, **trial: Any) -> str:
    with pytest.raises(DefinitionError) as error:
        search(*args, **trial)
    return str(error.value)


def grid_refusal(*experiments: dict[str, Any], **trial: Any) -> str:
    with pytest.raises(DefinitionError) as error:
        grid(*experiments, **trial)
    return str(error.value)


def test_a_study_is_a_search_or_a_grid() -> None:
    assert search().kind == "search"
    assert grid({"name": "a", "settings": {"hidden": "8"}}).kind == "grid"
    with pytest.raises(DefinitionError, match="needs either a search space"):
        StudyDefinition.model_validate({"name": "s"})
    with pytest.raises(DefinitionError, match="needs either a search space"):
        StudyDefinition.model_validate({"name": "s", "space": SPACE, "experiments": [{"name": "a"}]})


def test_accuracy_is_maximized_and_loss_is_minimized() -> None:
    assert search().direction == "maximize"
    assert search().model_copy(update={"metric": "val_loss"}).direction == "minimize"


def test_a_trial_has_the_fixed_settings_and_the_suggested_ones() -> None:
    config = search(epochs=7, lr=0.1).trial_config({"depth": 2, "width": 4}, seed=5)
    assert (config.hidden, config.epochs, config.lr, config.seed) == ((4, 4), 7, 0.1, 5)


def test_an_experiment_states_what_differs() -> None:
    definition = grid({"name": "a", "settings": {"hidden": "8", "lr": 0.5}}, epochs=7, lr=0.1)
    config = definition.experiment_config(definition.experiments[0], seed=5)
    assert (config.hidden, config.epochs, config.lr, config.seed) == ((8,), 7, 0.5, 5)


@pytest.mark.parametrize(
    ("trial", "message"),
    [
        ({"batch_size": 0}, "[trial] 'batch_size': must be at least 1 but got 0"),
        ({"norm": "batc"}, "[trial] 'norm': unknown 'batc'. Did you mean 'batch'?"),
        ({"optimizer": ["sgd"]}, "[trial] 'optimizer': unknown ['sgd']. Did you mean 'sgd'?"),
        ({"bach_size": 3}, "[trial] unknown setting 'bach_size'. Did you mean 'batch_size'?"),
        ({"seed": 3}, "[trial] 'seed': training seeds come from [study] seed and each trial's number"),
        ({"depth": 3}, "'depth' is both fixed in [trial] and searched in [space]"),
    ],
)
def test_a_wrong_fixed_setting_is_refused_where_it_stands(trial: dict[str, Any], message: str) -> None:
    assert refusal(**trial) == message


@pytest.mark.parametrize(
    ("space", "message"),
    [
        (
            {"batch_size": {"low": 0, "high": 8}},
            "[space.batch_size] must be at least 1 but got 0",
        ),
        ({"norm": {"choices": ["none", "bach"]}}, "[space.norm] unknown 'bach'. Did you mean 'batch'?"),
        ({"norm": {"choices": ["none"]}, "nrm": {"choices": ["none"]}}, "[space] unknown setting 'nrm'."),
        ({"depth": {"low": 1, "high": 10**9}}, "[space.depth] must be at most 64 but got"),
        (
            {"momentum": {"low": 0.1, "high": 0.9, "when": {"optimiser": ["sgd"]}}},
            "[space.momentum] when: unknown 'optimiser'. Did you mean 'optimizer'?",
        ),
        (
            {"momentum": {"low": 0.1, "high": 0.9, "when": {"optimizer": ["sgd"]}}, "optimizer": {"choices": ["sgd"]}},
            "[space.momentum] when: 'optimizer' must stand before 'momentum' in the file",
        ),
        (
            {"optimizer": {"choices": ["sgd"]}, "momentum": {"low": 0.1, "high": 0.9, "when": {"optimizer": ["sdg"]}}},
            "[space.momentum] when: 'optimizer': unknown 'sdg'. Did you mean 'sgd'?",
        ),
    ],
)
def test_a_wrong_parameter_is_refused_where_it_stands(space: dict[str, Any], message: str) -> None:
    assert refusal({**SPACE, **space}).startswith(message)


def test_a_contradiction_between_settings_shows_the_ones_involved_alone() -> None:
    message = refusal(
        {**SPACE, "optimizer": {"choices": ["adam", "sgd"]}, "lr": {"low": 0.1, "high": 1.0}}, momentum=0.9
    )
    assert message == (
        "[space] can propose a trial that is refused: 'momentum' is not read by optimizer 'adam', only by sgd "
        "(optimizer=adam)"
    )


def test_layers_that_grow_too_wide_show_what_they_follow_from() -> None:
    space = {"depth": {"low": 1, "high": 9}, "width": {"low": 4, "high": 4096}, "taper": {"choices": [1.0, 4.0]}}
    message = refusal(space)
    assert "'hidden." in message and "must be at most 65536" in message
    assert "depth=" in message and "width=" in message and "taper=4" in message


def test_a_search_without_any_width_is_refused() -> None:
    message = refusal({"lr": {"low": 0.1, "high": 1.0}})
    assert message.endswith("refused: the hidden layers need either 'hidden' or both 'depth' and 'width'")


@pytest.mark.parametrize(
    ("experiments", "trial", "message"),
    [
        ([{"hidden": "8"}, {"hidden": "8"}], {}, "[[experiment]] a: the name stands twice"),
        ([{"hiden": "8"}], {}, "[[experiment]] a unknown setting 'hiden'. Did you mean 'hidden'?"),
        ([{"hidden": "8", "norm": "bach"}], {}, "[[experiment]] a: 'norm': unknown 'bach'. Did you mean 'batch'?"),
        ([{"hidden": "8"}], {"norm": "bach"}, "[trial] 'norm': unknown 'bach'. Did you mean 'batch'?"),
        ([{"hidden": "8", "rho": 0.5}], {}, "[[experiment]] a: 'rho' is not read by optimizer 'adam', only by rmsprop"),
        ([{}], {}, "[[experiment]] a: the hidden layers need either 'hidden' or both 'depth' and 'width'"),
    ],
)
def test_a_wrong_experiment_is_refused_by_name(
    experiments: list[dict[str, Any]], trial: dict[str, Any], message: str
) -> None:
    assert grid_refusal(*({"name": "a", "settings": settings} for settings in experiments), **trial) == message


def test_a_claim_about_no_experiment_is_refused() -> None:
    with pytest.raises(DefinitionError, match=r"\[\[claim\]\] C1: no experiment 'wide'. Did you mean 'widest'?"):
        StudyDefinition.model_validate(
            {
                "name": "g",
                "experiments": [{"name": "widest", "settings": {"hidden": "8"}}],
                "claims": [{"id": "C1", "title": "t", "tests": [{"of": "wide", "above": 0}]}],
            }
        )


def test_a_search_has_one_split_and_a_grid_may_have_one_for_each_seed() -> None:
    data = {"split": "fresh"}
    study = {"name": "s", "data": data, "trial": {"hidden": "8"}, "space": {"lr": {"low": 0.1, "high": 1.0}}}
    with pytest.raises(DefinitionError, match=r"could not be ranked\. .*\[confirmation\] split = \"fresh\"$"):
        StudyDefinition.model_validate(study)
    confirmed = StudyDefinition.model_validate({**study, "data": {}, "confirmation": data})
    assert (confirmed.data.split, confirmed.confirmation and confirmed.confirmation.split) == ("stratified", "fresh")
    grid = {"name": "g", "data": data, "experiments": [{"name": "a", "settings": {"hidden": "8"}}]}
    assert StudyDefinition.model_validate(grid).data.split == "fresh"
