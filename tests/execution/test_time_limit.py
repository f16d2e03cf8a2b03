import os
import signal
import time
from pathlib import Path

import psutil
import pytest

from tests.studies import Session, search_definition, stored

ENDLESS = search_definition(epochs=100_000, pruner="none")
LIMIT_SECONDS, STOPPED_SECONDS = 2.0, 3.0


@pytest.mark.parametrize("who", ["supervisor", "worker"])
def test_time_in_which_a_process_is_stopped_does_not_count(tmp_path: Path, who: str):
    session = Session(ENDLESS, 1, tmp_path, workers=1, trial_timeout=LIMIT_SECONDS)
    session.wait_for("TrialStarted")
    start = time.monotonic()
    (worker,) = psutil.Process(session.process.pid).children()
    pid = worker.pid if who == "worker" else session.process.pid
    os.kill(pid, signal.SIGSTOP)
    time.sleep(STOPPED_SECONDS)
    os.kill(pid, signal.SIGCONT)
    assert session.wait() == 0, session.printed()
    # Had it counted, the trial would have ended with its first epoch after the stop. A second may count until the stop
    # is noticed.
    assert time.monotonic() - start > STOPPED_SECONDS + LIMIT_SECONDS - 1.2
    assert stored(tmp_path)[0].user_attrs["outcome"] == "timed_out"
