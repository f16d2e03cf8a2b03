"""A whole study, as its file states it: data, fixed settings, and either a search space or a grid of experiments."""

import random
import re
from collections.abc import Mapping
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from hpo.definition.claims import Claim
from hpo.definition.data_config import DataConfig
from hpo.definition.random_trial import RandomTrial
from hpo.definition.search_space import Parameter, Trial, suggest
from hpo.definition.trial_config import HIDDEN_FROM, Monitor, TrialConfig
from hpo.errors import DefinitionError, closest

# How many configurations are drawn from a search space when it is read, to find contradictions before anything runs.
REHEARSALS = 200


class SamplerConfig(BaseModel):
    """Which Optuna sampler proposes parameters.

    Attributes:
        n_startup_trials: trials drawn at random before the sampler's model is used (tpe, gp).
        lag: under `--deterministic`, trial n is asked once trial n - lag has been told; the most workers that help.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Literal["tpe", "random", "qmc", "gp"] = "tpe"
    n_startup_trials: int = Field(10, ge=0)
    lag: int = Field(8, ge=1)


class PrunerConfig(BaseModel):
    """Which Optuna pruner ends hopeless trials. Each but `none` waits like early stopping does.

    Attributes:
        patience: epochs without an improvement of a trial's metric before the pruner is asked at all (PatientPruner).
        min_delta: the least change that counts as an improvement.
        n_startup_trials: finished trials before anything is pruned (median, percentile).
        n_warmup_steps: epochs of each trial before it may be pruned (median, percentile).
        percentile: share in percent of the trials that are kept (percentile).
        min_resource: epochs before the first decision (successive_halving, hyperband).
        reduction_factor: one trial of this many goes on (successive_halving, hyperband).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Literal["median", "percentile", "successive_halving", "hyperband", "none"] = "median"
    patience: int = Field(3, ge=0)
    min_delta: float = Field(0.0, ge=0.0)
    n_startup_trials: int = Field(5, ge=0)
    n_warmup_steps: int = Field(0, ge=0)
    percentile: float = Field(25.0, ge=0.0, le=100.0)
    min_resource: int = Field(1, ge=1)
    reduction_factor: int = Field(3, ge=2)


