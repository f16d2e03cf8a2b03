"""How a trial ended, and what follows from it."""

from enum import StrEnum


class Outcome(StrEnum):
    """What became of a trial; stored with it as the user attribute "outcome".

    | outcome | the trial's state | what follows |
    | --- | --- | --- |
    | complete, early_stopped | COMPLETE, with its value | |
    | pruned | PRUNED, valued at its last epoch | |
    | timed_out | PRUNED, valued at its last epoch | never retried: the configuration was too slow |
    | diverged, out_of_memory | PRUNED and infeasible | never retried, and the sampler avoids its like |
    | paused | RUNNING | waits at a rung; resumes from its checkpoint if it is promoted, else it is pruned |
    | interrupted | WAITING | resumes from its checkpoint when the study does |
    | crashed | FAIL, once its retries are used up | the process was at fault: the sampler learns nothing |
    """

    COMPLETE = "complete"
    EARLY_STOPPED = "early_stopped"
    PRUNED = "pruned"
    DIVERGED = "diverged"
    OUT_OF_MEMORY = "out_of_memory"
    TIMED_OUT = "timed_out"
    PAUSED = "paused"
    INTERRUPTED = "interrupted"
    CRASHED = "crashed"

    @property
    def infeasible(self) -> bool:
        """Whether the configuration itself cannot be trained.

        Such a trial carries a violated constraint: Optuna's samplers rank it below every other, and as PRUNED it never
        becomes a study's best trial nor enters a pruner's median.
        """
        return self in (Outcome.DIVERGED, Outcome.OUT_OF_MEMORY)
