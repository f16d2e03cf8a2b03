"""A plan, made up here, that pauses each trial once and resumes all of them."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

import hpo.execution.session
from hpo.execution.events import EpochTrained, TrialStarted
from hpo.search.live_study import LiveStudy
from hpo.search.plan import Decision, Job
from hpo.search.search_plan import SearchPlan
from tests.studies import search, search_definition, stored, what_came_out

N_TRIALS, PAUSE_AT = 3, 3


class PausingPlan:
    """Begins every trial, pauses each after the same epoch, then returns the jobs again in reverse order."""

    def __init__(self, study: LiveStudy, plan: SearchPlan) -> None:
        self.total, self.epochs_left, self.ended = plan.total, plan.epochs_left, plan.ended
        self._study, self._plan = study, plan
        self._jobs: dict[int, Job] = {}
        self._paused: list[int] = []

    def next_job(self) -> Job | None:
        if job := self._plan.next_job():
            self._jobs[job.number] = job
            return job
        if len(self._jobs) < N_TRIALS or not self._paused:
            return None
        number = self._paused.pop()
        self._study.resume(number)
        self._study.start(number, {})
        return self._jobs[number]

    def decide(self, number: int) -> Decision:
        if self._study.trials[number].last_step == PAUSE_AT:
            self._paused.append(number)
            return Decision.PAUSE
        return Decision.CONTINUE

    def given_up(self) -> tuple[int, ...]:
        return ()


def test_a_trial_that_is_paused_while_others_train_ends_as_one_that_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    study = search_definition(epochs=6, pruner="none")
    search(study, N_TRIALS, tmp_path / "whole", workers=1, deterministic=True)

    def pausing(*arguments: object, **options: bool) -> PausingPlan:
        plan = SearchPlan(*arguments, **options)
        return PausingPlan(plan._study, plan)

    monkeypatch.setattr(hpo.execution.session, "SearchPlan", pausing)
    end, events = search(study, N_TRIALS, tmp_path / "paused", workers=1, deterministic=True)
    assert end.outcomes == {"complete": N_TRIALS}
    assert [(event.number, event.epochs_done) for event in events if isinstance(event, TrialStarted)] == [
        (0, 0), (1, 0), (2, 0), (2, PAUSE_AT), (1, PAUSE_AT), (0, PAUSE_AT),
    ]  # fmt: skip
    epochs = [(event.number, event.epoch.epoch) for event in events if isinstance(event, EpochTrained)]
    assert len(epochs) == len(set(epochs)) == N_TRIALS * 6
    assert what_came_out(stored(tmp_path / "paused")) == what_came_out(stored(tmp_path / "whole"))
    for run in ("trial_00000", "trial_00002"):
        whole, paused = (
            load_file(tmp_path / runs / "small" / run / "weights.safetensors") for runs in ("whole", "paused")
        )
        assert all(torch.equal(whole[name], paused[name]) for name in whole)
