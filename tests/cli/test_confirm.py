"""`hpo confirm`, and the confirmation that ends a search: real runs on the digits."""

import json
import os
import re
import signal
from pathlib import Path
from typing import Any

import pytest

from hpo.data.load import load_dataset
from hpo.definition.data_config import DataConfig
from hpo.definition.outcome import Outcome
from hpo.storage.address import Address
from hpo.storage.stored_study import StoredStudy, read_study
from hpo.storage.stored_trial import title
from hpo.storage.study_record import DatasetRecord
from hpo.training.epoch import Epoch
from tests.cli.command import hpo, interrupt
from tests.cli.conftest import GRID, SEARCH, Call
from tests.studies import NO_IMAGES, definition, live_study, search_plan

# Long enough to be killed in the middle.
STUDY = SEARCH.replace("epochs = 2", "epochs = 25")
EXPORT = "hpo export tiny --confirmed -o model.safetensors\n"
CONFIRM = "confirm tiny --top 2 --seeds 2 --json"


def finished_weights(runs: Path, study: str) -> int:
    return len(list((runs / study).glob("*/weights.safetensors")))


def read(runs: Path, name: str = "tiny-confirmed") -> StoredStudy:
    return read_study(Address.of(runs), name)


def measured_on_test_images(study: StoredStudy) -> set[str]:
    return {trial.name for trial in study.trials if trial.result.get("test_accuracy") is not None}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, data_dir: Path) -> Path:
    """A folder with a search that has ended."""
    folder = tmp_path_factory.mktemp("confirm")
    (folder / "tiny.toml").write_text(STUDY)
    ended = hpo("search", "--study", "tiny.toml", "--trials", "3", cwd=folder, data_dir=data_dir)
    assert ended.returncode == 0, ended.stderr
    return folder


@pytest.fixture(scope="module")
def whole(folder: Path, data_dir: Path) -> dict[str, Any]:
    ended = hpo(*CONFIRM.split(), "--workers", "1", cwd=folder, data_dir=data_dir)
    assert ended.returncode == 0, ended.stderr
    assert ended.stderr.endswith(f"6 of 6 trials: 6 complete. Next: {EXPORT}")
    told: dict[str, Any] = json.loads(ended.stdout)
    return told


def test_the_chosen_one_and_the_yardstick_alone_are_measured_on_the_test_images(folder: Path, whole: dict[str, Any]):
    chosen = whole["chosen"]
    (look,) = whole["looks"]
    expected = {f"{name}_seed{seed}" for name in (chosen, "yardstick") for seed in (1, 2)}
    assert {run for result in look["results"] for run in result["runs"]} == expected
    stored = read(folder / "runs")
    assert measured_on_test_images(stored) == expected
    by_name = {trial.name: trial for trial in stored.trials}
    accuracies = [by_name[run].result["test_accuracy"] for run in look["results"][0]["runs"]]
    assert look["results"][0]["accuracy"] == pytest.approx(sum(accuracies) / 2)
    assert [row["experiment"] for row in whole["rows"]][-1] == "yardstick"
    assert len(whole["rows"]) == 3
    search = read(folder / "runs", "tiny")
    fresh = {trial.config["seed"] for trial in stored.trials}
    assert len(fresh) == 2 and not fresh & {trial.config["seed"] for trial in search.trials}


def test_the_chosen_one_is_exported_alone_and_with_all_of_its_seeds(
    folder: Path, whole: dict[str, Any], call: Call, monkeypatch: Any
):
    monkeypatch.chdir(folder)
    for study, option, runs in (
        ("tiny", "--confirmed", 1),
        ("tiny", "--ensemble", 2),
        ("tiny-confirmed", "--ensemble", 2),
    ):
        code, out, err = call(f"export {study} {option} -o model.safetensors --force")
        assert (code, err) == (0, ""), err
        assert out.count("model.safetensors: study tiny-confirmed, trial ") == runs
        card = (folder / "model.md").read_text()
        assert f"{title(whole['chosen'])} of the confirmation tiny-confirmed" in card
    code, _, err = call("export tiny --ensemble --trial 0 -o model.onnx")
    assert code == 2 and "give one of them" in err


