"""Experiments of a grid, chosen by patterns of their names."""

from collections.abc import Sequence
from fnmatch import fnmatchcase

from hpo.definition.experiment import Experiment
from hpo.definition.study_definition import StudyDefinition
from hpo.errors import DefinitionError, closest, quoted


def select_experiments(definition: StudyDefinition, only: Sequence[str]) -> list[Experiment]:
    """Return the experiments whose name fits one of the patterns, in the order of the file; all for no pattern.

    Raises:
        DefinitionError: a pattern fits no experiment.
    """
    names = [experiment.name for experiment in definition.experiments]
    for pattern in only:
        if names and not any(fnmatchcase(name, pattern) for name in names):
            raise DefinitionError(f"--only {quoted(pattern)} fits no experiment. {closest(pattern, names)}")
    return [
        experiment
        for experiment in definition.experiments
        if not only or any(fnmatchcase(experiment.name, pattern) for pattern in only)
    ]
