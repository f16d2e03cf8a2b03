import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from hpo.execution.events import EpochTrained, Event
from hpo.execution.messages import Place, Setup
from hpo.execution.running_trials import RunningTrials
from hpo.execution.supervisor import Supervisor
from hpo.execution.worker_pool import WorkerPool
from hpo.run.logging_config import LoggingConfig
from hpo.search.plan import Job
from hpo.search.search_plan import SearchPlan
from tests.benchmarks.supervisor_load import stub_workers
from tests.studies import live_study, search_definition

WORKERS = 6


def test_workers_get_answers_while_others_wait_for_a_trial_that_takes_long_to_propose(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """The workers are processes that do not train; everything else is real."""

    def stubs(slots: Sequence[int], device: str, log: Path) -> list[Any]:
        return stub_workers(slots, device, log, epoch_seconds=0.01)

    monkeypatch.setattr("hpo.execution.worker_pool.start_workers", stubs)
    order: list[str] = []

    class SlowPlan(SearchPlan):
        def next_job(self) -> Job | None:
            time.sleep(0.2)
            order.append("ask")
            return super().next_job()

    def observe(event: Event) -> None:
        if isinstance(event, EpochTrained):
            order.append("epoch")

    study = search_definition(epochs=2)
    pool = WorkerPool(["cuda:0"] * WORKERS, tmp_path / "log")
    with live_study(study, tmp_path) as live:
        setup = Setup(study.data, "none", "none", 5.0, LoggingConfig(0))
        pool.set_up(lambda device: Place(tmp_path, tmp_path, device, None), setup)
        while not all(worker.ready for worker in pool.workers):
            list(pool.receive(0.1))
        trials = RunningTrials(live, SlowPlan(live, study, WORKERS, deterministic=False), observe, tmp_path)
        Supervisor(trials, pool, interruptions=lambda: 0).run()
    pool.kill()
    assert order.count("epoch") >= WORKERS
    last_first_ask = [place for place, what in enumerate(order) if what == "ask"][WORKERS - 1]
    assert order[:last_first_ask].count("epoch") > 2
