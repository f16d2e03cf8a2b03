"""What is left of a study, and what it will take: everything is validated, nothing is run."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

from hpo.data.load import load_dataset
from hpo.definition.experiment_selection import select_experiments
from hpo.definition.study_definition import StudyDefinition
from hpo.definition.trial_config import TrialConfig
from hpo.errors import StorageError
from hpo.execution.announcement import announced
from hpo.execution.deadline import MOST_KEPT, turns
from hpo.execution.devices import worker_devices
from hpo.execution.epoch_cost import with_epoch_cost
from hpo.execution.events import Waiting, Warned
from hpo.execution.forecast import SAMPLE, Forecast, forecast, largest_checkpoint, measuring, typical_configs
from hpo.execution.options import Options, check_limits
from hpo.execution.session import MAX_TRIALS, check_grid, check_search
from hpo.execution.study_data import StudyData, open_study_data
from hpo.search.brackets import planned_brackets
from hpo.search.halving import places, trained_epochs
from hpo.search.limits import Limits
from hpo.storage.address import Address
from hpo.storage.stored_study import StoredStudy, find_study, stored_definition
from hpo.storage.study_record import DatasetRecord, refuse_changes
from hpo.training.images import Images


def forecast_search(
    definition: StudyDefinition, n_trials: int | None, options: Options, images: Images | None = None
) -> Forecast | None:
    """Return what is left of a search; None if nothing is.

    Args:
        definition: a study with a search space.
        n_trials: the study's total, with the trials of earlier sessions; None for no bound.
        options: how it would be run.
        images: the size of its data, if these are not on this machine; the study is then taken to be new.

    Raises:
        RequestError: the request is wrong.
    """
    check_search(definition, n_trials, options)
    definition, images, stored = _known(definition, options, images)
    limits = Limits.of(definition, images.shape, images.classes)
    trials = stored.trials if stored else []
    devices = worker_devices(options.device, options.workers)
    limits = with_epoch_cost(limits, definition, images, devices)
    # A sampler moves to other networks than random ones, and its latest trials tell which.
    latest = _latest_configs(stored) if stored else []
    configs = latest or typical_configs(definition, limits)
    at_random = not latest and definition.sampler.name not in ("random", "qmc")
    pruner, brackets = definition.pruner, None
    if pruner.name == "halving":
        brackets = planned_brackets(
            pruner, definition.most_epochs, n_trials, options.epochs_total, until_converged=options.until_converged
        )
        n_trials = brackets.total
    left = (n_trials or MAX_TRIALS) - sum(trial.is_finished for trial in trials)
    if options.epochs_total is not None and brackets is None:
        epochs_left = options.epochs_total - sum(len(trial.intermediate_values) for trial in trials)
        left = min(left, math.ceil(epochs_left * len(configs) / sum(config.epochs for config in configs)))
    left = max(0, left)
    if brackets is None:
        expected = _forecast(images, configs, left, options)
        return expected and replace(expected, at_random=at_random)
    size = brackets.size or brackets.total or MAX_TRIALS

    def trained(epochs: int) -> float:
        return trained_epochs(size, pruner.min_resource, pruner.reduction_factor, epochs) / size

    expected = _forecast(images, configs, left, options, trained)
    waiting = places(size, pruner.reduction_factor)
    checkpoints = waiting * largest_checkpoint(definition, images, limits)
    return expected and replace(expected, waiting=waiting, waiting_bytes=checkpoints, at_random=at_random)


def forecast_grid(
    definition: StudyDefinition, seeds: int, only: Sequence[str], options: Options, images: Images | None = None
) -> Forecast | None:
    """Return what is left of a grid; None if nothing is.

    Args:
        definition: a study of experiments.
        seeds: how many replicates each experiment shall have.
        only: patterns of experiment names; empty takes all.
        options: how it would be run.
        images: see `forecast_search`.

    Raises:
        RequestError: the request is wrong.
    """
    check_grid(definition, seeds)
    selected = select_experiments(definition, only)
    definition, images, stored = _known(definition, options, images)
    done = {
        (trial.experiment, trial.replicate)
        for trial in (stored.trials if stored else [])
        if trial.is_finished and trial.state != "fail"
    }
    left = [each for each in selected for replicate in range(1, seeds + 1) if (each.name, replicate) not in done]
    configs = [definition.experiment_config(experiment, seed=0) for experiment in left]
    return _forecast(images, configs, len(configs), options)


def confirmation_seconds(expected: Forecast, rounds: Sequence[int], epochs: int) -> float:
    """Return how long the confirmation of a search takes, if its runs train as fast as the trials of the search.

    Args:
        expected: of the search.
        rounds: how many configurations each round trains, one after the other.
        epochs: of each run.
    """
    of_run = expected.seconds * expected.workers / expected.epochs * epochs
    return turns(rounds, expected.workers) * of_run


def open_known_data(definition: StudyDefinition, options: Options) -> StudyData:
    """Open the images of a study, and tell the observer what was decided about them.

    Raises:
        DataError: the images cannot be read, or cannot be split as stated.
    """

    def tell(text: str) -> None:
        options.observer(Warned(text))

    address = Address.of(options.runs, options.storage)
    data = open_study_data(
        definition,
        tell,
        lambda: load_dataset(definition.data, options.data_dir),
        lambda: stored_definition(address, definition.name),
    )
    for note in data.notes:
        tell(note)
    return data


def _known(
    definition: StudyDefinition, options: Options, images: Images | None
) -> tuple[StudyDefinition, Images, StoredStudy | None]:
    """Return a study as it would run, the size of its images, and what is on record of it."""
    check_limits(options)
    worker_devices(options.device, options.workers)
    if images is not None:
        return definition, images, None
    data = open_known_data(definition, options)
    return data.definition, data.images, _stored(data, options)


def _stored(data: StudyData, options: Options) -> StoredStudy | None:
    """Return the study as it is on record, if it was begun; it must have been begun with the same settings."""
    address = Address.of(options.runs, options.storage)
    stored = find_study(address, data.definition.name, without=("curve", "result"))
    if stored is not None and stored.record is not None:
        images = DatasetRecord(name=data.dataset.name, fingerprint=data.dataset.fingerprint)
        refuse_changes(stored.record, data.definition, images)
    return stored


def _latest_configs(stored: StoredStudy) -> list[TrialConfig]:
    """Return the configurations of a search's latest trials; none while it has too few of them."""
    latest = [trial for trial in stored.trials if trial.config][-SAMPLE:]
    try:
        return [stored.config(trial) for trial in latest] if len(latest) == SAMPLE else []
    except StorageError:  # Of another version of hpo.
        return []


def _forecast(
    images: Images,
    configs: Sequence[TrialConfig],
    trials: int,
    options: Options,
    trained: Callable[[int], float] = float,
) -> Forecast | None:
    if not trials:
        return None
    begins = "Measuring how long epochs take, with every worker busy."
    with (
        announced(begins, lambda text: options.observer(Waiting(text))),
        measuring(worker_devices(options.device, options.workers)[:trials]) as workers,
    ):
        expected = forecast(configs, trials, images, workers, trained)
    if options.timeout is None:
        return expected
    epochs = max(config.epochs for config in configs)
    kept = min(confirmation_seconds(expected, options.rounds, epochs), MOST_KEPT * options.timeout)
    seconds = options.timeout - kept
    if seconds >= expected.seconds:
        return expected
    fitting = max(1, round(seconds / expected.seconds * trials))
    return replace(expected, trials=fitting, epochs=round(expected.epochs * fitting / trials), seconds=seconds)
