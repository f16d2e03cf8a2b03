"""What `hpo dashboard` answers, over HTTP and in a real browser, on one search and one grid."""

import gzip
import json
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from hpo.definition.outcome import Outcome
from hpo.serve.dashboard import DashboardServer
from hpo.storage.address import Address
from hpo.storage.artifact_store import open_artifact_store
from hpo.storage.stored_study import read_study
from hpo.training.epoch import Epoch
from tests.browser import visited
from tests.studies import definition, live_study, search_definition, search_plan

ROWS = """
# Does a wider network help?
[study]
name = "rows"
[data]
dataset = "digits"
[trial]
epochs = 3
hidden = "16"
[[experiment]]
name = "01_adam"
[[experiment]]
name = "02_wide"
settings = { hidden = "32", patience = 2 }
documented = { test_accuracy = 97.5 }
"""
RESULT = {
    "val_accuracy": 0.75,
    "train_accuracy": 0.9,
    "test_accuracy": 0.7,
    "parameters": 1234,
    "confusion": {"classes": ["cat", "dog"], "counts": [[3, 1], [0, 4]]},
}


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A search of three trials and a grid of two, whose epochs are invented."""
    from hpo.search.grid_plan import GridPlan

    folder = tmp_path_factory.mktemp("dashboard")
    search, grid = search_definition(), definition(ROWS)
    for study in (search, grid):
        with live_study(study, folder) as live:
            plan = search_plan(live, study, 3) if study is search else GridPlan(live, study, 1)
            while job := plan.next_job():
                live.trains(job.number)
                for epoch in (1, 2):
                    live.report(job.number, Epoch(epoch, 1.0 / epoch, 0.5, 1.1 / epoch, 0.6, 0.01, 0.1))
                live.tell(job.number, Outcome.COMPLETE, {**RESULT, "val_accuracy": 0.7 + job.number / 100})
    return folder


@pytest.fixture(scope="module")
def port(runs: Path) -> Iterator[int]:
    with DashboardServer(Address.of(runs), open_artifact_store(runs), port=0) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server.port
        server.shutdown()
        thread.join()


def ask(port: int, path: str, method: str = "GET", **headers: str) -> tuple[int, dict[str, str], bytes]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers=named, method=method)
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, dict(answer.headers), answer.read()
    except urllib.error.HTTPError as error:
        return error.code, dict(error.headers), error.read()


def detail(port: int, study: int) -> Any:
    return json.loads(ask(port, f"/api/studies/{study}")[2])


def test_a_trial_has_short_columns_a_note_and_figures(port: int):
    study = detail(port, 2)
    assert study["objective_names"] == ["val_accuracy"]
    wide = study["trials"][1]
    columns = {attr["key"]: attr["value"] for attr in wide["user_attrs"]}
    expected = {"outcome": "complete", "parameters": "1234", "epochs": "2", "test_accuracy": "0.7", "lr": "0.001"}
    assert expected.items() <= columns.items()
    assert all(len(value) < 40 for value in columns.values())
    assert "Experiment **02\\_wide**, replicate 1. Documented: test accuracy 97.5 %." in wide["note"]["body"]
    assert "hidden layers 32" in wide["note"]["body"]
    assert {artifact["filename"] for artifact in wide["artifacts"]} == {"curve.svg", "confusion.svg"}
    assert "**Does a wider network help?**" in study["note"]["body"]


def test_the_settings_of_a_grid_are_parameters_that_have_an_importance(port: int):
    study = detail(port, 2)
    assert [{p["name"]: p["param_external_value"] for p in trial["params"]} for trial in study["trials"]] == [
        {"hidden": "16", "patience": "None"},
        {"hidden": "32", "patience": "2"},
    ]
    status, _, answer = ask(port, "/api/studies/2/param_importances")
    assert status == 200
    assert {row["name"] for row in json.loads(answer)["param_importances"][0]} == {"hidden", "patience"}


def test_a_study_without_parameters_has_no_importance_rather_than_an_error(tmp_path: Path):
    import optuna

    storage = f"sqlite:///{tmp_path / 'hpo.db'}"
    study = optuna.create_study(storage=storage)
    for value in (1.0, 2.0):
        study.tell(study.ask(), value)
    with DashboardServer(Address.of(tmp_path), open_artifact_store(tmp_path), port=0) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        status, _, answer = ask(server.port, "/api/studies/1/param_importances")
        server.shutdown()
    assert (status, json.loads(answer)) == (200, {"param_importances": [[]]})


def test_an_artifact_is_sent_as_an_attachment_that_is_not_sniffed(port: int):
    trial = detail(port, 1)["trials"][0]
    path = f"/artifacts/1/{trial['trial_id']}/{trial['artifacts'][0]['artifact_id']}"
    status, headers, content = ask(port, path)
    assert status == 200
    assert content.startswith(b"<svg")
    assert headers["Content-Disposition"] == "attachment"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "Access-Control-Allow-Origin" not in headers


@pytest.mark.parametrize(
    ("method", "headers", "status"),
    [
        ("GET", {}, 200),
        ("GET", {"Host": "localhost:1"}, 200),
        ("GET", {"Host": "evil.example"}, 403),
        ("GET", {"Host": "127.0.0.1.evil.example"}, 403),
        ("GET", {"Origin": "http://evil.example"}, 403),
        ("GET", {"Origin": "null"}, 403),
        ("DELETE", {}, 403),
        ("POST", {"Content_Type": "application/json"}, 403),
    ],
)
def test_only_this_machine_reads_and_nobody_changes(port: int, method: str, headers: dict[str, str], status: int):
    path = "/api/studies" if method != "DELETE" else "/api/studies/1"
    answered, _, body = ask(port, path, method, **headers)
    assert answered == status
    assert (status == 200) == ("reason" not in json.loads(body))


def test_a_long_answer_is_compressed_for_who_can_read_it(port: int):
    plain = ask(port, "/api/studies/1")
    small = ask(port, "/api/studies/1", Accept_Encoding="gzip")
    assert small[1]["Content-Encoding"] == "gzip"
    assert json.loads(gzip.decompress(small[2])) == json.loads(plain[2])
    assert len(small[2]) < len(plain[2]) / 2


def test_editing_is_for_those_who_asked_for_it_and_a_deleted_study_is_gone(tmp_path: Path):
    study = search_definition()
    with live_study(study, tmp_path):
        pass
    address = Address.of(tmp_path)
    with DashboardServer(address, open_artifact_store(tmp_path), port=0, allow_edit=True) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        assert ask(server.port, "/api/studies/1", "DELETE", Origin="http://evil.example")[0] == 403
        assert ask(server.port, "/api/studies/1", "DELETE", Content_Type="application/json")[0] == 204
        assert json.loads(ask(server.port, "/api/studies")[2]) == {"study_summaries": []}
        server.shutdown()


def test_a_port_in_use_is_left_for_the_next_free_one(port: int, runs: Path):
    with DashboardServer(Address.of(runs), open_artifact_store(runs), port) as server:
        assert port < server.port <= port + 100


def test_plain_optuna_dashboard_answers_the_same(port: int, runs: Path):
    from optuna_dashboard import wsgi

    application = wsgi(f"sqlite:///{runs / 'hpo.db'}")
    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": "/api/studies/2", "QUERY_STRING": "", "wsgi.errors": None}
    plain = json.loads(b"".join(application(environ, lambda *_: None)))
    assert plain == detail(port, 2)


def test_what_a_page_shows_is_not_read_as_what_was_measured(runs: Path):
    trial = read_study(Address.of(runs), "rows").trials[1]
    assert trial.user_attrs == {}
    assert trial.system_attrs == {}
    assert (trial.result["test_accuracy"], trial.config["hidden"]) == (0.7, "32")
    assert trial.confusion == RESULT["confusion"]


@pytest.mark.parametrize("width", [1440, 390])
@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("/dashboard", "text=rows"),
        ("/dashboard/studies/2", ".js-plotly-plot .main-svg"),
        ("/dashboard/studies/2/note", "text=Does a wider network help?"),
        ("/dashboard/studies/2/trials?numbers=1", "text=Documented: test accuracy 97.5 %."),
    ],
)
def test_a_page_is_nowhere_wider_than_its_window(browser: Browser, port: int, path: str, shown: str, width: int):
    with visited(browser, f"http://127.0.0.1:{port}{path}", width=width) as visit:
        visit.page.wait_for_selector(shown)
        if "trials" in path:
            # The figure is an image that the browser can draw.
            visit.page.wait_for_function("[...document.images].some(image => image.naturalWidth > 100)")
        assert visit.overflow <= 0
        assert not visit.errors
        assert not visit.foreign
