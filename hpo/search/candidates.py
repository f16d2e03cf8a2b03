"""What a confirmation trains again: the best configurations of a search, and a yardstick beside them."""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError

from hpo.data.dataset import Dataset
from hpo.definition.experiment import Experiment
from hpo.definition.outcome import Outcome
from hpo.definition.study_definition import StudyDefinition
from hpo.definition.trial_config import TrialConfig
from hpo.search.stated_settings import READ_BY_TRAINING, stated_settings
from hpo.storage.stored_study import StoredStudy
from hpo.storage.stored_trial import StoredTrial, trial_run_id

# Trials that have a value, but of an earlier epoch than their last.
SHORTER = (Outcome.PRUNED, Outcome.PAUSED, Outcome.INTERRUPTED)
YARDSTICK = "yardstick"
CIFAR10_CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")


def best_candidates(study: StoredStudy, top: int) -> list[Experiment]:
    """Return the best distinct configurations of a search as experiments, those that ended with their search value.

    Trials of one configuration count once, by the best of them. Where trials were paused and promoted, few train to the
    end; those follow that were given up or wait at a late rung, the latest first. Their values, which are of another
    epoch, are compared with each other alone. Other pruners leave no trial to be judged by before its end.

    Args:
        study: a search.
        top: how many; fewer are returned where the search has no more.
    """
    metric, sign = study.definition.metric, -1.0 if study.direction == "maximize" else 1.0
    ranked = [trial for trial in study.trials if trial.has_result and trial.value is not None and trial.config]
    if study.definition.pruner.name == "halving":
        ranked += [trial for trial in study.trials if trial.status in SHORTER and trial.reached is not None]

    def rank(trial: StoredTrial) -> tuple[bool, int, float, int]:
        epochs = 0 if trial.has_result else len(trial.curve.get(metric, ()))
        return not trial.has_result, -epochs, sign * (trial.reached or 0.0), trial.number

    distinct: dict[str, Experiment] = {}
    for trial in sorted(ranked, key=rank):
        settings = stated_settings(TrialConfig.model_validate(trial.config), READ_BY_TRAINING)
        assert trial.reached is not None
        value = 100 * trial.reached if metric.endswith("accuracy") else trial.reached
        documented = {metric: value} if trial.has_result else {}
        experiment = Experiment(name=trial_run_id(trial.number), settings=settings, documented=documented)
        distinct.setdefault(repr(sorted(settings.items())), experiment)
        if len(distinct) == top:
            break
    return list(distinct.values())


def yardstick_for(study: StudyDefinition, documented: StudyDefinition, images: Dataset) -> Experiment | None:
    """Return what the candidates are held against.

    On the images of CIFAR-10 it is the experiment with the best documented test accuracy. On other images the
    document's choices mean nothing: there it is the search's own fixed settings, with the documented winner's hidden
    layers where the search chooses them, and the defaults for the rest.

    Args:
        study: the search.
        documented: the documented grid.
        images: the images of the search.

    Returns:
        An experiment; None where the fixed settings alone are not a valid configuration.
    """
    winner = max(documented.experiments, key=lambda each: each.documented.get("test_accuracy", 0.0))
    best = documented.experiment_config(winner, seed=0)
    if images.classes == CIFAR10_CLASSES and images.image_shape == (32, 32, 3):
        return Experiment(name=YARDSTICK, control=True, settings=stated_settings(best, READ_BY_TRAINING))
    layers: dict[str, Any] = {"hidden": best.hidden}
    if "depth" in study.trial or "width" in study.trial:
        layers = {"depth": len(best.hidden), "width": best.hidden[0]}
    try:
        base = TrialConfig.model_validate({**layers, **study.trial})
    except ValidationError:
        return None
    return Experiment(name=YARDSTICK, control=True, settings=stated_settings(base, READ_BY_TRAINING))


def refitted(candidate: Experiment, times: int) -> Experiment:
    """Return a candidate trained several times as long, with images that are mirrored and shifted at random.

    Args:
        candidate: an experiment of a confirmation.
        times: what its epochs, and the patience of its early stopping, are multiplied by.

    Raises:
        DefinitionError: the settings contradict each other; raised when they are put into a study.
    """
    config = TrialConfig.model_validate(candidate.settings)
    changes: dict[str, Any] = {"epochs": config.epochs * times, "augmentation": "flip_shift"}
    if config.patience is not None:
        changes["patience"] = config.patience * times
    return Experiment(name=f"{candidate.name}-refit{times}", settings={**candidate.settings, **changes})