def test_best_tells_what_the_confirmation_chose(folder: Path, whole: dict[str, Any], call: Call, monkeypatch: Any):
    monkeypatch.chdir(folder)
    code, out, err = call("best tiny --json")
    told = json.loads(out)
    chosen = next(row for row in whole["rows"] if row["experiment"] == whole["chosen"])
    assert (code, err, told["confirmation"]) == (0, "", "tiny-confirmed")
    assert told["best"]["trial"] == chosen["trial"] and 100 * told["best"]["value"] == pytest.approx(chosen["mean"])
    assert 100 * told["best"]["searched"] == pytest.approx(chosen["search_value"])
    assert {**told["test"], "when": ""} == {**whole["looks"][0], "when": ""}
    assert call("best tiny-confirmed --json")[1] == out


def test_a_second_look_says_so_and_keeps_the_first(folder: Path, whole: dict[str, Any], call: Call, monkeypatch: Any):
    monkeypatch.chdir(folder)
    code, out, err = call("confirm tiny --top 1 --seeds 3 --workers 1 --no-yardstick --refit 2")
    assert code == 0, err
    assert f"The test images were used before: {whole['looks'][0]['when']} UTC, {whole['chosen']}" in " ".join(
        out.split()
    )
    looks = read(folder / "runs").record.looks
    assert looks[0].model_dump(mode="json") == whole["looks"][0]
    assert len(looks) == 3 and looks[2].results[0].experiment.endswith("-refit2")
    refit = read(folder / "runs").trials[-1]
    assert (refit.config["epochs"], refit.config["augmentation"]) == (50, "flip_shift")
    for command in ("list", "show tiny-confirmed", "trial tiny-confirmed 0", "findings tiny-confirmed"):
        code, out, err = call(command)
        assert (code, err) == (0, "") and "confirm" in out
    code, out, _ = call(f"compare tiny-confirmed/{whole['chosen']} tiny-confirmed/yardstick")
    assert code == 0 and "paired" in out


def test_a_search_ends_with_its_confirmation_even_if_it_is_killed_there(tmp_path: Path, data_dir: Path):
    (tmp_path / "tiny.toml").write_text(STUDY + "[confirmation]\ntop = 2\nshare = 0.5\n")
    command = "search --study tiny.toml --trials 8"
    code, said, _ = interrupt(
        command,
        cwd=tmp_path,
        data_dir=data_dir,
        ready=lambda: finished_weights(tmp_path / "runs", "tiny-confirmed") > 0,
        send=lambda pid, _: os.kill(pid, signal.SIGKILL),
    )
    assert code == -signal.SIGKILL, said
    assert "Of 8 trials, 4 runs will retrain the best 2 with fresh seeds." in said
    stored = read(tmp_path / "runs")
    assert not measured_on_test_images(stored) and stored.record is not None and not stored.record.looks
    ended = hpo(*command.split(), cwd=tmp_path, data_dir=data_dir)
    assert ended.returncode == 0, ended.stderr
    assert ended.stderr.endswith("8 of 8 trials: 8 complete.\n")
    assert ended.stdout.startswith("Best of study tiny, confirmed by study tiny-confirmed\n")
    assert "mean of 2 fresh seeds" in ended.stdout and ", 2 runs; their ensemble" in ended.stdout
    assert ended.stdout.endswith(EXPORT) and len(ended.stdout.splitlines()) <= 22
    assert len(read(tmp_path / "runs", "tiny").trials) == len(read(tmp_path / "runs").trials) == 4


