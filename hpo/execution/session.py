"""One session of work on a study: opens the data and the database, starts workers, supervises them, sums up."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import dataclass, replace

import optuna
from optuna.trial import FrozenTrial

from hpo.data.load import load_dataset
from hpo.definition.experiment import Experiment
from hpo.definition.experiment_selection import select_experiments
from hpo.definition.outcome import Outcome
from hpo.definition.study_definition import StudyDefinition
from hpo.errors import RequestError
from hpo.execution.announcement import announced
from hpo.execution.deadline import Deadline
from hpo.execution.epoch_cost import with_epoch_cost
from hpo.execution.events import DataProgress, EpochTrained, Event, Observer, StudyOpened, TrialStarted, Waiting, Warned
from hpo.execution.interruption import Interruptions
from hpo.execution.local_machine import LocalMachine
from hpo.execution.machines import Machines
from hpo.execution.messages import Setup
from hpo.execution.options import Options, check_limits
from hpo.execution.running_trials import RunningTrials
from hpo.execution.study_data import open_study_data
from hpo.execution.supervisor import StopReason, Supervisor
from hpo.run.logging_config import LoggingConfig
from hpo.search.grid_plan import GridPlan
from hpo.search.limits import Limits
from hpo.search.live_study import LiveStudy
from hpo.search.owned_study import owned_study
from hpo.search.plan import Plan
from hpo.search.race_plan import RacePlan
from hpo.search.search_plan import SearchPlan
from hpo.storage.address import Address
from hpo.storage.stored_study import stored_definition
from hpo.storage.study_folder import make_folder, remove_unused
from hpo.storage.study_record import DatasetRecord

MAX_TRIALS = 1_000_000
MAX_EPOCHS = 1_000_000_000
# How long the database may take to accept the last results: after an interruption, and after a second one.
CLOSE_SECONDS = 1.5
CLOSE_AT_ONCE_SECONDS = 0.5


@dataclass(frozen=True)
class SessionEnd:
    """What a session left behind.

    Attributes:
        stopped: why it ended before its plan was carried out; None if it was.
        ended: why a search has had enough before its total; None if that is not so.
        finished: trials of the study that have ended.
        before: those of them that had ended before the session.
        total: trials that the plan asked for; None if nobody knows it.
        outcomes: number of the study's trials by outcome.
        best: number of the best trial, None without a complete one.
        best_value: its value.
        saved: whether everything is in the database; what is not will be trained again.
    """

    study: str
    stopped: StopReason | None
    ended: str | None
    finished: int
    before: int
    total: int | None
    outcomes: dict[str, int]
    best: int | None
    best_value: float | None
    saved: bool


def run_search(definition: StudyDefinition, n_trials: int | None, options: Options | None = None) -> SessionEnd:
    """Run a search, or resume it, until it has `n_trials` trials in all, or another bound of the options is met.

    Args:
        definition: a study with a search space.
        n_trials: the study's total, with the trials of earlier sessions; None for no bound.
        options: how it is run.

    Raises:
        RequestError: the request was wrong; nothing was run.
        RunError: workers cannot be started.
        KeyboardInterrupt: a signal came before anything was run; later ones end the session in order.
        WorkerBug: a worker met what hpo did not expect.
    """
    options = options or Options()
    check_search(definition, n_trials, options)

    def plan(study: LiveStudy, limits: Limits, fitted: StudyDefinition) -> Plan:
        return SearchPlan(
            study,
            fitted,
            n_trials,
            deterministic=options.deterministic,
            epochs=options.epochs_total,
            until_converged=options.until_converged,
            limits=limits,
        )

    return _run(definition, plan, n_trials, options)


def run_grid(
    definition: StudyDefinition, seeds: int = 1, only: Sequence[str] = (), options: Options | None = None
) -> SessionEnd:
    """Run what is missing of a grid.

    Args:
        definition: a study of experiments.
        seeds: how many replicates each experiment shall have.
        only: patterns of experiment names; empty runs all.
        options: how it is run.

    Raises:
        RequestError: the request was wrong; nothing was run.
        RunError: workers cannot be started.
        WorkerBug: a worker met what hpo did not expect.
    """
    options = options or Options()
    check_grid(definition, seeds)
    n_runs = seeds * len(select_experiments(definition, only))

    def plan(study: LiveStudy, _limits: Limits, fitted: StudyDefinition) -> Plan:
        return GridPlan(study, fitted, seeds, only)

    return _run(definition, plan, n_runs, options)


def run_race(
    definition: StudyDefinition,
    candidates: Sequence[Experiment],
    rounds: Sequence[int],
    options: Options | None = None,
) -> SessionEnd:
    """Run what is missing of a race between experiments of a confirmation.

    Args:
        definition: the confirmation.
        candidates: the experiments that begin the race, the most promising first.
        rounds: how many experiments each round has.
        options: how it is run.

    Raises:
        RequestError: the request was wrong; nothing was run.
        RunError: workers cannot be started.
        WorkerBug: a worker met what hpo did not expect.
    """
    options = options or Options()

    def plan(study: LiveStudy, _limits: Limits, fitted: StudyDefinition) -> Plan:
        return RacePlan(study, fitted, candidates, rounds)

    return _run(definition, plan, max(rounds), options)


def check_search(definition: StudyDefinition, n_trials: int | None, options: Options) -> None:
    """Refuse what `run_search` cannot run.

    Raises:
        RequestError: the study is a grid, a number is out of range, or nothing bounds the search.
    """
    if definition.kind != "search":
        raise RequestError(f"study '{definition.name}' is a grid; run it with hpo replay-grid.")
    for name, number in (("--trials", n_trials), ("--epochs-total", options.epochs_total)):
        most = MAX_TRIALS if name == "--trials" else MAX_EPOCHS
        if number is not None and not 1 <= number <= most:
            raise RequestError(f"{name} must be between 1 and {most:,} but got {number}.")
    if n_trials is options.epochs_total is options.timeout is None and not options.until_converged:
        raise RequestError("nothing bounds the search: give --trials, --timeout, --epochs-total or --until-converged.")


def check_grid(definition: StudyDefinition, seeds: int) -> None:
    """Refuse what `run_grid` cannot run.

    Raises:
        RequestError: the study is a search, or the number of replicates is out of range.
    """
    if definition.kind != "grid":
        raise RequestError(f"study '{definition.name}' is a search; run it with hpo search.")
    if not 1 <= seeds <= MAX_TRIALS:
        raise RequestError(f"--seeds must be between 1 and {MAX_TRIALS:,} but got {seeds}.")


def _run(
    definition: StudyDefinition,
    plan_for: Callable[[LiveStudy, Limits, StudyDefinition], Plan],
    n_runs: int | None,
    options: Options,
) -> SessionEnd:
    began = time.monotonic()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    check_limits(options)
    observe = _while_watched(options.observer)

    def tell(text: str) -> None:
        observe(Warned(text))

    with ExitStack() as stack:
        machines = stack.enter_context(_machines(options, n_runs))
        if machines.fewer:
            tell(machines.fewer)
        interruptions = stack.enter_context(Interruptions())
        folder = make_folder(options.runs / definition.name)
        stack.callback(remove_unused, folder)
        # Before the database: a request for images that cannot be read leaves none behind.
        address = Address.of(options.runs, options.storage)
        data = open_study_data(
            definition,
            tell,
            lambda: load_dataset(definition.data, options.data_dir, lambda *step: observe(DataProgress(*step))),
            lambda: stored_definition(address, definition.name),
        )
        definition, dataset = data.definition, data.dataset
        limits = Limits.of(definition, dataset.image_shape, len(dataset.classes))
        assert dataset.folder is not None  # Whatever is loaded is in the cache.
        images = dataset.folder
        for note in () if definition.confirms else data.notes:  # Its search has said them.
            tell(note)
        # The processes load their libraries while the study is opened here.
        pool = machines.start_workers(folder)
        stack.callback(pool.kill)
        record = DatasetRecord(name=dataset.name, fingerprint=dataset.fingerprint)
        study = stack.enter_context(owned_study(address, definition, record, folder, tell, options.artifacts))
        if definition.limits.epoch_seconds is not None and study.epoch_cost is None:
            timed = machines.timed_devices()
            with announced("Measuring how long epochs of several networks take, for the limit on seconds.", tell):
                limits = with_epoch_cost(limits, definition, data.images, timed)
            assert limits.epoch_cost is not None
            study.decide_epoch_cost(limits.epoch_cost)
        plan = plan_for(study, replace(limits, epoch_cost=study.epoch_cost), definition)
        finished = sum(trial.state.is_finished() for trial in study.trials)
        observe(
            StudyOpened(
                study=definition.name,
                finished=finished,
                interrupted=len(study.interrupted),
                total=plan.total,
                workers=len(machines.devices),
                devices=tuple(machines.names),
                paused=len(study.paused),
                epochs_left=plan.epochs_left,
                metric=definition.metric,
            )
        )
        logging = LoggingConfig(options.histograms_every, definition.varied)
        pool.set_up(
            Setup(
                folder=folder,
                images=images,
                device=machines.devices[0],
                memory_limit=machines.memory_limit,
                data=definition.data,
                dataset=dataset.name,
                fingerprint=dataset.fingerprint,
                checkpoint_seconds=options.checkpoint_seconds,
                logging=logging,
            )
        )
        begins = "Workers are starting: each loads PyTorch and the images, and measures which precision is faster."
        begun = stack.enter_context(announced(begins, lambda text: observe(Waiting(text))))

        left = None if options.timeout is None else options.timeout - (time.monotonic() - began)
        deadline = Deadline(left, options.rounds, definition.most_epochs, len(machines.devices))

        def observe_training(event: Event) -> None:
            if isinstance(event, TrialStarted):
                begun()
            if isinstance(event, EpochTrained):
                deadline.train()
            observe(event)

        supervisor = Supervisor(
            RunningTrials(study, plan, observe_training, folder),
            pool,
            interruptions=lambda: interruptions.count,
            deadline=deadline,
            trial_timeout=options.trial_timeout,
        )
        interruptions.deferred = True
        try:
            stopped = supervisor.run()
        finally:
            saved = _save(study, interruptions)
        return _end(study, stopped, plan, saved, finished)


def _machines(options: Options, n_runs: int | None) -> AbstractContextManager[Machines]:
    """Return the machines that train `n_runs` runs, or an unknown number of them."""
    if options.cluster is None:
        return nullcontext(LocalMachine(options, n_runs))
    from hpo.execution.cluster.cluster import connected

    return connected(options.cluster, options, n_runs)


def _while_watched(observer: Observer) -> Observer:
    """Return an observer that is left alone once it cannot write: a closed terminal does not end the training."""
    watched = True

    def observe(event: Event) -> None:
        nonlocal watched
        try:
            if watched:
                observer(event)
        except OSError:
            watched = False

    return observe


def _save(study: LiveStudy, interruptions: Interruptions) -> bool:
    """Wait for the database to take the last results: as long as it needs, unless somebody is waiting for the end."""
    interrupted_at: float | None = None
    while not study.close(timeout=0.1):
        if interruptions.count and interrupted_at is None:
            interrupted_at = time.monotonic()
        patience = CLOSE_SECONDS if interruptions.count == 1 else CLOSE_AT_ONCE_SECONDS
        if interrupted_at is not None and time.monotonic() > interrupted_at + patience:
            return False
    return True


def _end(study: LiveStudy, stopped: StopReason | None, plan: Plan, saved: bool, before: int) -> SessionEnd:
    outcomes = Counter(_status(trial) for trial in study.trials)
    best = study.best
    return SessionEnd(
        study=study.name,
        stopped=stopped,
        ended=plan.ended,
        finished=sum(trial.state.is_finished() for trial in study.trials),
        before=before,
        total=plan.total,
        outcomes=dict(outcomes),
        best=best.number if best else None,
        best_value=best.value if best else None,
        saved=saved,
    )


def _status(trial: FrozenTrial) -> str:
    if "run_id" not in trial.user_attrs and "outcome" not in trial.user_attrs:
        return trial.state.name.lower()  # Of another program.
    return str(trial.user_attrs.get("outcome") or Outcome.INTERRUPTED)
