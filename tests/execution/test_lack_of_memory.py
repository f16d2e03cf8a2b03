"""The kernel ends workers for lack of memory; here the test does, and counts as the kernel would."""

from pathlib import Path

import pytest

import hpo.execution.local_process
from hpo.execution.events import Event, TrialStarted, Warned
from tests.studies import search, search_definition, stored, worker_processes


def test_a_trial_that_is_ended_twice_for_lack_of_memory_is_out_of_memory_and_one_that_is_ended_once_is_resumed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    killed: list[int] = []
    warnings: list[str] = []

    def observe(event: Event) -> None:
        if isinstance(event, Warned):
            warnings.append(event.text)
        # Trial 0 at each of its starts, trial 1 at its first.
        if isinstance(event, TrialStarted) and killed.count(event.number) < (2, 1)[event.number]:
            killed.append(event.number)
            for worker in worker_processes():
                worker.kill()

    monkeypatch.setattr(hpo.execution.local_process, "out_of_memory_kills", lambda: len(killed))
    end, _ = search(search_definition(epochs=50, pruner="none"), 2, tmp_path, workers=1, observer=observe)
    assert killed == [0, 0, 1]
    assert end.outcomes == {"out_of_memory": 1, "complete": 1}
    first, second = stored(tmp_path)
    assert "was ended by SIGKILL because memory ran out" in first.user_attrs["message"]
    assert first.constraints == {"trainable": 1.0}
    assert second.user_attrs["outcome"] == "complete"
    assert len(warnings) == 2
    assert all(text.endswith("because memory ran out; resuming from its checkpoint.") for text in warnings)
