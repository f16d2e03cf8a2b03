import os
from pathlib import Path

import pytest

from hpo.definition.study_definition import StudyDefinition
from hpo.definition.study_file import fingerprint, load_study, parse_study
from hpo.errors import DefinitionError, printable

TEXT = """
[study]
name = "mine"
[trial]
epochs = 7
[space]
depth = { low = 1, high = 3 }
width = { low = 4, high = 8 }
"""
GRID = """
[[experiment]]
name = "a"
settings = { hidden = "8", epochs = 3 }
documented = { test_accuracy = 50.0 }
[[experiment]]
name = "b"
settings = { hidden = "16" }
"""
SHIPPED = sorted((Path(__file__).parents[2] / "studies").glob("*.toml"))


def parsed(text: str = TEXT, **overrides: str) -> StudyDefinition:
    settings = {key.replace("__", "."): value for key, value in overrides.items()}
    return parse_study(text, settings, source="mine.toml", default_name="mine")


def refusal(text: str = TEXT, **overrides: str) -> str:
    with pytest.raises(DefinitionError) as error:
        parsed(text, **overrides)
    assert "\n" not in str(error.value)
    return str(error.value)


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_a_shipped_study_is_valid_and_named_like_its_file(path: Path) -> None:
    assert load_study(path).name == path.stem


@pytest.mark.parametrize(
    ("name", "sha256"),
    [
        ("documented_grid", "224fb70014f458ac7b401f1bed9dadd98c71c44770b31d23612585a0e351fee3"),
        ("quickstart", "8643b0d4dc13d3bea8ec6db289a86cba4db5438237c9a3add6cff4e22c17e913"),
        ("search", "e2fbad2fe383de42807736202c86106e93bd44d05abc379bf6a2826018b9d11c"),
    ],
)
def test_the_shipped_studies_run_what_they_always_ran(name: str, sha256: str) -> None:
    path = next(path for path in SHIPPED if path.stem == name)
    assert fingerprint(load_study(path)) == sha256


def test_without_a_name_a_study_is_called_like_its_file(tmp_path: Path) -> None:
    file = tmp_path / "wide.toml"
    file.write_text(GRID)
    assert load_study(file).name == "wide"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[study", "mine.toml: is not valid TOML: Expected ']'"),
        ("[stduy]\nname = 'x'", "mine.toml: unknown table 'stduy'. Did you mean 'study'?"),
        ("study = 3", "mine.toml: [study] must be a table"),
        ("experiment = 3", "mine.toml: [[experiment]] must be an array of tables"),
        ("[study]\nnmae = 'x'", "mine.toml: [study] unknown key 'nmae'. Did you mean 'name'?"),
        ("[data]\nsplt = 'first'", "mine.toml: [data] unknown key 'splt'. Did you mean 'split'?"),
        ("[sampler]\nnam = 'tpe'", "mine.toml: [sampler] unknown key 'nam'. Did you mean 'name'?"),
        ("[pruner]\nname = 'medain'" + TEXT, "mine.toml: [pruner] 'name': unknown 'medain'. Did you mean 'median'?"),
        ("[data]\nvalidation = 0" + TEXT, "mine.toml: [data] 'validation': must be at least 1"),
        ("[space]\nlr = 3", "mine.toml: [space] 'lr' must be a table with 'low' and 'high', or 'choices'"),
        ("[space.lr]\nlow = 1\nhgih = 2", "mine.toml: [space.lr] unknown key 'hgih'. Did you mean 'high'?"),
        ("[space.lr]\nlow = 2\nhigh = 1", "mine.toml: [space.lr] 'low' 2 is above 'high' 1"),
        ("[[experiment]]\nnmae = 'a'", "mine.toml: [[experiment]] 1 unknown key 'nmae'. Did you mean 'name'?"),
        ("epochs = 3\n[study]\nname = 'x'", "mine.toml: 'epochs' belongs in [trial]"),
        ("[study]\nepochs = 3", "mine.toml: [study] 'epochs' belongs in [trial]"),
        ("[trial]\ndataset = 'digits'", "mine.toml: [trial] 'dataset' belongs in [data]"),
        ("[data]\nreduction_factor = 3", "mine.toml: [data] 'reduction_factor' belongs in [pruner]"),
        ("[trial]\nn_startup_trials = 3", "mine.toml: [trial] 'n_startup_trials' belongs in [sampler] or [pruner]"),
        (
            "[[experiment]]\nname = 'a'\ndropout = 0.2",
            "mine.toml: [[experiment]] a 'dropout' is a setting: write settings = { dropout = 0.2 }",
        ),
        ("[[experiment]]\nsettings = {}", "mine.toml: [[experiment]] 1 'name': is missing"),
        ("[[experiment]]\nname = 'a'\nsettings = 3", "mine.toml: [[experiment]] a 'settings': must be a table such as"),
        (GRID + "[[claim]]\nid = 'C1'\ntitel = 'x'", "mine.toml: [[claim]] C1 unknown key 'titel'. Did you mean"),
        (
            "[study]\nname = '../x'\n" + GRID,
            "mine.toml: [study] 'name': takes letters, digits and _ . + -, a letter or digit first, but got '../x'",
        ),
        ("[study]\nmetric = 'accuracy'" + GRID, "mine.toml: [study] 'metric': unknown 'accuracy'. Did you mean"),
        (
            "[study]\nseed = -1" + GRID,
            "mine.toml: [study] 'seed': must be at least 0 but got -1",
        ),
    ],
)
def test_what_is_wrong_in_a_file_is_said_in_one_line_with_its_place(text: str, message: str) -> None:
    assert refusal(text).startswith(message)


