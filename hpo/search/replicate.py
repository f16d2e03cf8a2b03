"""A replicate: one run of an experiment, known by the experiment and the replicate's number."""

from __future__ import annotations

from optuna.trial import TrialState

from hpo.definition.experiment import Experiment
from hpo.definition.study_definition import StudyDefinition
from hpo.search.grid_parameters import GridParameters
from hpo.search.live_study import LiveStudy
from hpo.search.plan import Job
from hpo.search.seeds import derived_seed


def find_replicates(study: LiveStudy) -> dict[tuple[str, int], int]:
    """Return the number of the trial of each experiment and replicate; one that crashed is left out, to run again."""
    return {
        (trial.user_attrs["experiment"], trial.user_attrs["replicate"]): trial.number
        for trial in study.trials
        if trial.state != TrialState.FAIL and "experiment" in trial.user_attrs
    }


def start_replicate(
    study: LiveStudy,
    definition: StudyDefinition,
    parameters: GridParameters,
    experiment: Experiment,
    replicate: int,
    number: int | None,
) -> Job:
    """Begin a replicate, or resume it.

    The training seed follows from the replicate alone: experiments are compared with the same split, order and initial
    draws. The runs of a confirmation do not see the test images: these are for the chosen experiment only.

    Args:
        study: the study as it stands.
        definition: its definition.
        parameters: the settings that the study shows as parameters.
        experiment: what is run.
        replicate: from 1.
        number: of the trial that was interrupted; None begins a new one.
    """
    if number is None:
        number = study.begin()
    else:
        study.resume(number)
    config = definition.experiment_config(experiment, derived_seed("replicate", definition.seed, replicate))
    run_id = f"{experiment.name}_seed{replicate}"
    attrs = {"run_id": run_id, "experiment": experiment.name, "replicate": replicate}
    study.state(number, *parameters.of(config))
    study.start(number, attrs, config.model_dump(mode="json"), experiment)
    return Job(number, run_id, config, evaluate_test=definition.data.evaluate_test and definition.confirms is None)
