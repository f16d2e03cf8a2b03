import time
from functools import partial
from pathlib import Path

from hpo.execution.deadline import Deadline
from hpo.execution.events import EpochTrained, Event
from hpo.execution.messages import Setup
from hpo.execution.running_trials import RunningTrials
from hpo.execution.supervisor import Supervisor
from hpo.execution.worker_pool import WorkerPool
from hpo.run.logging_config import LoggingConfig
from hpo.search.plan import Job
from hpo.search.search_plan import SearchPlan
from tests.benchmarks.supervisor_load import stubs
from tests.studies import live_study, search_definition

WORKERS = 6


def test_workers_get_answers_while_others_wait_for_a_trial_that_takes_long_to_propose(
    tmp_path: Path,
):
    """The workers are processes that do not train; everything else is real."""
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
    pool = WorkerPool(["cuda:0"] * WORKERS, partial(stubs, log=tmp_path / "log", epoch_seconds=0.01))
    with live_study(study, tmp_path) as live:
        pool.set_up(Setup(tmp_path, tmp_path, "cpu", None, study.data, "none", "none", 5.0, LoggingConfig(0)))
        while not all(worker.ready for worker in pool.workers):
            list(pool.receive(0.1))
        trials = RunningTrials(live, SlowPlan(live, study, WORKERS, deterministic=False), observe, tmp_path)
        Supervisor(trials, pool, interruptions=lambda: 0, deadline=Deadline(None)).run()
    pool.kill()
    assert order.count("epoch") >= WORKERS
    last_first_ask = [place for place, what in enumerate(order) if what == "ask"][WORKERS - 1]
    assert order[:last_first_ask].count("epoch") > 2