@pytest.mark.parametrize(
    ("content", "message"),
    [(None, "cannot be opened because no such file or directory"), (b"\xff\xfe", "is not UTF-8 text")],
)
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, content: bytes | None, message: str) -> None:
    file = tmp_path / "mine.toml"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(DefinitionError) as error:
        load_study(file)
    assert str(error.value) == f"{printable(file)}: {message}"


def test_a_setting_given_beside_the_file_wins_over_trial_space_and_experiments() -> None:
    assert parsed(epochs="9").trial["epochs"] == 9
    assert "width" not in parsed(width="6").space
    definition = parsed(GRID, epochs="9")
    assert {definition.experiment_config(e, seed=0).epochs for e in definition.experiments} == {9}


def test_a_setting_of_another_table_is_named_by_it() -> None:
    definition = parsed(data__split="first", study__seed="4", space__depth__high="5", sampler__name="random")
    assert (definition.data.split, definition.seed, definition.sampler.name) == ("first", 4, "random")
    assert definition.space["depth"].high == 5


@pytest.mark.parametrize("name", ["12", "2026-01-31", "1e5", "true"])
def test_a_study_may_be_called_by_what_looks_like_a_number(name: str) -> None:
    assert parsed(study__name=name).name == name


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("epcohs", "3", "--set: unknown setting 'epcohs'. Did you mean 'epochs'?"),
        ("validation", "9", "--set: 'validation' is a key of another table: write --set data.validation=VALUE"),
        ("trial.validation", "9", "--set: 'validation' is a key of another table: write --set data.validation=VALUE"),
        ("study.epochs", "9", "--set study.epochs=9: [study] 'epochs' belongs in [trial]"),
        ("dta.split", "first", "--set: unknown table 'dta'. Did you mean 'data'?"),
        ("experiment.name", "x", "--set: unknown table 'experiment'. Choose from"),
        ("study.name.x", "y", "--set: 'study.name' is a value, not a table"),
        ("data.splt", "first", "--set data.splt=first: [data] unknown key 'splt'. Did you mean 'split'?"),
        ("epochs", "0", "--set epochs=0: must be at least 1 but got 0"),
        ("data.validation", "0", "--set data.validation=0: must be at least 1 but got 0"),
        ("weight_decay", "0.1", "--set weight_decay=0.1: [space] can propose a trial that is refused: 'weight_decay'"),
        ("seed", "3", "--set seed=3: training seeds come from [study] seed"),
        ("study.name", "", "--set study.name=: takes letters"),
    ],
)
def test_a_wrong_setting_given_beside_the_file_is_refused(key: str, value: str, message: str) -> None:
    assert refusal(**{key: value}).startswith(message)