@pytest.fixture
def finished(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Puts a search on record that nobody trained."""
    monkeypatch.chdir(tmp_path)

    def put(n_trials: int, images: DatasetRecord = NO_IMAGES) -> None:
        study = definition(SEARCH)
        with live_study(study, tmp_path / "runs", images) as live:
            plan = search_plan(live, study, n_trials)
            while job := plan.next_job():
                live.report(job.number, Epoch(1, 1.0, 0.5, 1.0, 0.5, 0.1, 0.1))
                live.tell(job.number, Outcome.COMPLETE, {"val_accuracy": 0.5, "parameters": 1})

    return put


@pytest.mark.parametrize(
    ("n_trials", "command", "says"),
    [
        (1, "export tiny --confirmed -o model.onnx", "study 'tiny' has no confirmation yet: run hpo confirm tiny"),
        (1, "confirm tinny", "there is no study 'tinny'. Did you mean 'tiny'?"),
        (0, "confirm tiny", "study 'tiny' has no finished trial to confirm; resume it with hpo search."),
        (
            1,
            "confirm tiny",
            "study 'tiny' was begun on other images of none than digits has now: say with --data where",
        ),
        (1, "confirm tiny --data ./nowhere", "Data set './nowhere' does not exist"),
        (1, "confirm tiny --name tiny", "study 'tiny' exists and does not confirm 'tiny': choose another --name."),
        (
            1,
            "search --study tiny.toml --trials 9 --refit 2",
            "--refit trains the winner of a confirmation: add --confirm",
        ),
    ],
)
def test_a_wrong_request_is_one_line(n_trials: int, command: str, says: str, finished: Any, call: Call):
    finished(n_trials)
    Path("tiny.toml").write_text(SEARCH)
    code, out, err = call(command)
    assert (code, out, err.count("\n")) == (2, "", 1), err
    assert err.startswith("hpo: ") and says in err


def test_what_is_no_search_that_has_ended_is_refused(finished: Any, call: Call, tmp_path: Path):
    finished(1)
    with live_study(definition(SEARCH), tmp_path / "runs"):
        code, _, err = call("confirm tiny")
        assert (code, err.count("\n")) == (2, 1)
        assert "study 'tiny' is being run by process" in err
    with live_study(definition(GRID), tmp_path / "runs"):
        pass
    code, _, err = call("confirm pair")
    assert code == 2 and "study 'pair' is a grid, and a confirmation is of a search: give its experiments" in err


def test_fewer_trials_than_asked_for_are_said_and_a_dry_run_runs_nothing(finished: Any, call: Call, data_dir: Path):
    digits = load_dataset(DataConfig(dataset="digits"), data_dir)
    finished(2, DatasetRecord(name="digits", fingerprint=digits.fingerprint))
    code, out, err = call("confirm tiny --top 5 --seeds 2 --dry-run --workers 1")
    assert code == 0, err
    # Of equal configurations, one counts.
    found = re.match(r"Study tiny has (1|2) finished configurations?, fewer than --top 5: .*\n", err)
    assert found, err
    assert out.startswith(f"Study tiny-confirmed: {2 * (int(found[1]) + 1)} trials of 2 epochs")
    assert not Path("runs/tiny-confirmed").exists()


@pytest.mark.parametrize("bound", ["--epochs-total 30", "--until-converged --trials 8"])
def test_a_search_with_promotion_takes_any_bound_and_is_confirmed(bound: str, tmp_path: Path, call: Call) -> None:
    (tmp_path / "tiny.toml").write_text(STUDY + '[confirmation]\ntop = 2\nshare = 0.5\n[pruner]\nname = "halving"\n')
    code, out, err = call(f"search --study {tmp_path / 'tiny.toml'} --epochs 4 {bound} --runs {tmp_path / 'runs'}")
    assert code == 0, err
    assert out.startswith("Best of study tiny, confirmed by study tiny-confirmed\n")
    searched = read(tmp_path / "runs", "tiny").trials
    assert {trial.status for trial in searched} == {"pruned", "complete"}
    if "epochs" in bound:
        told = f"The search ended: --epochs-total 30 allows {len(searched)} trials."
        assert err.index(told) < err.index("-confirmed: ") < err.rindex(told)
        assert 30 - 4 < sum(len(trial.curve["val_loss"]) for trial in searched) <= 30
