"""A confirmation as a study of its own: a grid of configurations of a search, with claims about them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import count

from hpo.definition.experiment import Experiment
from hpo.definition.study_definition import StudyDefinition
from hpo.definition.study_file import parse_study
from hpo.definition.toml_text import write_value
from hpo.errors import RequestError, StorageError
from hpo.search.candidates import YARDSTICK
from hpo.storage.address import Address
from hpo.storage.stored_study import StoredStudy, find_confirmation, find_study
from hpo.storage.stored_trial import HEAVY_ATTRS


def check_confirmable(study: StoredStudy) -> None:
    """Refuse a study that has nothing to be confirmed.

    Raises:
        RequestError: the study is a grid, or somebody runs it.
        StorageError: it was not made by hpo, or its definition cannot be read.
    """
    definition = study.definition
    if definition.confirms is not None:
        search = definition.confirms.study
        raise RequestError(f"study '{study.name}' is a confirmation already; add seeds with hpo confirm {search}.")
    if definition.kind == "grid":
        raise RequestError(
            f"study '{study.name}' is a grid, and a confirmation is of a search: "
            "give its experiments more seeds with hpo replay-grid --seeds."
        )
    if study.owner is not None:
        raise RequestError(f"study '{study.name}' is being run by {study.owner}; wait for it or stop it.")


def find_earlier(address: Address, study: StoredStudy, name: str | None) -> tuple[str, StudyDefinition | None]:
    """Return the name of a search's confirmation, and its definition if it exists.

    Args:
        address: of the database.
        study: the search.
        name: of the confirmation; None finds the one that there is, under any name, else the search's name with
            `-confirmed` is taken, or that with a number where it is taken.

    Raises:
        StorageError: a study of the given name confirms another study, or none.
    """
    found = name or find_confirmation(address, study)
    names = (f"{study.name}-confirmed" + (f"-{number}" if number > 1 else "") for number in count(1))
    for candidate in [found] if found else names:
        stored = find_study(address, candidate, without=HEAVY_ATTRS)
        if stored is None or (stored.record is None and not stored.trials):
            return candidate, None
        if stored.record and study.record and stored.record.confirms == (study.record.study_id or ""):
            return candidate, stored.definition
    raise StorageError(f"study '{name}' exists and does not confirm '{study.name}': choose another --name.")


def confirmation_definition(
    search: StoredStudy,
    name: str,
    experiments: Sequence[Experiment],
    earlier: StudyDefinition | None = None,
    *,
    seed: int | None = None,
    dataset: str | None = None,
    split: str | None = None,
) -> StudyDefinition:
    """Return the definition of a confirmation.

    Its replicates are seeded by the search's seed for another purpose than the search's trials are, so that no run
    repeats the draws of a trial. Its runs are compared in the precision of the search.

    Args:
        search: the search.
        name: of the confirmation.
        experiments: the candidates, the yardstick, a refit.
        earlier: the same confirmation as it was begun; its experiments are kept, and come first.
        seed: in place of the search's; None is that, or what the confirmation was begun with.
        dataset: where the search's images are now; None is where they were.
        split: of the validation images, in place of the search's; None is that, and `earlier` keeps its own.

    Raises:
        DefinitionError: an experiment's settings contradict each other, or the name is not one.
    """
    record, of = search.record, search.definition
    assert record is not None
    base = earlier or of
    kept = earlier.experiments if earlier else ()
    known = {experiment.name for experiment in kept}
    every = [*kept, *(experiment for experiment in experiments if experiment.name not in known)]
    data = base.data.model_dump(mode="json", exclude_none=True)
    if earlier is None and split is not None:
        data["split"] = split
    shared: Mapping[str, object] = {"precision": record.precision} if record.precision else {}
    tables: dict[str, Mapping[str, object]] = {
        "study": {"name": name, "seed": base.seed if seed is None else seed, "metric": of.metric},
        "confirms": {"study": search.name, "study_id": record.study_id or ""},
        "data": data | ({"dataset": dataset} if dataset else {}),
        "trial": earlier.trial if earlier else shared,
    }
    lines = [f"# The best configurations of the search {search.name}, over fresh seeds. Made by hpo."]
    for table, values in tables.items():
        lines += ["", f"[{table}]", *_pairs(values)]
    for experiment in every:
        stated = experiment.model_dump(mode="json", exclude_defaults=True)
        lines += ["", "[[experiment]]", *_pairs(stated)]
    lines += _claims(every, of.metric)
    return parse_study("\n".join(lines) + "\n", {}, source=f"the confirmation of '{search.name}'", default_name=name)


def _claims(experiments: Sequence[Experiment], metric: str) -> Iterator[str]:
    """Yield a claim for each candidate that it beats the yardstick, and one that its search value was too good."""
    better, worse = ("above", "below") if metric == "val_accuracy" else ("below", "above")
    has_yardstick = any(experiment.name == YARDSTICK for experiment in experiments)
    for experiment in experiments:
        if not experiment.name.removeprefix("trial_").isdigit():
            continue  # The yardstick, or a refit.
        tests = {}
        if has_yardstick:
            versus = {"of": experiment.name, "versus": YARDSTICK, better: 0}
            tests["gain"] = ("is better than the yardstick", versus)
        if (value := experiment.documented.get(metric)) is not None:
            tests["curse"] = ("is worse than its search value", {"of": experiment.name, worse: value})
        for suffix, (says, test) in tests.items():
            claim = {
                "id": f"{experiment.name}-{suffix}",
                "title": f"{experiment.name} {says}",
                "tests": [{**test, "quantity": metric}],
            }
            yield from ("", "[[claim]]", *_pairs(claim))


def _pairs(values: Mapping[str, object]) -> list[str]:
    return [f"{key} = {write_value(value)}" for key, value in values.items()]