def test_a_byte_order_mark_is_not_a_part_of_the_text(tmp_path: Path) -> None:
    file = tmp_path / "wide.toml"
    file.write_text(GRID, encoding="utf-8-sig")
    assert load_study(file).name == "wide"


def test_a_file_name_that_cannot_name_a_study_is_refused_as_that(tmp_path: Path) -> None:
    file = tmp_path / "my study.toml"
    file.write_text(GRID)
    with pytest.raises(DefinitionError, match="the study is called like its file, and 'my study' is not a name"):
        load_study(file)
    assert load_study(file, {"study.name": "my_study"}).name == "my_study"


def test_what_is_not_a_file_is_refused_before_it_is_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.toml")
    for path in (tmp_path, tmp_path / "pipe.toml", Path("/dev/zero")):
        with pytest.raises(DefinitionError, match="is not a file"):
            load_study(path)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("9" * 5000, "mine.toml: is not valid TOML: it holds an integer of more than 64 bits"),
        ("0x" + "f" * 5000, "mine.toml: holds an integer of more than 64 bits"),
        ("[" * 500 + "]" * 500, "mine.toml: is nested too deeply"),
        ("[" * 50 + "]" * 50, "mine.toml: is nested too deeply"),
    ],
)
def test_what_is_too_large_for_a_study_file_is_refused(value: str, message: str) -> None:
    assert refusal(f"{TEXT}\nlr = {{ choices = [{value}] }}").startswith(message)
    assert refusal(epochs=value).startswith("--set 'epochs'")


@pytest.mark.parametrize(
    ("key", "text", "value"),
    [
        ("hidden", "1024-10-10", (1024, 10, 10)),
        ("hidden", "[64, 32]", (64, 32)),
        ("patience", "none", None),
        ("patience", "None", None),
        ("norm", "batch", "batch"),
        ("norm", '"batch"', "batch"),
        ("checkpoint_monitor", "none", None),
        ("lr", "1e-2", 0.01),
        ("restore_best", "false", False),
    ],
)
def test_a_setting_given_beside_the_file_is_read_as_in_the_file(key: str, text: str, value: object) -> None:
    definition = parsed(GRID, **{key: text})
    assert getattr(definition.experiment_config(definition.experiments[0], seed=0), key) == value


def test_none_can_be_a_choice_and_a_value_of_every_table() -> None:
    definition = parsed(TEXT + "patience = { choices = ['none', 3] }", data__image_size="none")
    assert definition.data.image_size is None
    assert definition.trial_config({"depth": 1, "width": 4, "patience": "none"}, seed=0).patience is None


def test_layers_can_be_choices() -> None:
    space = parsed("[space]\nhidden = { choices = [[64, 32], [128], '8-8'] }").space
    assert space["hidden"].choices == ("64-32", "128", "8-8")


