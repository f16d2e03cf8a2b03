import json
import re
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from hpo.serve.tensorboard import Links
from tests.browser import visited
from tests.cli.command import HPO, PATIENCE, environment, hpo
from tests.cli.conftest import GRID, SEARCH


@dataclass
class Server:
    address: str
    said: str

    def json(self, path: str, body: dict[str, Any] | None = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.address + path, data, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A grid and a search."""
    folder = tmp_path_factory.mktemp("tensorboard")
    for name, text, command in (("grid", GRID, "replay-grid"), ("search", SEARCH, "search --trials 2")):
        (folder / f"{name}.toml").write_text(text)
        ended = hpo(*command.split(), "--study", f"{name}.toml", cwd=folder, data_dir=folder)
        assert ended.returncode == 0, ended.stderr
    return folder


@contextmanager
def served(folder: Path, *arguments: str) -> Iterator[Server]:
    """Serve until Ctrl-C, which is to end it quietly and at once."""
    with (folder / "said").open("w+") as output:
        process = subprocess.Popen(
            [*HPO, "tensorboard", *arguments],
            cwd=folder,
            env=environment(folder),
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
        try:
            give_up = time.monotonic() + PATIENCE
            while "http" not in (said := (folder / "said").read_text()) and time.monotonic() < give_up:
                assert process.poll() is None, said
                time.sleep(0.1)
            (address,) = re.findall(r"http://127\.0\.0\.1:\d+/", said)
            yield Server(address, said)
        finally:
            process.send_signal(signal.SIGINT)
            code = process.wait(timeout=60)
        assert (code, (folder / "said").read_text()) == (0, said)


def wait_for_runs(server: Server, number: int) -> list[str]:
    """Return the names of the runs, once so many have been read."""
    give_up = time.monotonic() + PATIENCE
    while len(runs := server.json("data/runs")) < number and time.monotonic() < give_up:
        time.sleep(0.2)
    return sorted(runs)


def test_runs_tags_and_hparams_of_a_grid_are_shown_without_an_error(folder: Path, browser: Browser):
    with served(folder, "pair", "--port", "16106") as server:
        names = ["01_narrow", "02_wide", "03_wide_tanh"]
        parts = ("", "/train", "/validation")
        assert wait_for_runs(server, 9) == [name + part for name in names for part in parts]
        with visited(browser, f"{server.address}?smoothing=0#timeseries") as visit:
            for text in ("01_narrow/train", "02_wide/validation", "curves/accuracy", "curves/loss", "epoch/lr"):
                expect(visit.page.get_by_text(text, exact=True).first).to_be_visible(timeout=30_000)
            visit.page.goto(f"{server.address}#hparams")
            for text in ("01_narrow", "02_wide", "hidden", "val/best_accuracy"):
                expect(visit.page.get_by_text(text, exact=True).first).to_be_visible(timeout=30_000)
            assert visit.errors == []
            assert visit.foreign == []
        histograms = server.json("data/plugin/histograms/tags")["01_narrow"]
        assert {"weights/hidden.0.linear.weight", "gradients/output.bias"} <= set(histograms)
        assert "01_narrow" in server.json("data/plugin/graphs/info")


def test_chosen_runs_of_all_studies_are_shown_under_their_names_on_the_next_free_port(folder: Path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with served(folder, "--port", str(port), "--only", "0*", "--only", "tiny/*1") as server:
            assert f"Port {port} is in use; this is port" in server.said
            assert "TensorBoard shows 4 runs of pair, tiny." in server.said
            runs = wait_for_runs(server, 12)
    assert {"pair/01_narrow", "tiny/trial_00001/train"} <= set(runs)
    assert "tiny/trial_00000" not in runs


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["pear"], "there is no study 'pear'. Did you mean 'pair'?"),
        (["pair", "--only", "narrow"], "--only 'narrow' fits no run. Did you mean '01_narrow'?"),
        (["--runs", "empty"], "empty/hpo.db holds no studies: nothing has been run here yet."),
    ],
)
def test_what_is_not_there_is_said_in_one_line(folder: Path, arguments: list[str], said: str):
    ended = hpo("tensorboard", *arguments, cwd=folder, data_dir=folder)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.endswith(f"{said}\n") and ended.stderr.count("\n") == 1


def test_links_follow_the_runs_that_are_there(tmp_path: Path):
    shown, runs = tmp_path / "shown", tmp_path / "runs"
    for name in ("first", "second", "third"):
        (runs / name).mkdir(parents=True)
    shown.mkdir()
    links = Links(shown)
    links.show({"01": runs / "first", "study/02": runs / "second", "03": runs / "deleted"})
    assert [path.resolve() for path in (shown / "01", shown / "study" / "02")] == [runs / "first", runs / "second"]
    links.show({"01": runs / "third"})
    assert (shown / "01").resolve() == runs / "third"
    assert len(links) == 1 and not (shown / "study" / "02").exists()
