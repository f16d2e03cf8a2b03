"""How long the pages of `hpo dashboard` take, beside those of plain optuna-dashboard.

    python tests/benchmarks/dashboard_speed.py [--sizes 1000 10000] [--plain-up-to 1000] [--browser]

Trials are invented: parameters drawn at random from `studies/search.toml`, 20 epochs of a made-up curve, a note and two
figures each. Seconds of the answers to the list of studies, to the study with all its trials (first, and once more when
a page refreshes), and to the importance of parameters; with `--browser`, seconds until the page of the study shows its
plots.
"""

import argparse
import json
import random
import tempfile
import threading
import time
import urllib.error
import urllib.request
from contextlib import ExitStack
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from wsgiref.simple_server import make_server

import optuna
from optuna.trial import FrozenTrial, TrialState

from hpo.definition.outcome import Outcome
from hpo.definition.study_file import load_study
from hpo.display.trial_page import TrialPage
from hpo.serve.dashboard import DashboardServer
from hpo.storage.address import Address
from hpo.storage.artifact_store import open_artifact_store
from hpo.storage.database import open_database
from hpo.storage.ownership import owning
from hpo.storage.stored_study import read_study
from hpo.storage.study_creation import find_or_create_study, record_study
from hpo.storage.study_writer import StudyWriter
from tests.benchmarks.ask_cost import Drawn
from tests.studies import NO_IMAGES

STUDY = Path(__file__).parents[2] / "studies" / "search.toml"
EPOCHS = 20
CLASSES = [f"class {number}" for number in range(10)]


def main() -> None:
    """Print a row for each size and server."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[1000, 10000])
    parser.add_argument("--plain-up-to", type=int, default=1000)
    parser.add_argument("--browser", action="store_true")
    arguments = parser.parse_args()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    print(
        f"{'trials':>6} {'':6} {'list s':>7} {'study s':>8} {'again s':>8} {'MB sent':>8} {'importance s':>12}"
        f" {'page s':>7}"
    )
    for size in arguments.sizes:
        with tempfile.TemporaryDirectory() as folder:
            fill(Path(folder), size)
            with DashboardServer(Address.of(Path(folder)), open_artifact_store(Path(folder)), port=0) as server:
                threading.Thread(target=server.serve_forever, daemon=True).start()
                show(size, "hpo", server.port, browser=arguments.browser)
                server.shutdown()
            if size <= arguments.plain_up_to:
                from optuna_dashboard import wsgi

                plain = make_server("127.0.0.1", 0, wsgi(f"sqlite:///{folder}/hpo.db"))
                plain.RequestHandlerClass.log_message = lambda *_: None  # type: ignore[method-assign]
                threading.Thread(target=plain.serve_forever, daemon=True).start()
                show(size, "plain", plain.server_port, browser=arguments.browser)
                plain.shutdown()


def fill(runs: Path, size: int) -> None:
    """Write a study of `size` finished trials, with their pages."""
    definition = load_study(STUDY)
    rng = random.Random(0)
    with ExitStack() as stack:
        database = stack.enter_context(open_database(Address.of(runs)))
        key = find_or_create_study(database, definition)
        record_study(database, read_study(database.address, definition.name), definition, NO_IMAGES)
        lease = stack.enter_context(owning(database, key, definition.name))
        writer = StudyWriter(lease, {}, print, "invented", open_artifact_store(runs))
        start = datetime.now() - timedelta(days=1)
        for number in range(size):
            drawn = Drawn(rng)
            params = definition.suggest(drawn)
            height, pruned = rng.random(), rng.random() < 0.5
            epochs = range(1, 8 if pruned else EPOCHS + 1)
            rising = [height * (1 - 1 / (step + 1)) for step in epochs]
            columns = ("train_loss", "train_accuracy", "val_loss", "val_accuracy", "lr", "seconds")
            details: dict[str, Any] = {"curve": dict.fromkeys(columns, rising), "config": definition.trial}
            if not pruned:
                details["result"] = {"train_accuracy": rising[-1], "parameters": number}
                details["confusion"] = {"classes": CLASSES, "counts": [[5] * 10] * 10}
            outcome = Outcome.PRUNED if pruned else Outcome.COMPLETE
            trial = FrozenTrial(
                number=number,
                trial_id=-1,
                state=TrialState.PRUNED if pruned else TrialState.COMPLETE,
                value=rising[-1],
                datetime_start=start + timedelta(seconds=number),
                datetime_complete=start + timedelta(seconds=number + 1),
                params=params,
                distributions=drawn.distributions,
                user_attrs={"run_id": f"trial_{number:05d}", "outcome": outcome},
                system_attrs={},
                intermediate_values=dict(zip(epochs, rising, strict=True)),
            )
            writer.save(trial, details, TrialPage(f"trial_{number:05d}", outcome=outcome, **details))
        writer.close()


def show(size: int, whose: str, port: int, *, browser: bool) -> None:
    """Print one row."""
    address = f"http://127.0.0.1:{port}"
    listed, _ = timed(f"{address}/api/studies")
    study, sent = timed(f"{address}/api/studies/1?after=0")
    again, _ = timed(f"{address}/api/studies/1?after={size}")
    importance, _ = timed(f"{address}/api/studies/1/param_importances")
    page = seconds_of_page(f"{address}/dashboard/studies/1") if browser else float("nan")
    print(
        f"{size:6} {whose:6} {listed:7.2f} {study:8.2f} {again:8.2f} {sent / 1e6:8.2f} {importance:12.2f} {page:7.2f}",
        flush=True,
    )


def timed(address: str) -> tuple[float, int]:
    """Return the seconds and bytes of an answer."""
    start = time.perf_counter()
    request = urllib.request.Request(address, headers={"Accept-Encoding": "gzip"})
    try:
        with urllib.request.urlopen(request, timeout=600) as answer:
            content = answer.read()
    except urllib.error.HTTPError as error:
        print(f"{address}: {error.code} {json.loads(error.read())}")
        content = b""
    return time.perf_counter() - start, len(content)


def seconds_of_page(address: str) -> float:
    """Return the seconds until the plots of a page are drawn."""
    from tests.browser import started_browser, visited

    with started_browser() as started:
        start = time.perf_counter()
        with visited(started, address) as visit:
            visit.page.wait_for_selector(".js-plotly-plot .main-svg", timeout=300_000)
            return time.perf_counter() - start


if __name__ == "__main__":
    main()