@pytest.mark.parametrize(
    ("parameter", "message"),
    [
        (
            "width = { low = 8.0, high = 16.0 }",
            "[space.width] 'width' takes whole numbers: write 'low' 8 and 'high' 16",
        ),
        ("batch_size = { low = 8, high = 64.0 }", "[space.batch_size] 'batch_size' takes whole numbers"),
        (
            "lr = { choices = [0.1, 1e40] }",
            "[space.lr] 'choices.1': must be a number that 32 bits can hold but got 1e+40",
        ),
        ("l2 = { low = 1e-7, high = 1e308, log = true }", "[space.l2] 'high': must be a number that 32 bits can hold"),
        ("dropout = { low = 0.0, high = 0.5, step = 1e-30 }", "[space.dropout] 'step' 1e-30 is too small"),
        ("lr = { choices = [{}] }", "[space.lr] 'choices.0': takes a text, a number, true or false, or a list"),
        ("lr = { choices = 3 }", "[space.lr] 'choices': takes a list but got 3"),
        ("lr = { choices = ['0.1'] }", "[space.lr] takes a number without quotes but got '0.1'"),
        ("norm = { choices = ['none'], when = 3 }", "[space.norm] 'when': takes a table but got 3"),
        ("learning_rate = { low = 1, high = 2 }", "[space] unknown setting 'learning_rate'. Did you mean 'lr' or"),
        ("neurons = { low = 1, high = 2 }", "[space] unknown setting 'neurons'. Did you mean 'width' or 'hidden'?"),
    ],
)
def test_a_parameter_of_the_wrong_type_is_refused(parameter: str, message: str) -> None:
    assert refusal(f"[space]\ndepth = {{ low = 1, high = 3 }}\n{parameter}").startswith(f"mine.toml: {message}")


def test_a_space_that_is_left_empty_is_refused_by_its_cause() -> None:
    assert refusal(depth="2", width="64.0") == "--set fixes all that [space] has, so nothing is left to search"


BOTH_FORMS = """
[trial]
patience = 3
[space]
depth = { low = 1, high = 3 }
width = { low = 4, high = 8 }
taper = { choices = [1.0, 0.5], when = { depth = [2, 3] } }
lr_multiplier = { low = 0.1, high = 10.0, log = true }
norm = { choices = ["none", "batch"] }
[[enqueue]]
depth = 2
width = 4
lr_multiplier = 1.0
norm = "batch"
"""


@pytest.mark.parametrize(
    ("overrides", "left"),
    [
        ({"lr": "0.01"}, ["depth", "width", "taper", "norm"]),
        ({"trial.lr": "0.01"}, ["depth", "width", "taper", "norm"]),
        ({"space.lr": "{ low = 1e-4, high = 1e-2, log = true }"}, ["depth", "width", "taper", "norm", "lr"]),
        ({"hidden": "64-64"}, ["lr_multiplier", "norm"]),
        ({"hidden": "64-64", "lr": "0.01"}, ["norm"]),
        ({"width": "8"}, ["depth", "taper", "lr_multiplier", "norm"]),
    ],
)
def test_a_setting_given_beside_the_file_takes_its_other_form_out(overrides: dict[str, str], left: list[str]) -> None:
    definition = parse_study(BOTH_FORMS, overrides, source="mine.toml", default_name="mine")
    assert list(definition.space) == left
    assert all(row.keys() <= set(left) for row in definition.enqueue)
    assert len(definition.enqueue) == 1


READ_BY_A_CHOICE = """
[trial]
augmentation = "flip_shift"
shift = 2
patience = 3
restore_best = true
[space]
depth = { choices = [1] }
width = { choices = [8] }
optimizer = { choices = ["adam", "sgd"] }
momentum = { low = 0.5, high = 0.9, when = { optimizer = "sgd" } }
beta1 = { low = 0.5, high = 0.9, when = { optimizer = "adam" } }
"""


def test_a_choice_given_beside_the_file_takes_out_what_only_other_choices_read() -> None:
    assert parsed(READ_BY_A_CHOICE).trial["shift"] == 2
    assert "shift" not in parsed(READ_BY_A_CHOICE, augmentation="none").trial
    assert parsed(READ_BY_A_CHOICE, augmentation="flip_shift").trial["shift"] == 2
    assert "restore_best" not in parsed(READ_BY_A_CHOICE, patience="none").trial
    assert parsed(READ_BY_A_CHOICE, patience="5").trial["restore_best"] is True
    assert list(parsed(READ_BY_A_CHOICE, optimizer="adam").space) == ["depth", "width", "beta1"]
    assert list(parsed(READ_BY_A_CHOICE, optimizer="sgd").space) == ["depth", "width", "momentum"]


