"""Each wrong request: one clear line, exit code 2, nothing run and nothing left behind."""

import sqlite3
import urllib.request
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.cli.conftest import GRID, SEARCH, Call, Told

SEARCHING = "search --study tiny.toml --trials 1 --workers 1"
CORRUPT = b"no database " * 1000
REPLAYING = "replay-grid --study pair.toml --workers 1"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "here"
    for name in ("corrupt", "foreign", "empty"):
        (folder / name).mkdir(parents=True)
    (folder / "tiny.toml").write_text(SEARCH)
    (folder / "pair.toml").write_text(GRID)
    (folder / "broken.toml").write_text("[study\n")
    (folder / "corrupt" / "hpo.db").write_bytes(CORRUPT)
    (folder / "empty" / "hpo.db").touch()
    connection = sqlite3.connect(folder / "foreign" / "hpo.db")
    connection.execute("CREATE TABLE cats (name TEXT)")
    connection.close()
    for split in ("train", "test"):
        (folder / "cats" / split / "cat").mkdir(parents=True)
        for number in range(3):
            Image.fromarray(np.zeros((4, 4, 3), np.uint8)).save(folder / "cats" / split / "cat" / f"{number}.png")
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def refused(folder: Path, call: Call) -> Any:
    """Runs a wrong request; returns what it says, once nothing else is found to have come of it."""

    def run(command: str, *, leaves: bool = False) -> str:
        before = sorted(folder.rglob("*"))
        code, out, err = call(command)
        assert (code, out) == (2, "")
        assert leaves or sorted(folder.rglob("*")) == before
        return err

    return run


@pytest.mark.parametrize(
    ("command", "says"),
    [
        (f"{SEARCHING} --trials 0", "--trials must be between 1 and 1,000,000 but got 0."),
        (f"{SEARCHING} --trials -3", "--trials must be between 1 and 1,000,000 but got -3."),
        (f"{SEARCHING} --trials 99999999999", "--trials must be between 1 and 1,000,000 but got 99999999999."),
        (f"{SEARCHING} --epochs 0", "hpo: --epochs 0: must be at least 1 but got 0"),
        (f"{SEARCHING} --seed -1", "hpo: --seed -1: must be at least 0 but got -1"),
        (f"{SEARCHING} --name ../up", "--name ../up: takes letters, digits and _ . + -"),
        (f"{SEARCHING} --name ''", "--name '': takes letters, digits and _ . + -"),
        (f"{SEARCHING} --set lr", "--set 'lr' is not of the form key=value"),
        (f"{SEARCHING} --set =3", "--set '=3' is not of the form key=value"),
        (f"{SEARCHING} --set lr=", "--set 'lr=' is not of the form key=value"),
        (f"{SEARCHING} --set epcohs=3", "--set: unknown setting 'epcohs'. Did you mean 'epochs'?"),
        (f"{SEARCHING} --set data.splt=first", "[data] unknown key 'splt'. Did you mean 'split'?"),
        (f"{SEARCHING} --set norm=batc", "--set norm=batc: unknown 'batc'. Did you mean 'batch'?"),
        (f"{SEARCHING} --set momentum=0.9", "'momentum' is not read by optimizer 'adam', only by sgd"),
        (f"{SEARCHING} --set patience=0", "--set patience=0: must be at least 1 but got 0"),
        (f"{SEARCHING} --workers 0", "--workers must be 'auto' or between 1 and 1024 but got 0."),
        (f"{SEARCHING} --workers 100000", "--workers must be 'auto' or between 1 and 1024 but got 100000."),
        (f"{SEARCHING} --device gpu", "--device takes auto, cpu, cuda or cuda:N, not 'gpu'."),
        (f"{SEARCHING} --device cuda:99", "--device cuda:99: this machine has none"),
        (f"{SEARCHING} --timeout 0", "--timeout must be above 0 but got 0."),
        (f"{SEARCHING} --memory-limit 0", "--memory-limit must be above 0 but got 0."),
        (f"{SEARCHING} --runs tiny.toml/runs", "cannot be created: Not a directory."),
        (f"{SEARCHING} --runs /proc/nowhere", "cannot be created: No such file or directory."),
        ("search --study serch", "study 'serch': there is no such file, and no study of that name comes with hpo."),
        ("search --study nowhere.toml", "study 'nowhere.toml': there is no such file"),
        ("search --study broken.toml", "broken.toml: is not valid TOML"),
        ("search --study pair.toml --trials 1", "study 'pair' is a grid; run it with hpo replay-grid."),
        ("replay-grid --study tiny.toml", "study 'tiny' is a search; run it with hpo search."),
        (f"{REPLAYING} --seeds 0", "--seeds must be between 1 and 1,000,000 but got 0."),
        (f"{REPLAYING} --only wid", "--only 'wid' fits no experiment. Did you mean 'wide'?"),
        (
            f"{REPLAYING} --only wide_tanh --no-controls",
            "--no-controls leaves no experiment of those that --only names.",
        ),
        (f"{REPLAYING} --json --csv", "--json and --csv exclude each other"),
        ("list --json --csv", "--json and --csv exclude each other"),
        ("list --runs corrupt", "corrupt/hpo.db: is damaged, or is not a database of hpo: file is not a database"),
        ("list --runs foreign", "foreign/hpo.db: is damaged, or is not a database of hpo: no such table: studies"),
        ("list --runs empty", "empty/hpo.db: is damaged, or is not a database of hpo: no such table: studies"),
        ("list --storage nonsense", "--storage is not the address of a database"),
        ("list --storage mysql://u:secret@h/d", "--storage takes SQLite or PostgreSQL, not 'mysql'."),
        ("show tiny", "runs/hpo.db: there is no such database; nothing has been run here yet"),
        ("findings pair --runs corrupt", "corrupt/hpo.db: is damaged"),
        ("compare a b", "runs/hpo.db: there is no such database"),
    ],
)
def test_a_wrong_request_is_one_line(command: str, says: str, refused: Any) -> None:
    said = refused(command)
    assert said.startswith("hpo: ") and said.count("\n") == 1
    assert says in said
    assert "secret" not in said


