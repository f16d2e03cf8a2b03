"""The runs of the configuration that a confirmation chose."""

import re

from hpo.analysis.tables import interval, number
from hpo.definition.counted import counted
from hpo.definition.metric_text import percent
from hpo.definition.study_definition import StudyDefinition
from hpo.errors import RequestError, quoted
from hpo.statistics import estimate
from hpo.statistics.quantities import decimals, measure, resolution
from hpo.storage.look import LookResult
from hpo.storage.stored_study import StoredStudy
from hpo.storage.stored_trial import StoredTrial, title

# The name of an experiment that trains the chosen one longer ends so.
REFIT = re.compile(r"-refit\d+$")


def chosen_runs(confirmation: StoredStudy, *, ensemble: bool) -> tuple[list[StoredTrial], str]:
    """Return the runs of the configuration that a confirmation chose, and in words how it was chosen.

    A refit is another configuration, and was not chosen among several; it is exported by its trial's number.

    Args:
        confirmation: a study that confirms a search.
        ensemble: whether all of the runs are returned. Else the first one is: to choose the best of them would be to
            choose by their noise.

    Raises:
        RequestError: nothing was chosen yet.
    """
    looks = confirmation.record.looks if confirmation.record else ()
    chosen = next((look.results[0] for look in reversed(looks) if not REFIT.search(look.results[0].experiment)), None)
    if chosen is None:
        raise RequestError(f"study {quoted(confirmation.name)} has not chosen a configuration yet: resume it.")
    by_name = {trial.name: trial for trial in confirmation.trials}
    runs = [by_name[run] for run in chosen.runs]
    text = (
        f"{title(chosen.experiment)} of the confirmation {confirmation.name}, which has the best mean "
        f"{_validation(confirmation.definition, runs)}. {_test(chosen)}"
    )
    if not ensemble or chosen.ensemble is None:
        return runs[:1], f"{text}. This is the first of its runs."
    return runs, f"{text}. This is the ensemble of its runs; its test accuracy is {percent(chosen.ensemble)}."


def _validation(definition: StudyDefinition, runs: list[StoredTrial]) -> str:
    """Return the mean over runs on validation images, with its interval over seeds."""
    metric = definition.metric
    found = estimate.mean([value for run in runs if (value := measure(run, metric)) is not None], resolution(metric))
    percent, digits = metric.endswith("accuracy"), 2 if metric.endswith("accuracy") else decimals(metric)
    text = f"{metric} over {counted(len(runs), 'fresh seed')}: {number(found.value, digits)}{' %' * percent}"
    if found.interval is None:
        return text
    over = "seeds and validation images" if definition.data.split == "fresh" else "seeds"
    return f"{text} (95% interval {interval(*found.interval, digits)}, over {over})"


def _test(chosen: LookResult) -> str:
    text = f"Its test accuracy is {percent(chosen.accuracy)}"
    if chosen.low is None or chosen.high is None:
        return text
    return f"{text} (95% interval {100 * chosen.low:.2f} to {100 * chosen.high:.2f}, over seeds and test images)"