def test_a_choice_of_the_experiments_that_state_none_leaves_the_others_what_they_read() -> None:
    text = "[[experiment]]\nname = 'a'\nsettings = { hidden = '8', optimizer = 'sgd', momentum = 0.9 }"
    given = parse_study(text, {"trial.optimizer": "adam"}, source="mine.toml", default_name="mine")
    config = given.experiment_config(given.experiments[0], seed=0)
    assert (config.optimizer, config.momentum) == ("sgd", 0.9)


@pytest.mark.parametrize("first", ["augmentation", "shift"])
def test_what_is_given_beside_the_file_is_refused_rather_than_taken_out(first: str) -> None:
    given = {"augmentation": "none", "shift": "3"}
    ordered = {first: given.pop(first), **given}
    assert "'shift' is not read by augmentation 'none'" in refusal(READ_BY_A_CHOICE, **ordered)


def test_a_learning_rate_given_beside_a_grid_replaces_that_of_its_experiments() -> None:
    text = "[[experiment]]\nname = 'a'\nsettings = { depth = 1, width = 4, lr_multiplier = 2.0 }"
    definition = parsed(text, lr="0.5", hidden="8-8")
    config = definition.experiment_config(definition.experiments[0], seed=0)
    assert (config.lr, config.lr_multiplier, config.hidden, config.depth) == (0.5, None, (8, 8), None)


def test_an_error_names_what_was_given_and_not_the_file() -> None:
    assert refusal(BOTH_FORMS, lr="0.1", lr_multiplier="2") == (
        "--set lr and --set lr_multiplier contradict each other: state one of the two"
    )
    together = refusal(BOTH_FORMS, optimizer="adam", patience="none", restore_best="true")
    assert together.startswith("--set patience=none --set restore_best=true: [space] can propose")
    with pytest.raises(DefinitionError, match=r"^--epochs 0: must be at least 1"):
        parse_study(TEXT, {"epochs": "0"}, source="", default_name="mine", named={"epochs": "--epochs 0"})
    # The file is wrong without it, too.
    assert refusal(BOTH_FORMS + "shift = 'x'", epochs="3").startswith("mine.toml: ")


def test_settings_that_are_not_a_table_are_refused_with_and_without_others_beside_the_file() -> None:
    text = "[[experiment]]\nname = 'a'\nsettings = 'x'"
    assert refusal(text) == refusal(text, epochs="3")
    assert refusal(text).startswith("mine.toml: [[experiment]] a 'settings': must be a table such as")


def test_foreign_text_in_a_message_is_escaped_and_short() -> None:
    assert r"'a\nb\x1b[31m'" in refusal(TEXT + '"a\\nb\\u001b[31m" = 3')
    assert len(refusal(norm="x" * 10_000)) < 220


def test_the_text_and_the_overrides_make_the_same_study_again() -> None:
    first = parsed(epochs="9", study__name="other")
    again = parse_study(first.text, first.overrides, source="the database", default_name="x")
    assert again == first


def test_a_fingerprint_is_of_what_is_run_alone() -> None:
    assert fingerprint(parsed()) == fingerprint(parsed("# a comment\n" + TEXT))
    assert fingerprint(parsed()) == fingerprint(parsed(study__name="other"))
    assert fingerprint(parsed()) == fingerprint(parsed(epochs="7"))
    assert fingerprint(parsed(GRID)) == fingerprint(parsed(GRID.replace("50.0", "60.0")))
    # The images have a fingerprint of their own, wherever they lie.
    assert fingerprint(parsed()) == fingerprint(parsed(data__dataset="elsewhere"))


@pytest.mark.parametrize(
    ("key", "value"), [("epochs", "8"), ("study.seed", "1"), ("data.split", "first"), ("space.depth.high", "4")]
)
def test_another_setting_is_another_fingerprint(key: str, value: str) -> None:
    changed = parse_study(TEXT, {key: value}, source="", default_name="mine")
    assert fingerprint(changed) != fingerprint(parsed())