@pytest.mark.parametrize(
    ("command", "says"),
    [
        (f"{SEARCHING} --data digit", "Unknown data set 'digit'. Did you mean 'digits'?"),
        (f"{SEARCHING} --data ./nowhere", "Data set './nowhere' does not exist"),
        (f"{SEARCHING} --data cats", "cats: train/ holds one class only (cat); two or more are needed."),
        (f"{SEARCHING} --data tiny.toml", "tiny.toml is not an archive"),
        (f"{SEARCHING} --set data.validation=9999", "validation must be between 1 and 1436"),
        (f"{SEARCHING} --artifacts gs://bucket", "--artifacts takes s3://BUCKET or s3://BUCKET/PREFIX"),
        (f"{SEARCHING} --storage nonsense", "--storage is not the address of a database"),
        (f"{SEARCHING} --storage sqlite://", "--storage sqlite:// needs a file"),
        (f"{SEARCHING} --runs corrupt", "corrupt/hpo.db: is damaged, or is not an SQLite database"),
        (f"{SEARCHING} --runs foreign", "foreign/hpo.db: is a database of another program (it has the tables cats)."),
    ],
)
def test_a_request_that_fails_in_its_preparations_is_one_line_and_makes_no_study(
    command: str, says: str, refused: Any, folder: Path
) -> None:
    *progress, said = refused(command, leaves=True).splitlines()
    assert not any("hpo:" in line for line in progress)
    assert said.startswith("hpo: ") and says in said
    if (folder / "runs" / "hpo.db").exists():
        database = sqlite3.connect(folder / "runs" / "hpo.db")
        assert database.execute("SELECT * FROM studies").fetchall() == []
        database.close()
    assert (folder / "corrupt" / "hpo.db").read_bytes() == CORRUPT


@pytest.mark.parametrize("option", ["--data digit", "--storage nonsense", "--runs corrupt"])
def test_a_request_that_fails_in_its_preparations_leaves_no_file(option: str, refused: Any) -> None:
    refused(f"{SEARCHING} {option}")


