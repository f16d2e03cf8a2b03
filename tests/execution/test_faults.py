import os
import random
from pathlib import Path

from tests.benchmarks.faults import MEMORY_LIMIT, N_TRIALS, SEARCH, Faults, small_disk
from tests.studies import Session, definition, search, stored, what_came_out


def test_a_full_disk_a_lock_a_stopped_process_and_a_damaged_checkpoint_change_nothing(tmp_path: Path):
    study = definition(SEARCH)
    options = {"deterministic": True, "memory_limit": MEMORY_LIMIT, "checkpoint_seconds": 0.0}
    search(study, N_TRIALS, tmp_path, **options)
    with small_disk() as runs:
        faults = Faults(random.Random(0), disk=os.path.ismount(runs))
        session = Session(study, N_TRIALS, runs, log=tmp_path / "log", **options)
        session.wait_for("EpochTrained", 3)
        if faults.fill_disk in faults.kinds:
            faults.fill_disk(session, runs)
        faults.lock_database(session, runs)
        faults.stop_worker(session, runs)
        faults.truncate_checkpoint(session, runs)
        session = Session(study, N_TRIALS, runs, log=tmp_path / "log", **options)
        assert session.wait() == 0, session.printed()
        assert what_came_out(stored(runs, "faulty")) == what_came_out(stored(tmp_path, "faulty"))