class Experiment(BaseModel):
    """One row of a grid.

    Attributes:
        name: unique in the grid; a part of the run ids.
        part: the section that the row belongs to, for display.
        control: whether the row is a control that the document lacks.
        settings: what differs from the study's fixed settings.
        documented: figures that a document states for this row, accuracies in percent, by name.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.+-]*$", max_length=80)
    part: int | None = None
    control: bool = False
    settings: dict[str, Any] = Field(default_factory=dict)
    documented: dict[str, float] = Field(default_factory=dict)


class StudyDefinition(BaseModel):
    """What a study file says, validated.

    Attributes:
        seed: from it, and a trial's number or replicate, every other seed is derived.
        metric: what a trial is judged by, on validation images.
        trial: settings of every trial.
        space: parameters to search, by the `TrialConfig` field that they set; empty in a grid.
        experiments: the rows of a grid; empty in a search.
        claims: what is said of the experiments, to be tested.
        text: the study file as it was read.
        overrides: settings given beside the file.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.+-]*$", max_length=80)
    seed: int = Field(0, ge=0, lt=2**32)
    metric: Monitor = "val_accuracy"
    data: DataConfig = DataConfig()
    trial: dict[str, Any] = Field(default_factory=dict)
    space: dict[str, Parameter] = Field(default_factory=dict)
    sampler: SamplerConfig = SamplerConfig()
    pruner: PrunerConfig = PrunerConfig()
    experiments: tuple[Experiment, ...] = ()
    claims: tuple[Claim, ...] = ()
    text: str = ""
    overrides: dict[str, str] = Field(default_factory=dict)

    @property
    def kind(self) -> Literal["search", "grid"]:
        """Whether the file states a search space or a grid."""
        return "grid" if self.experiments else "search"

    @property
    def direction(self) -> Literal["maximize", "minimize"]:
        """Which way the metric improves."""
        return "maximize" if self.metric == "val_accuracy" else "minimize"

    @property
    def most_epochs(self) -> int:
        """The most epochs that a trial of the study can have."""
        if "epochs" in self.space:
            return max(int(value) for value in self.space["epochs"].extremes())
        return int(self.trial.get("epochs", TrialConfig.model_fields["epochs"].default))

    def suggest(self, trial: Trial) -> dict[str, Any]:
        """Suggest a value for each parameter of the search space that applies.

        Args:
            trial: an Optuna trial.
        """
        return suggest(self.space, trial, {**_defaults(), **self.trial})

    def trial_config(self, suggested: Mapping[str, Any], seed: int) -> TrialConfig:
        """Return the configuration of a search's trial, from its suggested settings and its training seed."""
        return TrialConfig.model_validate({**self.trial, **suggested, "seed": seed})

    def experiment_config(self, experiment: Experiment, seed: int) -> TrialConfig:
        """Return the configuration of one replicate of a grid's experiment, from its training seed."""
        return TrialConfig.model_validate({**self.trial, **experiment.settings, "seed": seed})

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if bool(self.space) == bool(self.experiments):
            raise DefinitionError("a study needs either a search space [space] or experiments [[experiment]]")
        _refuse_unknown(self.trial, "[trial]")
        if self.kind == "search":
            self._check_space()
        else:
            self._check_grid()
        return self

    def _check_space(self) -> None:
        """Refuse a parameter that no trial can use, before anything runs."""
        _refuse_unknown(self.space, "[space]")
        known = {**_defaults(), **self.trial}
        for position, (name, parameter) in enumerate(self.space.items()):
            if name in self.trial:
                raise DefinitionError(f"'{name}' is both fixed in [trial] and searched in [space]")
            for condition in parameter.when:
                if condition not in known:
                    raise DefinitionError(f"[space.{name}] when: unknown '{condition}'. {closest(condition, known)}")
                if condition in list(self.space)[position:]:
                    raise DefinitionError(f"[space.{name}] when: '{condition}' must stand before '{name}' in the file")
                self._check_condition(name, condition)
        rng = random.Random(0)
        for _ in range(REHEARSALS):
            suggested = self.suggest(RandomTrial(rng, ends=True))
            try:
                self.trial_config(suggested, seed=0)
            except ValidationError as error:
                raise DefinitionError(self._refused(error, suggested)) from None

    def _check_condition(self, name: str, condition: str) -> None:
        """Refuse a condition on a choice that is not there."""
        choices = self.space[condition].choices if condition in self.space else None
        for value in self.space[name].when[condition] if choices else ():
            if value not in (choices or ()):
                hint = closest(str(value), map(str, choices or ()))
                raise DefinitionError(f"[space.{name}] when: '{condition}' is never {value!r}. {hint}")

    def _refused(self, error: ValidationError, suggested: Mapping[str, Any]) -> str:
        """Say why a trial is refused: the one setting that breaks a rule, or the suggested ones of a contradiction."""
        for position, problem in enumerate(error.errors()):
            name = str(problem["loc"][0]) if problem["loc"] else ""
            if name in self.trial:
                return f"[trial] {describe(error, position)}"
            if name in self.space:
                return f"[space.{name}] {describe(error, position, skip=1)}"
        message = describe(error)
        involved = [
            f"{name}={value:.6g}" if isinstance(value, float) else f"{name}={value}"
            for name, value in suggested.items()
            if re.search(rf"\b{name}\b", message) or (name in HIDDEN_FROM and message.startswith("'hidden"))
        ]
        return f"[space] can propose a trial that is refused: {message}" + f" ({', '.join(involved)})" * bool(involved)

    def _check_grid(self) -> None:
        names = [experiment.name for experiment in self.experiments]
        for experiment in self.experiments:
            where = f"[[experiment]] {experiment.name}"
            if names.count(experiment.name) > 1:
                raise DefinitionError(f"{where}: the name stands twice")
            _refuse_unknown(experiment.settings, where)
            try:
                self.experiment_config(experiment, seed=0)
            except ValidationError as error:
                location = error.errors()[0]["loc"]
                shared = location and location[0] in self.trial and location[0] not in experiment.settings
                raise DefinitionError(f"{'[trial]' if shared else f'{where}:'} {describe(error)}") from None
        ids = [claim.id for claim in self.claims]
        for claim in self.claims:
            if ids.count(claim.id) > 1:
                raise DefinitionError(f"[[claim]] {claim.id}: the id stands twice")
            for name in claim.experiment_names():
                if name not in names:
                    raise DefinitionError(f"[[claim]] {claim.id}: no experiment '{name}'. {closest(name, names)}")


def describe(error: ValidationError, position: int = 0, *, skip: int = 0) -> str:
    """Return a problem of a pydantic error as one line: where, which rule, the value.

    Args:
        error: what pydantic raised.
        position: which of its problems.
        skip: leading parts of the place that the caller has already named.
    """
    problem = error.errors()[position]
    where = ".".join(str(part) for part in problem["loc"][skip:])
    message, value = problem["msg"].removeprefix("Value error, "), problem["input"]
    match problem["type"]:
        case "literal_error":
            choices = re.findall("'([^']*)'", problem["ctx"]["expected"])
            message = f"unknown {value!r}. {closest(str(value), choices)}"
        case "string_pattern_mismatch":
            message = f"takes letters, digits and _ . + -, a letter or digit first, but got {value!r}"
        case "value_error" | "missing":
            message = message[:1].lower() + message[1:]
        case _:
            message = f"{message[:1].lower()}{message[1:]} but got {value!r}"
    return f"'{where}': {message}" if where else message


def _defaults() -> dict[str, Any]:
    return {name: field.default for name, field in TrialConfig.model_fields.items()}


def _refuse_unknown(settings: Mapping[str, Any], where: str) -> None:
    known = set(TrialConfig.model_fields) - {"seed"}
    for name in settings:
        if name == "seed":
            raise DefinitionError(f"{where} 'seed': training seeds come from [study] seed and each trial's number")
        if name not in known:
            raise DefinitionError(f"{where} unknown setting '{name}'. {closest(name, known)}")