@pytest.mark.parametrize(
    ("command", "says"),
    [
        ("serach", "No such command 'serach'. Did you mean 'search'?"),
        (f"{SEARCHING} --trails 3", "No such option: --trails"),
        (f"{SEARCHING} --trials ten", "Invalid value for '--trials'"),
        (f"{SEARCHING} --epochs 1.5", "Invalid value for '--epochs'"),
        (f"{SEARCHING} --workers many", "takes 'auto' or a number, not 'many'"),
        (f"{SEARCHING} --timeout soon", "a duration is written 90s, 30m, 2h or 1h30m"),
        (f"{SEARCHING} --timeout -5m", "a duration is written 90s, 30m, 2h or 1h30m"),
        (f"{SEARCHING} --trial-timeout 3x", "a duration is written 90s, 30m, 2h or 1h30m"),
        (f"{SEARCHING} --memory-limit lots", "a size is written 500M or 2G, not 'lots'"),
        (f"{REPLAYING} --seeds x", "Invalid value for '--seeds'"),
        ("show", "Missing argument 'STUDY'"),
        ("show tiny --top -1", "Invalid value for '--top'"),
        ("compare tiny", "Missing argument"),
    ],
)
def test_a_wrong_use_is_shown_its_usage(command: str, says: str, refused: Any) -> None:
    said = refused(command)
    assert said.startswith("Usage: ")
    assert says in " ".join(said.replace("│", " ").split())
    assert "Traceback" not in said


@pytest.mark.parametrize(
    ("command", "says"),
    [
        ("show tinny", "there is no study 'tinny'. Did you mean 'tiny'?"),
        ("trial tiny 99", "study 'tiny' has no trial 99; it has 0 to 2"),
        ("trial tiny x", "study 'tiny' has no trial 'x': a trial is named by its number, by its run, or as best."),
        ("trial pair wide_sed1", "Did you mean 'wide_seed1'?"),
        ("compare pair pair/wide", "both sides have wide_seed1 of study 'pair'"),
        ("compare tiny/0 tiny/trial_00000", "both sides have trial 0 of study 'tiny'"),
        ("compare pair tiny", "'pair' is a whole grid, and 'tiny' is one configuration"),
        ("findings tiny", "study 'tiny' makes no claims"),
        ("compare pair/wid pair", "study 'pair' has no experiment or run 'wid'. Did you mean 'wide'?"),
        (
            f"{SEARCHING} --epochs 3",
            "study 'tiny' was begun with other settings (trial.epochs 2, now 3): "
            "choose another --name, or resume with the settings that the study has.",
        ),
        (
            f"{SEARCHING} --set data.split=first",
            "study 'tiny' was begun with other settings (data.split stratified, now first)",
        ),
        ("search --study pair_as_tiny.toml --trials 9", "study 'tiny' was begun with other settings"),
    ],
)
def test_a_study_is_never_taken_for_another(
    command: str, says: str, work: Path, searched: Told, replayed: Told, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    (work / "pair_as_tiny.toml").write_text(SEARCH.replace("width", "batch_size").replace("depth", "hidden"))
    monkeypatch.chdir(work)
    database = sqlite3.connect(work / "runs" / "hpo.db")
    before = database.execute("SELECT * FROM trials").fetchall()
    code, out, err = call(command)
    assert (code, out) == (2, "")
    assert err.count("\n") == 1
    assert says in err
    assert database.execute("SELECT * FROM trials").fetchall() == before
    database.close()


def test_a_data_set_that_cannot_be_downloaded_says_what_can_be_done(
    refused: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for proxy in ("http_proxy", "https_proxy"):
        monkeypatch.setenv(proxy, "http://127.0.0.1:9")
    # urlopen keeps the proxies of its first call for the whole process: this test's must not outlive it.
    monkeypatch.setattr(urllib.request, "_opener", None)
    said = refused(f"{SEARCHING} --data svhn --data-dir {tmp_path / 'new'}", leaves=True)
    assert "svhn cannot be downloaded to" in said
    assert "Without a network, give a folder or archive" in said
    assert not [path for path in (tmp_path / "new").rglob("*") if path.is_file() and path.suffix != ".lock"]
